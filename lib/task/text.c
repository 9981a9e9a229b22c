/* SPDX-License-Identifier: Apache-2.0 */
#include "task/impl.h"

#include "packline/buf.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <inttypes.h>
#include <string.h>

enum { TEXT_MAX = 16 << 20 }; /* bytes: 4,096 names, each escaped */

/* "status      DONE": a value is quoted, as it may be anybody's. */
static enum pkg_code line(struct pkg_buf *out, const char *label,
			  const char *value, struct pkg_err *err)
{
	if (value == NULL)
		return PKG_OK;
	PKG_TRY(pkg_buf_printf(out, err, "%-12s", label));
	PKG_TRY(pkg_text_quote(out, value, strlen(value), err));
	return pkg_buf_puts(out, "\n", err);
}

static enum pkg_code digest_line(struct pkg_buf *out, const char *label,
				 const uint8_t sha256[32], struct pkg_err *err)
{
	char hex[65];

	pkg_hex_encode(hex, sha256, 32);
	return line(out, label, hex, err);
}

static enum pkg_code file_line(struct pkg_buf *out, const char *label,
			       const struct pkg_task_file *file,
			       struct pkg_err *err)
{
	char hex[65];

	pkg_hex_encode(hex, file->sha256, 32);
	PKG_TRY(pkg_buf_printf(out, err, "%-12s%s %12" PRIu64 "  ", label, hex,
			       file->size));
	PKG_TRY(pkg_text_quote(out, file->name, strlen(file->name), err));
	return pkg_buf_puts(
	    out, file->has_given ? " (digest as given)\n" : "\n", err);
}

static enum pkg_code vote_line(struct pkg_buf *out,
			       const struct pkg_task_vote *vote,
			       struct pkg_err *err)
{
	PKG_TRY(pkg_buf_printf(out, err, "%-12s%s by %s (%s), %s: ", "approval",
			       pkg_decision_name(vote->decision), vote->officer,
			       vote->role, vote->issued));
	PKG_TRY(pkg_text_quote(out, vote->reason, strlen(vote->reason), err));
	return pkg_buf_puts(out, "\n", err);
}

static enum pkg_code what(struct pkg_buf *out, const struct pkg_task *task,
			  struct pkg_err *err)
{
	PKG_TRY(line(out, "name", task->name, err));
	PKG_TRY(line(out, "version", task->version, err));
	if (task->sequence >= 0)
		PKG_TRY(pkg_buf_printf(out, err, "%-12s%" PRId64 "\n",
				       "sequence", task->sequence));
	PKG_TRY(line(out, "expires", task->expires, err));
	PKG_TRY(line(out, "device", task->device_config, err));
	PKG_TRY(line(out, "kind", pkg_container_kind_name(task->kind), err));
	PKG_TRY(line(out, "requester", task->requester, err));
	PKG_TRY(line(out, "container", task->container_id, err));
	PKG_TRY(digest_line(out, "manifest", task->manifest_sha256, err));
	for (size_t i = 0; i < task->file_count; i++)
		PKG_TRY(file_line(out, "file", &task->files[i], err));
	return task->metadata == NULL
		   ? PKG_OK
		   : file_line(out, "metadata", task->metadata, err);
}

static enum pkg_code become(struct pkg_buf *out, const struct pkg_task *task,
			    struct pkg_err *err)
{
	if (task->approvals_needed > 0)
		PKG_TRY(pkg_buf_printf(out, err, "%-12s%zu of %zu needed\n",
				       "approvals", task->vote_count,
				       task->approvals_needed));
	for (size_t i = 0; i < task->vote_count; i++)
		PKG_TRY(vote_line(out, &task->votes[i], err));
	PKG_TRY(line(out, "signer", task->signer.subject, err));
	if (task->result.size > 0)
		PKG_TRY(digest_line(out, "result", task->result.sha256, err));
	PKG_TRY(line(out, "failure", task->failure.text, err));
	return PKG_OK;
}

static enum pkg_code in_full(struct pkg_buf *out, const struct pkg_task *task,
			     struct pkg_err *err)
{
	PKG_TRY(line(out, "task", task->id, err));
	PKG_TRY(line(out, "tenant", task->tenant, err));
	PKG_TRY(line(out, "status", pkg_task_status_name(task->status), err));
	PKG_TRY(line(out, "created", task->created, err));
	PKG_TRY(line(out, "changed", task->changed, err));
	PKG_TRY(what(out, task, err));
	return become(out, task, err);
}

static enum pkg_code in_brief(struct pkg_buf *out, const struct pkg_task *task,
			      struct pkg_err *err)
{
	PKG_TRY(pkg_buf_printf(out, err, "%-36s %-8s %s  %s  ", task->id,
			       pkg_task_status_name(task->status),
			       task->changed, task->tenant));
	PKG_TRY(pkg_text_quote(out, task->name, strlen(task->name), err));
	PKG_TRY(pkg_buf_puts(out, " ", err));
	PKG_TRY(pkg_text_quote(out, task->version, strlen(task->version), err));
	return pkg_buf_puts(out, "\n", err);
}

enum pkg_code pkg_task_text(struct pkg_sink *sink, const struct pkg_task *task,
			    bool brief, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = TEXT_MAX};

	PKG_TRY(brief ? in_brief(&text, task, err) : in_full(&text, task, err));
	return pkg_sink_write(sink, text.data, text.len, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "task/audit.h"

#include "packline/arena.h"
#include "packline/cert.h"
#include "packline/key.h"
#include "task/impl.h"

const struct pkg_cert_info *
pkg_task_certificate(const struct pkg_seal_signer *signer)
{
	const struct pkg_certs *certs = signer->certs;

	if (certs == NULL && signer->key != NULL)
		certs = pkg_key_certs(signer->key);
	return certs == NULL ? NULL : pkg_certs_info(certs, 0);
}

enum { INPUTS_MAX = 1000 }; /* of one line */

/* What was given to create; the manifest speaks for what is too much. */
static enum pkg_code list_inputs(struct pkg_audit_entry *entry,
				 const struct pkg_task *task,
				 struct pkg_err *err)
{
	struct pkg_audit_item *items = pkg_arena_array(
	    task->arena, task->file_count + 1, sizeof(*items), err);
	size_t count = 0;

	if (items == NULL)
		return err->code;
	if (task->file_count > INPUTS_MAX)
		return PKG_OK;
	if (task->metadata != NULL)
		items[count++] = (struct pkg_audit_item){
		    task->metadata->name, task->metadata->sha256};
	for (size_t i = 0; i < task->file_count; i++)
		items[count++] = (struct pkg_audit_item){task->files[i].name,
							 task->files[i].sha256};
	entry->inputs = items;
	entry->input_count = count;
	return PKG_OK;
}

static enum pkg_code append(struct pkg_audit *audit,
			    const struct pkg_task *task,
			    const struct task_deed *deed,
			    const struct pkg_audit_entry *what,
			    struct pkg_err *err)
{
	const struct pkg_audit_item manifest = {"META-INF/manifest.json",
						task->manifest_sha256};
	const struct pkg_audit_item made[] = {{TASK_DRAFT, task->draft.sha256},
					      manifest};
	const struct pkg_audit_item used[] = {
	    manifest, {TASK_RESULT, task->result.sha256}};
	const struct pkg_cert_info *cert =
	    deed->signer == NULL ? NULL : pkg_task_certificate(deed->signer);
	const struct pkg_audit_item given = {deed->output != NULL ? deed->output
								  : TASK_RESULT,
					     task->result.sha256};
	struct pkg_audit_entry entry = *what;

	entry.event = deed->event;
	entry.tenant = task->tenant;
	entry.job = task->id;
	entry.decision = deed->decision;
	if (entry.reason == NULL)
		entry.reason = deed->reason;
	if (deed->signer != NULL && deed->signer->key != NULL)
		entry.key = pkg_key_name(deed->signer->key);
	if (cert != NULL)
		entry.certificate = cert->sha256;
	if (task->status == PKG_TASK_CREATED && deed->signer == NULL) {
		PKG_TRY(list_inputs(&entry, task, err));
		entry.outputs = made;
		entry.output_count = 2;
		return pkg_audit_append(audit, &entry, err);
	}
	entry.inputs = deed->output == NULL ? made : used;
	entry.input_count = 2;
	if (task->result.size > 0 &&
	    (entry.phase == PKG_AUDIT_END || entry.phase == PKG_AUDIT_DONE)) {
		entry.outputs = &given;
		entry.output_count = 1;
	}
	return pkg_audit_append(audit, &entry, err);
}

enum pkg_code pkg_task_audit_begin(struct pkg_audit *audit,
				   const struct pkg_task *task,
				   const struct task_deed *deed,
				   struct pkg_err *err)
{
	const struct pkg_audit_entry entry = {.phase = PKG_AUDIT_BEGIN};

	return audit == NULL ? PKG_OK : append(audit, task, deed, &entry, err);
}

enum pkg_code pkg_task_audit_end(struct pkg_audit *audit,
				 const struct pkg_task *task,
				 const struct task_deed *deed,
				 struct pkg_err *err)
{
	const struct pkg_audit_entry entry = {.phase = PKG_AUDIT_END};

	return audit == NULL ? PKG_OK : append(audit, task, deed, &entry, err);
}

enum pkg_code pkg_task_audit_found(struct pkg_audit *audit,
				   const struct pkg_task *task,
				   const struct task_deed *deed,
				   struct pkg_err *err)
{
	const struct pkg_audit_entry entry = {
	    .phase = PKG_AUDIT_DONE,
	    .note = "done by a run that was interrupted, and found sound",
	};

	return audit == NULL ? PKG_OK : append(audit, task, deed, &entry, err);
}

enum pkg_code pkg_task_audit_failed(struct pkg_audit *audit,
				    const struct pkg_task *task,
				    const struct task_deed *deed,
				    struct pkg_err *err)
{
	const struct pkg_audit_entry entry = {
	    .phase = PKG_AUDIT_FAILED,
	    .reason = err->reason != NULL ? err->reason : "failed",
	    .note = err->text,
	};
	struct pkg_err unwritten = PKG_ERR_INIT;

	/* The first error is the one to tell of. */
	if (audit != NULL)
		(void)!append(audit, task, deed, &entry, &unwritten);
	return pkg_failed_(err->code);
}

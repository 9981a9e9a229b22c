/* SPDX-License-Identifier: Apache-2.0 */
#include "common/audit.h"

#include <stdio.h>
#include <string.h>

enum pkg_code audit_trail_open(struct audit_trail *trail, struct cli *cli,
			       const struct audit_args *args,
			       struct pkg_err *err)
{
	char tool[64];
	const struct pkg_audit_options options = {.tool = tool,
						  .who = args->who};

	*trail = (struct audit_trail){.cli = cli};
	if (args->log == NULL && args->who != NULL) {
		(void)pkg_fail(err, PKG_USAGE,
			       "--operator says who writes to the audit log, "
			       "and there is none");
		return pkg_hint(err, "give --audit-log FILE");
	}
	if (args->log == NULL)
		return PKG_OK;
	(void)snprintf(tool, sizeof(tool), "%s " PKG_VERSION,
		       cli_tool_name(cli));
	return pkg_audit_open(&trail->audit, cli_env(cli), cli_dirfd(cli),
			      args->log, &options, err);
}

static void keep(char out[static AUDIT_TRAIL_TEXT], const char *text)
{
	(void)snprintf(out, AUDIT_TRAIL_TEXT, "%s", text == NULL ? "" : text);
}

enum pkg_code audit_trail_begin(struct audit_trail *trail,
				const struct pkg_audit_entry *entry,
				struct pkg_err *err)
{
	struct pkg_audit_entry begin = *entry;

	if (trail->audit == NULL)
		return PKG_OK;
	begin.phase = PKG_AUDIT_BEGIN;
	PKG_TRY(pkg_audit_append(trail->audit, &begin, err));
	trail->event = entry->event;
	trail->begin = pkg_audit_number(trail->audit);
	keep(trail->tenant, entry->tenant);
	keep(trail->job, entry->job);
	return PKG_OK;
}

/* It failed, and @err says why; that the log could not be told is beside it. */
static void tell_failure(struct audit_trail *trail,
			 struct pkg_audit_entry *entry,
			 const struct pkg_err *err)
{
	struct pkg_err also = PKG_ERR_INIT;

	entry->phase = PKG_AUDIT_FAILED;
	entry->reason = err->reason != NULL ? err->reason : "failed";
	entry->note = err->text;
	if (pkg_audit_append(trail->audit, entry, &also) != PKG_OK)
		cli_warn(trail->cli, "%s", also.text);
}

enum pkg_code audit_trail_end(struct audit_trail *trail, enum pkg_code code,
			      const struct pkg_audit_entry *outcome,
			      struct pkg_err *err)
{
	struct pkg_audit_entry entry = {0};

	if (trail->event == NULL)
		return code;
	if (outcome != NULL)
		entry = *outcome;
	entry.event = trail->event;
	entry.begin = trail->begin;
	entry.tenant = trail->tenant;
	entry.job = trail->job[0] != '\0' ? trail->job : entry.job;
	trail->event = NULL;
	if (code != PKG_OK) {
		tell_failure(trail, &entry, err);
		return code;
	}
	entry.phase = PKG_AUDIT_END;
	if (pkg_audit_append(trail->audit, &entry, err) == PKG_OK)
		return PKG_OK;
	return pkg_hint(err, "what was to be done is done; only the log lacks "
			     "the line that says so");
}

enum pkg_code audit_trail_tell(struct audit_trail *trail,
			       const struct pkg_audit_entry *entry,
			       struct pkg_err *err)
{
	struct pkg_audit_entry told = *entry;

	told.phase = PKG_AUDIT_DONE;
	return pkg_audit_append(trail->audit, &told, err);
}

void audit_trail_fini(struct audit_trail *trail)
{
	pkg_audit_free(trail->audit);
	trail->audit = NULL;
}

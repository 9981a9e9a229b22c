/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_BATCH_COMMON_H
#define PKG_BATCH_COMMON_H

/* What the verbs share. */

#include "cli/cli.h"
#include "common/audit.h"
#include "common/key.h"
#include "packline/batch.h"
#include "packline/batch_life.h"
#include "packline/crypto.h"
#include "packline/diag.h"

/* Where the batches are, and which of them; NULL = not given. */
struct batch_args {
	const char *spool, *tenant, *process;
};

/* Rows for the option tables. */
#define BATCH_SPOOL_ROW(args)                                                  \
	{                                                                      \
		"spool", 0, CLI_TEXT, &(args).spool, "DIR",                    \
		    "folder that the batches are in", NULL, "dir"              \
	}
#define BATCH_TENANT_ROW(args)                                                 \
	{                                                                      \
		"tenant", 0, CLI_TEXT, &(args).tenant, "NAME",                 \
		    "whose batch, if several have one of that id", NULL, NULL  \
	}
#define BATCH_PROCESS_ROW(args)                                                \
	{                                                                      \
		"process", 0, CLI_TEXT, &(args).process, "FILE",               \
		    "its process, if it lies somewhere else now", NULL, "file" \
	}

/* A running verb: what it opened. */
struct batch_tool {
	struct cli *cli;
	const struct batch_args *args;
	struct pkg_crypto *crypto;
	struct pkg_arena *arena; /* of diag */
	struct pkg_diag diag;
	struct pkg_spool *spool;
	struct pkg_process *process;
	struct pkg_batch *batch;
	struct pkg_key *key;
	struct pkg_certs *certs; /* NULL = those of the key file */
	struct audit_trail trail;
};

/*
 * Open the spool that @args, which are borrowed, name.
 * @create  make it if it is not there.
 */
PKG_MUST_CHECK enum pkg_code batch_tool_start(struct batch_tool *tool,
					      struct cli *cli,
					      const struct batch_args *args,
					      bool create, struct pkg_err *err);
/* The same in two steps: all but the spool, and the spool. */
PKG_MUST_CHECK enum pkg_code batch_tool_prepare(struct batch_tool *tool,
						struct cli *cli,
						const struct batch_args *args,
						struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code batch_tool_spool(struct batch_tool *tool,
					      bool create, struct pkg_err *err);
void batch_tool_fini(struct batch_tool *tool);
/* Load the process @path; its findings are printed. */
PKG_MUST_CHECK enum pkg_code batch_tool_process(struct batch_tool *tool,
						const char *path,
						struct pkg_err *err);
/* Open the batch @id; no process is bound. */
PKG_MUST_CHECK enum pkg_code batch_tool_open(struct batch_tool *tool,
					     const char *id,
					     enum pkg_job_mode mode,
					     struct pkg_err *err);
/*
 * The same, and bind its process: of --process, or from where it lay when the
 * batch was created.
 */
PKG_MUST_CHECK enum pkg_code batch_tool_open_bound(struct batch_tool *tool,
						   const char *id,
						   enum pkg_job_mode mode,
						   struct pkg_err *err);
/* Load a key and its certificate; PKG_OK at once if none is named. */
PKG_MUST_CHECK enum pkg_code batch_tool_key(struct batch_tool *tool,
					    const struct key_args *args,
					    struct pkg_err *err);
/*
 * What a run needs: to sign, the key of @args, or else that of the process; to
 * validate, the certificate of @args, if there is one.
 */
PKG_MUST_CHECK enum pkg_code batch_tool_run_key(struct batch_tool *tool,
						const struct key_args *args,
						struct pkg_err *err);
/*
 * Say in the audit log, if there is one, that @event is going to happen to the
 * batch that is open; @about has what else is to be told, or is NULL.
 */
PKG_MUST_CHECK enum pkg_code
batch_tool_begin(struct batch_tool *tool, const char *event,
		 const struct pkg_audit_entry *about, struct pkg_err *err);
/* Write the record of the batch, without its documents, as the result. */
PKG_MUST_CHECK enum pkg_code batch_tool_record(struct batch_tool *tool,
					       struct pkg_err *err);

/* The verbs. */
enum pkg_code batch_accept_main(struct cli *cli, struct pkg_err *err);
enum pkg_code batch_create_main(struct cli *cli, struct pkg_err *err);
enum pkg_code batch_delete_main(struct cli *cli, struct pkg_err *err);
enum pkg_code batch_download_main(struct cli *cli, struct pkg_err *err);
enum pkg_code batch_export_main(struct cli *cli, struct pkg_err *err);
enum pkg_code batch_import_main(struct cli *cli, struct pkg_err *err);
enum pkg_code batch_list_main(struct cli *cli, struct pkg_err *err);
enum pkg_code batch_run_main(struct cli *cli, struct pkg_err *err);
enum pkg_code batch_schema_main(struct cli *cli, struct pkg_err *err);
enum pkg_code batch_status_main(struct cli *cli, struct pkg_err *err);
enum pkg_code batch_timestamp_main(struct cli *cli, struct pkg_err *err);
enum pkg_code batch_upload_main(struct cli *cli, struct pkg_err *err);
enum pkg_code batch_watch_main(struct cli *cli, struct pkg_err *err);

#endif

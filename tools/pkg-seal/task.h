/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_SEAL_TASK_H
#define PKG_SEAL_TASK_H

/* What the verbs of the group "task" share. */

#include "packline/job.h"
#include "packline/task.h"
#include "pkg-seal/common.h"

#define TASK_SPOOL_ROW(args)                                                   \
	{                                                                      \
		"spool", 0, CLI_TEXT, &(args).spool, "DIR",                    \
		    "folder that the tasks are kept in", NULL, "dir"           \
	}
#define TASK_TENANT_ROW(args, text)                                            \
	{                                                                      \
		"tenant", 0, CLI_TEXT, &(args).tenant, "NAME", text, NULL,     \
		    NULL                                                       \
	}

struct task_tool {
	struct seal_tool seal;
	struct pkg_spool *spool;
};

/*
 * Open the spool @path, NULL = PKG_USAGE; @create: make what is missing; and
 * the audit log, if @audit (NULL = none) names one.
 */
enum pkg_code task_tool_start(struct task_tool *tool, struct cli *cli,
			      const char *path, bool create,
			      const struct audit_args *audit,
			      struct pkg_err *err);
/*
 * What the verbs that read a request still need: the spool, to read and write
 * in, the audit log, and, if @reads, files anywhere to be read.
 * @how     receives it, borrowed from @tool.
 * @output  receives a place in the spool.
 */
enum pkg_code task_tool_confine(struct seal_confine *how,
				struct pkg_seal_output *output,
				struct task_tool *tool, const char *spool,
				struct pkg_err *err);
/* The log, for lib/task; NULL = none is kept. */
struct pkg_audit *task_tool_audit(const struct task_tool *tool);
void task_tool_fini(struct task_tool *tool);
/*
 * Load the device config @path, or, if that is NULL, the one that task @id of
 * @tenant (NULL = see pkg_job_open()) was created with.
 * @out  receives it; freed by the caller.
 * PKG_USAGE if it is not of @tenant.
 */
enum pkg_code task_tool_device(struct pkg_device_config **out,
			       struct task_tool *tool, const char *path,
			       const char *tenant, const char *id,
			       struct pkg_err *err);
/* The record of a task, or text for people. */
enum pkg_code task_tool_print(const struct task_tool *tool,
			      const struct pkg_task *task, struct pkg_err *err);

/* -- run -- */

struct task_run_args {
	const char *spool, *tenant, *device, *trust;
	struct seal_key_args signer;
	struct audit_args audit;
	bool all, no_sandbox;
};

/* A device config and the key that it is run with; in the tool's arena. */
struct task_keys {
	const char *path; /* NULL = that of -d */
	struct pkg_device_config *device;
	struct pkg_key *key; /* NULL = it signs nothing */
	struct pkg_certs *certs;
	struct task_keys *next;
};

struct task_runner {
	struct task_tool tool;
	const struct task_run_args *args;
	struct pkg_trust *trust;
	struct task_keys *keys; /* loaded so far; freed together, at the end */
	pkg_seal_agree *agree;
	void *agree_context;
	const char *expect;
	bool confined; /* the sandbox was entered, if it is to be */
};

/* Run one task and print what became of it. */
enum pkg_code task_runner_run(struct task_runner *runner, const char *tenant,
			      const char *id, struct pkg_err *err);
/* Run all that can be, one after the other. */
enum pkg_code task_runner_run_all(struct task_runner *runner,
				  struct pkg_err *err);

/* The verbs. */
enum pkg_code task_approve_main(struct cli *cli, struct pkg_err *err);
enum pkg_code task_create_main(struct cli *cli, struct pkg_err *err);
enum pkg_code task_download_main(struct cli *cli, struct pkg_err *err);
enum pkg_code task_list_main(struct cli *cli, struct pkg_err *err);
enum pkg_code task_run_main(struct cli *cli, struct pkg_err *err);
enum pkg_code task_status_main(struct cli *cli, struct pkg_err *err);

#endif

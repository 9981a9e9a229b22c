/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TASK_AUDIT_H
#define TASK_AUDIT_H

#include "packline/audit.h"
#include "packline/task.h"

/* What is done with a task, for the audit log. */
struct task_deed {
	const char *event;                    /* "task-run", ... */
	const struct pkg_seal_signer *signer; /* NULL = no key is used */
	const char *decision, *reason;        /* of an officer */
	const char *output;                   /* where a container goes */
};

/* Before it, and after it; @audit NULL = no log is kept, PKG_OK. */
enum pkg_code pkg_task_audit_begin(struct pkg_audit *audit,
				   const struct pkg_task *task,
				   const struct task_deed *deed,
				   struct pkg_err *err);
enum pkg_code pkg_task_audit_end(struct pkg_audit *audit,
				 const struct pkg_task *task,
				 const struct task_deed *deed,
				 struct pkg_err *err);
/* It had happened before this process, which died before it was told. */
enum pkg_code pkg_task_audit_found(struct pkg_audit *audit,
				   const struct pkg_task *task,
				   const struct task_deed *deed,
				   struct pkg_err *err);
/* It came to nothing, as @err says, which stays as it is; its code. */
enum pkg_code pkg_task_audit_failed(struct pkg_audit *audit,
				    const struct pkg_task *task,
				    const struct task_deed *deed,
				    struct pkg_err *err);

/* The certificate that is used; NULL = there is none. */
const struct pkg_cert_info *
pkg_task_certificate(const struct pkg_seal_signer *signer);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_JOB_H
#define LEDGER_JOB_H

#include "packline/job.h"

#define LEDGER_STATE "state.json"
#define LEDGER_LOCK  "lock"

struct pkg_job {
	char *tenant, *id, *label; /* label: its path, for messages */
	int fd;                    /* of the folder */
	int lock;                  /* held; -1 = open to be read */
};

/* PKG_INTERNAL unless @job is open to be changed. */
enum pkg_code pkg_job_check_locked(const struct pkg_job *job,
				   struct pkg_err *err);

#endif

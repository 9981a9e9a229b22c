/* SPDX-License-Identifier: Apache-2.0 */
#include "task/impl.h"

bool pkg_task_can_run(const struct pkg_task *task)
{
	switch (task->status) {
	case PKG_TASK_CREATED:
		return task->approvals_needed == 0;
	case PKG_TASK_APPROVED:
	case PKG_TASK_RUNNING: /* whoever began has died: nobody has the lock */
		return true;
	case PKG_TASK_FAILED:
		return task->failure.retry;
	case PKG_TASK_REJECTED:
	case PKG_TASK_DONE:
	case PKG_TASK_STATUS_COUNT:
		break;
	}
	return false;
}

/* A rejection that comes late but before the key is used still counts. */
static bool can_decide(const struct pkg_task *task)
{
	return task->approvals_needed > 0 &&
	       (task->status == PKG_TASK_CREATED ||
		task->status == PKG_TASK_APPROVED);
}

static const char *what_next(const struct pkg_task *task)
{
	switch (task->status) {
	case PKG_TASK_CREATED:
		return task->approvals_needed > 0
			   ? "it can be approved or rejected"
			   : "it needs no approval and can be run";
	case PKG_TASK_APPROVED:
		return "it can be run, or still be rejected";
	case PKG_TASK_RUNNING:
		return "it can be run: that goes on where it was interrupted";
	case PKG_TASK_DONE:
		return "it can be downloaded";
	case PKG_TASK_FAILED:
		if (task->failure.retry)
			return "it can be run again";
		break;
	case PKG_TASK_REJECTED:
	case PKG_TASK_STATUS_COUNT:
		break;
	}
	return "nothing more can be done with it: create another task";
}

enum pkg_code pkg_task_check_verb(const struct pkg_task *task,
				  enum task_verb verb, struct pkg_err *err)
{
	static const char *const done[] = {"approved or rejected", "run",
					   "downloaded"};
	const bool legal[] = {can_decide(task), pkg_task_can_run(task),
			      task->status == PKG_TASK_DONE};

	if (legal[verb])
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "task-status",
			 "task '%s' is %s: it cannot be %s", task->id,
			 pkg_task_status_name(task->status), done[verb]);
	return pkg_hint(err, "%s", what_next(task));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include "packline/batch_life.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* -- to begin -- */

static enum pkg_code open_folder(int *fd, const struct pkg_batch_watch *watch,
				 const char *path, struct pkg_err *err)
{
	*fd = openat(watch->options.dirfd, path,
		     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd >= 0)
		return PKG_OK;
	(void)pkg_fail_os(err, errno, "cannot open the folder '%s'", path);
	return pkg_hint(err, "make it first: mkdir");
}

static enum pkg_code check_two(int a, const char *one, int b, const char *two,
			       struct pkg_err *err)
{
	struct stat x, y;

	if (fstat(a, &x) != 0 || fstat(b, &y) != 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'", one);
	if (x.st_dev == y.st_dev && x.st_ino == y.st_ino)
		return pkg_fail(err, PKG_USAGE,
				"'%s' and '%s' are the same folder", one, two);
	return PKG_OK;
}

static enum pkg_code open_folders(struct pkg_batch_watch *watch,
				  struct pkg_err *err)
{
	const struct pkg_batch_watch_options *o = &watch->options;

	PKG_TRY(open_folder(&watch->in, watch, o->in, err));
	PKG_TRY(open_folder(&watch->out, watch, o->out, err));
	PKG_TRY(open_folder(&watch->err, watch, o->err, err));
	PKG_TRY(check_two(watch->in, o->in, watch->out, o->out, err));
	PKG_TRY(check_two(watch->in, o->in, watch->err, o->err, err));
	PKG_TRY(check_two(watch->out, o->out, watch->err, o->err, err));
	PKG_TRY(pkg_watch_open_own(&watch->claims, watch->in, WATCH_FOLDER,
				   true, err));
	PKG_TRY(pkg_watch_open_own(&watch->made, watch->out, WATCH_FOLDER, true,
				   err));
	PKG_TRY(pkg_watch_open_own(&watch->failed, watch->err, WATCH_FOLDER,
				   true, err));
	if (flock(watch->claims, LOCK_EX | LOCK_NB) == 0)
		return PKG_OK;
	if (errno != EWOULDBLOCK)
		return pkg_fail_os(err, errno, "cannot lock '%s'", o->in);
	return pkg_refuse(err, PKG_NO, "watch-busy",
			  "somebody else watches '%s'", o->in);
}

enum pkg_code pkg_batch_watch_new(struct pkg_batch_watch **out,
				  const struct pkg_env *env,
				  const struct pkg_batch_watch_options *options,
				  struct pkg_err *err)
{
	PKG_AUTO(pkg_batch_watch) struct pkg_batch_watch *watch = NULL;

	if (options->process->action != PKG_PROCESS_SIGN)
		return pkg_fail(err, PKG_USAGE,
				"process '%s' does not sign: only what is "
				"signed is watched for",
				options->process->name);
	/* Now, and not when something has been taken. */
	PKG_TRY(pkg_batch_check_requester(options->process, options->requester,
					  err));
	watch = calloc(1, sizeof(*watch));
	if (watch == NULL)
		return pkg_fail_nomem(err);
	watch->env = env;
	watch->options = *options;
	if (watch->options.documents == 0)
		watch->options.documents = WATCH_DOCUMENTS;
	watch->in = watch->out = watch->err = -1;
	watch->claims = watch->made = watch->failed = -1;
	PKG_TRY(open_folders(watch, err));
	*out = PKG_STEAL(watch);
	return PKG_OK;
}

void pkg_batch_watch_free(struct pkg_batch_watch *watch)
{
	if (watch == NULL)
		return;
	const int fds[] = {watch->in,     watch->out,  watch->err,
			   watch->claims, watch->made, watch->failed};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	pkg_watch_list_fini(&watch->list);
	free(watch);
}

/* -- one claim -- */

static void tell(const struct pkg_batch_watch *watch, const char *what,
		 const struct pkg_err *why)
{
	if (watch->options.tell != NULL)
		watch->options.tell(watch->options.context, what, why);
}

static bool because(const struct pkg_err *err, const char *reason)
{
	return err->reason != NULL && strcmp(err->reason, reason) == 0;
}

/* It cannot go on now, but later. */
static enum pkg_code wait_for_better(struct pkg_batch_watch *watch,
				     const char *id, struct pkg_err *err)
{
	watch->report->waiting++;
	if (!watch->was_held)
		tell(watch, id, err);
	watch->held = true;
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

static enum pkg_code create(const struct pkg_batch_watch *watch, const char *id,
			    struct pkg_err *err)
{
	const struct pkg_batch_create create = {
	    .spool = watch->options.spool,
	    .process = watch->options.process,
	    .dirfd = watch->options.dirfd,
	    .id = id,
	    .requester = watch->options.requester,
	};
	char made[PKG_LIMIT_MEMBER_NAME + 1];
	bool existed = false;

	return pkg_batch_create(made, &existed, watch->env, &create, err);
}

static enum pkg_code open_batch(struct pkg_batch **out,
				const struct pkg_batch_watch *watch,
				const char *id, struct pkg_err *err)
{
	const struct pkg_batch_open which = {
	    .spool = watch->options.spool,
	    .tenant = watch->options.process->tenant,
	    .id = id,
	    .mode = PKG_JOB_TRY,
	    .process = watch->options.process,
	};

	return pkg_batch_open(out, watch->env, &which, err);
}

static enum pkg_code upload(const struct pkg_batch_watch *watch,
			    struct pkg_batch *batch, int claim,
			    const struct pkg_watch_names *names,
			    struct pkg_err *err)
{
	struct pkg_batch_input *inputs = calloc(names->count, sizeof(*inputs));
	const struct pkg_batch_upload upload = {
	    .inputs = inputs,
	    .count = names->count,
	    .dirfd = claim,
	};
	enum pkg_code code;

	(void)watch;
	if (inputs == NULL)
		return pkg_fail_nomem(err);
	for (size_t i = 0; i < names->count; i++)
		inputs[i].path = names->names[i];
	code = pkg_batch_upload(batch, &upload, err);
	free(inputs);
	return code;
}

/* No batch of several files comes of these: each is to try by itself. */
static void set_apart(const struct pkg_batch_watch *watch,
		      const struct pkg_watch_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		struct watch_file *file =
		    pkg_watch_list_find(&watch->list, names->names[i]);

		if (file != NULL)
			file->alone = true;
	}
}

/*
 * What was taken is not signed, for the reason of *err, or of their own.  The
 * claim counts until its files are in ERR.
 */
static enum pkg_code give_up(struct pkg_batch_watch *watch,
			     struct pkg_batch *batch, struct pkg_err *err)
{
	const struct pkg_err why = *err;
	const char *id = batch->record.id;

	*err = PKG_ERR_INIT;
	tell(watch, id, &why);
	PKG_TRY(pkg_watch_stage_claim(watch, id, &why, err));
	PKG_TRY(pkg_batch_delete(batch, err));
	return pkg_watch_claim_remove(watch, id, err);
}

/* The upload of a claim came to nothing, for the reason of *err. */
static enum pkg_code not_uploaded(struct pkg_batch_watch *watch,
				  struct pkg_batch *batch,
				  const struct pkg_watch_names *names,
				  struct pkg_err *err)
{
	const bool changed = because(err, "changed");

	if (!changed && err->code != PKG_INPUT && err->code != PKG_NO)
		return pkg_failed_(err->code);
	if (!changed && names->count == 1)
		return give_up(watch, batch, err);
	tell(watch, batch->record.id, err);
	*err = PKG_ERR_INIT;
	set_apart(watch, names);
	PKG_TRY(pkg_watch_claim_undo(watch, batch->record.id, err));
	return pkg_batch_delete(batch, err);
}

/* The documents of a batch that is NEW: all of the claim, or none. */
static enum pkg_code fill(struct pkg_batch_watch *watch,
			  struct pkg_batch *batch, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_watch_names) struct pkg_watch_names names = {0};
	const char *id = batch->record.id;
	enum pkg_code code = PKG_OK;
	int claim = -1;

	PKG_TRY(pkg_watch_claim_open(&claim, watch, id, err));
	if (claim < 0)
		return PKG_OK;
	code = pkg_watch_claim_sort(watch, claim, &names, err);
	if (code == PKG_OK && names.count > 0)
		code = upload(watch, batch, claim, &names, err);
	(void)close(claim);
	if (names.count > 0)
		return code == PKG_OK ? PKG_OK
				      : not_uploaded(watch, batch, &names, err);
	if (code != PKG_OK)
		return code;
	/* Its files went back to IN, and somebody died. */
	PKG_TRY(pkg_batch_delete(batch, err));
	return pkg_watch_claim_remove(watch, id, err);
}

static enum pkg_code deliver(struct pkg_batch_watch *watch,
			     struct pkg_batch *batch, struct pkg_err *err)
{
	const struct pkg_batch_watch_options *o = &watch->options;

	if (batch->state.status != PKG_BATCH_DELETED)
		PKG_TRY(pkg_watch_stage_results(watch, batch, err));
	/* Their folders have it all: the spool need not keep the documents. */
	if (!o->keep)
		PKG_TRY(pkg_batch_delete(batch, err));
	PKG_TRY(pkg_watch_claim_remove(watch, batch->record.id, err));
	return o->delivered == NULL ? PKG_OK
				    : o->delivered(o->context, batch, err);
}

static enum pkg_code rejected(struct pkg_batch_watch *watch,
			      struct pkg_batch *batch, struct pkg_err *err)
{
	if (batch->state.rejected)
		(void)pkg_refuse(err, PKG_NO, "batch-rejected",
				 "an officer has rejected it");
	else
		(void)pkg_refuse(err, PKG_NO, "batch-deleted",
				 "somebody has deleted its batch");
	return give_up(watch, batch, err);
}

/* Let it be signed, as far as that goes now. */
static enum pkg_code work(struct pkg_batch_watch *watch,
			  struct pkg_batch *batch, struct pkg_err *err)
{
	const struct pkg_batch_watch_options *o = &watch->options;

	if (o->work(o->context, batch, err) != PKG_OK) {
		if (because(err, "batch-expired"))
			return give_up(watch, batch, err);
		if (because(err, "batch-chain"))
			return wait_for_better(watch, batch->record.id, err);
		return pkg_failed_(err->code);
	}
	if (batch->state.status == PKG_BATCH_CLOSED)
		return deliver(watch, batch, err);
	watch->report->waiting++;
	return PKG_OK;
}

static enum pkg_code advance_batch(struct pkg_batch_watch *watch,
				   struct pkg_batch *batch, struct pkg_err *err)
{
	const struct pkg_batch_state *state = &batch->state;

	/* What came of it is written, and somebody died. */
	if (pkg_watch_is_staged(watch, batch->record.id) &&
	    (state->status == PKG_BATCH_DELETED || state->uploads == 0 ||
	     state->rejected)) {
		PKG_TRY(pkg_batch_delete(batch, err));
		return pkg_watch_claim_remove(watch, batch->record.id, err);
	}
	if (state->status == PKG_BATCH_NEW && state->uploads == 0) {
		PKG_TRY(fill(watch, batch, err));
		if (state->uploads == 0)
			return PKG_OK;
	}
	switch (state->status) {
	case PKG_BATCH_CLOSED:
		return deliver(watch, batch, err);
	case PKG_BATCH_DELETED:
		return rejected(watch, batch, err);
	case PKG_BATCH_NEW:
		if (state->rejected)
			return rejected(watch, batch, err);
		return work(watch, batch, err);
	case PKG_BATCH_ACCEPTED:
	case PKG_BATCH_READY:
	case PKG_BATCH_IN_PROGRESS:
	case PKG_BATCH_FINISHING:
		break;
	}
	return work(watch, batch, err);
}

/* Files that no batch takes. */
static enum pkg_code refuse(const struct pkg_batch_watch *watch, const char *id,
			    struct pkg_err *err)
{
	PKG_TRY(pkg_watch_stage_claim(watch, id, NULL, err));
	return pkg_watch_claim_remove(watch, id, err);
}

static enum pkg_code advance(struct pkg_batch_watch *watch, const char *id,
			     struct pkg_err *err)
{
	PKG_AUTO(pkg_batch) struct pkg_batch *batch = NULL;
	const size_t len = strlen(id), tail = strlen(WATCH_REFUSED);
	enum pkg_code code;

	if (len > tail && strcmp(id + len - tail, WATCH_REFUSED) == 0)
		return refuse(watch, id, err);
	code = open_batch(&batch, watch, id, err);
	if (code != PKG_OK && because(err, "no-such-job")) {
		*err = PKG_ERR_INIT;
		code = create(watch, id, err);
		if (code == PKG_OK)
			code = open_batch(&batch, watch, id, err);
	}
	if (code != PKG_OK &&
	    (because(err, "job-busy") || because(err, "batch-chain") ||
	     because(err, "batch-process")))
		return wait_for_better(watch, id, err);
	if (code != PKG_OK)
		return code;
	return advance_batch(watch, batch, err);
}

static enum pkg_code advance_all(struct pkg_batch_watch *watch,
				 struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_watch_names) struct pkg_watch_names ids = {0};
	const struct pkg_batch_watch_options *o = &watch->options;

	PKG_TRY(pkg_watch_names_read(&ids, watch->claims, err));
	for (size_t i = 0; i < ids.count; i++) {
		if (o->stop != NULL && o->stop(o->context))
			break;
		if (advance(watch, ids.names[i], err) != PKG_OK)
			return pkg_wrap(err, "batch '%s'", ids.names[i]);
	}
	return PKG_OK;
}

enum pkg_code pkg_batch_watch_pass(struct pkg_batch_watch *watch,
				   uint64_t now_ms,
				   struct pkg_batch_watch_report *report,
				   struct pkg_err *err)
{
	*report = (struct pkg_batch_watch_report){0};
	watch->report = report;
	watch->was_held = watch->held;
	watch->held = false;
	PKG_TRY(pkg_watch_scan(watch, now_ms, err));
	PKG_TRY(pkg_watch_take(watch, now_ms, err));
	PKG_TRY(advance_all(watch, err));
	return pkg_watch_release_all(watch, err);
}

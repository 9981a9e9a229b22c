/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MOST = 256 + 16 };

/* One folder whose files go out. */
struct release {
	struct pkg_batch_watch *watch;
	int from, to;       /* folders */
	const char *path;   /* of @to */
	const char *suffix; /* NAME and NAME.suffix belong together */
	struct pkg_watch_names names;
	uint64_t moved, held;
};

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * By bytes, but a name comes behind all that begin with it: NAME.p7s before
 * NAME.  Who sees the document has its signature.
 */
static int longer_first(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	const size_t m = strlen(x), n = strlen(y);

	if (m > n && strncmp(x, y, n) == 0)
		return -1;
	if (n > m && strncmp(x, y, m) == 0)
		return 1;
	return strcmp(x, y);
}

static bool is_listed(const struct pkg_watch_names *names, const char *name)
{
	return bsearch(&name, (const void *)names->names, names->count,
		       sizeof(*names->names), by_bytes) != NULL;
}

/* May @name go now, without being taken for another one's companion? */
static bool may_go(const struct release *self, const char *name)
{
	const size_t len = strlen(name), tail = strlen(self->suffix);
	char other[NAME_MOST];

	(void)snprintf(other, sizeof(other), "%s%s", name, self->suffix);
	if (pkg_watch_has(self->from, other))
		return false;
	if (len <= tail || strcmp(name + len - tail, self->suffix) != 0)
		return true;
	(void)snprintf(other, sizeof(other), "%.*s", (int)(len - tail), name);
	return !pkg_watch_has(self->from, other) ||
	       !pkg_watch_has(self->to, other);
}

static void tell_held(struct release *self, const char *name)
{
	const struct pkg_batch_watch_options *options = &self->watch->options;
	struct pkg_err why = PKG_ERR_INIT;

	self->held++;
	self->watch->held = true;
	/* Once is enough. */
	if (self->watch->was_held || options->tell == NULL)
		return;
	(void)pkg_refuse(&why, PKG_NO, "watch-name-taken",
			 "its result waits: there is something of its name in "
			 "'%s'",
			 self->path);
	(void)pkg_hint(&why, "fetch what is there");
	options->tell(options->context, name, &why);
}

static enum pkg_code release_one(struct release *self, const char *name,
				 bool first, struct pkg_err *err)
{
	int failed = EEXIST;

	if (may_go(self, name))
		failed = pkg_watch_move(self->from, name, self->to, name);
	if (failed == 0)
		self->moved += first ? 1 : 0;
	else if (failed == EEXIST)
		tell_held(self, name);
	else if (failed != ENOENT)
		return pkg_fail_os(err, failed, "cannot write '%s/%s'",
				   self->path, name);
	return PKG_OK;
}

static enum pkg_code release_files(struct release *self, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_watch_names) struct pkg_watch_names order = {0};
	char other[NAME_MOST];

	PKG_TRY(pkg_watch_names_read(&self->names, self->from, err));
	PKG_TRY(pkg_watch_names_read(&order, self->from, err));
	if (order.count > 0)
		qsort((void *)order.names, order.count, sizeof(*order.names),
		      longer_first);
	for (size_t i = 0; i < order.count; i++) {
		(void)snprintf(other, sizeof(other), "%s%s", order.names[i],
			       self->suffix);
		PKG_TRY(release_one(self, order.names[i],
				    !is_listed(&self->names, other), err));
	}
	return pkg_watch_sync(self->to, err);
}

static enum pkg_code release_folder(struct release *self, int parent,
				    const char *id, struct pkg_err *err)
{
	enum pkg_code code;

	self->from = -1;
	PKG_TRY(pkg_watch_open_own(&self->from, parent, id, false, err));
	if (self->from < 0)
		return PKG_OK;
	code = release_files(self, err);
	pkg_watch_names_fini(&self->names);
	(void)close(self->from);
	if (code != PKG_OK)
		return code;
	if (unlinkat(parent, id, AT_REMOVEDIR) != 0 && errno != ENOTEMPTY &&
	    errno != EEXIST)
		return pkg_fail_os(err, errno, "cannot remove '%s'", id);
	return PKG_OK;
}

static enum pkg_code release_side(struct release *self, int parent,
				  struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_watch_names) struct pkg_watch_names ids = {0};

	PKG_TRY(pkg_watch_names_read(&ids, parent, err));
	for (size_t i = 0; i < ids.count; i++) {
		/* While the claim is there, its files count. */
		if (!pkg_watch_has(self->watch->claims, ids.names[i]))
			PKG_TRY(
			    release_folder(self, parent, ids.names[i], err));
	}
	return PKG_OK;
}

enum pkg_code pkg_watch_release_all(struct pkg_batch_watch *watch,
				    struct pkg_err *err)
{
	const struct pkg_process *process = watch->options.process;
	struct release out = {
	    .watch = watch,
	    .to = watch->out,
	    .path = watch->options.out,
	    .suffix = pkg_process_form_suffix(process->form),
	};
	struct release refused = {
	    .watch = watch,
	    .to = watch->err,
	    .path = watch->options.err,
	    .suffix = WATCH_ERROR,
	};
	enum pkg_code code = release_side(&out, watch->made, err);

	if (code == PKG_OK)
		code = release_side(&refused, watch->failed, err);
	watch->report->signed_ += out.moved;
	watch->report->refused += refused.moved;
	watch->report->waiting += out.held + refused.held;
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Two claims that are filled side by side. */
struct taking {
	struct pkg_batch_watch *watch;
	char id[WATCH_ID], refused_id[WATCH_ID + sizeof(WATCH_REFUSED)];
	int claim, refused;           /* -1 until the first file goes there */
	struct pkg_batch_names names; /* of the claim */
	uint64_t documents, bytes;
};

static void taking_fini(struct taking *self)
{
	if (self->claim >= 0)
		(void)close(self->claim);
	if (self->refused >= 0)
		(void)close(self->refused);
	pkg_batch_names_fini(&self->names);
}

enum pkg_code pkg_watch_judge(const struct pkg_batch_watch *watch,
			      const char *name, off_t size, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_batch_names)
	struct pkg_batch_names names = {.process = watch->options.process};

	PKG_TRY(pkg_batch_names_add(&names, name, err));
	return pkg_batch_check_limits(watch->options.process, 1, (uint64_t)size,
				      err);
}

/* Nothing of that name waits to be fetched. */
static enum pkg_code is_free(bool *out, const struct pkg_batch_watch *watch,
			     const char *name, struct pkg_err *err)
{
	const char *suffix =
	    pkg_process_form_suffix(watch->options.process->form);
	char other[512 + sizeof(WATCH_ERROR)];

	*out = false;
	(void)snprintf(other, sizeof(other), "%s%s", name, suffix);
	if (pkg_watch_has(watch->out, name) ||
	    (strlen(other) <= 255 && pkg_watch_has(watch->out, other)))
		return PKG_OK;
	PKG_TRY(pkg_watch_error_name(watch, name, other, err));
	if (pkg_watch_has(watch->err, other))
		return PKG_OK;
	(void)snprintf(other + strlen(other), sizeof(WATCH_ERROR), "%s",
		       WATCH_ERROR);
	*out = !pkg_watch_has(watch->err, other);
	return PKG_OK;
}

static void tell(struct pkg_batch_watch *watch, struct watch_file *file,
		 const struct pkg_err *why)
{
	if (!file->told && watch->options.tell != NULL)
		watch->options.tell(watch->options.context, file->name, why);
	file->told = true;
}

static void tell_taken(struct pkg_batch_watch *watch, struct watch_file *file)
{
	struct pkg_err why = PKG_ERR_INIT;

	(void)pkg_refuse(&why, PKG_NO, "watch-name-taken",
			 "it stays where it is: there is something of its name "
			 "in '%s' or '%s'",
			 watch->options.out, watch->options.err);
	(void)pkg_hint(&why, "fetch what is there");
	tell(watch, file, &why);
	watch->report->waiting++;
}

/* Move it into a claim; not if it has changed since it was looked at. */
static enum pkg_code move(struct taking *self, int *claim, const char *id,
			  const struct watch_file *file, bool *moved,
			  struct pkg_err *err)
{
	const int in = self->watch->in;
	struct stat st;
	int failed = 0;

	*moved = false;
	if (*claim < 0)
		PKG_TRY(pkg_watch_open_own(claim, self->watch->claims, id, true,
					   err));
	failed = pkg_watch_move(in, file->name, *claim, file->name);
	if (failed == ENOENT)
		return PKG_OK; /* somebody has taken it away */
	if (failed != 0)
		return pkg_fail_os(err, failed, "cannot take '%s/%s'",
				   self->watch->options.in, file->name);
	/* ctime is that of the move. */
	if (fstatat(*claim, file->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ino == file->inode && st.st_size == file->size &&
	    st.st_mtim.tv_sec == file->modified.tv_sec &&
	    st.st_mtim.tv_nsec == file->modified.tv_nsec) {
		*moved = true;
		return PKG_OK;
	}
	failed = pkg_watch_move(*claim, file->name, in, file->name);
	if (failed != 0 && failed != EEXIST && failed != ENOENT)
		return pkg_fail_os(err, failed, "cannot put '%s' back",
				   file->name);
	return PKG_OK;
}

static bool fits(const struct taking *self, const struct watch_file *file)
{
	const struct pkg_process *process = self->watch->options.process;
	const uint64_t most = self->watch->options.documents;

	if (self->documents == 0)
		return true;
	return !file->alone && self->documents < most &&
	       self->documents < process->max_documents &&
	       (uint64_t)file->size <= process->max_bytes - self->bytes;
}

static enum pkg_code take_refused(struct taking *self, struct watch_file *file,
				  const struct pkg_err *why,
				  struct pkg_err *err)
{
	bool moved = false;

	PKG_TRY(
	    move(self, &self->refused, self->refused_id, file, &moved, err));
	if (moved)
		tell(self->watch, file, why);
	return PKG_OK;
}

/* One that no batch could take goes its own way. */
static enum pkg_code take_file(struct taking *self, struct watch_file *file,
			       struct pkg_err *err)
{
	struct pkg_err why = PKG_ERR_INIT;
	bool moved = false;
	enum pkg_code code =
	    pkg_watch_judge(self->watch, file->name, file->size, &why);

	if (code == PKG_INPUT)
		return take_refused(self, file, &why, err);
	if (code != PKG_OK) {
		*err = why;
		return code;
	}
	if (!fits(self, file)) {
		self->watch->report->more = true;
		return PKG_OK;
	}
	code = pkg_batch_names_add(&self->names, file->name, &why);
	if (code == PKG_INPUT) { /* not in one batch with another one */
		self->watch->report->more = true;
		return PKG_OK;
	}
	if (code != PKG_OK) {
		*err = why;
		return code;
	}
	PKG_TRY(move(self, &self->claim, self->id, file, &moved, err));
	if (!moved)
		return PKG_OK;
	self->documents++;
	self->bytes += (uint64_t)file->size;
	/* Nobody comes after one that wants to be alone. */
	if (file->alone)
		self->documents = self->watch->options.documents;
	return PKG_OK;
}

static enum pkg_code consider(struct taking *self, struct watch_file *file,
			      uint64_t now_ms, struct pkg_err *err)
{
	struct pkg_batch_watch *watch = self->watch;
	bool is_new = false;

	if (!file->regular) {
		PKG_TRY(pkg_watch_stage_other(watch, file->name, err));
		return PKG_OK;
	}
	if (now_ms - file->since_ms < watch->options.settle_ms) {
		watch->report->unsettled++;
		return PKG_OK;
	}
	PKG_TRY(is_free(&is_new, watch, file->name, err));
	if (!is_new) {
		tell_taken(watch, file);
		return PKG_OK;
	}
	return take_file(self, file, err);
}

enum pkg_code pkg_watch_take(struct pkg_batch_watch *watch, uint64_t now_ms,
			     struct pkg_err *err)
{
	PKG_AUTO_FINI(taking)
	struct taking self = {
	    .watch = watch,
	    .claim = -1,
	    .refused = -1,
	    .names = {.process = watch->options.process},
	};

	PKG_TRY(pkg_batch_make_id(self.id, watch->env, err));
	(void)snprintf(self.refused_id, sizeof(self.refused_id), "%s%s",
		       self.id, WATCH_REFUSED);
	for (size_t i = 0; i < watch->list.count; i++)
		PKG_TRY(consider(&self, &watch->list.files[i], now_ms, err));
	if (self.claim < 0 && self.refused < 0)
		return PKG_OK;
	/* What is taken must not be there once more after a power cut. */
	if (self.claim >= 0)
		PKG_TRY(pkg_watch_sync(self.claim, err));
	if (self.refused >= 0)
		PKG_TRY(pkg_watch_sync(self.refused, err));
	PKG_TRY(pkg_watch_sync(watch->claims, err));
	return pkg_watch_sync(watch->in, err);
}

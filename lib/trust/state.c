/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/state.h"

#include "state_table.h"

#include "packline/buf.h"
#include "packline/json.h"
#include "packline/limits.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct pkg_state {
	int folder;               /* owned */
	bool locked;              /* by us */
	const char *base;         /* name in the folder, of @path */
	char *path;               /* owned; for messages */
	struct pkg_arena *arena;  /* owned; of rows; NULL before the first */
	struct state_rows rows;   /* as read, in the file's order */
	struct pkg_outfile *file; /* owned; the new one, or NULL */
};

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const struct state_row *find(const struct pkg_state *state,
				    const struct pkg_state_entry *entry)
{
	for (size_t i = 0; i < state->rows.count; i++) {
		const struct state_row *row = &state->rows.items[i];

		if (strcmp(row->tenant, entry->tenant) == 0 &&
		    strcmp(row->name, entry->name) == 0 &&
		    same_text(row->device_config, entry->device_config))
			return row;
	}
	return NULL;
}

/* Replaced would be the link: what it leads to would stay as old as it is. */
static enum pkg_code refuse_link(const struct pkg_state *state,
				 struct pkg_err *err)
{
	struct stat st;

	if (fstatat(state->folder, state->base, &st, AT_SYMLINK_NOFOLLOW) !=
		0 ||
	    !S_ISLNK(st.st_mode))
		return PKG_OK;
	pkg_fail(err, PKG_USAGE, "the state file '%s' is a symbolic link",
		 state->path);
	return pkg_hint(err, "name the file that it leads to");
}

/* Forget what was read, and read it (again); a missing file is empty. */
static enum pkg_code load(struct pkg_state *state, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = PKG_LIMIT_STATE};

	pkg_arena_free(state->arena);
	state->arena = NULL;
	state->rows = (struct state_rows){0};
	PKG_TRY(refuse_link(state, err));
	PKG_TRY(pkg_arena_new(&state->arena,
			      PKG_LIMIT_ARENA_OF(PKG_LIMIT_STATE), err));
	if (pkg_path_slurp(&text, state->folder, state->base, err) != PKG_OK) {
		if (err->code == PKG_INPUT)
			(void)pkg_because(err, "bad-state");
		if (err->os_errno != ENOENT)
			return pkg_wrap(err, "state file '%s'", state->path);
		*err = PKG_ERR_INIT;
		return PKG_OK;
	}
	if (pkg_state_rows_read(&state->rows, state->arena, text.data, text.len,
				err) == PKG_OK)
		return PKG_OK;
	(void)pkg_wrap(err, "state file '%s'", state->path);
	return pkg_hint(err, "it must not be edited: restore it, or remove it "
			     "if you know what was accepted last");
}

static enum pkg_code open_folder(struct pkg_state *state, int dirfd,
				 struct pkg_err *err)
{
	const size_t len = (size_t)(state->base - state->path);
	char *folder = len == 0 ? strdup(".") : strndup(state->path, len);

	if (folder == NULL)
		return pkg_fail_nomem(err);
	state->folder =
	    openat(dirfd, folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	free(folder);
	if (state->folder < 0)
		return pkg_fail_os(err, errno,
				   "cannot open the folder of the state file "
				   "'%s'",
				   state->path);
	return PKG_OK;
}

enum pkg_code pkg_state_open(struct pkg_state **out, int dirfd,
			     const char *path, struct pkg_err *err)
{
	PKG_AUTO(pkg_state) struct pkg_state *state = NULL;

	/* Readers and writers would take "-" for standard input and output. */
	if (strcmp(pkg_path_basename(path), "-") == 0 ||
	    pkg_path_basename(path)[0] == '\0')
		return pkg_fail(err, PKG_USAGE,
				"a state is kept in a file, not in '%s'", path);
	state = calloc(1, sizeof(*state));
	if (state == NULL)
		return pkg_fail_nomem(err);
	state->folder = -1;
	state->path = strdup(path);
	if (state->path == NULL)
		return pkg_fail_nomem(err);
	state->base = pkg_path_basename(state->path);
	PKG_TRY(open_folder(state, dirfd, err));
	PKG_TRY(load(state, err));
	*out = PKG_STEAL(state);
	return PKG_OK;
}

int pkg_state_folder(const struct pkg_state *state)
{
	return state->folder;
}

enum pkg_code pkg_state_check(const struct pkg_state *state,
			      const struct pkg_state_entry *entry,
			      struct pkg_err *err)
{
	const struct state_row *row = find(state, entry);

	if (!entry->has_sequence)
		return pkg_refuse(err, PKG_NO, "no-sequence",
				  "it has no sequence number, so nobody can "
				  "tell whether it is older than what '%s' "
				  "knows",
				  state->path);
	if (row == NULL || entry->sequence > row->sequence)
		return PKG_OK;
	if (entry->sequence < row->sequence)
		return pkg_refuse(err, PKG_NO, "rollback",
				  "its sequence number is %" PRIu64
				  ", but %" PRIu64 " was accepted before",
				  entry->sequence, row->sequence);
	if (memcmp(entry->manifest_sha256, row->manifest_sha256, 32) == 0)
		return PKG_OK; /* the very same again */
	return pkg_refuse(err, PKG_NO, "sequence-reused",
			  "another manifest with the sequence number %" PRIu64
			  " was accepted before",
			  entry->sequence);
}

static enum pkg_code lock(struct pkg_state *state, struct pkg_err *err)
{
	while (flock(state->folder, LOCK_EX) != 0) {
		if (errno != EINTR)
			return pkg_fail_os(err, errno,
					   "cannot lock the folder of the "
					   "state file '%s'",
					   state->path);
	}
	state->locked = true;
	return PKG_OK;
}

static void unlock(struct pkg_state *state)
{
	if (state->locked)
		(void)flock(state->folder, LOCK_UN);
	state->locked = false;
}

/* The rows with @entry among them, in their order, in the arena. */
static enum pkg_code merge(const struct pkg_state *state,
			   struct state_rows *out,
			   const struct pkg_state_entry *entry,
			   struct pkg_err *err)
{
	struct state_row fresh = {
	    .tenant = entry->tenant,
	    .name = entry->name,
	    .device_config = entry->device_config,
	    .sequence = entry->sequence,
	};
	struct state_row *items = pkg_arena_array(
	    state->arena, state->rows.count + 1, sizeof(*items), err);
	size_t i = 0, count = 0;

	if (items == NULL)
		return err->code;
	memcpy(fresh.manifest_sha256, entry->manifest_sha256, 32);
	for (; i < state->rows.count &&
	       pkg_state_row_order(&state->rows.items[i], &fresh) < 0;
	     i++)
		items[count++] = state->rows.items[i];
	items[count++] = fresh;
	if (i < state->rows.count &&
	    pkg_state_row_order(&state->rows.items[i], &fresh) == 0)
		i++; /* that was its predecessor */
	for (; i < state->rows.count; i++)
		items[count++] = state->rows.items[i];
	*out = (struct state_rows){items, count};
	return PKG_OK;
}

static enum pkg_code write_new(struct pkg_state *state,
			       const struct state_rows *rows,
			       struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = PKG_LIMIT_STATE};
	const struct pkg_outfile_options options = {.force = true,
						    .seekable = true};

	if (pkg_state_rows_write(&text, rows, err) != PKG_OK)
		return pkg_wrap(err, "state file '%s'", state->path);
	PKG_TRY(pkg_outfile_open(&state->file, state->folder, state->base,
				 &options, err));
	return pkg_sink_write(pkg_outfile_sink(state->file), text.data,
			      text.len, err);
}

enum pkg_code pkg_state_prepare(struct pkg_state *state,
				const struct pkg_state_entry *entry,
				struct pkg_err *err)
{
	const struct state_row *row = NULL;
	struct state_rows rows = {0};

	PKG_TRY(lock(state, err));
	/* Somebody may have accepted something newer since the first look. */
	PKG_TRY(load(state, err));
	PKG_TRY(pkg_state_check(state, entry, err));
	row = find(state, entry);
	if (row != NULL && row->sequence == entry->sequence)
		return PKG_OK; /* nothing new to remember */
	PKG_TRY(merge(state, &rows, entry, err));
	return write_new(state, &rows, err);
}

enum pkg_code pkg_state_commit(struct pkg_state *state, struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;

	if (state->file != NULL)
		code = pkg_outfile_commit(state->file, UINT64_MAX, err);
	pkg_outfile_free(state->file);
	state->file = NULL;
	unlock(state);
	return code;
}

void pkg_state_free(struct pkg_state *state)
{
	if (state == NULL)
		return;
	pkg_outfile_free(state->file);
	unlock(state);
	if (state->folder >= 0)
		(void)close(state->folder);
	pkg_arena_free(state->arena);
	free(state->path);
	free(state);
}

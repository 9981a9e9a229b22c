/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/json.h"
#include "packline/limits.h"
#include "packline/snapshot.h"
#include "packline/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The saved listings of a server, for the verbs that take them. */

static enum pkg_code add_file(struct session *s, struct pkg_snapshot *snapshot,
			      const char *path, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_ANSWER_JSON};
	struct pkg_source_fd file;
	enum pkg_code code;
	const int fd =
	    openat(cli_dirfd(s->cli), path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return pkg_fail_os(err, errno, "%s", path);
	pkg_source_fd_init(&file, fd, path);
	code = pkg_source_slurp(&file.source, &text, err);
	(void)close(fd);
	if (code != PKG_OK)
		return code;
	return pkg_snapshot_add(snapshot, path, text.data, text.len, err);
}

/* All files below a folder whose names end in .json. */
static enum pkg_code add_folder(struct session *s,
				struct pkg_snapshot *snapshot, const char *path,
				struct pkg_err *err)
{
	PKG_AUTO(pkg_walk) struct pkg_walk *walk = NULL;
	struct pkg_walk_entry entry;
	bool more = true;

	PKG_TRY(pkg_walk_new(&walk, cli_dirfd(s->cli), path, err));
	for (;;) {
		size_t len;

		PKG_TRY(pkg_walk_next(walk, &entry, &more, err));
		if (!more)
			return PKG_OK;
		len = strlen(entry.path);
		if (entry.kind == PKG_WALK_FILE && len > 5 &&
		    strcmp(entry.path + len - 5, ".json") == 0)
			PKG_TRY(add_file(s, snapshot, entry.path, err));
	}
}

enum pkg_code listing_read(struct session *s, struct pkg_snapshot *snapshot,
			   const char *path, struct pkg_err *err)
{
	struct stat st;

	if (fstatat(cli_dirfd(s->cli), path, &st, 0) == 0 &&
	    S_ISDIR(st.st_mode))
		return add_folder(s, snapshot, path, err);
	return add_file(s, snapshot, path, err);
}

enum pkg_code listing_bind(struct session *s,
			   const struct pkg_snapshot *snapshot,
			   const struct pkg_snapshot_options *options,
			   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_LOCK_JSON};
	struct pkg_json_input input = {.name = "what the server has",
				       .max_depth = PKG_LIMIT_LOCK_DEPTH};
	struct pkg_node *root = NULL;
	struct pkg_sink_buf sink;

	pkg_sink_buf_init(&sink, &text);
	PKG_TRY(pkg_snapshot_write(snapshot, options, &sink.sink, err));
	input.data = text.data;
	input.len = text.len;
	PKG_TRY(pkg_json_parse(&root, s->arena, &input, err));
	PKG_TRY(pkg_manifest_bind(&s->manifest, s->arena, root, true, &s->diag,
				  err));
	return session_judge(s, err);
}

enum pkg_code session_open_listing(struct session *s, struct cli *cli,
				   const char *path, struct pkg_err *err)
{
	/* What a server does not tell, and nobody asks for here. */
	static const struct pkg_snapshot_options options = {.tenant = "server",
							    .name = "listing",
							    .version = "1",
							    .files = "files"};
	PKG_AUTO(pkg_snapshot) struct pkg_snapshot *snapshot = NULL;

	PKG_TRY(session_start(s, cli, "", err));
	PKG_TRY(pkg_snapshot_new(&snapshot, s->arena, err));
	PKG_TRY(listing_read(s, snapshot, path, err));
	return listing_bind(s, snapshot, &options, err);
}

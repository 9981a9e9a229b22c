/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-hash/hash.h"

#include "packline/limits.h"
#include "packline/path.h"
#include "packline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_stdin(const char *path)
{
	return strcmp(path, "-") == 0;
}

enum pkg_code hash_inputs_open(struct hash_inputs *inputs,
			       const struct hash_options *options,
			       struct hash_failures *failures, int argc,
			       char **argv, struct pkg_err *err)
{
	static char dash[] = "-";
	static char *only_stdin[] = {dash};
	const char *list =
	    options->list == NULL && options->null ? dash : options->list;
	int fd = STDIN_FILENO, dashes = 0;

	*inputs = (struct hash_inputs){
	    .options = options,
	    .failures = failures,
	    .dirfd = cli_dirfd(failures->cli),
	    .operands = argc > 0 ? argv : only_stdin,
	    .count = argc > 0 ? argc : 1,
	    .names.max = PKG_LIMIT_PATH + PKG_IO_CHUNK,
	    .first_link.max = PKG_LIMIT_PATH,
	};
	for (int i = 0; i < argc; i++)
		dashes += is_stdin(argv[i]);
	if (dashes > 1)
		return pkg_fail(err, PKG_USAGE,
				"standard input can be read only once");
	if (list == NULL)
		return PKG_OK;
	if (!is_stdin(list))
		PKG_TRY(pkg_path_open(&fd, inputs->dirfd, list, err));
	pkg_source_fd_init(&inputs->file, fd,
			   is_stdin(list) ? "standard input" : list);
	inputs->list = &inputs->file.source;
	return PKG_OK;
}

void hash_inputs_fini(struct hash_inputs *inputs)
{
	if (inputs->list != NULL && inputs->file.fd != STDIN_FILENO)
		(void)close(inputs->file.fd);
	pkg_walk_free(inputs->walk);
	pkg_buf_fini(&inputs->names);
	pkg_buf_fini(&inputs->first_link);
}

/* Read more names behind those that are there. */
static enum pkg_code read_names(struct hash_inputs *inputs, struct pkg_err *err)
{
	struct pkg_buf *names = &inputs->names;
	size_t got = 0;

	if (inputs->start > 0)
		memmove(names->data, names->data + inputs->start,
			names->len - inputs->start);
	names->len -= inputs->start;
	inputs->start = 0;
	if (names->len >= PKG_LIMIT_PATH)
		return pkg_fail(err, PKG_INPUT,
				"'%s': a name of more than %u bytes; is it a "
				"list with NULs?",
				inputs->list->name, PKG_LIMIT_PATH - 1);
	PKG_TRY(pkg_buf_reserve(names, PKG_IO_CHUNK, err));
	PKG_TRY(pkg_source_read(inputs->list, names->data + names->len,
				PKG_IO_CHUNK, &got, err));
	names->len += got;
	names->data[names->len] = '\0'; /* the last name may have none */
	if (got == 0 && inputs->list->total == names->len && names->len > 0 &&
	    names->data[names->len - 1] == '\n') {
		(void)pkg_fail(err, PKG_INPUT,
			       "'%s' has lines, not names ended by NUL",
			       inputs->list->name);
		return pkg_hint(err, "find has -print0, git ls-files -z, "
				     "pkg-manifest files -0");
	}
	return PKG_OK;
}

/* The next name of the list; NULL at its end. */
static enum pkg_code next_name(struct hash_inputs *inputs, const char **name,
			       struct pkg_err *err)
{
	const struct pkg_buf *names = &inputs->names;
	const char *nul = NULL;

	while (nul == NULL && !inputs->list->ended) {
		nul = memchr(pkg_buf_str(names) + inputs->start, '\0',
			     names->len - inputs->start);
		if (nul == NULL)
			PKG_TRY(read_names(inputs, err));
	}
	*name = NULL;
	if (inputs->start < names->len) {
		*name = pkg_buf_str(names) + inputs->start;
		inputs->start += strlen(*name) + 1;
	}
	return PKG_OK;
}

/* What is not there is said by who opens it. */
static enum pkg_code is_folder(const struct hash_inputs *inputs,
			       const char *path, bool *yes, struct pkg_err *err)
{
	struct stat st;

	*yes = false;
	if (fstatat(inputs->dirfd, path, &st, 0) == 0)
		*yes = S_ISDIR(st.st_mode);
	else if (errno != ENOENT && errno != ENOTDIR)
		return pkg_fail_os(err, errno, "cannot look at '%s'", path);
	return PKG_OK;
}

static enum pkg_code note_link(struct hash_inputs *inputs, const char *path,
			       struct pkg_err *err)
{
	if (inputs->links++ > 0)
		return PKG_OK;
	return pkg_buf_puts(&inputs->first_link, path, err);
}

/* The next file of the folder; item->path stays NULL at its end. */
static enum pkg_code next_in_folder(struct hash_inputs *inputs,
				    struct pkg_hasher_item *item,
				    struct pkg_err *err)
{
	struct pkg_walk_entry entry;
	bool more = true;

	PKG_TRY(pkg_walk_next(inputs->walk, &entry, &more, err));
	if (!more) {
		pkg_walk_free(inputs->walk);
		inputs->walk = NULL;
		return PKG_OK;
	}
	if (entry.kind == PKG_WALK_LINK)
		return note_link(inputs, entry.path, err);
	item->path = entry.path;
	item->nofollow = true;
	return PKG_OK;
}

/* The next operand or name, which may be a folder to walk. */
static enum pkg_code next_named(struct hash_inputs *inputs,
				struct pkg_hasher_item *item, bool *more,
				struct pkg_err *err)
{
	const char *name = NULL;
	bool folder = false;

	if (inputs->list != NULL) {
		inputs->broken = true;
		PKG_TRY(next_name(inputs, &name, err));
		inputs->broken = false;
	} else if (inputs->next < inputs->count) {
		name = inputs->operands[inputs->next++];
	}
	*more = name != NULL;
	if (name == NULL)
		return PKG_OK;
	/* In a list every name is that of a file, "-" too. */
	if (inputs->list == NULL && is_stdin(name))
		item->fd = STDIN_FILENO;
	else if (inputs->options->recursive)
		PKG_TRY(is_folder(inputs, name, &folder, err));
	if (folder)
		return pkg_walk_new(&inputs->walk, inputs->dirfd, name, err);
	item->path = name;
	return PKG_OK;
}

enum pkg_code hash_inputs_next(struct hash_inputs *inputs,
			       struct pkg_hasher_item *item, bool *more,
			       struct pkg_err *err)
{
	*more = true;
	while (*more) {
		struct pkg_err failed = PKG_ERR_INIT;
		enum pkg_code code;

		item->path = NULL;
		if (inputs->walk != NULL)
			code = next_in_folder(inputs, item, &failed);
		else
			code = next_named(inputs, item, more, &failed);
		if (code == PKG_OK && item->path == NULL)
			continue;
		if (code == PKG_OK &&
		    pkg_utf8_valid(item->path, strlen(item->path)))
			return PKG_OK;
		if (code == PKG_OK) {
			(void)pkg_refuse(&failed, PKG_INPUT, "not-utf8",
					 "the path '%s' is not UTF-8",
					 item->path);
			(void)pkg_hint(&failed, "rename the file");
		}
		/* A broken list cannot be gone on with, a folder can. */
		if (inputs->broken) {
			*err = failed;
			return code;
		}
		hash_failed(inputs->failures, &failed);
	}
	return PKG_OK;
}

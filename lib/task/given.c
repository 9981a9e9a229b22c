/* SPDX-License-Identifier: Apache-2.0 */
#include "task/impl.h"

#include "packline/path.h"

#include <string.h>

static const char *name_of(const struct pkg_seal_create *package, size_t i)
{
	const char *path = package->files.items[i];

	if (strcmp(path, "-") != 0)
		return pkg_path_basename(path);
	return package->stdin_name != NULL ? package->stdin_name : path;
}

/*
 * All of them with a name, or one for each file in its place: with fewer, or
 * some of each, nobody could tell whose is missing.
 */
static enum pkg_code check_forms(const struct pkg_seal_create *package,
				 bool *by_place, struct pkg_err *err)
{
	const struct pkg_seal_words *given = &package->given;
	size_t bare = 0;

	for (size_t i = 0; i < given->count; i++)
		bare += strchr(given->items[i], '=') == NULL;
	*by_place = bare > 0;
	if (bare == 0 || bare == package->files.count) {
		if (bare == given->count || bare == 0)
			return PKG_OK;
	}
	(void)pkg_fail(err, PKG_USAGE,
		       bare < given->count
			   ? "some digests have a name, and some have none"
			   : "digests without names must be as many as the "
			     "files: the first is of the first file, and so "
			     "on");
	return pkg_hint(err, "write NAME=DIGEST, with the name of the file");
}

enum pkg_code pkg_task_name_given(struct pkg_seal_create *package,
				  struct pkg_arena *arena, struct pkg_err *err)
{
	const size_t count = package->given.count;
	const char **words = NULL;
	bool by_place = false;

	PKG_TRY(check_forms(package, &by_place, err));
	if (!by_place)
		return PKG_OK;
	words = pkg_arena_array(arena, count, sizeof(*words), err);
	if (words == NULL)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		words[i] =
		    pkg_arena_printf(arena, err, "%s=%s", name_of(package, i),
				     package->given.items[i]);
		if (words[i] == NULL)
			return err->code;
	}
	package->given = (struct pkg_seal_words){words, count};
	return PKG_OK;
}

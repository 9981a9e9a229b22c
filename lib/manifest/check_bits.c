/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "files.h"

#include <string.h>

/* The rules about packages for Cloud Foundry, once the files are known. */
enum { BITS_FILES = 65534 }; /* what a ZIP without zip64 can count */

/*
 * What every reader of the ZIP, and the server's own check, takes for a plain
 * path below the root.
 */
static bool is_safe(const char *name)
{
	if (*name == '~')
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '\\' || (uint8_t)*p < 0x20 || *p == 0x7F)
			return false;
	}
	return true;
}

/* The path in the package, NULL if it is not below the folder. */
static const char *name_of(const struct pkg_module *m, const char *path)
{
	const size_t len = strlen(m->bits->text);

	if (strncmp(path, m->bits->text, len) != 0 || path[len] != '/')
		return NULL;
	return path + len + 1;
}

static enum pkg_code check_file(const struct checker *c,
				const struct pkg_module *m,
				const struct pkg_pinned *f)
{
	const char *name = name_of(m, f->path);
	const char *normal;

	PKG_TRY(pkg_files_normal(&normal, c->arena, f->path, c->sink->err));
	if (name == NULL || normal == NULL || strcmp(normal, f->path) != 0)
		return pkg_rule_add(c->sink, RULE_PATH_OUTSIDE, f->at, NULL,
				    "'%s' is not a plain path beneath '%s'",
				    f->path, m->bits->text);
	if (!is_safe(name))
		return pkg_rule_add(c->sink, RULE_BITS_PATH, f->at, NULL,
				    "'%s' is no path for a package", f->path);
	return PKG_OK;
}

enum pkg_code pkg_check_bits(const struct checker *c,
			     const struct pkg_module *m)
{
	const struct pkg_pinned *f = m->bits_files.items;
	const int64_t quota = c->profile->package_size;
	uint64_t total = 0;

	if (m->bits == NULL)
		return PKG_OK;
	for (size_t i = 0; i < m->bits_files.count; i++) {
		if (f[i].path == NULL)
			return PKG_OK; /* a lock's binding said so */
		PKG_TRY(check_file(c, m, &f[i]));
		if (i > 0 && strcmp(f[i - 1].path, f[i].path) >= 0)
			PKG_TRY(pkg_rule_add(
			    c->sink, RULE_DUPLICATE, f[i].at, NULL,
			    "'%s' is not behind the file before it",
			    f[i].path));
		if (f[i].size > 0)
			total += (uint64_t)f[i].size;
	}
	if (m->bits_files.count > BITS_FILES)
		PKG_TRY(pkg_rule_add(c->sink, RULE_BITS_COUNT, m->bits, NULL,
				     "'%s' has %zu files", m->bits->text,
				     m->bits_files.count));
	if (quota > 0 && total > (uint64_t)quota)
		PKG_TRY(
		    pkg_rule_add(c->sink, RULE_BITS_SIZE, m->bits, NULL,
				 "'%s' has %llu bytes, the server allows %lld",
				 m->bits->text, (unsigned long long)total,
				 (long long)quota));
	return PKG_OK;
}

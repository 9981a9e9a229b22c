/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "files.h"

#include "packline/text.h"

#include <string.h>

/* The rules about artifacts, once it is known which there are. */

static bool ends_in_md5sum(const char *name)
{
	static const char tail[] = ".MD5SUM";
	const size_t len = strlen(name), n = sizeof(tail) - 1;

	if (len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char c = name[len - n + i];

		if (c != tail[i] && c != (tail[i] | 0x20))
			return false;
	}
	return true;
}

static bool plain_name(const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '/' || *p == '\\' || (uint8_t)*p < 0x20 || *p == 0x7F)
			return false;
	}
	return true;
}

static enum pkg_code check_filename(const struct checker *c,
				    const struct pkg_pinned *a)
{
	if (!plain_name(a->filename))
		PKG_TRY(pkg_rule_add(c->sink, RULE_FILENAME_FORM, a->at, NULL,
				     "filename '%s' is no plain name",
				     a->filename));
	if (strpbrk(a->filename, ";%") != NULL)
		PKG_TRY(pkg_rule_add(c->sink, RULE_FILENAME_PATH, a->at, NULL,
				     "devices cannot fetch filename '%s'",
				     a->filename));
	if (ends_in_md5sum(a->filename))
		PKG_TRY(
		    pkg_rule_add(c->sink, RULE_FILENAME_MD5SUM, a->at, NULL,
				 "filename '%s' is one that the server serves "
				 "itself",
				 a->filename));
	if (pkg_utf16_length(a->filename, strlen(a->filename)) > 256)
		PKG_TRY(pkg_rule_add(c->sink, RULE_FILENAME_LENGTH, a->at, NULL,
				     "filename '%.40s...' is longer than 256 "
				     "characters",
				     a->filename));
	if (pkg_check_has_markup(a->filename))
		PKG_TRY(
		    pkg_rule_add(c->sink, RULE_MARKUP, a->at, NULL,
				 "the server takes filename '%s' for XML and "
				 "refuses it",
				 a->filename));
	return PKG_OK;
}

static enum pkg_code check_size(const struct checker *c,
				const struct pkg_pinned *a)
{
	const int64_t quota = c->profile->artifact_size;

	if (a->size == 0)
		return pkg_rule_add(c->sink, RULE_EMPTY_ARTIFACT, a->at, NULL,
				    "'%s' is empty", a->path);
	if (quota > 0 && a->size > quota)
		return pkg_rule_add(
		    c->sink, RULE_ARTIFACT_SIZE, a->at, NULL,
		    "'%s' has %lld bytes, the server allows %lld", a->path,
		    (long long)a->size, (long long)quota);
	return PKG_OK;
}

/* Files are kept once by the server; the same path is the same file. */
struct storage {
	struct pkg_map paths;
	uint64_t total;
};

/* A manifest's paths were looked at when they were selected; a lock may come
   from anywhere, and its files are read, too. */
static enum pkg_code check_path(const struct checker *c,
				const struct pkg_pinned *a, const char *path)
{
	const char *normal;

	if (!c->manifest->locked || path == NULL)
		return PKG_OK;
	PKG_TRY(pkg_files_normal(&normal, c->arena, path, c->sink->err));
	if (normal != NULL && strcmp(normal, path) == 0)
		return PKG_OK;
	return pkg_rule_add(c->sink, RULE_PATH_OUTSIDE, a->at, NULL,
			    "'%s' is not a plain path beneath the folder",
			    path);
}

static enum pkg_code check_artifact(const struct checker *c,
				    const struct pkg_pinned *a,
				    struct pkg_map *names,
				    struct storage *storage)
{
	struct pkg_err *err = c->sink->err;
	const char *folded;
	const void *before;

	if (a->filename == NULL || a->path == NULL)
		return PKG_OK; /* a lock's binding said so */
	PKG_TRY(check_path(c, a, a->path));
	PKG_TRY(check_path(c, a, a->seal));
	PKG_TRY(check_filename(c, a));
	PKG_TRY(check_size(c, a));
	PKG_TRY(pkg_map_add(&storage->paths, a->path, a, &before, err));
	if (before == NULL && a->size > 0)
		storage->total += (uint64_t)a->size;
	folded = pkg_model_fold(c->arena, a->filename, err);
	if (folded == NULL)
		return err->code;
	PKG_TRY(pkg_map_add(names, folded, a, &before, err));
	if (before != NULL)
		return pkg_rule_add(c->sink, RULE_FILENAME_CLASH, a->at, NULL,
				    "'%s' and '%s' would both be '%s' in this "
				    "module",
				    ((const struct pkg_pinned *)before)->path,
				    a->path, a->filename);
	return PKG_OK;
}

static enum pkg_code check_count(const struct checker *c,
				 const struct pkg_module *m)
{
	const int64_t quota = c->profile->artifacts_per_module;
	const struct pkg_module_type *type =
	    m->type != NULL
		? pkg_manifest_module_type(c->manifest, m->type->text)
		: NULL;

	if (quota > 0 && m->artifacts.count > (uint64_t)quota)
		PKG_TRY(pkg_rule_add(c->sink, RULE_TOO_MANY_ARTIFACTS, m->at,
				     NULL,
				     "%zu artifacts, the server allows %lld",
				     m->artifacts.count, (long long)quota));
	if (type != NULL && !pkg_check_older(c, 10000) &&
	    (int64_t)m->artifacts.count < type->min_artifacts.value)
		PKG_TRY(pkg_rule_add(c->sink, RULE_MIN_ARTIFACTS, m->at, NULL,
				     "module '%s' has %zu artifacts, type '%s' "
				     "demands %lld",
				     rule_text(m->name), m->artifacts.count,
				     m->type->text,
				     (long long)type->min_artifacts.value));
	return PKG_OK;
}

static enum pkg_code check_all(const struct checker *c, struct storage *storage)
{
	const struct pkg_module *modules = c->manifest->modules.items;
	const uint64_t quota = (uint64_t)c->profile->artifact_storage;
	PKG_AUTO_FINI(pkg_map) struct pkg_map names = {0};

	for (size_t i = 0; i < c->manifest->modules.count; i++) {
		const struct pkg_module *m = &modules[i];
		const struct pkg_pinned *a = m->artifacts.items;

		pkg_map_clear(&names);
		PKG_TRY(check_count(c, m));
		PKG_TRY(pkg_check_bits(c, m));
		for (size_t k = 0; k < m->artifacts.count; k++)
			PKG_TRY(check_artifact(c, &a[k], &names, storage));
		if (m->sbom_file != NULL)
			PKG_TRY(
			    check_path(c, m->sbom_file, m->sbom_file->path));
	}
	if (quota > 0 && storage->total > quota)
		return pkg_rule_add(
		    c->sink, RULE_STORAGE_EXCEEDED, c->manifest->modules.at,
		    NULL,
		    "%llu bytes in all, the server keeps %llu for "
		    "a tenant",
		    (unsigned long long)storage->total,
		    (unsigned long long)quota);
	return PKG_OK;
}

enum pkg_code pkg_manifest_check_artifacts(const struct pkg_manifest *manifest,
					   const struct pkg_profile *profile,
					   struct pkg_diag *diag,
					   struct pkg_err *err)
{
	const struct rule_sink sink = {diag, err};
	const struct checker c = {.manifest = manifest,
				  .profile = profile,
				  .sink = &sink,
				  .arena = diag->arena};
	struct storage storage = {0};
	const enum pkg_code code = check_all(&c, &storage);

	pkg_map_fini(&storage.paths);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_FILES_H
#define MANIFEST_FILES_H

#include "model.h"

/*
 * The files that selectors choose from: a folder, or records that stand for
 * one.  Listings are made once for each folder that patterns start in.
 */
struct file_entry {
	const char *path; /* relative, no "." or ".." */
	int64_t size;     /* bytes; -1 = not looked at yet */
};

struct file_list {
	struct file_entry *items; /* in byte order of the paths */
	size_t count;
};

struct files {
	struct pkg_arena *arena;
	int dirfd;                  /* -1 = records only */
	struct pkg_map lists;       /* folder → struct file_list */
	struct file_list records;   /* of all, dirfd -1 */
	struct pkg_map record_path; /* path → struct file_entry */
};

void pkg_files_fini(struct files *files);
/* The regular files beneath @folder ("" = all); borrowed from the arena. */
PKG_MUST_CHECK enum pkg_code pkg_files_list(struct files *files,
					    const struct file_list **out,
					    const char *folder,
					    struct pkg_err *err);

enum file_kind { FILE_REGULAR, FILE_MISSING, FILE_OTHER };

/* Look at one path: its kind and size. */
PKG_MUST_CHECK enum pkg_code pkg_files_stat(struct files *files,
					    enum file_kind *kind, int64_t *size,
					    const char *path,
					    struct pkg_err *err);
/*
 * Drop "." and empty components of @path, which must live as long as the
 * arena; NULL in *out if it is absolute, has a ".." or nothing left.
 */
PKG_MUST_CHECK enum pkg_code pkg_files_normal(const char **out,
					      struct pkg_arena *arena,
					      const char *path,
					      struct pkg_err *err);
/*
 * The files of the package of @m, which has bits: all below its folder but
 * what .cfignore and cf's own list name.
 */
PKG_MUST_CHECK enum pkg_code pkg_select_bits(struct pkg_module *m,
					     struct files *files,
					     const struct rule_sink *sink);
/* The same as pkg_manifest_select(), from @files. */
PKG_MUST_CHECK enum pkg_code pkg_select_all(struct pkg_manifest *manifest,
					    struct files *files,
					    const struct rule_sink *sink);

#endif

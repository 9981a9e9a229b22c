/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_SPOOL_H
#define LEDGER_SPOOL_H

#include "packline/err.h"

#include <stdbool.h>

struct pkg_spool {
	char *path;       /* as the user named it, for messages */
	const char *kind; /* borrowed, a literal */
	int fd;           /* of SPOOL/KIND */
};

/* PKG_INPUT, reason "name-grammar", unless @name can name a @what. */
enum pkg_code pkg_spool_name(const char *name, const char *what,
			     struct pkg_err *err);
/*
 * Open the folder @name of @dirfd, which must belong to us or to root and be
 * writable by nobody else; a link is not followed.  @label is its path for
 * messages.
 */
enum pkg_code pkg_spool_folder(int *out, int dirfd, const char *name,
			       const char *label, struct pkg_err *err);
/* The same for the folder of a tenant of @spool. */
enum pkg_code pkg_spool_tenant(int *out, const struct pkg_spool *spool,
			       const char *tenant, struct pkg_err *err);
/* The same, made if it is missing. */
enum pkg_code pkg_spool_make_tenant(int *out, const struct pkg_spool *spool,
				    const char *tenant, struct pkg_err *err);
/*
 * Is the folder of @tenant ours (or root's), and may we look into it?  What is
 * gone is nobody's.  Fails with PKG_SYSTEM if nobody can tell.
 */
enum pkg_code pkg_spool_is_ours(bool *ours, const struct pkg_spool *spool,
				const char *tenant, struct pkg_err *err);
/* The mode for what is made in the folder @fd. */
enum pkg_code pkg_spool_mode(unsigned *out, int fd, struct pkg_err *err);

/* Names of a folder, sorted by bytes; the texts are owned. */
struct pkg_spool_names {
	char **items;
	size_t count, cap;
};

/* Add the folders of @fd that have a job's or a tenant's name. */
enum pkg_code pkg_spool_names_read(struct pkg_spool_names *out, int fd,
				   struct pkg_err *err);
void pkg_spool_names_fini(struct pkg_spool_names *names);

#endif

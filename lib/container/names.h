/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_NAMES_H
#define CONTAINER_NAMES_H

#include "packline/container.h"
#include "packline/zip.h"

/* Names of the members that have only one. */
#define MEMBER_MIMETYPE    "mimetype"
#define MEMBER_MANIFEST    "META-INF/manifest.json"
#define MEMBER_SIGNATURE_0 "META-INF/sig-00.p7s"
#define MEMBER_MAC         "META-INF/manifest.mac"
#define MEMBER_RECIPIENTS  "META-INF/recipients.p7m"
#define MEMBER_REQUEST     "META-INF/request.json"
#define MEMBER_REQUEST_ENC "META-INF/request.json.enc"
#define BUNDLE_PLAN        "plan.json"
#define MEMBER_PLAN        "payload/plan.json" /* unless encrypted */

/* How the members of one role are named. */
enum name_style {
	NAME_STYLE_SOURCE,    /* payload/<source name> */
	NAME_STYLE_NUMBER,    /* payload/000000 */
	NAME_STYLE_ENCRYPTED, /* payload/000000.enc */
};

typedef char member_name[PKG_ZIP_NAME_MAX + 1];

/* The text of a file's row, for the functions below. */
typedef const char *name_of(const void *rows, size_t index);

/*
 * Are the @count names @of(@rows) all different?  @fold: ASCII upper and
 * lower case are the same.
 * @dup  the index of one that is not, SIZE_MAX if all are.
 */
PKG_MUST_CHECK enum pkg_code pkg_names_unique(const void *rows, size_t count,
					      name_of *of, bool fold,
					      size_t *dup, struct pkg_err *err);
/* The style that members with these source names must have. */
PKG_MUST_CHECK enum pkg_code pkg_names_style(enum name_style *out,
					     const void *rows, size_t count,
					     name_of *of, bool encrypted,
					     struct pkg_err *err);
/* The name of member @index of its role. */
void pkg_name_member(member_name out, enum pkg_container_role role,
		     enum name_style style, size_t index,
		     const char *source_name);
/* "META-INF/sig-00.p7s" and the two names of an approval. */
void pkg_name_signature(member_name out, size_t index);
void pkg_name_approval(member_name json, member_name p7s, size_t index);

#endif

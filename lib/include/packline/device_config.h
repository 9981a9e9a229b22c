/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_DEVICE_CONFIG_H
#define PKG_DEVICE_CONFIG_H

#include "packline/auto.h"
#include "packline/container.h"
#include "packline/diag.h"
#include "packline/err.h"

#include <stdbool.h>

struct pkg_approval_policy; /* packline/approval_policy.h */
struct pkg_crypto;
struct pkg_sink;

/*
 * A device config: what a container for one kind of device looks like, who
 * can open it and who may make it.  YAML, at most PKG_LIMIT_YAML_CONFIG bytes.
 * Its digest is over the bytes of the file, and containers carry it.
 *
 * Paths in it are relative to its own folder; the struct holds them joined
 * with the path of that folder, so they can be opened relative to the dirfd
 * that the config itself was opened with.
 */

struct pkg_name_list {
	const char **items; /* NULL if count is 0 */
	size_t count;
};

/* Who may do what; a list that is absent allows everybody. */
struct pkg_acl {
	bool has_use, has_approve, has_sign;
	struct pkg_name_list use;     /* requesters: create */
	struct pkg_name_list approve; /* ids of officers: approve */
	struct pkg_name_list sign;    /* ids of signers: sign, pkg-verify */
};

struct pkg_device_config {
	const char *id;     /* deviceConfig: name of the device kind */
	const char *tenant; /* whose devices */
	enum pkg_container_kind kind;
	const char *suite; /* "packline-1" */
	/* Certificate files, "kek:[ID=]FILE", "password:"; none if signed. */
	struct pkg_name_list recipients;
	const char *signing_key;  /* path or pkcs11: URI, or NULL */
	const char *signing_cert; /* path, or NULL */
	/* Owned; what is made with it must be approved.  NULL = need not be. */
	struct pkg_approval_policy *policy;
	struct pkg_acl acl;
	char sha256[65];         /* of the file's bytes, lower-case hex */
	struct pkg_arena *arena; /* owned; holds all of the above */
};

PKG_API_BEGIN

/*
 * Read the device config @path.
 * @out    receives it; freed by the caller with pkg_device_config_free().
 * @crypto digests come from here.
 * @diag   receives everything that is wrong with the file; its arena must
 *         outlive what is printed of it.
 * @dirfd  folder that @path is relative to (AT_FDCWD is fine).
 * Fails with PKG_INPUT if the file is malformed or over a limit: @diag says
 * where; PKG_SYSTEM if it cannot be read.
 */
PKG_MUST_CHECK enum pkg_code
pkg_device_config_load(struct pkg_device_config **out,
		       struct pkg_crypto *crypto, struct pkg_diag *diag,
		       int dirfd, const char *path, struct pkg_err *err);
/*
 * Does the acl allow @who to use this config, to approve, to sign?
 * @who  the name that is known of him; NULL = nobody knows.
 * Fails with PKG_NO, reason "not-allowed".
 */
PKG_MUST_CHECK enum pkg_code
pkg_device_config_may_use(const struct pkg_device_config *config,
			  const char *who, struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
pkg_device_config_may_approve(const struct pkg_device_config *config,
			      const char *who, struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
pkg_device_config_may_sign(const struct pkg_device_config *config,
			   const char *who, struct pkg_err *err);
/*
 * Is a container as this config, which its manifest names, asks for?
 * @kind           of the container.
 * @policy_sha256  32 bytes: of the approval policy that it was made under;
 *                 NULL if under none.
 * Fails with PKG_NO, reason "wrong-device-config" if it is of another kind,
 * "unapproved" if the config has an approval policy and that is another one.
 */
PKG_MUST_CHECK enum pkg_code
pkg_device_config_check_made(const struct pkg_device_config *config,
			     enum pkg_container_kind kind,
			     const uint8_t *policy_sha256, struct pkg_err *err);
void pkg_device_config_free(
    struct pkg_device_config *config); /* NULL is fine */
/* The JSON Schema (draft-07) of a device config, newline included. */
PKG_MUST_CHECK enum pkg_code pkg_device_config_schema(struct pkg_sink *sink,
						      struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_device_config)

#endif

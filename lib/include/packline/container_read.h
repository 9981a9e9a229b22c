/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_CONTAINER_READ_H
#define PKG_CONTAINER_READ_H

#include "packline/container.h"
#include "packline/env.h"
#include "packline/sink.h"
#include "packline/source.h"

/*
 * Reading a container, step by step, in one pass over a source that may be a
 * pipe.  Nothing is believed: every function says what it has established,
 * and lib/verify calls them in the order of schemas/container.md:
 *
 *     pkg_container_open       framing, canonical manifest, head in limits
 *       (the caller verifies signatures, approvals, tenant, sequence, ...)
 *     pkg_container_check_recipients   their digest
 *     pkg_container_unlock     MAC, only if there is a key
 *     pkg_container_request    its digest, its plaintext, no contradiction
 *     pkg_container_next, pkg_container_read   for every file
 *     pkg_container_finish     central directory, end of file
 *
 * The reasons of refusals are listed in packline/container.h.
 */
struct pkg_container;
struct pkg_kek;
struct pkg_secret;

/* Everything in front of the payload; all borrowed from the container. */
struct pkg_container_head {
	struct pkg_container_bytes manifest_json;
	struct pkg_container_manifest manifest;
	uint8_t manifest_sha256[32]; /* the identity of the package */
	bool request_file; /* a .request: there are no files behind the head */
	/* signed or sealed, but without a signature: exit 1, "draft" */
	bool draft;
	size_t signature_count;
	struct pkg_container_bytes signatures[PKG_LIMIT_SIGNATURES];
	size_t approval_count;
	struct pkg_container_approval approvals[PKG_LIMIT_SIGNATURES];
	/* iff the kind is sealed or encrypted: */
	struct pkg_container_bytes recipients; /* DER, digest not compared */
	uint8_t mac[32]; /* not compared; all zero in a .request */
};

/* A file of the container: the metadata file, if any, then the payload. */
struct pkg_container_item {
	const struct pkg_container_member *member;
	/* NULL if the request is encrypted and there is no key */
	const struct pkg_container_file *file;
};

PKG_API_BEGIN

/*
 * Read the head of a container.
 * @out     receives it; freed by the caller with pkg_container_free().
 * @source  borrowed until then.
 * Establishes: the framing so far is the only legal one; manifest.json is
 * canonical and follows the rules of format 1; all members in front of the
 * payload are there, in order and within their limits.
 * Fails with PKG_INPUT; PKG_NO, reason "request-only"; PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_container_open(struct pkg_container **out,
						struct pkg_source *source,
						const struct pkg_env *env,
						struct pkg_err *err);
/*
 * The same, and take a signing request (.request) as well: head->request_file
 * tells.  Its request.json is in the clear, whatever the kind; there are no
 * files in it, so pkg_container_next() gives NULL at once.
 * pkg_container_unlock() is PKG_USAGE for it: nothing in it is encrypted.
 */
PKG_MUST_CHECK enum pkg_code pkg_container_open_any(struct pkg_container **out,
						    struct pkg_source *source,
						    const struct pkg_env *env,
						    struct pkg_err *err);
const struct pkg_container_head *
pkg_container_head(const struct pkg_container *container);
/*
 * Are the signatures strictly ascending by the SHA-256 of the SPKI that they
 * claim?  Fails with PKG_INPUT, reason "signature-order", or as
 * pkg_cms_parse() does.
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_check_order(const struct pkg_container *container,
			  struct pkg_err *err);
/*
 * Is recipients.p7m the listed one and in its profile?  PKG_OK at once if
 * there is none.  Fails with PKG_NO, reason "digest-mismatch", or PKG_INPUT,
 * reason "recipients-profile", also if manifest.json says how a password
 * becomes a key and not exactly one recipient is named after that key, or
 * does not say and there is one.
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_check_recipients(const struct pkg_container *container,
			       struct pkg_err *err);
/*
 * Use the content key @cek (of pkg_envelope_open(), copied) from here on.
 * Fails with PKG_NO, reason "mac-mismatch", if the manifest was not made with
 * it; PKG_USAGE if nothing is encrypted.
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_unlock(struct pkg_container *container,
		     const struct pkg_secret *cek, struct pkg_err *err);
/*
 * Unwrap the content key with a key-encryption key, or with the one that
 * manifest.json says is made of a password (scrypt: slow, 128 MiB), and use
 * it.
 * Fails as pkg_envelope_open_kek() and pkg_container_unlock(); a password
 * with PKG_NO, reason "not-a-recipient", if the container has none, and with
 * reason "unwrap-failed" if it is wrong.
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_unlock_kek(struct pkg_container *container,
			 const struct pkg_kek *kek, struct pkg_err *err);
/*
 * The request.
 * @request  receives it, borrowed; NULL if it is encrypted and there is no
 *           key (then only the stored bytes' digest was compared).
 * Establishes: its stored bytes are the listed ones, its plaintext has the
 * digest request_sha256, is canonical, and does not contradict the manifest.
 * Fails with PKG_NO, reason "digest-mismatch", "tag-mismatch" or
 * "plaintext-mismatch"; PKG_INPUT as pkg_container_request_decode() and
 * pkg_container_request_check().  Must be called before the first
 * pkg_container_next(); later calls give the same result again.
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_request(struct pkg_container *container,
		      const struct pkg_container_request **request,
		      struct pkg_err *err);
/* The plaintext of request.json, after the above gave one; else empty. */
struct pkg_container_bytes
pkg_container_request_json(const struct pkg_container *container);
/*
 * plan.json of a bundle.
 * @plan  receives its bytes, borrowed; len 0 if it is not a bundle, or if the
 *        plan is encrypted and there is no key.
 * To be called after pkg_container_request() and before the first
 * pkg_container_next(), which gives the plan again.  Not more than
 * PKG_LIMIT_PLAN_JSON and PKG_LIMIT_METADATA bytes are kept in memory.
 * Establishes: it is the file that the request lists.
 * Fails as pkg_container_read(), and in a .request with PKG_NO, reason
 * "digest-mismatch".
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_plan(struct pkg_container *container,
		   struct pkg_container_bytes *plan, struct pkg_err *err);
/*
 * Enter the next file.
 * @item  receives it, borrowed until the next call; NULL behind the last one.
 *        The file before must have been read.
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_next(struct pkg_container *container,
		   const struct pkg_container_item **item, struct pkg_err *err);
/*
 * Read the file just entered to its end.
 * @plain  receives its plaintext; NULL = nobody wants it.  Must be NULL for
 *         an encrypted file without a key.  What it got counts only if this
 *         returns PKG_OK.  Not finished here.
 * Establishes: CRC-32 and SHA-256 of the stored bytes; with a key all tags,
 * and that the plaintext is the one the request lists.
 */
PKG_MUST_CHECK enum pkg_code pkg_container_read(struct pkg_container *container,
						struct pkg_sink *plain,
						struct pkg_err *err);
/*
 * Compare the central directory and require the end of the source.  All files
 * must have been read.
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_finish(struct pkg_container *container, struct pkg_err *err);
void pkg_container_free(struct pkg_container *container); /* wipes the key */

PKG_API_END
PKG_DEFINE_AUTO(pkg_container)

#endif

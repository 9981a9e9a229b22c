/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_CONTAINER_H
#define PKG_CONTAINER_H

#include "packline/arena.h"
#include "packline/buf.h"
#include "packline/kdf.h"
#include "packline/limits.h"

#include <stdbool.h>

/*
 * What a container says, format 1: META-INF/manifest.json and
 * META-INF/request.json as C structs, their grammar and their canonical
 * bytes.  The byte format is in schemas/container.md.
 *
 * Reasons (stable ids) of refusals by everything in the container headers:
 *
 *   exit 3, it cannot be read as format 1
 *     truncated           ends too early
 *     framing             a byte of the ZIP framing is not the only legal one,
 *                         or a CRC-32 is wrong, or something follows the end,
 *                         or a member is missing, unknown or misplaced
 *     unsupported-format  another MIME type, format number or document type
 *     unsupported-suite   another suite than packline-1
 *     unsupported-extension  a critical key ("!...") in ext
 *     not-canonical       JSON that is malformed or not in its only spelling
 *     malformed-manifest  manifest.json breaks a rule of its own
 *     malformed-request   request.json does, or it contradicts the manifest
 *     malformed-approval  approval-NN.json breaks a rule of its own
 *     name-grammar        a member or source name outside its grammar
 *     limit               larger or more than format 1 allows
 *     signature-order     signatures not strictly ascending by SPKI
 *     recipients-profile  see packline/envelope.h
 *   exit 1, it can be read, and the answer is no
 *     request-only        a .request, not a container
 *     digest-mismatch     a member's bytes are not those that are listed
 *     mac-mismatch        the manifest was not made with this content key
 *     tag-mismatch        an encrypted segment is not authentic
 *     plaintext-mismatch  decrypts to something the request does not list
 */
#define PKG_CONTAINER_MIME "application/vnd.packline.container.v1+zip"
#define PKG_REQUEST_MIME   "application/vnd.packline.request.v1+zip"
#define PKG_SUITE_1        "packline-1"

/* Some bytes; borrowed. */
struct pkg_container_bytes {
	const uint8_t *data;
	size_t len;
};

/* An approval: what an officer says, and his signature over it. */
struct pkg_container_approval {
	struct pkg_container_bytes json, p7s;
};

enum pkg_container_kind {
	PKG_CONTAINER_SIGNED,    /* not encrypted */
	PKG_CONTAINER_SEALED,    /* encrypted and signed */
	PKG_CONTAINER_ENCRYPTED, /* encrypted, says nothing about its maker */
};

enum pkg_container_content {
	PKG_CONTAINER_FILES,
	PKG_CONTAINER_BUNDLE, /* plan.json and blobs named by their SHA-256 */
};

enum pkg_container_role {
	PKG_ROLE_RECIPIENTS,
	PKG_ROLE_REQUEST,
	PKG_ROLE_METADATA,
	PKG_ROLE_PAYLOAD,
};

/* What manifest and request say alike.  Texts are borrowed. */
struct pkg_container_subject {
	enum pkg_container_content content;
	const char *id;            /* lower-case UUID of 36 characters */
	const char *tenant;        /* pkg_container_is_name() */
	const char *name;          /* pkg_container_is_text() */
	const char *version;       /* pkg_container_is_text() */
	const char *created;       /* "2026-12-01T02:00:00Z", NULL = not said */
	const char *expires;       /* the same */
	int64_t sequence;          /* 0..2^53-1, -1 = none */
	const char *device_config; /* its id, a name; NULL = none */
	uint8_t device_config_sha256[32]; /* over the file's bytes */
};

/* One row of "members" in manifest.json. */
struct pkg_container_member {
	const char *name; /* in the ZIP */
	enum pkg_container_role role;
	bool encrypted; /* stored as a STREAM; its name ends in .enc */
	uint64_t size;  /* stored bytes */
	uint64_t
	    plain_size; /* bytes of the plaintext; == size if not encrypted */
	uint8_t sha256[32]; /* of the stored bytes */
};

struct pkg_container_manifest {
	struct pkg_container_subject subject;
	enum pkg_container_kind kind;
	const char *suite;
	uint8_t salt[32]; /* of the key derivation, unless kind is signed */
	bool has_kdf;
	struct pkg_kdf_scrypt kdf; /* of the one password recipient */
	bool has_policy;
	uint8_t policy_sha256[32];  /* of the approval policy, over its bytes */
	uint8_t request_sha256[32]; /* of the plaintext of request.json */
	const char *ext; /* canonical JSON of what is signed and not read; NULL
			    = nothing.  Decoded only: writers have none */
	size_t member_count;
	const struct pkg_container_member *members; /* in the file's order */
};

/* One row of "files" in request.json: the metadata file and the payload. */
struct pkg_container_file {
	const char *member; /* as in the manifest */
	const char
	    *source_name; /* UTF-8, one safe file name; extraction's name */
	enum pkg_container_role role;
	uint64_t size;      /* plaintext bytes */
	uint8_t sha256[32]; /* of the plaintext */
	bool has_given;     /* the maker was told the digest from elsewhere */
	uint8_t given_sha256[32];
};

struct pkg_container_request {
	struct pkg_container_subject subject;
	const char *requester; /* pkg_container_is_text(), NULL = not said */
	bool has_salt;         /* iff anything is encrypted */
	uint8_t salt[32];      /* hides the files' digests in request_sha256 */
	size_t file_count;
	const struct pkg_container_file *files; /* in the members' order */
};

enum pkg_decision {
	PKG_DECISION_APPROVED,
	PKG_DECISION_REJECTED,
};

/* META-INF/approval-NN.json: what an officer says about a request. */
struct pkg_approval {
	enum pkg_decision decision;
	const char *reason; /* pkg_approval_is_reason() */
	uint8_t request_sha256[32];
	const char *request_id; /* UUID of the container */
	const char *tenant;
	bool has_device_config;
	uint8_t device_config_sha256[32];
	uint8_t policy_sha256[32]; /* the approval policy he decided under */
	const char *officer_id;    /* pkg_container_is_name(), as is the role */
	const char *officer_role;
	const char *issued;  /* "2026-12-01T02:00:00Z": his claim */
	const char *expires; /* the same, later; NULL = not of itself */
};

struct pkg_crypto;

PKG_API_BEGIN

/*
 * True if @text is [A-Za-z0-9_][A-Za-z0-9._+-]* of at most
 * PKG_LIMIT_MEMBER_NAME bytes, without a trailing dot, and its part before the
 * first dot is not a Windows device (CON, PRN, AUX, NUL, COM1-9, LPT1-9 in any
 * case): tenants, ids of device configs, names of members.
 */
bool pkg_container_is_name(const char *text);
/* True if @text is UTF-8 of 1..PKG_LIMIT_TEXT_FIELD bytes, no control codes. */
bool pkg_container_is_text(const char *text);
/* True if @text is a time in its only spelling, "2026-12-01T02:00:00Z". */
bool pkg_container_is_time(const char *text);

/*
 * True if @text is UTF-8 of 1..PKG_LIMIT_REASON code points without control
 * codes: the reason of an approval.
 */
bool pkg_approval_is_reason(const char *text);
/* "APPROVED", "REJECTED". */
const char *pkg_decision_name(enum pkg_decision decision);

/* "signed", "sealed", "encrypted"; "files", "bundle"; "recipients", ... */
const char *pkg_container_kind_name(enum pkg_container_kind kind);
const char *pkg_container_content_name(enum pkg_container_content content);
const char *pkg_container_role_name(enum pkg_container_role role);

/*
 * Append the canonical bytes of a document to @out.
 * Fails with PKG_INPUT, reason "limit", over @out->max; PKG_SYSTEM if out of
 * memory.  The values are not judged: decoding does that.
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_manifest_encode(struct pkg_buf *out,
			      const struct pkg_container_manifest *manifest,
			      struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
pkg_container_request_encode(struct pkg_buf *out,
			     const struct pkg_container_request *request,
			     struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
pkg_approval_encode(struct pkg_buf *out, const struct pkg_approval *approval,
		    struct pkg_err *err);
/*
 * Read a document and hold it against every rule that it can break by itself.
 * @out    plain data; its texts and arrays live in @arena.
 * @data   @len bytes, which may be freed afterwards.
 * Fails with PKG_INPUT and a reason from the list above.
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_manifest_decode(struct pkg_container_manifest *out,
			      struct pkg_arena *arena, const void *data,
			      size_t len, struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_approval_decode(struct pkg_approval *out,
						 struct pkg_arena *arena,
						 const void *data, size_t len,
						 struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code
pkg_container_request_decode(struct pkg_container_request *out,
			     struct pkg_arena *arena, const void *data,
			     size_t len, struct pkg_err *err);
/*
 * Do @request (whose canonical bytes have the digest that the manifest names:
 * the caller has compared) and @manifest speak of the same thing: subject,
 * files and members one to one, names as derived from the source names, the
 * id of an unencrypted container as derived from the request.
 * Fails with PKG_INPUT, reason "malformed-request".
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_request_check(const struct pkg_container_request *request,
			    const struct pkg_container_manifest *manifest,
			    struct pkg_crypto *crypto, struct pkg_err *err);
/*
 * The id of a container in which nothing is encrypted: UUIDv8 (RFC 9562) of
 * the first 16 bytes of SHA-256 of @request with the id "".
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_derive_id(char out[PKG_AT_LEAST(37)],
			const struct pkg_container_request *request,
			struct pkg_crypto *crypto, struct pkg_err *err);

PKG_API_END

#endif

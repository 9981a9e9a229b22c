/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_CONTAINER_WRITE_H
#define PKG_CONTAINER_WRITE_H

#include "packline/cms.h"
#include "packline/container.h"
#include "packline/env.h"
#include "packline/outfile.h"

/*
 * Making a container: the payload is read once, encrypted if wanted, hashed
 * and written in the same pass; the head in front of it, whose length is
 * known beforehand, is filled in at the end.
 */

/* Where the bytes of one file come from. */
enum pkg_container_from {
	PKG_FROM_PATH, /* opened when its turn comes, and once before */
	PKG_FROM_FD,   /* from its current position to its end */
	PKG_FROM_MEMORY,
};

struct pkg_container_input {
	const char *source_name; /* what it is called inside; must be a safe
				    name, unique among all inputs */
	const char *path;        /* PKG_FROM_PATH: relative to dirfd.  Others:
				    for messages, NULL = source_name */
	const void *data;        /* PKG_FROM_MEMORY: borrowed */
	size_t len;              /* of data, bytes */
	enum pkg_container_from from;
	int dirfd;      /* PKG_FROM_PATH; AT_FDCWD is fine */
	int fd;         /* PKG_FROM_FD: borrowed; what is not a regular file is
			   spooled to a temporary file first */
	bool has_given; /* refuse the file unless its SHA-256 is... */
	uint8_t given_sha256[32]; /* ...this; the request repeats it */
};

struct pkg_container_spec {
	enum pkg_container_kind kind;
	/*
	 * id is ignored (made by the writer); created NULL = the time that
	 * the env's SOURCE_DATE_EPOCH says, else none.
	 */
	struct pkg_container_subject subject;
	const char *requester; /* NULL = not said */
	bool has_policy;
	uint8_t policy_sha256[32];
	/*
	 * The payload in its order, at least one.  A bundle: first plan.json,
	 * then blobs ascending by source_name, which is their SHA-256 in hex.
	 */
	const struct pkg_container_input *inputs;
	size_t input_count;
	const struct pkg_container_input *metadata; /* NULL = none */
	/* Certificates and key-encryption keys: none if kind is signed. */
	const struct pkg_certs *recipients; /* NULL = none */
	const struct pkg_kek *const *keks;  /* at most one of a password... */
	size_t kek_count;
	const struct pkg_kdf_scrypt *kdf; /* ...made by this; else NULL */
	/*
	 * The signer; NULL = make a draft (kind encrypted has none anyway).
	 * content_type is set by the writer.
	 */
	const struct pkg_cms_sign_options *signer;
	const char *tmpdir; /* for spooling; NULL = "/tmp" */
	/* Told now and then how many of all payload bytes are done; or NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t all);
	void *progress_context;
};

struct pkg_container_writer;

PKG_API_BEGIN

/*
 * Check everything that can be checked before a byte is written, and lay the
 * file out.
 * @out   receives it; freed by the caller with pkg_container_writer_free().
 * @env   borrowed, as is all that @spec points at, until that.
 * Fails with PKG_USAGE for a spec that makes no sense or a source name twice;
 * PKG_INPUT, reason "name-grammar" or "limit"; PKG_SYSTEM if a file cannot be
 * opened; PKG_KEY as pkg_cms_sign() and pkg_envelope_seal() do.
 */
PKG_MUST_CHECK enum pkg_code pkg_container_writer_new(
    struct pkg_container_writer **out, const struct pkg_env *env,
    const struct pkg_container_spec *spec, struct pkg_err *err);
/*
 * Bytes of the file, for pkg_outfile_options.size: exact, but for the few
 * bytes by which ECDSA signatures vary.
 */
uint64_t pkg_container_writer_size(const struct pkg_container_writer *writer);
/*
 * Write the container, once.
 * @file  new, opened seekable, nothing written yet.
 * @size  receives the final size, for pkg_outfile_commit(), which is left to
 *        the caller.
 * Fails with PKG_NO, reason "digest-mismatch", if a file has not the given
 * digest; PKG_SYSTEM, reason "changed", if a file changes while it is read;
 * PKG_SYSTEM on I/O errors; PKG_KEY if the key refuses.
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_writer_run(struct pkg_container_writer *writer,
			 struct pkg_outfile *file, uint64_t *size,
			 struct pkg_err *err);
/*
 * After that, what was written; borrowed.  The request is confidential if
 * anything is encrypted.
 */
const struct pkg_container_manifest *
pkg_container_writer_manifest(const struct pkg_container_writer *writer);
const struct pkg_container_request *
pkg_container_writer_request(const struct pkg_container_writer *writer);
const struct pkg_buf *
pkg_container_writer_manifest_json(const struct pkg_container_writer *writer);
const struct pkg_buf *
pkg_container_writer_request_json(const struct pkg_container_writer *writer);
/* SHA-256 of manifest.json: the identity of the package. */
const uint8_t *
pkg_container_writer_sha256(const struct pkg_container_writer *writer);
/*
 * After that, too: write the .request of the container, with the signature if
 * it has one.  Of an encrypted container nobody but a recipient can write it
 * later.
 * @sink  borrowed; is not finished.
 * The plan of a bundle must have come from PKG_FROM_MEMORY.  Fails as the
 * sink, or with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_writer_request_file(const struct pkg_container_writer *writer,
				  struct pkg_sink *sink, struct pkg_err *err);
void pkg_container_writer_free(struct pkg_container_writer *writer);

/* New members 3 and 4 for pkg_container_rewrite(). */
struct pkg_container_edit {
	const struct pkg_container_bytes *signatures;   /* DER, in any order */
	size_t signature_count;                         /* 0..16 */
	const struct pkg_container_approval *approvals; /* in any order */
	size_t approval_count;                          /* 0..16 */
};

struct pkg_container; /* packline/container_read.h */

/*
 * Write a container or a .request again with other signatures and approvals,
 * while it is read by the functions of packline/container_read.h.
 * @out        receives the copy; freed with pkg_container_copy_free().
 * @container  borrowed; pkg_container_request() was called, no file entered.
 * @sink       borrowed; receives the file from the front, is not finished.
 * Signatures and approvals are put in their order (ascending SPKI); that they
 * verify is the caller's to know.  Two of one key are PKG_USAGE, reason
 * "signature-order"; more than 16 are PKG_INPUT, reason "limit".
 * Other errors as the sink's and pkg_cms_parse()'s.
 *
 * With no signatures and no approvals the result is the same for every
 * rebuild of the same input (pkg-verify --unsigned-digest).
 */
struct pkg_container_copy;
PKG_MUST_CHECK enum pkg_code
pkg_container_copy_new(struct pkg_container_copy **out,
		       struct pkg_container *container,
		       const struct pkg_container_edit *edit,
		       struct pkg_sink *sink, struct pkg_err *err);
/* Instead of pkg_container_read(): the same, and copy the file. */
PKG_MUST_CHECK enum pkg_code
pkg_container_copy_read(struct pkg_container_copy *copy, struct pkg_sink *plain,
			struct pkg_err *err);
/* Instead of pkg_container_finish(): the same, and end the copy. */
PKG_MUST_CHECK enum pkg_code
pkg_container_copy_finish(struct pkg_container_copy *copy, struct pkg_err *err);
void pkg_container_copy_free(struct pkg_container_copy *copy);
/*
 * All of that in one call, for a container that was opened and no more.  The
 * payload is copied once and compared with the manifest on the way.
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_rewrite(struct pkg_container *container,
		      const struct pkg_container_edit *edit,
		      struct pkg_sink *sink, struct pkg_err *err);

/*
 * What a .request is made of.  recipients is empty iff the kind is "signed",
 * plan iff the content is not "bundle".
 */
struct pkg_container_request_parts {
	struct pkg_container_bytes manifest_json, request_json, recipients,
	    plan;
};
/*
 * Write a signing request.
 * @edit  signatures and approvals to begin with; NULL = none.
 * @sink  borrowed; receives the file from the front, is not finished.
 * The documents are the caller's to know.  Fails as pkg_container_copy_new().
 */
PKG_MUST_CHECK enum pkg_code
pkg_container_request_write(const struct pkg_container_request_parts *parts,
			    const struct pkg_container_edit *edit,
			    const struct pkg_env *env, struct pkg_sink *sink,
			    struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_container_writer)
PKG_DEFINE_AUTO(pkg_container_copy)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_REVIEW_H
#define PKG_REVIEW_H

#include "packline/buf.h"
#include "packline/env.h"
#include "packline/err.h"
#include "packline/seal.h"

#include <stdbool.h>

/*
 * What a person is shown before his key is used.
 *
 * Nothing on it can fool a terminal or hide behind it: of foreign text only
 * printable ASCII and letters of a few scripts that stand still are shown as
 * they are; all else becomes \xNN or \u{NNNN}, and so do spaces at an end or
 * side by side.  Text with anything but ASCII is shown a second time, in ASCII
 * alone, so that letters that look alike differ.  Lines are folded at 80
 * columns; nothing is cut.
 */
struct pkg_approvals;
struct pkg_batch;
struct pkg_cert_info;
struct pkg_sink;
struct pkg_source;

enum { PKG_REVIEW_COLUMNS = 80 };

/* All zero = the plain screen. */
struct pkg_review_options {
	/* What was signed last time: a container or a .request, to tell what
	   has changed.  Borrowed; its payload is not read, and nothing of it is
	   verified. */
	struct pkg_source *previous;
	const char *previous_name; /* for messages */
	bool utf8; /* the reader's terminal is known to speak UTF-8 */
	bool qr;   /* the digest as a QR code, with colours of the terminal */
};

/* Documents of a batch that are shown one by one; the others are counted. */
enum { PKG_REVIEW_DOCUMENTS = 1000 };

enum pkg_review_batch_act {
	PKG_REVIEW_ACCEPT,
	PKG_REVIEW_REJECT,
	PKG_REVIEW_RUN,
};

/* A batch that was validated; all borrowed. */
struct pkg_review_batch {
	enum pkg_review_batch_act act;
	const struct pkg_batch *batch;
	/* To tell what differs: any batch, of which nothing is verified. */
	const struct pkg_batch *previous; /* NULL = none */
	const char *reason; /* of an acceptance or a rejection; or NULL */
	const struct pkg_approvals *approvals; /* who has accepted; or NULL */
	const uint8_t *request_sha256;         /* 32 bytes, of request.json */
	/* The key to be used: pkg_key_name(), and its certificate; or NULL. */
	const char *key;
	const struct pkg_cert_info *cert;
};

PKG_API_BEGIN

/*
 * Write the screen about @subject to @sink, which is not finished.
 * Fails with PKG_USAGE for a QR code that this build cannot make; PKG_INPUT or
 * PKG_NO, with the name of the file, if the previous container cannot be read;
 * PKG_INPUT, reason "malformed-plan", if the plan of a bundle is none; or as
 * the sink does.
 */
PKG_MUST_CHECK enum pkg_code
pkg_review_write(struct pkg_sink *sink, const struct pkg_seal_subject *subject,
		 const struct pkg_review_options *options,
		 const struct pkg_env *env, struct pkg_err *err);
/*
 * The same about a batch: its documents with sizes and digests, the process,
 * who asked, who has accepted.  options->previous is not looked at.
 * Fails as pkg_batch_documents(), or as the sink does; PKG_USAGE as above.
 */
PKG_MUST_CHECK enum pkg_code pkg_review_batch_write(
    struct pkg_sink *sink, const struct pkg_review_batch *subject,
    const struct pkg_review_options *options, struct pkg_err *err);
/*
 * Append @text as it stands on the screen in ASCII alone: what has to be typed
 * to confirm it.  Fails as pkg_buf_add().
 */
PKG_MUST_CHECK enum pkg_code
pkg_review_ascii(struct pkg_buf *out, const char *text, struct pkg_err *err);
/*
 * Write what two people compare by telephone: the SHA-256 @digest (32 bytes) in
 * groups of four digits and as words, as they stand on the screen, to @sink.
 * Fails as the sink does.
 */
PKG_MUST_CHECK enum pkg_code
pkg_review_digest(struct pkg_sink *sink, const uint8_t digest[PKG_AT_LEAST(32)],
		  struct pkg_err *err);
/*
 * The PGP word of the byte @value at the place @index (0 is the first): of two
 * syllables at even places, of three at odd ones.
 */
const char *pkg_review_word(size_t index, uint8_t value);
/* True if this build can make QR codes. */
bool pkg_review_has_qr(void);

PKG_API_END

#endif

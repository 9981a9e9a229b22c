/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_AUDIT_H
#define PKG_AUDIT_H

#include "packline/auto.h"
#include "packline/buf.h"
#include "packline/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The audit log: who used which key for what, and who decided what.  Lines of
 * canonical JSON in a file that is only ever appended to; each holds a running
 * number and the SHA-256 of the line before it (schemas/audit.md).  A line is
 * written with one write() and synced before its function returns; writers of
 * one log take turns (flock).  A log that has grown too long is closed by a
 * last line, renamed to FILE.000001 and so on, and goes on in a new file whose
 * first line continues number and chain.  Texts are written so that no terminal
 * can be fooled by them (pkg_text_quote()).
 *
 * What happens to a key is told twice: before ("begin", the intent) and after
 * it ("end", with what came of it, or "failed").  So a key that was used while
 * the machine died has left a line, too.
 *
 * Reasons of refusals (PKG_NO):
 *
 *   log-chain      a line does not continue the one before it: changed,
 *                  removed, moved, doubled
 *   log-gap        a file of the log is missing, or a number is
 *   log-torn       the last line is not complete: the machine died while it
 *                  was written, or it was cut
 *   log-truncated  the log ends before a head that is known of it
 *   log-head       a head is of another log, or says something else of a line
 *   malformed-log  PKG_INPUT: a line that no version of Packline writes
 */
struct pkg_audit;
struct pkg_audit_files;
struct pkg_env;
struct pkg_sink;

/* A file that went in or came out. */
struct pkg_audit_item {
	const char *name; /* what it is called: path, member, document; UTF-8 */
	const uint8_t *sha256; /* 32 bytes */
};

enum pkg_audit_phase {
	PKG_AUDIT_DONE,   /* told at once: nothing can die in between */
	PKG_AUDIT_BEGIN,  /* about to happen */
	PKG_AUDIT_END,    /* has happened */
	PKG_AUDIT_FAILED, /* was begun, and came to nothing */
};

/* What to write; NULL and 0 = does not apply.  All borrowed. */
struct pkg_audit_entry {
	const char
	    *event; /* "sign", "approve", "batch-run", ...: [a-z][a-z0-9-]*,
		       but nothing that begins with "log-" */
	enum pkg_audit_phase phase;
	const char *tenant;
	const char *job; /* id of the batch, task or container */
	const char *key; /* pkg_key_name(): a path or URI without its query */
	const uint8_t *certificate; /* SHA-256 of its DER, 32 bytes */
	const struct pkg_audit_item *inputs;
	size_t input_count;
	const struct pkg_audit_item *outputs;
	size_t output_count;
	uint64_t begin; /* of PKG_AUDIT_END and _FAILED: the number of the line
			   that began it; 0 = the last that @audit began */
	const char *decision; /* APPROVED, REJECTED */
	const char *reason;   /* of the decision, or reason id of a failure */
	const char *note;     /* one sentence for people */
};

struct pkg_audit_options {
	const char *tool; /* name and version, "pkg-seal 0.3.0" */
	const char *who;  /* operator; NULL = the user's login name */
	uint64_t rotate;  /* bytes of one file; 0 = PKG_LIMIT_AUDIT_FILE */
};

/* The end of a log at one moment. */
struct pkg_audit_head {
	char log[37];       /* UUID of the log */
	uint64_t number;    /* of the last line, from 1 */
	uint8_t sha256[32]; /* of that line, newline included */
	int64_t time;       /* of that line, seconds since the epoch */
};

/* What a check has found. */
struct pkg_audit_report {
	struct pkg_audit_head head;
	uint64_t lines;
	size_t files;
	uint64_t open; /* "begin" without "end" or "failed" */
	uint64_t torn; /* times that a writer found the last line cut */
	size_t heads;  /* that were given and hold */
};

PKG_API_BEGIN

/*
 * Open the log @path to append to it; a new one is begun if there is none
 * (mode 0600).
 * @out    receives it; freed with pkg_audit_free().
 * @dirfd  folder that @path is relative to (AT_FDCWD is fine).
 * A last line that is not complete is what a dying machine leaves: it is cut
 * off, and a line says so ("log-torn", with the digest of what was cut).
 * Fails with PKG_INPUT, reason "malformed-log", if it is something else
 * ("not-a-file" if it is a link or a device); PKG_NO, reason "log-chain", if
 * its last lines do not belong together, "log-gap", if the last file is
 * missing; PKG_USAGE for "-"; PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code
pkg_audit_open(struct pkg_audit **out, const struct pkg_env *env, int dirfd,
	       const char *path, const struct pkg_audit_options *options,
	       struct pkg_err *err);
/*
 * Append a line and sync it.  May be called from one thread at a time.
 * @audit  NULL = no log is kept, PKG_OK.
 * Fails with PKG_SYSTEM: then the line is not there, and what it tells of must
 * not happen; PKG_INPUT, reason "limit", for a line or a text of it that is too
 * long; PKG_INTERNAL for an event or an end that cannot be; or as
 * pkg_audit_open() does, of what others did to the log meanwhile.
 */
PKG_MUST_CHECK enum pkg_code
pkg_audit_append(struct pkg_audit *audit, const struct pkg_audit_entry *entry,
		 struct pkg_err *err);
/* Number of the last line that was appended through @audit; NULL, none: 0. */
uint64_t pkg_audit_number(const struct pkg_audit *audit);
/*
 * The folder that it is in, borrowed: a sandbox must leave it to be written,
 * for a log that grows too long is rotated there (packline/sandbox.h).
 */
int pkg_audit_folder(const struct pkg_audit *audit);
void pkg_audit_free(struct pkg_audit *audit); /* NULL is allowed */

/*
 * Open the log @path with all its files to be read; what is appended from now
 * on does not count.  All that a check needs: a sandbox may close behind it.
 * @out  receives them; freed with pkg_audit_files_free().
 * Fails with PKG_NO, reason "log-gap", if one of them is missing; PKG_INPUT,
 * reason "not-a-file"; PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_audit_files_open(struct pkg_audit_files **out,
						  int dirfd, const char *path,
						  struct pkg_err *err);
void pkg_audit_files_free(struct pkg_audit_files *files); /* NULL is allowed */
/*
 * Check them: form, chain, numbers, gaps; and that the log goes through each of
 * @heads (@head_count, may be 0).
 * @out  filled as far as it got.
 * Fails with a reason of the list above; PKG_SYSTEM.
 */
PKG_MUST_CHECK enum pkg_code pkg_audit_check(struct pkg_audit_report *out,
					     const struct pkg_env *env,
					     struct pkg_audit_files *files,
					     const struct pkg_audit_head *heads,
					     size_t head_count,
					     struct pkg_err *err);
/*
 * A head as canonical JSON, newline included: to be signed (detached CMS,
 * content type id-data) and kept where the log is not.
 */
PKG_MUST_CHECK enum pkg_code
pkg_audit_head_encode(struct pkg_buf *out, const struct pkg_audit_head *head,
		      struct pkg_err *err);
/* Fails with PKG_INPUT, reason "malformed-log". */
PKG_MUST_CHECK enum pkg_code pkg_audit_head_decode(struct pkg_audit_head *out,
						   const void *data, size_t len,
						   struct pkg_err *err);
/* Print the JSON Schema of a line, and of a head; errors as the sink's. */
PKG_MUST_CHECK enum pkg_code pkg_audit_line_schema(struct pkg_sink *sink,
						   struct pkg_err *err);
PKG_MUST_CHECK enum pkg_code pkg_audit_head_schema(struct pkg_sink *sink,
						   struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_audit)
PKG_DEFINE_AUTO(pkg_audit_files)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_AUDIT_LINE_H
#define LEDGER_AUDIT_LINE_H

#include "packline/audit.h"
#include "packline/limits.h"

struct pkg_arena;
struct pkg_crypto;
struct pkg_schema;

/* Bytes of one line, its newline included. */
enum { AUDIT_LINE_MAX = PKG_LIMIT_RECORD_LINE };

/* Lines that the log writes of itself. */
enum audit_kind {
	AUDIT_OTHER,    /* of those who use it */
	AUDIT_FIRST,    /* log-begin: the first of all */
	AUDIT_ROTATE,   /* log-rotate: the last of a file that is closed */
	AUDIT_CONTINUE, /* log-continue: the first of the next file */
	AUDIT_TORN,     /* log-torn: the end of a line was cut off here */
};

/* What a line has from the log and the process, not from its entry. */
struct audit_stamp {
	const char *log;
	uint64_t number;
	const uint8_t *previous; /* 32 bytes; NULL = the first line */
	int64_t time;
	const char *tool, *operator;
	uint64_t uid;
};

/* What the chain has to know of a line. */
struct audit_link {
	char log[37];
	uint64_t number;
	bool first;           /* nothing is before it */
	uint8_t previous[32]; /* SHA-256 of the line before it */
	uint8_t sha256[32];   /* of this one, newline included */
	int64_t time;
	enum audit_kind kind;
	enum pkg_audit_phase phase;
	uint64_t begin; /* of PKG_AUDIT_END and _FAILED */
};

/* Reads lines; in caller memory. */
struct pkg_audit_reader {
	struct pkg_crypto *crypto; /* borrowed */
	struct pkg_schema *schema; /* owned */
};

enum pkg_code pkg_audit_reader_init(struct pkg_audit_reader *reader,
				    struct pkg_crypto *crypto,
				    struct pkg_err *err);
void pkg_audit_reader_fini(struct pkg_audit_reader *reader);
/*
 * Read one line: @len bytes, the last of which is its newline.
 * Fails with PKG_INPUT, reason "malformed-log"; PKG_SYSTEM.
 */
enum pkg_code pkg_audit_line_read(struct audit_link *out,
				  struct pkg_audit_reader *reader,
				  const void *data, size_t len,
				  struct pkg_err *err);
/*
 * Append a line of @entry, of @kind, with its newline to @out.
 * Fails with PKG_INPUT, reason "limit"; PKG_INTERNAL; PKG_SYSTEM.
 */
enum pkg_code pkg_audit_line_write(struct pkg_buf *out,
				   const struct audit_stamp *stamp,
				   enum audit_kind kind,
				   const struct pkg_audit_entry *entry,
				   struct pkg_err *err);

/* Read canonical JSON of at most @max bytes into @out, as @schema says. */
enum pkg_code pkg_audit_bind(void *out, struct pkg_arena *arena,
			     struct pkg_schema *schema, const void *data,
			     size_t len, struct pkg_err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_AUDIT_FILES_H
#define LEDGER_AUDIT_FILES_H

#include "ledger/audit.h"

/* The files of a log, oldest first, as they were when they were opened. */
struct pkg_audit_files {
	size_t count;
	struct audit_file {
		int fd;
		uint64_t size; /* bytes that count */
		char *name;    /* owned; for messages */
	} * items;
};

/* Goes through the lines of a file. */
struct audit_lines {
	struct audit_file *file;
	struct pkg_buf *room; /* borrowed; bytes read and not yet given out */
	uint64_t offset;      /* of the next byte to read */
	size_t start;         /* of the next line in room */
};

/*
 * The next line, its newline included, borrowed until the next call; the last
 * may have none; *@len is 0 at the end.
 * Fails with PKG_INPUT, reason "malformed-log" (a line that is too long);
 * PKG_SYSTEM.
 */
enum pkg_code pkg_audit_lines_next(struct audit_lines *lines,
				   const uint8_t **line, size_t *len,
				   struct pkg_err *err);

#endif

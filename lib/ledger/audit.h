/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_AUDIT_H
#define LEDGER_AUDIT_H

#include "ledger/audit_line.h"

#include <sys/types.h>

/* The end of a file of a log. */
struct audit_tail {
	uint64_t size;           /* bytes of whole lines */
	uint64_t torn;           /* bytes after them, without a newline */
	uint8_t torn_sha256[32]; /* of these */
	struct audit_link last;
};

struct pkg_audit {
	const struct pkg_env *env;
	struct pkg_audit_reader reader;
	char *path;       /* as the user named it */
	const char *base; /* its last component, inside path */
	char *tool, *operator;
	uint64_t uid, rotate;
	char fresh[37]; /* UUID if a log has to be begun */
	int folder;
	int fd;                 /* of the file that is appended to, or -1 */
	struct audit_tail tail; /* of fd; size 0 = not read yet */
	uint64_t known;         /* highest number that was seen: none is lost */
	uint64_t begun;         /* last that was begun and not ended, or 0 */
	uint64_t appended;      /* last that was appended for a caller, or 0 */
	bool stuck;             /* what is on the disk is not known any more */
};

/* Room for a name in the folder. */
enum { AUDIT_NAME = 256 };

/* Write the name of rotated file @number, from 1; false if it is too long. */
bool pkg_audit_file_name(char out[static AUDIT_NAME], const char *base,
			 uint64_t number);
/* The rotated files of @base that @folder has: how many, and the last. */
enum pkg_code pkg_audit_rotated(uint64_t *count, uint64_t *highest, int folder,
				const char *base, struct pkg_err *err);
/* Lock @fd, LOCK_EX or LOCK_SH; waits. */
enum pkg_code pkg_audit_lock(int fd, int how, const char *path,
			     struct pkg_err *err);
/* Is @fd what @base names in @folder? */
bool pkg_audit_is_current(int fd, int folder, const char *base);

/*
 * Read the last two lines of @fd, which must belong together.
 * Fails as pkg_audit_open().
 */
enum pkg_code pkg_audit_tail_read(struct audit_tail *out,
				  struct pkg_audit_reader *reader, int fd,
				  struct pkg_err *err);

/* A line of this log, after @last, which AUDIT_FIRST has no use for. */
enum pkg_code
pkg_audit_make_line(struct pkg_buf *out, const struct pkg_audit *audit,
		    const struct audit_link *last, enum audit_kind kind,
		    const struct pkg_audit_entry *entry, struct pkg_err *err);
/*
 * There is no file to append to: begin a log, or go on where a rotation was
 * interrupted.  PKG_OK also if somebody else did: open it again.
 */
enum pkg_code pkg_audit_start(struct pkg_audit *audit, struct pkg_err *err);
/*
 * Its file is locked and ends with AUDIT_ROTATE: give it its number, and begin
 * the next.  PKG_OK also if somebody else did: open it again.
 */
enum pkg_code pkg_audit_roll(struct pkg_audit *audit, struct pkg_err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/audit.h"

#include "packline/crypto.h"
#include "packline/env.h"
#include "packline/path.h"
#include "packline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum pkg_code
pkg_audit_make_line(struct pkg_buf *out, const struct pkg_audit *audit,
		    const struct audit_link *last, enum audit_kind kind,
		    const struct pkg_audit_entry *entry, struct pkg_err *err)
{
	const bool first = kind == AUDIT_FIRST;
	const struct audit_stamp stamp = {
	    .log = first ? audit->fresh : last->log,
	    .number = first ? 1 : last->number + 1,
	    .previous = first ? NULL : last->sha256,
	    .time = audit->env->now(audit->env),
	    .tool = audit->tool,
	    .operator= audit->operator,
	    .uid = audit->uid,
	};

	return pkg_audit_line_write(out, &stamp, kind, entry, err);
}

void pkg_audit_free(struct pkg_audit *audit)
{
	if (audit == NULL)
		return;
	if (audit->fd >= 0)
		(void)close(audit->fd);
	if (audit->folder >= 0)
		(void)close(audit->folder);
	pkg_audit_reader_fini(&audit->reader);
	free(audit->path);
	free(audit->tool);
	free(audit->operator);
	free(audit);
}

/* Times that somebody else may be faster, before it looks like a mistake. */
enum { ROUNDS = 100 };

static enum pkg_code open_file(struct pkg_audit *audit, struct pkg_err *err)
{
	struct stat st;

	/* O_NONBLOCK: opening a named pipe would wait for its reader. */
	audit->fd = openat(audit->folder, audit->base,
			   O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK |
			       O_NOCTTY | O_CLOEXEC);
	audit->tail = (struct audit_tail){0};
	if (audit->fd < 0 && errno == ENOENT)
		return PKG_OK;
	if (audit->fd < 0 && (errno == ELOOP || errno == ENXIO))
		return pkg_refuse(err, PKG_INPUT, "not-a-file",
				  "it is not a regular file");
	if (audit->fd < 0)
		return pkg_fail_os(err, errno, "cannot open it");
	if (fstat(audit->fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return pkg_refuse(err, PKG_INPUT, "not-a-file",
				  "it is not a regular file");
	return PKG_OK;
}

static void close_file(struct pkg_audit *audit)
{
	if (audit->fd >= 0)
		(void)close(audit->fd); /* and unlock it */
	audit->fd = -1;
	audit->tail = (struct audit_tail){0};
}

/* Lock the file that has the name now, whatever happened to ours. */
static enum pkg_code lock_file(struct pkg_audit *audit, struct pkg_err *err)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		if (audit->fd < 0)
			PKG_TRY(open_file(audit, err));
		if (audit->fd < 0) {
			PKG_TRY(pkg_audit_start(audit, err));
			continue;
		}
		PKG_TRY(pkg_audit_lock(audit->fd, LOCK_EX, audit->path, err));
		if (pkg_audit_is_current(audit->fd, audit->folder, audit->base))
			return PKG_OK;
		close_file(audit);
	}
	return pkg_fail(err, PKG_SYSTEM,
			"somebody else replaces it all the time");
}

/* Take back what was not written as a whole. */
static enum pkg_code take_back(struct pkg_audit *audit, struct pkg_err *err)
{
	if (ftruncate(audit->fd, (off_t)audit->tail.size) != 0 ||
	    fdatasync(audit->fd) != 0)
		audit->stuck = true;
	return pkg_failed_(err->code);
}

static enum pkg_code write_line(struct pkg_audit *audit,
				const struct pkg_buf *line, struct pkg_err *err)
{
	ssize_t n;

	do
		n = write(audit->fd, line->data, line->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return pkg_fail_os(err, errno, "cannot write to it");
	if ((size_t)n != line->len) {
		(void)pkg_fail_os(err, ENOSPC, "cannot write to it");
		return take_back(audit, err);
	}
	if (fdatasync(audit->fd) != 0) {
		(void)pkg_fail_os(err, errno, "cannot sync it");
		/* Nobody knows what of it has reached the disk. */
		audit->stuck = true;
		return take_back(audit, err);
	}
	return PKG_OK;
}

static enum pkg_code append_line(struct pkg_audit *audit,
				 const struct pkg_buf *line,
				 struct pkg_err *err)
{
	struct audit_link link = {0};

	/* What cannot be read must not be written. */
	if (pkg_audit_line_read(&link, &audit->reader, line->data, line->len,
				err) != PKG_OK)
		return err->code == PKG_INPUT ? pkg_because(err, "limit")
					      : pkg_failed_(err->code);
	PKG_TRY(write_line(audit, line, err));
	audit->tail.size += line->len;
	audit->tail.last = link;
	audit->known = link.number;
	return PKG_OK;
}

static enum pkg_code append_own(struct pkg_audit *audit, enum audit_kind kind,
				const struct pkg_audit_entry *entry,
				struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf line = {.max = AUDIT_LINE_MAX};

	PKG_TRY(pkg_audit_make_line(&line, audit, &audit->tail.last, kind,
				    entry, err));
	return append_line(audit, &line, err);
}

/* Whoever wrote it died over it: nobody was told that it is there. */
static enum pkg_code cut_torn(struct pkg_audit *audit, struct pkg_err *err)
{
	char name[64];
	const struct pkg_audit_item cut = {name, audit->tail.torn_sha256};
	const struct pkg_audit_entry entry = {
	    .inputs = &cut,
	    .input_count = 1,
	    .note = "the end of the log was not a whole line and was cut off",
	};

	(void)snprintf(name, sizeof(name), "%" PRIu64 " bytes",
		       audit->tail.torn);
	if (ftruncate(audit->fd, (off_t)audit->tail.size) != 0)
		return pkg_fail_os(err, errno, "cannot mend its end");
	audit->tail.torn = 0;
	return append_own(audit, AUDIT_TORN, &entry, err);
}

/* Learn what others have appended; the file is locked. */
static enum pkg_code catch_up(struct pkg_audit *audit, struct pkg_err *err)
{
	struct audit_tail tail = {0};
	struct stat st;

	if (fstat(audit->fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at it");
	if (audit->tail.size != 0 && (uint64_t)st.st_size == audit->tail.size)
		return PKG_OK;
	PKG_TRY(pkg_audit_tail_read(&tail, &audit->reader, audit->fd, err));
	if (tail.last.number < audit->known)
		return pkg_refuse(err, PKG_NO, "log-chain",
				  "lines that were there are gone");
	audit->tail = tail;
	audit->known = tail.last.number;
	return tail.torn == 0 ? PKG_OK : cut_torn(audit, err);
}

/* Is it time for another file?  One of its first line only stays. */
static enum pkg_code wants_to_roll(bool *out, const struct pkg_audit *audit,
				   size_t len, struct pkg_err *err)
{
	const enum audit_kind kind = audit->tail.last.kind;
	uint64_t count = 0, highest = 0;

	*out = false;
	if (audit->tail.size + len <= audit->rotate || kind == AUDIT_FIRST ||
	    kind == AUDIT_CONTINUE)
		return PKG_OK;
	PKG_TRY(pkg_audit_rotated(&count, &highest, audit->folder, audit->base,
				  err));
	*out = highest < PKG_LIMIT_AUDIT_FILES;
	return PKG_OK;
}

/* One line; *@done is false if there is a new file to try. */
static enum pkg_code try_append(bool *done, struct pkg_audit *audit,
				const struct pkg_audit_entry *entry,
				struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf line = {.max = AUDIT_LINE_MAX};
	const struct pkg_audit_entry nothing = {0};
	bool roll = false;

	*done = false;
	PKG_TRY(lock_file(audit, err));
	PKG_TRY(catch_up(audit, err));
	roll = audit->tail.last.kind == AUDIT_ROTATE;
	if (!roll && entry != NULL) {
		PKG_TRY(pkg_audit_make_line(&line, audit, &audit->tail.last,
					    AUDIT_OTHER, entry, err));
		PKG_TRY(wants_to_roll(&roll, audit, line.len, err));
		if (roll)
			PKG_TRY(append_own(audit, AUDIT_ROTATE, &nothing, err));
	}
	if (roll) {
		PKG_TRY(pkg_audit_roll(audit, err));
		close_file(audit);
		return PKG_OK;
	}
	*done = true;
	return entry == NULL ? PKG_OK : append_line(audit, &line, err);
}

/* Append @entry, or, if it is NULL, bring the end of the log in order. */
static enum pkg_code append(struct pkg_audit *audit,
			    const struct pkg_audit_entry *entry,
			    struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;
	bool done = false;

	for (unsigned round = 0; !done && code == PKG_OK; round++) {
		if (round == ROUNDS)
			code = pkg_fail(err, PKG_SYSTEM,
					"it is rotated all the time");
		else
			code = try_append(&done, audit, entry, err);
	}
	if (audit->fd >= 0)
		(void)flock(audit->fd, LOCK_UN);
	if (code != PKG_OK)
		return pkg_wrap(err, "audit log '%s'", audit->path);
	return PKG_OK;
}

/* What an end ends, unless the caller says so himself. */
static enum pkg_code resolve(struct pkg_audit_entry *out,
			     const struct pkg_audit *audit,
			     const struct pkg_audit_entry *entry,
			     struct pkg_err *err)
{
	const bool ends =
	    entry->phase == PKG_AUDIT_END || entry->phase == PKG_AUDIT_FAILED;

	*out = *entry;
	if (ends && out->begin == 0)
		out->begin = audit->begun;
	if (ends != (out->begin != 0))
		return pkg_fail(err, PKG_INTERNAL,
				"an end in the audit log without a beginning");
	return PKG_OK;
}

enum pkg_code pkg_audit_append(struct pkg_audit *audit,
			       const struct pkg_audit_entry *entry,
			       struct pkg_err *err)
{
	struct pkg_audit_entry resolved;

	if (audit == NULL)
		return PKG_OK;
	if (audit->stuck)
		return pkg_fail(err, PKG_SYSTEM,
				"audit log '%s': an earlier line could not be "
				"written",
				audit->path);
	PKG_TRY(resolve(&resolved, audit, entry, err));
	PKG_TRY(append(audit, &resolved, err));
	audit->appended = audit->tail.last.number;
	if (resolved.phase == PKG_AUDIT_BEGIN)
		audit->begun = audit->appended;
	else if (resolved.begin == audit->begun)
		audit->begun = 0;
	return PKG_OK;
}

uint64_t pkg_audit_number(const struct pkg_audit *audit)
{
	return audit == NULL ? 0 : audit->appended;
}

int pkg_audit_folder(const struct pkg_audit *audit)
{
	return audit->folder;
}

/* The user's login name, or "#1234". */
static enum pkg_code login_name(char **out, uint64_t uid, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf room = {.max = 65536};
	struct passwd entry, *found = NULL;

	PKG_TRY(pkg_buf_reserve(&room, 16384, err));
	if (getpwuid_r((uid_t)uid, &entry, (char *)room.data, 16384, &found) !=
		0 ||
	    found == NULL || found->pw_name[0] == '\0') {
		if (asprintf(out, "#%" PRIu64, uid) < 0)
			*out = NULL;
	} else {
		*out = strdup(found->pw_name);
	}
	return *out != NULL ? PKG_OK : pkg_fail_nomem(err);
}

static enum pkg_code describe(struct pkg_audit *audit,
			      const struct pkg_audit_options *options,
			      struct pkg_err *err)
{
	uint8_t id[16];

	audit->uid = getuid();
	audit->rotate =
	    options->rotate != 0 ? options->rotate : PKG_LIMIT_AUDIT_FILE;
	audit->tool = strdup(options->tool);
	if (audit->tool == NULL)
		return pkg_fail_nomem(err);
	PKG_TRY(pkg_crypto_random(audit->env->crypto, id, sizeof(id), err));
	pkg_uuid_format(audit->fresh, id, 4);
	if (options->who == NULL || options->who[0] == '\0')
		return login_name(&audit->operator, audit->uid, err);
	audit->operator= strdup(options->who);
	return audit->operator!= NULL ? PKG_OK : pkg_fail_nomem(err);
}

enum pkg_code pkg_audit_open(struct pkg_audit **out, const struct pkg_env *env,
			     int dirfd, const char *path,
			     const struct pkg_audit_options *options,
			     struct pkg_err *err)
{
	PKG_AUTO(pkg_audit) struct pkg_audit *audit = NULL;

	if (strcmp(path, "-") == 0)
		return pkg_fail(err, PKG_USAGE,
				"an audit log is kept in a file, not in '-'");
	audit = calloc(1, sizeof(*audit));
	if (audit == NULL)
		return pkg_fail_nomem(err);
	audit->folder = audit->fd = -1;
	audit->env = env;
	audit->path = strdup(path);
	if (audit->path == NULL)
		return pkg_fail_nomem(err);
	PKG_TRY(describe(audit, options, err));
	PKG_TRY(pkg_audit_reader_init(&audit->reader, env->crypto, err));
	PKG_TRY(pkg_path_split(&audit->folder, &audit->base, dirfd, audit->path,
			       err));
	PKG_TRY(append(audit, NULL, err));
	*out = PKG_STEAL(audit);
	return PKG_OK;
}

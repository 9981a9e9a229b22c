/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/audit.h"

#include "packline/digest.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes to look at first: some lines. */
enum { WINDOW = 8192 };

static enum pkg_code malformed(struct pkg_err *err, const char *why)
{
	return pkg_refuse(err, PKG_INPUT, "malformed-log", "%s", why);
}

/* The last @len bytes of the first @size of @fd. */
static enum pkg_code read_end(struct pkg_buf *out, int fd, uint64_t size,
			      size_t len, struct pkg_err *err)
{
	pkg_buf_clear(out);
	PKG_TRY(pkg_buf_reserve(out, len, err));
	while (out->len < len) {
		const ssize_t n =
		    pread(fd, out->data + out->len, len - out->len,
			  (off_t)(size - len + out->len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pkg_fail_os(err, errno, "cannot read it");
		if (n == 0)
			return pkg_fail(err, PKG_SYSTEM,
					"it became shorter while it was read");
		out->len += (size_t)n;
	}
	return PKG_OK;
}

/* Where lines end in the last bytes of a file. */
struct ends {
	size_t last, start, before; /* behind the last line; its start, that of
				       the line before it */
	bool has_before;
};

/* The start of the line that ends at @end; false if it is not in the window. */
static bool line_start(size_t *start, const struct pkg_buf *window, size_t end,
		       bool whole)
{
	const uint8_t *newline =
	    end < 2 ? NULL : memrchr(window->data, '\n', end - 1);

	*start = newline == NULL ? 0 : (size_t)(newline - window->data) + 1;
	return newline != NULL || whole;
}

/* False if the window has to be larger. */
static bool find_ends(struct ends *out, const struct pkg_buf *window,
		      bool whole)
{
	const uint8_t *newline =
	    window->len == 0 ? NULL : memrchr(window->data, '\n', window->len);

	*out = (struct ends){0};
	if (newline == NULL)
		return whole;
	out->last = (size_t)(newline - window->data) + 1;
	if (!line_start(&out->start, window, out->last, whole))
		return false;
	out->has_before = out->start > 0;
	return !out->has_before ||
	       line_start(&out->before, window, out->start, whole);
}

/* The last line continues the one before it, if that is in the same file. */
static enum pkg_code check_pair(const struct audit_link *last,
				const struct audit_link *before,
				struct pkg_err *err)
{
	if (memcmp(last->previous, before->sha256, 32) == 0 &&
	    last->number == before->number + 1 &&
	    strcmp(last->log, before->log) == 0 && before->kind != AUDIT_ROTATE)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "log-chain",
			  "its last line does not continue the one before it");
}

static enum pkg_code take(struct audit_tail *out,
			  struct pkg_audit_reader *reader,
			  const struct pkg_buf *window, const struct ends *ends,
			  struct pkg_err *err)
{
	struct audit_link before = {0};

	PKG_TRY(pkg_audit_line_read(&out->last, reader,
				    window->data + ends->start,
				    ends->last - ends->start, err));
	if (ends->has_before) {
		PKG_TRY(pkg_audit_line_read(&before, reader,
					    window->data + ends->before,
					    ends->start - ends->before, err));
		PKG_TRY(check_pair(&out->last, &before, err));
	} else if (out->last.kind != AUDIT_FIRST &&
		   out->last.kind != AUDIT_CONTINUE) {
		return malformed(err, "it does not begin as a log does");
	}
	out->torn = window->len - ends->last;
	if (out->torn == 0)
		return PKG_OK;
	return pkg_digest_sha256(reader->crypto, window->data + ends->last,
				 out->torn, out->torn_sha256, err);
}

enum pkg_code pkg_audit_tail_read(struct audit_tail *out,
				  struct pkg_audit_reader *reader, int fd,
				  struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf window = {.max = 4 * (size_t)AUDIT_LINE_MAX};
	struct ends ends = {0};
	struct stat st;
	uint64_t size;
	size_t len = WINDOW;
	bool found = false;

	if (fstat(fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at it");
	size = (uint64_t)st.st_size;
	for (; !found && len <= window.max; len *= 2) {
		const size_t take_len = size < len ? (size_t)size : len;

		PKG_TRY(read_end(&window, fd, size, take_len, err));
		found = find_ends(&ends, &window, take_len == size);
	}
	if (!found || ends.last == 0 ||
	    window.len - ends.last > (size_t)AUDIT_LINE_MAX)
		return malformed(err,
				 size == 0 ? "it is empty" : "it has no lines");
	*out = (struct audit_tail){0};
	PKG_TRY(take(out, reader, &window, &ends, err));
	out->size = size - out->torn;
	return PKG_OK;
}

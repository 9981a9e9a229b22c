/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void push_frame(struct pkg_err *err, struct pkg_err_frame at)
{
	if (err->ntrace < PKG_ERR_TRACE)
		err->trace[err->ntrace++] = at;
}

static void append(struct pkg_err *err, const char *sep, const char *more)
{
	size_t used = strlen(err->text);

	(void)snprintf(err->text + used, sizeof(err->text) - used, "%s%s", sep,
		       more);
}

enum pkg_code pkg_err_set_(struct pkg_err *err, enum pkg_code code,
			   int os_errno, const struct pkg_mark *mark,
			   struct pkg_err_frame at, const char *fmt, ...)
{
	char reason[128];
	va_list ap;

	assert(code != PKG_OK);
	*err = (struct pkg_err){.code = code, .os_errno = os_errno};
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	/* The GNU strerror_r(): thread-safe, and may answer a literal. */
	if (os_errno != 0)
		append(err, ": ", strerror_r(os_errno, reason, sizeof(reason)));
	push_frame(err, at);
	return pkg_err_at(err, mark);
}

/* Does @cause begin by naming @name, quoted or not? */
static bool begins_with(const char *cause, const char *name)
{
	const size_t len = strlen(name);
	const char *at = cause[0] == '\'' ? cause + 1 : cause;

	return strncmp(at, name, len) == 0 &&
	       (at == cause ? at[len] == ':' || at[len] == ' '
			    : at[len] == '\'');
}

enum pkg_code pkg_err_wrap_(struct pkg_err *err, struct pkg_err_frame at,
			    const char *fmt, ...)
{
	char cause[PKG_ERR_TEXT];
	va_list ap;

	assert(err->code != PKG_OK);
	memcpy(cause, err->text, sizeof(cause));
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	if (begins_with(cause, err->text))
		memcpy(err->text, cause, sizeof(cause));
	else
		append(err, ": ", cause);
	push_frame(err, at);
	return err->code;
}

enum pkg_code pkg_err_reason_(struct pkg_err *err, const char *why,
			      enum pkg_code code)
{
	err->reason = why;
	return code;
}

enum pkg_code pkg_err_hint_(struct pkg_err *err, const char *fmt, ...)
{
	va_list ap;

	assert(err->code != PKG_OK);
	va_start(ap, fmt);
	(void)vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return err->code;
}

enum pkg_code pkg_err_at(struct pkg_err *err, const struct pkg_mark *mark)
{
	if (mark == NULL || mark->source == NULL || err->source[0] != '\0')
		return err->code;
	err->line = mark->line;
	err->col = mark->col;
	(void)snprintf(err->source, sizeof(err->source), "%s", mark->source);
	return err->code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_ERR_H
#define PKG_ERR_H

#include "packline/api.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Errors.
 *
 * A fallible function returns enum pkg_code and takes a `struct pkg_err *` as
 * its last parameter.  Both are written by pkg_fail*(), so they cannot
 * disagree.  The struct is plain data on the caller's stack: it owns nothing,
 * so reporting an error never allocates and never fails.
 */

/* X(name, exit status, meaning).  Exit statuses are the tools' ABI. */
#define PKG_CODES(X)                                                           \
	X(OK, 0, "success")                                                    \
	X(NO, 1, "the answer is no")                                           \
	X(USAGE, 2, "invalid command line")                                    \
	X(INPUT, 3, "malformed, over a limit or of an unsupported version")    \
	X(SYSTEM, 4, "the operating system refused an operation")              \
	X(KEY, 5, "key, PIN or token not available")                           \
	X(INTERNAL, 6, "bug in this program")

enum pkg_code {
#define X(name, status, meaning) PKG_##name = (status),
	PKG_CODES(X)
#undef X
};

enum {
	PKG_ERR_TEXT = 512,   /* bytes of an error's text, NUL included */
	PKG_ERR_HINT = 256,   /* bytes of its hint, NUL included */
	PKG_ERR_SOURCE = 256, /* bytes of its file name, NUL included */
	PKG_ERR_TRACE = 8,    /* C frames kept */
};

/* A position in a user's file.  line and col count from 1; 0 means unknown. */
struct pkg_mark {
	const char *source; /* borrowed: the file's name as the user gave it */
	uint32_t line;
	uint32_t col;
};

struct pkg_err {
	enum pkg_code code;
	int os_errno;       /* errno at the cause, 0 if none */
	uint32_t line, col; /* in source; 0 = none */
	const char *reason; /* stable id of a refusal (a literal), or NULL */
	char source[PKG_ERR_SOURCE]; /* file the user must fix, "" = none */
	char text[PKG_ERR_TEXT];     /* "what we did: what went wrong" */
	char hint[PKG_ERR_HINT];     /* how to mend it, "" = unknown */
	size_t ntrace;
	struct pkg_err_frame {
		const char *func, *file; /* string literals */
		int line;
	} trace[PKG_ERR_TRACE]; /* innermost first; extra frames are dropped */
};

#define PKG_ERR_INIT ((struct pkg_err){.code = PKG_OK})

/* Record a new error and return @code (never PKG_OK). */
#define pkg_fail(err, code, ...)                                               \
	pkg_failed_(                                                           \
	    pkg_err_set_((err), (code), 0, NULL, PKG_HERE_, __VA_ARGS__))
/* Same, for a failed system call: appends strerror(errno), PKG_SYSTEM. */
#define pkg_fail_os(err, os_errno, ...)                                        \
	pkg_failed_(pkg_err_set_((err), PKG_SYSTEM, (os_errno), NULL,          \
				 PKG_HERE_, __VA_ARGS__))
/* Same, for a defect at @mark in a user's file: PKG_INPUT. */
#define pkg_fail_at(err, mark, ...)                                            \
	pkg_failed_(                                                           \
	    pkg_err_set_((err), PKG_INPUT, 0, (mark), PKG_HERE_, __VA_ARGS__))
/* Same, for a refusal with the stable reason id @why (a string literal). */
#define pkg_refuse(err, code, why, ...)                                        \
	pkg_failed_(pkg_err_reason_(                                           \
	    (err), (why),                                                      \
	    pkg_err_set_((err), (code), 0, NULL, PKG_HERE_, __VA_ARGS__)))
/* Give the current error another reason id @why (a literal); its code. */
#define pkg_because(err, why)                                                  \
	pkg_failed_(pkg_err_reason_((err), (why), (err)->code))
/* Out of memory: PKG_SYSTEM. */
#define pkg_fail_nomem(err) pkg_fail(err, PKG_SYSTEM, "out of memory")
/*
 * Prefix the current error with what the caller was doing; keep its code.  Not
 * if it begins with just that: nobody wants "a.seal: a.seal ends early".
 */
#define pkg_wrap(err, ...)                                                     \
	pkg_failed_(pkg_err_wrap_((err), PKG_HERE_, __VA_ARGS__))
/* Add to the current error how the user can mend it; keep its code. */
#define pkg_hint(err, ...) pkg_failed_(pkg_err_hint_((err), __VA_ARGS__))

/*
 * Pass an error on unchanged.  The only macro that hides control flow; safe
 * because owned objects are PKG_AUTO() and so released on this return too.
 */
#define PKG_TRY(expr)                                                          \
	do {                                                                   \
		const enum pkg_code code_ = (expr);                            \
		if (code_ != PKG_OK)                                           \
			return code_;                                          \
	} while (0)

#define PKG_HERE_ ((struct pkg_err_frame){__func__, __FILE__, __LINE__})

/* What is called a failure is one: callers and compilers rely on it. */
#ifdef __clang_analyzer__ /* it does not look into every call */
#	define pkg_failed_(code) ((void)(code), PKG_INTERNAL)
#else
static inline enum pkg_code pkg_failed_(enum pkg_code code)
{
	return code != PKG_OK ? code : PKG_INTERNAL;
}
#endif

PKG_API_BEGIN
/* Add a position to the current error, unless it has one; returns its code. */
enum pkg_code pkg_err_at(struct pkg_err *err, const struct pkg_mark *mark);

/* The macros above call these; do not call them yourself. */
enum pkg_code pkg_err_hint_(struct pkg_err *err, const char *fmt, ...)
    PKG_PRINTF(2, 3);
enum pkg_code pkg_err_set_(struct pkg_err *err, enum pkg_code code,
			   int os_errno, const struct pkg_mark *mark,
			   struct pkg_err_frame at, const char *fmt, ...)
    PKG_PRINTF(6, 7);
enum pkg_code pkg_err_wrap_(struct pkg_err *err, struct pkg_err_frame at,
			    const char *fmt, ...) PKG_PRINTF(3, 4);
enum pkg_code pkg_err_reason_(struct pkg_err *err, const char *why,
			      enum pkg_code code);
PKG_API_END

#endif

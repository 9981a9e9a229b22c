/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_JSON_H
#define PKG_JSON_H

#include "packline/arena.h"
#include "packline/buf.h"
#include "packline/err.h"
#include "packline/limits.h"

#include <stdbool.h>

/*
 * JSON in and out, in one dialect: the subset of RFC 8785 in which two
 * implementations cannot disagree.  Objects have sorted, unique, printable
 * ASCII keys; numbers are integers of at most 2^53 - 1; strings are UTF-8
 * without NUL.
 */
struct pkg_node;
struct pkg_sink;
struct pkg_source;

/*
 * A streaming writer, in caller memory.
 *
 *     struct pkg_jsonw w;
 *
 *     pkg_jsonw_init(&w, sink, 0);
 *     pkg_jsonw_object(&w);
 *     pkg_jsonw_str_member(&w, "name", "demo");
 *     pkg_jsonw_int_member(&w, "size", 781);
 *     pkg_jsonw_object_end(&w);
 *     PKG_TRY(pkg_jsonw_finish(&w, err));
 *
 * No call but pkg_jsonw_finish() reports an error: the first one sticks and
 * later calls do nothing.  It is one of
 *   PKG_INTERNAL  keys not strictly ascending by bytes, a value without a key,
 *                 unbalanced ends, more than PKG_LIMIT_JSONW_DEPTH levels;
 *   PKG_INPUT     text that is not UTF-8 (reason "not-utf8"), an integer
 *                 beyond 2^53 - 1, a key that is not printable ASCII, with
 *                 PKG_JSONW_STRICT a control character but \n and \t
 *                 (reason "control-character" for both);
 *   or whatever the sink failed with.
 */
enum pkg_jsonw_flags {
	PKG_JSONW_PRETTY = 1, /* for people: two spaces, a newline at the end */
	PKG_JSONW_STRICT = 2, /* container documents: no U+0000-1F but \n \t */
};

/*
 * Canonical JSON (PKG_JSONW_STRICT) has one spelling of each text.  All other
 * JSON may be looked at on a terminal: characters that are hidden there
 * (pkg_text_is_hidden()) are written as \uNNNN, which reads the same.
 */

struct pkg_jsonw {
	struct pkg_sink *sink; /* borrowed */
	unsigned flags;        /* enum pkg_jsonw_flags */
	uint32_t depth;        /* open objects and arrays */
	bool keyed;            /* a key was written, its value was not */
	bool done;             /* the outermost value is complete */
	struct pkg_err err;    /* the first failure */
	struct pkg_jsonw_level {
		bool object, filled;
		const char *last; /* last key of the object, borrowed */
	} level[PKG_LIMIT_JSONW_DEPTH];
};

/* What is read: @name is for messages and is borrowed by every node. */
struct pkg_json_input {
	const char *name;
	const void *data;    /* @len bytes, UTF-8 without BOM */
	size_t len;          /* bytes, at most UINT32_MAX */
	uint32_t max_depth;  /* levels of [] and {}; 0 = PKG_LIMIT_JSON_DEPTH */
	uint32_t first_line; /* number of the first line; 0 = 1 */
	bool fractions;      /* numbers that are no integer within the limit
				are texts, as they are written */
	bool canonical;      /* only the one spelling that the writer makes with
				PKG_JSONW_STRICT is accepted */
};

/*
 * JSON Lines: one object a line, each at most PKG_LIMIT_RECORD_LINE bytes.
 * In caller memory; give it back with pkg_json_lines_fini().
 */
struct pkg_json_lines {
	struct pkg_source *source; /* borrowed */
	struct pkg_buf buf;        /* bytes read and not yet given out */
	size_t start;              /* of the next line in buf */
	size_t scanned;            /* bytes of buf known to hold no newline */
	bool ended;                /* the source has ended */
	uint32_t line;             /* number of the last line given, from 1 */
};

PKG_API_BEGIN

/*
 * Start writing one value to @sink, which is borrowed and never finished here.
 * @flags  enum pkg_jsonw_flags, or 0 for canonical bytes without a newline.
 */
void pkg_jsonw_init(struct pkg_jsonw *w, struct pkg_sink *sink, unsigned flags);
void pkg_jsonw_object(struct pkg_jsonw *w);
void pkg_jsonw_object_end(struct pkg_jsonw *w);
void pkg_jsonw_array(struct pkg_jsonw *w);
void pkg_jsonw_array_end(struct pkg_jsonw *w);
/*
 * The key of the next value.  @key is printable ASCII, greater than the key
 * before it, and must stay readable until the object's next key or its end.
 */
void pkg_jsonw_key(struct pkg_jsonw *w, const char *key);
/* A string of @len bytes of UTF-8. */
void pkg_jsonw_str(struct pkg_jsonw *w, const char *text, size_t len);
/* A NUL-terminated string; NULL writes null. */
void pkg_jsonw_text(struct pkg_jsonw *w, const char *text);
/* A string of 2 * @len lower-case hexadecimal digits; @len at most 64. */
void pkg_jsonw_hex(struct pkg_jsonw *w, const uint8_t *data, size_t len);
/* @number must lie within +-PKG_LIMIT_JSON_INT. */
void pkg_jsonw_int(struct pkg_jsonw *w, int64_t number);
void pkg_jsonw_bool(struct pkg_jsonw *w, bool truth);
void pkg_jsonw_null(struct pkg_jsonw *w);
/*
 * A whole tree, keys sorted.  Maps are sorted in place: the order of the
 * children of @node changes, the tree does not.
 */
void pkg_jsonw_node(struct pkg_jsonw *w, struct pkg_node *node);

/* Key and value in one call. */
void pkg_jsonw_str_member(struct pkg_jsonw *w, const char *key,
			  const char *text);
void pkg_jsonw_hex_member(struct pkg_jsonw *w, const char *key,
			  const uint8_t *data, size_t len);
void pkg_jsonw_int_member(struct pkg_jsonw *w, const char *key, int64_t number);
void pkg_jsonw_bool_member(struct pkg_jsonw *w, const char *key, bool truth);
void pkg_jsonw_null_member(struct pkg_jsonw *w, const char *key);

/*
 * End a record of JSON Lines: write a newline and be ready for the next
 * value.  Sticks like the others; not for PKG_JSONW_PRETTY.
 */
void pkg_jsonw_line(struct pkg_jsonw *w);
/*
 * The value (or the last line) is complete; returns the error that stuck, or
 * PKG_INTERNAL if something is still open.  Does not finish the sink.
 */
PKG_MUST_CHECK enum pkg_code pkg_jsonw_finish(struct pkg_jsonw *w,
					      struct pkg_err *err);

/*
 * Read one JSON value and nothing after it but white space.
 * @out    receives the tree; it lives in @arena and borrows input->name.
 * @arena  its maximum bounds the memory: a value takes about 120 bytes and may
 *         be written in two, so give no more than the document can need.
 * @input  see above; the bytes may go away after the call.
 * Positions: line from 1, column from 1 in code points.
 * Fails, with the position, with
 *   PKG_INPUT   malformed; reason "duplicate-key", "too-deep",
 *               "not-an-integer" (fraction, exponent, beyond 2^53 - 1),
 *               "not-utf8", "nul" (\u0000), "lone-surrogate",
 *               "not-canonical", or else "malformed-json"; also if the tree
 *               does not fit into the arena;
 *   PKG_SYSTEM  out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_json_parse(struct pkg_node **out,
					    struct pkg_arena *arena,
					    const struct pkg_json_input *input,
					    struct pkg_err *err);

/* Start at the front of @source, which is borrowed. */
void pkg_json_lines_init(struct pkg_json_lines *lines,
			 struct pkg_source *source);
void pkg_json_lines_fini(struct pkg_json_lines *lines);
/*
 * The next line that is not empty, without its newline; the last line need
 * not have one.
 * @text  receives it, borrowed until the next call; NULL at the end.
 * @len   receives its length in bytes.
 * Fails with PKG_INPUT (reason "too-long") for a line of more than
 * PKG_LIMIT_RECORD_LINE bytes, PKG_SYSTEM, or as the source does.
 */
PKG_MUST_CHECK enum pkg_code pkg_json_lines_next(struct pkg_json_lines *lines,
						 const char **text, size_t *len,
						 struct pkg_err *err);
/*
 * The next record: a line parsed into @arena, which must be an object.
 * @out  receives it; NULL at the end.
 * Errors as pkg_json_lines_next() and pkg_json_parse().
 */
PKG_MUST_CHECK enum pkg_code pkg_json_lines_parse(struct pkg_json_lines *lines,
						  struct pkg_node **out,
						  struct pkg_arena *arena,
						  struct pkg_err *err);

PKG_API_END

#endif

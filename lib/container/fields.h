/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_FIELDS_H
#define CONTAINER_FIELDS_H

#include "packline/container.h"
#include "packline/node.h"

/*
 * Reading an object of canonical JSON: its keys come in one order, so they are
 * taken one after the other and what does not fit is refused.
 */
struct fields {
	const struct pkg_node *next; /* the next key that was not taken */
	const char *document;        /* "manifest.json", for messages */
	const char *reason;          /* of refusals */
	struct pkg_arena *arena;     /* for copies of texts */
};

enum { FIELD_NULLABLE = 1 };

/* Refuse, with the reason of @fields. */
#define pkg_fields_refuse(fields, err, ...)                                    \
	pkg_refuse((err), PKG_INPUT, (fields)->reason, __VA_ARGS__)

/* Go into the object @node, which is (part of) the document of @parent. */
PKG_MUST_CHECK enum pkg_code pkg_fields_enter(struct fields *self,
					      const struct fields *parent,
					      const struct pkg_node *node,
					      struct pkg_err *err);
/* All keys must have been taken. */
PKG_MUST_CHECK enum pkg_code pkg_fields_end(const struct fields *self,
					    struct pkg_err *err);
/*
 * Take the value of @key, which must be of @kind, or null with FIELD_NULLABLE
 * (then *out is NULL).
 */
PKG_MUST_CHECK enum pkg_code
pkg_fields_take(struct fields *self, const char *key, enum pkg_node_kind kind,
		unsigned flags, const struct pkg_node **out,
		struct pkg_err *err);
/* True if the next key is @key: for keys that may be absent. */
bool pkg_fields_next_is(const struct fields *self, const char *key);

/* A string that @is accepts, copied into the arena. */
PKG_MUST_CHECK enum pkg_code
pkg_fields_text(struct fields *self, const char *key, bool (*is)(const char *),
		unsigned flags, const char **out, struct pkg_err *err);
/* A string that must be @value. */
PKG_MUST_CHECK enum pkg_code pkg_fields_is(struct fields *self, const char *key,
					   const char *value,
					   struct pkg_err *err);
/* 64 hexadecimal digits; @has NULL = null is not allowed. */
PKG_MUST_CHECK enum pkg_code pkg_fields_sha256(struct fields *self,
					       const char *key, bool *has,
					       uint8_t out[static 32],
					       struct pkg_err *err);
/* An integer 0..@max; null with FIELD_NULLABLE gives -1. */
PKG_MUST_CHECK enum pkg_code pkg_fields_int(struct fields *self,
					    const char *key, int64_t max,
					    unsigned flags, int64_t *out,
					    struct pkg_err *err);
/* One of the @count names that @name_of gives. */
PKG_MUST_CHECK enum pkg_code
pkg_fields_enum(struct fields *self, const char *key, const char *const *names,
		unsigned *out, struct pkg_err *err);

/* An arena for the tree of a document of @len bytes. */
PKG_MUST_CHECK enum pkg_code pkg_fields_arena(struct pkg_arena **out,
					      size_t len, struct pkg_err *err);
/*
 * Parse canonical JSON into @tree; the root must be an object.  @self, of which
 * document, reason and arena are filled in, is set up for its keys.
 */
PKG_MUST_CHECK enum pkg_code
pkg_fields_parse(struct fields *self, struct pkg_arena *tree, const void *data,
		 size_t len, const struct pkg_node **root, struct pkg_err *err);

/* The parts of the subject, in the order in which their keys come. */
PKG_MUST_CHECK enum pkg_code pkg_fields_subject_head(
    struct fields *self, struct pkg_container_subject *subject,
    struct pkg_err *err); /* content, created, device_config */

/* RFC 9562 version 4 or 8, lower case. */
bool pkg_is_uuid(const char *text);

#endif

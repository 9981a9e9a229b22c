/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_NODE_H
#define PKG_NODE_H

#include "packline/err.h"

#include <stdbool.h>

/*
 * The tree that every reader of structured text (lib/yaml, lib/json) makes
 * and that lib/schema binds to C structs.  Nodes live in the arena that the
 * reader was given and are freed with it.
 */
enum pkg_node_kind {
	PKG_NODE_NULL,   /* JSON null */
	PKG_NODE_BOOL,   /* JSON true or false */
	PKG_NODE_INT,    /* JSON integer */
	PKG_NODE_STRING, /* JSON string; every YAML scalar */
	PKG_NODE_SEQ,    /* first..last are the items */
	PKG_NODE_MAP,    /* first..last are the values, each with its key */
};

struct pkg_node {
	enum pkg_node_kind kind;
	bool plain; /* a YAML scalar without quotes: may be read as int, bool */
	bool truth; /* PKG_NODE_BOOL */
	const char *source;         /* file name for messages, borrowed */
	uint32_t line, col;         /* from 1; 0 if the format has no lines */
	uint32_t key_line, key_col; /* of the key, if the parent is a map */
	uint32_t count;             /* PKG_NODE_SEQ, PKG_NODE_MAP: children */
	int64_t number;             /* PKG_NODE_INT */
	size_t len;                 /* PKG_NODE_STRING: bytes of text */
	const char *text;           /* PKG_NODE_STRING: UTF-8, NUL-terminated,
				       no NUL inside */
	const char *key;            /* if the parent is a map, NUL-terminated */
	struct pkg_node *first, *last; /* children */
	struct pkg_node *next;         /* sibling */
};

PKG_API_BEGIN

/* The value of @key in the map @map, or NULL. */
struct pkg_node *pkg_node_get(const struct pkg_node *map, const char *key);
/* Where the node stands, and where its key stands. */
struct pkg_mark pkg_node_mark(const struct pkg_node *node);
struct pkg_mark pkg_node_key_mark(const struct pkg_node *node);
/* True if @node is a string equal to @text. */
bool pkg_node_is(const struct pkg_node *node, const char *text);
/* Append @child to the children of @parent (Takes no ownership). */
void pkg_node_append(struct pkg_node *parent, struct pkg_node *child);

PKG_API_END

#endif

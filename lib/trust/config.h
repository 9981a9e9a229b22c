/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_CONFIG_H
#define TRUST_CONFIG_H

#include "packline/arena.h"
#include "packline/device_config.h"
#include "packline/diag.h"
#include "packline/err.h"
#include "packline/schema.h"

/* Names that containers carry: pkg_container_is_name(). */
#define CONFIG_NAME_PATTERN "^[A-Za-z0-9_][A-Za-z0-9._+-]*$"
#define CONFIG_NAME_HINT                                                       \
	"letters, digits and . _ + -, beginning with a letter, digit or _"

/* A time span: 90s, 45m, 12h, 30d, 8w. */
#define CONFIG_DURATION_PATTERN "^[1-9][0-9]{0,4}[smhdw]$"
#define CONFIG_DURATION_HINT    "a number and s, m, h, d or w, such as 30d"

/* The row that every config file begins with. */
#define CONFIG_ROW_VERSION(of, member)                                         \
	{                                                                      \
		.name = "packline", .kind = PKG_FIELD_INT, .required = true,   \
		.offset = offsetof(of, member), .min = 1, .max = 1,            \
		.help = "Version of this file's form.",                        \
		.hint = "this version of Packline reads version 1"             \
	}

/* A config file on its way from bytes to a bound table. */
struct config_file {
	const char *path;        /* as the user gave it */
	struct pkg_arena *arena; /* borrowed: what is bound lives there */
	struct pkg_diag *diag;   /* borrowed */
};

/*
 * Parse @len bytes of YAML and bind them to @table.  Fails with PKG_INPUT if
 * it is not YAML; what is wrong in it is in file->diag, and only
 * pkg_config_verdict() turns that into an error, so that later rules can add
 * theirs.
 */
PKG_MUST_CHECK enum pkg_code pkg_config_bind(const struct config_file *file,
					     const struct pkg_table *table,
					     const void *text, size_t len,
					     void *out, struct pkg_err *err);
/* PKG_INPUT if there were findings of severity error since @before of them. */
PKG_MUST_CHECK enum pkg_code pkg_config_verdict(const struct config_file *file,
						size_t before, const char *what,
						struct pkg_err *err);
/*
 * A file name in a config is relative to the config's folder: @name joined
 * with it, in the arena; NULL if out of memory.
 */
const char *pkg_config_path(const struct config_file *file, const char *name,
			    struct pkg_err *err);
/*
 * The word for a key: a path as above, or a `pkcs11:` URI as it stands.  One
 * with the PIN in it has a finding, "pin-in-uri": files are read by others.
 */
PKG_MUST_CHECK enum pkg_code pkg_config_key(const char **out,
					    const struct config_file *file,
					    const struct pkg_node *node,
					    struct pkg_err *err);
/* Add an error at @node. */
PKG_MUST_CHECK enum pkg_code
pkg_config_error(const struct config_file *file, const char *rule,
		 const struct pkg_node *node, const char *hint,
		 struct pkg_err *err, const char *text);
/* The same, for what a later version may be able to do. */
PKG_MUST_CHECK enum pkg_code
pkg_config_unsupported(const struct config_file *file,
		       const struct pkg_node *node, const char *what,
		       struct pkg_err *err);

/* Add an error unless @node, if any, is a name that containers can carry. */
PKG_MUST_CHECK enum pkg_code pkg_config_name(const struct config_file *file,
					     const struct pkg_node *node,
					     struct pkg_err *err);

/*
 * The texts of a list of strings, into the config's arena; "" where a finding
 * says that it is none.
 */
PKG_MUST_CHECK enum pkg_code pkg_config_names(struct pkg_name_list *out,
					      const struct config_file *file,
					      const struct pkg_list *list,
					      struct pkg_err *err);

/* Seconds of a time span; what is not one has its finding already. */
PKG_MUST_CHECK enum pkg_code pkg_config_duration(int64_t *out,
						 const struct config_file *file,
						 const struct pkg_node *node,
						 struct pkg_err *err);

#endif

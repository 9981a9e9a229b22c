/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_TABLES_H
#define MANIFEST_TABLES_H

#include "packline/manifest.h"

/*
 * The binding tables of manifest, lock and profile.  They are also printed as
 * schemas/ *.schema.json.
 */
struct manifest_defaults {
	const struct pkg_node *at, *vendor;
};

struct manifest_root {
	struct pkg_manifest manifest;
	struct pkg_int_value packline;
	struct manifest_defaults *defaults;
	struct pkg_list include;
};

/* One file, as a lock has it. */
struct lock_file {
	const struct pkg_node *at, *path, *filename, *seal, *media_type;
	const struct pkg_node *seal_sha256;
	const struct pkg_node *md5, *sha1, *sha256, *sha512;
	struct pkg_int_value size;
	struct pkg_bool_value executable;
};

struct lock_bits {
	const struct pkg_node *at, *path;
	struct pkg_list files; /* struct lock_file */
};

struct lock_module {
	struct pkg_module module;
	struct lock_bits *bits;
	struct pkg_list artifacts; /* struct lock_file */
	struct lock_file *sbom;
};

/* What a server's operator can change. */
struct profile_root {
	const struct pkg_node *at;
	struct pkg_int_value packline;
	const struct pkg_node *server_version;
	struct pkg_bool_value multi_assignments;
	struct profile_quotas {
		const struct pkg_node *at;
		struct pkg_int_value artifacts_per_module, metadata_per_module;
		struct pkg_int_value metadata_per_set, modules_per_set;
		struct pkg_int_value types_per_set_type, assignments;
		struct pkg_int_value artifact_size, artifact_storage;
		struct pkg_int_value rollout_groups, package_size;
	} * quotas;
};

struct lock_root {
	struct pkg_manifest manifest;
	struct pkg_int_value format;
	struct pkg_enum_value type;
};

extern const struct pkg_table pkg_manifest_table;
extern const struct pkg_table pkg_lock_table;
extern const struct pkg_table pkg_profile_table;

/* Shared between the files of tables. */
extern const struct pkg_table pkg_manifest_product_table;
extern const struct pkg_table pkg_manifest_types_table;
extern const struct pkg_table pkg_manifest_set_table;
extern const struct pkg_table pkg_manifest_ref_table;
extern const struct pkg_table pkg_manifest_assignment_table;
extern const struct pkg_table pkg_manifest_rollout_table;
extern const struct pkg_table pkg_manifest_filter_table;
extern const struct pkg_field pkg_manifest_metadatum_item;
extern const struct pkg_field pkg_manifest_set_item;
extern const struct pkg_field pkg_manifest_assignment_item;
extern const struct pkg_field pkg_manifest_rollout_item;
extern const struct pkg_field pkg_manifest_filter_item;

/* The API's spellings. */
extern const char *const pkg_manifest_threshold[];
extern const char *const pkg_manifest_success_actions[];
extern const char *const pkg_manifest_error_actions[];

/* A tenant's name goes into container manifests, which are strict. */
#define ROW_TENANT(type, member, must)                                         \
	{                                                                      \
		.name = "tenant", .kind = PKG_FIELD_STRING,                    \
		.required = (must), .offset = offsetof(type, member),          \
		.min = 1, .max = 64,                                           \
		.pattern = "^[A-Za-z0-9_][A-Za-z0-9._+-]*$",                   \
		.hint = "letters, digits and . _ + - only",                    \
		.help = "Tenant that the bundle is for."                       \
	}
/* A row for a text of @low..@high UTF-16 units. */
#define ROW_TEXT(type, member, key, low, high, must, words)                    \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_STRING, .required = (must),   \
		.offset = offsetof(type, member), .min = (low), .max = (high), \
		.help = (words)                                                \
	}
#define ROW_BOOL(type, member, key, words)                                     \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_BOOL,                         \
		.offset = offsetof(type, member), .help = (words)              \
	}
#define ROW_INT(type, member, key, low, high, words)                           \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_INT,                          \
		.offset = offsetof(type, member), .min = (low), .max = (high), \
		.help = (words)                                                \
	}
#define ROW_LIST(type, member, key, of, words)                                 \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_LIST,                         \
		.offset = offsetof(type, member), .item = (of),                \
		.help = (words)                                                \
	}
#define ROW_OBJECT(type, member, key, of, words)                               \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_OBJECT,                       \
		.offset = offsetof(type, member), .table = (of),               \
		.help = (words)                                                \
	}
#define ROW_ENUM(type, member, key, of, words)                                 \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_ENUM,                         \
		.offset = offsetof(type, member), .choices = (of),             \
		.help = (words)                                                \
	}

enum { /* UTF-16 units, as the server counts */
       LENGTH_NAME = 128,
       LENGTH_VERSION = 64,
       LENGTH_KEY = 64,
       LENGTH_DESCRIPTION = 512,
       LENGTH_VENDOR = 256,
       LENGTH_COLOUR = 16,
       LENGTH_METADATA_KEY = 128,
       LENGTH_METADATA_VALUE = 4000,
       LENGTH_FILENAME = 256,
       LENGTH_CONTROLLER = 256,
       LENGTH_QUERY = 1024,
       LENGTH_MEDIA_TYPE = 128,
};

#endif

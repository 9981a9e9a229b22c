/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "tables.h"

#include <stddef.h>

/* The outermost tables of a manifest and of a profile. */
static const struct pkg_field glob_item = {.kind = PKG_FIELD_STRING,
					   .bytes = true,
					   .min = 1,
					   .max = PKG_LIMIT_PATTERN};

#define ROW_PATH(type, member, key, high, must, words)                         \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_STRING, .required = (must),   \
		.bytes = true, .offset = offsetof(type, member), .min = 1,     \
		.max = (high), .help = (words)                                 \
	}

static const struct pkg_field selector_fields[] = {
    ROW_PATH(struct pkg_selector, path, "path", PKG_LIMIT_PATH - 1, false,
	     "A file, relative to the manifest's folder."),
    ROW_PATH(struct pkg_selector, glob, "glob", PKG_LIMIT_PATTERN, false,
	     "All files that match; ** stands for any folders."),
    ROW_PATH(struct pkg_selector, regex, "regex", PKG_LIMIT_PATTERN, false,
	     "All files whose whole path matches this regular expression."),
    ROW_LIST(struct pkg_selector, exclude, "exclude", &glob_item,
	     "Globs: files that match are left out."),
    ROW_TEXT(struct pkg_selector, filename, "filename", 1, LENGTH_FILENAME,
	     false,
	     "The name that server and device see; the file's own if left "
	     "out."),
    ROW_PATH(struct pkg_selector, seal, "seal", PKG_LIMIT_PATH - 1, false,
	     "Device config to seal the file for."),
    {0},
};

static const char *const selector_kinds[] = {"path", "glob", "regex", NULL};
static const char *const exclude_key[] = {"exclude", NULL};

static const struct pkg_group selector_groups[] = {
    {.rule = PKG_GROUP_EXACTLY_ONE,
     .keys = selector_kinds,
     .hint = "say path: FILE, or glob: or regex: for several files"},
    {.rule = PKG_GROUP_NONE,
     .keys = exclude_key,
     .when_key = "path",
     .hint = "exclude belongs to glob and regex"},
    {0},
};

static const struct pkg_table selector_table = {
    .name = "artifact",
    .help = "Files of a module: one by its path, or all that match.",
    .size = sizeof(struct pkg_selector),
    .fields = selector_fields,
    .groups = selector_groups,
};

static const struct pkg_field selector_item = {.kind = PKG_FIELD_OBJECT,
					       .table = &selector_table};

static const struct pkg_field sbom_fields[] = {
    ROW_PATH(struct pkg_sbom, path, "path", PKG_LIMIT_PATH - 1, true,
	     "A file, relative to the manifest's folder."),
    ROW_TEXT(struct pkg_sbom, media_type, "mediaType", 1, LENGTH_MEDIA_TYPE,
	     true, "Such as application/vnd.cyclonedx+json."),
    {0},
};

static const struct pkg_table sbom_table = {
    .name = "sbom",
    .help = "The software bill of materials of a module.",
    .size = sizeof(struct pkg_sbom),
    .fields = sbom_fields,
};

static const struct pkg_field module_fields[] = {
    ROW_TEXT(struct pkg_module, name, "name", 1, LENGTH_NAME, true,
	     "Name of the software module."),
    ROW_TEXT(struct pkg_module, version, "version", 1, LENGTH_VERSION, true,
	     "Version of the software module."),
    ROW_TEXT(struct pkg_module, type, "type", 1, LENGTH_KEY, true,
	     "Key of its type."),
    ROW_TEXT(struct pkg_module, vendor, "vendor", 0, LENGTH_VENDOR, false,
	     "Who makes it; defaults.vendor if left out."),
    ROW_TEXT(struct pkg_module, description, "description", 0,
	     LENGTH_DESCRIPTION, false, "Free text."),
    ROW_BOOL(struct pkg_module, encrypted, "encrypted",
	     "The server encrypts its artifacts on upload (needs a server "
	     "with that extension)."),
    ROW_LIST(struct pkg_module, selectors, "artifacts", &selector_item,
	     "Its files."),
    ROW_LIST(struct pkg_module, metadata, "metadata",
	     &pkg_manifest_metadatum_item, "Seen by devices if targetVisible."),
    ROW_PATH(struct pkg_module, bits, "bits", PKG_LIMIT_PATH - 1, false,
	     "Cloud Foundry: the folder whose files become the package, "
	     "without what its .cfignore names."),
    ROW_OBJECT(struct pkg_module, sbom, "sbom", &sbom_table,
	       "Travels in the bundle; servers have no place for it."),
    {0},
};

static const struct pkg_table module_table = {
    .name = "module",
    .help = "A software module.",
    .size = sizeof(struct pkg_module),
    .fields = module_fields,
};

static const struct pkg_field module_item = {.kind = PKG_FIELD_OBJECT,
					     .table = &module_table};

static const struct pkg_field defaults_fields[] = {
    ROW_TEXT(struct manifest_defaults, vendor, "vendor", 0, LENGTH_VENDOR,
	     false, "Vendor of the modules that name none."),
    {0},
};

static const struct pkg_table defaults_table = {
    .name = "defaults",
    .help = "What modules get that say nothing else.",
    .size = sizeof(struct manifest_defaults),
    .fields = defaults_fields,
};

static const struct pkg_field include_item = {.kind = PKG_FIELD_STRING,
					      .bytes = true,
					      .min = 1,
					      .max = PKG_LIMIT_PATH - 1};

#define IN_MANIFEST(member) manifest.member

static const struct pkg_field manifest_fields[] = {
    {.name = "packline",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct manifest_root, packline),
     .min = 1,
     .max = 1,
     .help = "Version of this format: 1.",
     .hint = "this version of Packline reads version 1"},
    ROW_TENANT(struct manifest_root, IN_MANIFEST(tenant), false),
    ROW_OBJECT(struct manifest_root, IN_MANIFEST(product), "product",
	       &pkg_manifest_product_table,
	       "Name and version of the import bundle; in one of the files."),
    ROW_OBJECT(struct manifest_root, defaults, "defaults", &defaults_table,
	       "What modules get that say nothing else."),
    ROW_LIST(struct manifest_root, include, "include", &include_item,
	     "Manifests that are merged into this one; beneath its folder."),
    ROW_OBJECT(struct manifest_root, IN_MANIFEST(types), "types",
	       &pkg_manifest_types_table,
	       "Types besides those that every tenant has."),
    ROW_LIST(struct manifest_root, IN_MANIFEST(modules), "modules",
	     &module_item, "Software modules."),
    ROW_LIST(struct manifest_root, IN_MANIFEST(sets), "sets",
	     &pkg_manifest_set_item, "Distribution sets."),
    ROW_LIST(struct manifest_root, IN_MANIFEST(assignments), "assignments",
	     &pkg_manifest_assignment_item, "Targets that get a set at once."),
    ROW_LIST(struct manifest_root, IN_MANIFEST(rollouts), "rollouts",
	     &pkg_manifest_rollout_item, "Sets that spread group by group."),
    ROW_LIST(struct manifest_root, IN_MANIFEST(filters), "targetFilters",
	     &pkg_manifest_filter_item,
	     "Saved queries, and sets that go to whatever they match."),
    {0},
};

const struct pkg_table pkg_manifest_table = {
    .name = "manifest",
    .title = "Packline manifest",
    .id = "manifest.schema.json",
    .help = "What a product consists of and how it reaches an update server.",
    .size = sizeof(struct manifest_root),
    .fields = manifest_fields,
};

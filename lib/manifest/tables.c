/* SPDX-License-Identifier: Apache-2.0 */
#include "tables.h"

#include "packline/limits.h"

#include <stddef.h>

static const struct pkg_field product_fields[] = {
    ROW_TEXT(struct pkg_product, name, "name", 1, LENGTH_NAME, true,
	     "Name of the import bundle."),
    ROW_TEXT(struct pkg_product, version, "version", 1, LENGTH_VERSION, true,
	     "Version of the import bundle."),
    {0},
};

const struct pkg_table pkg_manifest_product_table = {
    .name = "product",
    .help = "Name and version of the import bundle.",
    .size = sizeof(struct pkg_product),
    .fields = product_fields,
};

static const struct pkg_field key_item = {
    .kind = PKG_FIELD_STRING, .min = 1, .max = LENGTH_KEY};

static const struct pkg_field module_type_fields[] = {
    ROW_TEXT(struct pkg_module_type, key, "key", 1, LENGTH_KEY, true,
	     "What modules say in their type."),
    ROW_TEXT(struct pkg_module_type, name, "name", 1, LENGTH_NAME, true,
	     "Name shown to people."),
    ROW_TEXT(struct pkg_module_type, description, "description", 0,
	     LENGTH_DESCRIPTION, false, "Free text."),
    ROW_TEXT(struct pkg_module_type, colour, "colour", 0, LENGTH_COLOUR, false,
	     "Colour in the server's user interface."),
    ROW_INT(struct pkg_module_type, max_assignments, "maxAssignments", 1,
	    INT32_MAX,
	    "How many modules of this type a set may hold; 1 if left out. The "
	    "server drops those above it without an error."),
    ROW_INT(struct pkg_module_type, min_artifacts, "minArtifacts", 0, INT32_MAX,
	    "A module with fewer artifacts is incomplete; 0 if left out. "
	    "Server 0.10.0 and newer."),
    {0},
};

static const struct pkg_table module_type_table = {
    .name = "moduleType",
    .help = "A type of software modules.",
    .size = sizeof(struct pkg_module_type),
    .fields = module_type_fields,
};

static const struct pkg_field set_type_fields[] = {
    ROW_TEXT(struct pkg_set_type, key, "key", 1, LENGTH_KEY, true,
	     "What sets say in their type."),
    ROW_TEXT(struct pkg_set_type, name, "name", 1, LENGTH_NAME, true,
	     "Name shown to people."),
    ROW_TEXT(struct pkg_set_type, description, "description", 0,
	     LENGTH_DESCRIPTION, false, "Free text."),
    ROW_TEXT(struct pkg_set_type, colour, "colour", 0, LENGTH_COLOUR, false,
	     "Colour in the server's user interface."),
    {.name = "mandatorymodules",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct pkg_set_type, mandatory),
     .item = &key_item,
     .help = "Keys of the module types that a set must have."},
    {.name = "optionalmodules",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct pkg_set_type, optional),
     .item = &key_item,
     .help = "Keys of the module types that a set may have."},
    {0},
};

static const struct pkg_table set_type_table = {
    .name = "setType",
    .help = "A type of distribution sets.",
    .size = sizeof(struct pkg_set_type),
    .fields = set_type_fields,
};

static const struct pkg_field module_type_item = {.kind = PKG_FIELD_OBJECT,
						  .table = &module_type_table};
static const struct pkg_field set_type_item = {.kind = PKG_FIELD_OBJECT,
					       .table = &set_type_table};

static const struct pkg_field types_fields[] = {
    ROW_LIST(struct pkg_types, modules, "modules", &module_type_item,
	     "Types of modules, besides os and application."),
    ROW_LIST(struct pkg_types, sets, "sets", &set_type_item,
	     "Types of sets, besides os, app and os_app."),
    {0},
};

const struct pkg_table pkg_manifest_types_table = {
    .name = "types",
    .help = "Types besides those that every tenant has.",
    .size = sizeof(struct pkg_types),
    .fields = types_fields,
};

static const struct pkg_field metadatum_fields[] = {
    ROW_TEXT(struct pkg_metadatum, key, "key", 1, LENGTH_METADATA_KEY, true,
	     "Unique within its module."),
    ROW_TEXT(struct pkg_metadatum, value, "value", 0, LENGTH_METADATA_VALUE,
	     true, "Any text."),
    ROW_BOOL(struct pkg_metadatum, target_visible, "targetVisible",
	     "Devices get to see it; of modules only."),
    {0},
};

static const struct pkg_table metadatum_table = {
    .name = "metadatum",
    .help = "A key and its value.",
    .size = sizeof(struct pkg_metadatum),
    .fields = metadatum_fields,
};

static const struct pkg_field set_metadatum_fields[] = {
    ROW_TEXT(struct pkg_metadatum, key, "key", 1, LENGTH_METADATA_KEY, true,
	     "Unique within its set."),
    ROW_TEXT(struct pkg_metadatum, value, "value", 0, LENGTH_METADATA_VALUE,
	     true, "Any text."),
    {0},
};

static const struct pkg_table set_metadatum_table = {
    .name = "setMetadatum",
    .help = "A key and its value; devices never see those of a set.",
    .size = sizeof(struct pkg_metadatum),
    .fields = set_metadatum_fields,
};

static const struct pkg_field set_metadatum_item = {
    .kind = PKG_FIELD_OBJECT, .table = &set_metadatum_table};

const struct pkg_field pkg_manifest_metadatum_item = {
    .kind = PKG_FIELD_OBJECT, .table = &metadatum_table};

static const struct pkg_field ref_fields[] = {
    ROW_TEXT(struct pkg_ref, name, "name", 1, LENGTH_NAME, true, "Its name."),
    ROW_TEXT(struct pkg_ref, version, "version", 1, LENGTH_VERSION, false,
	     "Its version; needed with external, or if the name is not "
	     "enough."),
    ROW_TEXT(struct pkg_ref, type, "type", 1, LENGTH_KEY, false,
	     "Key of its type; needed with external, or if the name is not "
	     "enough."),
    ROW_BOOL(struct pkg_ref, external, "external",
	     "The server has it already; it is not in this manifest."),
    {0},
};

const struct pkg_table pkg_manifest_ref_table = {
    .name = "reference",
    .help = "Says which module or set is meant.",
    .size = sizeof(struct pkg_ref),
    .fields = ref_fields,
};

static const struct pkg_field module_ref_item = {
    .kind = PKG_FIELD_STRING_OR_OBJECT,
    .min = 1,
    .max = LENGTH_NAME,
    .table = &pkg_manifest_ref_table,
    .help = "A module of this manifest by its name, or a reference."};

static const struct pkg_field set_fields[] = {
    ROW_TEXT(struct pkg_set, name, "name", 1, LENGTH_NAME, true,
	     "Name of the distribution set."),
    ROW_TEXT(struct pkg_set, version, "version", 1, LENGTH_VERSION, true,
	     "Version of the distribution set."),
    ROW_TEXT(struct pkg_set, type, "type", 1, LENGTH_KEY, true,
	     "Key of its type."),
    ROW_TEXT(struct pkg_set, description, "description", 0, LENGTH_DESCRIPTION,
	     false, "Free text."),
    ROW_BOOL(struct pkg_set, migration_step, "requiredMigrationStep",
	     "Its running assignment is not cancelled by that of another "
	     "set."),
    ROW_LIST(struct pkg_set, modules, "modules", &module_ref_item,
	     "The software modules of the set."),
    ROW_LIST(struct pkg_set, metadata, "metadata", &set_metadatum_item,
	     "Kept by the server, not seen by devices."),
    {0},
};

const struct pkg_table pkg_manifest_set_table = {
    .name = "set",
    .help = "A distribution set: modules that are installed together.",
    .size = sizeof(struct pkg_set),
    .fields = set_fields,
};
const struct pkg_field pkg_manifest_set_item = {
    .kind = PKG_FIELD_OBJECT, .table = &pkg_manifest_set_table};

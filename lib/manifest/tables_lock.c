/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/limits.h"
#include "tables.h"

#include <stddef.h>

/* The outermost tables of a lock and of a profile. */
#define ROW_PATH(key, member, high, must, words)                               \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_STRING, .required = (must),   \
		.bytes = true, .offset = offsetof(struct lock_file, member),   \
		.min = 1, .max = (high), .help = (words)                       \
	}
#define ROW_HEX(key, member, digits, must)                                     \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_STRING, .required = (must),   \
		.bytes = true, .offset = offsetof(struct lock_file, member),   \
		.min = (digits), .max = (digits), .pattern = "^[0-9a-f]+$",    \
		.help = "Lower-case hexadecimal digits."                       \
	}
#define ROWS_DIGESTS                                                           \
	ROW_HEX("md5", md5, 32, true), ROW_HEX("sha1", sha1, 40, true),        \
	    ROW_HEX("sha256", sha256, 64, true),                               \
	    ROW_HEX("sha512", sha512, 128, false),                             \
	{                                                                      \
		.name = "size", .kind = PKG_FIELD_INT, .required = true,       \
		.offset = offsetof(struct lock_file, size), .min = 0,          \
		.max = PKG_LIMIT_JSON_INT, .help = "Bytes."                    \
	}

static const struct pkg_field artifact_fields[] = {
    ROW_PATH("path", path, PKG_LIMIT_PATH - 1, true,
	     "The file, relative to the manifest's folder."),
    ROW_TEXT(struct lock_file, filename, "filename", 1, LENGTH_FILENAME, true,
	     "The name that server and device see."),
    ROW_PATH("seal", seal, PKG_LIMIT_PATH - 1, false,
	     "Device config to seal the file for."),
    ROW_HEX("sealSha256", seal_sha256, 64, false),
    ROWS_DIGESTS,
    {0},
};

static const struct pkg_table artifact_table = {
    .name = "pinnedArtifact",
    .help = "One file of a module; the digests are those of the plaintext.",
    .size = sizeof(struct lock_file),
    .fields = artifact_fields,
};
static const struct pkg_field artifact_item = {.kind = PKG_FIELD_OBJECT,
					       .table = &artifact_table};

static const struct pkg_field sbom_fields[] = {
    ROW_PATH("path", path, PKG_LIMIT_PATH - 1, true,
	     "The file, relative to the manifest's folder."),
    ROW_TEXT(struct lock_file, media_type, "mediaType", 1, LENGTH_MEDIA_TYPE,
	     true, "Such as application/vnd.cyclonedx+json."),
    ROWS_DIGESTS,
    {0},
};

static const struct pkg_table sbom_table = {
    .name = "pinnedSbom",
    .help = "The software bill of materials of a module.",
    .size = sizeof(struct lock_file),
    .fields = sbom_fields,
};

static const struct pkg_field bits_file_fields[] = {
    ROW_PATH("path", path, PKG_LIMIT_PATH - 1, true,
	     "The file, relative to the manifest's folder."),
    ROW_BOOL(struct lock_file, executable, "executable",
	     "It becomes 0755, else 0644."),
    ROWS_DIGESTS,
    {0},
};

static const struct pkg_table bits_file_table = {
    .name = "pinnedBitsFile",
    .help = "One file of a package.",
    .size = sizeof(struct lock_file),
    .fields = bits_file_fields,
};
static const struct pkg_field bits_file_item = {.kind = PKG_FIELD_OBJECT,
						.table = &bits_file_table};

static const struct pkg_field bits_fields[] = {
    {.name = "path",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .bytes = true,
     .offset = offsetof(struct lock_bits, path),
     .min = 1,
     .max = PKG_LIMIT_PATH - 1,
     .help = "The folder, relative to the manifest's."},
    ROW_LIST(struct lock_bits, files, "files", &bits_file_item,
	     "Its files, in byte order."),
    {0},
};

static const struct pkg_table bits_table = {
    .name = "pinnedBits",
    .help = "What a package for Cloud Foundry is made of.",
    .size = sizeof(struct lock_bits),
    .fields = bits_fields,
};

#define IN_MODULE(member) module.member

static const struct pkg_field module_fields[] = {
    ROW_TEXT(struct lock_module, IN_MODULE(name), "name", 1, LENGTH_NAME, true,
	     "Name of the software module."),
    ROW_TEXT(struct lock_module, IN_MODULE(version), "version", 1,
	     LENGTH_VERSION, true, "Version of the software module."),
    ROW_TEXT(struct lock_module, IN_MODULE(type), "type", 1, LENGTH_KEY, true,
	     "Key of its type."),
    ROW_TEXT(struct lock_module, IN_MODULE(vendor), "vendor", 0, LENGTH_VENDOR,
	     false, "Who makes it."),
    ROW_TEXT(struct lock_module, IN_MODULE(description), "description", 0,
	     LENGTH_DESCRIPTION, false, "Free text."),
    ROW_BOOL(struct lock_module, IN_MODULE(encrypted), "encrypted",
	     "The server encrypts its artifacts on upload."),
    ROW_LIST(struct lock_module, artifacts, "artifacts", &artifact_item,
	     "Its files."),
    ROW_LIST(struct lock_module, IN_MODULE(metadata), "metadata",
	     &pkg_manifest_metadatum_item, "Seen by devices if targetVisible."),
    ROW_OBJECT(struct lock_module, bits, "bits", &bits_table,
	       "The package for Cloud Foundry."),
    ROW_OBJECT(struct lock_module, sbom, "sbom", &sbom_table,
	       "Travels in the bundle; servers have no place for it."),
    {0},
};

static const struct pkg_table module_table = {
    .name = "pinnedModule",
    .help = "A software module.",
    .size = sizeof(struct lock_module),
    .fields = module_fields,
};
static const struct pkg_field module_item = {.kind = PKG_FIELD_OBJECT,
					     .table = &module_table};

static const char *const pkg_lock_types[] = {"lock", NULL};

#define IN_MANIFEST(member) manifest.member

static const struct pkg_field lock_fields[] = {
    {.name = "type",
     .kind = PKG_FIELD_ENUM,
     .required = true,
     .offset = offsetof(struct lock_root, type),
     .choices = pkg_lock_types,
     .help = "Says that it is a lock."},
    {.name = "format",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct lock_root, format),
     .min = 1,
     .max = 1,
     .help = "Version of this format: 1.",
     .hint = "this version of Packline reads version 1"},
    ROW_TENANT(struct lock_root, IN_MANIFEST(tenant), true),
    {.name = "product",
     .kind = PKG_FIELD_OBJECT,
     .required = true,
     .offset = offsetof(struct lock_root, IN_MANIFEST(product)),
     .table = &pkg_manifest_product_table,
     .help = "Name and version of the import bundle."},
    ROW_OBJECT(struct lock_root, IN_MANIFEST(types), "types",
	       &pkg_manifest_types_table,
	       "Types besides those that every tenant has."),
    ROW_LIST(struct lock_root, IN_MANIFEST(modules), "modules", &module_item,
	     "Software modules."),
    ROW_LIST(struct lock_root, IN_MANIFEST(sets), "sets",
	     &pkg_manifest_set_item, "Distribution sets."),
    ROW_LIST(struct lock_root, IN_MANIFEST(assignments), "assignments",
	     &pkg_manifest_assignment_item, "Targets that get a set at once."),
    ROW_LIST(struct lock_root, IN_MANIFEST(rollouts), "rollouts",
	     &pkg_manifest_rollout_item, "Sets that spread group by group."),
    ROW_LIST(struct lock_root, IN_MANIFEST(filters), "targetFilters",
	     &pkg_manifest_filter_item, "Saved queries."),
    {0},
};

const struct pkg_table pkg_lock_table = {
    .name = "lock",
    .title = "Packline lock",
    .id = "lock.schema.json",
    .help = "A manifest with everything pinned.",
    .size = sizeof(struct lock_root),
    .fields = lock_fields,
};

#define ROW_QUOTA(member, key, words)                                          \
	ROW_INT(struct profile_quotas, member, key, 0, PKG_LIMIT_JSON_INT,     \
		words " 0 = no limit.")

static const struct pkg_field quota_fields[] = {
    ROW_QUOTA(artifacts_per_module, "maxArtifactsPerSoftwareModule",
	      "Artifacts of one module."),
    ROW_QUOTA(metadata_per_module, "maxMetaDataEntriesPerSoftwareModule",
	      "Metadata of one module."),
    ROW_QUOTA(metadata_per_set, "maxMetaDataEntriesPerDistributionSet",
	      "Metadata of one set."),
    ROW_QUOTA(modules_per_set, "maxSoftwareModulesPerDistributionSet",
	      "Modules of one set."),
    ROW_QUOTA(types_per_set_type,
	      "maxSoftwareModuleTypesPerDistributionSetType",
	      "Module types of one set type."),
    ROW_QUOTA(assignments,
	      "maxTargetDistributionSetAssignmentsPerManualAssignment",
	      "Targets of one assignment."),
    ROW_QUOTA(artifact_size, "maxArtifactSize", "Bytes of one artifact."),
    ROW_QUOTA(artifact_storage, "maxArtifactStorage",
	      "Bytes of all artifacts of a tenant."),
    ROW_QUOTA(rollout_groups, "maxRolloutGroupsPerRollout",
	      "Groups of one rollout."),
    ROW_QUOTA(package_size, "maxPackageSize",
	      "Bytes of all files of one package of Cloud Foundry."),
    {0},
};

static const struct pkg_table quota_table = {
    .name = "quotas",
    .help = "The server's quotas, under the names of its configuration.",
    .size = sizeof(struct profile_quotas),
    .fields = quota_fields,
};

static const struct pkg_field profile_fields[] = {
    {.name = "packline",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct profile_root, packline),
     .min = 1,
     .max = 1,
     .help = "Version of this format: 1.",
     .hint = "this version of Packline reads version 1"},
    {.name = "serverVersion",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct profile_root, server_version),
     .pattern = "^[0-9]{1,3}(\\.[0-9]{1,3}){0,2}$",
     .hint = "such as \"0.9.0\"",
     .help = "Version of the server."},
    ROW_BOOL(struct profile_root, multi_assignments, "multiAssignments",
	     "Targets may have several assignments at once "
	     "(multi.assignments.enabled); each needs a weight."),
    ROW_OBJECT(struct profile_root, quotas, "quotas", &quota_table,
	       "Its quotas where they are not those it comes with."),
    {0},
};

const struct pkg_table pkg_profile_table = {
    .name = "profile",
    .title = "Packline server profile",
    .id = "profile.schema.json",
    .help = "What a server accepts, where its operator has changed it.",
    .size = sizeof(struct profile_root),
    .fields = profile_fields,
};

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_RULES_H
#define MANIFEST_RULES_H

#include "packline/manifest.h"

/*
 * Every rule about a manifest that is not in the binding tables.
 * X(NAME, id, severity, what it means, how to mend it)
 */
#define MANIFEST_RULES(X)                                                      \
	/* variables and files that are merged */                              \
	X(UNDEFINED_VARIABLE, "undefined-variable", ERROR,                     \
	  "a ${NAME} is not defined",                                          \
	  "give it with -D NAME=VALUE or --define-from-env NAME; $$ is a "     \
	  "dollar")                                                            \
	X(BAD_VARIABLE, "bad-variable", ERROR,                                 \
	  "a $ starts neither ${NAME} nor $$", "write $$ for a dollar")        \
	X(INCLUDE_FILE, "include-file", ERROR,                                 \
	  "an included file cannot be read, or is not beneath the manifest's " \
	  "folder",                                                            \
	  "give a path relative to the manifest's folder, without ..")         \
	X(INCLUDE_TWICE, "include-twice", ERROR,                               \
	  "a file is included twice, or includes itself",                      \
	  "include each file once")                                            \
	X(INCLUDE_CONFLICT, "include-conflict", ERROR,                         \
	  "two of the merged files set the same key",                          \
	  "set it in one of the files; only lists are joined")                 \
	X(NO_TENANT, "no-tenant", ERROR,                                       \
	  "no file says which tenant it is for", "add tenant: NAME")           \
	X(NO_PRODUCT, "no-product", ERROR,                                     \
	  "no file says what the bundle is called",                            \
	  "add product: {name: NAME, version: VERSION}")                       \
	/* text */                                                             \
	X(CONTROL_CHARACTER, "control-character", ERROR,                       \
	  "the value of a variable has a control character other than "        \
	  "newline and tab",                                                   \
	  "remove it")                                                         \
	X(MARKUP, "markup", ERROR,                                             \
	  "a text has what the server takes for XML: an element, a comment "   \
	  "or "                                                                \
	  "an instruction",                                                    \
	  "the server refuses it; write it without < and >")                   \
	X(BLANK_EDGE, "blank-edge", WARNING,                                   \
	  "a name, version or key starts or ends with a blank",                \
	  "remove it; the server keeps or trims it depending on its version")  \
	/* identities and types */                                             \
	X(DUPLICATE, "duplicate", ERROR,                                       \
	  "two things have the same identity: modules or sets of one type, "   \
	  "name and version; types of one key or name; rollouts, filters, "    \
	  "groups of one name",                                                \
	  "the server refuses the second one; rename or remove it")            \
	X(SIMILAR_NAME, "similar-name", WARNING,                               \
	  "two names differ only by case",                                     \
	  "some databases hold them to be the same; use one spelling")         \
	X(BUILTIN_TYPE, "builtin-type", WARNING,                               \
	  "a type is declared that every tenant has",                          \
	  "remove it: an existing type is not changed")                        \
	X(UNKNOWN_TYPE, "unknown-type", ERROR,                                 \
	  "a type is neither declared nor one that every tenant has",          \
	  "declare it under types:")                                           \
	/* modules */                                                          \
	X(MIN_ARTIFACTS, "min-artifacts", ERROR,                               \
	  "a module has fewer artifacts than its type demands and stays "      \
	  "incomplete",                                                        \
	  "add artifacts, or lower minArtifacts of the type")                  \
	X(TOO_MANY_ARTIFACTS, "too-many-artifacts", ERROR,                     \
	  "a module has more artifacts than the server allows",                \
	  "split the module, or pack the files into an archive")               \
	X(TOO_MANY_METADATA, "too-many-metadata", ERROR,                       \
	  "a module or set has more metadata than the server allows",          \
	  "remove some")                                                       \
	X(DUPLICATE_METADATA, "duplicate-metadata", ERROR,                     \
	  "a metadata key is there twice", "remove one of them")               \
	X(METADATA_KEY_PATH, "metadata-key-path", WARNING,                     \
	  "a metadata key has a slash, a backslash, a semicolon or a "         \
	  "percent sign, which the server refuses in a path",                  \
	  "it can be made, but neither updated nor deleted by itself")         \
	X(TOO_MANY_VISIBLE, "too-many-visible", WARNING,                       \
	  "a module has more than 50 metadata that devices are to "            \
	  "see, and the server is older than 0.10",                            \
	  "it shows devices the first 50; leave targetVisible out "            \
	  "elsewhere")                                                         \
	X(SERVER_ENCRYPTION, "server-encryption", WARNING,                     \
	  "a module is to be encrypted by the server, which the open-source "  \
	  "server refuses",                                                    \
	  "use seal: to encrypt it here, or remove encrypted")                 \
	/* artifacts */                                                        \
	X(PATH_OUTSIDE, "path-outside", ERROR,                                 \
	  "a path is absolute or has .. in it",                                \
	  "give a path beneath the manifest's folder")                         \
	X(FILE_MISSING, "file-missing", ERROR, "a file does not exist",        \
	  "build it first, or correct the path (relative to the manifest's "   \
	  "folder)")                                                           \
	X(NOT_A_FILE, "not-a-file", ERROR,                                     \
	  "a path is a folder, a symbolic link or a device",                   \
	  "name a regular file")                                               \
	X(NO_MATCH, "no-match", ERROR, "a pattern selects no file",            \
	  "build the files first, or correct the pattern")                     \
	X(BAD_PATTERN, "bad-pattern", ERROR, "a pattern cannot be used", NULL) \
	X(FILENAME_CLASH, "filename-clash", ERROR,                             \
	  "two artifacts of a module have the same filename for the server, "  \
	  "which ignores case and blanks around it",                           \
	  "give one of them another filename:")                                \
	X(FILENAME_FORM, "filename-form", ERROR,                               \
	  "a filename has a slash, a backslash or a control character, or is " \
	  ". or ..",                                                           \
	  "use a plain name: devices cannot fetch others")                     \
	X(FILENAME_LENGTH, "filename-length", ERROR,                           \
	  "a filename is longer than 256 characters", "set filename:")         \
	X(FILENAME_MD5SUM, "filename-md5sum", ERROR,                           \
	  "a filename ends in .MD5SUM, which the server serves itself",        \
	  "set another filename:")                                             \
	X(FILENAME_PATH, "filename-path", WARNING,                             \
	  "a filename has a semicolon or a percent sign, which the "           \
	  "server refuses in a path",                                          \
	  "devices cannot fetch it; set another filename:")                    \
	X(FILENAME_MANY, "filename-many", ERROR,                               \
	  "filename: stands at a pattern that selects several files",          \
	  "use path: for each file, or leave filename out")                    \
	X(EMPTY_ARTIFACT, "empty-artifact", ERROR, "an artifact is empty",     \
	  "the server refuses empty files; leave it out")                      \
	X(ARTIFACT_SIZE, "artifact-size", ERROR,                               \
	  "an artifact is larger than the server allows",                      \
	  "split or compress it, or raise the server's limit and --profile")   \
	X(STORAGE_EXCEEDED, "storage-exceeded", ERROR,                         \
	  "all artifacts together are more than the server's storage for a "   \
	  "tenant",                                                            \
	  "raise the server's limit and give it with --profile")               \
	X(FILE_UNREADABLE, "file-unreadable", ERROR,                           \
	  "a file cannot be read, or changes while it is read",                \
	  "wait until the build is done; check who may read it")               \
	X(RECORD_MISSING, "record-missing", ERROR,                             \
	  "the records have nothing about an artifact",                        \
	  "make them from the output of pkg-manifest files")                   \
	X(RECORD_MISMATCH, "record-mismatch", ERROR,                           \
	  "a record does not match its file",                                  \
	  "the file has changed since: hash it again")                         \
	/* bills of materials */                                               \
	X(SBOM_FORM, "sbom-form", ERROR,                                       \
	  "a bill of materials is not what its media type says",               \
	  "make it again; it is JSON of CycloneDX or SPDX")                    \
	X(SBOM_DIGEST, "sbom-digest", ERROR,                                   \
	  "a bill of materials has another digest of a file than the file",    \
	  "make it from the files that are shipped")                           \
	X(SBOM_NAMES, "sbom-names", WARNING,                                   \
	  "a bill of materials has no digest of any file of its module",       \
	  "let it name the files, so that it can be held against them")        \
	/* packages for Cloud Foundry */                                       \
	X(BITS_RECORDS, "bits-records", ERROR,                                 \
	  "bits cannot be found from records alone",                           \
	  "resolve without --no-files: modes and links must be seen")          \
	X(BITS_EMPTY, "bits-empty", ERROR, "a package has no file",            \
	  "build it first, or look at the .cfignore of the folder")            \
	X(BITS_LINK, "bits-link", ERROR,                                       \
	  "a package has a symbolic link, a device or a pipe",                 \
	  "put a file in its place, or name it in the .cfignore")              \
	X(BITS_PATH, "bits-path", ERROR,                                       \
	  "the path of a package's file is not safe: a backslash, a control "  \
	  "character, or a ~ at its front",                                    \
	  "rename it: servers refuse it or read it otherwise")                 \
	X(BITS_SIZE, "bits-size", ERROR,                                       \
	  "the files of a package are larger together than the server allows", \
	  "leave files out with .cfignore, or raise the limit and --profile")  \
	X(BITS_COUNT, "bits-count", ERROR,                                     \
	  "a package has more than 65,534 files",                              \
	  "leave files out with .cfignore, or pack some into an archive")      \
	X(BITS_IGNORE, "bits-ignore", WARNING,                                 \
	  "a line of .cfignore is no pattern and does nothing",                \
	  "write it otherwise, or remove it")                                  \
	/* sets */                                                             \
	X(UNKNOWN_MODULE, "unknown-module", ERROR,                             \
	  "a set names a module that is not there",                            \
	  "add it under modules:, or say external: true with type and "        \
	  "version")                                                           \
	X(AMBIGUOUS, "ambiguous", ERROR,                                       \
	  "a name fits several modules or sets",                               \
	  "use a map: {type: TYPE, name: NAME, version: VERSION}")             \
	X(EXTERNAL_INCOMPLETE, "external-incomplete", ERROR,                   \
	  "an external reference lacks type or version",                       \
	  "the server finds it by type, name and version only")                \
	X(EXTERNAL_KNOWN, "external-known", WARNING,                           \
	  "something external is in this manifest too", "remove external")     \
	X(DUPLICATE_MODULE, "duplicate-module", ERROR,                         \
	  "a set names the same module twice", "remove one of them")           \
	X(FOREIGN_TYPE, "foreign-type", ERROR,                                 \
	  "a module's type does not belong to the set's type",                 \
	  "use another set type, or add it to its optionalmodules")            \
	X(MAX_ASSIGNMENTS, "max-assignments", ERROR,                           \
	  "a set has more modules of a type than its maxAssignments",          \
	  "keep as many as it may hold, or raise "                             \
	  "maxAssignments of the type")                                        \
	X(INCOMPLETE_SET, "incomplete-set", ERROR,                             \
	  "a set lacks a module of a mandatory type, or has none",             \
	  "the server never assigns it; add the module")                       \
	X(TOO_MANY_MODULES, "too-many-modules", ERROR,                         \
	  "a set has more modules than the server allows", "split the set")    \
	X(TOO_MANY_TYPES, "too-many-types", ERROR,                             \
	  "a set type has more module types than the server allows",           \
	  "split the set type")                                                \
	/* assignments, rollouts, target filters */                            \
	X(UNKNOWN_SET, "unknown-set", ERROR, "a set is not there",             \
	  "add it under sets:, or say external: true with type and version")   \
	X(DUPLICATE_TARGET, "duplicate-target", ERROR,                         \
	  "a target is there twice in one assignment", "remove one of them")   \
	X(COMPETING_SETS, "competing-sets", WARNING,                           \
	  "a target gets several sets", "the last one cancels the others")     \
	X(TIME_FORM, "time-form", ERROR, "a time is not RFC 3339",             \
	  "such as 2026-12-01T02:00:00Z")                                      \
	X(FORCETIME_UNUSED, "forcetime-unused", WARNING,                       \
	  "forcetime without type: timeforced is ignored",                     \
	  "add type: timeforced, or remove forcetime")                         \
	X(OFFLINE_UNUSED, "offline-unused", WARNING,                           \
	  "an offline assignment takes nothing but the targets",               \
	  "remove the other keys, or offline")                                 \
	X(WINDOW_SCHEDULE, "window-schedule", ERROR,                           \
	  "the schedule of a maintenance window is no Quartz cron expression", \
	  "6 or 7 fields: second minute hour day month weekday [year], with "  \
	  "? for day or weekday")                                              \
	X(WINDOW_NEVER, "window-never", ERROR,                                 \
	  "the schedule of a maintenance window names days that no calendar "  \
	  "has",                                                               \
	  "the server refuses a window that never opens")                      \
	X(WINDOW_IGNORED, "window-ignored", WARNING,                           \
	  "the server ignores a part of a schedule: a range that runs "        \
	  "backwards (but of weekdays), or L or W in a list of days",          \
	  "write two ranges with a comma, or L or W alone")                    \
	X(WINDOW_PAST, "window-past", ERROR,                                   \
	  "a maintenance window does not open any more, at the time of --at",  \
	  "the server refuses it; correct the days or the years of schedule")  \
	X(TIME_PAST, "time-past", WARNING,                                     \
	  "a time is over, at the time of --at", "it takes effect at once")    \
	X(WINDOW_DURATION, "window-duration", ERROR,                           \
	  "the duration of a maintenance window is not HH:mm or HH:mm:ss",     \
	  "such as \"02:00:00\"; at most 23:59:59")                            \
	X(WINDOW_TIMEZONE, "window-timezone", ERROR,                           \
	  "the timezone of a maintenance window is no offset from UTC",        \
	  "such as \"+01:00\" or Z; names such as Europe/Berlin are refused")  \
	X(NO_WEIGHT, "no-weight", ERROR,                                       \
	  "the server takes several assignments at once, and one has "         \
	  "no weight",                                                         \
	  "say weight: 0 to 1000")                                             \
	X(TARGET_QUERY, "target-query", ERROR,                                 \
	  "a query for targets is none, or asks for a field that "             \
	  "targets do not have",                                               \
	  "see QUERIES in pkg-manifest(1); targets have name, "                \
	  "controllerid, attribute.KEY, tag and others")                       \
	X(TEMPLATE_UNUSED, "template-unused", WARNING,                         \
	  "a rollout has a dynamicGroupTemplate and is not dynamic",           \
	  "add dynamic: true, or remove it")                                   \
	X(GROUPS_REMAINDER, "groups-remainder", WARNING,                       \
	  "no group of a rollout takes all targets that are left",             \
	  "the server refuses a rollout that leaves targets over: "            \
	  "leave targetPercentage of the last group out")                      \
	X(PERCENTAGE, "percentage", ERROR,                                     \
	  "a threshold is not a number from 0 to 100",                         \
	  "such as expression: \"80\"")                                        \
	X(ROLLOUT_DYNAMIC, "rollout-dynamic", ERROR,                           \
	  "a rollout is dynamic and lists its groups",                         \
	  "use amountGroups with dynamic")                                     \
	X(TOO_MANY_GROUPS, "too-many-groups", ERROR,                           \
	  "a rollout has more groups than the server allows",                  \
	  "use fewer groups")                                                  \
	X(SERVER_TOO_OLD, "server-too-old", WARNING,                           \
	  "the server does not know a field yet", "it would be ignored")

enum manifest_rule {
#define X(name, id, severity, text, hint) RULE_##name,
	MANIFEST_RULES(X)
#undef X
};

/* Where findings go. */
struct rule_sink {
	struct pkg_diag *diag;
	struct pkg_err *err;
};

/*
 * Report a finding of @rule at @at (NULL = nowhere) with the rule's hint, or
 * with @hint if that is not NULL.
 */
enum pkg_code pkg_rule_add(const struct rule_sink *sink,
			   enum manifest_rule rule, const struct pkg_node *at,
			   const char *hint, const char *fmt, ...)
    PKG_PRINTF(5, 6);

/* The text of a node that may be missing. */
static inline const char *rule_text(const struct pkg_node *node)
{
	return node != NULL ? node->text : "";
}

#endif

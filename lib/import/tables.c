/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/import.h"
#include "packline/limits.h"
#include "packline/schema.h"

#include <stddef.h>

/* The records that pkg-import writes, as a reader binds them. */
struct event {
	const struct pkg_node *at, *op, *ref;
	struct pkg_enum_value type, action;
	struct pkg_int_value id, status;
};

struct result {
	const struct pkg_node *at, *manifest_sha256, *server;
	struct pkg_enum_value type;
	struct pkg_bool_value dry_run;
	struct pkg_int_value created, updated, unchanged, found, deleted;
	struct pkg_int_value reads, writes;
};

static const char *const event_type[] = {"import-step", NULL};
static const char *const result_type[] = {"import", NULL};
static const char *const actions[] = {
    "created",      "updated",      "unchanged",    "found", "deleted",
    "would-create", "would-update", "would-delete", NULL};

#define MEMBER(of, member, as, must, what)                                     \
	.name = #member, .kind = (as), .required = (must),                     \
	.offset = offsetof(struct of, member), .help = (what)
#define COUNT(of, member, must, what)                                          \
	{                                                                      \
		MEMBER(of, member, PKG_FIELD_INT, must, what),                 \
		    .min = 0, .max = PKG_LIMIT_JSON_INT                        \
	}

static const struct pkg_field event_fields[] = {
    {MEMBER(event, action, PKG_FIELD_ENUM, true, "What was done, or would be."),
     .choices = actions},
    COUNT(event, id, false, "The server's; left out where there is none."),
    {MEMBER(event, op, PKG_FIELD_STRING, true,
	    "Of the plan's step; prune for a deletion.")},
    {MEMBER(event, ref, PKG_FIELD_STRING, true, "Of the plan's step.")},
    COUNT(event, status, false,
	  "HTTP status of the last change; left out if nothing was changed."),
    {MEMBER(event, type, PKG_FIELD_ENUM, true, "Says what the record is."),
     .choices = event_type},
    {0},
};
static const struct pkg_table event_table = {
    .name = "importStep",
    .title = "Packline record: a step of an import",
    .id = "import-step.schema.json",
    .help = "What came of one step of the plan.",
    .size = sizeof(struct event),
    .fields = event_fields,
};

static const struct pkg_field result_fields[] = {
    COUNT(result, created, true, "Steps that made something."),
    COUNT(result, deleted, true, "What was deleted (--prune)."),
    {MEMBER(result, dry_run, PKG_FIELD_BOOL, true,
	    "Nothing was changed; the counts are what would be.")},
    COUNT(result, found, true, "Steps that only look for something."),
    {MEMBER(result, manifest_sha256, PKG_FIELD_STRING, true,
	    "Identity of the bundle."),
     .pattern = "^[0-9a-f]{64}$"},
    COUNT(result, reads, true, "Requests that only read."),
    {MEMBER(result, server, PKG_FIELD_STRING, true, "Address of the server.")},
    {MEMBER(result, type, PKG_FIELD_ENUM, true, "Says what the record is."),
     .choices = result_type},
    COUNT(result, unchanged, true, "Steps that had nothing to do."),
    COUNT(result, updated, true, "Steps that changed something."),
    COUNT(result, writes, true, "Requests that change the server."),
    {0},
};
static const struct pkg_table result_table = {
    .name = "import",
    .title = "Packline record: an import",
    .id = "import.schema.json",
    .help = "What came of a whole import.",
    .size = sizeof(struct result),
    .fields = result_fields,
};

enum pkg_code pkg_import_event_schema(struct pkg_sink *sink,
				      struct pkg_err *err)
{
	return pkg_schema_emit(&event_table, sink, err);
}

enum pkg_code pkg_import_result_schema(struct pkg_sink *sink,
				       struct pkg_err *err)
{
	return pkg_schema_emit(&result_table, sink, err);
}

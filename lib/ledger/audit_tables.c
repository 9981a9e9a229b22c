/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/audit_tables.h"

#include "packline/audit.h"
#include "packline/limits.h"

const char *const pkg_audit_phases[] = {
    [PKG_AUDIT_DONE] = "done",
    [PKG_AUDIT_BEGIN] = "begin",
    [PKG_AUDIT_END] = "end",
    [PKG_AUDIT_FAILED] = "failed",
    NULL,
};
static const char *const line_type[] = {"audit-line", NULL};
static const char *const head_type[] = {"audit-head", NULL};

#define SHA256 "^[0-9a-f]{64}$"
#define UUID   "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
#define TIME   "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"

/* A member of struct @type; there are those that are always there. */
#define MEMBER(type, member, as, what)                                         \
	.name = #member, .kind = (as), .offset = offsetof(type, member),       \
	.help = (what)
#define LINE(member, as, what) MEMBER(struct audit_line, member, as, what)
#define TEXT                   .min = 1, .max = PKG_LIMIT_AUDIT_TEXT, .bytes = true
#define COUNT                  .min = 1, .max = PKG_LIMIT_JSON_INT

static const struct pkg_field item_fields[] = {
    {MEMBER(struct audit_item, name, PKG_FIELD_STRING,
	    "What it is called: a path, a member, a document."),
     .required = true, TEXT},
    {MEMBER(struct audit_item, sha256, PKG_FIELD_STRING, "Of its bytes."),
     .required = true, .pattern = SHA256},
    {0},
};

static const struct pkg_table item_table = {
    .name = "item",
    .help = "A file that went in or came out.",
    .size = sizeof(struct audit_item),
    .fields = item_fields,
};

static const struct pkg_field item = {.kind = PKG_FIELD_OBJECT,
				      .table = &item_table};

static const struct pkg_field line_fields[] = {
    {LINE(begin, PKG_FIELD_INT,
	  "Of end and failed: the number of the line that began it."),
     COUNT},
    {LINE(certificate, PKG_FIELD_STRING,
	  "SHA-256 of the DER of the certificate that belongs to the key."),
     .pattern = SHA256},
    {LINE(decision, PKG_FIELD_STRING, "What was decided."), TEXT},
    {LINE(event, PKG_FIELD_STRING,
	  "What happened.  log-begin, log-continue, log-rotate and log-torn "
	  "are of the log itself."),
     .required = true, .min = 1, .max = 64, .pattern = "^[a-z][a-z0-9-]*$"},
    {LINE(inputs, PKG_FIELD_LIST, "What went in."), .item = &item},
    {LINE(job, PKG_FIELD_STRING, "Id of the batch, task or container."), TEXT},
    {LINE(key, PKG_FIELD_STRING, "Path or URI of the key, without its query."),
     TEXT},
    {LINE(log, PKG_FIELD_STRING, "UUID of the log."), .required = true,
     .pattern = UUID},
    {LINE(note, PKG_FIELD_STRING, "A sentence for people."), TEXT},
    {LINE(number, PKG_FIELD_INT, "Of this line, from 1."), .required = true,
     COUNT},
    {LINE(operator, PKG_FIELD_STRING, "Who, by his login name or as told."),
     .required = true, TEXT},
    {LINE(outputs, PKG_FIELD_LIST, "What came out."), .item = &item},
    {LINE(packline, PKG_FIELD_INT, "Version of this form."), .required = true,
     .min = 1, .max = 1},
    {LINE(phase, PKG_FIELD_ENUM,
	  "begin: it will happen; end: it has; failed: it began and came to "
	  "nothing; done: told at once."),
     .required = true, .choices = pkg_audit_phases},
    {LINE(previous, PKG_FIELD_STRING,
	  "SHA-256 of the line before this one, newline included; null in the "
	  "first."),
     .required = true, .nullable = true, .pattern = SHA256},
    {LINE(reason, PKG_FIELD_STRING,
	  "Of the decision, in words; of a failure, its stable id."),
     TEXT},
    {LINE(tenant, PKG_FIELD_STRING, "Whose it is."), TEXT},
    {LINE(time, PKG_FIELD_STRING, "When: RFC 3339, in UTC."), .required = true,
     .pattern = TIME},
    {LINE(tool, PKG_FIELD_STRING, "Name and version of the program."),
     .required = true, TEXT},
    {LINE(type, PKG_FIELD_ENUM, "The record."), .required = true,
     .choices = line_type},
    {LINE(uid, PKG_FIELD_INT, "Number of the user."), .required = true,
     .min = 0, .max = PKG_LIMIT_JSON_INT},
    {0},
};

const struct pkg_table pkg_audit_line_table = {
    .name = "line",
    .title = "Packline audit log line",
    .id = "audit-line.schema.json",
    .help = "One line of an audit log: who did what, and what it follows.",
    .size = sizeof(struct audit_line),
    .fields = line_fields,
};

#define HEAD(member, as, what)                                                 \
	MEMBER(struct audit_head, member, as, what), .required = true

static const struct pkg_field head_fields[] = {
    {HEAD(log, PKG_FIELD_STRING, "UUID of the log."), .pattern = UUID},
    {HEAD(number, PKG_FIELD_INT, "Of its last line."), COUNT},
    {HEAD(packline, PKG_FIELD_INT, "Version of this form."), .min = 1,
     .max = 1},
    {HEAD(sha256, PKG_FIELD_STRING, "Of that line, newline included."),
     .pattern = SHA256},
    {HEAD(time, PKG_FIELD_STRING, "Of that line: RFC 3339, in UTC."),
     .pattern = TIME},
    {HEAD(type, PKG_FIELD_ENUM, "The record."), .choices = head_type},
    {0},
};

const struct pkg_table pkg_audit_head_table = {
    .name = "head",
    .title = "Packline audit log head",
    .id = "audit-head.schema.json",
    .help = "The end of an audit log at one moment: what is to be signed and "
	    "kept elsewhere.",
    .size = sizeof(struct audit_head),
    .fields = head_fields,
};

enum pkg_code pkg_audit_line_schema(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_schema_emit(&pkg_audit_line_table, sink, err);
}

enum pkg_code pkg_audit_head_schema(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_schema_emit(&pkg_audit_head_table, sink, err);
}

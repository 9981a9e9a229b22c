/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/verify_log.h"

#include "packline/json.h"
#include "packline/limits.h"
#include "packline/schema.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <inttypes.h>
#include <string.h>

static const char *const ids[] = {
#define X(name, id, text) (id),
    PKG_VERIFY_LOG_CHECKS(X)
#undef X
	NULL};
static const char *const types[] = {"log-verdict", NULL};

struct record_check {
	const struct pkg_node *at;
	const struct pkg_node *detail;
	struct pkg_enum_value id;
	struct pkg_bool_value ok;
};

struct record {
	const struct pkg_node *at;
	struct pkg_list checks;
	const struct pkg_node *hint, *log, *path, *reason, *sha256, *text,
	    *time;
	struct pkg_int_value files, heads, lines, number, open, torn;
	struct pkg_bool_value ok;
	struct pkg_enum_value type;
};

#define MEMBER(in, member, as, what)                                           \
	.name = #member, .kind = (as), .required = true,                       \
	.offset = offsetof(in, member), .help = (what)
#define ROW(member, as, what)   MEMBER(struct record, member, as, what)
#define CHECK(member, as, what) MEMBER(struct record_check, member, as, what)
#define COUNT                   .min = 0, .max = PKG_LIMIT_JSON_INT

static const struct pkg_field check_fields[] = {
    {CHECK(detail, PKG_FIELD_STRING,
	   "What was found, or why it was not checked.")},
    {CHECK(id, PKG_FIELD_ENUM, "Which check; pkg-verify(1) lists them."),
     .choices = ids},
    {CHECK(ok, PKG_FIELD_BOOL, "Whether it passed; null if it was not made."),
     .nullable = true},
    {0},
};

static const struct pkg_table check_table = {
    .name = "check",
    .help = "One check.",
    .size = sizeof(struct record_check),
    .fields = check_fields,
};

static const struct pkg_field check = {.kind = PKG_FIELD_OBJECT,
				       .table = &check_table};

static const struct pkg_field fields[] = {
    {ROW(checks, PKG_FIELD_LIST, "Every check, in one order."),
     .min = PKG_VERIFY_LOG_CHECK_COUNT, .max = PKG_VERIFY_LOG_CHECK_COUNT,
     .item = &check},
    {ROW(files, PKG_FIELD_INT, "Files that were read."), COUNT},
    {ROW(heads, PKG_FIELD_INT, "Heads that hold."), COUNT},
    {ROW(hint, PKG_FIELD_STRING, "How to mend it."), .nullable = true},
    {ROW(lines, PKG_FIELD_INT, "Lines that are in order."), COUNT},
    {ROW(log, PKG_FIELD_STRING, "UUID of the log; null if there is no line."),
     .nullable = true},
    {ROW(number, PKG_FIELD_INT, "Of the last line that is in order."), COUNT},
    {ROW(ok, PKG_FIELD_BOOL,
	 "The answer.  Nothing else in the record is to be believed unless it "
	 "is true.")},
    {ROW(open, PKG_FIELD_INT,
	 "What was begun and has neither an end nor a failure."),
     COUNT},
    {ROW(path, PKG_FIELD_STRING, "The log, as given.")},
    {ROW(reason, PKG_FIELD_STRING, "Stable id of the refusal; null if ok."),
     .nullable = true, .pattern = "^[a-z][a-z0-9-]*$"},
    {ROW(sha256, PKG_FIELD_STRING,
	 "Of the last line, newline included: with number and log its head."),
     .nullable = true, .pattern = "^[0-9a-f]{64}$"},
    {ROW(text, PKG_FIELD_STRING, "The refusal in words; null if ok."),
     .nullable = true},
    {ROW(time, PKG_FIELD_STRING, "Of the last line: RFC 3339."),
     .nullable = true},
    {ROW(torn, PKG_FIELD_INT,
	 "Times that a writer found the end of a line missing, and said so."),
     COUNT},
    {ROW(type, PKG_FIELD_ENUM, "The record."), .choices = types},
    {0},
};

static const struct pkg_table table = {
    .name = "verdict",
    .title = "Packline log-verdict record",
    .help = "Yes or no about an audit log, and why.",
    .size = sizeof(struct record),
    .fields = fields,
};

enum pkg_code pkg_log_verdict_schema(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_schema_emit(&table, sink, err);
}

static const char *or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

/* A text, or null, as UTF-8: an error is cut at its length. */
static void put_text(struct pkg_jsonw *w, const char *key, const char *text)
{
	char quoted[PKG_ERR_TEXT];

	if (!pkg_utf8_valid(text, strlen(text)))
		text = pkg_text_quote_cut(quoted, sizeof(quoted), text,
					  strlen(text));
	pkg_jsonw_str_member(w, key, or_null(text));
}

static void put_checks(struct pkg_jsonw *w,
		       const struct pkg_log_verdict *verdict)
{
	pkg_jsonw_key(w, "checks");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < PKG_VERIFY_LOG_CHECK_COUNT; i++) {
		const enum pkg_verify_state state = verdict->checks[i].state;

		pkg_jsonw_object(w);
		put_text(w, "detail", verdict->checks[i].detail);
		pkg_jsonw_str_member(w, "id", ids[i]);
		if (state == PKG_VERIFY_NOT_CHECKED)
			pkg_jsonw_null_member(w, "ok");
		else
			pkg_jsonw_bool_member(w, "ok",
					      state == PKG_VERIFY_PASSED);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
}

enum pkg_code pkg_log_verdict_record(struct pkg_sink *sink,
				     const struct pkg_log_verdict *verdict,
				     const char *path, struct pkg_err *err)
{
	const struct pkg_audit_report *report = &verdict->report;
	const bool any = report->lines > 0;
	struct pkg_jsonw w;
	char time[21];

	pkg_jsonw_init(&w, sink, 0);
	pkg_jsonw_object(&w);
	put_checks(&w, verdict);
	pkg_jsonw_int_member(&w, "files", (int64_t)report->files);
	pkg_jsonw_int_member(&w, "heads", (int64_t)report->heads);
	put_text(&w, "hint", verdict->hint);
	pkg_jsonw_int_member(&w, "lines", (int64_t)report->lines);
	pkg_jsonw_str_member(&w, "log", any ? report->head.log : NULL);
	pkg_jsonw_int_member(&w, "number", (int64_t)report->head.number);
	pkg_jsonw_bool_member(&w, "ok", verdict->ok);
	pkg_jsonw_int_member(&w, "open", (int64_t)report->open);
	pkg_jsonw_str_member(&w, "path", path);
	pkg_jsonw_str_member(&w, "reason", verdict->reason);
	if (any)
		pkg_jsonw_hex_member(&w, "sha256", report->head.sha256, 32);
	else
		pkg_jsonw_null_member(&w, "sha256");
	put_text(&w, "text", verdict->text);
	pkg_jsonw_str_member(
	    &w, "time",
	    any && pkg_time_format(time, report->head.time) ? time : NULL);
	pkg_jsonw_int_member(&w, "torn", (int64_t)report->torn);
	pkg_jsonw_str_member(&w, "type", "log-verdict");
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

static enum pkg_code write_facts(struct pkg_buf *out,
				 const struct pkg_audit_report *report,
				 struct pkg_err *err)
{
	char time[21], hex[65];

	if (report->lines == 0 || !pkg_time_format(time, report->head.time))
		return PKG_OK;
	pkg_hex_encode(hex, report->head.sha256, 32);
	return pkg_buf_printf(
	    out, err,
	    "  %-14s %s\n  %-14s %" PRIu64 ", of %s\n  %-14s %s\n"
	    "  %-14s %" PRIu64 "\n  %-14s %" PRIu64 "\n",
	    "log", report->head.log, "last line", report->head.number, time,
	    "its SHA-256", hex, "not ended", report->open, "torn lines",
	    report->torn);
}

static enum pkg_code write_row(struct pkg_buf *out, const char *name,
			       const char *text, struct pkg_err *err)
{
	PKG_TRY(pkg_buf_printf(out, err, " %-14s ", name));
	PKG_TRY(pkg_text_quote(out, text, strlen(text), err));
	return pkg_buf_puts(out, "\n", err);
}

static enum pkg_code write_check(struct pkg_buf *out,
				 const struct pkg_log_verdict *verdict,
				 size_t i, struct pkg_err *err)
{
	static const char *const marks[] = {
	    [PKG_VERIFY_NOT_CHECKED] = "-",
	    [PKG_VERIFY_PASSED] = "ok",
	    [PKG_VERIFY_FAILED] = "NO",
	};

	PKG_TRY(pkg_buf_printf(out, err, "  %-2s",
			       marks[verdict->checks[i].state]));
	return write_row(out, ids[i], verdict->checks[i].detail, err);
}

enum pkg_code pkg_log_verdict_text(struct pkg_sink *sink,
				   const struct pkg_log_verdict *verdict,
				   const char *path, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = 65536};

	PKG_TRY(pkg_text_quote(&out, path, strlen(path), err));
	if (verdict->ok)
		PKG_TRY(pkg_buf_puts(&out, ": yes", err));
	else
		PKG_TRY(
		    pkg_buf_printf(&out, err, ": no [%s]: ", verdict->reason));
	PKG_TRY(
	    pkg_text_quote(&out, verdict->text, strlen(verdict->text), err));
	PKG_TRY(pkg_buf_puts(&out, "\n", err));
	if (verdict->hint[0] != '\0') {
		PKG_TRY(pkg_buf_puts(&out, " ", err));
		PKG_TRY(write_row(&out, "hint", verdict->hint, err));
	}
	PKG_TRY(write_facts(&out, &verdict->report, err));
	PKG_TRY(pkg_buf_puts(&out, "checks:\n", err));
	for (size_t i = 0; i < PKG_VERIFY_LOG_CHECK_COUNT; i++)
		PKG_TRY(write_check(&out, verdict, i, err));
	return pkg_sink_write(sink, out.data, out.len, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/audit_line.h"

#include "ledger/audit_tables.h"

#include "packline/digest.h"
#include "packline/json.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <inttypes.h>
#include <string.h>

/* By enum audit_kind. */
static const char *const own_events[] = {
    [AUDIT_OTHER] = "",
    [AUDIT_FIRST] = "log-begin",
    [AUDIT_ROTATE] = "log-rotate",
    [AUDIT_CONTINUE] = "log-continue",
    [AUDIT_TORN] = "log-torn",
};

enum { KINDS = sizeof(own_events) / sizeof(own_events[0]) };

static bool is_own(const char *event)
{
	return strncmp(event, "log-", 4) == 0;
}

enum pkg_code pkg_audit_reader_init(struct pkg_audit_reader *reader,
				    struct pkg_crypto *crypto,
				    struct pkg_err *err)
{
	reader->crypto = crypto;
	return pkg_schema_new(&reader->schema, &pkg_audit_line_table, err);
}

void pkg_audit_reader_fini(struct pkg_audit_reader *reader)
{
	pkg_schema_free(reader->schema);
	reader->schema = NULL;
}

static enum pkg_code malformed(struct pkg_err *err, const char *why)
{
	return pkg_refuse(err, PKG_INPUT, "malformed-log", "%s", why);
}

enum pkg_code pkg_audit_bind(void *out, struct pkg_arena *arena,
			     struct pkg_schema *schema, const void *data,
			     size_t len, struct pkg_err *err)
{
	const struct pkg_json_input input = {
	    .name = "", .data = data, .len = len, .canonical = true};
	struct pkg_diag diag = {.arena = arena};
	struct pkg_node *root = NULL;

	if (pkg_json_parse(&root, arena, &input, err) != PKG_OK ||
	    pkg_schema_bind(schema, root, out, arena, &diag, err) != PKG_OK)
		return err->code == PKG_INPUT
			   ? pkg_because(err, "malformed-log")
			   : pkg_failed_(err->code);
	if (diag.errors == 0)
		return PKG_OK;
	return malformed(err, diag.first == NULL ? "not of its form"
						 : diag.first->text);
}

/* What no table can say. */
static enum pkg_code check_rules(const struct audit_link *link,
				 const struct audit_line *line,
				 struct pkg_err *err)
{
	const bool ends =
	    link->phase == PKG_AUDIT_END || link->phase == PKG_AUDIT_FAILED;

	if (ends != (line->begin.at != NULL) || link->begin >= link->number)
		return malformed(err, "it does not say what it ends");
	if (link->first != (link->kind == AUDIT_FIRST) ||
	    link->first != (link->number == 1))
		return malformed(err, "it is a first line and is not");
	if (is_own(line->event->text) &&
	    (link->kind == AUDIT_OTHER || link->phase != PKG_AUDIT_DONE))
		return malformed(err, "no log writes this of itself");
	return PKG_OK;
}

static enum pkg_code take(struct audit_link *out, const struct audit_line *line,
			  struct pkg_err *err)
{
	*out = (struct audit_link){
	    .number = (uint64_t)line->number.value,
	    .first = line->previous == NULL,
	    .phase = (enum pkg_audit_phase)line->phase.index,
	    .begin = (uint64_t)line->begin.value,
	};
	memcpy(out->log, line->log->text, sizeof(out->log));
	if (line->previous != NULL &&
	    !pkg_hex_decode(out->previous, sizeof(out->previous),
			    line->previous->text, line->previous->len))
		return malformed(err, "a digest in it is none");
	if (!pkg_time_parse(&out->time, line->time->text, line->time->len))
		return malformed(err, "its time is none");
	for (int kind = AUDIT_FIRST; kind < KINDS; kind++)
		if (strcmp(line->event->text, own_events[kind]) == 0)
			out->kind = (enum audit_kind)kind;
	return check_rules(out, line, err);
}

enum pkg_code pkg_audit_line_read(struct audit_link *out,
				  struct pkg_audit_reader *reader,
				  const void *data, size_t len,
				  struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct audit_line line = {0};

	if (len == 0 || len > AUDIT_LINE_MAX)
		return malformed(err, "it is too long for a line");
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA_OF(len), err));
	PKG_TRY(
	    pkg_audit_bind(&line, arena, reader->schema, data, len - 1, err));
	PKG_TRY(take(out, &line, err));
	return pkg_digest_sha256(reader->crypto, data, len, out->sha256, err);
}

/* A text, if there is one, that is harmless on a terminal. */
static enum pkg_code put_text(struct pkg_jsonw *w, const char *key,
			      const char *text, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf quoted = {.max = PKG_LIMIT_AUDIT_TEXT};

	if (text == NULL || text[0] == '\0')
		return PKG_OK;
	if (pkg_text_quote(&quoted, text, strlen(text), err) != PKG_OK) {
		(void)pkg_wrap(err, "'%s' of a line of the audit log", key);
		return err->code == PKG_INPUT ? pkg_because(err, "limit")
					      : pkg_failed_(err->code);
	}
	pkg_jsonw_str_member(w, key, pkg_buf_str(&quoted));
	return PKG_OK;
}

static enum pkg_code put_items(struct pkg_jsonw *w, const char *key,
			       const struct pkg_audit_item *items, size_t count,
			       struct pkg_err *err)
{
	if (count == 0)
		return PKG_OK;
	pkg_jsonw_key(w, key);
	pkg_jsonw_array(w);
	for (size_t i = 0; i < count; i++) {
		pkg_jsonw_object(w);
		PKG_TRY(put_text(w, "name", items[i].name, err));
		pkg_jsonw_hex_member(w, "sha256", items[i].sha256, 32);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
	return PKG_OK;
}

/* The PIN of a token may stand in the query of its URI. */
static enum pkg_code put_key(struct pkg_jsonw *w, const char *key,
			     struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf name = {.max = PKG_LIMIT_AUDIT_TEXT};

	if (key == NULL)
		return PKG_OK;
	PKG_TRY(pkg_buf_add(&name, key,
			    strncmp(key, "pkcs11:", 7) == 0 ? strcspn(key, "?")
							    : strlen(key),
			    err));
	return put_text(w, "key", pkg_buf_str(&name), err);
}

static void put_previous(struct pkg_jsonw *w, const uint8_t *previous)
{
	if (previous != NULL)
		pkg_jsonw_hex_member(w, "previous", previous, 32);
	else
		pkg_jsonw_null_member(w, "previous");
}

/* Members up to "log", in their order. */
static enum pkg_code put_front(struct pkg_jsonw *w, const char *event,
			       const struct pkg_audit_entry *entry,
			       struct pkg_err *err)
{
	if (entry->begin != 0)
		pkg_jsonw_int_member(w, "begin", (int64_t)entry->begin);
	if (entry->certificate != NULL)
		pkg_jsonw_hex_member(w, "certificate", entry->certificate, 32);
	PKG_TRY(put_text(w, "decision", entry->decision, err));
	pkg_jsonw_str_member(w, "event", event);
	PKG_TRY(put_items(w, "inputs", entry->inputs, entry->input_count, err));
	PKG_TRY(put_text(w, "job", entry->job, err));
	return put_key(w, entry->key, err);
}

static enum pkg_code put_back(struct pkg_jsonw *w,
			      const struct audit_stamp *stamp,
			      const struct pkg_audit_entry *entry,
			      struct pkg_err *err)
{
	char time[21];

	if (!pkg_time_format(time, stamp->time))
		return pkg_fail(err, PKG_SYSTEM, "the clock is out of range");
	pkg_jsonw_str_member(w, "log", stamp->log);
	PKG_TRY(put_text(w, "note", entry->note, err));
	pkg_jsonw_int_member(w, "number", (int64_t)stamp->number);
	PKG_TRY(put_text(w, "operator", stamp->operator, err));
	PKG_TRY(
	    put_items(w, "outputs", entry->outputs, entry->output_count, err));
	pkg_jsonw_int_member(w, "packline", 1);
	pkg_jsonw_str_member(w, "phase", pkg_audit_phases[entry->phase]);
	put_previous(w, stamp->previous);
	PKG_TRY(put_text(w, "reason", entry->reason, err));
	PKG_TRY(put_text(w, "tenant", entry->tenant, err));
	pkg_jsonw_str_member(w, "time", time);
	PKG_TRY(put_text(w, "tool", stamp->tool, err));
	pkg_jsonw_str_member(w, "type", "audit-line");
	pkg_jsonw_int_member(w, "uid", (int64_t)stamp->uid);
	return PKG_OK;
}

enum pkg_code pkg_audit_line_write(struct pkg_buf *out,
				   const struct audit_stamp *stamp,
				   enum audit_kind kind,
				   const struct pkg_audit_entry *entry,
				   struct pkg_err *err)
{
	const char *event =
	    kind == AUDIT_OTHER ? entry->event : own_events[kind];
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	if (kind == AUDIT_OTHER && (event == NULL || is_own(event)))
		return pkg_fail(err, PKG_INTERNAL,
				"not an event for an audit log");
	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	PKG_TRY(put_front(&w, event, entry, err));
	PKG_TRY(put_back(&w, stamp, entry, err));
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	if (pkg_jsonw_finish(&w, err) == PKG_OK)
		return PKG_OK;
	(void)pkg_wrap(err, "a line of the audit log");
	return err->code == PKG_INPUT ? pkg_because(err, "limit")
				      : pkg_failed_(err->code);
}

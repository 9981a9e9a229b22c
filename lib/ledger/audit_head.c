/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/audit.h"

#include "ledger/audit_line.h"
#include "ledger/audit_tables.h"

#include "packline/json.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <string.h>

enum pkg_code pkg_audit_head_encode(struct pkg_buf *out,
				    const struct pkg_audit_head *head,
				    struct pkg_err *err)
{
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;
	char time[21];

	if (!pkg_time_format(time, head->time))
		return pkg_fail(err, PKG_INTERNAL, "not the time of a line");
	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_jsonw_str_member(&w, "log", head->log);
	pkg_jsonw_int_member(&w, "number", (int64_t)head->number);
	pkg_jsonw_int_member(&w, "packline", 1);
	pkg_jsonw_hex_member(&w, "sha256", head->sha256, sizeof(head->sha256));
	pkg_jsonw_str_member(&w, "time", time);
	pkg_jsonw_str_member(&w, "type", "audit-head");
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

enum pkg_code pkg_audit_head_decode(struct pkg_audit_head *out,
				    const void *data, size_t len,
				    struct pkg_err *err)
{
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	const char *text = data;
	struct audit_head head = {0};

	if (len == 0 || len > PKG_LIMIT_AUDIT_HEAD || text[len - 1] != '\n')
		return pkg_refuse(err, PKG_INPUT, "malformed-log",
				  "not the head of an audit log");
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA_OF(len), err));
	PKG_TRY(pkg_schema_new(&schema, &pkg_audit_head_table, err));
	if (pkg_audit_bind(&head, arena, schema, data, len - 1, err) != PKG_OK)
		return pkg_wrap(err, "not the head of an audit log");
	*out = (struct pkg_audit_head){.number = (uint64_t)head.number.value};
	memcpy(out->log, head.log->text, sizeof(out->log));
	if (!pkg_hex_decode(out->sha256, sizeof(out->sha256), head.sha256->text,
			    head.sha256->len) ||
	    !pkg_time_parse(&out->time, head.time->text, head.time->len))
		return pkg_refuse(err, PKG_INPUT, "malformed-log",
				  "not the head of an audit log: its time is "
				  "none");
	return PKG_OK;
}

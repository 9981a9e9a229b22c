/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/import.h"
#include "packline/json.h"

static void put_number(struct pkg_jsonw *w, const char *key, int64_t number)
{
	if (number != 0)
		pkg_jsonw_int_member(w, key, number);
}

enum pkg_code pkg_import_event_record(struct pkg_sink *sink,
				      const struct pkg_import_event *event,
				      struct pkg_err *err)
{
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, sink, 0);
	pkg_jsonw_object(&w);
	pkg_jsonw_str_member(&w, "action", event->action);
	put_number(&w, "id", event->id);
	pkg_jsonw_str_member(&w, "op", event->op);
	pkg_jsonw_str_member(&w, "ref", event->ref);
	put_number(&w, "status", event->status);
	pkg_jsonw_str_member(&w, "type", "import-step");
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

enum pkg_code pkg_import_result_record(struct pkg_sink *sink,
				       const struct pkg_import_result *r,
				       bool dry_run, struct pkg_err *err)
{
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, sink, 0);
	pkg_jsonw_object(&w);
	pkg_jsonw_int_member(&w, "created", (int64_t)r->created);
	pkg_jsonw_int_member(&w, "deleted", (int64_t)r->deleted);
	pkg_jsonw_bool_member(&w, "dry_run", dry_run);
	pkg_jsonw_int_member(&w, "found", (int64_t)r->found);
	pkg_jsonw_str_member(&w, "manifest_sha256", r->receipt.manifest_sha256);
	pkg_jsonw_int_member(&w, "reads", (int64_t)r->reads);
	pkg_jsonw_str_member(&w, "server", r->receipt.server);
	pkg_jsonw_str_member(&w, "type", "import");
	pkg_jsonw_int_member(&w, "unchanged", (int64_t)r->unchanged);
	pkg_jsonw_int_member(&w, "updated", (int64_t)r->updated);
	pkg_jsonw_int_member(&w, "writes", (int64_t)r->writes);
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/verify.h"

#include "packline/json.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <string.h>

/* NULL is written as null, a number that is not there as null. */
static void write_sequence(struct pkg_jsonw *w,
			   const struct pkg_verdict *verdict)
{
	if (verdict->has_sequence)
		pkg_jsonw_int_member(w, "sequence", (int64_t)verdict->sequence);
	else
		pkg_jsonw_null_member(w, "sequence");
}

static void write_checks(struct pkg_jsonw *w, const struct pkg_verdict *verdict)
{
	pkg_jsonw_key(w, "checks");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < PKG_VERIFY_CHECK_COUNT; i++) {
		const struct pkg_verify_check *check = &verdict->checks[i];

		pkg_jsonw_object(w);
		pkg_jsonw_str_member(w, "detail", check->detail);
		pkg_jsonw_str_member(
		    w, "id",
		    pkg_verify_check_name((enum pkg_verify_check_id)i));
		if (check->state == PKG_VERIFY_NOT_CHECKED)
			pkg_jsonw_null_member(w, "ok");
		else
			pkg_jsonw_bool_member(
			    w, "ok", check->state == PKG_VERIFY_PASSED);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
}

static void write_signers(struct pkg_jsonw *w,
			  const struct pkg_verdict *verdict)
{
	pkg_jsonw_key(w, "signers");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < verdict->signers.count; i++) {
		const struct pkg_signer *signer = &verdict->signers.items[i];
		char at[21] = "";

		pkg_jsonw_object(w);
		pkg_jsonw_str_member(w, "id",
				     signer->id[0] == '\0' ? NULL : signer->id);
		pkg_jsonw_str_member(
		    w, "signed_at",
		    pkg_time_format(at, signer->signing_time) ? at : NULL);
		pkg_jsonw_str_member(w, "spki", signer->spki);
		pkg_jsonw_str_member(w, "subject", signer->subject);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
}

static void write_approvals(struct pkg_jsonw *w,
			    const struct pkg_verdict *verdict)
{
	pkg_jsonw_key(w, "approvals");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < verdict->approvals.count; i++) {
		const struct pkg_approved *one = &verdict->approvals.items[i];

		pkg_jsonw_object(w);
		pkg_jsonw_str_member(w, "decision",
				     pkg_decision_name(one->decision));
		pkg_jsonw_str_member(w, "expires", one->expires);
		pkg_jsonw_str_member(w, "id", one->id);
		pkg_jsonw_str_member(w, "issued", one->issued);
		pkg_jsonw_str_member(w, "reason", one->reason);
		pkg_jsonw_str_member(w, "role", one->role);
		pkg_jsonw_str_member(w, "spki", one->spki);
		pkg_jsonw_str_member(w, "subject", one->subject);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
}

enum pkg_code pkg_verdict_record(struct pkg_sink *sink,
				 const struct pkg_verdict *verdict,
				 const char *path, struct pkg_err *err)
{
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, sink, 0);
	pkg_jsonw_object(&w);
	write_approvals(&w, verdict);
	write_checks(&w, verdict);
	pkg_jsonw_str_member(&w, "content", verdict->content);
	pkg_jsonw_str_member(&w, "device_config", verdict->device_config);
	pkg_jsonw_str_member(&w, "device_config_sha256",
			     verdict->device_config_sha256);
	pkg_jsonw_bool_member(&w, "draft", verdict->draft);
	pkg_jsonw_str_member(&w, "expires", verdict->expires);
	pkg_jsonw_str_member(&w, "hint", verdict->hint);
	pkg_jsonw_str_member(&w, "id", verdict->id);
	pkg_jsonw_str_member(&w, "kind", verdict->kind);
	pkg_jsonw_str_member(&w, "manifest_sha256", verdict->manifest_sha256);
	pkg_jsonw_str_member(&w, "name", verdict->name);
	pkg_jsonw_bool_member(&w, "ok", verdict->ok);
	pkg_jsonw_str_member(&w, "path", path);
	pkg_jsonw_str_member(&w, "reason", verdict->reason);
	write_sequence(&w, verdict);
	write_signers(&w, verdict);
	pkg_jsonw_int_member(&w, "size", (int64_t)verdict->size);
	pkg_jsonw_str_member(&w, "tenant", verdict->tenant);
	pkg_jsonw_str_member(&w, "text", verdict->text);
	pkg_jsonw_str_member(&w, "type", "verdict");
	pkg_jsonw_str_member(&w, "unsigned_sha256", verdict->unsigned_sha256);
	pkg_jsonw_str_member(&w, "version", verdict->version);
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

enum pkg_code pkg_verdict_stage_record(struct pkg_sink *sink,
				       const struct pkg_verdict *verdict,
				       const char *path, struct pkg_err *err)
{
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, sink, 0);
	pkg_jsonw_object(&w);
	write_approvals(&w, verdict);
	pkg_jsonw_str_member(&w, "content", verdict->content);
	pkg_jsonw_str_member(&w, "device_config", verdict->device_config);
	pkg_jsonw_str_member(&w, "id", verdict->id);
	pkg_jsonw_str_member(&w, "kind", verdict->kind);
	pkg_jsonw_str_member(&w, "manifest_sha256", verdict->manifest_sha256);
	pkg_jsonw_str_member(&w, "name", verdict->name);
	pkg_jsonw_str_member(&w, "path", path);
	write_sequence(&w, verdict);
	write_signers(&w, verdict);
	pkg_jsonw_str_member(&w, "stage", "signatures");
	pkg_jsonw_str_member(&w, "tenant", verdict->tenant);
	pkg_jsonw_str_member(&w, "type", "stage");
	pkg_jsonw_str_member(&w, "version", verdict->version);
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/show.h"

#include "packline/json.h"
#include "packline/seal.h"
#include "packline/text.h"

#include <string.h>

static enum pkg_code read_view(struct pkg_seal_view *view,
			       const struct pkg_seal_input *input,
			       const struct pkg_env *env, struct pkg_err *err)
{
	const struct pkg_container_head *head = input->head;

	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_approval ignored;

	view->head = head;
	view->input = input;
	/* They are printed as they are: let them be what they must. */
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	for (size_t i = 0; i < head->approval_count; i++)
		PKG_TRY(pkg_approval_decode(&ignored, arena,
					    head->approvals[i].json.data,
					    head->approvals[i].json.len, err));
	for (size_t i = 0; i < head->signature_count; i++) {
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;

		PKG_TRY(pkg_cms_parse(&cms, env->crypto,
				      head->signatures[i].data,
				      head->signatures[i].len, err));
		view->signers[i] = *pkg_cms_claim(cms);
	}
	return PKG_OK;
}

static void write_signer(struct pkg_jsonw *w,
			 const struct pkg_cms_signer *signer)
{
	char when[21];

	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "algorithm", signer->algorithm);
	pkg_jsonw_str_member(w, "digest", signer->digest);
	pkg_jsonw_str_member(w, "issuer", signer->cert.issuer);
	pkg_jsonw_str_member(w, "serial", signer->cert.serial);
	pkg_jsonw_str_member(
	    w, "signing_time",
	    pkg_time_format(when, signer->signing_time) ? when : NULL);
	pkg_jsonw_hex_member(w, "spki", signer->cert.spki, 32);
	pkg_jsonw_str_member(w, "subject", signer->cert.subject);
	pkg_jsonw_str_member(w, "type", "signature");
	pkg_jsonw_bool_member(w, "verified", false);
	pkg_jsonw_object_end(w);
	pkg_jsonw_line(w);
}

static void write_recipients(struct pkg_jsonw *w,
			     const struct pkg_envelope_info *info)
{
	for (size_t i = 0; i < info->count; i++) {
		const struct pkg_envelope_recipient *one = &info->recipients[i];

		pkg_jsonw_object(w);
		if (one->ski_len == 0)
			pkg_jsonw_str_member(w, "key_id", one->key_id);
		pkg_jsonw_str_member(w, "kind", one->kind);
		if (one->ski_len > 0)
			pkg_jsonw_hex_member(w, "ski", one->ski, one->ski_len);
		pkg_jsonw_str_member(w, "type", "recipient");
		pkg_jsonw_object_end(w);
		pkg_jsonw_line(w);
	}
}

/* A document is canonical JSON on one line: as it is. */
static enum pkg_code put_document(struct pkg_sink *sink,
				  struct pkg_container_bytes json,
				  struct pkg_err *err)
{
	if (json.len == 0)
		return PKG_OK;
	PKG_TRY(pkg_sink_write(sink, json.data, json.len, err));
	return pkg_sink_puts(sink, "\n", err);
}

static enum pkg_code show_records(const struct pkg_seal_show *job,
				  const struct pkg_seal_view *view,
				  struct pkg_err *err)
{
	const struct pkg_seal_input *input = view->input;
	const struct pkg_container_head *head = view->head;
	struct pkg_jsonw w;

	PKG_TRY(put_document(job->sink, head->manifest_json, err));
	PKG_TRY(put_document(job->sink, input->request_json, err));
	PKG_TRY(put_document(job->sink, input->plan, err));
	for (size_t i = 0; i < head->approval_count; i++)
		PKG_TRY(put_document(job->sink, head->approvals[i].json, err));
	pkg_jsonw_init(&w, job->sink, 0);
	write_recipients(&w, &input->recipients);
	for (size_t i = 0; i < head->signature_count; i++)
		write_signer(&w, &view->signers[i]);
	if (input->recipients.count + head->signature_count == 0)
		return PKG_OK;
	return pkg_jsonw_finish(&w, err);
}

enum pkg_code pkg_seal_show(const struct pkg_seal_show *job,
			    const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_seal_input) struct pkg_seal_input input = {0};
	struct pkg_seal_view view = {0};

	PKG_TRY(pkg_seal_input_open(&input, job->source, &job->with, env, err));
	PKG_TRY(read_view(&view, &input, env, err));
	if (job->manifest_sha256 != NULL)
		memcpy(job->manifest_sha256, input.head->manifest_sha256, 32);
	if (job->text)
		return pkg_seal_show_text(job->sink, &view, err);
	return show_records(job, &view, err);
}

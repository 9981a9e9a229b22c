/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/show.h"

#include "packline/json.h"
#include "packline/seal.h"
#include "packline/secret.h"
#include "packline/text.h"

static enum pkg_code unlock(struct pkg_container *container,
			    const struct pkg_seal_show *job,
			    struct pkg_err *err)
{
	const struct pkg_container_head *head = pkg_container_head(container);
	PKG_AUTO(pkg_secret) struct pkg_secret *cek = NULL;

	if (job->key == NULL || head->manifest.kind == PKG_CONTAINER_SIGNED)
		return PKG_OK;
	PKG_TRY(pkg_envelope_open(&cek, head->recipients.data,
				  head->recipients.len, job->key, job->cert,
				  err));
	return pkg_container_unlock(container, cek, err);
}

static enum pkg_code read_view(struct pkg_seal_view *view,
			       struct pkg_container *container,
			       const struct pkg_seal_show *job,
			       const struct pkg_env *env, struct pkg_err *err)
{
	const struct pkg_container_head *head = pkg_container_head(container);

	view->head = head;
	for (size_t i = 0; i < head->signature_count; i++) {
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;

		PKG_TRY(pkg_cms_parse(&cms, env->crypto,
				      head->signatures[i].data,
				      head->signatures[i].len, err));
		view->signers[i] = *pkg_cms_claim(cms);
	}
	PKG_TRY(pkg_container_check_recipients(container, err));
	if (head->manifest.kind != PKG_CONTAINER_SIGNED)
		PKG_TRY(pkg_envelope_check(&view->recipients,
					   head->recipients.data,
					   head->recipients.len, err));
	PKG_TRY(unlock(container, job, err));
	return pkg_container_request(container, &view->request, err);
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
		pkg_jsonw_object(w);
		pkg_jsonw_str_member(w, "kind", info->recipients[i].kind);
		pkg_jsonw_hex_member(w, "ski", info->recipients[i].ski,
				     info->recipients[i].ski_len);
		pkg_jsonw_str_member(w, "type", "recipient");
		pkg_jsonw_object_end(w);
		pkg_jsonw_line(w);
	}
}

/* The two documents are canonical JSON on one line: as they are. */
static enum pkg_code show_records(const struct pkg_seal_show *job,
				  const struct pkg_seal_view *view,
				  struct pkg_container_bytes request,
				  struct pkg_err *err)
{
	const struct pkg_container_bytes manifest = view->head->manifest_json;
	struct pkg_jsonw w;

	PKG_TRY(pkg_sink_write(job->sink, manifest.data, manifest.len, err));
	PKG_TRY(pkg_sink_puts(job->sink, "\n", err));
	if (view->request != NULL) {
		PKG_TRY(
		    pkg_sink_write(job->sink, request.data, request.len, err));
		PKG_TRY(pkg_sink_puts(job->sink, "\n", err));
	}
	pkg_jsonw_init(&w, job->sink, 0);
	write_recipients(&w, &view->recipients);
	for (size_t i = 0; i < view->head->signature_count; i++)
		write_signer(&w, &view->signers[i]);
	if (view->recipients.count + view->head->signature_count == 0)
		return PKG_OK;
	return pkg_jsonw_finish(&w, err);
}

enum pkg_code pkg_seal_show(const struct pkg_seal_show *job,
			    const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO(pkg_container) struct pkg_container *container = NULL;
	struct pkg_seal_view view = {0};

	PKG_TRY(pkg_container_open(&container, job->source, env, err));
	PKG_TRY(read_view(&view, container, job, env, err));
	if (job->text)
		return pkg_seal_show_text(job->sink, &view, err);
	return show_records(job, &view, pkg_container_request_json(container),
			    err);
}

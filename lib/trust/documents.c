/* SPDX-License-Identifier: Apache-2.0 */
#include "trust_impl.h"

#include "packline/timestamp.h"

#include <string.h>

/* One signature a document: nobody can ask for two of them. */
static enum pkg_code check_threshold(const struct pkg_trust *trust,
				     struct pkg_err *err)
{
	if (trust->threshold <= 1)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "threshold",
			 "'%s' asks for %zu signatures, but a document has one",
			 trust->path, trust->threshold);
	return pkg_hint(err, "give documents a trust policy of their own");
}

static enum pkg_code pinned_keys(struct pkg_cms_verify_options *out,
				 const struct pkg_trust *trust,
				 struct pkg_arena *arena, struct pkg_err *err)
{
	uint8_t(*keys)[32] =
	    pkg_arena_array(arena, trust->pin_count + 1, sizeof(*keys), err);

	if (keys == NULL)
		return err->code;
	for (size_t i = 0; i < trust->pin_count; i++)
		memcpy(keys[i], trust->pins[i].spki, sizeof(keys[i]));
	out->anchor_keys = (const uint8_t(*)[32])keys;
	out->anchor_key_count = trust->pin_count;
	return PKG_OK;
}

enum pkg_code pkg_trust_document_rules(struct pkg_cms_verify_options *out,
				       const struct pkg_trust *trust,
				       const struct pkg_env *env,
				       struct pkg_arena *arena,
				       struct pkg_err *err)
{
	*out = (struct pkg_cms_verify_options){.content_type = PKG_OID_DATA};
	if (trust == NULL) {
		(void)pkg_refuse(err, PKG_NO, "no-trust",
				 "nothing says whose signatures count");
		return pkg_hint(err, "name a certificate or a trust policy");
	}
	PKG_TRY(check_threshold(trust, err));
	PKG_TRY(pkg_trust_check_crls(trust, env, &trust->clock, err));
	out->no_time = trust->clock.mode == PKG_CLOCK_NONE;
	out->at = trust_clock_now(&trust->clock, env);
	out->crls = trust->crls;
	if (trust->form == TRUST_POLICY && pkg_certs_count(trust->anchors) == 0)
		return pinned_keys(out, trust, arena, err);
	out->anchors = trust->anchors;
	return PKG_OK;
}

enum pkg_code pkg_trust_document_tenant(const struct pkg_trust *trust,
					const char *tenant, struct pkg_err *err)
{
	const struct pkg_name_list *list = &trust->tenants;

	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], tenant) == 0)
			return PKG_OK;
	}
	if (list->count == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "wrong-tenant",
			  "these are documents of tenant '%s', which '%s' does "
			  "not accept",
			  tenant, trust->path);
}

static bool is_pinned(const struct pkg_trust *trust,
		      const struct pkg_cert_info *cert)
{
	return pkg_trust_pin_id(trust, cert->spki) != NULL;
}

enum pkg_code pkg_trust_document_signer(const struct pkg_trust *trust,
					const struct pkg_cert_info *cert,
					struct pkg_err *err)
{
	bool good = true;

	/* Another certificate of the same key is another certificate. */
	if (trust->form == TRUST_CERTIFICATE)
		good = memcmp(pkg_certs_info(trust->anchors, 0)->sha256,
			      cert->sha256, sizeof(cert->sha256)) == 0;
	else if (trust->form == TRUST_POLICY)
		good = is_pinned(trust, cert);
	if (good)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "signer-untrusted",
			  "signed by %s, which is not %s '%s'", cert->subject,
			  trust->form == TRUST_POLICY ? "pinned in"
						      : "the certificate of",
			  trust->path);
}

void pkg_trust_timestamps(struct pkg_timestamp_rules *out,
			  const struct pkg_trust *trust)
{
	*out = (struct pkg_timestamp_rules){0};
	if (trust == NULL)
		return;
	out->anchors = trust->tsa.anchors;
	out->pins = (const uint8_t(*)[32])trust->tsa.pins;
	out->pin_count = trust->tsa.pin_count;
	out->policy = trust->tsa.policy;
}

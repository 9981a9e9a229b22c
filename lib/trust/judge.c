/* SPDX-License-Identifier: Apache-2.0 */
#include "trust_impl.h"

#include "packline/cms.h"
#include "packline/container.h"
#include "packline/text.h"

#include <string.h>

/* Judging one set of signatures. */
struct judge {
	const struct pkg_trust *trust; /* may be NULL: nobody is trusted */
	const struct pkg_env *env;
	const struct pkg_signature_set *set;
	struct pkg_signers *out;
	struct pkg_arena *arena;
};

static const struct trust_pin *find_pin(const struct pkg_trust *trust,
					const uint8_t *spki)
{
	for (size_t i = 0; i < trust->pin_count; i++) {
		if (memcmp(trust->pins[i].spki, spki, 32) == 0)
			return &trust->pins[i];
	}
	return NULL;
}

static struct pkg_cms_verify_options base_options(const struct judge *judge)
{
	struct pkg_cms_verify_options options = {
	    .content_type = PKG_OID_MANIFEST,
	    .no_time = judge->set->clock.mode == PKG_CLOCK_NONE,
	    .at = trust_clock_now(&judge->set->clock, judge->env),
	};

	return options;
}

/*
 * Is the signature good, whoever made it?  His own key is the anchor and the
 * clock is left out: only the mathematics and the profile are judged.
 */
static enum pkg_code check_sound(const struct judge *judge, struct pkg_cms *cms,
				 struct pkg_err *err)
{
	struct pkg_cms_verify_options options = base_options(judge);

	options.anchor_keys = &pkg_cms_claim(cms)->cert.spki;
	options.anchor_key_count = 1;
	options.no_time = true;
	return pkg_cms_verify(cms, judge->set->content, judge->set->content_len,
			      &options, err);
}

static enum pkg_code verify_dated(const struct judge *judge,
				  struct pkg_cms *cms,
				  struct pkg_cms_verify_options *options,
				  struct pkg_err *err)
{
	const struct trust_dated dated = {judge->trust, judge->env, judge->set};
	int64_t stamp = 0;

	PKG_TRY(pkg_trust_verify_dated(&dated, cms, options, &stamp, err));
	if (stamp > judge->out->stamp)
		judge->out->stamp = stamp;
	return PKG_OK;
}

/* A pinned key: everything must be right, or the whole set is refused. */
static enum pkg_code check_pinned(const struct judge *judge,
				  struct pkg_cms *cms,
				  const struct trust_pin *pin,
				  struct pkg_err *err)
{
	struct pkg_cms_verify_options options = base_options(judge);

	options.anchors = judge->trust->anchors;
	options.crls = judge->trust->crls;
	if (pkg_certs_count(judge->trust->anchors) == 0) {
		options.anchors = NULL;
		options.anchor_keys = &pin->spki;
		options.anchor_key_count = 1;
	}
	return verify_dated(judge, cms, &options, err);
}

/*
 * Does it chain to the one certificate that is trusted?  *trusted tells; a
 * failure is a signature or a chain that is no good.
 */
static enum pkg_code check_chain(const struct judge *judge, struct pkg_cms *cms,
				 bool *trusted, struct pkg_err *err)
{
	struct pkg_cms_verify_options options = base_options(judge);
	const struct pkg_cert_info *only =
	    pkg_certs_info(judge->trust->anchors, 0);
	const struct pkg_cert_info *claim = &pkg_cms_claim(cms)->cert;
	enum pkg_code code = PKG_OK;

	*trusted = false;
	/* Another certificate of the same key is another certificate. */
	if (judge->trust->form == TRUST_CERTIFICATE &&
	    memcmp(only->sha256, claim->sha256, sizeof(only->sha256)) != 0)
		return check_sound(judge, cms, err);
	options.anchors = judge->trust->anchors;
	options.crls = judge->trust->crls;
	code = verify_dated(judge, cms, &options, err);
	if (code == PKG_NO && judge->trust->form == TRUST_CA &&
	    strcmp(err->reason, "signer-untrusted") == 0) {
		*err = PKG_ERR_INIT;
		return check_sound(judge, cms, err);
	}
	*trusted = code == PKG_OK;
	return code;
}

/* Remember a signature that counts; a key counts once. */
static enum pkg_code add_signer(const struct judge *judge,
				const struct pkg_cms *cms, const char *id,
				const char *subject, struct pkg_err *err)
{
	const struct pkg_cms_signer *claim = pkg_cms_claim(cms);
	struct pkg_signer *signer = &judge->out->items[judge->out->count];

	pkg_hex_encode(signer->spki, claim->cert.spki, 32);
	for (size_t i = 0; i < judge->out->count; i++) {
		if (strcmp(judge->out->items[i].spki, signer->spki) == 0)
			return PKG_OK;
	}
	signer->id = id;
	signer->subject = subject;
	signer->common_name =
	    pkg_arena_printf(judge->arena, err, "%s", claim->cert.common_name);
	if (signer->common_name == NULL)
		return err->code;
	signer->signing_time = claim->signing_time;
	judge->out->count++;
	return PKG_OK;
}

static enum pkg_code judge_file(const struct judge *judge, struct pkg_cms *cms,
				struct pkg_err *err)
{
	const struct pkg_cert_info *cert = &pkg_cms_claim(cms)->cert;
	const struct trust_pin *pin = NULL;
	bool trusted = false;
	const char *subject = NULL;

	if (judge->trust == NULL) {
		PKG_TRY(check_sound(judge, cms, err));
	} else if (judge->trust->form != TRUST_POLICY) {
		PKG_TRY(check_chain(judge, cms, &trusted, err));
	} else if ((pin = find_pin(judge->trust, cert->spki)) != NULL) {
		PKG_TRY(check_pinned(judge, cms, pin, err));
		trusted = true;
	} else {
		PKG_TRY(check_sound(judge, cms, err));
	}
	subject = pkg_arena_printf(judge->arena, err, "%s", cert->subject);
	if (subject == NULL)
		return err->code;
	if (trusted)
		return add_signer(judge, cms, pin == NULL ? "" : pin->id,
				  subject, err);
	judge->out->ignored++;
	judge->out->others = pkg_arena_printf(
	    judge->arena, err, "%s%s%s (issued by %s)", judge->out->others,
	    judge->out->others[0] == '\0' ? "" : ", ", subject, cert->issuer);
	return judge->out->others == NULL ? err->code : PKG_OK;
}

/* How many different people: pins of one id are one, no pin is oneself. */
static size_t count_people(const struct pkg_signers *signers)
{
	size_t count = 0;

	for (size_t i = 0; i < signers->count; i++) {
		const char *id = signers->items[i].id;
		bool seen = false;

		for (size_t k = 0; k < i && !seen && id[0] != '\0'; k++)
			seen = strcmp(signers->items[k].id, id) == 0;
		count += !seen;
	}
	return count;
}

static enum pkg_code count(const struct judge *judge, struct pkg_err *err)
{
	const struct pkg_signers *signers = judge->out;
	const struct pkg_trust *trust = judge->trust;
	const size_t people = count_people(signers);
	const char *others = signers->others;

	if (trust == NULL) {
		pkg_refuse(err, PKG_NO, "no-trust",
			   "signed by %s, but nothing says whether that is to "
			   "be trusted",
			   others);
		return pkg_hint(err, "give a certificate or a trust policy: "
				     "--trust FILE");
	}
	if (people >= trust->threshold && people >= 1)
		return PKG_OK;
	if (people > 0)
		return pkg_refuse(
		    err, PKG_NO, "threshold",
		    "signed by %zu of those that '%s' trusts, but "
		    "%zu are needed",
		    people, trust->path, trust->threshold);
	pkg_refuse(err, PKG_NO, "signer-untrusted",
		   "signed by %s, which is not %s '%s'",
		   others[0] == '\0' ? "nobody" : others,
		   trust->form == TRUST_POLICY ? "pinned in"
		   : trust->form == TRUST_CA   ? "under the CA of"
					       : "the certificate of",
		   trust->path);
	return pkg_hint(err, "if this signer is right, the trust given is not");
}

enum pkg_code pkg_trust_signatures(const struct pkg_trust *trust,
				   const struct pkg_env *env,
				   const struct pkg_signature_set *set,
				   struct pkg_signers *out,
				   struct pkg_arena *arena, struct pkg_err *err)
{
	const struct judge judge = {trust, env, set, out, arena};

	*out = (struct pkg_signers){
	    .others = "", .needed = trust == NULL ? 1 : trust->threshold};
	out->items =
	    pkg_arena_array(arena, set->count + 1, sizeof(*out->items), err);
	if (out->items == NULL)
		return err->code;
	if (trust != NULL)
		PKG_TRY(pkg_trust_check_crls(trust, env, &set->clock, err));
	for (size_t i = 0; i < set->count; i++) {
		const struct pkg_signature_file *file = &set->files[i];
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;

		if (pkg_cms_parse(&cms, env->crypto, file->der, file->len,
				  err) != PKG_OK ||
		    judge_file(&judge, cms, err) != PKG_OK)
			return pkg_wrap(err, "%s", file->name);
	}
	return count(&judge, err);
}

enum pkg_code pkg_signers_check_acl(const struct pkg_signers *signers,
				    const struct pkg_device_config *device,
				    struct pkg_err *err)
{
	for (size_t i = 0; device != NULL && i < signers->count; i++) {
		const struct pkg_signer *signer = &signers->items[i];

		PKG_TRY(pkg_device_config_may_sign(
		    device,
		    signer->id[0] != '\0' ? signer->id : signer->common_name,
		    err));
	}
	return PKG_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/trust.h"

#include "trust_impl.h"

#include "packline/buf.h"
#include "packline/limits.h"
#include "packline/path.h"
#include "packline/text.h"

#include <stdlib.h>
#include <string.h>

/*
 * PEM, or the start of a DER SEQUENCE with a length of two or more bytes,
 * which every certificate is and no YAML text can be.
 */
static bool is_certificate(const struct pkg_buf *text)
{
	static const char pem[] = "-----BEGIN ";

	if (text->len >= 2 && text->data[0] == 0x30 && text->data[1] >= 0x80)
		return true;
	return text->len > 0 &&
	       memmem(text->data, text->len, pem, sizeof(pem) - 1) != NULL;
}

static enum pkg_code read_certificate(struct pkg_trust *trust,
				      const struct pkg_buf *text,
				      struct pkg_err *err)
{
	const struct pkg_cert_info *info = NULL;

	if (pkg_certs_add_data(trust->anchors, text->data, text->len,
			       trust->path, err) != PKG_OK) {
		if (err->code != PKG_KEY)
			return err->code;
		/* What the verifier believes is an input, not a key. */
		err->code = PKG_INPUT;
		err->reason = "config";
		return err->code;
	}
	if (pkg_certs_count(trust->anchors) != 1) {
		pkg_refuse(err, PKG_INPUT, "config",
			   "'%s' holds %zu certificates: which one is to be "
			   "trusted?",
			   trust->path, pkg_certs_count(trust->anchors));
		return pkg_hint(err, "give one certificate, or a trust policy "
				     "that lists roots and pins");
	}
	info = pkg_certs_info(trust->anchors, 0);
	trust->form = info->is_ca ? TRUST_CA : TRUST_CERTIFICATE;
	trust->threshold = 1;
	trust->clock.mode = PKG_CLOCK_SYSTEM;
	return PKG_OK;
}

static enum pkg_code load(struct pkg_trust *trust, struct pkg_diag *diag,
			  int dirfd, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_KEY_FILE};

	PKG_TRY(pkg_path_slurp(&text, dirfd, trust->path, err));
	if (text.len == 0)
		return pkg_refuse(err, PKG_INPUT, "config",
				  "'%s' is empty: it trusts nobody",
				  trust->path);
	if (is_certificate(&text))
		return read_certificate(trust, &text, err);
	return pkg_trust_read_policy(trust, diag, dirfd, text.data, text.len,
				     err);
}

enum pkg_code pkg_trust_load(struct pkg_trust **out, const struct pkg_env *env,
			     struct pkg_diag *diag, int dirfd, const char *path,
			     struct pkg_err *err)
{
	PKG_AUTO(pkg_trust) struct pkg_trust *trust = NULL;

	trust = calloc(1, sizeof(*trust));
	if (trust == NULL)
		return pkg_fail_nomem(err);
	trust->env = env;
	PKG_TRY(pkg_arena_new(&trust->arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_certs_new(&trust->anchors, env->crypto, err));
	trust->path = pkg_arena_dup(trust->arena, path, strlen(path), err);
	if (trust->path == NULL)
		return err->code;
	if (load(trust, diag, dirfd, err) != PKG_OK)
		return pkg_wrap(err, "cannot use the trust given");
	*out = PKG_STEAL(trust);
	return PKG_OK;
}

void pkg_trust_free(struct pkg_trust *trust)
{
	if (trust == NULL)
		return;
	for (size_t i = 0; i < trust->approval_count; i++)
		pkg_approval_policy_free(trust->approvals[i]);
	pkg_crls_free(trust->crls);
	pkg_certs_free(trust->anchors);
	pkg_certs_free(trust->tsa.anchors);
	pkg_arena_free(trust->arena);
	free(trust);
}

enum pkg_code pkg_trust_add_crl(struct pkg_trust *trust, int dirfd,
				const char *path, struct pkg_err *err)
{
	bool has_ca = false;

	for (size_t i = 0; i < pkg_certs_count(trust->anchors); i++)
		has_ca = has_ca || pkg_certs_info(trust->anchors, i)->is_ca;
	if (!has_ca) {
		pkg_fail(err, PKG_USAGE,
			 "'%s' names no CA, so nobody can tell whether a "
			 "revocation list is genuine",
			 trust->path);
		return pkg_hint(err, "list the certificate of the CA under "
				     "roots");
	}
	return pkg_crls_add_file(&trust->crls, trust->env->crypto, dirfd, path,
				 err);
}

enum pkg_code pkg_trust_check_crls(const struct pkg_trust *trust,
				   const struct pkg_env *env,
				   const struct pkg_clock *clock,
				   struct pkg_err *err)
{
	if (trust->crl_max_age == 0)
		return PKG_OK;
	/* Who says how old a list may be wants one to be looked at. */
	if (trust->crls == NULL) {
		(void)pkg_refuse(err, PKG_NO, "crl-missing",
				 "the policy says how old a revocation list "
				 "may be (crlMaxAge), and there is none");
		return pkg_hint(err, "get the CA's newest list and name it "
				     "with --crl or in crls");
	}
	if (clock->mode == PKG_CLOCK_NONE)
		return PKG_OK;
	return pkg_crls_check_age(trust->crls, trust->crl_max_age,
				  clock->mode == PKG_CLOCK_TSA
				      ? env->now(env)
				      : trust_clock_now(clock, env),
				  err);
}

enum pkg_code pkg_trust_add_tsa(struct pkg_trust *trust, int dirfd,
				const char *path, struct pkg_err *err)
{
	if (trust->tsa.anchors == NULL)
		PKG_TRY(pkg_certs_new(&trust->tsa.anchors, trust->env->crypto,
				      err));
	return pkg_certs_add_file(trust->tsa.anchors, dirfd, path, err);
}

const struct pkg_crls *pkg_trust_crls(const struct pkg_trust *trust)
{
	return trust == NULL ? NULL : trust->crls;
}

const char *pkg_trust_pin_id(const struct pkg_trust *trust,
			     const uint8_t spki[PKG_AT_LEAST(32)])
{
	for (size_t i = 0; trust != NULL && i < trust->pin_count; i++) {
		if (memcmp(trust->pins[i].spki, spki, 32) == 0)
			return trust->pins[i].id;
	}
	return NULL;
}

bool pkg_trust_allows_unsigned(const struct pkg_trust *trust)
{
	return trust != NULL && trust->allow_unsigned;
}

struct pkg_clock pkg_trust_clock(const struct pkg_trust *trust,
				 const struct pkg_trust_demands *demands)
{
	if (demands->has_clock)
		return demands->clock;
	if (trust != NULL)
		return trust->clock;
	return (struct pkg_clock){.mode = PKG_CLOCK_SYSTEM};
}

bool pkg_clock_parse(struct pkg_clock *out, const char *text)
{
	*out = (struct pkg_clock){.mode = PKG_CLOCK_SYSTEM};
	if (strcmp(text, "system") == 0)
		return true;
	if (strcmp(text, "tsa") == 0) {
		out->mode = PKG_CLOCK_TSA;
		return true;
	}
	if (strcmp(text, "none") == 0) {
		out->mode = PKG_CLOCK_NONE;
		return true;
	}
	if (strncmp(text, "at=", 3) != 0)
		return false;
	out->mode = PKG_CLOCK_AT;
	return pkg_time_parse(&out->at, text + 3, strlen(text + 3));
}

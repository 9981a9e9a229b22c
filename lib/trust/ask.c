/* SPDX-License-Identifier: Apache-2.0 */
#include "trust_impl.h"

#include "packline/text.h"

#include <inttypes.h>
#include <string.h>

/* One question, as pkg_trust_ask() was asked. */
struct question {
	const struct pkg_trust *trust; /* may be NULL */
	const struct pkg_trust_demands *demands;
	const struct pkg_trust_claims *claims;
	int64_t now;
};

static bool is_listed(const struct pkg_name_list *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (name != NULL && strcmp(names->items[i], name) == 0)
			return true;
	}
	return false;
}

static bool is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static enum pkg_code ask_suite(const struct question *q, enum pkg_answer *out,
			       struct pkg_err *err)
{
	*out = PKG_ANSWER_YES; /* the reader knows no other suite */
	if (q->trust == NULL || q->trust->suites.count == 0 ||
	    is_listed(&q->trust->suites, q->claims->suite))
		return PKG_OK;
	*out = PKG_ANSWER_NO;
	return pkg_refuse(err, PKG_NO, "wrong-suite",
			  "suite %s is not accepted by '%s'", q->claims->suite,
			  q->trust->path);
}

static enum pkg_code ask_tenant(const struct question *q, enum pkg_answer *out,
				struct pkg_err *err)
{
	const char *tenant = q->claims->tenant;

	if (q->demands->tenant != NULL) {
		*out = PKG_ANSWER_NO;
		if (!is_same(tenant, q->demands->tenant))
			return pkg_refuse(err, PKG_NO, "wrong-tenant",
					  "it is for tenant '%s', not for '%s'",
					  tenant, q->demands->tenant);
		*out = PKG_ANSWER_YES;
	}
	if (q->trust != NULL && q->trust->tenants.count > 0) {
		*out = PKG_ANSWER_NO;
		if (!is_listed(&q->trust->tenants, tenant))
			return pkg_refuse(err, PKG_NO, "wrong-tenant",
					  "it is for tenant '%s', which '%s' "
					  "does not accept",
					  tenant, q->trust->path);
		*out = PKG_ANSWER_YES;
	}
	return PKG_OK;
}

static enum pkg_code wrong_device(const struct question *q,
				  const char *expected, struct pkg_err *err)
{
	const char *id = q->claims->device_config;

	if (id == NULL)
		return pkg_refuse(err, PKG_NO, "wrong-device-config",
				  "it was made without a device config, not "
				  "for %s",
				  expected);
	return pkg_refuse(err, PKG_NO, "wrong-device-config",
			  "it is for device config '%s', not for %s", id,
			  expected);
}

static enum pkg_code ask_device(const struct question *q, enum pkg_answer *out,
				struct pkg_err *err)
{
	const struct pkg_trust_demands *demands = q->demands;
	const char *id = q->claims->device_config;
	const char *sha256 = q->claims->device_config_sha256;

	if (demands->device_config != NULL) {
		*out = PKG_ANSWER_NO;
		if (!is_same(id, demands->device_config))
			return wrong_device(q, demands->device_config, err);
		*out = PKG_ANSWER_YES;
	}
	if (demands->device_config_sha256 != NULL) {
		*out = PKG_ANSWER_NO;
		if (!is_same(sha256, demands->device_config_sha256))
			return pkg_refuse(err, PKG_NO, "wrong-device-config",
					  "it was made with another edition of "
					  "device config '%s': its SHA-256 was "
					  "%s",
					  id == NULL ? "" : id,
					  sha256 == NULL ? "none" : sha256);
		*out = PKG_ANSWER_YES;
	}
	if (q->trust != NULL && q->trust->device_configs.count > 0) {
		*out = PKG_ANSWER_NO;
		if (!is_listed(&q->trust->device_configs, id))
			return wrong_device(q, "one the policy accepts", err);
		*out = PKG_ANSWER_YES;
	}
	return PKG_OK;
}

static enum pkg_code ask_sequence(const struct question *q,
				  enum pkg_answer *out, struct pkg_err *err)
{
	uint64_t least = 0;
	bool asked = false;

	if (q->demands->has_min_sequence) {
		least = q->demands->min_sequence;
		asked = true;
	}
	if (q->trust != NULL && q->trust->has_min_sequence) {
		if (q->trust->min_sequence > least)
			least = q->trust->min_sequence;
		asked = true;
	}
	if (!asked)
		return PKG_OK;
	*out = PKG_ANSWER_NO;
	if (!q->claims->has_sequence)
		return pkg_refuse(err, PKG_NO, "sequence-too-low",
				  "it has no sequence number, but at least "
				  "%" PRIu64 " is asked for",
				  least);
	if (q->claims->sequence < least)
		return pkg_refuse(err, PKG_NO, "sequence-too-low",
				  "its sequence number is %" PRIu64
				  ", but at least %" PRIu64 " is asked for",
				  q->claims->sequence, least);
	*out = PKG_ANSWER_YES;
	return PKG_OK;
}

static enum pkg_code ask_expiry(const struct question *q,
				const struct pkg_clock *clock,
				enum pkg_answer *out, struct pkg_err *err)
{
	const char *expires = q->claims->expires;
	char now[21] = "";
	int64_t then = 0;

	if (expires == NULL) {
		*out = PKG_ANSWER_YES;
		return PKG_OK;
	}
	if (clock->mode == PKG_CLOCK_NONE)
		return PKG_OK;
	*out = PKG_ANSWER_NO;
	if (!pkg_time_parse(&then, expires, strlen(expires)))
		return pkg_refuse(err, PKG_INPUT, "malformed-manifest",
				  "'%s' is not a time", expires);
	if (q->now < then) {
		*out = PKG_ANSWER_YES;
		return PKG_OK;
	}
	(void)pkg_time_format(now, q->now);
	(void)pkg_refuse(err, PKG_NO, "expired",
			 "it expired at %s, and the clock says %s", expires,
			 now);
	return pkg_hint(err, "get a newer one, if the clock is right");
}

enum pkg_code pkg_trust_ask(const struct pkg_trust *trust,
			    const struct pkg_env *env,
			    const struct pkg_trust_question *asked,
			    enum pkg_answer *out, struct pkg_err *err)
{
	struct question q = {
	    .trust = trust,
	    .demands = asked->demands,
	    .claims = asked->claims,
	    .now = trust_clock_today(&asked->clock, env),
	};

	*out = PKG_ANSWER_SKIPPED;
	switch (asked->about) {
	case PKG_ASK_SUITE:
		return ask_suite(&q, out, err);
	case PKG_ASK_TENANT:
		return ask_tenant(&q, out, err);
	case PKG_ASK_DEVICE_CONFIG:
		return ask_device(&q, out, err);
	case PKG_ASK_SEQUENCE:
		return ask_sequence(&q, out, err);
	case PKG_ASK_EXPIRY:
		return ask_expiry(&q, &asked->clock, out, err);
	}
	return pkg_fail(err, PKG_INTERNAL, "unknown question");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "trust_impl.h"

#include "packline/approval_policy.h"
#include "packline/cms.h"
#include "packline/container.h"
#include "packline/text.h"

#include <string.h>
#include <strings.h>

/* Judging one set of approvals. */
struct judge {
	const struct pkg_approval_policy *policy;
	const struct pkg_env *env;
	const struct pkg_approval_set *set;
	struct pkg_approvals *out;
	struct pkg_arena *arena;
};

/* One approval on its way. */
struct candidate {
	const struct pkg_container_approval *file;
	struct pkg_cms *cms;
	const struct pkg_officer *officer;
	struct pkg_approval approval;
};

/*
 * By a time stamp: that of a signature covers no approval, which may have been
 * added later, with a key that was thrown away.  So his certificate is judged
 * by a stamp of his own signature, or else as of today.
 */
static enum pkg_code verify_stamped(const struct judge *judge,
				    const struct candidate *from,
				    struct pkg_cms_verify_options *options,
				    struct pkg_err *err)
{
	const struct pkg_container_bytes *json = &from->file->json;
	const struct pkg_signature_set itself = {
	    .content = json->data,
	    .content_len = json->len,
	    .clock = judge->set->clock,
	};
	const struct trust_dated dated = {judge->set->trust, judge->env,
					  &itself};
	int64_t stamp = 0;

	if (judge->set->trust != NULL &&
	    pkg_cms_claim(from->cms)->has_timestamp)
		return pkg_trust_verify_dated(&dated, from->cms, options,
					      &stamp, err);
	options->at = trust_clock_today(&judge->set->clock, judge->env);
	return pkg_cms_verify(from->cms, json->data, json->len, options, err);
}

/*
 * Is the signature his, over these bytes, as an approval?  His key is named by
 * the policy, so it needs no chain; but where there are revocation lists, his
 * certificate must be covered by them like that of any signer.
 */
static enum pkg_code check_signature(const struct judge *judge,
				     const struct candidate *from,
				     struct pkg_err *err)
{
	const struct pkg_clock *clock = &judge->set->clock;
	struct pkg_cms_verify_options options = {
	    .content_type = PKG_OID_APPROVAL,
	    .anchor_keys = &from->officer->spki,
	    .anchor_key_count = 1,
	    .no_time = clock->mode == PKG_CLOCK_NONE,
	    .at = trust_clock_now(clock, judge->env),
	};

	if (judge->set->trust != NULL)
		PKG_TRY(pkg_trust_check_crls(judge->set->trust, judge->env,
					     clock, err));
	if (judge->set->trust != NULL && judge->set->trust->crls != NULL) {
		options.anchors = judge->set->trust->anchors;
		options.anchor_keys = NULL;
		options.anchor_key_count = 0;
		options.crls = judge->set->trust->crls;
	}
	if (clock->mode == PKG_CLOCK_TSA)
		return verify_stamped(judge, from, &options, err);
	return pkg_cms_verify(from->cms, from->file->json.data,
			      from->file->json.len, &options, err);
}

static bool same_digest(bool has, const uint8_t *a, const uint8_t *b)
{
	return has == (b != NULL) && (b == NULL || memcmp(a, b, 32) == 0);
}

/* Is it about this very request? */
static enum pkg_code check_subject(const struct judge *judge,
				   const struct pkg_approval *approval,
				   struct pkg_err *err)
{
	const struct pkg_approval_subject *subject = judge->set->subject;

	if (strcmp(approval->tenant, subject->tenant) != 0)
		return pkg_refuse(err, PKG_NO, "approval-tenant",
				  "it is about a request of tenant '%s', not "
				  "of '%s'",
				  approval->tenant, subject->tenant);
	if (!same_digest(approval->has_device_config,
			 approval->device_config_sha256,
			 subject->device_config_sha256))
		return pkg_refuse(err, PKG_NO, "approval-device-config",
				  "it is about another device config, or "
				  "another edition of it");
	if (memcmp(approval->policy_sha256, judge->policy->sha256, 32) != 0)
		return pkg_refuse(err, PKG_NO, "approval-policy",
				  "it was made under another approval policy, "
				  "or another edition of it");
	if (strcmp(approval->request_id, subject->request_id) != 0 ||
	    memcmp(approval->request_sha256, subject->request_sha256, 32) != 0)
		return pkg_refuse(err, PKG_NO, "approval-request",
				  "it is about another request: %s",
				  approval->request_id);
	return PKG_OK;
}

static enum pkg_code check_officer(const struct judge *judge,
				   const struct candidate *from,
				   struct pkg_err *err)
{
	const struct pkg_approval *approval = &from->approval;
	const struct pkg_officer *officer = from->officer;

	if (strcmp(approval->officer_id, officer->id) != 0 ||
	    strcmp(approval->officer_role, officer->role) != 0)
		return pkg_refuse(err, PKG_NO, "approval-officer",
				  "it says that it is by %s (%s), but the key "
				  "is that of %s (%s) in '%s'",
				  approval->officer_id, approval->officer_role,
				  officer->id, officer->role,
				  judge->policy->path);
	for (size_t i = 0; i < judge->out->count; i++) {
		if (strcmp(judge->out->items[i].id, officer->id) == 0)
			return pkg_refuse(err, PKG_NO, "approval-duplicate",
					  "officer %s has decided already: "
					  "nobody counts twice",
					  officer->id);
	}
	return judge->set->device == NULL
		   ? PKG_OK
		   : pkg_device_config_may_approve(judge->set->device,
						   officer->id, err);
}

static enum pkg_code refuse_expired(const char *what, int64_t then, int64_t now,
				    struct pkg_err *err)
{
	char then_text[21] = "", now_text[21] = "";

	(void)pkg_time_format(then_text, then);
	(void)pkg_time_format(now_text, now);
	return pkg_refuse(err, PKG_NO, "approval-expired",
			  "%s %s, and the clock says %s", what, then_text,
			  now_text);
}

/* The decoder has read both times, so reading them again cannot fail. */
static enum pkg_code check_expiry(const struct judge *judge,
				  const struct pkg_approval *approval,
				  struct pkg_err *err)
{
	const int64_t now = trust_clock_now(&judge->set->clock, judge->env);
	const int64_t valid_for = judge->policy->valid_for;
	int64_t issued = 0, expires = 0;

	if (judge->set->clock.mode == PKG_CLOCK_NONE)
		return PKG_OK;
	if (!pkg_time_parse(&issued, approval->issued,
			    strlen(approval->issued)))
		return pkg_fail(err, PKG_INTERNAL, "not a time");
	if (issued - PKG_LIMIT_CLOCK_SKEW > now)
		return refuse_expired("it was issued at", issued, now, err);
	if (valid_for > 0 && now >= issued + valid_for)
		return refuse_expired("the policy lets it be valid until",
				      issued + valid_for, now, err);
	if (approval->expires == NULL)
		return PKG_OK;
	if (!pkg_time_parse(&expires, approval->expires,
			    strlen(approval->expires)))
		return pkg_fail(err, PKG_INTERNAL, "not a time");
	if (now >= expires)
		return refuse_expired("it expired at", expires, now, err);
	return PKG_OK;
}

static enum pkg_code add(const struct judge *judge,
			 const struct candidate *from, struct pkg_err *err)
{
	struct pkg_approved *to = &judge->out->items[judge->out->count];
	const struct pkg_approval *approval = &from->approval;

	*to = (struct pkg_approved){
	    .id = approval->officer_id, /* in the arena, by the decoder */
	    .role = approval->officer_role,
	    .subject = pkg_arena_printf(judge->arena, err, "%s",
					pkg_cms_claim(from->cms)->cert.subject),
	    .reason = approval->reason,
	    .issued = approval->issued,
	    .expires = approval->expires,
	    .decision = approval->decision,
	};
	if (to->subject == NULL)
		return err->code;
	pkg_hex_encode(to->spki, from->officer->spki, 32);
	judge->out->count++;
	return PKG_OK;
}

/*
 * A rejection stands even if it is old: what makes an approval worthless must
 * not make a rejection so.
 */
static enum pkg_code judge_one(const struct judge *judge,
			       struct candidate *from, struct pkg_err *err)
{
	const struct pkg_approval_subject *subject = judge->set->subject;
	const struct pkg_cert_info *cert = &pkg_cms_claim(from->cms)->cert;

	from->officer = pkg_approval_policy_officer(judge->policy, cert->spki);
	if (from->officer == NULL)
		return pkg_refuse(err, PKG_NO, "approval-officer",
				  "the key of %s is not that of an officer of "
				  "'%s'",
				  cert->subject, judge->policy->path);
	PKG_TRY(check_signature(judge, from, err));
	PKG_TRY(pkg_approval_decode(&from->approval, judge->arena,
				    from->file->json.data, from->file->json.len,
				    err));
	PKG_TRY(check_subject(judge, &from->approval, err));
	PKG_TRY(check_officer(judge, from, err));
	PKG_TRY(add(judge, from, err));
	if (subject->requester_known)
		PKG_TRY(pkg_approvals_check_requester(judge->out,
						      subject->requester, err));
	if (from->approval.decision == PKG_DECISION_REJECTED)
		return pkg_refuse(err, PKG_NO, "approval-rejected",
				  "%s (%s) has rejected it: %s",
				  from->officer->id, from->officer->role,
				  from->approval.reason);
	return check_expiry(judge, &from->approval, err);
}

static enum pkg_code judge_file(const struct judge *judge, size_t index,
				uint8_t last[static 32], struct pkg_err *err)
{
	const struct pkg_container_approval *file = &judge->set->items[index];
	struct candidate from = {.file = file};
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	const uint8_t *spki = NULL;
	int order = 0;

	PKG_TRY(pkg_cms_parse(&cms, judge->env->crypto, file->p7s.data,
			      file->p7s.len, err));
	spki = pkg_cms_claim(cms)->cert.spki;
	order = index == 0 ? -1 : memcmp(last, spki, 32);
	if (order == 0)
		return pkg_refuse(err, PKG_NO, "approval-duplicate",
				  "two approvals are signed with one key");
	if (order > 0)
		return pkg_refuse(err, PKG_INPUT, "approval-order",
				  "the approvals are not in the order of their "
				  "keys");
	memcpy(last, spki, 32);
	from.cms = cms;
	return judge_one(judge, &from, err);
}

/* Every approval of @out is an officer of his own, and none is a rejection. */
static enum pkg_code count(const struct judge *judge, struct pkg_err *err)
{
	const size_t needed = judge->policy->required;

	if (judge->out->count >= needed)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "too-few-approvals",
			 "%zu officer%s approved it, but '%s' asks for %zu",
			 judge->out->count,
			 judge->out->count == 1 ? " has" : "s have",
			 judge->policy->path, needed);
	return pkg_hint(err, "officers approve with: pkg-seal approve");
}

static enum pkg_code no_policy(const struct pkg_approval_set *set,
			       struct pkg_err *err)
{
	if (set->subject->policy_sha256 != NULL) {
		(void)pkg_refuse(err, PKG_NO, "no-approval-policy",
				 "it was made under an approval policy, and "
				 "none was given to judge it by");
		return pkg_hint(err, "give the approval policy that it was "
				     "made under");
	}
	if (set->count > 0)
		return pkg_refuse(err, PKG_NO, "approval-policy",
				  "it carries approvals, but its manifest "
				  "names no approval policy");
	return PKG_OK;
}

enum pkg_code pkg_approvals_judge(const struct pkg_approval_policy *policy,
				  const struct pkg_env *env,
				  const struct pkg_approval_set *set,
				  struct pkg_approvals *out,
				  struct pkg_arena *arena, struct pkg_err *err)
{
	const struct judge judge = {policy, env, set, out, arena};
	uint8_t last[32] = {0};

	*out = (struct pkg_approvals){0};
	if (policy == NULL)
		return no_policy(set, err);
	out->needed = policy->required;
	out->policy = policy->hex;
	if (!same_digest(true, policy->sha256, set->subject->policy_sha256))
		return pkg_refuse(err, PKG_NO, "approval-policy",
				  "it was not made under this edition of '%s'",
				  policy->path);
	out->items =
	    pkg_arena_array(arena, set->count + 1, sizeof(*out->items), err);
	if (out->items == NULL)
		return err->code;
	for (size_t i = 0; i < set->count; i++) {
		if (judge_file(&judge, i, last, err) != PKG_OK)
			return pkg_wrap(err, "approval-%02zu", i);
	}
	return count(&judge, err);
}

enum pkg_code
pkg_approvals_check_requester(const struct pkg_approvals *approvals,
			      const char *requester, struct pkg_err *err)
{
	if (approvals->needed == 0)
		return PKG_OK;
	if (requester == NULL)
		return pkg_refuse(err, PKG_NO, "no-requester",
				  "the request does not say whose it is, so "
				  "nobody can tell whether an officer approved "
				  "his own");
	for (size_t i = 0; i < approvals->count; i++) {
		/* Alice is alice; who lies about his name is not stopped here.
		 */
		if (strcasecmp(approvals->items[i].id, requester) == 0)
			return pkg_refuse(err, PKG_NO, "approval-self",
					  "officer %s has asked for it himself",
					  approvals->items[i].id);
	}
	return PKG_OK;
}

enum pkg_code pkg_trust_approval_policy(const struct pkg_trust *trust,
					const uint8_t *policy_sha256,
					const struct pkg_approval_policy **out,
					struct pkg_err *err)
{
	*out = NULL;
	if (trust == NULL || trust->approval_count == 0) {
		if (policy_sha256 == NULL)
			return PKG_OK;
		(void)pkg_refuse(err, PKG_NO, "no-approval-policy",
				 "it was made under an approval policy, and "
				 "%s says nothing about approvals",
				 trust == NULL ? "nothing that was given"
					       : "the trust that was given");
		return pkg_hint(err, "give a trust policy that lists the "
				     "approval policy under approvals");
	}
	if (policy_sha256 == NULL)
		return pkg_refuse(err, PKG_NO, "unapproved",
				  "it was made under no approval policy, and "
				  "'%s' asks for one",
				  trust->path);
	for (size_t i = 0; i < trust->approval_count; i++) {
		if (memcmp(trust->approvals[i]->sha256, policy_sha256, 32) == 0)
			*out = trust->approvals[i];
	}
	if (*out != NULL)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "unknown-approval-policy",
			  "it was made under an approval policy, or an edition "
			  "of one, that '%s' does not list",
			  trust->path);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/approval_policy.h"
#include "packline/arena.h"
#include "packline/cms.h"
#include "packline/container.h"
#include "packline/device_config.h"
#include "packline/limits.h"
#include "packline/text.h"

#include <string.h>

/* One decision on its way. */
struct deciding {
	const struct pkg_approval_decision *decision;
	const struct pkg_env *env;
	const struct pkg_officer *officer;
};

/* Is there such a policy, and does his word count? */
static enum pkg_code check_entitled(struct deciding *self, struct pkg_err *err)
{
	const struct pkg_approval_decision *decision = self->decision;
	const struct pkg_approval_policy *policy = decision->policy;
	const struct pkg_cert_info *cert =
	    pkg_certs_info(decision->signer->certs, 0);

	if (decision->subject->policy_sha256 == NULL ||
	    memcmp(policy->sha256, decision->subject->policy_sha256, 32) != 0)
		return pkg_refuse(err, PKG_NO, "approval-policy",
				  "it was not made under this edition of '%s'",
				  policy->path);
	self->officer = pkg_approval_policy_officer(policy, cert->spki);
	if (self->officer == NULL)
		return pkg_refuse(err, PKG_NO, "approval-officer",
				  "the key of %s is not that of an officer of "
				  "'%s'",
				  cert->subject, policy->path);
	return decision->device == NULL
		   ? PKG_OK
		   : pkg_device_config_may_approve(decision->device,
						   self->officer->id, err);
}

/* Nobody decides about his own request. */
static enum pkg_code check_requester(const struct deciding *self,
				     struct pkg_err *err)
{
	const struct pkg_approval_subject *subject = self->decision->subject;
	struct pkg_approved me = {.id = self->officer->id};
	const struct pkg_approvals mine = {
	    .items = &me, .count = 1, .needed = 1};

	if (!subject->requester_known)
		return pkg_refuse(err, PKG_NO, "no-requester",
				  "nobody can tell who asked for it, and so "
				  "whether this is his own request");
	return pkg_approvals_check_requester(&mine, subject->requester, err);
}

/* Nobody decides twice. */
static enum pkg_code check_others(const struct deciding *self,
				  struct pkg_err *err)
{
	const struct pkg_approval_decision *decision = self->decision;

	if (decision->other_count == PKG_LIMIT_SIGNATURES)
		return pkg_refuse(err, PKG_USAGE, "limit",
				  "it has %u approvals already",
				  PKG_LIMIT_SIGNATURES);
	for (size_t i = 0; i < decision->other_count; i++) {
		const struct pkg_container_approval *other =
		    &decision->others[i];
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
		const struct pkg_officer *officer = NULL;

		PKG_TRY(pkg_cms_parse(&cms, self->env->crypto, other->p7s.data,
				      other->p7s.len, err));
		officer = pkg_approval_policy_officer(
		    decision->policy, pkg_cms_claim(cms)->cert.spki);
		if (officer != NULL &&
		    strcmp(officer->id, self->officer->id) == 0)
			return pkg_refuse(err, PKG_NO, "approval-duplicate",
					  "officer %s has decided already: "
					  "nobody counts twice",
					  officer->id);
	}
	return PKG_OK;
}

/*
 * What is in it already is shown to him, so it must be what it seems:
 * decisions of these officers about this request.  Whether it is enough and
 * still valid, is for who signs to ask; nor does a rejection keep anybody from
 * saying what he thinks.
 */
static enum pkg_code check_shown(const struct deciding *self,
				 struct pkg_err *err)
{
	const struct pkg_approval_decision *decision = self->decision;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_approvals said = {0};
	enum pkg_code code = PKG_OK;

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	/* One by one: the first rejection would end it for those behind. */
	for (size_t i = 0; i < decision->other_count; i++) {
		const struct pkg_approval_set set = {
		    .items = &decision->others[i],
		    .count = 1,
		    .subject = decision->subject,
		    .clock = {.mode = PKG_CLOCK_NONE},
		};

		code = pkg_approvals_judge(decision->policy, self->env, &set,
					   &said, arena, err);
		if (code == PKG_NO &&
		    (strcmp(err->reason, "too-few-approvals") == 0 ||
		     strcmp(err->reason, "approval-rejected") == 0)) {
			*err = PKG_ERR_INIT;
			code = PKG_OK;
		}
		PKG_TRY(code);
	}
	return PKG_OK;
}

/*
 * Until when: as long as the policy lets it, or less if he says so.  @out is
 * NULL, or @text with the time in it.
 */
static enum pkg_code expiry(const struct deciding *self, int64_t issued,
			    char text[static 21], const char **out,
			    struct pkg_err *err)
{
	const char *said = self->decision->expires;
	const int64_t most = self->decision->policy->valid_for;
	int64_t until = issued + most;

	*out = NULL;
	if (said == NULL && most == 0)
		return PKG_OK;
	if (said != NULL && !pkg_time_parse(&until, said, strlen(said))) {
		pkg_fail(err, PKG_USAGE, "--expires: '%s' is not a time", said);
		return pkg_hint(err, "write it like 2026-12-01T02:00:00Z");
	}
	if (until <= issued)
		return pkg_fail(err, PKG_USAGE, "--expires: %s is over already",
				said);
	if (most > 0 && until > issued + most)
		until = issued + most;
	if (!pkg_time_format(text, until))
		return pkg_fail(err, PKG_USAGE, "it would expire too late");
	*out = text;
	return PKG_OK;
}

static enum pkg_code encode(const struct deciding *self, struct pkg_buf *out,
			    struct pkg_err *err)
{
	const struct pkg_approval_decision *decision = self->decision;
	const struct pkg_approval_subject *subject = decision->subject;
	const int64_t now = decision->signer->signing_time;
	struct pkg_approval approval = {
	    .decision = decision->decision,
	    .reason = decision->reason,
	    .request_id = subject->request_id,
	    .tenant = subject->tenant,
	    .has_device_config = subject->device_config_sha256 != NULL,
	    .officer_id = self->officer->id,
	    .officer_role = self->officer->role,
	};
	char issued[21], expires[21];

	if (!pkg_time_format(issued, now))
		return pkg_fail(err, PKG_USAGE, "the clock is out of range");
	approval.issued = issued;
	memcpy(approval.request_sha256, subject->request_sha256, 32);
	memcpy(approval.policy_sha256, subject->policy_sha256, 32);
	if (approval.has_device_config)
		memcpy(approval.device_config_sha256,
		       subject->device_config_sha256, 32);
	PKG_TRY(expiry(self, now, expires, &approval.expires, err));
	return pkg_approval_encode(out, &approval, err);
}

enum pkg_code pkg_approval_prepare(struct pkg_buf *out,
				   const struct pkg_approval_decision *decision,
				   const struct pkg_env *env,
				   struct pkg_err *err)
{
	struct deciding self = {.decision = decision, .env = env};

	PKG_TRY(check_entitled(&self, err));
	PKG_TRY(check_requester(&self, err));
	PKG_TRY(check_others(&self, err));
	PKG_TRY(check_shown(&self, err));
	return encode(&self, out, err);
}

enum pkg_code pkg_approval_sign(struct pkg_buf *out, const struct pkg_buf *json,
				const struct pkg_approval_decision *decision,
				struct pkg_err *err)
{
	struct pkg_cms_sign_options signer = *decision->signer;

	signer.content_type = PKG_OID_APPROVAL;
	return pkg_cms_sign(out, json->data, json->len, &signer, err);
}

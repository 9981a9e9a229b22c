/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/review.h"

#include "packline/arena.h"
#include "packline/cms.h"
#include "packline/source.h"
#include "packline/text.h"
#include "review/facts.h"

/* A screen about one subject. */
struct screen {
	struct page page;
	const struct pkg_seal_subject *subject;
	const struct pkg_review_options *options;
	const struct pkg_env *env;
	struct pkg_arena *arena;
	struct facts facts;
};

static void show_facts(struct screen *s)
{
	for (const struct fact *one = s->facts.first; one != NULL;
	     one = one->next) {
		pkg_page_line(&s->page, one->label,
			      one->name == NULL ? one->value : one->name,
			      one->kind);
		if (one->name != NULL)
			pkg_page_line(&s->page, "", one->value, one->kind);
	}
}

static void show_act(struct screen *s)
{
	static const char *const headings[] = {
	    [PKG_SEAL_SIGN] = "=== TO BE SIGNED",
	    [PKG_SEAL_APPROVE] = "=== TO BE APPROVED",
	    [PKG_SEAL_REJECT] = "=== TO BE REJECTED",
	};

	pkg_page_own(&s->page, headings[s->subject->act]);
	pkg_page_line(&s->page, "reason", s->subject->reason, PAGE_FOREIGN);
}

static enum pkg_code show_signature(struct screen *s,
				    const struct pkg_container_bytes *der,
				    struct pkg_err *err)
{
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;

	PKG_TRY(pkg_cms_parse(&cms, s->env->crypto, der->data, der->len, err));
	pkg_page_line(&s->page, "  by", pkg_cms_claim(cms)->cert.subject,
		      PAGE_QUOTED);
	pkg_page_hex(&s->page, "  key SHA-256", pkg_cms_claim(cms)->cert.spki);
	return PKG_OK;
}

static enum pkg_code show_approval(struct screen *s,
				   const struct pkg_container_approval *one,
				   struct pkg_err *err)
{
	struct pkg_approval approval;

	PKG_TRY(pkg_approval_decode(&approval, s->arena, one->json.data,
				    one->json.len, err));
	pkg_page_line(&s->page,
		      approval.decision == PKG_DECISION_APPROVED ? "APPROVED"
								 : "REJECTED",
		      approval.officer_id, PAGE_FOREIGN);
	pkg_page_line(&s->page, "  role", approval.officer_role, PAGE_FOREIGN);
	pkg_page_line(&s->page, "  reason", approval.reason, PAGE_FOREIGN);
	pkg_page_line(&s->page, "  issued", approval.issued, PAGE_FOREIGN);
	pkg_page_line(&s->page, "  expires",
		      approval.expires == NULL ? "(never)" : approval.expires,
		      PAGE_FOREIGN);
	return show_signature(s, &one->p7s, err);
}

static enum pkg_code show_present(struct screen *s, struct pkg_err *err)
{
	const struct pkg_container_head *head = s->subject->head;

	if (head == NULL || head->signature_count + head->approval_count == 0)
		return PKG_OK;
	pkg_page_own(&s->page, "=== IN IT ALREADY");
	for (size_t i = 0; i < head->approval_count; i++)
		PKG_TRY(show_approval(s, &head->approvals[i], err));
	for (size_t i = 0; i < head->signature_count; i++) {
		pkg_page_own(&s->page, "signature");
		PKG_TRY(show_signature(s, &head->signatures[i], err));
	}
	return PKG_OK;
}

static enum pkg_code compare(struct screen *s, struct pkg_container *container,
			     struct pkg_err *err)
{
	const struct pkg_container_head *head = pkg_container_head(container);
	struct pkg_envelope_info recipients;
	struct facts before = {.arena = s->arena};
	struct facts_of of = {.manifest = &head->manifest};

	PKG_TRY(pkg_container_check_recipients(container, err));
	if (head->recipients.len > 0) {
		PKG_TRY(pkg_envelope_check(&recipients, head->recipients.data,
					   head->recipients.len, err));
		of.recipients = &recipients;
	}
	PKG_TRY(pkg_container_request(container, &of.request, err));
	PKG_TRY(pkg_container_plan(container, &of.plan, err));
	PKG_TRY(pkg_facts_collect(&before, &of, err));
	return pkg_facts_changes(&s->page, &before, &s->facts, err);
}

static enum pkg_code show_changes(struct screen *s, struct pkg_err *err)
{
	PKG_AUTO(pkg_container) struct pkg_container *container = NULL;
	const struct pkg_review_options *options = s->options;

	if (options->previous == NULL)
		return PKG_OK;
	pkg_page_own(&s->page, "=== CHANGED (the other file was not verified)");
	pkg_page_line(&s->page, "since", options->previous_name, PAGE_FOREIGN);
	if (pkg_container_open_any(&container, options->previous, s->env,
				   err) != PKG_OK ||
	    compare(s, container, err) != PKG_OK)
		return pkg_wrap(err, "%s", options->previous_name);
	return PKG_OK;
}

static enum pkg_code show_digest(struct screen *s)
{
	char hex[65];

	pkg_page_own(&s->page, "=== ITS IDENTITY, the digest of its manifest");
	pkg_page_digest(&s->page, s->subject->manifest_sha256, 32);
	if (!s->options->qr)
		return PKG_OK;
	pkg_hex_encode(hex, s->subject->manifest_sha256, 32);
	return pkg_page_qr(&s->page, hex);
}

enum pkg_code pkg_review_write(struct pkg_sink *sink,
			       const struct pkg_seal_subject *subject,
			       const struct pkg_review_options *options,
			       const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	const struct facts_of of = {
	    .manifest = subject->manifest,
	    .request = subject->request,
	    .plan = subject->plan,
	    .recipients = subject->recipients,
	};
	struct screen s = {
	    .page = {.sink = sink, .err = err, .utf8 = options->utf8},
	    .subject = subject,
	    .options = options,
	    .env = env,
	};

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	s.arena = arena;
	s.facts.arena = arena;
	PKG_TRY(pkg_facts_collect(&s.facts, &of, err));
	show_act(&s);
	show_facts(&s);
	PKG_TRY(show_present(&s, err));
	PKG_TRY(show_changes(&s, err));
	if (subject->cert != NULL)
		pkg_page_key(&s.page, subject->key, subject->cert);
	PKG_TRY(show_digest(&s));
	return pkg_page_finish(&s.page);
}

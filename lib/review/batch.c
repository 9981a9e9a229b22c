/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/batch.h"

#include "packline/text.h"
#include "review/page.h"

#include <stdio.h>

/* A screen about one batch. */
struct screen {
	struct page page;
	const struct pkg_review_batch *subject;
	uint64_t documents; /* seen so far */
	uint64_t unsaid;    /* bytes of those that are not shown */
};

enum { LINE = 160 };

static void show_act(struct screen *s)
{
	static const char *const headings[] = {
	    [PKG_REVIEW_ACCEPT] = "=== TO BE ACCEPTED",
	    [PKG_REVIEW_REJECT] = "=== TO BE REJECTED",
	    [PKG_REVIEW_RUN] = "=== TO BE SIGNED",
	};
	const struct pkg_process *process =
	    pkg_batch_process(s->subject->batch);

	if (s->subject->act == PKG_REVIEW_RUN &&
	    process->action == PKG_PROCESS_VALIDATE)
		pkg_page_own(&s->page, "=== TO BE VALIDATED");
	else
		pkg_page_own(&s->page, headings[s->subject->act]);
	pkg_page_line(&s->page, "reason", s->subject->reason, PAGE_FOREIGN);
}

static void show_record(struct screen *s)
{
	const struct pkg_batch_record *record =
	    pkg_batch_record(s->subject->batch);

	pkg_page_line(&s->page, "batch", record->id, PAGE_FOREIGN);
	pkg_page_line(&s->page, "tenant", record->tenant, PAGE_FOREIGN);
	pkg_page_line(&s->page, "requester",
		      record->requester == NULL ? "(not said)"
						: record->requester,
		      PAGE_FOREIGN);
	pkg_page_line(&s->page, "created", record->created, PAGE_FOREIGN);
	if (record->has_previous)
		pkg_page_hex(&s->page, "after batch", record->previous_sha256);
	if (record->has_policy)
		pkg_page_hex(&s->page, "policy SHA-256", record->policy_sha256);
}

/* What is done with each document: our own words. */
static void show_process(struct screen *s)
{
	const struct pkg_process *process =
	    pkg_batch_process(s->subject->batch);
	char line[LINE];

	pkg_page_own(&s->page, "=== THE PROCESS");
	pkg_page_line(&s->page, "name", process->name, PAGE_FOREIGN);
	(void)snprintf(line, sizeof(line), "%lld", (long long)process->id);
	pkg_page_line(&s->page, "number", line, PAGE_QUOTED);
	(void)snprintf(line, sizeof(line), "%s, %s, SHA-%u%s%s",
		       pkg_process_action_name(process->action),
		       pkg_process_form_name(process->form),
		       process->digest_bits,
		       process->action == PKG_PROCESS_SIGN &&
			       process->padding == PKG_CMS_PKCS1
			   ? ", PKCS#1 v1.5 with RSA"
			   : "",
		       process->has_tsa ? ", with time stamps" : "");
	pkg_page_line(&s->page, "does", line, PAGE_QUOTED);
	pkg_page_line(&s->page, "file", process->path, PAGE_FOREIGN);
	pkg_page_hex(&s->page, "  SHA-256", process->sha256);
}

/* What will be signed, if it is not SHA-256: an officer who has only digests
   must see the one that counts. */
static void show_signed_digest(struct screen *s,
			       const struct pkg_batch_document *document)
{
	const struct pkg_process *process =
	    pkg_batch_process(s->subject->batch);
	char label[16], hex[129];

	if (process->digest_bits == 256)
		return;
	(void)snprintf(label, sizeof(label), "  SHA-%u", process->digest_bits);
	pkg_hex_encode(hex, document->digest, process->digest_bits / 8);
	pkg_page_line(&s->page, label, hex, PAGE_QUOTED);
}

static enum pkg_code show_document(void *context,
				   const struct pkg_batch_document *document,
				   struct pkg_err *err)
{
	struct screen *s = context;
	char line[LINE];

	(void)err;
	s->documents++;
	if (s->documents > PKG_REVIEW_DOCUMENTS) {
		s->unsaid += document->size;
		return PKG_OK;
	}
	pkg_page_line(&s->page, "document", document->name, PAGE_FOREIGN);
	(void)snprintf(line, sizeof(line), "%llu bytes%s",
		       (unsigned long long)document->size,
		       document->is_zip ? ", from a ZIP file" : "");
	pkg_page_line(&s->page, "", line, PAGE_QUOTED);
	pkg_page_hex(&s->page, "  SHA-256", document->sha256);
	show_signed_digest(s, document);
	return pkg_page_finish(&s->page);
}

static enum pkg_code show_documents(struct screen *s, struct pkg_err *err)
{
	const struct pkg_batch_state *state =
	    pkg_batch_state(s->subject->batch);
	char line[LINE];

	pkg_page_own(&s->page, "=== THE DOCUMENTS");
	(void)snprintf(line, sizeof(line), "%llu, of %llu bytes together",
		       (unsigned long long)state->documents,
		       (unsigned long long)state->bytes);
	pkg_page_line(&s->page, "documents", line, PAGE_QUOTED);
	PKG_TRY(pkg_batch_documents(s->subject->batch, show_document, s, err));
	if (s->documents <= PKG_REVIEW_DOCUMENTS)
		return PKG_OK;
	(void)snprintf(
	    line, sizeof(line), "and %llu more, of %llu bytes, not shown here",
	    (unsigned long long)(s->documents - PKG_REVIEW_DOCUMENTS),
	    (unsigned long long)s->unsaid);
	pkg_page_own(&s->page, line);
	return PKG_OK;
}

static void show_approvals(struct screen *s)
{
	const struct pkg_approvals *approvals = s->subject->approvals;
	char line[LINE];

	if (approvals == NULL || approvals->needed == 0)
		return;
	(void)snprintf(line, sizeof(line), "=== ACCEPTED BY %zu OF %zu",
		       approvals->count, approvals->needed);
	pkg_page_own(&s->page, line);
	for (size_t i = 0; i < approvals->count; i++) {
		const struct pkg_approved *one = &approvals->items[i];

		pkg_page_line(&s->page, "officer", one->id, PAGE_FOREIGN);
		pkg_page_line(&s->page, "  role", one->role, PAGE_FOREIGN);
		pkg_page_line(&s->page, "  reason", one->reason, PAGE_FOREIGN);
		pkg_page_line(&s->page, "  issued", one->issued, PAGE_FOREIGN);
	}
}

static enum pkg_code show_digest(struct screen *s,
				 const struct pkg_review_options *options)
{
	char hex[65];

	pkg_page_own(&s->page, "=== ITS IDENTITY, the digest of its request");
	pkg_page_digest(&s->page, s->subject->request_sha256, 32);
	if (!options->qr)
		return PKG_OK;
	pkg_hex_encode(hex, s->subject->request_sha256, 32);
	return pkg_page_qr(&s->page, hex);
}

enum pkg_code pkg_review_batch_write(struct pkg_sink *sink,
				     const struct pkg_review_batch *subject,
				     const struct pkg_review_options *options,
				     struct pkg_err *err)
{
	struct screen s = {
	    .page = {.sink = sink, .err = err, .utf8 = options->utf8},
	    .subject = subject,
	};

	show_act(&s);
	show_record(&s);
	show_process(&s);
	PKG_TRY(show_documents(&s, err));
	if (subject->previous != NULL)
		PKG_TRY(pkg_batch_changes(&s.page, subject->previous,
					  subject->batch, err));
	show_approvals(&s);
	if (subject->cert != NULL)
		pkg_page_key(&s.page, subject->key, subject->cert);
	PKG_TRY(show_digest(&s, options));
	return pkg_page_finish(&s.page);
}

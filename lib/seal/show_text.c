/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/show.h"

#include "packline/arena.h"
#include "packline/json.h"
#include "packline/limits.h"
#include "packline/node.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <inttypes.h>
#include <string.h>

enum { TEXT_MAX = 128 << 20 }; /* bytes: 65,000 files of ~400, quoted */

/* Lines are gathered here; what went wrong first is kept. */
struct page {
	struct pkg_buf buf;
	struct pkg_err *err;
	enum pkg_code code;
};

/* A label of our own and a text that anybody may have written. */
static void line_bytes(struct page *page, const char *label, const void *text,
		       size_t len)
{
	if (page->code != PKG_OK)
		return;
	page->code = pkg_buf_printf(&page->buf, page->err, "%-15s", label);
	if (page->code == PKG_OK)
		page->code = pkg_text_quote(&page->buf, text, len, page->err);
	if (page->code == PKG_OK)
		page->code = pkg_buf_puts(&page->buf, "\n", page->err);
}

static void line(struct page *page, const char *label, const char *text)
{
	if (text != NULL)
		line_bytes(page, label, text, strlen(text));
}

static void line_number(struct page *page, const char *label, int64_t number)
{
	if (page->code == PKG_OK)
		page->code = pkg_buf_printf(
		    &page->buf, page->err, "%-15s%" PRId64 "\n", label, number);
}

static void line_hex(struct page *page, const char *label, const uint8_t *data,
		     size_t len)
{
	char hex[2 * 64 + 1];

	pkg_hex_encode(hex, data, len);
	line(page, label, hex);
}

static void show_subject(struct page *page,
			 const struct pkg_container_manifest *manifest)
{
	const struct pkg_container_subject *subject = &manifest->subject;

	line(page, "name", subject->name);
	line(page, "version", subject->version);
	line(page, "tenant", subject->tenant);
	line(page, "kind", pkg_container_kind_name(manifest->kind));
	line(page, "content", pkg_container_content_name(subject->content));
	line(page, "suite", manifest->suite);
	line(page, "id", subject->id);
	if (subject->sequence >= 0)
		line_number(page, "sequence", subject->sequence);
	line(page, "created", subject->created);
	line(page, "expires", subject->expires);
	line(page, "device config", subject->device_config);
	if (subject->device_config != NULL)
		line_hex(page, "  sha256", subject->device_config_sha256, 32);
	if (manifest->has_policy)
		line_hex(page, "policy", manifest->policy_sha256, 32);
	line(page, "extensions", manifest->ext);
}

static void show_files(struct page *page,
		       const struct pkg_container_request *request)
{
	line(page, "requester", request->requester);
	for (size_t i = 0; i < request->file_count; i++) {
		const struct pkg_container_file *file = &request->files[i];

		line(page,
		     file->role == PKG_ROLE_METADATA ? "metadata" : "file",
		     file->source_name);
		line_number(page, "  size", (int64_t)file->size);
		line_hex(page, "  sha256", file->sha256, 32);
	}
}

/* Without a key there are only the stored members to tell of. */
static void show_members(struct page *page,
			 const struct pkg_container_manifest *manifest)
{
	for (size_t i = 0; i < manifest->member_count; i++) {
		const struct pkg_container_member *member =
		    &manifest->members[i];

		if (member->role != PKG_ROLE_PAYLOAD &&
		    member->role != PKG_ROLE_METADATA)
			continue;
		line(page, "encrypted file", member->name);
		line_number(page, "  size", (int64_t)member->plain_size);
	}
}

static void show_signers(struct page *page, const struct pkg_seal_view *view)
{
	for (size_t i = 0; i < view->head->signature_count; i++) {
		const struct pkg_cms_signer *signer = &view->signers[i];
		char when[21] = "?";

		(void)pkg_time_format(when, signer->signing_time);
		/* Quoted already; quoting again only doubles backslashes. */
		line(page, "signature", signer->cert.subject);
		line_hex(page, "  spki", signer->cert.spki, 32);
		line(page, "  algorithm", signer->algorithm);
		line(page, "  digest", signer->digest);
		line(page, "  claimed time", when);
	}
}

static const char *text_of(const struct pkg_node *node, const char *key)
{
	const struct pkg_node *value = pkg_node_get(node, key);

	return value != NULL && value->kind == PKG_NODE_STRING ? value->text
							       : "?";
}

/* What an import will do, one line a step. */
static void show_plan(struct page *page, struct pkg_container_bytes plan)
{
	const struct pkg_json_input input = {.name = "plan.json",
					     .data = plan.data,
					     .len = plan.len,
					     .max_depth = PKG_LIMIT_LOCK_DEPTH,
					     .canonical = true};
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_node *root = NULL;
	const struct pkg_node *steps = NULL;

	if (page->code != PKG_OK || plan.len == 0)
		return;
	page->code =
	    pkg_arena_new(&arena, PKG_LIMIT_ARENA_OF(plan.len), page->err);
	if (page->code == PKG_OK)
		page->code = pkg_json_parse(&root, arena, &input, page->err);
	if (page->code != PKG_OK)
		return;
	steps = pkg_node_get(root, "steps");
	if (steps == NULL || steps->kind != PKG_NODE_SEQ)
		return;
	line(page, "plan for", text_of(root, "target"));
	for (const struct pkg_node *step = steps->first; step != NULL;
	     step = step->next) {
		line(page, "  step", text_of(step, "op"));
		line(page, "    of", text_of(step, "ref"));
	}
}

/* As the officer wrote it: canonical JSON is plain enough. */
static void show_approvals(struct page *page,
			   const struct pkg_container_head *head)
{
	for (size_t i = 0; i < head->approval_count; i++) {
		const struct pkg_container_bytes *json =
		    &head->approvals[i].json;

		line_bytes(page, "approval", json->data, json->len);
	}
}

static void show_status(struct page *page,
			const struct pkg_container_head *head)
{
	if (head->request_file)
		line(page, "status",
		     "signing request: there is no payload in it");
	else if (head->draft)
		line(page, "status", "draft: it waits for a signature");
	line(page, "verified", "nothing: pkg-verify does that");
}

enum pkg_code pkg_seal_show_text(struct pkg_sink *sink,
				 const struct pkg_seal_view *view,
				 struct pkg_err *err)
{
	struct page page = {
	    .buf = {.max = TEXT_MAX},
	    .err = err,
	};
	const struct pkg_seal_input *input = view->input;
	enum pkg_code code = PKG_OK;

	show_subject(&page, &view->head->manifest);
	line_hex(&page, "manifest", view->head->manifest_sha256, 32);
	if (input->request != NULL)
		show_files(&page, input->request);
	else
		show_members(&page, &view->head->manifest);
	show_plan(&page, input->plan);
	for (size_t i = 0; i < input->recipients.count; i++) {
		const struct pkg_envelope_recipient *one =
		    &input->recipients.recipients[i];

		line(&page, "recipient", one->kind);
		if (one->ski_len > 0)
			line_hex(&page, "  ski", one->ski, one->ski_len);
		else
			line(&page, "  key id", one->key_id);
	}
	show_approvals(&page, view->head);
	show_signers(&page, view);
	show_status(&page, view->head);
	code = page.code;
	if (code == PKG_OK)
		code = pkg_sink_write(sink, page.buf.data, page.buf.len, err);
	pkg_buf_fini(&page.buf);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "container/members.h"
#include "container/reader.h"
#include "packline/text.h"

#include <stdlib.h>
#include <string.h>

/* Longer than any MIME type of ours, so that another one can be named. */
enum { MIME_MAX = 128 };

void pkg_container_free(struct pkg_container *c)
{
	if (c == NULL)
		return;
	pkg_zip_reader_free(c->zip);
	pkg_buf_fini(&c->manifest_json);
	pkg_buf_fini(&c->request_stored);
	pkg_buf_fini(&c->request_json);
	pkg_buf_fini(&c->plan_json);
	for (size_t i = 0; i < sizeof(c->kept) / sizeof(c->kept[0]); i++) {
		pkg_buf_fini(&c->kept[i].stored);
		pkg_buf_fini(&c->kept[i].plain);
	}
	pkg_secret_free(c->cek);
	pkg_digest_free(c->stored);
	pkg_digest_free(c->plain);
	pkg_arena_free(c->arena);
	free(c);
}

/* Read the member @name of @size bytes (UINT64_MAX: what it says) whole. */
static enum pkg_code slurp(struct pkg_container *c, const char *name,
			   uint64_t size, struct pkg_buf *out,
			   struct pkg_err *err)
{
	PKG_TRY(pkg_zip_reader_enter(c->zip, name, size, err));
	return pkg_zip_reader_slurp(c->zip, out, err);
}

/* The same for a small member, into the arena. */
static enum pkg_code keep(struct pkg_container *c, const char *name,
			  uint64_t size, size_t max,
			  struct pkg_container_bytes *out, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = max};

	PKG_TRY(slurp(c, name, size, &buf, err));
	out->data = (const uint8_t *)pkg_arena_dup(c->arena, pkg_buf_str(&buf),
						   buf.len, err);
	out->len = buf.len;
	return out->data == NULL ? err->code : PKG_OK;
}

/* Is the next member called @name? */
static enum pkg_code next_is(struct pkg_container *c, const char *name,
			     bool *is, struct pkg_err *err)
{
	const struct pkg_zip_entry *entry = NULL;

	PKG_TRY(pkg_zip_reader_peek(c->zip, &entry, err));
	*is = entry != NULL && strcmp(entry->name, name) == 0;
	return PKG_OK;
}

/* @any: a .request will do, too. */
static enum pkg_code read_mimetype(struct pkg_container *c, bool any,
				   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf mime = {.max = MIME_MAX};
	bool is = false;
	char text[MIME_MAX];

	PKG_TRY(next_is(c, MEMBER_MIMETYPE, &is, err));
	if (!is) {
		(void)pkg_refuse(err, PKG_INPUT, "framing",
				 "%s: not a container", c->source->name);
		return pkg_hint(err, "containers are what pkg-seal create and "
				     "pkg-manifest bundle write");
	}
	PKG_TRY(slurp(c, MEMBER_MIMETYPE, UINT64_MAX, &mime, err));
	c->head.request_file =
	    mime.len == strlen(PKG_REQUEST_MIME) &&
	    strcmp(pkg_buf_str(&mime), PKG_REQUEST_MIME) == 0;
	if (c->head.request_file && any)
		return PKG_OK;
	if (c->head.request_file) {
		(void)pkg_refuse(err, PKG_NO, "request-only",
				 "%s: a signing request, not a container",
				 c->source->name);
		return pkg_hint(err, "signatures in it belong into its draft: "
				     "pkg-seal attach");
	}
	if (mime.len != strlen(PKG_CONTAINER_MIME) ||
	    strcmp(pkg_buf_str(&mime), PKG_CONTAINER_MIME) != 0)
		return pkg_refuse(err, PKG_INPUT, "unsupported-format",
				  "%s: not a container of format 1, but '%s'",
				  c->source->name,
				  pkg_text_quote_cut(text, sizeof(text),
						     pkg_buf_str(&mime),
						     mime.len));
	return PKG_OK;
}

static enum pkg_code read_manifest(struct pkg_container *c, struct pkg_err *err)
{
	struct pkg_container_head *head = &c->head;
	struct pkg_buf *json = &c->manifest_json;

	json->max = PKG_LIMIT_MANIFEST_JSON_BUNDLE;
	PKG_TRY(slurp(c, MEMBER_MANIFEST, UINT64_MAX, json, err));
	if (pkg_container_manifest_decode(&head->manifest, c->arena, json->data,
					  json->len, err) != PKG_OK)
		return pkg_wrap(err, "%s", c->source->name);
	head->manifest_json =
	    (struct pkg_container_bytes){json->data, json->len};
	c->encrypted = head->manifest.kind != PKG_CONTAINER_SIGNED;
	c->first_file = pkg_members_first_file(&head->manifest);
	c->next = c->first_file;
	return pkg_digest_sha256(c->env->crypto, json->data, json->len,
				 head->manifest_sha256, err);
}

static enum pkg_code read_signatures(struct pkg_container *c,
				     struct pkg_err *err)
{
	struct pkg_container_head *head = &c->head;
	member_name name;
	bool is = true;

	/* One that makes no promise has nobody to sign it: its sig-00 is then
	   not in its place. */
	if (head->manifest.kind == PKG_CONTAINER_ENCRYPTED)
		return PKG_OK;
	while (head->signature_count < PKG_LIMIT_SIGNATURES) {
		pkg_name_signature(name, head->signature_count);
		PKG_TRY(next_is(c, name, &is, err));
		if (!is)
			break;
		PKG_TRY(keep(c, name, UINT64_MAX, PKG_LIMIT_SIGNATURE,
			     &head->signatures[head->signature_count++], err));
	}
	head->draft = head->signature_count == 0;
	return PKG_OK;
}

static enum pkg_code read_approvals(struct pkg_container *c,
				    struct pkg_err *err)
{
	struct pkg_container_head *head = &c->head;
	member_name json, p7s;
	bool is = true;

	while (head->approval_count < PKG_LIMIT_SIGNATURES) {
		struct pkg_container_approval *approval =
		    &head->approvals[head->approval_count];

		pkg_name_approval(json, p7s, head->approval_count);
		PKG_TRY(next_is(c, json, &is, err));
		if (!is)
			break;
		PKG_TRY(keep(c, json, UINT64_MAX, PKG_LIMIT_APPROVAL,
			     &approval->json, err));
		PKG_TRY(keep(c, p7s, UINT64_MAX, PKG_LIMIT_SIGNATURE,
			     &approval->p7s, err));
		head->approval_count++;
	}
	return PKG_OK;
}

static enum pkg_code read_mac(struct pkg_container *c, struct pkg_err *err)
{
	struct pkg_container_bytes hex = {0};

	PKG_TRY(keep(c, MEMBER_MAC, PKG_LIMIT_MAC, PKG_LIMIT_MAC, &hex, err));
	if (!pkg_hex_decode(c->head.mac, sizeof(c->head.mac),
			    (const char *)hex.data, hex.len))
		return pkg_refuse(err, PKG_INPUT, "not-canonical",
				  "%s: %s is not 64 hexadecimal digits",
				  c->source->name, MEMBER_MAC);
	return PKG_OK;
}

/*
 * What a .request has instead: the plaintexts.  Their sizes are listed; their
 * digests are compared by pkg_container_request() and pkg_container_plan().
 */
static enum pkg_code read_clear(struct pkg_container *c,
				const struct pkg_container_member *request,
				struct pkg_err *err)
{
	const struct pkg_container_member *plan = request + 1;

	c->request_stored.max = (size_t)request->plain_size;
	PKG_TRY(slurp(c, MEMBER_REQUEST, request->plain_size,
		      &c->request_stored, err));
	c->next = c->head.manifest.member_count;
	if (c->head.manifest.subject.content != PKG_CONTAINER_BUNDLE)
		return PKG_OK;
	if (plan->role == PKG_ROLE_METADATA)
		plan++;
	c->plan_json.max = PKG_LIMIT_PLAN_JSON;
	return slurp(c, MEMBER_PLAN, plan->plain_size, &c->plan_json, err);
}

/* Recipients and request: the members that are listed before the files. */
static enum pkg_code read_listed(struct pkg_container *c, struct pkg_err *err)
{
	const struct pkg_container_member *m = c->head.manifest.members;

	if (c->encrypted) {
		if (!c->head.request_file)
			PKG_TRY(read_mac(c, err));
		PKG_TRY(keep(c, m->name, m->size, PKG_LIMIT_RECIPIENTS_DER,
			     &c->head.recipients, err));
		m++;
	}
	if (c->head.request_file)
		return read_clear(c, m, err);
	c->request_stored.max = (size_t)m->size;
	return slurp(c, m->name, m->size, &c->request_stored, err);
}

static enum pkg_code read_head(struct pkg_container *c, bool any,
			       struct pkg_err *err)
{
	PKG_TRY(read_mimetype(c, any, err));
	PKG_TRY(read_manifest(c, err));
	PKG_TRY(read_signatures(c, err));
	PKG_TRY(read_approvals(c, err));
	PKG_TRY(read_listed(c, err));
	c->head_count = pkg_zip_reader_list(c->zip)->count;
	return PKG_OK;
}

static enum pkg_code open_file(struct pkg_container **out,
			       struct pkg_source *source, bool any,
			       const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO(pkg_container) struct pkg_container *c = NULL;

	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return pkg_fail_nomem(err);
	c->env = env;
	c->source = source;
	PKG_TRY(pkg_arena_new(&c->arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(
	    pkg_digest_new(&c->stored, env->crypto, PKG_DIGEST_SHA256, err));
	PKG_TRY(pkg_digest_new(&c->plain, env->crypto, PKG_DIGEST_SHA256, err));
	PKG_TRY(pkg_zip_reader_new(&c->zip, source, err));
	PKG_TRY(read_head(c, any, err));
	*out = PKG_STEAL(c);
	return PKG_OK;
}

enum pkg_code pkg_container_open(struct pkg_container **out,
				 struct pkg_source *source,
				 const struct pkg_env *env, struct pkg_err *err)
{
	return open_file(out, source, false, env, err);
}

enum pkg_code pkg_container_open_any(struct pkg_container **out,
				     struct pkg_source *source,
				     const struct pkg_env *env,
				     struct pkg_err *err)
{
	return open_file(out, source, true, env, err);
}

const struct pkg_container_head *
pkg_container_head(const struct pkg_container *c)
{
	return &c->head;
}

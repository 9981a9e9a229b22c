/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/response.h"

#include "packline/path.h"

#include <stdlib.h>
#include <string.h>

/* A .request of a bundle: manifest, request and plan of 16 MiB each. */
enum { RESPONSE_MAX = 64 << 20 };

enum kind {
	KIND_REQUEST,
	KIND_SIGNATURE,
	KIND_APPROVAL_P7S,
	KIND_APPROVAL_JSON,
};

struct response {
	const char *name;
	enum kind kind;
	struct pkg_buf bytes;
	struct pkg_container *request; /* KIND_REQUEST */
	struct pkg_cms *cms;           /* the two kinds of signature */
	bool used;                     /* half of an approval: has its other */
};

void pkg_seal_responses_fini(struct pkg_seal_responses *self)
{
	for (size_t i = 0; i < self->count; i++) {
		pkg_container_free(self->files[i].request);
		pkg_cms_free(self->files[i].cms);
		pkg_buf_fini(&self->files[i].bytes);
	}
	free(self->files);
	pkg_buf_fini(&self->tbs);
	pkg_buf_fini(&self->signature);
	pkg_buf_fini(&self->raw);
}

static bool same(struct pkg_container_bytes a, struct pkg_container_bytes b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static struct pkg_container_bytes bytes_of(const struct response *file)
{
	return (struct pkg_container_bytes){file->bytes.data, file->bytes.len};
}

/* Another one of that key, which is not the same one. */
static enum pkg_code refuse_second(const struct pkg_seal_found *fresh,
				   const char *subject, struct pkg_err *err)
{
	const bool approval = fresh->json.len > 0;

	(void)pkg_refuse(err, PKG_USAGE, "already-signed",
			 "%s: the key of '%s' has %s it already", fresh->name,
			 subject, approval ? "decided about" : "signed");
	return pkg_hint(err, approval ? "one decision of each officer: give "
					"the one that counts"
				      : "to have it replaced: --replace");
}

/* Put it in its place; the very same one is no news. */
static enum pkg_code add(struct pkg_seal_founds *to,
			 struct pkg_seal_found fresh, const struct pkg_cms *cms,
			 struct pkg_err *err)
{
	const struct pkg_cert_info *cert = &pkg_cms_claim(cms)->cert;
	size_t at = 0;
	int order = 1;

	memcpy(fresh.spki, cert->spki, sizeof(fresh.spki));
	while (at < to->count &&
	       (order = memcmp(fresh.spki, to->items[at].spki, 32)) > 0)
		at++;
	if (at < to->count && order == 0) {
		if (same(fresh.p7s, to->items[at].p7s) &&
		    same(fresh.json, to->items[at].json))
			return PKG_OK;
		return refuse_second(&fresh, cert->subject, err);
	}
	if (to->count == PKG_LIMIT_SIGNATURES)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "%s: more than %u of one sort", fresh.name,
				  PKG_LIMIT_SIGNATURES);
	memmove(&to->items[at + 1], &to->items[at],
		(to->count - at) * sizeof(fresh));
	to->items[at] = fresh;
	to->count++;
	return PKG_OK;
}

/* The same, of what has not been parsed yet. */
static enum pkg_code add_der(struct pkg_seal_responses *self,
			     const struct pkg_seal_found *fresh,
			     struct pkg_err *err)
{
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;

	if (pkg_cms_parse(&cms, self->env->crypto, fresh->p7s.data,
			  fresh->p7s.len, err) != PKG_OK)
		return pkg_wrap(err, "%s", fresh->name);
	return add(fresh->json.len > 0 ? &self->approvals : &self->signatures,
		   *fresh, cms, err);
}

static enum pkg_code add_head(struct pkg_seal_responses *self,
			      const struct pkg_container_head *head,
			      bool signatures, const char *name, bool fresh,
			      struct pkg_err *err)
{
	for (size_t i = 0; signatures && i < head->signature_count; i++)
		PKG_TRY(add_der(self,
				&(struct pkg_seal_found){
				    .p7s = head->signatures[i],
				    .name = name,
				    .fresh = fresh,
				},
				err));
	for (size_t i = 0; i < head->approval_count; i++)
		PKG_TRY(add_der(self,
				&(struct pkg_seal_found){
				    .p7s = head->approvals[i].p7s,
				    .json = head->approvals[i].json,
				    .name = name,
				    .fresh = fresh,
				},
				err));
	return PKG_OK;
}

enum pkg_code pkg_seal_responses_load(struct pkg_seal_responses *out,
				      const struct pkg_seal_attach *job,
				      const struct pkg_env *env,
				      struct pkg_err *err)
{
	const struct pkg_seal_words *words = &job->responses;

	*out = (struct pkg_seal_responses){.env = env};
	out->tbs.max = out->signature.max = out->raw.max = PKG_LIMIT_SIGNATURE;
	if (words->count > RESPONSES_MAX)
		return pkg_refuse(err, PKG_USAGE, "limit",
				  "more than %d responses", RESPONSES_MAX);
	out->files = calloc(RESPONSES_MAX, sizeof(*out->files));
	if (out->files == NULL)
		return pkg_fail_nomem(err);
	for (size_t i = 0; i < words->count; i++) {
		struct response *file = &out->files[out->count++];

		file->name = words->items[i];
		file->bytes.max = RESPONSE_MAX;
		PKG_TRY(
		    pkg_path_slurp(&file->bytes, job->dirfd, file->name, err));
	}
	if (job->tbs == NULL)
		return PKG_OK;
	PKG_TRY(pkg_path_slurp(&out->tbs, job->dirfd, job->tbs, err));
	return pkg_path_slurp(&out->signature, job->dirfd, job->raw_signature,
			      err);
}

enum pkg_code pkg_seal_responses_begin(struct pkg_seal_responses *self,
				       const struct pkg_container_head *head,
				       bool keep_signatures,
				       struct pkg_err *err)
{
	self->head = head;
	return add_head(self, head, keep_signatures, "the draft", false, err);
}

/* -- what a file is -- */

static enum pkg_code unknown(const struct response *file, struct pkg_err *err)
{
	(void)pkg_fail(err, PKG_USAGE,
		       "%s: neither a .request, nor a signature or an approval",
		       file->name);
	return pkg_hint(err, "a signature is DER (openssl cms -outform DER); "
			     "an approval is a .json and its .p7s");
}

static enum pkg_code open_request(struct pkg_seal_responses *self,
				  struct response *file, struct pkg_err *err)
{
	const struct pkg_container_head *head = NULL;
	const struct pkg_container_request *request = NULL;
	struct pkg_source_mem source;

	pkg_source_mem_init(&source, file->bytes.data, file->bytes.len,
			    file->name);
	PKG_TRY(pkg_container_open_any(&file->request, &source.source,
				       self->env, err));
	head = pkg_container_head(file->request);
	if (!head->request_file) {
		pkg_fail(err, PKG_USAGE,
			 "%s: a container, not what came back from a signer",
			 file->name);
		return pkg_hint(err, "give the .request that he has signed");
	}
	if (memcmp(head->manifest_sha256, self->head->manifest_sha256, 32) !=
	    0) {
		(void)pkg_refuse(err, PKG_NO, "unexpected-manifest",
				 "%s: it is of another draft: '%s' %s",
				 file->name, head->manifest.subject.name,
				 head->manifest.subject.version);
		return pkg_hint(err, "compare the digests of the manifests: "
				     "pkg-seal show");
	}
	if (head->signature_count > 0)
		PKG_TRY(pkg_container_check_order(file->request, err));
	PKG_TRY(pkg_container_request(file->request, &request, err));
	PKG_TRY(pkg_container_finish(file->request, err));
	self->request = request;
	return add_head(self, head, true, file->name, true, err);
}

/* Whose content is it a signature over? */
static enum pkg_code parse_signature(const struct pkg_seal_responses *self,
				     struct response *file, struct pkg_err *err)
{
	const char *type = NULL;

	if (pkg_cms_parse(&file->cms, self->env->crypto, file->bytes.data,
			  file->bytes.len, err) != PKG_OK)
		return pkg_wrap(err, "%s", file->name);
	type = pkg_cms_content_type(file->cms);
	file->kind = KIND_SIGNATURE;
	if (strcmp(type, PKG_OID_APPROVAL) == 0)
		file->kind = KIND_APPROVAL_P7S;
	else if (strcmp(type, PKG_OID_MANIFEST) != 0) {
		(void)pkg_refuse(err, PKG_NO, "signature-profile",
				 "%s: it is for another type of content",
				 file->name);
		return pkg_hint(err,
				"openssl cms -sign needs -econtent_type "
				"%s",
				PKG_OID_MANIFEST);
	}
	return PKG_OK;
}

static enum pkg_code read_one(struct pkg_seal_responses *self,
			      struct response *file, struct pkg_err *err)
{
	const char *text = pkg_buf_str(&file->bytes);

	if (strncmp(text, "PK\x03\x04", 4) == 0) {
		file->kind = KIND_REQUEST;
		return open_request(self, file, err);
	}
	if (text[0] == '{') {
		file->kind = KIND_APPROVAL_JSON;
		return PKG_OK;
	}
	if (text[0] != 0x30)
		return unknown(file, err);
	PKG_TRY(parse_signature(self, file, err));
	if (file->kind != KIND_SIGNATURE)
		return PKG_OK;
	return add(&self->signatures,
		   (struct pkg_seal_found){
		       .p7s = bytes_of(file),
		       .name = file->name,
		       .fresh = true,
		   },
		   file->cms, err);
}

/* -- the halves of approvals -- */

/* Is @p7s the signature over @json, whoever made it? */
static enum pkg_code belongs(bool *yes, const struct response *json,
			     const struct response *p7s, struct pkg_err *err)
{
	const struct pkg_cms_verify_options options = {
	    .content_type = PKG_OID_APPROVAL,
	    .anchor_keys = &pkg_cms_claim(p7s->cms)->cert.spki,
	    .anchor_key_count = 1,
	    .no_time = true,
	};
	const enum pkg_code code = pkg_cms_verify(
	    p7s->cms, json->bytes.data, json->bytes.len, &options, err);

	*yes = code == PKG_OK;
	if (code != PKG_NO)
		return code;
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

static enum pkg_code pair(struct pkg_seal_responses *self,
			  struct response *json, struct pkg_err *err)
{
	for (size_t i = 0; i < self->count; i++) {
		struct response *p7s = &self->files[i];
		bool yes = false;

		if (p7s->kind != KIND_APPROVAL_P7S || p7s->used)
			continue;
		PKG_TRY(belongs(&yes, json, p7s, err));
		if (!yes)
			continue;
		json->used = p7s->used = true;
		return add(&self->approvals,
			   (struct pkg_seal_found){
			       .p7s = bytes_of(p7s),
			       .json = bytes_of(json),
			       .name = json->name,
			       .fresh = true,
			   },
			   p7s->cms, err);
	}
	(void)pkg_fail(err, PKG_USAGE,
		       "%s: no signature over this approval is given",
		       json->name);
	return pkg_hint(err, "give its .p7s, too");
}

static enum pkg_code pair_all(struct pkg_seal_responses *self,
			      struct pkg_err *err)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->files[i].kind == KIND_APPROVAL_JSON)
			PKG_TRY(pair(self, &self->files[i], err));
	for (size_t i = 0; i < self->count; i++) {
		const struct response *file = &self->files[i];

		if (file->kind != KIND_APPROVAL_P7S || file->used)
			continue;
		(void)pkg_fail(err, PKG_USAGE,
			       "%s: a signature over an approval that is not "
			       "given",
			       file->name);
		return pkg_hint(err, "give its .json, too");
	}
	return PKG_OK;
}

enum pkg_code pkg_seal_responses_read(struct pkg_seal_responses *self,
				      struct pkg_err *err)
{
	for (size_t i = 0; i < self->count; i++)
		PKG_TRY(read_one(self, &self->files[i], err));
	return pair_all(self, err);
}

enum pkg_code pkg_seal_responses_assemble(struct pkg_seal_responses *self,
					  const struct pkg_seal_attach *job,
					  struct pkg_err *err)
{
	const struct pkg_container_bytes *json = &self->head->manifest_json;
	const struct pkg_cms_raw raw = {
	    .certs = job->certs,
	    .content_type = PKG_OID_MANIFEST,
	    .tbs = self->tbs.data,
	    .tbs_len = self->tbs.len,
	    .signature = self->signature.data,
	    .signature_len = self->signature.len,
	};

	if (pkg_cms_assemble(&self->raw, json->data, json->len, &raw, err) !=
	    PKG_OK)
		return pkg_wrap(err, "%s",
				err->reason != NULL &&
					strcmp(err->reason, "signature-bad") ==
					    0
				    ? job->raw_signature
				    : job->tbs);
	return add_der(self,
		       &(struct pkg_seal_found){
			   .p7s = {self->raw.data, self->raw.len},
			   .name = job->raw_signature,
			   .fresh = true,
		       },
		       err);
}

size_t pkg_seal_founds_fresh(const struct pkg_seal_founds *founds)
{
	size_t count = 0;

	for (size_t i = 0; i < founds->count; i++)
		count += founds->items[i].fresh;
	return count;
}

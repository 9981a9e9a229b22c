/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/engine.h"
#include "packline/digest.h"
#include "packline/timestamp.h"
#include "packline/trust.h"

#include <string.h>

/* -- who is beside whom -- */

static enum pkg_code add_name(void *context,
			      const struct pkg_batch_document *document,
			      struct pkg_err *err)
{
	struct engine *engine = context;
	struct pkg_batch_document *copy =
	    pkg_arena_alloc(engine->arena, sizeof(*copy), err);
	const void *before = NULL;

	if (copy == NULL)
		return err->code;
	*copy = *document;
	copy->name = pkg_arena_dup(engine->arena, document->name,
				   strlen(document->name), err);
	if (copy->name == NULL)
		return err->code;
	PKG_TRY(pkg_map_add(&engine->names, copy->name, copy, &before, err));
	if (before == NULL)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "batch-damaged",
			  "document '%s' is in batch '%s' twice", copy->name,
			  engine->batch->record.id);
}

enum pkg_code pkg_engine_index(struct engine *engine, struct pkg_err *err)
{
	engine->names.arena = engine->arena;
	return pkg_batch_documents(engine->batch, add_name, engine, err);
}

/* A document and its signature. */
struct pair {
	const struct pkg_batch_document *document, *signature;
};

/* The two belong to each other by their names: NAME and NAME.p7s. */
static enum pkg_code find_pair(struct pair *out, const struct engine *engine,
			       const struct pkg_batch_document *document,
			       struct pkg_err *err)
{
	const char *suffix = pkg_process_form_suffix(engine->process->form);
	const size_t len = strlen(document->name), tail = strlen(suffix);
	char name[512];

	if (len >= sizeof(name) - tail)
		return pkg_refuse(err, PKG_INPUT, "document-name",
				  "its name is too long");
	memcpy(name, document->name, len + 1);
	if (len > tail && strcmp(name + len - tail, suffix) == 0) {
		name[len - tail] = '\0';
		*out =
		    (struct pair){pkg_map_get(&engine->names, name), document};
		return out->document != NULL
			   ? PKG_OK
			   : pkg_refuse(err, PKG_NO, "document-missing",
					"there is no document '%s' to it",
					name);
	}
	memcpy(name + len, suffix, tail + 1);
	*out = (struct pair){document, pkg_map_get(&engine->names, name)};
	return out->signature != NULL
		   ? PKG_OK
		   : pkg_refuse(err, PKG_NO, "signature-missing",
				"there is no '%s' to it", name);
}

/* -- detached, raw -- */

/* The digest that is wanted: from the list, or of the bytes. */
static enum pkg_code find_digest(struct pkg_digests *out,
				 const struct engine *engine,
				 const struct pkg_batch_document *document,
				 unsigned wanted, struct pkg_err *err)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_sink_digest sink;

	*out = (struct pkg_digests){0};
	pkg_digests_put(out, PKG_DIGEST_SHA256, document->sha256);
	pkg_digests_put(out, pkg_process_digest(engine->process),
			document->digest);
	if ((out->set & wanted) != 0)
		return PKG_OK;
	PKG_TRY(
	    pkg_digest_new(&digest, engine->batch->env->crypto, wanted, err));
	pkg_sink_digest_init(&sink, NULL, digest);
	PKG_TRY(pkg_batch_content(engine->batch, document, &sink.sink, err));
	return pkg_digest_finish(digest, out, err);
}

static enum pkg_code read_signature(struct engine_worker *self,
				    const struct pkg_batch_document *signature,
				    struct pkg_err *err)
{
	struct pkg_sink_buf sink;

	pkg_buf_clear(&self->made);
	if (signature->size > PKG_LIMIT_SIGNATURE)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "the signature has more than %u bytes",
				  PKG_LIMIT_SIGNATURE);
	pkg_sink_buf_init(&sink, &self->made);
	return pkg_batch_content(self->engine->batch, signature, &sink.sink,
				 err);
}

/* A time stamp that is there must be good, if the policy says whose are. */
static enum pkg_code check_stamp(const struct engine_worker *self,
				 const struct pkg_cms_signer *signer,
				 struct pkg_err *err)
{
	const struct engine *engine = self->engine;
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_timestamp_rules rules;
	struct pkg_timestamp stamp;

	pkg_trust_timestamps(&rules, engine->process->trust);
	if (!signer->has_timestamp || rules.anchors == NULL ||
	    pkg_certs_count(rules.anchors) == 0)
		return PKG_OK;
	PKG_TRY(pkg_cms_parse(&cms, engine->batch->env->crypto, self->made.data,
			      self->made.len, err));
	return pkg_timestamp_verify(&stamp, cms, &rules, err);
}

/* What is in self->made, against the digests. */
static enum pkg_code judge(struct engine_worker *self,
			   struct pkg_cms_signer *signer,
			   const struct pkg_digests *digests,
			   struct pkg_err *err)
{
	PKG_TRY(pkg_document_verify(self->verifier, signer, self->made.data,
				    self->made.len, digests, err));
	PKG_TRY(pkg_trust_document_signer(self->engine->process->trust,
					  &signer->cert, err));
	return check_stamp(self, signer, err);
}

static enum pkg_code validate_pair(struct engine_worker *self,
				   struct pkg_cms_signer *signer,
				   const struct pkg_batch_document *document,
				   struct pkg_err *err)
{
	struct pkg_digests digests;
	struct pair pair;
	unsigned wanted = 0;

	PKG_TRY(find_pair(&pair, self->engine, document, err));
	PKG_TRY(read_signature(self, pair.signature, err));
	PKG_TRY(pkg_document_wants(self->verifier, &wanted, self->made.data,
				   self->made.len, err));
	PKG_TRY(
	    find_digest(&digests, self->engine, pair.document, wanted, err));
	return judge(self, signer, &digests, err);
}

/* -- attached -- */

/*
 * Takes an attached signature apart while it comes: what is in front of the
 * document and behind it is kept, the document is hashed.
 */
struct split {
	struct pkg_sink sink;
	struct pkg_crypto *crypto; /* borrowed */
	uint64_t size;             /* of all */
	struct pkg_buf head, tail;
	struct pkg_document_parts parts; /* once the start is there */
	bool found;
	uint64_t at; /* bytes that were split */
	struct pkg_digest *digest;
};

static void split_fini(struct split *self)
{
	pkg_buf_fini(&self->head);
	pkg_buf_fini(&self->tail);
	pkg_digest_free(self->digest);
}

/* Give each part what of @len bytes is its. */
static enum pkg_code share(struct split *self, const uint8_t *data, size_t len,
			   struct pkg_err *err)
{
	const uint64_t ends[] = {self->parts.head,
				 self->parts.head + self->parts.content,
				 self->size};

	for (size_t part = 0; part < 3; part++) {
		const uint64_t left =
		    self->at < ends[part] ? ends[part] - self->at : 0;
		const size_t n = left < len ? (size_t)left : len;

		if (part == 0)
			PKG_TRY(pkg_buf_add(&self->head, data, n, err));
		else if (part == 1)
			PKG_TRY(pkg_digest_update(self->digest, data, n, err));
		else
			PKG_TRY(pkg_buf_add(&self->tail, data, n, err));
		self->at += n;
		data += n;
		len -= n;
	}
	return PKG_OK;
}

/* The start is there: where is the document? */
static enum pkg_code find_parts(struct split *self, struct pkg_err *err)
{
	uint8_t start[PKG_DOCUMENT_HEAD];
	const size_t len = self->head.len;

	PKG_TRY(pkg_document_find(&self->parts, self->head.data, len,
				  self->size, err));
	PKG_TRY(pkg_digest_new(&self->digest, self->crypto, self->parts.digest,
			       err));
	self->found = true;
	memcpy(start, self->head.data, len);
	pkg_buf_clear(&self->head);
	return share(self, start, len, err);
}

static enum pkg_code split_write(struct pkg_sink *sink, const void *buf,
				 size_t len, struct pkg_err *err)
{
	struct split *self = (struct split *)sink;
	const uint8_t *data = buf;
	const size_t start =
	    self->size < PKG_DOCUMENT_HEAD ? self->size : PKG_DOCUMENT_HEAD;

	if (!self->found) {
		const size_t want = start - self->head.len;
		const size_t n = want < len ? want : len;

		PKG_TRY(pkg_buf_add(&self->head, data, n, err));
		data += n;
		len -= n;
		if (self->head.len == start)
			PKG_TRY(find_parts(self, err));
	}
	return len == 0 ? PKG_OK : share(self, data, len, err);
}

static enum pkg_code split_finish(struct pkg_sink *sink, struct pkg_err *err)
{
	(void)sink, (void)err;
	return PKG_OK;
}

static enum pkg_code
validate_attached(struct engine_worker *self, struct pkg_cms_signer *signer,
		  const struct pkg_batch_document *document,
		  struct pkg_err *err)
{
	struct pkg_batch *batch = self->engine->batch;
	PKG_AUTO_FINI(split)
	struct split split = {
	    .sink = {.write = split_write, .finish = split_finish},
	    .crypto = batch->env->crypto,
	    .size = document->size,
	    .head = {.max = PKG_DOCUMENT_HEAD},
	    .tail = {.max = PKG_LIMIT_SIGNATURE},
	};
	struct pkg_digests digests;

	PKG_TRY(pkg_batch_content(batch, document, &split.sink, err));
	if (!split.found)
		return pkg_refuse(err, PKG_NO, "signature-profile",
				  "it is empty");
	PKG_TRY(pkg_digest_finish(split.digest, &digests, err));
	pkg_buf_clear(&self->made);
	PKG_TRY(pkg_document_detach(&self->made, &split.parts, split.head.data,
				    split.tail.data, err));
	return judge(self, signer, &digests, err);
}

enum pkg_code pkg_engine_validate(struct engine_worker *self,
				  struct pkg_cms_signer *signer,
				  const struct pkg_batch_document *document,
				  struct pkg_err *err)
{
	if (self->engine->process->form == PKG_PROCESS_CMS_ATTACHED)
		return validate_attached(self, signer, document, err);
	return validate_pair(self, signer, document, err);
}

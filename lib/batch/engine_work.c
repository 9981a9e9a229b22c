/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/engine.h"
#include "packline/key.h"
#include "packline/trust.h"

#include <string.h>

static enum pkg_document_form form_of(const struct pkg_process *process)
{
	return process->form == PKG_PROCESS_RAW ? PKG_DOCUMENT_RAW
						: PKG_DOCUMENT_CMS;
}

static enum pkg_code new_signer(struct engine_worker *self, struct pkg_err *err)
{
	const struct engine *engine = self->engine;

	return pkg_document_signer_new(
	    &self->signer,
	    &(struct pkg_document_sign_options){
		.key = engine->options->key,
		.certs = engine->options->certs,
		.form = form_of(engine->process),
		.padding = engine->process->padding,
		.digest = pkg_process_digest(engine->process),
	    },
	    err);
}

static enum pkg_code new_verifier(struct engine_worker *self,
				  struct pkg_err *err)
{
	const struct engine *engine = self->engine;

	return pkg_document_verifier_new(
	    &self->verifier,
	    &(struct pkg_document_verify_options){
		.crypto = engine->batch->env->crypto,
		.trust = engine->rules,
		.form = form_of(engine->process),
		.certs = engine->options->certs,
		.padding = engine->process->padding,
		.digest = pkg_process_digest(engine->process),
	    },
	    err);
}

enum pkg_code pkg_engine_worker_init(struct engine_worker *self,
				     const struct engine *engine,
				     struct pkg_err *err)
{
	self->engine = engine;
	self->made.max = PKG_LIMIT_SIGNATURE;
	if (engine->process->action == PKG_PROCESS_SIGN)
		PKG_TRY(new_signer(self, err));
	return engine->has_rules ? new_verifier(self, err) : PKG_OK;
}

void pkg_engine_worker_fini(struct engine_worker *self)
{
	pkg_document_signer_free(self->signer);
	pkg_document_verifier_free(self->verifier);
	pkg_buf_fini(&self->made);
}

/* Would the process itself accept what it makes?  All signatures of a run are
   alike in that. */
static enum pkg_code judge(struct engine_worker *self,
			   const struct pkg_digests *digests,
			   struct pkg_err *err)
{
	struct pkg_cms_signer signer;

	if (self->judged || self->verifier == NULL)
		return PKG_OK;
	if (pkg_document_verify(self->verifier, &signer, self->made.data,
				self->made.len, digests, err) != PKG_OK ||
	    pkg_trust_document_signer(self->engine->process->trust,
				      &signer.cert, err) != PKG_OK)
		return pkg_wrap(err,
				"process '%s' would not accept these "
				"signatures",
				self->engine->process->name);
	self->judged = true;
	return PKG_OK;
}

static enum pkg_code sign(struct engine_worker *self,
			  struct pkg_batch_result *result,
			  const struct pkg_batch_document *document,
			  int64_t time, struct pkg_err *err)
{
	const struct pkg_process *process = self->engine->process;
	struct pkg_digests digests = {0};

	if (process->form == PKG_PROCESS_CMS_ATTACHED &&
	    document->size > PKG_LIMIT_ATTACHED) {
		result->ok = false;
		result->reason = "limit";
		result->detail = "too large for an attached signature";
		return PKG_OK;
	}
	pkg_digests_put(&digests, pkg_process_digest(process),
			document->digest);
	pkg_buf_clear(&self->made);
	PKG_TRY(pkg_document_sign(self->signer, &self->made, document->digest,
				  time, err));
	PKG_TRY(judge(self, &digests, err));
	result->signature = self->made.data;
	result->signature_len = self->made.len;
	return PKG_OK;
}

/* A no about a document is its result, not the end of the run. */
static enum pkg_code validate(struct engine_worker *self,
			      struct engine_item *item,
			      const struct pkg_batch_document *document,
			      struct pkg_err *err)
{
	struct pkg_batch_result result = {.document = document->id};
	struct pkg_cms_signer signer = {0};
	struct pkg_err why = PKG_ERR_INIT;
	const enum pkg_code code =
	    pkg_engine_validate(self, &signer, document, &why);

	if (code != PKG_OK && code != PKG_NO && code != PKG_INPUT) {
		*err = why;
		return code;
	}
	result.ok = code == PKG_OK;
	if (result.ok) {
		result.signer = signer.cert.spki;
	} else {
		result.reason = why.reason == NULL ? "limit" : why.reason;
		result.detail = why.text;
	}
	item->ok = result.ok;
	return pkg_batch_result_encode(&item->line, &result, err);
}

enum pkg_code pkg_engine_work(struct engine_worker *self,
			      struct engine_item *item, int64_t time,
			      struct pkg_err *err)
{
	struct pkg_batch_result result = {.document = item->document.id,
					  .ok = true};

	item->line.max = 4ul * PKG_LIMIT_SIGNATURE;
	pkg_buf_clear(&item->line);
	if (self->engine->process->action == PKG_PROCESS_VALIDATE)
		return validate(self, item, &item->document, err);
	PKG_TRY(sign(self, &result, &item->document, time, err));
	item->ok = result.ok;
	return pkg_batch_result_encode(&item->line, &result, err);
}

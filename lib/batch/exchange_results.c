/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/exchange_impl.h"

#include "packline/digest.h"
#include "packline/document.h"
#include "packline/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/*
 * Results that came from elsewhere: each signature is held against the digest
 * that this side has of its document, and against whom the process trusts.
 */
struct checking {
	const struct pkg_batch *batch;
	const struct pkg_process *process;
	struct pkg_document_verifier *verifier;
	struct expected {
		const char *name;
		uint8_t digest[64];
	} * documents; /* in the order of their ids */
	uint64_t count, done;
	struct pkg_exchange_report *counts;
	struct pkg_arena *arena;
};

static enum pkg_code remember(void *context,
			      const struct pkg_batch_document *document,
			      struct pkg_err *err)
{
	struct checking *c = context;
	struct expected *one = &c->documents[c->count++];

	one->name = pkg_arena_dup(c->arena, document->name,
				  strlen(document->name), err);
	memcpy(one->digest, document->digest, sizeof(one->digest));
	return one->name == NULL ? pkg_failed_(err->code) : PKG_OK;
}

static enum pkg_code not_as_asked(const struct checking *c, const char *is,
				  struct pkg_err *err)
{
	return pkg_refuse(err, PKG_NO, "signature-profile",
			  "it is %s, which process '%s' does not ask for", is,
			  c->process->name);
}

static enum pkg_code verify(const struct checking *c,
			    const struct expected *document,
			    const struct pkg_batch_result *result,
			    struct pkg_err *err)
{
	const unsigned algorithm = pkg_process_digest(c->process);
	const char *padding =
	    c->process->padding == PKG_CMS_PSS ? "rsa-pss" : "rsa-pkcs1";
	struct pkg_digests digests = {0};
	struct pkg_cms_signer signer;
	unsigned wanted = 0;

	PKG_TRY(pkg_document_wants(c->verifier, &wanted, result->signature,
				   result->signature_len, err));
	if (wanted != algorithm)
		return not_as_asked(c, pkg_digest_name(wanted), err);
	pkg_digests_put(&digests, algorithm, document->digest);
	PKG_TRY(pkg_document_verify(c->verifier, &signer, result->signature,
				    result->signature_len, &digests, err));
	if (strncmp(signer.algorithm, "rsa-", 4) == 0 &&
	    strcmp(signer.algorithm, padding) != 0)
		return not_as_asked(c, signer.algorithm, err);
	return pkg_trust_document_signer(c->process->trust, &signer.cert, err);
}

static enum pkg_code check_result(void *context,
				  const struct pkg_batch_result *result,
				  struct pkg_err *err)
{
	struct checking *c = context;
	const struct expected *document = NULL;

	/* They come as 1, 2, 3 ...: there can only be too many. */
	if (result->document > c->count)
		return pkg_refuse(err, PKG_INPUT, "exchange-results",
				  "there is a result of document %llu, but "
				  "there are %llu documents",
				  (unsigned long long)result->document,
				  (unsigned long long)c->count);
	document = &c->documents[result->document - 1];
	c->done = result->document;
	if (result->ok != (result->signature != NULL) || result->signer != NULL)
		return pkg_refuse(err, PKG_INPUT, "exchange-results",
				  "document '%s': a signature, or a reason why "
				  "there is none",
				  document->name);
	if (!result->ok) {
		c->counts->failed++;
		return PKG_OK;
	}
	c->counts->succeeded++;
	if (verify(c, document, result, err) != PKG_OK)
		return pkg_wrap(err, "document '%s'", document->name);
	return PKG_OK;
}

static enum pkg_code make_verifier(struct checking *c,
				   const struct pkg_exchange_import *job,
				   struct pkg_err *err)
{
	const bool raw = c->process->form == PKG_PROCESS_RAW;
	struct pkg_document_verify_options options = {
	    .crypto = job->env->crypto,
	    .form = raw ? PKG_DOCUMENT_RAW : PKG_DOCUMENT_CMS,
	    .certs = job->certs,
	    .padding = c->process->padding,
	    .digest = pkg_process_digest(c->process),
	};

	if (raw && job->certs == NULL) {
		(void)pkg_fail(err, PKG_USAGE,
			       "a bare signature does not say whose it is");
		return pkg_hint(err, "give the signer's certificate: --cert "
				     "FILE");
	}
	PKG_TRY(pkg_trust_document_rules(&options.trust, c->process->trust,
					 job->env, c->arena, err));
	return pkg_document_verifier_new(&c->verifier, &options, err);
}

/* Here nothing was torn: what stands behind the last line is somebody's. */
static enum pkg_code check_end(const struct pkg_batch *batch, uint64_t good,
			       struct pkg_err *err)
{
	struct stat st;

	if (fstatat(pkg_job_fd(batch->job), BATCH_RESULTS, &st,
		    AT_SYMLINK_NOFOLLOW) != 0)
		return pkg_fail_os(err, errno, "cannot look at " BATCH_RESULTS);
	if ((uint64_t)st.st_size == good)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "exchange-results",
			  BATCH_RESULTS ": the last line does not end");
}

static enum pkg_code check_all(struct checking *c, struct pkg_err *err)
{
	const uint64_t documents = c->batch->state.documents;
	uint64_t good = 0;

	c->documents = pkg_arena_array(c->arena, (size_t)documents + 1,
				       sizeof(*c->documents), err);
	if (c->documents == NULL)
		return err->code;
	PKG_TRY(pkg_batch_documents(c->batch, remember, c, err));
	PKG_TRY(pkg_batch_results(c->batch, check_result, c, &good, err));
	PKG_TRY(check_end(c->batch, good, err));
	if (c->done == documents)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "exchange-results",
			  "there are results of %llu documents, but there are "
			  "%llu",
			  (unsigned long long)c->done,
			  (unsigned long long)documents);
}

enum pkg_code pkg_exchange_check_results(const struct pkg_batch *batch,
					 const struct pkg_exchange_import *job,
					 struct pkg_exchange_report *counts,
					 struct pkg_arena *arena,
					 struct pkg_err *err)
{
	struct checking c = {
	    .batch = batch,
	    .process = batch->process,
	    .counts = counts,
	    .arena = arena,
	};
	enum pkg_code code = make_verifier(&c, job, err);

	if (code == PKG_OK)
		code = check_all(&c, err);
	pkg_document_verifier_free(c.verifier);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/verify.h"

#include "impl.h"

#include "packline/cert.h"
#include "packline/envelope.h"
#include "packline/secret.h"
#include "packline/text.h"

#include <stdio.h>
#include <string.h>

bool pkg_verify_is_encrypted(const struct verify_run *run)
{
	return run->head->manifest.kind != PKG_CONTAINER_SIGNED;
}

bool pkg_verify_has_key(const struct verify_run *run)
{
	return run->options->recipient != NULL ||
	       run->options->recipient_kek != NULL;
}

/* Steps 1 and 2: the head, as far as it can be read without believing it. */
static enum pkg_code read_head(struct verify_run *run, struct pkg_err *err)
{
	enum pkg_verify_check_id id = PKG_VERIFY_MANIFEST;

	if (pkg_container_open(&run->container, run->source, run->env, err) !=
	    PKG_OK) {
		if (err->reason != NULL &&
		    (strcmp(err->reason, "framing") == 0 ||
		     strcmp(err->reason, "truncated") == 0))
			id = PKG_VERIFY_FRAMING;
		return pkg_verify_failed(run, id, err);
	}
	run->head = pkg_container_head(run->container);
	PKG_TRY(pkg_verify_facts(run, err));
	return pkg_verify_set(run, PKG_VERIFY_MANIFEST, PKG_VERIFY_PASSED, err,
			      "canonical, format 1, kind %s, suite %s",
			      run->verdict->kind, run->head->manifest.suite);
}

/* The answer will be no; remember why, and go on without believing anybody. */
static enum pkg_code refuse_later(struct verify_run *run, struct pkg_err *err)
{
	run->refusal = *err;
	(void)pkg_verify_failed(run, PKG_VERIFY_SIGNATURES, err);
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

static enum pkg_code refuse_no_trust(struct verify_run *run,
				     struct pkg_err *err)
{
	pkg_refuse(err, PKG_NO, "no-trust",
		   "nothing says whom to trust, so there is no yes");
	pkg_hint(err, "give a certificate or a trust policy: --trust FILE");
	return refuse_later(run, err);
}

/* An encrypted container says nothing about its maker. */
static enum pkg_code accept_unsigned(struct verify_run *run,
				     struct pkg_err *err)
{
	if (run->options->trust == NULL)
		return refuse_no_trust(run, err);
	if (!pkg_trust_allows_unsigned(run->options->trust)) {
		pkg_refuse(err, PKG_NO, "unsigned",
			   "it is encrypted but not signed: anybody can have "
			   "made it");
		pkg_hint(err, "a trust policy with allowUnsigned: true accepts "
			      "it, with --recipient");
		return refuse_later(run, err);
	}
	if (!pkg_verify_has_key(run)) {
		pkg_refuse(err, PKG_NO, "unsigned",
			   "it is not signed, and without a recipient's key "
			   "nothing ties its content to its manifest");
		pkg_hint(err, "give the key: --recipient KEY");
		return refuse_later(run, err);
	}
	return pkg_verify_set(run, PKG_VERIFY_SIGNATURES,
			      PKG_VERIFY_NOT_CHECKED, err,
			      "unsigned, as the policy allows");
}

static enum pkg_code describe_signers(struct verify_run *run,
				      struct pkg_err *err)
{
	const struct pkg_signers *signers = &run->verdict->signers;
	const char *text = "";

	for (size_t i = 0; i < signers->count; i++) {
		const struct pkg_signer *signer = &signers->items[i];

		text = pkg_arena_printf(
		    run->verdict->arena, err, "%s%s%s%s%s", text,
		    i == 0 ? "signed by " : ", ", signer->id,
		    signer->id[0] == '\0' ? "" : ": ", signer->subject);
		if (text == NULL)
			return err->code;
	}
	return pkg_verify_set(run, PKG_VERIFY_SIGNATURES, PKG_VERIFY_PASSED,
			      err, "%s", text);
}

/* Step 3, the signatures. */
static enum pkg_code check_signatures(struct verify_run *run,
				      struct pkg_err *err)
{
	const struct pkg_container_head *head = run->head;
	struct pkg_signature_file files[PKG_LIMIT_SIGNATURES];
	char names[PKG_LIMIT_SIGNATURES][40];
	struct pkg_signature_set set = {
	    .content = head->manifest_json.data,
	    .content_len = head->manifest_json.len,
	    .files = files,
	    .count = head->signature_count,
	    .clock = run->clock,
	};

	if (head->manifest.kind == PKG_CONTAINER_ENCRYPTED)
		return accept_unsigned(run, err);
	if (head->signature_count == 0) {
		pkg_refuse(err, PKG_NO, "draft",
			   "it is a draft: nobody has signed it yet");
		pkg_hint(err, "sign it: pkg-seal sign");
		return refuse_later(run, err);
	}
	for (size_t i = 0; i < head->signature_count; i++) {
		(void)snprintf(names[i], sizeof(names[i]),
			       "META-INF/sig-%02zu.p7s", i);
		files[i] = (struct pkg_signature_file){names[i],
						       head->signatures[i].data,
						       head->signatures[i].len};
	}
	if (pkg_container_check_order(run->container, err) != PKG_OK)
		return pkg_verify_failed(run, PKG_VERIFY_SIGNATURES, err);
	if (pkg_trust_signatures(run->options->trust, run->env, &set,
				 &run->verdict->signers, run->verdict->arena,
				 err) == PKG_OK)
		return describe_signers(run, err);
	if (err->code == PKG_NO && strcmp(err->reason, "no-trust") == 0)
		return refuse_later(run, err);
	return pkg_verify_failed(
	    run,
	    err->reason != NULL &&
		    (strcmp(err->reason, "crl-too-old") == 0 ||
		     strcmp(err->reason, "crl-missing") == 0 ||
		     strcmp(err->reason, "certificate-revoked") == 0)
		? PKG_VERIFY_REVOCATION
		: PKG_VERIFY_SIGNATURES,
	    err);
}

static enum pkg_code note_revocation(struct verify_run *run,
				     struct pkg_err *err)
{
	const size_t count =
	    pkg_crls_count(pkg_trust_crls(run->options->trust));

	if (count == 0)
		return pkg_verify_set(run, PKG_VERIFY_REVOCATION,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "no revocation lists were given");
	if (run->verdict->signers.count == 0)
		return pkg_verify_set(run, PKG_VERIFY_REVOCATION,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "there is no trusted certificate");
	/* Whoever is on a list was refused; but it may be years old. */
	if (run->clock.mode == PKG_CLOCK_NONE)
		return pkg_verify_set(run, PKG_VERIFY_REVOCATION,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "no clock: whether a list is current "
				      "was not looked at");
	return pkg_verify_set(run, PKG_VERIFY_REVOCATION, PKG_VERIFY_PASSED,
			      err, "none is revoked, by %zu list%s", count,
			      count == 1 ? "" : "s");
}

/* By which clock and which revocation lists certificates were judged. */
static enum pkg_code note_clock(struct verify_run *run, struct pkg_err *err)
{
	char at[21] = "";

	PKG_TRY(note_revocation(run, err));
	if (run->verdict->signers.count == 0)
		return pkg_verify_set(run, PKG_VERIFY_CLOCK,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "there is no trusted certificate");
	switch (run->clock.mode) {
	case PKG_CLOCK_NONE:
		return pkg_verify_set(run, PKG_VERIFY_CLOCK,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "no clock: validity was not looked at");
	case PKG_CLOCK_SYSTEM:
		/* No time in it: the same input gives the same record. */
		return pkg_verify_set(run, PKG_VERIFY_CLOCK, PKG_VERIFY_PASSED,
				      err, "valid now, by the system's clock");
	case PKG_CLOCK_TSA:
		run->clock.at = run->verdict->signers.stamp;
		(void)pkg_time_format(at, run->clock.at);
		return pkg_verify_set(run, PKG_VERIFY_CLOCK, PKG_VERIFY_PASSED,
				      err, "valid at %s, by its time stamp",
				      at);
	case PKG_CLOCK_AT:
		break;
	}
	(void)pkg_time_format(at, run->clock.at);
	return pkg_verify_set(run, PKG_VERIFY_CLOCK, PKG_VERIFY_PASSED, err,
			      "valid at %s", at);
}

static enum pkg_code use_key(struct verify_run *run, struct pkg_err *err)
{
	const struct pkg_verify_options *options = run->options;
	const struct pkg_container_bytes *der = &run->head->recipients;
	PKG_AUTO(pkg_secret) struct pkg_secret *cek = NULL;

	if (options->recipient_kek != NULL)
		return pkg_container_unlock_kek(run->container,
						options->recipient_kek, err);
	PKG_TRY(pkg_envelope_open(&cek, der->data, der->len, options->recipient,
				  options->recipient_cert, err));
	return pkg_container_unlock(run->container, cek, err);
}

/*
 * Step 5, the content key: only after the signatures were accepted, so that
 * no decryption code runs on what a stranger made, unless the policy says so.
 */
static enum pkg_code unlock(struct verify_run *run, struct pkg_err *err)
{
	if (!pkg_verify_has_key(run))
		return pkg_verify_set(run, PKG_VERIFY_MAC,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "no recipient key was given");
	if (run->refusal.code != PKG_OK)
		return pkg_verify_set(run, PKG_VERIFY_MAC,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "nothing is decrypted before its maker "
				      "is trusted");
	if (use_key(run, err) != PKG_OK)
		return pkg_verify_failed(run, PKG_VERIFY_MAC, err);
	run->unlocked = true;
	return pkg_verify_set(run, PKG_VERIFY_MAC, PKG_VERIFY_PASSED, err,
			      "made with the content key");
}

static enum pkg_code check_recipients(struct verify_run *run,
				      struct pkg_err *err)
{
	if (!pkg_verify_is_encrypted(run)) {
		PKG_TRY(pkg_verify_set(run, PKG_VERIFY_RECIPIENTS,
				       PKG_VERIFY_NOT_CHECKED, err,
				       "nothing is encrypted"));
		return pkg_verify_set(run, PKG_VERIFY_MAC,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "nothing is encrypted");
	}
	if (pkg_container_check_recipients(run->container, err) != PKG_OK)
		return pkg_verify_failed(run, PKG_VERIFY_RECIPIENTS, err);
	PKG_TRY(pkg_verify_set(run, PKG_VERIFY_RECIPIENTS, PKG_VERIFY_PASSED,
			       err, "the listed ones"));
	return unlock(run, err);
}

/* Step 6. */
static enum pkg_code check_request(struct verify_run *run, struct pkg_err *err)
{
	const struct pkg_container_request *request = NULL;

	if (pkg_container_request(run->container, &request, err) != PKG_OK)
		return pkg_verify_failed(run, PKG_VERIFY_REQUEST, err);
	PKG_TRY(pkg_verify_requester(run, request, err));
	return pkg_verify_set(run, PKG_VERIFY_REQUEST, PKG_VERIFY_PASSED, err,
			      request == NULL ? "its encrypted bytes"
					      : "it fits the manifest");
}

/* Hash what is read as it would be without members 3 and 4. */
static enum pkg_code start_copy(struct verify_run *run, struct pkg_err *err)
{
	const struct pkg_container_edit edit = {0};

	if (!run->options->unsigned_digest)
		return PKG_OK;
	PKG_TRY(pkg_digest_new(&run->digest, run->env->crypto,
			       PKG_DIGEST_SHA256, err));
	pkg_sink_digest_init(&run->hashed, NULL, run->digest);
	return pkg_container_copy_new(&run->copy, run->container, &edit,
				      &run->hashed.sink, err);
}

/* The rest of the file behind the payload. */
static enum pkg_code finish(struct verify_run *run, struct pkg_err *err)
{
	struct pkg_digests digests;
	char hex[65];

	if (run->copy == NULL)
		return pkg_container_finish(run->container, err);
	PKG_TRY(pkg_container_copy_finish(run->copy, err));
	PKG_TRY(pkg_digest_finish(run->digest, &digests, err));
	pkg_hex_encode(hex, digests.sha256, sizeof(digests.sha256));
	run->verdict->unsigned_sha256 =
	    pkg_arena_dup(run->verdict->arena, hex, strlen(hex), err);
	return run->verdict->unsigned_sha256 == NULL ? err->code : PKG_OK;
}

/* All steps in the order of schemas/container.md. */
static enum pkg_code run_checks(struct verify_run *run, struct pkg_err *err)
{
	PKG_TRY(read_head(run, err));
	PKG_TRY(check_signatures(run, err));
	PKG_TRY(note_clock(run, err));
	PKG_TRY(pkg_verify_claims(run, err));
	if (run->options->extract != NULL && pkg_verify_is_encrypted(run) &&
	    !pkg_verify_has_key(run)) {
		pkg_refuse(err, PKG_USAGE, "no-recipient-key",
			   "it is encrypted: there is nothing to extract "
			   "without a key");
		return pkg_hint(err, "give the key: --recipient KEY");
	}
	if (run->options->stage != NULL && run->refusal.code == PKG_OK)
		PKG_TRY(run->options->stage(run->options->context, run->verdict,
					    err));
	PKG_TRY(check_recipients(run, err));
	PKG_TRY(check_request(run, err));
	PKG_TRY(start_copy(run, err));
	PKG_TRY(pkg_verify_payload(run, err));
	if (finish(run, err) != PKG_OK)
		return pkg_verify_failed(run, PKG_VERIFY_FRAMING, err);
	PKG_TRY(pkg_verify_set(run, PKG_VERIFY_FRAMING, PKG_VERIFY_PASSED, err,
			       "the only legal one, to the end of the file"));
	if (run->refusal.code == PKG_OK)
		return PKG_OK;
	*err = run->refusal;
	return err->code;
}

enum pkg_code pkg_verify(struct pkg_verdict **out, struct pkg_source *source,
			 const struct pkg_verify_options *options,
			 const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO(pkg_verdict) struct pkg_verdict *verdict = NULL;
	struct verify_run run = {.options = options,
				 .env = env,
				 .source = source,
				 .refusal = PKG_ERR_INIT};
	enum pkg_code code = PKG_OK;

	*out = NULL;
	PKG_TRY(pkg_verify_verdict_new(&verdict, err));
	run.verdict = verdict;
	run.clock = pkg_trust_clock(options->trust, &options->demands);
	code = pkg_verify_conclude(&run, run_checks(&run, err), err);
	pkg_container_copy_free(run.copy);
	pkg_digest_free(run.digest);
	pkg_container_free(run.container);
	*out = PKG_STEAL(verdict);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The work of a batch: each document gets one result, whatever happens. */
#include "batch_box.h"

#include "packline/document.h"
#include "packline/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX = 1 << 26, MANY = 600 };

#define SIGN "  action: sign\n  form: cms-detached\n"

/* Reads the results back, as a stranger would. */
struct reader {
	struct batch_box *box;
	struct pkg_document_verifier *verifier;
	enum pkg_document_form form;
	unsigned bits;
	uint64_t count;
};

static struct pkg_digests digest_of(uint64_t id)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_digests out;
	struct pkg_err err = PKG_ERR_INIT;
	char name[32];

	snprintf(name, sizeof(name), "document %llu", (unsigned long long)id);
	assert_ok(pkg_digest_new(
	    &digest, pki.crypto,
	    PKG_DIGEST_SHA256 | PKG_DIGEST_SHA384 | PKG_DIGEST_SHA512, &err));
	assert_ok(pkg_digest_update(digest, name, strlen(name), &err));
	assert_ok(pkg_digest_finish(digest, &out, &err));
	return out;
}

static enum pkg_code verify_one(void *context,
				const struct pkg_batch_result *result,
				struct pkg_err *err)
{
	struct reader *self = context;
	const struct pkg_digests digests = digest_of(result->document);

	assert_int_equal(result->document, ++self->count);
	assert_true(result->ok);
	return pkg_document_verify(self->verifier, NULL, result->signature,
				   result->signature_len, &digests, err);
}

/* Every document has its signature, once. */
static void verify_all(struct batch_box *box, uint64_t count)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *anchors = pki_one(&pki.ca);
	struct reader self = {.box = box};
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_document_verifier_new(
	    &self.verifier,
	    &(struct pkg_document_verify_options){
		.crypto = pki.crypto,
		.trust = {.anchors = anchors, .at = PKI_NOW},
		.form = box->process->form == PKG_PROCESS_RAW
			    ? PKG_DOCUMENT_RAW
			    : PKG_DOCUMENT_CMS,
		.certs = box->certs,
		.digest = pkg_process_digest(box->process),
	    },
	    &err));
	assert_ok(pkg_batch_results(box->batch, verify_one, &self, NULL, &err));
	assert_int_equal(self.count, count);
	pkg_document_verifier_free(self.verifier);
}

static void test_all_are_signed(void **state)
{
	const struct {
		const char *process;
		unsigned bits;
	} cases[] = {
	    {SIGN, 256},
	    {"  action: sign\n  form: cms-attached\n  digest: sha512\n", 512},
	    {"  action: sign\n  form: raw\n  digest: sha384\n", 384},
	    {SIGN "  trust: trust.yaml\n", 256},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct batch_box box;
		struct pkg_batch_outcome outcome;
		struct pkg_err err;

		batch_box_open(
		    &box, &(struct box_spec){.process = cases[i].process,
					     .count = MANY,
					     .digest_bits = cases[i].bits});
		assert_ok(
		    batch_box_run(&box, i % 2 == 0 ? 3 : 1, &outcome, &err));
		assert_int_equal(outcome.documents, MANY);
		assert_int_equal(outcome.before, 0);
		assert_int_equal(outcome.succeeded, MANY);
		assert_int_equal(outcome.failed, 0);
		assert_int_equal(pkg_batch_state(box.batch)->status,
				 PKG_BATCH_FINISHING);
		assert_int_equal(pkg_batch_state(box.batch)->succeeded, MANY);
		verify_all(&box, MANY);
		batch_box_close(&box);
	}
}

/* Put the batch back to where a dying machine left it. */
static void go_back(struct batch_box *box, const struct pkg_buf *results,
		    size_t len)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = MAX};
	char *at = NULL;

	batch_box_write("results.jsonl", results->data, len);
	batch_box_read(&text, "state.json");
	at = strstr((char *)text.data, "FINISHING");
	if (at != NULL) {
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf back = {.max = MAX};
		struct pkg_err err = PKG_ERR_INIT;

		assert_ok(pkg_buf_add(&back, text.data,
				      (size_t)(at - (char *)text.data), &err));
		assert_ok(pkg_buf_puts(&back, "IN_PROGRESS", &err));
		assert_ok(pkg_buf_puts(&back, at + strlen("FINISHING"), &err));
		batch_box_write("state.json", back.data, back.len);
	}
	batch_box_again(box);
}

static size_t lines_in(const struct pkg_buf *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += text->data[i] == '\n';
	return count;
}

static size_t end_of_lines(const struct pkg_buf *text, size_t len)
{
	while (len > 0 && text->data[len - 1] != '\n')
		len--;
	return len;
}

/* Killed after any byte: what is complete stays as it is, the rest is made. */
static void test_it_goes_on(void **state)
{
	enum { FEW = 20 };
	struct batch_box box;
	struct pkg_batch_outcome outcome;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf all = {.max = MAX};
	struct pkg_err err;

	(void)state;
	batch_box_open(&box, &(struct box_spec){.process = SIGN, .count = FEW});
	assert_ok(batch_box_run(&box, 2, &outcome, &err));
	batch_box_read(&all, "results.jsonl");
	for (size_t len = 0; len <= all.len; len += 487) {
		const size_t good = end_of_lines(&all, len);
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf now = {.max = MAX};

		go_back(&box, &all, len);
		assert_ok(batch_box_run(&box, 2, &outcome, &err));
		assert_int_equal(outcome.before, lines_in(&all, len));
		assert_int_equal(outcome.succeeded, FEW);
		verify_all(&box, FEW);
		batch_box_read(&now, "results.jsonl");
		assert_memory_equal(now.data, all.data, good);
	}
	go_back(&box, &all, all.len); /* before the last step only */
	assert_ok(batch_box_run(&box, 2, &outcome, &err));
	assert_int_equal(outcome.before, FEW);
	batch_box_close(&box);
}

static void test_results_that_are_not_its_own(void **state)
{
	struct batch_box box;
	struct pkg_batch_outcome outcome;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf all = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf more = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;
	size_t first = 0;

	(void)state;
	batch_box_open(&box, &(struct box_spec){.process = SIGN, .count = 3});
	assert_ok(batch_box_run(&box, 1, &outcome, &err));
	batch_box_read(&all, "results.jsonl");
	/* a line too many, one that is missing, one twice */
	assert_ok(pkg_buf_add(&more, all.data, all.len, &err));
	assert_ok(pkg_buf_puts(
	    &more, "{\"id\":4,\"ok\":false,\"reason\":\"limit\"}\n", &err));
	go_back(&box, &more, more.len);
	assert_int_equal(batch_box_run(&box, 1, &outcome, &err), PKG_INPUT);
	assert_string_equal(err.reason, "batch-damaged");
	while (all.data[first++] != '\n')
		continue;
	memmove(all.data, all.data + first, all.len - first);
	go_back(&box, &all, all.len - first);
	assert_int_equal(batch_box_run(&box, 1, &outcome, &err), PKG_INPUT);
	assert_string_equal(err.reason, "batch-damaged");
	batch_box_close(&box);
}

static void test_it_is_closed(void **state)
{
	struct batch_box box;
	struct pkg_batch_outcome outcome;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf with = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf without = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf results = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t sha256[32];
	char hex[65];

	(void)state;
	for (int round = 0; round < 2; round++) {
		struct pkg_buf *json = round == 0 ? &with : &without;

		batch_box_open(&box,
			       &(struct box_spec){.process = SIGN, .count = 3});
		assert_int_equal(pkg_batch_finish(box.batch, box.certs, &err),
				 PKG_NO);
		assert_string_equal(err.reason, "batch-status");
		assert_ok(batch_box_run(&box, 1, &outcome, &err));
		/* the certificate is in the signatures, too */
		assert_ok(pkg_batch_finish(
		    box.batch, round == 0 ? box.certs : NULL, &err));
		assert_int_equal(pkg_batch_state(box.batch)->status,
				 PKG_BATCH_CLOSED);
		batch_box_read(json, "result.json");
		pkg_buf_clear(&results);
		batch_box_read(&results, "results.jsonl");
		assert_ok(pkg_digest_sha256(pki.crypto, results.data,
					    results.len, sha256, &err));
		pkg_hex_encode(hex, sha256, 32);
		assert_non_null(strstr(pkg_buf_str(json), hex));
		assert_non_null(strstr(pkg_buf_str(json), "\"succeeded\":3,"));
		assert_non_null(strstr(pkg_buf_str(json), "\"CN=carol\""));
		/* done: nothing can be run twice */
		assert_int_equal(batch_box_run(&box, 1, &outcome, &err),
				 PKG_NO);
		assert_string_equal(err.reason, "batch-status");
		batch_box_close(&box);
	}
	assert_int_equal(with.len, without.len);
}

/* The process' own policy would not take what its key makes. */
static void test_a_signer_that_is_not_trusted(void **state)
{
	struct pki_cert own = pki_cert(&(struct pki_spec){
	    .name = "nobody's",
	    .key = pki.p256,
	    .extensions = PKI_CODE,
	});
	struct batch_box box;
	struct pkg_batch_outcome outcome;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf results = {.max = MAX};
	struct pkg_err err;

	(void)state;
	batch_box_open(
	    &box, &(struct box_spec){.process = SIGN "  trust: trust.yaml\n",
				     .count = 40});
	pkg_certs_free(box.certs);
	box.certs = pki_one(&own);
	assert_int_equal(batch_box_run(&box, 2, &outcome, &err), PKG_NO);
	assert_string_equal(err.reason, "signer-untrusted");
	batch_box_read(&results, "results.jsonl");
	assert_int_equal(results.len, 0);
	/* with the right one it goes on */
	pkg_certs_free(box.certs);
	box.certs = pki_one(&pki.signer);
	batch_box_again(&box);
	assert_ok(batch_box_run(&box, 2, &outcome, &err));
	verify_all(&box, 40);
	batch_box_close(&box);
	pki_cert_free(&own);
}

static void test_what_is_missing(void **state)
{
	struct batch_box box;
	struct pkg_batch_outcome outcome;
	struct pkg_batch_run_options options = {0};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	batch_box_open(&box, &(struct box_spec){.process = SIGN, .count = 3});
	assert_int_equal(pkg_batch_run(box.batch, &options, &outcome, &err),
			 PKG_USAGE);
	options.key = box.key;
	assert_int_equal(pkg_batch_run(box.batch, &options, &outcome, &err),
			 PKG_USAGE);
	options.certs = box.certs;
	box.env.fixed_now = 4102444800; /* 2100 */
	assert_int_equal(pkg_batch_run(box.batch, &options, &outcome, &err),
			 PKG_KEY);
	assert_string_equal(err.reason, "certificate-expired");
	/* nothing has begun */
	assert_int_equal(pkg_batch_state(box.batch)->status, PKG_BATCH_READY);
	assert_int_not_equal(access(batch_box_path("results.jsonl"), F_OK), 0);
	batch_box_close(&box);
}

static void count_calls(void *context, uint64_t done, uint64_t total)
{
	uint64_t *last = context;

	assert_int_equal(total, MANY);
	assert_true(done > *last && done <= total);
	*last = done;
}

static void test_progress_is_told(void **state)
{
	struct batch_box box;
	struct pkg_batch_outcome outcome;
	struct pkg_err err = PKG_ERR_INIT;
	uint64_t last = 0;

	(void)state;
	batch_box_open(&box,
		       &(struct box_spec){.process = SIGN, .count = MANY});
	assert_ok(pkg_batch_run(
	    box.batch,
	    &(struct pkg_batch_run_options){.key = box.key,
					    .certs = box.certs,
					    .threads = 2,
					    .progress = count_calls,
					    .context = &last},
	    &outcome, &err));
	assert_int_equal(last, MANY);
	batch_box_close(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_are_signed),
	    cmocka_unit_test(test_it_goes_on),
	    cmocka_unit_test(test_results_that_are_not_its_own),
	    cmocka_unit_test(test_it_is_closed),
	    cmocka_unit_test(test_a_signer_that_is_not_trusted),
	    cmocka_unit_test(test_what_is_missing),
	    cmocka_unit_test(test_progress_is_told),
	};

	return cmocka_run_group_tests(tests, pki_start, pki_stop);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of signed documents: a verdict on each. */
#include "batch_box.h"

#include "packline/document.h"

#include <stdlib.h>
#include <string.h>

enum { MAX = 1 << 22 };

#define VALIDATE "  action: validate\n  trust: trust.yaml\n"

/* What is to come out: NULL = good. */
struct expected {
	const char *const *reasons;
	size_t count;
	const struct pkg_certs *signer;
};

static enum pkg_code compare(void *context,
			     const struct pkg_batch_result *result,
			     struct pkg_err *err)
{
	const struct expected *all = context;
	const char *reason = all->reasons[result->document - 1];

	(void)err;
	assert_true(result->document <= all->count);
	assert_int_equal(result->ok, reason == NULL);
	assert_null(result->signature);
	if (reason == NULL) {
		assert_null(result->detail);
		assert_memory_equal(result->signer,
				    pkg_certs_info(all->signer, 0)->spki, 32);
		return PKG_OK;
	}
	assert_non_null(result->detail);
	assert_null(result->signer);
	if (strcmp(result->reason, reason) != 0)
		fail_msg("document %llu: %s: %s",
			 (unsigned long long)result->document, result->reason,
			 result->detail);
	return PKG_OK;
}

/* Validate @count documents and compare what is said of them. */
static void expect(const char *process, const struct box_document *documents,
		   const char *const *reasons, size_t count)
{
	struct batch_box box;
	struct pkg_batch_outcome outcome;
	struct expected all = {reasons, count, NULL};
	struct pkg_err err;
	size_t bad = 0;

	for (size_t i = 0; i < count; i++)
		bad += reasons[i] != NULL;
	batch_box_open(&box, &(struct box_spec){.process = process,
						.documents = documents,
						.count = count});
	assert_ok(batch_box_run(&box, 2, &outcome, &err));
	assert_int_equal(outcome.failed, bad);
	assert_int_equal(outcome.succeeded, count - bad);
	all.signer = box.certs;
	assert_ok(pkg_batch_results(box.batch, compare, &all, NULL, &err));
	assert_ok(pkg_batch_finish(box.batch, NULL, &err));
	batch_box_close(&box);
}

/* A signature of a text. */
static void sign(struct pkg_buf *out, const struct pki_cert *cert,
		 enum pkg_document_form form, unsigned algorithm,
		 const char *text)
{
	PKG_AUTO(pkg_key) struct pkg_key *key = pki_load_key(cert->key);
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = pki_one(cert);
	PKG_AUTO(pkg_document_signer) struct pkg_document_signer *signer = NULL;
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_digests digests;
	struct pkg_err err = PKG_ERR_INIT;

	out->max = MAX;
	assert_ok(pkg_document_signer_new(
	    &signer,
	    &(struct pkg_document_sign_options){
		.key = key, .certs = certs, .form = form, .digest = algorithm},
	    &err));
	algorithm = pkg_document_signer_digest(signer);
	assert_ok(pkg_digest_new(&digest, pki.crypto, algorithm, &err));
	assert_ok(pkg_digest_update(digest, text, strlen(text), &err));
	assert_ok(pkg_digest_finish(digest, &digests, &err));
	assert_ok(pkg_document_sign(
	    signer, out, pkg_digests_get(&digests, algorithm), PKI_NOW, &err));
}

static struct box_document text(const char *name, const char *data)
{
	return (struct box_document){name, data, strlen(data)};
}

static struct box_document bytes(const char *name, const struct pkg_buf *data)
{
	return (struct box_document){name, data->data, data->len};
}

static void test_detached(void **state)
{
	struct pki_cert stranger = pki_cert(&(struct pki_spec){
	    .name = "stranger",
	    .key = pki.p256,
	    .extensions = PKI_CODE,
	});
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf a = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf other = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf theirs = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf sha512 = {0};
	const char *const reasons[] = {
	    NULL,
	    NULL,
	    "signature-bad",
	    "signature-bad",
	    "signer-untrusted",
	    "signer-untrusted",
	    "signature-missing",
	    "document-missing",
	    "signature-profile",
	    "signature-profile",
	    NULL,
	    NULL,
	    "signature-profile",
	    "signature-profile",
	};

	(void)state;
	sign(&a, &pki.signer, PKG_DOCUMENT_CMS, 0, "one");
	sign(&other, &pki.signer, PKG_DOCUMENT_CMS, 0, "another");
	sign(&theirs, &stranger, PKG_DOCUMENT_CMS, 0, "theirs");
	/* another digest than the process has: the bytes are read */
	sign(&sha512, &pki.signer, PKG_DOCUMENT_CMS, PKG_DIGEST_SHA512, "long");
	const struct box_document documents[] = {
	    text("a", "one"),     bytes("a.p7s", &a),
	    text("b", "changed"), bytes("b.p7s", &other),
	    text("c", "theirs"),  bytes("c.p7s", &theirs),
	    text("alone", "one"), bytes("gone.p7s", &a),
	    text("d", "one"),     text("d.p7s", "no signature at all"),
	    text("e", "long"),    bytes("e.p7s", &sha512),
	    text("f", "one"),     text("f.p7s", ""),
	};

	expect(VALIDATE "  form: cms-detached\n", documents, reasons,
	       sizeof(documents) / sizeof(documents[0]));
	pki_cert_free(&stranger);
}

/* The signature may come before its document. */
static void test_any_order(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf a = {0};
	const char *const reasons[] = {NULL, "signature-missing", NULL};

	(void)state;
	sign(&a, &pki.signer, PKG_DOCUMENT_CMS, 0, "one");
	const struct box_document documents[] = {
	    bytes("a.p7s", &a), text("b", "one"), text("a", "one")};

	expect(VALIDATE "  form: cms-detached\n", documents, reasons, 3);
}

static void test_raw(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf a = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf cms = {0};
	const char *const reasons[] = {NULL,
				       NULL,
				       "signature-bad",
				       "signature-bad",
				       "signature-bad",
				       "signature-bad"};

	(void)state;
	sign(&a, &pki.signer, PKG_DOCUMENT_RAW, 0, "one");
	sign(&cms, &pki.signer, PKG_DOCUMENT_CMS, 0, "one");
	const struct box_document documents[] = {
	    text("a", "one"),   bytes("a.sig", &a), text("b", "two"),
	    bytes("b.sig", &a), text("c", "one"),   bytes("c.sig", &cms)};

	expect(VALIDATE "  form: raw\n", documents, reasons, 6);
}

/* Put the document in; @out is cleared. */
static void attach(struct pkg_buf *out, const struct pkg_buf *signature,
		   const char *document)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf tail = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;

	out->max = MAX;
	pkg_buf_clear(out);
	assert_ok(pkg_document_attach(out, &tail, signature->data,
				      signature->len, strlen(document), &err));
	assert_ok(pkg_buf_puts(out, document, &err));
	assert_ok(pkg_buf_add(out, tail.data, tail.len, &err));
}

static void test_attached(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf a = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf sha512 = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf long_text = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf big = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf good = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf good512 = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf good_big = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf changed = {0};
	struct pkg_err err = PKG_ERR_INIT;
	const char *const reasons[] = {NULL,
				       NULL,
				       NULL,
				       "signature-bad",
				       "signature-profile",
				       "signature-profile",
				       "signature-profile"};

	(void)state;
	assert_ok(pkg_buf_reserve(&long_text, 300000, &err));
	memset(long_text.data, 'x', 300000);
	long_text.len = 300000;
	long_text.data[long_text.len] = '\0';
	sign(&a, &pki.signer, PKG_DOCUMENT_CMS, 0, "one");
	sign(&sha512, &pki.signer, PKG_DOCUMENT_CMS, PKG_DIGEST_SHA512, "one");
	sign(&big, &pki.signer, PKG_DOCUMENT_CMS, 0, pkg_buf_str(&long_text));
	attach(&good, &a, "one");
	attach(&good512, &sha512, "one");
	attach(&good_big, &big, pkg_buf_str(&long_text));
	attach(&changed, &a, "two");
	const struct box_document documents[] = {
	    bytes("a.p7m", &good),    bytes("b", &good512),
	    bytes("c", &good_big),    bytes("d", &changed),
	    bytes("e", &a),           text("f", ""),
	    text("g", "no signature")};

	expect(VALIDATE "  form: cms-attached\n", documents, reasons, 7);
}

/* A document on disk that is not what was uploaded. */
static void test_content_that_changed(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf a = {0};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf content = {.max = MAX};
	struct batch_box box;
	struct pkg_batch_outcome outcome;
	struct pkg_err err;
	const char *const reasons[] = {"document-changed", "document-changed"};
	struct expected all = {reasons, 2, NULL};

	(void)state;
	sign(&a, &pki.signer, PKG_DOCUMENT_CMS, 0, "one");
	const struct box_document documents[] = {text("a", "one"),
						 bytes("a.p7s", &a)};

	batch_box_open(&box, &(struct box_spec){.process = VALIDATE
						"  form: cms-detached\n",
						.documents = documents,
						.count = 2});
	batch_box_read(&content, "content-001.zip");
	content.data[content.len - 1] ^= 1;
	batch_box_write("content-001.zip", content.data, content.len);
	assert_ok(batch_box_run(&box, 2, &outcome, &err));
	assert_ok(pkg_batch_results(box.batch, compare, &all, NULL, &err));
	batch_box_close(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_detached),
	    cmocka_unit_test(test_any_order),
	    cmocka_unit_test(test_raw),
	    cmocka_unit_test(test_attached),
	    cmocka_unit_test(test_content_that_changed),
	};

	return cmocka_run_group_tests(tests, pki_start, pki_stop);
}

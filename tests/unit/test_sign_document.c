/* SPDX-License-Identifier: Apache-2.0 */
/* Documents are signed from their digests; others accept what comes out. */
#include "sign_document.h"

#include <openssl/pem.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] = "Release 7 of the gateway\r\n";

static void test_every_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < way_count; i++) {
		struct desk desk = desk_open(&ways[i]);
		PKG_AUTO_FINI(pkg_buf)
		struct pkg_buf der = {.max = DOCUMENT_MAX};
		const struct pkg_digests digests = digests_of(text);
		struct pkg_cms_signer signer;
		struct pkg_err err = PKG_ERR_INIT;
		unsigned wants = 0;

		desk_sign(&desk, &der, text);
		assert_ok(pkg_document_wants(desk.verifier, &wants, der.data,
					     der.len, &err));
		assert_int_equal(wants,
				 pkg_document_signer_digest(desk.signer));
		assert_ok(pkg_document_verify(desk.verifier, &signer, der.data,
					      der.len, &digests, &err));
		assert_string_equal(signer.algorithm, ways[i].algorithm);
		assert_string_equal(signer.digest, pkg_digest_name(wants));
		assert_int_equal(signer.signing_time,
				 ways[i].form == PKG_DOCUMENT_CMS ? PKI_NOW
								  : 0);
		assert_memory_equal(signer.cert.sha256,
				    pkg_certs_info(desk.certs, 0)->sha256, 32);
		desk_refuses(&desk, &der, "another document", "signature-bad");
		desk_close(&desk);
	}
}

/* What is made from a digest is what pkg_cms_verify() knows, with the content
   at hand. */
static void test_it_is_a_signature_of_the_profile(void **state)
{
	(void)state;
	for (size_t i = 0; i < way_count; i++) {
		struct desk desk = desk_open(&ways[i]);
		PKG_AUTO_FINI(pkg_buf)
		struct pkg_buf der = {.max = DOCUMENT_MAX};
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
		struct pkg_err err = PKG_ERR_INIT;

		if (ways[i].form == PKG_DOCUMENT_CMS) {
			desk_sign(&desk, &der, text);
			assert_ok(pkg_cms_parse(&cms, pki.crypto, der.data,
						der.len, &err));
			assert_ok(
			    pkg_cms_verify(cms, text, strlen(text),
					   &(struct pkg_cms_verify_options){
					       .content_type = PKG_OID_DATA,
					       .anchors = desk.anchors,
					       .at = PKI_NOW,
					   },
					   &err));
		}
		desk_close(&desk);
	}
}

/* The other way round: a document's verifier takes what pkg_cms_sign() made
   over the content. */
static void test_it_takes_signatures_over_content(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_cms_sign(
	    &der, text, strlen(text),
	    &(struct pkg_cms_sign_options){.key = desk.key,
					   .certs = desk.certs,
					   .content_type = PKG_OID_DATA,
					   .signing_time = PKI_NOW},
	    &err));
	assert_ok(desk_verify(&desk, &der, text, &err));
	desk_refuses(&desk, &der, "another", "signature-bad");
	desk_close(&desk);
}

static void write_all(const char *name, const void *data, size_t len)
{
	(void)pki_file(name, data, len);
}

static void write_pems(const struct pki_cert *cert)
{
	struct pki_bytes ca = pki_cert_pem(&pki.ca);
	struct pki_bytes own = pki_cert_pem(cert);

	write_all("ca.pem", ca.data, ca.len);
	write_all("own.pem", own.data, own.len);
	free(ca.data);
	free(own.data);
}

static const char *command_for(const struct way *way, unsigned digest)
{
	static char line[512];
	const char *pss = "-pkeyopt rsa_padding_mode:pss "
			  "-pkeyopt rsa_pss_saltlen:digest";

	if (way->form == PKG_DOCUMENT_CMS)
		return "openssl cms -verify -binary -inform DER -in signature "
		       "-content document -CAfile ca.pem -purpose any -cades "
		       "-out document.out && cmp document document.out";
	snprintf(line, sizeof(line),
		 "openssl dgst -%s -binary -out digest document && "
		 "openssl pkeyutl -verify -certin -inkey own.pem -in digest "
		 "-sigfile signature -pkeyopt digest:%s %s",
		 pkg_digest_name(digest), pkg_digest_name(digest),
		 strcmp(way->algorithm, "rsa-pss") == 0 ? pss : "");
	return line;
}

static void test_the_openssl_command_takes_it(void **state)
{
	(void)state;
	write_all("document", text, strlen(text));
	for (size_t i = 0; i < way_count; i++) {
		struct desk desk = desk_open(&ways[i]);
		PKG_AUTO_FINI(pkg_buf)
		struct pkg_buf der = {.max = DOCUMENT_MAX};
		const unsigned digest = pkg_document_signer_digest(desk.signer);

		write_pems(way_cert(&ways[i]));
		desk_sign(&desk, &der, text);
		write_all("signature", der.data, der.len);
		assert_int_equal(in_folder(command_for(&ways[i], digest)), 0);
		/* and it does look at the signature */
		desk_sign(&desk, &der, "another document");
		write_all("signature", der.data, der.len);
		assert_int_not_equal(in_folder(command_for(&ways[i], digest)),
				     0);
		desk_close(&desk);
	}
	assert_int_equal(in_folder("rm -f *"), 0);
}

/* The attributes of a SET are sorted by their bytes: a GeneralizedTime, which
   is longer, comes to stand elsewhere. */
static void test_any_signing_time(void **state)
{
	const int64_t times[] = {0,          100000000,  PKI_NOW,
				 2524607999, 2524608000, 4102444800};
	struct desk desk = desk_open(&ways[0]);
	const struct pkg_digests digests = digests_of(text);

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		PKG_AUTO_FINI(pkg_buf)
		struct pkg_buf der = {.max = DOCUMENT_MAX};
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
		struct pkg_err err = PKG_ERR_INIT;
		struct pkg_cms_signer signer;

		assert_ok(pkg_document_sign(desk.signer, &der, digests.sha256,
					    times[i], &err));
		assert_ok(pkg_document_verify(desk.verifier, &signer, der.data,
					      der.len, &digests, &err));
		assert_int_equal(signer.signing_time, times[i]);
		assert_ok(
		    pkg_cms_parse(&cms, pki.crypto, der.data, der.len, &err));
		assert_int_equal(pkg_cms_claim(cms)->signing_time, times[i]);
	}
	desk_close(&desk);
}

static void test_pkcs1_gives_the_bytes_of_pkg_cms_sign(void **state)
{
	const struct way way = {.cert = &pki.rsa_signer,
				.padding = PKG_CMS_PKCS1};
	struct desk desk = desk_open(&way);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf ours = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf whole = {.max = DOCUMENT_MAX};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	desk_sign(&desk, &ours, text);
	assert_ok(pkg_cms_sign(
	    &whole, text, strlen(text),
	    &(struct pkg_cms_sign_options){.key = desk.key,
					   .certs = desk.certs,
					   .content_type = PKG_OID_DATA,
					   .padding = PKG_CMS_PKCS1,
					   .signing_time = PKI_NOW},
	    &err));
	assert_int_equal(ours.len, whole.len);
	assert_memory_equal(ours.data, whole.data, whole.len);
	desk_close(&desk);
}

/* A chain goes along, and leads to an anchor. */
static void test_certificates_go_along(void **state)
{
	struct pki_cert sub = pki_cert(&(struct pki_spec){
	    .name = "Sub CA",
	    .key = pki.p384,
	    .issuer = &pki.ca,
	    .extensions = {"basicConstraints", "critical,CA:TRUE"},
	});
	struct pki_cert leaf = pki_cert(&(struct pki_spec){
	    .name = "leaf",
	    .key = pki.p256,
	    .issuer = &sub,
	    .extensions = PKI_CODE,
	});
	const struct way forms[] = {{.cert = &leaf},
				    {.cert = &leaf, .form = PKG_DOCUMENT_RAW}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct desk desk = desk_open(&forms[i]);
		PKG_AUTO_FINI(pkg_buf)
		struct pkg_buf der = {.max = DOCUMENT_MAX};
		struct pkg_err err;

		desk_sign(&desk, &der, text);
		desk_refuses(&desk, &der, text, "signer-untrusted");
		desk_close(&desk);
		desk = desk_open(&forms[i]);
		pkg_certs_free(desk.certs);
		pkg_document_signer_free(desk.signer);
		pkg_document_verifier_free(desk.verifier);
		desk.certs =
		    pki_list((const struct pki_cert *[]){&leaf, &sub}, 2);
		assert_ok(pkg_document_signer_new(
		    &desk.signer,
		    &(struct pkg_document_sign_options){.key = desk.key,
							.certs = desk.certs,
							.form = forms[i].form},
		    &err));
		assert_ok(pkg_document_verifier_new(
		    &desk.verifier,
		    &(struct pkg_document_verify_options){
			.crypto = pki.crypto,
			.trust = {.anchors = desk.anchors, .at = PKI_NOW},
			.form = forms[i].form,
			.certs = desk.certs,
		    },
		    &err));
		desk_sign(&desk, &der, text);
		assert_ok(desk_verify(&desk, &der, text, &err));
		desk_close(&desk);
	}
	pki_cert_free(&sub);
	pki_cert_free(&leaf);
}

/* Signatures of many documents by one signer, each only of its own. */
static void test_many_documents(void **state)
{
	enum { COUNT = 40 };
	struct desk desk = desk_open(&ways[0]);
	struct pkg_buf made[COUNT] = {{0}};
	struct pkg_err err;
	char name[16];

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "document %d", i);
		made[i].max = DOCUMENT_MAX;
		desk_sign(&desk, &made[i], name);
	}
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "document %d", i);
		assert_ok(desk_verify(&desk, &made[i], name, &err));
		desk_refuses(&desk, &made[(i + 1) % COUNT], name,
			     "signature-bad");
	}
	for (int i = 0; i < COUNT; i++)
		pkg_buf_fini(&made[i]);
	desk_close(&desk);
}

/* More signers than a verifier remembers. */
static void test_many_signers(void **state)
{
	enum { COUNT = 40 };
	struct desk desk = desk_open(&ways[0]);
	struct pkg_buf made[COUNT] = {{0}};
	struct pkg_err err;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		struct pki_cert cert = pki_cert(&(struct pki_spec){
		    .name = "one of many",
		    .key = pki.p256,
		    .issuer = &pki.ca,
		    .extensions = PKI_CODE,
		});
		const struct way way = {.cert = &cert};
		struct desk own = desk_open(&way);

		made[i].max = DOCUMENT_MAX;
		desk_sign(&own, &made[i], text);
		desk_close(&own);
		pki_cert_free(&cert);
	}
	for (int i = 0; i < 2 * COUNT; i++) {
		assert_ok(desk_verify(&desk, &made[i % COUNT], text, &err));
		desk_refuses(&desk, &made[i % COUNT], "?", "signature-bad");
	}
	for (int i = 0; i < COUNT; i++)
		pkg_buf_fini(&made[i]);
	desk_close(&desk);
}

/* One thread of several, with a signer of its own and a common key. */
struct worker {
	const struct desk *desk;
	pthread_t thread;
	struct pkg_buf made;
	enum pkg_code code;
};

static void *work(void *context)
{
	struct worker *self = context;
	PKG_AUTO(pkg_document_signer) struct pkg_document_signer *signer = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	const uint8_t digest[32] = {1, 2, 3};

	self->code = pkg_document_signer_new(
	    &signer,
	    &(struct pkg_document_sign_options){.key = self->desk->key,
						.certs = self->desk->certs},
	    &err);
	for (int i = 0; i < 50 && self->code == PKG_OK; i++) {
		pkg_buf_clear(&self->made);
		self->code = pkg_document_sign(signer, &self->made, digest,
					       PKI_NOW, &err);
	}
	return NULL;
}

static void test_threads_share_a_key(void **state)
{
	enum { THREADS = 4 };
	struct desk desk = desk_open(&ways[0]);
	struct worker workers[THREADS];
	struct pkg_digests digests = {.set = PKG_DIGEST_SHA256,
				      .sha256 = {1, 2, 3}};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.desk = &desk,
					     .made = {.max = DOCUMENT_MAX}};
		assert_int_equal(
		    pthread_create(&workers[i].thread, NULL, work, &workers[i]),
		    0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].code, PKG_OK);
		assert_ok(pkg_document_verify(
		    desk.verifier, NULL, workers[i].made.data,
		    workers[i].made.len, &digests, &err));
		pkg_buf_fini(&workers[i].made);
	}
	desk_close(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_way),
	    cmocka_unit_test(test_it_is_a_signature_of_the_profile),
	    cmocka_unit_test(test_it_takes_signatures_over_content),
	    cmocka_unit_test(test_the_openssl_command_takes_it),
	    cmocka_unit_test(test_any_signing_time),
	    cmocka_unit_test(test_pkcs1_gives_the_bytes_of_pkg_cms_sign),
	    cmocka_unit_test(test_certificates_go_along),
	    cmocka_unit_test(test_many_documents),
	    cmocka_unit_test(test_many_signers),
	    cmocka_unit_test(test_threads_share_a_key),
	};

	return cmocka_run_group_tests(tests, pki_start, pki_stop);
}

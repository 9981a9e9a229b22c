/* SPDX-License-Identifier: Apache-2.0 */
/* Whose signatures count. */
#include "trust_box.h"

#include "packline/cms.h"

#include <string.h>

/* -- judging signatures -- */

static const char content[] = "{\"type\":\"manifest\"}";

static void sign_by(struct pkg_buf *der, const struct pki_cert *signer,
		    const char *type)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_key *key = pki_load_key(signer->key);
	struct pkg_certs *certs = pki_one(signer);
	const struct pkg_cms_sign_options options = {.key = key,
						     .certs = certs,
						     .content_type = type,
						     .signing_time = PKI_NOW};

	*der = (struct pkg_buf){.max = PKG_LIMIT_SIGNATURE};
	assert_ok(pkg_cms_sign(der, content, strlen(content), &options, &err));
	pkg_certs_free(certs);
	pkg_key_free(key);
}

/* One case: who signed, by which trust, and what comes of it. */
struct judged {
	const struct pki_cert *signers[3]; /* NULL ends */
	const char *type;                  /* NULL = a manifest's */
	bool tampered;                     /* the content is another */
	enum pkg_clock_mode clock;
	int64_t at;
	const char *reason; /* NULL = accepted */
	size_t count;       /* that count, if accepted */
};

static void judge(const struct pkg_trust *trust, const struct judged *judged)
{
	const struct pkg_env env = trust_box_env();
	struct pkg_buf ders[3];
	struct pkg_signature_file files[3];
	struct pkg_signature_set set = {
	    .content =
		(const uint8_t *)(judged->tampered ? "{\"type\":\"maniFest\"}"
						   : content),
	    .content_len = strlen(content),
	    .files = files,
	    .clock = {judged->clock, judged->at},
	};
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_signers signers;
	enum pkg_code code;

	assert_ok(pkg_arena_new(&arena, 1u << 20, &err));
	for (; set.count < 3 && judged->signers[set.count]; set.count++) {
		struct pkg_buf *der = &ders[set.count];

		sign_by(der, judged->signers[set.count],
			judged->type == NULL ? PKG_OID_MANIFEST : judged->type);
		files[set.count] =
		    (struct pkg_signature_file){"sig", der->data, der->len};
	}
	code = pkg_trust_signatures(trust, &env, &set, &signers, arena, &err);
	if (judged->reason == NULL) {
		assert_ok(code);
		assert_int_equal(signers.count, judged->count);
	} else {
		assert_int_equal(code, PKG_NO);
		assert_string_equal(err.reason, judged->reason);
	}
	for (size_t i = 0; i < set.count; i++)
		pkg_buf_fini(&ders[i]);
}

static void test_pinned_signers(void **state)
{
	PKG_AUTO_FINI(trust_box)
	struct trust_box loaded;

	(void)state;
	trust_box_policy(&loaded, POLICY PINS);
	judge(loaded.trust,
	      &(struct judged){.signers = {&pki.signer}, .count = 1});
	/* Signatures of others neither help nor hurt... */
	judge(loaded.trust,
	      &(struct judged){.signers = {&pki.signer, &pki.rsa_signer},
			       .count = 1});
	judge(loaded.trust, &(struct judged){.signers = {&pki.rsa_signer},
					     .reason = "signer-untrusted"});
	/* ...unless they are broken. */
	judge(loaded.trust, &(struct judged){.signers = {&pki.rsa_signer},
					     .tampered = true,
					     .reason = "signature-bad"});
	judge(loaded.trust, &(struct judged){.signers = {&pki.signer},
					     .tampered = true,
					     .reason = "signature-bad"});
	judge(loaded.trust, &(struct judged){.reason = "signer-untrusted"});
}

/* A signature for something else is none (type confusion). */
static void test_signature_of_another_type(void **state)
{
	PKG_AUTO_FINI(trust_box)
	struct trust_box loaded;

	(void)state;
	trust_box_policy(&loaded, POLICY PINS);
	judge(loaded.trust, &(struct judged){.signers = {&pki.signer},
					     .type = PKG_OID_APPROVAL,
					     .reason = "signature-profile"});
	judge(loaded.trust, &(struct judged){.signers = {&pki.signer},
					     .type = PKG_OID_DATA,
					     .reason = "signature-profile"});
}

static void test_threshold(void **state)
{
	const struct judged both = {.signers = {&pki.signer, &pki.rsa_signer},
				    .count = 2};
	struct judged too_few = {.signers = {&pki.signer},
				 .reason = "threshold"};
	struct trust_box loaded;

	(void)state;
	trust_box_policy(&loaded, POLICY "  signers: {threshold: 2, pins: [" PIN
					 ", {id: dave, spki: 'sha256:@2'}]}\n");
	judge(loaded.trust, &both);
	judge(loaded.trust, &too_few);
	too_few.signers[1] = &pki.signer; /* one key counts once... */
	judge(loaded.trust, &too_few);
	trust_box_fini(&loaded);
	/* ...and so does one person with two keys. */
	trust_box_policy(&loaded, POLICY "  signers: {threshold: 2, pins: [" PIN
					 ", " PIN2
					 ", {id: dave, spki: 'sha256:@3'}]}\n");
	too_few.signers[1] = &pki.rsa_signer;
	judge(loaded.trust, &too_few);
	too_few.signers[1] = &pki.p384_signer;
	too_few.reason = NULL;
	too_few.count = 2;
	judge(loaded.trust, &too_few);
	trust_box_fini(&loaded);
}

static void test_roots_hold_for_pinned_signers(void **state)
{
	struct pki_cert other = pki_cert(&(struct pki_spec){
	    .name = "other CA",
	    .key = pki.p384,
	    .extensions = {"basicConstraints", "critical,CA:TRUE", "keyUsage",
			   "keyCertSign"}});
	struct pki_bytes pem = pki_cert_pem(&other);
	struct judged judged = {.signers = {&pki.signer},
				.reason = "signer-untrusted"};
	struct trust_box loaded;

	(void)state;
	(void)pki_file("other.pem", pem.data, pem.len);
	free(pem.data);
	pki_cert_free(&other);
	trust_box_policy(&loaded,
			 "packline: 1\ntrust:\n  roots: [other.pem]\n" PINS);
	judge(loaded.trust, &judged);
	trust_box_fini(&loaded);
	/* Without roots the pin is enough. */
	trust_box_policy(&loaded, "packline: 1\ntrust:\n" PINS);
	judged.reason = NULL;
	judged.count = 1;
	judge(loaded.trust, &judged);
	trust_box_fini(&loaded);
}

static void test_trust_in_a_ca(void **state)
{
	struct trust_box loaded;

	(void)state;
	trust_box_certificate(&loaded, &pki.ca);
	judge(loaded.trust,
	      &(struct judged){.signers = {&pki.signer, &pki.rsa_signer},
			       .count = 2});
	judge(loaded.trust, &(struct judged){.signers = {&pki.signer},
					     .clock = PKG_CLOCK_AT,
					     .at = PKI_NOW * 2,
					     .reason = "certificate-expired"});
	judge(loaded.trust, &(struct judged){.signers = {&pki.signer},
					     .clock = PKG_CLOCK_NONE,
					     .at = PKI_NOW * 2,
					     .count = 1});
	trust_box_fini(&loaded);
}

static void test_trust_in_one_certificate(void **state)
{
	struct pki_cert again = pki_cert(&(struct pki_spec){
	    .name = "signer",
	    .key = pki.signer.key,
	    .issuer = &pki.ca,
	    .extensions = {"keyUsage", "digitalSignature", "extendedKeyUsage",
			   "codeSigning"}});
	struct trust_box loaded;

	(void)state;
	trust_box_certificate(&loaded, &pki.signer);
	judge(loaded.trust,
	      &(struct judged){.signers = {&pki.signer}, .count = 1});
	judge(loaded.trust, &(struct judged){.signers = {&pki.rsa_signer},
					     .reason = "signer-untrusted"});
	/* Another certificate of the same key is another certificate. */
	judge(loaded.trust, &(struct judged){.signers = {&again},
					     .reason = "signer-untrusted"});
	judge(loaded.trust, &(struct judged){.signers = {&pki.signer},
					     .clock = PKG_CLOCK_AT,
					     .at = PKI_NOW * 2,
					     .reason = "certificate-expired"});
	trust_box_fini(&loaded);
	pki_cert_free(&again);
}

static void test_no_trust_is_never_a_yes(void **state)
{
	(void)state;
	judge(NULL,
	      &(struct judged){.signers = {&pki.signer}, .reason = "no-trust"});
	judge(NULL, &(struct judged){.signers = {&pki.signer},
				     .tampered = true,
				     .reason = "signature-bad"});
	judge(NULL, &(struct judged){.reason = "no-trust"});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pinned_signers),
	    cmocka_unit_test(test_signature_of_another_type),
	    cmocka_unit_test(test_threshold),
	    cmocka_unit_test(test_roots_hold_for_pinned_signers),
	    cmocka_unit_test(test_trust_in_a_ca),
	    cmocka_unit_test(test_trust_in_one_certificate),
	    cmocka_unit_test(test_no_trust_is_never_a_yes),
	};

	return cmocka_run_group_tests_name("trust_judge", tests, pki_start,
					   pki_stop);
}

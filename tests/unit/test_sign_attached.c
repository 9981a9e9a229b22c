/* SPDX-License-Identifier: Apache-2.0 */
/* Attached signatures: a detached one with the document put in. */
#include "sign_document.h"

#include "packline/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An attached signature, whole. */
static void attach(struct pkg_buf *out, const struct pkg_buf *der,
		   const char *text)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf tail = {.max = DOCUMENT_MAX};
	struct pkg_err err = PKG_ERR_INIT;

	pkg_buf_clear(out);
	assert_ok(pkg_document_attach(out, &tail, der->data, der->len,
				      strlen(text), &err));
	assert_true(out->len <= PKG_DOCUMENT_HEAD);
	assert_ok(pkg_buf_puts(out, text, &err));
	assert_ok(pkg_buf_add(out, tail.data, tail.len, &err));
}

/* And back: the detached one. */
static enum pkg_code detach(struct pkg_buf *der, struct pkg_buf *text,
			    const struct pkg_buf *whole, struct pkg_err *err)
{
	const size_t start =
	    whole->len < PKG_DOCUMENT_HEAD ? whole->len : PKG_DOCUMENT_HEAD;
	struct pkg_document_parts parts;

	*err = PKG_ERR_INIT;
	pkg_buf_clear(der);
	pkg_buf_clear(text);
	PKG_TRY(pkg_document_find(&parts, whole->data, start, whole->len, err));
	assert_int_equal(parts.head + parts.content + parts.tail, whole->len);
	assert_int_equal(parts.digest, PKG_DIGEST_SHA256);
	PKG_TRY(pkg_document_detach(der, &parts, whole->data,
				    whole->data + parts.head + parts.content,
				    err));
	return pkg_buf_add(text, whole->data + parts.head, parts.content, err);
}

static void expect_refused(const struct pkg_buf *whole, const char *reason)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = DOCUMENT_MAX};
	struct pkg_err err;

	assert_int_equal(detach(&der, &text, whole, &err), PKG_NO);
	assert_string_equal(err.reason, reason);
	assert_int_equal(der.len, 0);
}

/* Lengths change their form at 128, 256 and 65536. */
static void test_every_size(void **state)
{
	const size_t sizes[] = {0,   1,   127,   128,   129,
				255, 256, 65535, 65536, 70000};
	struct desk desk = desk_open(&ways[0]);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf whole = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf back = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf found = {.max = DOCUMENT_MAX};
	char *text = calloc(1, 70001);
	struct pkg_err err;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(text, 'x', sizes[i]);
		desk_sign(&desk, &made, text);
		attach(&whole, &made, text);
		assert_ok(detach(&back, &found, &whole, &err));
		assert_int_equal(back.len, made.len);
		assert_memory_equal(back.data, made.data, made.len);
		assert_int_equal(found.len, sizes[i]);
		assert_memory_equal(found.data, text, sizes[i]);
		assert_ok(desk_verify(&desk, &back, text, &err));
	}
	free(text);
	desk_close(&desk);
}

static void test_the_openssl_command_takes_it(void **state)
{
	const char text[] = "a document\nwith lines\r\n";
	struct pki_bytes ca = pki_cert_pem(&pki.ca);

	(void)state;
	(void)pki_file("ca.pem", ca.data, ca.len);
	(void)pki_file("document", text, strlen(text));
	free(ca.data);
	for (size_t i = 0; i < way_count; i++) {
		struct desk desk = desk_open(&ways[i]);
		PKG_AUTO_FINI(pkg_buf)
		struct pkg_buf made = {.max = DOCUMENT_MAX};
		PKG_AUTO_FINI(pkg_buf)
		struct pkg_buf whole = {.max = DOCUMENT_MAX};
		const char *command =
		    "openssl cms -verify -binary -inform DER -in attached "
		    "-CAfile ca.pem -purpose any -cades -out document.out && "
		    "cmp document document.out";

		if (ways[i].form == PKG_DOCUMENT_CMS) {
			desk_sign(&desk, &made, text);
			attach(&whole, &made, text);
			(void)pki_file("attached", whole.data, whole.len);
			assert_int_equal(in_folder(command), 0);
			whole.data[PKG_DOCUMENT_HEAD - 40] ^= 1;
			(void)pki_file("attached", whole.data, whole.len);
			assert_int_not_equal(in_folder(command), 0);
		}
		desk_close(&desk);
	}
	assert_int_equal(in_folder("rm -f *"), 0);
}

/* And we take what it makes, if that is within the profile. */
static void test_it_takes_the_openssl_command_s(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf whole = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = DOCUMENT_MAX};
	struct pki_bytes cert = pki_cert_pem(&pki.signer);
	struct pki_bytes key = pki_key_pem(pki.p256, NULL);
	struct pkg_err err = PKG_ERR_INIT;
	char path[128];
	FILE *file = NULL;

	(void)state;
	(void)pki_file("own.pem", cert.data, cert.len);
	(void)pki_file("own.key", key.data, key.len);
	(void)pki_file("document", "some text", 9);
	free(cert.data);
	free(key.data);
	assert_int_equal(
	    in_folder("openssl cms -sign -binary -nodetach -nosmimecap -cades "
		      "-md sha256 -signer own.pem -inkey own.key -in document "
		      "-outform DER -out attached"),
	    0);
	snprintf(path, sizeof(path), "%s/attached", pki.folder);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_ok(pkg_buf_reserve(&whole, 65536, &err));
	whole.len = fread(whole.data, 1, 65536, file);
	fclose(file);
	assert_ok(detach(&der, &text, &whole, &err));
	assert_string_equal(pkg_buf_str(&text), "some text");
	assert_ok(desk_verify(&desk, &der, "some text", &err));
	assert_int_equal(in_folder("rm -f *"), 0);
	desk_close(&desk);
}

static void test_what_is_no_attached_signature(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf whole = {.max = DOCUMENT_MAX};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	expect_refused(&whole, "signature-profile");
	desk_sign(&desk, &made, "text");
	expect_refused(&made, "signature-profile"); /* a detached one */
	attach(&whole, &made, "text");
	whole.len--;
	expect_refused(&whole, "signature-profile"); /* cut off */
	whole.len = 60;
	expect_refused(&whole, "signature-profile");
	attach(&whole, &made, "text");
	assert_ok(pkg_buf_add(&whole, "", 1, &err)); /* a byte too many */
	expect_refused(&whole, "signature-profile");
	attach(&whole, &made, "text");
	whole.data[1] = 0x80; /* BER: no length */
	expect_refused(&whole, "signature-profile");
	desk_close(&desk);
}

/* A length with a leading zero: the same message in other bytes. */
static void test_one_spelling_only(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf whole = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf longer = {.max = DOCUMENT_MAX};
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	desk_sign(&desk, &made, "text");
	attach(&whole, &made, "text");
	assert_int_equal(whole.data[1], 0x82);
	assert_ok(pkg_buf_add(&longer, "\x30\x83\0", 3, &err));
	assert_ok(pkg_buf_add(&longer, whole.data + 2, whole.len - 2, &err));
	expect_refused(&longer, "signature-profile");
	desk_close(&desk);
}

/* No byte outside of the document can be changed: what is found at last is
   refused, or is the same signature. */
static void test_every_byte_around_it(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf whole = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf der = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = DOCUMENT_MAX};
	struct pkg_err err;

	(void)state;
	desk_sign(&desk, &made, "text");
	assert_ok(desk_verify(&desk, &made, "text", &err));
	attach(&whole, &made, "text");
	for (size_t i = 0; i < whole.len; i++) {
		enum pkg_code code = PKG_OK;

		whole.data[i] ^= 1;
		code = detach(&der, &text, &whole, &err);
		if (code == PKG_OK)
			code =
			    desk_verify(&desk, &der, pkg_buf_str(&text), &err);
		assert_int_equal(code, PKG_NO);
		whole.data[i] ^= 1;
	}
	desk_close(&desk);
}

/* Parts of documents that are larger than memory needs to be. */
static void test_limits(void **state)
{
	struct desk desk = desk_open(&ways[0]);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf head = {.max = DOCUMENT_MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf tail = {.max = DOCUMENT_MAX};
	struct pkg_document_parts parts;
	struct pkg_err err = PKG_ERR_INIT;
	uint64_t size = 0;

	(void)state;
	desk_sign(&desk, &made, "text");
	assert_int_equal(pkg_document_attach(&head, &tail, made.data, made.len,
					     PKG_LIMIT_ATTACHED + 1ull, &err),
			 PKG_INPUT);
	assert_string_equal(err.reason, "limit");
	err = PKG_ERR_INIT;
	assert_ok(pkg_document_attach(&head, &tail, made.data, made.len,
				      PKG_LIMIT_ATTACHED, &err));
	assert_true(head.len <= PKG_DOCUMENT_HEAD);
	size = head.len + PKG_LIMIT_ATTACHED + tail.len;
	assert_ok(pkg_document_find(&parts, head.data, head.len, size, &err));
	assert_int_equal(parts.content, PKG_LIMIT_ATTACHED);
	assert_int_equal(parts.tail, tail.len);
	assert_int_equal(pkg_document_find(&parts, head.data, head.len,
					   size + PKG_LIMIT_SIGNATURE, &err),
			 PKG_INPUT);
	assert_string_equal(err.reason, "limit");
	desk_close(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_size),
	    cmocka_unit_test(test_the_openssl_command_takes_it),
	    cmocka_unit_test(test_it_takes_the_openssl_command_s),
	    cmocka_unit_test(test_what_is_no_attached_signature),
	    cmocka_unit_test(test_one_spelling_only),
	    cmocka_unit_test(test_every_byte_around_it),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, pki_start, pki_stop);
}

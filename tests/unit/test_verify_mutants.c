/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No byte of a container can be changed, and no byte can be taken away or
 * added, without the answer being no, for a reason.
 *
 * Every byte is changed in three ways: its lowest bit, its highest bit, all
 * bits.  PKG_MUTANTS=N tries only every Nth mutant (for sanitizers).
 */
#include "sealed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pkg_trust *trust;
static struct pkg_key *recipient;

static size_t stride(void)
{
	const char *text = getenv("PKG_MUTANTS");
	const long value = text == NULL ? 1 : strtol(text, NULL, 10);

	return value < 1 ? 1 : (size_t)value;
}

/* The answer must be no, with a reason that is not the generic one. */
static void refuse(const void *data, size_t len, bool keyed, const char *what,
		   size_t at)
{
	const struct pkg_verify_options options = {
	    .trust = trust, .recipient = keyed ? recipient : NULL};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_verdict *verdict = NULL;
	const enum pkg_code code =
	    sealed_verify(&verdict, data, len, &options, &err);

	if (code != PKG_NO && code != PKG_INPUT)
		fail_msg("%s at %zu: %d %s", what, at, (int)code, err.text);
	if (err.reason == NULL || verdict == NULL || verdict->ok ||
	    verdict->reason == NULL || strcmp(verdict->reason, err.reason) != 0)
		fail_msg("%s at %zu has no reason: %s", what, at, err.text);
	pkg_verdict_free(verdict);
}

static void accepts(const struct sealed *sealed, bool keyed)
{
	const struct pkg_verify_options options = {
	    .trust = trust, .recipient = keyed ? recipient : NULL};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_verdict *verdict = NULL;

	assert_ok(
	    sealed_verify(&verdict, sealed->data, sealed->len, &options, &err));
	assert_true(verdict->ok);
	pkg_verdict_free(verdict);
}

static void flip_every_byte(struct sealed *sealed, bool keyed)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff};
	const size_t step = stride();

	for (size_t i = 0; i < 3 * sealed->len; i += step) {
		uint8_t *byte = &sealed->data[i / 3];

		*byte ^= masks[i % 3];
		refuse(sealed->data, sealed->len, keyed, "flip", i / 3);
		*byte ^= masks[i % 3];
	}
}

static void cut_everywhere(const struct sealed *sealed, bool keyed)
{
	const size_t step = stride();

	for (size_t len = 0; len < sealed->len; len += step)
		refuse(sealed->data, len, keyed, "cut", len);
	refuse(sealed->data, sealed->len - 1, keyed, "cut", sealed->len - 1);
}

static void add_at_both_ends(const struct sealed *sealed, bool keyed)
{
	uint8_t *more = malloc(sealed->len + 2);

	assert_non_null(more);
	for (unsigned add = 0; add < 256; add += 15) {
		memcpy(more, sealed->data, sealed->len);
		memset(more + sealed->len, (int)add, 2);
		refuse(more, sealed->len + 1, keyed, "append", add);
		refuse(more, sealed->len + 2, keyed, "append", add);
		memset(more, (int)add, 1);
		memcpy(more + 1, sealed->data, sealed->len);
		refuse(more, sealed->len + 1, keyed, "prepend", add);
	}
	free(more);
}

/* A byte doubled, a byte left out: everything behind it moves. */
static void shift_everywhere(const struct sealed *sealed, bool keyed)
{
	const size_t step = 5 * stride();
	uint8_t *other = malloc(sealed->len + 1);

	assert_non_null(other);
	for (size_t at = 0; at < sealed->len; at += step) {
		memcpy(other, sealed->data, at);
		memcpy(other + at, sealed->data + at + 1, sealed->len - at - 1);
		refuse(other, sealed->len - 1, keyed, "leave out", at);
		memcpy(other + at, sealed->data + at, 1);
		memcpy(other + at + 1, sealed->data + at, sealed->len - at);
		refuse(other, sealed->len + 1, keyed, "double", at);
	}
	free(other);
}

static void mutate(const struct sealed_spec *spec, bool keyed)
{
	struct sealed sealed = sealed_make(spec);

	accepts(&sealed, keyed);
	flip_every_byte(&sealed, keyed);
	cut_everywhere(&sealed, keyed);
	add_at_both_ends(&sealed, keyed);
	shift_everywhere(&sealed, keyed);
	accepts(&sealed, keyed); /* nothing stuck */
	sealed_fini(&sealed);
}

static void test_signed(void **state)
{
	(void)state;
	mutate(&(struct sealed_spec){.metadata = true}, false);
}

static void test_bundle(void **state)
{
	(void)state;
	mutate(&(struct sealed_spec){.bundle = true}, false);
}

static void test_sealed_without_key(void **state)
{
	(void)state;
	mutate(&(struct sealed_spec){.kind = PKG_CONTAINER_SEALED}, false);
}

static void test_sealed_with_key(void **state)
{
	(void)state;
	mutate(&(struct sealed_spec){.kind = PKG_CONTAINER_SEALED}, true);
}

static void test_encrypted_with_key(void **state)
{
	struct pkg_trust *ca = trust;

	(void)state;
	trust = sealed_policy("packline: 1\ntrust: {allowUnsigned: true}\n");
	mutate(&(struct sealed_spec){.kind = PKG_CONTAINER_ENCRYPTED}, true);
	pkg_trust_free(trust);
	trust = ca;
}

static int start(void **state)
{
	if (pki_start(state) != 0)
		return -1;
	trust = sealed_trust(&pki.ca);
	recipient = sealed_recipient();
	return 0;
}

static int stop(void **state)
{
	pkg_key_free(recipient);
	pkg_trust_free(trust);
	return pki_stop(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_signed),
	    cmocka_unit_test(test_bundle),
	    cmocka_unit_test(test_sealed_without_key),
	    cmocka_unit_test(test_sealed_with_key),
	    cmocka_unit_test(test_encrypted_with_key),
	};

	return cmocka_run_group_tests_name("verify_mutants", tests, start,
					   stop);
}

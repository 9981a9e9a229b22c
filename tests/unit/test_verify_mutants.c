/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No byte of a container can be changed, and no byte can be taken away or
 * added, without the answer being no, for a reason.
 *
 * Every byte is changed in three ways: its lowest bit, its highest bit, all
 * bits.  What a forger would do who mends the framing is in
 * test_verify_mended.c.
 */
#include "mutants.h"

#include <stdlib.h>
#include <string.h>

static void flip_every_byte(struct sealed *sealed, bool keyed)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff};

	for (size_t i = 0; i < 3 * sealed->len; i++) {
		uint8_t *byte = &sealed->data[i / 3];

		if (!mutants_turn())
			continue;
		*byte ^= masks[i % 3];
		mutants_refuse(sealed->data, sealed->len, keyed, "flip", i / 3);
		*byte ^= masks[i % 3];
	}
}

static void cut_everywhere(const struct sealed *sealed, bool keyed)
{
	for (size_t len = 0; len < sealed->len; len++)
		if (mutants_turn() || len == sealed->len - 1)
			mutants_refuse(sealed->data, len, keyed, "cut", len);
}

static void add_at_both_ends(const struct sealed *sealed, bool keyed)
{
	uint8_t *more = malloc(sealed->len + 2);

	assert_non_null(more);
	for (unsigned add = 0; add < 256; add += 15) {
		memcpy(more, sealed->data, sealed->len);
		memset(more + sealed->len, (int)add, 2);
		mutants_refuse(more, sealed->len + 1, keyed, "append", add);
		mutants_refuse(more, sealed->len + 2, keyed, "append", add);
		memset(more, (int)add, 1);
		memcpy(more + 1, sealed->data, sealed->len);
		mutants_refuse(more, sealed->len + 1, keyed, "prepend", add);
	}
	free(more);
}

/* A byte doubled, a byte left out: everything behind it moves. */
static void shift_everywhere(const struct sealed *sealed, bool keyed)
{
	uint8_t *other = malloc(sealed->len + 1);

	assert_non_null(other);
	for (size_t at = 0; at < sealed->len; at += 5) {
		if (!mutants_turn())
			continue;
		memcpy(other, sealed->data, at);
		memcpy(other + at, sealed->data + at + 1, sealed->len - at - 1);
		mutants_refuse(other, sealed->len - 1, keyed, "leave out", at);
		memcpy(other + at, sealed->data + at, 1);
		memcpy(other + at + 1, sealed->data + at, sealed->len - at);
		mutants_refuse(other, sealed->len + 1, keyed, "double", at);
	}
	free(other);
}

static void mutate(const struct sealed_spec *spec, bool keyed)
{
	struct sealed sealed = sealed_make(spec);

	mutants_accept(sealed.data, sealed.len, keyed);
	flip_every_byte(&sealed, keyed);
	cut_everywhere(&sealed, keyed);
	add_at_both_ends(&sealed, keyed);
	shift_everywhere(&sealed, keyed);
	mutants_accept(sealed.data, sealed.len, keyed); /* nothing stuck */
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
	struct pkg_trust *ca = mutants_trust;

	(void)state;
	mutants_trust =
	    sealed_policy("packline: 1\ntrust: {allowUnsigned: true}\n");
	mutate(&(struct sealed_spec){.kind = PKG_CONTAINER_ENCRYPTED}, true);
	pkg_trust_free(mutants_trust);
	mutants_trust = ca;
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

	return cmocka_run_group_tests_name("verify_mutants", tests,
					   mutants_start, mutants_stop);
}

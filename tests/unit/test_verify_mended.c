/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same as test_verify_mutants.c by a forger who knows the format: members
 * are changed, cut, removed, doubled, moved, and taken from other containers,
 * and the framing is made anew each time, so that every CRC-32, size and
 * offset is right.  What is left to refuse is the content.
 *
 * One mutant is accepted, by design: without a recipient's key nobody can
 * judge manifest.mac, and the verdict says so.  With a key it is refused.
 */
#include "../fuzz/mend.h"
#include "mutants.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 1 << 16 };

struct scene {
	struct sealed sealed;
	struct mend_box box;
	bool keyed;
	uint8_t made[ROOM], changed[ROOM];
};

static void start(struct scene *s, const struct sealed_spec *spec, bool keyed)
{
	memset(s, 0, sizeof(*s));
	s->sealed = sealed_make(spec);
	s->keyed = keyed;
	mend_take_apart(&s->box, s->sealed.data, s->sealed.len);
	/* put together unchanged it is the same, to the byte */
	assert_int_equal(mend_put_together(&s->box, s->made, ROOM),
			 s->sealed.len);
	assert_memory_equal(s->made, s->sealed.data, s->sealed.len);
	mutants_accept(s->made, s->sealed.len, keyed);
}

static void refuse(struct scene *s, const struct mend_box *box,
		   const char *what, size_t at)
{
	const size_t len = mend_put_together(box, s->made, ROOM);

	assert_true(len > 0);
	mutants_refuse(s->made, len, s->keyed, what, at);
}

/* The only member that a verifier without a key cannot judge. */
static bool is_beyond(const struct scene *s, const struct mend_member *m)
{
	return !s->keyed && strcmp(m->name, "META-INF/manifest.mac") == 0;
}

static void change_contents(struct scene *s)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff};

	for (size_t i = 0; i < s->box.count; i++) {
		const struct mend_member whole = s->box.members[i];
		struct mend_member *m = &s->box.members[i];

		memcpy(s->changed, whole.data, whole.len);
		m->data = s->changed;
		for (size_t k = 0; k < 3 * whole.len; k++) {
			if (is_beyond(s, m) || !mutants_turn())
				continue;
			s->changed[k / 3] ^= masks[k % 3];
			refuse(s, &s->box, whole.name, k / 3);
			s->changed[k / 3] ^= masks[k % 3];
		}
		*m = whole;
	}
}

/* Cut at every length; a byte left out, a byte doubled, at every place. */
static void change_lengths(struct scene *s)
{
	for (size_t i = 0; i < s->box.count; i++) {
		const struct mend_member whole = s->box.members[i];
		struct mend_member *m = &s->box.members[i];

		for (size_t at = 0; at < whole.len; at++) {
			if (!mutants_turn())
				continue;
			m->len = at;
			refuse(s, &s->box, "cut", at);
			memcpy(s->changed, whole.data, at);
			memcpy(s->changed + at, whole.data + at + 1,
			       whole.len - at - 1);
			m->data = s->changed;
			m->len = whole.len - 1;
			refuse(s, &s->box, "leave out", at);
			s->changed[at] = whole.data[at];
			memcpy(s->changed + at + 1, whole.data + at,
			       whole.len - at);
			m->len = whole.len + 1;
			refuse(s, &s->box, "double", at);
			*m = whole;
		}
	}
}

static void remove_and_double_members(struct scene *s)
{
	for (size_t i = 0; i < s->box.count; i++) {
		struct mend_box box = s->box;

		memmove(&box.members[i], &box.members[i + 1],
			(box.count - i - 1) * sizeof(box.members[0]));
		box.count--;
		refuse(s, &box, "remove member", i);
		for (size_t to = 0; to <= s->box.count; to++) {
			box = s->box;
			memmove(&box.members[to + 1], &box.members[to],
				(box.count - to) * sizeof(box.members[0]));
			box.members[to] = s->box.members[i];
			box.count++;
			refuse(s, &box, "double member", to);
		}
	}
}

static void exchange_members(struct scene *s)
{
	for (size_t i = 0; i < s->box.count; i++) {
		for (size_t k = i + 1; k < s->box.count; k++) {
			struct mend_box box = s->box;

			/* places, then contents */
			box.members[i] = s->box.members[k];
			box.members[k] = s->box.members[i];
			refuse(s, &box, "move member", i);
			memcpy(box.members[i].name, s->box.members[i].name,
			       sizeof(box.members[i].name));
			memcpy(box.members[k].name, s->box.members[k].name,
			       sizeof(box.members[k].name));
			refuse(s, &box, "exchange contents", i);
		}
	}
}

static void rename_members(struct scene *s)
{
	static const char *const names[] = {"META-INF/sig-01.p7s",
					    "META-INF/approval-00.json",
					    "META-INF/approval-00.p7s",
					    "META-INF/manifest.mac",
					    "payload/HELLO.BIN",
					    "payload/../hello.bin",
					    "META-INF/x",
					    "x"};

	for (size_t i = 0; i < s->box.count; i++) {
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			struct mend_box box = s->box;

			if (strcmp(box.members[i].name, names[k]) == 0)
				continue;
			(void)snprintf(box.members[i].name,
				       sizeof(box.members[i].name), "%s",
				       names[k]);
			refuse(s, &box, "rename member", i);
		}
	}
}

/* Every set of members that are taken from another container. */
static void mix(struct scene *s, const struct sealed_spec *spec)
{
	struct sealed other = sealed_make(spec);
	struct mend_box from = {.count = 0};
	const size_t count = s->box.count;

	mend_take_apart(&from, other.data, other.len);
	assert_int_equal(from.count, count);
	for (size_t set = 1; set + 1 < (size_t)1 << count; set++) {
		struct mend_box box = s->box;
		bool differs = false, keeps = false;

		for (size_t i = 0; i < count; i++) {
			const struct mend_member *a = &s->box.members[i];
			const struct mend_member *b = &from.members[i];
			const bool same = a->len == b->len &&
					  memcmp(a->data, b->data, a->len) == 0;

			if ((set >> i & 1) != 0)
				box.members[i] = *b;
			if (same || is_beyond(s, a))
				continue;
			differs = differs || (set >> i & 1) != 0;
			keeps = keeps || (set >> i & 1) == 0;
		}
		/* else it is one of the two, but for what nobody can judge */
		if (differs && keeps && mutants_turn())
			refuse(s, &box, "mix members", set);
	}
	sealed_fini(&other);
}

/* He makes request and manifest list what he changed, too. */
static void change_files(struct scene *s)
{
	for (size_t i = 0; i < s->box.count; i++) {
		const struct mend_member whole = s->box.members[i];
		struct mend_member *m = &s->box.members[i];

		if (strncmp(m->name, "META-INF/", 9) == 0)
			continue;
		memcpy(s->changed, whole.data, whole.len);
		m->data = s->changed;
		for (size_t at = 0; at < whole.len; at++) {
			size_t len = 0;

			s->changed[at] ^= 1;
			len = mend_put_together(&s->box, s->made, ROOM);
			len = mend_container(s->made, len, ROOM);
			mutants_refuse(s->made, len, s->keyed, "list", at);
			s->changed[at] ^= 1;
		}
		*m = whole;
	}
}

static void forge(const struct sealed_spec *spec,
		  const struct sealed_spec *other, bool keyed)
{
	struct scene *s = malloc(sizeof(*s));

	assert_non_null(s);
	start(s, spec, keyed);
	change_contents(s);
	change_lengths(s);
	remove_and_double_members(s);
	exchange_members(s);
	rename_members(s);
	mix(s, other);
	change_files(s);
	sealed_fini(&s->sealed);
	free(s);
}

static void test_signed(void **state)
{
	(void)state;
	forge(&(struct sealed_spec){.metadata = true},
	      &(struct sealed_spec){.metadata = true, .data = "HELLO\n"},
	      false);
	/* the same but for the version: an older signature is no newer one */
	forge(&(struct sealed_spec){.sequence = 2},
	      &(struct sealed_spec){.sequence = 1}, false);
}

static void test_bundle(void **state)
{
	(void)state;
	forge(&(struct sealed_spec){.bundle = true},
	      &(struct sealed_spec){.bundle = true, .data = "HELLO\n"}, false);
}

static void test_sealed_without_key(void **state)
{
	const struct sealed_spec spec = {.kind = PKG_CONTAINER_SEALED};

	(void)state;
	forge(&spec, &spec, false); /* every one has its own keys */
}

static void test_sealed_with_key(void **state)
{
	const struct sealed_spec spec = {.kind = PKG_CONTAINER_SEALED};

	(void)state;
	forge(&spec, &spec, true);
}

static void test_encrypted_with_key(void **state)
{
	const struct sealed_spec spec = {.kind = PKG_CONTAINER_ENCRYPTED};
	struct pkg_trust *ca = mutants_trust;

	(void)state;
	mutants_trust =
	    sealed_policy("packline: 1\ntrust: {allowUnsigned: true}\n");
	forge(&spec, &spec, true);
	pkg_trust_free(mutants_trust);
	mutants_trust = ca;
}

/* What officers have said is as fixed as what was signed. */
static void test_approved(void **state)
{
	struct pkg_trust *ca = mutants_trust;

	(void)state;
	mutants_trust = sealed_approvals();
	forge(&(struct sealed_spec){.approved = true},
	      &(struct sealed_spec){.approved = true, .data = "HELLO\n"},
	      false);
	pkg_trust_free(mutants_trust);
	mutants_trust = ca;
}

/* The exception: accepted without a key, and told as not checked. */
static void test_mac_of_another(void **state)
{
	const struct sealed_spec spec = {.kind = PKG_CONTAINER_SEALED};
	const struct pkg_verify_options keyless = {.trust = mutants_trust};
	struct scene *s = malloc(sizeof(*s));
	struct pkg_verdict *verdict = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct mend_member *mac = NULL;
	size_t len = 0;

	(void)state;
	assert_non_null(s);
	start(s, &spec, false);
	for (size_t i = 0; i < s->box.count; i++)
		if (is_beyond(s, &s->box.members[i]))
			mac = &s->box.members[i];
	assert_non_null(mac);
	memset(s->changed, 'a', mac->len);
	mac->data = s->changed;
	len = mend_put_together(&s->box, s->made, ROOM);
	assert_ok(sealed_verify(&verdict, s->made, len, &keyless, &err));
	assert_int_equal(verdict->checks[PKG_VERIFY_MAC].state,
			 PKG_VERIFY_NOT_CHECKED);
	pkg_verdict_free(verdict);
	mutants_refuse(s->made, len, true, "mac", 0);
	/* not even without a key if it cannot be a MAC */
	memset(s->changed, 'A', mac->len);
	refuse(s, &s->box, "upper case", 0);
	sealed_fini(&s->sealed);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_signed),
	    cmocka_unit_test(test_bundle),
	    cmocka_unit_test(test_sealed_without_key),
	    cmocka_unit_test(test_sealed_with_key),
	    cmocka_unit_test(test_encrypted_with_key),
	    cmocka_unit_test(test_approved),
	    cmocka_unit_test(test_mac_of_another),
	};

	return cmocka_run_group_tests_name("verify_mended", tests,
					   mutants_start, mutants_stop);
}

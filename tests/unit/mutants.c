/* SPDX-License-Identifier: Apache-2.0 */
#include "mutants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pkg_trust *mutants_trust;
struct pkg_key *mutants_recipient;

/* Of those that are tried by default, one in so many. */
enum { SAMPLE = 31 };

/* How often which reason was given. */
static struct {
	char reason[32];
	size_t count;
} tally[40];
static size_t refused, asked;

int mutants_start(void **state)
{
	if (pki_start(state) != 0)
		return -1;
	mutants_trust = sealed_trust(&pki.ca);
	mutants_recipient = sealed_recipient();
	return 0;
}

int mutants_stop(void **state)
{
	print_message("[ MUTANTS  ] %zu refused, 0 accepted:", refused);
	for (size_t i = 0; tally[i].count > 0; i++)
		print_message(" %s %zu", tally[i].reason, tally[i].count);
	print_message("\n");
	pkg_key_free(mutants_recipient);
	pkg_trust_free(mutants_trust);
	return pki_stop(state);
}

bool mutants_turn(void)
{
	static long step;

	if (step == 0) {
		const char *text = getenv("PKG_MUTANTS");

		step = text == NULL ? SAMPLE : strtol(text, NULL, 10);
		if (step < 1)
			step = 1;
	}
	return asked++ % (size_t)step == 0;
}

void mutants_count(const char *reason)
{
	size_t i = 0;

	while (tally[i].count > 0 && strcmp(tally[i].reason, reason) != 0)
		i++;
	assert_true(i + 1 < sizeof(tally) / sizeof(tally[0]));
	(void)snprintf(tally[i].reason, sizeof(tally[i].reason), "%s", reason);
	tally[i].count++;
	refused++;
}

void mutants_refuse(const void *data, size_t len, bool keyed, const char *what,
		    size_t at)
{
	const struct pkg_verify_options options = {
	    .trust = mutants_trust,
	    .recipient = keyed ? mutants_recipient : NULL};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_verdict *verdict = NULL;
	const enum pkg_code code =
	    sealed_verify(&verdict, data, len, &options, &err);

	if (code != PKG_NO && code != PKG_INPUT)
		fail_msg("%s at %zu: %d %s", what, at, (int)code, err.text);
	if (err.reason == NULL || verdict == NULL || verdict->ok ||
	    verdict->reason == NULL || strcmp(verdict->reason, err.reason) != 0)
		fail_msg("%s at %zu has no reason: %s", what, at, err.text);
	mutants_count(err.reason);
	pkg_verdict_free(verdict);
}

void mutants_accept(const void *data, size_t len, bool keyed)
{
	const struct pkg_verify_options options = {
	    .trust = mutants_trust,
	    .recipient = keyed ? mutants_recipient : NULL};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_verdict *verdict = NULL;

	assert_ok(sealed_verify(&verdict, data, len, &options, &err));
	assert_true(verdict->ok);
	pkg_verdict_free(verdict);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_MUTANTS_H
#define UNIT_MUTANTS_H

/*
 * Changed containers, which must all be refused for a reason.
 * PKG_MUTANTS=N in the environment tries every Nth, 1 all of them (which
 * tests/long/mutants.sh does: it takes minutes on a busy machine); without it
 * every 31st is tried.
 */
#include "sealed.h"

/* Who is trusted, and the recipient's key; set by mutants_start(). */
extern struct pkg_trust *mutants_trust;
extern struct pkg_key *mutants_recipient;

/* Set-up and tear-down of a group; the latter tells how many there were. */
int mutants_start(void **state);
int mutants_stop(void **state);

/* Is the mutant at hand, number 0, 1, 2, ..., one of those to be tried? */
bool mutants_turn(void);
/* The answer must be no, with a reason; @what and @at are for the message. */
void mutants_refuse(const void *data, size_t len, bool keyed, const char *what,
		    size_t at);
/* The same for who asks otherwise: it was refused for @reason. */
void mutants_count(const char *reason);
/* The answer must be yes. */
void mutants_accept(const void *data, size_t len, bool keyed);

#endif

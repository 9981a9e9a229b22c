/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_VERIFY_BOX_H
#define UNIT_VERIFY_BOX_H

#include "sealed.h"

/* The test CA as a trust, and the key of the recipient. */
extern struct pkg_trust *verify_box_ca;
extern struct pkg_key *verify_box_key;

/* One verification and what came of it. */
struct verify_box {
	struct pkg_verdict *verdict;
	struct pkg_err err;
	enum pkg_code code;
};

/* Set-up and tear-down of a group of tests. */
int verify_box_start(void **state);
int verify_box_stop(void **state);
void verify_box_fini(struct verify_box *outcome);
/* Make a container in memory and verify it. */
struct verify_box verify_box_ask(const struct sealed_spec *spec,
				 const struct pkg_verify_options *options);
/* The same, with this end; @reason NULL = a yes. */
void verify_box_expect(const struct sealed_spec *spec,
		       const struct pkg_verify_options *options,
		       enum pkg_code code, const char *reason);
enum pkg_verify_state verify_box_state(const struct verify_box *outcome,
				       enum pkg_verify_check_id id);

#define SPEC(...)                                                              \
	&(struct sealed_spec)                                                  \
	{                                                                      \
		__VA_ARGS__                                                    \
	}
#define OPT(...)                                                               \
	&(struct pkg_verify_options)                                           \
	{                                                                      \
		__VA_ARGS__                                                    \
	}

#endif

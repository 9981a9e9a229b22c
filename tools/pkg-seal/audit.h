/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_SEAL_AUDIT_H
#define PKG_SEAL_AUDIT_H

/* What the verbs write to an audit log. */

#include "common/audit.h"
#include "packline/arena.h"
#include "packline/cert.h"
#include "packline/seal.h"
#include "packline/sink.h"

/* Outputs that one line tells of; more are told in lines of their own. */
enum { SEAL_AUDIT_OUTPUTS = 1000 };

/*
 * In caller memory, all zero; without a log everything here does nothing.
 * Records pass through on their way to standard output: they know what became
 * of it.
 */
struct seal_audit {
	struct pkg_sink sink; /* of records */
	struct pkg_sink *to;  /* where they go; NULL = they end here */
	struct audit_trail trail;
	const char *event;       /* the verb, a literal */
	const char *input;       /* what the user has named; NULL = nothing */
	struct pkg_buf line;     /* of a record that is not complete yet */
	struct pkg_arena *arena; /* of what follows */
	struct pkg_audit_item *outputs;
	size_t count;
	struct pkg_audit_item manifest; /* of the last record */
	const char *id;                 /* of its container */
	/* Who is asked first. */
	pkg_seal_agree *agree;
	void *agree_context;
};

enum pkg_code seal_audit_open(struct seal_audit *audit, struct cli *cli,
			      const struct audit_args *args,
			      struct pkg_err *err);
void seal_audit_fini(struct seal_audit *audit);
/* Where records have to go to be seen on their way to @to. */
struct pkg_sink *seal_audit_records(struct seal_audit *audit,
				    struct pkg_sink *to);
/*
 * For lib/seal, @context is a struct seal_audit: ask, then say in the log what
 * the key is going to be used for.
 */
enum pkg_code seal_audit_agree(void *context,
			       const struct pkg_seal_subject *subject,
			       struct pkg_err *err);
/* The same for a verb that asks nobody. */
enum pkg_code seal_audit_begin(struct seal_audit *audit,
			       struct pkg_audit_entry *entry,
			       struct pkg_err *err);
/* What the signer's certificate is called in the log, or NULL. */
const uint8_t *seal_audit_cert(const struct pkg_seal_signer *signer);
/* How it went, as audit_trail_end(). */
enum pkg_code seal_audit_end(struct seal_audit *audit, enum pkg_code code,
			     struct pkg_err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_AUDIT_TABLES_H
#define LEDGER_AUDIT_TABLES_H

#include "packline/schema.h"

/* A line and a head of an audit log, as they are bound. */
struct audit_item {
	const struct pkg_node *at;
	const struct pkg_node *name, *sha256;
};

struct audit_line {
	const struct pkg_node *at;
	const struct pkg_node *certificate, *decision, *event, *job, *key, *log,
	    *note, *operator, * previous, *reason, *tenant, *time, *tool;
	struct pkg_int_value begin, number, packline, uid;
	struct pkg_enum_value phase, type;
	struct pkg_list inputs, outputs;
};

struct audit_head {
	const struct pkg_node *at;
	const struct pkg_node *log, *sha256, *time;
	struct pkg_int_value number, packline;
	struct pkg_enum_value type;
};

extern const struct pkg_table pkg_audit_line_table;
extern const struct pkg_table pkg_audit_head_table;
/* By enum pkg_audit_phase. */
extern const char *const pkg_audit_phases[];

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_AUDIT_BOX_H
#define UNIT_AUDIT_BOX_H

#include "unit.h"

#include "packline/audit.h"
#include "packline/env.h"

/* Audit logs to be tested: each test has a folder of its own. */
extern char audit_path[128]; /* of the log */
extern struct pkg_env audit_env;

int audit_box_start(void **state);
int audit_box_stop(void **state);
int audit_box_enter(void **state);
int audit_box_leave(void **state);
const char *audit_rotated(unsigned number);
struct pkg_audit *audit_open(uint64_t rotate);
void audit_append(struct pkg_audit *audit, const char *event,
		  enum pkg_audit_phase phase);
void audit_make(uint64_t lines, uint64_t rotate);
enum pkg_code audit_check(struct pkg_audit_report *report,
			  const struct pkg_audit_head *heads, size_t count,
			  struct pkg_err *err);
struct pkg_audit_report audit_holds(void);
void audit_refused(const char *reason);
char *audit_slurp(const char *name, size_t *len);
void audit_spill(const char *name, const char *text, size_t len);

#endif

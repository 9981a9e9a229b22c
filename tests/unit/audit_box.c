/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_box.h"

#include "packline/crypto.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char top[64];
char audit_path[128];
struct pkg_env audit_env;

static int64_t fixed(const struct pkg_env *self)
{
	return self->fixed_now;
}

int audit_box_start(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	audit_env.now = fixed;
	audit_env.fixed_now = 1764561600; /* 2025-12-01T04:00:00Z */
	return pkg_crypto_new(&audit_env.crypto, &err) == PKG_OK ? 0 : -1;
}

int audit_box_stop(void **state)
{
	(void)state;
	pkg_crypto_free(audit_env.crypto);
	return 0;
}

/* Each test has a folder of its own, which is then removed. */
int audit_box_enter(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/packline-audit-XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	(void)snprintf(audit_path, sizeof(audit_path), "%s/log", top);
	return 0;
}

int audit_box_leave(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", top);
	return system(command);
}

const char *audit_rotated(unsigned number)
{
	static char name[160];

	(void)snprintf(name, sizeof(name), "%s.%06u", audit_path, number);
	return name;
}

struct pkg_audit *audit_open(uint64_t rotate)
{
	const struct pkg_audit_options options = {
	    .tool = "test 1", .who = "alice", .rotate = rotate};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_audit *audit = NULL;

	assert_ok(pkg_audit_open(&audit, &audit_env, AT_FDCWD, audit_path,
				 &options, &err));
	return audit;
}

void audit_append(struct pkg_audit *audit, const char *event,
		  enum pkg_audit_phase phase)
{
	const struct pkg_audit_entry entry = {.event = event, .phase = phase};
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_audit_append(audit, &entry, &err));
}

/* A log of @lines lines, the first of which is its own. */
void audit_make(uint64_t lines, uint64_t rotate)
{
	PKG_AUTO(pkg_audit) struct pkg_audit *audit = audit_open(rotate);

	while (pkg_audit_number(audit) < lines)
		audit_append(audit, "sign", PKG_AUDIT_DONE);
}

enum pkg_code audit_check(struct pkg_audit_report *report,
			  const struct pkg_audit_head *heads, size_t count,
			  struct pkg_err *err)
{
	PKG_AUTO(pkg_audit_files) struct pkg_audit_files *files = NULL;

	PKG_TRY(pkg_audit_files_open(&files, AT_FDCWD, audit_path, err));
	return pkg_audit_check(report, &audit_env, files, heads, count, err);
}

struct pkg_audit_report audit_holds(void)
{
	struct pkg_audit_report report = {0};
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(audit_check(&report, NULL, 0, &err));
	return report;
}

void audit_refused(const char *reason)
{
	struct pkg_audit_report report = {0};
	struct pkg_err err = PKG_ERR_INIT;

	assert_int_not_equal(audit_check(&report, NULL, 0, &err), PKG_OK);
	assert_non_null(err.reason);
	assert_string_equal(err.reason, reason);
}

char *audit_slurp(const char *name, size_t *len)
{
	static char text[1u << 20];
	FILE *file = fopen(name, "r");

	assert_non_null(file);
	*len = fread(text, 1, sizeof(text) - 1, file);
	text[*len] = '\0';
	assert_int_equal(fclose(file), 0);
	return text;
}

void audit_spill(const char *name, const char *text, size_t len)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Audit logs and heads: lines are read, the chain is checked. */
#include "fuzz.h"

#include "ledger/audit_files.h"

#include "packline/audit.h"
#include "packline/crypto.h"
#include "packline/digest.h"
#include "packline/env.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int64_t now(const struct pkg_env *env)
{
	return env->fixed_now;
}

/* What is read of a head is what it says, in its one spelling. */
static void head(const uint8_t *data, size_t size)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf again = {.max = PKG_LIMIT_AUDIT_HEAD};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_audit_head head;
	const enum pkg_code code =
	    pkg_audit_head_decode(&head, data, size, &err);

	if (code != PKG_OK) {
		MUST_REFUSE(code, &err);
		return;
	}
	MUST(pkg_audit_head_encode(&again, &head, &err) == PKG_OK);
	MUST(again.len == size && memcmp(again.data, data, size) == 0);
}

static enum pkg_code check(struct pkg_audit_report *report,
			   const struct pkg_env *env, int fd, size_t size,
			   const struct pkg_audit_head *known)
{
	char name[] = "log";
	struct audit_file file = {.fd = fd, .size = size, .name = name};
	struct pkg_audit_files files = {.count = 1, .items = &file};
	struct pkg_err err = PKG_ERR_INIT;
	const enum pkg_code code = pkg_audit_check(report, env, &files, known,
						   known == NULL ? 0 : 1, &err);

	if (code != PKG_OK)
		MUST_REFUSE(code, &err);
	return code;
}

/* Where the writer would go on is where the check has found the end. */
static void tail(struct pkg_crypto *crypto, int fd,
		 const struct pkg_audit_report *report, enum pkg_code checked)
{
	PKG_AUTO_FINI(pkg_audit_reader) struct pkg_audit_reader reader = {0};
	struct pkg_err err = PKG_ERR_INIT;
	struct audit_tail tail;
	enum pkg_code code;

	MUST(pkg_audit_reader_init(&reader, crypto, &err) == PKG_OK);
	code = pkg_audit_tail_read(&tail, &reader, fd, &err);
	if (code != PKG_OK)
		MUST_REFUSE(code, &err);
	if (checked != PKG_OK)
		return;
	MUST(code == PKG_OK && tail.torn == 0);
	MUST(tail.last.number == report->head.number);
	MUST(memcmp(tail.last.sha256, report->head.sha256, 32) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pkg_env env = {.now = now, .fixed_now = 1800000000};
	static int fd = -1;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_audit_report report, again;
	enum pkg_code code;

	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		MUST(pkg_crypto_new(&env.crypto, &err) == PKG_OK);
	}
	MUST(fd >= 0 && ftruncate(fd, 0) == 0);
	MUST(pwrite(fd, data, size, 0) == (ssize_t)size);
	head(data, size);
	code = check(&report, &env, fd, size, NULL);
	tail(env.crypto, fd, &report, code);
	if (code != PKG_OK)
		return 0;
	/* Its own head holds, and one line less does not reach it. */
	MUST(report.lines == report.head.number && report.files == 1);
	MUST(check(&again, &env, fd, size, &report.head) == PKG_OK);
	MUST(again.heads == 1);
	report.head.number++;
	MUST(check(&again, &env, fd, size, &report.head) == PKG_NO);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of faults stop at every system call: writes to an audit log,
 * or changes a job.  Each step that was acknowledged is told on standard
 * output, with one write().
 *
 *     ledger audit LOG ROTATE LINES
 *     ledger job SPOOL begin|state|purge ID TEXT
 */
#include "packline/audit.h"
#include "packline/crypto.h"
#include "packline/env.h"
#include "packline/job.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int64_t fixed(const struct pkg_env *env)
{
	return env->fixed_now;
}

static void told(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(4);
}

static enum pkg_code append_lines(const struct pkg_env *env, char **argv,
				  struct pkg_err *err)
{
	const struct pkg_audit_options options = {
	    .tool = "test 1",
	    .who = "alice",
	    .rotate = strtoull(argv[1], NULL, 10),
	};
	PKG_AUTO(pkg_audit) struct pkg_audit *audit = NULL;
	char note[64];

	PKG_TRY(pkg_audit_open(&audit, env, AT_FDCWD, argv[0], &options, err));
	for (unsigned long i = 0; i < strtoul(argv[2], NULL, 10); i++) {
		const struct pkg_audit_entry entry = {.event = "sign",
						      .note = note};

		(void)snprintf(note, sizeof(note), "%d-%lu", getpid(), i);
		PKG_TRY(pkg_audit_append(audit, &entry, err));
		(void)snprintf(note, sizeof(note), "%" PRIu64 " %d-%lu\n",
			       pkg_audit_number(audit), getpid(), i);
		told(note);
	}
	return PKG_OK;
}

static enum pkg_code put(struct pkg_outdir *folder, const char *name,
			 const char *text, struct pkg_err *err)
{
	int fd = -1;

	PKG_TRY(pkg_outdir_create(folder, name, 0600, &fd, err));
	if (write(fd, text, strlen(text)) < 0) {
		(void)close(fd);
		return pkg_fail(err, PKG_SYSTEM, "cannot write");
	}
	return pkg_outdir_close_file(folder, fd, err);
}

static enum pkg_code begin(struct pkg_spool *spool, const char *id,
			   const char *text, struct pkg_err *err)
{
	PKG_AUTO(pkg_outdir) struct pkg_outdir *folder = NULL;

	PKG_TRY(pkg_job_begin(&folder, spool, "acme", id, err));
	PKG_TRY(put(folder, "state.json", text, err));
	PKG_TRY(put(folder, "document", text, err));
	return pkg_job_commit(folder, err);
}

static enum pkg_code change(struct pkg_spool *spool, char **argv,
			    struct pkg_err *err)
{
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;

	if (strcmp(argv[1], "begin") == 0)
		return begin(spool, argv[2], argv[3], err);
	PKG_TRY(pkg_job_open(&job, spool, "acme", argv[2], PKG_JOB_TRY, err));
	PKG_TRY(pkg_job_write_state(job, argv[3], strlen(argv[3]), err));
	if (strcmp(argv[1], "purge") == 0)
		return pkg_job_purge(job, NULL, err);
	return PKG_OK;
}

static enum pkg_code use_job(char **argv, struct pkg_err *err)
{
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = NULL;

	PKG_TRY(pkg_spool_open(&spool, AT_FDCWD, argv[0], "batch", true, err));
	PKG_TRY(change(spool, argv, err));
	told("done\n");
	return PKG_OK;
}

int main(int argc, char **argv)
{
	struct pkg_env env = {.now = fixed, .fixed_now = 1764561600};
	struct pkg_err err = PKG_ERR_INIT;

	if (argc < 5 || pkg_crypto_new(&env.crypto, &err) != PKG_OK)
		return 2;
	if (strcmp(argv[1], "audit") == 0)
		(void)append_lines(&env, argv + 2, &err);
	else if (argc == 6)
		(void)use_job(argv + 2, &err);
	pkg_crypto_free(env.crypto);
	if (err.code != PKG_OK)
		(void)fprintf(stderr, "%s\n", err.text);
	return (int)err.code;
}

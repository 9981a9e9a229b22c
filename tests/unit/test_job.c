/* SPDX-License-Identifier: Apache-2.0 */
/* Spools: folders of jobs that outlive the program. */
#include "unit.h"

#include "packline/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each test has a folder of its own, which is then removed. */
static char top[64], spool_path[96];

static int enter(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/packline-job-XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	(void)snprintf(spool_path, sizeof(spool_path), "%s/spool", top);
	return 0;
}

static int leave(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", top);
	return system(command);
}

static struct pkg_spool *open_spool(void)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_spool *spool = NULL;

	assert_ok(
	    pkg_spool_open(&spool, AT_FDCWD, spool_path, "batch", true, &err));
	return spool;
}

/* A path below the spool. */
static const char *below(const char *rest)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", spool_path, rest);
	return path;
}

static void put(struct pkg_outdir *folder, const char *name, const char *text)
{
	struct pkg_err err = PKG_ERR_INIT;
	int fd = -1;

	assert_ok(pkg_outdir_create(folder, name, 0600, &fd, &err));
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_ok(pkg_outdir_close_file(folder, fd, &err));
}

static void make_job(struct pkg_spool *spool, const char *tenant,
		     const char *id)
{
	PKG_AUTO(pkg_outdir) struct pkg_outdir *folder = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_job_begin(&folder, spool, tenant, id, &err));
	put(folder, "state.json", "{}");
	put(folder, "a.bin", "content");
	assert_ok(pkg_job_commit(folder, &err));
}

static void state_is(const struct pkg_job *job, const char *text)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 1000};
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_job_read_state(job, &buf, &err));
	assert_string_equal(pkg_buf_str(&buf), text);
}

static void refused(enum pkg_code got, const struct pkg_err *err,
		    enum pkg_code code, const char *reason)
{
	assert_int_equal(got, code);
	assert_non_null(err->reason);
	assert_string_equal(err->reason, reason);
}

/* What opening it says. */
static void open_refused(struct pkg_spool *spool, const char *tenant,
			 enum pkg_code code, const char *reason)
{
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	refused(pkg_job_open(&job, spool, tenant, "one", PKG_JOB_TRY, &err),
		&err, code, reason);
}

static void a_job_appears_whole_and_can_be_changed(void **state)
{
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = open_spool();
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	make_job(spool, "acme", "one");
	assert_ok(pkg_job_open(&job, spool, "acme", "one", PKG_JOB_WAIT, &err));
	assert_string_equal(pkg_job_tenant(job), "acme");
	assert_string_equal(pkg_job_id(job), "one");
	state_is(job, "{}");
	assert_ok(pkg_job_write_state(job, "{\"a\":1}", 7, &err));
	state_is(job, "{\"a\":1}");
	assert_int_equal(faccessat(pkg_job_fd(job), "a.bin", F_OK, 0), 0);
}

static void until_it_is_committed_nobody_sees_it(void **state)
{
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = open_spool();
	PKG_AUTO(pkg_outdir) struct pkg_outdir *first = NULL;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *second = NULL;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *third = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_ok(pkg_job_begin(&first, spool, "acme", "one", &err));
	assert_ok(pkg_job_begin(&second, spool, "acme", "one", &err));
	open_refused(spool, "acme", PKG_NO, "no-such-job");
	assert_ok(pkg_job_commit(first, &err));
	refused(pkg_job_commit(second, &err), &err, PKG_USAGE, "job-exists");
	refused(pkg_job_begin(&third, spool, "acme", "one", &err), &err,
		PKG_USAGE, "job-exists");
}

static void one_at_a_time_changes_it(void **state)
{
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = open_spool();
	PKG_AUTO(pkg_job) struct pkg_job *writer = NULL;
	PKG_AUTO(pkg_job) struct pkg_job *reader = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	make_job(spool, "acme", "one");
	assert_ok(
	    pkg_job_open(&writer, spool, "acme", "one", PKG_JOB_TRY, &err));
	open_refused(spool, "acme", PKG_NO, "job-busy");
	assert_ok(
	    pkg_job_open(&reader, spool, "acme", "one", PKG_JOB_READ, &err));
	state_is(reader, "{}");
	assert_int_equal(pkg_job_write_state(reader, "", 0, &err),
			 PKG_INTERNAL);
	assert_int_equal(pkg_job_purge(reader, NULL, &err), PKG_INTERNAL);
	pkg_job_free(PKG_STEAL(writer));
	assert_ok(
	    pkg_job_open(&writer, spool, "acme", "one", PKG_JOB_TRY, &err));
}

static void who_waits_gets_it(void **state)
{
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = open_spool();
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	int status = 0;
	pid_t child;

	(void)state;
	make_job(spool, "acme", "one");
	assert_ok(pkg_job_open(&job, spool, "acme", "one", PKG_JOB_TRY, &err));
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct pkg_job *mine = NULL;

		pkg_job_free(job); /* the lock would be ours, too */
		_exit(pkg_job_open(&mine, spool, "acme", "one", PKG_JOB_WAIT,
				   &err) == PKG_OK &&
			      pkg_job_write_state(mine, "[]", 2, &err) == PKG_OK
			  ? 0
			  : 1);
	}
	state_is(job, "{}");
	assert_ok(pkg_job_write_state(job, "{\"b\":2}", 7, &err));
	pkg_job_free(PKG_STEAL(job));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_ok(pkg_job_open(&job, spool, "acme", "one", PKG_JOB_READ, &err));
	state_is(job, "[]");
}

/* Its folder is a name with a link in it, a file, ... */
static void names_that_lead_elsewhere(void **state)
{
	static const char *const bad[] = {
	    "",    ".",  "..",  "a/b",  "/etc", ".a",    "a\n",
	    "-rf", "a ", "nul", "a\\b", "\xff", "com1.x"};
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = open_spool();
	PKG_AUTO(pkg_outdir) struct pkg_outdir *folder = NULL;
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pkg_err err = PKG_ERR_INIT;

		refused(pkg_job_begin(&folder, spool, bad[i], "one", &err),
			&err, PKG_INPUT, "name-grammar");
		refused(pkg_job_begin(&folder, spool, "acme", bad[i], &err),
			&err, PKG_INPUT, "name-grammar");
		refused(pkg_job_open(&job, spool, "acme", bad[i], PKG_JOB_READ,
				     &err),
			&err, PKG_INPUT, "name-grammar");
	}
	make_job(spool, "acme", "two");
	assert_int_equal(symlink("two", below("batch/acme/one")), 0);
	open_refused(spool, "acme", PKG_INPUT, "spool-unsafe");
	assert_int_equal(symlink("acme", below("batch/link")), 0);
	open_refused(spool, "link", PKG_INPUT, "spool-unsafe");
}

/* Each folder on the way: writable by others, or somebody else's. */
static void what_others_can_change_is_refused(void **state)
{
	static const char *const folders[] = {"batch/acme", "batch/acme/one"};
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = open_spool();

	(void)state;
	make_job(spool, "acme", "one");
	for (size_t i = 0; i < 2; i++) {
		const char *path = below(folders[i]);

		assert_int_equal(chmod(path, 0770), 0);
		open_refused(spool, "acme", PKG_INPUT, "spool-unsafe");
		assert_int_equal(chmod(path, 0702), 0);
		open_refused(spool, "acme", PKG_INPUT, "spool-unsafe");
		assert_int_equal(chmod(path, 0700), 0);
		if (geteuid() != 0)
			continue;
		assert_int_equal(chown(path, 12345, 0), 0);
		open_refused(spool, "acme", PKG_INPUT, "spool-unsafe");
		assert_int_equal(chown(path, 0, 0), 0);
	}
}

static void a_spool_that_others_can_change(void **state)
{
	static const char *const folders[] = {"", "batch"};
	struct pkg_spool *spool = open_spool();

	(void)state;
	pkg_spool_free(spool);
	for (size_t i = 0; i < 2; i++) {
		const char *path = below(folders[i]);
		struct pkg_err err = PKG_ERR_INIT;

		assert_int_equal(chmod(path, 0777), 0);
		refused(pkg_spool_open(&spool, AT_FDCWD, spool_path, "batch",
				       true, &err),
			&err, PKG_INPUT, "spool-unsafe");
		assert_int_equal(chmod(path, 01777), 0); /* as /tmp */
		assert_ok(pkg_spool_open(&spool, AT_FDCWD, spool_path, "batch",
					 true, &err));
		pkg_spool_free(spool);
		if (geteuid() != 0)
			continue;
		assert_int_equal(chown(path, 12345, 0), 0);
		refused(pkg_spool_open(&spool, AT_FDCWD, spool_path, "batch",
				       true, &err),
			&err, PKG_INPUT, "spool-unsafe");
		assert_int_equal(chown(path, 0, 0), 0);
	}
}

static void a_state_that_others_can_write(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 1000};
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = open_spool();
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	const char *path = NULL;

	(void)state;
	make_job(spool, "acme", "one");
	assert_ok(pkg_job_open(&job, spool, "acme", "one", PKG_JOB_READ, &err));
	path = below("batch/acme/one/state.json");
	assert_int_equal(chmod(path, 0620), 0);
	refused(pkg_job_read_state(job, &buf, &err), &err, PKG_INPUT,
		"spool-unsafe");
	assert_int_equal(chmod(path, 0600), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 0), 0);
		refused(pkg_job_read_state(job, &buf, &err), &err, PKG_INPUT,
			"spool-unsafe");
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("a.bin", path), 0);
	refused(pkg_job_read_state(job, &buf, &err), &err, PKG_INPUT,
		"not-a-file");
}

static void mode_is(const char *rest, unsigned mode)
{
	struct stat st;

	assert_int_equal(stat(below(rest), &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void modes_come_from_the_spool(void **state)
{
	struct pkg_spool *spool = NULL;

	(void)state;
	assert_int_equal(mkdir(spool_path, 0700), 0);
	assert_int_equal(chmod(spool_path, 02750), 0);
	spool = open_spool();
	make_job(spool, "acme", "one");
	pkg_spool_free(spool);
	mode_is("batch", 02750);
	mode_is("batch/acme", 02750);
	mode_is("batch/acme/one", 02750);
	/* Everybody has tenants of his own there. */
	assert_int_equal(chmod(below("batch"), 01770), 0);
	spool = open_spool();
	make_job(spool, "other", "one");
	pkg_spool_free(spool);
	mode_is("batch/other", 0700);
	mode_is("batch/other/one", 0700);
}

static enum pkg_code note(void *context, const char *tenant, const char *id,
			  struct pkg_err *err)
{
	struct pkg_buf *out = context;

	return pkg_buf_printf(out, err, "%s/%s ", tenant, id);
}

static void listing_is(struct pkg_spool *spool, const char *tenant,
		       const char *expected)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = 1000};
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_spool_list(spool, tenant, note, &out, &err));
	assert_string_equal(pkg_buf_str(&out), expected);
}

static void the_list_is_sorted_and_opens_no_job(void **state)
{
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = open_spool();
	PKG_AUTO(pkg_outdir) struct pkg_outdir *unseen = NULL;
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	make_job(spool, "zeta", "one");
	make_job(spool, "acme", "b");
	make_job(spool, "acme", "a");
	make_job(spool, "acme", "B");
	assert_ok(pkg_job_begin(&unseen, spool, "acme", "c", &err));
	listing_is(spool, NULL, "acme/B acme/a acme/b zeta/one ");
	listing_is(spool, "zeta", "zeta/one ");
	listing_is(spool, "nobody", "");
	/* Its state says nothing, and is not asked. */
	assert_int_equal(truncate(below("batch/acme/a/state.json"), 0), 0);
	assert_int_equal(chmod(below("batch/acme/a"), 0), 0);
	listing_is(spool, "acme", "acme/B acme/a acme/b ");
	assert_int_equal(chmod(below("batch/acme/a"), 0700), 0);
	/* One of this id, in whatever tenant. */
	assert_ok(pkg_job_open(&job, spool, NULL, "one", PKG_JOB_READ, &err));
	assert_string_equal(pkg_job_tenant(job), "zeta");
	make_job(spool, "acme", "one");
	pkg_job_free(PKG_STEAL(job));
	assert_int_equal(
	    pkg_job_open(&job, spool, NULL, "one", PKG_JOB_READ, &err),
	    PKG_USAGE);
	open_refused(spool, "nobody", PKG_NO, "no-such-job");
}

/* A tenant of somebody else is left out, and opening it is refused. */
static void a_tenant_of_somebody_else(void **state)
{
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = NULL;

	(void)state;
	if (geteuid() != 0)
		skip(); /* jumps: what is open by now would leak */
	spool = open_spool();
	make_job(spool, "acme", "one");
	make_job(spool, "zeta", "one");
	assert_int_equal(chown(below("batch/zeta"), 12345, 0), 0);
	listing_is(spool, NULL, "acme/one ");
	open_refused(spool, "zeta", PKG_INPUT, "spool-unsafe");
}

static void a_purge_leaves_the_record(void **state)
{
	static const char *const keep[] = {"batch.json", NULL};
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = open_spool();
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	int fd;

	(void)state;
	make_job(spool, "acme", "one");
	assert_ok(pkg_job_open(&job, spool, "acme", "one", PKG_JOB_TRY, &err));
	fd = pkg_job_fd(job);
	assert_int_equal(mkdirat(fd, "documents", 0700), 0);
	assert_int_equal(mkdirat(fd, "documents/state.json", 0700), 0);
	assert_int_equal(symlinkat("/etc", fd, "documents/link"), 0);
	(void)close(openat(fd, "documents/x", O_CREAT | O_WRONLY, 0600));
	(void)close(openat(fd, "batch.json", O_CREAT | O_WRONLY, 0600));
	assert_ok(pkg_job_purge(job, keep, &err));
	assert_int_equal(faccessat(fd, "a.bin", F_OK, 0), -1);
	assert_int_equal(faccessat(fd, "documents", F_OK, 0), -1);
	assert_int_equal(faccessat(fd, "batch.json", F_OK, 0), 0);
	assert_int_equal(faccessat(fd, "lock", F_OK, 0), 0);
	state_is(job, "{}");
	assert_ok(pkg_job_purge(job, NULL, &err)); /* again */
	assert_int_equal(faccessat(fd, "batch.json", F_OK, 0), -1);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
}

/* What a killed process left is gone when the job is opened to be changed. */
static void stale_names_are_swept(void **state)
{
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = open_spool();
	PKG_AUTO(pkg_job) struct pkg_job *job = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	const char *path = NULL;

	(void)state;
	make_job(spool, "acme", "one");
	path = below("batch/acme/one/.packline-0011223344556677.tmp");
	(void)close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_ok(pkg_job_open(&job, spool, "acme", "one", PKG_JOB_READ, &err));
	assert_int_equal(access(path, F_OK), 0);
	pkg_job_free(PKG_STEAL(job));
	assert_ok(pkg_job_open(&job, spool, "acme", "one", PKG_JOB_TRY, &err));
	assert_int_equal(access(path, F_OK), -1);
}

static void what_is_not_there_is_made_only_if_asked(void **state)
{
	PKG_AUTO(pkg_spool) struct pkg_spool *spool = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	assert_int_equal(
	    pkg_spool_open(&spool, AT_FDCWD, spool_path, "batch", false, &err),
	    PKG_SYSTEM);
	assert_int_equal(err.os_errno, ENOENT);
	assert_int_equal(access(spool_path, F_OK), -1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
	const struct CMUnitTest tests[] = {
	    TEST(a_job_appears_whole_and_can_be_changed),
	    TEST(until_it_is_committed_nobody_sees_it),
	    TEST(one_at_a_time_changes_it),
	    TEST(who_waits_gets_it),
	    TEST(names_that_lead_elsewhere),
	    TEST(what_others_can_change_is_refused),
	    TEST(a_spool_that_others_can_change),
	    TEST(a_state_that_others_can_write),
	    TEST(modes_come_from_the_spool),
	    TEST(the_list_is_sorted_and_opens_no_job),
	    TEST(a_tenant_of_somebody_else),
	    TEST(a_purge_leaves_the_record),
	    TEST(stale_names_are_swept),
	    TEST(what_is_not_there_is_made_only_if_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

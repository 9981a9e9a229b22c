/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/batch_run.h"
#include "packline/batch_watch.h"
#include "packline/limits.h"
#include "pkg-batch/common.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 1000 }; /* between two looks into IN */

struct args {
	struct batch_args batch;
	const char *requester;
	struct cli_number settle, documents, jobs; /* settle in seconds */
	bool once, keep;
	struct key_args key;
	struct audit_args audit;
};

/* A watch that runs. */
struct watching {
	struct batch_tool tool;
	const struct args *args;
	struct pkg_batch_watch *watch;
	int signals; /* -1 = not open */
	bool stop;
	uint64_t refused; /* of all passes */
};

static void watching_fini(struct watching *self)
{
	pkg_batch_watch_free(self->watch);
	if (self->signals >= 0)
		(void)close(self->signals);
	batch_tool_fini(&self->tool);
}

/* -- signals -- */

/* They end the watch when nothing is half-way, so they are only looked at. */
static enum pkg_code hold_signals(struct watching *self, struct pkg_err *err)
{
	static const int held[] = {SIGTERM, SIGINT, SIGHUP};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		(void)sigaddset(&set, held[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return pkg_fail_os(err, errno, "cannot hold signals back");
	self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (self->signals < 0)
		return pkg_fail_os(err, errno, "cannot hold signals back");
	return PKG_OK;
}

/* Wait so long, or until a signal ends it. */
static void wait_ms(struct watching *self, uint64_t ms)
{
	struct pollfd wait = {.fd = self->signals, .events = POLLIN};

	if (poll(&wait, 1, (int)ms) > 0)
		self->stop = true;
}

static bool stop(void *context)
{
	struct watching *self = context;

	if (!self->stop)
		wait_ms(self, 0);
	return self->stop;
}

static uint64_t clock_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* -- what happens to a batch -- */

/* Say that something is going to happen to a batch. */
static enum pkg_code begin(struct watching *self, const struct pkg_batch *batch,
			   const char *event, struct pkg_audit_entry entry,
			   struct pkg_err *err)
{
	const struct pkg_batch_record *record = pkg_batch_record(batch);

	entry.event = event;
	entry.tenant = record->tenant;
	entry.job = record->id;
	return audit_trail_begin(&self->tool.trail, &entry, err);
}

/* Whoever may write into IN has accepted what he puts there. */
static enum pkg_code accept_it(struct watching *self, struct pkg_batch *batch,
			       struct pkg_err *err)
{
	const struct pkg_batch_accept accept = {
	    .decision = PKG_DECISION_APPROVED,
	    .by = "watch",
	};
	const struct pkg_audit_entry entry = {.decision = "APPROVED"};

	if (pkg_batch_process(batch)->approval_policy != NULL)
		return PKG_OK; /* its officers do */
	PKG_TRY(begin(self, batch, "batch-accept", entry, err));
	return audit_trail_end(&self->tool.trail,
			       pkg_batch_accept(batch, &accept, err), NULL,
			       err);
}

static const struct pkg_certs *certs_of(const struct watching *self)
{
	return self->tool.certs == NULL ? pkg_key_certs(self->tool.key)
					: self->tool.certs;
}

/* All that must hold before the key is used, and say that it will be. */
static enum pkg_code prepare(struct watching *self, struct pkg_batch *batch,
			     struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf request = {.max = PKG_LIMIT_BATCH_RECORD};
	struct pkg_batch_state state = *pkg_batch_state(batch);
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	const struct pkg_certs *certs = certs_of(self);
	uint8_t sha256[32];
	const struct pkg_audit_item input = {"request.json", sha256};
	const struct pkg_audit_entry entry = {
	    .key = pkg_key_name(self->tool.key),
	    .certificate =
		certs == NULL ? NULL : pkg_certs_info(certs, 0)->sha256,
	    .inputs = &input,
	    .input_count = 1,
	};

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_batch_validate(batch, NULL, arena, err));
	PKG_TRY(pkg_batch_request(batch, &request, sha256, err));
	PKG_TRY(begin(self, batch, "batch-run", entry, err));
	if (state.status != PKG_BATCH_ACCEPTED)
		return PKG_OK;
	state.status = PKG_BATCH_READY;
	return pkg_batch_set_state(batch, &state, err);
}

static enum pkg_code sign(const struct watching *self, struct pkg_batch *batch,
			  struct pkg_err *err)
{
	const struct pkg_batch_run_options options = {
	    .key = self->tool.key,
	    .certs = certs_of(self),
	    .threads = (unsigned)self->args->jobs.value,
	};
	struct pkg_batch_outcome outcome;

	return pkg_batch_run(batch, &options, &outcome, err);
}

static enum pkg_code run_it(struct watching *self, struct pkg_batch *batch,
			    struct pkg_err *err)
{
	enum pkg_code code = prepare(self, batch, err);

	if (code == PKG_OK)
		code = sign(self, batch, err);
	return audit_trail_end(&self->tool.trail, code, NULL, err);
}

static enum pkg_code work(void *context, struct pkg_batch *batch,
			  struct pkg_err *err)
{
	struct watching *self = context;
	const struct pkg_batch_state *state = pkg_batch_state(batch);

	if (state->status == PKG_BATCH_NEW)
		PKG_TRY(accept_it(self, batch, err));
	if (state->status == PKG_BATCH_ACCEPTED ||
	    (state->status == PKG_BATCH_READY && !state->exported) ||
	    state->status == PKG_BATCH_IN_PROGRESS)
		PKG_TRY(run_it(self, batch, err));
	/* Time stamps come from outside: pkg-batch timestamp. */
	if (state->status == PKG_BATCH_FINISHING &&
	    !pkg_batch_process(batch)->has_tsa)
		PKG_TRY(pkg_batch_finish(batch, certs_of(self), err));
	return PKG_OK;
}

static enum pkg_code delivered(void *context, const struct pkg_batch *batch,
			       struct pkg_err *err)
{
	const struct watching *self = context;

	return pkg_batch_put_record(batch, cli_stdout(self->tool.cli), true,
				    err);
}

static void tell(void *context, const char *what, const struct pkg_err *why)
{
	const struct watching *self = context;
	struct pkg_err told = *why;

	(void)pkg_wrap(&told, "%s", what);
	cli_error(self->tool.cli, &told);
}

/* -- the watch -- */

static enum pkg_code look(struct watching *self,
			  struct pkg_batch_watch_report *report,
			  struct pkg_err *err)
{
	struct pkg_sink *out = cli_stdout(self->tool.cli);

	do {
		PKG_TRY(
		    pkg_batch_watch_pass(self->watch, clock_ms(), report, err));
		self->refused += report->refused;
		/* Who reads them wants them now. */
		PKG_TRY(pkg_sink_finish(out, err));
	} while (report->more && !stop(self));
	return PKG_OK;
}

/* What was there when it began, if it did not grow any more. */
static enum pkg_code watch_once(struct watching *self, struct pkg_err *err)
{
	struct pkg_batch_watch_report report;

	PKG_TRY(look(self, &report, err));
	if (report.unsettled > 0 && !stop(self)) {
		wait_ms(self, self->args->settle.value * 1000 + 1);
		if (!self->stop)
			PKG_TRY(look(self, &report, err));
	}
	return self->refused + report.waiting + report.unsettled > 0
		   ? cli_no(err)
		   : PKG_OK;
}

static enum pkg_code watch_on(struct watching *self, struct pkg_err *err)
{
	struct pkg_batch_watch_report report;

	while (!stop(self)) {
		PKG_TRY(look(self, &report, err));
		if (!self->stop)
			wait_ms(self, LOOK_MS);
	}
	return PKG_OK;
}

/* The key of the command line, or that of the process. */
static enum pkg_code load_key(struct watching *self, struct pkg_err *err)
{
	const struct pkg_process *process = self->tool.process;
	struct key_args key = self->args->key;

	if (key.key == NULL) {
		key.key = process->key;
		key.cert = key.cert == NULL ? process->cert : key.cert;
	}
	if (key.key == NULL) {
		(void)pkg_fail(err, PKG_USAGE, "no key was named");
		return pkg_hint(err, "give --key KEY and --cert FILE, or say "
				     "them in the process: signing");
	}
	return batch_tool_key(&self->tool, &key, err);
}

static enum pkg_code start(struct watching *self, struct cli *cli, char **argv,
			   struct pkg_err *err)
{
	const struct args *args = self->args;
	struct pkg_batch_watch_options options = {
	    .dirfd = cli_dirfd(cli),
	    .in = argv[0],
	    .out = argv[1],
	    .err = argv[2],
	    .requester = args->requester,
	    .settle_ms = args->settle.value * 1000,
	    .documents = args->documents.value,
	    .keep = args->keep,
	    .work = work,
	    .tell = tell,
	    .delivered = delivered,
	    .stop = stop,
	    .context = self,
	};
	if (args->batch.process == NULL) {
		pkg_fail(err, PKG_USAGE, "no process was named");
		return pkg_hint(err, "give --process FILE");
	}
	PKG_TRY(batch_tool_start(&self->tool, cli, &args->batch, true, err));
	PKG_TRY(audit_trail_open(&self->tool.trail, cli, &args->audit, err));
	PKG_TRY(batch_tool_process(&self->tool, args->batch.process, err));
	options.spool = self->tool.spool;
	options.process = self->tool.process;
	PKG_TRY(hold_signals(self, err));
	PKG_TRY(pkg_batch_watch_new(&self->watch, cli_env(cli), &options, err));
	return load_key(self, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(watching)
	struct watching self = {.args = options, .signals = -1};

	(void)argc;
	PKG_TRY(start(&self, cli, argv, err));
	return self.args->once ? watch_once(&self, err) : watch_on(&self, err);
}

enum pkg_code batch_watch_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {
	    .settle = {.value = 2, .max = 3600},
	    .documents = {.min = 1, .max = PKG_LIMIT_BATCH_DOCUMENTS},
	    .jobs = {.min = 1, .max = 64},
	};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args.batch),
	    BATCH_PROCESS_ROW(args.batch),
	    {"requester", 0, CLI_TEXT, &args.requester, "WHO",
	     "who asks for the signatures", NULL, NULL},
	    {"settle", 0, CLI_NUMBER, &args.settle, "SECONDS",
	     "a file is complete when it did not change so long (default: 2)",
	     NULL, NULL},
	    {"documents", 0, CLI_NUMBER, &args.documents, "N",
	     "at most so many in a batch (default: 1000)", NULL, NULL},
	    {"once", 0, CLI_FLAG, &args.once, NULL,
	     "end when what is there now has come through", NULL, NULL},
	    {"keep", 0, CLI_FLAG, &args.keep, NULL,
	     "leave the documents in the spool, too", NULL, NULL},
	    {"jobs", 'j', CLI_NUMBER, &args.jobs, "N",
	     "sign with so many threads (default: one for each processor)",
	     NULL, NULL},
	    {"key", 0, CLI_TEXT, &args.key.key, "KEY",
	     "sign with this private key (default: the process')", NULL,
	     "file"},
	    {"cert", 0, CLI_TEXT, &args.key.cert, "FILE",
	     "certificate of the key, then its chain", NULL, "file"},
	    KEY_SECRET_ROWS(args.key),
	    AUDIT_ROWS(args.audit),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR --process FILE IN OUT ERR",
	    .purpose = "Sign what is dropped into the folder IN: it comes out "
		       "in OUT, or in ERR.",
	    .table = table,
	    .min_args = 3,
	    .max_args = 3,
	    .complete = "dir",
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}

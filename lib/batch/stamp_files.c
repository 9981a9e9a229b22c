/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp.h"

#include "packline/batch_run.h"
#include "packline/cms.h"
#include "packline/exchange.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/timestamp.h"
#include "packline/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/*
 * Queries and replies of a time-stamping authority, as files in a folder.  A
 * query stays when it was written: the number in it must be repeated by the
 * reply, which may be under way.
 */

enum { FILE_NAME = 32 };

struct stamping {
	struct pkg_batch *batch;
	const struct pkg_batch_stamping *job;
	struct pkg_batch_stamp_report *report;
	struct pkg_timestamp_rules rules;
	struct batch_stamps before;
	struct pkg_sink *out; /* of the new stamps.jsonl */
};

static void file_name(char name[static FILE_NAME], uint64_t document,
		      const char *suffix)
{
	(void)snprintf(name, FILE_NAME, "%06llu.%s",
		       (unsigned long long)document, suffix);
}

static enum pkg_code write_query(const struct stamping *s, const char *name,
				 const struct pkg_batch_result *result,
				 struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf der = {.max = PKG_LIMIT_SIGNATURE};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	const struct pkg_process *process = s->batch->process;
	const struct pkg_timestamp_ask ask = {
	    .digest_bits = process->tsa.digest_bits,
	    .nonce = true,
	    .policy = process->tsa.policy,
	};

	PKG_TRY(pkg_cms_parse(&cms, s->batch->env->crypto, result->signature,
			      result->signature_len, err));
	PKG_TRY(pkg_timestamp_query(&der, cms, &ask, err));
	PKG_TRY(pkg_outfile_open(&file, s->job->dirfd, name, NULL, err));
	PKG_TRY(pkg_sink_write(pkg_outfile_sink(file), der.data, der.len, err));
	return pkg_outfile_commit(file, UINT64_MAX, err);
}

static enum pkg_code query_one(void *context,
			       const struct pkg_batch_result *result,
			       struct pkg_err *err)
{
	struct stamping *s = context;
	char name[FILE_NAME];
	bool found = false;

	if (!result->ok)
		return PKG_OK;
	PKG_TRY(pkg_stamps_find(&s->before, result->document, &found, err));
	if (found) {
		s->report->stamped++;
		return PKG_OK;
	}
	s->report->missing++;
	file_name(name, result->document, "tsq");
	PKG_TRY(pkg_path_is_there(&found, s->job->dirfd, name, err));
	if (found)
		return PKG_OK;
	s->report->written++;
	return write_query(s, name, result, err);
}

/* Append the whole of a file, if it is there. */
static enum pkg_code slurp(struct pkg_buf *out, const struct stamping *s,
			   const char *name, bool *there, struct pkg_err *err)
{
	const enum pkg_code code =
	    pkg_path_slurp(out, s->job->dirfd, name, err);

	*there = code == PKG_OK;
	if (code != PKG_SYSTEM || err->os_errno != ENOENT)
		return code;
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

/* The reply to one query, into a copy of the signature. */
static enum pkg_code add_reply(const struct stamping *s,
			       const struct pkg_batch_result *result,
			       const struct pkg_buf *reply,
			       struct pkg_buf *stamped, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf query = {.max = PKG_LIMIT_SIGNATURE};
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
	struct pkg_timestamp_rules rules = s->rules;
	const struct pkg_timestamp_reply tsr = {reply->data, reply->len};
	char name[FILE_NAME];
	bool there = false;

	if (reply->len == 0)
		return pkg_refuse(err, PKG_NO, "timestamp-bad",
				  "the reply is empty");
	file_name(name, result->document, "tsq");
	PKG_TRY(slurp(&query, s, name, &there, err));
	rules.query = query.data;
	rules.query_len = query.len;
	PKG_TRY(pkg_cms_parse(&cms, s->batch->env->crypto, result->signature,
			      result->signature_len, err));
	return pkg_timestamp_add(stamped, cms, &tsr, &rules, NULL, err);
}

static enum pkg_code put_line(const struct stamping *s, uint64_t document,
			      const struct pkg_buf *signature,
			      struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf line = {.max = PKG_LIMIT_RECORD_LINE};

	PKG_TRY(pkg_stamps_encode(&line, document, signature, err));
	return pkg_sink_write(s->out, line.data, line.len, err);
}

/* What is wrong with one reply does not keep the others out. */
static enum pkg_code refuse_one(const struct stamping *s, const char *name,
				struct pkg_err *err)
{
	if (err->code != PKG_NO && err->code != PKG_INPUT)
		return pkg_failed_(err->code);
	(void)pkg_wrap(err, "%s", name);
	s->report->refused++;
	if (s->job->refused != NULL)
		s->job->refused(s->job->context, err);
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

static enum pkg_code reply_one(void *context,
			       const struct pkg_batch_result *result,
			       struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf reply = {.max = PKG_LIMIT_SIGNATURE};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf stamped = {.max = PKG_LIMIT_SIGNATURE};
	struct stamping *s = context;
	char name[FILE_NAME];
	bool found = false, there = false;
	enum pkg_code code;

	if (!result->ok)
		return PKG_OK;
	PKG_TRY(pkg_stamps_find(&s->before, result->document, &found, err));
	if (found) {
		s->report->stamped++;
		return put_line(s, result->document, &s->before.signature, err);
	}
	file_name(name, result->document, "tsr");
	code = slurp(&reply, s, name, &there, err);
	if (code == PKG_OK && there)
		code = add_reply(s, result, &reply, &stamped, err);
	if (code != PKG_OK || !there) {
		s->report->missing++;
		return code == PKG_OK ? PKG_OK : refuse_one(s, name, err);
	}
	s->report->stamped++;
	s->report->written++;
	return put_line(s, result->document, &stamped, err);
}

static enum pkg_code check(const struct pkg_batch *batch, struct pkg_err *err)
{
	PKG_TRY(pkg_batch_allows(batch, PKG_BATCH_TIMESTAMP, err));
	if (batch->process == NULL || !batch->process->has_tsa) {
		(void)pkg_refuse(err, PKG_NO, "batch-process",
				 "the process asks for no time stamps");
		return pkg_hint(err, "pkg-batch run finishes it");
	}
	return PKG_OK;
}

/* All results in order, and beside them the stamps that are there. */
static enum pkg_code walk(struct stamping *s, pkg_batch_visit_result *visit,
			  struct pkg_err *err)
{
	enum pkg_code code = pkg_stamps_open(&s->before, s->batch, err);

	if (code == PKG_OK)
		code = pkg_batch_results(s->batch, visit, s, NULL, err);
	pkg_stamps_fini(&s->before);
	return code;
}

enum pkg_code pkg_batch_stamp_query(struct pkg_batch *batch,
				    const struct pkg_batch_stamping *job,
				    struct pkg_batch_stamp_report *report,
				    struct pkg_err *err)
{
	struct stamping s = {.batch = batch, .job = job, .report = report};

	*report = (struct pkg_batch_stamp_report){0};
	PKG_TRY(check(batch, err));
	return walk(&s, query_one, err);
}

/* Whose time stamps count. */
static enum pkg_code choose_rules(struct stamping *s, struct pkg_err *err)
{
	const struct pkg_process *process = s->batch->process;

	pkg_trust_timestamps(&s->rules, process->trust);
	if (s->job->anchors != NULL) {
		s->rules.anchors = s->job->anchors;
		s->rules.pin_count = 0;
	}
	if (process->tsa.policy != NULL)
		s->rules.policy = process->tsa.policy;
	if (s->rules.anchors != NULL)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "timestamp-untrusted",
			 "nothing says whose time stamps count");
	return pkg_hint(err, "give --trust-tsa FILE, or name the authority in "
			     "the trust policy of the process");
}

static enum pkg_code replace_stamps(struct stamping *s, struct pkg_err *err)
{
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	const struct pkg_outfile_options options = {.force = true,
						    .mode = 0600};

	PKG_TRY(pkg_outfile_open(&file, pkg_job_fd(s->batch->job), BATCH_STAMPS,
				 &options, err));
	s->out = pkg_outfile_sink(file);
	PKG_TRY(walk(s, reply_one, err));
	return pkg_outfile_commit(file, UINT64_MAX, err);
}

enum pkg_code pkg_batch_stamp_reply(struct pkg_batch *batch,
				    const struct pkg_batch_stamping *job,
				    struct pkg_batch_stamp_report *report,
				    struct pkg_err *err)
{
	struct stamping s = {.batch = batch, .job = job, .report = report};
	struct pkg_batch_state state;
	bool result = false;

	*report = (struct pkg_batch_stamp_report){0};
	PKG_TRY(check(batch, err));
	PKG_TRY(choose_rules(&s, err));
	PKG_TRY(replace_stamps(&s, err));
	if (report->missing > 0)
		return PKG_OK;
	/* That of a response is there already: it stays as it came. */
	PKG_TRY(pkg_path_is_there(&result, pkg_job_fd(batch->job), BATCH_RESULT,
				  err));
	if (!result)
		return pkg_batch_finish(batch, NULL, err);
	state = batch->state;
	state.status = PKG_BATCH_CLOSED;
	return pkg_batch_set_state(batch, &state, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"

#include <string.h>

/* What the server itself says of an error. */
struct said {
	const char *code;    /* "hawkbit.server.error...", or "" */
	const char *message; /* or "" */
};

static struct said read_said(struct job *job)
{
	struct said said = {"", ""};
	struct pkg_err ignored = PKG_ERR_INIT;
	struct pkg_node *answer = NULL;
	const char *text;

	if (send_answer(job, &answer, &ignored) != PKG_OK)
		return said;
	text = tree_text(answer, "errorCode");
	if (text != NULL)
		said.code = text;
	text = tree_text(answer, "message");
	if (text != NULL)
		said.message = text;
	return said;
}

/* A quota is told with 429, before version 0.10 with 403. */
static bool is_quota(const struct said *said)
{
	return strstr(said->code, ".quota.") != NULL;
}

bool refuse_may_pass(struct job *job)
{
	const long status = job->answer.status;
	struct said said;

	if (status >= 500 || status == 408)
		return true;
	if (status != 429)
		return false;
	said = read_said(job);
	return !is_quota(&said);
}

static const char *ref_of(const struct job *job)
{
	return job->step != NULL ? job->step->ref->text : "prune";
}

#define SAID_FMT "%s: the server answers %ld%s%s%s%s"
#define SAID_ARGS(job, said)                                                   \
	ref_of(job), (job)->answer.status,                                     \
	    (said)->message[0] != '\0' ? ": " : "", (said)->message,           \
	    (said)->code[0] != '\0' ? ", " : "", (said)->code

static enum pkg_code refuse_later(struct job *job, const struct said *said,
				  struct pkg_err *err)
{
	if (job->answer.status == 429)
		(void)pkg_refuse(err, PKG_SYSTEM, "busy", SAID_FMT,
				 SAID_ARGS(job, said));
	else
		(void)pkg_refuse(err, PKG_SYSTEM, "server-error", SAID_FMT,
				 SAID_ARGS(job, said));
	return pkg_hint(err, "the import can be run again at any time; it goes "
			     "on where it was");
}

static enum pkg_code refuse_user(struct job *job, const struct said *said,
				 struct pkg_err *err)
{
	if (job->answer.status == 403) {
		(void)pkg_refuse(err, PKG_KEY, "forbidden", SAID_FMT,
				 SAID_ARGS(job, said));
		return pkg_hint(err, "the user needs the right to create and "
				     "change what the plan names");
	}
	(void)pkg_refuse(err, PKG_KEY, "unauthorized",
			 "the server %s does not know the user",
			 http_address(job->run->http));
	return pkg_hint(err, "look at the file of --netrc (machine HOST login "
			     "USER password WORD) or of --token");
}

static enum pkg_code refuse_redirect(struct job *job, struct pkg_err *err)
{
	const char *to = job->answer.location;

	(void)pkg_refuse(err, PKG_NO, "redirect",
			 "%s: the server sends us away (%ld) to '%s'",
			 ref_of(job), job->answer.status, to == NULL ? "" : to);
	return pkg_hint(err, "no redirect is followed; if that is the right "
			     "server, give its address with --server");
}

enum pkg_code refuse_answer(struct job *job, struct pkg_err *err)
{
	const long status = job->answer.status;
	const struct said said = read_said(job);

	if (is_quota(&said)) {
		(void)pkg_refuse(err, PKG_NO, "quota", SAID_FMT,
				 SAID_ARGS(job, &said));
		return pkg_hint(err, "delete what is not needed there, or have "
				     "the quota raised");
	}
	if (status >= 300 && status < 400)
		return refuse_redirect(job, err);
	if (status == 401 || status == 403)
		return refuse_user(job, &said, err);
	if (status >= 500 || status == 408 || status == 429)
		return refuse_later(job, &said, err);
	if (status == 423) {
		(void)pkg_refuse(err, PKG_NO, "locked", SAID_FMT,
				 SAID_ARGS(job, &said));
		return pkg_hint(err, "what was assigned once stays as it is; "
				     "give it another version");
	}
	(void)pkg_refuse(err, PKG_NO, "refused", SAID_FMT,
			 SAID_ARGS(job, &said));
	if (status == 404)
		return pkg_hint(err,
				"is %s the address of an update server, "
				"without /rest/v1?",
				http_address(job->run->http));
	return err->code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"
#include "packline/json.h"
#include "packline/limits.h"

#include <string.h>

/* Levels of a server's answer: rollouts are the deepest, with five. */
enum { ANSWER_DEPTH = 32 };

enum pkg_code send_answer(struct job *job, struct pkg_node **out,
			  struct pkg_err *err)
{
	const struct pkg_buf *body = &job->answer.body;
	const struct pkg_json_input input = {
	    .name = http_address(job->run->http),
	    .data = body->data,
	    .len = body->len,
	    .max_depth = ANSWER_DEPTH,
	};

	*out = NULL;
	if (body->len == 0)
		return PKG_OK;
	if (pkg_json_parse(out, job->scratch, &input, err) == PKG_OK)
		return PKG_OK;
	if (err->code == PKG_INPUT)
		(void)pkg_because(err, "bad-answer");
	return pkg_wrap(err, "answer of the server");
}

enum pkg_code send_pause(struct job *job, struct pkg_err *err)
{
	if (job->failures >= http_retries(job->run->http))
		return err->code;
	http_pause(job->failures++, job->answer.retry_after);
	*err = PKG_ERR_INIT;
	return PKG_OK;
}

static enum pkg_code get_once(struct job *job, const struct http_request *r,
			      bool *again, struct pkg_err *err)
{
	*again = false;
	job->answer.retry_after = 0;
	if (http_send(job->run->http, r, &job->answer, err) != PKG_OK) {
		if (!http_may_pass(err))
			return err->code;
		*again = true;
		return send_pause(job, err);
	}
	if (!refuse_may_pass(job))
		return PKG_OK;
	(void)refuse_answer(job, err);
	*again = true;
	return send_pause(job, err);
}

enum pkg_code send_get(struct job *job, const char *path, struct pkg_node **out,
		       struct pkg_err *err)
{
	const struct http_request request = {.method = "GET", .path = path};
	bool again = true;
	long status;

	*out = NULL;
	while (again)
		PKG_TRY(get_once(job, &request, &again, err));
	status = job->answer.status;
	if (status == 404 || status == 204)
		return PKG_OK;
	if (status != 200)
		return refuse_answer(job, err);
	PKG_TRY(send_answer(job, out, err));
	if (*out == NULL)
		return pkg_refuse(err, PKG_INPUT, "bad-answer",
				  "the server says nothing about %s", path);
	return PKG_OK;
}

enum pkg_code send_change(struct job *job, const struct http_request *request,
			  enum outcome *outcome, struct pkg_err *err)
{
	long status;

	*outcome = AGAIN;
	job->answer.retry_after = 0;
	if (http_send(job->run->http, request, &job->answer, err) != PKG_OK) {
		if (!http_may_pass(err))
			return err->code;
		job->sent = true;
		return send_pause(job, err);
	}
	status = job->answer.status;
	if (status == 200 || status == 201 || status == 204) {
		if (job->out != NULL)
			job->out->status = status;
		*outcome = DONE;
		return PKG_OK;
	}
	if (status == 409 && !job->conflict) {
		job->conflict = true;
		return PKG_OK;
	}
	if (status >= 500)
		job->sent = true;
	(void)refuse_answer(job, err);
	return refuse_may_pass(job) ? send_pause(job, err) : err->code;
}

enum pkg_code send_body(struct job *job, const char *method, const char *path,
			struct pkg_node *body, enum outcome *outcome,
			struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_PLAN_JSON};
	const struct http_request request = {
	    .method = method, .path = path, .body = &text};
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, &text);
	pkg_jsonw_init(&w, &sink.sink, 0);
	pkg_jsonw_node(&w, body);
	PKG_TRY(pkg_jsonw_finish(&w, err));
	return send_change(job, &request, outcome, err);
}

enum pkg_code send_planned(struct job *job,
			   const struct pkg_plan_request *request,
			   enum outcome *outcome, struct pkg_err *err)
{
	static const char *const methods[] = {"POST", "PUT"};
	const char *path =
	    tree_path(job->run, job->scratch, request->path->text, err);

	if (path == NULL)
		return err->code;
	return send_body(job, methods[request->method.index], path,
			 pkg_node_get(request->at, "body"), outcome, err);
}

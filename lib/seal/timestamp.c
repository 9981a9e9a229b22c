/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/seal.h"

#include "packline/limits.h"
#include "seal/input.h"
#include "seal/record.h"

/* A signature by itself, or those of a container. */
struct stamping {
	const struct pkg_seal_timestamp *job;
	const struct pkg_env *env;
	struct pkg_seal_input input; /* container NULL = by itself */
	struct pkg_container_bytes files[PKG_LIMIT_SIGNATURES];
	size_t count;
	size_t chosen;
};

static enum pkg_code open_input(struct stamping *s, struct pkg_err *err)
{
	const struct pkg_seal_timestamp *job = s->job;

	if (job->p7s.len > 0) {
		s->files[s->count++] = job->p7s;
		return PKG_OK;
	}
	PKG_TRY(pkg_seal_input_open(&s->input, job->source, NULL, s->env, err));
	s->count = s->input.head->signature_count;
	for (size_t i = 0; i < s->count; i++)
		s->files[i] = s->input.head->signatures[i];
	if (s->count > 0)
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE, "it has no signature to be stamped");
	return pkg_hint(err, "sign it first: pkg-seal sign");
}

static enum pkg_code parse(struct pkg_cms **out, const struct stamping *s,
			   size_t index, struct pkg_err *err)
{
	return pkg_cms_parse(out, s->env->crypto, s->files[index].data,
			     s->files[index].len, err);
}

/* The one that was named, or the only one. */
static enum pkg_code choose(struct stamping *s, struct pkg_err *err)
{
	if (s->job->has_signature) {
		s->chosen = s->job->signature;
		if (s->chosen < s->count)
			return PKG_OK;
		return pkg_fail(err, PKG_USAGE,
				"there is no signature %zu: they are 0 to %zu",
				s->chosen, s->count - 1);
	}
	if (s->count == 1)
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE, "it has %zu signatures: which one?",
		       s->count);
	return pkg_hint(err,
			"--signature 0 to %zu, in the order of pkg-seal "
			"show",
			s->count - 1);
}

/* The one that the reply is about. */
static enum pkg_code find(struct stamping *s, struct pkg_err *err)
{
	for (size_t i = 0; i < s->count; i++) {
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;
		bool yes = false;

		if (s->job->has_signature && s->job->signature != i)
			continue;
		PKG_TRY(parse(&cms, s, i, err));
		PKG_TRY(pkg_timestamp_is_about(&yes, cms, &s->job->reply, err));
		if (!yes)
			continue;
		s->chosen = i;
		return PKG_OK;
	}
	return pkg_refuse(err, PKG_NO, "timestamp-bad",
			  "the time stamp is about another signature");
}

static enum pkg_code write_file(const struct stamping *s,
				const struct pkg_buf *der, struct pkg_err *err)
{
	const struct pkg_seal_output *output = &s->job->output;
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	const struct pkg_outfile_options options = {.force = output->force,
						    .binary = true};

	PKG_TRY(pkg_seal_open_file(&file, output, &options, err));
	PKG_TRY(
	    pkg_sink_write(pkg_outfile_sink(file), der->data, der->len, err));
	return pkg_outfile_commit(file, UINT64_MAX, err);
}

/* The container again, with the one signature exchanged for its copy. */
static enum pkg_code write_container(const struct stamping *s,
				     const struct pkg_container_edit *edit,
				     struct pkg_err *err)
{
	const struct pkg_seal_output *output = &s->job->output;
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	const struct pkg_outfile_options options = {
	    .force = output->force, .seekable = true, .binary = true};
	struct pkg_seal_record record = {0};

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_seal_describe(&record, arena, &s->input, output, err));
	PKG_TRY(pkg_seal_open_file(&file, output, &options, err));
	PKG_TRY(pkg_container_rewrite(s->input.container, edit,
				      pkg_outfile_sink(file), err));
	return pkg_seal_commit(file, UINT64_MAX, output, &record,
			       s->env->crypto, err);
}

static enum pkg_code write_stamped(struct stamping *s,
				   const struct pkg_buf *der,
				   struct pkg_err *err)
{
	const struct pkg_container_head *head = s->input.head;
	struct pkg_container_edit edit = {
	    .signatures = s->files,
	    .signature_count = s->count,
	};

	if (head == NULL)
		return write_file(s, der, err);
	edit.approvals = head->approvals;
	edit.approval_count = head->approval_count;
	s->files[s->chosen] = (struct pkg_container_bytes){der->data, der->len};
	if (head->request_file)
		return pkg_seal_write_request(&s->input, &edit, &s->job->output,
					      s->env, err);
	return write_container(s, &edit, err);
}

static enum pkg_code run(struct stamping *s, struct pkg_err *err)
{
	const struct pkg_seal_timestamp *job = s->job;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf der = {.max = PKG_LIMIT_SIGNATURE};
	PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;

	PKG_TRY(open_input(s, err));
	if (job->reply.len > 0)
		PKG_TRY(find(s, err));
	else
		PKG_TRY(choose(s, err));
	PKG_TRY(parse(&cms, s, s->chosen, err));
	if (job->reply.len == 0) {
		PKG_TRY(pkg_timestamp_query(&der, cms, &job->ask, err));
		return write_file(s, &der, err);
	}
	PKG_TRY(
	    pkg_timestamp_add(&der, cms, &job->reply, &job->rules, NULL, err));
	return write_stamped(s, &der, err);
}

enum pkg_code pkg_seal_timestamp(const struct pkg_seal_timestamp *job,
				 const struct pkg_env *env, struct pkg_err *err)
{
	struct stamping s = {.job = job, .env = env};
	enum pkg_code code = pkg_seal_check_path(job->output.path, err);

	if (code == PKG_OK)
		code = run(&s, err);
	pkg_seal_input_fini(&s.input);
	return code;
}

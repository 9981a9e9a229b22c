/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/seal.h"

#include "seal/plan.h"
#include "seal/record.h"

#include <string.h>

/* The two files of a container that somebody else signs. */
struct files {
	struct pkg_outfile *container, *request; /* request: NULL = none */
};

static void files_fini(struct files *files)
{
	pkg_outfile_free(files->container);
	pkg_outfile_free(files->request);
}

/* Before the payload is read: what cannot be written is said at once. */
static enum pkg_code files_open(struct files *files,
				const struct pkg_container_writer *writer,
				const struct pkg_seal_create *job,
				enum pkg_container_kind kind,
				struct pkg_err *err)
{
	const struct pkg_outfile_options options = {
	    .force = job->output.force,
	    .seekable = true,
	    .binary = true,
	    .size = pkg_container_writer_size(writer),
	};
	struct pkg_seal_output request = job->output;

	PKG_TRY(
	    pkg_seal_open_file(&files->container, &job->output, &options, err));
	if (job->request == NULL)
		return PKG_OK;
	request.path = job->request;
	request.dirfd = job->request_dirfd;
	return pkg_seal_open_request(&files->request, &request, kind, err);
}

static enum pkg_code write_files(struct pkg_container_writer *writer,
				 const struct pkg_seal_plan *plan,
				 const struct pkg_seal_create *job,
				 const char *path, const struct pkg_env *env,
				 struct pkg_err *err)
{
	PKG_AUTO_FINI(files) struct files files = {0};
	const struct pkg_container_subject *subject =
	    &pkg_container_writer_manifest(writer)->subject;
	struct pkg_seal_record record = {0};
	uint64_t size = 0;

	PKG_TRY(files_open(&files, writer, job, plan->spec.kind, err));
	PKG_TRY(pkg_container_writer_run(writer, files.container, &size, err));
	record = (struct pkg_seal_record){
	    .path = path,
	    .kind = plan->spec.kind,
	    .id = subject->id,
	    .name = subject->name,
	    .version = subject->version,
	    .manifest_sha256 = pkg_container_writer_sha256(writer),
	    .device_config_sha256 = subject->device_config != NULL
					? subject->device_config_sha256
					: NULL,
	    .draft = plan->spec.signer == NULL &&
		     plan->spec.kind != PKG_CONTAINER_ENCRYPTED,
	    .request = files.request,
	};
	PKG_TRY(pkg_seal_list_artifacts(
	    &record, plan->arena, pkg_container_writer_request(writer), err));
	if (files.request != NULL)
		PKG_TRY(pkg_container_writer_request_file(
		    writer, pkg_outfile_sink(files.request), err));
	return pkg_seal_commit(files.container, size, &job->output, &record,
			       env->crypto, err);
}

/* Two results cannot have one place. */
static enum pkg_code check_paths(const struct pkg_seal_create *job,
				 struct pkg_err *err)
{
	PKG_TRY(pkg_seal_check_path(job->output.path, err));
	if (job->request == NULL || strcmp(job->request, job->output.path) != 0)
		return PKG_OK;
	pkg_fail(err, PKG_USAGE,
		 "the container and its request cannot both go to '%s'",
		 job->request);
	return pkg_hint(err, "give --request another name than -o");
}

enum pkg_code pkg_seal_create_one(const struct pkg_seal_create *job,
				  const struct pkg_container_input *only,
				  const char *path, const struct pkg_env *env,
				  struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_seal_plan) struct pkg_seal_plan plan = {0};
	PKG_AUTO(pkg_container_writer)
	struct pkg_container_writer *writer = NULL;

	PKG_TRY(check_paths(job, err));
	PKG_TRY(pkg_seal_plan_make(&plan, job, only, env, err));
	PKG_TRY(pkg_container_writer_new(&writer, env, &plan.spec, err));
	if (only == NULL && job->ready != NULL)
		PKG_TRY(job->ready(job->ready_context, err));
	return write_files(writer, &plan, job, path, env, err);
}

enum pkg_code pkg_seal_create(const struct pkg_seal_create *job,
			      const struct pkg_env *env, struct pkg_err *err)
{
	return pkg_seal_create_one(job, NULL, job->output.path, env, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/seal.h"

#include "seal/plan.h"
#include "seal/record.h"

static enum pkg_code write_file(struct pkg_container_writer *writer,
				const struct pkg_seal_plan *plan,
				const struct pkg_seal_output *output,
				const char *path, const struct pkg_env *env,
				struct pkg_err *err)
{
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	const struct pkg_outfile_options options = {
	    .force = output->force,
	    .seekable = true,
	    .binary = true,
	    .size = pkg_container_writer_size(writer),
	};
	const struct pkg_container_subject *subject =
	    &pkg_container_writer_manifest(writer)->subject;
	struct pkg_seal_record record = {0};
	uint64_t size = 0;

	PKG_TRY(pkg_outfile_open(&file, output->dirfd, output->path, &options,
				 err));
	PKG_TRY(pkg_container_writer_run(writer, file, &size, err));
	record = (struct pkg_seal_record){
	    .path = path,
	    .kind = plan->spec.kind,
	    .id = pkg_container_writer_manifest(writer)->subject.id,
	    .manifest_sha256 = pkg_container_writer_sha256(writer),
	    .device_config_sha256 = subject->device_config != NULL
					? subject->device_config_sha256
					: NULL,
	    .draft = plan->spec.signer == NULL &&
		     plan->spec.kind != PKG_CONTAINER_ENCRYPTED,
	};
	PKG_TRY(pkg_seal_list_artifacts(
	    &record, plan->arena, pkg_container_writer_request(writer), err));
	return pkg_seal_commit(file, size, output, &record, env->crypto, err);
}

enum pkg_code pkg_seal_create_one(const struct pkg_seal_create *job,
				  const struct pkg_container_input *only,
				  const char *path, const struct pkg_env *env,
				  struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_seal_plan) struct pkg_seal_plan plan = {0};
	PKG_AUTO(pkg_container_writer)
	struct pkg_container_writer *writer = NULL;

	PKG_TRY(pkg_seal_check_path(job->output.path, err));
	PKG_TRY(pkg_seal_plan_make(&plan, job, only, env, err));
	PKG_TRY(pkg_container_writer_new(&writer, env, &plan.spec, err));
	return write_file(writer, &plan, &job->output, path, env, err);
}

enum pkg_code pkg_seal_create(const struct pkg_seal_create *job,
			      const struct pkg_env *env, struct pkg_err *err)
{
	return pkg_seal_create_one(job, NULL, job->output.path, env, err);
}

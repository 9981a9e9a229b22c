/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-hash/hash.h"

#include "packline/limits.h"
#include "packline/outfile.h"
#include "packline/path.h"

#include <string.h>

static enum hash_format format_by_name(const char *name)
{
	static const char *const names[] = {"jsonl", "gnu", "bsd", "cf"};
	unsigned i = 0;

	while (i < HASH_CF && strcmp(name, names[i]) != 0)
		i++;
	return (enum hash_format)i;
}

static enum pkg_code open_sink(struct hash_output *output, struct cli *cli,
			       struct pkg_err *err)
{
	const struct pkg_outfile_options options = {.force = cli_force(cli)};
	const char *path = cli_output(cli);

	output->sink = cli_stdout(cli);
	if (path == NULL || strcmp(path, "-") == 0)
		return PKG_OK;
	PKG_TRY(pkg_outfile_open(&output->file, cli_dirfd(cli), path, &options,
				 err));
	pkg_sink_gather_init(&output->gather, pkg_outfile_sink(output->file));
	output->sink = &output->gather.sink;
	return PKG_OK;
}

static enum pkg_code read_known(struct hash_output *output, struct cli *cli,
				const struct cli_list *files,
				struct pkg_err *err)
{
	if (files->count == 0)
		return PKG_OK;
	PKG_TRY(pkg_known_new(&output->known, err));
	for (size_t i = 0; i < files->count; i++) {
		PKG_AUTO_FINI(pkg_buf)
		struct pkg_buf json = {.max = PKG_LIMIT_ANSWER_JSON};

		PKG_TRY(pkg_path_slurp(&json, cli_dirfd(cli), files->items[i],
				       err));
		PKG_TRY(pkg_known_add(output->known, files->items[i],
				      pkg_buf_str(&json), json.len, err));
	}
	return PKG_OK;
}

enum pkg_code hash_output_open(struct hash_output *output, struct cli *cli,
			       const struct hash_options *options,
			       struct pkg_err *err)
{
	output->format = format_by_name(options->format);
	output->algorithm = options->algorithm != NULL
				? pkg_digest_by_name(options->algorithm)
				: PKG_DIGEST_SHA256;
	switch (output->format) {
	case HASH_JSONL:
		output->set = PKG_DIGEST_SERVER |
			      (options->sha512 ? PKG_DIGEST_SHA512 : 0u);
		break;
	case HASH_GNU:
	case HASH_BSD:
		output->set = output->algorithm;
		break;
	case HASH_CF:
		output->set = PKG_DIGEST_SHA1;
		break;
	}
	PKG_TRY(read_known(output, cli, &options->known, err));
	PKG_TRY(open_sink(output, cli, err));
	pkg_resources_init(&output->resources, output->sink);
	return PKG_OK;
}

enum pkg_code hash_output_put(struct hash_output *output,
			      const struct pkg_artifact *artifact,
			      struct pkg_err *err)
{
	switch (output->format) {
	case HASH_JSONL:
		return pkg_artifact_record(output->sink, artifact, err);
	case HASH_GNU:
		return pkg_artifact_gnu(output->sink, artifact,
					output->algorithm, err);
	case HASH_BSD:
		return pkg_artifact_bsd(output->sink, artifact,
					output->algorithm, err);
	case HASH_CF:
		break;
	}
	if (!artifact->has_mode)
		return pkg_fail(err, PKG_USAGE,
				"--format cf needs files: '%s' has no mode",
				artifact->path);
	if (output->known != NULL)
		return pkg_known_sort(output->known, artifact, err);
	return pkg_resources_add(&output->resources, artifact, err);
}

enum pkg_code hash_output_end(struct hash_output *output, struct pkg_err *err)
{
	if (output->known != NULL)
		PKG_TRY(pkg_known_write(output->known, output->sink, err));
	return pkg_resources_finish(&output->resources, err);
}

enum pkg_code hash_output_commit(struct hash_output *output,
				 struct pkg_err *err)
{
	if (output->file == NULL)
		return PKG_OK;
	PKG_TRY(pkg_sink_finish(output->sink, err));
	return pkg_outfile_commit(output->file, UINT64_MAX, err);
}

void hash_output_fini(struct hash_output *output)
{
	pkg_known_free(output->known);
	pkg_outfile_free(output->file);
}

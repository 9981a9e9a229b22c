/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-verify/setup.h"

#include "packline/limits.h"

#include <string.h>
#include <sys/stat.h>

static enum pkg_code load_trust(struct verify_setup *setup, struct cli *cli,
				const char *path, struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_diag diag = {0};
	enum pkg_code code = PKG_OK;

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	diag.arena = arena;
	code = pkg_trust_load(&setup->trust, cli_env(cli), &diag,
			      cli_dirfd(cli), path, err);
	cli_findings(cli, &diag);
	setup->options.trust = setup->trust;
	return code;
}

static enum pkg_code load_tsas(struct verify_setup *setup, struct cli *cli,
			       const struct cli_list *tsas, struct pkg_err *err)
{
	if (tsas->count > 0 && setup->trust == NULL)
		return pkg_fail(err, PKG_USAGE,
				"--trust-tsa adds to --trust, and there is "
				"none");
	for (size_t i = 0; i < tsas->count; i++)
		PKG_TRY(pkg_trust_add_tsa(setup->trust, cli_dirfd(cli),
					  tsas->items[i], err));
	return PKG_OK;
}

static enum pkg_code load_crls(struct verify_setup *setup, struct cli *cli,
			       const struct cli_list *crls, struct pkg_err *err)
{
	if (crls->count > 0 && setup->trust == NULL) {
		pkg_fail(err, PKG_USAGE,
			 "--crl is for the CA that --trust names, and there is "
			 "none");
		return pkg_hint(err, "give --trust, too");
	}
	for (size_t i = 0; i < crls->count; i++)
		PKG_TRY(pkg_trust_add_crl(setup->trust, cli_dirfd(cli),
					  crls->items[i], err));
	return PKG_OK;
}

/* An id cannot hold a slash; a file's name says that it is YAML. */
static bool is_file(const char *word)
{
	const size_t len = strlen(word);

	return strchr(word, '/') != NULL ||
	       (len > 5 && strcmp(word + len - 5, ".yaml") == 0) ||
	       (len > 4 && strcmp(word + len - 4, ".yml") == 0);
}

static enum pkg_code load_device_config(struct verify_setup *setup,
					struct cli *cli, const char *word,
					struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_trust_demands *demands = &setup->options.demands;
	struct pkg_diag diag = {0};
	enum pkg_code code = PKG_OK;

	demands->device_config = word;
	if (!is_file(word))
		return PKG_OK;
	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	diag.arena = arena;
	code =
	    pkg_device_config_load(&setup->device_config, cli_env(cli)->crypto,
				   &diag, cli_dirfd(cli), word, err);
	cli_findings(cli, &diag);
	PKG_TRY(code);
	demands->device = setup->device_config;
	demands->device_config = setup->device_config->id;
	demands->device_config_sha256 = setup->device_config->sha256;
	if (demands->tenant == NULL)
		demands->tenant = setup->device_config->tenant;
	if (strcmp(demands->tenant, setup->device_config->tenant) != 0)
		return pkg_fail(err, PKG_USAGE,
				"'%s' is for tenant '%s', but --tenant says "
				"'%s'",
				word, setup->device_config->tenant,
				demands->tenant);
	return PKG_OK;
}

static enum pkg_code set_demands(struct verify_setup *setup,
				 const struct verify_args *args,
				 struct pkg_err *err)
{
	struct pkg_trust_demands *demands = &setup->options.demands;

	demands->tenant = args->tenant;
	demands->has_min_sequence = args->min_sequence.given;
	demands->min_sequence = args->min_sequence.value;
	if (args->time == NULL)
		return PKG_OK;
	demands->has_clock = true;
	if (pkg_clock_parse(&demands->clock, args->time))
		return PKG_OK;
	pkg_fail(err, PKG_USAGE, "'%s' is not a time mode", args->time);
	return pkg_hint(err, "system, at=2026-12-01T02:00:00Z, tsa or none");
}

enum pkg_code verify_setup(struct verify_setup *setup, struct cli *cli,
			   const struct verify_args *args, const char *input,
			   struct pkg_err *err)
{
	setup->options.name = input;
	setup->options.unsigned_digest = args->unsigned_digest;
	if (args->trust != NULL && strcmp(args->trust, "-") == 0 &&
	    strcmp(input, "-") == 0)
		return pkg_fail(err, PKG_USAGE,
				"container and trust cannot both come from "
				"standard input");
	PKG_TRY(set_demands(setup, args, err));
	if (args->trust != NULL)
		PKG_TRY(load_trust(setup, cli, args->trust, err));
	PKG_TRY(load_crls(setup, cli, &args->crls, err));
	PKG_TRY(load_tsas(setup, cli, &args->tsas, err));
	if (args->device_config != NULL)
		PKG_TRY(
		    load_device_config(setup, cli, args->device_config, err));
	if (args->state != NULL)
		PKG_TRY(pkg_state_open(&setup->state, cli_dirfd(cli),
				       args->state, err));
	setup->options.state = setup->state;
	PKG_TRY(recipient_load(&setup->recipient, cli, &args->recipient, err));
	setup->options.recipient = setup->recipient.key;
	setup->options.recipient_cert = setup->recipient.certs;
	setup->options.recipient_kek = setup->recipient.kek;
	if (args->extract == NULL)
		return PKG_OK;
	PKG_TRY(pkg_outdir_open(&setup->extract, cli_dirfd(cli), args->extract,
				cli_force(cli), err));
	setup->options.extract = setup->extract;
	return PKG_OK;
}

void verify_setup_fini(struct verify_setup *setup)
{
	pkg_outdir_free(setup->extract);
	pkg_state_free(setup->state);
	recipient_fini(&setup->recipient);
	pkg_device_config_free(setup->device_config);
	pkg_trust_free(setup->trust);
}

static enum pkg_code progress_read(struct pkg_source *source, void *buf,
				   size_t cap, size_t *got, struct pkg_err *err)
{
	const struct verify_progress *self =
	    (const struct verify_progress *)source;

	PKG_TRY(pkg_source_read(self->inner, buf, cap, got, err));
	cli_progress(self->cli, "verifying", self->inner->total, self->size);
	return PKG_OK;
}

void verify_progress_init(struct verify_progress *self, struct cli *cli,
			  struct pkg_source *inner, int fd)
{
	struct stat st;

	*self = (struct verify_progress){
	    .source = {.read = progress_read, .name = inner->name},
	    .inner = inner,
	    .cli = cli,
	};
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		self->size = (uint64_t)st.st_size;
}

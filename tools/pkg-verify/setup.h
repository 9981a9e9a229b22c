/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_VERIFY_SETUP_H
#define PKG_VERIFY_SETUP_H

#include "cli/cli.h"
#include "common/recipient.h"

#include "packline/cert.h"
#include "packline/device_config.h"
#include "packline/key.h"
#include "packline/outdir.h"
#include "packline/source.h"
#include "packline/state.h"
#include "packline/trust.h"
#include "packline/verify.h"

/* The command line, as it was given. */
struct verify_args {
	const char *trust, *tenant, *device_config, *time, *state;
	struct recipient_args recipient;
	const char *extract, *format;
	struct cli_list crls, tsas;
	struct cli_number min_sequence;
	struct cli_list heads; /* of an audit log */
	bool unsigned_digest, unsigned_heads, no_sandbox;
};

/* What it names, opened and read. */
struct verify_setup {
	struct pkg_trust *trust;
	struct pkg_device_config *device_config;
	struct recipient recipient;
	struct pkg_outdir *extract;
	struct pkg_state *state;
	struct pkg_verify_options options; /* borrows all of the above */
};

/*
 * Fill @setup (all zero before) from @args.  Findings in files are printed.
 * @input  the operand, for messages and to see that not both are "-".
 */
enum pkg_code verify_setup(struct verify_setup *setup, struct cli *cli,
			   const struct verify_args *args, const char *input,
			   struct pkg_err *err);
void verify_setup_fini(struct verify_setup *setup);

/* Shows on a terminal how far reading has come. */
struct verify_progress {
	struct pkg_source source;
	struct pkg_source *inner; /* borrowed */
	struct cli *cli;
	uint64_t size; /* of the file; 0 = unknown */
};

void verify_progress_init(struct verify_progress *self, struct cli *cli,
			  struct pkg_source *inner, int fd);

#endif

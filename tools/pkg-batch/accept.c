/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-batch/common.h"
#include "pkg-batch/review.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct args {
	struct batch_args batch;
	const char *decision, *reason, *expires, *padding;
	struct key_args key;
	struct review_args review;
	struct audit_args audit;
};

/* A decision that is about to be made. */
struct asking {
	struct batch_tool *tool;
	struct batch_review *review;
	const struct args *args;
};

/* Without officers: the login name of whoever does it. */
static const char *login(char text[static 64])
{
	const struct passwd *user = getpwuid(geteuid());

	if (user != NULL)
		(void)snprintf(text, 64, "%s", user->pw_name);
	else
		(void)snprintf(text, 64, "uid %lu", (unsigned long)geteuid());
	return text;
}

/* Ask, and when the answer is yes say so before the key is used. */
static enum pkg_code agree(void *context, const struct pkg_batch *batch,
			   const uint8_t sha256[static 32], struct pkg_err *err)
{
	const struct asking *self = context;
	const struct batch_tool *tool = self->tool;
	const struct pkg_cert_info *cert = self->review->cert;
	const struct pkg_audit_item input = {"request.json", sha256};
	const struct pkg_audit_entry entry = {
	    .key = tool->key == NULL ? NULL : pkg_key_name(tool->key),
	    .certificate = cert == NULL ? NULL : cert->sha256,
	    .inputs = &input,
	    .input_count = 1,
	    .decision = self->args->decision,
	    .reason = self->args->reason,
	};

	PKG_TRY(batch_review_agree(self->review, batch, sha256, err));
	return batch_tool_begin(self->tool, "batch-accept", &entry, err);
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(batch_tool) struct batch_tool tool = {0};
	PKG_AUTO_FINI(batch_review) struct batch_review review = {0};
	const struct args *args = options;
	struct asking asking = {&tool, &review, args};
	char by[64];
	struct pkg_batch_accept accept = {
	    .decision = strcmp(args->decision, "APPROVED") == 0
			    ? PKG_DECISION_APPROVED
			    : PKG_DECISION_REJECTED,
	    .reason = args->reason,
	    .expires = args->expires,
	    .by = args->audit.who != NULL ? args->audit.who : login(by),
	    .padding =
		args->padding != NULL && strcmp(args->padding, "pkcs1") == 0
		    ? PKG_CMS_PKCS1
		    : PKG_CMS_PSS,
	    .agree = agree,
	    .agree_context = &asking,
	};

	(void)argc;
	PKG_TRY(batch_review_check(&args->review, err));
	PKG_TRY(batch_tool_start(&tool, cli, &args->batch, false, err));
	PKG_TRY(audit_trail_open(&tool.trail, cli, &args->audit, err));
	PKG_TRY(batch_tool_open_bound(&tool, argv[0], PKG_JOB_WAIT, err));
	PKG_TRY(pkg_batch_allows(tool.batch, PKG_BATCH_ACCEPT, err));
	batch_review_start(&review, cli, &args->review);
	PKG_TRY(batch_tool_key(&tool, &args->key, err));
	accept.key = tool.key;
	accept.certs = tool.certs;
	review.act = accept.decision == PKG_DECISION_APPROVED
			 ? PKG_REVIEW_ACCEPT
			 : PKG_REVIEW_REJECT;
	review.reason = args->reason;
	PKG_TRY(batch_review_key(&review, &tool, err));
	PKG_TRY(audit_trail_end(&tool.trail,
				pkg_batch_accept(tool.batch, &accept, err),
				NULL, err));
	return batch_tool_record(&tool, err);
}

enum pkg_code batch_accept_main(struct cli *cli, struct pkg_err *err)
{
	struct args args = {.decision = "APPROVED"};
	const struct cli_opt table[] = {
	    BATCH_SPOOL_ROW(args.batch),
	    BATCH_TENANT_ROW(args.batch),
	    BATCH_PROCESS_ROW(args.batch),
	    {"decision", 0, CLI_CHOICE, &args.decision, "WORD",
	     "what is decided (default: APPROVED)", "APPROVED REJECTED", NULL},
	    {"reason", 0, CLI_TEXT, &args.reason, "TEXT",
	     "why, in 1 to 2000 characters", NULL, NULL},
	    {"expires", 0, CLI_TEXT, &args.expires, "TIME",
	     "valid until then (RFC 3339), if the policy lets it", NULL, NULL},
	    {"key", 0, CLI_TEXT, &args.key.key, "KEY",
	     "private key of an officer", NULL, "file"},
	    {"cert", 0, CLI_TEXT, &args.key.cert, "FILE",
	     "certificate of the key, then its chain", NULL, "file"},
	    KEY_SECRET_ROWS(args.key),
	    {"padding", 0, CLI_CHOICE, &args.padding, "FORM",
	     "of an RSA key (default: pss)", "pss pkcs1", NULL},
	    BATCH_REVIEW_ROWS(args.review),
	    AUDIT_ROWS(args.audit),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] --spool DIR ID",
	    .purpose = "Decide about a batch: as an officer, if its process "
		       "has an approval policy.",
	    .notes = "From a script: --yes --expect-digest HEX.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run,
	    .options = &args,
	};

	return cli_command_run(cli, &command, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "common/schema.h"
#include "pkg-seal/common.h"

#include "packline/approval_policy.h"
#include "packline/audit.h"
#include "packline/device_config.h"
#include "packline/state.h"
#include "packline/task.h"
#include "packline/trust.h"
#include "packline/verify.h"
#include "packline/verify_log.h"

static const unsigned char container[] = {
#include "schemas/container.inc"
};
static const unsigned char recipient[] = {
#include "schemas/recipient.inc"
};
static const unsigned char signature[] = {
#include "schemas/signature.inc"
};
static const unsigned char signing_request[] = {
#include "schemas/signing-request.inc"
};

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	static const struct schema_row rows[] = {
	    {"approval-policy", pkg_approval_policy_schema, NULL, 0},
	    {"audit-head", pkg_audit_head_schema, NULL, 0},
	    {"audit-line", pkg_audit_line_schema, NULL, 0},
	    {"container", NULL, container, sizeof(container)},
	    {"device-config", pkg_device_config_schema, NULL, 0},
	    {"log-verdict", pkg_log_verdict_schema, NULL, 0},
	    {"recipient", NULL, recipient, sizeof(recipient)},
	    {"signature", NULL, signature, sizeof(signature)},
	    {"signing-request", NULL, signing_request, sizeof(signing_request)},
	    {"stage", pkg_verdict_stage_schema, NULL, 0},
	    {"state", pkg_state_schema, NULL, 0},
	    {"task", pkg_task_schema, NULL, 0},
	    {"trust-policy", pkg_trust_schema, NULL, 0},
	    {"verdict", pkg_verdict_schema, NULL, 0},
	    {0},
	};

	(void)options;
	(void)argc;
	return schema_print(cli, rows, argv[0], err);
}

enum pkg_code seal_schema_main(struct cli *cli, struct pkg_err *err)
{
	static const struct cli_opt table[] = {{0}};
	const struct cli_command command = {
	    .synopsis = "NAME",
	    .purpose = "Print the JSON Schema (draft-07) of a configuration "
		       "file or a record.",
	    .notes =
		"NAME: approval-policy, audit-head, audit-line, container, "
		"device-config,\n"
		"log-verdict, recipient, signature, signing-request, stage, "
		"state, task,\ntrust-policy or verdict.",
	    .table = table,
	    .min_args = 1,
	    .max_args = 1,
	    .run = run,
	};

	return cli_command_run(cli, &command, err);
}

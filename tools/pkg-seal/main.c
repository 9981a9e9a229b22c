/* SPDX-License-Identifier: Apache-2.0 */
/* pkg-seal: make, sign, show and open containers. */
#include "common/protect.h"
#include "pkg-seal/common.h"

#include "packline/crypto.h"

int main(int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
	    {"create",
	     "make a container, or a draft that waits for a signature",
	     seal_create_main},
	    {"request", "write what a signer needs, without the payload",
	     seal_request_main},
	    {"show", "say what a container or a request says of itself",
	     seal_show_main},
	    {"approve", "approve or reject a request, as an officer",
	     seal_approve_main},
	    {"sign", "sign a draft or a request, or add a signature",
	     seal_sign_main},
	    {"attach", "put in what came back from signers and officers",
	     seal_attach_main},
	    {"resign", "add or replace signatures", seal_resign_main},
	    {"timestamp", "have a signature stamped with the time",
	     seal_timestamp_main},
	    {"open", "verify a container and extract its files",
	     seal_open_main},
	    {"head", "write the head of an audit log, and sign it",
	     seal_head_main},
	    {"task", "packaging tasks: ask now, approve, make later",
	     seal_task_main},
	    {"schema", "print the JSON Schema of a file or a record",
	     seal_schema_main},
	    {0},
	};
	const struct cli_tool tool = {
	    .name = "pkg-seal",
	    .purpose = "Make, sign, show and open containers.",
	    .verbs = verbs,
	    .version = protect_version,
	};

	protect_start();
	return cli_main(&tool, argc, argv);
}

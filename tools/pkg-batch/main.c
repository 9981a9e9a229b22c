/* SPDX-License-Identifier: Apache-2.0 */
/* pkg-batch: many documents, one officer's sitting. */
#include "common/protect.h"
#include "pkg-batch/common.h"

int main(int argc, char **argv)
{
	/* In the order in which a batch lives. */
	static const struct cli_verb verbs[] = {
	    {"create", "create a batch that is bound to a process",
	     batch_create_main},
	    {"upload", "put documents into a batch", batch_upload_main},
	    {"accept", "approve or reject a batch", batch_accept_main},
	    {"run", "sign or validate the documents", batch_run_main},
	    {"export", "write what crosses an air gap", batch_export_main},
	    {"import", "take in what came over an air gap", batch_import_main},
	    {"timestamp", "have signatures stamped with the time",
	     batch_timestamp_main},
	    {"download", "write documents and signatures as a ZIP file",
	     batch_download_main},
	    {"delete", "remove the documents of a batch", batch_delete_main},
	    {"status", "say how a batch and its documents stand",
	     batch_status_main},
	    {"watch", "sign what is dropped into a folder", batch_watch_main},
	    {"list", "list the batches", batch_list_main},
	    {"schema", "print the JSON Schema of a file or a record",
	     batch_schema_main},
	    {0},
	};
	const struct cli_tool tool = {
	    .name = "pkg-batch",
	    .purpose = "Sign or validate many documents in one sitting.",
	    .verbs = verbs,
	    .version = protect_version,
	};

	protect_start();
	return cli_main(&tool, argc, argv);
}

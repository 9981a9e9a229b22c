/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/crypto.h"

int main(int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
	    {"check", "tell all that is wrong with a manifest", verb_check},
	    {"files", "print the files that a manifest selects", verb_files},
	    {"resolve", "pin everything and write the lock", verb_resolve},
	    {"list", "list modules, sets and more as the server would",
	     verb_list},
	    {"diff", "compare two manifests or two locks", verb_diff},
	    {"graph", "draw sets, modules and files", verb_graph},
	    {"plan", "write the steps of an import", verb_plan},
	    {"bundle", "put plan and files into an import bundle", verb_bundle},
	    {"from-server", "make a manifest of what a server has",
	     verb_from_server},
	    {"schema", "print the JSON Schema of a format", verb_schema},
	    {0},
	};
	static const struct cli_tool tool = {
	    .name = "pkg-manifest",
	    .purpose = "What a product consists of: checked, pinned, planned "
		       "and bundled.",
	    .verbs = verbs,
	};

	pkg_crypto_on_no_memory(cli_out_of_memory);
	return cli_main(&tool, argc, argv);
}

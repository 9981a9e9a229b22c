/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complete.h"

static void quoted(struct cli *cli, const char *text)
{
	cli_complete_quoted(cli, text, "\\", "\\'");
}

static void begin(struct cli *cli)
{
	const char *tool = cli->tool->name;

	cli_print(cli, "# fish completion for %s\n", tool);
	if (cli->tool->verbs == NULL)
		return;
	/* No file names where a verb must stand. */
	cli_print(cli, "complete -c %s -n __fish_use_subcommand -f\n", tool);
	cli_print(cli,
		  "complete -c %s -n __fish_use_subcommand -l help\n"
		  "complete -c %s -n __fish_use_subcommand -l version\n",
		  tool, tool);
	for (const struct cli_verb *v = cli->tool->verbs; v->name != NULL;
	     v++) {
		cli_print(cli,
			  "complete -c %s -n __fish_use_subcommand -a %s -d '",
			  tool, v->name);
		quoted(cli, v->purpose);
		cli_print(cli, "'\n");
	}
}

/* "complete -c TOOL", for one verb if there are any. */
static void start(struct cli *cli)
{
	const char *verb = cli_complete_verb(cli);

	cli_print(cli, "complete -c %s", cli->tool->name);
	if (verb[0] != '\0')
		cli_print(cli, " -n '__fish_seen_subcommand_from %s'", verb);
}

static void operands(struct cli *cli, const char *complete)
{
	start(cli);
	if (complete == NULL)
		cli_print(cli, " -f\n");
	else if (complete[0] == 'd')
		cli_print(cli, " -x -a '(__fish_complete_directories)'\n");
	else
		cli_print(cli, " -F\n");
}

static void option(struct cli *cli, const struct cli_opt *opt)
{
	start(cli);
	cli_print(cli, " -l %s", opt->name);
	if (opt->letter != 0)
		cli_print(cli, " -s %c", opt->letter);
	if (opt->choices != NULL)
		cli_print(cli, " -x -a '%s'", opt->choices);
	else if (opt->complete != NULL && opt->complete[0] == 'd')
		cli_print(cli, " -x -a '(__fish_complete_directories)'");
	else if (opt->complete != NULL)
		cli_print(cli, " -r -F");
	else if (cli_complete_takes_argument(opt))
		cli_print(cli, " -x");
	cli_print(cli, " -d '");
	quoted(cli, opt->help);
	cli_print(cli, "'\n");
}

static void command(struct cli *cli, const struct cli_command *command,
		    const struct cli_table *table)
{
	operands(cli, command->complete);
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].help != NULL)
			option(cli, &table->rows[i]);
}

static void end(struct cli *cli)
{
	(void)cli;
}

const struct cli_describer cli_complete_fish = {begin, command, end};

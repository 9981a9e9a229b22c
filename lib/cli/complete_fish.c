/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complete.h"

static void quoted(struct cli *cli, const char *text)
{
	cli_complete_quoted(cli, text, "\\", "\\'");
}

/* Is the first word that is a verb of the tool this one? */
static void define_verb(struct cli *cli)
{
	cli_print(cli, "function __fish_");
	cli_complete_identifier(cli);
	cli_print(cli, "_verb\n\tfor word in (commandline -opc)\n"
		       "\t\tif contains -- $word");
	for (const struct cli_verb *v = cli->tool->verbs; v->name != NULL; v++)
		cli_print(cli, " %s", v->name);
	cli_print(cli, "\n\t\t\ttest $word = $argv[1]\n\t\t\treturn\n"
		       "\t\tend\n\tend\n\treturn 1\nend\n");
}

static void begin(struct cli *cli)
{
	const char *tool = cli->tool->name;

	cli_print(cli, "# fish completion for %s\n", tool);
	if (cli->tool->verbs == NULL)
		return;
	define_verb(cli);
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
	if (verb[0] == '\0')
		return;
	cli_print(cli, " -n '__fish_");
	cli_complete_identifier(cli);
	cli_print(cli, "_verb %s",
		  cli->group != NULL ? cli->group->name : verb);
	if (cli->group != NULL)
		cli_print(cli, "; and __fish_seen_subcommand_from %s", verb);
	cli_print(cli, "'");
}

/* "complete -c TOOL -n ... -f", where a verb of the group must stand. */
static void at_verb(struct cli *cli, const struct cli_group *group)
{
	cli_print(cli, "complete -c %s -n '__fish_", cli->tool->name);
	cli_complete_identifier(cli);
	cli_print(cli, "_verb %s; and not __fish_seen_subcommand_from",
		  cli->group->name);
	for (const struct cli_verb *v = group->verbs; v->name != NULL; v++)
		cli_print(cli, " %s", v->name);
	cli_print(cli, "' -f");
}

static void group_begin(struct cli *cli, const struct cli_group *group)
{
	at_verb(cli, group);
	cli_print(cli, " -l help\n");
	at_verb(cli, group);
	cli_print(cli, " -l version\n");
	for (const struct cli_verb *v = group->verbs; v->name != NULL; v++) {
		at_verb(cli, group);
		cli_print(cli, " -a %s -d '", v->name);
		quoted(cli, v->purpose);
		cli_print(cli, "'\n");
	}
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

const struct cli_describer cli_complete_fish = {begin, command, end,
						group_begin, end};

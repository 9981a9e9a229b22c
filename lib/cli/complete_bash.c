/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complete.h"

#include <string.h>

/* Words are split at '=' before we see them: "--format", "=", "gnu". */
static const char head[] =
    "()\n"
    "{\n"
    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "\tlocal verb= verbs= words= kind=none options= i\n"
    "\tif [[ $cur == = ]]; then\n"
    "\t\tcur=\n"
    "\telif [[ $prev == = ]]; then\n"
    "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
    "\tfi\n";

static const char find_verb[] =
    "; i < COMP_CWORD; i++)); do\n"
    "\t\tif [[ \" $verbs \" == *\" ${COMP_WORDS[i]} \"* ]]; then\n"
    "\t\t\tverb=${COMP_WORDS[i]}\n"
    "\t\t\tbreak\n"
    "\t\tfi\n"
    "\tdone\n";

static const char tail[] =
    "\tesac\n"
    "\tif [[ $cur == -* && $kind != argument-* ]]; then\n"
    "\t\tkind=words words=$options\n"
    "\tfi\n"
    "\tcase ${kind#argument-} in\n"
    "\tfile) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\");;\n"
    "\tdir) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\");;\n"
    "\twords) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\");;\n"
    "\tesac\n"
    "}\n"
    "complete -o filenames -F _";

/* Which verb is it, from word @first on; in front of the commands. */
static void choose(struct cli *cli, const struct cli_verb *verbs,
		   const char *first)
{
	cli_print(cli, "\tverbs='");
	for (const struct cli_verb *v = verbs; v->name != NULL; v++)
		cli_print(cli, "%s%s", v == verbs ? "" : " ", v->name);
	cli_print(cli, "'\n\tfor ((i = %s%s\tcase $verb in\n", first,
		  find_verb);
	cli_print(cli, "\t'')\n\t\tkind=words words=$verbs "
		       "options='--help --version'\n\t\t;;\n");
}

static void begin(struct cli *cli)
{
	cli_print(cli, "# bash completion for %s\n_", cli->tool->name);
	cli_complete_identifier(cli);
	cli_print(cli, "%s", head);
	if (cli->tool->verbs != NULL)
		choose(cli, cli->tool->verbs, "1");
	else
		cli_print(cli, "\tcase $verb in\n");
}

/* A case in a case: "task" is found, now "create". */
static void group_begin(struct cli *cli, const struct cli_group *group)
{
	cli_print(cli, "\t%s)\n\tverb=\n", cli->group->name);
	choose(cli, group->verbs, "i + 1");
}

static void group_end(struct cli *cli)
{
	cli_print(cli, "\tesac\n\t;;\n");
}

static void argument(struct cli *cli, const struct cli_opt *opt)
{
	cli_print(cli, "\t\t--%s", opt->name);
	if (opt->letter != 0)
		cli_print(cli, "|-%c", opt->letter);
	if (opt->choices != NULL)
		cli_print(cli, ") kind=argument-words words='%s';;\n",
			  opt->choices);
	else
		cli_print(cli, ") kind=argument-%s;;\n",
			  opt->complete != NULL ? opt->complete : "none");
}

static void command(struct cli *cli, const struct cli_command *command,
		    const struct cli_table *table)
{
	const char *verb = cli_complete_verb(cli);

	cli_print(cli, "\t%s)\n\t\tkind=%s\n\t\toptions='",
		  verb[0] != '\0' ? verb : "''",
		  command->complete != NULL ? command->complete : "none");
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].help != NULL)
			cli_print(cli, "%s--%s", i == 0 ? "" : " ",
				  table->rows[i].name);
	cli_print(cli, "'\n\t\tcase $prev in\n");
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].help != NULL &&
		    cli_complete_takes_argument(&table->rows[i]))
			argument(cli, &table->rows[i]);
	cli_print(cli, "\t\tesac\n\t\t;;\n");
}

static void end(struct cli *cli)
{
	cli_print(cli, "%s", tail);
	cli_complete_identifier(cli);
	cli_print(cli, " %s\n", cli->tool->name);
}

const struct cli_describer cli_complete_bash = {begin, command, end,
						group_begin, group_end};

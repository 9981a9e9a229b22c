/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complete.h"

#include <string.h>

const struct cli_describer *cli_completion(const char *shell)
{
	if (strcmp(shell, "zsh") == 0)
		return &cli_complete_zsh;
	if (strcmp(shell, "fish") == 0)
		return &cli_complete_fish;
	return &cli_complete_bash;
}

const char *cli_complete_verb(const struct cli *cli)
{
	return cli->verb != NULL ? cli->verb->name : "";
}

void cli_complete_identifier(struct cli *cli)
{
	for (const char *s = cli->tool->name; *s != '\0'; s++)
		cli_print(cli, "%c", *s == '-' ? '_' : *s);
}

bool cli_complete_takes_argument(const struct cli_opt *opt)
{
	return opt->kind != CLI_FLAG && opt->kind != CLI_COUNT;
}

void cli_complete_quoted(struct cli *cli, const char *text, const char *special,
			 const char *quote)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			cli_print(cli, "%s", quote);
		else if (strchr(special, *text) != NULL)
			cli_print(cli, "\\%c", *text);
		else
			cli_print(cli, "%c", *text);
	}
}

/*
 * The list of all options, one a line, for the test that compares it with
 * the man page: verb, letter, name, argument, choices, tab-separated.  A verb
 * of a group is two words.
 */
static void list_nothing(struct cli *cli)
{
	(void)cli;
}

static void list_command(struct cli *cli, const struct cli_command *command,
			 const struct cli_table *table)
{
	(void)command;
	for (size_t i = 0; i < table->count; i++) {
		const struct cli_opt *o = &table->rows[i];
		const char letter[] = {o->letter, '\0'};

		if (o->help == NULL)
			continue;
		cli_print(cli, "%s%s%s\t%s\t%s\t%s\t%s\n",
			  cli->group != NULL ? cli->group->name : "",
			  cli->group != NULL ? " " : "", cli_complete_verb(cli),
			  letter, o->name, o->arg != NULL ? o->arg : "",
			  o->choices != NULL ? o->choices : "");
	}
}

static void list_group(struct cli *cli, const struct cli_group *group)
{
	(void)cli;
	(void)group;
}

const struct cli_describer cli_option_list = {
    list_nothing, list_command, list_nothing, list_group, list_nothing};

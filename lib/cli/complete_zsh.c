/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complete.h"

#include <stdio.h>

/* In a specification for _arguments these end a part of it. */
static void quoted(struct cli *cli, const char *text)
{
	cli_complete_quoted(cli, text, "[]:\\", "'\\''");
}

/* Which verb is it, the second word from here; in front of the commands. */
static void choose(struct cli *cli, const struct cli_verb *verbs)
{
	cli_print(cli, "verbs=(\n");
	for (const struct cli_verb *v = verbs; v->name != NULL; v++) {
		cli_print(cli, "\t'%s:", v->name);
		quoted(cli, v->purpose);
		cli_print(cli, "'\n");
	}
	cli_print(cli, ")\n"
		       "if (( CURRENT == 2 )); then\n"
		       "\t_describe verb verbs\n"
		       "\t_arguments '--help' '--version'\n"
		       "\treturn\n"
		       "fi\n"
		       "verb=$words[2]\n"
		       "shift words\n"
		       "(( CURRENT-- ))\n"
		       "case $verb in\n");
}

static void begin(struct cli *cli)
{
	cli_print(cli, "#compdef %s\n", cli->tool->name);
	if (cli->tool->verbs == NULL)
		return;
	cli_print(cli, "local -a verbs\nlocal verb\n");
	choose(cli, cli->tool->verbs);
}

static void group_begin(struct cli *cli, const struct cli_group *group)
{
	cli_print(cli, "%s)\n", cli->group->name);
	choose(cli, group->verbs);
}

static void group_end(struct cli *cli)
{
	cli_print(cli, "esac\n;;\n");
}

static const char *action(const char *complete)
{
	if (complete == NULL)
		return " ";
	return complete[0] == 'd' ? "_files -/" : "_files";
}

/* Either may be given again only if it makes sense. */
static void option(struct cli *cli, const struct cli_opt *opt)
{
	const bool takes = cli_complete_takes_argument(opt);
	const bool often = opt->kind == CLI_LIST || opt->kind == CLI_COUNT;
	char names[160];

	if (opt->letter != 0)
		(void)snprintf(names, sizeof(names), "%s'{-%c%s,--%s%s}'",
			       often ? "*" : "", opt->letter, takes ? "+" : "",
			       opt->name, takes ? "=" : "");
	else
		(void)snprintf(names, sizeof(names), "%s--%s%s",
			       often ? "*" : "", opt->name, takes ? "=" : "");
	cli_print(cli, " \\\n\t\t'%s[", names);
	quoted(cli, opt->help);
	cli_print(cli, "]");
	if (takes && opt->choices != NULL)
		cli_print(cli, ":%s:(%s)", opt->arg, opt->choices);
	else if (takes)
		cli_print(cli, ":%s:%s", opt->arg, action(opt->complete));
	cli_print(cli, "'");
}

static void command(struct cli *cli, const struct cli_command *command,
		    const struct cli_table *table)
{
	const char *verb = cli_complete_verb(cli);

	if (verb[0] != '\0')
		cli_print(cli, "%s)\n", verb);
	cli_print(cli, "\t_arguments -s -S");
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].help != NULL)
			option(cli, &table->rows[i]);
	if (command->max_args != 0)
		cli_print(cli, " \\\n\t\t'*:operand:%s'",
			  action(command->complete));
	cli_print(cli, "\n%s", verb[0] != '\0' ? "\t;;\n" : "");
}

static void end(struct cli *cli)
{
	if (cli->tool->verbs != NULL)
		cli_print(cli, "esac\n");
}

const struct cli_describer cli_complete_zsh = {begin, command, end, group_begin,
					       group_end};

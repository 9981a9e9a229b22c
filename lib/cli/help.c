/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/internal.h"

#include <stdio.h>
#include <string.h>

enum {
	OPTION_TEXT = 26, /* column where an option's description starts */
	VERB_TEXT = 16,   /* the same for a verb's */
};

void cli_command_name(const struct cli *cli, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s%s%s%s%s", cli->tool->name,
		       cli->group != NULL ? " " : "",
		       cli->group != NULL ? cli->group->name : "",
		       cli->verb != NULL ? " " : "",
		       cli->verb != NULL ? cli->verb->name : "");
}

/*
 * Print the words of one line, from column @col on; further lines start at
 * @indent.  No line reaches column CLI_COLUMNS, unless a word is that long.
 */
static void wrap(struct cli *cli, const char *text, size_t len, size_t indent,
		 size_t col)
{
	bool first = true;

	for (size_t i = 0; i < len;) {
		size_t word = 0;

		while (i < len && text[i] == ' ')
			i++;
		while (i + word < len && text[i + word] != ' ')
			word++;
		if (word == 0)
			break;
		if (!first && col + 1 + word >= CLI_COLUMNS) {
			cli_print(cli, "\n%*s", (int)indent, "");
			col = indent;
			first = true;
		}
		cli_print(cli, "%s%.*s", first ? "" : " ", (int)word, text + i);
		col += word + (first ? 0 : 1);
		first = false;
		i += word;
	}
	cli_print(cli, "\n");
}

/* Wrap each line of @text by itself; a line keeps its own indentation. */
static void paragraphs(struct cli *cli, const char *text)
{
	while (*text != '\0') {
		const size_t len = strcspn(text, "\n");
		const size_t indent = strspn(text, " ");

		cli_print(cli, "%*s", (int)indent, "");
		wrap(cli, text, len, indent, indent);
		text += len + (text[len] == '\n');
	}
}

/* "name  description", the description aligned at column @at. */
static void entry(struct cli *cli, const char *left, const char *text,
		  size_t at)
{
	const size_t len = strlen(left);

	cli_print(cli, "%s", left);
	if (len + 2 > at)
		cli_print(cli, "\n%*s", (int)at, "");
	else
		cli_print(cli, "%*s", (int)(at - len), "");
	wrap(cli, text, strlen(text), at, at);
}

static void option(struct cli *cli, const struct cli_opt *opt)
{
	char left[128], text[512];

	(void)snprintf(
	    left, sizeof(left), "  %c%c%c --%s%s%s",
	    opt->letter != 0 ? '-' : ' ', opt->letter != 0 ? opt->letter : ' ',
	    opt->letter != 0 ? ',' : ' ', opt->name,
	    opt->arg != NULL ? " " : "", opt->arg != NULL ? opt->arg : "");
	(void)snprintf(text, sizeof(text), "%s%s%s%s", opt->help,
		       opt->kind == CLI_CHOICE ? " (" : "",
		       opt->kind == CLI_CHOICE ? opt->choices : "",
		       opt->kind == CLI_CHOICE ? ")" : "");
	entry(cli, left, text, OPTION_TEXT);
}

static void options(struct cli *cli, const struct cli_table *table)
{
	cli_print(cli, "\noptions:\n");
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].help != NULL)
			option(cli, &table->rows[i]);
}

void cli_help_verbs(struct cli *cli, const struct cli_group *group,
		    const struct cli_table *table)
{
	char name[64];

	cli_command_name(cli, name, sizeof(name));
	cli_print(cli, "usage: %s VERB [options] ...\n", name);
	paragraphs(cli, group->purpose);
	cli_print(cli, "\nverbs:\n");
	for (const struct cli_verb *v = group->verbs; v->name != NULL; v++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "  %s", v->name);
		entry(cli, left, v->purpose, VERB_TEXT);
	}
	options(cli, table);
	cli_print(cli, "\n'%s VERB --help' tells about one verb.\n", name);
}

void cli_help_command(struct cli *cli, const struct cli_command *command,
		      const struct cli_table *table)
{
	char name[64];
	const char *form = command->synopsis, *label = "usage";

	cli_command_name(cli, name, sizeof(name));
	while (*form != '\0') {
		const size_t len = strcspn(form, "\n");

		cli_print(cli, "%s: %s ", label, name);
		wrap(cli, form, len, 4 + strlen(label) + strlen(name),
		     3 + strlen(label) + strlen(name));
		form += len + (form[len] == '\n');
		label = "   or";
	}
	paragraphs(cli, command->purpose);
	options(cli, table);
	if (command->notes != NULL) {
		cli_print(cli, "\n");
		paragraphs(cli, command->notes);
	}
}

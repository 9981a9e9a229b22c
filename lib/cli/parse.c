/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/internal.h"

#include "packline/text.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/*
 * The parser knows GNU's forms (--name=value, --name value, -abc, -ofile, --,
 * options after operands) but no abbreviations: a script that uses one breaks
 * when the next option is added.
 */
struct parser {
	struct cli *cli;
	const struct cli_table *table;
	int next;                 /* word to look at */
	bool given[CLI_MAX_OPTS]; /* by row */
};

static bool has_row(const struct cli_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->rows[i].name, name) == 0)
			return true;
	return false;
}

/* A command's own row hides a common one of the same name (--version of a
   product, where a verb has one). */
static void add_rows(struct cli_table *table, const struct cli_opt *rows)
{
	for (const struct cli_opt *o = rows; o != NULL && o->name != NULL;
	     o++) {
		if (has_row(table, o->name))
			continue;
		assert(table->count < CLI_MAX_OPTS);
		table->rows[table->count++] = *o;
	}
}

void cli_table_init(struct cli_table *table, struct cli *cli,
		    const struct cli_command *command)
{
	const struct cli_opt output[] = {
	    {"output", 'o', CLI_TEXT, &cli->output, "FILE",
	     "write to FILE; '-' is standard output", NULL, "file"},
	    {0},
	};
	const struct cli_opt force[] = {
	    {"force", 0, CLI_FLAG, &cli->force, NULL,
	     "replace an output that exists", NULL, NULL},
	    {0},
	};
	const struct cli_opt always[] = {
	    {"directory", 'C', CLI_TEXT, &cli->dir, "DIR",
	     "work in DIR; paths are relative to it", NULL, "dir"},
	    {"json", 0, CLI_FLAG, &cli->json, NULL,
	     "messages on stderr as JSON Lines", NULL, NULL},
	    {"quiet", 0, CLI_FLAG, &cli->quiet, NULL, "print errors only", NULL,
	     NULL},
	    {"verbose", 'v', CLI_COUNT, &cli->verbose, NULL,
	     "with an error, tell where in the program it arose", NULL, NULL},
	    {"color", 0, CLI_CHOICE, &cli->color, "WHEN",
	     "colour messages; auto looks at the terminal and NO_COLOR",
	     "auto always never", NULL},
	    {"help", 0, CLI_FLAG, &cli->help, NULL, "print this help and exit",
	     NULL, NULL},
	    {"version", 0, CLI_FLAG, &cli->version, NULL,
	     "print the version and exit", NULL, NULL},
	    {"completion", 0, CLI_CHOICE, &cli->completion, "SHELL", NULL,
	     "bash zsh fish", NULL},
	    {"dump-options", 0, CLI_FLAG, &cli->dump, NULL, NULL, NULL, NULL},
	    {0},
	};

	table->count = 0;
	if (command != NULL) {
		add_rows(table, command->table);
		if ((command->common & CLI_OUTPUT) != 0)
			add_rows(table, output);
		if ((command->common & CLI_FORCE) != 0)
			add_rows(table, force);
	}
	add_rows(table, always);
}

void cli_table_fini(struct cli_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		struct cli_list *list = table->rows[i].value;

		if (table->rows[i].kind != CLI_LIST)
			continue;
		free(list->items);
		*list = (struct cli_list){0};
	}
}

bool cli_suggest(struct pkg_err *err, const char *typed,
		 const char *const *words, size_t count, const char *prefix)
{
	const char *near = pkg_text_suggest(typed, words, count);

	if (near == NULL)
		return false;
	(void)pkg_hint(err, "did you mean '%s%s'?", prefix, near);
	return true;
}

static enum pkg_code hint_help(const struct parser *p, struct pkg_err *err)
{
	char name[64];

	cli_command_name(p->cli, name, sizeof(name));
	return pkg_hint(err, "see '%s --help'", name);
}

static enum pkg_code unknown(const struct parser *p, const char *name,
			     size_t len, struct pkg_err *err)
{
	const char *words[CLI_MAX_OPTS];
	char typed[64];
	size_t n = 0;

	(void)pkg_fail(err, PKG_USAGE, "unknown option '--%.*s'", (int)len,
		       name);
	for (size_t i = 0; i < p->table->count; i++)
		if (p->table->rows[i].help != NULL)
			words[n++] = p->table->rows[i].name;
	if (len < sizeof(typed)) {
		memcpy(typed, name, len);
		typed[len] = '\0';
		if (cli_suggest(err, typed, words, n, "--"))
			return PKG_USAGE;
	}
	return hint_help(p, err);
}

static enum pkg_code set_number(struct cli_number *number,
				const struct cli_opt *opt, const char *arg,
				struct pkg_err *err)
{
	uint64_t value = 0;
	bool ok = arg[0] != '\0', ranged = number->min != 0 || number->max != 0;

	for (const char *s = arg; ok && *s != '\0'; s++)
		ok = isdigit((unsigned char)*s) &&
		     !__builtin_mul_overflow(value, 10u, &value) &&
		     !__builtin_add_overflow(value, (uint64_t)(*s - '0'),
					     &value);
	if (!ok) {
		(void)pkg_fail(err, PKG_USAGE,
			       "'%s' is not a number that --%s can take", arg,
			       opt->name);
		return pkg_hint(err, "a whole number in digits 0-9 is wanted");
	}
	if (ranged && (value < number->min || value > number->max))
		return pkg_fail(err, PKG_USAGE,
				"%s is out of range for --%s (%llu to %llu)",
				arg, opt->name, (unsigned long long)number->min,
				(unsigned long long)number->max);
	number->value = value;
	number->given = true;
	return PKG_OK;
}

static enum pkg_code set_choice(const char **value, const struct cli_opt *opt,
				const char *arg, struct pkg_err *err)
{
	char copy[256];
	const char *words[16];
	size_t n = 0, len = strlen(opt->choices);
	char *save = NULL;

	assert(len < sizeof(copy));
	memcpy(copy, opt->choices, len + 1);
	for (char *w = strtok_r(copy, " ", &save); w != NULL;
	     w = strtok_r(NULL, " ", &save)) {
		assert(n < sizeof(words) / sizeof(words[0]));
		words[n++] = w;
		if (strcmp(w, arg) == 0) {
			*value = arg;
			return PKG_OK;
		}
	}
	(void)pkg_fail(err, PKG_USAGE, "--%s does not know '%s'", opt->name,
		       arg);
	if (cli_suggest(err, arg, words, n, ""))
		return PKG_USAGE;
	return pkg_hint(err, "one of: %s", opt->choices);
}

static enum pkg_code add_item(const struct parser *p, struct cli_list *list,
			      const char *arg, struct pkg_err *err)
{
	/* There cannot be more items than words on the command line. */
	if (list->items == NULL)
		list->items =
		    calloc((size_t)p->cli->argc, sizeof(list->items[0]));
	if (list->items == NULL)
		return pkg_fail_nomem(err);
	list->items[list->count++] = arg;
	return PKG_OK;
}

/* Store @arg (NULL for a flag) as the value of row @row. */
static enum pkg_code set(struct parser *p, size_t row, const char *arg,
			 struct pkg_err *err)
{
	const struct cli_opt *opt = &p->table->rows[row];
	const bool again = p->given[row];

	p->given[row] = true;
	if (again && (opt->kind == CLI_TEXT || opt->kind == CLI_NUMBER ||
		      opt->kind == CLI_CHOICE))
		return pkg_fail(err, PKG_USAGE, "--%s is given twice",
				opt->name);
	switch (opt->kind) {
	case CLI_FLAG:
		*(bool *)opt->value = true;
		return PKG_OK;
	case CLI_COUNT:
		++*(int *)opt->value;
		return PKG_OK;
	case CLI_TEXT:
		*(const char **)opt->value = arg;
		return PKG_OK;
	case CLI_LIST:
		return add_item(p, opt->value, arg, err);
	case CLI_NUMBER:
		return set_number(opt->value, opt, arg, err);
	case CLI_CHOICE:
		return set_choice(opt->value, opt, arg, err);
	}
	return pkg_fail(err, PKG_INTERNAL, "option --%s has no kind",
			opt->name);
}

static bool takes_argument(const struct cli_opt *opt)
{
	return opt->kind != CLI_FLAG && opt->kind != CLI_COUNT;
}

/* The next word is the argument of the option @row. */
static enum pkg_code set_from_next(struct parser *p, size_t row,
				   struct pkg_err *err)
{
	const struct cli_opt *opt = &p->table->rows[row];

	if (p->next >= p->cli->argc) {
		(void)pkg_fail(err, PKG_USAGE, "--%s needs an argument: %s",
			       opt->name, opt->arg);
		return hint_help(p, err);
	}
	return set(p, row, p->cli->argv[p->next++], err);
}

/* @word is "--name" or "--name=value". */
static enum pkg_code parse_long(struct parser *p, const char *word,
				struct pkg_err *err)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	const size_t len =
	    equals != NULL ? (size_t)(equals - name) : strlen(name);
	size_t row = 0;

	while (row < p->table->count &&
	       (strlen(p->table->rows[row].name) != len ||
		memcmp(p->table->rows[row].name, name, len) != 0))
		row++;
	if (row == p->table->count)
		return unknown(p, name, len, err);
	if (!takes_argument(&p->table->rows[row])) {
		if (equals != NULL)
			return pkg_fail(err, PKG_USAGE,
					"--%s takes no argument",
					p->table->rows[row].name);
		return set(p, row, NULL, err);
	}
	if (equals != NULL)
		return set(p, row, equals + 1, err);
	return set_from_next(p, row, err);
}

/* @word is "-abc", "-ofile" or "-o". */
static enum pkg_code parse_short(struct parser *p, const char *word,
				 struct pkg_err *err)
{
	for (const char *s = word + 1; *s != '\0'; s++) {
		size_t row = 0;

		while (row < p->table->count &&
		       p->table->rows[row].letter != *s)
			row++;
		if (row == p->table->count) {
			(void)pkg_fail(err, PKG_USAGE,
				       "unknown option '-%c' in '%s'", *s,
				       word);
			return hint_help(p, err);
		}
		if (!takes_argument(&p->table->rows[row])) {
			PKG_TRY(set(p, row, NULL, err));
			continue;
		}
		if (s[1] != '\0')
			return set(p, row, s + 1, err);
		return set_from_next(p, row, err);
	}
	return PKG_OK;
}

enum pkg_code cli_parse(struct cli *cli, const struct cli_table *table,
			bool to_verb, struct pkg_err *err)
{
	struct parser p = {.cli = cli, .table = table};
	char **argv = cli->argv;
	int operands = 0; /* moved to the front: never past p.next */

	while (p.next < cli->argc) {
		char *word = argv[p.next];
		const bool option = word[0] == '-' && word[1] != '\0';

		if (!option && to_verb)
			break;
		p.next++;
		if (!option) {
			argv[operands++] = word;
			continue;
		}
		if (strcmp(word, "--") == 0)
			break;
		PKG_TRY(word[1] == '-' ? parse_long(&p, word, err)
				       : parse_short(&p, word, err));
	}
	if (to_verb) {
		cli->argv += p.next;
		cli->argc -= p.next;
		return PKG_OK;
	}
	while (p.next < cli->argc)
		argv[operands++] = argv[p.next++];
	cli->argc = operands;
	return PKG_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/internal.h"

#include "packline/outfile.h"

#include <string.h>
#include <unistd.h>

static enum pkg_code describe(struct cli *cli,
			      const struct cli_describer *describer,
			      struct pkg_err *err)
{
	const struct cli_verb *verb = cli->tool->verbs;

	cli->describer = describer;
	cli->group = NULL;
	cli->verb = NULL;
	describer->begin(cli);
	if (verb == NULL)
		PKG_TRY(cli->tool->main(cli, err));
	for (; verb != NULL && verb->name != NULL; verb++) {
		cli->verb = verb;
		PKG_TRY(verb->main(cli, err));
	}
	describer->end(cli);
	return PKG_OK;
}

/* The options that print something and end the run; sets *done. */
static enum pkg_code tell(struct cli *cli, bool *done, struct pkg_err *err)
{
	*done = true;
	if (cli->version) {
		cli_print(cli, "%s %s\n", cli->tool->name, PKG_VERSION);
		if (cli->verbose > 0 && cli->tool->version != NULL)
			cli->tool->version(cli);
		return PKG_OK;
	}
	if (cli->completion != NULL)
		return describe(cli, cli_completion(cli->completion), err);
	if (cli->dump)
		return describe(cli, &cli_option_list, err);
	*done = false;
	return PKG_OK;
}

static enum pkg_code count_operands(const struct cli *cli,
				    const struct cli_command *command,
				    struct pkg_err *err)
{
	char name[64];

	if (cli->argc < command->min_args)
		(void)pkg_fail(err, PKG_USAGE, "an operand is missing");
	else if (command->max_args >= 0 && cli->argc > command->max_args)
		(void)pkg_fail(err, PKG_USAGE, "'%s' is one operand too many",
			       cli->argv[command->max_args]);
	else
		return PKG_OK;
	cli_command_name(cli, name, sizeof(name));
	return pkg_hint(err, "usage: %s %.*s", name,
			(int)strcspn(command->synopsis, "\n"),
			command->synopsis);
}

static enum pkg_code parse_and_run(struct cli *cli,
				   const struct cli_command *command,
				   const struct cli_table *table,
				   struct pkg_err *err)
{
	bool done;

	PKG_TRY(cli_parse(cli, table, false, err));
	if (cli->help) {
		cli_help_command(cli, command, table);
		return PKG_OK;
	}
	PKG_TRY(tell(cli, &done, err));
	if (done)
		return PKG_OK;
	PKG_TRY(count_operands(cli, command, err));
	PKG_TRY(cli_prepare(cli, err));
	return command->run(cli, command->options, cli->argc, cli->argv, err);
}

enum pkg_code cli_command_run(struct cli *cli,
			      const struct cli_command *command,
			      struct pkg_err *err)
{
	struct cli_table table;
	enum pkg_code code = PKG_OK;

	cli_table_init(&table, cli, command);
	if (cli->describer != NULL)
		cli->describer->command(cli, command, &table);
	else
		code = parse_and_run(cli, command, &table, err);
	cli_table_fini(&table);
	return code;
}

static enum pkg_code unknown_verb(const struct cli *cli,
				  const struct cli_verb *verbs,
				  struct pkg_err *err)
{
	const char *words[CLI_MAX_OPTS];
	char name[64];
	size_t n = 0;

	if (cli->argc == 0)
		(void)pkg_fail(err, PKG_USAGE, "a verb is missing");
	else
		(void)pkg_fail(err, PKG_USAGE, "unknown verb '%s'",
			       cli->argv[0]);
	while (n < CLI_MAX_OPTS && verbs[n].name != NULL) {
		words[n] = verbs[n].name;
		n++;
	}
	if (cli->argc > 0 && cli_suggest(err, cli->argv[0], words, n, ""))
		return PKG_USAGE;
	cli_command_name(cli, name, sizeof(name));
	return pkg_hint(err, "see '%s --help'", name);
}

/* The verb that the command line names next. */
static enum pkg_code run_verb(struct cli *cli, const struct cli_group *group,
			      struct pkg_err *err)
{
	struct cli_table table;
	const struct cli_verb *verb = group->verbs;
	bool done;

	cli_table_init(&table, cli, NULL);
	PKG_TRY(cli_parse(cli, &table, true, err));
	if (cli->help) {
		cli_help_verbs(cli, group, &table);
		return PKG_OK;
	}
	PKG_TRY(tell(cli, &done, err));
	if (done)
		return PKG_OK;
	while (cli->argc > 0 && verb->name != NULL &&
	       strcmp(verb->name, cli->argv[0]) != 0)
		verb++;
	if (cli->argc == 0 || verb->name == NULL)
		return unknown_verb(cli, group->verbs, err);
	cli->verb = verb;
	cli->argv++;
	cli->argc--;
	return verb->main(cli, err);
}

enum pkg_code cli_group_run(struct cli *cli, const struct cli_group *group,
			    struct pkg_err *err)
{
	cli->group = cli->verb;
	cli->verb = NULL;
	if (cli->describer == NULL)
		return run_verb(cli, group, err);
	cli->describer->group(cli, group);
	for (const struct cli_verb *v = group->verbs; v->name != NULL; v++) {
		cli->verb = v;
		PKG_TRY(v->main(cli, err));
	}
	cli->describer->group_end(cli);
	cli->group = NULL;
	return PKG_OK;
}

/* For cli_out_of_memory(), which nobody can hand them to. */
static struct cli *running;
static enum pkg_code exit_status = PKG_SYSTEM;

void cli_out_of_memory(void)
{
	struct pkg_err err = PKG_ERR_INIT;

	/* After the run only libraries clean up: it ended as it ended. */
	if (running == NULL)
		_exit((int)exit_status);
	pkg_outputs_abandon();
	(void)pkg_fail_nomem(&err);
	cli_error(running, &err);
	_exit(PKG_SYSTEM);
}

int cli_main(const struct cli_tool *tool, int argc, char **argv)
{
	const struct cli_group top = {tool->purpose, tool->verbs};
	struct cli cli = {.tool = tool};
	struct pkg_err err = PKG_ERR_INIT, close_err = PKG_ERR_INIT;
	enum pkg_code code;

	running = &cli;
	code = cli_start(&cli, argc, argv, &err);
	if (code == PKG_OK)
		code = tool->verbs != NULL ? run_verb(&cli, &top, &err)
					   : tool->main(&cli, &err);
	cli_progress_clear(&cli);
	if (code != PKG_OK && err.text[0] != '\0')
		cli_error(&cli, &err);
	/* Results already printed must arrive even if a later step failed,
	   and a full disk shows only now. */
	if (cli_close_stdout(&cli, &close_err) != PKG_OK) {
		/* A run that failed by the same write has said so. */
		if (code != PKG_SYSTEM)
			cli_error(&cli, &close_err);
		if (code == PKG_OK || code == PKG_NO)
			code = close_err.code;
	}
	cli_finish(&cli);
	running = NULL;
	exit_status = code;
	return (int)code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_INTERNAL_H
#define CLI_INTERNAL_H

#include "cli/cli.h"

enum {
	CLI_MAX_OPTS = 64,  /* rows of one command, the common ones included */
	CLI_COLUMNS = 80,   /* width of --help */
	CLI_MESSAGE = 8192, /* bytes of one printed message */
	CLI_PRINT = 4096,   /* bytes of one cli_print() */
};

/* All options of one command: its own rows, then the common ones. */
struct cli_table {
	struct cli_opt rows[CLI_MAX_OPTS];
	size_t count;
};

/* Prints something about each command of a tool, instead of running it. */
struct cli_describer {
	void (*begin)(struct cli *cli);
	void (*command)(struct cli *cli, const struct cli_command *command,
			const struct cli_table *table);
	void (*end)(struct cli *cli);
	/* Around the commands of a group; cli->group is its verb. */
	void (*group)(struct cli *cli, const struct cli_group *group);
	void (*group_end)(struct cli *cli);
};

struct cli {
	const struct cli_tool *tool;
	const struct cli_verb *verb;  /* NULL: none, or not known yet */
	const struct cli_verb *group; /* that it is in; NULL: in none */
	int argc;                     /* words of argv not parsed yet */
	char **argv;
	const struct cli_describer *describer; /* NULL: run */

	bool force, json, quiet, help, version, dump; /* the common options */
	int verbose;
	const char *dir, *output, *color, *completion;

	int dirfd;       /* -C DIR, else AT_FDCWD */
	bool progress;   /* a progress line stands on the terminal */
	int64_t next_ms; /* monotonic time of the next progress line */
	struct pkg_env env;
	struct pkg_err out_err; /* the first failed write to stdout */
	struct pkg_sink_fd out_fd;
	struct pkg_sink_gather out;
};

/* setup.c: what the process was started with. */
enum pkg_code cli_start(struct cli *cli, int argc, char **argv,
			struct pkg_err *err);
/* After the options: SOURCE_DATE_EPOCH, -C DIR. */
enum pkg_code cli_prepare(struct cli *cli, struct pkg_err *err);
void cli_finish(struct cli *cli);
/* Close standard output and say whether all of it was written. */
enum pkg_code cli_close_stdout(struct cli *cli, struct pkg_err *err);

/* parse.c */
void cli_table_init(struct cli_table *table, struct cli *cli,
		    const struct cli_command *command);
void cli_table_fini(struct cli_table *table);
/*
 * Parse cli->argv by @table; the operands are left in cli->argv.
 * @to_verb  stop before the first operand, which is the verb.
 */
enum pkg_code cli_parse(struct cli *cli, const struct cli_table *table,
			bool to_verb, struct pkg_err *err);
/* Add the hint "did you mean '@prefix@word'?" if one of @words is near. */
bool cli_suggest(struct pkg_err *err, const char *typed,
		 const char *const *words, size_t count, const char *prefix);

/* help.c */
void cli_help_verbs(struct cli *cli, const struct cli_group *group,
		    const struct cli_table *table);
void cli_help_command(struct cli *cli, const struct cli_command *command,
		      const struct cli_table *table);
/* "pkg-seal create", "pkg-seal task list", or "pkg-hash" without verbs. */
void cli_command_name(const struct cli *cli, char *out, size_t cap);

/* complete.c: NULL for an unknown shell; and the list of all options. */
const struct cli_describer *cli_completion(const char *shell);
extern const struct cli_describer cli_option_list;

/* message.c: write the first @len bytes of @line to stderr at once. */
void cli_stderr(const char *line, size_t len);

#endif

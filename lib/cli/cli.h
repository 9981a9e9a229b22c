/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "packline/buf.h"
#include "packline/diag.h"
#include "packline/env.h"
#include "packline/err.h"
#include "packline/sink.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The command-line front end that all tools share: one table of options
 * parses the command line and prints --help, the completions and the man
 * page's option list.  Reports errors, closes standard output, sets the exit
 * status.
 */
enum cli_kind {
	CLI_FLAG,   /* bool *: set to true */
	CLI_COUNT,  /* int *: how many times it was given */
	CLI_TEXT,   /* const char **: the argument, borrowed from argv */
	CLI_LIST,   /* struct cli_list *: every argument, in order */
	CLI_NUMBER, /* struct cli_number *: decimal integer within min..max */
	CLI_CHOICE, /* const char **: one of choices */
};
/* CLI_TEXT, CLI_NUMBER and CLI_CHOICE given twice are a usage error. */

struct cli_list {
	const char **items; /* owned by the parser until run() has returned;
			       the texts are borrowed from argv */
	size_t count;
};

struct cli_number {
	uint64_t value;
	bool given;
	uint64_t min, max; /* set in the initialiser; both 0 = any */
};

/*
 * One row per option.  Order in the table = order in --help.  Letters
 * are few and mean the same in every tool.
 */
struct cli_opt {
	const char *name; /* long name, without dashes */
	char letter;      /* short name, or 0 */
	enum cli_kind kind;
	void *value;     /* as the kind says */
	const char *arg; /* placeholder, NULL for a flag */
	/* One line, lower case, no full stop; NULL = told to nobody. */
	const char *help;
	const char *choices;  /* CLI_CHOICE: "jsonl gnu bsd cf" */
	const char *complete; /* for completions: "file", "dir", or NULL */
};

struct cli; /* the running tool */

/*
 * A verb's table cannot be static data if it points at locals; so each verb
 * has a main that builds both on its stack and calls cli_command_run(), and
 * does nothing else: it is also called to print completions.
 */
struct cli_command {
	const char *synopsis; /* "[options] FILE...", one form a line */
	const char *purpose;  /* one sentence for --help */
	/* More for the end of --help, or NULL.  Each line is wrapped by
	   itself and keeps its indentation. */
	const char *notes;
	const struct cli_opt *table; /* ends with {.name = NULL} */
	unsigned common; /* CLI_OUTPUT, CLI_FORCE...: options shared by name */
	int min_args, max_args; /* operands; max -1 = any number */
	/* Operands, for completions: "file", "dir", or NULL = unknown. */
	const char *complete;
	/*
	 * The work.  argv[0..argc-1] are the operands.  A command whose answer
	 * is no, and which has said why in its results, returns cli_no().
	 */
	enum pkg_code (*run)(struct cli *cli, const void *options, int argc,
			     char **argv, struct pkg_err *err);
	const void *options; /* handed to run() */
};

/* Shared options that a command asks for in .common; --help, --version,
   --json, --quiet, -v, -C DIR and --color are always there, unless the
   command's own table has one of that name. */
enum {
	CLI_OUTPUT = 1 << 0, /* -o, --output FILE: cli_output() */
	CLI_FORCE = 1 << 1,  /* --force: cli_force() */
};

struct cli_verb {
	const char *name;    /* "create" */
	const char *purpose; /* one line for the list of verbs */
	/* Builds its command on its stack and calls cli_command_run(). */
	enum pkg_code (*main)(struct cli *cli, struct pkg_err *err);
};

/*
 * Verbs that belong to one thing: "task create", "task list".  The verb of the
 * tool is the group's name, and its main calls cli_group_run(), nothing else.
 * A group has no groups in it.
 */
struct cli_group {
	const char *purpose;          /* one sentence for --help */
	const struct cli_verb *verbs; /* ends with {.name = NULL} */
};

struct cli_tool {
	const char *name;    /* "pkg-hash" */
	const char *purpose; /* one sentence */
	const struct cli_verb
	    *verbs; /* ends with {.name = NULL}; or NULL and */
	enum pkg_code (*main)(struct cli *cli, struct pkg_err *err);
	void (*version)(struct cli *cli); /* more for --version -v, or NULL */
};

/* The whole of a tool's main(): returns the exit status. */
int cli_main(const struct cli_tool *tool, int argc, char **argv);
/* Parse the rest of the command line by @command and run it. */
enum pkg_code cli_command_run(struct cli *cli,
			      const struct cli_command *command,
			      struct pkg_err *err);
/* Find the verb of @group that the command line names next, and run it. */
enum pkg_code cli_group_run(struct cli *cli, const struct cli_group *group,
			    struct pkg_err *err);

/* -- for run(): all results are borrowed from @cli -- */

const char *cli_tool_name(const struct cli *cli); /* "pkg-hash" */
int cli_dirfd(const struct cli *cli);             /* -C DIR, else AT_FDCWD */
const char *cli_output(const struct cli *cli);    /* -o, else NULL */
bool cli_force(const struct cli *cli);
bool cli_json(const struct cli *cli);  /* --json: messages are JSON Lines */
bool cli_color(const struct cli *cli); /* colour on stderr */
/* Clock and SOURCE_DATE_EPOCH; crypto is NULL until the tool sets it.  A
   malformed SOURCE_DATE_EPOCH is a usage error before run(). */
struct pkg_env *cli_env(struct cli *cli);
/* Standard output: gathered, checked and closed by cli_main(). */
struct pkg_sink *cli_stdout(struct cli *cli);

/*
 * Formatted text to standard output, at most 4095 bytes at a time.  A failed
 * write sticks: cli_main() reports it and exits with 4.
 */
void cli_print(struct cli *cli, const char *fmt, ...) PKG_PRINTF(2, 3);
/* End run() with exit status 1 and no message. */
enum pkg_code cli_no(struct pkg_err *err);

/*
 * A message on stderr, "pkg-hash: text", or a JSON record with --json.  Not
 * with --quiet.  Only for the thread that runs cli_main(), like everything
 * here.
 */
void cli_note(struct cli *cli, const char *fmt, ...) PKG_PRINTF(2, 3);
void cli_warn(struct cli *cli, const char *fmt, ...) PKG_PRINTF(2, 3);
/*
 * Out of memory where it cannot be passed up, as in a callback of OpenSSL:
 * end the process with exit status 4 and a message, leaving no temporary file.
 * Any thread may call it.
 */
_Noreturn void cli_out_of_memory(void);
/* An error that does not end the run, as cli_main() prints the last one. */
void cli_error(struct cli *cli, const struct pkg_err *err);
/* Print findings on stderr (text, or JSON records with --json). */
void cli_findings(struct cli *cli, const struct pkg_diag *diag);
/* Write one finding as a JSON `finding` record, newline included. */
enum pkg_code cli_finding_record(struct pkg_sink *sink,
				 const struct pkg_finding *finding,
				 struct pkg_err *err);
/* Write one finding as text, newline included. */
enum pkg_code cli_finding_text(struct pkg_sink *sink,
			       const struct pkg_finding *finding,
			       struct pkg_err *err);

/*
 * Read a secret named by @spec: "file:PATH" (private file), "fd:N",
 * "env:VAR", or NULL: ask on /dev/tty with @prompt, echo off.  One line, its
 * newline dropped.  @out must be marked secret.  Fails with PKG_KEY if it
 * cannot be had, PKG_USAGE for a malformed @spec.
 */
enum pkg_code cli_secret(struct cli *cli, struct pkg_buf *out, const char *spec,
			 const char *prompt, struct pkg_err *err);
/* The same for what is not a passphrase: how messages are to call it. */
struct cli_secret_kind {
	const char *noun;   /* "a PIN" */
	const char *option; /* the option that takes @spec: "--pin" */
};
enum pkg_code cli_secret_of(struct cli *cli, struct pkg_buf *out,
			    const struct cli_secret_kind *kind,
			    const char *spec, const char *prompt,
			    struct pkg_err *err);

/* The terminal that the user sits at, wherever the standard streams go. */
struct cli_tty {
	struct cli *cli; /* NULL = not open */
	int fd;
	struct pkg_sink_fd out;
};

/* False if there is none; else to be closed with cli_tty_fini(). */
bool cli_tty_open(struct cli_tty *tty, struct cli *cli);
void cli_tty_fini(struct cli_tty *tty); /* fine for one that was not opened */
/*
 * Ask a question there and append the line that is typed, without its newline;
 * an end of file ends it too.  Fails with PKG_SYSTEM, or as pkg_buf_add().
 */
enum pkg_code cli_tty_ask(struct cli_tty *tty, struct pkg_buf *answer,
			  const char *prompt, struct pkg_err *err);
/* True if the environment says that the terminal speaks UTF-8. */
bool cli_utf8(void);

/*
 * A progress line on a terminal; does nothing elsewhere or with --quiet.
 * @done and @total in bytes; @total 0 = unknown.
 */
void cli_progress(struct cli *cli, const char *what, uint64_t done,
		  uint64_t total);
/* Take it off again: something else is to be written to the terminal. */
void cli_progress_clear(struct cli *cli);

#endif

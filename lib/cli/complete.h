/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "cli/internal.h"

/*
 * One describer a shell prints that shell's completion script for a tool.
 * What may go into a script unquoted, because the tables hold it only in
 * these letters: names of tools, verbs, options and choices (a-z 0-9 . -).
 */
extern const struct cli_describer cli_complete_bash;
extern const struct cli_describer cli_complete_zsh;
extern const struct cli_describer cli_complete_fish;

/* "" or the verb being described, without the name of its group. */
const char *cli_complete_verb(const struct cli *cli);
/* Print "pkg_hash": the tool's name as part of a function's. */
void cli_complete_identifier(struct cli *cli);
bool cli_complete_takes_argument(const struct cli_opt *opt);
/*
 * Print @text for a place between single quotes: @special are the letters
 * that need a backslash there, @quote is what stands for a single quote.
 */
void cli_complete_quoted(struct cli *cli, const char *text, const char *special,
			 const char *quote);

#endif

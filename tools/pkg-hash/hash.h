/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HASH_HASH_H
#define HASH_HASH_H

#include "cli/cli.h"
#include "packline/hasher.h"
#include "packline/resource.h"
#include "packline/source.h"
#include "packline/walk.h"

/* The parts of pkg-hash.  main.c ties them together. */

struct hash_options {
	const char *format, *algorithm, *list, *check;
	struct cli_list known;
	bool sha512, recursive, null;
	struct cli_number jobs;
};

/*
 * Failures of single files, which do not stop the others.  Each is printed
 * when the next one comes, the last by cli_main(): so a lone one is not
 * followed by a summary that says the same.
 */
struct hash_failures {
	struct cli *cli;
	size_t count;
	struct pkg_err last;
	enum pkg_code worst; /* the highest exit status */
};
void hash_failed(struct hash_failures *failures, const struct pkg_err *err);
/* What the whole run returns: PKG_OK if nothing failed. */
enum pkg_code hash_failures_end(struct hash_failures *failures,
				struct pkg_err *err);

/* inputs.c: which files, from operands, lists and folders. */
struct hash_inputs {
	const struct hash_options *options;
	struct hash_failures *failures;
	int dirfd;
	char **operands;
	int count, next;
	struct pkg_walk *walk;   /* in a folder, or NULL */
	struct pkg_source *list; /* names, each with a NUL; or NULL */
	struct pkg_source_fd file;
	struct pkg_buf names; /* read from the list, not yet given out */
	size_t start;         /* of the next name in names */
	bool broken;          /* the list cannot be read */
	struct pkg_buf first_link;
	size_t links; /* symbolic links left out */
};
enum pkg_code hash_inputs_open(struct hash_inputs *inputs,
			       const struct hash_options *options,
			       struct hash_failures *failures, int argc,
			       char **argv, struct pkg_err *err);
/* Give the next file; the set is for the caller to fill in. */
enum pkg_code hash_inputs_next(struct hash_inputs *inputs,
			       struct pkg_hasher_item *item, bool *more,
			       struct pkg_err *err);
void hash_inputs_fini(struct hash_inputs *inputs);

/* output.c: results in one of the formats. */
enum hash_format { HASH_JSONL, HASH_GNU, HASH_BSD, HASH_CF };
struct hash_output {
	enum hash_format format;
	unsigned algorithm; /* of HASH_GNU and HASH_BSD */
	unsigned set;       /* what has to be computed */
	struct pkg_sink *sink;
	struct pkg_outfile *file; /* -o, or NULL */
	struct pkg_sink_gather gather;
	struct pkg_resources resources;
	struct pkg_known *known;
};
enum pkg_code hash_output_open(struct hash_output *output, struct cli *cli,
			       const struct hash_options *options,
			       struct pkg_err *err);
enum pkg_code hash_output_put(struct hash_output *output,
			      const struct pkg_artifact *artifact,
			      struct pkg_err *err);
/* Write what is still due: the end of a resource-match body. */
enum pkg_code hash_output_end(struct hash_output *output, struct pkg_err *err);
/* Make -o visible. */
enum pkg_code hash_output_commit(struct hash_output *output,
				 struct pkg_err *err);
void hash_output_fini(struct hash_output *output);

/* check.c: --check. */
enum pkg_code hash_check(struct cli *cli, const struct hash_options *options,
			 const struct pkg_hasher_options *how,
			 struct hash_output *output, struct pkg_err *err);

/*
 * jobserver.c: GNU make's job tokens, so that `make -j8` stays at eight jobs.
 * Reads MAKEFLAGS; fills in how->take and how->give, or sets one thread if
 * make's jobserver cannot be reached.
 */
void hash_jobserver(struct cli *cli, struct pkg_hasher_options *how);

#endif

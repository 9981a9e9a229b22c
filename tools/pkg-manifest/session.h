/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_MANIFEST_SESSION_H
#define PKG_MANIFEST_SESSION_H

#include "cli/cli.h"
#include "packline/lock.h"
#include "packline/manifest.h"
#include "packline/outfile.h"
#include "packline/source.h"

/* The options of every verb that reads a manifest. */
struct session_options {
	struct cli_list define, from_env;
	const char *server, *profile, *at;
};

#define SESSION_DEFINES(o)                                                     \
	{"define",    'D',          CLI_LIST,                                  \
	 &(o).define, "NAME=VALUE", "value of ${NAME} in the manifest",        \
	 NULL,        NULL},                                                   \
	{                                                                      \
		"define-from-env", 0, CLI_LIST, &(o).from_env, "NAME",         \
		    "take the value of ${NAME} from the environment", NULL,    \
		    NULL                                                       \
	}
#define SESSION_SERVER(o)                                                      \
	{"server-version",                                                     \
	 0,                                                                    \
	 CLI_TEXT,                                                             \
	 &(o).server,                                                          \
	 "V",                                                                  \
	 "judge for this version of the server",                               \
	 NULL,                                                                 \
	 NULL},                                                                \
	    SESSION_PROFILE((o).profile)
#define SESSION_PROFILE(path)                                                  \
	{                                                                      \
		"profile", 0, CLI_TEXT, &(path), "FILE",                       \
		    "the server's limits, where they were changed", NULL,      \
		    "file"                                                     \
	}

#define SESSION_AT(o)                                                          \
	{                                                                      \
		"at", 0, CLI_TEXT, &(o).at, "TIME",                            \
		    "judge times and maintenance windows for that time", NULL, \
		    NULL                                                       \
	}

/*
 * A manifest or a lock, read for one run; in the caller's memory:
 *
 *     PKG_AUTO_FINI(session) struct session s = {.folder = -1};
 */
struct session {
	struct cli *cli;
	struct pkg_arena *arena;
	struct pkg_diag diag;
	struct pkg_profile profile;
	struct pkg_manifest *manifest;
	const char *path;    /* of the manifest */
	const char *prefix;  /* its folder, "" or "a/b/" */
	int folder;          /* the same, opened */
	const char **inputs; /* files that were read, for the depfile */
	size_t input_count, input_cap;
	bool full; /* no memory for inputs */
};

/* Start a run whose paths begin in the folder of @path; reads nothing. */
enum pkg_code session_start(struct session *s, struct cli *cli,
			    const char *path, struct pkg_err *err);
/*
 * Read the manifest @path and hold it against the rules that need no file.
 * Findings are in session->diag; manifest may be NULL then.
 */
enum pkg_code session_open(struct session *s, struct cli *cli,
			   const struct session_options *options,
			   const char *path, struct pkg_err *err);
/* Read @path, a manifest or (a name that ends in .json or .lock) a lock. */
enum pkg_code session_open_any(struct session *s, struct cli *cli,
			       const struct session_options *options,
			       const char *path, struct pkg_err *err);
/* Read the lock @path. */
enum pkg_code session_open_lock(struct session *s, struct cli *cli,
				const char *path, struct pkg_err *err);
/* Plan the lock for the limits of the profile @path; NULL = as they come. */
enum pkg_code session_limits(struct session *s, const char *path,
			     struct pkg_err *err);
/* Read the folder @path of saved listings of a server, as a lock. */
enum pkg_code session_open_listing(struct session *s, struct cli *cli,
				   const char *path, struct pkg_err *err);
void session_fini(struct session *s);

struct pkg_snapshot;
struct pkg_snapshot_options;

/* Add a file, or all .json files below a folder, to @snapshot. */
enum pkg_code listing_read(struct session *s, struct pkg_snapshot *snapshot,
			   const char *path, struct pkg_err *err);
/* What was added becomes the session's lock, held against its rules. */
enum pkg_code listing_bind(struct session *s,
			   const struct pkg_snapshot *snapshot,
			   const struct pkg_snapshot_options *options,
			   struct pkg_err *err);

/* A file of records that an option names, or none; in the caller's memory. */
struct records {
	struct pkg_source_fd file;
	struct pkg_source *source; /* NULL = there are none */
};
/*
 * Open @path, relative to the working folder; "-" is standard input, NULL is
 * no records.
 * @r  all zero before; closed by the caller with records_fini().
 */
enum pkg_code records_open(struct records *r, const struct session *s,
			   const char *path, struct pkg_err *err);
void records_fini(struct records *r);

struct pkg_known;

/*
 * Read what Cloud Foundry has, the answers in the file @path; @out stays NULL
 * if that is NULL.
 */
enum pkg_code session_resources(struct session *s, struct pkg_known **out,
				const char *path, struct pkg_err *err);

/* Remember that @path, relative to the working folder, was read. */
enum pkg_code session_input(struct session *s, const char *path,
			    struct pkg_err *err);
/* Find the artifacts and hold them against their rules. */
enum pkg_code session_select(struct session *s, struct pkg_err *err);
/* Hold bills of materials against the files that were found. */
enum pkg_code session_check_sboms(struct session *s, struct pkg_err *err);
/* Print the findings as messages; PKG_NO if one of them is an error. */
enum pkg_code session_judge(struct session *s, struct pkg_err *err);
/* Start the cryptographic library for this run. */
enum pkg_code session_crypto(struct session *s, struct pkg_err *err);
/*
 * Write @text to @path (NULL = standard output).
 * @keep_same  an output with the same bytes is left as it is, another one is
 *             replaced.
 */
enum pkg_code session_write(struct session *s, const char *path,
			    const struct pkg_buf *text, bool keep_same,
			    struct pkg_err *err);

/*
 * Make's rule "@target: inputs" for the file @path: everything but the commit
 * of *out, which comes after that of the target.
 */
enum pkg_code depfile_prepare(struct pkg_outfile **out, struct session *s,
			      const char *path, const char *target,
			      struct pkg_err *err);

/* The verbs. */
enum pkg_code verb_check(struct cli *cli, struct pkg_err *err);
enum pkg_code verb_files(struct cli *cli, struct pkg_err *err);
enum pkg_code verb_resolve(struct cli *cli, struct pkg_err *err);
enum pkg_code verb_list(struct cli *cli, struct pkg_err *err);
enum pkg_code verb_diff(struct cli *cli, struct pkg_err *err);
enum pkg_code verb_from_server(struct cli *cli, struct pkg_err *err);
enum pkg_code verb_graph(struct cli *cli, struct pkg_err *err);
enum pkg_code verb_plan(struct cli *cli, struct pkg_err *err);
enum pkg_code verb_bundle(struct cli *cli, struct pkg_err *err);
enum pkg_code verb_schema(struct cli *cli, struct pkg_err *err);

#endif

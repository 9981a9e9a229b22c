/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-hash/hash.h"

#include "packline/path.h"
#include "packline/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct listed {
	struct pkg_claim claim;
	struct listed *next;
};

/* --check: hash what a list names, and say of each file whether it is so. */
struct check {
	struct listed *first, *last; /* being hashed, in the list's order */
	struct pkg_claims claims;
	struct hash_output *output;
	struct hash_failures failures;
	size_t total, wrong;
};

static enum pkg_code next(void *ctx, struct pkg_hasher_item *item, bool *more,
			  struct pkg_err *err)
{
	struct check *check = ctx;
	struct listed *listed = calloc(1, sizeof(*listed));

	if (listed == NULL)
		return pkg_fail_nomem(err);
	/* In the queue first: what becomes of it is free_listed()'s business.
	 */
	if (check->first == NULL)
		check->first = listed;
	else
		check->last->next = listed;
	check->last = listed;
	PKG_TRY(pkg_claims_next(&check->claims, &listed->claim, more, err));
	if (!*more)
		return PKG_OK;
	check->total++;
	item->path = pkg_buf_str(&listed->claim.path);
	item->set = listed->claim.digests.set;
	return PKG_OK;
}

/* Results come in the order of the list: the first one is done. */
static void free_listed(struct check *check)
{
	struct listed *listed = check->first;

	check->first = listed->next;
	pkg_claim_fini(&listed->claim);
	free(listed);
}

/* One element of a verdict's checks; @ok 1, 0, or -1 = not checked. */
static void put_check(struct pkg_jsonw *w, const char *id, int ok,
		      const char *detail)
{
	pkg_jsonw_object(w);
	pkg_jsonw_str_member(w, "detail", detail);
	pkg_jsonw_str_member(w, "id", id);
	if (ok < 0)
		pkg_jsonw_null_member(w, "ok");
	else
		pkg_jsonw_bool_member(w, "ok", ok == 1);
	pkg_jsonw_object_end(w);
}

static void put_checks(struct pkg_jsonw *w, const struct pkg_claim *claim,
		       const struct pkg_artifact *artifact, bool read)
{
	const unsigned differ =
	    pkg_digests_differ(&claim->digests, &artifact->digests);
	char detail[2 * PKG_DIGEST_HEX + 16];

	pkg_jsonw_array(w);
	for (unsigned bit = 1; bit < PKG_DIGEST_ALL; bit <<= 1) {
		char hex[PKG_DIGEST_HEX];

		if ((claim->digests.set & bit) == 0)
			continue;
		pkg_hex_encode(hex, pkg_digests_get(&artifact->digests, bit),
			       pkg_digest_size(bit));
		(void)snprintf(detail, sizeof(detail), "found %s", hex);
		put_check(w, pkg_digest_name(bit),
			  read ? (differ & bit) == 0 : -1,
			  read && (differ & bit) != 0 ? detail : "");
	}
	if (claim->has_size) {
		const bool same = read && artifact->size == claim->size;

		(void)snprintf(detail, sizeof(detail), "found %" PRIu64,
			       artifact->size);
		put_check(w, "size", read ? same : -1,
			  read && !same ? detail : "");
	}
	pkg_jsonw_array_end(w);
}

static enum pkg_code put_verdict(struct check *check,
				 const struct pkg_claim *claim,
				 const struct pkg_artifact *artifact,
				 const char *reason, bool read,
				 struct pkg_err *err)
{
	struct pkg_sink *sink = check->output->sink;
	struct pkg_jsonw w;

	if (check->output->format != HASH_JSONL) { /* as sha256sum -c says */
		PKG_TRY(pkg_sink_puts(sink, pkg_buf_str(&claim->path), err));
		return pkg_sink_puts(sink,
				     reason == NULL ? ": OK\n"
				     : read         ? ": FAILED\n"
						    : ": FAILED open or read\n",
				     err);
	}
	pkg_jsonw_init(&w, sink, 0);
	pkg_jsonw_object(&w);
	pkg_jsonw_key(&w, "checks");
	put_checks(&w, claim, artifact, read);
	pkg_jsonw_bool_member(&w, "ok", reason == NULL);
	pkg_jsonw_str_member(&w, "path", pkg_buf_str(&claim->path));
	pkg_jsonw_key(&w, "reason");
	pkg_jsonw_text(&w, reason);
	pkg_jsonw_str_member(&w, "type", "verdict");
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

/* NULL if the file is what the claim says. */
static const char *judge(const struct pkg_claim *claim,
			 const struct pkg_artifact *artifact,
			 const struct pkg_err *failed)
{
	if (failed != NULL && failed->os_errno == ENOENT)
		return "missing";
	if (failed != NULL)
		return failed->reason != NULL ? failed->reason : "unreadable";
	if (claim->has_size && artifact->size != claim->size)
		return "size-mismatch";
	if (pkg_digests_differ(&claim->digests, &artifact->digests) != 0)
		return "digest-mismatch";
	return NULL;
}

static enum pkg_code result(void *ctx, const struct pkg_artifact *artifact,
			    void *user, const struct pkg_err *failed,
			    struct pkg_err *err)
{
	struct check *check = ctx;
	const struct pkg_claim *claim = &check->first->claim;
	const char *reason = judge(claim, artifact, failed);
	enum pkg_code code;

	(void)user;
	if (reason != NULL)
		check->wrong++;
	/* A file that is not there is an answer; one we cannot read is not. */
	if (failed != NULL && strcmp(reason, "missing") != 0)
		hash_failed(&check->failures, failed);
	code = put_verdict(check, claim, artifact, reason, failed == NULL, err);
	free_listed(check);
	return code;
}

static enum pkg_code check_all(struct check *check, struct cli *cli,
			       const struct hash_options *options,
			       const struct pkg_hasher_options *how,
			       struct pkg_err *err)
{
	const struct pkg_hasher_calls calls = {
	    .next = next, .result = result, .ctx = check};

	PKG_TRY(pkg_hasher_run(cli_env(cli)->crypto, how, &calls, err));
	if (check->total == 0)
		return pkg_fail(err, PKG_INPUT, "'%s' lists no file",
				options->check);
	PKG_TRY(hash_output_commit(check->output, err));
	if (check->wrong > 0)
		cli_warn(cli, "%zu of %zu files are not what the list says",
			 check->wrong, check->total);
	PKG_TRY(hash_failures_end(&check->failures, err));
	return check->wrong > 0 ? cli_no(err) : PKG_OK;
}

enum pkg_code hash_check(struct cli *cli, const struct hash_options *options,
			 const struct pkg_hasher_options *how,
			 struct hash_output *output, struct pkg_err *err)
{
	const bool from_stdin = strcmp(options->check, "-") == 0;
	struct check check = {.output = output, .failures.cli = cli};
	struct pkg_source_fd file;
	enum pkg_code code;
	int fd = STDIN_FILENO;

	if (!from_stdin)
		PKG_TRY(
		    pkg_path_open(&fd, cli_dirfd(cli), options->check, err));
	pkg_source_fd_init(&file, fd,
			   from_stdin ? "standard input" : options->check);
	pkg_claims_init(&check.claims, &file.source);
	code = check_all(&check, cli, options, how, err);
	while (check.first != NULL)
		free_listed(&check);
	pkg_claims_fini(&check.claims);
	if (!from_stdin)
		(void)close(fd);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"
#include "packline/limits.h"
#include "packline/text.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* -- sending a blob: its bytes are compared once more on the way -- */

struct upload {
	struct job *job;
	const struct blob *blob;
	struct pkg_digest *digest;
	uint64_t done; /* bytes read */
};

static enum pkg_code check_digest(struct upload *u, struct pkg_err *err)
{
	struct pkg_digests digests;

	PKG_TRY(pkg_digest_finish(u->digest, &digests, err));
	if (memcmp(digests.sha256, u->blob->sha256, 32) == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_NO, "digest-mismatch",
			  "%s has changed since it was verified",
			  u->job->run->import->name);
}

/* The last bytes are given only if all of them were the right ones. */
static enum pkg_code upload_read(void *context, void *buf, size_t cap,
				 size_t *got, struct pkg_err *err)
{
	struct upload *u = context;
	const struct pkg_import *import = u->job->run->import;
	const uint64_t left = u->blob->size - u->done;
	const size_t want = cap < left ? cap : (size_t)left;
	ssize_t n;

	*got = 0;
	if (want == 0)
		return PKG_OK;
	do {
		n = pread(import->fd, buf, want,
			  (off_t)(u->blob->offset + u->done));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return pkg_fail_os(err, errno, "cannot read '%s'",
				   import->name);
	if (n == 0)
		return pkg_refuse(err, PKG_NO, "digest-mismatch",
				  "%s has become shorter since it was verified",
				  import->name);
	PKG_TRY(pkg_digest_update(u->digest, buf, (size_t)n, err));
	u->done += (uint64_t)n;
	if (u->done == u->blob->size)
		PKG_TRY(check_digest(u, err));
	*got = (size_t)n;
	return PKG_OK;
}

static enum pkg_code upload_rewind(void *context, struct pkg_err *err)
{
	struct upload *u = context;

	u->done = 0;
	return pkg_digest_reset(u->digest, PKG_DIGEST_SHA256, err);
}

static void upload_progress(void *context, uint64_t sent)
{
	const struct upload *u = context;
	const struct run *run = u->job->run;

	if (run->options->progress != NULL)
		run->options->progress(run->options->context,
				       run->uploaded + sent, run->upload_total);
}

static size_t put_field(struct http_field *fields, size_t count,
			const char *name, const struct pkg_node *value)
{
	if (value == NULL)
		return count;
	fields[count] = (struct http_field){name, value->text};
	return count + 1;
}

static enum pkg_code send_file(struct job *job, struct upload *u,
			       enum outcome *outcome, struct pkg_err *err)
{
	const struct pkg_plan_request *r = job->step->request;
	const struct pkg_plan_upload *m = r->multipart;
	struct http_field fields[5] = {{0}};
	const struct http_file file = {
	    .fields = fields,
	    .filename = m->filename->text,
	    .size = u->blob->size,
	    .read = upload_read,
	    .rewind = upload_rewind,
	    .progress = upload_progress,
	    .context = u,
	};
	struct http_request request = {.method = "POST", .file = &file};
	size_t count = 0;

	count = put_field(fields, count, "filename", m->filename);
	count = put_field(fields, count, "md5sum", m->md5);
	count = put_field(fields, count, "sha1sum", m->sha1);
	(void)put_field(fields, count, "sha256sum", m->sha256);
	request.path = tree_path(job->run, job->scratch, r->path->text, err);
	if (request.path == NULL)
		return err->code;
	return send_change(job, &request, outcome, err);
}

static enum pkg_code upload(struct job *job, enum outcome *outcome,
			    struct pkg_err *err)
{
	const struct pkg_import *import = job->run->import;
	const char *name = job->step->request->multipart->blob->text;
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct upload u = {.job = job};

	u.blob = pkg_map_get(&import->blobs, name);
	if (u.blob == NULL)
		return pkg_refuse(err, PKG_INPUT, "malformed-plan",
				  "the bundle has no blob %s", name);
	PKG_TRY(pkg_digest_new(&digest, import->env->crypto, PKG_DIGEST_SHA256,
			       err));
	u.digest = digest;
	return send_file(job, &u, outcome, err);
}

/* -- what the module has -- */

struct found {
	const char *filename;
	struct pkg_node *item;
};

static bool take_name(void *context, struct pkg_node *item)
{
	struct found *found = context;
	const char *name = tree_text(item, "providedFilename");

	if (name == NULL || strcasecmp(name, found->filename) != 0)
		return false;
	found->item = item;
	return true;
}

static enum pkg_code find(struct job *job, struct pkg_node **out,
			  struct pkg_err *err)
{
	const struct pkg_plan_lookup *l = job->step->lookup;
	struct found found = {.filename = tree_text(l->exact, "filename")};
	struct lookup lookup = {.item = take_name, .context = &found};

	if (found.filename == NULL)
		return pkg_refuse(err, PKG_INPUT, "malformed-plan",
				  "'%s' names no file", job->step->ref->text);
	lookup.path = tree_path(job->run, job->scratch, l->path->text, err);
	if (lookup.path == NULL)
		return err->code;
	PKG_TRY(lookup_each(job, &lookup, err));
	*out = found.item;
	return PKG_OK;
}

static enum pkg_code take_digest(struct job *job, const struct pkg_node *hashes,
				 const char *name, size_t digits,
				 const char **out, struct pkg_err *err)
{
	const char *text = tree_text(hashes, name);

	*out = NULL;
	if (text == NULL || strlen(text) != digits || !pkg_hex_is(text, digits))
		return PKG_OK;
	*out = pkg_arena_dup(job->run->import->arena, text, digits, err);
	return *out == NULL ? err->code : PKG_OK;
}

static enum pkg_code take_facts(struct job *job, const struct pkg_node *have,
				struct pkg_err *err)
{
	const struct pkg_node *hashes = pkg_node_get(have, "hashes");
	struct pkg_receipt_step *out = job->out;

	out->id = tree_number(have, "id");
	out->size = tree_number(have, "size");
	PKG_TRY(take_digest(job, hashes, "md5", 32, &out->md5, err));
	PKG_TRY(take_digest(job, hashes, "sha1", 40, &out->sha1, err));
	return take_digest(job, hashes, "sha256", 64, &out->sha256, err);
}

/* Of an encrypted module nobody knows the digests of what is there. */
static bool is_encrypted(const struct job *job)
{
	const struct pkg_plan_request *r = job->step->request;

	return r != NULL && r->multipart->sha256 == NULL;
}

static bool is_same(const struct job *job)
{
	const struct pkg_node *exact = job->step->lookup->exact;
	const struct pkg_receipt_step *have = job->out;
	const char *sha256 = tree_text(exact, "sha256");

	return is_encrypted(job) ||
	       (have->size == tree_number(exact, "size") && sha256 != NULL &&
		have->sha256 != NULL && strcmp(have->sha256, sha256) == 0);
}

static enum pkg_code different(const struct job *job, struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "different-artifact",
			 "%s: the server has another file of that name, of "
			 "%lld bytes, SHA-256 %s",
			 job->step->ref->text, (long long)job->out->size,
			 job->out->sha256 == NULL ? "unknown"
						  : job->out->sha256);
	return pkg_hint(err, "a file is never replaced: give the module "
			     "another version");
}

static enum pkg_code missing(const struct job *job, struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "not-found",
			 "%s: the server does not have the file, and the "
			 "bundle was made without it",
			 job->step->ref->text);
	return pkg_hint(err, "make the bundle again without --known");
}

/* A conflict, and the list does not show it: a name in another case. */
static enum pkg_code taken(const struct job *job, struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_NO, "name-taken",
			 "%s: the server has a file whose name differs by case "
			 "only",
			 job->step->ref->text);
	return pkg_hint(err, "give the file another name");
}

static enum pkg_code make(struct job *job, enum outcome *outcome,
			  struct pkg_err *err)
{
	if (job->step->request == NULL)
		return missing(job, err);
	if (job->conflict)
		return taken(job, err);
	if (run_would(job, "would-create"))
		return PKG_OK;
	PKG_TRY(upload(job, outcome, err));
	if (*outcome == DONE)
		run_acted(job, "created");
	/* The list tells the digests that the server has computed. */
	*outcome = AGAIN;
	return PKG_OK;
}

enum pkg_code step_artifact(struct job *job, enum outcome *outcome,
			    struct pkg_err *err)
{
	const struct pkg_node *exact = job->step->lookup->exact;
	struct pkg_node *have = NULL;

	*outcome = DONE;
	PKG_TRY(find(job, &have, err));
	if (have == NULL)
		return make(job, outcome, err);
	PKG_TRY(take_facts(job, have, err));
	if (!is_same(job))
		return different(job, err);
	if (job->sent && job->out->action == NULL)
		run_acted(job, "created");
	job->run->uploaded += (uint64_t)tree_number(exact, "size");
	return PKG_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include "packline/limits.h"
#include "packline/outdir.h"
#include "packline/sink.h"

#include <string.h>
#include <unistd.h>

/* Step 7. */
struct payload {
	struct verify_run *run;
	struct pkg_verify_bundle *bundle; /* NULL for other contents */
	size_t index;                     /* of the payload file at hand */
};

static enum pkg_code failed(struct verify_run *run, struct pkg_err *err)
{
	const char *reason = err->reason == NULL ? "" : err->reason;

	if (strcmp(reason, "tag-mismatch") == 0 ||
	    strcmp(reason, "plaintext-mismatch") == 0)
		return pkg_verify_failed(run, PKG_VERIFY_PLAINTEXT, err);
	if (strcmp(reason, "framing") == 0 || strcmp(reason, "truncated") == 0)
		return pkg_verify_failed(run, PKG_VERIFY_FRAMING, err);
	return pkg_verify_failed(run, PKG_VERIFY_PAYLOAD, err);
}

/* Read the file at hand; @capture, if any, gets what @extra does not. */
static enum pkg_code read_file(struct payload *payload, struct pkg_sink *extra,
			       struct pkg_buf *capture, struct pkg_err *err)
{
	struct verify_run *run = payload->run;
	struct pkg_sink *plain = extra;
	struct pkg_sink_buf buf;
	struct pkg_sink_tee tee;
	enum pkg_code code = PKG_OK;

	if (capture != NULL) {
		pkg_sink_buf_init(&buf, capture);
		plain = &buf.sink;
		if (extra != NULL) {
			pkg_sink_tee_init(&tee, extra, &buf.sink);
			plain = &tee.sink;
		}
	}
	if (run->copy != NULL)
		code = pkg_container_copy_read(run->copy, plain, err);
	else
		code = pkg_container_read(run->container, plain, err);
	if (code != PKG_OK)
		return failed(run, err);
	return plain == NULL ? PKG_OK : pkg_sink_finish(plain, err);
}

/* The same, and write it out under its real name. */
static enum pkg_code extract_file(struct payload *payload,
				  const struct pkg_container_file *file,
				  struct pkg_buf *capture, struct pkg_err *err)
{
	struct pkg_outdir *dir = payload->run->options->extract;
	struct pkg_sink_fd out;
	enum pkg_code code = PKG_OK;
	int fd = -1;

	PKG_TRY(pkg_outdir_create(dir, file->source_name, 0666, &fd, err));
	pkg_sink_fd_init(&out, fd, file->source_name);
	code = pkg_sink_fd_expect(&out, file->size, err);
	if (code == PKG_OK)
		code = read_file(payload, &out.sink, capture, err);
	if (code != PKG_OK) {
		(void)close(fd);
		return code;
	}
	return pkg_outdir_close_file(dir, fd, err);
}

static enum pkg_code one_file(struct payload *payload,
			      const struct pkg_container_item *item,
			      struct pkg_err *err)
{
	const struct pkg_container_file *file = item->file;
	struct verify_run *run = payload->run;
	const bool in_bundle =
	    payload->bundle != NULL && item->member->role == PKG_ROLE_PAYLOAD;
	struct pkg_buf *capture = NULL;

	if (file == NULL) /* encrypted, and there is no key */
		return read_file(payload, NULL, NULL, err);
	if (in_bundle) {
		if (pkg_verify_bundle_file(payload->bundle, payload->index,
					   file, err) != PKG_OK)
			return pkg_verify_failed(run, PKG_VERIFY_CONTENT, err);
		if (payload->index == 0)
			capture = &payload->bundle->plan;
		payload->index++;
	}
	if (run->options->extract != NULL && run->refusal.code == PKG_OK)
		return extract_file(payload, file, capture, err);
	return read_file(payload, NULL, capture, err);
}

static enum pkg_code all_files(struct payload *payload, struct pkg_err *err)
{
	const struct pkg_container_item *item = NULL;

	for (;;) {
		if (pkg_container_next(payload->run->container, &item, err) !=
		    PKG_OK)
			return failed(payload->run, err);
		if (item == NULL)
			return PKG_OK;
		PKG_TRY(one_file(payload, item, err));
	}
}

static enum pkg_code note_plaintext(struct verify_run *run, struct pkg_err *err)
{
	if (run->unlocked)
		return pkg_verify_set(run, PKG_VERIFY_PLAINTEXT,
				      PKG_VERIFY_PASSED, err,
				      "decrypts to what the request lists");
	return pkg_verify_set(
	    run, PKG_VERIFY_PLAINTEXT, PKG_VERIFY_NOT_CHECKED, err, "%s",
	    pkg_verify_is_encrypted(run) ? "it was not decrypted"
					 : "nothing is encrypted");
}

static enum pkg_code note_content(struct verify_run *run,
				  struct pkg_verify_bundle *bundle,
				  struct pkg_err *err)
{
	if (bundle == NULL)
		return pkg_verify_set(run, PKG_VERIFY_CONTENT,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "it is not a bundle");
	if (pkg_verify_is_encrypted(run) && !run->unlocked)
		return pkg_verify_set(run, PKG_VERIFY_CONTENT,
				      PKG_VERIFY_NOT_CHECKED, err,
				      "it was not decrypted");
	if (pkg_verify_bundle_finish(bundle, err) != PKG_OK)
		return pkg_verify_failed(run, PKG_VERIFY_CONTENT, err);
	return pkg_verify_set(run, PKG_VERIFY_CONTENT, PKG_VERIFY_PASSED, err,
			      "the plan and %zu blob%s fit together",
			      bundle->count, bundle->count == 1 ? "" : "s");
}

enum pkg_code pkg_verify_payload(struct verify_run *run, struct pkg_err *err)
{
	const struct pkg_container_manifest *manifest = &run->head->manifest;
	PKG_AUTO_FINI(pkg_verify_bundle)
	struct pkg_verify_bundle bundle = {
	    .arena = run->verdict->arena, .plan = {.max = PKG_LIMIT_PLAN_JSON}};
	struct payload payload = {.run = run};

	if (manifest->subject.content == PKG_CONTAINER_BUNDLE) {
		bundle.blobs =
		    pkg_arena_array(bundle.arena, manifest->member_count + 1,
				    sizeof(*bundle.blobs), err);
		if (bundle.blobs == NULL)
			return err->code;
		payload.bundle = &bundle;
	}
	PKG_TRY(all_files(&payload, err));
	PKG_TRY(pkg_verify_set(run, PKG_VERIFY_PAYLOAD, PKG_VERIFY_PASSED, err,
			       "every stored byte is the listed one"));
	PKG_TRY(note_plaintext(run, err));
	return note_content(run, payload.bundle, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"
#include "packline/container_read.h"
#include "packline/limits.h"
#include "packline/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The second way through a bundle that was verified: what the signed manifest
 * lists is compared again, and where each blob lies is noted, so that blobs
 * can be sent in the plan's order straight from the file.
 */
void pkg_import_free(struct pkg_import *import)
{
	if (import == NULL)
		return;
	pkg_map_fini(&import->blobs);
	pkg_arena_free(import->arena);
	free(import);
}

static enum pkg_code check_identity(const struct pkg_import *import,
				    const struct pkg_container_head *head,
				    struct pkg_err *err)
{
	char hex[65];

	pkg_hex_encode(hex, head->manifest_sha256, 32);
	if (strcmp(hex, import->sha256) != 0)
		return pkg_refuse(err, PKG_NO, "digest-mismatch",
				  "%s has changed since it was verified",
				  import->name);
	if (head->manifest.subject.content != PKG_CONTAINER_BUNDLE)
		return pkg_refuse(err, PKG_INPUT, "unsupported",
				  "%s is no import bundle", import->name);
	if (head->manifest.kind != PKG_CONTAINER_SIGNED)
		return pkg_refuse(
		    err, PKG_INPUT, "unsupported",
		    "%s is encrypted: only a signed bundle can be "
		    "imported",
		    import->name);
	return PKG_OK;
}

static enum pkg_code note_blob(struct pkg_import *import,
			       const struct pkg_container_item *item,
			       uint64_t offset, struct pkg_err *err)
{
	struct blob *blob = pkg_arena_alloc(import->arena, sizeof(*blob), err);
	const void *before;
	char hex[65];
	char *key;

	if (blob == NULL)
		return err->code;
	*blob = (struct blob){.offset = offset, .size = item->member->size};
	memcpy(blob->sha256, item->member->sha256, 32);
	pkg_hex_encode(hex, blob->sha256, 32);
	key = pkg_arena_dup(import->arena, hex, 64, err);
	if (key == NULL)
		return err->code;
	return pkg_map_add(&import->blobs, key, blob, &before, err);
}

/* The first file of the payload is the plan, the others are blobs. */
static enum pkg_code read_files(struct pkg_import *import,
				struct pkg_container *container,
				const struct pkg_source *source,
				struct pkg_buf *plan, struct pkg_err *err)
{
	const struct pkg_container_item *item = NULL;
	struct pkg_sink_buf sink;
	bool first = true;

	pkg_sink_buf_init(&sink, plan);
	for (;;) {
		PKG_TRY(pkg_container_next(container, &item, err));
		if (item == NULL)
			return pkg_container_finish(container, err);
		if (item->member->role != PKG_ROLE_PAYLOAD) {
			PKG_TRY(pkg_container_read(container, NULL, err));
			continue;
		}
		if (!first)
			PKG_TRY(note_blob(import, item, source->total, err));
		PKG_TRY(pkg_container_read(container, first ? &sink.sink : NULL,
					   err));
		first = false;
	}
}

static enum pkg_code read_container(struct pkg_import *import,
				    struct pkg_buf *plan, struct pkg_err *err)
{
	PKG_AUTO(pkg_container) struct pkg_container *container = NULL;
	const struct pkg_container_request *request = NULL;
	struct pkg_source_fd input;

	if (lseek(import->fd, 0, SEEK_SET) != 0)
		return pkg_fail_os(err, errno, "cannot read '%s' again",
				   import->name);
	pkg_source_fd_init(&input, import->fd, import->name);
	PKG_TRY(
	    pkg_container_open(&container, &input.source, import->env, err));
	PKG_TRY(check_identity(import, pkg_container_head(container), err));
	PKG_TRY(pkg_container_request(container, &request, err));
	return read_files(import, container, &input.source, plan, err);
}

static enum pkg_code check_step(const struct pkg_plan_step *step,
				struct pkg_err *err)
{
	const struct pkg_plan_request *r = step->request;
	const enum pkg_plan_op op = (enum pkg_plan_op)step->op.index;
	const bool finds =
	    op == PKG_PLAN_FIND_MODULE_TYPE || op == PKG_PLAN_FIND_MODULE ||
	    op == PKG_PLAN_FIND_ARTIFACT || op == PKG_PLAN_FIND_SET;
	const bool uploads = op == PKG_PLAN_ENSURE_ARTIFACT;
	const bool metadata = op == PKG_PLAN_ENSURE_MODULE_METADATA ||
			      op == PKG_PLAN_ENSURE_SET_METADATA;
	bool ok = step->lookup->exact->kind == PKG_NODE_MAP &&
		  finds == (r == NULL) && (!metadata || step->update != NULL);

	if (ok && r != NULL)
		ok = uploads ? r->multipart != NULL
			     : tree_object(r->body) != NULL;
	if (ok && step->update != NULL)
		ok = step->update->body != NULL &&
		     step->update->body->kind == PKG_NODE_MAP;
	if (ok)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "malformed-plan",
			  "step '%s' of the plan makes no sense",
			  step->ref->text);
}

static enum pkg_code read_plan(struct pkg_import *import,
			       const struct pkg_buf *text, struct pkg_err *err)
{
	const struct pkg_json_input input = {.name = "plan.json",
					     .data = text->data,
					     .len = text->len,
					     .max_depth = PKG_LIMIT_LOCK_DEPTH,
					     .canonical = true};
	const struct pkg_plan_step *steps;
	size_t count;

	PKG_TRY(pkg_plan_read(&import->plan, import->arena, &input, err));
	steps = import->plan->steps.items;
	count = import->plan->steps.count;
	for (size_t i = 0; i < count; i++)
		PKG_TRY(check_step(&steps[i], err));
	import->results = pkg_arena_array(import->arena, count + 1,
					  sizeof(*import->results), err);
	return import->results == NULL ? err->code : PKG_OK;
}

enum pkg_code pkg_import_open(struct pkg_import **out, int fd, const char *name,
			      const char *sha256, const struct pkg_env *env,
			      struct pkg_err *err)
{
	PKG_AUTO(pkg_import) struct pkg_import *import = NULL;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf plan = {.max = PKG_LIMIT_PLAN_JSON};

	import = calloc(1, sizeof(*import));
	if (import == NULL)
		return pkg_fail_nomem(err);
	import->env = env;
	import->name = name;
	import->fd = fd;
	PKG_TRY(pkg_arena_new(&import->arena, PKG_LIMIT_ARENA, err));
	import->sha256 =
	    pkg_arena_dup(import->arena, sha256, strlen(sha256), err);
	if (import->sha256 == NULL)
		return err->code;
	PKG_TRY(read_container(import, &plan, err));
	PKG_TRY(read_plan(import, &plan, err));
	*out = PKG_STEAL(import);
	return PKG_OK;
}

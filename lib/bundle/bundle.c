/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle.h"

#include "packline/approval_policy.h"
#include "packline/container_write.h"
#include "packline/limits.h"
#include "packline/receipt.h"
#include "packline/text.h"

#include <string.h>

static enum pkg_code make_plan(const struct pkg_manifest *lock,
			       struct pkg_buf *plan, struct pkg_err *err)
{
	struct pkg_sink_buf sink;
	enum pkg_code code;

	pkg_sink_buf_init(&sink, plan);
	code = pkg_plan_write(lock, &sink.sink, err);
	/* The only thing that can be too long here is the plan. */
	if (code == PKG_INPUT && err->reason == NULL) {
		(void)pkg_refuse(err, PKG_INPUT, "limit",
				 "the plan is larger than %u bytes",
				 PKG_LIMIT_PLAN_JSON);
		return pkg_hint(err, "split the product into several bundles");
	}
	return code;
}

/* plan.json first, then the blobs in their order. */
static enum pkg_code make_inputs(const struct pkg_bundle_spec *spec,
				 const struct pkg_buf *plan,
				 const struct pkg_plan_blobs *blobs,
				 struct pkg_container_input *inputs,
				 struct pkg_err *err)
{
	inputs[0] = (struct pkg_container_input){.from = PKG_FROM_MEMORY,
						 .source_name = "plan.json",
						 .data = plan->data,
						 .len = plan->len};
	for (size_t i = 0; i < blobs->count; i++) {
		const struct pkg_plan_blob *b = &blobs->items[i];
		struct pkg_container_input *in = &inputs[i + 1];

		*in = (struct pkg_container_input){
		    .from = PKG_FROM_PATH,
		    .source_name = b->sha256,
		    .path = b->path,
		    .dirfd =
			b->container ? spec->containers_folder : spec->folder,
		    .has_given = true};
		if (!pkg_hex_decode(in->given_sha256, 32, b->sha256, 64))
			return pkg_fail(err, PKG_INTERNAL, "bad digest '%s'",
					b->sha256);
	}
	return PKG_OK;
}

enum pkg_code pkg_bundle_container(const struct pkg_bundle_spec *spec,
				   const struct pkg_env *env,
				   const struct bundle_inputs *inputs,
				   struct pkg_outfile *file, uint64_t *size,
				   struct pkg_err *err)
{
	const struct pkg_product *product = spec->lock->product;
	const struct pkg_approval_policy *policy = spec->policy;
	struct pkg_container_spec container = {
	    .kind = PKG_CONTAINER_SIGNED,
	    .subject = {.content = PKG_CONTAINER_BUNDLE,
			.tenant = spec->lock->tenant->text,
			.name = product->name->text,
			.version = product->version->text,
			.sequence = spec->sequence,
			.expires = spec->expires},
	    .requester = spec->requester,
	    .has_policy = policy != NULL,
	    .inputs = inputs->items,
	    .input_count = inputs->count,
	    .progress = spec->progress,
	    .progress_context = spec->progress_context,
	};
	PKG_AUTO(pkg_container_writer) struct pkg_container_writer *w = NULL;

	if (policy != NULL) {
		PKG_TRY(
		    pkg_approval_policy_needs_requester(spec->requester, err));
		memcpy(container.policy_sha256, policy->sha256, 32);
	}
	PKG_TRY(pkg_container_writer_new(&w, env, &container, err));
	if (pkg_container_writer_run(w, file, size, err) != PKG_OK) {
		if (err->code == PKG_NO)
			(void)pkg_hint(err, "it has changed since the lock or "
					    "the container's record was made: "
					    "make that again");
		return err->code;
	}
	return PKG_OK;
}

enum pkg_code pkg_bundle_write(const struct pkg_bundle_spec *spec,
			       const struct pkg_env *env,
			       struct pkg_arena *arena,
			       struct pkg_outfile *file, uint64_t *size,
			       struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf plan = {.max = PKG_LIMIT_PLAN_JSON};
	struct bundle_inputs inputs;
	struct pkg_plan_blobs blobs;
	size_t known;

	PKG_TRY(pkg_plan_containers(spec->lock, arena, spec->containers, err));
	if (spec->known != NULL)
		PKG_TRY(pkg_receipt_known(spec->lock, arena,
					  spec->containers_folder, spec->known,
					  &known, err));
	PKG_TRY(make_plan(spec->lock, &plan, err));
	PKG_TRY(pkg_plan_blobs(&blobs, arena, spec->lock, err));
	inputs.count = blobs.count + 1;
	inputs.items =
	    pkg_arena_array(arena, inputs.count, sizeof(*inputs.items), err);
	if (inputs.items == NULL)
		return err->code;
	PKG_TRY(make_inputs(spec, &plan, &blobs, inputs.items, err));
	return pkg_bundle_container(spec, env, &inputs, file, size, err);
}

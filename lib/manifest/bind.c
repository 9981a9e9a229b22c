/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"
#include "tables.h"

#include "packline/schema.h"

#include <string.h>

/* From a tree to the model: what a manifest and a lock have in common. */

static enum pkg_code bind_table(const struct pkg_table *table,
				const struct pkg_node *root, void *out,
				struct pkg_arena *arena,
				const struct rule_sink *sink)
{
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;

	PKG_TRY(pkg_schema_new(&schema, table, sink->err));
	return pkg_schema_bind(schema, root, out, arena, sink->diag, sink->err);
}

static enum pkg_code bind_manifest(struct pkg_manifest *out,
				   struct pkg_arena *arena,
				   struct pkg_node *root,
				   const struct rule_sink *sink)
{
	struct manifest_root bound = {0};
	struct pkg_module *modules;

	PKG_TRY(bind_table(&pkg_manifest_table, root, &bound, arena, sink));
	*out = bound.manifest;
	modules = out->modules.items;
	for (size_t i = 0; i < out->modules.count; i++) {
		if (modules[i].vendor == NULL && bound.defaults != NULL)
			modules[i].vendor = bound.defaults->vendor;
	}
	return PKG_OK;
}

static const char *text_of(const struct pkg_node *node)
{
	return node != NULL ? node->text : NULL;
}

static struct pkg_pinned pinned_of(const struct lock_file *f)
{
	return (struct pkg_pinned){
	    .at = f->at,
	    .path = text_of(f->path),
	    .filename = text_of(f->filename),
	    .seal = text_of(f->seal),
	    .seal_sha256 = text_of(f->seal_sha256),
	    .media_type = text_of(f->media_type),
	    .size = f->size.value,
	    .md5 = text_of(f->md5),
	    .sha1 = text_of(f->sha1),
	    .sha256 = text_of(f->sha256),
	    .sha512 = text_of(f->sha512),
	    .executable = f->executable.value,
	};
}

static enum pkg_code unlock_bits(struct pkg_module *out,
				 const struct lock_bits *in,
				 struct pkg_arena *arena, struct pkg_err *err)
{
	const struct lock_file *files = in->files.items;
	struct pkg_pinned *pinned =
	    pkg_arena_array(arena, in->files.count + 1, sizeof(*pinned), err);

	if (pinned == NULL)
		return err->code;
	for (size_t i = 0; i < in->files.count; i++)
		pinned[i] = pinned_of(&files[i]);
	out->bits = in->path;
	out->bits_files =
	    (struct pkg_list){in->files.at, pinned, in->files.count};
	return PKG_OK;
}

static enum pkg_code unlock_module(struct pkg_module *out,
				   const struct lock_module *in,
				   struct pkg_arena *arena, struct pkg_err *err)
{
	const struct lock_file *files = in->artifacts.items;
	struct pkg_pinned *pinned;

	*out = in->module;
	pinned = pkg_arena_array(arena, in->artifacts.count + 1,
				 sizeof(*pinned), err);
	if (pinned == NULL)
		return err->code;
	for (size_t i = 0; i < in->artifacts.count; i++)
		pinned[i] = pinned_of(&files[i]);
	out->artifacts =
	    (struct pkg_list){in->artifacts.at, pinned, in->artifacts.count};
	if (in->bits != NULL)
		PKG_TRY(unlock_bits(out, in->bits, arena, err));
	if (in->sbom == NULL)
		return PKG_OK;
	out->sbom_file = &pinned[in->artifacts.count];
	*out->sbom_file = pinned_of(in->sbom);
	return PKG_OK;
}

static enum pkg_code bind_lock(struct pkg_manifest *out,
			       struct pkg_arena *arena, struct pkg_node *root,
			       const struct rule_sink *sink)
{
	struct lock_root bound = {0};
	const struct lock_module *in;
	struct pkg_module *modules;

	PKG_TRY(bind_table(&pkg_lock_table, root, &bound, arena, sink));
	*out = bound.manifest;
	out->locked = true;
	in = out->modules.items;
	modules = pkg_arena_array(arena, out->modules.count + 1,
				  sizeof(*modules), sink->err);
	if (modules == NULL)
		return sink->err->code;
	for (size_t i = 0; i < out->modules.count; i++)
		PKG_TRY(unlock_module(&modules[i], &in[i], arena, sink->err));
	out->modules.items = modules;
	return PKG_OK;
}

enum pkg_code pkg_manifest_bind(struct pkg_manifest **out,
				struct pkg_arena *arena, struct pkg_node *root,
				bool locked, struct pkg_diag *diag,
				struct pkg_err *err)
{
	const struct rule_sink sink = {diag, err};
	struct pkg_manifest *m = pkg_arena_alloc(arena, sizeof(*m), err);

	*out = NULL;
	if (m == NULL)
		return err->code;
	if (locked)
		PKG_TRY(bind_lock(m, arena, root, &sink));
	else
		PKG_TRY(bind_manifest(m, arena, root, &sink));
	m->root = root;
	m->targets_at_once = pkg_profile_default().assignments_per_request;
	PKG_TRY(pkg_model_index(m, arena, err));
	*out = m;
	return PKG_OK;
}

enum pkg_code pkg_manifest_schema(const char *name, struct pkg_sink *sink,
				  struct pkg_err *err)
{
	static const struct pkg_table *const tables[] = {
	    &pkg_manifest_table, &pkg_lock_table, &pkg_profile_table};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (strcmp(tables[i]->name, name) == 0)
			return pkg_schema_emit(tables[i], sink, err);
	}
	(void)pkg_fail(err, PKG_USAGE, "no schema '%s'", name);
	return pkg_hint(err, "there are lock, manifest and profile");
}

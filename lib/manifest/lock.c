/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/lock.h"

#include "lock_write.h"
#include "tables.h"

#include "packline/json.h"
#include "packline/limits.h"
#include "packline/path.h"

#include <string.h>

/* The outermost object and the modules; pkg_lock_sets.c has the rest. */

void pkg_lock_text(struct pkg_jsonw *w, const char *key,
		   const struct pkg_node *node)
{
	if (node == NULL)
		return;
	pkg_jsonw_key(w, key);
	pkg_jsonw_str(w, node->text, node->len);
}

void pkg_lock_bool(struct pkg_jsonw *w, const char *key,
		   const struct pkg_bool_value *value)
{
	if (value->at != NULL)
		pkg_jsonw_bool_member(w, key, value->value);
}

void pkg_lock_int(struct pkg_jsonw *w, const char *key,
		  const struct pkg_int_value *value)
{
	if (value->at != NULL)
		pkg_jsonw_int_member(w, key, value->value);
}

void pkg_lock_texts(struct pkg_jsonw *w, const char *key,
		    const struct pkg_list *list)
{
	const struct pkg_node *const *items = list->items;

	if (list->at == NULL)
		return;
	pkg_jsonw_key(w, key);
	pkg_jsonw_array(w);
	for (size_t i = 0; i < list->count; i++)
		pkg_jsonw_str(w, items[i]->text, items[i]->len);
	pkg_jsonw_array_end(w);
}

void pkg_lock_metadata(struct pkg_jsonw *w, const struct pkg_list *list)
{
	const struct pkg_metadatum *items = list->items;

	pkg_jsonw_key(w, "metadata");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < list->count; i++) {
		pkg_jsonw_object(w);
		pkg_lock_text(w, "key", items[i].key);
		pkg_lock_bool(w, "targetVisible", &items[i].target_visible);
		pkg_lock_text(w, "value", items[i].value);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
}

static void optional(struct pkg_jsonw *w, const char *key, const char *text)
{
	if (text != NULL)
		pkg_jsonw_str_member(w, key, text);
}

static void write_file(struct pkg_jsonw *w, const struct pkg_pinned *f)
{
	pkg_jsonw_object(w);
	if (f->executable)
		pkg_jsonw_bool_member(w, "executable", true);
	if (f->media_type == NULL)
		optional(w, "filename", f->filename);
	optional(w, "md5", f->md5);
	optional(w, "mediaType", f->media_type);
	optional(w, "path", f->path);
	optional(w, "seal", f->seal);
	optional(w, "sealSha256", f->seal_sha256);
	optional(w, "sha1", f->sha1);
	optional(w, "sha256", f->sha256);
	optional(w, "sha512", f->sha512);
	pkg_jsonw_int_member(w, "size", f->size);
	pkg_jsonw_object_end(w);
}

static void write_bits(struct pkg_jsonw *w, const struct pkg_module *m)
{
	const struct pkg_pinned *files = m->bits_files.items;

	if (m->bits == NULL)
		return;
	pkg_jsonw_key(w, "bits");
	pkg_jsonw_object(w);
	pkg_jsonw_key(w, "files");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < m->bits_files.count; i++)
		write_file(w, &files[i]);
	pkg_jsonw_array_end(w);
	pkg_lock_text(w, "path", m->bits);
	pkg_jsonw_object_end(w);
}

static void write_module(struct pkg_jsonw *w, const struct pkg_module *m)
{
	const struct pkg_pinned *files = m->artifacts.items;

	pkg_jsonw_object(w);
	pkg_jsonw_key(w, "artifacts");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < m->artifacts.count; i++)
		write_file(w, &files[i]);
	pkg_jsonw_array_end(w);
	write_bits(w, m);
	pkg_lock_text(w, "description", m->description);
	pkg_lock_bool(w, "encrypted", &m->encrypted);
	pkg_lock_metadata(w, &m->metadata);
	pkg_lock_text(w, "name", m->name);
	if (m->sbom_file != NULL) {
		pkg_jsonw_key(w, "sbom");
		write_file(w, m->sbom_file);
	}
	pkg_lock_text(w, "type", m->type);
	pkg_lock_text(w, "vendor", m->vendor);
	pkg_lock_text(w, "version", m->version);
	pkg_jsonw_object_end(w);
}

static void write_modules(struct pkg_jsonw *w, const struct pkg_list *list)
{
	const struct pkg_module *modules = list->items;

	pkg_jsonw_key(w, "modules");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < list->count; i++)
		write_module(w, &modules[i]);
	pkg_jsonw_array_end(w);
}

static void write_product(struct pkg_jsonw *w, const struct pkg_product *p)
{
	if (p == NULL)
		return;
	pkg_jsonw_key(w, "product");
	pkg_jsonw_object(w);
	pkg_lock_text(w, "name", p->name);
	pkg_lock_text(w, "version", p->version);
	pkg_jsonw_object_end(w);
}

enum pkg_code pkg_lock_write(const struct pkg_manifest *m,
			     struct pkg_sink *sink, struct pkg_err *err)
{
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_lock_assignments(&w, m);
	pkg_jsonw_int_member(&w, "format", 1);
	write_modules(&w, &m->modules);
	write_product(&w, m->product);
	pkg_lock_rollouts(&w, m);
	pkg_lock_sets(&w, m);
	pkg_lock_filters(&w, m);
	pkg_lock_text(&w, "tenant", m->tenant);
	pkg_jsonw_str_member(&w, "type", "lock");
	pkg_lock_types(&w, m);
	pkg_jsonw_object_end(&w);
	PKG_TRY(pkg_jsonw_finish(&w, err));
	return pkg_sink_puts(sink, "\n", err);
}

/* The first finding of a lock is its error: people do not write locks. */
static enum pkg_code refuse(const struct pkg_diag *diag, struct pkg_err *err)
{
	const struct pkg_finding *f = diag->first;

	while (f != NULL && f->severity != PKG_SEVERITY_ERROR)
		f = f->next;
	if (f != NULL) {
		const struct pkg_mark mark = {f->file, f->line, f->col};

		(void)pkg_refuse(err, PKG_INPUT, "malformed-lock", "%s [%s]",
				 f->text, f->rule);
		(void)pkg_err_at(err, &mark);
	} else { /* it came after more warnings than are kept */
		(void)pkg_refuse(err, PKG_INPUT, "malformed-lock",
				 "more is wrong than can be told");
	}
	return pkg_hint(err, "make it again with pkg-manifest resolve");
}

static enum pkg_code parse(struct pkg_node **root, struct pkg_arena *arena,
			   const char *name, const struct pkg_buf *text,
			   struct pkg_err *err)
{
	const struct pkg_json_input input = {
	    .name = name,
	    .data = text->data,
	    .len = text->len - 1, /* its newline */
	    .max_depth = PKG_LIMIT_LOCK_DEPTH,
	    .canonical = true,
	};

	if (text->len == 0 || text->data[text->len - 1] != '\n') {
		(void)pkg_refuse(err, PKG_INPUT, "not-canonical",
				 "'%s' does not end in a newline", name);
		return pkg_hint(err, "a lock is what pkg-manifest resolve "
				     "writes, byte for byte");
	}
	if (pkg_json_parse(root, arena, &input, err) != PKG_OK) {
		if (err->code == PKG_INPUT && err->hint[0] == '\0')
			(void)pkg_hint(err, "a lock is what pkg-manifest "
					    "resolve writes, byte for byte");
		return err->code;
	}
	return PKG_OK;
}

enum pkg_code pkg_lock_read(struct pkg_manifest **out, struct pkg_arena *arena,
			    int dirfd, const char *path, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_LOCK_JSON};
	const char *name = strcmp(path, "-") == 0 ? "<stdin>" : path;
	struct pkg_diag diag = {.arena = arena};
	const struct pkg_profile profile = {0};
	struct pkg_node *root = NULL;

	PKG_TRY(pkg_path_slurp(&text, dirfd, path, err));
	PKG_TRY(parse(&root, arena, name, &text, err));
	PKG_TRY(pkg_manifest_bind(out, arena, root, true, &diag, err));
	if (diag.errors == 0)
		PKG_TRY(pkg_manifest_check(*out, &profile, &diag, err));
	if (diag.errors == 0)
		PKG_TRY(
		    pkg_manifest_check_artifacts(*out, &profile, &diag, err));
	pkg_diag_sort(&diag);
	return diag.errors == 0 ? PKG_OK : refuse(&diag, err);
}

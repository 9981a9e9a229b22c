/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot.h"

#include "packline/json.h"
#include "packline/text.h"

#include <stdio.h>
#include <string.h>

/* The answers of a server as a lock. */
struct writer {
	struct pkg_jsonw w;
	const struct pkg_snapshot *snapshot;
	const struct pkg_snapshot_options *options;
	struct pkg_map modules; /* id → its object, if it is not deleted */
	struct pkg_err *err;
};

/* A member that is text, or NULL if it is absent or null. */
static const char *text(const struct pkg_node *object, const char *key)
{
	const struct pkg_node *n = pkg_node_get(object, key);

	return n != NULL && n->kind == PKG_NODE_STRING ? n->text : NULL;
}

static bool truth(const struct pkg_node *object, const char *key)
{
	const struct pkg_node *n = pkg_node_get(object, key);

	return n != NULL && n->kind == PKG_NODE_BOOL && n->truth;
}

static int64_t number(const struct pkg_node *object, const char *key,
		      int64_t otherwise)
{
	const struct pkg_node *n = pkg_node_get(object, key);

	return n != NULL && n->kind == PKG_NODE_INT ? n->number : otherwise;
}

/* Text that must be there. */
static enum pkg_code need(const struct pkg_node *object, const char *key,
			  const char **out, struct pkg_err *err)
{
	char what[64];

	*out = text(object, key);
	if (*out != NULL)
		return PKG_OK;
	(void)snprintf(what, sizeof(what), "'%s' is missing or no text", key);
	return pkg_snapshot_bad(object, what, err);
}

/* The id of an object as text of the arena. */
static enum pkg_code id_of(struct writer *x, const struct pkg_node *object,
			   const char **out)
{
	const int64_t id = number(object, "id", -1);

	if (id < 0)
		return pkg_snapshot_bad(object, "there is no id", x->err);
	*out =
	    pkg_arena_printf(x->snapshot->arena, x->err, "%lld", (long long)id);
	return *out != NULL ? PKG_OK : pkg_failed_(x->err->code);
}

/* The list "@kind/@id/@what", which must be there. */
static enum pkg_code sublist(struct writer *x, const char *kind, const char *id,
			     const char *what, const struct snapshot_list **out)
{
	const char *name = pkg_arena_printf(x->snapshot->arena, x->err,
					    "%s/%s/%s", kind, id, what);

	if (name == NULL)
		return pkg_failed_(x->err->code);
	return pkg_snapshot_list(x->snapshot, name, out, x->err);
}

static void put(struct writer *x, const struct pkg_node *object,
		const char *key)
{
	const char *value = text(object, key);

	if (value != NULL)
		pkg_jsonw_str_member(&x->w, key, value);
}

/* -- modules -- */

static enum pkg_code put_artifact(struct writer *x, const struct pkg_node *a)
{
	const struct pkg_node *hashes = pkg_node_get(a, "hashes");
	const char *name, *md5, *sha1, *sha256;
	const int64_t size = number(a, "size", -1);
	const char *path;

	PKG_TRY(need(a, "providedFilename", &name, x->err));
	if (hashes == NULL || hashes->kind != PKG_NODE_MAP || size < 0)
		return pkg_snapshot_bad(a, "an artifact has hashes and a size",
					x->err);
	PKG_TRY(need(hashes, "md5", &md5, x->err));
	PKG_TRY(need(hashes, "sha1", &sha1, x->err));
	PKG_TRY(need(hashes, "sha256", &sha256, x->err));
	if (!pkg_hex_is(sha256, 64))
		return pkg_snapshot_bad(hashes, "sha256 is no SHA-256", x->err);
	path = pkg_arena_printf(x->snapshot->arena, x->err, "%s/%s",
				x->options->files, sha256);
	if (path == NULL)
		return pkg_failed_(x->err->code);
	pkg_jsonw_object(&x->w);
	pkg_jsonw_str_member(&x->w, "filename", name);
	pkg_jsonw_str_member(&x->w, "md5", md5);
	pkg_jsonw_str_member(&x->w, "path", path);
	pkg_jsonw_str_member(&x->w, "sha1", sha1);
	pkg_jsonw_str_member(&x->w, "sha256", sha256);
	pkg_jsonw_int_member(&x->w, "size", size);
	pkg_jsonw_object_end(&x->w);
	return PKG_OK;
}

static enum pkg_code put_metadata(struct writer *x, const char *kind,
				  const char *id, bool visible)
{
	const struct snapshot_list *list = NULL;
	struct snapshot_cursor c;

	PKG_TRY(sublist(x, kind, id, "metadata", &list));
	pkg_jsonw_key(&x->w, "metadata");
	pkg_jsonw_array(&x->w);
	for (const struct pkg_node *m = pkg_snapshot_first(&c, list); m != NULL;
	     m = pkg_snapshot_next(&c)) {
		const char *key, *value;

		PKG_TRY(need(m, "key", &key, x->err));
		PKG_TRY(need(m, "value", &value, x->err));
		pkg_jsonw_object(&x->w);
		pkg_jsonw_str_member(&x->w, "key", key);
		if (visible && truth(m, "targetVisible"))
			pkg_jsonw_bool_member(&x->w, "targetVisible", true);
		pkg_jsonw_str_member(&x->w, "value", value);
		pkg_jsonw_object_end(&x->w);
	}
	pkg_jsonw_array_end(&x->w);
	return PKG_OK;
}

static enum pkg_code put_module(struct writer *x, const struct pkg_node *m)
{
	const struct snapshot_list *artifacts = NULL;
	struct snapshot_cursor c;
	const char *id = NULL, *name, *version, *type;
	const void *before;

	PKG_TRY(id_of(x, m, &id));
	PKG_TRY(need(m, "name", &name, x->err));
	PKG_TRY(need(m, "type", &type, x->err));
	PKG_TRY(need(m, "version", &version, x->err));
	PKG_TRY(pkg_map_add(&x->modules, id, m, &before, x->err));
	PKG_TRY(sublist(x, "softwaremodules", id, "artifacts", &artifacts));
	pkg_jsonw_object(&x->w);
	pkg_jsonw_key(&x->w, "artifacts");
	pkg_jsonw_array(&x->w);
	for (const struct pkg_node *a = pkg_snapshot_first(&c, artifacts);
	     a != NULL; a = pkg_snapshot_next(&c))
		PKG_TRY(put_artifact(x, a));
	pkg_jsonw_array_end(&x->w);
	put(x, m, "description");
	if (truth(m, "encrypted"))
		pkg_jsonw_bool_member(&x->w, "encrypted", true);
	PKG_TRY(put_metadata(x, "softwaremodules", id, true));
	pkg_jsonw_str_member(&x->w, "name", name);
	pkg_jsonw_str_member(&x->w, "type", type);
	put(x, m, "vendor");
	pkg_jsonw_str_member(&x->w, "version", version);
	pkg_jsonw_object_end(&x->w);
	return PKG_OK;
}

/* -- sets -- */

static enum pkg_code put_reference(struct writer *x, const struct pkg_node *r)
{
	const struct pkg_node *m;
	const char *id = NULL;

	PKG_TRY(id_of(x, r, &id));
	m = pkg_map_get(&x->modules, id);
	if (m == NULL)
		return pkg_snapshot_bad(
		    r,
		    "the set has a module that softwaremodules.json has "
		    "not, or that is deleted",
		    x->err);
	pkg_jsonw_object(&x->w);
	put(x, m, "name");
	put(x, m, "type");
	put(x, m, "version");
	pkg_jsonw_object_end(&x->w);
	return PKG_OK;
}

/* The modules stand in the set, or (older servers) in a list of their own. */
static enum pkg_code put_assigned(struct writer *x, const struct pkg_node *s,
				  const char *id)
{
	const struct pkg_node *own = pkg_node_get(s, "modules");
	const struct snapshot_list *list = NULL;
	struct snapshot_cursor c;

	pkg_jsonw_key(&x->w, "modules");
	pkg_jsonw_array(&x->w);
	if (own != NULL && own->kind == PKG_NODE_SEQ) {
		for (const struct pkg_node *r = own->first; r != NULL;
		     r = r->next)
			PKG_TRY(put_reference(x, r));
	} else {
		PKG_TRY(
		    sublist(x, "distributionsets", id, "assignedSM", &list));
		for (const struct pkg_node *r = pkg_snapshot_first(&c, list);
		     r != NULL; r = pkg_snapshot_next(&c))
			PKG_TRY(put_reference(x, r));
	}
	pkg_jsonw_array_end(&x->w);
	return PKG_OK;
}

static enum pkg_code put_set(struct writer *x, const struct pkg_node *s)
{
	const char *id = NULL, *name, *version, *type;

	PKG_TRY(id_of(x, s, &id));
	PKG_TRY(need(s, "name", &name, x->err));
	PKG_TRY(need(s, "type", &type, x->err));
	PKG_TRY(need(s, "version", &version, x->err));
	pkg_jsonw_object(&x->w);
	put(x, s, "description");
	PKG_TRY(put_metadata(x, "distributionsets", id, false));
	PKG_TRY(put_assigned(x, s, id));
	pkg_jsonw_str_member(&x->w, "name", name);
	if (truth(s, "requiredMigrationStep"))
		pkg_jsonw_bool_member(&x->w, "requiredMigrationStep", true);
	pkg_jsonw_str_member(&x->w, "type", type);
	pkg_jsonw_str_member(&x->w, "version", version);
	pkg_jsonw_object_end(&x->w);
	return PKG_OK;
}

/* -- types -- */

static bool is_own(const char *key, const char *const *own)
{
	while (*own != NULL && strcmp(*own, key) != 0)
		own++;
	return *own != NULL;
}

static enum pkg_code put_module_type(struct writer *x, const struct pkg_node *t)
{
	const int64_t least = number(t, "minArtifacts", 0);
	const char *key, *name;

	PKG_TRY(need(t, "key", &key, x->err));
	PKG_TRY(need(t, "name", &name, x->err));
	pkg_jsonw_object(&x->w);
	put(x, t, "colour");
	put(x, t, "description");
	pkg_jsonw_str_member(&x->w, "key", key);
	pkg_jsonw_int_member(&x->w, "maxAssignments",
			     number(t, "maxAssignments", 1));
	if (least > 0)
		pkg_jsonw_int_member(&x->w, "minArtifacts", least);
	pkg_jsonw_str_member(&x->w, "name", name);
	pkg_jsonw_object_end(&x->w);
	return PKG_OK;
}

static enum pkg_code put_keys(struct writer *x, const char *id,
			      const char *what, const char *as)
{
	const struct snapshot_list *list = NULL;
	struct snapshot_cursor c;

	PKG_TRY(sublist(x, "distributionsettypes", id, what, &list));
	pkg_jsonw_key(&x->w, as);
	pkg_jsonw_array(&x->w);
	for (const struct pkg_node *t = pkg_snapshot_first(&c, list); t != NULL;
	     t = pkg_snapshot_next(&c)) {
		const char *key;

		PKG_TRY(need(t, "key", &key, x->err));
		pkg_jsonw_text(&x->w, key);
	}
	pkg_jsonw_array_end(&x->w);
	return PKG_OK;
}

static enum pkg_code put_set_type(struct writer *x, const struct pkg_node *t)
{
	const char *id = NULL, *key, *name;

	PKG_TRY(id_of(x, t, &id));
	PKG_TRY(need(t, "key", &key, x->err));
	PKG_TRY(need(t, "name", &name, x->err));
	pkg_jsonw_object(&x->w);
	put(x, t, "colour");
	put(x, t, "description");
	pkg_jsonw_str_member(&x->w, "key", key);
	PKG_TRY(put_keys(x, id, "mandatorymoduletypes", "mandatorymodules"));
	pkg_jsonw_str_member(&x->w, "name", name);
	PKG_TRY(put_keys(x, id, "optionalmoduletypes", "optionalmodules"));
	pkg_jsonw_object_end(&x->w);
	return PKG_OK;
}

/* The list @name but for what is deleted and the keys in @own, under @as. */
static enum pkg_code put_list(struct writer *x, const char *name,
			      const char *as, const char *const *own,
			      enum pkg_code (*each)(struct writer *,
						    const struct pkg_node *))
{
	const struct snapshot_list *list = NULL;
	struct snapshot_cursor c;

	PKG_TRY(pkg_snapshot_list(x->snapshot, name, &list, x->err));
	pkg_jsonw_key(&x->w, as);
	pkg_jsonw_array(&x->w);
	for (const struct pkg_node *n = pkg_snapshot_first(&c, list); n != NULL;
	     n = pkg_snapshot_next(&c)) {
		const char *key = text(n, "key");

		if (!truth(n, "deleted") && (key == NULL || !is_own(key, own)))
			PKG_TRY(each(x, n));
	}
	pkg_jsonw_array_end(&x->w);
	return PKG_OK;
}

static enum pkg_code put_types(struct writer *x)
{
	static const char *const modules[] = {"os", "application", NULL};
	static const char *const sets[] = {"os", "app", "os_app", NULL};

	pkg_jsonw_key(&x->w, "types");
	pkg_jsonw_object(&x->w);
	PKG_TRY(put_list(x, "softwaremoduletypes", "modules", modules,
			 put_module_type));
	PKG_TRY(
	    put_list(x, "distributionsettypes", "sets", sets, put_set_type));
	pkg_jsonw_object_end(&x->w);
	return PKG_OK;
}

enum pkg_code pkg_snapshot_write(const struct pkg_snapshot *snapshot,
				 const struct pkg_snapshot_options *options,
				 struct pkg_sink *sink, struct pkg_err *err)
{
	static const char *const none[] = {NULL};
	struct writer x = {.snapshot = snapshot,
			   .options = options,
			   .modules = {.arena = snapshot->arena},
			   .err = err};

	pkg_jsonw_init(&x.w, sink, PKG_JSONW_PRETTY);
	pkg_jsonw_object(&x.w);
	pkg_jsonw_int_member(&x.w, "format", 1);
	PKG_TRY(put_list(&x, "softwaremodules", "modules", none, put_module));
	pkg_jsonw_key(&x.w, "product");
	pkg_jsonw_object(&x.w);
	pkg_jsonw_str_member(&x.w, "name", options->name);
	pkg_jsonw_str_member(&x.w, "version", options->version);
	pkg_jsonw_object_end(&x.w);
	PKG_TRY(put_list(&x, "distributionsets", "sets", none, put_set));
	pkg_jsonw_str_member(&x.w, "tenant", options->tenant);
	pkg_jsonw_str_member(&x.w, "type", "lock");
	PKG_TRY(put_types(&x));
	pkg_jsonw_object_end(&x.w);
	return pkg_jsonw_finish(&x.w, err);
}

/* -- downloads -- */

static enum pkg_code put_download(const struct pkg_snapshot *s,
				  const struct snapshot_list *list,
				  const char *files, struct pkg_map *done,
				  struct pkg_sink *sink, struct pkg_err *err)
{
	struct snapshot_cursor c;

	for (const struct pkg_node *a = pkg_snapshot_first(&c, list); a != NULL;
	     a = pkg_snapshot_next(&c)) {
		const struct pkg_node *hashes = pkg_node_get(a, "hashes");
		const char *sha256 =
		    hashes != NULL ? text(hashes, "sha256") : NULL;
		const char *line;
		const void *before;

		if (sha256 == NULL)
			return pkg_snapshot_bad(a, "there is no sha256", err);
		PKG_TRY(pkg_map_add(done, sha256, a, &before, err));
		if (before != NULL)
			continue;
		line = pkg_arena_printf(
		    s->arena, err, "/rest/v1/%s/%lld/download\t%s/%s\n",
		    list->name, (long long)number(a, "id", 0), files, sha256);
		if (line == NULL)
			return pkg_failed_(err->code);
		PKG_TRY(pkg_sink_puts(sink, line, err));
	}
	return PKG_OK;
}

enum pkg_code pkg_snapshot_downloads(const struct pkg_snapshot *snapshot,
				     const char *files, struct pkg_sink *sink,
				     struct pkg_err *err)
{
	struct writer x = {.snapshot = snapshot, .err = err};
	struct pkg_map done = {.arena = snapshot->arena};
	const struct snapshot_list *modules = NULL;
	struct snapshot_cursor c;

	PKG_TRY(pkg_snapshot_list(snapshot, "softwaremodules", &modules, err));
	for (const struct pkg_node *m = pkg_snapshot_first(&c, modules);
	     m != NULL; m = pkg_snapshot_next(&c)) {
		const struct snapshot_list *list = NULL;
		const char *id = NULL;

		if (truth(m, "deleted"))
			continue;
		PKG_TRY(id_of(&x, m, &id));
		PKG_TRY(sublist(&x, "softwaremodules", id, "artifacts", &list));
		PKG_TRY(put_download(snapshot, list, files, &done, sink, err));
	}
	return PKG_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/json.h"
#include "packline/map.h"
#include "packline/path.h"
#include "packline/plan.h"
#include "packline/text.h"

#include <string.h>

/* Which container stands for which artifact. */
struct box {
	const char *path, *md5, *sha1, *sha256;
	const char *config; /* SHA-256 of the device config, or NULL */
	/* Of the module that it was made for, if it was made from a lock. */
	const char *name, *version;
	int64_t size;
	bool draft;
	struct box *next; /* another one with the same content */
};

struct boxes {
	struct pkg_arena *arena;
	struct pkg_map by_content; /* SHA-256 of a plaintext → struct box */
	struct pkg_map by_name;    /* source name → struct box */
	struct pkg_err *err;
};

static enum pkg_code bad_record(const struct boxes *b,
				const struct pkg_node *at, const char *what)
{
	const struct pkg_mark mark = pkg_node_mark(at);

	(void)pkg_fail_at(b->err, &mark, "%s", what);
	return pkg_hint(b->err, "records of containers are what pkg-seal "
				"prints");
}

static const char *text_of(const struct pkg_node *node, const char *key)
{
	const struct pkg_node *value = pkg_node_get(node, key);

	return value != NULL && value->kind == PKG_NODE_STRING ? value->text
							       : NULL;
}

static bool is_hex(const char *text, size_t len)
{
	return text != NULL && strlen(text) == len && pkg_hex_is(text, len);
}

static enum pkg_code take_box(const struct boxes *b,
			      const struct pkg_node *node, struct box *out)
{
	const struct pkg_node *size = pkg_node_get(node, "size");
	const struct pkg_node *draft = pkg_node_get(node, "draft");
	const char *type = text_of(node, "type");

	if (type == NULL || strcmp(type, "container") != 0)
		return bad_record(b, node,
				  "a record is not of type 'container'");
	*out = (struct box){.path = text_of(node, "path"),
			    .md5 = text_of(node, "md5"),
			    .sha1 = text_of(node, "sha1"),
			    .sha256 = text_of(node, "sha256"),
			    .config = text_of(node, "device_config_sha256"),
			    .name = text_of(node, "name"),
			    .version = text_of(node, "version")};
	if (out->path == NULL || !is_hex(out->md5, 32) ||
	    !is_hex(out->sha1, 40) || !is_hex(out->sha256, 64) ||
	    size == NULL || size->kind != PKG_NODE_INT || size->number < 1)
		return bad_record(b, node,
				  "a record lacks path, size or a digest");
	if (draft == NULL || draft->kind != PKG_NODE_BOOL)
		return bad_record(b, node,
				  "a record does not say if it is a draft");
	out->size = size->number;
	out->draft = draft->truth;
	return PKG_OK;
}

/* A container of several files stands for none of them. */
static enum pkg_code add_box(struct boxes *b, const struct pkg_node *node)
{
	const struct pkg_node *list = pkg_node_get(node, "artifacts");
	struct box *box = pkg_arena_alloc(b->arena, sizeof(*box), b->err);
	const char *content, *name;
	const void *before;
	struct box *first;

	if (box == NULL)
		return b->err->code;
	PKG_TRY(take_box(b, node, box));
	if (list == NULL || list->kind != PKG_NODE_SEQ || list->count != 1)
		return PKG_OK;
	content = text_of(list->first, "sha256");
	name = text_of(list->first, "source_name");
	if (!is_hex(content, 64) || name == NULL)
		return bad_record(b, list,
				  "an artifact in a record lacks "
				  "sha256 or source_name");
	PKG_TRY(pkg_map_add(&b->by_name, name, box, &before, b->err));
	PKG_TRY(pkg_map_add(&b->by_content, content, box, &before, b->err));
	if (before != NULL) {
		memcpy(&first, &before, sizeof(first));
		box->next = first->next;
		first->next = box;
	}
	return PKG_OK;
}

static enum pkg_code read_boxes(struct boxes *b, struct pkg_source *records)
{
	struct pkg_json_lines lines;
	struct pkg_node *node = NULL;
	enum pkg_code code = PKG_OK;

	if (records == NULL)
		return PKG_OK;
	pkg_json_lines_init(&lines, records);
	while (code == PKG_OK) {
		code = pkg_json_lines_parse(&lines, &node, b->arena, b->err);
		if (code != PKG_OK || node == NULL)
			break;
		code = add_box(b, node);
	}
	pkg_json_lines_fini(&lines);
	if (code == PKG_INPUT && b->err->hint[0] == '\0')
		return pkg_hint(b->err, "records are what pkg-seal create and "
					"sign print; the container itself is "
					"not one");
	return code;
}

static bool same_bytes(const struct box *a, const struct box *b)
{
	return a->size == b->size && strcmp(a->sha256, b->sha256) == 0;
}

/* Made for the device config that the lock has pinned?  Without a digest on
   both sides nobody knows, and it is believed. */
static bool is_for(const struct box *box, const struct pkg_pinned *a)
{
	return box->config == NULL || a->seal_sha256 == NULL ||
	       strcmp(box->config, a->seal_sha256) == 0;
}

/* Does its manifest have the name and the version of the module? */
static bool is_of(const struct box *box, const struct pkg_module *module)
{
	return box->name != NULL && box->version != NULL &&
	       strcmp(box->name, module->name->text) == 0 &&
	       strcmp(box->version, module->version->text) == 0;
}

static bool any_is_of(const struct box *first, const struct pkg_pinned *a,
		      const struct pkg_module *module)
{
	for (const struct box *x = first; x != NULL; x = x->next)
		if (is_for(x, a) && is_of(x, module))
			return true;
	return false;
}

/* "boot.seal", or "2-boot.seal" where another module has one of that name. */
static bool is_named(const struct box *box, const struct pkg_pinned *a,
		     bool numbered)
{
	const char *name = pkg_path_basename(box->path);
	const size_t digits = strspn(name, "0123456789");

	if (box->config == NULL || a->seal_sha256 == NULL)
		return false;
	if (!numbered)
		return strcmp(name, a->filename) == 0;
	return digits > 0 && name[digits] == '-' &&
	       strcmp(name + digits + 1, a->filename) == 0;
}

/* What is left of the containers for one artifact. */
struct choice {
	const struct box *found, *named, *numbered;
	size_t count, numbered_count;
};

static void consider(struct choice *choice, const struct box *box,
		     const struct pkg_pinned *a)
{
	if (choice->found == NULL || !same_bytes(choice->found, box))
		choice->count++;
	choice->found = box;
	if (is_named(box, a, false))
		choice->named = box;
	if (is_named(box, a, true)) {
		choice->numbered = box;
		choice->numbered_count++;
	}
}

/*
 * Of the containers with the artifact's content those for its device; of these
 * those of its module, if there are any, and the one with its filename, if
 * there are several: two modules may ship the same bytes under one name.
 * @count  receives how many different ones are left.
 */
static const struct box *choose(const struct box *first,
				const struct pkg_pinned *a,
				const struct pkg_module *module, size_t *count)
{
	struct choice choice = {0};
	const bool own = any_is_of(first, a, module);

	for (const struct box *x = first; x != NULL; x = x->next)
		if (is_for(x, a) && (!own || is_of(x, module)))
			consider(&choice, x, a);
	*count = choice.count;
	if (choice.count <= 1)
		return choice.found;
	if (choice.named == NULL && choice.numbered_count == 1)
		choice.named = choice.numbered;
	if (choice.named == NULL)
		return choice.found;
	*count = 1;
	return choice.named;
}

static enum pkg_code refuse_missing(const struct boxes *b,
				    const struct pkg_pinned *a)
{
	if (pkg_map_get(&b->by_name, pkg_path_basename(a->path)) != NULL) {
		(void)pkg_refuse(b->err, PKG_INPUT, "container-other-bytes",
				 "the container of '%s' was made from other "
				 "bytes than the lock has",
				 a->path);
		return pkg_hint(b->err, "make the container again from this "
					"lock: pkg-seal create --from-lock");
	}
	(void)pkg_refuse(b->err, PKG_INPUT, "container-missing",
			 "no record of a container for '%s'", a->path);
	return pkg_hint(b->err, "make it with pkg-seal create --from-lock, "
				"sign it, and give its record with "
				"--containers");
}

static enum pkg_code replace(const struct boxes *b, struct pkg_pinned *a,
			     const struct pkg_module *module)
{
	const struct box *first = pkg_map_get(&b->by_content, a->sha256);
	const struct box *box;
	size_t count;

	if (first == NULL)
		return refuse_missing(b, a);
	box = choose(first, a, module, &count);
	if (box == NULL) {
		(void)pkg_refuse(b->err, PKG_INPUT, "container-other-device",
				 "the container of '%s' was not made for the "
				 "device config '%s' as the lock has it",
				 a->path, a->seal);
		return pkg_hint(b->err, "make it again from this lock: "
					"pkg-seal create --from-lock");
	}
	if (count > 1) {
		(void)pkg_refuse(b->err, PKG_INPUT, "container-ambiguous",
				 "%zu containers have the content of '%s'",
				 count, a->path);
		return pkg_hint(b->err, "give the records of one run of "
					"pkg-seal create --from-lock");
	}
	if (box->draft) {
		(void)pkg_refuse(b->err, PKG_INPUT, "container-draft",
				 "the container '%s' is a draft", box->path);
		return pkg_hint(b->err, "sign it first: pkg-seal sign");
	}
	a->container = box->path;
	a->size = box->size;
	a->md5 = box->md5;
	a->sha1 = box->sha1;
	a->sha256 = box->sha256;
	a->sha512 = NULL;
	return PKG_OK;
}

static enum pkg_code replace_all(const struct boxes *b,
				 struct pkg_manifest *lock)
{
	const struct pkg_module *modules = lock->modules.items;

	for (size_t i = 0; i < lock->modules.count; i++) {
		struct pkg_pinned *a = modules[i].artifacts.items;

		for (size_t k = 0; k < modules[i].artifacts.count; k++) {
			if (a[k].seal != NULL)
				PKG_TRY(replace(b, &a[k], &modules[i]));
		}
	}
	return PKG_OK;
}

enum pkg_code pkg_plan_containers(struct pkg_manifest *lock,
				  struct pkg_arena *arena,
				  struct pkg_source *records,
				  struct pkg_err *err)
{
	struct boxes b = {.arena = arena, .err = err};
	enum pkg_code code = read_boxes(&b, records);

	if (code == PKG_OK)
		code = replace_all(&b, lock);
	pkg_map_fini(&b.by_content);
	pkg_map_fini(&b.by_name);
	return code;
}

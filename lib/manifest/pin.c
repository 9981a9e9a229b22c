/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include "packline/digest.h"
#include "packline/json.h"
#include "packline/limits.h"
#include "packline/lock.h"
#include "packline/text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Digests from records of type `artifact`. */
struct record {
	const struct pkg_node *at;
	const char *path; /* normal form */
	const char *md5, *sha1, *sha256, *sha512;
	int64_t size;
};

struct records {
	struct pkg_arena *arena;
	struct record *items; /* heap */
	size_t count, cap;
	struct pkg_map by_path; /* → index + 1 as a pointer into `items` */
	struct pkg_err *err;
};

static void records_fini(struct records *r)
{
	pkg_map_fini(&r->by_path);
	free(r->items);
}

static enum pkg_code bad_record(const struct records *r,
				const struct pkg_node *at, const char *what)
{
	const struct pkg_mark mark = pkg_node_mark(at);

	(void)pkg_fail_at(r->err, &mark, "%s", what);
	return pkg_hint(r->err, "records are what pkg-hash --format jsonl "
				"prints");
}

/* Fields that are digests, and where each goes. */
static const struct hex_field {
	const char *key;
	size_t digits, offset;
} hex_fields[] = {
    {"sha256", 64, offsetof(struct record, sha256)},
    {"sha1", 40, offsetof(struct record, sha1)},
    {"md5", 32, offsetof(struct record, md5)},
    {"sha512", 128, offsetof(struct record, sha512)},
};

/* Take @value if it is a digest; other fields are not ours. */
static enum pkg_code take_hex(const struct records *r,
			      const struct pkg_node *value, struct record *out)
{
	const size_t count = sizeof(hex_fields) / sizeof(hex_fields[0]);
	const struct hex_field *f = hex_fields;

	while (f < hex_fields + count && strcmp(f->key, value->key) != 0)
		f++;
	if (f == hex_fields + count)
		return PKG_OK;
	if (value->kind != PKG_NODE_STRING || value->len != f->digits ||
	    !pkg_hex_is(value->text, f->digits))
		return bad_record(r, value,
				  "a digest in a record is not lower-case "
				  "hexadecimal of its length");
	memcpy((char *)out + f->offset, &value->text, sizeof(value->text));
	return PKG_OK;
}

static enum pkg_code take_record(struct records *r, const struct pkg_node *node,
				 struct record *out)
{
	const struct pkg_node *path = NULL, *size = NULL, *type = NULL;

	*out = (struct record){.at = node};
	for (const struct pkg_node *n = node->first; n != NULL; n = n->next) {
		if (strcmp(n->key, "path") == 0)
			path = n;
		else if (strcmp(n->key, "size") == 0)
			size = n;
		else if (strcmp(n->key, "type") == 0)
			type = n;
		else
			PKG_TRY(take_hex(r, n, out));
	}
	if (type == NULL || !pkg_node_is(type, "artifact"))
		return bad_record(r, node,
				  "a record is not of type 'artifact'");
	if (path == NULL || path->kind != PKG_NODE_STRING || size == NULL ||
	    size->kind != PKG_NODE_INT || size->number < 0)
		return bad_record(r, node, "a record lacks path or size");
	out->size = size->number;
	if (out->md5 == NULL || out->sha1 == NULL || out->sha256 == NULL)
		return bad_record(r, node,
				  "a record lacks md5, sha1 or sha256");
	return pkg_files_normal(&out->path, r->arena, path->text, r->err);
}

static enum pkg_code keep_record(struct records *r, const struct record *record)
{
	const size_t cap = r->cap == 0 ? 256 : r->cap * 2;
	struct record *more;

	if (r->count == r->cap) {
		more = reallocarray(r->items, cap, sizeof(*more));
		if (more == NULL)
			return pkg_fail_nomem(r->err);
		r->items = more;
		r->cap = cap;
	}
	r->items[r->count++] = *record;
	return PKG_OK;
}

/* Once all are read, `items` stays where it is: index it. */
static enum pkg_code index_records(struct records *r)
{
	const void *before;

	for (size_t i = 0; i < r->count; i++) {
		const struct record *now = &r->items[i], *old;

		PKG_TRY(
		    pkg_map_add(&r->by_path, now->path, now, &before, r->err));
		old = before;
		if (old != NULL && (old->size != now->size ||
				    strcmp(old->sha256, now->sha256) != 0))
			return bad_record(r, now->at,
					  "two records of one file differ");
	}
	return PKG_OK;
}

static enum pkg_code read_records(struct records *r, struct pkg_source *source)
{
	struct pkg_json_lines lines;
	struct pkg_node *node = NULL;
	struct record record;
	enum pkg_code code = PKG_OK;

	pkg_json_lines_init(&lines, source);
	while (code == PKG_OK) {
		code = pkg_json_lines_parse(&lines, &node, r->arena, r->err);
		if (code != PKG_OK || node == NULL)
			break;
		code = take_record(r, node, &record);
		/* Files elsewhere are nobody's artifacts. */
		if (code == PKG_OK && record.path != NULL)
			code = keep_record(r, &record);
	}
	pkg_json_lines_fini(&lines);
	return code == PKG_OK ? index_records(r) : code;
}

static enum pkg_code pin_one(const struct records *r, struct pkg_pinned *a,
			     const struct rule_sink *sink)
{
	const struct record *record = pkg_map_get(&r->by_path, a->path);

	if (record == NULL)
		return pkg_rule_add(sink, RULE_RECORD_MISSING, a->at, NULL,
				    "no record about '%s'", a->path);
	if (a->size >= 0 && a->size != record->size)
		return pkg_rule_add(sink, RULE_RECORD_MISMATCH, a->at, NULL,
				    "'%s' has %lld bytes, its record says %lld",
				    a->path, (long long)a->size,
				    (long long)record->size);
	a->size = record->size;
	a->md5 = record->md5;
	a->sha1 = record->sha1;
	a->sha256 = record->sha256;
	a->sha512 = record->sha512;
	return PKG_OK;
}

static enum pkg_code pin_all(const struct records *r, struct pkg_manifest *m,
			     const struct rule_sink *sink)
{
	const struct pkg_module *modules = m->modules.items;

	for (size_t i = 0; i < m->modules.count; i++) {
		struct pkg_pinned *a = modules[i].artifacts.items;

		for (size_t k = 0; k < modules[i].artifacts.count; k++)
			PKG_TRY(pin_one(r, &a[k], sink));
		a = modules[i].bits_files.items;
		for (size_t k = 0; k < modules[i].bits_files.count; k++)
			PKG_TRY(pin_one(r, &a[k], sink));
		if (modules[i].sbom_file != NULL)
			PKG_TRY(pin_one(r, modules[i].sbom_file, sink));
	}
	return PKG_OK;
}

enum pkg_code pkg_lock_pin(struct pkg_manifest *manifest,
			   struct pkg_arena *arena, struct pkg_source *records,
			   struct pkg_diag *diag, struct pkg_err *err)
{
	const struct rule_sink sink = {diag, err};
	struct records r = {.arena = arena, .err = err};
	enum pkg_code code = read_records(&r, records);

	if (code == PKG_OK)
		code = pin_all(&r, manifest, &sink);
	records_fini(&r);
	return code;
}

/* -- the records instead of a folder -- */

static int by_path(const void *a, const void *b)
{
	const struct file_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static enum pkg_code records_as_files(const struct records *r,
				      struct files *files)
{
	struct file_list *all = &files->records;
	const void *before;

	all->items = pkg_arena_array(r->arena, r->count + 1,
				     sizeof(*all->items), r->err);
	if (all->items == NULL)
		return r->err->code;
	for (size_t i = 0; i < r->count; i++) {
		const struct record *record = &r->items[i];

		/* The first of several records of one file. */
		if (pkg_map_get(&r->by_path, record->path) == record)
			all->items[all->count++] =
			    (struct file_entry){record->path, record->size};
	}
	qsort(all->items, all->count, sizeof(*all->items), by_path);
	for (size_t i = 0; i < all->count; i++)
		PKG_TRY(pkg_map_add(&files->record_path, all->items[i].path,
				    &all->items[i], &before, r->err));
	return PKG_OK;
}

enum pkg_code pkg_lock_pin_only(struct pkg_manifest *manifest,
				struct pkg_arena *arena,
				struct pkg_source *records,
				struct pkg_diag *diag, struct pkg_err *err)
{
	const struct rule_sink sink = {diag, err};
	struct records r = {.arena = arena, .err = err};
	struct files files = {.arena = arena, .dirfd = -1};
	enum pkg_code code = read_records(&r, records);

	if (code == PKG_OK)
		code = records_as_files(&r, &files);
	if (code == PKG_OK)
		code = pkg_select_all(manifest, &files, &sink);
	if (code == PKG_OK)
		code = pin_all(&r, manifest, &sink);
	pkg_files_fini(&files);
	records_fini(&r);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include "packline/map.h"
#include "packline/path.h"

#include <stdlib.h>
#include <string.h>

/* Fields of a central entry, APPNOTE.TXT 4.3.12. */
enum {
	AT_MADE_BY = 4,
	AT_COMMON = 6,
	AT_COMMENT_LEN = 32,
	AT_DISK = 34,
	AT_INTERNAL = 36,
	AT_EXTERNAL = 38,
	AT_OFFSET = 42,
};

/* What is still to be read of the central directory. */
struct rest {
	const uint8_t *at;
	size_t len;
};

static enum pkg_code cut_off(struct pkg_err *err)
{
	return pkg_refuse(err, PKG_INPUT, "zip-central",
			  "the central directory ends within its entry");
}

/* Fill @slot from the next entry; its name may be any bytes. */
static enum pkg_code take(struct pkg_archive *self, struct slot *slot,
			  const uint8_t *at, struct pkg_err *err)
{
	struct pkg_archive_entry *entry = &slot->entry;

	memcpy(slot->common, at + AT_COMMON, COMMON);
	entry->method = (uint16_t)archive_get(slot->common + AT_METHOD, 2);
	entry->crc32 = archive_get(slot->common + AT_CRC, 4);
	entry->packed_size = archive_get(slot->common + AT_PACKED, 4);
	entry->size = archive_get(slot->common + AT_SIZE, 4);
	entry->offset = archive_get(at + AT_OFFSET, 4);
	slot->name_len = archive_get(slot->common + AT_NAME_LEN, 2);
	entry->name = pkg_arena_dup(self->names, (const char *)at + CENTRAL,
				    slot->name_len, err);
	return entry->name != NULL ? PKG_OK : pkg_failed_(err->code);
}

static bool is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((uint8_t)text[i] >= 0x80)
			return false;
	}
	return true;
}

/*
 * Names that are not ASCII are taken for UTF-8 by some programs and for the
 * code page of DOS by others: unless they are marked, and by unzip even then
 * if they were made on DOS or Windows.
 */
static enum pkg_code check_utf8(const struct slot *slot, unsigned system,
				struct pkg_err *err)
{
	const uint32_t flags = archive_get(slot->common + AT_FLAGS, 2);

	if (is_ascii(slot->entry.name, slot->name_len))
		return PKG_OK;
	if ((flags & FLAG_UTF8) == 0)
		(void)pkg_refuse(err, PKG_INPUT, "zip-name",
				 "its name is not ASCII, and not marked as "
				 "UTF-8");
	else if (system == SYSTEM_FAT || system == SYSTEM_NTFS)
		(void)pkg_refuse(err, PKG_INPUT, "zip-name",
				 "its name is not ASCII, and made on DOS or "
				 "Windows: unzip reads another one");
	else
		return PKG_OK;
	return pkg_hint(err, "rename it; or pack it with 7z or bsdtar on Linux "
			     "or macOS, or with Python");
}

static enum pkg_code check_name(const struct slot *slot, unsigned made_by,
				struct pkg_err *err)
{
	const char *flaw = pkg_path_name_flaw(slot->entry.name, slot->name_len);

	if (flaw != NULL)
		return pkg_refuse(err, PKG_INPUT, "zip-name", "its name %s",
				  flaw);
	return check_utf8(slot, made_by >> 8, err);
}

/* What the entry says, before anything is compared with anything. */
static enum pkg_code judge(const struct pkg_archive *self,
			   const struct slot *slot, const uint8_t *at,
			   struct pkg_err *err)
{
	const uint8_t *extra = at + CENTRAL + slot->name_len;
	const unsigned made_by = archive_get(at + AT_MADE_BY, 2);

	PKG_TRY(pkg_archive_flags(slot, err));
	if (archive_get(at + AT_DISK, 2) != 0)
		return pkg_refuse(err, PKG_INPUT, "zip-multidisk",
				  "it begins in another part of a ZIP file "
				  "that was split");
	PKG_TRY(pkg_archive_extra(
	    extra, archive_get(slot->common + AT_EXTRA_LEN, 2), err));
	PKG_TRY(pkg_archive_sizes(self, slot, err));
	if (archive_get(at + AT_COMMENT_LEN, 2) != 0)
		return pkg_refuse(err, PKG_INPUT, "zip-comment",
				  "it has a comment");
	PKG_TRY(check_name(slot, made_by, err));
	return pkg_archive_mode(made_by, archive_get(at + AT_INTERNAL, 2),
				archive_get(at + AT_EXTERNAL, 4), err);
}

static enum pkg_code next(struct pkg_archive *self, size_t index,
			  struct rest *rest, struct pkg_err *err)
{
	struct slot *slot = &self->slots[index];
	const uint8_t *at = rest->at;
	size_t len = CENTRAL;

	if (rest->len < CENTRAL)
		return cut_off(err);
	if (archive_get(at, 4) != SIG_CENTRAL)
		return pkg_refuse(err, PKG_INPUT, "zip-central",
				  "the central directory has something else "
				  "here");
	len += archive_get(at + AT_COMMON + AT_NAME_LEN, 2);
	len += archive_get(at + AT_COMMON + AT_EXTRA_LEN, 2);
	len += archive_get(at + AT_COMMENT_LEN, 2);
	if (rest->len < len)
		return cut_off(err);
	PKG_TRY(take(self, slot, at, err));
	PKG_TRY(judge(self, slot, at, err));
	rest->at += len;
	rest->len -= len;
	return PKG_OK;
}

static const char *fold(struct pkg_arena *arena, const struct slot *slot,
			struct pkg_err *err)
{
	char *out = pkg_arena_dup(arena, slot->entry.name, slot->name_len, err);

	for (char *c = out; c != NULL && *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	return out;
}

/*
 * Unpacked on another system, one of two such files would replace the other.
 * Names that collide in the map cost time, but there are 10,000 at most.
 */
static enum pkg_code check_unique(struct pkg_archive *self, struct pkg_map *map,
				  size_t index, struct pkg_err *err)
{
	const struct slot *slot = &self->slots[index], *other;
	const char *key = fold(self->names, slot, err);
	const void *before = NULL;

	if (key == NULL)
		return pkg_failed_(err->code);
	PKG_TRY(pkg_map_add(map, key, slot, &before, err));
	if (before == NULL)
		return PKG_OK;
	other = before;
	return pkg_refuse(err, PKG_INPUT, "zip-duplicate",
			  "entry %zu has the same name%s",
			  (size_t)(other - self->slots) + 1,
			  strcmp(other->entry.name, slot->entry.name) == 0
			      ? ""
			      : " but for the case of its letters");
}

/* All entries together. */
static enum pkg_code check_sums(const struct pkg_archive *self,
				struct pkg_err *err)
{
	uint64_t size = 0, packed = 0;

	for (size_t i = 0; i < self->count; i++) {
		size += self->slots[i].entry.size; /* 10,000 times 2^32 */
		packed += self->slots[i].entry.packed_size;
	}
	if (size > self->limits.content)
		return pkg_refuse(err, PKG_INPUT, "zip-limit",
				  "%llu bytes of content, more than %llu",
				  (unsigned long long)size,
				  (unsigned long long)self->limits.content);
	if (pkg_archive_is_bomb(self, size, packed))
		return pkg_refuse(err, PKG_INPUT, "zip-ratio",
				  "%llu bytes of content in %llu packed bytes, "
				  "more than %u to 1",
				  (unsigned long long)size,
				  (unsigned long long)packed,
				  self->limits.ratio);
	return PKG_OK;
}

static enum pkg_code read_entries(struct pkg_archive *self,
				  const uint8_t *directory, struct pkg_err *err)
{
	struct rest rest = {.at = directory, .len = self->central_size};
	struct pkg_map map = {.arena = self->names};

	for (size_t i = 0; i < self->count; i++) {
		if (next(self, i, &rest, err) != PKG_OK ||
		    check_unique(self, &map, i, err) != PKG_OK)
			return pkg_archive_blame(self, i, err);
	}
	if (rest.len != 0)
		return pkg_refuse(err, PKG_INPUT, "zip-central",
				  "%zu bytes follow the last entry of the "
				  "central directory",
				  rest.len);
	return check_sums(self, err);
}

enum pkg_code pkg_archive_central(struct pkg_archive *self, struct pkg_err *err)
{
	uint8_t *directory = malloc(self->central_size + 1);
	enum pkg_code code;

	self->slots = calloc(self->count + 1, sizeof(*self->slots));
	if (directory == NULL || self->slots == NULL)
		code = pkg_fail_nomem(err);
	else
		code = pkg_archive_bytes(self, directory, self->central_size,
					 self->central, err);
	if (code == PKG_OK)
		code = read_entries(self, directory, err);
	free(directory);
	return code;
}

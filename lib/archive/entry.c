/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

enum {
	VERSION_MAX = 20, /* APPNOTE.TXT 4.4.3: folders and deflate */
	MODE_TYPE = 0170000,
	MODE_FILE = 0100000,
	EXTRA_HEAD = 4,
};

static enum pkg_code encrypted(struct pkg_err *err)
{
	return pkg_refuse(err, PKG_INPUT, "zip-encrypted", "it is encrypted");
}

enum pkg_code pkg_archive_flags(const struct slot *slot, struct pkg_err *err)
{
	const unsigned flags = archive_get(slot->common + AT_FLAGS, 2);
	const unsigned version = archive_get(slot->common + AT_VERSION, 2);

	if ((flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED)) != 0)
		return encrypted(err);
	if ((flags & ~(unsigned)(FLAG_LEVEL | FLAG_DESCRIPTOR | FLAG_UTF8)) !=
	    0)
		return pkg_refuse(err, PKG_INPUT, "zip-flags",
				  "its flags are 0x%04x, of which only 0x080e "
				  "are read",
				  flags);
	if (slot->entry.method != METHOD_STORED &&
	    slot->entry.method != METHOD_DEFLATE)
		return pkg_refuse(err, PKG_INPUT, "zip-method",
				  "it is packed with method %u, not 0 (stored) "
				  "or 8 (deflate)",
				  slot->entry.method);
	if (slot->entry.size == ELSEWHERE ||
	    slot->entry.packed_size == ELSEWHERE ||
	    slot->entry.offset == ELSEWHERE)
		return pkg_refuse(err, PKG_INPUT, "zip-zip64",
				  "its sizes or its offset are those of zip64");
	if (version > VERSION_MAX)
		return pkg_refuse(err, PKG_INPUT, "zip-version",
				  "it needs version %u.%u of ZIP, more than "
				  "2.0",
				  version / 10, version % 10);
	return PKG_OK;
}

bool pkg_archive_is_bomb(const struct pkg_archive *self, uint64_t size,
			 uint64_t packed)
{
	const uint32_t ratio = self->limits.ratio;

	return size > self->limits.ratio_of &&
	       (size + ratio - 1) / ratio > packed;
}

enum pkg_code pkg_archive_sizes(const struct pkg_archive *self,
				const struct slot *slot, struct pkg_err *err)
{
	const struct pkg_archive_entry *entry = &slot->entry;

	if (entry->method == METHOD_STORED && entry->size != entry->packed_size)
		return pkg_refuse(err, PKG_INPUT, "zip-size",
				  "it is stored, but its sizes differ: %llu "
				  "and %llu bytes",
				  (unsigned long long)entry->size,
				  (unsigned long long)entry->packed_size);
	if (entry->method == METHOD_DEFLATE && entry->packed_size == 0)
		return pkg_refuse(err, PKG_INPUT, "zip-size",
				  "it is deflated to nothing");
	if (pkg_archive_is_bomb(self, entry->size, entry->packed_size))
		return pkg_refuse(err, PKG_INPUT, "zip-ratio",
				  "%llu bytes of content in %llu packed bytes, "
				  "more than %u to 1",
				  (unsigned long long)entry->size,
				  (unsigned long long)entry->packed_size,
				  self->limits.ratio);
	return PKG_OK;
}

/* Is it known what their external attributes mean? */
static bool is_known_system(unsigned system)
{
	switch (system) {
	case SYSTEM_FAT:
	case SYSTEM_UNIX:
	case SYSTEM_WINDOWS:
	case SYSTEM_NTFS:
	case SYSTEM_VFAT:
	case SYSTEM_MACOS:
		return true;
	default:
		return false;
	}
}

enum pkg_code pkg_archive_mode(unsigned made_by, unsigned internal,
			       uint32_t external, struct pkg_err *err)
{
	/* Volume label, folder, device, reparse point. */
	const unsigned not_files = 0x08 | 0x10 | 0x40 | 0x400;
	/* Whoever made it: some readers look at the mode of any system. */
	const unsigned type = external >> 16 & MODE_TYPE;

	if (!is_known_system(made_by >> 8))
		return pkg_refuse(err, PKG_INPUT, "zip-mode",
				  "it was made on system %u, whose attributes "
				  "are not known",
				  made_by >> 8);
	if (type != 0 && type != MODE_FILE)
		return pkg_refuse(err, PKG_INPUT, "zip-mode",
				  "it is no regular file: its mode is %06o",
				  external >> 16);
	if ((external & not_files) != 0)
		return pkg_refuse(err, PKG_INPUT, "zip-mode",
				  "it is no regular file: its attributes are "
				  "0x%04x",
				  external & 0xffff);
	if (internal > 1) /* 1: it may be text */
		return pkg_refuse(err, PKG_INPUT, "zip-mode",
				  "its internal attributes are 0x%04x",
				  internal);
	return PKG_OK;
}

/*
 * Extra fields that change neither name nor content for anybody: times, owners
 * and what marks a JAR.  Each has one of these lengths, in bytes.
 */
static const struct known {
	uint16_t id;
	uint8_t count;
	uint8_t lengths[3];
} known[] = {
    {0x000a, 1, {32}},       /* times of NTFS */
    {0x5455, 3, {5, 9, 13}}, /* times of Unix */
    {0x5855, 2, {8, 12}},    /* times and owner, old */
    {0x7855, 2, {0, 4}},     /* owner, old */
    {0x7875, 1, {11}},       /* owner */
    {0xcafe, 1, {0}},        /* the first entry of a JAR */
};
enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static bool has_length(const struct known *row, unsigned len)
{
	for (size_t i = 0; i < row->count; i++) {
		if (row->lengths[i] == len)
			return true;
	}
	return false;
}

/* Those that would change something, and all others. */
static enum pkg_code unknown_extra(unsigned id, struct pkg_err *err)
{
	switch (id) {
	case 0x0001:
		return pkg_refuse(err, PKG_INPUT, "zip-zip64",
				  "it has an extra field of zip64 (0x0001)");
	case 0x0017:
	case 0x9901:
		return encrypted(err);
	case 0x7075:
		return pkg_refuse(err, PKG_INPUT, "zip-extra",
				  "it has an extra field with another name "
				  "(0x7075)");
	default:
		return pkg_refuse(err, PKG_INPUT, "zip-extra",
				  "it has an unknown extra field 0x%04x", id);
	}
}

static enum pkg_code check_extra(unsigned id, unsigned len, unsigned *seen,
				 struct pkg_err *err)
{
	for (size_t i = 0; i < KNOWN; i++) {
		if (known[i].id != id)
			continue;
		if ((*seen & 1u << i) != 0 || !has_length(&known[i], len))
			return pkg_refuse(err, PKG_INPUT, "zip-extra",
					  "its extra field 0x%04x is there "
					  "twice or has a wrong length",
					  id);
		*seen |= 1u << i;
		return PKG_OK;
	}
	return unknown_extra(id, err);
}

enum pkg_code pkg_archive_extra(const uint8_t *at, size_t len,
				struct pkg_err *err)
{
	unsigned seen = 0;

	while (len >= EXTRA_HEAD) {
		const unsigned id = archive_get(at, 2);
		const unsigned size = archive_get(at + 2, 2);

		if (size > len - EXTRA_HEAD)
			break;
		PKG_TRY(check_extra(id, size, &seen, err));
		at += EXTRA_HEAD + size;
		len -= EXTRA_HEAD + size;
	}
	if (len != 0)
		return pkg_refuse(err, PKG_INPUT, "zip-extra",
				  "its extra fields end within one");
	return PKG_OK;
}

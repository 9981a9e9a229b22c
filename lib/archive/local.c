/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include <string.h>

enum { NAME_MAX_LEN = 255 }; /* checked with the central entry */

/* Fields that both have.  @later: may be 0 if a descriptor follows. */
static const struct field {
	const char *name;
	uint8_t at, bytes;
	bool later;
} fields[] = {
    {"version", AT_VERSION, 2, false},
    {"flags", AT_FLAGS, 2, false},
    {"method", AT_METHOD, 2, false},
    {"time", AT_TIME, 2, false},
    {"date", AT_DATE, 2, false},
    {"CRC-32", AT_CRC, 4, true},
    {"packed size", AT_PACKED, 4, true},
    {"size", AT_SIZE, 4, true},
    {"length of the name", AT_NAME_LEN, 2, false},
};

static bool has_descriptor(const struct slot *slot)
{
	return (archive_get(slot->common + AT_FLAGS, 2) & FLAG_DESCRIPTOR) != 0;
}

static enum pkg_code compare(const struct slot *slot, const uint8_t *local,
			     struct pkg_err *err)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *f = &fields[i];
		const uint32_t here =
		    archive_get(local + SIGNATURE + f->at, f->bytes);
		const uint32_t there =
		    archive_get(slot->common + f->at, f->bytes);

		if (here == there ||
		    (here == 0 && f->later && has_descriptor(slot)))
			continue;
		return pkg_refuse(err, PKG_INPUT, "zip-mismatch",
				  "%s: 0x%x in the local header, but 0x%x in "
				  "the central directory",
				  f->name, here, there);
	}
	if (memcmp(local + LOCAL, slot->entry.name, slot->name_len) != 0)
		return pkg_refuse(err, PKG_INPUT, "zip-mismatch",
				  "name: another one in the local header");
	return PKG_OK;
}

/*
 * Who reads from the front finds the end of a deflate stream in the stream,
 * but the end of stored bytes only by looking for a signature, which the
 * content may hold as well.
 */
static enum pkg_code check_stored(const struct slot *slot, const uint8_t *local,
				  struct pkg_err *err)
{
	if (slot->entry.method == METHOD_STORED && slot->entry.size != 0 &&
	    (archive_get(local + SIGNATURE + AT_PACKED, 4) == 0 ||
	     archive_get(local + SIGNATURE + AT_SIZE, 4) == 0))
		return pkg_refuse(err, PKG_INPUT, "zip-descriptor",
				  "it is stored, and its length stands only "
				  "behind it");
	return PKG_OK;
}

/* Compare @len bytes, from the end of the content to the next header. */
static enum pkg_code check_descriptor(const struct pkg_archive *self,
				      const struct slot *slot, uint64_t len,
				      struct pkg_err *err)
{
	const bool with_signature = len == SIGNATURE + DESCRIPTOR;
	uint8_t there[SIGNATURE + DESCRIPTOR];
	const uint8_t *at = there;
	bool same = true;

	if (len != DESCRIPTOR && !with_signature)
		return pkg_refuse(err, PKG_INPUT, "zip-descriptor",
				  "%llu bytes follow its content: a data "
				  "descriptor has 16, or 12",
				  (unsigned long long)len);
	PKG_TRY(pkg_archive_bytes(self, there, (size_t)len,
				  slot->data + slot->entry.packed_size, err));
	if (with_signature) {
		same = archive_get(at, 4) == SIG_DESCRIPTOR;
		at += SIGNATURE;
	} else {
		/* It would be taken for the signature. */
		same = slot->entry.crc32 != SIG_DESCRIPTOR;
	}
	/* CRC-32, packed size and size, as they stand in the entry. */
	if (!same || memcmp(at, slot->common + AT_CRC, DESCRIPTOR) != 0)
		return pkg_refuse(err, PKG_INPUT, "zip-descriptor",
				  "its data descriptor does not say what the "
				  "central directory says");
	return PKG_OK;
}

/* Does the content end where the next header, at @next, begins? */
static enum pkg_code check_end(const struct pkg_archive *self,
			       const struct slot *slot, uint64_t next,
			       struct pkg_err *err)
{
	const uint64_t end = slot->data + slot->entry.packed_size;

	if (end > next)
		return pkg_refuse(err, PKG_INPUT, "zip-overlap",
				  "its content ends at byte %llu, behind byte "
				  "%llu, where the next header is",
				  (unsigned long long)end,
				  (unsigned long long)next);
	if (has_descriptor(slot))
		return check_descriptor(self, slot, next - end, err);
	if (end != next)
		return pkg_refuse(err, PKG_INPUT, "zip-gap",
				  "%llu bytes follow its content that belong "
				  "to no entry",
				  (unsigned long long)(next - end));
	return PKG_OK;
}

/* An entry whose header is before the one at @next. */
static enum pkg_code check_local(const struct pkg_archive *self,
				 struct slot *slot, uint64_t next,
				 struct pkg_err *err)
{
	uint8_t local[LOCAL + NAME_MAX_LEN + EXTRA_MAX];
	const uint64_t room = next - slot->entry.offset;
	const size_t have = room < sizeof(local) ? (size_t)room : sizeof(local);
	size_t extra;

	if (have < LOCAL + slot->name_len)
		return pkg_refuse(err, PKG_INPUT, "zip-overlap",
				  "its local header has no room before byte "
				  "%llu, where the next header is",
				  (unsigned long long)next);
	PKG_TRY(pkg_archive_bytes(self, local, have, slot->entry.offset, err));
	if (archive_get(local, 4) != SIG_LOCAL)
		return pkg_refuse(err, PKG_INPUT, "zip-local",
				  "there is no local header");
	PKG_TRY(compare(slot, local, err));
	PKG_TRY(check_stored(slot, local, err));
	extra = archive_get(local + SIGNATURE + AT_EXTRA_LEN, 2);
	if (extra > EXTRA_MAX)
		return pkg_refuse(err, PKG_INPUT, "zip-extra",
				  "it has %zu bytes of extra fields, more than "
				  "all that are known",
				  extra);
	slot->data = slot->entry.offset + LOCAL + slot->name_len + extra;
	PKG_TRY(check_end(self, slot, next, err));
	return pkg_archive_extra(local + LOCAL + slot->name_len, extra, err);
}

/* Does entry @index begin behind the one before it? */
static enum pkg_code check_order(const struct pkg_archive *self, size_t index,
				 struct pkg_err *err)
{
	const uint64_t here = self->slots[index].entry.offset;
	const uint64_t before =
	    index > 0 ? self->slots[index - 1].entry.offset : 0;

	if (here < before)
		return pkg_refuse(err, PKG_INPUT, "zip-order",
				  "its content stands before that of entry %zu",
				  index);
	if (index > 0 && here == before)
		return pkg_refuse(err, PKG_INPUT, "zip-overlap",
				  "its content is that of entry %zu", index);
	if (here >= self->central)
		return pkg_refuse(err, PKG_INPUT, "zip-overlap",
				  "its content should stand at byte %llu, "
				  "within the central directory",
				  (unsigned long long)here);
	return PKG_OK;
}

enum pkg_code pkg_archive_locals(struct pkg_archive *self, struct pkg_err *err)
{
	const uint64_t first =
	    self->count > 0 ? self->slots[0].entry.offset : self->central;

	for (size_t i = 0; i < self->count; i++) {
		if (check_order(self, i, err) != PKG_OK)
			return pkg_archive_blame(self, i, err);
	}
	if (first != 0)
		return pkg_refuse(err, PKG_INPUT, "zip-gap",
				  "%llu bytes stand before the first entry",
				  (unsigned long long)first);
	for (size_t i = 0; i < self->count; i++) {
		const uint64_t next = i + 1 < self->count
					  ? self->slots[i + 1].entry.offset
					  : self->central;

		if (check_local(self, &self->slots[i], next, err) != PKG_OK)
			return pkg_archive_blame(self, i, err);
	}
	return PKG_OK;
}

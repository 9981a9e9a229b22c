/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/arena.h"
#include "packline/limits.h"
#include "packline/sink.h"
#include "packline/zip.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIXED = 30, /* bytes of a local header without its name and extra */
	EXTRA = 20, /* bytes of the only legal extra field */
	SIGNATURE = 4,
};

struct pkg_zip_reader {
	struct pkg_source *source;
	struct pkg_arena *names;
	struct pkg_zip_list list; /* members entered */
	/* The header that was read and not yet entered. */
	uint8_t raw[PKG_ZIP_LOCAL_MAX];
	char name[PKG_ZIP_NAME_MAX + 1];
	struct pkg_zip_entry next;
	bool peeked;
	bool at_central; /* raw holds the first bytes of the directory */
	/* The member being read. */
	bool inside;
	uint64_t left;
	uint32_t crc;
};

/*
 * Compares what is written to it with what the source gives: the central
 * directory is made again and never parsed.
 */
struct compare {
	struct pkg_sink sink;
	struct pkg_source *source;
	const uint8_t *head; /* bytes that were already read */
	size_t head_len;
};

static enum pkg_code framing(const struct pkg_zip_reader *reader,
			     const char *what, struct pkg_err *err)
{
	return pkg_refuse(err, PKG_INPUT, "framing",
			  "%s: %s is not the one that format 1 allows",
			  reader->source->name, what);
}

enum pkg_code pkg_zip_reader_new(struct pkg_zip_reader **out,
				 struct pkg_source *source, struct pkg_err *err)
{
	PKG_AUTO(pkg_zip_reader) struct pkg_zip_reader *reader = NULL;

	reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		return pkg_fail_nomem(err);
	reader->source = source;
	PKG_TRY(pkg_arena_new(&reader->names,
			      (uint64_t)PKG_ZIP_COUNT_MAX * PKG_ZIP_LOCAL_MAX,
			      err));
	*out = PKG_STEAL(reader);
	return PKG_OK;
}

static uint64_t get(const uint8_t *at, size_t bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

/* A name that can be printed and compared; its grammar is the caller's. */
static bool is_printable(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '!' || name[i] > '~')
			return false;
	}
	return len > 0;
}

/*
 * Read the rest of a local header.  Only name, size and CRC are taken from
 * it; then the header that they demand is made and compared.
 */
static enum pkg_code read_header(struct pkg_zip_reader *reader,
				 struct pkg_err *err)
{
	uint8_t *raw = reader->raw;
	uint8_t made[PKG_ZIP_LOCAL_MAX];
	size_t name_len = 0, len = 0;
	bool zip64 = false;

	PKG_TRY(pkg_source_read_all(reader->source, raw + SIGNATURE,
				    FIXED - SIGNATURE, err));
	name_len = (size_t)get(raw + 26, 2);
	zip64 = get(raw + 22, 4) == UINT32_MAX;
	if (name_len > PKG_ZIP_NAME_MAX ||
	    get(raw + 28, 2) != (zip64 ? EXTRA : 0))
		return framing(reader, "a local header", err);
	len = FIXED + name_len + (zip64 ? EXTRA : 0);
	PKG_TRY(
	    pkg_source_read_all(reader->source, raw + FIXED, len - FIXED, err));
	memcpy(reader->name, raw + FIXED, name_len);
	reader->name[name_len] = '\0';
	if (!is_printable(reader->name, name_len))
		return framing(reader, "a member name", err);
	reader->next = (struct pkg_zip_entry){
	    .name = reader->name,
	    .size = zip64 ? get(raw + len - 8, 8) : get(raw + 22, 4),
	    .offset = reader->list.end,
	    .crc = (uint32_t)get(raw + 14, 4),
	};
	if (pkg_zip_local(made, &reader->next) != len ||
	    memcmp(made, raw, len) != 0)
		return framing(reader, "a local header", err);
	return PKG_OK;
}

enum pkg_code pkg_zip_reader_peek(struct pkg_zip_reader *reader,
				  const struct pkg_zip_entry **entry,
				  struct pkg_err *err)
{
	static const uint8_t local[SIGNATURE] = {'P', 'K', 3, 4};

	if (reader->inside)
		return pkg_fail(err, PKG_INTERNAL,
				"the member before was not read to its end");
	if (!reader->peeked) {
		PKG_TRY(pkg_source_read_all(reader->source, reader->raw,
					    SIGNATURE, err));
		reader->at_central = memcmp(reader->raw, local, SIGNATURE) != 0;
		if (!reader->at_central)
			PKG_TRY(read_header(reader, err));
		reader->peeked = true;
	}
	*entry = reader->at_central ? NULL : &reader->next;
	return PKG_OK;
}

enum pkg_code pkg_zip_reader_enter(struct pkg_zip_reader *reader,
				   const char *name, uint64_t size,
				   struct pkg_err *err)
{
	const struct pkg_zip_entry *entry = NULL;
	const char *copy = NULL;

	PKG_TRY(pkg_zip_reader_peek(reader, &entry, err));
	if (entry == NULL || strcmp(entry->name, name) != 0)
		return pkg_refuse(err, PKG_INPUT, "framing",
				  "%s: member '%s' is not in its place",
				  reader->source->name, name);
	if (size != UINT64_MAX && entry->size != size)
		return pkg_refuse(err, PKG_INPUT, "framing",
				  "%s: member '%s' has not the listed size",
				  reader->source->name, name);
	copy = pkg_arena_dup(reader->names, name, strlen(name), err);
	if (copy == NULL)
		return err->code;
	PKG_TRY(pkg_zip_list_add(&reader->list, copy, entry->size, err));
	reader->list.entries[reader->list.count - 1].crc = entry->crc;
	reader->peeked = false;
	reader->inside = true;
	reader->left = entry->size;
	reader->crc = 0;
	return PKG_OK;
}

/* The content has been read: is it the one whose CRC the header had? */
static enum pkg_code leave(struct pkg_zip_reader *reader, struct pkg_err *err)
{
	const struct pkg_zip_entry *entry =
	    &reader->list.entries[reader->list.count - 1];

	if (reader->crc != entry->crc)
		return pkg_refuse(err, PKG_INPUT, "framing",
				  "%s: member '%s' has another CRC-32",
				  reader->source->name, entry->name);
	reader->inside = false;
	return PKG_OK;
}

enum pkg_code pkg_zip_reader_read(struct pkg_zip_reader *reader, void *buf,
				  size_t cap, size_t *got, struct pkg_err *err)
{
	*got = 0;
	if (!reader->inside)
		return pkg_fail(err, PKG_INTERNAL, "no member was entered");
	if (reader->left == 0)
		return leave(reader, err);
	if (cap > reader->left)
		cap = (size_t)reader->left;
	PKG_TRY(pkg_source_read(reader->source, buf, cap, got, err));
	if (*got == 0) {
		(void)pkg_refuse(
		    err, PKG_INPUT, "truncated", "%s: ends within member '%s'",
		    reader->source->name,
		    reader->list.entries[reader->list.count - 1].name);
		return pkg_hint(err, "it is not whole: copy or download it "
				     "again");
	}
	reader->left -= *got;
	reader->crc = pkg_zip_crc32(reader->crc, buf, *got);
	return PKG_OK;
}

enum pkg_code pkg_zip_reader_slurp(struct pkg_zip_reader *reader,
				   struct pkg_buf *out, struct pkg_err *err)
{
	size_t got = 0;

	if (reader->left > out->max - out->len)
		return pkg_refuse(
		    err, PKG_INPUT, "limit",
		    "%s: member '%s' has more than %zu bytes",
		    reader->source->name,
		    reader->list.entries[reader->list.count - 1].name,
		    out->max - out->len);
	do {
		const size_t room = reader->left < PKG_IO_CHUNK
					? (size_t)reader->left
					: PKG_IO_CHUNK;

		/* Grows with what is really there, not with what is said. */
		PKG_TRY(pkg_buf_reserve(out, room, err));
		PKG_TRY(pkg_zip_reader_read(reader, out->data + out->len, room,
					    &got, err));
		out->len += got;
		out->data[out->len] = '\0'; /* as a buffer promises */
	} while (got > 0);
	return PKG_OK;
}

static enum pkg_code compare_write(struct pkg_sink *sink, const void *buf,
				   size_t len, struct pkg_err *err)
{
	struct compare *self = (struct compare *)sink;
	uint8_t there[PKG_ZIP_CENTRAL_MAX];
	size_t have = 0, got = 0;

	_Static_assert(PKG_ZIP_CENTRAL_MAX >= PKG_ZIP_END_MAX,
		       "one buffer for both");
	if (self->head_len > 0) {
		have = self->head_len;
		memcpy(there, self->head, have);
		self->head_len = 0;
	}
	/* What is there must be right even if it ends too early. */
	while (have < len && memcmp(there, buf, have) == 0) {
		PKG_TRY(pkg_source_read(self->source, there + have, len - have,
					&got, err));
		if (got == 0)
			return pkg_refuse(err, PKG_INPUT, "truncated",
					  "%s: ends within the central "
					  "directory",
					  self->source->name);
		have += got;
	}
	if (memcmp(there, buf, have) != 0)
		return pkg_refuse(err, PKG_INPUT, "framing",
				  "%s: the central directory is not the one "
				  "that format 1 allows",
				  self->source->name);
	return PKG_OK;
}

static enum pkg_code compare_finish(struct pkg_sink *sink, struct pkg_err *err)
{
	(void)sink;
	(void)err;
	return PKG_OK;
}

enum pkg_code pkg_zip_reader_finish(struct pkg_zip_reader *reader,
				    struct pkg_err *err)
{
	const struct pkg_zip_entry *entry = NULL;
	struct compare compare = {
	    .sink = {.write = compare_write, .finish = compare_finish},
	    .source = reader->source,
	    .head = reader->raw,
	    .head_len = SIGNATURE,
	};
	uint8_t more = 0;
	size_t got = 0;

	PKG_TRY(pkg_zip_reader_peek(reader, &entry, err));
	if (entry != NULL)
		return pkg_refuse(err, PKG_INPUT, "framing",
				  "%s: member '%s' should not be there",
				  reader->source->name, entry->name);
	PKG_TRY(pkg_zip_list_finish(&reader->list, &compare.sink, err));
	PKG_TRY(pkg_source_read(reader->source, &more, 1, &got, err));
	if (got != 0)
		return pkg_refuse(err, PKG_INPUT, "framing",
				  "%s: something follows the end",
				  reader->source->name);
	return PKG_OK;
}

const struct pkg_zip_list *
pkg_zip_reader_list(const struct pkg_zip_reader *reader)
{
	return &reader->list;
}

void pkg_zip_reader_free(struct pkg_zip_reader *reader)
{
	if (reader == NULL)
		return;
	pkg_zip_list_fini(&reader->list);
	pkg_arena_free(reader->names);
	free(reader);
}

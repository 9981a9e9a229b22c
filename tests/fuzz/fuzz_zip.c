/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of the ZIP profile; its first byte says how it is fed. */
#include "fuzz.h"
#include "mend.h"
#include "trickle.h"

#include "packline/zip.h"

#include <string.h>

enum { MAX = 1 << 20 };

/* Read everything; the contents, one after the other, go to @contents. */
static enum pkg_code read_all(struct pkg_zip_reader *reader,
			      struct pkg_buf *contents, struct pkg_err *err)
{
	const struct pkg_zip_entry *entry = NULL;
	uint64_t last = 0;

	for (;;) {
		char name[PKG_ZIP_NAME_MAX + 1];

		PKG_TRY(pkg_zip_reader_peek(reader, &entry, err));
		if (entry == NULL)
			return pkg_zip_reader_finish(reader, err);
		MUST(entry->offset >= last);
		last = entry->offset;
		(void)snprintf(name, sizeof(name), "%s", entry->name);
		PKG_TRY(pkg_zip_reader_enter(reader, name, UINT64_MAX, err));
		PKG_TRY(pkg_zip_reader_slurp(reader, contents, err));
	}
}

/* Make the ZIP of this list and these contents. */
static void make(struct pkg_buf *out, const struct pkg_zip_list *list,
		 const struct pkg_buf *contents)
{
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t header[PKG_ZIP_LOCAL_MAX];
	struct pkg_sink_buf sink;
	size_t at = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct pkg_zip_entry *entry = &list->entries[i];
		const size_t len = pkg_zip_local(header, entry);

		MUST(pkg_buf_add(out, header, len, &err) == PKG_OK);
		MUST(entry->size <= contents->len - at);
		MUST(pkg_buf_add(out, contents->data + at, (size_t)entry->size,
				 &err) == PKG_OK);
		at += (size_t)entry->size;
	}
	pkg_sink_buf_init(&sink, out);
	MUST(pkg_zip_list_finish(list, &sink.sink, &err) == PKG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PKG_AUTO(pkg_zip_reader) struct pkg_zip_reader *reader = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf contents = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = 2 * MAX};
	struct pkg_err err = PKG_ERR_INIT;
	struct trickle source;
	enum pkg_code code;

	if (size < 1 || size > MAX)
		return 0;
	trickle_init(&source, data + 1, size - 1, data[0]);
	MUST(pkg_zip_reader_new(&reader, &source.source, &err) == PKG_OK);
	code = read_all(reader, &contents, &err);
	if (code != PKG_OK) {
		MUST_REFUSE(code, &err);
		MUST(code == PKG_INPUT);
		return 0;
	}
	/* there is no other file with this list and these contents */
	make(&made, pkg_zip_reader_list(reader), &contents);
	MUST(made.len == size - 1 &&
	     memcmp(made.data, data + 1, size - 1) == 0);
	return 0;
}

#ifdef PKG_LIBFUZZER
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	size = LLVMFuzzerMutate(data, size, max_size);
	if (seed % 2 == 0 || size < 1)
		return size;
	return 1 + mend_zip(data + 1, size - 1, max_size - 1);
}
#endif

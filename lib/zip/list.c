/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/num.h"
#include "packline/sink.h"
#include "packline/zip.h"

#include <stdlib.h>
#include <string.h>

static enum pkg_code grow(struct pkg_zip_list *list, struct pkg_err *err)
{
	const size_t cap = list->cap == 0 ? 16 : 2 * list->cap;
	struct pkg_zip_entry *entries = NULL;

	if (list->count < list->cap)
		return PKG_OK;
	entries = reallocarray(list->entries, cap, sizeof(*entries));
	if (entries == NULL)
		return pkg_fail_nomem(err);
	list->entries = entries;
	list->cap = cap;
	return PKG_OK;
}

enum pkg_code pkg_zip_list_add(struct pkg_zip_list *list, const char *name,
			       uint64_t size, struct pkg_err *err)
{
	const size_t len = strlen(name);
	struct pkg_zip_entry entry = {
	    .name = name, .size = size, .offset = list->end};
	uint64_t end = 0;

	if (len == 0 || len > PKG_ZIP_NAME_MAX)
		return pkg_fail(err, PKG_INTERNAL, "a member name of %zu bytes",
				len);
	if (list->count == PKG_ZIP_COUNT_MAX)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "more than %u members",
				  (unsigned)PKG_ZIP_COUNT_MAX);
	if (!pkg_add_u64(list->end, pkg_zip_local(NULL, &entry), &end) ||
	    !pkg_add_u64(end, size, &end) || end > INT64_MAX)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "member '%s' makes the file too large", name);
	PKG_TRY(grow(list, err));
	list->entries[list->count++] = entry;
	list->end = end;
	return PKG_OK;
}

uint64_t pkg_zip_list_data(const struct pkg_zip_list *list, size_t index)
{
	const struct pkg_zip_entry *entry = &list->entries[index];

	return entry->offset + pkg_zip_local(NULL, entry);
}

static uint64_t central_size(const struct pkg_zip_list *list)
{
	uint64_t size = 0;

	for (size_t i = 0; i < list->count; i++)
		size += pkg_zip_central(NULL, &list->entries[i]);
	return size;
}

uint64_t pkg_zip_list_tail(const struct pkg_zip_list *list)
{
	const uint64_t size = central_size(list);

	return size + pkg_zip_end(NULL, list->count, list->end, size);
}

enum pkg_code pkg_zip_list_finish(const struct pkg_zip_list *list,
				  struct pkg_sink *sink, struct pkg_err *err)
{
	uint8_t bytes[PKG_ZIP_CENTRAL_MAX];
	uint8_t end[PKG_ZIP_END_MAX];

	for (size_t i = 0; i < list->count; i++) {
		const size_t len = pkg_zip_central(bytes, &list->entries[i]);

		PKG_TRY(pkg_sink_write(sink, bytes, len, err));
	}
	return pkg_sink_write(
	    sink, end,
	    pkg_zip_end(end, list->count, list->end, central_size(list)), err);
}

void pkg_zip_list_fini(struct pkg_zip_list *list)
{
	free(list->entries);
	*list = (struct pkg_zip_list){0};
}

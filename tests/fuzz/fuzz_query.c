/* SPDX-License-Identifier: Apache-2.0 */
/* The query of a listing: parsed, then tried on something that has it all. */
#include "fuzz.h"

#include "packline/limits.h"
#include "packline/query.h"

#include <string.h>

static const struct pkg_query_field fields[] = {
    {.name = "name", .type = PKG_QUERY_TEXT},
    {.name = "type", .sub = "key", .type = PKG_QUERY_TEXT, .standard = true},
    {.name = "id", .type = PKG_QUERY_NUMBER},
    {.name = "locked", .type = PKG_QUERY_BOOL},
    {.name = "metadata", .type = PKG_QUERY_MAP},
    {.name = "tag", .type = PKG_QUERY_EACH, .at_top = true},
    {.name = "createdby", .type = PKG_QUERY_ABSENT},
    {0},
};

/* Values of every kind; @item tells whether there are any. */
static bool get(const void *item, size_t field, size_t nth,
		struct pkg_query_value *out)
{
	static const char *const tags[] = {"stable", "b*ta", ""};
	const bool *full = item;

	*out = (struct pkg_query_value){.text = "Gateway \xc3\x9c"};
	if (!*full)
		return false;
	switch (fields[field].type) {
	case PKG_QUERY_NUMBER:
		out->text = NULL;
		out->number = 42;
		return nth == 0;
	case PKG_QUERY_BOOL:
		out->text = "true";
		return nth == 0;
	case PKG_QUERY_MAP:
		out->key = nth == 0 ? "os" : "Os.Name";
		return nth < 2;
	case PKG_QUERY_EACH:
		if (nth < 3)
			out->text = tags[nth];
		return nth < 3;
	case PKG_QUERY_ABSENT:
		return false;
	case PKG_QUERY_TEXT:
		return nth == 0;
	}
	return false;
}

/* The answer is the same twice. */
static void try_on(struct pkg_query *query, bool full)
{
	const struct pkg_query_item item = {.get = get, .item = &full};
	struct pkg_err err = PKG_ERR_INIT;
	bool once = false, again = true;

	MUST(pkg_query_match(query, &item, &once, &err) == PKG_OK);
	MUST(pkg_query_match(query, &item, &again, &err) == PKG_OK);
	MUST(once == again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PKG_AUTO(pkg_query) struct pkg_query *query = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	char *text = malloc(size + 1);
	enum pkg_code code;

	MUST(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	code = pkg_query_parse(&query, text, fields, &err);
	if (code == PKG_OK) {
		try_on(query, true);
		try_on(query, false);
	} else {
		MUST(code == PKG_USAGE && err.reason != NULL);
		MUST(query == NULL);
	}
	free(text);
	return 0;
}

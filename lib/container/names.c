/* SPDX-License-Identifier: Apache-2.0 */
#include "container/names.h"

#include "packline/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char fold_char(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

static int compare_fold(const char *a, const char *b)
{
	while (*a != '\0' && fold_char(*a) == fold_char(*b)) {
		a++;
		b++;
	}
	return (unsigned char)fold_char(*a) - (unsigned char)fold_char(*b);
}

/* A name and where it stands, for sorting. */
struct slot {
	const char *name;
	size_t index;
};

static int by_bytes(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int by_fold(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return compare_fold(x->name, y->name);
}

enum pkg_code pkg_names_unique(const void *rows, size_t count, name_of *of,
			       bool fold, size_t *dup, struct pkg_err *err)
{
	int (*compare)(const void *, const void *) = fold ? by_fold : by_bytes;
	struct slot *slots = NULL;

	*dup = SIZE_MAX;
	if (count < 2)
		return PKG_OK;
	slots = calloc(count, sizeof(*slots));
	if (slots == NULL)
		return pkg_fail_nomem(err);
	for (size_t i = 0; i < count; i++)
		slots[i] = (struct slot){of(rows, i), i};
	qsort(slots, count, sizeof(*slots), compare);
	for (size_t i = 1; i < count && *dup == SIZE_MAX; i++) {
		if (compare(&slots[i - 1], &slots[i]) == 0)
			*dup = slots[i].index;
	}
	free(slots);
	return PKG_OK;
}

enum pkg_code pkg_names_style(enum name_style *out, const void *rows,
			      size_t count, name_of *of, bool encrypted,
			      struct pkg_err *err)
{
	size_t dup = SIZE_MAX;

	*out = NAME_STYLE_ENCRYPTED;
	if (encrypted)
		return PKG_OK;
	*out = NAME_STYLE_NUMBER;
	for (size_t i = 0; i < count; i++) {
		if (!pkg_container_is_name(of(rows, i)))
			return PKG_OK;
	}
	PKG_TRY(pkg_names_unique(rows, count, of, true, &dup, err));
	if (dup == SIZE_MAX)
		*out = NAME_STYLE_SOURCE;
	return PKG_OK;
}

void pkg_name_member(member_name out, enum pkg_container_role role,
		     enum name_style style, size_t index,
		     const char *source_name)
{
	const char *dir = role == PKG_ROLE_METADATA ? "metadata" : "payload";

	if (style == NAME_STYLE_SOURCE)
		(void)snprintf(out, sizeof(member_name), "%s/%s", dir,
			       source_name);
	else
		(void)snprintf(out, sizeof(member_name), "%s/%06zu%s", dir,
			       index,
			       style == NAME_STYLE_ENCRYPTED ? ".enc" : "");
}

void pkg_name_signature(member_name out, size_t index)
{
	(void)snprintf(out, sizeof(member_name), "META-INF/sig-%02zu.p7s",
		       index);
}

void pkg_name_approval(member_name json, member_name p7s, size_t index)
{
	(void)snprintf(json, sizeof(member_name),
		       "META-INF/approval-%02zu.json", index);
	(void)snprintf(p7s, sizeof(member_name), "META-INF/approval-%02zu.p7s",
		       index);
}

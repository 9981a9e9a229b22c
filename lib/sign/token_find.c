/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/text.h"
#include "sign/token.h"

#include <stdio.h>
#include <stdlib.h>

enum { SLOTS_MAX = 256 };

/* Text of a fixed field, without the blanks behind it. */
static void field(char *out, const unsigned char *data, size_t len)
{
	while (len > 0 && (data[len - 1] == ' ' || data[len - 1] == '\0'))
		len--;
	memcpy(out, data, len);
	out[len] = '\0';
}

static void name_of(struct token_name *name, const struct ck_token_info *info)
{
	field(name->label, info->label, sizeof(info->label));
	field(name->manufacturer, info->manufacturer,
	      sizeof(info->manufacturer));
	field(name->model, info->model, sizeof(info->model));
	field(name->serial, info->serial, sizeof(info->serial));
}

static bool is_meant(const struct pkcs11_uri *uri, ck_ulong slot,
		     const struct token_name *name)
{
	const struct {
		enum pkcs11_attr attr;
		const char *text;
	} rows[] = {
	    {URI_TOKEN, name->label},
	    {URI_MANUFACTURER, name->manufacturer},
	    {URI_MODEL, name->model},
	    {URI_SERIAL, name->serial},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!pkg_pkcs11_uri_allows(uri, rows[i].attr, rows[i].text,
					   strlen(rows[i].text)))
			return false;
	return uri->value[URI_SLOT_ID] == NULL ||
	       strtoul(uri->value[URI_SLOT_ID], NULL, 10) == slot;
}

/* What a search has come to: for the message if it finds nothing. */
struct search {
	size_t found, seen;
	char others[120]; /* labels of tokens that were not meant */
};

static void remember(struct search *search, const struct token_name *name)
{
	char quoted[80];
	const size_t used = strlen(search->others);

	pkg_text_quote_cut(quoted, sizeof(quoted), name->label,
			   strlen(name->label));
	if (used + strlen(quoted) + 5 < sizeof(search->others))
		snprintf(search->others + used, sizeof(search->others) - used,
			 "%s'%s'", used == 0 ? "" : ", ", quoted);
}

static enum pkg_code not_one(const struct key_token *token,
			     const struct search *search, struct pkg_err *err)
{
	if (search->found > 1) {
		pkg_refuse(err, PKG_KEY, "token-ambiguous",
			   "%zu tokens match the URI", search->found);
		return pkg_hint(err, "say which with token=, serial= or "
				     "slot-id=");
	}
	if (search->seen == 0) {
		pkg_refuse(err, PKG_KEY, "token-missing",
			   "there is no token: '%s' sees none that has been "
			   "initialized",
			   token->module);
		return pkg_hint(err, "is it plugged in, and --pkcs11-module "
				     "the library of its vendor?");
	}
	pkg_refuse(err, PKG_KEY, "token-missing",
		   "no token matches the URI; those that are there: %s",
		   search->others);
	return pkg_hint(err, "compare token=, serial=, manufacturer= and "
			     "model= with: p11tool --list-tokens");
}

static enum pkg_code list_slots(const struct key_token *token, ck_ulong *slots,
				ck_ulong *count, struct pkg_err *err)
{
	ck_ulong rv = CKR_OK;

	/* Some modules look for new devices only when asked for the number. */
	*count = 0;
	rv = token->p11->get_slot_list(1, NULL, count);
	if (rv == CKR_OK && *count > SLOTS_MAX)
		return pkg_refuse(err, PKG_KEY, "token-failed",
				  "more than %d tokens", SLOTS_MAX);
	*count = SLOTS_MAX;
	if (rv == CKR_OK)
		rv = token->p11->get_slot_list(1, slots, count);
	if (rv != CKR_OK)
		return pkg_token_failed(token, "list its slots", rv, err);
	return PKG_OK;
}

enum pkg_code pkg_token_find(struct key_token *token,
			     const struct pkcs11_uri *uri, struct pkg_err *err)
{
	ck_ulong slots[SLOTS_MAX] = {0};
	ck_ulong count = 0;
	struct search search = {0};

	PKG_TRY(list_slots(token, slots, &count, err));
	for (ck_ulong i = 0; i < count && i < SLOTS_MAX; i++) {
		struct ck_token_info info = {0};
		struct token_name name;

		/* A token that is being pulled out is not there. */
		if (token->p11->get_token_info(slots[i], &info) != CKR_OK ||
		    (info.flags & CKF_TOKEN_INITIALIZED) == 0)
			continue;
		name_of(&name, &info);
		search.seen++;
		if (!is_meant(uri, slots[i], &name)) {
			remember(&search, &name);
			continue;
		}
		search.found++;
		token->slot = slots[i];
		token->flags = info.flags;
		token->name = name;
	}
	return search.found == 1 ? PKG_OK : not_one(token, &search, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "packline/query.h"

/*
 * Queries for targets: the server's TargetFields.  None of them is matched
 * here, so all values are texts: ${NOW_TS} is one, too.
 */
#define TEXT(name, sub, standard)                                              \
	{                                                                      \
		(name), (sub), PKG_QUERY_TEXT, (standard), false               \
	}

static const struct pkg_query_field target_fields[] = {
    TEXT("id", NULL, false),
    TEXT("controllerid", NULL, false),
    TEXT("name", NULL, false),
    TEXT("description", NULL, false),
    TEXT("createdat", NULL, false),
    TEXT("createdby", NULL, false),
    TEXT("lastmodifiedat", NULL, false),
    TEXT("lastmodifiedby", NULL, false),
    TEXT("lastcontrollerrequestat", NULL, false),
    TEXT("updatestatus", NULL, false),
    TEXT("ipaddress", NULL, false),
    TEXT("group", NULL, false),
    TEXT("assignedds", "name", false),
    TEXT("assignedds", "version", false),
    TEXT("installedds", "name", false),
    TEXT("installedds", "version", false),
    TEXT("tag", "name", true),
    TEXT("type", "key", true),
    TEXT("type", "id", false),
    TEXT("type", "name", false),
    TEXT("targettype", "key", true),
    TEXT("targettype", "id", false),
    TEXT("targettype", "name", false),
    TEXT("autoconfirm", NULL, false),
    {"attribute", NULL, PKG_QUERY_MAP, false, false},
    {"metadata", NULL, PKG_QUERY_MAP, false, false},
    {0},
};

enum pkg_code pkg_check_target_query(const struct checker *c,
				     const struct pkg_node *query)
{
	PKG_AUTO(pkg_query) struct pkg_query *read = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	if (query == NULL)
		return PKG_OK;
	PKG_TRY(pkg_check_markup(c, query));
	if (pkg_query_parse(&read, query->text, target_fields, &err) == PKG_OK)
		return PKG_OK;
	if (err.code == PKG_USAGE)
		return pkg_rule_add(c->sink, RULE_TARGET_QUERY, query, NULL,
				    "%s", err.text);
	*c->sink->err = err;
	return err.code;
}

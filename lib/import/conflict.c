/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"
#include "packline/limits.h"

#include <string.h>
#include <strings.h>

/*
 * The server says "there already", and the lookup does not find it.  Either
 * it was deleted (its row stays, hidden, and keeps the name for ever), or
 * something else has the name: of another type (sets before 0.9), in another
 * case, or (types) under another key.
 */
struct near {
	const struct pkg_node *want;
	const struct pkg_node *found;
};

static bool same_but_case(const struct pkg_node *want,
			  const struct pkg_node *item, const char *key)
{
	const char *a = tree_text(want, key), *b = tree_text(item, key);

	return a != NULL && b != NULL && strcasecmp(a, b) == 0;
}

static bool take_near(void *context, struct pkg_node *item)
{
	struct near *near = context;
	const struct pkg_node *want = near->want;

	if (!same_but_case(want, item, "name"))
		return false;
	if (tree_text(want, "version") != NULL &&
	    !same_but_case(want, item, "version"))
		return false;
	near->found = item;
	return true;
}

/* A quoted value of the query language. */
static const char *quote(struct pkg_arena *arena, const char *text,
			 struct pkg_err *err)
{
	char *out = pkg_arena_alloc(arena, 2 * strlen(text) + 3, err);
	char *to = out;

	if (out == NULL)
		return NULL;
	*to++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			*to++ = '\\';
		*to++ = *text;
	}
	*to = '"';
	return out;
}

static enum pkg_code find_near(struct job *job, struct near *near,
			       struct pkg_err *err)
{
	const char *name = tree_text(near->want, "name");
	struct lookup lookup = {.item = take_near, .context = near};

	if (name == NULL)
		return PKG_OK;
	name = quote(job->scratch, name, err);
	if (name == NULL)
		return err->code;
	lookup.query = pkg_arena_printf(job->scratch, err, "name==%s", name);
	lookup.path = job->step->lookup->path->text;
	if (lookup.query == NULL)
		return err->code;
	return lookup_each(job, &lookup, err);
}

enum pkg_code refuse_conflict(struct job *job, struct pkg_err *err)
{
	const struct pkg_plan_request *request = job->step->request;
	const char *ref = job->step->ref->text;
	struct near near = {.want = tree_object(request->body)};
	const char *type, *key;

	PKG_TRY(find_near(job, &near, err));
	if (near.found == NULL) {
		(void)pkg_refuse(
		    err, PKG_NO, "soft-deleted",
		    "%s: it was deleted on the server, which keeps "
		    "its name taken",
		    ref);
		return pkg_hint(err, "choose another version; this one can "
				     "never be used there again");
	}
	key = tree_text(near.found, "key");
	type = tree_text(near.found, "type");
	(void)pkg_refuse(
	    err, PKG_NO, "name-taken",
	    "%s: the server has '%s' version '%s' of type '%s' instead", ref,
	    tree_text(near.found, "name"),
	    tree_text(near.found, "version") == NULL
		? "-"
		: tree_text(near.found, "version"),
	    type != NULL  ? type
	    : key != NULL ? key
			  : "-");
	return pkg_hint(err, "choose another name or version");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"

#include <string.h>

/* The ids that the plan's body has under @key. */
static const struct pkg_node *planned(const struct job *job, const char *key)
{
	const struct pkg_node *body = tree_object(job->step->request->body);

	return pkg_node_get(body, key);
}

static bool is_planned(const struct pkg_node *list, int64_t id)
{
	for (const struct pkg_node *i = list == NULL ? NULL : list->first;
	     i != NULL; i = i->next) {
		if (tree_number(i, "id") == id)
			return true;
	}
	return false;
}

/* A set can hold maxAssignments of a type; others go, and nobody is told. */
static enum pkg_code dropped(const struct job *job, const struct pkg_node *one,
			     struct pkg_err *err)
{
	(void)pkg_refuse(
	    err, PKG_NO, "different-modules",
	    "%s: the server has taken the set without module %lld, "
	    "and said nothing",
	    job->step->ref->text, (long long)tree_number(one, "id"));
	return pkg_hint(err, "its type allows fewer modules in one set there "
			     "(maxAssignments)");
}

/* POST what is missing, all at once. */
static enum pkg_code assign(struct job *job, const char *path,
			    const struct lookup_ids *have,
			    enum outcome *outcome, struct pkg_err *err)
{
	const struct pkg_node *want = planned(job, "modules");
	struct pkg_node body = {.kind = PKG_NODE_SEQ};

	for (const struct pkg_node *i = want == NULL ? NULL : want->first;
	     i != NULL; i = i->next) {
		struct pkg_node *copy;

		if (lookup_has_id(have, tree_number(i, "id")))
			continue;
		copy = pkg_arena_alloc(job->scratch, sizeof(*copy), err);
		if (copy == NULL)
			return err->code;
		*copy = *i;
		copy->next = NULL;
		pkg_node_append(&body, copy);
	}
	if (body.count == 0 || run_would(job, "would-update"))
		return PKG_OK;
	if (job->assigned)
		return dropped(job, body.first, err);
	PKG_TRY(send_body(job, "POST", path, &body, outcome, err));
	if (*outcome == AGAIN)
		return PKG_OK;
	run_acted(job, "updated");
	job->assigned = true;
	*outcome = AGAIN; /* to see what the server has taken */
	return PKG_OK;
}

static enum pkg_code remove_others(struct job *job, const char *path,
				   const struct lookup_ids *have,
				   struct pkg_err *err)
{
	const struct pkg_node *want = planned(job, "modules");

	for (size_t i = 0; i < have->count; i++) {
		const long long id = (long long)have->items[i];
		const char *one, *ref;

		if (is_planned(want, have->items[i]))
			continue;
		if (!job->run->options->prune) {
			(void)pkg_refuse(err, PKG_NO, "different-modules",
					 "%s: on the server it has module %lld "
					 "too, which the plan does not name",
					 job->step->ref->text, id);
			return pkg_hint(err, "take it out there or with "
					     "--prune, or choose another "
					     "version");
		}
		one = pkg_arena_printf(job->scratch, err, "%s/%lld", path, id);
		ref = pkg_arena_printf(job->scratch, err, "assigned-%s/%lld",
				       job->step->ref->text, id);
		if (one == NULL || ref == NULL)
			return err->code;
		PKG_TRY(run_delete(job->run, one, ref, err));
	}
	return PKG_OK;
}

enum pkg_code set_modules(struct job *job, enum outcome *outcome,
			  struct pkg_err *err)
{
	const char *path = pkg_arena_printf(
	    job->scratch, err, "%s/%lld/assignedSM",
	    job->step->lookup->path->text, (long long)job->thing->id);
	struct lookup_ids have;

	if (path == NULL)
		return err->code;
	PKG_TRY(lookup_ids(job, path, &have, err));
	PKG_TRY(remove_others(job, path, &have, err));
	return assign(job, path, &have, outcome, err);
}

/* -- the module types of a set type: they cannot be changed -- */

static enum pkg_code check_types(struct job *job, const char *key,
				 const char *list, struct pkg_err *err)
{
	const struct pkg_node *want = planned(job, key);
	const char *path = pkg_arena_printf(job->scratch, err, "%s/%lld/%s",
					    job->step->lookup->path->text,
					    (long long)job->thing->id, list);
	struct lookup_ids have;
	bool same = true;

	if (path == NULL)
		return err->code;
	PKG_TRY(lookup_ids(job, path, &have, err));
	for (size_t i = 0; i < have.count; i++)
		same &= is_planned(want, have.items[i]);
	for (const struct pkg_node *i = want == NULL ? NULL : want->first;
	     i != NULL; i = i->next)
		same &= lookup_has_id(&have, tree_number(i, "id"));
	if (same)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "immutable",
			 "%s: it is there already, with other '%s', which are "
			 "not changed",
			 job->step->ref->text, key);
	return pkg_hint(err, "write in the manifest what the server has, or "
			     "choose another key");
}

enum pkg_code set_type_modules(struct job *job, struct pkg_err *err)
{
	PKG_TRY(
	    check_types(job, "mandatorymodules", "mandatorymoduletypes", err));
	return check_types(job, "optionalmodules", "optionalmoduletypes", err);
}

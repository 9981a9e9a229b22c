/* SPDX-License-Identifier: Apache-2.0 */
#include "import/impl.h"

#include <string.h>

/*
 * A key is a part of the path.  Web servers refuse some characters there even
 * if they are escaped, so a refused lookup is made again over the whole list.
 */
struct found {
	const char *key;
	struct pkg_node *item;
};

static bool take_key(void *context, struct pkg_node *item)
{
	struct found *found = context;
	const char *key = tree_text(item, "key");

	if (key == NULL || strcmp(key, found->key) != 0)
		return false;
	found->item = item;
	return true;
}

/* Where the list is: the path without its last part. */
static const char *list_path(struct job *job, const char *one,
			     struct pkg_err *err)
{
	const char *slash = strrchr(one, '/');

	return pkg_arena_dup(job->scratch, one, (size_t)(slash - one), err);
}

static enum pkg_code find_in_list(struct job *job, const char *one,
				  struct pkg_node **out, struct pkg_err *err)
{
	struct found found = {.key =
				  tree_text(job->step->lookup->exact, "key")};
	struct lookup lookup = {.item = take_key, .context = &found};

	lookup.path = list_path(job, one, err);
	if (lookup.path == NULL)
		return err->code;
	if (found.key == NULL)
		return pkg_refuse(err, PKG_INPUT, "malformed-plan",
				  "'%s' names no key", job->step->ref->text);
	PKG_TRY(lookup_each(job, &lookup, err));
	*out = found.item;
	return PKG_OK;
}

static enum pkg_code find(struct job *job, bool *by_list, struct pkg_node **out,
			  struct pkg_err *err)
{
	const char *one = tree_path(job->run, job->scratch,
				    job->step->lookup->path->text, err);

	if (one == NULL || strrchr(one, '/') == NULL)
		return one == NULL
			   ? err->code
			   : pkg_refuse(err, PKG_INPUT, "malformed-plan",
					"'%s' is no path", one);
	*by_list = false;
	if (send_get(job, one, out, err) == PKG_OK)
		return PKG_OK;
	if (job->answer.status != 400 || err->code != PKG_NO)
		return err->code;
	*err = PKG_ERR_INIT;
	*by_list = true;
	return find_in_list(job, one, out, err);
}

static enum pkg_code make(struct job *job, enum outcome *outcome,
			  struct pkg_err *err)
{
	if (job->conflict)
		return pkg_refuse(err, PKG_NO, "refused",
				  "%s: the server says that it is there, and "
				  "does not show it",
				  job->step->ref->text);
	if (run_would(job, "would-create"))
		return PKG_OK;
	PKG_TRY(send_planned(job, job->step->request, outcome, err));
	if (*outcome == DONE)
		run_acted(job, "created");
	return PKG_OK;
}

enum pkg_code step_metadata(struct job *job, enum outcome *outcome,
			    struct pkg_err *err)
{
	const struct pkg_plan_step *step = job->step;
	struct pkg_node *have = NULL;
	bool by_list = false;

	*outcome = DONE;
	PKG_TRY(find(job, &by_list, &have, err));
	if (have == NULL)
		return make(job, outcome, err);
	if (job->sent && job->out->action == NULL)
		run_acted(job, "created");
	if (tree_covers(step->update->body, have) ||
	    run_would(job, "would-update"))
		return PKG_OK;
	/* Since 0.10 a POST changes what is there, too. */
	PKG_TRY(send_planned(job, by_list ? step->request : step->update,
			     outcome, err));
	if (*outcome == DONE)
		run_acted(job, "updated");
	return PKG_OK;
}

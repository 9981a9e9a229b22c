/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_writer.h"

/* Metadata of modules and of sets. */
struct owner {
	struct pkg_identity id;
	const char *op, *kind; /* of the steps, of their references */
	const char *path;      /* of all metadata */
	bool is_module;        /* only theirs can be shown to devices */
};

/* The members of a metadatum that may change. */
static void put_value(struct plan *p, const struct owner *owner,
		      const struct pkg_metadatum *d)
{
	if (owner->is_module)
		pkg_jsonw_bool_member(&p->w, "targetVisible",
				      d->target_visible.value);
	pkg_plan_put_text(p, "value", d->value);
}

static void put_metadatum(struct plan *p, const struct owner *owner,
			  const struct pkg_metadatum *d)
{
	const struct pkg_identity *id = &owner->id;
	const char *one = pkg_plan_text(p, "%s/%s", owner->path,
					pkg_plan_escape(p, d->key->text));

	pkg_plan_step(p, 201);
	pkg_plan_lookup(p);
	pkg_plan_put_text(p, "key", d->key);
	put_value(p, owner, d);
	pkg_plan_lookup_end(p, one, NULL);
	pkg_plan_op(
	    p, owner->op,
	    pkg_plan_ref(p, owner->kind,
			 (const char *const[]){id->type, id->name, id->version,
					       d->key->text, NULL}));
	pkg_plan_request(p);
	pkg_jsonw_array(&p->w);
	pkg_jsonw_object(&p->w);
	pkg_plan_put_text(p, "key", d->key);
	put_value(p, owner, d);
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_array_end(&p->w);
	pkg_plan_request_end(p, "POST", owner->path);
	pkg_plan_update(p);
	pkg_jsonw_object(&p->w);
	put_value(p, owner, d);
	pkg_jsonw_object_end(&p->w);
	pkg_plan_update_end(p, one, 204, 200);
	pkg_plan_step_end(p);
}

static void put_all(struct plan *p, const struct owner *owner,
		    const struct pkg_list *metadata)
{
	const struct pkg_metadatum *d = metadata->items;

	for (size_t i = 0; i < metadata->count; i++)
		put_metadatum(p, owner, &d[i]);
}

void pkg_plan_module_metadata(struct plan *p)
{
	const struct pkg_module *modules = p->lock->modules.items;
	struct owner owner = {.op = "ensure-module-metadata",
			      .kind = "module-metadata",
			      .is_module = true};

	for (size_t i = 0; i < p->lock->modules.count; i++) {
		owner.id = pkg_plan_module_identity(&modules[i]);
		owner.path = pkg_plan_text(p, PLAN_MODULES "/{%s}/metadata",
					   pkg_plan_module_ref(p, &owner.id));
		put_all(p, &owner, &modules[i].metadata);
	}
}

void pkg_plan_set_metadata(struct plan *p)
{
	const struct pkg_set *sets = p->lock->sets.items;
	struct owner owner = {.op = "ensure-set-metadata",
			      .kind = "set-metadata"};

	for (size_t i = 0; i < p->lock->sets.count; i++) {
		owner.id = pkg_plan_set_identity(&sets[i]);
		owner.path = pkg_plan_text(p, PLAN_SETS "/{%s}/metadata",
					   pkg_plan_set_ref(p, &owner.id));
		put_all(p, &owner, &sets[i].metadata);
	}
}

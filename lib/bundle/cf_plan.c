/* SPDX-License-Identifier: Apache-2.0 */
#include "cf.h"

#include "packline/limits.h"
#include "packline/resource.h"

#include <string.h>

/* The steps for Cloud Foundry: find the app, make a package, upload. */

static void put_app(struct plan *p, const char *name, const char *ref)
{
	pkg_jsonw_object(&p->w);
	pkg_jsonw_key(&p->w, "expect");
	pkg_jsonw_array(&p->w);
	pkg_jsonw_array_end(&p->w);
	pkg_jsonw_key(&p->w, "lookup");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_key(&p->w, "exact");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_str_member(&p->w, "name", name);
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_str_member(&p->w, "method", "GET");
	pkg_jsonw_str_member(
	    &p->w, "path",
	    pkg_plan_text(p, "/v3/apps?names=%s", pkg_plan_escape(p, name)));
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_str_member(&p->w, "op", "find-app");
	pkg_jsonw_str_member(&p->w, "ref", ref);
	pkg_jsonw_object_end(&p->w);
}

static void put_expect(struct plan *p, int status)
{
	pkg_jsonw_key(&p->w, "expect");
	pkg_jsonw_array(&p->w);
	pkg_jsonw_int(&p->w, status);
	pkg_jsonw_array_end(&p->w);
}

static void put_package(struct plan *p, const char *app, const char *ref)
{
	pkg_jsonw_object(&p->w);
	put_expect(p, 201);
	pkg_jsonw_str_member(&p->w, "op", "create-package");
	pkg_jsonw_str_member(&p->w, "ref", ref);
	pkg_jsonw_key(&p->w, "request");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_key(&p->w, "body");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_key(&p->w, "relationships");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_key(&p->w, "app");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_key(&p->w, "data");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_str_member(&p->w, "guid", pkg_plan_text(p, "{%s}", app));
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_str_member(&p->w, "type", "bits");
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_str_member(&p->w, "method", "POST");
	pkg_jsonw_str_member(&p->w, "path", "/v3/packages");
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_object_end(&p->w);
}

static void put_upload(struct plan *p, const struct cf_package *package,
		       const char *ref, const char *bits)
{
	pkg_jsonw_object(&p->w);
	put_expect(p, 200);
	pkg_jsonw_str_member(&p->w, "op", "upload-bits");
	pkg_jsonw_str_member(&p->w, "ref", bits);
	pkg_jsonw_key(&p->w, "request");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_str_member(&p->w, "method", "POST");
	pkg_jsonw_str_member(&p->w, "path",
			     pkg_plan_text(p, "/v3/packages/{%s}/upload", ref));
	pkg_jsonw_key(&p->w, "upload");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_str_member(&p->w, "blob", package->body_sha256);
	pkg_jsonw_str_member(&p->w, "contentType",
			     pkg_plan_text(p,
					   "multipart/form-data; boundary=%s",
					   package->boundary));
	pkg_jsonw_int_member(&p->w, "matched", (int64_t)package->matched);
	/* With files from its cache the server makes another archive. */
	if (package->matched == 0)
		pkg_jsonw_str_member(&p->w, "packageSha256",
				     package->zip_sha256);
	pkg_jsonw_int_member(&p->w, "size", (int64_t)package->body_size);
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_object_end(&p->w);
}

static void put_steps(struct plan *p, const struct cf_package *package)
{
	const char *name = package->module->name->text;
	const char *one[] = {name, NULL};
	const char *both[] = {name, package->module->version->text, NULL};
	const char *app = pkg_plan_ref(p, "app", one);
	const char *ref = pkg_plan_ref(p, "package", both);

	put_app(p, name, app);
	put_package(p, app, ref);
	put_upload(p, package, ref, pkg_plan_ref(p, "bits", both));
}

enum pkg_code pkg_cf_put_plan(const struct cf_job *job,
			      const struct cf_package *packages, size_t count,
			      struct pkg_sink *sink, struct pkg_err *err)
{
	struct plan p = {.lock = job->lock, .arena = job->arena};

	pkg_jsonw_init(&p.w, sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&p.w);
	pkg_jsonw_int_member(&p.w, "format", 1);
	pkg_plan_product(&p);
	pkg_plan_sboms(&p);
	pkg_jsonw_key(&p.w, "steps");
	pkg_jsonw_array(&p.w);
	for (size_t i = 0; i < count; i++)
		put_steps(&p, &packages[i]);
	pkg_jsonw_array_end(&p.w);
	pkg_jsonw_str_member(&p.w, "target", "cloudfoundry");
	pkg_plan_put_text(&p, "tenant", job->lock->tenant);
	pkg_jsonw_str_member(&p.w, "type", "plan");
	pkg_jsonw_object_end(&p.w);
	if (p.err.code != PKG_OK) {
		*err = p.err;
		return p.err.code;
	}
	return pkg_jsonw_finish(&p.w, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/resource.h"

#include <stdio.h>

void pkg_resource_entry(struct pkg_jsonw *w,
			const struct pkg_artifact *artifact)
{
	/* As `cf push` sends it: no leading zero, permission bits only. */
	char mode[8];

	(void)snprintf(mode, sizeof(mode), "%o", artifact->mode & 0777);
	pkg_jsonw_object(w);
	pkg_jsonw_key(w, "checksum");
	pkg_jsonw_object(w);
	pkg_jsonw_hex_member(w, "value", artifact->digests.sha1, 20);
	pkg_jsonw_object_end(w);
	pkg_jsonw_str_member(w, "mode", mode);
	pkg_jsonw_str_member(w, "path", artifact->path);
	pkg_jsonw_int_member(w, "size_in_bytes", (int64_t)artifact->size);
	pkg_jsonw_object_end(w);
}

void pkg_resources_init(struct pkg_resources *resources, struct pkg_sink *sink)
{
	*resources = (struct pkg_resources){.sink = sink};
}

enum pkg_code pkg_resources_finish(struct pkg_resources *resources,
				   struct pkg_err *err)
{
	if (resources->count == 0)
		return PKG_OK;
	resources->count = 0;
	pkg_jsonw_array_end(&resources->json);
	pkg_jsonw_object_end(&resources->json);
	pkg_jsonw_line(&resources->json);
	return pkg_jsonw_finish(&resources->json, err);
}

enum pkg_code pkg_resources_add(struct pkg_resources *resources,
				const struct pkg_artifact *artifact,
				struct pkg_err *err)
{
	if (artifact->size == 0)
		return PKG_OK;
	if (resources->count == 0) {
		pkg_jsonw_init(&resources->json, resources->sink, 0);
		pkg_jsonw_object(&resources->json);
		pkg_jsonw_key(&resources->json, "resources");
		pkg_jsonw_array(&resources->json);
	}
	pkg_resource_entry(&resources->json, artifact);
	if (++resources->count == PKG_RESOURCE_CHUNK)
		return pkg_resources_finish(resources, err);
	/* The writer keeps its first error: do not hash on for nothing. */
	if (resources->json.err.code != PKG_OK)
		return pkg_jsonw_finish(&resources->json, err);
	return PKG_OK;
}

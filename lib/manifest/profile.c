/* SPDX-License-Identifier: Apache-2.0 */
#include "tables.h"

#include "packline/limits.h"
#include "packline/path.h"
#include "packline/schema.h"
#include "packline/yaml.h"

struct pkg_profile pkg_profile_default(void)
{
	return (struct pkg_profile){
	    .artifacts_per_module = 50,
	    .metadata_per_module = 100,
	    .metadata_per_set = 100,
	    .modules_per_set = 100,
	    .types_per_set_type = 50,
	    .assignments_per_request = 5000,
	    .artifact_size = 1073741824,
	    .artifact_storage = 21474836480,
	    .rollout_groups = 500,
	    .package_size = 1LL << 30,
	};
}

bool pkg_profile_server(uint32_t *out, const char *text)
{
	uint32_t parts[3] = {0};
	size_t n = 0;

	for (;; n++) {
		if (n == 3 || *text < '0' || *text > '9')
			return false;
		while (*text >= '0' && *text <= '9') {
			parts[n] = parts[n] * 10 + (uint32_t)(*text++ - '0');
			if (parts[n] > 999)
				return false;
		}
		if (*text != '.')
			break;
		text++;
	}
	*out = parts[0] * 1000000 + parts[1] * 1000 + parts[2];
	return *text == '\0' && *out != 0;
}

static void take(int64_t *to, const struct pkg_int_value *from)
{
	if (from->at != NULL)
		*to = from->value;
}

enum pkg_code pkg_profile_load(struct pkg_profile *out, struct pkg_arena *arena,
			       int dirfd, const char *path,
			       struct pkg_diag *diag, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_YAML_CONFIG};
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;
	struct profile_root root = {0};
	struct pkg_node *tree = NULL;

	PKG_TRY(pkg_path_slurp(&text, dirfd, path, err));
	PKG_TRY(pkg_yaml_parse(&tree, arena, path, pkg_buf_str(&text), text.len,
			       err));
	PKG_TRY(pkg_schema_new(&schema, &pkg_profile_table, err));
	PKG_TRY(pkg_schema_bind(schema, tree, &root, arena, diag, err));
	if (root.server_version != NULL &&
	    !pkg_profile_server(&out->server, root.server_version->text))
		out->server = 0;
	out->multi_assignments = root.multi_assignments.value;
	if (root.quotas == NULL)
		return PKG_OK;
	take(&out->artifacts_per_module, &root.quotas->artifacts_per_module);
	take(&out->metadata_per_module, &root.quotas->metadata_per_module);
	take(&out->metadata_per_set, &root.quotas->metadata_per_set);
	take(&out->modules_per_set, &root.quotas->modules_per_set);
	take(&out->types_per_set_type, &root.quotas->types_per_set_type);
	take(&out->assignments_per_request, &root.quotas->assignments);
	take(&out->artifact_size, &root.quotas->artifact_size);
	take(&out->artifact_storage, &root.quotas->artifact_storage);
	take(&out->rollout_groups, &root.quotas->rollout_groups);
	take(&out->package_size, &root.quotas->package_size);
	return PKG_OK;
}

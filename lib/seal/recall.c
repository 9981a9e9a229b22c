/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/json.h"
#include "packline/node.h"
#include "packline/text.h"
#include "seal/input.h"
#include "seal/record.h"

#include <string.h>

static const char *text_of(const struct pkg_node *node, const char *key)
{
	const struct pkg_node *value = pkg_node_get(node, key);

	return value != NULL && value->kind == PKG_NODE_STRING ? value->text
							       : "";
}

/* Repeat the artifacts of a record. */
static enum pkg_code take_artifacts(struct pkg_seal_record *record,
				    struct pkg_arena *arena,
				    const struct pkg_node *list,
				    struct pkg_err *err)
{
	struct pkg_seal_artifact *out = NULL;
	size_t count = 0;

	if (list == NULL || list->kind != PKG_NODE_SEQ)
		return PKG_OK;
	out = pkg_arena_array(arena, list->count + 1, sizeof(*out), err);
	if (out == NULL)
		return err->code;
	for (const struct pkg_node *one = list->first; one != NULL;
	     one = one->next) {
		const char *sha256 = text_of(one, "sha256");

		if (strlen(sha256) != 64 || !pkg_hex_is(sha256, 64))
			return pkg_fail(err, PKG_INPUT,
					"an artifact in a record has no "
					"SHA-256");
		memcpy(out[count].sha256, sha256, sizeof(out[count].sha256));
		out[count++].source_name = text_of(one, "source_name");
	}
	record->has_artifacts = true;
	record->artifacts = out;
	record->artifact_count = count;
	return PKG_OK;
}

enum pkg_code pkg_seal_recall_artifacts(struct pkg_seal_record *record,
					struct pkg_arena *arena,
					struct pkg_source *records,
					struct pkg_err *err)
{
	struct pkg_json_lines lines;
	struct pkg_node *node = NULL;
	enum pkg_code code = PKG_OK;
	char hex[65];

	if (records == NULL || record->has_artifacts)
		return PKG_OK;
	pkg_hex_encode(hex, record->manifest_sha256, 32);
	pkg_json_lines_init(&lines, records);
	do {
		code = pkg_json_lines_parse(&lines, &node, arena, err);
		if (code == PKG_OK && node != NULL &&
		    strcmp(text_of(node, "manifest_sha256"), hex) == 0)
			code = take_artifacts(record, arena,
					      pkg_node_get(node, "artifacts"),
					      err);
	} while (code == PKG_OK && node != NULL && !record->has_artifacts);
	pkg_json_lines_fini(&lines);
	return code;
}

enum pkg_code pkg_seal_describe(struct pkg_seal_record *record,
				struct pkg_arena *arena,
				const struct pkg_seal_input *input,
				const struct pkg_seal_output *output,
				struct pkg_err *err)
{
	const struct pkg_container_manifest *manifest = &input->head->manifest;

	*record = (struct pkg_seal_record){
	    .path = output->path,
	    .kind = manifest->kind,
	    .id = manifest->subject.id,
	    .name = manifest->subject.name,
	    .version = manifest->subject.version,
	    .manifest_sha256 = input->head->manifest_sha256,
	    .device_config_sha256 = manifest->subject.device_config != NULL
					? manifest->subject.device_config_sha256
					: NULL,
	};
	if (input->request == NULL)
		return PKG_OK;
	return pkg_seal_list_artifacts(record, arena, input->request, err);
}

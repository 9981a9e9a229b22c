/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.json, request.json and approval-NN.json of a container. */
#include "fuzz.h"

#include "packline/container.h"
#include "packline/json.h"
#include "packline/node.h"

#include <string.h>

enum { ARENA = 256 << 20 };

/* What the writer makes of it is the input, but for what is ignored. */
static void same(const struct pkg_buf *made, const uint8_t *data, size_t size)
{
	if (memmem(data, size, "\"ext\":", 6) == NULL)
		MUST(made->len == size && memcmp(made->data, data, size) == 0);
}

static bool manifest(struct pkg_arena *arena, const uint8_t *data, size_t size)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = ARENA};
	struct pkg_container_manifest out;
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code =
	    pkg_container_manifest_decode(&out, arena, data, size, &err);

	if (code != PKG_OK) {
		MUST_REFUSE(code, &err);
		return false;
	}
	MUST(out.member_count >= 2);
	MUST(out.members[out.member_count - 1].role == PKG_ROLE_PAYLOAD);
	for (size_t i = 0; i < out.member_count; i++)
		MUST(strchr(out.members[i].name, '/') ==
			 strrchr(out.members[i].name, '/') &&
		     strstr(out.members[i].name, "..") != out.members[i].name);
	MUST(pkg_container_manifest_encode(&made, &out, &err) == PKG_OK);
	same(&made, data, size);
	return true;
}

static bool request(struct pkg_arena *arena, const uint8_t *data, size_t size)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = ARENA};
	struct pkg_container_request out;
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code =
	    pkg_container_request_decode(&out, arena, data, size, &err);

	if (code != PKG_OK) {
		MUST_REFUSE(code, &err);
		return false;
	}
	MUST(out.file_count >= 1);
	for (size_t i = 0; i < out.file_count; i++) {
		const char *name = out.files[i].source_name;

		MUST(strpbrk(name, "/\\\n\x1b") == NULL && *name != '\0');
		MUST(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
	}
	MUST(pkg_container_request_encode(&made, &out, &err) == PKG_OK);
	same(&made, data, size);
	return true;
}

static bool approval(struct pkg_arena *arena, const uint8_t *data, size_t size)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf made = {.max = ARENA};
	struct pkg_approval out;
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code = pkg_approval_decode(&out, arena, data, size, &err);

	if (code != PKG_OK) {
		MUST_REFUSE(code, &err);
		return false;
	}
	MUST(pkg_approval_is_reason(out.reason));
	MUST(pkg_container_is_name(out.officer_id) &&
	     pkg_container_is_name(out.officer_role));
	MUST(pkg_approval_encode(&made, &out, &err) == PKG_OK);
	MUST(made.len == size && memcmp(made.data, data, size) == 0);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	MUST(pkg_arena_new(&arena, ARENA, &err) == PKG_OK);
	/* no document is two things */
	MUST((int)manifest(arena, data, size) +
		 (int)request(arena, data, size) +
		 (int)approval(arena, data, size) <=
	     1);
	return 0;
}

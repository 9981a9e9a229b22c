/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "packline/json.h"
#include "packline/node.h"
#include "packline/sink.h"

#include <string.h>

enum { ARENA = 64 << 20 };

static enum pkg_code parse(struct pkg_node **out, struct pkg_arena *arena,
			   const void *data, size_t len, bool canonical)
{
	const struct pkg_json_input input = {.name = "fuzz",
					     .data = data,
					     .len = len,
					     .max_depth = 32,
					     .canonical = canonical};
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code = pkg_json_parse(out, arena, &input, &err);

	MUST(code == PKG_OK || code == PKG_INPUT);
	MUST(code == PKG_OK || (err.reason != NULL && err.code == code));
	MUST(code == PKG_OK || strcmp(err.reason, "too-large") == 0 ||
	     (err.line > 0 && err.col > 0));
	return code;
}

/* True if the tree can be written; keys that are not ASCII cannot. */
static bool write_tree(struct pkg_buf *buf, struct pkg_node *root,
		       unsigned flags)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, buf);
	pkg_jsonw_init(&w, &sink.sink, flags);
	pkg_jsonw_node(&w, root);
	if (pkg_jsonw_finish(&w, &err) == PKG_OK)
		return true;
	MUST(err.code == PKG_INPUT);
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf once = {.max = ARENA};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf twice = {.max = ARENA};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_node *root = NULL, *again = NULL;

	MUST(pkg_arena_new(&arena, ARENA, &err) == PKG_OK);
	if (parse(&root, arena, data, size, false) != PKG_OK) {
		/* what is canonical is JSON */
		MUST(parse(&again, arena, data, size, true) != PKG_OK);
		return 0;
	}
	if (!write_tree(&once, root, PKG_JSONW_STRICT)) {
		MUST(parse(&again, arena, data, size, true) != PKG_OK);
		return 0;
	}
	/* written canonical, it is read as canonical and written alike */
	MUST(parse(&again, arena, once.data, once.len, true) == PKG_OK);
	MUST(write_tree(&twice, again, PKG_JSONW_STRICT));
	MUST(once.len == twice.len &&
	     memcmp(once.data, twice.data, once.len) == 0);
	/* the input is canonical if and only if it is these bytes */
	MUST((parse(&again, arena, data, size, true) == PKG_OK) ==
	     (size == once.len && memcmp(data, once.data, size) == 0));
	return 0;
}

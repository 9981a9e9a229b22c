/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/sink.h"
#include "json/read.h"

#include <string.h>

/* A sink that keeps nothing: it compares what is written with the input. */
struct compare {
	struct pkg_sink sink;
	const struct pkg_json_input *input;
	size_t same; /* bytes that were equal */
};

static enum pkg_code refuse(const struct pkg_json_input *input, size_t at,
			    const char *text, struct pkg_err *err)
{
	const struct pkg_mark mark =
	    pkg_json_mark_(input, (const char *)input->data + at);

	(void)pkg_refuse(err, PKG_INPUT, "not-canonical", "%s", text);
	(void)pkg_hint(err, "signed JSON has one spelling: sorted keys, no "
			    "white space, no needless escapes (RFC 8785)");
	return pkg_err_at(err, &mark);
}

static enum pkg_code compare_write(struct pkg_sink *sink, const void *buf,
				   size_t len, struct pkg_err *err)
{
	struct compare *self = (struct compare *)sink;
	const uint8_t *in = self->input->data, *out = buf;
	size_t i = 0;

	while (i < len && self->same < self->input->len &&
	       in[self->same] == out[i]) {
		self->same++;
		i++;
	}
	if (i == len)
		return PKG_OK;
	return refuse(self->input, self->same, "not canonical JSON", err);
}

static enum pkg_code compare_finish(struct pkg_sink *sink, struct pkg_err *err)
{
	const struct compare *self = (const struct compare *)sink;

	if (self->same == self->input->len)
		return PKG_OK;
	return refuse(self->input, self->same,
		      "not canonical JSON: bytes after the value", err);
}

enum pkg_code pkg_json_check_canonical_(const struct pkg_json_input *input,
					struct pkg_node *root,
					struct pkg_err *err)
{
	struct compare compare = {
	    .sink = {.write = compare_write, .finish = compare_finish},
	    .input = input,
	};
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, &compare.sink, PKG_JSONW_STRICT);
	pkg_jsonw_node(&w, root);
	if (pkg_jsonw_finish(&w, err) != PKG_OK) {
		/* a text that canonical JSON cannot hold */
		if (err->code == PKG_INPUT && err->line == 0)
			return refuse(input, compare.same,
				      "a control character or a key that is "
				      "not ASCII in canonical JSON",
				      err);
		return err->code;
	}
	return pkg_sink_finish(&compare.sink, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/exchange.h"

#include "container/fields.h"
#include "packline/json.h"

#include <string.h>

static const char *const directions[] = {"request", "response", NULL};

const char *pkg_exchange_direction_name(enum pkg_exchange_direction direction)
{
	return directions[direction];
}

enum pkg_code pkg_exchange_encode(struct pkg_buf *out,
				  const struct pkg_exchange *exchange,
				  struct pkg_err *err)
{
	const bool response = exchange->direction == PKG_EXCHANGE_RESPONSE;
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	if (response)
		pkg_jsonw_hex_member(&w, "answersSha256",
				     exchange->answers_sha256, 32);
	pkg_jsonw_str_member(&w, "batch", exchange->batch);
	pkg_jsonw_str_member(&w, "direction", directions[exchange->direction]);
	pkg_jsonw_int_member(&w, "format", 1);
	pkg_jsonw_bool_member(&w, "hashOnly", exchange->hash_only);
	if (exchange->has_previous)
		pkg_jsonw_hex_member(&w, "previousSha256",
				     exchange->previous_sha256, 32);
	pkg_jsonw_hex_member(&w, "processSha256", exchange->process_sha256, 32);
	pkg_jsonw_hex_member(&w, "requestSha256", exchange->request_sha256, 32);
	if (response) {
		pkg_jsonw_hex_member(&w, "resultSha256",
				     exchange->result_sha256, 32);
		pkg_jsonw_hex_member(&w, "resultsSha256",
				     exchange->results_sha256, 32);
	}
	pkg_jsonw_str_member(&w, "tenant", exchange->tenant);
	pkg_jsonw_str_member(&w, "type", "batch-exchange");
	pkg_jsonw_object_end(&w);
	return pkg_jsonw_finish(&w, err);
}

/* What is about the format comes late in the order of the keys. */
static enum pkg_code check_format(const struct pkg_node *root,
				  struct pkg_err *err)
{
	const struct pkg_node *type = pkg_node_get(root, "type");
	const struct pkg_node *format = pkg_node_get(root, "format");

	if (type != NULL && pkg_node_is(type, "batch-exchange") &&
	    format != NULL && format->kind == PKG_NODE_INT &&
	    format->number == 1)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "unsupported-format",
			  "exchange.json is not that of a batch, format 1");
}

static enum pkg_code take_rest(struct pkg_exchange *out, struct fields *fields,
			       struct pkg_err *err)
{
	if (pkg_fields_next_is(fields, "previousSha256")) {
		out->has_previous = true;
		PKG_TRY(pkg_fields_sha256(fields, "previousSha256", NULL,
					  out->previous_sha256, err));
	}
	PKG_TRY(pkg_fields_sha256(fields, "processSha256", NULL,
				  out->process_sha256, err));
	PKG_TRY(pkg_fields_sha256(fields, "requestSha256", NULL,
				  out->request_sha256, err));
	if (out->direction == PKG_EXCHANGE_RESPONSE) {
		PKG_TRY(pkg_fields_sha256(fields, "resultSha256", NULL,
					  out->result_sha256, err));
		PKG_TRY(pkg_fields_sha256(fields, "resultsSha256", NULL,
					  out->results_sha256, err));
	}
	PKG_TRY(pkg_fields_text(fields, "tenant", pkg_container_is_name, 0,
				&out->tenant, err));
	PKG_TRY(pkg_fields_is(fields, "type", "batch-exchange", err));
	return pkg_fields_end(fields, err);
}

enum pkg_code pkg_exchange_decode(struct pkg_exchange *out,
				  struct pkg_arena *arena, const void *data,
				  size_t len, struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *tree = NULL;
	struct fields fields = {.document = "exchange.json",
				.reason = "malformed-exchange",
				.arena = arena};
	const struct pkg_node *root = NULL, *flag = NULL;
	unsigned direction = 0;
	int64_t format = 0;
	bool response = false;

	*out = (struct pkg_exchange){0};
	PKG_TRY(pkg_fields_arena(&tree, len, err));
	PKG_TRY(pkg_fields_parse(&fields, tree, data, len, &root, err));
	PKG_TRY(check_format(root, err));
	response = pkg_fields_next_is(&fields, "answersSha256");
	if (response)
		PKG_TRY(pkg_fields_sha256(&fields, "answersSha256", NULL,
					  out->answers_sha256, err));
	PKG_TRY(pkg_fields_text(&fields, "batch", pkg_container_is_name, 0,
				&out->batch, err));
	PKG_TRY(
	    pkg_fields_enum(&fields, "direction", directions, &direction, err));
	out->direction = (enum pkg_exchange_direction)direction;
	if (response != (out->direction == PKG_EXCHANGE_RESPONSE))
		return pkg_fields_refuse(
		    &fields, err,
		    "exchange.json: a response names what it answers, and "
		    "nothing else does");
	PKG_TRY(pkg_fields_int(&fields, "format", 1, 0, &format, err));
	PKG_TRY(
	    pkg_fields_take(&fields, "hashOnly", PKG_NODE_BOOL, 0, &flag, err));
	out->hash_only = flag->truth;
	return take_rest(out, &fields, err);
}

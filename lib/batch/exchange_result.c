/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/exchange_impl.h"

#include "packline/json.h"

#include <string.h>

/* result.json of a response: all but time and signer is known already. */

static enum pkg_code refuse(const char *key, struct pkg_err *err)
{
	return pkg_refuse(err, PKG_INPUT, "malformed-exchange",
			  BATCH_RESULT ": '%s' is not that of this batch", key);
}

static enum pkg_code check_count(struct fields *fields, const char *key,
				 uint64_t expected, struct pkg_err *err)
{
	uint64_t count = 0;

	PKG_TRY(pkg_batch_fields_u64(fields, key, PKG_LIMIT_BATCH_DOCUMENTS,
				     &count, err));
	return count == expected ? PKG_OK : refuse(key, err);
}

static enum pkg_code check_sha256(struct fields *fields, const char *key,
				  const uint8_t *expected, struct pkg_err *err)
{
	uint8_t sha256[32];

	PKG_TRY(pkg_fields_sha256(fields, key, NULL, sha256, err));
	return memcmp(sha256, expected, 32) == 0 ? PKG_OK : refuse(key, err);
}

/* As the request has it, byte for byte. */
static enum pkg_code check_process(struct fields *fields,
				   const struct pkg_process *process,
				   struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf ours = {.max = PKG_LIMIT_BATCH_RECORD};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf theirs = {.max = PKG_LIMIT_BATCH_RECORD};
	const struct pkg_node *node = NULL;
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	PKG_TRY(
	    pkg_fields_take(fields, "process", PKG_NODE_MAP, 0, &node, err));
	pkg_sink_buf_init(&sink, &ours);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_batch_put_process(&w, process);
	pkg_jsonw_object_end(&w);
	PKG_TRY(pkg_jsonw_finish(&w, err));
	pkg_sink_buf_init(&sink, &theirs);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_jsonw_key(&w, "process");
	pkg_jsonw_object(&w);
	for (struct pkg_node *one = node->first; one != NULL; one = one->next) {
		pkg_jsonw_key(&w, one->key);
		pkg_jsonw_node(&w, one);
	}
	pkg_jsonw_object_end(&w);
	pkg_jsonw_object_end(&w);
	PKG_TRY(pkg_jsonw_finish(&w, err));
	return ours.len == theirs.len &&
		       memcmp(ours.data, theirs.data, ours.len) == 0
		   ? PKG_OK
		   : refuse("process", err);
}

static bool is_any(const char *text)
{
	(void)text;
	return true;
}

/* Whose certificate it was is only told: the signatures say it themselves. */
static enum pkg_code check_signer(struct fields *parent, struct pkg_err *err)
{
	const struct pkg_node *node = NULL;
	const char *subject = NULL;
	struct fields self;
	uint8_t sha256[32];

	PKG_TRY(pkg_fields_take(parent, "signer", PKG_NODE_MAP, 0, &node, err));
	PKG_TRY(pkg_fields_enter(&self, parent, node, err));
	PKG_TRY(
	    pkg_fields_sha256(&self, "certificateSha256", NULL, sha256, err));
	PKG_TRY(pkg_fields_sha256(&self, "spki", NULL, sha256, err));
	PKG_TRY(pkg_fields_text(&self, "subject", is_any, 0, &subject, err));
	return pkg_fields_end(&self, err);
}

static enum pkg_code check(struct fields *fields, const struct pkg_batch *batch,
			   const struct pkg_exchange_report *counts,
			   const struct pkg_exchange *header,
			   struct pkg_err *err)
{
	const char *closed = NULL;

	PKG_TRY(pkg_fields_text(fields, "closed", pkg_container_is_time, 0,
				&closed, err));
	PKG_TRY(check_count(fields, "documents", batch->state.documents, err));
	PKG_TRY(check_count(fields, "failed", counts->failed, err));
	PKG_TRY(pkg_batch_fields_format(fields, err));
	PKG_TRY(pkg_fields_is(fields, "id", batch->record.id, err));
	PKG_TRY(check_process(fields, batch->process, err));
	PKG_TRY(
	    check_sha256(fields, "requestSha256", header->request_sha256, err));
	PKG_TRY(
	    check_sha256(fields, "resultsSha256", header->results_sha256, err));
	if (pkg_fields_next_is(fields, "signer"))
		PKG_TRY(check_signer(fields, err));
	PKG_TRY(check_count(fields, "succeeded", counts->succeeded, err));
	PKG_TRY(pkg_fields_is(fields, "tenant", batch->record.tenant, err));
	PKG_TRY(pkg_fields_is(fields, "type", "batch-response", err));
	return pkg_fields_end(fields, err);
}

enum pkg_code pkg_exchange_check_result(
    const struct pkg_batch *batch, const struct pkg_exchange_report *counts,
    const struct pkg_exchange *header, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf data = {.max = PKG_LIMIT_BATCH_RECORD};
	PKG_AUTO(pkg_arena) struct pkg_arena *tree = NULL;
	struct fields fields = {.document = BATCH_RESULT,
				.reason = "malformed-exchange"};
	const struct pkg_node *root = NULL;

	PKG_TRY(pkg_batch_slurp(batch, BATCH_RESULT, &data, err));
	PKG_TRY(pkg_fields_arena(&tree, data.len, err));
	fields.arena = tree;
	PKG_TRY(
	    pkg_fields_parse(&fields, tree, data.data, data.len, &root, err));
	return check(&fields, batch, counts, header, err);
}

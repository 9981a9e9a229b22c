/* SPDX-License-Identifier: Apache-2.0 */
#include "task/impl.h"

#include "packline/crypto.h"
#include "packline/digest.h"
#include "packline/json.h"
#include "packline/limits.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <stdlib.h>
#include <string.h>

enum pkg_code pkg_task_new(struct pkg_task **out, struct pkg_err *err)
{
	PKG_AUTO(pkg_task) struct pkg_task *task = calloc(1, sizeof(*task));

	if (task == NULL)
		return pkg_fail_nomem(err);
	task->sequence = -1;
	PKG_TRY(pkg_arena_new(&task->arena,
			      PKG_LIMIT_ARENA_OF(PKG_LIMIT_TASK_STATE), err));
	*out = PKG_STEAL(task);
	return PKG_OK;
}

void pkg_task_free(struct pkg_task *task)
{
	if (task == NULL)
		return;
	pkg_arena_free(task->arena);
	free(task);
}

static void write_votes(struct pkg_jsonw *w, const struct pkg_task *task)
{
	pkg_jsonw_key(w, "approvals");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < task->vote_count; i++) {
		const struct pkg_task_vote *vote = &task->votes[i];

		pkg_jsonw_object(w);
		pkg_jsonw_str_member(w, "decision",
				     pkg_decision_name(vote->decision));
		pkg_jsonw_str_member(w, "issued", vote->issued);
		pkg_jsonw_str_member(w, "officer", vote->officer);
		pkg_jsonw_str_member(w, "reason", vote->reason);
		pkg_jsonw_str_member(w, "role", vote->role);
		pkg_jsonw_object_end(w);
	}
	pkg_jsonw_array_end(w);
}

static void write_file(struct pkg_jsonw *w, const struct pkg_task_file *file)
{
	pkg_jsonw_object(w);
	if (file->has_given)
		pkg_jsonw_hex_member(w, "given_sha256", file->given_sha256, 32);
	else
		pkg_jsonw_null_member(w, "given_sha256");
	pkg_jsonw_str_member(w, "name", file->name);
	pkg_jsonw_hex_member(w, "sha256", file->sha256, 32);
	pkg_jsonw_int_member(w, "size", (int64_t)file->size);
	pkg_jsonw_object_end(w);
}

static void write_failure(struct pkg_jsonw *w,
			  const struct pkg_task_failure *failure)
{
	pkg_jsonw_key(w, "failure");
	if (failure->code == PKG_OK) {
		pkg_jsonw_null(w);
		return;
	}
	pkg_jsonw_object(w);
	pkg_jsonw_int_member(w, "code", (int64_t)failure->code);
	pkg_jsonw_str_member(w, "reason", failure->reason);
	pkg_jsonw_bool_member(w, "retry", failure->retry);
	pkg_jsonw_str_member(w, "text", failure->text);
	pkg_jsonw_object_end(w);
}

static void write_product(struct pkg_jsonw *w, const char *key,
			  const struct pkg_task_product *product)
{
	pkg_jsonw_key(w, key);
	if (product->size == 0) {
		pkg_jsonw_null(w);
		return;
	}
	pkg_jsonw_object(w);
	pkg_jsonw_hex_member(w, "sha256", product->sha256, 32);
	pkg_jsonw_int_member(w, "size", (int64_t)product->size);
	pkg_jsonw_object_end(w);
}

static void write_signer(struct pkg_jsonw *w,
			 const struct pkg_task_signer *signer)
{
	pkg_jsonw_key(w, "signer");
	if (signer->subject == NULL) {
		pkg_jsonw_null(w);
		return;
	}
	pkg_jsonw_object(w);
	pkg_jsonw_hex_member(w, "spki_sha256", signer->spki, 32);
	pkg_jsonw_str_member(w, "subject", signer->subject);
	pkg_jsonw_object_end(w);
}

static void write_files(struct pkg_jsonw *w, const struct pkg_task *task)
{
	pkg_jsonw_key(w, "inputFiles");
	pkg_jsonw_array(w);
	for (size_t i = 0; i < task->file_count; i++)
		write_file(w, &task->files[i]);
	pkg_jsonw_array_end(w);
}

void pkg_task_write(struct pkg_jsonw *w, const struct pkg_task *task,
		    const char *checksum)
{
	pkg_jsonw_object(w);
	write_votes(w, task);
	pkg_jsonw_int_member(w, "approvals_needed",
			     (int64_t)task->approvals_needed);
	pkg_jsonw_str_member(w, "changed", task->changed);
	pkg_jsonw_str_member(w, "checksum", checksum);
	pkg_jsonw_str_member(w, "container_id", task->container_id);
	pkg_jsonw_str_member(w, "created", task->created);
	pkg_jsonw_str_member(w, "deviceConfigId", task->device_config);
	pkg_jsonw_hex_member(w, "device_config_sha256",
			     task->device_config_sha256, 32);
	write_product(w, "draft", &task->draft);
	pkg_jsonw_str_member(w, "expires", task->expires);
	write_failure(w, &task->failure);
	pkg_jsonw_str_member(w, "id", task->id);
	write_files(w, task);
	pkg_jsonw_str_member(w, "kind", pkg_container_kind_name(task->kind));
	pkg_jsonw_hex_member(w, "manifest_sha256", task->manifest_sha256, 32);
	pkg_jsonw_key(w, "metadata");
	if (task->metadata == NULL)
		pkg_jsonw_null(w);
	else
		write_file(w, task->metadata);
	pkg_jsonw_str_member(w, "name", task->name);
	pkg_jsonw_int_member(w, "packline", 1);
	pkg_jsonw_str_member(w, "requester", task->requester);
	write_product(w, "result", &task->result);
	if (task->sequence < 0)
		pkg_jsonw_null_member(w, "sequence");
	else
		pkg_jsonw_int_member(w, "sequence", task->sequence);
	write_signer(w, &task->signer);
	pkg_jsonw_str_member(w, "status", pkg_task_status_name(task->status));
	pkg_jsonw_str_member(w, "tenant", task->tenant);
	pkg_jsonw_str_member(w, "type", "task");
	pkg_jsonw_str_member(w, "version", task->version);
	pkg_jsonw_object_end(w);
}

static enum pkg_code encode_with(struct pkg_buf *out,
				 const struct pkg_task *task,
				 const char *checksum, struct pkg_err *err)
{
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_task_write(&w, task, checksum);
	return pkg_jsonw_finish(&w, err);
}

/* Over the canonical bytes, with "" in its own place. */
static enum pkg_code checksum_of(char hex[65], const struct pkg_task *task,
				 struct pkg_crypto *crypto, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_TASK_STATE};
	uint8_t sha256[32];

	PKG_TRY(encode_with(&text, task, "", err));
	PKG_TRY(pkg_digest_sha256(crypto, text.data, text.len, sha256, err));
	pkg_hex_encode(hex, sha256, sizeof(sha256));
	return PKG_OK;
}

enum pkg_code pkg_task_encode(struct pkg_buf *out, const struct pkg_task *task,
			      struct pkg_crypto *crypto, struct pkg_err *err)
{
	char hex[65];

	PKG_TRY(checksum_of(hex, task, crypto, err));
	return encode_with(out, task, hex, err);
}

static enum pkg_code decode(struct pkg_task *task, struct pkg_schema *schema,
			    const struct pkg_buf *text,
			    struct pkg_crypto *crypto, struct pkg_err *err)
{
	const struct pkg_json_input input = {
	    .name = "state.json",
	    .data = text->data,
	    .len = text->len,
	    .canonical = true,
	};
	struct pkg_node *root = NULL;
	const char *claimed = NULL;
	char hex[65];

	PKG_TRY(pkg_json_parse(&root, task->arena, &input, err));
	PKG_TRY(pkg_task_bind(task, schema, &claimed, root, err));
	PKG_TRY(checksum_of(hex, task, crypto, err));
	if (strcmp(hex, claimed) == 0)
		return PKG_OK;
	return pkg_fail(err, PKG_INPUT,
			"it was changed: its checksum is "
			"another");
}

enum pkg_code pkg_task_decode(struct pkg_task **out, struct pkg_schema *schema,
			      const struct pkg_buf *text,
			      struct pkg_crypto *crypto, struct pkg_err *err)
{
	PKG_AUTO(pkg_task) struct pkg_task *task = NULL;

	PKG_TRY(pkg_task_new(&task, err));
	if (decode(task, schema, text, crypto, err) != PKG_OK) {
		if (err->code != PKG_INPUT)
			return pkg_failed_(err->code);
		(void)pkg_because(err, "bad-task");
		return pkg_hint(err, "it must not be edited: restore it, or "
				     "create another task");
	}
	*out = PKG_STEAL(task);
	return PKG_OK;
}

enum pkg_code pkg_task_record(struct pkg_sink *sink,
			      const struct pkg_task *task, struct pkg_err *err)
{
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, sink, 0);
	pkg_task_write(&w, task, NULL);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "task/impl.h"

#include "packline/json.h"
#include "packline/limits.h"
#include "packline/schema.h"
#include "packline/text.h"

#include <string.h>

#define NAME_PATTERN   "^[A-Za-z0-9_][A-Za-z0-9._+-]*$"
#define SHA256_PATTERN "^[0-9a-f]{64}$"
#define TIME_PATTERN   "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"

struct vote {
	const struct pkg_node *at;
	struct pkg_enum_value decision;
	const struct pkg_node *issued, *officer, *reason, *role;
};

struct file {
	const struct pkg_node *at;
	const struct pkg_node *given_sha256, *name, *sha256;
	struct pkg_int_value size;
};

struct product {
	const struct pkg_node *at;
	const struct pkg_node *sha256;
	struct pkg_int_value size;
};

struct failure {
	const struct pkg_node *at;
	struct pkg_int_value code;
	const struct pkg_node *reason, *text;
	struct pkg_bool_value retry;
};

struct signer {
	const struct pkg_node *at;
	const struct pkg_node *spki_sha256, *subject;
};

struct document {
	const struct pkg_node *at;
	struct pkg_list approvals, input_files;
	struct pkg_int_value approvals_needed, packline, sequence;
	const struct pkg_node *changed, *checksum, *container_id, *created,
	    *device_config, *device_config_sha256, *expires, *id,
	    *manifest_sha256, *name, *requester, *tenant, *version;
	struct product *draft, *result;
	struct failure *failure;
	struct file *metadata;
	struct signer *signer;
	struct pkg_enum_value kind, status, type;
};

/* In the order of their enums. */
static const char *const decisions[] = {"APPROVED", "REJECTED", NULL};
static const char *const kinds[] = {"signed", "sealed", "encrypted", NULL};
static const char *const statuses[] = {
    "CREATED", "APPROVED", "REJECTED", "RUNNING", "DONE", "FAILED", NULL};
static const char *const types[] = {"task", NULL};

_Static_assert(sizeof(statuses) / sizeof(statuses[0]) ==
		   PKG_TASK_STATUS_COUNT + 1,
	       "every status has its name");

const char *pkg_task_status_name(enum pkg_task_status status)
{
	return statuses[status];
}

bool pkg_task_status_parse(enum pkg_task_status *out, const char *name)
{
	for (size_t i = 0; statuses[i] != NULL; i++) {
		if (strcmp(statuses[i], name) != 0)
			continue;
		*out = (enum pkg_task_status)i;
		return true;
	}
	return false;
}

/* Rows that come again and again; @nil: null may stand there. */
#define ROW_SHA256(of, key, member, nil, text)                                 \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_STRING, .required = true,     \
		.nullable = (nil), .offset = offsetof(of, member),             \
		.pattern = SHA256_PATTERN, .help = (text)                      \
	}
#define ROW_TIME(of, key, member, nil, text)                                   \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_STRING, .required = true,     \
		.nullable = (nil), .offset = offsetof(of, member),             \
		.pattern = TIME_PATTERN, .help = (text)                        \
	}
#define ROW_NAME(of, key, member, text)                                        \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_STRING, .required = true,     \
		.offset = offsetof(of, member), .min = 1,                      \
		.max = PKG_LIMIT_MEMBER_NAME, .pattern = NAME_PATTERN,         \
		.help = (text)                                                 \
	}
#define ROW_TEXT(of, key, member, nil, longest, text)                          \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_STRING, .required = true,     \
		.nullable = (nil), .offset = offsetof(of, member), .min = 1,   \
		.max = (longest), .bytes = true, .help = (text)                \
	}
#define ROW_INT(of, key, member, nil, most, text)                              \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_INT, .required = true,        \
		.nullable = (nil), .offset = offsetof(of, member), .min = 0,   \
		.max = (most), .help = (text)                                  \
	}
#define ROW_ENUM(of, key, member, words, text)                                 \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_ENUM, .required = true,       \
		.offset = offsetof(of, member), .choices = (words),            \
		.help = (text)                                                 \
	}
#define ROW_OBJECT(of, key, member, what, nil, text)                           \
	{                                                                      \
		.name = (key), .kind = PKG_FIELD_OBJECT, .required = true,     \
		.nullable = (nil), .offset = offsetof(of, member),             \
		.table = (what), .help = (text)                                \
	}

static const struct pkg_field vote_fields[] = {
    ROW_ENUM(struct vote, "decision", decision, decisions,
	     "What the officer decided."),
    ROW_TIME(struct vote, "issued", issued, false, "When, as he says."),
    ROW_NAME(struct vote, "officer", officer, "His id in the approval policy."),
    ROW_TEXT(struct vote, "reason", reason, false,
	     INT64_C(4) * PKG_LIMIT_REASON, "Why, in his words."),
    ROW_NAME(struct vote, "role", role, "His role in the approval policy."),
    {0},
};

static const struct pkg_table vote_table = {
    .name = "approval",
    .help = "What an officer has said; the signed original is in "
	    "draft.request.",
    .size = sizeof(struct vote),
    .fields = vote_fields,
};

static const struct pkg_field file_fields[] = {
    ROW_SHA256(struct file, "given_sha256", given_sha256, true,
	       "The digest that was given with it; null: none was."),
    ROW_TEXT(struct file, "name", name, false, 255,
	     "What it is called inside: the last part of its path."),
    ROW_SHA256(struct file, "sha256", sha256, false,
	       "Of the file, as it was found."),
    ROW_INT(struct file, "size", size, false, PKG_LIMIT_JSON_INT, "Bytes."),
    {0},
};

static const struct pkg_table file_table = {
    .name = "file",
    .help = "A file that is packaged.",
    .size = sizeof(struct file),
    .fields = file_fields,
};

static const struct pkg_field product_fields[] = {
    ROW_SHA256(struct product, "sha256", sha256, false, "Of the whole file."),
    ROW_INT(struct product, "size", size, false, PKG_LIMIT_JSON_INT, "Bytes."),
    {0},
};

static const struct pkg_table product_table = {
    .name = "product",
    .help = "A container in the task's folder.",
    .size = sizeof(struct product),
    .fields = product_fields,
};

static const struct pkg_field failure_fields[] = {
    ROW_INT(struct failure, "code", code, false, 6,
	    "The exit status that the run ended with."),
    ROW_TEXT(struct failure, "reason", reason, true, 64,
	     "Stable id of the reason; null: it has none."),
    {.name = "retry",
     .kind = PKG_FIELD_BOOL,
     .required = true,
     .offset = offsetof(struct failure, retry),
     .help = "Whether the cause can be mended and the task run again."},
    ROW_TEXT(struct failure, "text", text, false, INT64_C(4) * PKG_ERR_TEXT,
	     "The message."),
    {0},
};

static const struct pkg_table failure_table = {
    .name = "failure",
    .help = "Why it FAILED.",
    .size = sizeof(struct failure),
    .fields = failure_fields,
};

static const struct pkg_field signer_fields[] = {
    ROW_SHA256(struct signer, "spki_sha256", spki_sha256, false,
	       "SHA-256 of his public key (SubjectPublicKeyInfo, DER)."),
    ROW_TEXT(struct signer, "subject", subject, false, PKG_CERT_TEXT,
	     "Of his certificate (RFC 2253)."),
    {0},
};

static const struct pkg_table signer_table = {
    .name = "signer",
    .help = "Whose key signs.",
    .size = sizeof(struct signer),
    .fields = signer_fields,
};

static const struct pkg_field vote_item = {.kind = PKG_FIELD_OBJECT,
					   .table = &vote_table};
static const struct pkg_field file_item = {.kind = PKG_FIELD_OBJECT,
					   .table = &file_table};

static const struct pkg_field fields[] = {
    {.name = "approvals",
     .kind = PKG_FIELD_LIST,
     .required = true,
     .offset = offsetof(struct document, approvals),
     .max = PKG_LIMIT_SIGNATURES,
     .item = &vote_item,
     .help = "What officers have said so far, by the digests of their keys."},
    ROW_INT(struct document, "approvals_needed", approvals_needed, false,
	    PKG_LIMIT_OFFICERS,
	    "How many officers must approve it; 0: it needs no approval."),
    ROW_TIME(struct document, "changed", changed, false,
	     "When its status changed last."),
    {.name = "checksum",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .nullable = true,
     .offset = offsetof(struct document, checksum),
     .pattern = SHA256_PATTERN,
     .help = "In state.json the SHA-256 of the file, made with an empty text "
	     "in this place; null in a record."},
    ROW_TEXT(struct document, "container_id", container_id, false, 36,
	     "UUID of the container."),
    ROW_TIME(struct document, "created", created, false,
	     "When the task was created."),
    ROW_NAME(struct document, "deviceConfigId", device_config,
	     "Id of the device config."),
    ROW_SHA256(struct document, "device_config_sha256", device_config_sha256,
	       false, "Of the device config's bytes."),
    ROW_OBJECT(struct document, "draft", draft, &product_table, false,
	       "What was packaged, without its signature."),
    ROW_TIME(struct document, "expires", expires, true,
	     "After that time the container is refused; null: never."),
    ROW_OBJECT(struct document, "failure", failure, &failure_table, true,
	       "Why it FAILED; null: it did not."),
    ROW_NAME(struct document, "id", id, "Id of the task."),
    {.name = "inputFiles",
     .kind = PKG_FIELD_LIST,
     .required = true,
     .offset = offsetof(struct document, input_files),
     .min = 1,
     .max = PKG_LIMIT_MEMBERS,
     .item = &file_item,
     .help = "What is packaged, in its order."},
    ROW_ENUM(struct document, "kind", kind, kinds,
	     "Kind of the container: signed only, encrypted only, or both."),
    ROW_SHA256(struct document, "manifest_sha256", manifest_sha256, false,
	       "Identity of the package: what is shown, approved and signed."),
    ROW_OBJECT(struct document, "metadata", metadata, &file_table, true,
	       "The metadata file; null: there is none."),
    ROW_TEXT(struct document, "name", name, false, PKG_LIMIT_TEXT_FIELD,
	     "Name of the product."),
    {.name = "packline",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct document, packline),
     .min = 1,
     .max = 1,
     .help = "Version of this form."},
    ROW_TEXT(struct document, "requester", requester, true,
	     PKG_LIMIT_TEXT_FIELD, "Who asked for it; null: nobody said."),
    ROW_OBJECT(struct document, "result", result, &product_table, true,
	       "The container; null: it is not DONE."),
    ROW_INT(struct document, "sequence", sequence, true, PKG_LIMIT_JSON_INT,
	    "Its sequence number; null: none."),
    ROW_OBJECT(struct document, "signer", signer, &signer_table, true,
	       "Whose key signs, since it is RUNNING; null: nobody's."),
    ROW_ENUM(struct document, "status", status, statuses,
	     "Where it is in its life."),
    ROW_NAME(struct document, "tenant", tenant, "Whose it is."),
    ROW_ENUM(struct document, "type", type, types, "What it is."),
    ROW_TEXT(struct document, "version", version, false, PKG_LIMIT_TEXT_FIELD,
	     "Version of the product."),
    {0},
};

static const struct pkg_table table = {
    .name = "task",
    .title = "Packline task",
    .help = "A packaging task: a record of pkg-seal task, and, in canonical "
	    "form, the file state.json in its folder.",
    .size = sizeof(struct document),
    .fields = fields,
};

enum pkg_code pkg_task_schema(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_schema_emit(&table, sink, err);
}

static const char *text_of(const struct pkg_node *node)
{
	return node == NULL ? NULL : node->text;
}

/* Its form was checked by the table. */
static void digest_of(uint8_t out[32], const struct pkg_node *node)
{
	if (node != NULL)
		(void)pkg_hex_decode(out, 32, node->text, node->len);
}

static void take_file(struct pkg_task_file *out, const struct file *from)
{
	*out = (struct pkg_task_file){
	    .name = text_of(from->name),
	    .size = (uint64_t)from->size.value,
	    .has_given = from->given_sha256 != NULL,
	};
	digest_of(out->sha256, from->sha256);
	digest_of(out->given_sha256, from->given_sha256);
}

static enum pkg_code take_lists(struct pkg_task *task,
				const struct document *doc, struct pkg_err *err)
{
	const struct file *files = doc->input_files.items;
	const struct vote *said = doc->approvals.items;
	struct pkg_task_file *inputs = NULL;
	struct pkg_task_vote *votes = NULL;

	/* One more: the metadata file. */
	inputs = pkg_arena_array(task->arena, doc->input_files.count + 1,
				 sizeof(*inputs), err);
	votes = pkg_arena_array(task->arena, doc->approvals.count + 1,
				sizeof(*votes), err);
	if (inputs == NULL || votes == NULL)
		return err->code;
	for (size_t i = 0; i < doc->input_files.count; i++)
		take_file(&inputs[i], &files[i]);
	if (doc->metadata != NULL) {
		take_file(&inputs[doc->input_files.count], doc->metadata);
		task->metadata = &inputs[doc->input_files.count];
	}
	for (size_t i = 0; i < doc->approvals.count; i++)
		votes[i] = (struct pkg_task_vote){
		    .decision = (enum pkg_decision)said[i].decision.index,
		    .issued = text_of(said[i].issued),
		    .officer = text_of(said[i].officer),
		    .role = text_of(said[i].role),
		    .reason = text_of(said[i].reason),
		};
	task->files = inputs;
	task->file_count = doc->input_files.count;
	task->votes = votes;
	task->vote_count = doc->approvals.count;
	return PKG_OK;
}

static void take_product(struct pkg_task_product *out,
			 const struct product *from)
{
	if (from == NULL)
		return;
	out->size = (uint64_t)from->size.value;
	digest_of(out->sha256, from->sha256);
}

static void take_rest(struct pkg_task *task, const struct document *doc)
{
	task->status = (enum pkg_task_status)doc->status.index;
	task->kind = (enum pkg_container_kind)doc->kind.index;
	task->id = text_of(doc->id);
	task->tenant = text_of(doc->tenant);
	task->created = text_of(doc->created);
	task->changed = text_of(doc->changed);
	task->device_config = text_of(doc->device_config);
	digest_of(task->device_config_sha256, doc->device_config_sha256);
	task->name = text_of(doc->name);
	task->version = text_of(doc->version);
	task->requester = text_of(doc->requester);
	task->expires = text_of(doc->expires);
	task->sequence = doc->sequence.at == NULL ? -1 : doc->sequence.value;
	task->container_id = text_of(doc->container_id);
	digest_of(task->manifest_sha256, doc->manifest_sha256);
	task->approvals_needed = (size_t)doc->approvals_needed.value;
	take_product(&task->draft, doc->draft);
	take_product(&task->result, doc->result);
	if (doc->signer != NULL) {
		task->signer.subject = text_of(doc->signer->subject);
		digest_of(task->signer.spki, doc->signer->spki_sha256);
	}
	if (doc->failure != NULL)
		task->failure = (struct pkg_task_failure){
		    .code = (enum pkg_code)doc->failure->code.value,
		    .reason = text_of(doc->failure->reason),
		    .text = text_of(doc->failure->text),
		    .retry = doc->failure->retry.value,
		};
}

enum pkg_code pkg_task_schema_new(struct pkg_schema **out, struct pkg_err *err)
{
	return pkg_schema_new(out, &table, err);
}

enum pkg_code pkg_task_bind(struct pkg_task *task, struct pkg_schema *schema,
			    const char **checksum, const struct pkg_node *root,
			    struct pkg_err *err)
{
	struct pkg_diag diag = {.arena = task->arena};
	struct document doc = {0};

	PKG_TRY(pkg_schema_bind(schema, root, &doc, task->arena, &diag, err));
	if (diag.errors > 0)
		return pkg_fail(err, PKG_INPUT, "%s",
				diag.first == NULL ? "malformed"
						   : diag.first->text);
	if (doc.checksum == NULL)
		return pkg_fail(err, PKG_INPUT, "it has no checksum");
	*checksum = doc.checksum->text;
	PKG_TRY(take_lists(task, &doc, err));
	take_rest(task, &doc);
	return PKG_OK;
}

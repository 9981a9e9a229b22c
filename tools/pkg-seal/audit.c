/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-seal/audit.h"

#include "packline/json.h"
#include "packline/limits.h"
#include "packline/node.h"
#include "packline/text.h"

#include <stdio.h>
#include <string.h>

enum pkg_code seal_audit_open(struct seal_audit *audit, struct cli *cli,
			      const struct audit_args *args,
			      struct pkg_err *err)
{
	audit->line.max = PKG_LIMIT_MANIFEST_JSON_BUNDLE;
	return audit_trail_open(&audit->trail, cli, args, err);
}

void seal_audit_fini(struct seal_audit *audit)
{
	audit_trail_fini(&audit->trail);
	pkg_buf_fini(&audit->line);
	pkg_arena_free(audit->arena);
}

/* Forget what was told. */
static enum pkg_code start_over(struct seal_audit *audit, struct pkg_err *err)
{
	pkg_arena_free(audit->arena);
	audit->arena = NULL;
	audit->count = 0;
	audit->manifest = (struct pkg_audit_item){0};
	PKG_TRY(pkg_arena_new(&audit->arena, PKG_LIMIT_ARENA, err));
	audit->outputs = pkg_arena_array(audit->arena, SEAL_AUDIT_OUTPUTS,
					 sizeof(*audit->outputs), err);
	return audit->outputs != NULL ? PKG_OK : pkg_failed_(err->code);
}

static enum pkg_code add_item(struct pkg_audit_item *out,
			      struct seal_audit *audit, const char *name,
			      const struct pkg_node *hex, struct pkg_err *err)
{
	uint8_t *bytes = pkg_arena_alloc(audit->arena, 32, err);
	char *copy = pkg_arena_dup(audit->arena, name, strlen(name), err);

	if (bytes == NULL || copy == NULL)
		return pkg_failed_(err->code);
	if (!pkg_hex_decode(bytes, 32, hex->text, hex->len))
		return pkg_fail(err, PKG_INTERNAL, "a record without a digest");
	*out = (struct pkg_audit_item){copy, bytes};
	return PKG_OK;
}

/* A log line holds so many; what is over goes into one of its own. */
static enum pkg_code make_room(struct seal_audit *audit, struct pkg_err *err)
{
	const struct pkg_audit_entry entry = {
	    .event = audit->event,
	    .outputs = audit->outputs,
	    .output_count = audit->count,
	    .note = "some of what came out; more follows",
	};

	if (audit->outputs != NULL && audit->count < SEAL_AUDIT_OUTPUTS)
		return PKG_OK;
	if (audit->count > 0)
		PKG_TRY(audit_trail_tell(&audit->trail, &entry, err));
	return start_over(audit, err);
}

static enum pkg_code take_record(struct seal_audit *audit, struct pkg_err *err)
{
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	const struct pkg_json_input input = {
	    .name = "record", .data = audit->line.data, .len = audit->line.len};
	const struct pkg_node *path = NULL, *sha256 = NULL, *manifest = NULL,
			      *id = NULL;
	struct pkg_node *root = NULL;

	PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
	PKG_TRY(pkg_json_parse(&root, arena, &input, err));
	path = pkg_node_get(root, "path");
	sha256 = pkg_node_get(root, "sha256");
	manifest = pkg_node_get(root, "manifest_sha256");
	id = pkg_node_get(root, "id");
	if (path == NULL || sha256 == NULL || manifest == NULL || id == NULL)
		return PKG_OK; /* it is about something else */
	PKG_TRY(make_room(audit, err));
	audit->id = pkg_arena_dup(audit->arena, id->text, id->len, err);
	if (audit->id == NULL)
		return pkg_failed_(err->code);
	PKG_TRY(
	    add_item(&audit->manifest, audit, "manifest.json", manifest, err));
	return add_item(&audit->outputs[audit->count++], audit, path->text,
			sha256, err);
}

static enum pkg_code write_records(struct pkg_sink *sink, const void *buf,
				   size_t len, struct pkg_err *err)
{
	struct seal_audit *audit = (struct seal_audit *)sink;
	const char *at = buf, *end = at + len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline == NULL ? end : newline;

		PKG_TRY(
		    pkg_buf_add(&audit->line, at, (size_t)(stop - at), err));
		at = stop + (newline != NULL);
		if (newline == NULL)
			break;
		PKG_TRY(take_record(audit, err));
		pkg_buf_clear(&audit->line);
	}
	return audit->to == NULL ? PKG_OK
				 : pkg_sink_write(audit->to, buf, len, err);
}

struct pkg_sink *seal_audit_records(struct seal_audit *audit,
				    struct pkg_sink *to)
{
	if (audit->trail.audit == NULL)
		return to;
	audit->to = to;
	audit->sink = (struct pkg_sink){.write = write_records};
	return &audit->sink;
}

enum pkg_code seal_audit_begin(struct seal_audit *audit,
			       struct pkg_audit_entry *entry,
			       struct pkg_err *err)
{
	entry->event = audit->event;
	return audit_trail_begin(&audit->trail, entry, err);
}

static const char *decision_of(enum pkg_seal_act act)
{
	if (act == PKG_SEAL_APPROVE)
		return "APPROVED";
	return act == PKG_SEAL_REJECT ? "REJECTED" : NULL;
}

enum pkg_code seal_audit_agree(void *context,
			       const struct pkg_seal_subject *subject,
			       struct pkg_err *err)
{
	const struct pkg_container_subject *about = &subject->manifest->subject;
	struct seal_audit *audit = context;
	const struct pkg_audit_item manifest = {"manifest.json",
						subject->manifest_sha256};
	char note[1024];
	struct pkg_audit_entry entry = {
	    .tenant = about->tenant,
	    .job = about->id,
	    .key = subject->key,
	    .certificate = subject->cert == NULL ? NULL : subject->cert->sha256,
	    .inputs = &manifest,
	    .input_count = 1,
	    .decision = decision_of(subject->act),
	    .reason = subject->reason,
	    .note = note,
	};

	if (audit->agree != NULL)
		PKG_TRY(audit->agree(audit->agree_context, subject, err));
	(void)snprintf(note, sizeof(note), "%s %s, from %s", about->name,
		       about->version, audit->input);
	return seal_audit_begin(audit, &entry, err);
}

const uint8_t *seal_audit_cert(const struct pkg_seal_signer *signer)
{
	const struct pkg_certs *certs = signer->certs;

	if (certs == NULL && signer->key != NULL)
		certs = pkg_key_certs(signer->key);
	if (certs == NULL || pkg_certs_count(certs) == 0)
		return NULL;
	return pkg_certs_info(certs, 0)->sha256;
}

enum pkg_code seal_audit_end(struct seal_audit *audit, enum pkg_code code,
			     struct pkg_err *err)
{
	const struct pkg_audit_entry outcome = {
	    .job = audit->id,
	    .inputs = &audit->manifest,
	    .input_count = audit->manifest.name == NULL ? 0 : 1,
	    .outputs = audit->outputs,
	    .output_count = audit->count,
	};

	return audit_trail_end(&audit->trail, code, &outcome, err);
}

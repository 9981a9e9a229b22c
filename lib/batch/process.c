/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/process.h"

#include "process_table.h"

#include "packline/approval_policy.h"
#include "packline/digest.h"
#include "packline/limits.h"
#include "packline/path.h"
#include "packline/pattern.h"
#include "packline/text.h"
#include "packline/trust.h"
#include "trust/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is read, and what it is read from. */
struct reading {
	struct pkg_process *process;
	const struct pkg_env *env;
	struct config_file file;
	int dirfd;
};

/* In the order of their names in the table. */
static const unsigned digest_bits[] = {256, 384, 512};

const char *pkg_process_form_suffix(enum pkg_process_form form)
{
	static const char *const suffixes[] = {".p7s", ".p7m", ".sig"};

	return suffixes[form];
}

unsigned pkg_process_digest(const struct pkg_process *process)
{
	return process->digest_bits == 512   ? PKG_DIGEST_SHA512
	       : process->digest_bits == 384 ? PKG_DIGEST_SHA384
					     : PKG_DIGEST_SHA256;
}

static int64_t int_or(const struct pkg_int_value *value, int64_t otherwise)
{
	return value->at == NULL ? otherwise : value->value;
}

/* What needs nothing but the table. */
static void copy_plain(struct pkg_process *to, const struct process_body *from)
{
	to->id = from->id.value;
	to->name = from->name == NULL ? "" : from->name->text;
	to->tenant = from->tenant == NULL ? "" : from->tenant->text;
	to->action = (enum pkg_process_action)from->action.index;
	to->form = (enum pkg_process_form)from->form.index;
	to->digest_bits = digest_bits[from->digest.index];
	to->padding = from->padding.index == 1 ? PKG_CMS_PKCS1 : PKG_CMS_PSS;
	to->provider_settings_id = int_or(&from->provider_settings_id, -1);
	to->max_documents =
	    (uint64_t)int_or(&from->max_documents, PKG_LIMIT_BATCH_DOCUMENTS);
	to->max_bytes =
	    (uint64_t)int_or(&from->max_bytes, PKG_LIMIT_BATCH_BYTES);
	to->chain = from->chain.value;
	to->has_may_create = from->create.at != NULL;
	to->has_tsa = from->tsa != NULL;
	if (!to->has_tsa)
		return;
	to->tsa = (struct pkg_process_tsa){
	    .id = int_or(&from->tsa->id, -1),
	    .policy =
		from->tsa->policy == NULL ? NULL : from->tsa->policy->text,
	    .digest_bits = digest_bits[from->tsa->digest.index],
	};
}

static enum pkg_code copy_signing(const struct reading *reading,
				  const struct process_signing *from,
				  struct pkg_err *err)
{
	struct pkg_process *to = reading->process;

	if (from->key == NULL || from->cert == NULL)
		return PKG_OK; /* there is a finding for it */
	PKG_TRY(pkg_config_key(&to->key, &reading->file, from->key, err));
	to->cert = pkg_config_path(&reading->file, from->cert->text, err);
	return to->cert == NULL ? pkg_failed_(err->code) : PKG_OK;
}

static enum pkg_code copy_names(const struct reading *reading,
				const struct pkg_node *node,
				struct pkg_err *err)
{
	struct pkg_process *to = reading->process;
	const struct pkg_mark mark = pkg_node_mark(node);
	enum pkg_code code = PKG_OK;

	if (node->len == 0 || node->len > PKG_LIMIT_PATTERN)
		return PKG_OK; /* there is a finding for it */
	to->names_text = node->text;
	code = pkg_pattern_new(&to->names, PKG_PATTERN_REGEX, node->text,
			       node->len, &mark, err);
	if (code != PKG_INPUT)
		return code;
	return pkg_config_error(&reading->file, "bad-pattern", node,
				"a PCRE2 expression that matches the whole "
				"name, such as '[a-z0-9.-]+\\.bin'",
				err, err->text);
}

static enum pkg_code copy(const struct reading *reading,
			  const struct process_body *from, struct pkg_err *err)
{
	struct pkg_process *to = reading->process;

	copy_plain(to, from);
	PKG_TRY(pkg_config_name(&reading->file, from->name, err));
	PKG_TRY(pkg_config_name(&reading->file, from->tenant, err));
	PKG_TRY(pkg_config_names(&to->may_create, &reading->file, &from->create,
				 err));
	if (from->signing != NULL)
		PKG_TRY(copy_signing(reading, from->signing, err));
	if (from->names != NULL)
		PKG_TRY(copy_names(reading, from->names, err));
	return from->horizon == NULL
		   ? PKG_OK
		   : pkg_config_duration(&to->horizon, &reading->file,
					 from->horizon, err);
}

/* Findings about another file are said there; here, which one is missing. */
static enum pkg_code about(const struct pkg_node *node, struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);

	if (err->os_errno == ENOENT)
		(void)pkg_hint(err, "paths in a process are relative to its "
				    "folder");
	return pkg_err_at(err, &mark);
}

static enum pkg_code read_policies(const struct reading *reading,
				   const struct process_body *from,
				   struct pkg_err *err)
{
	struct pkg_process *to = reading->process;
	const char *path = NULL;

	if (from->approval_policy != NULL) {
		path = pkg_config_path(&reading->file,
				       from->approval_policy->text, err);
		if (path == NULL)
			return err->code;
		if (pkg_approval_policy_load(&to->approval_policy,
					     reading->env->crypto,
					     reading->file.diag, reading->dirfd,
					     path, err) != PKG_OK)
			return about(from->approval_policy, err);
	}
	if (from->trust == NULL)
		return PKG_OK;
	to->trust_path =
	    pkg_config_path(&reading->file, from->trust->text, err);
	if (to->trust_path == NULL)
		return err->code;
	if (pkg_trust_load(&to->trust, reading->env, reading->file.diag,
			   reading->dirfd, to->trust_path, err) != PKG_OK)
		return about(from->trust, err);
	return PKG_OK;
}

static enum pkg_code read_text(const struct reading *reading,
			       struct pkg_err *err)
{
	const size_t before = reading->file.diag->errors;
	const struct pkg_process *process = reading->process;
	struct process_document doc = {0};

	PKG_TRY(pkg_config_bind(&reading->file, &pkg_process_table,
				process->text, process->text_len, &doc, err));
	if (doc.process != NULL)
		PKG_TRY(copy(reading, doc.process, err));
	PKG_TRY(pkg_config_verdict(&reading->file, before, "process", err));
	/* If it were not there, there would have been a finding. */
	return doc.process == NULL ? PKG_OK
				   : read_policies(reading, doc.process, err);
}

enum pkg_code pkg_process_load(struct pkg_process **out,
			       const struct pkg_env *env, struct pkg_diag *diag,
			       int dirfd, const char *path, struct pkg_err *err)
{
	PKG_AUTO(pkg_process)
	struct pkg_process *process = calloc(1, sizeof(*process));
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_YAML_CONFIG};
	struct reading reading = {
	    .process = process,
	    .env = env,
	    .file = {.diag = diag},
	    .dirfd = dirfd,
	};

	if (process == NULL)
		return pkg_fail_nomem(err);
	PKG_TRY(pkg_arena_new(&process->arena, PKG_LIMIT_ARENA, err));
	reading.file.arena = process->arena;
	process->path = pkg_arena_dup(process->arena, path, strlen(path), err);
	/* Findings borrow the name and outlive a process that is refused. */
	reading.file.path = pkg_arena_dup(diag->arena, path, strlen(path), err);
	if (process->path == NULL || reading.file.path == NULL)
		return err->code;
	PKG_TRY(pkg_path_slurp(&text, dirfd, path, err));
	process->text =
	    pkg_arena_dup(process->arena, pkg_buf_str(&text), text.len, err);
	if (process->text == NULL)
		return err->code;
	process->text_len = text.len;
	PKG_TRY(pkg_digest_sha256(env->crypto, text.data, text.len,
				  process->sha256, err));
	pkg_hex_encode(process->hex, process->sha256, sizeof(process->sha256));
	PKG_TRY(read_text(&reading, err));
	*out = PKG_STEAL(process);
	return PKG_OK;
}

void pkg_process_free(struct pkg_process *process)
{
	if (process == NULL)
		return;
	pkg_pattern_free(process->names);
	pkg_approval_policy_free(process->approval_policy);
	pkg_trust_free(process->trust);
	pkg_arena_free(process->arena);
	free(process);
}

enum pkg_code pkg_process_may_create(const struct pkg_process *process,
				     const char *who, struct pkg_err *err)
{
	const struct pkg_name_list *list = &process->may_create;

	if (!process->has_may_create)
		return PKG_OK;
	for (size_t i = 0; who != NULL && i < list->count; i++) {
		if (strcmp(list->items[i], who) == 0)
			return PKG_OK;
	}
	if (who != NULL)
		return pkg_refuse(err, PKG_NO, "not-allowed",
				  "process '%s' does not let '%s' create "
				  "batches",
				  process->name, who);
	(void)pkg_refuse(err, PKG_NO, "not-allowed",
			 "process '%s' says who may create batches, and nobody "
			 "knows who this is",
			 process->name);
	return pkg_hint(err, "give --requester WHO");
}

enum pkg_code pkg_process_schema(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_schema_emit(&pkg_process_table, sink, err);
}

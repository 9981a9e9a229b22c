/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/approval_policy.h"

#include "config.h"

#include "packline/buf.h"
#include "packline/cert.h"
#include "packline/digest.h"
#include "packline/limits.h"
#include "packline/path.h"
#include "packline/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct officer {
	const struct pkg_node *at;
	const struct pkg_node *id, *cert, *role;
};

struct approvals {
	const struct pkg_node *at;
	struct pkg_int_value required;
	struct pkg_list officers;
	const struct pkg_node *valid_for;
};

struct document {
	const struct pkg_node *at;
	struct pkg_int_value packline;
	struct approvals *approvals;
};

static const struct pkg_field officer_fields[] = {
    {.name = "id",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct officer, id),
     .min = 1,
     .max = PKG_LIMIT_MEMBER_NAME,
     .pattern = CONFIG_NAME_PATTERN,
     .help = "Name of the person; several keys of one count once.",
     .hint = CONFIG_NAME_HINT},
    {.name = "cert",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct officer, cert),
     .min = 1,
     .max = PKG_LIMIT_PATH - 1,
     .help = "His certificate, relative to this file; what counts is its "
	     "key."},
    {.name = "role",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct officer, role),
     .min = 1,
     .max = PKG_LIMIT_MEMBER_NAME,
     .pattern = CONFIG_NAME_PATTERN,
     .help = "As what he decides: product, security, ...",
     .hint = CONFIG_NAME_HINT},
    {0},
};

static const struct pkg_table officer_table = {
    .name = "officer",
    .help = "A person whose decision counts.",
    .size = sizeof(struct officer),
    .fields = officer_fields,
};

static const struct pkg_field officer = {
    .kind = PKG_FIELD_OBJECT,
    .table = &officer_table,
};

static const struct pkg_field approvals_fields[] = {
    {.name = "required",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct approvals, required),
     .min = 1,
     .max = PKG_LIMIT_SIGNATURES,
     .help = "How many officers must approve."},
    {.name = "officers",
     .kind = PKG_FIELD_LIST,
     .required = true,
     .offset = offsetof(struct approvals, officers),
     .min = 1,
     .max = PKG_LIMIT_OFFICERS,
     .item = &officer,
     .help = "Who may approve or reject."},
    {.name = "validFor",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct approvals, valid_for),
     .min = 2,
     .max = 6,
     .pattern = CONFIG_DURATION_PATTERN,
     .help = "How long an approval is valid after it was issued; for ever if "
	     "absent.",
     .hint = CONFIG_DURATION_HINT},
    {0},
};

static const struct pkg_table approvals_table = {
    .name = "approvals",
    .help = "Who must approve before a container is signed.",
    .size = sizeof(struct approvals),
    .fields = approvals_fields,
};

static const struct pkg_field fields[] = {
    CONFIG_ROW_VERSION(struct document, packline),
    {.name = "approvals",
     .kind = PKG_FIELD_OBJECT,
     .required = true,
     .offset = offsetof(struct document, approvals),
     .table = &approvals_table,
     .help = "Who must approve before a container is signed."},
    {0},
};

static const struct pkg_table table = {
    .name = "approvalPolicy",
    .title = "Packline approval policy",
    .help = "Whose approvals a container needs before it may be signed.",
    .size = sizeof(struct document),
    .fields = fields,
};

/* What is read, and what it is read from. */
struct reading {
	struct pkg_approval_policy *policy;
	struct pkg_officer *officers; /* policy->officers, to write */
	struct config_file file;
	struct pkg_crypto *crypto;
	int dirfd;
};

const struct pkg_officer *
pkg_approval_policy_officer(const struct pkg_approval_policy *policy,
			    const uint8_t spki[PKG_AT_LEAST(32)])
{
	for (size_t i = 0; i < policy->officer_count; i++) {
		if (memcmp(policy->officers[i].spki, spki, 32) == 0)
			return &policy->officers[i];
	}
	return NULL;
}

/* What is wrong with the file of a certificate is a finding of the policy. */
static enum pkg_code read_cert(const struct reading *reading,
			       struct pkg_certs *certs,
			       const struct pkg_node *node, struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);
	const char *path = pkg_config_path(&reading->file, node->text, err);
	const struct pkg_cert_info *info = NULL;

	if (path == NULL)
		return err->code;
	if (pkg_certs_add_file(certs, reading->dirfd, path, err) == PKG_OK) {
		info = pkg_certs_info(certs, 0);
		if (info->can_sign_code && info->key_type != PKG_KEY_TYPE_OTHER)
			return PKG_OK;
		return pkg_config_error(
		    &reading->file, "bad-officer", node,
		    "an officer's certificate has extendedKeyUsage "
		    "codeSigning, a key of suite packline-1, and is not that "
		    "of a CA",
		    err, "this certificate cannot sign approvals");
	}
	pkg_err_at(err, &mark);
	if (err->os_errno == ENOENT)
		(void)pkg_hint(err, "paths in an approval policy are relative "
				    "to its folder");
	if (err->code == PKG_SYSTEM)
		return err->code;
	return pkg_config_error(&reading->file, "bad-officer", node, NULL, err,
				err->text);
}

/* To people Alice and alice are one. */
static bool has_other_case(const struct pkg_approval_policy *policy,
			   const char *id)
{
	for (size_t i = 0; i < policy->officer_count; i++) {
		const char *other = policy->officers[i].id;

		if (strcasecmp(other, id) == 0 && strcmp(other, id) != 0)
			return true;
	}
	return false;
}

static enum pkg_code read_officer(const struct reading *reading,
				  const struct officer *from,
				  struct pkg_err *err)
{
	struct pkg_approval_policy *policy = reading->policy;
	struct pkg_officer *to = &reading->officers[policy->officer_count];
	const size_t before = reading->file.diag->errors;
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = NULL;

	if (from->id == NULL || from->cert == NULL || from->role == NULL ||
	    from->cert->text[0] == '\0')
		return PKG_OK; /* there is a finding for it */
	PKG_TRY(pkg_config_name(&reading->file, from->id, err));
	PKG_TRY(pkg_config_name(&reading->file, from->role, err));
	PKG_TRY(pkg_certs_new(&certs, reading->crypto, err));
	PKG_TRY(read_cert(reading, certs, from->cert, err));
	if (reading->file.diag->errors != before)
		return PKG_OK;
	to->id = from->id->text;
	to->role = from->role->text;
	to->subject = pkg_arena_printf(policy->arena, err, "%s",
				       pkg_certs_info(certs, 0)->subject);
	if (to->subject == NULL)
		return err->code;
	memcpy(to->spki, pkg_certs_info(certs, 0)->spki, sizeof(to->spki));
	if (pkg_approval_policy_officer(policy, to->spki) != NULL)
		return pkg_config_error(
		    &reading->file, "duplicate-officer", from->cert,
		    "a key counts once, whoever it is said to be", err,
		    "this key is listed already");
	if (has_other_case(policy, to->id))
		return pkg_config_error(
		    &reading->file, "duplicate-officer", from->id,
		    "write it alike each time: one person counts once", err,
		    "this id is listed already, with other capitals");
	policy->officer_count++;
	return PKG_OK;
}

static size_t count_people(const struct pkg_approval_policy *policy)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->officer_count; i++) {
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = strcmp(policy->officers[i].id,
				      policy->officers[k].id) == 0;
		count += !seen;
	}
	return count;
}

static enum pkg_code read_policy(const struct reading *reading,
				 const struct approvals *from,
				 struct pkg_err *err)
{
	struct pkg_approval_policy *policy = reading->policy;
	const struct officer *officers = from->officers.items;
	const size_t before = reading->file.diag->errors;

	policy->required = (size_t)from->required.value;
	if (from->valid_for != NULL)
		PKG_TRY(pkg_config_duration(&policy->valid_for, &reading->file,
					    from->valid_for, err));
	for (size_t i = 0; i < from->officers.count; i++)
		PKG_TRY(read_officer(reading, &officers[i], err));
	if (reading->file.diag->errors != before ||
	    policy->required <= count_people(policy))
		return PKG_OK;
	return pkg_config_error(&reading->file, "required-too-high",
				from->required.at,
				"name more officers: several keys of one id "
				"count once",
				err,
				"more approvals are asked for than there are "
				"officers");
}

static enum pkg_code read_text(struct reading *reading,
			       const struct pkg_buf *text, struct pkg_err *err)
{
	const size_t before = reading->file.diag->errors;
	struct document doc = {0};

	PKG_TRY(pkg_config_bind(&reading->file, &table, text->data, text->len,
				&doc, err));
	if (doc.approvals != NULL) {
		reading->officers = pkg_arena_array(
		    reading->policy->arena, doc.approvals->officers.count + 1,
		    sizeof(*reading->officers), err);
		if (reading->officers == NULL)
			return err->code;
		reading->policy->officers = reading->officers;
		PKG_TRY(read_policy(reading, doc.approvals, err));
	}
	return pkg_config_verdict(&reading->file, before, "approval policy",
				  err);
}

enum pkg_code pkg_approval_policy_load(struct pkg_approval_policy **out,
				       struct pkg_crypto *crypto,
				       struct pkg_diag *diag, int dirfd,
				       const char *path, struct pkg_err *err)
{
	PKG_AUTO(pkg_approval_policy)
	struct pkg_approval_policy *policy = calloc(1, sizeof(*policy));
	struct reading reading = {
	    .policy = policy,
	    .file = {.diag = diag},
	    .crypto = crypto,
	    .dirfd = dirfd,
	};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_YAML_CONFIG};

	if (policy == NULL)
		return pkg_fail_nomem(err);
	PKG_TRY(pkg_arena_new(&policy->arena, PKG_LIMIT_ARENA, err));
	reading.file.arena = policy->arena;
	policy->path = pkg_arena_dup(policy->arena, path, strlen(path), err);
	/* Findings borrow the name and outlive a policy that is refused. */
	reading.file.path = pkg_arena_dup(diag->arena, path, strlen(path), err);
	if (policy->path == NULL || reading.file.path == NULL)
		return err->code;
	PKG_TRY(pkg_path_slurp(&text, dirfd, path, err));
	PKG_TRY(pkg_digest_sha256(crypto, text.data, text.len, policy->sha256,
				  err));
	pkg_hex_encode(policy->hex, policy->sha256, sizeof(policy->sha256));
	PKG_TRY(read_text(&reading, &text, err));
	*out = PKG_STEAL(policy);
	return PKG_OK;
}

void pkg_approval_policy_free(struct pkg_approval_policy *policy)
{
	if (policy == NULL)
		return;
	pkg_arena_free(policy->arena);
	free(policy);
}

enum pkg_code pkg_approval_policy_needs_requester(const char *requester,
						  struct pkg_err *err)
{
	if (requester != NULL)
		return PKG_OK;
	pkg_fail(err, PKG_USAGE,
		 "it must be approved, and nobody may approve his own request: "
		 "whose is it?");
	return pkg_hint(err, "give --requester WHO");
}

enum pkg_code pkg_approval_policy_schema(struct pkg_sink *sink,
					 struct pkg_err *err)
{
	return pkg_schema_emit(&table, sink, err);
}

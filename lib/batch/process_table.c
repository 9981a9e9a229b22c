/* SPDX-License-Identifier: Apache-2.0 */
#include "process_table.h"

#include "packline/limits.h"
#include "trust/config.h"

/* In the order of the enums. */
static const char *const actions[] = {"sign", "validate", NULL};
static const char *const forms[] = {"cms-detached", "cms-attached", "raw",
				    NULL};
static const char *const digests[] = {"sha256", "sha384", "sha512", NULL};
static const char *const paddings[] = {"pss", "pkcs1", NULL};

const char *pkg_process_action_name(enum pkg_process_action action)
{
	return actions[action];
}

const char *pkg_process_form_name(enum pkg_process_form form)
{
	return forms[form];
}

static const struct pkg_field tsa_fields[] = {
    {.name = "id",
     .kind = PKG_FIELD_INT,
     .offset = offsetof(struct process_tsa, id),
     .max = INT32_MAX,
     .help = "Number of the time stamping service (tsaId)."},
    {.name = "policy",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct process_tsa, policy),
     .min = 3,
     .max = 128,
     .pattern = "^[0-2](\\.(0|[1-9][0-9]{0,9}))+$",
     .help = "Policy to ask it for, an OID in numbers; its own if absent.",
     .hint = "an OID in numbers, such as 1.3.6.1.4.1.13762.3"},
    {.name = "digest",
     .kind = PKG_FIELD_ENUM,
     .offset = offsetof(struct process_tsa, digest),
     .choices = digests,
     .help = "Digest of the signature that is stamped; sha256 if absent."},
    {0},
};

static const struct pkg_table tsa_table = {
    .name = "tsa",
    .help = "Signatures are stamped with the time (RFC 3161) before the batch "
	    "is closed.",
    .size = sizeof(struct process_tsa),
    .fields = tsa_fields,
};

static const struct pkg_field signing_fields[] = {
    {.name = "key",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct process_signing, key),
     .min = 1,
     .max = PKG_LIMIT_PATH - 1,
     .help = "Private key: a file relative to this one, or a pkcs11: URI."},
    {.name = "cert",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct process_signing, cert),
     .min = 1,
     .max = PKG_LIMIT_PATH - 1,
     .help = "Certificate of the key, then its chain; relative to this file."},
    {0},
};

static const struct pkg_table signing_table = {
    .name = "signing",
    .help = "What to sign with if the command line does not say.",
    .size = sizeof(struct process_signing),
    .fields = signing_fields,
};

static const struct pkg_field requester = {
    .kind = PKG_FIELD_STRING,
    .min = 1,
    .max = 200,
    .help = "Name of a person or a service.",
};

static const struct pkg_field process_fields[] = {
    {.name = "id",
     .kind = PKG_FIELD_INT,
     .required = true,
     .offset = offsetof(struct process_body, id),
     .max = INT32_MAX,
     .help = "Number of the process (processId)."},
    {.name = "name",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct process_body, name),
     .min = 1,
     .max = PKG_LIMIT_MEMBER_NAME,
     .pattern = CONFIG_NAME_PATTERN,
     .help = "Name of the process; batches carry it.",
     .hint = CONFIG_NAME_HINT},
    {.name = "tenant",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct process_body, tenant),
     .min = 1,
     .max = PKG_LIMIT_MEMBER_NAME,
     .pattern = CONFIG_NAME_PATTERN,
     .help = "Whose batches these are.",
     .hint = CONFIG_NAME_HINT},
    {.name = "action",
     .kind = PKG_FIELD_ENUM,
     .required = true,
     .offset = offsetof(struct process_body, action),
     .choices = actions,
     .help = "Sign the documents, or validate signatures that are there."},
    {.name = "form",
     .kind = PKG_FIELD_ENUM,
     .required = true,
     .offset = offsetof(struct process_body, form),
     .choices = forms,
     .help = "Of the signatures: cms-detached (NAME.p7s), cms-attached "
	     "(NAME.p7m, the document in it) or raw (NAME.sig)."},
    {.name = "digest",
     .kind = PKG_FIELD_ENUM,
     .offset = offsetof(struct process_body, digest),
     .choices = digests,
     .help = "Of the documents, for their signatures; sha256 if absent."},
    {.name = "padding",
     .kind = PKG_FIELD_ENUM,
     .offset = offsetof(struct process_body, padding),
     .choices = paddings,
     .help = "Of an RSA key; pss if absent."},
    {.name = "signing",
     .kind = PKG_FIELD_OBJECT,
     .offset = offsetof(struct process_body, signing),
     .table = &signing_table,
     .help = "What to sign with if the command line does not say."},
    {.name = "providerSettingsId",
     .kind = PKG_FIELD_INT,
     .offset = offsetof(struct process_body, provider_settings_id),
     .max = INT32_MAX,
     .help = "Number of the key and its settings in the signing service."},
    {.name = "names",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct process_body, names),
     .min = 1,
     .max = PKG_LIMIT_PATTERN,
     .help = "Regular expression (PCRE2) that the whole name of each document "
	     "matches; any name if absent."},
    {.name = "maxDocuments",
     .kind = PKG_FIELD_INT,
     .offset = offsetof(struct process_body, max_documents),
     .min = 1,
     .max = PKG_LIMIT_BATCH_DOCUMENTS,
     .help = "How many documents a batch may have; 30000 if absent."},
    {.name = "maxBytes",
     .kind = PKG_FIELD_INT,
     .offset = offsetof(struct process_body, max_bytes),
     .min = 1,
     .max = PKG_LIMIT_BATCH_BYTES,
     .help = "How many bytes they may have together; 64 GiB if absent."},
    {.name = "chain",
     .kind = PKG_FIELD_BOOL,
     .offset = offsetof(struct process_body, chain),
     .help = "Each batch names the result of the one before it; false if "
	     "absent."},
    {.name = "horizon",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct process_body, horizon),
     .min = 2,
     .max = 6,
     .pattern = CONFIG_DURATION_PATTERN,
     .help = "How long after it was created a batch may be run; for ever if "
	     "absent.",
     .hint = CONFIG_DURATION_HINT},
    {.name = "tsa",
     .kind = PKG_FIELD_OBJECT,
     .offset = offsetof(struct process_body, tsa),
     .table = &tsa_table,
     .help = "Signatures are stamped with the time (RFC 3161) before the "
	     "batch is closed."},
    {.name = "approvalPolicy",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct process_body, approval_policy),
     .min = 1,
     .max = PKG_LIMIT_PATH - 1,
     .help = "Approval policy file, relative to this one: who must accept. "
	     "Whoever may write the spool if absent."},
    {.name = "trust",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct process_body, trust),
     .min = 1,
     .max = PKG_LIMIT_PATH - 1,
     .help = "Trust policy or certificate, relative to this file: whose "
	     "signatures count."},
    {.name = "create",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct process_body, create),
     .item = &requester,
     .help = "Who may create batches: names for --requester; everybody if "
	     "absent."},
    {0},
};

static const char *const trust_key[] = {"trust", NULL};
static const char *const signing_keys[] = {"signing", "tsa", NULL};
static const struct pkg_group process_groups[] = {
    {.rule = PKG_GROUP_ALL,
     .keys = trust_key,
     .when_key = "action",
     .when_value = "validate",
     .hint = "a signature is only good if somebody is trusted: name a trust "
	     "policy"},
    {.rule = PKG_GROUP_NONE,
     .keys = signing_keys,
     .when_key = "action",
     .when_value = "validate",
     .hint = "nothing is signed when signatures are validated"},
    {0},
};

static const struct pkg_table process_table = {
    .name = "process",
    .help = "What is done with the documents of a batch, by whom, and within "
	    "which limits.",
    .size = sizeof(struct process_body),
    .fields = process_fields,
    .groups = process_groups,
};

static const struct pkg_field fields[] = {
    CONFIG_ROW_VERSION(struct process_document, packline),
    {.name = "process",
     .kind = PKG_FIELD_OBJECT,
     .required = true,
     .offset = offsetof(struct process_document, process),
     .table = &process_table,
     .help = "What is done with the documents of a batch."},
    {0},
};

const struct pkg_table pkg_process_table = {
    .name = "batchProcess",
    .title = "Packline batch process",
    .help = "What is done with the documents of a batch, by whom, and within "
	    "which limits.",
    .size = sizeof(struct process_document),
    .fields = fields,
};

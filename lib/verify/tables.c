/* SPDX-License-Identifier: Apache-2.0 */
#include "tables.h"

#include "packline/limits.h"
#include "packline/verify.h"

static const char *const kinds[] = {"signed", "sealed", "encrypted", NULL};
static const char *const contents[] = {"files", "bundle", NULL};
static const char *const verdict_type[] = {"verdict", NULL};
static const char *const stage_type[] = {"stage", NULL};
static const char *const stages[] = {"signatures", NULL};
static const char *const decisions[] = {"APPROVED", "REJECTED", NULL};
static const char *const check_ids[] = {
#define X(name, id, text) (id),
    PKG_VERIFY_CHECKS(X)
#undef X
	NULL};

#define SHA256 "^[0-9a-f]{64}$"

/* A member that is always there, of struct @type. */
#define MEMBER(type, member, as, what)                                         \
	.name = #member, .kind = (as), .required = true,                       \
	.offset = offsetof(type, member), .help = (what)

static const struct pkg_field check_fields[] = {
    {MEMBER(struct verify_record_check, detail, PKG_FIELD_STRING,
	    "What was found, or why it was not checked.")},
    {MEMBER(struct verify_record_check, id, PKG_FIELD_ENUM,
	    "Which check; pkg-verify(1) lists them."),
     .choices = check_ids},
    {MEMBER(struct verify_record_check, ok, PKG_FIELD_BOOL,
	    "Whether it passed; null if it was not made."),
     .nullable = true},
    {0},
};

static const struct pkg_table check_table = {
    .name = "check",
    .help = "One check.",
    .size = sizeof(struct verify_record_check),
    .fields = check_fields,
};

static const struct pkg_field signer_fields[] = {
    {MEMBER(struct verify_record_signer, id, PKG_FIELD_STRING,
	    "Id of the pin; null if trusted by the certificate."),
     .nullable = true},
    {MEMBER(struct verify_record_signer, signed_at, PKG_FIELD_STRING,
	    "When he says he signed it: RFC 3339."),
     .nullable = true},
    {MEMBER(struct verify_record_signer, spki, PKG_FIELD_STRING,
	    "SHA-256 of his public key."),
     .pattern = SHA256},
    {MEMBER(struct verify_record_signer, subject, PKG_FIELD_STRING,
	    "Subject of his certificate: RFC 2253.")},
    {0},
};

static const struct pkg_table signer_table = {
    .name = "signer",
    .help = "A trusted signature.",
    .size = sizeof(struct verify_record_signer),
    .fields = signer_fields,
};

static const struct pkg_field approval_fields[] = {
    {MEMBER(struct verify_record_approval, decision, PKG_FIELD_ENUM,
	    "What he decided."),
     .choices = decisions},
    {MEMBER(struct verify_record_approval, expires, PKG_FIELD_STRING,
	    "Until when it is valid: RFC 3339; null if that is not said."),
     .nullable = true},
    {MEMBER(struct verify_record_approval, id, PKG_FIELD_STRING,
	    "Id of the officer in the approval policy.")},
    {MEMBER(struct verify_record_approval, issued, PKG_FIELD_STRING,
	    "When he says he decided: RFC 3339.")},
    {MEMBER(struct verify_record_approval, reason, PKG_FIELD_STRING,
	    "Why, in his words.")},
    {MEMBER(struct verify_record_approval, role, PKG_FIELD_STRING,
	    "As what he decided.")},
    {MEMBER(struct verify_record_approval, spki, PKG_FIELD_STRING,
	    "SHA-256 of his public key."),
     .pattern = SHA256},
    {MEMBER(struct verify_record_approval, subject, PKG_FIELD_STRING,
	    "Subject of his certificate: RFC 2253.")},
    {0},
};

static const struct pkg_table approval_table = {
    .name = "approval",
    .help = "What an officer of the approval policy has decided.",
    .size = sizeof(struct verify_record_approval),
    .fields = approval_fields,
};

static const struct pkg_field approval = {.kind = PKG_FIELD_OBJECT,
					  .table = &approval_table};
static const struct pkg_field check = {.kind = PKG_FIELD_OBJECT,
				       .table = &check_table};
static const struct pkg_field signer = {.kind = PKG_FIELD_OBJECT,
					.table = &signer_table};

/* What both records say of the container. */
#define SUBJECT_FIELDS(type)                                                   \
	{MEMBER(type, approvals, PKG_FIELD_LIST,                               \
		"What officers have decided, if it was made under a policy."), \
	 .item = &approval},                                                   \
	    {MEMBER(type, content, PKG_FIELD_ENUM, "What it carries."),        \
	     .nullable = true, .choices = contents},                           \
	    {MEMBER(type, device_config, PKG_FIELD_STRING,                     \
		    "Id of the device config it is for."),                     \
	     .nullable = true},                                                \
	    {MEMBER(type, id, PKG_FIELD_STRING, "UUID of the container."),     \
	     .nullable = true},                                                \
	    {MEMBER(type, kind, PKG_FIELD_ENUM, "How it is protected."),       \
	     .nullable = true, .choices = kinds},                              \
	    {MEMBER(type, manifest_sha256, PKG_FIELD_STRING,                   \
		    "SHA-256 of its manifest: the package's identity."),       \
	     .nullable = true, .pattern = SHA256},                             \
	    {MEMBER(type, name, PKG_FIELD_STRING, "Name of the package."),     \
	     .nullable = true},                                                \
	    {MEMBER(type, path, PKG_FIELD_STRING, "The file, as given.")},     \
	    {MEMBER(type, sequence, PKG_FIELD_INT, "Its sequence number."),    \
	     .nullable = true, .min = 0, .max = PKG_LIMIT_JSON_INT},           \
	    {MEMBER(type, signers, PKG_FIELD_LIST,                             \
		    "Who has signed it, of those that are trusted."),          \
	     .item = &signer},                                                 \
	    {MEMBER(type, tenant, PKG_FIELD_STRING, "Whose it is."),           \
	     .nullable = true},                                                \
	{                                                                      \
		MEMBER(type, version, PKG_FIELD_STRING, "Its version."),       \
		    .nullable = true                                           \
	}

static const struct pkg_field stage_fields[] = {
    {MEMBER(struct verify_record_stage, type, PKG_FIELD_ENUM, "The record."),
     .choices = stage_type},
    {MEMBER(struct verify_record_stage, stage, PKG_FIELD_ENUM,
	    "What was accepted."),
     .choices = stages},
    SUBJECT_FIELDS(struct verify_record_stage),
    {0},
};

static const struct pkg_field verdict_fields[] = {
    {MEMBER(struct verify_record_verdict, type, PKG_FIELD_ENUM, "The record."),
     .choices = verdict_type},
    {MEMBER(struct verify_record_verdict, ok, PKG_FIELD_BOOL,
	    "The answer.  Nothing else in the record is to be believed unless "
	    "it is true.")},
    {MEMBER(struct verify_record_verdict, reason, PKG_FIELD_STRING,
	    "Stable id of the refusal; null if ok."),
     .nullable = true, .pattern = "^[a-z][a-z0-9-]*$"},
    {MEMBER(struct verify_record_verdict, text, PKG_FIELD_STRING,
	    "The refusal in words; null if ok."),
     .nullable = true},
    {MEMBER(struct verify_record_verdict, hint, PKG_FIELD_STRING,
	    "How to mend it."),
     .nullable = true},
    {MEMBER(struct verify_record_verdict, checks, PKG_FIELD_LIST,
	    "Every check, in one order."),
     .min = PKG_VERIFY_CHECK_COUNT, .max = PKG_VERIFY_CHECK_COUNT,
     .item = &check},
    SUBJECT_FIELDS(struct verify_record_verdict),
    {MEMBER(struct verify_record_verdict, device_config_sha256,
	    PKG_FIELD_STRING, "SHA-256 of the device config's bytes."),
     .nullable = true, .pattern = SHA256},
    {MEMBER(struct verify_record_verdict, draft, PKG_FIELD_BOOL,
	    "It waits for its first signature.")},
    {MEMBER(struct verify_record_verdict, expires, PKG_FIELD_STRING,
	    "When it expires: RFC 3339."),
     .nullable = true},
    {MEMBER(struct verify_record_verdict, size, PKG_FIELD_INT,
	    "Bytes that were read."),
     .min = 0, .max = PKG_LIMIT_JSON_INT},
    {MEMBER(struct verify_record_verdict, unsigned_sha256, PKG_FIELD_STRING,
	    "SHA-256 of the container without signatures and approvals, with "
	    "--unsigned-digest."),
     .nullable = true, .pattern = SHA256},
    {0},
};

const struct pkg_table pkg_verify_stage_table = {
    .name = "stage",
    .title = "Packline stage record",
    .help = "Signatures and claims were accepted; the payload comes next.",
    .size = sizeof(struct verify_record_stage),
    .fields = stage_fields,
};

const struct pkg_table pkg_verify_verdict_table = {
    .name = "verdict",
    .title = "Packline verdict record",
    .help = "Yes or no about a container, and why.",
    .size = sizeof(struct verify_record_verdict),
    .fields = verdict_fields,
};

enum pkg_code pkg_verdict_schema(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_schema_emit(&pkg_verify_verdict_table, sink, err);
}

enum pkg_code pkg_verdict_stage_schema(struct pkg_sink *sink,
				       struct pkg_err *err)
{
	return pkg_schema_emit(&pkg_verify_stage_table, sink, err);
}

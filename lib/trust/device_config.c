/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/device_config.h"

#include "config.h"

#include "packline/approval_policy.h"
#include "packline/buf.h"
#include "packline/digest.h"
#include "packline/kek.h"
#include "packline/limits.h"
#include "packline/path.h"
#include "packline/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How other files are opened. */
struct opening {
	struct pkg_crypto *crypto;
	int dirfd;
};

/* In the order of enum pkg_container_kind. */
static const char *const kinds[] = {"signed", "sealed", "encrypted", NULL};
static const char *const suites[] = {PKG_SUITE_1, NULL};

struct signing {
	const struct pkg_node *at;
	const struct pkg_node *key;
	const struct pkg_node *cert;
};

struct acl {
	const struct pkg_node *at;
	struct pkg_list use, approve, sign;
};

struct document {
	const struct pkg_node *at;
	struct pkg_int_value packline;
	const struct pkg_node *device_config, *tenant, *approval_policy;
	struct pkg_enum_value kind, suite;
	struct pkg_list recipients;
	struct signing *signing;
	struct acl *acl;
};

static const struct pkg_field signing_fields[] = {
    {.name = "key",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct signing, key),
     .min = 1,
     .max = PKG_LIMIT_PATH - 1,
     .help = "Private key: a file relative to this one, or a pkcs11: URI."},
    {.name = "cert",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct signing, cert),
     .min = 1,
     .max = PKG_LIMIT_PATH - 1,
     .help = "Certificate of the key, then its chain; relative to this file."},
    {0},
};

static const struct pkg_table signing_table = {
    .name = "signing",
    .help = "What to sign with if the command line does not say.",
    .size = sizeof(struct signing),
    .fields = signing_fields,
};

static const struct pkg_field name = {
    .kind = PKG_FIELD_STRING,
    .min = 1,
    .max = 200,
    .help = "Name of a person or a service.",
};

static const struct pkg_field acl_fields[] = {
    {.name = "use",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct acl, use),
     .item = &name,
     .help = "Who may make containers with it: names for --requester."},
    {.name = "approve",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct acl, approve),
     .item = &name,
     .help = "Who may approve them: ids of officers."},
    {.name = "sign",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct acl, sign),
     .item = &name,
     .help =
	 "Who may sign them: ids of pins, or common names of certificates."},
    {0},
};

static const struct pkg_table acl_table = {
    .name = "acl",
    .help = "Who may do what with this config; a list that is absent allows "
	    "everybody, an empty one nobody.",
    .size = sizeof(struct acl),
    .fields = acl_fields,
};

static const struct pkg_field recipient = {
    .kind = PKG_FIELD_STRING,
    .min = 1,
    .max = PKG_LIMIT_PATH - 1,
    .help = "Certificate file, relative to this one; kek:FILE or kek:ID=FILE, "
	    "a file with a key-encryption key; or password:, which is asked "
	    "for.",
    .pattern = "^(?!password:.|kek:([A-Za-z0-9_][A-Za-z0-9._+-]*=)?$)",
    .hint = "password: stands alone, nobody writes one down here; behind kek: "
	    "or kek:ID= comes a file",
};

static const struct pkg_field fields[] = {
    CONFIG_ROW_VERSION(struct document, packline),
    {.name = "deviceConfig",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct document, device_config),
     .min = 1,
     .max = PKG_LIMIT_MEMBER_NAME,
     .pattern = CONFIG_NAME_PATTERN,
     .help = "Name of the kind of device; containers carry it.",
     .hint = CONFIG_NAME_HINT},
    {.name = "tenant",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct document, tenant),
     .min = 1,
     .max = PKG_LIMIT_MEMBER_NAME,
     .pattern = CONFIG_NAME_PATTERN,
     .help = "Whose devices these are; containers carry it.",
     .hint = CONFIG_NAME_HINT},
    {.name = "kind",
     .kind = PKG_FIELD_ENUM,
     .required = true,
     .offset = offsetof(struct document, kind),
     .choices = kinds,
     .help = "Protection: signed (readable by all), sealed (encrypted and "
	     "signed) or encrypted (unsigned)."},
    {.name = "suite",
     .kind = PKG_FIELD_ENUM,
     .offset = offsetof(struct document, suite),
     .choices = suites,
     .help = "Set of algorithms; packline-1 if absent."},
    {.name = "recipients",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct document, recipients),
     .min = 1,
     .max = PKG_LIMIT_RECIPIENTS,
     .item = &recipient,
     .help = "Who can decrypt: certificates, key-encryption keys, a password."},
    {.name = "approvalPolicy",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct document, approval_policy),
     .min = 1,
     .max = PKG_LIMIT_PATH - 1,
     .help = "Approval policy file, relative to this one."},
    {.name = "signing",
     .kind = PKG_FIELD_OBJECT,
     .offset = offsetof(struct document, signing),
     .table = &signing_table,
     .help = "What to sign with if the command line does not say."},
    {.name = "acl",
     .kind = PKG_FIELD_OBJECT,
     .offset = offsetof(struct document, acl),
     .table = &acl_table,
     .help = "Who may do what with this config; a list that is absent allows "
	     "everybody, an empty one nobody."},
    {0},
};

static const char *const recipients_key[] = {"recipients", NULL};
static const struct pkg_group groups[] = {
    {.rule = PKG_GROUP_ALL,
     .keys = recipients_key,
     .when_key = "kind",
     .when_value = "sealed",
     .hint = "name the certificates of those who may decrypt"},
    {.rule = PKG_GROUP_ALL,
     .keys = recipients_key,
     .when_key = "kind",
     .when_value = "encrypted",
     .hint = "name the certificates of those who may decrypt"},
    {.rule = PKG_GROUP_NONE,
     .keys = recipients_key,
     .when_key = "kind",
     .when_value = "signed",
     .hint = "kind: sealed is encrypted and signed"},
    {0},
};

static const struct pkg_table table = {
    .name = "deviceConfig",
    .title = "Packline device config",
    .help = "What a container for one kind of device looks like.",
    .size = sizeof(struct document),
    .fields = fields,
    .groups = groups,
};

/* A path in a word is joined with the folder too; NULL on failure. */
static const char *recipient_word(const struct pkg_device_config *config,
				  const struct config_file *file,
				  const struct pkg_node *node,
				  struct pkg_err *err)
{
	struct pkg_err ignored = PKG_ERR_INIT;
	char id[PKG_KEK_ID_MAX + 1];
	const char *path = NULL;

	if (pkg_kek_is_password_word(node->text))
		return node->text;
	if (!pkg_kek_is_file_word(node->text))
		return pkg_config_path(file, node->text, err);
	if (pkg_kek_split(id, &path, node->text, &ignored) != PKG_OK)
		return node->text; /* there is a finding for it */
	path = pkg_config_path(file, path, err);
	if (path == NULL)
		return NULL;
	/* "./" keeps a '=' in the path from being read as that of an id. */
	return pkg_arena_printf(
	    config->arena, err, "kek:%s%s%s%s", id, id[0] == '\0' ? "" : "=",
	    id[0] == '\0' && path[0] != '/' ? "./" : "", path);
}

static enum pkg_code copy_recipients(struct pkg_device_config *config,
				     const struct config_file *file,
				     const struct pkg_list *list,
				     struct pkg_err *err)
{
	const struct pkg_node *const *nodes = list->items;
	const char **items = pkg_arena_array(config->arena, list->count + 1,
					     sizeof(*items), err);

	if (items == NULL)
		return err->code;
	for (size_t i = 0; i < list->count; i++) {
		if (nodes[i] == NULL)
			continue; /* there is a finding for it */
		items[i] = recipient_word(config, file, nodes[i], err);
		if (items[i] == NULL)
			return err->code;
	}
	config->recipients = (struct pkg_name_list){items, list->count};
	return PKG_OK;
}

static enum pkg_code copy_signing(struct pkg_device_config *config,
				  const struct config_file *file,
				  const struct signing *signing,
				  struct pkg_err *err)
{
	if (signing->key != NULL)
		PKG_TRY(pkg_config_key(&config->signing_key, file, signing->key,
				       err));
	if (signing->cert != NULL) {
		config->signing_cert =
		    pkg_config_path(file, signing->cert->text, err);
		if (config->signing_cert == NULL)
			return err->code;
	}
	return PKG_OK;
}

/* Its findings are about another file, and so they are said there. */
static enum pkg_code read_policy(struct pkg_device_config *config,
				 const struct config_file *file,
				 const struct opening *opening,
				 const struct pkg_node *node,
				 struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);
	const char *path = pkg_config_path(file, node->text, err);

	if (path == NULL)
		return err->code;
	if (pkg_approval_policy_load(&config->policy, opening->crypto,
				     file->diag, opening->dirfd, path,
				     err) == PKG_OK)
		return PKG_OK;
	if (err->os_errno == ENOENT)
		(void)pkg_hint(err, "paths in a device config are relative to "
				    "its folder");
	return pkg_err_at(err, &mark);
}

static enum pkg_code copy_acl(struct pkg_acl *out,
			      const struct config_file *file,
			      const struct acl *acl, struct pkg_err *err)
{
	out->has_use = acl->use.at != NULL;
	out->has_approve = acl->approve.at != NULL;
	out->has_sign = acl->sign.at != NULL;
	PKG_TRY(pkg_config_names(&out->use, file, &acl->use, err));
	PKG_TRY(pkg_config_names(&out->approve, file, &acl->approve, err));
	return pkg_config_names(&out->sign, file, &acl->sign, err);
}

/* From the bound table to the struct; adds the rules no table can say. */
static enum pkg_code copy(struct pkg_device_config *config,
			  const struct config_file *file,
			  const struct document *doc, struct pkg_err *err)
{
	config->id = doc->device_config == NULL ? "" : doc->device_config->text;
	config->tenant = doc->tenant == NULL ? "" : doc->tenant->text;
	config->kind = (enum pkg_container_kind)doc->kind.index;
	config->suite = suites[doc->suite.index];
	PKG_TRY(pkg_config_name(file, doc->device_config, err));
	PKG_TRY(pkg_config_name(file, doc->tenant, err));
	PKG_TRY(copy_recipients(config, file, &doc->recipients, err));
	if (doc->signing != NULL)
		PKG_TRY(copy_signing(config, file, doc->signing, err));
	if (doc->acl == NULL)
		return PKG_OK;
	return copy_acl(&config->acl, file, doc->acl, err);
}

enum pkg_code pkg_device_config_load(struct pkg_device_config **out,
				     struct pkg_crypto *crypto,
				     struct pkg_diag *diag, int dirfd,
				     const char *path, struct pkg_err *err)
{
	PKG_AUTO(pkg_device_config) struct pkg_device_config *config = NULL;
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_YAML_CONFIG};
	struct config_file file = {.path = path, .diag = diag};
	const struct opening opening = {crypto, dirfd};
	const size_t before = diag->errors;
	struct document doc = {0};
	uint8_t sha256[32];

	config = calloc(1, sizeof(*config));
	if (config == NULL)
		return pkg_fail_nomem(err);
	PKG_TRY(pkg_arena_new(&config->arena, PKG_LIMIT_ARENA, err));
	file.arena = config->arena;
	/* Findings borrow the name and outlive a config that is refused. */
	file.path = pkg_arena_dup(diag->arena, path, strlen(path), err);
	if (file.path == NULL)
		return err->code;
	PKG_TRY(pkg_path_slurp(&text, dirfd, path, err));
	PKG_TRY(pkg_digest_sha256(crypto, text.data, text.len, sha256, err));
	pkg_hex_encode(config->sha256, sha256, sizeof(sha256));
	PKG_TRY(pkg_config_bind(&file, &table, text.data, text.len, &doc, err));
	PKG_TRY(copy(config, &file, &doc, err));
	PKG_TRY(pkg_config_verdict(&file, before, "device config", err));
	if (doc.approval_policy != NULL)
		PKG_TRY(read_policy(config, &file, &opening,
				    doc.approval_policy, err));
	*out = PKG_STEAL(config);
	return PKG_OK;
}

static enum pkg_code may(const struct pkg_device_config *config,
			 const struct pkg_name_list *list, const char *verb,
			 const char *who, struct pkg_err *err)
{
	for (size_t i = 0; who != NULL && i < list->count; i++) {
		if (strcmp(list->items[i], who) == 0)
			return PKG_OK;
	}
	if (who == NULL)
		return pkg_refuse(err, PKG_NO, "not-allowed",
				  "device config '%s' says who may %s it, and "
				  "nobody knows who this is",
				  config->id, verb);
	return pkg_refuse(err, PKG_NO, "not-allowed",
			  "device config '%s' does not let '%s' %s it",
			  config->id, who, verb);
}

enum pkg_code pkg_device_config_may_use(const struct pkg_device_config *config,
					const char *who, struct pkg_err *err)
{
	return config->acl.has_use
		   ? may(config, &config->acl.use, "use", who, err)
		   : PKG_OK;
}

enum pkg_code
pkg_device_config_may_approve(const struct pkg_device_config *config,
			      const char *who, struct pkg_err *err)
{
	return config->acl.has_approve
		   ? may(config, &config->acl.approve,
			 "approve what is made with", who, err)
		   : PKG_OK;
}

enum pkg_code pkg_device_config_may_sign(const struct pkg_device_config *config,
					 const char *who, struct pkg_err *err)
{
	return config->acl.has_sign ? may(config, &config->acl.sign,
					  "sign what is made with", who, err)
				    : PKG_OK;
}

enum pkg_code
pkg_device_config_check_made(const struct pkg_device_config *config,
			     enum pkg_container_kind kind,
			     const uint8_t *policy_sha256, struct pkg_err *err)
{
	const struct pkg_approval_policy *policy = config->policy;

	if (kind != config->kind)
		return pkg_refuse(err, PKG_NO, "wrong-device-config",
				  "it is of kind '%s', and device config '%s' "
				  "asks for '%s'",
				  pkg_container_kind_name(kind), config->id,
				  pkg_container_kind_name(config->kind));
	if (policy == NULL || (policy_sha256 != NULL &&
			       memcmp(policy_sha256, policy->sha256, 32) == 0))
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "unapproved",
			 "it was made under %s approval policy, and device "
			 "config '%s' asks for '%s'",
			 policy_sha256 == NULL ? "no" : "another", config->id,
			 policy->path);
	return pkg_hint(err, "make it with that device config");
}

void pkg_device_config_free(struct pkg_device_config *config)
{
	if (config == NULL)
		return;
	pkg_approval_policy_free(config->policy);
	pkg_arena_free(config->arena);
	free(config);
}

enum pkg_code pkg_device_config_schema(struct pkg_sink *sink,
				       struct pkg_err *err)
{
	return pkg_schema_emit(&table, sink, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/text.h"
#include "sign/token.h"

#include <stdlib.h>

enum {
	FOUND_MAX = 64,    /* private keys of a token that are looked at */
	CERT_MAX = 1 << 16 /* bytes */
};

/* The value of one attribute; @len is its room before, its size after. */
static bool get(const struct key_token *token, ck_ulong object, ck_ulong type,
		void *value, ck_ulong *len)
{
	struct ck_attribute attribute = {type, value, *len};
	const ck_ulong rv = token->p11->get_attribute_value(
	    token->session, object, &attribute, 1);

	*len = attribute.len;
	return rv == CKR_OK && *len != CK_NO_VALUE;
}

/* An attribute that the module does not have is false. */
static bool get_bool(const struct key_token *token, ck_ulong object,
		     ck_ulong type)
{
	unsigned char value = 0;
	ck_ulong len = sizeof(value);

	return get(token, object, type, &value, &len) && len == 1 && value != 0;
}

static ck_ulong get_type(const struct key_token *token, ck_ulong object)
{
	ck_ulong type = CK_NO_VALUE, len = sizeof(type);

	if (!get(token, object, CKA_KEY_TYPE, &type, &len))
		return CK_NO_VALUE;
	return type;
}

struct found {
	ck_ulong objects[FOUND_MAX];
	ck_ulong count;
};

static enum pkg_code find(const struct key_token *token, struct found *found,
			  struct ck_attribute *like, ck_ulong like_count,
			  struct pkg_err *err)
{
	ck_ulong rv =
	    token->p11->find_objects_init(token->session, like, like_count);

	found->count = 0;
	while (rv == CKR_OK && found->count < FOUND_MAX) {
		ck_ulong got = 0;

		rv = token->p11->find_objects(token->session,
					      &found->objects[found->count],
					      FOUND_MAX - found->count, &got);
		if (rv != CKR_OK || got == 0 || got > FOUND_MAX - found->count)
			break;
		found->count += got;
	}
	(void)token->p11->find_objects_final(token->session);
	if (rv != CKR_OK)
		return pkg_token_failed(token, "search its keys", rv, err);
	return PKG_OK;
}

static bool is_meant(const struct key_token *token, ck_ulong object,
		     const struct pkcs11_uri *uri)
{
	uint8_t id[PKG_LIMIT_PKCS11_NAME];
	char label[PKG_LIMIT_PKCS11_NAME];
	ck_ulong id_len = sizeof(id), label_len = sizeof(label);

	if (uri->value[URI_ID] != NULL &&
	    (!get(token, object, CKA_ID, id, &id_len) ||
	     !pkg_pkcs11_uri_allows(uri, URI_ID, id, id_len)))
		return false;
	return uri->value[URI_OBJECT] == NULL ||
	       (get(token, object, CKA_LABEL, label, &label_len) &&
		pkg_pkcs11_uri_allows(uri, URI_OBJECT, label, label_len));
}

static enum pkg_code none(const struct key_token *token, ck_ulong seen,
			  struct pkg_err *err)
{
	if (seen == 0) {
		pkg_refuse(err, PKG_KEY, "token-key-missing",
			   "token '%s' shows no private key",
			   token->name.label);
		return pkg_hint(err, "is it the right token? pkcs11-tool "
				     "--login -O lists what is in it");
	}
	pkg_refuse(err, PKG_KEY, "token-key-missing",
		   "none of the %lu private keys in token '%s' has the label "
		   "or id of the URI",
		   seen, token->name.label);
	return pkg_hint(err, "compare object= and id=, whose bytes are "
			     "written id=%%01%%AB, with: pkcs11-tool --login "
			     "-O --type privkey");
}

/* The object; the others tell whether the engine can read the token at all. */
static enum pkg_code choose(struct key_token *token, ck_ulong *out,
			    const struct pkcs11_uri *uri, struct pkg_err *err)
{
	ck_ulong class = CKO_PRIVATE_KEY;
	struct ck_attribute like = {CKA_CLASS, &class, sizeof(class)};
	struct found found;
	size_t matches = 0;

	PKG_TRY(find(token, &found, &like, 1, err));
	for (ck_ulong i = 0; i < found.count; i++) {
		const ck_ulong type = get_type(token, found.objects[i]);

		if (type != CKK_RSA && type != CKK_EC)
			token->has_edwards = true;
		if (!is_meant(token, found.objects[i], uri))
			continue;
		matches++;
		*out = found.objects[i];
		token->type = type;
	}
	if (matches == 0)
		return none(token, found.count, err);
	if (matches == 1)
		return PKG_OK;
	pkg_refuse(err, PKG_KEY, "token-key-ambiguous",
		   "%zu private keys in token '%s' match the URI", matches,
		   token->name.label);
	return pkg_hint(err, "say which with object= and id=");
}

static enum pkg_code check_type(const struct key_token *token,
				struct pkg_err *err)
{
	if (token->type == CKK_RSA || token->type == CKK_EC)
		return PKG_OK;
	pkg_refuse(err, PKG_KEY, "algorithm-weak",
		   "suite packline-1 has no use for a key of type %s",
		   token->type == CKK_EC_EDWARDS ? "Ed25519" : "unknown");
	return pkg_hint(err, "use RSA of %d to %u bits, EC P-256 or P-384",
			SIGN_RSA_MIN, PKG_LIMIT_RSA_BITS);
}

static void describe(struct key_token *token, ck_ulong object)
{
	ck_ulong len = sizeof(token->id);

	if (get(token, object, CKA_ID, token->id, &len))
		token->id_len = len;
	len = sizeof(token->label) - 1;
	if (get(token, object, CKA_LABEL, token->label, &len))
		token->label_len = len;
	token->may_sign = get_bool(token, object, CKA_SIGN);
	token->may_decrypt = get_bool(token, object, CKA_DECRYPT);
	token->may_derive = get_bool(token, object, CKA_DERIVE);
	token->wants_pin = get_bool(token, object, CKA_ALWAYS_AUTHENTICATE);
}

static enum pkg_code take_cert(struct key_token *token, ck_ulong object,
			       struct pkg_err *err)
{
	ck_ulong len = 0;
	uint8_t *der = NULL;
	enum pkg_code code = PKG_OK;

	if (!get(token, object, CKA_VALUE, NULL, &len) || len == 0 ||
	    len > CERT_MAX)
		return PKG_OK;
	der = malloc(len);
	if (der == NULL)
		return pkg_fail_nomem(err);
	if (get(token, object, CKA_VALUE, der, &len))
		code = pkg_certs_add_data(token->certs, der, len,
					  "the token's certificate", err);
	free(der);
	return code;
}

/* Certificates that lie beside the key, under its id. */
static enum pkg_code find_certs(struct key_token *token, struct pkg_err *err)
{
	ck_ulong class = CKO_CERTIFICATE;
	struct ck_attribute like[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_ID, token->id, token->id_len},
	};
	struct found found;

	PKG_TRY(pkg_certs_new(&token->certs, token->crypto, err));
	if (token->id_len == 0)
		return PKG_OK;
	PKG_TRY(find(token, &found, like, 2, err));
	for (ck_ulong i = 0; i < found.count; i++)
		PKG_TRY(take_cert(token, found.objects[i], err));
	return PKG_OK;
}

enum pkg_code pkg_token_find_key(struct key_token *token,
				 const struct pkcs11_uri *uri,
				 struct pkg_err *err)
{
	ck_ulong object = 0;

	PKG_TRY(choose(token, &object, uri, err));
	PKG_TRY(check_type(token, err));
	describe(token, object);
	return find_certs(token, err);
}

static const char *wanted_right(const struct key_token *token,
				enum token_use use)
{
	if (use == TOKEN_SIGN)
		return token->may_sign ? NULL : "sign (CKA_SIGN)";
	if (token->type == CKK_RSA)
		return token->may_decrypt ? NULL : "decrypt (CKA_DECRYPT)";
	return token->may_derive ? NULL : "agree on keys (CKA_DERIVE)";
}

enum pkg_code pkg_token_may(const struct pkg_key *key, enum token_use use,
			    struct pkg_err *err)
{
	const char *lacks =
	    key->token == NULL ? NULL : wanted_right(key->token, use);

	if (lacks == NULL)
		return PKG_OK;
	pkg_refuse(err, PKG_KEY, "token-key-usage",
		   "key '%s': the token does not let it %s", key->name, lacks);
	return pkg_hint(err, "a key gets its rights when it is made: "
			     "pkcs11-tool --keypairgen with --usage-sign, "
			     "--usage-decrypt (RSA) or --usage-derive (EC)");
}

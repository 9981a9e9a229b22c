/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/key.h"

#include "packline/limits.h"
#include "packline/path.h"
#include "packline/source.h"
#include "sign/key_read.h"
#include "sign/token.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <stdlib.h>
#include <unistd.h>

static enum pkg_code slurp_private(struct pkg_buf *out, int dirfd,
				   const char *path, struct pkg_err *err)
{
	struct pkg_source_fd source;
	enum pkg_code code = PKG_OK;
	int fd = -1;

	PKG_TRY(pkg_path_open_private(&fd, dirfd, path, err));
	pkg_source_fd_init(&source, fd, path);
	code = pkg_source_slurp(&source.source, out, err);
	close(fd);
	if (code == PKG_INPUT)
		return pkg_fail(err, PKG_KEY, "more than %u bytes",
				PKG_LIMIT_KEY_FILE);
	return code;
}

/* A curve given by its parameters instead of its name: CVE-2022-0778. */
static bool is_explicit_curve(const EVP_PKEY *pkey)
{
	char encoding[32] = "";
	size_t len = 0;

	return EVP_PKEY_is_a(pkey, "EC") &&
	       EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING,
					      encoding, sizeof(encoding),
					      &len) == 1 &&
	       strcmp(encoding, "named_curve") != 0;
}

static enum pkg_code check_type(struct pkg_key *key, struct pkg_err *err)
{
	const char *name = EVP_PKEY_get0_type_name(key->pkey);

	key->type = pkg_sign_key_type(key->pkey, &key->bits);
	if (key->type != PKG_KEY_TYPE_OTHER && !is_explicit_curve(key->pkey))
		return PKG_OK;
	pkg_refuse(err, PKG_KEY, "algorithm-weak",
		   "suite packline-1 has no use for a key of type %s with %u "
		   "bits",
		   name == NULL ? "unknown" : name, key->bits);
	return pkg_hint(err, "use RSA of %d to %u bits, EC P-256 or P-384",
			SIGN_RSA_MIN, PKG_LIMIT_RSA_BITS);
}

/* Keep the file's certificates if one is the key's; that one comes first. */
static enum pkg_code take_certs(struct pkg_key *key,
				const struct pkg_certs *found,
				struct pkg_err *err)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *certs = NULL;
	size_t own = 0;

	while (own < found->count &&
	       EVP_PKEY_eq(X509_get0_pubkey(found->entries[own].x509),
			   key->pkey) != 1)
		own++;
	if (own == found->count)
		return PKG_OK;
	PKG_TRY(pkg_certs_new(&certs, key->crypto, err));
	PKG_TRY(pkg_sign_certs_push(certs, found->entries[own].x509, err));
	for (size_t i = 0; i < found->count; i++)
		if (i != own)
			PKG_TRY(pkg_sign_certs_push(
			    certs, found->entries[i].x509, err));
	key->certs = PKG_STEAL(certs);
	return PKG_OK;
}

static enum pkg_code load(struct pkg_key *key, int dirfd, const char *path,
			  const struct pkg_key_ask *ask, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf file = {.max = PKG_LIMIT_KEY_FILE, .secret = true};
	PKG_AUTO_FINI(pkg_key_reader)
	struct key_reader reader = {
	    .crypto = key->crypto,
	    .name = path,
	    .ask = ask,
	    .pass = {.max = PKG_LIMIT_SECRET, .secret = true},
	};

	PKG_TRY(slurp_private(&file, dirfd, path, err));
	PKG_TRY(pkg_sign_scope_enter(&scope, key->crypto, err));
	PKG_TRY(pkg_certs_new(&reader.certs, key->crypto, err));
	PKG_TRY(pkg_key_reader_run(&reader, &file, err));
	key->pkey = PKG_STEAL(reader.pkey);
	PKG_TRY(check_type(key, err));
	PKG_TRY(pkg_sign_spki(key->spki, key->crypto, key->pkey, err));
	return take_certs(key, reader.certs, err);
}

static enum pkg_code load_token(struct pkg_key *key, const char *word,
				const struct token_job *job,
				struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_sign_scope) struct sign_scope scope = {0};
	struct pkcs11_uri uri;
	struct token_job with_uri = *job;

	PKG_TRY(pkg_pkcs11_uri_parse(&uri, word, err));
	with_uri.uri = &uri;
	PKG_TRY(pkg_sign_scope_enter(&scope, key->crypto, err));
	PKG_TRY(pkg_token_load(&key->token, &key->pkey, key->crypto, &with_uri,
			       err));
	/* First: half a key has no type either. */
	if (pkg_sign_spki(key->spki, key->crypto, key->pkey, err) != PKG_OK)
		return pkg_token_half_key(key->token, err);
	PKG_TRY(check_type(key, err));
	return take_certs(key, key->token->certs, err);
}

enum pkg_code pkg_key_load(struct pkg_key **out, struct pkg_crypto *crypto,
			   int dirfd, const char *word,
			   const struct pkg_key_ask *ask, struct pkg_err *err)
{
	PKG_AUTO(pkg_key) struct pkg_key *key = NULL;
	const bool token = strncmp(word, "pkcs11:", 7) == 0;
	const char *path = strncmp(word, "file:", 5) == 0 ? word + 5 : word;
	const struct token_job job = {.ask = ask, .dirfd = dirfd};
	enum pkg_code code = PKG_OK;

	*out = NULL;
	key = calloc(1, sizeof(*key));
	if (key == NULL)
		return pkg_fail_nomem(err);
	key->crypto = crypto;
	key->name =
	    token ? strndup(word, pkg_pkcs11_uri_shown(word)) : strdup(word);
	if (key->name == NULL)
		return pkg_fail_nomem(err);
	code = token ? load_token(key, word, &job, err)
		     : load(key, dirfd, path, ask, err);
	if (pkg_sign_settle(code, err) != PKG_OK)
		return pkg_wrap(err, "key '%s'", token ? key->name : path);
	*out = PKG_STEAL(key);
	return PKG_OK;
}

enum pkg_key_type pkg_key_type(const struct pkg_key *key)
{
	return key->type;
}

unsigned pkg_key_bits(const struct pkg_key *key)
{
	return key->bits;
}

const char *pkg_key_name(const struct pkg_key *key)
{
	return key->name;
}

const uint8_t *pkg_key_spki(const struct pkg_key *key)
{
	return key->spki;
}

const struct pkg_certs *pkg_key_certs(const struct pkg_key *key)
{
	return key->certs;
}

bool pkg_key_is_token(const struct pkg_key *key)
{
	return key->token != NULL;
}

void pkg_key_free(struct pkg_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	pkg_token_free(key->token);
	pkg_certs_free(key->certs);
	free(key->name);
	free(key);
}

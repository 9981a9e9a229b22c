/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/kek.h"

#include "packline/crypto.h"
#include "packline/limits.h"
#include "packline/path.h"
#include "packline/secret.h"
#include "packline/source.h"
#include "packline/text.h"
#include "sign/kek_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_WORD      "kek:"
#define PASSWORD_WORD  "password:"
#define ID_OF_SITE     "kek:"
#define ID_OF_PASSWORD "scrypt:"
#define ID_LABEL       "packline-v1/kek-id"

enum {
	ID_BYTES = 8,                        /* of a hash, in hex */
	HEX = 2 * PKG_KEK_SIZE,              /* digits of a key */
	FILE_MAX = HEX + 2,                  /* and the longest line end */
	PREFIX = sizeof(ID_OF_PASSWORD) - 1, /* the longer of the two */
};
_Static_assert(PREFIX + 2 * ID_BYTES <= PKG_KEK_ID_MAX, "an id fits");

/* Letters, digits and ._+-, the first of them a letter, a digit or '_'. */
static bool is_site_id(const char *text, size_t len)
{
	static const char *const all = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789_.+-";

	return len >= 1 && len <= PKG_KEK_ID_MAX &&
	       strchr(".+-", text[0]) == NULL && strspn(text, all) >= len;
}

static bool is_hashed_id(const char *text, size_t len, const char *prefix)
{
	const size_t skip = strlen(prefix);

	return len == skip + 2UL * ID_BYTES &&
	       memcmp(text, prefix, skip) == 0 &&
	       strspn(text + skip, "0123456789abcdef") >= 2UL * ID_BYTES;
}

bool pkg_kek_id_is_scrypt(const char *id, size_t len)
{
	return is_hashed_id(id, len, ID_OF_PASSWORD);
}

bool pkg_kek_id_is_valid(const char *id, size_t len)
{
	return is_site_id(id, len) || is_hashed_id(id, len, ID_OF_SITE) ||
	       pkg_kek_id_is_scrypt(id, len);
}

bool pkg_kek_is_file_word(const char *word)
{
	return strncmp(word, FILE_WORD, sizeof(FILE_WORD) - 1) == 0;
}

bool pkg_kek_is_password_word(const char *word)
{
	return strcmp(word, PASSWORD_WORD) == 0;
}

enum pkg_code pkg_kek_check_word(const char *word, struct pkg_err *err)
{
	if (strncmp(word, PASSWORD_WORD, sizeof(PASSWORD_WORD) - 1) != 0 ||
	    pkg_kek_is_password_word(word))
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE, "a password is never given as it is");
	return pkg_hint(err, "say just password: and --password file:PATH, or "
			     "be asked for it");
}

static void hashed_id(char *out, const char *prefix, const uint8_t *hash)
{
	pkg_hex_encode(stpcpy(out, prefix), hash, ID_BYTES);
}

void pkg_kek_scrypt_id(char id[static PKG_KEK_ID_MAX + 1],
		       const struct pkg_kdf_scrypt *how)
{
	hashed_id(id, ID_OF_PASSWORD, how->salt);
}

enum pkg_code pkg_kek_split(char id[static PKG_KEK_ID_MAX + 1],
			    const char **path, const char *word,
			    struct pkg_err *err)
{
	const char *rest = word + sizeof(FILE_WORD) - 1;
	const char *equals = strchr(rest, '=');
	const size_t len = equals == NULL ? 0 : (size_t)(equals - rest);

	id[0] = '\0';
	*path = rest;
	if (is_site_id(rest, len)) {
		memcpy(id, rest, len);
		id[len] = '\0';
		*path = equals + 1;
	}
	if (**path != '\0')
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE, "'%s' names no file", word);
	return pkg_hint(err, "write kek:FILE or kek:ID=FILE");
}

static enum pkg_code kek_new(struct pkg_kek **out, struct pkg_crypto *crypto,
			     const char *name, struct pkg_err *err)
{
	PKG_AUTO(pkg_kek) struct pkg_kek *self = calloc(1, sizeof(*self));

	*out = NULL;
	if (self == NULL)
		return pkg_fail_nomem(err);
	self->crypto = crypto;
	self->name = strdup(name);
	if (self->name == NULL)
		return pkg_fail_nomem(err);
	*out = PKG_STEAL(self);
	return PKG_OK;
}

static enum pkg_code slurp_private(struct pkg_buf *out, int dirfd,
				   const char *path, struct pkg_err *err)
{
	struct pkg_source_fd source;
	enum pkg_code code = PKG_OK;
	int fd = -1;

	PKG_TRY(pkg_path_open_private(&fd, dirfd, path, err));
	pkg_source_fd_init(&source, fd, path);
	code = pkg_source_slurp(&source.source, out, err);
	(void)close(fd);
	return code;
}

/* Digits without their line end, or the bytes themselves. */
static bool take_key(struct pkg_secret *key, const struct pkg_buf *file)
{
	const char *text = pkg_buf_str(file);
	size_t len = file->len;

	if (len == PKG_KEK_SIZE) {
		memcpy(pkg_secret_data(key), text, len);
		return true;
	}
	if (len > HEX && text[len - 1] == '\n')
		len--;
	if (len > HEX && text[len - 1] == '\r')
		len--;
	return pkg_hex_decode(pkg_secret_data(key), PKG_KEK_SIZE, text, len);
}

static enum pkg_code read_file(struct pkg_kek *self, int dirfd,
			       const char *path, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf file = {.max = FILE_MAX, .secret = true};
	enum pkg_code code = slurp_private(&file, dirfd, path, err);

	if (code != PKG_OK && code != PKG_INPUT)
		return code;
	PKG_TRY(pkg_secret_new(&self->secret, PKG_KEK_SIZE, err));
	if (code == PKG_OK && take_key(self->secret, &file))
		return PKG_OK;
	*err = PKG_ERR_INIT;
	(void)pkg_fail(err, PKG_KEY,
		       "it holds neither %u bytes nor %u digits 0-9 a-f",
		       PKG_KEK_SIZE, (unsigned)HEX);
	return pkg_hint(err,
			"make one: (umask 077; openssl rand -hex %u "
			">FILE)",
			PKG_KEK_SIZE);
}

enum pkg_code pkg_kek_load(struct pkg_kek **out, struct pkg_crypto *crypto,
			   int dirfd, const char *word, struct pkg_err *err)
{
	PKG_AUTO(pkg_kek) struct pkg_kek *self = NULL;
	uint8_t hash[PKG_KDF_SIZE];
	const char *path = NULL;

	*out = NULL;
	PKG_TRY(kek_new(&self, crypto, word, err));
	PKG_TRY(pkg_kek_split(self->id, &path, word, err));
	if (read_file(self, dirfd, path, err) != PKG_OK)
		return pkg_wrap(err, "key '%s'", path);
	if (self->id[0] == '\0') {
		PKG_TRY(pkg_kdf_hmac(hash, crypto, self->secret, ID_LABEL,
				     sizeof(ID_LABEL) - 1, err));
		hashed_id(self->id, ID_OF_SITE, hash);
	}
	*out = PKG_STEAL(self);
	return PKG_OK;
}

enum pkg_code pkg_kek_of_password(struct pkg_kek **out,
				  struct pkg_crypto *crypto,
				  const struct pkg_buf *password,
				  struct pkg_err *err)
{
	PKG_AUTO(pkg_kek) struct pkg_kek *self = NULL;

	*out = NULL;
	if (password->len == 0)
		return pkg_fail(err, PKG_KEY, "the password is empty");
	PKG_TRY(kek_new(&self, crypto, PASSWORD_WORD, err));
	PKG_TRY(pkg_secret_new(&self->secret, password->len, err));
	memcpy(pkg_secret_data(self->secret), password->data, password->len);
	self->password = true;
	*out = PKG_STEAL(self);
	return PKG_OK;
}

enum pkg_code pkg_kek_derive(struct pkg_kek **out,
			     const struct pkg_kek *password,
			     const struct pkg_kdf_scrypt *how,
			     struct pkg_err *err)
{
	PKG_AUTO(pkg_kek) struct pkg_kek *self = NULL;

	*out = NULL;
	PKG_TRY(kek_new(&self, password->crypto, password->name, err));
	PKG_TRY(pkg_kdf_scrypt(&self->secret, password->crypto,
			       password->secret, how, err));
	pkg_kek_scrypt_id(self->id, how);
	*out = PKG_STEAL(self);
	return PKG_OK;
}

bool pkg_kek_is_password(const struct pkg_kek *kek)
{
	return kek->password;
}

const char *pkg_kek_id(const struct pkg_kek *kek)
{
	return kek->id;
}

const char *pkg_kek_name(const struct pkg_kek *kek)
{
	return kek->name;
}

void pkg_kek_free(struct pkg_kek *kek)
{
	if (kek == NULL)
		return;
	pkg_secret_free(kek->secret);
	free(kek->name);
	free(kek);
}

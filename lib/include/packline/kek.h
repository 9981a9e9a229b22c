/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_KEK_H
#define PKG_KEK_H

#include "packline/auto.h"
#include "packline/buf.h"
#include "packline/err.h"
#include "packline/kdf.h"

#include <stdbool.h>

/*
 * Recipients that are no public key: a key-encryption key of 256 bits that
 * both sides have, or a password of which one is made (schemas/container.md,
 * sections 7.3 and 7.5).  The bytes are in pages of their own
 * (packline/secret.h).
 */
#define PKG_KEK_ID_MAX 64u /* characters of an identifier */
#define PKG_KEK_SIZE   32u /* bytes of a key: AES-256 */

struct pkg_crypto;
struct pkg_kek;

PKG_API_BEGIN

/* Does a word begin with "kek:", does it say "password:"? */
bool pkg_kek_is_file_word(const char *word);
bool pkg_kek_is_password_word(const char *word);
/*
 * Fails with PKG_USAGE if the word begins with "password:" and goes on: that
 * is a password, which must not be opened as a file nor shown in a message.
 */
PKG_MUST_CHECK enum pkg_code pkg_kek_check_word(const char *word,
						struct pkg_err *err);
/*
 * Take a word "kek:FILE" or "kek:ID=FILE" apart.
 * @id   receives the identifier, of at most PKG_KEK_ID_MAX characters; ""
 *       if it has none.
 * @path receives where in @word the file's name begins.
 * A text before the first '=' that is no identifier (it has a '/', say) is
 * part of the file's name.  Fails with PKG_USAGE if no file is named.
 */
PKG_MUST_CHECK enum pkg_code
pkg_kek_split(char id[PKG_AT_LEAST(PKG_KEK_ID_MAX + 1)], const char **path,
	      const char *word, struct pkg_err *err);
/*
 * Read the key that @word, "kek:FILE" or "kek:ID=FILE", names.
 * @out    receives it; freed by the caller with pkg_kek_free().
 * @dirfd  what the file is relative to (AT_FDCWD is fine).
 * The file has 32 bytes, or 64 hexadecimal digits and at most one line end.
 * An identifier is [A-Za-z0-9_][A-Za-z0-9._+-]*, at most PKG_KEK_ID_MAX long;
 * without one it is "kek:" and the first 8 bytes, in hex, of HMAC-SHA-256 of
 * "packline-v1/kek-id" under the key.
 * Fails with PKG_USAGE if no file is named; PKG_KEY if the file does not hold
 * such a key or others may read it; PKG_SYSTEM if it cannot be read.
 */
PKG_MUST_CHECK enum pkg_code pkg_kek_load(struct pkg_kek **out,
					  struct pkg_crypto *crypto, int dirfd,
					  const char *word,
					  struct pkg_err *err);
/*
 * Keep a password, of which pkg_kek_derive() makes a key.
 * @password  its bytes, without a line end; copied.
 * Fails with PKG_KEY if it is empty; PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_kek_of_password(struct pkg_kek **out,
						 struct pkg_crypto *crypto,
						 const struct pkg_buf *password,
						 struct pkg_err *err);
/*
 * Make the key of a password, for one container.
 * @out       receives it; its identifier is "scrypt:" and the first 8 bytes of
 *            the salt in hex.
 * @password  of pkg_kek_of_password().
 * Fails as pkg_kdf_scrypt().
 */
PKG_MUST_CHECK enum pkg_code pkg_kek_derive(struct pkg_kek **out,
					    const struct pkg_kek *password,
					    const struct pkg_kdf_scrypt *how,
					    struct pkg_err *err);
bool pkg_kek_is_password(const struct pkg_kek *kek); /* not derived yet */
/* How the envelope names it; "" for a password that was not derived. */
const char *pkg_kek_id(const struct pkg_kek *kek);
/* The word it was loaded by, for messages: "password:" says no more. */
const char *pkg_kek_name(const struct pkg_kek *kek);
void pkg_kek_free(struct pkg_kek *kek); /* NULL is allowed; wipes */

/* How the envelope names the key of a password, from its salt. */
void pkg_kek_scrypt_id(char id[PKG_AT_LEAST(PKG_KEK_ID_MAX + 1)],
		       const struct pkg_kdf_scrypt *how);

PKG_API_END
PKG_DEFINE_AUTO(pkg_kek)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/digest.h"

#include "digest/openssl.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct algorithm {
	const char *name, *tag;
	size_t size;   /* bytes of the digest */
	size_t offset; /* in struct pkg_digests */
};

/* By the number of the PKG_DIGEST_* bit. */
static const struct algorithm algorithms[] = {
    {"md5", "MD5", 16, offsetof(struct pkg_digests, md5)},
    {"sha1", "SHA1", 20, offsetof(struct pkg_digests, sha1)},
    {"sha256", "SHA256", 32, offsetof(struct pkg_digests, sha256)},
    {"sha384", "SHA384", 48, offsetof(struct pkg_digests, sha384)},
    {"sha512", "SHA512", 64, offsetof(struct pkg_digests, sha512)},
};
_Static_assert(sizeof(algorithms) / sizeof(algorithms[0]) == PKG_DIGEST_COUNT,
	       "one row for each algorithm");

struct pkg_digest {
	struct pkg_crypto *crypto;
	unsigned set;
	EVP_MD_CTX *ctx[PKG_DIGEST_COUNT]; /* made when first used, then kept */
};

static const struct algorithm *algorithm_of(unsigned bit)
{
	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++) {
		if (bit == 1u << i)
			return &algorithms[i];
	}
	assert(!"exactly one PKG_DIGEST_* bit");
	return &algorithms[0];
}

const char *pkg_digest_name(unsigned algorithm)
{
	return algorithm_of(algorithm)->name;
}

const char *pkg_digest_tag(unsigned algorithm)
{
	return algorithm_of(algorithm)->tag;
}

unsigned pkg_digest_by_name(const char *name)
{
	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++) {
		if (strcmp(name, algorithms[i].name) == 0 ||
		    strcmp(name, algorithms[i].tag) == 0)
			return 1u << i;
	}
	return 0;
}

size_t pkg_digest_size(unsigned algorithm)
{
	return algorithm_of(algorithm)->size;
}

const uint8_t *pkg_digests_get(const struct pkg_digests *digests,
			       unsigned algorithm)
{
	return (const uint8_t *)digests + algorithm_of(algorithm)->offset;
}

void pkg_digests_put(struct pkg_digests *digests, unsigned algorithm,
		     const uint8_t *bytes)
{
	const struct algorithm *a = algorithm_of(algorithm);

	memcpy((uint8_t *)digests + a->offset, bytes, a->size);
	digests->set |= algorithm;
}

unsigned pkg_digests_differ(const struct pkg_digests *a,
			    const struct pkg_digests *b)
{
	unsigned differ = 0;

	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++) {
		const unsigned bit = 1u << i;

		if ((a->set & b->set & bit) != 0 &&
		    !pkg_crypto_equal(pkg_digests_get(a, bit),
				      pkg_digests_get(b, bit),
				      algorithms[i].size))
			differ |= bit;
	}
	return differ;
}

void pkg_digest_free(struct pkg_digest *digest)
{
	if (digest == NULL)
		return;
	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++)
		EVP_MD_CTX_free(digest->ctx[i]);
	free(digest);
}

enum pkg_code pkg_digest_new(struct pkg_digest **out, struct pkg_crypto *crypto,
			     unsigned set, struct pkg_err *err)
{
	PKG_AUTO(pkg_digest)
	struct pkg_digest *digest = calloc(1, sizeof(*digest));

	if (digest == NULL)
		return pkg_fail_nomem(err);
	digest->crypto = crypto;
	PKG_TRY(pkg_digest_reset(digest, set, err));
	*out = PKG_STEAL(digest);
	return PKG_OK;
}

enum pkg_code pkg_digest_reset(struct pkg_digest *digest, unsigned set,
			       struct pkg_err *err)
{
	assert(set != 0 && (set & ~(unsigned)PKG_DIGEST_ALL) == 0);
	digest->set = 0;
	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++) {
		const unsigned bit = 1u << i;

		if ((set & bit) == 0)
			continue;
		if (digest->ctx[i] == NULL)
			digest->ctx[i] = EVP_MD_CTX_new();
		if (digest->ctx[i] == NULL ||
		    EVP_DigestInit_ex2(digest->ctx[i],
				       pkg_crypto_md(digest->crypto, bit),
				       NULL) != 1)
			return pkg_crypto_fail(err, PKG_SYSTEM,
					       "cannot start a digest");
	}
	digest->set = set;
	return PKG_OK;
}

enum pkg_code pkg_digest_update(struct pkg_digest *digest, const void *data,
				size_t len, struct pkg_err *err)
{
	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++) {
		if ((digest->set & 1u << i) != 0 &&
		    EVP_DigestUpdate(digest->ctx[i], data, len) != 1)
			return pkg_crypto_fail(err, PKG_INTERNAL,
					       "cannot compute a digest");
	}
	return PKG_OK;
}

enum pkg_code pkg_digest_finish(struct pkg_digest *digest,
				struct pkg_digests *out, struct pkg_err *err)
{
	uint8_t bytes[EVP_MAX_MD_SIZE];

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++) {
		const unsigned bit = 1u << i;
		unsigned len = 0;

		if ((digest->set & bit) == 0)
			continue;
		if (EVP_DigestFinal_ex(digest->ctx[i], bytes, &len) != 1 ||
		    len != algorithms[i].size)
			return pkg_crypto_fail(err, PKG_INTERNAL,
					       "cannot finish a digest");
		pkg_digests_put(out, bit, bytes);
	}
	return PKG_OK;
}

enum pkg_code pkg_digest_split(struct pkg_digest *from, struct pkg_digest *to,
			       unsigned set, struct pkg_err *err)
{
	assert((from->set & set) == set);
	PKG_TRY(pkg_digest_reset(to, set, err));
	for (size_t i = 0; i < PKG_DIGEST_COUNT; i++) {
		if ((set & 1u << i) != 0 &&
		    EVP_MD_CTX_copy_ex(to->ctx[i], from->ctx[i]) != 1)
			return pkg_crypto_fail(err, PKG_SYSTEM,
					       "cannot copy a digest");
	}
	from->set &= ~set;
	return PKG_OK;
}

enum pkg_code pkg_digest_sha256(struct pkg_crypto *crypto, const void *data,
				size_t len, uint8_t out[static 32],
				struct pkg_err *err)
{
	unsigned got = 0;

	if (EVP_Digest(data, len, out, &got,
		       pkg_crypto_md(crypto, PKG_DIGEST_SHA256), NULL) != 1 ||
	    got != 32)
		return pkg_crypto_fail(err, PKG_SYSTEM,
				       "cannot compute a digest");
	return PKG_OK;
}

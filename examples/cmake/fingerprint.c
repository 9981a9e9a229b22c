/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint FILE...: the SHA-256 of each file, as sha256sum prints it.
 * Shows how the library is called: sources, digests, errors, ownership.
 */
#include "packline/crypto.h"
#include "packline/digest.h"
#include "packline/path.h"
#include "packline/source.h"
#include "packline/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Reading to the end of a digest source hashes what passes. */
static enum pkg_code hash_fd(uint8_t out[static 32], struct pkg_crypto *crypto,
			     int fd, const char *name, struct pkg_err *err)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_source_digest hashed;
	struct pkg_source_fd file;
	struct pkg_digests digests;
	uint8_t chunk[16384];
	size_t got;

	PKG_TRY(pkg_digest_new(&digest, crypto, PKG_DIGEST_SHA256, err));
	pkg_source_fd_init(&file, fd, name);
	pkg_source_digest_init(&hashed, &file.source, digest);
	do {
		PKG_TRY(pkg_source_read(&hashed.source, chunk, sizeof(chunk),
					&got, err));
	} while (got > 0);
	PKG_TRY(pkg_digest_finish(digest, &digests, err));
	memcpy(out, digests.sha256, sizeof(digests.sha256));
	return PKG_OK;
}

static enum pkg_code print_file(struct pkg_crypto *crypto, const char *path,
				struct pkg_err *err)
{
	uint8_t sha256[32];
	char hex[sizeof(sha256) * 2 + 1];
	enum pkg_code code;
	int fd;

	PKG_TRY(pkg_path_open(&fd, AT_FDCWD, path, err));
	code = hash_fd(sha256, crypto, fd, path, err);
	close(fd);
	PKG_TRY(code);
	pkg_hex_encode(hex, sha256, sizeof(sha256));
	if (printf("%s  %s\n", hex, path) < 0)
		return pkg_fail(err, PKG_SYSTEM, "cannot write");
	return PKG_OK;
}

static enum pkg_code run(int argc, char **argv, struct pkg_err *err)
{
	PKG_AUTO(pkg_crypto) struct pkg_crypto *crypto = NULL;

	PKG_TRY(pkg_crypto_new(&crypto, err));
	for (int i = 1; i < argc; i++)
		PKG_TRY(print_file(crypto, argv[i], err));
	if (fflush(stdout) != 0)
		return pkg_fail(err, PKG_SYSTEM, "cannot write");
	return PKG_OK;
}

int main(int argc, char **argv)
{
	struct pkg_err err = PKG_ERR_INIT;
	const enum pkg_code code = run(argc, argv, &err);

	if (code != PKG_OK)
		fprintf(stderr, "fingerprint: %s\n", err.text);
	if (err.hint[0] != '\0')
		fprintf(stderr, "fingerprint: hint: %s\n", err.hint);
	return (int)code;
}

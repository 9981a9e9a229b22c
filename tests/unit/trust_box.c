/* SPDX-License-Identifier: Apache-2.0 */
#include "trust_box.h"

#include "packline/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static int64_t pki_clock(const struct pkg_env *env)
{
	return env->fixed_now;
}

struct pkg_env trust_box_env(void)
{
	return (struct pkg_env){
	    .now = pki_clock, .fixed_now = PKI_NOW, .crypto = pki.crypto};
}

void trust_box_fini(struct trust_box *loaded)
{
	pkg_trust_free(loaded->trust);
	pkg_device_config_free(loaded->config);
	pkg_arena_free(loaded->arena);
}

void trust_box_start(struct trust_box *loaded)
{
	*loaded =
	    (struct trust_box){.env = trust_box_env(), .err = PKG_ERR_INIT};
	assert_int_equal(pkg_arena_new(&loaded->arena, 1u << 20, &loaded->err),
			 PKG_OK);
	loaded->diag.arena = loaded->arena;
}

void trust_box_bytes(struct trust_box *loaded, const void *data, size_t len)
{
	const char *path = pki_file("trust.yaml", data, len);

	trust_box_start(loaded);
	loaded->code =
	    pkg_trust_load(&loaded->trust, &loaded->env, &loaded->diag,
			   AT_FDCWD, path, &loaded->err);
}

/* SHA-256 of a certificate's key, as a pin has it. */
static void spki_of(char hex[65], const struct pki_cert *cert)
{
	struct pkg_certs *list = pki_one(cert);

	pkg_hex_encode(hex, pkg_certs_info(list, 0)->spki, 32);
	pkg_certs_free(list);
}

void trust_box_policy(struct trust_box *loaded, const char *text)
{
	const struct pki_cert *certs[] = {&pki.signer, &pki.rsa_signer,
					  &pki.p384_signer};
	struct pki_bytes pem = pki_cert_pem(&pki.ca);
	char policy[4096] = "";
	size_t len = 0;

	(void)pki_file("ca.pem", pem.data, pem.len);
	free(pem.data);
	for (; *text != '\0'; text++) {
		if (*text == '@') {
			spki_of(policy + len, certs[*++text - '1']);
			len += 64;
		} else {
			policy[len++] = *text;
		}
	}
	trust_box_bytes(loaded, policy, len);
}
void trust_box_certificate(struct trust_box *loaded,
			   const struct pki_cert *cert)
{
	struct pki_bytes pem = pki_cert_pem(cert);

	trust_box_bytes(loaded, pem.data, pem.len);
	free(pem.data);
	assert_int_equal(loaded->code, PKG_OK);
}

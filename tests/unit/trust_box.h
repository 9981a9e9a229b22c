/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_TRUST_BOX_H
#define UNIT_TRUST_BOX_H

#include "sign_pki.h"

#include "packline/device_config.h"
#include "packline/trust.h"

/* A loaded trust policy or device config with its findings. */
struct trust_box {
	struct pkg_env env;
	struct pkg_arena *arena;
	struct pkg_diag diag;
	struct pkg_err err;
	struct pkg_trust *trust;
	struct pkg_device_config *config;
	enum pkg_code code;
};

/* The clock of the test certificates, and their crypto context. */
struct pkg_env trust_box_env(void);
/* An empty box; every one is given back with trust_box_fini(). */
void trust_box_start(struct trust_box *loaded);
void trust_box_fini(struct trust_box *loaded);
/* Load a trust from these bytes. */
void trust_box_bytes(struct trust_box *loaded, const void *data, size_t len);
/*
 * Load a policy, in which @1, @2 and @3 stand for the keys of signer,
 * rsa_signer and p384_signer.  ca.pem lies beside it.
 */
void trust_box_policy(struct trust_box *loaded, const char *text);
/* Trust one certificate. */
void trust_box_certificate(struct trust_box *loaded,
			   const struct pki_cert *cert);

/* Parts of policies. */
#define POLICY "packline: 1\ntrust:\n  roots: [ca.pem]\n"
#define PIN    "{id: carol, spki: 'sha256:@1'}"
#define PIN2   "{id: carol, spki: 'sha256:@2'}"
#define PINS   "  signers: {pins: [" PIN "]}\n"

#endif

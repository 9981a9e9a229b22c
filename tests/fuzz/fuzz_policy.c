/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust policies, approval policies and device configs: YAML, bound to tables
 * and judged.
 */
#include "fuzz.h"

#include "packline/approval_policy.h"
#include "packline/arena.h"
#include "packline/crypto.h"
#include "packline/device_config.h"
#include "packline/trust.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ARENA = 64 << 20 };

static int64_t now(const struct pkg_env *env)
{
	return env->fixed_now;
}

static void device_config(const struct pkg_env *env, struct pkg_diag *diag,
			  const char *path)
{
	PKG_AUTO(pkg_device_config) struct pkg_device_config *config = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	const enum pkg_code code = pkg_device_config_load(
	    &config, env->crypto, diag, AT_FDCWD, path, &err);

	if (code != PKG_OK) {
		MUST_REFUSE(code, &err);
		return;
	}
	MUST(diag->errors == 0);
	MUST(pkg_container_is_name(config->id));
	MUST(pkg_container_is_name(config->tenant));
	MUST((config->recipients.count > 0) ==
	     (config->kind != PKG_CONTAINER_SIGNED));
}

static void trust_policy(const struct pkg_env *env, struct pkg_diag *diag,
			 const char *path)
{
	PKG_AUTO(pkg_trust) struct pkg_trust *trust = NULL;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	const struct pkg_signature_set nothing = {.content =
						      (const uint8_t *)""};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_signers signers;
	const enum pkg_code code =
	    pkg_trust_load(&trust, env, diag, AT_FDCWD, path, &err);

	/* a root that is not there is the system's fault */
	if (code != PKG_OK) {
		MUST(code == PKG_SYSTEM ||
		     (code == PKG_INPUT && err.reason != NULL));
		return;
	}
	MUST(diag->errors == 0);
	/* whatever it says, it does not believe what nobody signed */
	MUST(pkg_arena_new(&arena, ARENA, &err) == PKG_OK);
	MUST(pkg_trust_signatures(trust, env, &nothing, &signers, arena,
				  &err) == PKG_NO);
}

static void approval_policy(const struct pkg_env *env, struct pkg_diag *diag,
			    const char *path)
{
	PKG_AUTO(pkg_approval_policy) struct pkg_approval_policy *policy = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	const enum pkg_code code = pkg_approval_policy_load(
	    &policy, env->crypto, diag, AT_FDCWD, path, &err);

	if (code != PKG_OK) {
		/* a certificate that is not there is the system's fault */
		MUST(code == PKG_SYSTEM ||
		     (code == PKG_INPUT && err.reason != NULL));
		return;
	}
	MUST(diag->errors == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pkg_env env = {.now = now, .fixed_now = 1800000000};
	static int fd = -1;
	static char path[64];
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_diag diag = {0};

	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		MUST(pkg_crypto_new(&env.crypto, &err) == PKG_OK);
	}
	MUST(fd >= 0 && ftruncate(fd, 0) == 0);
	MUST(pwrite(fd, data, size, 0) == (ssize_t)size);
	MUST(pkg_arena_new(&arena, ARENA, &err) == PKG_OK);
	diag.arena = arena;
	trust_policy(&env, &diag, path);
	diag = (struct pkg_diag){.arena = arena};
	device_config(&env, &diag, path);
	diag = (struct pkg_diag){.arena = arena};
	approval_policy(&env, &diag, path);
	return 0;
}

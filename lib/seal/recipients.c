/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/plan.h"

#include "packline/cert.h"
#include "packline/crypto.h"
#include "packline/device_config.h"

#include <errno.h>
#include <string.h>

/* The first certificate of a file; others in it are its chain. */
static enum pkg_code add_cert(struct pkg_seal_plan *plan, int dirfd,
			      const char *path, const struct pkg_env *env,
			      struct pkg_err *err)
{
	PKG_AUTO(pkg_certs) struct pkg_certs *file = NULL;

	PKG_TRY(pkg_certs_new(&file, env->crypto, err));
	PKG_TRY(pkg_certs_add_file(file, dirfd, path, err));
	if (pkg_cert_check_recipient(file, 0, env->now(env), err) != PKG_OK)
		return pkg_wrap(err, "recipient '%s'", path);
	/* The device config may name him too. */
	if (pkg_certs_find_spki(plan->recipients,
				pkg_certs_info(file, 0)->spki) >= 0)
		return PKG_OK;
	return pkg_certs_add_cert(plan->recipients, file, 0, err);
}

/* Takes ownership of the key, unless it fails. */
static enum pkg_code push_kek(struct pkg_seal_plan *plan,
			      struct pkg_kek **take_kek, struct pkg_err *err)
{
	if (plan->kek_count == PKG_LIMIT_RECIPIENTS)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "more than %u recipients",
				  PKG_LIMIT_RECIPIENTS);
	plan->keks[plan->kek_count++] = PKG_STEAL(*take_kek);
	return PKG_OK;
}

static enum pkg_code add_kek(struct pkg_seal_plan *plan, int dirfd,
			     const char *word, const struct pkg_env *env,
			     struct pkg_err *err)
{
	PKG_AUTO(pkg_kek) struct pkg_kek *kek = NULL;

	PKG_TRY(pkg_kek_load(&kek, env->crypto, dirfd, word, err));
	for (size_t i = 0; i < plan->kek_count; i++) {
		if (strcmp(pkg_kek_id(plan->keks[i]), pkg_kek_id(kek)) != 0)
			continue;
		/* Made of the key, it is the same key; given, who knows? */
		if (strchr(pkg_kek_id(kek), ':') != NULL)
			return PKG_OK;
		return pkg_fail(err, PKG_KEY,
				"two recipients are called '%s': '%s' and "
				"'%s'",
				pkg_kek_id(kek), pkg_kek_name(plan->keks[i]),
				word);
	}
	return push_kek(plan, &kek, err);
}

static enum pkg_code add_password(struct pkg_seal_plan *plan,
				  const struct pkg_seal_create *job,
				  const struct pkg_env *env,
				  struct pkg_err *err)
{
	PKG_AUTO(pkg_kek) struct pkg_kek *kek = NULL;
	const struct pkg_kek *password = NULL;

	if (plan->spec.kdf != NULL) /* the device config says it too */
		return PKG_OK;
	if (job->password == NULL)
		return pkg_fail(err, PKG_KEY, "no password was given");
	PKG_TRY(job->password(job->password_context, &password, err));
	plan->kdf = (struct pkg_kdf_scrypt){
	    .n = PKG_LIMIT_SCRYPT_N,
	    .r = PKG_KDF_SCRYPT_R,
	    .p = PKG_KDF_SCRYPT_P,
	};
	PKG_TRY(pkg_crypto_random(env->crypto, plan->kdf.salt,
				  sizeof(plan->kdf.salt), err));
	PKG_TRY(pkg_kek_derive(&kek, password, &plan->kdf, err));
	plan->spec.kdf = &plan->kdf;
	return push_kek(plan, &kek, err);
}

static enum pkg_code add_word(struct pkg_seal_plan *plan,
			      const struct pkg_seal_create *job,
			      const char *word, const struct pkg_env *env,
			      struct pkg_err *err)
{
	PKG_TRY(pkg_kek_check_word(word, err));
	if (pkg_kek_is_password_word(word))
		return add_password(plan, job, env, err);
	if (pkg_kek_is_file_word(word))
		return add_kek(plan, job->dirfd, word, env, err);
	return add_cert(plan, job->dirfd, word, env, err);
}

enum pkg_code pkg_seal_plan_recipients(struct pkg_seal_plan *plan,
				       const struct pkg_seal_create *job,
				       const struct pkg_env *env,
				       struct pkg_err *err)
{
	const struct pkg_device_config *device = job->device;

	if (plan->spec.kind == PKG_CONTAINER_SIGNED)
		return PKG_OK;
	PKG_TRY(pkg_certs_new(&plan->recipients, env->crypto, err));
	for (size_t i = 0; device != NULL && i < device->recipients.count;
	     i++) {
		if (add_word(plan, job, device->recipients.items[i], env,
			     err) == PKG_OK)
			continue;
		if (err->os_errno == ENOENT)
			(void)pkg_hint(err, "paths in a device config are "
					    "relative to its folder");
		return pkg_wrap(err, "device config '%s'", device->id);
	}
	for (size_t i = 0; i < job->recipients.count; i++)
		PKG_TRY(
		    add_word(plan, job, job->recipients.items[i], env, err));
	plan->spec.recipients = plan->recipients;
	plan->spec.keks = (const struct pkg_kek *const *)plan->keks;
	plan->spec.kek_count = plan->kek_count;
	if (pkg_certs_count(plan->recipients) + plan->kek_count > 0)
		return PKG_OK;
	pkg_fail(err, PKG_USAGE, "a container of kind '%s' needs a recipient",
		 pkg_container_kind_name(plan->spec.kind));
	return pkg_hint(err, "give --recipient CERT");
}

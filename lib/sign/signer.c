/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/cms.h"
#include "packline/env.h"

enum pkg_code pkg_cms_sign_as(struct pkg_cms_sign_options *out,
			      const struct pkg_env *env,
			      const struct pkg_key *key,
			      const struct pkg_certs *certs,
			      struct pkg_err *err)
{
	if (certs == NULL && key == NULL)
		return pkg_fail(err, PKG_USAGE, "no certificate was named");
	if (certs == NULL)
		certs = pkg_key_certs(key);
	if (certs == NULL) {
		pkg_fail(err, PKG_KEY, "no certificate for key '%s'",
			 pkg_key_name(key));
		return pkg_hint(err, "give --cert FILE, or keep it in the key "
				     "file");
	}
	if (key != NULL)
		PKG_TRY(pkg_cert_check_key(certs, key, err));
	PKG_TRY(pkg_cert_check_signer(certs, 0, env->now(env), err));
	*out = (struct pkg_cms_sign_options){
	    .key = key,
	    .certs = certs,
	    .signing_time =
		env->has_source_date ? env->source_date : env->now(env),
	};
	return PKG_OK;
}

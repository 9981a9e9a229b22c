/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/seal.h"

#include "seal/input.h"
#include "seal/record.h"

static enum pkg_code check(const struct pkg_seal_input *input,
			   struct pkg_err *err)
{
	if (input->head->request_file) {
		pkg_fail(err, PKG_USAGE, "it is a signing request already");
		return pkg_hint(err, "give the draft that it was made of");
	}
	if (input->request == NULL) {
		pkg_refuse(err, PKG_KEY, "no-recipient-key",
			   "it is encrypted: without a key nobody can tell "
			   "what is in it");
		return pkg_hint(err, "give the key: --recipient KEY, or write "
				     "the request together with the draft: "
				     "create --request FILE");
	}
	return PKG_OK;
}

enum pkg_code pkg_seal_request(const struct pkg_seal_request *job,
			       const struct pkg_env *env, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_seal_input) struct pkg_seal_input input = {0};
	struct pkg_container_edit edit;

	PKG_TRY(pkg_seal_check_path(job->output.path, err));
	PKG_TRY(pkg_seal_input_open(&input, job->source, &job->with, env, err));
	PKG_TRY(check(&input, err));
	PKG_TRY(pkg_seal_input_read(&input, err));
	edit = (struct pkg_container_edit){
	    .signatures = input.head->signatures,
	    .signature_count = input.head->signature_count,
	    .approvals = input.head->approvals,
	    .approval_count = input.head->approval_count,
	};
	return pkg_seal_write_request(&input, &edit, &job->output, env, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/hasher.h"

struct one {
	const struct pkg_hasher_item *item;
	struct pkg_artifact *out;
	bool given;
};

static enum pkg_code one_next(void *ctx, struct pkg_hasher_item *item,
			      bool *more, struct pkg_err *err)
{
	struct one *one = ctx;

	(void)err;
	*more = !one->given;
	*item = *one->item;
	one->given = true;
	return PKG_OK;
}

static enum pkg_code one_result(void *ctx, const struct pkg_artifact *artifact,
				void *user, const struct pkg_err *failed,
				struct pkg_err *err)
{
	struct one *one = ctx;

	(void)user;
	if (failed != NULL) {
		*err = *failed;
		return failed->code;
	}
	*one->out = *artifact;
	one->out->path = one->item->path;
	return PKG_OK;
}

enum pkg_code pkg_hasher_one(struct pkg_crypto *crypto, int dirfd,
			     const struct pkg_hasher_item *item,
			     struct pkg_artifact *out, struct pkg_err *err)
{
	struct one one = {.item = item, .out = out};
	const struct pkg_hasher_options options = {.dirfd = dirfd,
						   .threads = 1};
	const struct pkg_hasher_calls calls = {
	    .next = one_next, .result = one_result, .ctx = &one};

	return pkg_hasher_run(crypto, &options, &calls, err);
}

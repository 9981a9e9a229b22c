/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of containers and signing requests, without keys; the first byte
 * as of fuzz_zip.c.
 */
#include "fuzz.h"
#include "mend.h"
#include "trickle.h"

#include "packline/container_read.h"
#include "packline/crypto.h"

enum { MAX = 1 << 20 };

/* Everything that needs no key, in the order of lib/verify. */
static enum pkg_code read_all(struct pkg_container *c, struct pkg_buf *out,
			      struct pkg_err *err)
{
	const struct pkg_container_head *head = pkg_container_head(c);
	const bool in_clear =
	    head->request_file || head->manifest.kind == PKG_CONTAINER_SIGNED;
	const bool bundle =
	    head->manifest.subject.content == PKG_CONTAINER_BUNDLE;
	struct pkg_container_bytes plan = {0};
	const struct pkg_container_request *request = NULL;
	const struct pkg_container_item *item = NULL;
	struct pkg_sink_buf sink;

	PKG_TRY(pkg_container_check_order(c, err));
	PKG_TRY(pkg_container_check_recipients(c, err));
	PKG_TRY(pkg_container_request(c, &request, err));
	MUST((request != NULL) == in_clear);
	PKG_TRY(pkg_container_plan(c, &plan, err));
	MUST(plan.len == 0 || (in_clear && bundle));
	pkg_sink_buf_init(&sink, out);
	for (;;) {
		const size_t before = out->len;

		PKG_TRY(pkg_container_next(c, &item, err));
		if (item == NULL)
			return pkg_container_finish(c, err);
		MUST(!head->request_file);
		MUST((item->file != NULL) == in_clear);
		PKG_TRY(
		    pkg_container_read(c, in_clear ? &sink.sink : NULL, err));
		MUST(!in_clear || item->file->size == out->len - before);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pkg_env env;
	PKG_AUTO(pkg_container) struct pkg_container *c = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;
	struct trickle source;
	enum pkg_code code;

	if (size < 1 || size > MAX)
		return 0;
	if (env.crypto == NULL)
		MUST(pkg_crypto_new(&env.crypto, &err) == PKG_OK);
	trickle_init(&source, data + 1, size - 1, data[0]);
	code = pkg_container_open_any(&c, &source.source, &env, &err);
	if (code == PKG_OK)
		code = read_all(c, &out, &err);
	if (code != PKG_OK)
		MUST_REFUSE(code, &err);
	else
		MUST(source.len == 0);
	return 0;
}

#ifdef PKG_LIBFUZZER
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	size = LLVMFuzzerMutate(data, size, max_size);
	if (seed % 4 == 0 || size < 1)
		return size;
	return 1 + mend_container(data + 1, size - 1, max_size - 1);
}
#endif

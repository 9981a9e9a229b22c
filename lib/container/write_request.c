/* SPDX-License-Identifier: Apache-2.0 */
#include "container/assemble.h"
#include "container/writer.h"

#include <string.h>

static struct pkg_container_bytes buf_bytes(const struct pkg_buf *buf)
{
	return (struct pkg_container_bytes){buf->data, buf->len};
}

enum pkg_code
pkg_assembly_request(struct assembly *self,
		     const struct pkg_container_request_parts *parts,
		     const struct pkg_container_edit *edit,
		     struct pkg_crypto *crypto, struct pkg_err *err)
{
	const struct pkg_container_bytes mime = {
	    (const uint8_t *)PKG_REQUEST_MIME, strlen(PKG_REQUEST_MIME)};

	PKG_TRY(pkg_assembly_put(self, MEMBER_MIMETYPE, mime, err));
	PKG_TRY(
	    pkg_assembly_put(self, MEMBER_MANIFEST, parts->manifest_json, err));
	PKG_TRY(pkg_assembly_edit(self, edit, crypto, err));
	if (parts->recipients.len > 0)
		PKG_TRY(pkg_assembly_put(self, MEMBER_RECIPIENTS,
					 parts->recipients, err));
	PKG_TRY(
	    pkg_assembly_put(self, MEMBER_REQUEST, parts->request_json, err));
	if (parts->plan.len > 0)
		PKG_TRY(pkg_assembly_put(self, MEMBER_PLAN, parts->plan, err));
	return PKG_OK;
}

enum pkg_code
pkg_container_request_write(const struct pkg_container_request_parts *parts,
			    const struct pkg_container_edit *edit,
			    const struct pkg_env *env, struct pkg_sink *sink,
			    struct pkg_err *err)
{
	const struct pkg_container_edit none = {0};
	struct assembly out;
	enum pkg_code code = pkg_assembly_init(&out, sink, err);

	if (code == PKG_OK)
		code = pkg_assembly_request(
		    &out, parts, edit == NULL ? &none : edit, env->crypto, err);
	if (code == PKG_OK)
		code = pkg_assembly_finish(&out, err);
	pkg_assembly_fini(&out);
	return code;
}

enum pkg_code
pkg_container_writer_request_file(const struct pkg_container_writer *w,
				  struct pkg_sink *sink, struct pkg_err *err)
{
	const struct pkg_container_input *first = &w->spec.inputs[0];
	const struct pkg_container_bytes signature = buf_bytes(&w->signature);
	const struct pkg_container_edit edit = {
	    .signatures = &signature,
	    .signature_count = signature.len > 0 ? 1 : 0,
	};
	struct pkg_container_request_parts parts = {
	    .manifest_json = buf_bytes(&w->manifest_json),
	    .request_json = buf_bytes(&w->request_json),
	    .recipients = buf_bytes(&w->recipients),
	};

	if (w->spec.subject.content == PKG_CONTAINER_BUNDLE) {
		if (first->from != PKG_FROM_MEMORY)
			return pkg_fail(err, PKG_INTERNAL,
					"the plan is not in memory");
		parts.plan =
		    (struct pkg_container_bytes){first->data, first->len};
	}
	return pkg_container_request_write(&parts, &edit, w->env, sink, err);
}

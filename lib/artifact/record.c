/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/artifact.h"
#include "packline/node.h"
#include "packline/text.h"

void pkg_claim_fini(struct pkg_claim *claim)
{
	pkg_buf_fini(&claim->path);
}

static enum pkg_code refuse(const struct pkg_node *node, const char *what,
			    struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);

	(void)pkg_refuse(err, PKG_INPUT, "malformed-record", "%s", what);
	return pkg_err_at(err, &mark);
}

static enum pkg_code read_digests(struct pkg_claim *out,
				  const struct pkg_node *record,
				  struct pkg_err *err)
{
	for (unsigned bit = 1; bit < PKG_DIGEST_ALL; bit <<= 1) {
		const struct pkg_node *node =
		    pkg_node_get(record, pkg_digest_name(bit));
		uint8_t bytes[PKG_DIGEST_MAX];

		if (node == NULL)
			continue;
		if (node->kind != PKG_NODE_STRING ||
		    !pkg_hex_decode(bytes, pkg_digest_size(bit), node->text,
				    node->len))
			return refuse(node,
				      "not a digest: it must be lower-case "
				      "hexadecimal of the algorithm's length",
				      err);
		pkg_digests_put(&out->digests, bit, bytes);
	}
	if (out->digests.set == 0)
		return refuse(record, "a record without any digest", err);
	return PKG_OK;
}

enum pkg_code pkg_claim_from_record(struct pkg_claim *out,
				    const struct pkg_node *record,
				    struct pkg_err *err)
{
	const struct pkg_node *type = pkg_node_get(record, "type");
	const struct pkg_node *path = pkg_node_get(record, "path");
	const struct pkg_node *size = pkg_node_get(record, "size");

	*out = (struct pkg_claim){.path.max = PKG_LIMIT_PATH - 1};
	if (type == NULL ||
	    (!pkg_node_is(type, "artifact") && !pkg_node_is(type, "container")))
		return refuse(type != NULL ? type : record,
			      "not a record of type 'artifact' or 'container'",
			      err);
	if (path == NULL || path->kind != PKG_NODE_STRING || path->len == 0)
		return refuse(path != NULL ? path : record,
			      "a record without a path", err);
	PKG_TRY(pkg_buf_add(&out->path, path->text, path->len, err));
	if (size != NULL) {
		if (size->kind != PKG_NODE_INT || size->number < 0)
			return refuse(size, "not a size in bytes", err);
		out->has_size = true;
		out->size = (uint64_t)size->number;
	}
	return read_digests(out, record, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp.h"

#include "packline/json.h"
#include "packline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * stamps.jsonl: signatures with their time stamps, by the ids of the
 * documents.  It is replaced as a whole, so it has no torn end.
 */

enum pkg_code pkg_stamps_open(struct batch_stamps *stamps,
			      const struct pkg_batch *batch,
			      struct pkg_err *err)
{
	const int dirfd = pkg_job_fd(batch->job);
	uint64_t size = 0;

	stamps->signature.max = PKG_LIMIT_SIGNATURE;
	stamps->ended =
	    faccessat(dirfd, BATCH_STAMPS, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT;
	if (stamps->ended)
		return PKG_OK;
	PKG_TRY(pkg_batch_lines_open(&stamps->lines, dirfd, BATCH_STAMPS, &size,
				     err));
	pkg_batch_lines_start(&stamps->lines, size);
	return PKG_OK;
}

static enum pkg_code take_line(struct batch_stamps *stamps,
			       struct fields *fields, struct pkg_err *err)
{
	const uint64_t last = stamps->document;
	const struct pkg_node *node = NULL;

	PKG_TRY(pkg_batch_fields_u64(fields, "id", PKG_LIMIT_BATCH_DOCUMENTS,
				     &stamps->document, err));
	PKG_TRY(pkg_fields_take(fields, "signature", PKG_NODE_STRING, 0, &node,
				err));
	PKG_TRY(pkg_fields_end(fields, err));
	if (stamps->document <= last)
		return pkg_fields_refuse(fields, err,
					 "%s: the ids are not ascending",
					 fields->document);
	pkg_buf_clear(&stamps->signature);
	if (pkg_base64_decode(&stamps->signature, node->text, node->len, err) ==
	    PKG_OK)
		return PKG_OK;
	return err->code == PKG_INPUT ? pkg_because(err, "batch-damaged")
				      : pkg_failed_(err->code);
}

enum pkg_code pkg_stamps_find(struct batch_stamps *stamps, uint64_t document,
			      bool *found, struct pkg_err *err)
{
	struct fields fields;

	while (!stamps->ended && stamps->document < document)
		if (pkg_batch_lines_next(&stamps->lines, &stamps->ended,
					 &fields, err) != PKG_OK ||
		    (!stamps->ended &&
		     take_line(stamps, &fields, err) != PKG_OK))
			return pkg_batch_lines_at(&stamps->lines, err);
	*found = !stamps->ended && stamps->document == document;
	return PKG_OK;
}

void pkg_stamps_fini(struct batch_stamps *stamps)
{
	pkg_batch_lines_fini(&stamps->lines);
	pkg_buf_fini(&stamps->signature);
}

enum pkg_code pkg_stamps_encode(struct pkg_buf *out, uint64_t document,
				const struct pkg_buf *signature,
				struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf base64 = {.max = 2 * (size_t)PKG_LIMIT_SIGNATURE};
	struct pkg_sink_buf sink;
	struct pkg_jsonw w;

	PKG_TRY(
	    pkg_base64_encode(&base64, signature->data, signature->len, err));
	pkg_sink_buf_init(&sink, out);
	pkg_jsonw_init(&w, &sink.sink, PKG_JSONW_STRICT);
	pkg_jsonw_object(&w);
	pkg_jsonw_int_member(&w, "id", (int64_t)document);
	pkg_jsonw_key(&w, "signature");
	pkg_jsonw_str(&w, pkg_buf_str(&base64), base64.len);
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "zip_out.h"

#include "impl.h"

#include "packline/zip.h"

#include <string.h>

enum {
	/* Names of 255 bytes, and what belongs to them, of every member. */
	CENTRAL_MAX = PKG_ZIP_COUNT_MAX * (46 + 28 + 256),
	LOCAL_MAX = 30 + 20 + 256,
};

static enum pkg_code write_member(struct pkg_sink *sink, const void *buf,
				  size_t len, struct pkg_err *err)
{
	struct pkg_batch_zip *zip = (struct pkg_batch_zip *)sink;

	if (len > zip->size - sink->total)
		return pkg_fail(err, PKG_INTERNAL,
				"member '%s' has more bytes than it should",
				zip->name);
	zip->crc = pkg_zip_crc32(zip->crc, buf, len);
	PKG_TRY(pkg_outfile_pwrite(zip->file, buf, len, zip->at, err));
	zip->at += len;
	return PKG_OK;
}

void pkg_batch_zip_init(struct pkg_batch_zip *zip, struct pkg_outfile *file)
{
	*zip = (struct pkg_batch_zip){
	    .file = file,
	    .central = {.max = CENTRAL_MAX},
	};
}

void pkg_batch_zip_fini(struct pkg_batch_zip *zip)
{
	pkg_buf_fini(&zip->central);
}

enum pkg_code pkg_batch_zip_begin(struct pkg_batch_zip *zip, const char *name,
				  uint64_t size, struct pkg_err *err)
{
	const struct pkg_zip_entry entry = {.name = name, .size = size};

	if (zip->count == PKG_ZIP_COUNT_MAX)
		return pkg_refuse(err, PKG_INPUT, "limit",
				  "more than %u members",
				  (unsigned)PKG_ZIP_COUNT_MAX);
	zip->sink = (struct pkg_sink){.write = write_member};
	zip->name = name;
	zip->size = size;
	zip->crc = 0;
	zip->local = zip->at;
	zip->at += pkg_zip_local(NULL, &entry);
	return PKG_OK;
}

enum pkg_code pkg_batch_zip_end(struct pkg_batch_zip *zip, struct pkg_err *err)
{
	const struct pkg_zip_entry entry = {.name = zip->name,
					    .size = zip->size,
					    .offset = zip->local,
					    .crc = zip->crc};
	const size_t central = pkg_zip_central(NULL, &entry);
	uint8_t local[LOCAL_MAX];
	size_t len = 0;

	if (zip->sink.total != zip->size || strlen(zip->name) > 255)
		return pkg_fail(err, PKG_INTERNAL,
				"member '%s' is not as it was to be",
				zip->name);
	len = pkg_zip_local(local, &entry);
	PKG_TRY(pkg_outfile_pwrite(zip->file, local, len, zip->local, err));
	PKG_TRY(pkg_buf_reserve(&zip->central, central, err));
	zip->central.len +=
	    pkg_zip_central(zip->central.data + zip->central.len, &entry);
	zip->count++;
	return PKG_OK;
}

enum pkg_code pkg_batch_zip_put(struct pkg_batch_zip *zip, const char *name,
				const void *data, size_t len,
				struct pkg_err *err)
{
	PKG_TRY(pkg_batch_zip_begin(zip, name, len, err));
	PKG_TRY(pkg_sink_write(&zip->sink, data, len, err));
	return pkg_batch_zip_end(zip, err);
}

enum pkg_code pkg_batch_zip_finish(struct pkg_batch_zip *zip,
				   struct pkg_err *err)
{
	const size_t len = zip->central.len;
	uint8_t end[PKG_ZIP_END_MAX];
	const size_t end_len = pkg_zip_end(end, zip->count, zip->at, len);

	if (len > 0)
		PKG_TRY(pkg_outfile_pwrite(zip->file, zip->central.data, len,
					   zip->at, err));
	return pkg_outfile_pwrite(zip->file, end, end_len, zip->at + len, err);
}

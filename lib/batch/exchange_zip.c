/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/exchange_impl.h"

#include "packline/path.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct exchange_numbered pkg_exchange_documents = {
    "documents-", ".jsonl", 3, PKG_LIMIT_BATCH_UPLOADS};
const struct exchange_numbered pkg_exchange_contents = {
    "content-", ".zip", 3, PKG_LIMIT_BATCH_UPLOADS};
const struct exchange_numbered pkg_exchange_approvals = {
    "approval-", ".json", 2, PKG_LIMIT_SIGNATURES};
const struct exchange_numbered pkg_exchange_signatures = {
    "approval-", ".p7s", 2, PKG_LIMIT_SIGNATURES};

void pkg_exchange_name(char out[static EXCHANGE_NAME],
		       const struct exchange_numbered *kind, unsigned number)
{
	(void)snprintf(out, EXCHANGE_NAME, "%s%0*u%s", kind->prefix,
		       (int)kind->digits, number, kind->suffix);
}

void pkg_exchange_writer_fini(struct exchange_writer *writer)
{
	pkg_zip_list_fini(&writer->list);
}

static enum pkg_code add(struct exchange_writer *writer, const char *name,
			 uint64_t size, struct pkg_err *err)
{
	const char *kept =
	    pkg_arena_dup(writer->arena, name, strlen(name), err);

	if (kept == NULL)
		return err->code;
	return pkg_zip_list_add(&writer->list, kept, size, err);
}

/* The header of the member that was added last; zeros while @known is false. */
static enum pkg_code put_header(struct exchange_writer *writer, bool known,
				struct pkg_err *err)
{
	const struct pkg_zip_entry *entry =
	    &writer->list.entries[writer->list.count - 1];
	uint8_t header[PKG_ZIP_LOCAL_MAX] = {0};
	const size_t len = pkg_zip_local(header, entry);

	if (!known)
		memset(header, 0, len);
	return pkg_sink_write(pkg_outfile_sink(writer->file), header, len, err);
}

enum pkg_code pkg_exchange_put(struct exchange_writer *writer, const char *name,
			       const void *data, size_t len,
			       struct pkg_err *err)
{
	PKG_TRY(add(writer, name, len, err));
	writer->list.entries[writer->list.count - 1].crc =
	    pkg_zip_crc32(0, data, len);
	PKG_TRY(put_header(writer, true, err));
	return pkg_sink_write(pkg_outfile_sink(writer->file), data, len, err);
}

/* Its CRC-32 is known only behind it: the header is written again. */
static enum pkg_code copy(struct exchange_writer *writer, int fd,
			  const char *name, struct pkg_err *err)
{
	struct pkg_zip_entry *entry =
	    &writer->list.entries[writer->list.count - 1];
	uint8_t header[PKG_ZIP_LOCAL_MAX];
	struct pkg_source_fd source;
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	pkg_source_fd_init(&source, fd, name);
	PKG_TRY(put_header(writer, false, err));
	do {
		PKG_TRY(pkg_source_read(&source.source, chunk, sizeof(chunk),
					&got, err));
		if (source.source.total > entry->size)
			break;
		entry->crc = pkg_zip_crc32(entry->crc, chunk, got);
		PKG_TRY(pkg_sink_write(pkg_outfile_sink(writer->file), chunk,
				       got, err));
	} while (got > 0);
	if (source.source.total != entry->size)
		return pkg_fail(err, PKG_SYSTEM,
				"'%s' was changed while it was read", name);
	return pkg_outfile_pwrite(writer->file, header,
				  pkg_zip_local(header, entry), entry->offset,
				  err);
}

enum pkg_code pkg_exchange_put_file(struct exchange_writer *writer, int dirfd,
				    const char *name, struct pkg_err *err)
{
	struct stat st;
	enum pkg_code code;
	int fd = -1;

	PKG_TRY(pkg_path_open_regular(&fd, &st, dirfd, name, true, err));
	code = add(writer, name, (uint64_t)st.st_size, err);
	if (code == PKG_OK)
		code = copy(writer, fd, name, err);
	(void)close(fd);
	return code;
}

enum pkg_code pkg_exchange_finish(struct exchange_writer *writer,
				  struct pkg_err *err)
{
	return pkg_zip_list_finish(&writer->list,
				   pkg_outfile_sink(writer->file), err);
}

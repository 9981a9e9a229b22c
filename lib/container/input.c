/* SPDX-License-Identifier: Apache-2.0 */
#include "container/input.h"

#include "packline/limits.h"
#include "packline/path.h"
#include "packline/sink.h"

#include <errno.h>
#include <unistd.h>

const char *pkg_input_name(const struct input *input)
{
	return input->spec->path != NULL ? input->spec->path
					 : input->spec->source_name;
}

static enum pkg_code changed(const struct input *input, struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_SYSTEM, "changed",
			 "'%s' changed while it was read",
			 pkg_input_name(input));
	return pkg_hint(err, "wait until whatever writes it has finished, then "
			     "try again");
}

/* Copy what @fd gives to a temporary file and wind that back. */
static enum pkg_code spool(struct input *input, int fd, const char *tmpdir,
			   struct pkg_err *err)
{
	struct pkg_source_fd source;
	struct pkg_sink_fd sink;
	uint8_t chunk[PKG_IO_CHUNK];
	size_t got = 0;

	PKG_TRY(pkg_tmpfile_open(&input->spool, tmpdir, err));
	input->spooled = true;
	pkg_source_fd_init(&source, fd, pkg_input_name(input));
	pkg_sink_fd_init(&sink, input->spool, "a temporary file");
	for (;;) {
		PKG_TRY(pkg_source_read(&source.source, chunk, sizeof(chunk),
					&got, err));
		if (got == 0)
			break;
		PKG_TRY(pkg_sink_write(&sink.sink, chunk, got, err));
	}
	PKG_TRY(pkg_sink_finish(&sink.sink, err));
	if (lseek(input->spool, 0, SEEK_SET) != 0)
		return pkg_fail_os(err, errno,
				   "cannot rewind a temporary "
				   "file");
	input->size = source.source.total;
	return PKG_OK;
}

static enum pkg_code measure_fd(struct input *input, int fd, const char *tmpdir,
				struct pkg_err *err)
{
	struct stat st;
	off_t at = 0;

	if (fstat(fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'",
				   pkg_input_name(input));
	if (!S_ISREG(st.st_mode))
		return spool(input, fd, tmpdir, err);
	at = lseek(fd, 0, SEEK_CUR);
	if (at < 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'",
				   pkg_input_name(input));
	input->size = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
	return PKG_OK;
}

enum pkg_code pkg_input_measure(struct input *input, const char *tmpdir,
				struct pkg_err *err)
{
	const struct pkg_container_input *spec = input->spec;
	enum pkg_code code = PKG_OK;
	int fd = -1;

	switch (spec->from) {
	case PKG_FROM_MEMORY:
		input->size = spec->len;
		return PKG_OK;
	case PKG_FROM_FD:
		return measure_fd(input, spec->fd, tmpdir, err);
	case PKG_FROM_PATH:
		break;
	}
	PKG_TRY(pkg_path_open(&fd, spec->dirfd, spec->path, err));
	code = measure_fd(input, fd, tmpdir, err);
	(void)close(fd);
	return code;
}

void pkg_input_fini(struct input *input)
{
	if (input->spooled)
		(void)close(input->spool);
	input->spooled = false;
}

enum pkg_code pkg_input_open(struct input_reader *reader,
			     const struct input *input, struct pkg_err *err)
{
	const struct pkg_container_input *spec = input->spec;
	int fd = -1;

	reader->input = input;
	reader->opened = -1;
	reader->left = input->size;
	if (spec->from == PKG_FROM_MEMORY) {
		pkg_source_mem_init(&reader->as.mem, spec->data, spec->len,
				    pkg_input_name(input));
		reader->source = &reader->as.mem.source;
		return PKG_OK;
	}
	if (input->spooled) {
		fd = input->spool;
	} else if (spec->from == PKG_FROM_FD) {
		fd = spec->fd;
	} else {
		PKG_TRY(pkg_path_open(&fd, spec->dirfd, spec->path, err));
		reader->opened = fd;
	}
	pkg_source_fd_init(&reader->as.fd, fd, pkg_input_name(input));
	reader->source = &reader->as.fd.source;
	if (fstat(fd, &reader->before) != 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'",
				   pkg_input_name(input));
	return PKG_OK;
}

/* All bytes are there: no more of them, and nobody wrote meanwhile? */
static enum pkg_code check_end(struct input_reader *reader, struct pkg_err *err)
{
	const struct stat *before = &reader->before;
	struct stat after;
	uint8_t more = 0;
	size_t got = 0;

	PKG_TRY(pkg_source_read(reader->source, &more, 1, &got, err));
	if (got != 0)
		return changed(reader->input, err);
	if (reader->input->spec->from == PKG_FROM_MEMORY)
		return PKG_OK;
	if (fstat(reader->as.fd.fd, &after) != 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'",
				   pkg_input_name(reader->input));
	if (after.st_size != before->st_size ||
	    after.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	    after.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		return changed(reader->input, err);
	return PKG_OK;
}

enum pkg_code pkg_input_read(struct input_reader *reader, void *buf, size_t cap,
			     size_t *got, struct pkg_err *err)
{
	*got = 0;
	if (reader->left == 0)
		return check_end(reader, err);
	if (cap > reader->left)
		cap = (size_t)reader->left;
	PKG_TRY(pkg_source_read(reader->source, buf, cap, got, err));
	if (*got == 0)
		return changed(reader->input, err);
	reader->left -= *got;
	return PKG_OK;
}

void pkg_input_reader_fini(struct input_reader *reader)
{
	if (reader->opened >= 0)
		(void)close(reader->opened);
	reader->opened = -1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_zip FILE|- [FOLDER]: the reader of foreign ZIP files for tests that are
 * in Python.  One line for each entry: method, sizes, CRC-32, name in hex; the
 * contents become FOLDER/0, FOLDER/1, ..., or are read for nothing if FOLDER is
 * /dev/null.  Its exit status is that of a tool; a refusal is three lines on
 * standard error: reason, text, hint.
 */
#include "packline/archive.h"
#include "packline/path.h"
#include "packline/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Instead of the descriptor of a folder. */
enum { NONE = -1, NOWHERE = -2 };

static enum pkg_code write_content(const struct pkg_archive *archive,
				   size_t index, int dir, struct pkg_err *err)
{
	struct pkg_sink_fd sink;
	char name[24];
	enum pkg_code code;
	int fd;

	(void)snprintf(name, sizeof(name), "%zu", index);
	fd = dir == NOWHERE
		 ? open("/dev/null", O_WRONLY | O_CLOEXEC)
		 : openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			  0600);
	if (fd < 0)
		return pkg_fail(err, PKG_SYSTEM, "cannot write %s", name);
	pkg_sink_fd_init(&sink, fd, name);
	code = pkg_archive_read(archive, index, &sink.sink, err);
	if (code == PKG_OK)
		code = pkg_sink_finish(&sink.sink, err);
	(void)close(fd);
	return code;
}

static enum pkg_code show(const struct pkg_archive *archive, int dir,
			  struct pkg_err *err)
{
	for (size_t i = 0; i < pkg_archive_count(archive); i++) {
		const struct pkg_archive_entry *e =
		    pkg_archive_entry(archive, i);
		const size_t len = strlen(e->name);
		char hex[2 * 255 + 1];

		if (len > 255 || pkg_path_name_flaw(e->name, len) != NULL)
			return pkg_fail(err, PKG_INTERNAL, "that name");
		pkg_hex_encode(hex, (const uint8_t *)e->name, len);
		(void)printf("%u %llu %llu %08x %s\n", e->method,
			     (unsigned long long)e->size,
			     (unsigned long long)e->packed_size, e->crc32, hex);
		if (dir != NONE)
			PKG_TRY(write_content(archive, i, dir, err));
	}
	return PKG_OK;
}

static enum pkg_code spool_stdin(int *fd, struct pkg_err *err)
{
	struct pkg_source_fd source;

	pkg_source_fd_init(&source, STDIN_FILENO, "standard input");
	return pkg_archive_spool(fd, &source.source, err);
}

int main(int argc, char **argv)
{
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code;
	int fd = -1, dir = NONE;

	if (argc < 2 || argc > 3)
		return PKG_USAGE;
	if (argc == 3 && strcmp(argv[2], "/dev/null") == 0) {
		dir = NOWHERE;
	} else if (argc == 3) {
		dir = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			return PKG_USAGE;
	}
	code = strcmp(argv[1], "-") == 0
		   ? spool_stdin(&fd, &err)
		   : pkg_path_open(&fd, AT_FDCWD, argv[1], &err);
	if (code == PKG_OK)
		code = pkg_archive_open(&archive, fd, NULL, &err);
	if (code == PKG_OK)
		code = show(archive, dir, &err);
	if (code != PKG_OK)
		(void)fprintf(stderr, "%s\n%s\n%s\n",
			      err.reason != NULL ? err.reason : "", err.text,
			      err.hint);
	return code;
}

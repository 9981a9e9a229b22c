/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zip_mutants FILE [STEP]: every change of one byte of a small ZIP file, to
 * each of the 255 other values; every byte left out and doubled; every cut. One
 * line for each mutant that is still read: "change OFFSET VALUE", "remove
 * OFFSET", "double OFFSET" or "cut LENGTH", and "other" behind it if names or
 * contents are not those of FILE.  Then one line "N tried".  With STEP, only
 * every STEPth of them.
 */
#include "packline/archive.h"
#include "packline/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX = 1 << 16, CONTENT_MAX = 1 << 20 };

/* Name and content of every file, one after the other, each with a NUL. */
static enum pkg_code read_all(struct pkg_buf *out, const uint8_t *data,
			      size_t len, struct pkg_err *err)
{
	PKG_AUTO(pkg_archive) struct pkg_archive *archive = NULL;
	struct pkg_sink_buf sink;
	const int fd = memfd_create("a.zip", MFD_CLOEXEC);
	enum pkg_code code;

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		return pkg_fail(err, PKG_SYSTEM, "no memory for a file");
	pkg_sink_buf_init(&sink, out);
	code = pkg_archive_open(&archive, fd, NULL, err);
	for (size_t i = 0; code == PKG_OK && i < pkg_archive_count(archive);
	     i++) {
		const char *name = pkg_archive_entry(archive, i)->name;

		code = pkg_buf_add(out, name, strlen(name) + 1, err);
		if (code == PKG_OK)
			code = pkg_archive_read(archive, i, &sink.sink, err);
		if (code == PKG_OK)
			code = pkg_buf_add(out, "", 1, err);
	}
	(void)close(fd);
	return code;
}

static size_t made, tried, step = 1;

static void try_one(const uint8_t *data, size_t len, const struct pkg_buf *want,
		    const char *what)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf got = {.max = CONTENT_MAX};
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code;

	if (made++ % step != 0)
		return;
	tried++;
	code = read_all(&got, data, len, &err);
	if (code == PKG_OK)
		(void)printf("%s%s\n", what,
			     got.len == want->len &&
				     memcmp(got.data, want->data, got.len) == 0
				 ? ""
				 : " other");
	else if (code != PKG_INPUT || err.reason == NULL ||
		 err.hint[0] == '\0') {
		(void)fprintf(stderr, "%s: %s\n", what, err.text);
		exit(PKG_INTERNAL);
	}
}

static void change_bytes(uint8_t *data, size_t len, const struct pkg_buf *want)
{
	char what[64];

	for (size_t i = 0; i < len; i++) {
		const uint8_t before = data[i];

		for (unsigned value = 0; value < 256; value++) {
			data[i] = (uint8_t)value;
			(void)snprintf(what, sizeof(what), "change %zu %u", i,
				       value);
			if (value != before)
				try_one(data, len, want, what);
		}
		data[i] = before;
	}
}

static void change_length(const uint8_t *data, size_t len,
			  const struct pkg_buf *want)
{
	static uint8_t copy[MAX + 1];
	char what[64];

	for (size_t i = 0; i < len; i++) {
		memcpy(copy, data, i);
		memcpy(copy + i, data + i + 1, len - i - 1);
		(void)snprintf(what, sizeof(what), "remove %zu", i);
		try_one(copy, len - 1, want, what);
		memcpy(copy, data, i + 1);
		memcpy(copy + i + 1, data + i, len - i);
		(void)snprintf(what, sizeof(what), "double %zu", i);
		try_one(copy, len + 1, want, what);
		(void)snprintf(what, sizeof(what), "cut %zu", i);
		try_one(data, i, want, what);
	}
}

int main(int argc, char **argv)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf file = {.max = MAX};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf want = {.max = CONTENT_MAX};
	struct pkg_err err = PKG_ERR_INIT;

	if (argc == 3)
		step = strtoul(argv[2], NULL, 10);
	if (argc < 2 || argc > 3 || step == 0)
		return PKG_USAGE;
	if (pkg_path_slurp(&file, AT_FDCWD, argv[1], &err) != PKG_OK ||
	    read_all(&want, file.data, file.len, &err) != PKG_OK) {
		(void)fprintf(stderr, "%s\n", err.text);
		return err.code;
	}
	change_bytes(file.data, file.len, &want);
	change_length(file.data, file.len, &want);
	(void)printf("%zu tried\n", tried);
	return 0;
}

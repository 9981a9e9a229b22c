/* SPDX-License-Identifier: Apache-2.0 */
#include "io/temp.h"

#include "packline/limits.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum pkg_code pkg_temp_name(char name[static TEMP_NAME], struct pkg_err *err)
{
	uint8_t raw[8];
	char hex[2 * sizeof(raw) + 1];

	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		return pkg_fail_os(err, errno, "cannot get random bytes");
	pkg_hex_encode(hex, raw, sizeof(raw));
	(void)snprintf(name, TEMP_NAME, ".packline-%s.tmp", hex);
	return PKG_OK;
}

enum pkg_code pkg_path_split(int *dir, const char **base, int dirfd,
			     const char *path, struct pkg_err *err)
{
	char folder[PKG_LIMIT_PATH];
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) : 0;

	*base = slash != NULL ? slash + 1 : path;
	if (**base == '\0' || strcmp(*base, ".") == 0 ||
	    strcmp(*base, "..") == 0)
		return pkg_fail(err, PKG_USAGE, "'%s' does not name a file",
				path);
	if (len >= sizeof(folder))
		return pkg_fail_os(err, ENAMETOOLONG, "cannot write '%s'",
				   path);
	if (slash == path)
		len = 1;
	memcpy(folder, len > 0 ? path : ".", len > 0 ? len : 1);
	folder[len > 0 ? len : 1] = '\0';
	*dir = openat(dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*dir >= 0)
		return PKG_OK;
	(void)pkg_fail_os(err, errno, "cannot open the folder of '%s'", path);
	if (err->os_errno == ENOENT)
		return pkg_hint(err, "create it first: mkdir -p '%s'", folder);
	return err->code;
}

enum pkg_code pkg_temp_unwritable(const char *path, struct pkg_err *err)
{
	(void)pkg_fail_os(err, errno, "cannot write '%s'", path);
	if (err->os_errno == EACCES)
		return pkg_hint(err, "check who may write to its folder: "
				     "ls -ld");
	return err->code;
}

enum pkg_code pkg_temp_exists(const char *path, struct pkg_err *err)
{
	(void)pkg_fail(err, PKG_USAGE, "'%s' exists already", path);
	return pkg_hint(err, "choose another name, or replace it with --force");
}

static int unnamed(const char *dir)
{
	char path[PKG_LIMIT_PATH];
	char name[TEMP_NAME];
	struct pkg_err ignored = PKG_ERR_INIT;
	int at = -1;
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	if (pkg_temp_name(name, &ignored) != PKG_OK)
		return -1;
	at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at >= 0) {
		pkg_temp_sweep(at);
		(void)close(at);
	}
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

enum pkg_code pkg_tmpfile_open(int *out, const char *dir, struct pkg_err *err)
{
	/* Payloads are large: /var/tmp is the place for large things. */
	int fd = unnamed(dir != NULL ? dir : "/var/tmp");

	if (fd < 0 && dir == NULL)
		fd = unnamed("/tmp");
	if (fd < 0)
		return pkg_fail_os(err, errno,
				   "cannot make a temporary file in '%s'",
				   dir != NULL ? dir : "/tmp");
	*out = fd;
	return PKG_OK;
}

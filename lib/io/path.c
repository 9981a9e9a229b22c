/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/path.h"

#include "packline/limits.h"
#include "packline/source.h"
#include "packline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum pkg_code explain(const char *path, int os_errno,
			     struct pkg_err *err)
{
	(void)pkg_fail_os(err, os_errno, "cannot open '%s'", path);
	if (os_errno == ENOENT)
		return pkg_hint(err, "check the spelling; relative paths start "
				     "at the current folder or at -C DIR");
	if (os_errno == EACCES)
		return pkg_hint(err, "check who may read it and the folders "
				     "above it: ls -ld");
	return err->code;
}

/* Directories can be opened for reading, but nobody means to. */
static enum pkg_code refuse_directory(int fd, const char *path,
				      struct pkg_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'", path);
	if (S_ISDIR(st.st_mode))
		return pkg_fail(err, PKG_USAGE, "'%s' is a folder, not a file",
				path);
	return PKG_OK;
}

static enum pkg_code hand_out(int *out, int fd, const char *path,
			      struct pkg_err *err)
{
	enum pkg_code code;

	if (fd < 0)
		return explain(path, errno, err);
	code = refuse_directory(fd, path, err);
	if (code == PKG_OK)
		*out = fd;
	else
		(void)close(fd);
	return code;
}

enum pkg_code pkg_path_open(int *fd, int dirfd, const char *path,
			    struct pkg_err *err)
{
	return hand_out(fd, openat(dirfd, path, O_RDONLY | O_CLOEXEC), path,
			err);
}

static enum pkg_code refuse_kind(mode_t mode, const char *path,
				 struct pkg_err *err)
{
	if (S_ISDIR(mode))
		return pkg_fail(err, PKG_USAGE, "'%s' is a folder, not a file",
				path);
	return pkg_refuse(err, PKG_INPUT, "not-a-file",
			  "'%s' is %s, not a regular file", path,
			  S_ISLNK(mode)    ? "a symbolic link"
			  : S_ISFIFO(mode) ? "a named pipe"
			  : S_ISSOCK(mode) ? "a socket"
					   : "a device");
}

enum pkg_code pkg_path_open_regular(int *fd, struct stat *st, int dirfd,
				    const char *path, bool nofollow,
				    struct pkg_err *err)
{
	/* O_NONBLOCK: opening a named pipe would wait for its writer. */
	const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
			  (nofollow ? O_NOFOLLOW : 0);
	int got = openat(dirfd, path, flags);
	enum pkg_code code;

	/* What open() says of a link and of a socket. */
	if (got < 0 && errno == ELOOP && nofollow)
		return refuse_kind(S_IFLNK, path, err);
	if (got < 0 && errno == ENXIO)
		return refuse_kind(S_IFSOCK, path, err);
	if (got < 0)
		return explain(path, errno, err);
	if (fstat(got, st) != 0)
		code = pkg_fail_os(err, errno, "cannot look at '%s'", path);
	else if (!S_ISREG(st->st_mode))
		code = refuse_kind(st->st_mode, path, err);
	else
		code = PKG_OK;
	if (code == PKG_OK)
		*fd = got;
	else
		(void)close(got);
	return code;
}

enum pkg_code pkg_path_is_there(bool *there, int dirfd, const char *path,
				struct pkg_err *err)
{
	*there = faccessat(dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return *there || errno == ENOENT
		   ? PKG_OK
		   : pkg_fail_os(err, errno, "cannot look for '%s'", path);
}

static enum pkg_code outside(const char *path, struct pkg_err *err)
{
	(void)pkg_fail(err, PKG_INPUT, "'%s' leads out of its folder", path);
	return pkg_hint(err, "name files below that folder, without '..' and "
			     "without links that leave it");
}

/* For kernels before 5.6: no link at all is followed. */
static int walk(int dirfd, const char *path)
{
	char part[PKG_LIMIT_PATH];
	int at = dirfd;

	for (;;) {
		size_t len = strcspn(path, "/");
		bool last = path[len] == '\0';
		int flags = last ? O_RDONLY : O_PATH | O_DIRECTORY;
		int next;

		if (len >= sizeof(part) || len == 0 ||
		    (len == 2 && memcmp(path, "..", 2) == 0)) {
			next = -1;
			errno = EXDEV;
		} else {
			memcpy(part, path, len);
			part[len] = '\0';
			next = openat(at, part, flags | O_NOFOLLOW | O_CLOEXEC);
		}
		if (at != dirfd) {
			int keep = errno;

			(void)close(at);
			errno = keep;
		}
		if (next < 0 || last)
			return next;
		at = next;
		path += len;
		path += strspn(path, "/");
	}
}

enum pkg_code pkg_path_open_beneath(int *fd, int dirfd, const char *path,
				    struct pkg_err *err)
{
	struct open_how how = {
	    .flags = O_RDONLY | O_CLOEXEC,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int got = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	if (got < 0 && (errno == ENOSYS || errno == EPERM))
		got = walk(dirfd, path);
	if (got < 0 && (errno == EXDEV || errno == ELOOP))
		return outside(path, err);
	return hand_out(fd, got, path, err);
}

enum pkg_code pkg_path_slurp(struct pkg_buf *out, int dirfd, const char *path,
			     struct pkg_err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = STDIN_FILENO;
	struct pkg_source_fd source;
	enum pkg_code code;

	if (!is_stdin)
		PKG_TRY(pkg_path_open(&fd, dirfd, path, err));
	pkg_source_fd_init(&source, fd, is_stdin ? "standard input" : path);
	code = pkg_source_slurp(&source.source, out, err);
	if (!is_stdin)
		(void)close(fd);
	return code;
}

static enum pkg_code check_private(int fd, const char *path,
				   struct pkg_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return pkg_fail(err, PKG_KEY, "'%s' is not a regular file",
				path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return pkg_fail(err, PKG_KEY, "'%s' belongs to another user",
				path);
	if ((st.st_mode & 077) == 0)
		return PKG_OK;
	(void)pkg_fail(err, PKG_KEY,
		       "'%s' holds a secret, but others may use "
		       "it (mode %03o)",
		       path, (unsigned)st.st_mode & 0777u);
	return pkg_hint(err, "chmod 600 '%s'", path);
}

enum pkg_code pkg_path_open_private(int *fd, int dirfd, const char *path,
				    struct pkg_err *err)
{
	int got = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum pkg_code code;

	if (got < 0) {
		code = explain(path, errno, err);
		if (err->os_errno != ENOMEM && err->os_errno != EMFILE)
			err->code = code = PKG_KEY;
		return code;
	}
	code = check_private(got, path, err);
	if (code == PKG_OK)
		*fd = got;
	else
		(void)close(got);
	return code;
}

const char *pkg_path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

bool pkg_path_is_safe_name(const char *name, size_t len)
{
	if (len == 0 || len > 255 || !pkg_utf8_valid(name, len))
		return false;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t at = 0; at < len;) {
		uint32_t c = 0;

		at += pkg_utf8_next(&c, name + at, len - at);
		/* C0, DEL and C1: terminals act on all of them. */
		if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == '/' ||
		    c == '\\')
			return false;
	}
	return true;
}

/* Not strncasecmp(), which asks the locale. */
static bool is_word(const char *stem, size_t len, const char *word)
{
	size_t i = 0;

	for (; i < len && word[i] != '\0'; i++) {
		const char c = stem[i];

		if (word[i] != (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c))
			return false;
	}
	return i == len && word[i] == '\0';
}

static bool is_one_of(const char *stem, size_t len, const char *const *words,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_word(stem, len, words[i]))
			return true;
	}
	return false;
}

bool pkg_path_is_device(const char *name)
{
	static const char *const devices[] = {"con", "prn",    "aux",
					      "nul", "conin$", "conout$"};
	static const char *const numbered[] = {"com", "lpt"};
	/* To Windows the superscripts 1, 2 and 3 are digits, too. */
	static const char *const digits[] = {
	    "1", "2", "3", "4",        "5",        "6",
	    "7", "8", "9", "\xc2\xb9", "\xc2\xb2", "\xc2\xb3"};
	size_t len = strcspn(name, ".");

	while (len > 0 && name[len - 1] == ' ')
		len--; /* it drops them before it looks */
	if (len > 3 && is_one_of(name, 3, numbered, 2))
		return is_one_of(name + 3, len - 3, digits,
				 sizeof(digits) / sizeof(digits[0]));
	return is_one_of(name, len, devices,
			 sizeof(devices) / sizeof(devices[0]));
}

static bool has_hidden(const char *name, size_t len)
{
	for (size_t at = 0; at < len;) {
		uint32_t c = 0;

		at += pkg_utf8_next(&c, name + at, len - at);
		if (pkg_text_is_hidden(c))
			return true;
	}
	return false;
}

/* "a.txt;1" is version 1 of a.txt on VMS; unzip writes a.txt anywhere. */
static bool has_version(const char *name, size_t len)
{
	while (len > 0 && name[len - 1] >= '0' && name[len - 1] <= '9')
		len--;
	return len > 0 && name[len - 1] == ';';
}

const char *pkg_path_name_flaw(const char *name, size_t len)
{
	if (len == 0)
		return "is empty";
	if (len > 255)
		return "has more than 255 bytes";
	if (!pkg_utf8_valid(name, len))
		return "is not UTF-8";
	if (has_hidden(name, len))
		return "has a control character or one that is not shown";
	if (strpbrk(name, "/\\") != NULL)
		return "names a file in a folder";
	if (strpbrk(name, ":*?\"<>|") != NULL)
		return "has one of : * ? \" < > | in it, which mean something "
		       "else to Windows";
	if (name[0] == '-')
		return "begins with '-', as options do";
	if (name[0] == '.')
		return "begins with a dot, as hidden files do";
	if (name[len - 1] == '.' || name[len - 1] == ' ')
		return "ends with a dot or a blank, which Windows drops";
	if (has_version(name, len))
		return "ends like a version of VMS, which unzip drops";
	if (pkg_path_is_device(name))
		return "is a device to Windows";
	return pkg_path_is_safe_name(name, len) ? NULL
						: "is not a safe file name";
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

bool pkg_path_is_name(const char *text)
{
	const size_t len = strlen(text);

	if (len == 0 || len > PKG_LIMIT_MEMBER_NAME ||
	    (!is_alnum(text[0]) && text[0] != '_') || text[len - 1] == '.')
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!is_alnum(text[i]) && strchr("._+-", text[i]) == NULL)
			return false;
	}
	return !pkg_path_is_device(text);
}

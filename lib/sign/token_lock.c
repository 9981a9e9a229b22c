/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/text.h"
#include "sign/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * A file of this user that is locked (flock) while a key of the token is
 * open.  Its name is a hash of what the token says it is, so that it does not
 * matter through which module it is reached.  It lies in /run/user/UID, which
 * belongs to this user alone, or if there is none in /tmp/packline-UID, which
 * must.  Not XDG_RUNTIME_DIR: two processes with another environment would
 * not see each other.
 */
enum {
	WAIT_STEP_MS = 100,
	WAIT_STEPS = 600, /* a minute: an HSM signs in seconds */
};

/* A folder that nobody else can put anything into. */
static int open_own_folder(const char *path)
{
	const int fd =
	    open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return fd;
	close(fd);
	return -1;
}

static enum pkg_code open_folder(struct key_token *token, struct pkg_err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/run/user/%lu", (unsigned long)geteuid());
	token->lock_dir = open_own_folder(path);
	if (token->lock_dir >= 0)
		return PKG_OK;
	snprintf(path, sizeof(path), "/tmp/packline-%lu",
		 (unsigned long)geteuid());
	if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
		return pkg_fail_os(err, errno, "cannot make '%s'", path);
	token->lock_dir = open_own_folder(path);
	if (token->lock_dir >= 0)
		return PKG_OK;
	pkg_refuse(err, PKG_KEY, "token-busy",
		   "'%s', which keeps processes from using one token at a "
		   "time, is not a folder of yours alone",
		   path);
	return pkg_hint(err, "find out who made it, then remove it");
}

static enum pkg_code name_lock(struct key_token *token, struct pkg_err *err)
{
	uint8_t sha256[32];
	char hex[65];

	/* All of it is text and zeros: see pkg_token_find(). */
	PKG_TRY(pkg_sign_sha256(sha256, token->crypto, &token->name,
				sizeof(token->name), err));
	pkg_hex_encode(hex, sha256, sizeof(sha256));
	snprintf(token->lock_name, sizeof(token->lock_name),
		 "packline-token-%.32s", hex);
	return PKG_OK;
}

/* True once we hold the file that the name still stands for. */
static bool try_lock(struct key_token *token)
{
	struct stat held, named;

	if (token->lock_fd < 0)
		token->lock_fd =
		    openat(token->lock_dir, token->lock_name,
			   O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			   S_IRUSR | S_IWUSR);
	if (token->lock_fd < 0 || flock(token->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return false;
	if (fstat(token->lock_fd, &held) == 0 &&
	    fstatat(token->lock_dir, token->lock_name, &named,
		    AT_SYMLINK_NOFOLLOW) == 0 &&
	    held.st_dev == named.st_dev && held.st_ino == named.st_ino)
		return true;
	/* Whoever held it has removed it since. */
	close(token->lock_fd);
	token->lock_fd = -1;
	errno = ENOENT; /* not that of an earlier try */
	return false;
}

enum pkg_code pkg_token_lock(struct key_token *token, struct pkg_err *err)
{
	const struct timespec step = {.tv_nsec = WAIT_STEP_MS * 1000000L};

	PKG_TRY(open_folder(token, err));
	PKG_TRY(name_lock(token, err));
	for (int i = 0; i < WAIT_STEPS; i++) {
		if (try_lock(token))
			return PKG_OK;
		if (token->lock_fd < 0 && errno != ENOENT)
			return pkg_fail_os(err, errno,
					   "cannot make the lock of a token");
		(void)nanosleep(&step, NULL);
	}
	if (token->lock_fd >= 0)
		close(token->lock_fd);
	token->lock_fd = -1;
	pkg_refuse(err, PKG_KEY, "token-busy",
		   "another process has been using token '%s' for a minute",
		   token->name.label);
	return pkg_hint(err, "wait for it: a token does one thing at a time");
}

void pkg_token_unlock(struct key_token *token)
{
	if (token->lock_fd >= 0) {
		/* While it is held: who waits for it makes a new one then. */
		(void)unlinkat(token->lock_dir, token->lock_name, 0);
		close(token->lock_fd);
	}
	if (token->lock_dir >= 0)
		close(token->lock_dir);
	token->lock_fd = -1;
	token->lock_dir = -1;
}

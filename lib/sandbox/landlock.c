/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's interface (Documentation/userspace-api/landlock.rst), spelled
 * out: system headers may be older than the kernel that this runs on.
 */
struct ruleset {
	uint64_t fs;
	uint64_t net;    /* version 4 */
	uint64_t scoped; /* version 6 */
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

enum { RULE_PATH_BENEATH = 1, CREATE_RULESET_VERSION = 1 };

#define BIT(n)         (1ULL << (n))
#define FS_WRITE_FILE  BIT(1)
#define FS_READ_FILE   BIT(2)
#define FS_READ_DIR    BIT(3)
#define FS_REMOVE_DIR  BIT(4)
#define FS_REMOVE_FILE BIT(5)
#define FS_MAKE_DIR    BIT(7)
#define FS_MAKE_REG    BIT(8)
#define FS_TRUNCATE    BIT(14)

/* Bits that a version of the interface knows: all below its first unknown. */
static uint64_t known_fs(int version)
{
	if (version >= 5)
		return BIT(16) - 1; /* ... ioctl() on devices */
	if (version >= 3)
		return BIT(15) - 1; /* ... truncating */
	if (version == 2)
		return BIT(14) - 1; /* ... linking to another folder */
	return BIT(13) - 1;
}

int pkg_landlock_version(void)
{
	const long version =
	    syscall(SYS_landlock_create_ruleset, NULL, (size_t)0,
		    (unsigned)CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

static enum pkg_code allow(int ruleset, int folder, uint64_t rights,
			   struct pkg_err *err)
{
	const struct path_beneath rule = {rights, folder};

	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule,
		    0U) != 0)
		return pkg_fail_os(err, errno,
				   "cannot keep a folder for the sandbox");
	return PKG_OK;
}

static enum pkg_code allow_reading(int ruleset, const char *path,
				   struct pkg_err *err)
{
	const int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	enum pkg_code code = PKG_OK;

	if (folder < 0)
		return PKG_OK;
	code = allow(ruleset, folder, FS_READ_FILE | FS_READ_DIR, err);
	(void)close(folder);
	return code;
}

static enum pkg_code fill(int ruleset, int version,
			  const struct pkg_sandbox_options *options,
			  struct pkg_err *err)
{
	const uint64_t rights =
	    known_fs(version) &
	    (FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR | FS_REMOVE_DIR |
	     FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG | FS_TRUNCATE);

	for (size_t i = 0; i < options->write_dir_count; i++)
		PKG_TRY(allow(ruleset, options->write_dirs[i], rights, err));
	if (options->read_anywhere)
		PKG_TRY(allow_reading(ruleset, "/", err));
	if (SANDBOX_SANITIZED)
		PKG_TRY(allow_reading(ruleset, "/proc", err));
	if (syscall(SYS_landlock_restrict_self, ruleset, 0U) != 0)
		return pkg_fail_os(err, errno, "cannot enter the sandbox");
	return PKG_OK;
}

enum pkg_code pkg_landlock_enter(int version,
				 const struct pkg_sandbox_options *options,
				 struct pkg_err *err)
{
	const struct ruleset all = {
	    .fs = known_fs(version),
	    .net = version >= 4 ? BIT(2) - 1 : 0,
	    .scoped = version >= 6 ? BIT(2) - 1 : 0,
	};
	/* What follows the last known field must not be there. */
	const size_t size = version >= 6   ? sizeof(all)
			    : version >= 4 ? offsetof(struct ruleset, scoped)
					   : offsetof(struct ruleset, net);
	const long ruleset =
	    syscall(SYS_landlock_create_ruleset, &all, size, 0U);
	enum pkg_code code = PKG_OK;

	if (ruleset < 0)
		return pkg_fail_os(err, errno, "cannot set up the sandbox");
	code = fill((int)ruleset, version, options, err);
	(void)close((int)ruleset);
	return code;
}

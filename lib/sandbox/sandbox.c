/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/sandbox.h"

#include "internal.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

struct pkg_sandbox pkg_sandbox_probe(void)
{
	return (struct pkg_sandbox){
	    .landlock = pkg_landlock_version(),
	    .seccomp = pkg_seccomp_exists(),
	};
}

enum pkg_code pkg_sandbox_enter(struct pkg_sandbox *active,
				const struct pkg_sandbox_options *options,
				struct pkg_err *err)
{
	static const struct pkg_sandbox_options nothing = {0};
	const struct pkg_sandbox has = pkg_sandbox_probe();

	if (options == NULL)
		options = &nothing;
	if (active != NULL)
		*active = has;
	/* Both ask for it, lest a set-user-id program be fooled. */
	if ((has.landlock > 0 || has.seccomp) &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return pkg_fail_os(err, errno, "cannot give up privileges");
	if (has.landlock > 0)
		PKG_TRY(pkg_landlock_enter(has.landlock, options, err));
	if (has.seccomp)
		PKG_TRY(pkg_seccomp_enter(options->write_dir_count > 0 ||
					      options->read_anywhere,
					  err));
	return PKG_OK;
}

void pkg_sandbox_hide_memory(void)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	/* A core that goes to a pipe ignores the limit, but not this. */
	if (!SANDBOX_SANITIZED)
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

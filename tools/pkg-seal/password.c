/* SPDX-License-Identifier: Apache-2.0 */
/* The password of a container that is made. */
#include "pkg-seal/common.h"

#include "packline/device_config.h"

/* One for all containers of a lock. */
static enum pkg_code ask(void *context, const struct pkg_kek **out,
			 struct pkg_err *err)
{
	struct seal_tool *tool = context;

	if (tool->password == NULL)
		PKG_TRY(password_load(&tool->password, tool->cli,
				      tool->password_spec, true, err));
	*out = tool->password;
	return PKG_OK;
}

static bool has_password(const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (pkg_kek_is_password_word(words[i]))
			return true;
	return false;
}

enum pkg_code seal_tool_password(struct seal_tool *tool,
				 struct pkg_seal_create *job, const char *spec,
				 bool from_lock, struct pkg_err *err)
{
	const struct pkg_device_config *device = job->device;

	tool->password_spec = spec;
	job->password = ask;
	job->password_context = tool;
	/* A lock names device configs that are not read yet. */
	if (spec == NULL || from_lock ||
	    has_password(job->recipients.items, job->recipients.count) ||
	    (device != NULL &&
	     has_password(device->recipients.items, device->recipients.count)))
		return PKG_OK;
	return pkg_fail(err, PKG_USAGE,
			"--password is for --recipient password:");
}

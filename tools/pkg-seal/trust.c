/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-seal/common.h"

#include "packline/device_config.h"
#include "packline/trust.h"

#include <string.h>

enum pkg_code seal_check_trust(const char *path, struct pkg_err *err)
{
	if (path != NULL)
		return PKG_OK;
	pkg_fail(err, PKG_USAGE, "nobody is trusted");
	return pkg_hint(err, "give --trust FILE: a certificate or a policy");
}

enum pkg_code seal_tool_trust(struct pkg_trust **out, struct seal_tool *tool,
			      const char *path, struct pkg_err *err)
{
	const enum pkg_code code =
	    pkg_trust_load(out, cli_env(tool->cli), &tool->diag,
			   cli_dirfd(tool->cli), path, err);

	seal_tool_findings(tool);
	return code;
}

enum pkg_code seal_tool_demands(struct pkg_trust_demands *demands,
				const struct seal_tool *tool,
				const char *tenant, const char *time,
				struct pkg_err *err)
{
	demands->tenant = tenant;
	if (tool->device != NULL) {
		demands->device = tool->device;
		demands->device_config = tool->device->id;
		demands->device_config_sha256 = tool->device->sha256;
		if (demands->tenant == NULL)
			demands->tenant = tool->device->tenant;
		if (strcmp(demands->tenant, tool->device->tenant) != 0)
			return pkg_fail(err, PKG_USAGE,
					"device config '%s' is for tenant "
					"'%s', but --tenant says '%s'",
					tool->device->id, tool->device->tenant,
					demands->tenant);
	}
	if (time == NULL)
		return PKG_OK;
	demands->has_clock = true;
	if (pkg_clock_parse(&demands->clock, time))
		return PKG_OK;
	pkg_fail(err, PKG_USAGE, "'%s' is not a time mode", time);
	return pkg_hint(err, "system, at=2026-12-01T02:00:00Z, tsa or none");
}

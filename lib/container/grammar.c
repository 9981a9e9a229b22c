/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/container.h"
#include "packline/path.h"
#include "packline/text.h"

#include <string.h>

bool pkg_container_is_name(const char *text)
{
	return pkg_path_is_name(text);
}

bool pkg_container_is_text(const char *text)
{
	const size_t len = strlen(text);

	if (len == 0 || len > PKG_LIMIT_TEXT_FIELD ||
	    !pkg_utf8_valid(text, len))
		return false;
	for (size_t at = 0; at < len;) {
		uint32_t c = 0;

		at += pkg_utf8_next(&c, text + at, len - at);
		if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			return false;
	}
	return true;
}

bool pkg_container_is_time(const char *text)
{
	int64_t seconds = 0;
	char again[21];

	return pkg_time_parse(&seconds, text, strlen(text)) &&
	       pkg_time_format(again, seconds) && strcmp(text, again) == 0;
}

const char *pkg_container_kind_name(enum pkg_container_kind kind)
{
	switch (kind) {
	case PKG_CONTAINER_SIGNED:
		return "signed";
	case PKG_CONTAINER_SEALED:
		return "sealed";
	case PKG_CONTAINER_ENCRYPTED:
		return "encrypted";
	}
	return NULL;
}

const char *pkg_container_content_name(enum pkg_container_content content)
{
	switch (content) {
	case PKG_CONTAINER_FILES:
		return "files";
	case PKG_CONTAINER_BUNDLE:
		return "bundle";
	}
	return NULL;
}

const char *pkg_container_role_name(enum pkg_container_role role)
{
	switch (role) {
	case PKG_ROLE_RECIPIENTS:
		return "recipients";
	case PKG_ROLE_REQUEST:
		return "request";
	case PKG_ROLE_METADATA:
		return "metadata";
	case PKG_ROLE_PAYLOAD:
		return "payload";
	}
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "packline/pattern.h"

#include <string.h>

/* A pattern, a newline, and the text that it is tried on. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *newline = size > 0 ? memchr(text, '\n', size) : NULL;
	PKG_AUTO(pkg_pattern) struct pkg_pattern *pattern = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	enum pkg_code code;
	bool matches = false;
	size_t len, rest;

	if (newline == NULL)
		return 0;
	len = (size_t)(newline - text);
	rest = size - len - 1;
	code =
	    pkg_pattern_new(&pattern, PKG_PATTERN_GLOB, text, len, NULL, &err);
	/* the translation is never at fault: what PCRE2 refuses is a range */
	MUST(code == PKG_OK ||
	     (code == PKG_INPUT && strcmp(err.reason, "bad-pattern") == 0));
	if (code != PKG_OK) {
		/* the reason is told, however long the pattern is */
		MUST(strncmp(err.text, "bad pattern", 11) != 0 ||
		     strstr(err.text, "range out of order") != NULL);
		return 0;
	}
	code = pkg_pattern_match(pattern, newline + 1, rest, &matches, &err);
	MUST(code == PKG_OK || code == PKG_INPUT);
	if (code != PKG_OK || !matches)
		return 0;
	/* a match is in the folder that is walked for it */
	MUST(strncmp(newline + 1, pkg_pattern_base(pattern),
		     strlen(pkg_pattern_base(pattern))) == 0);
	/* no wildcard makes a hidden folder or file */
	if (rest > 0 && newline[1] == '.')
		MUST(text[0] == '.' || text[0] == '\\' || text[0] == '{' ||
		     text[0] == '*');
	return 0;
}

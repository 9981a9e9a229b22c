/* SPDX-License-Identifier: Apache-2.0 */
#include "import/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>

/* One part of an address, or NULL; freed with curl_free(). */
static char *part(CURLU *url, CURLUPart what)
{
	char *text = NULL;

	return curl_url_get(url, what, &text, 0) == CURLUE_OK ? text : NULL;
}

static bool has_part(CURLU *url, CURLUPart what)
{
	char *text = part(url, what);
	const bool has = text != NULL;

	curl_free(text);
	return has;
}

static bool is_this_machine(const char *host)
{
	struct in_addr address;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &address) == 1 &&
	       ntohl(address.s_addr) >> 24 == 127;
}

static enum pkg_code check_parts(CURLU *url, const char *given,
				 struct pkg_err *err)
{
	if (has_part(url, CURLUPART_USER) ||
	    has_part(url, CURLUPART_PASSWORD)) {
		(void)pkg_fail(err, PKG_USAGE,
			       "the address of the server holds credentials, "
			       "which other users of this machine can see");
		return pkg_hint(err, "write them to a file and give --netrc");
	}
	if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
		return pkg_fail(err, PKG_USAGE,
				"'%s' has more than an address: no ? and no #",
				given);
	return PKG_OK;
}

/* Only to this machine may credentials go in the clear. */
static enum pkg_code check_scheme(CURLU *url, bool *plain, const char *given,
				  struct pkg_err *err)
{
	char *scheme = part(url, CURLUPART_SCHEME);
	char *host = part(url, CURLUPART_HOST);
	enum pkg_code code = PKG_OK;

	*plain = scheme != NULL && strcmp(scheme, "http") == 0;
	if (scheme == NULL || host == NULL ||
	    (!*plain && strcmp(scheme, "https") != 0))
		code = pkg_fail(err, PKG_USAGE, "'%s' is no https:// address",
				given);
	else if (*plain && !is_this_machine(host)) {
		(void)pkg_fail(err, PKG_USAGE,
			       "'%s' is not encrypted: everybody on the way "
			       "could read the credentials",
			       given);
		code = pkg_hint(err, "give an https:// address; http:// is for "
				     "127.0.0.1 only");
	}
	curl_free(scheme);
	curl_free(host);
	return code;
}

static enum pkg_code put_address(CURLU *url, struct pkg_buf *out,
				 struct pkg_err *err)
{
	char *text = part(url, CURLUPART_URL);
	enum pkg_code code = PKG_OK;
	size_t len;

	if (text == NULL)
		return pkg_fail_nomem(err);
	len = strlen(text);
	while (len > 0 && text[len - 1] == '/')
		len--;
	code = pkg_buf_add(out, text, len, err);
	curl_free(text);
	return code;
}

enum pkg_code http_check_address(struct pkg_buf *out, bool *plain,
				 const char *given, struct pkg_err *err)
{
	CURLU *url = curl_url();
	enum pkg_code code = PKG_OK;

	if (url == NULL)
		return pkg_fail_nomem(err);
	if (curl_url_set(url, CURLUPART_URL, given, CURLU_NON_SUPPORT_SCHEME) !=
	    CURLUE_OK) {
		(void)pkg_fail(err, PKG_USAGE, "'%s' is no address", given);
		code = pkg_hint(err, "such as --server "
				     "https://updates.example.com");
	}
	if (code == PKG_OK)
		code = check_parts(url, given, err);
	if (code == PKG_OK)
		code = check_scheme(url, plain, given, err);
	if (code == PKG_OK)
		code = put_address(url, out, err);
	curl_url_cleanup(url);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "import/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

/* One part of an address, freed with curl_free(); NULL = it has none. */
static enum pkg_code get_part(CURLU *url, CURLUPart what, char **out,
			      struct pkg_err *err)
{
	*out = NULL;
	if (curl_url_get(url, what, out, 0) == CURLUE_OUT_OF_MEMORY)
		return pkg_fail_nomem(err);
	return PKG_OK;
}

static enum pkg_code has_part(CURLU *url, CURLUPart what, bool *has,
			      struct pkg_err *err)
{
	char *text = NULL;

	PKG_TRY(get_part(url, what, &text, err));
	*has |= text != NULL;
	curl_free(text);
	return PKG_OK;
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
	bool secret = false, more = false;

	PKG_TRY(has_part(url, CURLUPART_USER, &secret, err));
	PKG_TRY(has_part(url, CURLUPART_PASSWORD, &secret, err));
	PKG_TRY(has_part(url, CURLUPART_QUERY, &more, err));
	PKG_TRY(has_part(url, CURLUPART_FRAGMENT, &more, err));
	if (secret) {
		(void)pkg_fail(err, PKG_USAGE,
			       "the address of the server holds credentials, "
			       "which other users of this machine can see");
		return pkg_hint(err, "write them to a file and give --netrc");
	}
	if (more)
		return pkg_fail(err, PKG_USAGE,
				"'%s' has more than an address: no ? and no #",
				given);
	return PKG_OK;
}

/* Only to this machine may credentials go in the clear. */
static enum pkg_code check_scheme(CURLU *url, bool *plain, const char *given,
				  struct pkg_err *err)
{
	char *scheme = NULL, *host = NULL;
	enum pkg_code code = get_part(url, CURLUPART_SCHEME, &scheme, err);

	if (code == PKG_OK)
		code = get_part(url, CURLUPART_HOST, &host, err);
	*plain = scheme != NULL && strcmp(scheme, "http") == 0;
	if (code != PKG_OK)
		; /* said already */
	else if (scheme == NULL || host == NULL ||
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
	char *text = NULL;
	enum pkg_code code = PKG_OK;
	size_t len;

	PKG_TRY(get_part(url, CURLUPART_URL, &text, err));
	if (text == NULL)
		return pkg_fail(err, PKG_INTERNAL, "an address without text");
	len = strlen(text);
	while (len > 0 && text[len - 1] == '/')
		len--;
	code = pkg_buf_add(out, text, len, err);
	curl_free(text);
	return code;
}

/* As a name: [::1] is ::1. */
static enum pkg_code put_host(CURLU *url, struct pkg_buf *out,
			      struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;
	char *text = NULL;
	size_t skip;

	PKG_TRY(get_part(url, CURLUPART_HOST, &text, err));
	if (text == NULL)
		return pkg_fail(err, PKG_INTERNAL, "an address without host");
	skip = text[0] == '[';
	code = pkg_buf_add(out, text + skip, strlen(text) - 2 * skip, err);
	curl_free(text);
	return code;
}

static enum pkg_code parse(CURLU *url, const char *given, struct pkg_err *err)
{
	CURLUcode code = CURLUE_OK;

	errno = 0;
	code =
	    curl_url_set(url, CURLUPART_URL, given, CURLU_NON_SUPPORT_SCHEME);
	if (code == CURLUE_OK)
		return PKG_OK;
	if (errno == ENOMEM) /* libcurl calls that malformed, too */
		return pkg_fail_nomem(err);
	(void)pkg_fail(err, PKG_USAGE, "'%s' is no address", given);
	return pkg_hint(err, "such as --server https://updates.example.com");
}

enum pkg_code http_check_address(struct pkg_buf *out, struct pkg_buf *host,
				 bool *plain, const char *given,
				 struct pkg_err *err)
{
	CURLU *url = curl_url();
	enum pkg_code code = PKG_OK;

	if (url == NULL)
		return pkg_fail_nomem(err);
	code = parse(url, given, err);
	if (code == PKG_OK)
		code = check_parts(url, given, err);
	if (code == PKG_OK)
		code = check_scheme(url, plain, given, err);
	if (code == PKG_OK)
		code = put_address(url, out, err);
	if (code == PKG_OK)
		code = put_host(url, host, err);
	curl_url_cleanup(url);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* pkcs11: URIs of keys. */
#include "fuzz.h"

#include "sign/pkcs11_uri.h"

#include <string.h>

#define SCHEME "pkcs11:"

/* What was decoded is the same when it is encoded and decoded again. */
static void round_trip(const struct pkcs11_uri *uri)
{
	static const char *const names[URI_COUNT] = {
	    "token",  "manufacturer", "model", "serial",    "slot-id",
	    "object", "id",           "type",  "pin-source"};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = 1 << 16};
	struct pkcs11_uri again;
	struct pkg_err err = PKG_ERR_INIT;
	char separator = ':';

	MUST(pkg_buf_puts(&text, "pkcs11", &err) == PKG_OK);
	for (size_t i = 0; i < URI_PIN_SOURCE; i++) {
		if (uri->value[i] == NULL)
			continue;
		MUST(uri->len[i] > 0 && uri->value[i][uri->len[i]] == '\0');
		MUST(pkg_pkcs11_uri_put(&text, separator, names[i],
					uri->value[i], uri->len[i],
					&err) == PKG_OK);
		separator = ';';
	}
	/* without any attribute there is nothing behind the scheme */
	if (separator == ':' || text.len >= sizeof(uri->store))
		return;
	MUST(pkg_pkcs11_uri_parse(&again, pkg_buf_str(&text), &err) == PKG_OK);
	for (size_t i = 0; i < URI_PIN_SOURCE; i++)
		MUST(uri->value[i] == NULL
			 ? again.value[i] == NULL
			 : pkg_pkcs11_uri_allows(&again, (enum pkcs11_attr)i,
						 uri->value[i], uri->len[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t scheme = strlen(SCHEME);
	char *text = malloc(scheme + size + 1);
	struct pkg_err err = PKG_ERR_INIT;
	struct pkcs11_uri uri;
	enum pkg_code code;

	MUST(text != NULL);
	memcpy(text, SCHEME, scheme);
	memcpy(text + scheme, data, size);
	text[scheme + size] = '\0';
	code = pkg_pkcs11_uri_parse(&uri, text, &err);
	if (code == PKG_OK)
		round_trip(&uri);
	else
		MUST(code == PKG_KEY && err.reason != NULL);
	MUST(pkg_pkcs11_uri_shown(text) <= strlen(text));
	free(text);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/pkcs11_uri.h"

#include "packline/text.h"

#include <string.h>

/* max: bytes that PKCS#11 has room for, decoded. */
static const struct attr_rule {
	const char *name;
	size_t max;
	bool query, any_bytes;
} rules[URI_COUNT] = {
    [URI_TOKEN] = {"token", 32, false, false},
    [URI_MANUFACTURER] = {"manufacturer", 32, false, false},
    [URI_MODEL] = {"model", 16, false, false},
    [URI_SERIAL] = {"serial", 16, false, false},
    [URI_SLOT_ID] = {"slot-id", 18, false, false},
    [URI_OBJECT] = {"object", PKG_LIMIT_PKCS11_NAME, false, false},
    [URI_ID] = {"id", PKG_LIMIT_PKCS11_NAME, false, true},
    [URI_TYPE] = {"type", 16, false, false},
    [URI_PIN_SOURCE] = {"pin-source", PKG_LIMIT_PKCS11_URI, true, false},
};

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* RFC 7512 section 2.3: pk11-pchar and pk11-qchar, without pct-encoded. */
static bool is_plain(char c, bool query)
{
	return is_alnum(c) ||
	       (c != '\0' && strchr("-._~:[]@!$'()*+,=", c) != NULL) ||
	       (c == '&' && !query) ||
	       (query && (c == '/' || c == '?' || c == '|'));
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decode one character at @text; how many bytes it took, 0 = malformed. */
static size_t decode(char *out, const char *text, size_t len, bool query)
{
	if (*text != '%') {
		*out = *text;
		return is_plain(*text, query) ? 1 : 0;
	}
	if (len < 3 || hex_value(text[1]) < 0 || hex_value(text[2]) < 0)
		return 0;
	*out = (char)(hex_value(text[1]) * 16 + hex_value(text[2]));
	return 3;
}

/* One attribute: what stands in the URI, and where it goes. */
struct attr_text {
	const char *name, *value;
	size_t name_len, len; /* len: of the value, encoded */
	bool query;
};

static bool is_called(const struct attr_text *attr, const char *name)
{
	return attr->name_len == strlen(name) &&
	       memcmp(attr->name, name, attr->name_len) == 0;
}

static enum pkg_code refuse_unknown(const struct attr_text *attr,
				    struct pkg_err *err)
{
	char quoted[80];

	if (is_called(attr, "pin-value")) {
		pkg_refuse(err, PKG_KEY, "pin-in-uri",
			   "a PIN is never part of a URI");
		return pkg_hint(err, "keep it in a file that only you can "
				     "read: --pin file:PATH, or in the URI "
				     "?pin-source=file:PATH");
	}
	pkg_text_quote_cut(quoted, sizeof(quoted), attr->name, attr->name_len);
	pkg_refuse(err, PKG_KEY, "key-uri",
		   "the URI has an attribute '%s' that is not taken%s", quoted,
		   attr->query ? " behind '?'" : "");
	if (is_called(attr, "module-path") || is_called(attr, "module-name"))
		return pkg_hint(err, "name the module with --pkcs11-module");
	return pkg_hint(err, "taken are token, manufacturer, model, serial, "
			     "slot-id, object, id, type=private and "
			     "?pin-source=");
}

static enum pkg_code take_value(struct pkcs11_uri *uri, size_t *used,
				enum pkcs11_attr attr,
				const struct attr_text *text,
				struct pkg_err *err)
{
	const struct attr_rule *rule = &rules[attr];
	char *out = uri->store + *used;
	size_t len = 0;

	for (size_t at = 0; at < text->len;) {
		const size_t took = decode(&out[len], text->value + at,
					   text->len - at, text->query);

		if (took == 0)
			return pkg_refuse(err, PKG_KEY, "key-uri",
					  "the value of '%s' in the URI is "
					  "not properly percent-encoded",
					  rule->name);
		at += took;
		len++;
	}
	out[len] = '\0';
	if (len == 0 || len > rule->max ||
	    (!rule->any_bytes &&
	     (memchr(out, '\0', len) != NULL || !pkg_utf8_valid(out, len))))
		return pkg_refuse(err, PKG_KEY, "key-uri",
				  "the value of '%s' in the URI is empty, "
				  "longer than %zu bytes or not text",
				  rule->name, rule->max);
	uri->value[attr] = out;
	uri->len[attr] = len;
	*used += len + 1;
	return PKG_OK;
}

static enum pkg_code take_attr(struct pkcs11_uri *uri, size_t *used,
			       const struct attr_text *text,
			       struct pkg_err *err)
{
	for (size_t i = 0; i < URI_COUNT; i++) {
		if (rules[i].query != text->query ||
		    !is_called(text, rules[i].name))
			continue;
		if (uri->value[i] != NULL)
			return pkg_refuse(err, PKG_KEY, "key-uri",
					  "the URI has '%s' twice",
					  rules[i].name);
		return take_value(uri, used, (enum pkcs11_attr)i, text, err);
	}
	return refuse_unknown(text, err);
}

/* "name=value;name=value", or with '&' in the query. */
static enum pkg_code take_list(struct pkcs11_uri *uri, size_t *used,
			       const char *list, size_t len, bool query,
			       struct pkg_err *err)
{
	const char *end = list + len;

	while (list < end) {
		const char *stop =
		    memchr(list, query ? '&' : ';', (size_t)(end - list));
		const size_t size = (size_t)((stop ? stop : end) - list);
		const char *equals = memchr(list, '=', size);
		struct attr_text text = {.name = list, .query = query};

		if (equals == NULL || (stop != NULL && stop + 1 == end))
			return pkg_refuse(err, PKG_KEY, "key-uri",
					  "the URI is not a list of "
					  "NAME=VALUE with '%c' between them",
					  query ? '&' : ';');
		text.name_len = (size_t)(equals - list);
		text.value = equals + 1;
		text.len = size - text.name_len - 1;
		PKG_TRY(take_attr(uri, used, &text, err));
		list += size + (stop != NULL);
	}
	return PKG_OK;
}

static enum pkg_code check_values(struct pkcs11_uri *uri, struct pkg_err *err)
{
	const char *type = uri->value[URI_TYPE];
	const char *slot = uri->value[URI_SLOT_ID];
	const char *source = uri->value[URI_PIN_SOURCE];

	if (type != NULL && strcmp(type, "private") != 0) {
		pkg_refuse(err, PKG_KEY, "key-uri",
			   "the URI names another type of object than a "
			   "private key");
		return pkg_hint(err, "write type=private, or leave it out");
	}
	if (slot != NULL && strspn(slot, "0123456789") != uri->len[URI_SLOT_ID])
		return pkg_refuse(err, PKG_KEY, "key-uri",
				  "slot-id in the URI is not a number");
	if (source == NULL)
		return PKG_OK;
	if (strncmp(source, "file:", 5) == 0)
		source += 5;
	uri->len[URI_PIN_SOURCE] -=
	    (size_t)(source - uri->value[URI_PIN_SOURCE]);
	uri->value[URI_PIN_SOURCE] = source;
	if (*source != '\0' && *source != '|')
		return PKG_OK;
	/* RFC 7512 section 2.4 warns of it: a command to be run. */
	pkg_refuse(err, PKG_KEY, "key-uri",
		   "pin-source in the URI does not name a file");
	return pkg_hint(err, "write ?pin-source=file:PATH");
}

static enum pkg_code parse(struct pkcs11_uri *uri, const char *text,
			   struct pkg_err *err)
{
	const char *path = text + sizeof("pkcs11:") - 1;
	const size_t len = strcspn(path, "?");
	size_t used = 0;

	memset(uri, 0, sizeof(*uri));
	/* A value decodes to no more bytes than it has, and its name makes
	   room for the NUL: the store is always large enough. */
	if (strlen(text) >= sizeof(uri->store))
		return pkg_refuse(err, PKG_KEY, "key-uri",
				  "the URI has more than %zu bytes",
				  sizeof(uri->store) - 1);
	PKG_TRY(take_list(uri, &used, path, len, false, err));
	if (path[len] == '?')
		PKG_TRY(take_list(uri, &used, path + len + 1,
				  strlen(path + len + 1), true, err));
	return check_values(uri, err);
}

enum pkg_code pkg_pkcs11_uri_parse(struct pkcs11_uri *uri, const char *text,
				   struct pkg_err *err)
{
	const enum pkg_code code = parse(uri, text, err);

	if (code == PKG_OK || err->hint[0] != '\0')
		return code;
	return pkg_hint(err, "write it like pkcs11:token=LABEL;object=LABEL, "
			     "and what is neither a letter nor a digit as "
			     "%%20");
}

bool pkg_pkcs11_uri_allows(const struct pkcs11_uri *uri, enum pkcs11_attr attr,
			   const void *data, size_t len)
{
	return uri->value[attr] == NULL ||
	       (uri->len[attr] == len &&
		memcmp(uri->value[attr], data, len) == 0);
}

size_t pkg_pkcs11_uri_shown(const char *text)
{
	const size_t path = strcspn(text, "?");
	const char *pin = strstr(text, "pin");

	return pin != NULL && (size_t)(pin - text) < path ? (size_t)(pin - text)
							  : path;
}

enum pkg_code pkg_pkcs11_uri_put(struct pkg_buf *out, char separator,
				 const char *name, const void *data, size_t len,
				 struct pkg_err *err)
{
	const unsigned char *bytes = data;

	PKG_TRY(pkg_buf_printf(out, err, "%c%s=", separator, name));
	for (size_t i = 0; i < len; i++) {
		if (is_alnum((char)bytes[i]))
			PKG_TRY(pkg_buf_add(out, &bytes[i], 1, err));
		else
			PKG_TRY(pkg_buf_printf(out, err, "%%%02X",
					       (unsigned)bytes[i]));
	}
	return PKG_OK;
}

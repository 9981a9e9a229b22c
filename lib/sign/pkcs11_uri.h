/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_PKCS11_URI_H
#define SIGN_PKCS11_URI_H

#include "packline/buf.h"
#include "packline/limits.h"

/*
 * A pkcs11: URI (RFC 7512) that names a private key.  Taken are: token,
 * manufacturer, model, serial, slot-id, object, id, type=private and the
 * query attribute pin-source.  RFC 7512 section 2.4 lets a consumer refuse
 * what it cannot honour; everything else is refused here:
 *
 * - pin-value: command lines and files are read by others;
 * - module-path, module-name: what code is loaded into the process is not for
 *   a text to say that may come with a device config;
 * - x- and library- attributes, slot names, other types, attributes given
 *   twice.
 */
enum pkcs11_attr {
	URI_TOKEN,
	URI_MANUFACTURER,
	URI_MODEL,
	URI_SERIAL,
	URI_SLOT_ID, /* decimal digits */
	URI_OBJECT,
	URI_ID, /* any bytes */
	URI_TYPE,
	URI_PIN_SOURCE, /* a path, without "file:" */
	URI_COUNT,
};

struct pkcs11_uri {
	/* Decoded; NULL = not given.  In store, each with a NUL behind it. */
	const char *value[URI_COUNT];
	size_t len[URI_COUNT];
	char store[PKG_LIMIT_PKCS11_URI];
};

/*
 * Read @text, which begins with "pkcs11:".
 * Fails with PKG_KEY, reason "key-uri", or "pin-in-uri" for pin-value.  No
 * message repeats the value of an attribute.
 */
PKG_MUST_CHECK enum pkg_code pkg_pkcs11_uri_parse(struct pkcs11_uri *uri,
						  const char *text,
						  struct pkg_err *err);
/* True if @attr is not given, or is these bytes. */
bool pkg_pkcs11_uri_allows(const struct pkcs11_uri *uri, enum pkcs11_attr attr,
			   const void *data, size_t len);
/*
 * How many bytes of @text are for everybody's eyes: all up to the query, or
 * to what looks like a PIN before it.
 */
size_t pkg_pkcs11_uri_shown(const char *text);
/*
 * Append ";name=value" to @out, @separator instead of ';', the value
 * percent-encoded.  Fails with PKG_INPUT if @out is full, PKG_SYSTEM if out
 * of memory.
 */
PKG_MUST_CHECK enum pkg_code
pkg_pkcs11_uri_put(struct pkg_buf *out, char separator, const char *name,
		   const void *data, size_t len, struct pkg_err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMPORT_HTTP_H
#define IMPORT_HTTP_H

#include "packline/arena.h"
#include "packline/buf.h"
#include "packline/import.h"
#include "packline/node.h"

/*
 * One server, over libcurl: one request at a time, one answer, bounded.  No
 * redirect is followed, and libcurl repeats no request that changes anything.
 */
struct http;

/* The parts of a multipart/form-data body: fields, then the part "file". */
struct http_field {
	const char *name, *value;
};

struct http_file {
	const struct http_field *fields; /* ends with a name of NULL */
	const char *filename;
	uint64_t size;
	/* Gives 1..cap bytes; called until size bytes were given. */
	enum pkg_code (*read)(void *context, void *buf, size_t cap, size_t *got,
			      struct pkg_err *err);
	/* Start over at the first byte. */
	enum pkg_code (*rewind)(void *context, struct pkg_err *err);
	void (*progress)(void *context, uint64_t sent);
	void *context;
};

struct http_request {
	const char *method;           /* "GET", "POST", "PUT", "DELETE" */
	const char *path;             /* below the address, escaped, "/..." */
	const struct pkg_buf *body;   /* JSON; or NULL */
	const struct http_file *file; /* instead of a body; or NULL */
};

struct http_answer {
	long status;
	long retry_after; /* seconds; 0 = not said */
	const char
	    *location; /* of a redirect, until the next request; or NULL */
	struct pkg_buf body; /* owned */
};

/* As pkg_import_run() fails before the first request. */
PKG_MUST_CHECK enum pkg_code http_new(struct http **out,
				      const struct pkg_import_server *server,
				      struct pkg_err *err);
void http_free(struct http *http);
PKG_DEFINE_AUTO(http)

/* The address without anything secret, as a receipt shows it; borrowed. */
const char *http_address(const struct http *http);
void http_counts(const struct http *http, uint64_t *reads, uint64_t *writes);

/*
 * Send one request, once.
 * @answer  zero before; its body is overwritten.
 * PKG_OK if there is a whole answer, whatever its status.  Fails with
 * "no-connection", "server-untrusted" or "bad-answer", or as the file's
 * functions do.
 */
PKG_MUST_CHECK enum pkg_code http_send(struct http *http,
				       const struct http_request *request,
				       struct http_answer *answer,
				       struct pkg_err *err);
void http_answer_fini(struct http_answer *answer);

/* True if an error of http_send() may pass by itself. */
bool http_may_pass(const struct pkg_err *err);
/* Wait before try @attempt, from 0; longer if the server said so. */
void http_pause(unsigned attempt, long retry_after);
unsigned http_retries(const struct http *http);

/* @text escaped for a query, in @arena; NULL as pkg_arena_alloc(). */
const char *http_escape(struct pkg_arena *arena, const char *text,
			struct pkg_err *err);

/*
 * address.c: check an address and bring it into one form, in @out.
 * @host   receives its host, without brackets.
 * @plain  receives whether it is http://.
 */
PKG_MUST_CHECK enum pkg_code http_check_address(struct pkg_buf *out,
						struct pkg_buf *host,
						bool *plain, const char *url,
						struct pkg_err *err);

/* netrc.c: user and password, in the text of the file. */
struct http_user {
	const char *name, *password;
};
/* Find those for @host in @text, which is changed; false if there are none. */
bool http_netrc_find(struct http_user *out, char *text, const char *host);

#endif

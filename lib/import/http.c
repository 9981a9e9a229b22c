/* SPDX-License-Identifier: Apache-2.0 */
#include "import/http.h"

#include "packline/limits.h"
#include "packline/path.h"
#include "packline/source.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT_SECONDS = 30, PAUSE_MAX = 120, FIRST_PAUSE_MS = 250 };

struct http {
	CURL *curl;
	const struct pkg_import_server *server; /* borrowed */
	struct pkg_buf address, host;
	struct pkg_buf cacert;
	bool plain;           /* http:// */
	struct pkg_buf netrc; /* what the file says; changed by the search */
	struct http_user user;
	struct curl_slist *headers;
	uint64_t reads, writes;
	char text[CURL_ERROR_SIZE]; /* why the last request failed */
	/* The request under way. */
	const struct http_file *file;
	struct http_answer *answer;
	struct pkg_err failed; /* in a callback */
};

void http_free(struct http *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->curl);
	curl_slist_free_all(h->headers);
	pkg_buf_fini(&h->address);
	pkg_buf_fini(&h->cacert);
	pkg_buf_fini(&h->netrc);
	pkg_buf_fini(&h->host);
	free(h);
}

static enum pkg_code read_netrc(struct http *h, struct pkg_err *err)
{
	const struct pkg_import_server *server = h->server;
	const char *host = pkg_buf_str(&h->host);
	struct pkg_source_fd source;
	enum pkg_code code = PKG_OK;
	int fd = -1;

	PKG_TRY(pkg_path_open_private(&fd, server->dirfd, server->netrc, err));
	pkg_source_fd_init(&source, fd, server->netrc);
	code = pkg_source_slurp(&source.source, &h->netrc, err);
	(void)close(fd);
	PKG_TRY(code);
	if (h->netrc.len > 0 &&
	    http_netrc_find(&h->user, (char *)h->netrc.data, host))
		return PKG_OK;
	(void)pkg_refuse(err, PKG_KEY, "unauthorized",
			 "'%s' has no user and password for '%s'",
			 server->netrc, host);
	return pkg_hint(err, "add a line: machine %s login USER password WORD",
			host);
}

static enum pkg_code read_files(struct http *h, struct pkg_err *err)
{
	const struct pkg_import_server *server = h->server;

	if (server->netrc != NULL)
		PKG_TRY(read_netrc(h, err));
	if (server->cacert != NULL)
		PKG_TRY(pkg_path_slurp(&h->cacert, server->dirfd,
				       server->cacert, err));
	return PKG_OK;
}

enum pkg_code http_new(struct http **out,
		       const struct pkg_import_server *server,
		       struct pkg_err *err)
{
	PKG_AUTO(http) struct http *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return pkg_fail_nomem(err);
	h->server = server;
	h->netrc.max = PKG_LIMIT_KEY_FILE;
	h->netrc.secret = true;
	h->host.max = PKG_LIMIT_PATH;
	h->address.max = PKG_LIMIT_PATH;
	h->cacert.max = PKG_LIMIT_KEY_FILE;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return pkg_fail(err, PKG_SYSTEM, "libcurl does not start");
	PKG_TRY(http_check_address(&h->address, &h->host, &h->plain,
				   server->url, err));
	PKG_TRY(read_files(h, err));
	h->curl = curl_easy_init();
	h->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (h->curl == NULL || h->headers == NULL)
		return pkg_fail_nomem(err);
	*out = PKG_STEAL(h);
	return PKG_OK;
}

const char *http_address(const struct http *h)
{
	return pkg_buf_str(&h->address);
}

unsigned http_retries(const struct http *h)
{
	return h->server->retries;
}

void http_counts(const struct http *h, uint64_t *reads, uint64_t *writes)
{
	*reads = h->reads;
	*writes = h->writes;
}

void http_answer_fini(struct http_answer *answer)
{
	pkg_buf_fini(&answer->body);
}

/* -- callbacks of libcurl -- */

static size_t take_body(char *data, size_t size, size_t count, void *self)
{
	struct http *h = self;

	if (pkg_buf_add(&h->answer->body, data, size * count, &h->failed) !=
	    PKG_OK)
		return 0;
	return size * count;
}

static size_t give_file(char *buf, size_t size, size_t count, void *self)
{
	struct http *h = self;
	size_t got = 0;

	if (h->file->read(h->file->context, buf, size * count, &got,
			  &h->failed) != PKG_OK)
		return CURL_READFUNC_ABORT;
	return got;
}

static int rewind_file(void *self, curl_off_t offset, int whence)
{
	struct http *h = self;

	if (offset != 0 || whence != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	return h->file->rewind(h->file->context, &h->failed) == PKG_OK
		   ? CURL_SEEKFUNC_OK
		   : CURL_SEEKFUNC_FAIL;
}

static int show_progress(void *self, curl_off_t down_all, curl_off_t down,
			 curl_off_t up_all, curl_off_t up)
{
	struct http *h = self;

	(void)down_all;
	(void)down;
	(void)up_all;
	if (h->file != NULL && h->file->progress != NULL)
		h->file->progress(h->file->context, (uint64_t)up);
	return 0;
}

/* -- one request -- */

/* Like PKG_TRY, for curl_easy_setopt(): it fails only for lack of memory. */
#define SET(curl, option, value)                                               \
	do {                                                                   \
		if (curl_easy_setopt((curl), (option), (value)) != CURLE_OK)   \
			return pkg_fail_nomem(err);                            \
	} while (0)

static enum pkg_code set_connection(struct http *h, struct pkg_err *err)
{
	const struct pkg_import_server *server = h->server;
	const long timeout = (long)server->timeout;
	struct curl_blob ca = {.data = h->cacert.data, .len = h->cacert.len};

	SET(h->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(h->curl, CURLOPT_FOLLOWLOCATION, 0L);
	SET(h->curl, CURLOPT_NOSIGNAL, 1L);
	SET(h->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(h->curl, CURLOPT_CONNECTTIMEOUT,
	    timeout < CONNECT_SECONDS ? timeout : (long)CONNECT_SECONDS);
	SET(h->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(h->curl, CURLOPT_LOW_SPEED_TIME, timeout);
	SET(h->curl, CURLOPT_USERAGENT, "packline/" PKG_VERSION);
	if (h->plain) /* to this machine: a proxy has no business there */
		SET(h->curl, CURLOPT_PROXY, "");
	if (server->cacert != NULL) {
		SET(h->curl, CURLOPT_CAINFO_BLOB, &ca);
		SET(h->curl, CURLOPT_CAPATH, NULL);
	}
	if (server->token != NULL) {
		SET(h->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		SET(h->curl, CURLOPT_XOAUTH2_BEARER, server->token);
	} else if (server->netrc != NULL) {
		SET(h->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(h->curl, CURLOPT_USERNAME, h->user.name);
		SET(h->curl, CURLOPT_PASSWORD, h->user.password);
	}
	return PKG_OK;
}

static enum pkg_code set_callbacks(struct http *h, struct pkg_err *err)
{
	SET(h->curl, CURLOPT_ERRORBUFFER, h->text);
	SET(h->curl, CURLOPT_WRITEFUNCTION, take_body);
	SET(h->curl, CURLOPT_WRITEDATA, h);
	SET(h->curl, CURLOPT_XFERINFOFUNCTION, show_progress);
	SET(h->curl, CURLOPT_XFERINFODATA, h);
	SET(h->curl, CURLOPT_NOPROGRESS, 0L);
	return PKG_OK;
}

static bool add_file(curl_mime *mime, struct http *h)
{
	const struct http_file *file = h->file;
	curl_mimepart *part = NULL;

	for (size_t i = 0; file->fields[i].name != NULL; i++) {
		part = curl_mime_addpart(mime);
		if (part == NULL ||
		    curl_mime_name(part, file->fields[i].name) != CURLE_OK ||
		    curl_mime_data(part, file->fields[i].value,
				   CURL_ZERO_TERMINATED) != CURLE_OK)
			return false;
	}
	part = curl_mime_addpart(mime);
	return part != NULL && curl_mime_name(part, "file") == CURLE_OK &&
	       curl_mime_filename(part, file->filename) == CURLE_OK &&
	       curl_mime_type(part, "application/octet-stream") == CURLE_OK &&
	       curl_mime_data_cb(part, (curl_off_t)file->size, give_file,
				 rewind_file, NULL, h) == CURLE_OK;
}

static enum pkg_code set_request(struct http *h, const struct http_request *r,
				 curl_mime **mime, struct pkg_err *err)
{
	SET(h->curl, CURLOPT_CUSTOMREQUEST, r->method);
	if (strcmp(r->method, "GET") != 0) /* libcurl would try it twice */
		SET(h->curl, CURLOPT_FRESH_CONNECT, 1L);
	if (r->file != NULL) {
		*mime = curl_mime_init(h->curl);
		if (*mime == NULL || !add_file(*mime, h))
			return pkg_fail_nomem(err);
		SET(h->curl, CURLOPT_MIMEPOST, *mime);
		return PKG_OK;
	}
	if (r->body != NULL) {
		SET(h->curl, CURLOPT_HTTPHEADER, h->headers);
		SET(h->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)r->body->len);
		SET(h->curl, CURLOPT_POSTFIELDS, pkg_buf_str(r->body));
	}
	return PKG_OK;
}

static enum pkg_code no_connection(const struct http *h, CURLcode code,
				   struct pkg_err *err)
{
	/* Of that one libcurl's own text tells milliseconds. */
	const char *why = h->text[0] != '\0' && code != CURLE_COULDNT_CONNECT
			      ? h->text
			      : curl_easy_strerror(code);

	(void)pkg_refuse(err, PKG_SYSTEM, "no-connection", "%s: %s",
			 http_address(h), why);
	return pkg_hint(err, "the import can be run again at any time; it goes "
			     "on where it was");
}

static enum pkg_code failed(struct http *h, CURLcode code, struct pkg_err *err)
{
	switch ((int)code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		(void)pkg_refuse(err, PKG_NO, "server-untrusted", "%s: %s",
				 http_address(h), h->text);
		return pkg_hint(err, "give the certificate of its CA with "
				     "--cacert");
	case CURLE_WRITE_ERROR:
		return pkg_refuse(err, PKG_INPUT, "bad-answer",
				  "%s: the answer is larger than %u bytes",
				  http_address(h), PKG_LIMIT_ANSWER_JSON);
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return pkg_refuse(err, PKG_INPUT, "bad-answer", "%s: %s",
				  http_address(h), h->text);
	case CURLE_OUT_OF_MEMORY:
		return pkg_fail_nomem(err);
	default:
		return no_connection(h, code, err);
	}
}

/* What stopped take_body(): memory, or the limit? */
static bool is_too_large(const struct http *h, CURLcode done)
{
	return done == CURLE_WRITE_ERROR && h->failed.code == PKG_INPUT;
}

static enum pkg_code perform(struct http *h, const struct http_request *r,
			     struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf url = {.max = PKG_LIMIT_SCALAR};
	curl_mime *mime = NULL;
	CURLcode done = CURLE_OK;
	enum pkg_code code = PKG_OK;

	PKG_TRY(pkg_buf_add(&url, h->address.data, h->address.len, err));
	PKG_TRY(pkg_buf_puts(&url, r->path, err));
	curl_easy_reset(h->curl);
	PKG_TRY(set_connection(h, err));
	PKG_TRY(set_callbacks(h, err));
	SET(h->curl, CURLOPT_URL, pkg_buf_str(&url));
	code = set_request(h, r, &mime, err);
	if (code == PKG_OK) {
		done = curl_easy_perform(h->curl);
		if (h->failed.code != PKG_OK && !is_too_large(h, done)) {
			*err = h->failed;
			code = err->code;
		} else if (done != CURLE_OK) {
			code = failed(h, done, err);
		}
	}
	curl_mime_free(mime);
	return code;
}

static void take_info(struct http *h, struct http_answer *answer)
{
	curl_off_t after = 0;

	(void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE,
				&answer->status);
	(void)curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &after);
	answer->retry_after = after < PAUSE_MAX ? (long)after : PAUSE_MAX;
	answer->location = NULL;
	(void)curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL,
				&answer->location);
}

enum pkg_code http_send(struct http *h, const struct http_request *request,
			struct http_answer *answer, struct pkg_err *err)
{
	pkg_buf_clear(&answer->body);
	answer->body.max = PKG_LIMIT_ANSWER_JSON;
	h->answer = answer;
	h->file = request->file;
	h->failed = PKG_ERR_INIT;
	h->text[0] = '\0';
	if (strcmp(request->method, "GET") == 0)
		h->reads++;
	else
		h->writes++;
	PKG_TRY(perform(h, request, err));
	take_info(h, answer);
	return PKG_OK;
}

bool http_may_pass(const struct pkg_err *err)
{
	return err->reason != NULL && strcmp(err->reason, "no-connection") == 0;
}

void http_pause(unsigned attempt, long retry_after)
{
	const long doubled = (long)FIRST_PAUSE_MS
			     << (attempt < 6 ? attempt : 6);
	const long ms =
	    retry_after * 1000 > doubled ? retry_after * 1000 : doubled;
	struct timespec left = {.tv_sec = ms / 1000,
				.tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

const char *http_escape(struct pkg_arena *arena, const char *text,
			struct pkg_err *err)
{
	char *escaped = curl_easy_escape(NULL, text, 0);
	const char *copy = NULL;

	if (escaped == NULL) {
		(void)pkg_fail_nomem(err);
		return NULL;
	}
	copy = pkg_arena_dup(arena, escaped, strlen(escaped), err);
	curl_free(escaped);
	return copy;
}

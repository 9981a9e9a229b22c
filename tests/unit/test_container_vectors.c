/* SPDX-License-Identifier: Apache-2.0 */
#include "container_box.h"

#include "packline/cert.h"
#include "packline/cms.h"
#include "packline/path.h"
#include "packline/secret.h"
#include "packline/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * The vectors of schemas/vectors (README.md there) at the level of the
 * container's reader, where the content key can be given in hex.
 */

enum { VECTOR_MAX = 4 << 20 };

struct vector {
	struct pkg_buf text, body, ca;
	struct pkg_secret *cek;
	int code, key_code;
	char reason[64], key_reason[64];
};

/* Decode one run of base64; its end is at a newline or @end. */
static const char *base64(struct pkg_buf *out, const char *at, const char *end)
{
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t piece[80];

	while (at < end && *at != '\n') {
		size_t len = strcspn(at, "\n");
		int got = 0;

		len = len > 76 ? 76 : len;
		got = EVP_DecodeBlock(piece, (const uint8_t *)at, (int)len);
		assert_true(got > 0);
		for (const char *p = at + len - 1; *p == '='; p--)
			got--;
		assert_ok(pkg_buf_add(out, piece, (size_t)got, &err));
		at += len;
	}
	return at < end ? at + 1 : end;
}

static const char *value_of(const char *line, const char *key)
{
	const size_t len = strlen(key);

	return strncmp(line, key, len) == 0 ? line + len : NULL;
}

static void copy_line(char out[64], const char *text)
{
	(void)snprintf(out, 64, "%.*s", (int)strcspn(text, "\n"), text);
}

static void read_field(struct vector *v, const char *line, const char *end)
{
	struct pkg_err err = PKG_ERR_INIT;
	const char *value = NULL;

	if ((value = value_of(line, "exit: ")) != NULL)
		v->code = *value - '0';
	else if ((value = value_of(line, "key-exit: ")) != NULL)
		v->key_code = *value - '0';
	else if ((value = value_of(line, "reason: ")) != NULL)
		copy_line(v->reason, value);
	else if ((value = value_of(line, "key-reason: ")) != NULL)
		copy_line(v->key_reason, value);
	else if ((value = value_of(line, "ca: ")) != NULL)
		(void)base64(&v->ca, value, end);
	else if ((value = value_of(line, "cek: ")) != NULL) {
		assert_ok(pkg_secret_new(&v->cek, 32, &err));
		assert_true(
		    pkg_hex_decode(pkg_secret_data(v->cek), 32, value, 64));
	}
}

static void vector_load(struct vector *v, const char *path)
{
	struct pkg_err err = PKG_ERR_INIT;
	const char *line = NULL, *end = NULL;

	*v = (struct vector){.text = {.max = VECTOR_MAX},
			     .body = {.max = VECTOR_MAX},
			     .ca = {.max = 4096}};
	assert_ok(pkg_path_slurp(&v->text, AT_FDCWD, path, &err));
	line = pkg_buf_str(&v->text);
	end = line + v->text.len;
	for (; *line != '\n'; line += strcspn(line, "\n") + 1)
		read_field(v, line, end);
	for (line++; line < end;)
		line = base64(&v->body, line, end);
}

static void vector_fini(struct vector *v)
{
	pkg_buf_fini(&v->text);
	pkg_buf_fini(&v->body);
	pkg_buf_fini(&v->ca);
	pkg_secret_free(v->cek);
}

static enum pkg_code check_signatures(const struct pkg_container_head *head,
				      const struct pkg_certs *ca,
				      struct pkg_err *err)
{
	const struct pkg_cms_verify_options options = {
	    .content_type = PKG_OID_MANIFEST, .anchors = ca, .no_time = true};
	const struct pkg_container_bytes *json = &head->manifest_json;

	for (size_t i = 0; i < head->signature_count; i++) {
		PKG_AUTO(pkg_cms) struct pkg_cms *cms = NULL;

		PKG_TRY(pkg_cms_parse(&cms, pki.crypto,
				      head->signatures[i].data,
				      head->signatures[i].len, err));
		PKG_TRY(
		    pkg_cms_verify(cms, json->data, json->len, &options, err));
	}
	return PKG_OK;
}

/* All files; each that was given must be listed with its digest. */
static enum pkg_code check_files(struct pkg_container *box,
				 const struct vector *v, struct pkg_err *err)
{
	const struct pkg_container_item *item = NULL;
	char line[512], hex[65];

	for (;;) {
		PKG_TRY(pkg_container_next(box, &item, err));
		if (item == NULL)
			return pkg_container_finish(box, err);
		PKG_TRY(pkg_container_read(box, NULL, err));
		if (item->file == NULL || v->key_code != 0 || v->code != 0)
			continue;
		pkg_hex_encode(hex, item->file->sha256, 32);
		(void)snprintf(line, sizeof(line), "\nfile: %llu %s %s\n",
			       (unsigned long long)item->file->size, hex,
			       item->file->source_name);
		if (strstr(pkg_buf_str(&v->text), line) == NULL)
			fail_msg("not listed: %s", line + 1);
	}
}

static enum pkg_code verify(const struct vector *v,
			    const struct pkg_secret *cek, struct pkg_err *err)
{
	PKG_AUTO(pkg_container) struct pkg_container *box = NULL;
	PKG_AUTO(pkg_certs) struct pkg_certs *ca = NULL;
	const struct pkg_container_request *request = NULL;
	const struct pkg_container_head *head = NULL;
	struct pkg_source_mem source;

	PKG_TRY(pkg_certs_new(&ca, pki.crypto, err));
	PKG_TRY(pkg_certs_add_data(ca, v->ca.data, v->ca.len, "ca", err));
	pkg_source_mem_init(&source, v->body.data, v->body.len, "vector");
	PKG_TRY(pkg_container_open(&box, &source.source, &box_env, err));
	head = pkg_container_head(box);
	PKG_TRY(check_signatures(head, ca, err));
	PKG_TRY(pkg_container_check_order(box, err));
	PKG_TRY(pkg_container_check_recipients(box, err));
	if (cek != NULL)
		PKG_TRY(pkg_container_unlock(box, cek, err));
	PKG_TRY(pkg_container_request(box, &request, err));
	PKG_TRY(check_files(box, v, err));
	if (head->draft)
		return pkg_refuse(err, PKG_NO, "draft", "a draft");
	if (head->signature_count == 0)
		return pkg_refuse(err, PKG_NO, "unsigned", "unsigned");
	return PKG_OK;
}

static void expect(const struct vector *v, const char *name, bool with_key)
{
	struct pkg_err err = PKG_ERR_INIT;
	const int code = (int)verify(v, with_key ? v->cek : NULL, &err);
	const char *reason = code == 0 ? "-" : err.reason;

	assert_non_null(reason);
	if (code != (with_key ? v->key_code : v->code) ||
	    strcmp(reason, with_key ? v->key_reason : v->reason) != 0)
		fail_msg("%s%s: %d %s (%s)", name, with_key ? ", key" : "",
			 code, reason, err.text);
}

static void every_vector_is_judged_as_it_says(void **state)
{
	DIR *folder = opendir(VECTORS);
	size_t count = 0;

	(void)state;
	assert_non_null(folder);
	for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
		struct vector v __attribute__((cleanup(vector_fini))) = {0};
		char path[512];

		if (strstr(e->d_name, ".txt") == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", VECTORS, e->d_name);
		vector_load(&v, path);
		expect(&v, e->d_name, false);
		if (v.cek != NULL)
			expect(&v, e->d_name, true);
		count++;
	}
	closedir(folder);
	assert_true(count > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_vector_is_judged_as_it_says),
	};

	return cmocka_run_group_tests(tests, box_start, pki_stop);
}

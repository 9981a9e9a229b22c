/* SPDX-License-Identifier: Apache-2.0 */
/* Yes or no about containers in memory, and what is said about them. */
#include "schema_file.h"
#include "sealed.h"
#include "verify/tables.h"

#include "packline/digest.h"
#include "packline/json.h"
#include "packline/outdir.h"
#include "packline/path.h"
#include "packline/schema.h"
#include "packline/source.h"
#include "packline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct pkg_trust *ca;
static struct pkg_key *recipient;

/* One verification and what came of it. */
struct outcome {
	struct pkg_verdict *verdict;
	struct pkg_err err;
	enum pkg_code code;
};

static void outcome_fini(struct outcome *outcome)
{
	pkg_verdict_free(outcome->verdict);
}

static struct outcome ask(const struct sealed_spec *spec,
			  const struct pkg_verify_options *options)
{
	struct sealed sealed = sealed_make(spec);
	struct outcome outcome = {.err = PKG_ERR_INIT};

	outcome.code = sealed_verify(&outcome.verdict, sealed.data, sealed.len,
				     options, &outcome.err);
	assert_non_null(outcome.verdict);
	assert_int_equal(outcome.verdict->ok, outcome.code == PKG_OK);
	assert_true(outcome.verdict->size <= sealed.len);
	if (outcome.code == PKG_OK)
		assert_int_equal(outcome.verdict->size, sealed.len);
	sealed_fini(&sealed);
	return outcome;
}

static void expect(const struct sealed_spec *spec,
		   const struct pkg_verify_options *options, enum pkg_code code,
		   const char *reason)
{
	PKG_AUTO_FINI(outcome) struct outcome outcome = ask(spec, options);

	if (outcome.code != code)
		fail_msg("%d: %s", (int)outcome.code, outcome.err.text);
	if (reason == NULL) {
		assert_null(outcome.verdict->reason);
		assert_null(outcome.verdict->text);
		return;
	}
	assert_string_equal(outcome.verdict->reason, reason);
	assert_string_equal(outcome.verdict->text, outcome.err.text);
}

static enum pkg_verify_state state_of(const struct outcome *outcome,
				      enum pkg_verify_check_id id)
{
	return outcome->verdict->checks[id].state;
}

#define SPEC(...)                                                              \
	&(struct sealed_spec)                                                  \
	{                                                                      \
		__VA_ARGS__                                                    \
	}
#define OPT(...)                                                               \
	&(struct pkg_verify_options)                                           \
	{                                                                      \
		__VA_ARGS__                                                    \
	}

static void test_yes(void **state)
{
	(void)state;
	expect(SPEC(0), OPT(.trust = ca), PKG_OK, NULL);
	expect(SPEC(.metadata = true), OPT(.trust = ca), PKG_OK, NULL);
	expect(SPEC(.bundle = true), OPT(.trust = ca), PKG_OK, NULL);
	expect(SPEC(.kind = PKG_CONTAINER_SEALED), OPT(.trust = ca), PKG_OK,
	       NULL);
	expect(SPEC(.kind = PKG_CONTAINER_SEALED),
	       OPT(.trust = ca, .recipient = recipient), PKG_OK, NULL);
	expect(SPEC(.kind = PKG_CONTAINER_SEALED, .bundle = true),
	       OPT(.trust = ca, .recipient = recipient), PKG_OK, NULL);
	/* A key where nothing is encrypted does not hurt. */
	expect(SPEC(0), OPT(.trust = ca, .recipient = recipient), PKG_OK, NULL);
}

/* What a yes without a key does not say is listed as not checked. */
static void test_not_checked_without_a_key(void **state)
{
	PKG_AUTO_FINI(outcome)
	struct outcome locked =
	    ask(SPEC(.kind = PKG_CONTAINER_SEALED, .bundle = true),
		OPT(.trust = ca));
	PKG_AUTO_FINI(outcome)
	struct outcome open =
	    ask(SPEC(.kind = PKG_CONTAINER_SEALED, .bundle = true),
		OPT(.trust = ca, .recipient = recipient));
	static const enum pkg_verify_check_id keyed[] = {
	    PKG_VERIFY_MAC, PKG_VERIFY_PLAINTEXT, PKG_VERIFY_CONTENT};
	static const enum pkg_verify_check_id always[] = {
	    PKG_VERIFY_MANIFEST, PKG_VERIFY_SIGNATURES, PKG_VERIFY_SUITE,
	    PKG_VERIFY_EXPIRY,   PKG_VERIFY_CLOCK,      PKG_VERIFY_RECIPIENTS,
	    PKG_VERIFY_REQUEST,  PKG_VERIFY_PAYLOAD,    PKG_VERIFY_FRAMING};

	(void)state;
	for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++) {
		assert_int_equal(state_of(&locked, keyed[i]),
				 PKG_VERIFY_NOT_CHECKED);
		assert_int_equal(state_of(&open, keyed[i]), PKG_VERIFY_PASSED);
	}
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		assert_int_equal(state_of(&locked, always[i]),
				 PKG_VERIFY_PASSED);
		assert_int_equal(state_of(&open, always[i]), PKG_VERIFY_PASSED);
	}
	assert_int_equal(state_of(&open, PKG_VERIFY_TENANT),
			 PKG_VERIFY_NOT_CHECKED);
	assert_int_equal(state_of(&open, PKG_VERIFY_DEVICE_CONFIG),
			 PKG_VERIFY_NOT_CHECKED);
	assert_int_equal(state_of(&open, PKG_VERIFY_REVOCATION),
			 PKG_VERIFY_NOT_CHECKED);
}

static void test_facts(void **state)
{
	PKG_AUTO_FINI(outcome)
	struct outcome yes = ask(SPEC(.sequence = 42), OPT(.trust = ca));
	const struct pkg_verdict *verdict = yes.verdict;

	(void)state;
	assert_string_equal(verdict->kind, "signed");
	assert_string_equal(verdict->content, "files");
	assert_string_equal(verdict->name, "demo");
	assert_string_equal(verdict->version, "1.0");
	assert_string_equal(verdict->tenant, "acme");
	assert_string_equal(verdict->device_config, "ecu-a");
	assert_true(verdict->has_sequence);
	assert_int_equal(verdict->sequence, 42);
	assert_int_equal(verdict->signers.count, 1);
	assert_non_null(strstr(verdict->signers.items[0].subject, "CN="));
}

/* -- no -- */

static void test_no_trust_is_no(void **state)
{
	PKG_AUTO_FINI(outcome)
	struct outcome no = ask(SPEC(.kind = PKG_CONTAINER_SEALED),
				OPT(.recipient = recipient));

	(void)state;
	expect(SPEC(0), OPT(0), PKG_NO, "no-trust");
	expect(SPEC(.bundle = true), OPT(0), PKG_NO, "no-trust");
	expect(SPEC(.kind = PKG_CONTAINER_ENCRYPTED), OPT(0), PKG_NO,
	       "no-trust");
	expect(SPEC(.kind = PKG_CONTAINER_ENCRYPTED),
	       OPT(.recipient = recipient), PKG_NO, "no-trust");
	/* All that needs no belief was checked; nothing was decrypted. */
	assert_string_equal(no.verdict->reason, "no-trust");
	assert_int_equal(state_of(&no, PKG_VERIFY_PAYLOAD), PKG_VERIFY_PASSED);
	assert_int_equal(state_of(&no, PKG_VERIFY_FRAMING), PKG_VERIFY_PASSED);
	assert_int_equal(state_of(&no, PKG_VERIFY_MAC), PKG_VERIFY_NOT_CHECKED);
	assert_int_equal(state_of(&no, PKG_VERIFY_PLAINTEXT),
			 PKG_VERIFY_NOT_CHECKED);
	assert_int_equal(state_of(&no, PKG_VERIFY_SIGNATURES),
			 PKG_VERIFY_FAILED);
}

static void test_draft_is_no(void **state)
{
	PKG_AUTO_FINI(outcome)
	struct outcome no = ask(SPEC(.draft = true), OPT(.trust = ca));

	(void)state;
	assert_int_equal(no.code, PKG_NO);
	assert_string_equal(no.verdict->reason, "draft");
	assert_true(no.verdict->draft);
	expect(SPEC(.draft = true), OPT(0), PKG_NO, "draft");
	expect(SPEC(.draft = true, .kind = PKG_CONTAINER_SEALED),
	       OPT(.trust = ca, .recipient = recipient), PKG_NO, "draft");
}

static void test_unsigned(void **state)
{
	struct pkg_trust *lax =
	    sealed_policy("packline: 1\ntrust: {allowUnsigned: true}\n");
	const struct sealed_spec *spec = SPEC(.kind = PKG_CONTAINER_ENCRYPTED);

	(void)state;
	expect(spec, OPT(.trust = ca), PKG_NO, "unsigned");
	expect(spec, OPT(.trust = ca, .recipient = recipient), PKG_NO,
	       "unsigned");
	expect(spec, OPT(.trust = lax), PKG_NO, "unsigned");
	expect(spec, OPT(.trust = lax, .recipient = recipient), PKG_OK, NULL);
	/* Allowing unsigned ones does not make signed ones trusted. */
	expect(SPEC(0), OPT(.trust = lax), PKG_NO, "signer-untrusted");
	expect(SPEC(.kind = PKG_CONTAINER_SEALED),
	       OPT(.trust = lax, .recipient = recipient), PKG_NO,
	       "signer-untrusted");
	expect(SPEC(.draft = true, .kind = PKG_CONTAINER_SEALED),
	       OPT(.trust = lax, .recipient = recipient), PKG_NO, "draft");
	pkg_trust_free(lax);
}

/* No decryption code sees what nobody trusted has signed. */
static void test_nothing_is_decrypted_for_a_stranger(void **state)
{
	struct pkg_trust *other = sealed_trust(&pki.rsa_signer);
	PKG_AUTO_FINI(outcome)
	struct outcome no = ask(SPEC(.kind = PKG_CONTAINER_SEALED),
				OPT(.trust = other, .recipient = recipient));

	(void)state;
	assert_string_equal(no.verdict->reason, "signer-untrusted");
	assert_non_null(strstr(no.verdict->text, "CN="));
	for (int i = PKG_VERIFY_RECIPIENTS; i <= PKG_VERIFY_CONTENT; i++)
		assert_int_equal(state_of(&no, (enum pkg_verify_check_id)i),
				 PKG_VERIFY_NOT_CHECKED);
	pkg_trust_free(other);
}

static void test_another_recipient(void **state)
{
	struct pkg_key *other = pki_load_key(pki.rsa_recipient.key);
	struct pkg_certs *cert = pki_one(&pki.rsa_recipient);

	(void)state;
	expect(SPEC(.kind = PKG_CONTAINER_SEALED),
	       OPT(.trust = ca, .recipient = other, .recipient_cert = cert),
	       PKG_NO, "not-a-recipient");
	pkg_certs_free(cert);
	pkg_key_free(other);
}

static void test_demands(void **state)
{
	(void)state;
	expect(SPEC(0),
	       OPT(.trust = ca, .demands.tenant = "acme",
		   .demands.device_config = "ecu-a"),
	       PKG_OK, NULL);
	expect(SPEC(0), OPT(.trust = ca, .demands.tenant = "other"), PKG_NO,
	       "wrong-tenant");
	expect(SPEC(0), OPT(.trust = ca, .demands.device_config = "ecu-b"),
	       PKG_NO, "wrong-device-config");
	expect(SPEC(.sequence = 5),
	       OPT(.trust = ca, .demands.has_min_sequence = true,
		   .demands.min_sequence = 6),
	       PKG_NO, "sequence-too-low");
	expect(SPEC(.expires = "2027-01-15T07:59:59Z"), OPT(.trust = ca),
	       PKG_NO, "expired");
	expect(SPEC(.expires = "2027-01-15T08:00:01Z"), OPT(.trust = ca),
	       PKG_OK, NULL);
	expect(SPEC(.expires = "2027-01-15T07:59:59Z"),
	       OPT(.trust = ca, .demands.has_clock = true,
		   .demands.clock.mode = PKG_CLOCK_NONE),
	       PKG_OK, NULL);
	/* Being of the wrong tenant outweighs that nobody is trusted. */
	expect(SPEC(0), OPT(.demands.tenant = "other"), PKG_NO, "wrong-tenant");
}

static void test_no_clock_is_said(void **state)
{
	PKG_AUTO_FINI(outcome)
	struct outcome yes = ask(SPEC(.expires = "2001-01-01T00:00:00Z"),
				 OPT(.trust = ca, .demands.has_clock = true,
				     .demands.clock.mode = PKG_CLOCK_NONE));

	(void)state;
	assert_true(yes.verdict->ok);
	assert_int_equal(state_of(&yes, PKG_VERIFY_CLOCK),
			 PKG_VERIFY_NOT_CHECKED);
	assert_int_equal(state_of(&yes, PKG_VERIFY_EXPIRY),
			 PKG_VERIFY_NOT_CHECKED);
}

/* -- bundles -- */

#define ABSENT                                                                 \
	"7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069"

static void test_plan_and_blobs_fit_together(void **state)
{
	static const char *const bad[] = {
	    "{\"steps\":[],\"type\":\"plan\"}", /* names no blob */
	    "{\"steps\":[{\"blob\":\"" ABSENT "\"}],\"type\":\"plan\"}",
	    "{\"steps\":[{\"blob\":null}],\"type\":\"plan\"}",
	    "{\"steps\":[{\"blob\":[\"x\"]}],\"type\":\"plan\"}",
	    "{\"type\":\"manifest\"}",
	    "[]",
	    "\"plan\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(SPEC(.bundle = true, .plan = bad[i]), OPT(.trust = ca),
		       PKG_INPUT, "malformed-bundle");
	expect(SPEC(.bundle = true, .plan = "{\"type\":\"plan\", \"a\":1}"),
	       OPT(.trust = ca), PKG_INPUT, "not-canonical");
	expect(SPEC(.bundle = true, .plan = "{\"type\":\"plan\"} "),
	       OPT(.trust = ca), PKG_INPUT, "not-canonical");
	expect(SPEC(.bundle = true, .plan = "{"), OPT(.trust = ca), PKG_INPUT,
	       "malformed-json");
	expect(
	    SPEC(.bundle = true, .plan = bad[0], .kind = PKG_CONTAINER_SEALED),
	    OPT(.trust = ca, .recipient = recipient), PKG_INPUT,
	    "malformed-bundle");
}

/* -- the order of events -- */

/* Gives one byte at a time, counts them, and can break. */
struct drip {
	struct pkg_source source;
	const uint8_t *data;
	size_t len, at;
	size_t break_at; /* an I/O error there; 0 = never */
};

static enum pkg_code drip_read(struct pkg_source *source, void *buf, size_t cap,
			       size_t *got, struct pkg_err *err)
{
	struct drip *drip = (struct drip *)source;

	assert_true(cap > 0);
	*got = 0;
	if (drip->break_at > 0 && drip->at == drip->break_at)
		return pkg_fail_os(err, EIO, "cannot read");
	if (drip->at == drip->len)
		return PKG_OK;
	memcpy(buf, drip->data + drip->at++, 1);
	*got = 1;
	return PKG_OK;
}

struct staged {
	const struct drip *drip;
	int calls;
	size_t at; /* bytes read when it was called */
};

static enum pkg_code count_stage(void *context,
				 const struct pkg_verdict *verdict,
				 struct pkg_err *err)
{
	struct staged *staged = context;

	(void)err;
	assert_false(verdict->ok);
	assert_int_equal(verdict->checks[PKG_VERIFY_SIGNATURES].state,
			 PKG_VERIFY_PASSED);
	assert_int_equal(verdict->checks[PKG_VERIFY_PAYLOAD].state,
			 PKG_VERIFY_NOT_CHECKED);
	staged->calls++;
	staged->at = staged->drip->at;
	return PKG_OK;
}

static struct outcome drip_through(const struct sealed *sealed,
				   const struct pkg_trust *trust,
				   size_t break_at, struct staged *staged)
{
	const struct pkg_env env = sealed_env();
	struct drip drip = {.source = {.read = drip_read, .name = "drip"},
			    .data = sealed->data,
			    .len = sealed->len,
			    .break_at = break_at};
	struct pkg_verify_options options = {
	    .trust = trust, .stage = count_stage, .context = staged};
	struct outcome outcome = {.err = PKG_ERR_INIT};

	*staged = (struct staged){.drip = &drip};
	outcome.code = pkg_verify(&outcome.verdict, &drip.source, &options,
				  &env, &outcome.err);
	return outcome;
}

/* Where the content of the file begins. */
static size_t payload_offset(const struct sealed *sealed)
{
	const uint8_t *found =
	    memmem(sealed->data, sealed->len, "hello\n", strlen("hello\n"));

	assert_non_null(found);
	return (size_t)(found - sealed->data);
}

static void test_stage_comes_before_the_payload(void **state)
{
	struct sealed sealed = sealed_make(SPEC(0));
	const size_t payload = payload_offset(&sealed);
	struct staged staged;
	struct outcome outcome = drip_through(&sealed, ca, 0, &staged);

	(void)state;
	assert_int_equal(outcome.code, PKG_OK);
	assert_int_equal(staged.calls, 1);
	assert_true(staged.at <= payload);
	outcome_fini(&outcome);
	/* Where nothing was accepted there is no stage. */
	outcome = drip_through(&sealed, NULL, 0, &staged);
	assert_int_equal(outcome.code, PKG_NO);
	assert_int_equal(staged.calls, 0);
	outcome_fini(&outcome);
	sealed_fini(&sealed);
}

/* A broken disk is not the container's fault, and never a yes. */
static void test_read_errors(void **state)
{
	struct sealed sealed = sealed_make(SPEC(0));
	struct staged staged;

	(void)state;
	for (size_t at = 1; at < sealed.len; at += 97) {
		PKG_AUTO_FINI(outcome)
		struct outcome broken = drip_through(&sealed, ca, at, &staged);

		assert_int_equal(broken.code, PKG_SYSTEM);
		assert_false(broken.verdict->ok);
		assert_string_equal(broken.verdict->reason, "system");
		for (int i = 0; i < PKG_VERIFY_CHECK_COUNT; i++)
			assert_int_not_equal(
			    state_of(&broken, (enum pkg_verify_check_id)i),
			    PKG_VERIFY_FAILED);
	}
	sealed_fini(&sealed);
}

/* -- extraction -- */

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void read_file(const char *folder, const char *name, const char *text)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 4096};
	struct pkg_err err = PKG_ERR_INIT;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_ok(pkg_path_slurp(&buf, AT_FDCWD, path, &err));
	assert_string_equal(pkg_buf_str(&buf), text);
	(void)unlink(path);
}

static enum pkg_code extract(const struct sealed_spec *spec, const char *folder,
			     const struct pkg_trust *trust,
			     const struct pkg_key *key)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;
	PKG_AUTO_FINI(outcome) struct outcome outcome = {0};

	assert_ok(pkg_outdir_open(&dir, AT_FDCWD, folder, false, &err));
	outcome =
	    ask(spec, OPT(.trust = trust, .recipient = key, .extract = dir));
	assert_int_equal(exists(folder), outcome.code == PKG_OK);
	return outcome.code;
}

static void test_extract_writes_real_names_after_a_yes(void **state)
{
	char folder[128];

	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/out", pki.folder);
	assert_int_equal(extract(SPEC(.metadata = true), folder, ca, NULL),
			 PKG_OK);
	read_file(folder, "hello.bin", "hello\n");
	read_file(folder, "notes.txt", "notes\n");
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(
	    extract(SPEC(.kind = PKG_CONTAINER_SEALED), folder, ca, recipient),
	    PKG_OK);
	read_file(folder, "hello.bin", "hello\n");
	assert_int_equal(rmdir(folder), 0);
}

static void test_extract_leaves_nothing_after_a_no(void **state)
{
	char folder[128];

	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/out", pki.folder);
	assert_int_equal(extract(SPEC(0), folder, NULL, NULL), PKG_NO);
	assert_int_equal(extract(SPEC(.draft = true), folder, ca, NULL),
			 PKG_NO);
	assert_int_equal(
	    extract(SPEC(.bundle = true, .plan = "{}"), folder, ca, NULL),
	    PKG_INPUT);
	assert_int_equal(
	    extract(SPEC(.expires = "2001-01-01T00:00:00Z"), folder, ca, NULL),
	    PKG_NO);
}

static void test_extract_needs_a_key(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_outdir) struct pkg_outdir *dir = NULL;
	PKG_AUTO_FINI(outcome) struct outcome outcome = {.err = PKG_ERR_INIT};
	struct sealed sealed = sealed_make(SPEC(.kind = PKG_CONTAINER_SEALED));
	char folder[128];

	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s/out", pki.folder);
	assert_ok(pkg_outdir_open(&dir, AT_FDCWD, folder, false, &err));
	outcome.code =
	    sealed_verify(&outcome.verdict, sealed.data, sealed.len,
			  OPT(.trust = ca, .extract = dir), &outcome.err);
	assert_int_equal(outcome.code, PKG_USAGE);
	assert_string_equal(outcome.verdict->reason, "no-recipient-key");
	sealed_fini(&sealed);
}

/* -- the unsigned digest -- */

/* Whoever signs, and whether anybody does: it is that of the draft's bytes. */
static void test_unsigned_digest_is_that_of_the_draft(void **state)
{
	struct sealed draft =
	    sealed_make(SPEC(.draft = true, .metadata = true));
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t sha256[32];
	char hex[65];
	PKG_AUTO_FINI(outcome)
	struct outcome one = ask(SPEC(.metadata = true),
				 OPT(.trust = ca, .unsigned_digest = true));
	PKG_AUTO_FINI(outcome)
	struct outcome two =
	    ask(SPEC(.metadata = true, .signer = &pki.rsa_signer),
		OPT(.trust = ca, .unsigned_digest = true));
	PKG_AUTO_FINI(outcome)
	struct outcome none = ask(SPEC(.draft = true, .metadata = true),
				  OPT(.unsigned_digest = true));

	(void)state;
	assert_ok(
	    pkg_digest_sha256(pki.crypto, draft.data, draft.len, sha256, &err));
	pkg_hex_encode(hex, sha256, sizeof(sha256));
	assert_true(one.verdict->ok);
	assert_string_equal(one.verdict->unsigned_sha256, hex);
	assert_string_equal(two.verdict->unsigned_sha256, hex);
	assert_string_equal(none.verdict->unsigned_sha256, hex);
	sealed_fini(&draft);
}

/* It runs along with everything else that is checked. */
static void test_unsigned_digest_of_a_sealed_one(void **state)
{
	PKG_AUTO_FINI(outcome)
	struct outcome yes = ask(
	    SPEC(.kind = PKG_CONTAINER_SEALED, .bundle = true),
	    OPT(.trust = ca, .recipient = recipient, .unsigned_digest = true));

	(void)state;
	assert_true(yes.verdict->ok);
	assert_int_equal(strlen(yes.verdict->unsigned_sha256), 64);
	assert_int_equal(state_of(&yes, PKG_VERIFY_PLAINTEXT),
			 PKG_VERIFY_PASSED);
	assert_int_equal(state_of(&yes, PKG_VERIFY_CONTENT), PKG_VERIFY_PASSED);
}

/* -- records -- */

static void bind_record(const struct pkg_buf *text,
			const struct pkg_table *table, void *out)
{
	struct pkg_err err = PKG_ERR_INIT;
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;
	struct pkg_diag diag = {0};
	struct pkg_node *node = NULL;
	const struct pkg_json_input input = {
	    .name = "record",
	    .data = text->data,
	    .len = text->len - 1, /* canonical, then a newline */
	    .canonical = true};

	assert_int_equal(text->data[text->len - 1], '\n');
	assert_ok(pkg_arena_new(&arena, 1u << 20, &err));
	diag.arena = arena;
	assert_ok(pkg_json_parse(&node, arena, &input, &err));
	assert_ok(pkg_schema_new(&schema, table, &err));
	assert_ok(pkg_schema_bind(schema, node, out, arena, &diag, &err));
	if (diag.count > 0)
		fail_msg("%s [%s]", diag.first->text, diag.first->rule);
}

static void test_records_follow_their_tables(void **state)
{
	const struct sealed_spec *specs[] = {
	    SPEC(.sequence = 3, .expires = "2030-01-01T00:00:00Z"),
	    SPEC(.kind = PKG_CONTAINER_SEALED, .bundle = true),
	    SPEC(.draft = true),
	    SPEC(.bundle = true, .plan = "{}"),
	};
	struct verify_record_verdict verdict;
	struct verify_record_stage stage;
	struct pkg_err err = PKG_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		PKG_AUTO_FINI(outcome)
		struct outcome outcome =
		    ask(specs[i % 4], OPT(.trust = i < 4 ? ca : NULL));
		PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = 1u << 20};
		struct pkg_sink_buf sink;

		pkg_sink_buf_init(&sink, &text);
		assert_ok(pkg_verdict_record(&sink.sink, outcome.verdict,
					     "a.seal", &err));
		bind_record(&text, &pkg_verify_verdict_table, &verdict);
		pkg_buf_clear(&text);
		assert_ok(pkg_verdict_stage_record(&sink.sink, outcome.verdict,
						   "a.seal", &err));
		assert_null(strstr(pkg_buf_str(&text), "\"ok\""));
		bind_record(&text, &pkg_verify_stage_table, &stage);
		pkg_buf_clear(&text);
		assert_ok(pkg_verdict_text(&sink.sink, outcome.verdict,
					   "a.seal", &err));
		assert_int_equal(strncmp(pkg_buf_str(&text), "a.seal: ", 8), 0);
	}
}

/* Also before anything is known. */
static void test_record_of_nothing(void **state)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = 1u << 20};
	PKG_AUTO_FINI(outcome) struct outcome no = {.err = PKG_ERR_INIT};
	struct verify_record_verdict record;
	struct pkg_sink_buf sink;

	(void)state;
	no.code =
	    sealed_verify(&no.verdict, "PK", 2, OPT(.trust = ca), &no.err);
	assert_int_equal(no.code, PKG_INPUT);
	pkg_sink_buf_init(&sink, &text);
	assert_int_equal(
	    pkg_verdict_record(&sink.sink, no.verdict, "-", &no.err), PKG_OK);
	bind_record(&text, &pkg_verify_verdict_table, &record);
}

static void test_schemas(void **state)
{
	(void)state;
	schema_file_matches("verdict", pkg_verdict_schema);
	schema_file_matches("stage", pkg_verdict_stage_schema);
}

static int start(void **state)
{
	if (pki_start(state) != 0)
		return -1;
	ca = sealed_trust(&pki.ca);
	recipient = sealed_recipient();
	return 0;
}

static int stop(void **state)
{
	pkg_key_free(recipient);
	pkg_trust_free(ca);
	return pki_stop(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_yes),
	    cmocka_unit_test(test_not_checked_without_a_key),
	    cmocka_unit_test(test_facts),
	    cmocka_unit_test(test_no_trust_is_no),
	    cmocka_unit_test(test_draft_is_no),
	    cmocka_unit_test(test_unsigned),
	    cmocka_unit_test(test_nothing_is_decrypted_for_a_stranger),
	    cmocka_unit_test(test_another_recipient),
	    cmocka_unit_test(test_demands),
	    cmocka_unit_test(test_no_clock_is_said),
	    cmocka_unit_test(test_plan_and_blobs_fit_together),
	    cmocka_unit_test(test_stage_comes_before_the_payload),
	    cmocka_unit_test(test_read_errors),
	    cmocka_unit_test(test_extract_writes_real_names_after_a_yes),
	    cmocka_unit_test(test_extract_leaves_nothing_after_a_no),
	    cmocka_unit_test(test_extract_needs_a_key),
	    cmocka_unit_test(test_unsigned_digest_is_that_of_the_draft),
	    cmocka_unit_test(test_unsigned_digest_of_a_sealed_one),
	    cmocka_unit_test(test_records_follow_their_tables),
	    cmocka_unit_test(test_record_of_nothing),
	    cmocka_unit_test(test_schemas),
	};

	return cmocka_run_group_tests_name("verify", tests, start, stop);
}

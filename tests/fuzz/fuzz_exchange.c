/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that take batches over an air gap, as `pkg-batch import` reads
 * them: a request by a side that does not know the batch yet, a response by the
 * one that waits for it.  The first byte as of fuzz_zip.c.
 */
#include "exchange_box.h"
#include "fuzz.h"
#include "mend.h"
#include "trickle.h"

#include "packline/arena.h"
#include "packline/batch_life.h"
#include "packline/crypto.h"
#include "packline/diag.h"
#include "packline/digest.h"
#include "packline/exchange.h"
#include "packline/job.h"
#include "packline/outfile.h"
#include "packline/path.h"
#include "packline/process.h"
#include "packline/text.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX = 1 << 20, ARENA = 64 << 20 };

static int64_t now(const struct pkg_env *env)
{
	return env->fixed_now;
}

static struct {
	struct pkg_env env;
	struct pkg_arena *arena;
	struct pkg_diag diag;
	struct pkg_process *process;
	/* Who signs, and who has asked for b1 and waits. */
	struct pkg_spool *signing, *waiting;
	char folder[64];
	int dirfd;
} box;

/* -- the two sides -- */

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	MUST(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

static void clean(void)
{
	remove_tree(box.folder);
}

static void make_folder(void)
{
	const char *parent =
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	(void)snprintf(box.folder, sizeof(box.folder),
		       "%s/fuzz-exchange-XXXXXX", parent);
	MUST(mkdtemp(box.folder) != NULL && atexit(clean) == 0);
	box.dirfd = open(box.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(box.dirfd >= 0);
}

static void put(const char *name, const char *text)
{
	const int fd = openat(box.dirfd, name, O_WRONLY | O_CREAT, 0600);
	const size_t len = strlen(text);

	MUST(fd >= 0 && write(fd, text, len) == (ssize_t)len && close(fd) == 0);
}

static struct pkg_batch *open_batch(struct pkg_spool *spool, const char *id)
{
	const struct pkg_batch_open which = {
	    .spool = spool,
	    .tenant = "acme",
	    .id = id,
	    .mode = PKG_JOB_TRY,
	    .process = box.process,
	};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_batch *batch = NULL;

	MUST(pkg_batch_open(&batch, &box.env, &which, &err) == PKG_OK);
	return batch;
}

static void upload(struct pkg_batch *batch, const char *name)
{
	const struct pkg_batch_input input = {.path = name};
	const struct pkg_batch_upload job = {
	    .inputs = &input, .count = 1, .dirfd = box.dirfd};
	struct pkg_err err = PKG_ERR_INIT;

	MUST(pkg_batch_upload(batch, &job, &err) == PKG_OK);
}

/* Into the file "out". */
static void export(struct pkg_batch *batch, bool hash_only)
{
	const struct pkg_outfile_options options = {.force = true,
						    .seekable = true};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	struct pkg_exchange_export job = {.hash_only = hash_only};
	struct pkg_exchange written;
	struct pkg_err err = PKG_ERR_INIT;

	MUST(pkg_outfile_open(&file, box.dirfd, "out", &options, &err) ==
	     PKG_OK);
	job.file = file;
	MUST(pkg_batch_export(batch, &job, &written, &err) == PKG_OK);
}

/* b1, which the responses of the corpus answer, is asked for. */
static void ask(void)
{
	const struct pkg_batch_create create = {
	    .spool = box.waiting,
	    .process = box.process,
	    .dirfd = box.dirfd,
	    .id = "b1",
	    .requester = "build",
	};
	PKG_AUTO(pkg_batch) struct pkg_batch *batch = NULL;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf request = {.max = MAX};
	struct pkg_err err = PKG_ERR_INIT;
	char id[PKG_LIMIT_MEMBER_NAME + 1], hex[65];
	uint8_t sha256[32];
	bool existed = true;

	box.env.fixed_now = EXCHANGE_CREATED;
	MUST(pkg_batch_create(id, &existed, &box.env, &create, &err) == PKG_OK);
	batch = open_batch(box.waiting, "b1");
	put("a.bin", "first\n");
	put("b.bin", "the second one\n");
	upload(batch, "a.bin");
	upload(batch, "b.bin");
	MUST(pkg_batch_request(batch, &request, sha256, &err) == PKG_OK);
	/* else no response of the corpus gets further than this */
	pkg_hex_encode(hex, sha256, 32);
	MUST(strcmp(hex, EXCHANGE_REQUEST_SHA256) == 0);
	export(batch, false);
}

static void begin(void)
{
	struct pkg_err err = PKG_ERR_INIT;

	make_folder();
	put("process.yaml", PROCESS_YAML);
	put("release.yaml", RELEASE_YAML);
	put("ca.pem", CA_PEM);
	put("alice.pem", ALICE_PEM);
	put("bob.pem", BOB_PEM);
	box.env.now = now;
	MUST(pkg_crypto_new(&box.env.crypto, &err) == PKG_OK);
	MUST(pkg_arena_new(&box.arena, ARENA, &err) == PKG_OK);
	box.diag.arena = box.arena;
	box.env.fixed_now = EXCHANGE_NOW;
	MUST(pkg_process_load(&box.process, &box.env, &box.diag, box.dirfd,
			      "process.yaml", &err) == PKG_OK);
	MUST(pkg_spool_open(&box.signing, box.dirfd, "signing", "batch", true,
			    &err) == PKG_OK);
	MUST(pkg_spool_open(&box.waiting, box.dirfd, "waiting", "batch", true,
			    &err) == PKG_OK);
	ask();
	box.env.fixed_now = EXCHANGE_NOW;
}

/* -- what is read -- */

struct reading {
	const uint8_t *data;
	size_t size;
	struct pkg_arena *arena;
	struct pkg_exchange_report report;
	bool answered;
	struct pkg_err err;
};

static enum pkg_code import(struct reading *r, struct pkg_spool *spool,
			    pkg_exchange_before *before)
{
	struct trickle source;
	const struct pkg_exchange_import job = {
	    .env = &box.env,
	    .spool = spool,
	    .process = box.process,
	    .dirfd = box.dirfd,
	    .source = &source.source,
	    .before = before,
	    .context = r,
	};

	trickle_init(&source, r->data + 1, r->size - 1, r->data[0]);
	r->err = PKG_ERR_INIT;
	return pkg_batch_import(&job, &r->report, r->arena, &r->err);
}

/* The batch that came of a request file writes that very file. */
static void check_request(const struct reading *r)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf again = {.max = MAX};
	const struct pkg_exchange_report *report = &r->report;
	struct pkg_batch *batch = open_batch(box.signing, report->header.batch);
	const struct pkg_batch_state *state = pkg_batch_state(batch);
	struct pkg_err err = PKG_ERR_INIT;
	char path[PKG_LIMIT_PATH];

	MUST(report->header.direction == PKG_EXCHANGE_REQUEST);
	MUST(state->listed && !state->exported &&
	     state->documents == report->documents);
	MUST(state->status ==
	     (state->approvals < 2 ? PKG_BATCH_NEW : PKG_BATCH_ACCEPTED));
	export(batch, report->header.hash_only);
	pkg_batch_free(batch);
	MUST(pkg_path_slurp(&again, box.dirfd, "out", &err) == PKG_OK);
	MUST(again.len == r->size - 1 &&
	     memcmp(again.data, r->data + 1, again.len) == 0);
	(void)snprintf(path, sizeof(path), "%s/signing/batch/acme/%s",
		       box.folder, report->header.batch);
	remove_tree(path);
}

/* Everything was found good; but b1 waits on, for the next input. */
static enum pkg_code not_now(void *context, const struct pkg_exchange *exchange,
			     struct pkg_err *err)
{
	struct reading *r = context;
	char hex[65];

	r->answered = exchange->direction == PKG_EXCHANGE_RESPONSE;
	pkg_hex_encode(hex, exchange->request_sha256, 32);
	MUST(!r->answered || strcmp(hex, EXCHANGE_REQUEST_SHA256) == 0);
	return pkg_refuse(err, PKG_NO, "not-now", "b1 waits on");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading r = {.data = data, .size = size};
	enum pkg_code code;

	if (size < 1 || size > MAX)
		return 0;
	if (box.arena == NULL)
		begin();
	MUST(pkg_arena_new(&r.arena, ARENA, &r.err) == PKG_OK);
	code = import(&r, box.signing, NULL);
	if (code == PKG_OK)
		check_request(&r);
	else
		MUST_REFUSE(code, &r.err);
	code = import(&r, box.waiting, not_now);
	MUST_REFUSE(code, &r.err);
	MUST(!r.answered || r.report.succeeded + r.report.failed == 2);
	pkg_arena_free(r.arena);
	return 0;
}

#ifdef PKG_LIBFUZZER
/* A member whose bytes can be changed. */
static struct mend_member *copied(struct mend_box *zip, const char *name,
				  size_t room, struct pkg_arena *arena)
{
	struct pkg_err err = PKG_ERR_INIT;

	for (size_t i = 0; i < zip->count; i++) {
		struct mend_member *m = &zip->members[i];
		uint8_t *data = NULL;

		if (strcmp(m->name, name) != 0)
			continue;
		data = pkg_arena_alloc(arena, m->len + room, &err);
		MUST(data != NULL);
		memcpy(data, m->data, m->len);
		m->data = data;
		return m;
	}
	return NULL;
}

/* Put the digest of all members whose name begins so where @key says. */
static void mend_digest(struct mend_box *zip, const char *member,
			const char *key, const char *of,
			struct pkg_arena *arena)
{
	struct mend_member *m = copied(zip, member, 0, arena);
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf all = {.max = ARENA};
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t sha256[32];
	char hex[65];
	uint8_t *at =
	    m == NULL ? NULL : memmem(m->data, m->len, key, strlen(key));

	if (at == NULL || (size_t)(m->data + m->len - at) < strlen(key) + 64)
		return;
	for (size_t i = 0; i < zip->count; i++) {
		const struct mend_member *one = &zip->members[i];

		if (strncmp(one->name, of, strlen(of)) == 0)
			MUST(pkg_buf_add(&all, one->data, one->len, &err) ==
			     PKG_OK);
	}
	MUST(pkg_digest_sha256(box.env.crypto, all.data, all.len, sha256,
			       &err) == PKG_OK);
	pkg_hex_encode(hex, sha256, 32);
	memcpy(at + strlen(key), hex, 64);
}

static void mend_digests(struct mend_box *zip, struct pkg_arena *arena)
{
	static const struct {
		const char *member, *key, *of;
	} rows[] = {
	    {"request.json", "\"documentsSha256\":\"", "documents-"},
	    {"result.json", "\"requestSha256\":\"", "request.json"},
	    {"result.json", "\"resultsSha256\":\"", "results.jsonl"},
	    {"exchange.json", "\"requestSha256\":\"", "request.json"},
	    {"exchange.json", "\"resultsSha256\":\"", "results.jsonl"},
	    {"exchange.json", "\"resultSha256\":\"", "result.json"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		mend_digest(zip, rows[i].member, rows[i].key, rows[i].of,
			    arena);
}

/* Change one member; what follows from it is put right, but for signatures. */
static size_t change_member(uint8_t *data, size_t size, size_t max,
			    unsigned seed)
{
	enum { ROOM = 256 };
	PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
	struct mend_box zip = {.count = 0};
	struct mend_member *m = NULL;
	struct pkg_err err = PKG_ERR_INIT;
	uint8_t *made = NULL;
	size_t len = 0;

	MUST(pkg_arena_new(&arena, ARENA, &err) == PKG_OK);
	mend_take_apart(&zip, data, size);
	if (zip.count == 0)
		return LLVMFuzzerMutate(data, size, max);
	m = copied(&zip, zip.members[seed / 8 % zip.count].name, ROOM, arena);
	m->len = LLVMFuzzerMutate((uint8_t *)(uintptr_t)m->data, m->len,
				  m->len + ROOM);
	if (seed % 2 == 0)
		mend_digests(&zip, arena);
	made = pkg_arena_alloc(arena, max, &err);
	MUST(made != NULL);
	len = mend_put_together(&zip, made, max);
	if (len == 0)
		return size;
	memcpy(data, made, len);
	return len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	if (box.arena == NULL)
		begin();
	if (seed % 8 == 0 || size < 1)
		return LLVMFuzzerMutate(data, size, max_size);
	return 1 + change_member(data + 1, size - 1, max_size - 1, seed);
}
#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include "packline/digest.h"
#include "packline/json.h"
#include "packline/limits.h"
#include "packline/lock.h"
#include "packline/path.h"
#include "packline/text.h"

#include <string.h>
#include <unistd.h>

/*
 * Bills of materials: CycloneDX 1.x and SPDX 2.x and 3.0 in JSON.  What they
 * say of the digests of a module's files has to be true.
 */
enum {
	SBOM_MAX = 64 << 20, /* bytes */
	SBOM_DEPTH = 64,
};

/* One digest that a bill gives a file. */
struct claim {
	const char *name;   /* as it calls the file, without ./ */
	unsigned algorithm; /* PKG_DIGEST_* */
	const char *value;  /* hex */
	struct claim *next;
};

struct sbom {
	const struct pkg_module *module;
	struct pkg_arena *arena;
	const struct pkg_env *env;
	const struct rule_sink *sink;
	int dirfd; /* the manifest's folder */
	struct claim *claims;
};

static const char *text(const struct pkg_node *object, const char *key)
{
	const struct pkg_node *n =
	    object->kind == PKG_NODE_MAP ? pkg_node_get(object, key) : NULL;

	return n != NULL && n->kind == PKG_NODE_STRING ? n->text : NULL;
}

/* The first child of the list @key of @object, or NULL. */
static const struct pkg_node *items(const struct pkg_node *object,
				    const char *key)
{
	const struct pkg_node *n =
	    object->kind == PKG_NODE_MAP ? pkg_node_get(object, key) : NULL;

	return n != NULL && n->kind == PKG_NODE_SEQ ? n->first : NULL;
}

/* "SHA-256", "SHA256" and "sha256"; 0 = one that we do not know. */
static unsigned algorithm(const char *name)
{
	char plain[16];
	size_t n = 0;

	for (; *name != '\0' && n + 1 < sizeof(plain); name++) {
		if (*name == '-')
			continue;
		plain[n++] = *name >= 'A' && *name <= 'Z'
				 ? (char)(*name - 'A' + 'a')
				 : *name;
	}
	plain[n] = '\0';
	return *name == '\0' ? pkg_digest_by_name(plain) : 0;
}

/* The digests in @list, each with its algorithm and value in these members. */
static enum pkg_code add_claims(struct sbom *s, const char *name,
				const struct pkg_node *list,
				const char *const keys[2])
{
	if (name != NULL && strncmp(name, "./", 2) == 0)
		name += 2;
	for (; name != NULL && list != NULL; list = list->next) {
		const char *alg = text(list, keys[0]);
		const char *value = text(list, keys[1]);
		struct claim *c;

		if (alg == NULL || value == NULL || algorithm(alg) == 0)
			continue;
		c = pkg_arena_alloc(s->arena, sizeof(*c), s->sink->err);
		if (c == NULL)
			return pkg_failed_(s->sink->err->code);
		*c = (struct claim){name, algorithm(alg), value, s->claims};
		s->claims = c;
	}
	return PKG_OK;
}

/* A component of CycloneDX, and those in it; the reader bounds the depth. */
static enum pkg_code add_component(struct sbom *s, const struct pkg_node *c)
{
	static const char *const keys[2] = {"alg", "content"};

	PKG_TRY(add_claims(s, text(c, "name"), items(c, "hashes"), keys));
	for (c = items(c, "components"); c != NULL; c = c->next)
		PKG_TRY(add_component(s, c));
	return PKG_OK;
}

static enum pkg_code read_cyclonedx(struct sbom *s, const struct pkg_node *root,
				    bool *is)
{
	const struct pkg_node *metadata = pkg_node_get(root, "metadata");
	const struct pkg_node *main_one =
	    metadata != NULL && metadata->kind == PKG_NODE_MAP
		? pkg_node_get(metadata, "component")
		: NULL;
	const char *format = text(root, "bomFormat");

	*is = format != NULL && strcmp(format, "CycloneDX") == 0;
	if (!*is)
		return PKG_OK;
	if (main_one != NULL)
		PKG_TRY(add_component(s, main_one));
	for (const struct pkg_node *c = items(root, "components"); c != NULL;
	     c = c->next)
		PKG_TRY(add_component(s, c));
	return PKG_OK;
}

static enum pkg_code read_spdx(struct sbom *s, const struct pkg_node *root,
			       bool *is)
{
	static const char *const two[2] = {"algorithm", "checksumValue"};
	static const char *const three[2] = {"algorithm", "hashValue"};
	const struct pkg_node *n;

	*is =
	    text(root, "spdxVersion") != NULL || items(root, "@graph") != NULL;
	for (n = items(root, "files"); n != NULL; n = n->next)
		PKG_TRY(add_claims(s, text(n, "fileName"),
				   items(n, "checksums"), two));
	for (n = items(root, "packages"); n != NULL; n = n->next)
		PKG_TRY(add_claims(s, text(n, "packageFileName"),
				   items(n, "checksums"), two));
	for (n = items(root, "@graph"); n != NULL; n = n->next)
		PKG_TRY(add_claims(s, text(n, "name"),
				   items(n, "verifiedUsing"), three));
	return PKG_OK;
}

static enum pkg_code malformed(const struct sbom *s, const char *why)
{
	return pkg_rule_add(s->sink, RULE_SBOM_FORM, s->module->sbom_file->at,
			    NULL, "'%s' is no %s: %s",
			    s->module->sbom_file->path,
			    s->module->sbom_file->media_type, why);
}

/* A failure of the system is one; what is the file's own is a finding. */
static enum pkg_code unreadable(const struct sbom *s,
				const struct pkg_pinned *file,
				const struct pkg_err *why)
{
	if (why->code != PKG_INPUT) {
		*s->sink->err = *why;
		return why->code;
	}
	return pkg_rule_add(s->sink, RULE_FILE_UNREADABLE, file->at, NULL, "%s",
			    why->text);
}

/* Read the bill; @known stays false if it is not one that can be looked at. */
static enum pkg_code read_sbom(struct sbom *s, bool *known)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf bytes = {.max = SBOM_MAX};
	const struct pkg_pinned *file = s->module->sbom_file;
	const bool cyclonedx =
	    strcmp(file->media_type, "application/vnd.cyclonedx+json") == 0;
	struct pkg_json_input input = {
	    .name = file->path, .max_depth = SBOM_DEPTH, .fractions = true};
	struct pkg_err why = PKG_ERR_INIT;
	struct pkg_node *root = NULL;

	*known = false;
	if (!cyclonedx &&
	    strcmp(file->media_type, "application/spdx+json") != 0)
		return PKG_OK;
	if (pkg_path_slurp(&bytes, s->dirfd, file->path, &why) != PKG_OK)
		return unreadable(s, file, &why);
	input.data = bytes.data;
	input.len = bytes.len;
	if (pkg_json_parse(&root, s->arena, &input, &why) != PKG_OK) {
		if (why.code == PKG_INPUT)
			return malformed(s, why.text);
		*s->sink->err = why;
		return why.code;
	}
	if (root->kind == PKG_NODE_MAP)
		PKG_TRY(cyclonedx ? read_cyclonedx(s, root, known)
				  : read_spdx(s, root, known));
	return *known ? PKG_OK
		      : malformed(s, cyclonedx ? "it has no bomFormat"
					       : "it has no spdxVersion");
}

/* Does the bill mean that file? */
static bool is_about(const struct claim *c, const struct pkg_pinned *file)
{
	return strcmp(c->name, file->path) == 0 ||
	       strcmp(c->name, pkg_path_basename(file->path)) == 0 ||
	       (file->filename != NULL && strcmp(c->name, file->filename) == 0);
}

static bool same_hex(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++) {
		const char low =
		    *a >= 'A' && *a <= 'F' ? (char)(*a - 'A' + 'a') : *a;

		if (low != *b)
			return false;
	}
	return *a == *b;
}

/* Digests of a file; a finding and an empty set if it cannot be read. */
static enum pkg_code hash(const struct sbom *s, const struct pkg_pinned *file,
			  unsigned set, struct pkg_digests *out)
{
	PKG_AUTO(pkg_digest) struct pkg_digest *digest = NULL;
	struct pkg_err why = PKG_ERR_INIT;
	struct pkg_sink_digest sink;
	struct pkg_source_fd source;
	uint8_t chunk[PKG_IO_CHUNK];
	enum pkg_code code;
	size_t got = 1;
	int fd = -1;

	*out = (struct pkg_digests){0};
	PKG_TRY(pkg_digest_new(&digest, s->env->crypto, set, s->sink->err));
	pkg_sink_digest_init(&sink, NULL, digest);
	code = pkg_path_open_beneath(&fd, s->dirfd, file->path, &why);
	if (code == PKG_OK)
		pkg_source_fd_init(&source, fd, file->path);
	while (code == PKG_OK && got > 0) {
		code = pkg_source_read(&source.source, chunk, sizeof(chunk),
				       &got, &why);
		if (code == PKG_OK && got > 0)
			code = pkg_sink_write(&sink.sink, chunk, got, &why);
	}
	if (fd >= 0)
		(void)close(fd);
	if (code != PKG_OK)
		return unreadable(s, file, &why);
	return pkg_digest_finish(digest, out, s->sink->err);
}

/* Compare what the bill says of a file; @seen is set if it says anything. */
static enum pkg_code check_file(const struct sbom *s,
				const struct pkg_pinned *file, bool *seen)
{
	const struct claim *wrong = NULL;
	struct pkg_digests found;
	unsigned set = 0, right = 0;

	for (const struct claim *c = s->claims; c != NULL; c = c->next) {
		if (is_about(c, file))
			set |= c->algorithm;
	}
	if (set == 0)
		return PKG_OK;
	*seen = true;
	PKG_TRY(hash(s, file, set, &found));
	if (found.set == 0)
		return PKG_OK;
	for (const struct claim *c = s->claims; c != NULL; c = c->next) {
		char hex[PKG_DIGEST_HEX];

		if (!is_about(c, file))
			continue;
		pkg_hex_encode(hex, pkg_digests_get(&found, c->algorithm),
			       pkg_digest_size(c->algorithm));
		if (same_hex(c->value, hex))
			right |= c->algorithm;
		else
			wrong = c;
	}
	/* Of several files of one name, one has to be this one. */
	if (wrong == NULL || (right & wrong->algorithm) != 0)
		return PKG_OK;
	return pkg_rule_add(s->sink, RULE_SBOM_DIGEST, file->at, NULL,
			    "'%s' says that the %s of '%s' is %.64s",
			    s->module->sbom_file->path,
			    pkg_digest_name(wrong->algorithm), file->path,
			    wrong->value);
}

static enum pkg_code check_files(const struct sbom *s,
				 const struct pkg_list *files, bool *seen)
{
	const struct pkg_pinned *f = files->items;

	for (size_t i = 0; i < files->count; i++) {
		if (f[i].path != NULL)
			PKG_TRY(check_file(s, &f[i], seen));
	}
	return PKG_OK;
}

static enum pkg_code check_sbom(struct sbom *s)
{
	const struct pkg_module *m = s->module;
	bool known, seen = false;

	PKG_TRY(read_sbom(s, &known));
	if (!known)
		return PKG_OK;
	PKG_TRY(check_files(s, &m->artifacts, &seen));
	PKG_TRY(check_files(s, &m->bits_files, &seen));
	if (seen || m->artifacts.count + m->bits_files.count == 0)
		return PKG_OK;
	return pkg_rule_add(s->sink, RULE_SBOM_NAMES, m->sbom_file->at, NULL,
			    "'%s' has a digest of none of the files of module "
			    "'%s'",
			    m->sbom_file->path, rule_text(m->name));
}

enum pkg_code pkg_manifest_check_sboms(const struct pkg_manifest *manifest,
				       int dirfd, const struct pkg_env *env,
				       struct pkg_diag *diag,
				       struct pkg_err *err)
{
	const struct pkg_module *modules = manifest->modules.items;
	const struct rule_sink sink = {diag, err};

	for (size_t i = 0; i < manifest->modules.count; i++) {
		PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
		struct sbom s = {.module = &modules[i],
				 .env = env,
				 .sink = &sink,
				 .dirfd = dirfd};

		if (modules[i].sbom_file == NULL)
			continue;
		PKG_TRY(pkg_arena_new(&arena, PKG_LIMIT_ARENA, err));
		s.arena = arena;
		PKG_TRY(check_sbom(&s));
	}
	return PKG_OK;
}

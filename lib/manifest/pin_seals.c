/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include "packline/digest.h"
#include "packline/limits.h"
#include "packline/lock.h"
#include "packline/path.h"
#include "packline/source.h"
#include "packline/text.h"

#include <errno.h>
#include <unistd.h>

/* Pinning the device configs, each read once. */
struct seal_run {
	struct pkg_arena *arena;
	const struct pkg_env *env;
	int dirfd;
	struct pkg_map by_path; /* → its digest */
	const struct rule_sink *sink;
};

static enum pkg_code slurp(const struct seal_run *run, struct pkg_buf *out,
			   const char *path, struct pkg_err *why)
{
	struct pkg_source_fd source;
	enum pkg_code code;
	int fd = -1;

	PKG_TRY(pkg_path_open_beneath(&fd, run->dirfd, path, why));
	pkg_source_fd_init(&source, fd, path);
	code = pkg_source_slurp(&source.source, out, why);
	close(fd);
	return code;
}

static enum pkg_code digest_of(struct seal_run *run, const char **out,
			       const struct pkg_pinned *a)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_YAML_CONFIG};
	struct pkg_err *err = run->sink->err, why = PKG_ERR_INIT;
	uint8_t sha256[32];
	char hex[65];
	const void *before;

	*out = pkg_map_get(&run->by_path, a->seal);
	if (*out != NULL)
		return PKG_OK;
	if (slurp(run, &text, a->seal, &why) != PKG_OK) {
		if (why.os_errno != ENOMEM)
			return pkg_rule_add(run->sink, RULE_FILE_UNREADABLE,
					    a->at, NULL, "%s", why.text);
		*err = why;
		return why.code;
	}
	PKG_TRY(pkg_digest_sha256(run->env->crypto, pkg_buf_str(&text),
				  text.len, sha256, err));
	pkg_hex_encode(hex, sha256, sizeof(sha256));
	*out = pkg_arena_dup(run->arena, hex, 64, err);
	if (*out == NULL)
		return err->code;
	return pkg_map_add(&run->by_path, a->seal, *out, &before, err);
}

static enum pkg_code pin_all(struct seal_run *run, struct pkg_manifest *m)
{
	const struct pkg_module *modules = m->modules.items;

	for (size_t i = 0; i < m->modules.count; i++) {
		struct pkg_pinned *a = modules[i].artifacts.items;

		for (size_t k = 0; k < modules[i].artifacts.count; k++) {
			if (a[k].seal != NULL)
				PKG_TRY(
				    digest_of(run, &a[k].seal_sha256, &a[k]));
		}
	}
	return PKG_OK;
}

bool pkg_lock_has_seals(const struct pkg_manifest *manifest)
{
	const struct pkg_module *modules = manifest->modules.items;

	for (size_t i = 0; i < manifest->modules.count; i++) {
		const struct pkg_pinned *a = modules[i].artifacts.items;

		for (size_t k = 0; k < modules[i].artifacts.count; k++) {
			if (a[k].seal != NULL)
				return true;
		}
	}
	return false;
}

enum pkg_code pkg_lock_pin_seals(struct pkg_manifest *manifest,
				 struct pkg_arena *arena, int dirfd,
				 const struct pkg_env *env,
				 struct pkg_diag *diag, struct pkg_err *err)
{
	const struct rule_sink sink = {diag, err};
	struct seal_run run = {
	    .arena = arena, .env = env, .dirfd = dirfd, .sink = &sink};
	const enum pkg_code code = pin_all(&run, manifest);

	pkg_map_fini(&run.by_path);
	return code;
}

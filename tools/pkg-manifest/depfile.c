/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/limits.h"
#include "packline/map.h"
#include "packline/outfile.h"

#include <string.h>

/* As make and ninja read it: blank, # and backslash escaped, $ doubled. */
static enum pkg_code put_name(struct pkg_buf *out, const char *name,
			      struct pkg_err *err)
{
	for (; *name != '\0'; name++) {
		if (*name == '$')
			PKG_TRY(pkg_buf_add(out, "$", 1, err));
		else if (strchr(" \t#\\", *name) != NULL)
			PKG_TRY(pkg_buf_add(out, "\\", 1, err));
		PKG_TRY(pkg_buf_add(out, name, 1, err));
	}
	return PKG_OK;
}

struct deps {
	struct session *session;
	struct pkg_buf *out;
	struct pkg_map *once;
};

static enum pkg_code put_dep(const struct deps *d, const char *path,
			     struct pkg_err *err)
{
	const void *before;

	PKG_TRY(pkg_map_add(d->once, path, path, &before, err));
	if (before != NULL)
		return PKG_OK;
	PKG_TRY(pkg_buf_puts(d->out, " \\\n  ", err));
	return put_name(d->out, path, err);
}

/* A path of the manifest, from its folder. */
static enum pkg_code put_file(const struct deps *d, const char *path,
			      struct pkg_err *err)
{
	const char *full;

	if (path == NULL)
		return PKG_OK;
	full = pkg_arena_printf(d->session->arena, err, "%s%s",
				d->session->prefix, path);
	return full != NULL ? put_dep(d, full, err) : err->code;
}

static enum pkg_code put_all(const struct deps *d, struct pkg_err *err)
{
	const struct session *s = d->session;
	const struct pkg_module *modules = s->manifest->modules.items;

	for (size_t i = 0; i < s->input_count; i++)
		PKG_TRY(put_dep(d, s->inputs[i], err));
	for (size_t i = 0; i < s->manifest->modules.count; i++) {
		const struct pkg_pinned *a = modules[i].artifacts.items;

		for (size_t k = 0; k < modules[i].artifacts.count; k++) {
			PKG_TRY(put_file(d, a[k].path, err));
			PKG_TRY(put_file(d, a[k].seal, err));
		}
		if (modules[i].sbom_file != NULL)
			PKG_TRY(put_file(d, modules[i].sbom_file->path, err));
	}
	return pkg_buf_puts(d->out, "\n", err);
}

enum pkg_code depfile_prepare(struct pkg_outfile **out, struct session *s,
			      const char *path, const char *target,
			      struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_LOCK_JSON};
	PKG_AUTO_FINI(pkg_map) struct pkg_map once = {0};
	PKG_AUTO(pkg_outfile) struct pkg_outfile *file = NULL;
	const struct deps d = {s, &text, &once};

	PKG_TRY(put_name(&text, target, err));
	PKG_TRY(pkg_buf_puts(&text, ":", err));
	PKG_TRY(put_all(&d, err));
	PKG_TRY(pkg_outfile_open(&file, cli_dirfd(s->cli), path,
				 &(struct pkg_outfile_options){.force = true},
				 err));
	PKG_TRY(
	    pkg_sink_write(pkg_outfile_sink(file), text.data, text.len, err));
	*out = PKG_STEAL(file);
	return PKG_OK;
}

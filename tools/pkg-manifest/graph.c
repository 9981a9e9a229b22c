/* SPDX-License-Identifier: Apache-2.0 */
#include "pkg-manifest/session.h"

#include "packline/container_read.h"
#include "packline/graph.h"
#include "packline/limits.h"
#include "packline/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct options {
	struct session_options session;
	const char *format, *previous;
};

/* One operand: what was read, and its graph. */
struct picture {
	struct session session; /* of a manifest or a lock */
	struct pkg_arena *arena;
	struct pkg_container *bundle;
	struct pkg_source_fd file;
	struct pkg_graph graph;
};

static void picture_fini(struct picture *p)
{
	session_fini(&p->session);
	pkg_container_free(p->bundle);
	pkg_arena_free(p->arena);
	if (p->file.source.name != NULL)
		(void)close(p->file.fd);
}

static bool is_bundle(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot != NULL && strcmp(dot, ".bundle") == 0;
}

static enum pkg_code of_bundle(struct picture *p, struct cli *cli,
			       const char *path, struct pkg_err *err)
{
	const struct pkg_container_request *request;
	const struct pkg_container_head *head;
	struct pkg_container_bytes plan;
	char *hex;
	int fd;

	p->session.cli = cli;
	PKG_TRY(session_crypto(&p->session, err));
	fd = openat(cli_dirfd(cli), path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return pkg_fail_os(err, errno, "%s", path);
	pkg_source_fd_init(&p->file, fd, path);
	PKG_TRY(
	    pkg_container_open(&p->bundle, &p->file.source, cli_env(cli), err));
	PKG_TRY(pkg_container_request(p->bundle, &request, err));
	PKG_TRY(pkg_container_plan(p->bundle, &plan, err));
	if (plan.len == 0) {
		(void)pkg_fail(err, PKG_INPUT,
			       "%s: no bundle whose plan can be read", path);
		return pkg_hint(err, "pkg-seal show tells what it is");
	}
	head = pkg_container_head(p->bundle);
	hex = pkg_arena_alloc(p->arena, 65, err);
	if (hex == NULL)
		return err->code;
	pkg_hex_encode(hex, head->manifest_sha256, 32);
	p->graph.sha256 = hex;
	return pkg_graph_of_plan(&p->graph, plan.data, plan.len, err);
}

static enum pkg_code of_manifest(struct picture *p, struct cli *cli,
				 const struct session_options *options,
				 const char *path, struct pkg_err *err)
{
	PKG_TRY(session_open_any(&p->session, cli, options, path, err));
	if (!p->session.manifest->locked)
		PKG_TRY(session_select(&p->session, err));
	PKG_TRY(session_judge(&p->session, err));
	return pkg_graph_of_manifest(&p->graph, p->session.manifest, err);
}

static enum pkg_code picture_of(struct picture *p, struct cli *cli,
				const struct session_options *options,
				const char *path, struct pkg_err *err)
{
	PKG_TRY(pkg_arena_new(&p->arena, PKG_LIMIT_ARENA, err));
	p->graph.arena = p->arena;
	p->graph.title = path;
	return is_bundle(path) ? of_bundle(p, cli, path, err)
			       : of_manifest(p, cli, options, path, err);
}

static enum pkg_graph_format format_of(const char *name)
{
	if (strcmp(name, "html") == 0)
		return PKG_GRAPH_HTML;
	return strcmp(name, "mermaid") == 0 ? PKG_GRAPH_MERMAID : PKG_GRAPH_DOT;
}

static enum pkg_code run(struct cli *cli, const void *options, int argc,
			 char **argv, struct pkg_err *err)
{
	PKG_AUTO_FINI(picture) struct picture now = {.session.folder = -1};
	PKG_AUTO_FINI(picture) struct picture old = {.session.folder = -1};
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf text = {.max = PKG_LIMIT_LOCK_JSON};
	const struct options *o = options;
	struct pkg_sink_buf sink;

	(void)argc;
	PKG_TRY(picture_of(&now, cli, &o->session, argv[0], err));
	if (o->previous != NULL) {
		PKG_TRY(picture_of(&old, cli, &o->session, o->previous, err));
		PKG_TRY(pkg_graph_compare(&now.graph, &old.graph, err));
	}
	pkg_sink_buf_init(&sink, &text);
	PKG_TRY(
	    pkg_graph_write(&now.graph, format_of(o->format), &sink.sink, err));
	return session_write(&now.session, cli_output(cli), &text, false, err);
}

enum pkg_code verb_graph(struct cli *cli, struct pkg_err *err)
{
	struct options options = {.format = "dot"};
	const struct cli_opt table[] = {
	    {"format", 0, CLI_CHOICE, &options.format, "FORMAT",
	     "dot (default), mermaid, or one html page", "dot mermaid html",
	     NULL},
	    {"previous", 0, CLI_TEXT, &options.previous, "FILE",
	     "mark what is different from that file", NULL, "file"},
	    SESSION_DEFINES(options.session),
	    {0},
	};
	const struct cli_command command = {
	    .synopsis = "[options] MANIFEST|LOCK|BUNDLE",
	    .purpose = "Draw the sets, their modules and files.",
	    .notes = "Files that end in .json or .lock are locks, those that "
		     "end in .bundle are bundles. A bundle is not verified.",
	    .table = table,
	    .common = CLI_OUTPUT | CLI_FORCE,
	    .min_args = 1,
	    .max_args = 1,
	    .complete = "file",
	    .run = run,
	    .options = &options,
	};

	return cli_command_run(cli, &command, err);
}

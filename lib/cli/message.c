/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/internal.h"

#include "packline/json.h"
#include "packline/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Messages are put together on the stack and written in one piece: telling
 * that memory is short needs no memory, and the lines of two processes that
 * share a terminal do not mix.
 */
struct line {
	struct pkg_sink sink;
	size_t used;
	char text[CLI_MESSAGE];
};

void cli_stderr(const char *line, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(STDERR_FILENO, line, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* there is nowhere to complain */
		line += n;
		len -= (size_t)n;
	}
}

static enum pkg_code line_flush(struct pkg_sink *sink, struct pkg_err *err)
{
	struct line *line = (struct line *)sink;

	(void)err;
	cli_stderr(line->text, line->used);
	line->used = 0;
	return PKG_OK;
}

static enum pkg_code line_write(struct pkg_sink *sink, const void *buf,
				size_t len, struct pkg_err *err)
{
	struct line *line = (struct line *)sink;
	const char *from = buf;

	while (len > 0) {
		const size_t room = sizeof(line->text) - line->used;
		const size_t n = len < room ? len : room;

		memcpy(line->text + line->used, from, n);
		line->used += n;
		from += n;
		len -= n;
		if (line->used == sizeof(line->text))
			(void)line_flush(sink, err);
	}
	return PKG_OK;
}

static void line_init(struct cli *cli, struct line *line)
{
	cli_progress_clear(cli);
	line->used = 0;
	line->sink =
	    (struct pkg_sink){.write = line_write, .finish = line_flush};
}

static void line_printf(struct line *line, const char *fmt, ...)
    PKG_PRINTF(2, 3);
static void line_printf(struct line *line, const char *fmt, ...)
{
	char text[CLI_MESSAGE / 2];
	struct pkg_err err = PKG_ERR_INIT;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)pkg_sink_puts(&line->sink, text, &err);
}

/* "error" in red, "warning" in yellow, "hint" in cyan: where, not what. */
static void put_label(struct cli *cli, struct line *line, const char *label)
{
	const char *colour = strcmp(label, "error") == 0     ? "31"
			     : strcmp(label, "warning") == 0 ? "33"
							     : "36";

	if (cli_color(cli))
		line_printf(line, "\033[1;%sm%s:\033[0m ", colour, label);
	else
		line_printf(line, "%s: ", label);
}

static void put_place(struct line *line, const char *file, uint32_t row,
		      uint32_t col)
{
	char quoted[4 * PKG_ERR_SOURCE];

	if (file == NULL || file[0] == '\0')
		return;
	line_printf(
	    line, "%s:",
	    pkg_text_quote_cut(quoted, sizeof(quoted), file, strlen(file)));
	if (row > 0)
		line_printf(line, "%u:", row);
	if (row > 0 && col > 0)
		line_printf(line, "%u:", col);
	line_printf(line, " ");
}

static void put_quoted(struct line *line, const char *text)
{
	char quoted[CLI_MESSAGE / 2];

	line_printf(
	    line, "%s",
	    pkg_text_quote_cut(quoted, sizeof(quoted), text, strlen(text)));
}

/* Where in the program it arose: -v, or PKG_TRACE for a whole build. */
static void put_trace(const struct cli *cli, struct line *line,
		      const struct pkg_err *err)
{
	const char *want = getenv("PKG_TRACE");

	if (cli->verbose == 0 &&
	    (want == NULL || want[0] == '\0' || strcmp(want, "0") == 0))
		return;
	for (size_t i = 0; i < err->ntrace; i++)
		line_printf(line, "\tat %s (%s:%d)\n", err->trace[i].func,
			    err->trace[i].file, err->trace[i].line);
}

/* A member with text that may hold any bytes; left out if it is empty. */
static void put_member(struct pkg_jsonw *w, const char *key, const char *text)
{
	char quoted[CLI_MESSAGE / 2];

	if (text == NULL || text[0] == '\0')
		return;
	if (!pkg_utf8_valid(text, strlen(text)))
		text = pkg_text_quote_cut(quoted, sizeof(quoted), text,
					  strlen(text));
	pkg_jsonw_str_member(w, key, text);
}

static void put_number(struct pkg_jsonw *w, const char *key, uint32_t number)
{
	if (number > 0)
		pkg_jsonw_int_member(w, key, number);
}

static void error_json(struct cli *cli, struct line *line,
		       const struct pkg_err *err, const char *severity)
{
	struct pkg_jsonw w;

	/* Neither the sink nor any member can fail: no pkg_jsonw_finish(). */
	pkg_jsonw_init(&w, &line->sink, 0);
	pkg_jsonw_object(&w);
	put_number(&w, "code", (uint32_t)err->code);
	put_number(&w, "col", err->col);
	put_member(&w, "file", err->source);
	put_member(&w, "hint", err->hint);
	put_number(&w, "line", err->line);
	put_member(&w, "reason", err->reason);
	put_member(&w, "severity", severity);
	put_member(&w, "text", err->text);
	put_member(&w, "tool", cli->tool->name);
	put_member(&w, "type", "message");
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
}

static void error_text(struct cli *cli, struct line *line,
		       const struct pkg_err *err)
{
	line_printf(line, "%s: ", cli->tool->name);
	put_place(line, err->source, err->line, err->col);
	put_label(cli, line, "error");
	put_quoted(line, err->text);
	if (err->reason != NULL)
		line_printf(line, " [%s]", err->reason);
	line_printf(line, "\n");
	if (err->hint[0] != '\0') {
		line_printf(line, "%s: ", cli->tool->name);
		put_label(cli, line, "hint");
		put_quoted(line, err->hint);
		line_printf(line, "\n");
	}
	put_trace(cli, line, err);
}

void cli_error(struct cli *cli, const struct pkg_err *err)
{
	struct pkg_err ignored = PKG_ERR_INIT;
	struct line line;

	line_init(cli, &line);
	if (cli->json)
		error_json(cli, &line, err, "error");
	else
		error_text(cli, &line, err);
	(void)line_flush(&line.sink, &ignored);
}

static void say(struct cli *cli, const char *severity, const char *fmt,
		va_list ap) PKG_PRINTF(3, 0);
static void say(struct cli *cli, const char *severity, const char *fmt,
		va_list ap)
{
	struct pkg_err message = PKG_ERR_INIT;
	struct pkg_err ignored = PKG_ERR_INIT;
	struct line line;

	if (cli->quiet)
		return;
	(void)vsnprintf(message.text, sizeof(message.text), fmt, ap);
	line_init(cli, &line);
	if (cli->json) {
		error_json(cli, &line, &message, severity);
	} else {
		line_printf(&line, "%s: ", cli->tool->name);
		if (strcmp(severity, "note") != 0)
			put_label(cli, &line, severity);
		put_quoted(&line, message.text);
		line_printf(&line, "\n");
	}
	(void)line_flush(&line.sink, &ignored);
}

void cli_note(struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(cli, "note", fmt, ap);
	va_end(ap);
}

void cli_warn(struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(cli, "warning", fmt, ap);
	va_end(ap);
}

/* A finding's text can be longer than a message: it goes through the heap. */
static enum pkg_code put_long(struct pkg_sink *sink, const char *before,
			      const char *text, const char *after,
			      struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf buf = {.max = 8 * (size_t)PKG_LIMIT_SCALAR};

	PKG_TRY(pkg_text_quote(&buf, text, strlen(text), err));
	PKG_TRY(pkg_sink_puts(sink, before, err));
	PKG_TRY(pkg_sink_write(sink, buf.data, buf.len, err));
	return pkg_sink_puts(sink, after, err);
}

enum pkg_code cli_finding_text(struct pkg_sink *sink,
			       const struct pkg_finding *finding,
			       struct pkg_err *err)
{
	char place[32] = ": ", label[64];

	if (finding->line > 0 && finding->col > 0)
		(void)snprintf(place, sizeof(place), ":%u:%u: ", finding->line,
			       finding->col);
	else if (finding->line > 0)
		(void)snprintf(place, sizeof(place), ":%u: ", finding->line);
	if (finding->file != NULL)
		PKG_TRY(put_long(sink, "", finding->file, place, err));
	(void)snprintf(label, sizeof(label),
		       "%s: ", pkg_severity_name(finding->severity));
	PKG_TRY(put_long(sink, label, finding->text, " [", err));
	PKG_TRY(pkg_sink_puts(sink, finding->rule, err));
	PKG_TRY(pkg_sink_puts(sink, "]\n", err));
	if (finding->hint != NULL)
		PKG_TRY(put_long(sink, "\thint: ", finding->hint, "\n", err));
	return PKG_OK;
}

/* Findings speak of files of the user, so a name may be any bytes. */
static enum pkg_code put_long_member(struct pkg_jsonw *w, const char *key,
				     const char *text, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf buf = {.max = 8 * (size_t)PKG_LIMIT_SCALAR};

	if (text == NULL)
		return PKG_OK;
	if (pkg_utf8_valid(text, strlen(text))) {
		pkg_jsonw_str_member(w, key, text);
		return PKG_OK;
	}
	PKG_TRY(pkg_text_quote(&buf, text, strlen(text), err));
	pkg_jsonw_str_member(w, key, pkg_buf_str(&buf));
	return PKG_OK;
}

enum pkg_code cli_finding_record(struct pkg_sink *sink,
				 const struct pkg_finding *finding,
				 struct pkg_err *err)
{
	struct pkg_jsonw w;

	pkg_jsonw_init(&w, sink, 0);
	pkg_jsonw_object(&w);
	put_number(&w, "col", finding->col);
	PKG_TRY(put_long_member(&w, "file", finding->file, err));
	PKG_TRY(put_long_member(&w, "hint", finding->hint, err));
	put_number(&w, "line", finding->line);
	pkg_jsonw_str_member(&w, "rule", finding->rule);
	pkg_jsonw_str_member(&w, "severity",
			     pkg_severity_name(finding->severity));
	PKG_TRY(put_long_member(&w, "text", finding->text, err));
	pkg_jsonw_str_member(&w, "type", "finding");
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

void cli_findings(struct cli *cli, const struct pkg_diag *diag)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct line line;

	line_init(cli, &line);
	for (const struct pkg_finding *f = diag->first; f != NULL;
	     f = f->next) {
		enum pkg_code code;

		if (cli->quiet && f->severity != PKG_SEVERITY_ERROR)
			continue;
		if (!cli->json)
			line_printf(&line, "%s: ", cli->tool->name);
		code = cli->json ? cli_finding_record(&line.sink, f, &err)
				 : cli_finding_text(&line.sink, f, &err);
		(void)line_flush(&line.sink, &err);
		if (code != PKG_OK) {
			cli_error(cli, &err);
			return;
		}
	}
	if (diag->dropped > 0)
		cli_warn(cli, "%zu more findings are not shown", diag->dropped);
}

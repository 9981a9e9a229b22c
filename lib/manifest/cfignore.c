/* SPDX-License-Identifier: Apache-2.0 */
#include "cfignore.h"

#include "packline/buf.h"

#include <stdlib.h>
#include <string.h>

/* What cf leaves out of a folder by itself. */
static const char *const own[] = {
    ".cfignore", ".DS_Store", ".git",          ".gitignore",   ".hg",
    ".svn",      "_darcs",    "manifest.yaml", "manifest.yml", NULL};

/* One replacement, everywhere in the text. */
static enum pkg_code replace(struct pkg_buf *text, const char *what,
			     const char *by, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf old = {.max = text->max};
	const char *from, *next;

	PKG_TRY(pkg_buf_add(&old, text->data, text->len, err));
	pkg_buf_clear(text);
	for (from = pkg_buf_str(&old); (next = strstr(from, what)) != NULL;
	     from = next + strlen(what)) {
		PKG_TRY(pkg_buf_add(text, from, (size_t)(next - from), err));
		PKG_TRY(pkg_buf_puts(text, by, err));
	}
	return pkg_buf_puts(text, from, err);
}

/* A slash behind anything but a slash or a plus, and a "*." after it. */
static bool is_anchored(const char *line)
{
	for (const char *slash = strchr(line, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		if (slash > line && slash[-1] != '/' && slash[-1] != '+' &&
		    strstr(slash + 1, "*.") != NULL)
			return true;
	}
	return false;
}

static bool ends_in(const struct pkg_buf *text, char c)
{
	return text->len > 0 && text->data[text->len - 1] == (uint8_t)c;
}

enum pkg_code pkg_cfignore_regex(struct pkg_buf *out, const char *line,
				 struct pkg_err *err)
{
	/* Stands for a star that is to stay one. */
	static const char star[] = "\x01";
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf text = {.max = out->max};

	if (is_anchored(line))
		PKG_TRY(pkg_buf_puts(&text, "/", err));
	PKG_TRY(pkg_buf_puts(&text, line, err));
	PKG_TRY(replace(&text, ".", "\\.", err));
	if (strncmp(pkg_buf_str(&text), "/**/", 4) == 0) {
		memmove(text.data, text.data + 1, text.len);
		text.len--;
	}
	PKG_TRY(replace(&text, "/**/", "(/|/.+/)", err));
	PKG_TRY(replace(&text, "**/", "(|.\x01/)", err));
	PKG_TRY(replace(&text, "/**", "(|/.\x01)", err));
	PKG_TRY(replace(&text, "\\*", "\\\x01", err));
	PKG_TRY(replace(&text, "*", "([^/]*)", err));
	PKG_TRY(replace(&text, "?", "\\?", err));
	PKG_TRY(replace(&text, star, "*", err));
	PKG_TRY(pkg_buf_puts(&text, ends_in(&text, '/') ? "(|.*)$" : "(|/.*)$",
			     err));
	if (*pkg_buf_str(&text) == '/')
		return pkg_buf_printf(out, err, "^(|/)%s",
				      pkg_buf_str(&text) + 1);
	return pkg_buf_printf(out, err, "^(|.*/)%s", pkg_buf_str(&text));
}

static enum pkg_code push(struct cfignore *out, struct pkg_pattern *pattern,
			  bool again, struct pkg_err *err)
{
	const size_t cap = out->cap == 0 ? 16 : out->cap * 2;
	struct cfignore_line *more;

	if (out->count == out->cap) {
		more = reallocarray(out->lines, cap, sizeof(*more));
		if (more == NULL) {
			pkg_pattern_free(pattern);
			return pkg_fail_nomem(err);
		}
		out->lines = more;
		out->cap = cap;
	}
	out->lines[out->count++] = (struct cfignore_line){pattern, again};
	return PKG_OK;
}

/* One line without its end; empty ones and comments do nothing. */
static enum pkg_code add_line(struct cfignore *out, char *line,
			      const struct pkg_node *at,
			      const struct rule_sink *sink)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf regex = {.max = 8192};
	struct pkg_err why = PKG_ERR_INIT;
	struct pkg_pattern *pattern = NULL;
	size_t len = strlen(line);
	bool again;

	while (len > 0 && line[len - 1] == '\r')
		line[--len] = '\0';
	if (*line == '#')
		return PKG_OK;
	line += strspn(line, " ");
	for (len = strlen(line); len > 0 && line[len - 1] == ' '; len--)
		line[len - 1] = '\0';
	if (*line == '\0')
		return PKG_OK;
	again = *line == '!';
	line += again;
	line += *line == '#' || *line == '!';
	PKG_TRY(pkg_cfignore_regex(&regex, line, sink->err));
	if (pkg_pattern_new(&pattern, PKG_PATTERN_SEARCH, pkg_buf_str(&regex),
			    regex.len, NULL, &why) == PKG_OK)
		return push(out, pattern, again, sink->err);
	if (why.code != PKG_INPUT) {
		*sink->err = why;
		return why.code;
	}
	return pkg_rule_add(sink, RULE_BITS_IGNORE, at, NULL,
			    "'%s' in .cfignore is no pattern", line);
}

enum pkg_code pkg_cfignore_read(struct cfignore *out, const char *text,
				size_t len, const struct pkg_node *at,
				const struct rule_sink *sink)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf copy = {.max = len + 1};
	char *next, *line;

	PKG_TRY(pkg_buf_add(&copy, text, len, sink->err));
	next = (char *)copy.data;
	while (len > 0 && (line = strsep(&next, "\n")) != NULL)
		PKG_TRY(add_line(out, line, at, sink));
	for (size_t i = 0; own[i] != NULL; i++) {
		char name[16];

		(void)stpcpy(name, own[i]);
		PKG_TRY(add_line(out, name, at, sink));
	}
	return PKG_OK;
}

enum pkg_code pkg_cfignore_match(const struct cfignore *ignore,
				 const char *path, bool *out,
				 struct pkg_err *err)
{
	*out = false;
	for (size_t i = 0; i < ignore->count; i++) {
		const struct cfignore_line *line = &ignore->lines[i];
		bool matches;

		PKG_TRY(pkg_pattern_match(line->pattern, path, strlen(path),
					  &matches, err));
		if (matches)
			*out = !line->again;
	}
	return PKG_OK;
}

void pkg_cfignore_fini(struct cfignore *ignore)
{
	for (size_t i = 0; i < ignore->count; i++)
		pkg_pattern_free(ignore->lines[i].pattern);
	free(ignore->lines);
}

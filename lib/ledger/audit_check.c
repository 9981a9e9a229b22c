/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/audit_files.h"

#include "packline/env.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Lines that were begun, ascending; those that ended are marked. */
struct begun {
	struct begun_line {
		uint64_t number;
		bool ended;
	} * items;
	size_t count, cap;
};

struct check {
	struct pkg_audit_report *out;
	struct pkg_audit_reader reader;
	const struct pkg_audit_head *heads;
	size_t head_count;
	struct begun begun;
	struct audit_link last;
	bool at_start; /* of a file */
};

static void pkg_audit_begun_fini(struct begun *begun)
{
	free(begun->items);
}

static enum pkg_code add_begun(struct begun *begun, uint64_t number,
			       struct pkg_err *err)
{
	if (begun->count == begun->cap) {
		const size_t cap = begun->cap == 0 ? 64 : 2 * begun->cap;
		struct begun_line *grown =
		    reallocarray(begun->items, cap, sizeof(*grown));

		if (grown == NULL)
			return pkg_fail_nomem(err);
		begun->items = grown;
		begun->cap = cap;
	}
	begun->items[begun->count++] = (struct begun_line){number, false};
	return PKG_OK;
}

static int by_number(const void *left, const void *right)
{
	const struct begun_line *a = left, *b = right;

	return (a->number > b->number) - (a->number < b->number);
}

static enum pkg_code count_open(struct check *self,
				const struct audit_link *link,
				struct pkg_err *err)
{
	const struct begun_line key = {link->begin, false};
	struct begun_line *found = NULL;

	if (link->phase == PKG_AUDIT_BEGIN) {
		self->out->open++;
		return add_begun(&self->begun, link->number, err);
	}
	if (link->begin == 0 || self->begun.count == 0)
		return PKG_OK;
	found = bsearch(&key, self->begun.items, self->begun.count, sizeof(key),
			by_number);
	if (found != NULL && !found->ended) {
		found->ended = true;
		self->out->open--;
	}
	return PKG_OK;
}

static enum pkg_code check_start(const struct audit_link *link,
				 struct pkg_err *err)
{
	if (link->first)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "log-gap",
			 "it begins with line %" PRIu64
			 " of its log: what was before it is missing",
			 link->number);
	return pkg_hint(err, "name the log itself, with its rotated files "
			     "beside it");
}

static enum pkg_code check_chain(const struct check *self,
				 const struct audit_link *link,
				 struct pkg_err *err)
{
	const struct audit_link *last = &self->last;
	const bool rotated = last->kind == AUDIT_ROTATE;

	if (self->out->lines == 0)
		return check_start(link, err);
	if (memcmp(link->previous, last->sha256, 32) != 0 && self->at_start &&
	    link->number > last->number + 1)
		return pkg_refuse(err, PKG_NO, "log-gap",
				  "lines %" PRIu64 " to %" PRIu64
				  " are missing",
				  last->number + 1, link->number - 1);
	if (link->first || strcmp(link->log, last->log) != 0 ||
	    memcmp(link->previous, last->sha256, 32) != 0)
		return pkg_refuse(err, PKG_NO, "log-chain",
				  "it does not continue the line before it: "
				  "one of them was changed, removed, moved or "
				  "doubled");
	if (link->number != last->number + 1)
		return pkg_refuse(err, PKG_NO, "log-gap",
				  "it follows line %" PRIu64
				  " and calls itself %" PRIu64,
				  last->number, link->number);
	if (rotated != self->at_start ||
	    rotated != (link->kind == AUDIT_CONTINUE))
		return pkg_refuse(err, PKG_INPUT, "malformed-log",
				  "files of a log end with log-rotate and go "
				  "on with log-continue, and only they");
	return PKG_OK;
}

static enum pkg_code check_heads(struct check *self,
				 const struct audit_link *link,
				 struct pkg_err *err)
{
	for (size_t i = 0; i < self->head_count; i++) {
		const struct pkg_audit_head *head = &self->heads[i];

		if (strcmp(head->log, link->log) != 0)
			return pkg_refuse(err, PKG_NO, "log-head",
					  "a head is of another log: %s, not "
					  "%s",
					  head->log, link->log);
		if (head->number != link->number)
			continue;
		if (memcmp(head->sha256, link->sha256, 32) != 0 ||
		    head->time != link->time)
			return pkg_refuse(err, PKG_NO, "log-head",
					  "a head knows it as another: it or "
					  "a line before it was changed");
		self->out->heads++;
	}
	return PKG_OK;
}

static enum pkg_code check_line(struct check *self, const void *data,
				size_t len, struct pkg_err *err)
{
	struct audit_link link = {0};

	PKG_TRY(pkg_audit_line_read(&link, &self->reader, data, len, err));
	PKG_TRY(check_chain(self, &link, err));
	PKG_TRY(check_heads(self, &link, err));
	PKG_TRY(count_open(self, &link, err));
	self->last = link;
	self->at_start = false;
	self->out->lines++;
	self->out->torn += link.kind == AUDIT_TORN;
	self->out->head.number = link.number;
	self->out->head.time = link.time;
	memcpy(self->out->head.log, link.log, sizeof(link.log));
	memcpy(self->out->head.sha256, link.sha256, sizeof(link.sha256));
	return PKG_OK;
}

/* Whole lines of @file; *@torn counts the bytes after the last of them. */
static enum pkg_code check_file(struct check *self, struct audit_file *file,
				size_t *torn, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf room = {.max = 2 * (size_t)AUDIT_LINE_MAX};
	struct audit_lines lines = {.file = file, .room = &room};
	const uint8_t *line = NULL;
	uint64_t number = 0;
	size_t len = 0;

	self->at_start = true;
	self->out->files++;
	for (;;) {
		number++;
		if (pkg_audit_lines_next(&lines, &line, &len, err) != PKG_OK)
			return pkg_wrap(err, "'%s', line %" PRIu64, file->name,
					number);
		if (len == 0 || line[len - 1] != '\n')
			break;
		if (check_line(self, line, len, err) != PKG_OK)
			return pkg_wrap(err, "'%s', line %" PRIu64, file->name,
					number);
	}
	*torn = len;
	return PKG_OK;
}

static enum pkg_code check_end(const struct check *self,
			       const struct audit_file *file, size_t torn,
			       struct pkg_err *err)
{
	for (size_t i = 0; i < self->head_count; i++) {
		if (self->heads[i].number > self->last.number)
			return pkg_refuse(err, PKG_NO, "log-truncated",
					  "'%s': it ends with line %" PRIu64
					  ", but line %" PRIu64 " is known",
					  file->name, self->last.number,
					  self->heads[i].number);
	}
	/* A file is given its name when its first line is in it. */
	if (torn == 0 && self->at_start && self->out->lines > 0)
		return pkg_refuse(
		    err, PKG_NO, "log-gap",
		    "'%s': it is empty: what followed line %" PRIu64
		    " is missing",
		    file->name, self->last.number);
	if (torn == 0 && self->out->lines > 0)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_NO, "log-torn",
			 "'%s': the last line is not complete", file->name);
	return pkg_hint(err, "if the machine died, the next program that "
			     "writes to it mends it and says so in a line; "
			     "else it was cut");
}

static enum pkg_code check_all(struct check *self,
			       struct pkg_audit_files *files,
			       struct pkg_err *err)
{
	for (size_t i = 0; i < files->count; i++) {
		const bool last = i + 1 == files->count;
		size_t torn = 0;

		PKG_TRY(check_file(self, &files->items[i], &torn, err));
		if (last || torn != 0 || self->at_start)
			PKG_TRY(check_end(self, &files->items[i], torn, err));
	}
	return PKG_OK;
}

enum pkg_code pkg_audit_check(struct pkg_audit_report *out,
			      const struct pkg_env *env,
			      struct pkg_audit_files *files,
			      const struct pkg_audit_head *heads,
			      size_t head_count, struct pkg_err *err)
{
	struct check self = {
	    .out = out, .heads = heads, .head_count = head_count};
	enum pkg_code code;

	*out = (struct pkg_audit_report){0};
	code = pkg_audit_reader_init(&self.reader, env->crypto, err);
	if (code == PKG_OK)
		code = check_all(&self, files, err);
	pkg_audit_reader_fini(&self.reader);
	pkg_audit_begun_fini(&self.begun);
	return code;
}

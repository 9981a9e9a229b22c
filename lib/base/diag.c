/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/diag.h"

#include "packline/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

static enum pkg_code keep(struct pkg_diag *diag, const struct pkg_finding *from,
			  struct pkg_err *err)
{
	struct pkg_finding *f = pkg_arena_alloc(diag->arena, sizeof(*f), err);

	if (f == NULL)
		return err->code;
	*f = *from;
	f->text =
	    pkg_arena_dup(diag->arena, from->text, strlen(from->text), err);
	if (f->text == NULL)
		return err->code;
	if (from->hint != NULL) {
		f->hint = pkg_arena_dup(diag->arena, from->hint,
					strlen(from->hint), err);
		if (f->hint == NULL)
			return err->code;
	}
	if (diag->last != NULL)
		diag->last->next = f;
	else
		diag->first = f;
	diag->last = f;
	return PKG_OK;
}

/* NOLINTNEXTLINE(readability-function-size): seven facts, all needed */
enum pkg_code pkg_diag_add(struct pkg_diag *diag, enum pkg_severity severity,
			   const char *rule, const struct pkg_mark *mark,
			   const char *hint, struct pkg_err *err,
			   const char *fmt, ...)
{
	char text[TEXT_MAX];
	struct pkg_finding f = {
	    .severity = severity, .rule = rule, .text = text, .hint = hint};
	va_list ap;

	diag->count++;
	diag->errors += severity == PKG_SEVERITY_ERROR;
	diag->warnings += severity == PKG_SEVERITY_WARNING;
	if (diag->count - diag->dropped > PKG_LIMIT_FINDINGS) {
		diag->dropped++;
		return PKG_OK;
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (mark != NULL) {
		f.file = mark->source;
		f.line = mark->line;
		f.col = mark->col;
	}
	return keep(diag, &f, err);
}

const char *pkg_severity_name(enum pkg_severity severity)
{
	switch (severity) {
	case PKG_SEVERITY_NOTE:
		return "note";
	case PKG_SEVERITY_WARNING:
		return "warning";
	case PKG_SEVERITY_ERROR:
		break;
	}
	return "error";
}

static bool after(const struct pkg_finding *a, const struct pkg_finding *b)
{
	int files = strcmp(a->file != NULL ? a->file : "",
			   b->file != NULL ? b->file : "");

	if (files != 0)
		return files > 0;
	if (a->line != b->line)
		return a->line > b->line;
	return a->col > b->col;
}

static struct pkg_finding *merge(struct pkg_finding *a, struct pkg_finding *b)
{
	struct pkg_finding head = {0}, *tail = &head;

	while (a != NULL && b != NULL) {
		struct pkg_finding **from = after(a, b) ? &b : &a;

		tail->next = *from;
		tail = *from;
		*from = (*from)->next;
	}
	tail->next = a != NULL ? a : b;
	return head.next;
}

/* Bottom-up merge sort: slot i holds a sorted list of 2^i findings. */
void pkg_diag_sort(struct pkg_diag *diag)
{
	enum { SLOTS = 32 };
	struct pkg_finding *slots[SLOTS] = {0}, *all = NULL;

	for (struct pkg_finding *f = diag->first, *next; f != NULL; f = next) {
		size_t i = 0;

		next = f->next;
		f->next = NULL;
		for (; i < SLOTS - 1 && slots[i] != NULL; i++) {
			f = merge(slots[i], f);
			slots[i] = NULL;
		}
		slots[i] = merge(slots[i], f);
	}
	for (size_t i = 0; i < SLOTS; i++)
		all = merge(slots[i], all);
	diag->first = all;
	for (struct pkg_finding *f = all; f != NULL; f = f->next)
		diag->last = f;
}

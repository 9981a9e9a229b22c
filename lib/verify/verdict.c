/* SPDX-License-Identifier: Apache-2.0 */
#include "impl.h"

#include "packline/limits.h"
#include "packline/outdir.h"
#include "packline/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const check_ids[PKG_VERIFY_CHECK_COUNT] = {
#define X(name, id, text) (id),
    PKG_VERIFY_CHECKS(X)
#undef X
};

const char *pkg_verify_check_name(enum pkg_verify_check_id id)
{
	return check_ids[id];
}

enum pkg_code pkg_verify_verdict_new(struct pkg_verdict **out,
				     struct pkg_err *err)
{
	PKG_AUTO(pkg_verdict) struct pkg_verdict *verdict = NULL;

	verdict = calloc(1, sizeof(*verdict));
	if (verdict == NULL)
		return pkg_fail_nomem(err);
	PKG_TRY(pkg_arena_new(&verdict->arena, PKG_LIMIT_ARENA, err));
	verdict->signers.others = "";
	for (size_t i = 0; i < PKG_VERIFY_CHECK_COUNT; i++)
		verdict->checks[i].detail = "not reached";
	*out = PKG_STEAL(verdict);
	return PKG_OK;
}

void pkg_verdict_free(struct pkg_verdict *verdict)
{
	if (verdict == NULL)
		return;
	pkg_arena_free(verdict->arena);
	free(verdict);
}

/*
 * Into the verdict, as UTF-8: a text that was cut in the middle of a
 * character must not make the record unwritable.  NULL if out of memory.
 */
static const char *keep(struct verify_run *run, const char *text,
			struct pkg_err *err)
{
	char quoted[PKG_ERR_TEXT];

	if (!pkg_utf8_valid(text, strlen(text)))
		text = pkg_text_quote_cut(quoted, sizeof(quoted), text,
					  strlen(text));
	return pkg_arena_dup(run->verdict->arena, text, strlen(text), err);
}

enum pkg_code pkg_verify_set(struct verify_run *run,
			     enum pkg_verify_check_id id,
			     enum pkg_verify_state state, struct pkg_err *err,
			     const char *fmt, ...)
{
	struct pkg_verify_check *check = &run->verdict->checks[id];
	char text[PKG_ERR_TEXT];
	const char *detail = NULL;
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	detail = keep(run, text, err);
	if (detail == NULL)
		return err->code;
	check->detail = detail;
	check->state = state;
	return PKG_OK;
}

enum pkg_code pkg_verify_failed(struct verify_run *run,
				enum pkg_verify_check_id id,
				struct pkg_err *err)
{
	struct pkg_verify_check *check = &run->verdict->checks[id];
	struct pkg_err ignored = PKG_ERR_INIT;
	const char *detail = NULL;

	/* A disk that cannot be read says nothing about the container. */
	if (err->code != PKG_NO && err->code != PKG_INPUT)
		return err->code;
	detail = keep(run, err->text, &ignored);
	check->detail = detail == NULL ? "failed" : detail;
	check->state = PKG_VERIFY_FAILED;
	return err->code;
}

static const char *copy(struct verify_run *run, const char *text,
			struct pkg_err *err)
{
	return text == NULL ? NULL
			    : pkg_arena_dup(run->verdict->arena, text,
					    strlen(text), err);
}

static const char *copy_hex(struct verify_run *run, const uint8_t *sha256,
			    struct pkg_err *err)
{
	char hex[65];

	pkg_hex_encode(hex, sha256, 32);
	return copy(run, hex, err);
}

enum pkg_code pkg_verify_facts(struct verify_run *run, struct pkg_err *err)
{
	const struct pkg_container_manifest *manifest = &run->head->manifest;
	const struct pkg_container_subject *subject = &manifest->subject;
	struct pkg_verdict *verdict = run->verdict;

	verdict->kind = pkg_container_kind_name(manifest->kind);
	verdict->content = pkg_container_content_name(subject->content);
	verdict->draft = run->head->draft;
	verdict->has_sequence = subject->sequence >= 0;
	if (verdict->has_sequence)
		verdict->sequence = (uint64_t)subject->sequence;
	verdict->id = copy(run, subject->id, err);
	verdict->name = copy(run, subject->name, err);
	verdict->version = copy(run, subject->version, err);
	verdict->tenant = copy(run, subject->tenant, err);
	verdict->manifest_sha256 =
	    copy_hex(run, run->head->manifest_sha256, err);
	verdict->expires = copy(run, subject->expires, err);
	if (subject->device_config != NULL) {
		verdict->device_config = copy(run, subject->device_config, err);
		verdict->device_config_sha256 =
		    copy_hex(run, subject->device_config_sha256, err);
	}
	return err->code; /* of the copies, if one had no memory */
}

static bool passed(const struct verify_run *run, enum pkg_verify_check_id id)
{
	return run->verdict->checks[id].state == PKG_VERIFY_PASSED;
}

/* Somebody trusted has signed it, or nobody needs to and the key proves it. */
static bool has_maker(const struct verify_run *run)
{
	if (run->options->trust == NULL)
		return false;
	if (run->head->manifest.kind != PKG_CONTAINER_ENCRYPTED)
		return passed(run, PKG_VERIFY_SIGNATURES) &&
		       run->verdict->signers.count > 0;
	return pkg_trust_allows_unsigned(run->options->trust) &&
	       run->unlocked && passed(run, PKG_VERIFY_PLAINTEXT);
}

/*
 * The last gate: whatever path led here, a yes needs all of this.  A path
 * that forgot a check ends as a bug, not as a yes.
 */
static bool may_say_yes(const struct verify_run *run)
{
	const bool encrypted = pkg_verify_is_encrypted(run);
	const bool keyed = encrypted && pkg_verify_has_key(run);
	const bool approvals =
	    run->head->manifest.has_policy || run->head->approval_count > 0;
	const bool bundle =
	    run->head->manifest.subject.content == PKG_CONTAINER_BUNDLE;
	const struct {
		bool needed;
		enum pkg_verify_check_id id;
	} needs[] = {
	    {true, PKG_VERIFY_MANIFEST},
	    {true, PKG_VERIFY_SUITE},
	    {true, PKG_VERIFY_REQUEST},
	    {true, PKG_VERIFY_PAYLOAD},
	    {true, PKG_VERIFY_FRAMING},
	    {approvals, PKG_VERIFY_APPROVALS},
	    {run->options->state != NULL, PKG_VERIFY_STATE},
	    {encrypted, PKG_VERIFY_RECIPIENTS},
	    {keyed, PKG_VERIFY_MAC},
	    {keyed, PKG_VERIFY_PLAINTEXT},
	    {bundle && (!encrypted || keyed), PKG_VERIFY_CONTENT},
	};

	for (size_t i = 0; i < PKG_VERIFY_CHECK_COUNT; i++) {
		if (run->verdict->checks[i].state == PKG_VERIFY_FAILED)
			return false;
	}
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (needs[i].needed && !passed(run, needs[i].id))
			return false;
	}
	return run->refusal.code == PKG_OK && !run->verdict->draft &&
	       has_maker(run);
}

static const char *reason_of(const struct pkg_err *err)
{
	if (err->reason != NULL)
		return err->reason;
	switch (err->code) {
	case PKG_NO:
		return "refused";
	case PKG_INPUT:
		return "malformed";
	case PKG_KEY:
		return "key";
	case PKG_SYSTEM:
		return "system";
	case PKG_USAGE:
		return "usage";
	case PKG_OK:
	case PKG_INTERNAL:
		break;
	}
	return "bug";
}

/*
 * Step 8: what was extracted becomes visible, and only now; then the state is
 * told.  All that can fail of the latter is done before the former.
 */
static enum pkg_code publish(struct verify_run *run, struct pkg_err *err)
{
	struct pkg_state *state = run->options->state;
	const struct pkg_state_entry entry = pkg_verify_entry(run);

	if (state != NULL && pkg_state_prepare(state, &entry, err) != PKG_OK)
		return pkg_verify_failed(run, PKG_VERIFY_STATE, err);
	if (run->options->extract != NULL)
		PKG_TRY(pkg_outdir_commit(run->options->extract, err));
	return state == NULL ? PKG_OK : pkg_state_commit(state, err);
}

enum pkg_code pkg_verify_conclude(struct verify_run *run, enum pkg_code code,
				  struct pkg_err *err)
{
	struct pkg_verdict *verdict = run->verdict;
	struct pkg_err ignored = PKG_ERR_INIT;

	verdict->size = run->source->total;
	if (code == PKG_OK && !may_say_yes(run))
		code = pkg_fail(err, PKG_INTERNAL,
				"a check was left out on the way to a yes");
	if (code == PKG_OK)
		code = publish(run, err);
	verdict->ok = code == PKG_OK;
	if (verdict->ok)
		return PKG_OK;
	verdict->reason = reason_of(err);
	verdict->text = keep(run, err->text, &ignored);
	if (verdict->text == NULL)
		verdict->text = "out of memory";
	if (err->hint[0] != '\0')
		verdict->hint = keep(run, err->hint, &ignored);
	return code;
}

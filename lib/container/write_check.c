/* SPDX-License-Identifier: Apache-2.0 */
#include "container/write_check.h"

#include "container/names.h"
#include "packline/key.h"
#include "packline/path.h"
#include "packline/text.h"

#include <string.h>

static enum pkg_code bad_text(const char *what, const char *text,
			      const char *hint, struct pkg_err *err)
{
	char quoted[80];

	if (text == NULL)
		return pkg_fail(err, PKG_USAGE, "a container needs a %s", what);
	(void)pkg_fail(
	    err, PKG_USAGE, "'%s' cannot be a %s",
	    pkg_text_quote_cut(quoted, sizeof(quoted), text, strlen(text)),
	    what);
	return pkg_hint(err, "%s", hint);
}

static enum pkg_code check_name(const char *what, const char *text,
				struct pkg_err *err)
{
	if (text != NULL && pkg_container_is_name(text))
		return PKG_OK;
	return bad_text(what, text,
			"use letters, digits and . _ + - (at most 100, the "
			"first a letter or digit)",
			err);
}

static enum pkg_code check_text(const char *what, const char *text,
				struct pkg_err *err)
{
	if (text != NULL && pkg_container_is_text(text))
		return PKG_OK;
	return bad_text(what, text,
			"use 1 to 512 bytes of UTF-8 without control "
			"characters",
			err);
}

static enum pkg_code check_time(const char *what, const char *text,
				struct pkg_err *err)
{
	if (text == NULL || pkg_container_is_time(text))
		return PKG_OK;
	return bad_text(what, text, "write it in UTC like 2026-12-01T02:00:00Z",
			err);
}

static enum pkg_code check_subject(const struct pkg_container_spec *spec,
				   struct pkg_err *err)
{
	const struct pkg_container_subject *subject = &spec->subject;

	PKG_TRY(check_name("tenant", subject->tenant, err));
	PKG_TRY(check_text("name", subject->name, err));
	PKG_TRY(check_text("version", subject->version, err));
	PKG_TRY(check_time("time of creation", subject->created, err));
	PKG_TRY(check_time("time of expiry", subject->expires, err));
	if (spec->requester != NULL)
		PKG_TRY(check_text("requester", spec->requester, err));
	if (subject->device_config != NULL)
		PKG_TRY(check_name("device config id", subject->device_config,
				   err));
	if (subject->sequence < -1 || subject->sequence > PKG_LIMIT_JSON_INT)
		return pkg_fail(err, PKG_USAGE,
				"a sequence is a number from 0 to %lld",
				PKG_LIMIT_JSON_INT);
	return PKG_OK;
}

static enum pkg_code check_kind(const struct pkg_container_spec *spec,
				struct pkg_err *err)
{
	const bool encrypted = spec->kind != PKG_CONTAINER_SIGNED;
	const bool recipients =
	    spec->kek_count > 0 ||
	    (spec->recipients != NULL && pkg_certs_count(spec->recipients) > 0);

	if (encrypted && !recipients)
		return pkg_fail(err, PKG_USAGE,
				"a container of kind '%s' needs a recipient",
				pkg_container_kind_name(spec->kind));
	if (!encrypted && recipients)
		return pkg_fail(err, PKG_USAGE,
				"a container of kind 'signed' is not encrypted "
				"and has no recipients");
	if (spec->kind == PKG_CONTAINER_ENCRYPTED && spec->signer != NULL)
		return pkg_fail(err, PKG_USAGE,
				"a container of kind 'encrypted' has no "
				"signature");
	return PKG_OK;
}

static enum pkg_code check_source_name(const char *name, struct pkg_err *err)
{
	char quoted[80];

	if (pkg_path_is_safe_name(name, strlen(name)))
		return PKG_OK;
	return pkg_refuse(
	    err, PKG_INPUT, "name-grammar", "'%s' is not a safe file name",
	    pkg_text_quote_cut(quoted, sizeof(quoted), name, strlen(name)));
}

static const char *source_name_of(const void *rows, size_t index)
{
	const struct pkg_container_spec *spec = rows;

	if (spec->metadata != NULL && index-- == 0)
		return spec->metadata->source_name;
	return spec->inputs[index].source_name;
}

static enum pkg_code check_names(const struct pkg_container_spec *spec,
				 struct pkg_err *err)
{
	const size_t count =
	    spec->input_count + (spec->metadata != NULL ? 1 : 0);
	size_t dup = SIZE_MAX;
	char quoted[80];

	for (size_t i = 0; i < count; i++)
		PKG_TRY(check_source_name(source_name_of(spec, i), err));
	PKG_TRY(
	    pkg_names_unique(spec, count, source_name_of, false, &dup, err));
	if (dup == SIZE_MAX)
		return PKG_OK;
	(void)pkg_fail(err, PKG_USAGE, "two files are called '%s'",
		       pkg_text_quote_cut(quoted, sizeof(quoted),
					  source_name_of(spec, dup),
					  strlen(source_name_of(spec, dup))));
	return pkg_hint(err, "the files of a container lie in one folder when "
			     "they are extracted; rename one");
}

static enum pkg_code check_bundle(const struct pkg_container_spec *spec,
				  struct pkg_err *err)
{
	if (spec->subject.content != PKG_CONTAINER_BUNDLE)
		return PKG_OK;
	if (strcmp(spec->inputs[0].source_name, BUNDLE_PLAN) != 0)
		return pkg_fail(err, PKG_USAGE,
				"the first file of a bundle must be %s",
				BUNDLE_PLAN);
	for (size_t i = 1; i < spec->input_count; i++) {
		const char *name = spec->inputs[i].source_name;

		if (strlen(name) != 64 || !pkg_hex_is(name, 64) ||
		    (i > 1 &&
		     strcmp(spec->inputs[i - 1].source_name, name) >= 0))
			return pkg_fail(err, PKG_USAGE,
					"the blobs of a bundle are named by "
					"their SHA-256, ascending");
	}
	return PKG_OK;
}

enum pkg_code pkg_write_check(const struct pkg_container_spec *spec,
			      struct pkg_err *err)
{
	/* Recipients and request are members too. */
	const size_t max = (spec->subject.content == PKG_CONTAINER_BUNDLE
				? PKG_LIMIT_MEMBERS_BUNDLE
				: PKG_LIMIT_MEMBERS) -
			   3;

	PKG_TRY(check_subject(spec, err));
	PKG_TRY(check_kind(spec, err));
	if (spec->input_count == 0)
		return pkg_fail(err, PKG_USAGE,
				"a container needs at least one file");
	if (spec->input_count > max) {
		(void)pkg_refuse(err, PKG_INPUT, "limit",
				 "more than %zu files in one container", max);
		return pkg_hint(err, "pack them into an archive first");
	}
	PKG_TRY(check_names(spec, err));
	return check_bundle(spec, err);
}

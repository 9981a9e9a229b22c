/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/verify.h"

#include "packline/buf.h"
#include "packline/sink.h"
#include "packline/text.h"

#include <inttypes.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 }; /* bytes of one verdict: 16 signers, 17 checks */

/* "name:   value", nothing if there is no value. */
static enum pkg_code line(struct pkg_buf *out, const char *name,
			  const char *value, struct pkg_err *err)
{
	if (value == NULL)
		return PKG_OK;
	PKG_TRY(pkg_buf_printf(out, err, "  %-14s ", name));
	PKG_TRY(pkg_text_quote(out, value, strlen(value), err));
	return pkg_buf_puts(out, "\n", err);
}

static enum pkg_code write_facts(struct pkg_buf *out,
				 const struct pkg_verdict *verdict,
				 struct pkg_err *err)
{
	if (verdict->name == NULL)
		return PKG_OK;
	PKG_TRY(line(out, "name", verdict->name, err));
	PKG_TRY(line(out, "version", verdict->version, err));
	PKG_TRY(line(out, "tenant", verdict->tenant, err));
	PKG_TRY(line(out, "device config", verdict->device_config, err));
	if (verdict->has_sequence)
		PKG_TRY(pkg_buf_printf(out, err, "  %-14s %" PRIu64 "\n",
				       "sequence", verdict->sequence));
	PKG_TRY(line(out, "expires", verdict->expires, err));
	PKG_TRY(line(out, "kind", verdict->kind, err));
	PKG_TRY(line(out, "content", verdict->content, err));
	PKG_TRY(line(out, "manifest", verdict->manifest_sha256, err));
	return line(out, "unsigned", verdict->unsigned_sha256, err);
}

static enum pkg_code write_checks(struct pkg_buf *out,
				  const struct pkg_verdict *verdict,
				  struct pkg_err *err)
{
	static const char *const marks[] = {
	    [PKG_VERIFY_NOT_CHECKED] = "-",
	    [PKG_VERIFY_PASSED] = "ok",
	    [PKG_VERIFY_FAILED] = "NO",
	};

	for (size_t i = 0; i < PKG_VERIFY_CHECK_COUNT; i++) {
		const struct pkg_verify_check *check = &verdict->checks[i];

		PKG_TRY(pkg_buf_printf(
		    out, err, "  %-2s %-14s ", marks[check->state],
		    pkg_verify_check_name((enum pkg_verify_check_id)i)));
		PKG_TRY(pkg_text_quote(out, check->detail,
				       strlen(check->detail), err));
		PKG_TRY(pkg_buf_puts(out, "\n", err));
	}
	return PKG_OK;
}

enum pkg_code pkg_verdict_text(struct pkg_sink *sink,
			       const struct pkg_verdict *verdict,
			       const char *path, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf out = {.max = TEXT_MAX};

	PKG_TRY(pkg_text_quote(&out, path, strlen(path), err));
	if (verdict->ok) {
		PKG_TRY(pkg_buf_puts(&out, ": yes\n", err));
	} else {
		PKG_TRY(
		    pkg_buf_printf(&out, err, ": no [%s]: ", verdict->reason));
		PKG_TRY(pkg_text_quote(&out, verdict->text,
				       strlen(verdict->text), err));
		PKG_TRY(pkg_buf_puts(&out, "\n", err));
		PKG_TRY(line(&out, "hint", verdict->hint, err));
	}
	/* What a refused container says of itself is not to be believed. */
	if (!verdict->ok && verdict->name != NULL)
		PKG_TRY(
		    pkg_buf_puts(&out, "claims, not to be believed:\n", err));
	PKG_TRY(write_facts(&out, verdict, err));
	PKG_TRY(pkg_buf_puts(&out, "checks:\n", err));
	PKG_TRY(write_checks(&out, verdict, err));
	return pkg_sink_write(sink, out.data, out.len, err);
}

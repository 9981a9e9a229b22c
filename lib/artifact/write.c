/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/artifact.h"
#include "packline/text.h"

#include <stdio.h>
#include <string.h>

enum pkg_code pkg_artifact_record(struct pkg_sink *sink,
				  const struct pkg_artifact *artifact,
				  struct pkg_err *err)
{
	struct pkg_jsonw w;
	char mode[8];

	(void)snprintf(mode, sizeof(mode), "%04o", artifact->mode & 07777);
	pkg_jsonw_init(&w, sink, 0);
	pkg_jsonw_object(&w);
	if ((artifact->digests.set & PKG_DIGEST_MD5) != 0)
		pkg_jsonw_hex_member(&w, "md5", artifact->digests.md5, 16);
	if (artifact->has_mode)
		pkg_jsonw_str_member(&w, "mode", mode);
	pkg_jsonw_str_member(&w, "path", artifact->path);
	/* Their names are in the order of their bits. */
	for (unsigned bit = PKG_DIGEST_SHA1; bit < PKG_DIGEST_ALL; bit <<= 1) {
		if ((artifact->digests.set & bit) != 0)
			pkg_jsonw_hex_member(
			    &w, pkg_digest_name(bit),
			    pkg_digests_get(&artifact->digests, bit),
			    pkg_digest_size(bit));
	}
	pkg_jsonw_int_member(&w, "size", (int64_t)artifact->size);
	pkg_jsonw_str_member(&w, "type", "artifact");
	pkg_jsonw_object_end(&w);
	pkg_jsonw_line(&w);
	return pkg_jsonw_finish(&w, err);
}

/* True if the name cannot stand in a line as it is. */
static bool needs_escape(const char *path)
{
	return strpbrk(path, "\\\n\r") != NULL;
}

static enum pkg_code put_name(struct pkg_sink *sink, const char *path,
			      struct pkg_err *err)
{
	while (*path != '\0') {
		const size_t plain = strcspn(path, "\\\n\r");

		if (plain > 0)
			PKG_TRY(pkg_sink_write(sink, path, plain, err));
		path += plain;
		if (*path == '\0')
			break;
		PKG_TRY(pkg_sink_puts(sink,
				      *path == '\\'   ? "\\\\"
				      : *path == '\n' ? "\\n"
						      : "\\r",
				      err));
		path++;
	}
	return PKG_OK;
}

static enum pkg_code line_start(struct pkg_sink *sink,
				const struct pkg_artifact *artifact,
				unsigned algorithm, char hex[PKG_DIGEST_HEX],
				struct pkg_err *err)
{
	if (!pkg_utf8_valid(artifact->path, strlen(artifact->path)))
		return pkg_refuse(err, PKG_INPUT, "not-utf8",
				  "the path '%s' is not UTF-8", artifact->path);
	pkg_hex_encode(hex, pkg_digests_get(&artifact->digests, algorithm),
		       pkg_digest_size(algorithm));
	if (!needs_escape(artifact->path))
		return PKG_OK;
	return pkg_sink_puts(sink, "\\", err);
}

enum pkg_code pkg_artifact_gnu(struct pkg_sink *sink,
			       const struct pkg_artifact *artifact,
			       unsigned algorithm, struct pkg_err *err)
{
	char hex[PKG_DIGEST_HEX];

	PKG_TRY(line_start(sink, artifact, algorithm, hex, err));
	PKG_TRY(pkg_sink_puts(sink, hex, err));
	PKG_TRY(pkg_sink_puts(sink, "  ", err));
	PKG_TRY(put_name(sink, artifact->path, err));
	return pkg_sink_puts(sink, "\n", err);
}

enum pkg_code pkg_artifact_bsd(struct pkg_sink *sink,
			       const struct pkg_artifact *artifact,
			       unsigned algorithm, struct pkg_err *err)
{
	char hex[PKG_DIGEST_HEX];

	PKG_TRY(line_start(sink, artifact, algorithm, hex, err));
	PKG_TRY(pkg_sink_puts(sink, pkg_digest_tag(algorithm), err));
	PKG_TRY(pkg_sink_puts(sink, " (", err));
	PKG_TRY(put_name(sink, artifact->path, err));
	PKG_TRY(pkg_sink_puts(sink, ") = ", err));
	PKG_TRY(pkg_sink_puts(sink, hex, err));
	return pkg_sink_puts(sink, "\n", err);
}

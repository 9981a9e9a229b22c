/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include <string.h>

#define AGAIN "it is not whole: copy it again, or ask for it again"
#define FORGED                                                                 \
	"no ZIP program writes this: ask where it comes from; if the files "   \
	"are right, pack them again"
#define PACK "pack the files again, without this"

/* How to mend each refusal. */
static const struct {
	const char *reason, *hint;
} hints[] = {
    {"zip-end", "if it is a ZIP file, copy it again; nothing may stand behind "
		"its end, nor a comment"},
    {"zip-multidisk", "put the parts together: zip -s 0 IN.zip --out OUT.zip"},
    {"zip-zip64", "pack less than 4 GiB, from files and not from a pipe; for "
		  "Info-ZIP: zip -fz-"},
    {"zip-central", FORGED},
    {"zip-local", FORGED},
    {"zip-mismatch", FORGED},
    {"zip-order", FORGED},
    {"zip-overlap", FORGED},
    {"zip-gap", FORGED},
    {"zip-descriptor", "write the ZIP file to a disk and not to a pipe, or let "
		       "the files be compressed"},
    {"zip-version", PACK},
    {"zip-flags", PACK},
    {"zip-encrypted", "pack the files again, without a password"},
    {"zip-method", "pack the files again with deflate: zip, or 7z -mm=Deflate"},
    {"zip-size", FORGED},
    {"zip-extra", "pack the files again without extra fields: zip -X"},
    {"zip-comment", PACK},
    {"zip-mode", "pack regular files only: zip -j -D"},
    {"zip-name", "rename the file, and pack it without its folder: zip -j"},
    {"zip-duplicate", "rename one of the two, and pack again"},
    {"zip-limit", "split it into several ZIP files"},
    {"zip-ratio", "if the file is really so empty, pack it without "
		  "compression: zip -0"},
    {"zip-deflate", AGAIN},
    {"zip-trailing", FORGED},
    {"zip-length", AGAIN},
    {"zip-crc", AGAIN},
};

enum pkg_code pkg_archive_hint(struct pkg_err *err)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (err->hint[0] == '\0' && err->reason != NULL &&
		    strcmp(err->reason, hints[i].reason) == 0)
			return pkg_hint(err, "%s", hints[i].hint);
	}
	return pkg_failed_(err->code);
}

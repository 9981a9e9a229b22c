/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include "impl.h"

#include "packline/path.h"
#include "packline/pattern.h"
#include "packline/text.h"

#include <string.h>
#include <strings.h>

enum { FILE_NAME_MAX = 255 }; /* bytes: what file systems take */

void pkg_batch_names_fini(struct pkg_batch_names *names)
{
	pkg_map_fini(&names->map);
	pkg_arena_free(names->arena);
	*names = (struct pkg_batch_names){0};
}

static enum pkg_code bad_name(const char *name, const char *what,
			      struct pkg_err *err)
{
	char shown[300];

	return pkg_refuse(
	    err, PKG_INPUT, "document-name", "document '%s' %s",
	    pkg_text_quote_cut(shown, sizeof(shown), name, strlen(name)), what);
}

static enum pkg_code check_form(const struct pkg_process *process,
				const char *name, struct pkg_err *err)
{
	const char *suffix = pkg_process_form_suffix(process->form);
	const size_t len = strlen(name);
	const char *flaw = pkg_path_name_flaw(name, len);
	bool matches = true;

	if (flaw != NULL)
		return bad_name(name, flaw, err);
	if (strcasecmp(name, BATCH_RECORD) == 0) {
		(void)bad_name(name,
			       "is called like the record that a "
			       "download carries",
			       err);
		return pkg_hint(err, "give it another name");
	}
	if (process->action == PKG_PROCESS_SIGN &&
	    len + strlen(suffix) > FILE_NAME_MAX)
		return bad_name(name,
				"has too long a name: its signature "
				"must have one, too",
				err);
	if (process->names == NULL)
		return PKG_OK;
	PKG_TRY(pkg_pattern_match(process->names, name, len, &matches, err));
	if (matches)
		return PKG_OK;
	(void)bad_name(name, "has a name that the process does not let", err);
	return pkg_hint(err, "names match %s", process->names_text);
}

/* As a file system sees it that does not tell capitals from small letters. */
static char *folded(struct pkg_batch_names *names, const char *name, size_t len,
		    const char *suffix, struct pkg_err *err)
{
	char *key = pkg_arena_printf(names->arena, err, "%.*s%s", (int)len,
				     name, suffix);

	for (char *c = key; c != NULL && *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + ('a' - 'A'));
	}
	return key;
}

/* Of what is signed, the signature NAME.p7s must find its name free. */
static enum pkg_code check_signatures(struct pkg_batch_names *names,
				      const char *key, const char *name,
				      struct pkg_err *err)
{
	const char *suffix = pkg_process_form_suffix(names->process->form);
	const size_t len = strlen(key), tail = strlen(suffix);
	const char *other = NULL;
	char *probe = NULL;

	probe = folded(names, key, len, suffix, err);
	if (probe == NULL)
		return err->code;
	other = pkg_map_get(&names->map, probe);
	if (other == NULL && len > tail &&
	    strcmp(key + len - tail, suffix) == 0) {
		probe = folded(names, key, len - tail, "", err);
		if (probe == NULL)
			return err->code;
		other = pkg_map_get(&names->map, probe);
	}
	if (other == NULL)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_INPUT, "document-duplicate",
			 "documents '%s' and '%s': one has the name that the "
			 "signature of the other will have",
			 other, name);
	return pkg_hint(err, "sign them in two batches, or give one another "
			     "name");
}

enum pkg_code pkg_batch_names_add(struct pkg_batch_names *names,
				  const char *name, struct pkg_err *err)
{
	const void *before = NULL;
	const char *kept = NULL, *key = NULL;

	PKG_TRY(check_form(names->process, name, err));
	if (names->arena == NULL)
		PKG_TRY(pkg_arena_new(&names->arena, PKG_LIMIT_ARENA, err));
	kept = pkg_arena_dup(names->arena, name, strlen(name), err);
	if (kept == NULL)
		return err->code;
	key = folded(names, name, strlen(name), "", err);
	if (key == NULL)
		return err->code;
	if (names->process->action == PKG_PROCESS_SIGN)
		PKG_TRY(check_signatures(names, key, name, err));
	PKG_TRY(pkg_map_add(&names->map, key, kept, &before, err));
	if (before == NULL)
		return PKG_OK;
	if (strcmp(before, name) == 0)
		return pkg_refuse(err, PKG_INPUT, "document-duplicate",
				  "document '%s' is there already", name);
	return pkg_refuse(err, PKG_INPUT, "document-duplicate",
			  "documents '%s' and '%s' differ in capitals only",
			  (const char *)before, name);
}

enum pkg_code pkg_batch_check_limits(const struct pkg_process *process,
				     uint64_t documents, uint64_t bytes,
				     struct pkg_err *err)
{
	if (documents > process->max_documents) {
		(void)pkg_refuse(err, PKG_INPUT, "batch-limit",
				 "more than %llu documents, which is what "
				 "process '%s' lets",
				 (unsigned long long)process->max_documents,
				 process->name);
		return pkg_hint(err, "split them over several batches");
	}
	if (bytes <= process->max_bytes)
		return PKG_OK;
	(void)pkg_refuse(err, PKG_INPUT, "batch-limit",
			 "more than %llu bytes of documents, which is what "
			 "process '%s' lets",
			 (unsigned long long)process->max_bytes, process->name);
	return pkg_hint(err, "split them over several batches");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "task/impl.h"

#include "packline/device_config.h"
#include "packline/path.h"
#include "packline/text.h"

#include <string.h>
#include <unistd.h>

/*
 * An id that is said again must mean the same: so a build server whose network
 * failed can say everything once more, and get one task.
 */
struct same {
	const struct pkg_task *task;
	const struct pkg_seal_create *package;
	const struct pkg_env *env;
};

static enum pkg_code differs(const struct same *self, const char *what,
			     struct pkg_err *err)
{
	(void)pkg_refuse(err, PKG_USAGE, "job-exists",
			 "task '%s' was created before with another %s",
			 self->task->id, what);
	return pkg_hint(err, "choose another id");
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Any spelling of the same moment. */
static bool same_time(const char *utc, const char *any)
{
	int64_t a = 0, b = 0;

	if (utc == NULL || any == NULL)
		return utc == any;
	return pkg_time_parse(&a, utc, strlen(utc)) &&
	       pkg_time_parse(&b, any, strlen(any)) && a == b;
}

static enum pkg_code check_words(const struct same *self, struct pkg_err *err)
{
	const struct pkg_task *task = self->task;
	const struct pkg_seal_create *package = self->package;
	char hex[65];

	pkg_hex_encode(hex, task->device_config_sha256, 32);
	if (!same_text(task->device_config, package->device->id) ||
	    !same_text(hex, package->device->sha256))
		return differs(self, "device config", err);
	if (!same_text(task->name, package->name))
		return differs(self, "name", err);
	if (!same_text(task->version, package->version))
		return differs(self, "version", err);
	if (!same_text(task->requester, package->requester))
		return differs(self, "requester", err);
	if (!same_time(task->expires, package->expires))
		return differs(self, "time to expire", err);
	if ((task->sequence >= 0) != package->has_sequence ||
	    (package->has_sequence &&
	     (uint64_t)task->sequence != package->sequence))
		return differs(self, "sequence number", err);
	return PKG_OK;
}

static enum pkg_code hash_input(struct pkg_task_product *out,
				const struct same *self, const char *path,
				struct pkg_err *err)
{
	enum pkg_code code = PKG_OK;
	int fd = STDIN_FILENO;

	if (strcmp(path, "-") != 0)
		PKG_TRY(pkg_path_open(&fd, self->package->dirfd, path, err));
	code = pkg_task_hash_fd(out, fd, path, self->env->crypto, err);
	if (fd != STDIN_FILENO)
		(void)close(fd);
	return code;
}

static enum pkg_code check_file(const struct same *self,
				const struct pkg_task_file *file,
				const char *path, struct pkg_err *err)
{
	const char *name = strcmp(path, "-") == 0 ? self->package->stdin_name
						  : pkg_path_basename(path);
	struct pkg_task_product found = {0};

	if (!same_text(file->name, name))
		return differs(self, "list of files", err);
	PKG_TRY(hash_input(&found, self, path, err));
	if (found.size == file->size &&
	    memcmp(found.sha256, file->sha256, 32) == 0)
		return PKG_OK;
	return differs(self, pkg_path_basename(path), err);
}

/* A digest that is given must be that of its file, now as then. */
static enum pkg_code check_given(const struct same *self, struct pkg_err *err)
{
	const struct pkg_seal_words *given = &self->package->given;
	size_t before = 0;

	for (size_t i = 0; i < self->task->file_count; i++) {
		const struct pkg_task_file *file = &self->task->files[i];
		const size_t len = strlen(file->name);
		char hex[65];

		before += file->has_given;
		pkg_hex_encode(hex, file->sha256, 32);
		for (size_t k = 0; k < given->count; k++) {
			const char *word = given->items[k];

			if (strncmp(word, file->name, len) == 0 &&
			    word[len] == '=' &&
			    strcmp(word + len + 1, hex) != 0)
				return differs(self, "digest of a file", err);
		}
	}
	return before == given->count ? PKG_OK
				      : differs(self, "list of digests", err);
}

enum pkg_code pkg_task_check_same(const struct pkg_task *task,
				  const struct pkg_seal_create *package,
				  const struct pkg_env *env,
				  struct pkg_err *err)
{
	const struct same self = {task, package, env};

	PKG_TRY(check_words(&self, err));
	if (package->files.count != task->file_count ||
	    (package->metadata != NULL) != (task->metadata != NULL))
		return differs(&self, "list of files", err);
	for (size_t i = 0; i < task->file_count; i++)
		PKG_TRY(check_file(&self, &task->files[i],
				   package->files.items[i], err));
	if (task->metadata != NULL)
		PKG_TRY(
		    check_file(&self, task->metadata, package->metadata, err));
	return check_given(&self, err);
}

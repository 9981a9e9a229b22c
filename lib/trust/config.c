/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "packline/container.h"
#include "packline/limits.h"
#include "packline/path.h"
#include "packline/yaml.h"

enum pkg_code pkg_config_bind(const struct config_file *file,
			      const struct pkg_table *table, const void *text,
			      size_t len, void *out, struct pkg_err *err)
{
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;
	struct pkg_node *node = NULL;
	struct pkg_mark mark = {.source = file->path};

	if (len > PKG_LIMIT_YAML_CONFIG)
		return pkg_fail_at(err, &mark,
				   "too large for a config file: %zu bytes, at "
				   "most %u are allowed",
				   len, PKG_LIMIT_YAML_CONFIG);
	PKG_TRY(pkg_yaml_parse(&node, file->arena, file->path, text, len, err));
	PKG_TRY(pkg_schema_new(&schema, table, err));
	return pkg_schema_bind(schema, node, out, file->arena, file->diag, err);
}

enum pkg_code pkg_config_verdict(const struct config_file *file, size_t before,
				 const char *what, struct pkg_err *err)
{
	const size_t errors = file->diag->errors - before;

	pkg_diag_sort(file->diag);
	if (errors == 0)
		return PKG_OK;
	return pkg_refuse(err, PKG_INPUT, "config", "%s '%s' has %zu error%s",
			  what, file->path, errors, errors == 1 ? "" : "s");
}

const char *pkg_config_path(const struct config_file *file, const char *name,
			    struct pkg_err *err)
{
	const size_t dir = (size_t)(pkg_path_basename(file->path) - file->path);

	if (name[0] == '/')
		return pkg_arena_printf(file->arena, err, "%s", name);
	/* A file called "-" is a file here, never standard input. */
	if (dir == 0)
		return pkg_arena_printf(file->arena, err, "%s%s",
					name[0] == '-' ? "./" : "", name);
	return pkg_arena_printf(file->arena, err, "%.*s%s", (int)dir,
				file->path, name);
}

enum pkg_code pkg_config_key(const char **out, const struct config_file *file,
			     const struct pkg_node *node, struct pkg_err *err)
{
	if (strncmp(node->text, "pkcs11:", 7) != 0) {
		*out = pkg_config_path(file, node->text, err);
		return *out == NULL ? pkg_failed_(err->code) : PKG_OK;
	}
	*out = node->text;
	if (strstr(node->text, "pin-value=") == NULL)
		return PKG_OK;
	return pkg_config_error(file, "pin-in-uri", node,
				"leave it out to be asked, or name a file with "
				"pin-source",
				err, "the PIN stands in the URI of the key");
}

enum pkg_code pkg_config_error(const struct config_file *file, const char *rule,
			       const struct pkg_node *node, const char *hint,
			       struct pkg_err *err, const char *text)
{
	const struct pkg_mark mark = pkg_node_mark(node);

	return pkg_diag_add(file->diag, PKG_SEVERITY_ERROR, rule, &mark, hint,
			    err, "%s", text);
}

enum pkg_code pkg_config_unsupported(const struct config_file *file,
				     const struct pkg_node *node,
				     const char *what, struct pkg_err *err)
{
	const struct pkg_mark mark = pkg_node_mark(node);

	return pkg_diag_add(
	    file->diag, PKG_SEVERITY_ERROR, "unsupported", &mark,
	    "what cannot be checked must not be ignored: remove "
	    "it, or use a version that supports it",
	    err, "%s not supported by this version", what);
}

enum pkg_code pkg_config_name(const struct config_file *file,
			      const struct pkg_node *node, struct pkg_err *err)
{
	if (node == NULL || pkg_container_is_name(node->text))
		return PKG_OK;
	return pkg_config_error(file, "wrong-form", node, CONFIG_NAME_HINT, err,
				"not a name that a container can carry");
}

enum pkg_code pkg_config_names(struct pkg_name_list *out,
			       const struct config_file *file,
			       const struct pkg_list *list, struct pkg_err *err)
{
	const struct pkg_node *const *nodes = list->items;
	const char **items =
	    pkg_arena_array(file->arena, list->count + 1, sizeof(*items), err);

	if (items == NULL)
		return err->code;
	for (size_t i = 0; i < list->count; i++)
		items[i] = nodes[i] == NULL ? "" : nodes[i]->text;
	*out = (struct pkg_name_list){items, list->count};
	return PKG_OK;
}

enum pkg_code pkg_config_duration(int64_t *out, const struct config_file *file,
				  const struct pkg_node *node,
				  struct pkg_err *err)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {
	    {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	int64_t count = 0;
	size_t at = 0;

	for (; at < 5 && node->text[at] >= '0' && node->text[at] <= '9'; at++)
		count = count * 10 + (node->text[at] - '0');
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (node->len == at + 1 && node->text[at] == units[i].unit) {
			*out = count * units[i].seconds;
			return PKG_OK;
		}
	}
	*out = 0;
	return file->diag->errors > 0
		   ? PKG_OK
		   : pkg_config_error(file, "wrong-form", node,
				      CONFIG_DURATION_HINT, err,
				      "not a time span");
}

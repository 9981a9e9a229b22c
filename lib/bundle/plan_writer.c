/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_writer.h"

#include "packline/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *pkg_plan_text(struct plan *p, const char *fmt, ...)
{
	char small[256];
	va_list ap;
	char *text;
	int len;

	if (p->err.code != PKG_OK)
		return "";
	va_start(ap, fmt);
	len = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if ((size_t)len < sizeof(small)) {
		text = pkg_arena_dup(p->arena, small, (size_t)len, &p->err);
		return text != NULL ? text : "";
	}
	text = pkg_arena_alloc(p->arena, (size_t)len + 1, &p->err);
	if (text == NULL)
		return "";
	va_start(ap, fmt);
	(void)vsnprintf(text, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return text;
}

const char *pkg_plan_escape(struct plan *p, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789._~-";
	char *out, *to;

	if (text[strspn(text, plain)] == '\0')
		return text;
	if (p->err.code != PKG_OK)
		return "";
	out = pkg_arena_alloc(p->arena, 3 * strlen(text) + 1, &p->err);
	if (out == NULL)
		return "";
	for (to = out; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL)
			*to++ = *text;
		else
			to +=
			    snprintf(to, 4, "%%%02X", (unsigned)(uint8_t)*text);
	}
	return out;
}

const char *pkg_plan_ref(struct plan *p, const char *kind,
			 const char *const *parts)
{
	const char *ref =
	    pkg_plan_text(p, "%s:%s", kind, pkg_plan_escape(p, parts[0]));

	for (size_t i = 1; parts[i] != NULL; i++)
		ref = pkg_plan_text(p, "%s/%s", ref,
				    pkg_plan_escape(p, parts[i]));
	return ref;
}

const char *pkg_plan_module_ref(struct plan *p, const struct pkg_identity *id)
{
	return pkg_plan_ref(
	    p, "module",
	    (const char *const[]){id->type, id->name, id->version, NULL});
}

const char *pkg_plan_set_ref(struct plan *p, const struct pkg_identity *id)
{
	return pkg_plan_ref(
	    p, "set",
	    (const char *const[]){id->type, id->name, id->version, NULL});
}

const char *pkg_plan_artifact_ref(struct plan *p, const struct pkg_identity *id,
				  const struct pkg_pinned *artifact)
{
	return pkg_plan_ref(p, "artifact",
			    (const char *const[]){id->type, id->name,
						  id->version,
						  artifact->filename, NULL});
}

struct pkg_identity pkg_plan_module_identity(const struct pkg_module *m)
{
	return (struct pkg_identity){.type = m->type->text,
				     .name = m->name->text,
				     .version = m->version->text,
				     .module = m};
}

struct pkg_identity pkg_plan_set_identity(const struct pkg_set *s)
{
	return (struct pkg_identity){.type = s->type->text,
				     .name = s->name->text,
				     .version = s->version->text,
				     .set = s};
}

/* A quoted value: every backslash form is unescaped by the server. */
static const char *quoted(struct plan *p, const char *text)
{
	char *out, *to;

	if (p->err.code != PKG_OK)
		return "";
	out = pkg_arena_alloc(p->arena, 2 * strlen(text) + 3, &p->err);
	if (out == NULL)
		return "";
	to = out;
	*to++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			*to++ = '\\';
		*to++ = *text;
	}
	*to++ = '"';
	return out;
}

const char *pkg_plan_query(struct plan *p, const char *const *pairs)
{
	const char *query = "";

	for (size_t i = 0; pairs[i] != NULL; i += 2)
		query = pkg_plan_text(p, "%s%s%s==%s", query, i > 0 ? ";" : "",
				      pairs[i], quoted(p, pairs[i + 1]));
	return query;
}

/* -- steps -- */

void pkg_plan_step(struct plan *p, int expect)
{
	pkg_jsonw_object(&p->w);
	pkg_jsonw_key(&p->w, "expect");
	pkg_jsonw_array(&p->w);
	if (expect != 0)
		pkg_jsonw_int(&p->w, expect);
	pkg_jsonw_array_end(&p->w);
}

void pkg_plan_lookup(struct plan *p)
{
	pkg_jsonw_key(&p->w, "lookup");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_key(&p->w, "exact");
	pkg_jsonw_object(&p->w);
}

void pkg_plan_lookup_end(struct plan *p, const char *path, const char *query)
{
	pkg_jsonw_object_end(&p->w);
	pkg_jsonw_str_member(&p->w, "method", "GET");
	pkg_jsonw_str_member(&p->w, "path", path);
	if (query != NULL)
		pkg_jsonw_str_member(&p->w, "query", query);
	pkg_jsonw_object_end(&p->w);
}

void pkg_plan_op(struct plan *p, const char *op, const char *ref)
{
	pkg_jsonw_str_member(&p->w, "op", op);
	pkg_jsonw_str_member(&p->w, "ref", ref);
}

void pkg_plan_request(struct plan *p)
{
	pkg_jsonw_key(&p->w, "request");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_key(&p->w, "body");
}

void pkg_plan_request_end(struct plan *p, const char *method, const char *path)
{
	pkg_jsonw_str_member(&p->w, "method", method);
	pkg_jsonw_str_member(&p->w, "path", path);
	pkg_jsonw_object_end(&p->w);
}

void pkg_plan_update(struct plan *p)
{
	pkg_jsonw_key(&p->w, "update");
	pkg_jsonw_object(&p->w);
	pkg_jsonw_key(&p->w, "body");
}

void pkg_plan_update_end(struct plan *p, const char *path, int expect,
			 int older)
{
	pkg_jsonw_key(&p->w, "expect");
	pkg_jsonw_array(&p->w);
	pkg_jsonw_int(&p->w, expect);
	if (older != 0)
		pkg_jsonw_int(&p->w, older);
	pkg_jsonw_array_end(&p->w);
	pkg_jsonw_str_member(&p->w, "method", "PUT");
	pkg_jsonw_str_member(&p->w, "path", path);
	pkg_jsonw_object_end(&p->w);
}

void pkg_plan_step_end(struct plan *p)
{
	pkg_jsonw_object_end(&p->w);
}

void pkg_plan_lookup_key(struct plan *p, const char *path, const char *key)
{
	pkg_plan_lookup(p);
	pkg_jsonw_str_member(&p->w, "key", key);
	pkg_plan_lookup_end(
	    p, path,
	    pkg_plan_query(p, (const char *const[]){"key", key, NULL}));
}

void pkg_plan_lookup_identity(struct plan *p, const char *path,
			      const struct pkg_identity *id)
{
	pkg_plan_lookup(p);
	pkg_jsonw_str_member(&p->w, "name", id->name);
	pkg_jsonw_str_member(&p->w, "type", id->type);
	pkg_jsonw_str_member(&p->w, "version", id->version);
	pkg_plan_lookup_end(
	    p, path,
	    pkg_plan_query(p, (const char *const[]){"name", id->name, "version",
						    id->version, "type",
						    id->type, NULL}));
}

void pkg_plan_update_texts(struct plan *p, const char *path,
			   const struct plan_text *texts)
{
	size_t given = 0;

	for (size_t i = 0; texts[i].key != NULL; i++)
		given += texts[i].text != NULL;
	if (given == 0)
		return;
	pkg_plan_update(p);
	pkg_jsonw_object(&p->w);
	for (size_t i = 0; texts[i].key != NULL; i++)
		pkg_plan_put_text(p, texts[i].key, texts[i].text);
	pkg_jsonw_object_end(&p->w);
	pkg_plan_update_end(p, path, 200, 0);
}

void pkg_plan_put_text(struct plan *p, const char *key,
		       const struct pkg_node *node)
{
	if (node == NULL)
		return;
	pkg_jsonw_key(&p->w, key);
	pkg_jsonw_str(&p->w, node->text, node->len);
}

void pkg_plan_put_bool(struct plan *p, const char *key,
		       const struct pkg_bool_value *value)
{
	if (value->at != NULL)
		pkg_jsonw_bool_member(&p->w, key, value->value);
}

void pkg_plan_put_int(struct plan *p, const char *key,
		      const struct pkg_int_value *value)
{
	if (value->at != NULL)
		pkg_jsonw_int_member(&p->w, key, value->value);
}

void pkg_plan_put_time(struct plan *p, const char *key,
		       const struct pkg_node *node)
{
	int64_t seconds;

	if (node != NULL && pkg_time_parse(&seconds, node->text, node->len))
		pkg_jsonw_int_member(&p->w, key, seconds * 1000);
}

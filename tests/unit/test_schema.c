/* SPDX-License-Identifier: Apache-2.0 */
#include "schema_sample.h"
#include "unit.h"

#include "packline/json.h"
#include "packline/sink.h"
#include "packline/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct desk {
	struct pkg_arena *arena;
	struct pkg_schema *schema;
	struct pkg_diag diag;
	struct product product;
	struct pkg_err err;
};

static int enter(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	*state = d;
	if (d == NULL || pkg_arena_new(&d->arena, 1u << 24, &d->err) != PKG_OK)
		return -1;
	d->diag.arena = d->arena;
	return pkg_schema_new(&d->schema, &product_table, &d->err) != PKG_OK;
}

static int leave(void **state)
{
	struct desk *d = *state;

	pkg_schema_free(d->schema);
	pkg_arena_free(d->arena);
	free(d);
	return 0;
}

static void bind_node(struct desk *d, const struct pkg_node *root)
{
	struct pkg_err err = PKG_ERR_INIT;

	d->diag = (struct pkg_diag){.arena = d->arena};
	assert_ok(pkg_schema_bind(d->schema, root, &d->product, d->arena,
				  &d->diag, &err));
	pkg_diag_sort(&d->diag);
}

static void bind_yaml(struct desk *d, const char *text)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_node *root = NULL;

	assert_ok(pkg_yaml_parse(&root, d->arena, "p.yaml", text, strlen(text),
				 &err));
	bind_node(d, root);
}

/* The findings as text, "line:col: text [rule] (hint)" each. */
static void assert_findings(struct desk *d, const char *wanted)
{
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 1u << 16};
	struct pkg_err err = PKG_ERR_INIT;

	for (const struct pkg_finding *f = d->diag.first; f != NULL;
	     f = f->next) {
		assert_ok(pkg_buf_printf(&buf, &err, "%u:%u: %s [%s]", f->line,
					 f->col, f->text, f->rule));
		if (f->hint != NULL)
			assert_ok(pkg_buf_printf(&buf, &err, " (%s)", f->hint));
		assert_ok(pkg_buf_puts(&buf, "\n", &err));
	}
	assert_string_equal(pkg_buf_str(&buf), wanted);
}

static void test_binds_every_kind(void **state)
{
	struct desk *d = *state;
	const struct product *p = &d->product;
	const struct part *parts;
	const struct pkg_either *needs;
	const struct pkg_node *const *labels;

	bind_yaml(d, "format: 1\nname: gw-1\nnote: ~\nexternal: false\n"
		     "kind: forced\next: {any: [thing]}\n"
		     "parts:\n- {path: a, size: 7}\n"
		     "- {glob: '*', exclude: [b, c]}\n"
		     "needs: [one, {name: two, x-more: 1}]\n"
		     "labels: {a: x, b: y}\n");
	assert_int_equal(d->diag.errors, 0);
	assert_int_equal(p->format.value, 1);
	assert_string_equal(p->name->text, "gw-1");
	assert_null(p->note);
	assert_non_null(p->external.at);
	assert_false(p->external.value);
	assert_int_equal(p->kind.index, 1);
	assert_null(p->owner);
	assert_int_equal(p->ext->kind, PKG_NODE_MAP);
	assert_int_equal(p->parts.count, 2);
	parts = p->parts.items;
	assert_int_equal(parts[0].size.value, 7);
	assert_null(parts[0].glob);
	assert_int_equal(parts[1].at->line, 9);
	assert_int_equal(parts[1].exclude.count, 2);
	assert_string_equal(
	    ((const struct pkg_node *const *)parts[1].exclude.items)[1]->text,
	    "c");
	needs = p->needs.items;
	assert_string_equal(needs[0].text->text, "one");
	assert_null(needs[0].object);
	assert_string_equal(((struct owner *)needs[1].object)->name->text,
			    "two");
	labels = p->labels.items;
	assert_string_equal(labels[1]->key, "b");
	assert_string_equal(labels[1]->text, "y");
}

static void test_tells_all_findings_at_once(void **state)
{
	struct desk *d = *state;

	bind_yaml(d, "format: 2\nnmae: x\nexternal: yes\nkind: forcd\n"
		     "note: \xc3\xa9\xc3\xa9\xc3\xa9\n"
		     "parts:\n- {size: 0}\n- {path: a, glob: b}\n- text\n"
		     "- {path: '', size: '5'}\nneeds: [[]]\n"
		     "labels: {A: toolong99, b: y, c: []}\n");
	assert_findings(
	    d,
	    "1:1: the key 'name' is missing in the document [missing-key] "
	    "(add 'name')\n"
	    "1:9: 'format' must be 1, not 2 [out-of-range]\n"
	    "2:1: unknown key 'nmae' [unknown-key] (did you mean 'name'?)\n"
	    "3:11: 'external' must be true or false, not 'yes' [wrong-type]\n"
	    "4:7: 'kind' cannot be 'forcd' [wrong-value] "
	    "(did you mean 'forced'?)\n"
	    "5:1: the key 'note' is deprecated [deprecated] (use labels)\n"
	    "5:7: 'note' is 6 bytes long, at most 4 are allowed [too-long]\n"
	    "7:1: 'parts' has 4 entries, at most 3 are allowed [too-long]\n"
	    "7:3: one of the keys 'path' or 'glob' is needed [missing-key] "
	    "(name one file or a glob)\n"
	    "7:10: 'size' must be from 1 to 100, not 0 [out-of-range]\n"
	    "8:13: the keys 'path' and 'glob' exclude each other "
	    "[conflicting-keys] (name one file or a glob)\n"
	    "9:3: the item must be a mapping, not 'text' [wrong-type]\n"
	    "10:10: 'path' must not be empty [too-short]\n"
	    "10:20: 'size' must be an integer, not '5' [wrong-type] "
	    "(remove the quotes)\n"
	    "11:9: the item must be a text or a mapping, not a list "
	    "[wrong-type]\n"
	    "12:9: 'labels' has 3 entries, at most 2 are allowed [too-long]\n"
	    "12:10: 'A' has the wrong form [wrong-form] "
	    "(it must match ^[a-z]+$)\n"
	    "12:13: 'A' is 9 characters long, at most 8 are allowed "
	    "[too-long]\n"
	    "12:33: 'c' must be a text, not a list [wrong-type]\n");
	assert_int_equal(d->diag.warnings, 1);
	assert_int_equal(d->diag.errors, 18);
}

static void test_groups_may_have_a_condition(void **state)
{
	struct desk *d = *state;

	bind_yaml(d, "{format: 1, name: ab, kind: timeforced}");
	assert_findings(d, "1:1: the key 'forcetime' is needed with "
			   "'kind: timeforced' [missing-key]\n");
	bind_yaml(d, "{format: 1, name: ab, kind: soft}");
	assert_findings(d, "");
	bind_yaml(d, "{format: 1, name: ab, parts: [{path: a, exclude: []}]}");
	assert_findings(d, "1:41: the key 'exclude' is not allowed with "
			   "'path' [conflicting-keys]\n");
	bind_yaml(d, "{format: 1, name: ab, external: true, owner: {name: x}}");
	assert_findings(d, "1:39: the keys 'external' and 'owner' exclude each "
			   "other [conflicting-keys]\n");
}

static void test_texts_have_length_and_form(void **state)
{
	struct desk *d = *state;

	bind_yaml(d, "{format: 1, name: a}");
	assert_findings(d,
			"1:19: 'name' is 1 characters long, at least 2 "
			"are needed [too-short] (a name is lower-case letters, "
			"digits and dashes)\n");
	bind_yaml(d, "{format: 1, name: Gw}");
	assert_findings(d, "1:19: 'Gw' has the wrong form [wrong-form] (a name "
			   "is lower-case letters, digits and dashes)\n");
	assert_string_equal(d->product.name->text, "Gw");
	/* four characters beyond the BMP are eight UTF-16 units */
	bind_yaml(d, "{format: 1, name: ab, labels: "
		     "{a: \xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
		     "\xf0\x9f\x98\x80}}");
	assert_findings(d, "");
	bind_yaml(d, "{format: 1, name: ab, labels: "
		     "{a: x\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
		     "\xf0\x9f\x98\x80}}");
	assert_int_equal(d->diag.errors, 1);
}

static void test_integers_have_one_spelling(void **state)
{
	static const char *const bad[] = {"01",  "+1",  "1.0", "-0",
					  "0x1", "1e0", "''",  "~"};
	struct desk *d = *state;
	char text[64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "{format: %s, name: ab}",
			       bad[i]);
		bind_yaml(d, text);
		assert_int_equal(d->diag.errors, 1);
		assert_string_equal(d->diag.first->rule, "wrong-type");
		assert_null(d->product.format.at);
	}
}

static void test_lists_can_be_sets(void **state)
{
	struct desk *d = *state;

	bind_yaml(d, "{format: 1, name: ab, parts: [{glob: a, "
		     "exclude: [x, y, x, z, y, x]}]}");
	assert_findings(d, "1:57: 'x' stands in the list twice "
			   "[duplicate-item] (remove one of them)\n"
			   "1:63: 'y' stands in the list twice "
			   "[duplicate-item] (remove one of them)\n"
			   "1:66: 'x' stands in the list twice "
			   "[duplicate-item] (remove one of them)\n");
}

static void test_the_document_may_be_nothing(void **state)
{
	struct desk *d = *state;

	bind_yaml(d, "");
	assert_int_equal(d->diag.errors, 1);
	assert_string_equal(d->diag.first->text,
			    "the document must be a mapping, not empty");
	bind_yaml(d, "[]");
	assert_int_equal(d->diag.errors, 1);
	bind_yaml(d, "{format: 1, name: ab, parts: , owner: }");
	assert_findings(d,
			"1:30: 'parts' must be a list, not empty [wrong-type] "
			"(write a value, or leave the key out)\n"
			"1:39: 'owner' must be a mapping, not empty "
			"[wrong-type] (write a value, or leave the key out)\n");
}

static void test_long_values_are_cut_in_messages(void **state)
{
	struct desk *d = *state;
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 8192};
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_buf_puts(&buf, "{format: 1, name: ab, kind: x", &err));
	for (int i = 0; i < 1000; i++)
		assert_ok(pkg_buf_puts(&buf, "\xc3\xa9", &err));
	assert_ok(pkg_buf_puts(&buf, "}", &err));
	bind_yaml(d, pkg_buf_str(&buf));
	assert_true(strlen(d->diag.first->text) < 120);
	assert_non_null(strstr(d->diag.first->text, "\xc3\xa9...'"));
}

static void bind_json(struct desk *d, const char *text)
{
	const struct pkg_json_input input = {
	    .name = "p.json", .data = text, .len = strlen(text)};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_node *root = NULL;

	assert_ok(pkg_json_parse(&root, d->arena, &input, &err));
	bind_node(d, root);
}

static void test_json_has_types_of_its_own(void **state)
{
	struct desk *d = *state;

	bind_json(d, "{\"format\":1,\"name\":\"ab\",\"note\":null,"
		     "\"external\":true}");
	assert_findings(d, "1:25: the key 'note' is deprecated [deprecated] "
			   "(use labels)\n");
	assert_true(d->product.external.value);
	bind_json(d, "{\"format\":\"1\",\"name\":7,\"external\":\"true\","
		     "\"kind\":null}");
	assert_findings(
	    d, "1:11: 'format' must be an integer, not '1' [wrong-type] "
	       "(remove the quotes)\n"
	       "1:22: 'name' must be a text, not a number [wrong-type] (a name "
	       "is lower-case letters, digits and dashes)\n"
	       "1:35: 'external' must be true or false, not 'true' "
	       "[wrong-type] (remove the quotes)\n"
	       "1:49: 'kind' must be a text, not null [wrong-type]\n");
}

static void test_wrong_tables_are_bugs(void **state)
{
	static const struct pkg_field twice[] = {
	    {.name = "a", .kind = PKG_FIELD_STRING, .offset = 8},
	    {.name = "a", .kind = PKG_FIELD_STRING, .offset = 8},
	    {0}};
	static const struct pkg_field no_kind[] = {{.name = "a", .offset = 8},
						   {0}};
	static const struct pkg_field no_item[] = {
	    {.name = "a", .kind = PKG_FIELD_LIST, .offset = 8}, {0}};
	static const struct pkg_field on_at[] = {
	    {.name = "a", .kind = PKG_FIELD_STRING}, {0}};
	static const struct pkg_field bad_pattern[] = {
	    {.name = "a",
	     .kind = PKG_FIELD_STRING,
	     .offset = 8,
	     .pattern = "("},
	    {0}};
	static const struct pkg_field *const wrong[] = {twice, no_kind, no_item,
							on_at, bad_pattern};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct pkg_table table = {
		    .name = "t", .size = 16, .fields = wrong[i]};
		struct pkg_schema *schema = NULL;
		struct pkg_err err = PKG_ERR_INIT;

		assert_int_equal(pkg_schema_new(&schema, &table, &err),
				 PKG_INTERNAL);
		assert_null(schema);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	    T(test_binds_every_kind),
	    T(test_tells_all_findings_at_once),
	    T(test_groups_may_have_a_condition),
	    T(test_texts_have_length_and_form),
	    T(test_integers_have_one_spelling),
	    T(test_lists_can_be_sets),
	    T(test_the_document_may_be_nothing),
	    T(test_long_values_are_cut_in_messages),
	    T(test_json_has_types_of_its_own),
#undef T
	    cmocka_unit_test(test_wrong_tables_are_bugs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

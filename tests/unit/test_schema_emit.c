/* SPDX-License-Identifier: Apache-2.0 */
#include "schema_sample.h"
#include "unit.h"

#include "packline/json.h"
#include "packline/sink.h"
#include "packline/source.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char part_schema[] =
    "{\n"
    "  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
    "  \"additionalProperties\": false,\n"
    "  \"allOf\": [\n"
    "    {\n"
    "      \"oneOf\": [\n"
    "        {\n"
    "          \"required\": [\n"
    "            \"path\"\n"
    "          ]\n"
    "        },\n"
    "        {\n"
    "          \"required\": [\n"
    "            \"glob\"\n"
    "          ]\n"
    "        }\n"
    "      ]\n"
    "    },\n"
    "    {\n"
    "      \"if\": {\n"
    "        \"required\": [\n"
    "          \"path\"\n"
    "        ]\n"
    "      },\n"
    "      \"then\": {\n"
    "        \"not\": {\n"
    "          \"anyOf\": [\n"
    "            {\n"
    "              \"required\": [\n"
    "                \"exclude\"\n"
    "              ]\n"
    "            }\n"
    "          ]\n"
    "        }\n"
    "      }\n"
    "    }\n"
    "  ],\n"
    "  \"properties\": {\n"
    "    \"exclude\": {\n"
    "      \"items\": {\n"
    "        \"maxLength\": 8,\n"
    "        \"minLength\": 1,\n"
    "        \"type\": \"string\"\n"
    "      },\n"
    "      \"type\": \"array\",\n"
    "      \"uniqueItems\": true\n"
    "    },\n"
    "    \"glob\": {\n"
    "      \"minLength\": 1,\n"
    "      \"type\": \"string\"\n"
    "    },\n"
    "    \"path\": {\n"
    "      \"description\": \"One file.\",\n"
    "      \"maxLength\": 16,\n"
    "      \"minLength\": 1,\n"
    "      \"type\": \"string\"\n"
    "    },\n"
    "    \"size\": {\n"
    "      \"maximum\": 100,\n"
    "      \"minimum\": 1,\n"
    "      \"type\": \"integer\"\n"
    "    }\n"
    "  },\n"
    "  \"title\": \"Part\",\n"
    "  \"type\": \"object\"\n"
    "}\n";

/* The schema of a table, the same bytes every time. */
static void test_emits_json_schema(void **state)
{
	static const struct pkg_table table = {
	    .name = "part",
	    .title = "Part",
	    .size = sizeof(struct part),
	    .fields = part_fields,
	    .groups = part_groups,
	};
	PKG_AUTO_FINI(pkg_buf) struct pkg_buf buf = {.max = 1u << 16};
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_sink_buf sink;

	(void)state;
	pkg_sink_buf_init(&sink, &buf);
	assert_ok(pkg_schema_emit(&table, &sink.sink, &err));
	assert_string_equal(pkg_buf_str(&buf), part_schema);
}

/* For schema_agrees.py: the schema of the sample. */
static enum pkg_code print_schema(struct pkg_err *err)
{
	struct pkg_sink_fd out;

	pkg_sink_fd_init(&out, STDOUT_FILENO, "stdout");
	PKG_TRY(pkg_schema_emit(&product_table, &out.sink, err));
	return pkg_sink_finish(&out.sink, err);
}

/* For schema_agrees.py: the number of errors in each line of stdin. */
static enum pkg_code check_lines(struct pkg_err *err)
{
	PKG_AUTO(pkg_schema) struct pkg_schema *schema = NULL;
	PKG_AUTO_FINI(pkg_json_lines) struct pkg_json_lines lines = {0};
	struct pkg_source_fd in;

	PKG_TRY(pkg_schema_new(&schema, &product_table, err));
	pkg_source_fd_init(&in, STDIN_FILENO, "stdin");
	pkg_json_lines_init(&lines, &in.source);
	for (;;) {
		PKG_AUTO(pkg_arena) struct pkg_arena *arena = NULL;
		struct pkg_node *node = NULL;
		struct pkg_diag diag = {0};
		struct product product;

		PKG_TRY(pkg_arena_new(&arena, 1u << 24, err));
		PKG_TRY(pkg_json_lines_parse(&lines, &node, arena, err));
		if (node == NULL)
			return PKG_OK;
		diag.arena = arena;
		PKG_TRY(
		    pkg_schema_bind(schema, node, &product, arena, &diag, err));
		(void)printf("%zu\n", diag.errors);
	}
}

static int report(enum pkg_code code, const struct pkg_err *err)
{
	if (code != PKG_OK)
		(void)fprintf(stderr, "%s\n", err->text);
	return (int)code;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_emits_json_schema),
	};
	struct pkg_err err = PKG_ERR_INIT;

	if (argc == 2 && strcmp(argv[1], "--emit") == 0)
		return report(print_schema(&err), &err);
	if (argc == 2 && strcmp(argv[1], "--check") == 0)
		return report(check_lines(&err), &err);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

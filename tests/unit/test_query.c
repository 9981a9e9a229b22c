/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "packline/query.h"
#include "packline/text.h"

#include <stdlib.h>
#include <string.h>

/* One module, as a listing would have it. */
struct thing {
	const char *name, *description;
	int64_t size;
	const char *metadata[4][2]; /* key, value */
	const char *modules[4];
};

enum { NAME, DESCRIPTION, SIZE, METADATA, MODULE, VALID, TYPE, TOP };

static const struct pkg_query_field fields[] = {
    [NAME] = {"name", NULL, PKG_QUERY_TEXT, false, false},
    [DESCRIPTION] = {"description", NULL, PKG_QUERY_TEXT, false, false},
    [SIZE] = {"size", NULL, PKG_QUERY_NUMBER, false, false},
    [METADATA] = {"metadata", NULL, PKG_QUERY_MAP, false, false},
    [MODULE] = {"module", "name", PKG_QUERY_EACH, false, false},
    [VALID] = {"valid", NULL, PKG_QUERY_BOOL, false, false},
    [TYPE] = {"type", "key", PKG_QUERY_TEXT, true, false},
    [TOP] = {"top", NULL, PKG_QUERY_BOOL, false, true},
    {"id", NULL, PKG_QUERY_ABSENT, false, false},
    {0},
};

static bool get(const void *item, size_t field, size_t nth,
		struct pkg_query_value *out)
{
	const struct thing *t = item;

	switch (field) {
	case NAME:
		out->text = t->name;
		return nth == 0;
	case DESCRIPTION:
		out->text = t->description;
		return nth == 0;
	case SIZE:
		out->number = t->size;
		return nth == 0 && t->size >= 0;
	case METADATA:
		if (nth >= 4 || t->metadata[nth][0] == NULL)
			return false;
		out->key = t->metadata[nth][0];
		out->text = t->metadata[nth][1];
		return true;
	case MODULE:
		if (nth >= 4 || t->modules[nth] == NULL)
			return false;
		out->text = t->modules[nth];
		return true;
	default:
		out->text = field == TYPE ? "os" : "true";
		return nth == 0;
	}
}

static const struct thing things[] = {
    {"Gateway-OS",
     "Stra\xc3\x9f"
     "e 50%",
     7,
     {{"Build.Id", "A1"}, {"none", NULL}},
     {"boot", "kernel"}},
    {"app_one", NULL, 10, {{"build.id", "b2"}}, {"kernel"}},
    {"app-two", "", -1, {{NULL, NULL}}, {NULL}},
    {"a*b", "a\\b", 0, {{"x/y:z", "1"}}, {"boot"}},
};

enum { THINGS = sizeof(things) / sizeof(*things) };

/* The numbers of the things that a query holds for. */
static void matches(char out[THINGS + 1], const char *text)
{
	PKG_AUTO(pkg_query) struct pkg_query *q = NULL;
	struct pkg_err err = PKG_ERR_INIT;

	assert_ok(pkg_query_parse(&q, text, fields, &err));
	for (size_t i = 0; i < THINGS; i++) {
		const struct pkg_query_item item = {get, &things[i]};
		bool yes;

		assert_ok(pkg_query_match(q, &item, &yes, &err));
		if (yes)
			*out++ = (char)('0' + i);
	}
	*out = '\0';
}

static const struct {
	const char *query, *things;
} answers[] = {
    /* equal, whatever the case */
    {"name==gateway-os", "0"},
    {"NAME==GATEWAY-OS", "0"},
    {"name=='Gateway-OS'", "0"},
    {"name==\"Gateway-OS\"", "0"},
    {"name == app_one", "1"},
    {"name=is=app_one", "1"},
    {"name=eq=app_one", "1"},
    {"name=EQ=app_one", "1"},
    {"type==OS", "0123"},
    {"type.key==os", "0123"},
    /* not equal: absent ones, too */
    {"name!=app_one", "023"},
    {"description!=x", "0123"},
    {"description=ne=''", "03"},
    {"description=not=null", "023"},
    {"description=is=null", "1"},
    {"description==null", ""},
    {"description==''", "12"},
    {"description!=''", "03"},
    /* stars */
    {"name==app*", "12"},
    {"name==*", "0123"},
    {"description==*", "023"},
    {"name==*-*", "02"},
    {"name!=app*", "03"},
    {"description!=*", "1"},
    {"name==app_*", "1"}, /* neither _ nor % is one of SQL's */
    {"description==*%", "0"},
    {"description==strasse*", "0"},
    {"description==stra\xc3\x9f*", "0"},
    {"name==a?b", ""},
    {"name==a\\*b", ""},  /* as the server: the backslash stays */
    {"name==a\\**", "3"}, /* but for where another star is alive */
    {"name==\"a\\\\**\"", "3"},
    {"name==\"a\\*b\"", "3"}, /* in quotes it is gone, and the star alive */
    {"description=='a\\\\b'", "3"},
    {"description==a\\b", "3"},
    /* lists */
    {"name=in=(app_one,'app-two')", "12"},
    {"name=in=app_one", "1"},
    {"name=in=(app_one or app-two)", "12"},
    {"name=in=(app*)", ""},
    {"name=in=(A*B)", "3"},
    {"name=out=(app_one,app-two)", "03"},
    {"description=out=(x)", "0123"},
    {"name==(app_one)", "1"},
    /* order: of UTF-16, and the query in lower case */
    {"name<app_", "03"
		  "2"},
    {"name>app-two", "1"},
    {"name>=app-two", "12"},
    {"name=ge=APP-TWO", "12"},
    {"name=lt=b", "0123"},
    {"description>a", "3"},
    {"size>7", "1"},
    {"size>=7", "01"},
    {"size<10", "03"},
    {"size==10", "1"},
    {"size!=10", "023"},
    {"size=in=(7,10)", "01"},
    {"size=out=(7,10)", "23"},
    {"size==*", "013"},
    /* metadata */
    {"metadata.build.id==a1", "0"},
    {"metadata.BUILD.ID==*", "01"},
    {"metadata.build.id!=a1", "1"}, /* only those that have it */
    {"metadata.build.id=out=(a1)", "1"},
    {"metadata.build.id=is=null", "23"},
    {"metadata.build.id=not=null", "01"},
    {"metadata.none=is=null", "0123"},
    {"metadata.x/y:z==1", "3"},
    /* the modules of a set */
    {"module.name==kernel", "01"},
    {"module.name!=kernel", "23"},
    {"module.name==k*", "01"},
    {"module.name!=*", "2"},
    {"module.name=in=(boot,x)", "03"},
    {"module.name=out=(boot,x)", "12"},
    {"module.name==boot;module.name==kernel", "0"},
    {"module.name=is=null", "2"},
    /* joined */
    {"name==app*;size==10", "1"},
    {"name==app* and size==10", "1"},
    {"name==app*  AND  size==10", "1"},
    {"name==a*b,size==10", "13"},
    {"name==a*b or size==10", "13"},
    {"size==7,size==10;name==x", "0"},
    {"(size==7,size==10);name==app*", "1"},
    {"((name==app_one))", "1"},
    {" ( name == app_one ) ; size > 1 ", "1"},
    {"name==app_one\t", ""}, /* the tab is of the word */
    {"name==\tapp_one", ""},
    {"valid==true", "0123"},
    {"valid=out=(true)", ""},
    {"top==true;name==app_one", "1"},
};

static void a_query_holds_as_on_the_server(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		char got[THINGS + 1], wanted[THINGS + 1] = "";

		matches(got, answers[i].query);
		for (char c = '0'; c < '0' + THINGS; c++) {
			if (strchr(answers[i].things, c) != NULL)
				strncat(wanted, &c, 1);
		}
		if (strcmp(got, wanted) != 0)
			fail_msg("%s: [%s], not [%s]", answers[i].query, got,
				 wanted);
	}
}

static const struct {
	const char *query, *reason, *text;
} refusals[] = {
    {"", "query-syntax", "character 1: a field or ("},
    {"name", "query-syntax", "character 5: an operator"},
    {"name==", "query-syntax", "character 7: a value"},
    {"==x", "query-syntax", "character 1: a field"},
    {"name=x", "query-syntax", "character 5: an operator is =="},
    {"name=li=x", "query-syntax", "character 5: there is no such operator"},
    {"name===x", "query-syntax", "character 7: an operator is =="},
    {"name==x y", "query-syntax", "character 9: ; or ,"},
    {"name==x;", "query-syntax", "character 9: a field"},
    {"name==x,,name==y", "query-syntax", "character 9: a field"},
    {"name==x andname==y", "query-syntax", "character 9: ; or ,"},
    {"(name==x", "query-syntax", "character 9: ) is"},
    {"name==x)", "query-syntax", "character 8: ; or ,"},
    {"name=='x", "query-syntax", "character 7: the quotes"},
    {"name==x'y'", "query-syntax", "character 8: ; or ,"},
    {"name==a~b", "query-syntax", "character 8: this character"},
    {"name==a!b", "query-syntax", "character 8: an operator"},
    {"name=in=()", "query-syntax", "character 10: a value"},
    {"name=in=(a;b)", "query-syntax", "character 11: a comma or )"},
    {"name==(a,b)", "query-syntax", "only =in= and =out="},
    {"'name'==x", "query-syntax", "character 1: a field"},
    {"\xc3\xa4 \xc3\xa4", "query-syntax", "character 3: an operator"},
    {"size==x", "query-syntax", "number"},
    {"size==1*", "query-syntax", "number"},
    {"size==''", "query-syntax", "number"},
    {"valid==yes", "query-syntax", "true or false"},
    {"valid>true", "query-syntax", "true or false"},
    {"valid==*", "query-syntax", "true or false"},
    {"vendor==x", "query-field", "no such field"},
    {"name.x==x", "query-field", "no such field"},
    {"metadata==x", "query-field", "no such field"},
    {"metadata.==x", "query-field", "no such field"},
    {"module==x", "query-field", "no such field"},
    {"module.id==1", "query-field", "no such field"},
    {"module.name.x==1", "query-field", "no such field"},
    {"id==1", "query-field", "only a server knows it"},
    {"name==${NOW_TS}", "query-field", "server's clock"},
    {"top==true,name==x", "query-field", "at the top"},
    {"name==x;(top==true,name==y)", "query-field", "at the top"},
    {"top=in=(true)", "query-field", "at the top"},
    /* the grammar comes first, then fields and values, from the left */
    {"vendor==x;name=", "query-syntax", "character 15: an operator"},
    {"vendor==x;size==x", "query-field", "'vendor'"},
    {"size==x,vendor==x", "query-syntax", "number"},
};

static void a_bad_query_is_refused_and_the_place_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		struct pkg_query *q = NULL;
		struct pkg_err err = PKG_ERR_INIT;

		if (pkg_query_parse(&q, refusals[i].query, fields, &err) !=
		    PKG_USAGE)
			fail_msg("%s: accepted", refusals[i].query);
		assert_null(q);
		assert_string_equal(err.reason, refusals[i].reason);
		if (strstr(err.text, refusals[i].text) == NULL)
			fail_msg("%s: %s", refusals[i].query, err.text);
	}
}

/* @n times @open, then a comparison, then @n times @close. */
static char *nested(size_t n, char open, char close)
{
	char *text = malloc(2 * n + 16);
	char *at = text;

	assert_non_null(text);
	memset(at, open, n);
	at = stpcpy(at + n, "name==x");
	memset(at, close, n);
	at[n] = '\0';
	return text;
}

static void a_query_has_limits(void **state)
{
	struct pkg_err err = PKG_ERR_INIT;
	struct pkg_query *q = NULL;
	char *text = nested(64, '(', ')');

	(void)state;
	assert_ok(pkg_query_parse(&q, text, fields, &err));
	pkg_query_free(q);
	free(text);
	text = nested(65, '(', ')');
	assert_int_equal(pkg_query_parse(&q, text, fields, &err), PKG_USAGE);
	assert_non_null(strstr(err.text, "parentheses"));
	free(text);
	text = nested(4100, ' ', ' ');
	assert_int_equal(pkg_query_parse(&q, text, fields, &err), PKG_USAGE);
	assert_non_null(strstr(err.text, "8192 bytes"));
	free(text);
}

static void texts_are_ordered_by_utf16(void **state)
{
	static const char *const ascending[] = {"",
						"A",
						"a",
						"a\xc3\xa4",
						"b",
						"z",
						"\xc3\xa4",
						"\xed\x9f\xbf",
						"\xf0\x9f\x98\x80",
						"\xee\x80\x80",
						"\xef\xbf\xbd"};
	const int count = sizeof(ascending) / sizeof(*ascending);

	(void)state;
	for (int i = 0; i < count; i++) {
		for (int k = 0; k < count; k++) {
			const int c =
			    pkg_utf16_compare(ascending[i], ascending[k]);

			assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_query_holds_as_on_the_server),
	    cmocka_unit_test(a_bad_query_is_refused_and_the_place_told),
	    cmocka_unit_test(a_query_has_limits),
	    cmocka_unit_test(texts_are_ordered_by_utf16),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

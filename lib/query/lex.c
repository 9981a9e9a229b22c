/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include "packline/text.h"

#include <string.h>

/*
 * The tokens of rsql-parser 2.1.0: the longest one that fits at a place; where
 * two are equally long, white space wins.  A tab is white space only alone: at
 * the front of a word it belongs to the word.
 */
static const char reserved[] = "\"'();,=<>!~ ";

enum pkg_code pkg_query_bad(const struct query_lexer *lexer, size_t at,
			    const char *what, struct pkg_err *err)
{
	size_t characters = 1;
	uint32_t code;

	for (size_t i = 0; i < at; characters++) {
		const size_t len =
		    pkg_utf8_next(&code, lexer->text + i, lexer->len - i);

		i += len > 0 ? len : 1;
	}
	return pkg_refuse(err, PKG_USAGE, "query-syntax",
			  "the query is malformed at character %zu: %s",
			  characters, what);
}

static size_t word_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && strchr(reserved, text[n]) == NULL)
		n++;
	return n;
}

/* = letters =, or !=; 0 if it is neither. */
static size_t fiql_length(const char *text, size_t len)
{
	size_t n = 1;

	if (text[0] == '=') {
		while (n < len && text[n] >= 'a' && text[n] <= 'z')
			n++;
	}
	return n < len && text[n] == '=' ? n + 1 : 0;
}

/* A quoted text with its quotes; 0 if it does not end. */
static size_t quoted_length(const char *text, size_t len)
{
	for (size_t n = 1; n < len; n++) {
		if (text[n] == '\\')
			n++;
		else if (text[n] == text[0])
			return n + 1;
	}
	return 0;
}

static bool begins(const char *text, size_t len, const char *with)
{
	const size_t n = strlen(with);

	return len >= n && memcmp(text, with, n) == 0;
}

static enum pkg_code take(struct query_lexer *lexer, enum query_token token,
			  size_t size, const char *what, struct pkg_err *err)
{
	if (size == 0)
		return pkg_query_bad(lexer, lexer->at, what, err);
	lexer->token = token;
	lexer->start = lexer->at;
	lexer->size = size;
	lexer->at += size;
	return PKG_OK;
}

static void skip_space(struct query_lexer *lexer)
{
	const char *text = lexer->text;

	while (lexer->at < lexer->len) {
		const char *at = text + lexer->at;
		const size_t len = lexer->len - lexer->at;

		if (begins(at, len, " and ") || begins(at, len, " or "))
			return;
		if (*at != ' ' && (*at != '\t' || word_length(at, len) > 1))
			return;
		lexer->at++;
	}
}

enum pkg_code pkg_query_next(struct query_lexer *lexer, struct pkg_err *err)
{
	const char *at;
	size_t len;

	skip_space(lexer);
	at = lexer->text + lexer->at;
	len = lexer->len - lexer->at;
	if (len == 0) {
		lexer->token = QUERY_END;
		lexer->start = lexer->at;
		lexer->size = 0;
		return PKG_OK;
	}
	switch (*at) {
	case ' ':
		return begins(at, len, " and ")
			   ? take(lexer, QUERY_SEMICOLON, 5, "", err)
			   : take(lexer, QUERY_COMMA, 4, "", err);
	case ';':
		return take(lexer, QUERY_SEMICOLON, 1, "", err);
	case ',':
		return take(lexer, QUERY_COMMA, 1, "", err);
	case '(':
		return take(lexer, QUERY_OPEN, 1, "", err);
	case ')':
		return take(lexer, QUERY_CLOSE, 1, "", err);
	case '<':
	case '>':
		return take(lexer, QUERY_OPERATOR,
			    len > 1 && at[1] == '=' ? 2 : 1, "", err);
	case '=':
	case '!':
		return take(lexer, QUERY_OPERATOR, fiql_length(at, len),
			    "an operator is == or =xx= with letters", err);
	case '"':
	case '\'':
		return take(lexer, QUERY_QUOTED, quoted_length(at, len),
			    "the quotes are not closed", err);
	default:
		return take(lexer, QUERY_WORD, word_length(at, len),
			    "this character stands in quotes only", err);
	}
}

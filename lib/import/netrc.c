/* SPDX-License-Identifier: Apache-2.0 */
#include "import/http.h"

#include <string.h>
#include <strings.h>

/*
 * The file that ftp(1) and curl(1) read.  libcurl reads it too, but goes on
 * without credentials where it cannot, and reads it again for each connection:
 * this is done once, before anything is sent.
 */
enum { MACHINE, DEFAULT, LOGIN, PASSWORD, ACCOUNT, MACRO, WORDS };

static const char *const words[WORDS] = {"machine",  "default", "login",
					 "password", "account", "macdef"};

static int word_of(const char *token)
{
	for (int i = 0; i < WORDS; i++) {
		if (strcmp(token, words[i]) == 0)
			return i;
	}
	return WORDS;
}

/* "a \"quoted\" word": in place; *at is behind the first quote. */
static char *quoted(char **at)
{
	char *token = *at, *to = *at, *from = *at;

	while (*from != '\0' && *from != '"') {
		if (*from == '\\' && from[1] != '\0')
			from++;
		*to++ = *from++;
	}
	*at = *from == '\0' ? from : from + 1;
	*to = '\0';
	return token;
}

/* The next word, cut out of the text; NULL at the end. */
static char *next_token(char **at)
{
	char *token;

	for (;;) {
		*at += strspn(*at, " \t\r\n");
		if (**at != '#')
			break;
		*at += strcspn(*at, "\n"); /* a comment */
	}
	if (**at == '\0')
		return NULL;
	if (**at == '"') {
		++*at;
		return quoted(at);
	}
	token = *at;
	*at += strcspn(*at, " \t\r\n");
	if (**at != '\0')
		*(*at)++ = '\0';
	return token;
}

/* A macro goes on to the next empty line. */
static void skip_macro(char **at)
{
	char *end = strstr(*at, "\n\n");

	*at = end == NULL ? *at + strlen(*at) : end + 2;
}

bool http_netrc_find(struct http_user *out, char *text, const char *host)
{
	bool mine = false;
	char *token;

	*out = (struct http_user){0};
	while ((token = next_token(&text)) != NULL) {
		const int word = word_of(token);
		char *value;

		if (word == MACRO) {
			skip_macro(&text);
			continue;
		}
		/* The first that fits counts, and "default" fits all. */
		if ((word == MACHINE || word == DEFAULT) && mine)
			break;
		if (word == DEFAULT || word == WORDS) {
			mine |= word == DEFAULT;
			continue;
		}
		value = next_token(&text);
		if (value == NULL)
			break;
		if (word == MACHINE)
			mine = strcasecmp(value, host) == 0;
		else if (mine && word == LOGIN)
			out->name = value;
		else if (mine && word == PASSWORD)
			out->password = value;
	}
	return mine && out->name != NULL && out->password != NULL;
}

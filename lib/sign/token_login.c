/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/path.h"
#include "packline/source.h"
#include "packline/text.h"
#include "sign/token.h"

#include <stdio.h>
#include <unistd.h>

static bool is_logged_in(const struct key_token *token)
{
	struct ck_session_info info = {0};

	return token->p11->get_session_info(token->session, &info) == CKR_OK &&
	       (info.state == CKS_RO_USER_FUNCTIONS ||
		info.state == CKS_RW_USER_FUNCTIONS);
}

/* The first line of the file that pin-source names. */
static enum pkg_code read_pin(struct pkg_buf *pin, int dirfd, const char *path,
			      struct pkg_err *err)
{
	struct pkg_source_fd source;
	enum pkg_code code = PKG_OK;
	const uint8_t *end = NULL;
	int fd = -1;

	PKG_TRY(pkg_path_open_private(&fd, dirfd, path, err));
	pkg_source_fd_init(&source, fd, path);
	code = pkg_source_slurp(&source.source, pin, err);
	close(fd);
	if (code == PKG_INPUT)
		return pkg_fail(err, PKG_KEY, "'%s' is too long for a PIN",
				path);
	PKG_TRY(code);
	end = pin->len == 0 ? NULL : memchr(pin->data, '\n', pin->len);
	if (end != NULL)
		pin->len = (size_t)(end - pin->data);
	return PKG_OK;
}

static enum pkg_code get_pin(struct pkg_buf *pin, const struct key_token *token,
			     const struct token_job *job, struct pkg_err *err)
{
	const struct pkg_key_ask *ask = job->ask;
	const char *source = job->uri->value[URI_PIN_SOURCE];
	char label[140], what[160];

	pkg_text_quote_cut(label, sizeof(label), token->name.label,
			   strlen(token->name.label));
	snprintf(what, sizeof(what), "token '%s'", label);
	if (source != NULL)
		PKG_TRY(read_pin(pin, job->dirfd, source, err));
	else if (ask != NULL && ask->ask_pin != NULL) {
		const enum pkg_code code =
		    ask->ask_pin(ask->context, pin, what, err);

		if (code == PKG_KEY && err->reason == NULL)
			return pkg_because(err, "pin-missing");
		PKG_TRY(code);
	}
	if (pin->len > 0)
		return PKG_OK;
	pkg_refuse(err, PKG_KEY, "pin-missing", "%s wants a PIN", what);
	return pkg_hint(err, "give --pin file:PATH, fd:N or env:VAR");
}

/* How many tries are left, as far as the token tells. */
static enum pkg_code wrong_pin(const struct key_token *token,
			       struct pkg_err *err)
{
	struct ck_token_info info = {0};

	(void)token->p11->get_token_info(token->slot, &info);
	pkg_refuse(err, PKG_KEY, "pin-wrong", "the PIN is wrong%s",
		   (info.flags & CKF_USER_PIN_LOCKED) != 0
		       ? ", and the token has locked it now"
		   : (info.flags & CKF_USER_PIN_FINAL_TRY) != 0
		       ? ": one try is left before the token locks it"
		       : "");
	return pkg_hint(err, "it was tried once and is not tried again; check "
			     "it before you do: a token locks itself after a "
			     "few");
}

static enum pkg_code locked_pin(struct pkg_err *err)
{
	pkg_refuse(err, PKG_KEY, "pin-locked",
		   "the PIN is locked after too many wrong ones");
	return pkg_hint(err, "the security officer can set a new one: "
			     "pkcs11-tool --init-pin --so-pin ...");
}

static enum pkg_code unset_pin(struct pkg_err *err)
{
	pkg_refuse(err, PKG_KEY, "pin-unset",
		   "the token has no PIN of a user yet");
	return pkg_hint(err, "set one: pkcs11-tool --init-pin");
}

/* What C_Login says; it is called once, whatever that is. */
static enum pkg_code judge(struct key_token *token, ck_ulong rv,
			   struct pkg_err *err)
{
	switch (rv) {
	case CKR_OK:
		token->logged_in = true;
		return PKG_OK;
	case CKR_USER_ALREADY_LOGGED_IN:
		return PKG_OK;
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
		return wrong_pin(token, err);
	case CKR_PIN_LOCKED:
		return locked_pin(err);
	case CKR_USER_PIN_NOT_INITIALIZED:
		return unset_pin(err);
	default:
		return pkg_token_failed(token, "let us log in", rv, err);
	}
}

enum pkg_code pkg_token_pin(struct key_token *token,
			    const struct token_job *job, struct pkg_err *err)
{
	PKG_AUTO_FINI(pkg_buf)
	struct pkg_buf pin = {.max = PKG_LIMIT_SECRET, .secret = true};

	if ((token->flags & CKF_LOGIN_REQUIRED) == 0)
		return PKG_OK;
	if ((token->flags & CKF_USER_PIN_LOCKED) != 0)
		return locked_pin(err);
	if ((token->flags & CKF_USER_PIN_INITIALIZED) == 0)
		return unset_pin(err);
	/* It has a keypad, or a window of its own. */
	if ((token->flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0)
		return PKG_OK;
	PKG_TRY(get_pin(&pin, token, job, err));
	PKG_TRY(pkg_secret_new(&token->pin, pin.len, err));
	memcpy(pkg_secret_data(token->pin), pin.data, pin.len);
	return PKG_OK;
}

enum pkg_code pkg_token_login(struct key_token *token, struct pkg_err *err)
{
	ck_ulong rv = token->p11->open_session(token->slot, CKF_SERIAL_SESSION,
					       NULL, NULL, &token->session);

	if (rv != CKR_OK)
		return pkg_token_failed(token, "open a session", rv, err);
	token->has_session = true;
	if ((token->flags & CKF_LOGIN_REQUIRED) == 0 || is_logged_in(token))
		return PKG_OK;
	rv = token->p11->login(
	    token->session, CKU_USER,
	    token->pin == NULL ? NULL : pkg_secret_data(token->pin),
	    token->pin == NULL ? 0 : pkg_secret_len(token->pin));
	return judge(token, rv, err);
}

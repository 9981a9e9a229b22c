/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/token.h"

/*
 * Engine and provider ask for a PIN whenever they think of it, needed or not.
 * They get the one that is in use, for keys that want it before every use, or
 * none: nobody is asked here, and nothing is tried twice.
 */
static int on_read(UI *ui, UI_STRING *string)
{
	const struct key_token *token = UI_get0_user_data(ui);

	if (token == NULL || token->pin == NULL)
		return 0;
	return UI_set_result_ex(ui, string,
				(const char *)pkg_secret_data(token->pin),
				(int)pkg_secret_len(token->pin)) == 0;
}

enum pkg_code pkg_token_ui_make(struct key_token *token, struct pkg_err *err)
{
	token->ui = UI_create_method("packline");
	if (token->ui == NULL || UI_method_set_reader(token->ui, on_read) != 0)
		return pkg_fail_nomem(err);
	return PKG_OK;
}

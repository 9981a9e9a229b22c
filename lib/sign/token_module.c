/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/token.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What it means to somebody who has never read PKCS#11. */
const char *pkg_token_rv_text(ck_ulong rv)
{
	static const struct {
		ck_ulong rv;
		const char *text;
	} texts[] = {
	    {CKR_HOST_MEMORY, "out of memory"},
	    {CKR_DEVICE_ERROR, "the device reports an error"},
	    {CKR_DEVICE_MEMORY, "the device is out of memory"},
	    {CKR_DEVICE_REMOVED, "the device was removed"},
	    {CKR_FUNCTION_CANCELED, "it was cancelled"},
	    {CKR_PIN_INCORRECT, "the PIN is wrong"},
	    {CKR_PIN_EXPIRED, "the PIN has expired"},
	    {CKR_PIN_LOCKED, "the PIN is locked"},
	    {CKR_SESSION_COUNT, "too many sessions are open"},
	    {CKR_TOKEN_NOT_PRESENT, "the token is gone"},
	    {CKR_TOKEN_NOT_RECOGNIZED, "the token is not recognized"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].rv == rv)
			return texts[i].text;
	return NULL;
}

enum pkg_code pkg_token_failed(const struct key_token *token, const char *what,
			       ck_ulong rv, struct pkg_err *err)
{
	const char *text = pkg_token_rv_text(rv);

	pkg_refuse(err, PKG_KEY, "token-failed",
		   "the token does not %s: %s (CKR 0x%lx)", what,
		   text == NULL ? "PKCS#11 error" : text, rv);
	return pkg_hint(err, "the module is '%s'; its own log may tell more",
			token->module);
}

/* A file that anybody else may change would be code of anybody else. */
static enum pkg_code check_file(struct key_token *token, int fd,
				struct pkg_err *err)
{
	char link[40];
	struct stat st;
	ssize_t len = 0;

	if (fstat(fd, &st) != 0)
		return pkg_fail_os(err, errno, "cannot look at the module");
	if (!S_ISREG(st.st_mode))
		return pkg_refuse(err, PKG_KEY, "module-missing",
				  "the PKCS#11 module is not a file");
	if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & S_IWOTH) != 0) {
		pkg_refuse(err, PKG_KEY, "module-unsafe",
			   "the PKCS#11 module can be changed by others");
		return pkg_hint(err, "it must belong to root or to you: "
				     "chown, chmod o-w");
	}
	/* Its real name: dlopen() is not to search for it anywhere. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, token->module, sizeof(token->module) - 1);
	if (len <= 0 || token->module[0] != '/')
		return pkg_fail_os(err, len < 0 ? errno : ENAMETOOLONG,
				   "cannot find the module's real path");
	token->module[len] = '\0';
	return PKG_OK;
}

static enum pkg_code find_file(struct key_token *token, int dirfd,
			       const char *path, struct pkg_err *err)
{
	/* Not to wait for the other end of a named pipe. */
	const int fd =
	    openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum pkg_code code = PKG_OK;

	if (fd < 0) {
		pkg_refuse(err, PKG_KEY, "module-missing",
			   "cannot open the PKCS#11 module '%s': %s", path,
			   strerror(errno));
		return pkg_hint(err, "name the library of the token's vendor "
				     "with --pkcs11-module, e.g. "
				     "/usr/lib/softhsm/libsofthsm2.so");
	}
	code = check_file(token, fd, err);
	close(fd);
	return code;
}

static enum pkg_code broken(const struct key_token *token, const char *why,
			    struct pkg_err *err)
{
	pkg_refuse(err, PKG_KEY, "module-broken",
		   "'%s' cannot be used as a PKCS#11 module: %s", token->module,
		   why);
	return pkg_hint(err, "is it the right file, for this processor, and "
			     "configured? pkcs11-tool --module FILE -L "
			     "tries it too");
}

static enum pkg_code load(struct key_token *token, struct pkg_err *err)
{
	ck_ulong (*get_function_list)(const struct ck_functions **) = NULL;
	void *symbol = NULL;
	const char *why = NULL;

	token->library = dlopen(token->module, RTLD_NOW | RTLD_LOCAL);
	if (token->library == NULL) {
		why = dlerror();
		return broken(token, why == NULL ? "no reason given" : why,
			      err);
	}
	symbol = dlsym(token->library, "C_GetFunctionList");
	if (symbol == NULL)
		return broken(token, "it has no C_GetFunctionList", err);
	/* ISO C has no cast from an object to a function; POSIX has both. */
	_Static_assert(sizeof(get_function_list) == sizeof(symbol), "POSIX");
	memcpy(&get_function_list, &symbol, sizeof(symbol));
	if (get_function_list(&token->p11) != CKR_OK || token->p11 == NULL) {
		token->p11 = NULL;
		return broken(token, "it gives no list of functions", err);
	}
	return PKG_OK;
}

static enum pkg_code initialize(struct key_token *token, struct pkg_err *err)
{
	struct ck_init_args args = {.flags = CKF_OS_LOCKING_OK};
	char text[80];
	const ck_ulong rv = token->p11->initialize(&args);

	token->finalize = rv == CKR_OK;
	if (rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return PKG_OK;
	snprintf(text, sizeof(text), "it cannot start (CKR 0x%lx)", rv);
	return broken(token, text, err);
}

enum pkg_code pkg_token_module_open(struct key_token *token, int dirfd,
				    const char *path, struct pkg_err *err)
{
	PKG_TRY(find_file(token, dirfd, path, err));
	PKG_TRY(load(token, err));
	return initialize(token, err);
}

enum pkg_code pkg_token_module_again(struct key_token *token,
				     struct pkg_err *err)
{
	(void)token->p11->finalize(NULL);
	token->finalize = false;
	return initialize(token, err);
}

void pkg_token_module_close(struct key_token *token)
{
	/* The engine or the provider may have done it already: no matter. */
	if (token->p11 != NULL && token->finalize)
		(void)token->p11->finalize(NULL);
	token->p11 = NULL;
	if (token->library != NULL)
		dlclose(token->library);
	token->library = NULL;
}

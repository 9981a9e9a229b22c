/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_SEAL_COMMON_H
#define PKG_SEAL_COMMON_H

/* What the verbs share. */

#include "cli/cli.h"
#include "common/key.h"
#include "common/recipient.h"
#include "packline/cert.h"
#include "packline/crypto.h"
#include "packline/diag.h"
#include "packline/key.h"
#include "packline/outfile.h"
#include "packline/seal.h"
#include "packline/source.h"
#include "pkg-seal/audit.h"

/* What names a key, and how an RSA key is to sign. */
struct seal_key_args {
	struct key_args load;
	const char *padding;
};

/* Rows for the option table of a verb that signs. */
#define SEAL_SIGNER_ROWS(args)                                                 \
	{"key",    0,                                                          \
	 CLI_TEXT, &(args).load.key,                                           \
	 "KEY",    "private key to sign with",                                 \
	 NULL,     "file"},                                                    \
	    {"cert",   0,                                                      \
	     CLI_TEXT, &(args).load.cert,                                      \
	     "FILE",   "certificate of the key, then its chain",               \
	     NULL,     "file"},                                                \
	    KEY_SECRET_ROWS((args).load),                                      \
	{                                                                      \
		"padding", 0, CLI_CHOICE, &(args).padding, "FORM",             \
		    "of an RSA key (default: pss)", "pss pkcs1", NULL          \
	}

/* Rows for a verb that may decrypt. */
#define SEAL_RECIPIENT_ROWS(args)                                              \
	{"recipient", 0,                                                       \
	 CLI_TEXT,    &(args).key.key,                                         \
	 "KEY",       "decrypt with this private key, kek:FILE or password:",  \
	 NULL,        "file"},                                                 \
	    {"cert",   0,                                                      \
	     CLI_TEXT, &(args).key.cert,                                       \
	     "FILE",   "certificate of the recipient's key",                   \
	     NULL,     "file"},                                                \
	    KEY_SECRET_ROWS((args).key), PASSWORD_ROW((args).password)

struct seal_tool;

/* A container that is read, with progress on a terminal. */
struct seal_input {
	struct pkg_source source;
	struct seal_tool *tool;
	struct pkg_source_fd file;
	uint64_t size; /* of the file; 0 = unknown */
};

/* The same once more, if it is a file. */
struct seal_again {
	struct pkg_source source;
	struct seal_tool *tool;
	struct pkg_source_at file; /* from where the input begins */
};

/* A running verb: what it opened. */
struct seal_tool {
	struct cli *cli;
	struct pkg_crypto *crypto;
	struct pkg_arena *arena; /* of diag */
	struct pkg_diag diag;
	struct pkg_key *key;
	struct pkg_certs *certs;    /* NULL = those of the key file */
	struct recipient recipient; /* to decrypt with */
	struct pkg_kek *password;   /* of a recipient that is one */
	const char *password_spec;  /* where that is to be had */
	struct pkg_device_config *device;
	struct pkg_approval_policy *policy;
	struct seal_input input;
	struct seal_again again;
	struct pkg_outfile *opened; /* standard output, before the sandbox */
	const char *doing;
	struct seal_audit audit;
};

enum pkg_code seal_tool_start(struct seal_tool *tool, struct cli *cli,
			      struct pkg_err *err);
void seal_tool_fini(struct seal_tool *tool);

/*
 * Open the audit log, if @args name one, in which @event, a literal, is told
 * of @input (NULL = of nothing that was named).
 */
enum pkg_code seal_tool_audit(struct seal_tool *tool,
			      const struct audit_args *args, const char *event,
			      const char *input, struct pkg_err *err);
/* Load the key and its certificate; PKG_OK at once if none is named. */
enum pkg_code seal_tool_key(struct seal_tool *tool,
			    const struct seal_key_args *args,
			    struct pkg_err *err);
/* The key that is named, or that of @device (NULL = none); else PKG_USAGE. */
enum pkg_code seal_choose_key(struct key_args *key,
			      const struct pkg_device_config *device,
			      struct pkg_err *err);
/* Load certificates alone, for a key that is somewhere else. */
enum pkg_code seal_tool_certs(struct seal_tool *tool, const char *path,
			      struct pkg_err *err);
/* Who signs, after that. */
struct pkg_seal_signer seal_tool_signer(const struct seal_tool *tool,
					const struct seal_key_args *args);
/* With what something is decrypted, after recipient_load(). */
struct pkg_seal_opener seal_tool_opener(const struct seal_tool *tool);
/*
 * Answer @job when it needs a password, from @spec or the terminal.  PKG_USAGE
 * if there is a @spec that nothing will ask for.
 */
enum pkg_code seal_tool_password(struct seal_tool *tool,
				 struct pkg_seal_create *job, const char *spec,
				 bool from_lock, struct pkg_err *err);
/* Print the findings that were gathered, and forget them. */
void seal_tool_findings(struct seal_tool *tool);
/* Load a device config, NULL = none; its findings are printed. */
enum pkg_code seal_tool_device(struct seal_tool *tool, const char *path,
			       struct pkg_err *err);
/* Load an approval policy, NULL = none; its findings are printed. */
enum pkg_code seal_tool_policy(struct seal_tool *tool, const char *path,
			       struct pkg_err *err);
/* Open a container to be read from tool->input.source; "-" is standard input.
 */
enum pkg_code seal_tool_input(struct seal_tool *tool, const char *path,
			      const char *doing, struct pkg_err *err);
/*
 * The bytes of that container to be read in front of it; NULL = they come only
 * once.
 */
struct pkg_source *seal_tool_before(struct seal_tool *tool);
/* Say which input the current error is about, unless it does already. */
enum pkg_code seal_tool_about(const char *path, struct pkg_err *err);
/* Open the folder that the file @path lies in; the caller closes it. */
enum pkg_code seal_tool_folder(int *fd, const struct seal_tool *tool,
			       const char *path, struct pkg_err *err);
/* Where the result goes: -o, --force, records on standard output. */
struct pkg_seal_output seal_tool_output(struct seal_tool *tool,
					const char *doing);

/* What a verb still needs after its inputs and its key are there. */
struct seal_confine {
	struct seal_tool *tool;
	struct pkg_seal_output *output; /* in the folder of its path */
	const char *second;             /* another output; NULL = none */
	bool no_sandbox;                /* --no-sandbox */
	const char *key;                /* the word for it; NULL = none */
	bool reads; /* inputs are opened one after the other */
};
/*
 * Enter the sandbox, unless it was forbidden or the key is in a token, whose
 * module needs what it needs.
 */
enum pkg_code seal_tool_confine(const struct seal_confine *how,
				struct pkg_err *err);
/* The same, for the libraries to call: @how is a struct seal_confine. */
enum pkg_code seal_tool_confine_now(void *how, struct pkg_err *err);

/* --trust was given; else PKG_USAGE and how to. */
enum pkg_code seal_check_trust(const char *path, struct pkg_err *err);
/* Load what --trust names; its findings are printed. */
enum pkg_code seal_tool_trust(struct pkg_trust **out, struct seal_tool *tool,
			      const char *path, struct pkg_err *err);
/* What --tenant, --time and the device config that was loaded ask for. */
enum pkg_code seal_tool_demands(struct pkg_trust_demands *demands,
				const struct seal_tool *tool,
				const char *tenant, const char *time,
				struct pkg_err *err);

/* The verbs. */
enum pkg_code seal_approve_main(struct cli *cli, struct pkg_err *err);
enum pkg_code seal_attach_main(struct cli *cli, struct pkg_err *err);
enum pkg_code seal_create_main(struct cli *cli, struct pkg_err *err);
enum pkg_code seal_head_main(struct cli *cli, struct pkg_err *err);
enum pkg_code seal_open_main(struct cli *cli, struct pkg_err *err);
enum pkg_code seal_schema_main(struct cli *cli, struct pkg_err *err);
enum pkg_code seal_request_main(struct cli *cli, struct pkg_err *err);
enum pkg_code seal_resign_main(struct cli *cli, struct pkg_err *err);
enum pkg_code seal_show_main(struct cli *cli, struct pkg_err *err);
enum pkg_code seal_sign_main(struct cli *cli, struct pkg_err *err);
enum pkg_code seal_task_main(struct cli *cli, struct pkg_err *err);
enum pkg_code seal_timestamp_main(struct cli *cli, struct pkg_err *err);

#endif

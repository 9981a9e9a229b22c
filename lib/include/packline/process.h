/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_PROCESS_H
#define PKG_PROCESS_H

#include "packline/auto.h"
#include "packline/cms.h"
#include "packline/device_config.h"
#include "packline/diag.h"
#include "packline/env.h"
#include "packline/err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A process: what is done with the documents of a batch, by whom, and within
 * which limits.  YAML, at most PKG_LIMIT_YAML_CONFIG bytes
 * (schemas/process.schema.json).  A batch is bound to it by the SHA-256 of
 * the file's bytes.
 *
 * Paths in it are relative to its own folder; the struct holds them joined
 * with the path of that folder, so they can be opened relative to the dirfd
 * that the process itself was opened with.
 */
struct pkg_approval_policy;
struct pkg_arena;
struct pkg_pattern;
struct pkg_sink;
struct pkg_trust;

enum pkg_process_action {
	PKG_PROCESS_SIGN,
	PKG_PROCESS_VALIDATE, /* look at signatures that are there */
};

enum pkg_process_form {
	PKG_PROCESS_CMS_DETACHED, /* NAME.p7s */
	PKG_PROCESS_CMS_ATTACHED, /* NAME.p7m, the document in it */
	PKG_PROCESS_RAW,          /* NAME.sig: PKCS#1, PSS or ECDSA DER */
};

struct pkg_process_tsa {
	int64_t id;           /* tsaId of the service; -1 = none */
	const char *policy;   /* dotted OID; NULL = the TSA's own */
	unsigned digest_bits; /* 256, 384, 512 */
};

struct pkg_process {
	int64_t id; /* processId of the service, 0..2^31-1 */
	const char *name;
	const char *path;   /* of the file, as it was given */
	const char *tenant; /* counterparty whose batches these are */
	enum pkg_process_action action;
	enum pkg_process_form form;
	unsigned digest_bits; /* 256, 384, 512 */
	enum pkg_cms_padding padding;
	/* Default of run: a path or a pkcs11: URI, and a path; or NULL. */
	const char *key, *cert;
	/* Name of the key in the service; -1 = none. */
	int64_t provider_settings_id;
	struct pkg_pattern *names; /* owned; NULL = any name */
	const char *names_text;    /* the regular expression, or NULL */
	uint64_t max_documents;    /* 1..PKG_LIMIT_BATCH_DOCUMENTS */
	uint64_t max_bytes;        /* of all documents of a batch */
	bool chain;                /* each batch names the one before it */
	int64_t horizon; /* seconds a batch may wait for its run; 0 = no end */
	bool has_tsa;
	struct pkg_process_tsa tsa;
	/* Owned.  NULL = one `accept` of anybody who may write the spool. */
	struct pkg_approval_policy *approval_policy;
	struct pkg_trust *trust; /* owned; who signs; NULL = not said */
	const char *trust_path;  /* or NULL */
	/* Who may create batches: values of --requester. */
	bool has_may_create; /* false = everybody */
	struct pkg_name_list may_create;
	uint8_t sha256[32];      /* of the file's bytes */
	char hex[65];            /* the same, lower-case hex */
	const void *text;        /* the file's bytes */
	size_t text_len;         /* count of them */
	struct pkg_arena *arena; /* owned; holds all of the above */
};

PKG_API_BEGIN

/*
 * Read the process @path, and the policies that it names.
 * @out    receives it; freed by the caller with pkg_process_free().
 * @env    clock and crypto, borrowed for its lifetime.
 * @diag   receives everything that is wrong with the file; its arena must
 *         outlive what is printed of it.
 * @dirfd  folder that @path is relative to (AT_FDCWD is fine).
 * Fails with PKG_INPUT, reason "config": @diag says where; PKG_SYSTEM if it
 * cannot be read.
 */
PKG_MUST_CHECK enum pkg_code pkg_process_load(struct pkg_process **out,
					      const struct pkg_env *env,
					      struct pkg_diag *diag, int dirfd,
					      const char *path,
					      struct pkg_err *err);
void pkg_process_free(struct pkg_process *process); /* NULL is allowed */
/* The JSON Schema (draft-07), newline included. */
PKG_MUST_CHECK enum pkg_code pkg_process_schema(struct pkg_sink *sink,
						struct pkg_err *err);
/* "sign", "validate"; "cms-detached", "cms-attached", "raw". */
const char *pkg_process_action_name(enum pkg_process_action action);
const char *pkg_process_form_name(enum pkg_process_form form);
/* ".p7s", ".p7m", ".sig": what the signature's file is called after NAME. */
const char *pkg_process_form_suffix(enum pkg_process_form form);
/* The PKG_DIGEST_* bit of its digest. */
unsigned pkg_process_digest(const struct pkg_process *process);
/*
 * May @who (NULL = nobody knows who) create batches of it?  Fails with PKG_NO,
 * reason "not-allowed".
 */
PKG_MUST_CHECK enum pkg_code
pkg_process_may_create(const struct pkg_process *process, const char *who,
		       struct pkg_err *err);

PKG_API_END
PKG_DEFINE_AUTO(pkg_process)

#endif

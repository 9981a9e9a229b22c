/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_SEAL_H
#define PKG_SEAL_H

#include "packline/cms.h"
#include "packline/container_read.h"
#include "packline/env.h"
#include "packline/envelope.h"
#include "packline/err.h"
#include "packline/key.h"
#include "packline/sink.h"
#include "packline/source.h"
#include "packline/timestamp.h"
#include "packline/trust.h"

#include <stdbool.h>

/*
 * Making, signing and showing containers.
 */
struct pkg_approval_policy;
struct pkg_certs;
struct pkg_device_config;
struct pkg_kek;
struct pkg_diag;
struct pkg_manifest;

/* Where a new container goes. */
struct pkg_outfile;

struct pkg_seal_output {
	int dirfd;        /* AT_FDCWD is fine */
	const char *path; /* relative to it; "-" is standard output */
	bool force;       /* replace an existing file */
	/*
	 * Standard output, for a program that gives up opening files before:
	 * pkg_outfile_open() of "-", seekable.  Taken if path is "-"; NULL, or
	 * a NULL in it, is none.
	 */
	struct pkg_outfile **opened;
	/* Receives the `container` record, newline included; NULL = none. */
	struct pkg_sink *record;
	/* Told how many of all payload bytes are done; or NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t all);
	void *context;
};

/*
 * For a program that gives up what it does not need any more.  Anything but
 * PKG_OK ends the command.
 */
typedef enum pkg_code pkg_seal_ready(void *context, struct pkg_err *err);

/* Who signs; key NULL = nobody. */
struct pkg_seal_signer {
	const struct pkg_key *key;
	const struct pkg_certs *certs; /* NULL = those of the key file */
	enum pkg_cms_padding padding;
};

/* With what something is decrypted; all NULL = nothing. */
struct pkg_seal_opener {
	const struct pkg_key *key;
	const struct pkg_certs *cert; /* NULL = that of the key file */
	const struct pkg_kek *kek;    /* instead of key */
};

/* A list of words, borrowed. */
struct pkg_seal_words {
	const char *const *items;
	size_t count;
};

/* What to create.  NULL, 0 and false = not said. */
struct pkg_seal_create {
	int dirfd; /* what the paths below are relative to */
	const struct pkg_device_config *device; /* kind, tenant, recipients */
	/* Under which it must be approved; NULL = that of the device config */
	const struct pkg_approval_policy *policy;
	const char *tenant, *name, *version;
	const char *expires, *created; /* RFC 3339, any offset */
	const char *requester;
	bool has_sequence;
	uint64_t sequence; /* 0..2^53-1 */
	bool sign_only, encrypt_only;
	/* Certificate files; "kek:[ID=]FILE"; "password:". */
	struct pkg_seal_words recipients;
	/*
	 * Asked for the password of a recipient "password:", once for each
	 * container; NULL = there is none.  @out is borrowed from who answers.
	 */
	enum pkg_code (*password)(void *context, const struct pkg_kek **out,
				  struct pkg_err *err);
	void *password_context;
	struct pkg_seal_words given; /* "[NAME=]SHA-256" */
	struct pkg_seal_words files; /* "-" is standard input... */
	const char *stdin_name;      /* ...and called this inside */
	const char *metadata;        /* a file */
	struct pkg_seal_signer signer;
	/*
	 * Also write the .request here, for who signs elsewhere; NULL = do
	 * not.  For pkg_seal_from_lock() a folder, with one for each
	 * container: its name and ".request".
	 */
	const char *request;
	int request_dirfd; /* what request is relative to */
	/*
	 * Called when everything was asked for and read but the files to put
	 * in, which are opened one after the other; by pkg_seal_from_lock()
	 * never.
	 */
	pkg_seal_ready *ready; /* NULL = nobody wants to know */
	void *ready_context;
	struct pkg_seal_output output;
};

enum pkg_seal_act {
	PKG_SEAL_SIGN,
	PKG_SEAL_APPROVE,
	PKG_SEAL_REJECT,
};

/*
 * What a key is about to be used for: for a person to look at.  Everything was
 * read, compared with its digest in the manifest, and found sound; all
 * borrowed.
 */
struct pkg_seal_subject {
	enum pkg_seal_act act;
	const char *reason; /* of an approval or a rejection; else NULL */
	const struct pkg_container_manifest *manifest;
	const uint8_t *manifest_sha256; /* 32 bytes: the identity */
	/* NULL = encrypted: a .request would show it */
	const struct pkg_container_request *request;
	struct pkg_container_bytes plan; /* plan.json of a bundle, else empty */
	const struct pkg_envelope_info *recipients; /* NULL = not encrypted */
	/* What is in the file already: signatures and approvals. */
	const struct pkg_container_head *head;
	/* The key to be used; key NULL = somewhere else (tbs), then the
	   certificate alone tells. */
	const char *key;                  /* pkg_key_name() */
	const struct pkg_cert_info *cert; /* of the key */
};

/*
 * Does the person in front of the machine want that?  Called after everything
 * was checked and before the key is used.  Anything but PKG_OK ends the
 * command; PKG_NO with the reason "not-confirmed" is a plain no.
 */
typedef enum pkg_code pkg_seal_agree(void *context,
				     const struct pkg_seal_subject *subject,
				     struct pkg_err *err);

/* What to sign. */
struct pkg_seal_sign {
	/* A draft, a container or a .request, borrowed; read to its end. */
	struct pkg_source *source;
	/*
	 * The same bytes once more, borrowed: the payload is compared with the
	 * manifest before anybody is asked and the key is used.  NULL = they
	 * can be read only once: it is compared while it is copied, and what
	 * does not fit is not written, but the key was used.
	 */
	struct pkg_source *before;
	struct pkg_seal_signer signer;
	pkg_seal_agree *agree; /* NULL = nobody is asked */
	void *agree_context;
	const char *expect_sha256; /* of the manifest, 64 hex digits */
	/* That the container must be for; NULL = any. */
	const struct pkg_device_config *device;
	/* Under which officers must have approved it; NULL = that of device. */
	const struct pkg_approval_policy *policy;
	/* Whose pins say what the signer is called, for the acl of device; NULL
	   = the common name of his certificate. */
	const struct pkg_trust *trust;
	/* JSON Lines of `container` records: what pkg_seal_create() wrote about
	   the draft, to repeat the artifacts that encryption hides. */
	struct pkg_source *records;
	/*
	 * Write the attributes to be signed (pkg_cms_tbs()) and nothing else:
	 * the signer needs only certs, and pkg_seal_attach() takes what comes
	 * back.
	 */
	bool tbs;
	bool again;   /* it must have a signature: a draft is refused */
	bool replace; /* drop the signatures that are there */
	struct pkg_seal_output output;
};

/* Of what to write a .request. */
struct pkg_seal_request {
	struct pkg_source *source;   /* a container, borrowed; to its end */
	struct pkg_seal_opener with; /* to decrypt, if it is encrypted */
	struct pkg_seal_output output;
};

/*
 * A time stamp for a signature: without a reply the query is written, with one
 * the stamped signature.
 */
struct pkg_seal_timestamp {
	/* A container or a .request, borrowed, read to its end; or NULL... */
	struct pkg_source *source;
	struct pkg_container_bytes p7s; /* ...and a signature by itself */
	bool has_signature;
	size_t signature; /* its number, from 0; not said: the only one, or the
			     one that the reply is about */
	struct pkg_timestamp_ask ask;
	struct pkg_timestamp_reply reply; /* len 0 = none */
	struct pkg_timestamp_rules rules; /* for the reply */
	struct pkg_seal_output output;
};

/* What came back, and to what it belongs.  NULL, 0, false = not said. */
struct pkg_seal_attach {
	struct pkg_source
	    *source; /* draft or container, borrowed; to its end */
	/*
	 * Files, relative to dirfd, told apart by their first bytes: .request,
	 * signatures (DER), and approvals (JSON) with their signatures.  At
	 * most 64.
	 */
	int dirfd;
	struct pkg_seal_words responses;
	/*
	 * Files of one more signature in two halves: what pkg_seal_sign() with
	 * tbs wrote, and the bytes that the key of certs made of it.
	 */
	const char *tbs, *raw_signature;
	const struct pkg_certs *certs;
	const struct pkg_trust *trust; /* who may have signed and approved */
	struct pkg_trust_demands demands;
	bool partial; /* fewer than the policy asks for will do */
	bool replace; /* drop the signatures that are there; keep approvals */
	struct pkg_source *records; /* as in struct pkg_seal_sign */
	/* Called when all of the files above were read and none was looked at:
	   from now on nothing is opened but the output. */
	pkg_seal_ready *ready; /* NULL = nobody wants to know */
	void *ready_context;
	struct pkg_seal_output output;
};

/* What an officer decides about. */
struct pkg_seal_approve {
	/* A .request, or a draft that is not encrypted; borrowed; to its end.
	 */
	struct pkg_source *source;
	struct pkg_source *before;     /* as in struct pkg_seal_sign */
	struct pkg_seal_signer signer; /* the officer's key */
	enum pkg_decision decision;
	const char *reason;  /* pkg_approval_is_reason() */
	const char *expires; /* RFC 3339; NULL = as the policy says */
	/* The one that it was made under; NULL = that of the device config. */
	const struct pkg_approval_policy *policy;
	const struct pkg_device_config *device; /* NULL = not at hand */
	const char *expect_sha256; /* of the manifest, 64 hex digits */
	pkg_seal_agree *agree;     /* NULL = nobody is asked */
	void *agree_context;
	/* Write the approval alone: output.path and ".json", and ".p7s". */
	bool pair;
	struct pkg_seal_output output;
};

/* What to show. */
struct pkg_seal_show {
	struct pkg_source *source;   /* borrowed; its payload is not read */
	const char *name;            /* the input's, for messages */
	struct pkg_seal_opener with; /* to decrypt the request */
	bool text;                   /* for people, else JSON Lines */
	struct pkg_sink *sink;
	uint8_t *manifest_sha256; /* 32 bytes, receives it; or NULL */
};

PKG_API_BEGIN

/*
 * Make a container or, if it is to be signed and there is no signer, a draft.
 * Its kind is what the device config says, or sign_only and encrypt_only, or
 * follows from the recipients.
 * Fails with PKG_USAGE for options that contradict each other or are missing,
 * or if the output exists; PKG_KEY if a key or a certificate cannot be used
 * (reasons of pkg_cert_check_signer()); PKG_NO, reason "digest-mismatch", if a
 * file is not the given one; and as pkg_container_writer_new() and _run().
 */
PKG_MUST_CHECK enum pkg_code pkg_seal_create(const struct pkg_seal_create *job,
					     const struct pkg_env *env,
					     struct pkg_err *err);
/*
 * Make the containers that a lock asks for, in one new folder: one for each
 * artifact with `seal`, called as its `filename`, with the module's name and
 * version.  The folder appears with all of them or not at all.
 * @job       dirfd: the lock's folder, which paths of artifacts and of device
 *            configs are relative to; files stay beneath it.  output.path:
 *            the folder.  device, tenant, name, version, recipients, given,
 *            files and metadata are not looked at.
 * @lock      read by pkg_lock_read(): tenant, modules, digests.
 * @diag      receives what is wrong with device configs.
 * Fails as pkg_seal_create(); PKG_USAGE if there is nothing to seal; PKG_NO,
 * reason "digest-mismatch", if a file is not the pinned one.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_from_lock(const struct pkg_seal_create *job,
		   const struct pkg_manifest *lock, const struct pkg_env *env,
		   struct pkg_diag *diag, struct pkg_err *err);
/*
 * Write a container or a .request again, signed by one more key.  The payload
 * is copied once and compared with the manifest on the way.  Signatures that
 * are there must be sound, unless they are replaced; approvals are kept.
 * Fails with PKG_NO, reason "unexpected-manifest", if it is not the expected
 * one; PKG_NO, reason "wrong-tenant" or "wrong-device-config", if it is for
 * another device; PKG_NO, reason "expired"; PKG_NO and a reason of
 * packline/approval_policy.h if officers had to approve it, and did not;
 * PKG_NO, reason "unapproved", if the device config has an approval policy and
 * it was made under none; PKG_NO or PKG_INPUT as the readers in
 * packline/container_read.h and pkg_verify_plan(); PKG_USAGE, reason
 * "already-signed", if the key has signed it already; PKG_USAGE if the kind is
 * never signed; PKG_KEY as pkg_seal_create(); and as @agree does.
 */
PKG_MUST_CHECK enum pkg_code pkg_seal_sign(const struct pkg_seal_sign *job,
					   const struct pkg_env *env,
					   struct pkg_err *err);
/*
 * Write the .request of a container: manifest, request and a bundle's plan,
 * and the signatures and approvals that it has.  The payload is read and
 * compared, with a key decrypted too, so that nobody signs what is broken.
 * Fails with PKG_USAGE if it is a .request already; PKG_KEY if it is encrypted
 * and there is no key; PKG_NO, PKG_INPUT and PKG_KEY as pkg_seal_sign().
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_request(const struct pkg_seal_request *job, const struct pkg_env *env,
		 struct pkg_err *err);
/*
 * Put signatures and approvals that were made elsewhere into a container.  All
 * that is asked of the result is asked before a byte is written, by the same
 * functions as pkg_verify() asks: signatures, claims, approvals.  The payload
 * is copied once and compared with the manifest on the way.  The result is what
 * pkg_seal_sign() would have made of the draft.
 * Fails with PKG_NO and a reason of packline/trust.h, packline/cms.h or
 * packline/approval_policy.h; "unexpected-manifest" for what is of another
 * draft; PKG_USAGE for what is no response, reason "already-signed" if the key
 * has signed it already, or if there is nothing new; PKG_KEY for an unfit
 * certificate; and as the readers do.
 */
PKG_MUST_CHECK enum pkg_code pkg_seal_attach(const struct pkg_seal_attach *job,
					     const struct pkg_env *env,
					     struct pkg_err *err);
/*
 * Write a .request or a draft again, with an officer's decision in it.
 * Fails with PKG_NO and a reason: "unexpected-manifest"; "wrong-tenant",
 * "wrong-device-config" or "expired" as pkg_seal_sign(); "approval-policy" (it
 * was made under none, or another), "approval-officer" (the key is not in the
 * policy), "approval-self", "no-requester", "approval-duplicate" (he has
 * decided already), "not-allowed" (by the acl of the device config).  PKG_USAGE
 * for a reason that is none, and without a policy; PKG_KEY if the request is
 * encrypted, and as pkg_seal_create(); as @agree does, and as the readers do.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_approve(const struct pkg_seal_approve *job, const struct pkg_env *env,
		 struct pkg_err *err);
/*
 * Ask for a time stamp, or put one in; nothing of the signature or the
 * container is believed but what the reply needs.
 * Fails with PKG_USAGE if there is no signature, or no such one, or several
 * and none was named, or it has a stamp already; as packline/timestamp.h says;
 * as the readers in packline/container_read.h; or if the output exists.
 */
PKG_MUST_CHECK enum pkg_code
pkg_seal_timestamp(const struct pkg_seal_timestamp *job,
		   const struct pkg_env *env, struct pkg_err *err);
/*
 * Say what a container says of itself: manifest, request, signatures.  Nothing
 * of it is verified, and the output says so.
 * Fails with PKG_INPUT, PKG_NO or PKG_KEY as the readers do.
 */
PKG_MUST_CHECK enum pkg_code pkg_seal_show(const struct pkg_seal_show *job,
					   const struct pkg_env *env,
					   struct pkg_err *err);

PKG_API_END

#endif

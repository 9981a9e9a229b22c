/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_LIMITS_H
#define PKG_LIMITS_H

/*
 * Every limit of the toolchain, with its unit and its reason.  Limits of the
 * container format are part of format 1 (schemas/container.md); limits of a
 * server are data of lib/manifest and can be changed with --profile.
 */

/* Container format 1: bytes, unless said otherwise. */
#define PKG_LIMIT_MANIFEST_JSON (1u << 20) /* 1 MiB: an officer's screen */
#define PKG_LIMIT_MANIFEST_JSON_BUNDLE                                         \
	(16u << 20) /* 65,000 members of ~200 B */
#define PKG_LIMIT_REQUEST_JSON        (1u << 20)
#define PKG_LIMIT_REQUEST_JSON_BUNDLE (16u << 20)
#define PKG_LIMIT_PLAN_JSON           (16u << 20)
#define PKG_LIMIT_SIGNATURE           (64u << 10) /* DER CMS with 8 certificates */
#define PKG_LIMIT_APPROVAL            (8u << 10)
#define PKG_LIMIT_MAC                 64u /* hex digits, exact */
#define PKG_LIMIT_RECIPIENTS_DER      (128u << 10)
#define PKG_LIMIT_METADATA            (16u << 20)
#define PKG_LIMIT_PAYLOAD             (1ULL << 40) /* 2^24 segments of 2^16 */
#define PKG_LIMIT_MEMBERS             4096u        /* count */
#define PKG_LIMIT_MEMBERS_BUNDLE      65000u /* count, no zip64 EOCD needed */
#define PKG_LIMIT_SIGNATURES          16u    /* count */
#define PKG_LIMIT_RECIPIENTS          64u    /* count */
#define PKG_LIMIT_CMS_CERTS           8u     /* count */
#define PKG_LIMIT_MEMBER_NAME         100u
#define PKG_LIMIT_TEXT_FIELD          512u /* name, version, requester */
#define PKG_LIMIT_REASON              2000u /* code points: an approval's reason */
#define PKG_LIMIT_JSON_DEPTH          8u /* levels, canonical JSON of a container */

#define PKG_LIMIT_JSONW_DEPTH 64u /* levels a writer keeps track of */
#define PKG_LIMIT_TREE_DEPTH  64u /* levels any reader can be told */

/*
 * ZIP files that others made: batches of documents.  Bytes, unless said
 * otherwise.
 */
#define PKG_LIMIT_ARCHIVE_ENTRIES  10000u       /* count */
#define PKG_LIMIT_ARCHIVE_CONTENT  (4ULL << 30) /* of all entries together */
#define PKG_LIMIT_ARCHIVE_RATIO    200u         /* content per packed byte */
#define PKG_LIMIT_ARCHIVE_RATIO_OF (1ULL << 20) /* less content is no bomb */
/* The central directory: names of 255 bytes, and what else is accepted. */
#define PKG_LIMIT_ARCHIVE_CENTRAL (8u << 20)
/* The file: 32-bit offsets, and that directory. */
#define PKG_LIMIT_ARCHIVE_FILE ((1ULL << 32) + PKG_LIMIT_ARCHIVE_CENTRAL)

/* Batches: a flat ZIP of them and their signatures has no zip64 count. */
#define PKG_LIMIT_BATCH_DOCUMENTS 30000       /* count */
#define PKG_LIMIT_BATCH_BYTES     (1LL << 36) /* of all documents: 64 GiB */
#define PKG_LIMIT_BATCH_UPLOADS   999u        /* count: content-001.zip ... */
/* Bytes of a record: six texts of PKG_LIMIT_TEXT_FIELD and digests. */
#define PKG_LIMIT_BATCH_RECORD (64u << 10)

/* JSON numbers: RFC 8785 keeps integers exact up to 2^53 - 1. */
#define PKG_LIMIT_JSON_INT 9007199254740991LL

/* Trust policies: counts. */
#define PKG_LIMIT_PINS         64u   /* pins, roots: more is a CA's job */
#define PKG_LIMIT_POLICY_NAMES 1024u /* tenants or device configs accepted */

#define PKG_LIMIT_OFFICERS 64u        /* of one approval policy */
#define PKG_LIMIT_CRLS     64u        /* files of one trust policy */
#define PKG_LIMIT_STATE    (4u << 20) /* bytes: some 20,000 packages */
#define PKG_LIMIT_TASK_STATE                                                   \
	(8u << 20) /* bytes: 4,096 files with the longest names */
/* Seconds by which the clock of an officer may be ahead of the reader's. */
#define PKG_LIMIT_CLOCK_SKEW 300

/* Text inputs: bytes, unless said otherwise. */
#define PKG_LIMIT_YAML (64u << 20) /* a manifest of 50,000 modules */
#define PKG_LIMIT_YAML_CONFIG                                                  \
	(256u << 10)                        /* device config, policy, process  \
					     */
#define PKG_LIMIT_YAML_DEPTH   16u          /* levels: libyaml is quadratic */
#define PKG_LIMIT_YAML_NODES   8000000u     /* count */
#define PKG_LIMIT_MAP_KEYS     1024u        /* keys of one mapping */
#define PKG_LIMIT_SCALAR       (1u << 20)   /* one string of a text input */
#define PKG_LIMIT_RECORD_LINE  (1u << 20)   /* one line of JSON Lines */
#define PKG_LIMIT_LOCK_JSON    (256u << 20) /* a lock of 100,000 modules */
#define PKG_LIMIT_LOCK_DEPTH   16u          /* levels */
#define PKG_LIMIT_FINDINGS     10000u       /* findings kept of one run */
#define PKG_LIMIT_INCLUDES     64u          /* files one manifest may include */
#define PKG_LIMIT_QUERY        8192u        /* one q of a listing */
#define PKG_LIMIT_QUERY_DEPTH  64u          /* open parentheses */
#define PKG_LIMIT_PATTERN      1024u        /* one glob or regular expression */
#define PKG_LIMIT_PATH         4096u        /* one path, NUL included */
#define PKG_LIMIT_WALK_DEPTH   128u         /* folders open at a time */
#define PKG_LIMIT_WALK_NAMES   1000000u     /* names in one folder */
#define PKG_LIMIT_ANSWER_JSON  (16u << 20)  /* a server's answer about files */
#define PKG_LIMIT_RECEIPT_JSON (64u << 20)  /* of the largest plan */
#define PKG_LIMIT_SCRYPT_N     (1u << 17)   /* of 1 KiB: 128 MiB, 0.4 s */
#define PKG_LIMIT_SECRET       1024u        /* passphrase or PIN */
#define PKG_LIMIT_RSA_BITS     8192u        /* bits: more only costs time */
#define PKG_LIMIT_SIGNED       (16u << 20)  /* content of one detached CMS */
/* Content of one attached CMS: bytes; OpenSSL counts them with an int. */
#define PKG_LIMIT_ATTACHED    (1u << 30)
#define PKG_LIMIT_KEY_FILE    (1u << 20) /* PEM, DER or PKCS#12 file */
#define PKG_LIMIT_PKCS11_URI  1024u      /* a pkcs11: URI, NUL included */
#define PKG_LIMIT_PKCS11_NAME 200u /* label or id of a key: libp11 has room */

/* Audit logs: bytes, unless said otherwise. */
#define PKG_LIMIT_AUDIT_FILE  (64u << 20) /* one file, unless told otherwise */
#define PKG_LIMIT_AUDIT_FILES 900u /* count: a check has all of them open */
#define PKG_LIMIT_AUDIT_TEXT  (32u << 10) /* one text: a reason, escaped */
#define PKG_LIMIT_AUDIT_HEAD  4096u       /* a head */
#define PKG_LIMIT_AUDIT_HEADS 64u         /* count: heads of one check */

/* Accuracy of a time stamp, in seconds: a vaguer time is none. */
#define PKG_LIMIT_TSA_ACCURACY 3600

/* PCRE2, so that no pattern of a user can stop the machine. */
#define PKG_LIMIT_MATCH_STEPS 100000u /* pcre2_set_match_limit */
/* pcre2_set_depth_limit: a path has 2048 folders, each of several levels */
#define PKG_LIMIT_MATCH_DEPTH 20000u
#define PKG_LIMIT_MATCH_HEAP  16384u /* KiB, pcre2_set_heap_limit */

/* Memory of one parsed document: bytes. */
#define PKG_LIMIT_ARENA (1ULL << 30)
/*
 * The same for a document of @len bytes that came in a container, of which
 * nothing is believed yet: a row of members is some 200 bytes of text and five
 * times as much as a tree; small documents may be of any shape.
 */
#define PKG_LIMIT_ARENA_OF(len) ((64ULL << 20) + 12ULL * (len))

/* I/O: bytes moved at a time; larger buffers fall out of the cache. */
#define PKG_IO_CHUNK 65536u

#endif

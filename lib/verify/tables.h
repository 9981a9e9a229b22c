/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFY_TABLES_H
#define VERIFY_TABLES_H

#include "packline/schema.h"

/* The records that pkg-verify writes, as a reader binds them. */
struct verify_record_check {
	const struct pkg_node *at;
	const struct pkg_node *detail;
	struct pkg_enum_value id;
	struct pkg_bool_value ok;
};

struct verify_record_signer {
	const struct pkg_node *at;
	const struct pkg_node *id, *signed_at, *spki, *subject;
};

struct verify_record_approval {
	const struct pkg_node *at;
	struct pkg_enum_value decision;
	const struct pkg_node *expires, *id, *issued, *reason, *role, *spki,
	    *subject;
};

struct verify_record_stage {
	const struct pkg_node *at;
	struct pkg_enum_value type, stage, content, kind;
	const struct pkg_node *device_config, *id, *manifest_sha256, *name;
	const struct pkg_node *path, *tenant, *version;
	struct pkg_int_value sequence;
	struct pkg_list approvals, signers;
};

struct verify_record_verdict {
	const struct pkg_node *at;
	struct pkg_enum_value type, content, kind;
	struct pkg_bool_value ok, draft;
	const struct pkg_node *reason, *text, *hint;
	const struct pkg_node *device_config, *device_config_sha256, *expires;
	const struct pkg_node *id, *manifest_sha256, *name, *path, *tenant;
	const struct pkg_node *unsigned_sha256, *version;
	struct pkg_int_value sequence, size;
	struct pkg_list approvals, checks, signers;
};

extern const struct pkg_table pkg_verify_stage_table;
extern const struct pkg_table pkg_verify_verdict_table;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_PLAN_READ_H
#define PKG_PLAN_READ_H

#include "packline/json.h"
#include "packline/schema.h"

/*
 * A plan (schemas/manifest.md, "The plan") as an importer reads it.  Members
 * are what the format calls them; NULL or at == NULL = left out.
 */

/* What a step does; the order is that of the format's schema. */
enum pkg_plan_op {
	PKG_PLAN_FIND_MODULE_TYPE,
	PKG_PLAN_ENSURE_MODULE_TYPE,
	PKG_PLAN_FIND_MODULE,
	PKG_PLAN_ENSURE_MODULE,
	PKG_PLAN_FIND_ARTIFACT,
	PKG_PLAN_ENSURE_ARTIFACT,
	PKG_PLAN_ENSURE_MODULE_METADATA,
	PKG_PLAN_ENSURE_SET_TYPE,
	PKG_PLAN_FIND_SET,
	PKG_PLAN_ENSURE_SET,
	PKG_PLAN_ENSURE_SET_METADATA,
	PKG_PLAN_ENSURE_TARGET_FILTER,
	PKG_PLAN_AUTO_ASSIGN,
	PKG_PLAN_ASSIGN,
	PKG_PLAN_ENSURE_ROLLOUT,
};

struct pkg_plan_product {
	const struct pkg_node *at, *name, *version;
};

struct pkg_plan_upload {
	const struct pkg_node *at, *blob, *filename, *md5, *sha1, *sha256;
};

struct pkg_plan_request {
	const struct pkg_node *at, *path, *body;
	struct pkg_enum_value method; /* POST, PUT */
	struct pkg_list expect;       /* of an update: struct pkg_int_value */
	struct pkg_plan_upload *multipart;
};

struct pkg_plan_lookup {
	const struct pkg_node *at, *path, *query, *exact;
	struct pkg_enum_value method; /* GET */
};

struct pkg_plan_step {
	const struct pkg_node *at, *ref;
	struct pkg_enum_value op; /* enum pkg_plan_op */
	struct pkg_list expect;   /* struct pkg_int_value */
	struct pkg_plan_lookup *lookup;
	struct pkg_plan_request *request, *update;
};

struct pkg_plan_sbom {
	const struct pkg_node *at, *blob, *ref, *media_type;
	struct pkg_int_value size;
};

struct pkg_plan {
	const struct pkg_node *at, *tenant;
	struct pkg_int_value format;
	struct pkg_enum_value type, target;
	struct pkg_plan_product *product;
	struct pkg_list sboms; /* struct pkg_plan_sbom */
	struct pkg_list steps; /* struct pkg_plan_step */
};

PKG_API_BEGIN

/* "ensure-module", ... */
const char *pkg_plan_op_name(enum pkg_plan_op op);
/*
 * Read a plan.
 * @out    receives it; everything lives in @arena and borrows input->name.
 * @input  its bytes.
 * Fails with PKG_INPUT: as pkg_json_parse(), or, reason "malformed-plan", at
 * the first thing that breaks the format; PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_plan_read(struct pkg_plan **out,
					   struct pkg_arena *arena,
					   const struct pkg_json_input *input,
					   struct pkg_err *err);

PKG_API_END

#endif

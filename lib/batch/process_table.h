/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_PROCESS_TABLE_H
#define BATCH_PROCESS_TABLE_H

#include "packline/process.h"
#include "packline/schema.h"

/* A process file as its table binds it. */
struct process_tsa {
	const struct pkg_node *at;
	struct pkg_int_value id;
	const struct pkg_node *policy;
	struct pkg_enum_value digest;
};

struct process_signing {
	const struct pkg_node *at;
	const struct pkg_node *key, *cert;
};

struct process_body {
	const struct pkg_node *at;
	struct pkg_int_value id, provider_settings_id;
	const struct pkg_node *name, *tenant;
	struct pkg_enum_value action, form, digest, padding;
	struct process_signing *signing;
	const struct pkg_node *names;
	struct pkg_int_value max_documents, max_bytes;
	struct pkg_bool_value chain;
	const struct pkg_node *horizon;
	struct process_tsa *tsa;
	const struct pkg_node *approval_policy, *trust;
	struct pkg_list create;
};

struct process_document {
	const struct pkg_node *at;
	struct pkg_int_value packline;
	struct process_body *process;
};

extern const struct pkg_table pkg_process_table;

#endif

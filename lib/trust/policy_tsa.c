/* SPDX-License-Identifier: Apache-2.0 */
#include "trust_impl.h"

#include "packline/limits.h"
#include "packline/text.h"
#include "packline/timestamp.h"

#include <stddef.h>
#include <string.h>

static const struct pkg_field path = {
    .kind = PKG_FIELD_STRING,
    .min = 1,
    .max = PKG_LIMIT_PATH - 1,
    .help = "File, relative to this one.",
};

static const struct pkg_field pin = {
    .kind = PKG_FIELD_STRING,
    .pattern = "^sha256:[0-9a-f]{64}$",
    .help = "SHA-256 of the key's DER SubjectPublicKeyInfo, in hex.",
};

static const struct pkg_field fields[] = {
    {.name = "roots",
     .kind = PKG_FIELD_LIST,
     .required = true,
     .unique = true,
     .offset = offsetof(struct trust_tsa_doc, roots),
     .min = 1,
     .max = PKG_LIMIT_PINS,
     .item = &path,
     .help = "CA certificates above the authorities, or their own ones."},
    {.name = "pins",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct trust_tsa_doc, pins),
     .min = 1,
     .max = PKG_LIMIT_PINS,
     .item = &pin,
     .help = "Keys of the authorities that count; all under the roots if "
	     "absent."},
    {.name = "policy",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct trust_tsa_doc, policy),
     .min = 3,
     .max = PKG_TIMESTAMP_POLICY - 1,
     .pattern = "^[0-2](\\.(0|[1-9][0-9]*))+$",
     .help = "Policy that a time stamp must have, an object identifier; any "
	     "if absent."},
    {0},
};

const struct pkg_table pkg_trust_tsa_table = {
    .name = "tsa",
    .help = "Time-stamping authorities (RFC 3161) that are believed.",
    .size = sizeof(struct trust_tsa_doc),
    .fields = fields,
};

static enum pkg_code read_roots(struct pkg_trust *trust,
				const struct config_file *file, int dirfd,
				const struct pkg_list *list,
				struct pkg_err *err)
{
	const struct pkg_node *const *nodes = list->items;

	for (size_t i = 0; i < list->count; i++) {
		const char *name = NULL;

		if (nodes[i] == NULL)
			continue; /* there is a finding for it */
		name = pkg_config_path(file, nodes[i]->text, err);
		if (name == NULL)
			return err->code;
		if (pkg_certs_add_file(trust->tsa.anchors, dirfd, name, err) ==
		    PKG_OK)
			continue;
		if (err->code == PKG_SYSTEM) {
			const struct pkg_mark mark = pkg_node_mark(nodes[i]);

			return pkg_err_at(err, &mark);
		}
		PKG_TRY(pkg_config_error(file, "bad-root", nodes[i], NULL, err,
					 err->text));
	}
	return PKG_OK;
}

static enum pkg_code read_pins(struct pkg_trust *trust,
			       const struct pkg_list *list, struct pkg_err *err)
{
	static const size_t prefix = sizeof("sha256:") - 1;
	const struct pkg_node *const *nodes = list->items;

	trust->tsa.pins = pkg_arena_array(trust->arena, list->count + 1,
					  sizeof(*trust->tsa.pins), err);
	if (trust->tsa.pins == NULL)
		return err->code;
	for (size_t i = 0; i < list->count; i++)
		if (nodes[i] != NULL && nodes[i]->len > prefix &&
		    pkg_hex_decode(trust->tsa.pins[trust->tsa.pin_count], 32,
				   nodes[i]->text + prefix,
				   nodes[i]->len - prefix))
			trust->tsa.pin_count++;
	return PKG_OK;
}

enum pkg_code pkg_trust_read_tsa(struct pkg_trust *trust,
				 const struct config_file *file, int dirfd,
				 const struct trust_tsa_doc *doc,
				 struct pkg_err *err)
{
	if (doc == NULL)
		return PKG_OK;
	PKG_TRY(pkg_certs_new(&trust->tsa.anchors, trust->env->crypto, err));
	PKG_TRY(read_roots(trust, file, dirfd, &doc->roots, err));
	PKG_TRY(read_pins(trust, &doc->pins, err));
	if (doc->policy == NULL)
		return PKG_OK;
	trust->tsa.policy = doc->policy->text;
	if (pkg_timestamp_is_policy(trust->tsa.policy))
		return PKG_OK;
	return pkg_config_error(file, "wrong-form", doc->policy,
				"for example 1.3.6.1.4.1.4146.2.2", err,
				"not an object identifier in dotted form");
}

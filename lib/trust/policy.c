/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"
#include "trust_impl.h"

#include "packline/container.h"
#include "packline/limits.h"
#include "packline/text.h"

#include <string.h>
#include <strings.h>

static const char *const suites[] = {PKG_SUITE_1, NULL};

struct pin {
	const struct pkg_node *at;
	const struct pkg_node *id, *spki;
};

struct signers {
	const struct pkg_node *at;
	struct pkg_int_value threshold;
	struct pkg_list pins;
};

struct trust {
	const struct pkg_node *at;
	struct pkg_list roots, approvals, tenants, device_configs, suites, crls;
	struct signers *signers;
	const struct pkg_node *time, *crl_max_age;
	struct trust_tsa_doc *tsa;
	struct pkg_bool_value allow_unsigned;
	struct pkg_int_value min_sequence;
};

struct document {
	const struct pkg_node *at;
	struct pkg_int_value packline;
	struct trust *trust;
};

static const struct pkg_field pin_fields[] = {
    {.name = "id",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct pin, id),
     .min = 1,
     .max = PKG_LIMIT_MEMBER_NAME,
     .pattern = CONFIG_NAME_PATTERN,
     .help = "Name of the person or service; several keys of one count once.",
     .hint = CONFIG_NAME_HINT},
    {.name = "spki",
     .kind = PKG_FIELD_STRING,
     .required = true,
     .offset = offsetof(struct pin, spki),
     .pattern = "^sha256:[0-9a-f]{64}$",
     .help = "SHA-256 of the key's DER SubjectPublicKeyInfo, in hex.",
     .hint = "openssl x509 -in cert.pem -noout -pubkey | openssl pkey -pubin "
	     "-outform DER | sha256sum"},
    {0},
};

static const struct pkg_table pin_table = {
    .name = "pin",
    .help = "A key that may sign.",
    .size = sizeof(struct pin),
    .fields = pin_fields,
};

static const struct pkg_field pin = {
    .kind = PKG_FIELD_OBJECT,
    .table = &pin_table,
};

static const struct pkg_field signers_fields[] = {
    {.name = "threshold",
     .kind = PKG_FIELD_INT,
     .offset = offsetof(struct signers, threshold),
     .min = 1,
     .max = PKG_LIMIT_SIGNATURES,
     .help = "How many of them must have signed; 1 if absent."},
    {.name = "pins",
     .kind = PKG_FIELD_LIST,
     .required = true,
     .offset = offsetof(struct signers, pins),
     .min = 1,
     .max = PKG_LIMIT_PINS,
     .item = &pin,
     .help = "The keys that count; signatures of others do not."},
    {0},
};

static const struct pkg_table signers_table = {
    .name = "signers",
    .help = "Whose signatures count.",
    .size = sizeof(struct signers),
    .fields = signers_fields,
};

static const struct pkg_field path = {
    .kind = PKG_FIELD_STRING,
    .min = 1,
    .max = PKG_LIMIT_PATH - 1,
    .help = "File, relative to this one.",
};

static const struct pkg_field name = {
    .kind = PKG_FIELD_STRING,
    .min = 1,
    .max = PKG_LIMIT_MEMBER_NAME,
    .pattern = CONFIG_NAME_PATTERN,
    .hint = CONFIG_NAME_HINT,
};

static const struct pkg_field suite = {
    .kind = PKG_FIELD_ENUM,
    .choices = suites,
};

static const struct pkg_field trust_fields[] = {
    {.name = "roots",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct trust, roots),
     .min = 1,
     .max = PKG_LIMIT_PINS,
     .item = &path,
     .help = "CA certificates that a pinned signer must chain to.  Without "
	     "them a pinned key is believed by itself, while its certificate "
	     "is valid."},
    {.name = "signers",
     .kind = PKG_FIELD_OBJECT,
     .offset = offsetof(struct trust, signers),
     .table = &signers_table,
     .help = "Whose signatures count, and how many are needed."},
    {.name = "approvals",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct trust, approvals),
     .min = 1,
     .max = PKG_LIMIT_PINS,
     .item = &path,
     .help = "Approval policies that are accepted."},
    {.name = "tenants",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct trust, tenants),
     .min = 1,
     .max = PKG_LIMIT_POLICY_NAMES,
     .item = &name,
     .help = "Tenants that are accepted; any if absent."},
    {.name = "deviceConfigs",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct trust, device_configs),
     .min = 1,
     .max = PKG_LIMIT_POLICY_NAMES,
     .item = &name,
     .help = "Device configs that are accepted, by id; any if absent."},
    {.name = "suites",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct trust, suites),
     .min = 1,
     .max = 16,
     .item = &suite,
     .help = "Suites that are accepted; all of this version if absent."},
    {.name = "time",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct trust, time),
     .min = 1,
     .max = 64,
     .pattern = "^(system|none|tsa|at=.+)$",
     .help = "Clock for certificates and expiry: system (if absent), at= and "
	     "an RFC 3339 time, tsa (time stamps of the signatures), or none.",
     .hint = "system, at=2026-12-01T02:00:00Z, tsa or none"},
    {.name = "tsa",
     .kind = PKG_FIELD_OBJECT,
     .offset = offsetof(struct trust, tsa),
     .table = &pkg_trust_tsa_table,
     .help = "Time-stamping authorities that are believed."},
    {.name = "allowUnsigned",
     .kind = PKG_FIELD_BOOL,
     .offset = offsetof(struct trust, allow_unsigned),
     .help = "Accept containers of kind encrypted, whose maker nobody knows, "
	     "if a recipient key is given; false if absent."},
    {.name = "crls",
     .kind = PKG_FIELD_LIST,
     .unique = true,
     .offset = offsetof(struct trust, crls),
     .min = 1,
     .max = PKG_LIMIT_CRLS,
     .item = &path,
     .help = "Revocation list files; then every certificate that counts must "
	     "be covered by a current one."},
    {.name = "crlMaxAge",
     .kind = PKG_FIELD_STRING,
     .offset = offsetof(struct trust, crl_max_age),
     .min = 2,
     .max = 6,
     .pattern = CONFIG_DURATION_PATTERN,
     .help = "How old a revocation list may be, from its thisUpdate on, and "
	     "that there must be one; as old as its nextUpdate says if absent.",
     .hint = CONFIG_DURATION_HINT},
    {.name = "minSequence",
     .kind = PKG_FIELD_INT,
     .offset = offsetof(struct trust, min_sequence),
     .min = 0,
     .max = PKG_LIMIT_JSON_INT,
     .help = "Lowest sequence number that is accepted; any if absent."},
    {0},
};

static const struct pkg_table trust_table = {
    .name = "trust",
    .help = "What a verifier believes.",
    .size = sizeof(struct trust),
    .fields = trust_fields,
};

static const struct pkg_field fields[] = {
    CONFIG_ROW_VERSION(struct document, packline),
    {.name = "trust",
     .kind = PKG_FIELD_OBJECT,
     .required = true,
     .offset = offsetof(struct document, trust),
     .table = &trust_table,
     .help = "What a verifier believes."},
    {0},
};

static const struct pkg_table table = {
    .name = "trustPolicy",
    .title = "Packline trust policy",
    .help = "Whose containers pkg-verify says yes to.",
    .size = sizeof(struct document),
    .fields = fields,
};

static bool decode_spki(uint8_t *spki, const struct pkg_node *node)
{
	static const size_t prefix = sizeof("sha256:") - 1;

	return node->len > prefix &&
	       pkg_hex_decode(spki, 32, node->text + prefix,
			      node->len - prefix);
}

static bool is_pinned(const struct pkg_trust *trust, const uint8_t *spki)
{
	for (size_t i = 0; i < trust->pin_count; i++) {
		if (memcmp(trust->pins[i].spki, spki, 32) == 0)
			return true;
	}
	return false;
}

/* To people Alice and alice are one: so they must not count as two. */
static bool has_other_case(const struct pkg_trust *trust, const char *id)
{
	for (size_t i = 0; i < trust->pin_count; i++) {
		const char *other = trust->pins[i].id;

		if (strcasecmp(other, id) == 0 && strcmp(other, id) != 0)
			return true;
	}
	return false;
}

static size_t count_ids(const struct pkg_trust *trust)
{
	size_t count = 0;

	for (size_t i = 0; i < trust->pin_count; i++) {
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen =
			    strcmp(trust->pins[i].id, trust->pins[k].id) == 0;
		count += !seen;
	}
	return count;
}

static enum pkg_code read_pins(struct pkg_trust *trust,
			       const struct config_file *file,
			       const struct pkg_list *list, struct pkg_err *err)
{
	const struct pin *pins = list->items;

	trust->pins = pkg_arena_array(trust->arena, list->count + 1,
				      sizeof(*trust->pins), err);
	if (trust->pins == NULL)
		return err->code;
	for (size_t i = 0; i < list->count; i++) {
		struct trust_pin *to = &trust->pins[trust->pin_count];

		if (pins[i].id == NULL || pins[i].spki == NULL)
			continue; /* there is a finding for it */
		if (!decode_spki(to->spki, pins[i].spki))
			continue; /* likewise */
		if (is_pinned(trust, to->spki)) {
			PKG_TRY(pkg_config_error(
			    file, "duplicate-pin", pins[i].spki,
			    "a key counts once, whoever it is said to be", err,
			    "this key is pinned already"));
			continue;
		}
		if (has_other_case(trust, pins[i].id->text)) {
			PKG_TRY(pkg_config_error(
			    file, "duplicate-pin", pins[i].id,
			    "write it alike each time: one person counts once",
			    err,
			    "this id is there already, with other capitals"));
			continue;
		}
		to->id = pins[i].id->text;
		trust->pin_count++;
	}
	return PKG_OK;
}

static enum pkg_code read_signers(struct pkg_trust *trust,
				  const struct config_file *file,
				  const struct trust *doc, struct pkg_err *err)
{
	const struct signers *signers = doc->signers;

	if (signers == NULL && trust->allow_unsigned && doc->roots.at == NULL)
		return PKG_OK; /* believes unsigned containers only */
	if (signers == NULL && pkg_node_get(doc->at, "signers") != NULL)
		return PKG_OK; /* there is a finding for it */
	if (signers == NULL)
		return pkg_config_error(
		    file, "trusts-nobody", doc->at,
		    "say who may sign, under signers.pins", err,
		    "the policy names no signers: it trusts "
		    "nobody");
	PKG_TRY(read_pins(trust, file, &signers->pins, err));
	if (signers->threshold.at == NULL)
		return PKG_OK;
	trust->threshold = (size_t)signers->threshold.value;
	if (trust->threshold > count_ids(trust))
		return pkg_config_error(
		    file, "threshold-too-high", signers->threshold.at,
		    "pin more signers: several keys of one id "
		    "count once",
		    err,
		    "more signatures are asked for than there "
		    "are signers");
	return PKG_OK;
}

static enum pkg_code read_suites(struct pkg_trust *trust,
				 const struct pkg_list *list,
				 struct pkg_err *err)
{
	const struct pkg_enum_value *values = list->items;

	trust->suites.items = pkg_arena_array(
	    trust->arena, list->count + 1, sizeof(*trust->suites.items), err);
	if (trust->suites.items == NULL)
		return err->code;
	for (size_t i = 0; i < list->count; i++)
		trust->suites.items[i] = suites[values[i].index];
	trust->suites.count = list->count;
	return PKG_OK;
}

static enum pkg_code read_time(struct pkg_trust *trust,
			       const struct config_file *file,
			       const struct pkg_node *node, bool has_tsa,
			       struct pkg_err *err)
{
	if (node == NULL)
		return PKG_OK;
	if (pkg_clock_parse(&trust->clock, node->text)) {
		if (trust->clock.mode != PKG_CLOCK_TSA || has_tsa)
			return PKG_OK;
		return pkg_config_error(file, "tsa-missing", node,
					"list its certificate, or that of the "
					"CA above it: tsa: {roots: [tsa.pem]}",
					err, "no time stamps are believed");
	}
	return pkg_config_error(file, "wrong-form", node,
				"for example at=2026-12-01T02:00:00Z", err,
				"not an RFC 3339 time after at=");
}

enum pkg_code pkg_trust_read_policy(struct pkg_trust *trust,
				    struct pkg_diag *diag, int dirfd,
				    const void *text, size_t len,
				    struct pkg_err *err)
{
	const struct config_file file = {
	    /* Findings borrow the name and outlive a policy that is refused. */
	    .path = pkg_arena_printf(diag->arena, err, "%s", trust->path),
	    .arena = trust->arena,
	    .diag = diag};
	const size_t before = diag->errors;
	struct document doc = {0};
	const struct trust *from = NULL;
	struct trust_files files = {0};

	trust->form = TRUST_POLICY;
	trust->threshold = 1;
	trust->clock.mode = PKG_CLOCK_SYSTEM;
	if (file.path == NULL)
		return err->code;
	PKG_TRY(pkg_config_bind(&file, &table, text, len, &doc, err));
	from = doc.trust;
	if (from == NULL) {
		PKG_TRY(pkg_config_verdict(&file, before, "trust policy", err));
		return pkg_fail(err, PKG_INTERNAL, "policy without trust");
	}
	files =
	    (struct trust_files){&from->roots, &from->crls, &from->approvals};
	trust->allow_unsigned = from->allow_unsigned.value;
	trust->has_min_sequence = from->min_sequence.at != NULL;
	trust->min_sequence = (uint64_t)from->min_sequence.value;
	PKG_TRY(read_time(trust, &file, from->time, from->tsa != NULL, err));
	PKG_TRY(read_signers(trust, &file, from, err));
	if (from->crl_max_age != NULL)
		PKG_TRY(pkg_config_duration(&trust->crl_max_age, &file,
					    from->crl_max_age, err));
	if (diag->errors == before) /* else it is refused anyway */
		PKG_TRY(pkg_trust_read_files(trust, &file, dirfd, &files, err));
	if (diag->errors == before)
		PKG_TRY(
		    pkg_trust_read_tsa(trust, &file, dirfd, from->tsa, err));
	PKG_TRY(pkg_config_names(&trust->tenants, &file, &from->tenants, err));
	PKG_TRY(pkg_config_names(&trust->device_configs, &file,
				 &from->device_configs, err));
	PKG_TRY(read_suites(trust, &from->suites, err));
	return pkg_config_verdict(&file, before, "trust policy", err);
}

enum pkg_code pkg_trust_schema(struct pkg_sink *sink, struct pkg_err *err)
{
	return pkg_schema_emit(&table, sink, err);
}

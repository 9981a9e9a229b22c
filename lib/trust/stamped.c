/* SPDX-License-Identifier: Apache-2.0 */
#include "trust_impl.h"

#include "packline/timestamp.h"

/*
 * Whom to believe is judged first, and revocation by the lists of today: a
 * stamp shows that a signature is old, not that its key was never stolen.
 * Then the certificates must have been valid all the time in which the
 * signature can have been made, by the accuracy of the stamp.
 */
static enum pkg_code verify_stamped(const struct trust_dated *dated,
				    struct pkg_cms *cms,
				    struct pkg_cms_verify_options *options,
				    int64_t *when, struct pkg_err *err)
{
	const struct pkg_signature_set *set = dated->set;
	const struct trust_tsa *tsa = &dated->trust->tsa;
	const struct pkg_timestamp_rules rules = {
	    .anchors = tsa->anchors,
	    .pins = (const uint8_t(*)[32])tsa->pins,
	    .pin_count = tsa->pin_count,
	    .policy = tsa->policy,
	};
	struct pkg_timestamp stamp;

	options->at = dated->env->now(dated->env);
	options->any_validity = true;
	PKG_TRY(
	    pkg_cms_verify(cms, set->content, set->content_len, options, err));
	PKG_TRY(pkg_timestamp_verify(&stamp, cms, &rules, err));
	options->any_validity = false;
	options->crls = NULL;
	options->at = stamp.earliest;
	PKG_TRY(
	    pkg_cms_verify(cms, set->content, set->content_len, options, err));
	options->at = stamp.latest;
	PKG_TRY(
	    pkg_cms_verify(cms, set->content, set->content_len, options, err));
	*when = stamp.time;
	return PKG_OK;
}

enum pkg_code pkg_trust_verify_dated(const struct trust_dated *dated,
				     struct pkg_cms *cms,
				     struct pkg_cms_verify_options *options,
				     int64_t *stamp, struct pkg_err *err)
{
	if (dated->set->clock.mode == PKG_CLOCK_TSA)
		return verify_stamped(dated, cms, options, stamp, err);
	return pkg_cms_verify(cms, dated->set->content, dated->set->content_len,
			      options, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANIFEST_LOCK_WRITE_H
#define MANIFEST_LOCK_WRITE_H

#include "packline/json.h"
#include "packline/manifest.h"

/*
 * Members of a lock.  What was left out in the manifest is left out here;
 * lists that matter are always there.
 */
void pkg_lock_text(struct pkg_jsonw *w, const char *key,
		   const struct pkg_node *node);
void pkg_lock_bool(struct pkg_jsonw *w, const char *key,
		   const struct pkg_bool_value *value);
void pkg_lock_int(struct pkg_jsonw *w, const char *key,
		  const struct pkg_int_value *value);
void pkg_lock_texts(struct pkg_jsonw *w, const char *key,
		    const struct pkg_list *list);
void pkg_lock_metadata(struct pkg_jsonw *w, const struct pkg_list *list);

void pkg_lock_assignments(struct pkg_jsonw *w, const struct pkg_manifest *m);
void pkg_lock_rollouts(struct pkg_jsonw *w, const struct pkg_manifest *m);
void pkg_lock_sets(struct pkg_jsonw *w, const struct pkg_manifest *m);
void pkg_lock_filters(struct pkg_jsonw *w, const struct pkg_manifest *m);
void pkg_lock_types(struct pkg_jsonw *w, const struct pkg_manifest *m);

#endif

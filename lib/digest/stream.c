/* SPDX-License-Identifier: Apache-2.0 */
#include "packline/digest.h"

/* Sources and sinks that hash what passes through them. */

static enum pkg_code digest_read(struct pkg_source *source, void *buf,
				 size_t cap, size_t *got, struct pkg_err *err)
{
	struct pkg_source_digest *self = (struct pkg_source_digest *)source;

	PKG_TRY(pkg_source_read(self->inner, buf, cap, got, err));
	return pkg_digest_update(self->digest, buf, *got, err);
}

void pkg_source_digest_init(struct pkg_source_digest *self,
			    struct pkg_source *inner, struct pkg_digest *digest)
{
	*self = (struct pkg_source_digest){
	    .source = {.read = digest_read, .name = inner->name},
	    .inner = inner,
	    .digest = digest,
	};
}

static enum pkg_code mismatch(const struct pkg_source_verify *self,
			      struct pkg_err *err)
{
	struct pkg_digests actual;
	unsigned differ;

	PKG_TRY(pkg_digest_finish(self->digest, &actual, err));
	differ = pkg_digests_differ(&actual, self->expected);
	if (differ == 0)
		return PKG_OK;
	/* The lowest bit is enough to name one algorithm. */
	return pkg_refuse(err, PKG_NO, "digest-mismatch",
			  "'%s' has another %s digest than expected",
			  self->source.name,
			  pkg_digest_name(differ & (~differ + 1)));
}

static enum pkg_code verify_read(struct pkg_source *source, void *buf,
				 size_t cap, size_t *got, struct pkg_err *err)
{
	struct pkg_source_verify *self = (struct pkg_source_verify *)source;

	PKG_TRY(pkg_source_read(self->inner, buf, cap, got, err));
	if (*got == 0)
		return mismatch(self, err);
	return pkg_digest_update(self->digest, buf, *got, err);
}

enum pkg_code pkg_source_verify_init(struct pkg_source_verify *self,
				     struct pkg_source *inner,
				     struct pkg_digest *digest,
				     const struct pkg_digests *expected,
				     struct pkg_err *err)
{
	*self = (struct pkg_source_verify){
	    .source = {.read = verify_read, .name = inner->name},
	    .inner = inner,
	    .digest = digest,
	    .expected = expected,
	};
	return pkg_digest_reset(digest, expected->set, err);
}

enum pkg_code pkg_source_verify_finish(struct pkg_source_verify *self,
				       struct pkg_err *err)
{
	if (self->source.stuck != PKG_OK)
		return pkg_refuse(err, self->source.stuck, "digest-mismatch",
				  "'%s' could not be verified",
				  self->source.name);
	if (!self->source.ended)
		return pkg_refuse(err, PKG_NO, "digest-mismatch",
				  "'%s' was not read to its end",
				  self->source.name);
	return PKG_OK;
}

static enum pkg_code digest_write(struct pkg_sink *sink, const void *buf,
				  size_t len, struct pkg_err *err)
{
	struct pkg_sink_digest *self = (struct pkg_sink_digest *)sink;

	if (self->inner != NULL)
		PKG_TRY(pkg_sink_write(self->inner, buf, len, err));
	return pkg_digest_update(self->digest, buf, len, err);
}

static enum pkg_code nothing_to_finish(struct pkg_sink *sink,
				       struct pkg_err *err)
{
	(void)sink;
	(void)err;
	return PKG_OK;
}

void pkg_sink_digest_init(struct pkg_sink_digest *self, struct pkg_sink *inner,
			  struct pkg_digest *digest)
{
	*self = (struct pkg_sink_digest){
	    .sink = {.write = digest_write, .finish = nothing_to_finish},
	    .inner = inner,
	    .digest = digest,
	};
}

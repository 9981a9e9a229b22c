/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_RELAY_H
#define PKG_RELAY_H

#include "packline/auto.h"
#include "packline/sink.h"

/*
 * A sink that lets another thread do the rest: what is written to it is copied
 * into a few chunks (1 MiB together), and a thread of its own writes them to
 * the inner sink, in order.  So two halves of the work on a long stream run at
 * the same time.
 *
 * Where a thread is not worth its start (less than PKG_RELAY_MIN bytes, one
 * processor only) or cannot be started, the bytes are written through at once:
 * the result is the same.  Signals are left to the other threads.
 */
struct pkg_relay;

#define PKG_RELAY_MIN (8u << 20) /* bytes */

PKG_API_BEGIN

/*
 * @out    receives it; freed by the caller with pkg_relay_free().
 * @inner  borrowed, not finished; belongs to the thread until
 *         pkg_relay_finish() or pkg_relay_free(), with all it writes to.
 * @size   bytes that are expected; more or less is no error.
 * Fails with PKG_SYSTEM if out of memory.
 */
PKG_MUST_CHECK enum pkg_code pkg_relay_new(struct pkg_relay **out,
					   struct pkg_sink *inner,
					   uint64_t size, struct pkg_err *err);
/*
 * Where to write; borrowed.  Fails as @inner does, although perhaps some
 * chunks later.
 */
struct pkg_sink *pkg_relay_sink(struct pkg_relay *relay);
/*
 * Wait until @inner has got everything, and end the thread.
 * @code  what the caller's half has come to, and @err with it.
 * Returns the failure of @inner if there is one, in @err: it is about bytes
 * that were written before the caller found anything wrong, so which failure
 * is told does not depend on how fast a thread was.  Else @code.
 */
PKG_MUST_CHECK enum pkg_code pkg_relay_finish(struct pkg_relay *relay,
					      enum pkg_code code,
					      struct pkg_err *err);
/* Ends the thread without waiting for the rest; NULL is allowed. */
void pkg_relay_free(struct pkg_relay *relay);

PKG_API_END
PKG_DEFINE_AUTO(pkg_relay)

#endif

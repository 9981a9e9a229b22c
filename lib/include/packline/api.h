/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKG_API_H
#define PKG_API_H

/*
 * Every public header puts its declarations between PKG_API_BEGIN and
 * PKG_API_END: they get C linkage in C++ and are the only symbols that the
 * shared library exports.
 */
#ifdef __cplusplus
#	define PKG_API_BEGIN                                                  \
		_Pragma("GCC visibility push(default)") extern "C"             \
		{
#	define PKG_API_END                                                    \
		}                                                              \
		_Pragma("GCC visibility pop")
#	define PKG_AT_LEAST(n) n
#else
#	define PKG_API_BEGIN   _Pragma("GCC visibility push(default)")
#	define PKG_API_END     _Pragma("GCC visibility pop")
/* uint8_t out[PKG_AT_LEAST(32)]: the parameter points at 32 bytes or more.
   C++ has no word for it. */
#	define PKG_AT_LEAST(n) static n
#endif

#define PKG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define PKG_MUST_CHECK        __attribute__((warn_unused_result))

#endif

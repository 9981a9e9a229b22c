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
#else
#	define PKG_API_BEGIN _Pragma("GCC visibility push(default)")
#	define PKG_API_END   _Pragma("GCC visibility pop")
#endif

#define PKG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define PKG_MUST_CHECK        __attribute__((warn_unused_result))

#endif

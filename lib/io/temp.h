/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IO_TEMP_H
#define IO_TEMP_H

#include "packline/err.h"

#include <stdbool.h>

/* Shared by the atomic output file and folder. */
enum { TEMP_NAME = 32 };

/* Write a fresh name ".packline-<16 hex>.tmp" to @name. */
enum pkg_code pkg_temp_name(char name[static TEMP_NAME], struct pkg_err *err);

/* Is @name one of those? */
bool pkg_temp_is_name(const char *name);

/*
 * From now until pkg_temp_disarm(@name) pkg_outputs_abandon() removes the file
 * or flat folder @name of the folder @dir, which stays open as long.  Armed
 * before it is made, so that no signal comes in between.
 */
void pkg_temp_arm(int dir, const char *name);
void pkg_temp_disarm(const char *name);

/* Remove a file, or a folder of plain files; for signal handlers, too. */
void pkg_temp_remove(int dir, const char *name);

/*
 * Lock what @fd has open, until it is closed, so that pkg_temp_sweep() of
 * another process lets @name be; NULL = it has none yet.  False if that came
 * first and removes it: make another.
 */
bool pkg_temp_keep(int dir, const char *name, int fd);
/*
 * Remove from the folder @dir what processes that were killed have left under
 * such names; once for each folder, if one comes after the other.
 */
void pkg_temp_sweep(int dir);

/* PKG_SYSTEM: @path cannot be written, for the reason that errno has. */
enum pkg_code pkg_temp_unwritable(const char *path, struct pkg_err *err);
/* PKG_USAGE: @path exists, with the hint that --force replaces it. */
enum pkg_code pkg_temp_exists(const char *path, struct pkg_err *err);

#endif

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every mutant of small containers (signed, sealed, encrypted, approved, a
# bundle) and of signing requests: every
# byte changed in three ways, left out and doubled, every cut, members removed,
# doubled, moved, renamed and exchanged between containers, with the framing as
# it was and with it mended.  None may be accepted, each needs a reason.  The
# unit tests try a part of them.  Takes a minute; PKG_BUILD is the build folder.
set -eu
cd "$(dirname "$0")/../.."
unit=${PKG_BUILD:-build/plain}/tests/unit
for test in verify_mutants verify_mended request_mutants; do
	PKG_MUTANTS=1 "$unit/test_$test"
done

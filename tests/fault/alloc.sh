#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every allocation of every tool's main path fails in turn. Not part of run.sh,
# which tries some; run that first, it installs what is needed and builds. About
# a quarter of an hour.
set -eu
cd "$(dirname "$0")/.."
PKG_BIN=${PKG_BIN:-$PWD/../build/plain/tools} PKG_ALLOC=all \
	exec /usr/bin/python3 -m pytest -c pytest.ini -q fault/test_alloc.py \
	fault/test_run_alloc.py "$@"

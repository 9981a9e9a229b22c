#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pkg-batch is killed at every system call of every step in a batch's life, and
# each call fails in two ways; then it is taken to its end: each document is
# signed once, the chain of the audit log holds, nothing is half-written. Not
# part of run.sh, which tries some; run that first, it installs what is needed
# and builds. About an hour; -k killed is a third of it.
set -eu
cd "$(dirname "$0")/.."
PKG_BIN=${PKG_BIN:-$PWD/../build/plain/tools} PKG_INJECT=all \
	exec /usr/bin/python3 -m pytest -c pytest.ini -q \
	fault/test_batch_steps.py "$@"

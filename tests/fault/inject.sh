#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every system call of every tool's main path fails in five ways, and the tool
# is killed at every one of them. Not part of run.sh, which tries some; run that
# first, it installs what is needed and builds. About half an hour.
set -eu
cd "$(dirname "$0")/.."
PKG_BIN=${PKG_BIN:-$PWD/../build/plain/tools} PKG_INJECT=all \
	exec /usr/bin/python3 -m pytest -c pytest.ini -q fault/test_inject.py \
	fault/test_batch_kill.py fault/test_batch_exchange_kill.py \
	fault/test_run_kill.py fault/test_task_kill.py "$@"

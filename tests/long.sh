#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tests that take long: payloads of more than 4 GiB, thousands of foreign
# ZIP files and of changed files that cross an air gap, two signers at one
# spool. Not part of run.sh; run that first, it installs what is needed and
# builds.
# Needs 16 GiB in TMPDIR (default /tmp) and about half an hour.
set -eu
cd "$(dirname "$0")"
command -v time >/dev/null || {
	echo "long.sh: install GNU time first: apt-get install time" >&2
	exit 2
}
PKG_BIN=${PKG_BIN:-$PWD/../build/plain/tools} \
	exec /usr/bin/python3 -m pytest long -q "$@"

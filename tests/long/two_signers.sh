#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two signers on one spool and one token (SoftHSM), --rounds N of them (default
# 200), and as many with one key file in which one of the two is killed: no
# double signature, no lost batch. run.sh makes three; run that first. About ten
# minutes.
set -eu
cd "$(dirname "$0")/.."
rounds=200
case ${1:-} in
--rounds)
	rounds=$2
	shift 2
	;;
esac
PKG_BIN=${PKG_BIN:-$PWD/../build/plain/tools} PKG_ROUNDS=$rounds \
	exec /usr/bin/python3 -m pytest -c pytest.ini -q -v \
	fault/test_two_signers.py "$@"

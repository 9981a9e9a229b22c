#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Thousands of queries, right and wrong ones, to pkg-manifest list -q and to the
# parser that hawkBit uses (rsql-parser 2.1.0, from Maven Central): both take
# the same. Needs Java, mvn and the built tools; exit status 77 without.
set -eu
cd "$(dirname "$0")/../.."
out=$PWD/build/rsql
PKG_BIN=${PKG_BIN:-$PWD/build/plain/tools}
export PKG_BIN LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1

skip() {
	echo "tests/rsql/run.sh: $*: skipped" >&2
	exit 77
}

command -v javac >/dev/null || skip "no javac"
command -v mvn >/dev/null || skip "no mvn"
[ -x "$PKG_BIN/pkg-manifest" ] || skip "no pkg-manifest in $PKG_BIN"
mkdir -p "$out"
[ -s "$out/rsql-parser-2.1.0.jar" ] ||
	mvn -B -q dependency:copy \
		-Dartifact=cz.jirutka.rsql:rsql-parser:2.1.0 \
		"-DoutputDirectory=$out" >"$out/mvn.log" 2>&1 ||
	skip "Maven Central does not give rsql-parser 2.1.0"
javac -encoding UTF-8 -cp "$out/rsql-parser-2.1.0.jar" -d "$out" \
	tests/rsql/Accepts.java
RSQL_CLASSPATH=$out/rsql-parser-2.1.0.jar:$out \
	exec /usr/bin/python3 -m pytest -q -c tests/pytest.ini tests/rsql "$@"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tests of this folder next to a real hawkBit server:
#
#     sh tests/hawkbit/run.sh [VERSION...]      default: 1.0.4
#
# Fetches the server from Maven Central into build/hawkbit/, starts it on
# 127.0.0.1 with its database in memory, runs the tests, stops it. Needs Java
# 17, mvn and the built tools (PKG_BIN, default build/plain/tools or
# build/tools). Exit status 77 where Java, mvn or the server cannot be had,
# else that of the tests. A server takes about a minute to start.
set -eu
cd "$(dirname "$0")/../.."
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1

versions=${*:-1.0.4}
cache=$PWD/build/hawkbit
group=org.eclipse.hawkbit
artifact=hawkbit-update-server
pid=

say() {
	printf '== %s\n' "$*"
}

skip() {
	echo "tests/hawkbit/run.sh: $*: skipped" >&2
	exit 77
}

stop() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || :
	pid=
}

free_port() {
	/usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# fetch VERSION: the jar, once
fetch() {
	jar=$cache/$artifact-$1.jar
	[ ! -s "$jar" ] || return 0
	say "fetching $artifact $1"
	mkdir -p "$cache"
	mvn -B -q dependency:copy "-Dartifact=$group:$artifact:$1" \
		"-DoutputDirectory=$cache" >"$cache/mvn.log" 2>&1 ||
		{ grep -m 1 'ERROR' "$cache/mvn.log" >&2 || :
		  skip "Maven Central does not give $artifact $1"; }
}

# is_up PORT: the Management API answers
is_up() {
	curl -s -f -o /dev/null -u admin:admin \
		"http://127.0.0.1:$1/rest/v1/userinfo"
}

# start VERSION: $pid, $port
start() {
	port=$(free_port)
	rm -rf "$cache/run"
	mkdir -p "$cache/run"
	say "starting $artifact $1 on port $port"
	(cd "$cache/run" && exec nice java -Xmx1g -jar "$jar" \
		--server.address=127.0.0.1 "--server.port=$port" \
		--org.eclipse.hawkbit.artifact.fs.path="$cache/run/files" \
		--org.eclipse.hawkbit.repository.file.path="$cache/run/files" \
		--hawkbit.dmf.rabbitmq.enabled=false \
		--hawkbit.server.security.dos.filter.enabled=false \
		--hawkbit.server.ddi.security.authentication.anonymous.enabled=true \
		--hawkbit.artifact.url.protocols.download-http.port="$port" \
		>"$cache/server-$1.log" 2>&1) &
	pid=$!
	tries=150
	until is_up "$port"; do
		tries=$((tries - 1))
		kill -0 "$pid" 2>/dev/null || tries=0
		[ "$tries" -gt 0 ] || {
			tail -n 5 "$cache/server-$1.log" >&2
			echo "tests/hawkbit/run.sh: hawkBit $1 does not start" >&2
			return 1
		}
		sleep 2
	done
}

command -v java >/dev/null || skip "no java"
command -v mvn >/dev/null || skip "no mvn"
command -v curl >/dev/null || skip "no curl"
PKG_BIN=${PKG_BIN:-$PWD/build/plain/tools}
[ -d "$PKG_BIN" ] || PKG_BIN=$PWD/build/tools
[ -x "$PKG_BIN/pkg-import" ] || skip "no pkg-import in $PKG_BIN"
export PKG_BIN

trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
status=0
for version in $versions; do
	fetch "$version"
	start "$version" || { status=1; stop; continue; }
	say "tests on hawkBit $version"
	HAWKBIT_URL=http://127.0.0.1:$port HAWKBIT_VERSION=$version \
		/usr/bin/python3 -m pytest -q -c tests/pytest.ini tests/hawkbit ||
		status=1
	stop
done
exit "$status"

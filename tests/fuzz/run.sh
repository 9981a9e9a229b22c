#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run fuzzers one after the other, each for so much processor time, and tell
# how far they came.  What they find stays in the work folder.
#
#   tests/fuzz/run.sh [--minutes N] [--work DIR] [NAME...]
#
# --minutes  processor minutes for each (default 30)
# --work     folder of the build, the corpora and the logs (default
#            build/fuzz-work): a later run goes on where the last one ended
# NAME       json, yaml, ...; default all.  Needs clang and llvm, 14 or later.
set -eu
cd "$(dirname "$0")"
here=$PWD
minutes=30
work=
while [ $# -gt 0 ]; do
	case $1 in
	--minutes) minutes=$2 && shift 2 ;;
	--work) work=$2 && shift 2 ;;
	-*) minutes= && break ;;
	*) break ;;
	esac
done
case $minutes in
'' | 0* | *[!0-9]*)
	sed -n '3,/^set/s/^# \{0,1\}//p' run.sh >&2
	exit 2
	;;
esac
work=${work:-$here/../../build/fuzz-work}
mkdir -p "$work"
work=$(cd "$work" && pwd)

for version in '' -14 -15 -16 -17 -18 -19; do
	command -v "clang$version" >/dev/null &&
		command -v "llvm-cov$version" >/dev/null && break
done
command -v "clang$version" >/dev/null || {
	echo "run.sh: install clang: apt-get install clang llvm" >&2
	exit 2
}

# build FOLDER OPTION...: the fuzzers, with these options for CMake
build() {
	folder=$work/$1
	shift
	cmake -G Ninja -S "$here/../.." -B "$folder" -DPKG_FUZZ=ON \
		-DCMAKE_C_COMPILER="clang$version" -DBUILD_DOCS=OFF \
		-DCMAKE_BUILD_TYPE=RelWithDebInfo "$@" >"$folder.log"
	ninja -C "$folder" fuzzers >>"$folder.log"
}
build sanitized -DPKG_SANITIZE=address,undefined
build counted -DCMAKE_C_FLAGS='-fprofile-instr-generate -fcoverage-mapping'

# Processor seconds of a running process; nothing if it has ended.
seconds() {
	awk -v tick="$(getconf CLK_TCK)" \
		'{ sub(/.*\) /, ""); print int(($12 + $13) / tick) }' \
		"/proc/$1/stat" 2>/dev/null
}

# What libFuzzer is to know of a fuzzer's inputs.
options() {
	case $1 in
	stream) echo -max_len=64 ;;
	names) echo -max_len=600 ;;
	exchange) echo -max_len=16384 ;;
	*) echo -max_len=4096 ;;
	esac
	[ ! -f "dict/$1.dict" ] || echo "-dict=dict/$1.dict"
}

# fuzz NAME: until the time is spent; false if something was found
fuzz() {
	log=$work/$1.log
	mkdir -p "$work/corpus/$1" "$work/found/$1"
	# shellcheck disable=SC2046
	"$work/sanitized/tests/fuzz/fuzz_$1" $(options "$1") \
		-print_final_stats=1 -timeout=60 -rss_limit_mb=2048 \
		-artifact_prefix="$work/found/$1/" \
		"$work/corpus/$1" "corpus/$1" 2>"$log" &
	pid=$!
	trap 'kill -USR1 $pid 2>/dev/null; exit 130' INT TERM
	while spent=$(seconds "$pid") && [ "${spent:-0}" -lt $((minutes * 60)) ]
	do
		sleep 1
	done
	kill -USR1 "$pid" 2>/dev/null || true
	status=0
	wait "$pid" || status=$?
	trap - INT TERM
	executed=$(sed -n 's/.*executed_units: *//p' "$log")
	reached=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -1)
	printf '%-10s %11s executed  %s\n' "$1" "${executed:-?}" "$reached"
	cover "$1"
	# 72: told to end, that is, the time was spent
	[ "$status" -eq 72 ] || [ "$status" -eq 0 ]
}

# cover NAME: lines of the library that its inputs reach, by file
cover() {
	binary=$work/counted/tests/fuzz/fuzz_$1
	LLVM_PROFILE_FILE="$work/$1.profraw" "$binary" -runs=0 \
		"$work/corpus/$1" "corpus/$1" 2>/dev/null
	"llvm-profdata$version" merge -o "$work/$1.profdata" \
		"$work/$1.profraw"
	"llvm-cov$version" report "$binary" \
		-instr-profile="$work/$1.profdata" "$here/../../lib" |
		awk 'NF > 9 && $1 ~ /\.c$/ && $8 - $9 > 0.4 * $8 {
			printf "           %-36s %5s of %4s lines  %s\n",
				$1, $8 - $9, $8, $10 }' |
		tee "$work/$1.lines"
}

if [ $# -eq 0 ]; then
	# shellcheck disable=SC2046
	set -- $(for file in fuzz_*.c; do
		file=${file#fuzz_}
		echo "${file%.c}"
	done)
fi
bad=0
for name; do
	fuzz "$name" || {
		echo "$name: found something: $work/found/$name, $work/$name.log"
		bad=1
	}
done
exit $bad

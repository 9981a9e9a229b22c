#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everything that has to be right, in one command: sh tests/run.sh [--fast]
#
# Installs the Debian packages that are missing, builds twice (as users get it,
# and with ASan and UBSan), runs all tests on both, and the linters. The last
# line is "N passed, N failed". --fast leaves out the sanitized build and
# clang-tidy. Everything it makes is below build/.
set -eu
cd "$(dirname "$0")/.."
umask 022
unset CDPATH MAKEFLAGS
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1

fast=no
case $*:$# in
:0) ;;
--fast:1) fast=yes ;;
*)
	echo "usage: sh tests/run.sh [--fast]" >&2
	exit 2
	;;
esac

out=$PWD/build
results=$out/results
jobs=$(nproc)
python=/usr/bin/python3

build_packages="build-essential cmake libcurl4-openssl-dev libdeflate-dev
	libjansson-dev libpcre2-dev libqrencode-dev libssl-dev libyaml-dev mandoc
	ninja-build pkg-config scdoc zlib1g-dev"
# tools that the tests ask for a second opinion, and what the tests are in
test_packages="busybox-static ca-certificates cpio curl device-tree-compiler fish
	git graphviz jq libarchive-tools libcmocka-dev libengine-pkcs11-openssl mount
	opensc openssl p7zip-full procps python3
	python3-hypothesis python3-jsonschema python3-pytest python3-pytest-xdist
	python3-yaml rhash softhsm2 squashfs-tools strace u-boot-qemu unzip
	util-linux xz-utils zbar-tools zip zsh"
lint_packages="clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev"

say() {
	printf '\n== %s\n' "$*"
}

die() {
	echo "tests/run.sh: $*" >&2
	exit 1
}

is_installed() {
	dpkg-query -W -f '${Status}' "$1" 2>/dev/null |
		grep -q '^install ok installed$'
}

install_packages() {
	missing=
	for package in $build_packages $test_packages $lint_packages; do
		is_installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "installing:$missing"
	sudo=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			die "as root: apt-get install$missing"
		sudo=sudo
	fi
	$sudo apt-get update -q ||
		die "apt-get update failed: no network, or no Debian mirror?"
	# shellcheck disable=SC2086 # a list of words
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
		--no-install-recommends $missing ||
		die "apt-get could not install:$missing"
}

# build NAME [cmake options]: build/NAME
build() {
	name=$1
	shift
	say "building build/$name"
	cmake -G Ninja -S . -B "$out/$name" "$@" >"$out/$name.log" ||
		{ cat "$out/$name.log"; die "cmake failed for build/$name"; }
	cmake --build "$out/$name" --parallel "$jobs" >"$out/$name.log" 2>&1 ||
		{ grep -v '^\[' "$out/$name.log"; die "build/$name does not build"; }
}

# unit_tests NAME; ctest --verbose shows what each function did
unit_tests() {
	say "unit tests, build/$1"
	ctest --test-dir "$out/$1" --verbose --parallel "$jobs" \
		>"$results/unit-$1.ctest" 2>&1 ||
		grep -E '\[  FAILED|error|Failed|ERROR|Sanitizer' \
			"$results/unit-$1.ctest" || :
}

# python_tests NAME FOLDER...: FOLDERs of tests/ on build/NAME; pytest says
# itself what failed, and the tally counts it
python_tests() {
	name=$1
	shift
	folders=
	for folder; do
		[ ! -d "tests/$folder" ] || folders="$folders tests/$folder"
	done
	say "tests of the tools, build/$name:$folders"
	# shellcheck disable=SC2086 # a list of words
	PKG_BIN=$out/$name/tools "$python" -m pytest -q -n "$jobs" \
		--dist loadfile -c tests/pytest.ini --junit-xml "$results/pytest-$name.xml" \
		-o junit_family=xunit1 $folders || :
}

c_sources() {
	find lib tools tests examples -name '*.[ch]' | sort
}

# One line of results a file: PASSED FAILED NAME
format_lint() {
	say "clang-format"
	for file in $(c_sources); do
		if clang-format-14 --dry-run -Werror "$file" 2>"$results/err"; then
			echo "1 0 $file"
		else
			head -n 3 "$results/err" >&2
			echo "0 1 $file"
		fi
	done >"$results/format.count"
}

# A process a file: clang-tidy 14's va_list checker remembers the last file.
tidy_one='
if said=$(clang-tidy-14 -quiet -p "$0" "$1" 2>/dev/null); then
	echo "1 0 $1"
else
	printf "%s\n" "$said" >&2
	echo "0 1 $1"
fi'

tidy_lint() {
	say "clang-tidy"
	CC=clang-14 cmake -G Ninja -S . -B "$out/tidy" -DBUILD_TESTING=OFF \
		-DBUILD_DOCS=OFF >"$out/tidy.log" ||
		{ cat "$out/tidy.log"; die "cmake failed for build/tidy"; }
	find lib tools -name '*.c' | sort |
		xargs -P "$jobs" -n 1 sh -c "$tidy_one" "$out/tidy" \
			>"$results/tidy.count"
}

install_packages
mkdir -p "$out"
rm -rf "$results"
mkdir "$results"

build plain -DCMAKE_BUILD_TYPE=RelWithDebInfo -DPKG_WERROR=ON
unit_tests plain
python_tests plain arch cli hawkbit interop fault
format_lint
if [ $fast = no ]; then
	# no PKG_WERROR: instrumented code makes gcc warn of what cannot happen
	build asan -DCMAKE_BUILD_TYPE=Debug -DPKG_WERROR=OFF \
		-DPKG_SANITIZE=address,undefined
	unit_tests asan
	python_tests asan cli hawkbit interop
	tidy_lint
fi

say "all results"
"$python" tests/tally.py "$results"

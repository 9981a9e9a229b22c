#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# quickstart.sh [OUTDIR]: take a real product through all of Packline.
#
# On a fresh Debian 12 this installs what is missing, builds the tools, builds
# the files of a small gateway, and makes a signed import bundle of them. It
# says each step and each command, and stops at the first one that fails.
#
# It writes into build/quickstart (the tools) and OUTDIR, by default
# build/quickstart-out. Both can be deleted at any time. With PKG_BIN=DIR in
# the environment it takes the tools from there and builds nothing.
set -eu
unset CDPATH
top=$(cd -- "$(dirname -- "$0")/.." && pwd)

build_packages="gcc libc6-dev cmake ninja-build pkg-config libssl-dev
	libyaml-dev libpcre2-dev libdeflate-dev zlib1g-dev
	libcurl4-openssl-dev libqrencode-dev"
product_packages="squashfs-tools busybox-static u-boot-qemu
	device-tree-compiler openssl unzip jq"

version=1.4.0
steps=13

### How it speaks ############################################################

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
else
	bold='' dim='' plain=''
fi
number=0
title=start
last=
started=$(date +%s)

# step TITLE LINE...: what comes now, and why.
step() {
	number=$((number + 1))
	title=$1
	last=
	printf '\n%s[%d/%d] %s%s\n' "$bold" "$number" "$steps" "$title" "$plain"
	shift
	for line in "$@"; do
		printf '  %s\n' "$line"
	done
}

# The words of a command, quoted as one would type them.
quoted() {
	words=
	for word in "$@"; do
		case $word in
		'' | *[!A-Za-z0-9_./=:,@%+-]*)
			word=\'$(printf '%s' "$word" | sed "s/'/'\\\\''/g")\'
			;;
		esac
		words="$words${words:+ }$word"
	done
	printf '%s' "$words"
}

show() {
	last=$1
	printf '  %s$ %s%s\n' "$dim" "$1" "$plain"
}

# run COMMAND...: show it, then do it.
run() {
	show "$(quoted "$@")"
	"$@"
}

# run_to FILE COMMAND...: the same, its results go to FILE.
run_to() {
	file=$1
	shift
	show "$(quoted "$@") > $file"
	"$@" >"$file"
}

# run_quietly COMMAND...: the same, but what it says goes to a log that is
# shown if it fails.
run_quietly() {
	show "$(quoted "$@")"
	"$@" >"$log" 2>&1 </dev/null || {
		status=$?
		tail -n 40 "$log" >&2
		return "$status"
	}
}

finish() {
	status=$?
	rm -f "$log"
	[ "$status" -ne 0 ] && [ "$number" -gt 0 ] || return 0
	{
		printf '\nquickstart: step %d (%s) failed with exit status %d.\n' \
			"$number" "$title" "$status"
		[ -z "$last" ] || printf 'The last command was:\n  %s\n' "$last"
	} >&2
}
log=$(mktemp)
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

die() {
	printf 'quickstart: %s\n' "$@" >&2
	exit 1
}

### The steps before the tools ###############################################

missing_packages() {
	for package in "$@"; do
		status=$(dpkg-query -W -f='${db:Status-Status}' "$package" \
			2>/dev/null) || status=none
		[ "$status" = installed ] || printf '%s ' "$package"
	done
}

install_packages() {
	# shellcheck disable=SC2086 # lists of words
	if [ -n "${PKG_BIN:-}" ]; then
		set -- $product_packages
	else
		set -- $build_packages $product_packages
	fi
	command -v apt-get >/dev/null ||
		die "this is not Debian or a relative of it; install yourself what" \
			"these packages have, then run the steps below by hand:" "$*"
	missing=$(missing_packages "$@")
	if [ -z "$missing" ]; then
		echo "  All are there already."
		return
	fi
	# shellcheck disable=SC2086
	set -- apt-get install -y --no-install-recommends $missing
	as_root=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			die "these packages are missing: $missing" \
				"Installing needs root, and there is no sudo here. As root:" \
				"  $*"
		as_root=sudo
		# Ask for the password now, not into a log.
		sudo -v || die "sudo says no. As root: $*"
	fi
	run_quietly $as_root env DEBIAN_FRONTEND=noninteractive apt-get update
	run_quietly $as_root env DEBIAN_FRONTEND=noninteractive "$@"
}

build_tools() {
	run_quietly cmake -G Ninja -S "$top" -B "$top/build/quickstart" \
		-DCMAKE_BUILD_TYPE=RelWithDebInfo -DBUILD_TESTING=OFF \
		-DBUILD_DOCS=OFF
	run_quietly ninja -C "$top/build/quickstart"
	PKG_BIN=$top/build/quickstart/tools
}

# Take OUTDIR from an earlier run of this script, or make it; anything else
# that is in the way stays untouched.
prepare_out() {
	mkdir -p -- "$1"
	out=$(cd -- "$1" && pwd)
	if [ -f "$out/.packline-quickstart" ]; then
		(cd "$out" && rm -rf product drafts sealed extracted opened \
			by-hand ./*.txt ./*.list ./*.jsonl ./*.bundle ./*.draft)
	elif [ -n "$(ls -A "$out")" ]; then
		die "$1 has files of yours in it; name an empty or a new folder"
	fi
	echo "made by examples/quickstart.sh" >"$out/.packline-quickstart"
	mkdir "$out/product"
}

### The pipeline #############################################################

# sign DRAFT OUTPUT OPTION...: look at it, then sign just that.
sign() {
	draft=$1
	shift
	run_to show.txt pkg-seal show "$draft"
	sed 's/^/  | /; 14q' show.txt
	digest=$(sed -n 's/^manifest  *//p' show.txt)
	output=$1
	shift
	run_to "${output%.*}.jsonl" pkg-seal sign --key keys/private/release.key \
		--cert keys/certs/release.pem --yes --expect-digest "$digest" \
		"$@" -o "$output" "$draft"
}

# compare WHAT-CAME-OUT WHAT-WENT-IN
compare() {
	run cmp "$1" "$2" || die "$1 is not what went in"
	same=$((same + 1))
}

blob() {
	echo "extracted/$(sha256sum <"$1" | cut -d ' ' -f 1)"
}

compare_all() {
	same=0
	for file in product/dtb/*.dtb product/u-boot.bin \
		product/gateway-app.tar.gz product/*.cdx.json \
		sealed/rootfs.seal; do
		compare "$(blob "$file")" "$file"
	done
	run_to opened.jsonl pkg-seal open --trust keys/trust.yaml --device-config \
		product/ecu-a.yaml --recipient keys/private/ecu-a.key \
		--cert keys/certs/ecu-a.pem -o opened "$(blob sealed/rootfs.seal)"
	compare opened/rootfs.squashfs product/rootfs.squashfs
	echo "  $same of $same files are the same, byte for byte."
}

[ $# -le 1 ] || {
	echo "usage: quickstart.sh [OUTDIR]" >&2
	exit 2
}

prepare_out "${1:-$top/build/quickstart-out}"

step "Install what is missing" \
	"A compiler, four libraries, and the packages that the gateway is made of."
install_packages

step "Build the tools" "From source, with cmake and ninja, into build/quickstart."
if [ -n "${PKG_BIN:-}" ]; then
	echo "  PKG_BIN says that they are in $PKG_BIN."
else
	build_tools
fi
PKG_BIN=$(cd -- "$PKG_BIN" && pwd)
PATH=$PKG_BIN:$PATH
gateway=$top/examples/gateway
cd "$out"
echo "  From here on, commands run in $out"

step "Build the product's files" \
	"What your own build does. Here it is a small Linux gateway: a root file" \
	"system, device trees, a boot loader, an application, and lists of their parts."
run sh "$gateway/make-artifacts.sh" product
run cp "$gateway/gateway.yaml" "$gateway/ecu-a.yaml" product
defines="-D VERSION=$version -D BUILD_ID=$version-quickstart
	-D UBOOT_VERSION=$(dpkg-query -W -f='${source:Upstream-Version}' u-boot-qemu)"

step "Make keys to try it with" \
	"An authority, a key that signs releases, and two keys that open sealed files." \
	"In real life the release key never leaves its token or its offline machine."
run sh "$gateway/make-test-keys.sh" keys
run cp -R keys/certs product

step "Hash the files" \
	"The manifest, gateway.yaml, says which files; each one is read once."
# shellcheck disable=SC2086 # a list of words
run_to files.list pkg-manifest files -0 $defines product/gateway.yaml
run_to artifacts.jsonl pkg-hash -C product -0 --files0-from ../files.list

step "Check the manifest" \
	"Finds what the update server would refuse or do wrong, before it does."
# shellcheck disable=SC2086
run pkg-manifest check $defines product/gateway.yaml

step "Pin everything: the lock" \
	"Variables and patterns become values, every file gets its digests." \
	"The same files give the same lock on any machine."
# shellcheck disable=SC2086
run pkg-manifest resolve $defines --hashes artifacts.jsonl \
	-o product/gateway.lock product/gateway.yaml

step "Encrypt the root file system" \
	"The manifest asks for it: only the device and the workshop can open it." \
	"The result is a draft: nobody has signed it."
run_to drafts.jsonl pkg-seal create --from-lock product/gateway.lock -o drafts

step "Sign it" \
	"Who signs looks at it first, and then names the digest of what was shown," \
	"so that nothing else can be signed by mistake."
mkdir sealed
sign "$(jq -r .path drafts.jsonl)" sealed/rootfs.seal --records drafts.jsonl

step "Make the import bundle" \
	"One file with the plan for the update server and everything it needs." \
	"It is a draft, too."
run pkg-manifest bundle --containers sealed/rootfs.jsonl \
	-o "gateway-$version.draft" product/gateway.lock

step "Sign the bundle" "This signature covers every byte of it."
sign "gateway-$version.draft" "gateway-$version.bundle"

step "Verify the bundle, and take it apart" \
	"trust.yaml says who is believed. Everything is checked: signature, digests," \
	"and that the file has the only legal form. Nothing appears before that."
run pkg-verify --format text --trust keys/trust.yaml --extract extracted \
	"gateway-$version.bundle"

step "Compare what came out with what went in" \
	"Blobs are named by their SHA-256. The sealed one is opened with the" \
	"device's key."
compare_all

cat <<EOF

${bold}Done in $(($(date +%s) - started)) seconds.${plain}

The bundle is   $out/gateway-$version.bundle
To look inside:

  cd $(quoted "$out")
  export PATH=$(quoted "$PKG_BIN"):\$PATH
  unzip -l gateway-$version.bundle          # it is a ZIP file
  pkg-seal show gateway-$version.bundle     # what it says of itself
  pkg-seal show sealed/rootfs.seal

To check it without Packline:

  mkdir by-hand && cd by-hand && unzip -q ../gateway-$version.bundle
  openssl cms -verify -inform DER -in META-INF/sig-00.p7s -binary \\
      -content META-INF/manifest.json -purpose any -cades -nointern \\
      -certfile ../keys/certs/release.pem -CAfile ../keys/certs/ca.pem -out /dev/null
  jq -r '.members[] | "\(.sha256)  \(.name)"' META-INF/manifest.json | sha256sum -c
EOF

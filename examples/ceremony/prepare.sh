#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# prepare.sh DIR: the rooms of a signing ceremony, with keys to rehearse it.
#
#   DIR/build             the build host: two releases, the stick
#   DIR/product-owner     the first officer: her key
#   DIR/security-officer  the second officer: his key
#   DIR/signer            the machine with the token: the release key is in it
#   DIR/device            who gets the release in the end: its key
#   DIR/*/rules           what everybody has: policies and certificates
#
# For rehearsals only: the keys have no passphrase, the token is software
# (SoftHSM) and its PIN is 271828.
set -eu
umask 077
unset CDPATH OPENSSL_CONF
export LC_ALL=C

die() {
	printf 'prepare.sh: %s\n' "$@" >&2
	exit 1
}

[ $# -eq 1 ] || {
	echo "usage: prepare.sh DIR" >&2
	exit 2
}
[ ! -e "$1" ] || die "$1 exists; name a folder that is to be made"
missing=
for need in openssl:openssl softhsm2-util:softhsm2 pkcs11-tool:opensc \
	unzip:unzip; do
	command -v "${need%:*}" >/dev/null || missing="$missing ${need#*:}"
done
[ -z "$missing" ] || die "missing:$missing" \
	"The release key lives in a token, and SoftHSM plays it:" \
	"  apt-get install softhsm2 opensc libengine-pkcs11-openssl openssl unzip"
module=
for folder in /usr/lib/softhsm /usr/lib/*/softhsm /usr/local/lib/softhsm; do
	[ ! -f "$folder/libsofthsm2.so" ] || module=$folder/libsofthsm2.so
done
[ -n "$module" ] || die "softhsm2 is there, but not its libsofthsm2.so"

here=$(cd -- "$(dirname -- "$0")" && pwd)
gateway=$here/../gateway
mkdir -p -- "$1"
dir=$(cd -- "$1" && pwd)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

# quietly COMMAND...: what it says is shown if it fails.
quietly() {
	"$@" >"$dir/log" 2>&1 </dev/null || {
		cat "$dir/log" >&2
		die "failed: $*"
	}
}

### The release key, in a token ##############################################

mkdir -p "$dir/signer/token"
ln -s "$module" "$dir/signer/module.so"
printf '%s\n' "directories.tokendir = $dir/signer/token" \
	"objectstore.backend = file" "log.level = ERROR" \
	>"$dir/signer/softhsm2.conf"
SOFTHSM2_CONF=$dir/signer/softhsm2.conf
export SOFTHSM2_CONF
token() {
	quietly pkcs11-tool --module "$module" --token-label release \
		--login --pin 271828 "$@"
}
quietly softhsm2-util --init-token --free --label release --so-pin 31415926 \
	--pin 271828
token --keypairgen --key-type rsa:3072 --label release --id 01 --usage-sign
token --read-object --type pubkey --label release -o "$dir/release.der"

### Certificates and policies ################################################

keys=$dir/keys
quietly sh "$gateway/make-test-keys.sh" "$keys"
# That made a release key in a file; the one in the token takes its place.
rm "$keys/private/release.key"
printf '%s\n' "basicConstraints = critical, CA:FALSE" \
	"keyUsage = critical, digitalSignature" \
	"extendedKeyUsage = codeSigning" "subjectKeyIdentifier = hash" \
	"authorityKeyIdentifier = keyid" >"$dir/signer.ext"
quietly openssl pkey -pubin -inform DER -in "$dir/release.der" \
	-out "$dir/release.pub"
quietly openssl x509 -new -force_pubkey "$dir/release.pub" -sha256 -days 30 \
	-subj "/O=Packline example/CN=Example release signing" \
	-CA "$keys/certs/ca.pem" -CAkey "$keys/private/ca.key" \
	-extfile "$dir/signer.ext" -out "$keys/certs/release.pem"
spki=$(openssl pkey -pubin -inform DER -in "$dir/release.der" -outform DER |
	sha256sum | cut -d ' ' -f 1)

mkdir "$dir/rules"
cp -R "$keys/certs" "$gateway/field.yaml" "$gateway/release.yaml" \
	"$here/loaders.yaml" "$dir/rules"
sed "s/@RELEASE_SPKI@/$spki/" "$gateway/trust-field.yaml.in" \
	>"$dir/rules/trust-field.yaml"

### The rooms ################################################################

for room in build product-owner security-officer signer device; do
	mkdir -p "$dir/$room"
	cp -R "$dir/rules" "$dir/$room"
	key=$keys/private/$room.key
	[ ! -f "$key" ] || cp "$key" "$dir/$room"
done
cp "$keys/private/ecu-a.key" "$dir/device"
mkdir "$dir/build/stick"

# What is released: 1.4.0 has been built with a door open, 1.4.1 has not.
mkdir "$dir/rootfs" "$dir/build/1.4.0" "$dir/build/1.4.1"
cp -R "$gateway/rootfs/." "$dir/rootfs"
tar -cf "$dir/build/1.4.1/gateway.tar" -C "$dir/rootfs" .
printf '%s\n' "telnetd -l /bin/sh" >>"$dir/rootfs/etc/init.d/rcS"
tar -cf "$dir/build/1.4.0/gateway.tar" -C "$dir/rootfs" .

# And documents of others, to be signed in one batch.
mkdir "$dir/build/loaders"
for board in a b c; do
	printf 'loader of board %s\n' "$board" \
		>"$dir/build/loaders/board-$board.bin"
done

rm -rf "$keys" "$dir/rules" "$dir/rootfs" "$dir/release.der" \
	"$dir/release.pub" "$dir/signer.ext" "$dir/log"
trap - EXIT
echo "prepare.sh: made the rooms in $1"

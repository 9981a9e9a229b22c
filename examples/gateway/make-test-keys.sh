#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make-test-keys.sh DIR: keys and certificates to try Packline with.
#
#   DIR/certs/ca.pem        the test authority                (may be shared)
#   DIR/certs/release.pem   may sign releases, RSA-3072       (may be shared)
#   DIR/certs/ecu-a.pem     a device that may open, RSA-3072  (may be shared)
#   DIR/certs/service.pem   a workshop that may open, P-256   (may be shared)
#   DIR/certs/product-owner.pem, security-officer.pem
#                           may approve releases, P-256       (may be shared)
#   DIR/private/*.key       the private keys, mode 0600, without a passphrase
#   DIR/trust.yaml          the trust policy: who is believed, and for what
#   DIR/trust-field.yaml    the same, and it must have been approved
#
# For tests only: a real release key lives in an HSM or on a machine without
# a network, and has a passphrase. Keys that are still good for a day are kept.
set -eu
umask 077
unset CDPATH OPENSSL_CONF
export LC_ALL=C

[ $# -eq 1 ] || {
	echo "usage: make-test-keys.sh DIR" >&2
	exit 2
}
command -v openssl >/dev/null || {
	echo "make-test-keys.sh: openssl is missing; apt-get install openssl" >&2
	exit 1
}
here=$(cd -- "$(dirname -- "$0")" && pwd)
mkdir -p -- "$1"
dir=$(cd -- "$1" && pwd)
names="ca release ecu-a service product-owner security-officer"

still_good() {
	[ -f "$dir/trust.yaml" ] && [ -f "$dir/trust-field.yaml" ] || return 1
	for name in $names; do
		[ -f "$dir/private/$name.key" ] || return 1
		openssl x509 -in "$dir/certs/$name.pem" -noout -checkend 86400 \
			>/dev/null 2>&1 || return 1
	done
}
if still_good; then
	echo "make-test-keys.sh: keeping the keys in $1"
	exit 0
fi

# Build in a folder beside the real ones, so that a half-made set is never
# taken for a whole one.
work=$(mktemp -d "$dir/.new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/private"
mkdir -m 0755 "$work/certs"

cat >"$work/openssl.cnf" <<'EOF'
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ecu-a]
basicConstraints = critical, CA:FALSE
keyUsage = critical, keyEncipherment
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[service]
basicConstraints = critical, CA:FALSE
keyUsage = critical, keyAgreement
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
EOF

# certificate NAME SUBJECT GENPKEY-OPTION...
certificate() {
	name=$1
	kind=$2
	subject=$3
	shift 3
	# genpkey draws its progress on standard error.
	openssl genpkey "$@" -out "$work/private/$name.key" \
		2>"$work/log" || {
		cat "$work/log" >&2
		return 1
	}
	set --
	[ "$name" = ca ] || set -- -CA "$work/certs/ca.pem" \
		-CAkey "$work/private/ca.key"
	openssl req -x509 -new -sha256 -days 30 -config "$work/openssl.cnf" \
		-extensions "$kind" -subj "/O=Packline example/CN=$subject" \
		-key "$work/private/$name.key" "$@" -out "$work/certs/$name.pem"
	chmod 0644 "$work/certs/$name.pem"
}
certificate ca ca "Example test CA" -algorithm EC -pkeyopt ec_paramgen_curve:P-384
certificate release signer "Example release signing" \
	-algorithm RSA -pkeyopt rsa_keygen_bits:3072
certificate ecu-a ecu-a "Example ECU A" \
	-algorithm RSA -pkeyopt rsa_keygen_bits:3072
certificate service service "Example workshop" \
	-algorithm EC -pkeyopt ec_paramgen_curve:P-256
certificate product-owner signer "Example product owner" \
	-algorithm EC -pkeyopt ec_paramgen_curve:P-256
certificate security-officer signer "Example security officer" \
	-algorithm EC -pkeyopt ec_paramgen_curve:P-256

# The policies name the release key by the digest of its public half.
spki=$(openssl x509 -in "$work/certs/release.pem" -noout -pubkey |
	openssl pkey -pubin -outform DER | sha256sum | cut -d ' ' -f 1)
for policy in trust trust-field; do
	sed "s/@RELEASE_SPKI@/$spki/" "$here/$policy.yaml.in" \
		>"$work/$policy.yaml"
	chmod 0644 "$work/$policy.yaml"
done

rm -rf "$dir/certs" "$dir/private" "$dir/trust.yaml" "$dir/trust-field.yaml"
mv "$work/certs" "$work/private" "$work/trust.yaml" "$work/trust-field.yaml" \
	"$dir"
echo "make-test-keys.sh: wrote $1/certs, $1/private and $1/trust.yaml"

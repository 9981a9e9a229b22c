#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make-artifacts.sh OUTDIR: build the gateway's files into OUTDIR.
#
#   rootfs.squashfs      busybox-static with an /init and an /etc
#   dtb/*.dtb            one device tree for each board revision
#   u-boot.bin           the boot loader, from Debian's u-boot-qemu
#   gateway-app.tar.gz   the application
#   *.cdx.json           a CycloneDX 1.5 SBOM for each of the three
#
# The same packages give the same bytes, in any folder, under any umask, time
# zone and locale. VERSION (default 1.4.0) is written into the files;
# SOURCE_DATE_EPOCH (default 2026-08-01) is the only time they know.
set -eu
umask 022
export LC_ALL=C TZ=UTC0

die() {
	echo "make-artifacts.sh: $*" >&2
	exit 1
}

[ $# -eq 1 ] || {
	echo "usage: make-artifacts.sh OUTDIR" >&2
	exit 2
}
version=${VERSION:-1.4.0}
epoch=${SOURCE_DATE_EPOCH:-1785542400}
# mksquashfs refuses to be told the time twice.
unset SOURCE_DATE_EPOCH
unset GZIP TAR_OPTIONS CDPATH
here=$(cd -- "$(dirname -- "$0")" && pwd)
mkdir -p -- "$1/dtb"
out=$(cd -- "$1" && pwd)

expr "$version" : '[0-9A-Za-z._+-]\{1,64\}$' >/dev/null ||
	die "VERSION '$version': only letters, digits, '.', '_', '+' and '-'"
expr "$epoch" : '[0-9]\{1,10\}$' >/dev/null ||
	die "SOURCE_DATE_EPOCH '$epoch' is not a number of seconds"
for tool in mksquashfs dtc tar gzip sha256sum dpkg-query; do
	command -v "$tool" >/dev/null ||
		die "$tool is missing; see the package list in quickstart.sh"
done

# The file FILE-PATTERN of PACKAGE, as dpkg knows it.
package_file() {
	found=$(dpkg-query -L "$1" 2>/dev/null | grep -x "$2" | head -n 1)
	[ -f "$found" ] || die "no $2 here; apt-get install $1"
	echo "$found"
}

case $(dpkg --print-architecture) in
arm64) u_boot=qemu_arm64/u-boot.bin ;;
armhf) u_boot=qemu_arm/u-boot.bin ;;
riscv64) u_boot=qemu-riscv64/u-boot.bin ;;
amd64) u_boot=qemu-x86_64/u-boot.rom ;;
*) die "no U-Boot of u-boot-qemu is known for this machine" ;;
esac
busybox=$(package_file busybox-static '.*/bin/busybox')
u_boot=$(package_file u-boot-qemu "/usr/lib/u-boot/$u_boot")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

### Root file system #########################################################

# Give a tree the modes that git and the umask cannot be trusted with.
set_modes() {
	find "$1" -type d -exec chmod 0755 {} +
	find "$1" -type f -exec chmod 0644 {} +
}

make_rootfs() {
	root=$work/rootfs
	mkdir "$root"
	cp -R "$here/rootfs/." "$root"
	for dir in bin sbin dev proc sys run tmp opt usr/bin usr/sbin; do
		mkdir -p "$root/$dir"
	done
	cp "$busybox" "$root/bin/busybox"
	printf 'NAME=Gateway\nID=gateway\nVERSION_ID="%s"\nBUSYBOX="%s"\n' \
		"$version" "$(package_version busybox-static)" \
		>"$root/etc/os-release"
	ln -s /run/resolv.conf "$root/etc/resolv.conf"
	"$busybox" --list-full | sort | while read -r applet; do
		[ -e "$root/$applet" ] || [ -L "$root/$applet" ] ||
			[ ! -d "$root/${applet%/*}" ] ||
			ln -s /bin/busybox "$root/$applet"
	done
	set_modes "$root"
	chmod 0755 "$root/init" "$root/etc/init.d/rcS" "$root/bin/busybox" \
		"$root/usr/share/udhcpc/default.script"
	chmod 1777 "$root/tmp"

	rm -f "$out/rootfs.squashfs"
	mksquashfs "$root" "$out/rootfs.squashfs" -noappend -no-progress -quiet \
		-all-root -no-xattrs -no-exports -processors 1 \
		-mkfs-time "$epoch" -all-time "$epoch" \
		-p "dev/console C $epoch 0600 0 0 5 1" >"$work/log" 2>&1 ||
		die "mksquashfs failed: $(cat "$work/log")"
}

make_dtbs() {
	for dts in "$here"/dts/*.dts; do
		dtb=$out/dtb/$(basename "$dts" .dts).dtb
		dtc -q -I dts -O dtb -o "$dtb" "$dts" || die "dtc failed on $dts"
	done
}

### Application ##############################################################

make_app() {
	app=$work/opt/gateway
	mkdir -p "$app"
	cp -R "$here/app/." "$app"
	echo "$version" >"$app/VERSION"
	set_modes "$work/opt"
	chmod 0755 "$app/bin/gatewayd"
	tar --create --directory "$work" --format=ustar --sort=name \
		--mtime="@$epoch" --owner=0 --group=0 --numeric-owner \
		--file "$work/app.tar" opt
	gzip -n -9 <"$work/app.tar" >"$out/gateway-app.tar.gz"
}

### SBOM #####################################################################

package_version() {
	dpkg-query -W -f='${Version}' "$1"
}

sha256() {
	sha256sum <"$1" | cut -d ' ' -f 1
}

# component TYPE NAME VERSION FILE LICENSE [PURL]: the inside of one component.
component() {
	printf '"type": "%s", "bom-ref": "%s", "name": "%s", "version": "%s",\n' \
		"$1" "$2" "$2" "$3"
	printf '"hashes": [{"alg": "SHA-256", "content": "%s"}],\n' \
		"$(sha256 "$4")"
	[ -z "${6:-}" ] || printf '"purl": "%s",\n' "$6"
	printf '"licenses": [{"expression": "%s"}]' "$5"
}

# A package URL wants ':', '~' and '+' of a Debian version escaped.
debian_purl() {
	printf 'pkg:deb/debian/%s@%s?arch=%s&distro=debian-%s' "$1" \
		"$(package_version "$1" |
			sed 's/:/%3A/g; s/+/%2B/g; s/~/%7E/g')" \
		"$(dpkg-query -W -f='${Architecture}' "$1")" \
		"$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9.]*\).*/\1/p' \
			/etc/os-release)"
}

# sbom PRODUCT PART...: a document for PRODUCT, which is made of the PARTs.
# Each argument is what component() printed.
sbom() {
	printf '{"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,\n'
	printf '"metadata": {"timestamp": "%s",\n"component": {%s}},\n' \
		"$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" "$1"
	shift
	printf '"components": ['
	comma=
	for part in "$@"; do
		printf '%s\n{%s}' "$comma" "$part"
		comma=,
	done
	printf ']}\n'
}

make_sboms() {
	sbom "$(component firmware gateway-os "$version" \
		"$out/rootfs.squashfs" "Apache-2.0 AND GPL-2.0-only")" \
		"$(component application busybox-static \
			"$(package_version busybox-static)" "$busybox" \
			GPL-2.0-only "$(debian_purl busybox-static)")" \
		"$(component file init "$version" "$here/rootfs/init" \
			Apache-2.0)" >"$out/rootfs.cdx.json"
	sbom "$(component firmware u-boot "$(package_version u-boot-qemu)" \
		"$out/u-boot.bin" GPL-2.0-or-later)" \
		"$(component firmware u-boot-qemu \
			"$(package_version u-boot-qemu)" "$u_boot" \
			GPL-2.0-or-later "$(debian_purl u-boot-qemu)")" \
		>"$out/u-boot.cdx.json"
	sbom "$(component application gateway-app "$version" \
		"$out/gateway-app.tar.gz" Apache-2.0)" \
		"$(component file opt/gateway/bin/gatewayd "$version" \
			"$app/bin/gatewayd" Apache-2.0)" \
		"$(component file opt/gateway/etc/gateway.conf "$version" \
			"$app/etc/gateway.conf" Apache-2.0)" \
		"$(component file opt/gateway/www/index.html "$version" \
			"$app/www/index.html" Apache-2.0)" \
		>"$out/gateway-app.cdx.json"
}

make_rootfs
make_dtbs
cp "$u_boot" "$out/u-boot.bin"
make_app
make_sboms
chmod 0644 "$out/u-boot.bin" "$out"/*.squashfs "$out"/*.gz "$out"/*.json \
	"$out"/dtb/*.dtb
(cd "$out" && wc -c rootfs.squashfs dtb/*.dtb u-boot.bin gateway-app.tar.gz \
	rootfs.cdx.json u-boot.cdx.json gateway-app.cdx.json)

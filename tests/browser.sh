#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The HTML page of pkg-manifest graph in headless Chromium. Not part of run.sh,
# for it installs a browser; run that first, it builds.
set -eu
cd "$(dirname "$0")"
command -v chromium >/dev/null || {
	sudo=
	[ "$(id -u)" -eq 0 ] || sudo=sudo
	$sudo apt-get update -q
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
		--no-install-recommends chromium
}
PKG_BIN=${PKG_BIN:-$PWD/../build/plain/tools} \
	exec /usr/bin/python3 -m pytest browser -q "$@"

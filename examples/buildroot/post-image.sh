#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A post-image script for Buildroot: pins what is in the images folder.
#
#   BR2_ROOTFS_POST_IMAGE_SCRIPT="path/to/post-image.sh"
#   BR2_ROOTFS_POST_SCRIPT_ARGS="path/to/product.yaml 1.4.0"
#
# Buildroot calls it with the images folder, then those arguments. It leaves
# the manifest and its lock beside the images; sealing and signing happen
# elsewhere.
set -eu
images=$1
manifest=$2
version=$3

cp "$manifest" "$images/product.yaml"
pkg-manifest check -D "VERSION=$version" "$images/product.yaml"
pkg-manifest resolve --force -D "VERSION=$version" \
	-o "$images/product.lock" "$images/product.yaml"

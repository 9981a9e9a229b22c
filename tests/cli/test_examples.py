# SPDX-License-Identifier: Apache-2.0
"""examples/: the tools and the library as build systems call them."""

import hashlib
import json
import os
import shutil
import subprocess

import pytest
from support import ROOT, bin_folder, clean_environment

EXAMPLES = ROOT / "examples"
SCRIPTS = sorted(str(path.relative_to(EXAMPLES))
                 for path in EXAMPLES.rglob("*.sh"))


def call(*argv, check=True, **options):
    env = clean_environment()
    env["PATH"] = f"{bin_folder()}:{env['PATH']}"
    return subprocess.run([str(arg) for arg in argv], check=check, env=env,
                          text=True, capture_output=True, **options)


@pytest.fixture
def examples(tmp_path):
    """A copy of examples/ that a test may change."""
    return shutil.copytree(EXAMPLES, tmp_path / "examples")


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("shell", ["sh", "bash --posix", "busybox sh"])
def test_scripts_parse_in_every_shell(script, shell):
    call(*shell.split(), "-n", EXAMPLES / script)


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_stop_at_the_first_failure(script):
    text = (EXAMPLES / script).read_text()
    assert text.startswith("#!/bin/sh\n") and "\nset -eu\n" in text
    assert os.access(EXAMPLES / script, os.X_OK)


# -- make ---------------------------------------------------------------------

def make(folder, *arguments):
    return call("make", "-C", folder / "make", *arguments).stdout


def test_make_does_nothing_twice(examples):
    first = make(examples)
    assert "pkg-manifest resolve" in first and "pkg-seal create" in first
    again = make(examples)
    assert "pkg-manifest" not in again and "pkg-seal" not in again


def test_make_keeps_the_drafts_if_the_lock_stays_the_same(examples):
    make(examples)
    os.utime(examples / "make/out/product/u-boot.bin")
    again = make(examples)
    assert "pkg-manifest resolve" in again and "pkg-seal" not in again
    assert "pkg-manifest" not in make(examples)


def test_make_follows_what_the_manifest_names(examples):
    make(examples)
    lock = examples / "make/out/product/gateway.lock"
    before = lock.read_bytes()
    with open(examples / "make/out/product/u-boot.bin", "ab") as file:
        file.write(b"!")
    again = make(examples)
    assert "pkg-manifest resolve" in again and "pkg-seal create" in again
    assert lock.read_bytes() != before


def test_make_follows_the_version(examples):
    make(examples)
    again = make(examples, "VERSION=1.5.0")
    assert "make-artifacts.sh" in again and "pkg-seal create" in again
    lock = json.loads((examples / "make/out/product/gateway.lock").read_text())
    assert lock["product"]["version"] == "1.5.0"


# -- cmake --------------------------------------------------------------------

@pytest.fixture(scope="module")
def installed(tmp_path_factory, build):
    prefix = tmp_path_factory.mktemp("installed")
    call("cmake", "--install", build, "--prefix", prefix)
    return prefix


@pytest.fixture(scope="module")
def flags(cache):
    """What a program needs to link with a library under sanitizers."""
    names = cache["PKG_SANITIZE"]
    return [f"-fsanitize={names}"] if names else []


@pytest.fixture
def configured(examples, installed, flags, tmp_path):
    """The build folder of examples/cmake, not built yet."""
    call("cmake", "-G", "Ninja", "-S", examples / "cmake", "-B",
         tmp_path / "b", f"-DCMAKE_PREFIX_PATH={installed}",
         f"-DCMAKE_C_FLAGS={' '.join(flags)}")
    return tmp_path / "b"


def test_cmake_project(configured):
    call("cmake", "--build", configured)
    lock = configured / "product/gateway.lock"
    assert json.loads(lock.read_text())["product"]["version"] == "1.4.0"
    said = call(configured / "fingerprint", lock).stdout
    assert said.split()[0] == hashlib.sha256(lock.read_bytes()).hexdigest()
    assert "no work to do" in call("cmake", "--build", configured).stdout


def test_cmake_follows_what_the_manifest_names(configured):
    call("cmake", "--build", configured)
    lock = configured / "product/gateway.lock"
    before = lock.read_bytes()
    with open(configured / "product/rootfs.squashfs", "ab") as file:
        file.write(b"!")
    call("cmake", "--build", configured)
    assert lock.read_bytes() != before


def test_c_example_says_what_is_wrong(configured, tmp_path):
    call("cmake", "--build", configured, "--target", "fingerprint")
    done = call(configured / "fingerprint", "nowhere", cwd=tmp_path,
                check=False)
    assert done.returncode == 4 and not done.stdout
    assert done.stderr.startswith("fingerprint: cannot open 'nowhere': ")


def test_pkg_config(installed, flags, tmp_path):
    folder = next(installed.rglob("packline.pc")).parent
    env = clean_environment(PKG_CONFIG_PATH=folder)
    found = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "--static", "packline"], env=env,
        check=True, capture_output=True, text=True).stdout.split()
    call("cc", EXAMPLES / "cmake/fingerprint.c", *flags, *found, "-o",
         tmp_path / "fingerprint")
    (tmp_path / "file").write_bytes(b"abc")
    said = call(tmp_path / "fingerprint", "file", cwd=tmp_path).stdout
    assert said == hashlib.sha256(b"abc").hexdigest() + "  file\n"


# -- buildroot ----------------------------------------------------------------

def test_buildroot_post_image(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    (images / "rootfs.ext4").write_bytes(b"file system")
    manifest = tmp_path / "p.yaml"
    manifest.write_text("""packline: 1
tenant: acme
product: {name: box, version: "${VERSION}"}
modules:
  - name: box-os
    version: "${VERSION}"
    type: os
    artifacts: [{path: rootfs.ext4}]
""")
    for _ in range(2):
        call("sh", EXAMPLES / "buildroot/post-image.sh", images, manifest,
             "2.0")
    lock = json.loads((images / "product.lock").read_text())
    assert lock["modules"][0]["artifacts"][0]["sha256"] == hashlib.sha256(
        b"file system").hexdigest()

# SPDX-License-Identifier: Apache-2.0
"""The example product: its files are real, described and always the same."""

import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tarfile

import jsonschema
import pytest
import yaml
from support import bin_folder, clean_environment

GATEWAY = pathlib.Path(__file__).resolve().parents[2] / "examples" / "gateway"
SCRIPTS = ["make-artifacts.sh", "make-test-keys.sh", "rootfs/init",
           "rootfs/etc/init.d/rcS", "rootfs/usr/share/udhcpc/default.script",
           "app/bin/gatewayd"]


def run(*argv, **options):
    return subprocess.run([str(arg) for arg in argv], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **options)


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    out = tmp_path_factory.mktemp("gateway")
    run("sh", GATEWAY / "make-artifacts.sh", out)
    return out


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    out = tmp_path_factory.mktemp("keys")
    run("sh", GATEWAY / "make-test-keys.sh", out)
    return out


def copy_backwards(source, target):
    """Copy a tree in reverse order and with tight modes."""
    target.mkdir(mode=0o700)
    for path in sorted(source.iterdir(), reverse=True):
        if path.is_dir():
            copy_backwards(path, target / path.name)
        else:
            shutil.copyfile(path, target / path.name)
            (target / path.name).chmod(0o700)


def test_same_bytes_in_another_world(product, tmp_path):
    copy_backwards(GATEWAY, tmp_path / "a copy")
    environment = dict(os.environ, TZ="Asia/Tokyo", LC_ALL="tr_TR.UTF-8",
                       SOURCE_DATE_EPOCH="1785542400", CDPATH="/",
                       GZIP="-1", TAR_OPTIONS="--verbose")
    run("sh", tmp_path / "a copy" / "make-artifacts.sh", "an out",
        cwd=tmp_path, env=environment, umask=0o077)
    assert files_of(tmp_path / "an out") == files_of(product)


def test_another_version_gives_other_bytes(product, tmp_path):
    run("sh", GATEWAY / "make-artifacts.sh", tmp_path,
        env=dict(os.environ, VERSION="1.4.1"))
    before, after = files_of(product), files_of(tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"rootfs.squashfs", "rootfs.cdx.json",
                       "gateway-app.tar.gz", "gateway-app.cdx.json"}


@pytest.mark.parametrize("name, value, message", [
    ("VERSION", '1"2', "only letters, digits"),
    ("VERSION", "", None),
    ("SOURCE_DATE_EPOCH", "yesterday", "not a number of seconds"),
])
def test_bad_environment(tmp_path, name, value, message):
    done = subprocess.run(
        ["sh", str(GATEWAY / "make-artifacts.sh"), str(tmp_path / "out")],
        env=dict(os.environ, **{name: value}), capture_output=True, text=True)
    if message is None:     # empty is as good as not set
        assert done.returncode == 0
    else:
        assert done.returncode == 1 and message in done.stderr


@pytest.mark.parametrize("script", ["make-artifacts.sh", "make-test-keys.sh"])
@pytest.mark.parametrize("arguments", [[], ["a", "b"]])
def test_usage(tmp_path, script, arguments):
    done = subprocess.run(["sh", str(GATEWAY / script), *arguments],
                          cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"usage: {script} ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_parse_and_may_run(script):
    run("sh", "-n", GATEWAY / script)
    assert os.access(GATEWAY / script, os.X_OK)


@pytest.mark.parametrize("document, subject", [
    ("rootfs.cdx.json", "rootfs.squashfs"),
    ("u-boot.cdx.json", "u-boot.bin"),
    ("gateway-app.cdx.json", "gateway-app.tar.gz"),
])
def test_sbom_names_the_real_digest(product, document, subject):
    sbom = json.loads((product / document).read_text())
    assert (sbom["bomFormat"], sbom["specVersion"]) == ("CycloneDX", "1.5")
    assert sbom["metadata"]["timestamp"] == "2026-08-01T00:00:00Z"
    assert sbom["metadata"]["component"]["hashes"] == [
        {"alg": "SHA-256", "content": sha256((product / subject).read_bytes())}]
    parts = [part["bom-ref"] for part in sbom["components"]]
    assert parts and len(set(parts)) == len(parts)


def test_application_sbom_names_what_is_in_the_archive(product):
    sbom = json.loads((product / "gateway-app.cdx.json").read_text())
    listed = {part["name"]: part["hashes"][0]["content"]
              for part in sbom["components"]}
    with tarfile.open(product / "gateway-app.tar.gz") as archive:
        packed = {member.name: sha256(archive.extractfile(member).read())
                  for member in archive if member.isfile()}
    packed.pop("opt/gateway/VERSION")   # is the version, not a part of it
    assert listed == packed


def test_archive_says_nothing_about_its_maker(product):
    data = (product / "gateway-app.tar.gz").read_bytes()
    assert data[4:8] == b"\0\0\0\0"     # gzip: no time
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            assert (member.uid, member.gid, member.uname) == (0, 0, "")
            assert member.mtime == 1785542400
            runs = member.isdir() or member.name.endswith("gatewayd")
            assert member.mode == (0o755 if runs else 0o644)


def test_application_runs(product, tmp_path):
    with tarfile.open(product / "gateway-app.tar.gz") as archive:
        archive.extractall(tmp_path)
    run(tmp_path / "opt/gateway/bin/gatewayd", "--once",
        env=dict(os.environ, GATEWAY_RUN=str(tmp_path / "run")))
    status = json.loads((tmp_path / "run/status.json").read_text())
    assert status["version"] == "1.4.0"
    assert status["uptime_s"] >= 0 and status["memory_kib"] > 0


def test_root_file_system(product):
    listing = run("unsquashfs", "-lln", product / "rootfs.squashfs",
                  env=dict(os.environ, TZ="UTC")).stdout.splitlines()
    rows = {line.split()[-1 if " -> " not in line else -3]: line.split()
            for line in listing if "squashfs-root" in line}
    for row in rows.values():
        assert row[1] == "0/0" and "2026-08-01" in row
    modes = {name: row[0] for name, row in rows.items()}
    assert modes["squashfs-root/init"] == "-rwxr-xr-x"
    assert modes["squashfs-root/bin/busybox"] == "-rwxr-xr-x"
    assert modes["squashfs-root/etc/hostname"] == "-rw-r--r--"
    assert modes["squashfs-root/tmp"] == "drwxrwxrwt"
    assert modes["squashfs-root/dev/console"] == "crw-------"
    assert modes["squashfs-root/bin/sh"].startswith("l")


def test_boot_loader_is_u_boot(product):
    assert b"U-Boot 20" in (product / "u-boot.bin").read_bytes()


@pytest.mark.parametrize("revision", ["a", "b"])
def test_device_tree_is_of_its_board(product, revision):
    dtb = product / "dtb" / f"gateway-rev-{revision}.dtb"
    model = run("fdtget", "-t", "s", dtb, "/", "model").stdout
    assert model == f"Gateway, board revision {revision.upper()}\n"


def test_manifest_names_every_file(product):
    manifest = yaml.safe_load((GATEWAY / "gateway.yaml").read_text())
    named = set()
    for module in manifest["modules"]:
        named.add(module["sbom"]["path"])
        for artifact in module["artifacts"]:
            if "path" in artifact:
                named.add(artifact["path"])
            else:
                named |= {str(path.relative_to(product))
                          for path in product.glob(artifact["glob"])}
    assert named == set(files_of(product))


@pytest.mark.parametrize("name", ["gateway.yaml", "ecu-a.yaml", "field.yaml",
                                  "release.yaml", "trust.yaml.in",
                                  "trust-field.yaml.in"])
def test_files_follow_the_schema_they_name(name, keys):
    first = (GATEWAY / name).read_text().splitlines()[0]
    schema = GATEWAY / first.removeprefix(
        "# yaml-language-server: $schema=")
    file = (keys / name[:-3]) if name.endswith(".in") else GATEWAY / name
    jsonschema.Draft7Validator(json.loads(schema.read_text())).validate(
        yaml.safe_load(file.read_text()))


def test_private_keys_are_private(keys):
    assert stat.S_IMODE((keys / "private").stat().st_mode) == 0o700
    found = sorted((keys / "private").iterdir())
    assert [key.name for key in found] == [
        "ca.key", "ecu-a.key", "product-owner.key", "release.key",
        "security-officer.key", "service.key"]
    for key in found:
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize("name, use", [
    ("release", "Code Signing"),
    ("product-owner", "Code Signing"),
    ("security-officer", "Code Signing"),
    ("ecu-a", "Key Encipherment"),
    ("service", "Key Agreement"),
])
def test_certificates(keys, name, use):
    certificate = keys / "certs" / f"{name}.pem"
    run("openssl", "verify", "-purpose", "any", "-x509_strict", "-CAfile",
        keys / "certs" / "ca.pem", certificate)
    text = run("openssl", "x509", "-in", certificate, "-noout", "-text").stdout
    assert use in text
    assert run("openssl", "pkey", "-in", keys / "private" / f"{name}.key",
               "-pubout").stdout == run(
        "openssl", "x509", "-in", certificate, "-noout", "-pubkey").stdout


@pytest.mark.parametrize("name", ["trust", "trust-field"])
def test_policy_pins_the_release_key(keys, name):
    policy = yaml.safe_load((keys / f"{name}.yaml").read_text())["trust"]
    public = subprocess.run(
        ["openssl", "pkey", "-in", str(keys / "private" / "release.key"),
         "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
    assert policy["signers"]["pins"] == [
        {"id": "release", "spki": "sha256:" + sha256(public)}]
    assert (keys / policy["roots"][0]).is_file()


def test_keys_are_kept_and_mended(tmp_path):
    script = GATEWAY / "make-test-keys.sh"
    run("sh", script, tmp_path)
    first = files_of(tmp_path)
    assert "keeping" in run("sh", script, tmp_path).stdout
    assert files_of(tmp_path) == first
    (tmp_path / "private" / "ecu-a.key").unlink()
    run("sh", script, tmp_path)
    second = files_of(tmp_path)
    assert second.keys() == first.keys()
    assert all(second[name] != first[name] for name in first)


# -- with the approval of two people ------------------------------------------

def walk_through():
    """The commands of the README's section, one a line."""
    text = (GATEWAY / "README.md").read_text().split(
        "\n## With the approval of two people\n")[1].split("\n## ")[0]
    lines = "\n".join(line[4:] for line in text.splitlines()
                      if line.startswith("    "))
    return re.sub(r" *\\\n *", " ", lines).splitlines()


@pytest.fixture(scope="module")
def rooms(product, keys, tmp_path_factory):
    """Where every command of the walk-through was run."""
    top = tmp_path_factory.mktemp("rooms")
    (top / "examples").mkdir()
    (top / "examples" / "gateway").symlink_to(GATEWAY)
    (top / "out").symlink_to(product)
    shutil.copytree(keys, top / "keys")
    made, *script = walk_through()
    assert made == "examples/gateway/make-artifacts.sh out"
    script = "set -eux\n" + "\n".join(script)
    (top / "log").write_text(run("sh", "-c", script, cwd=top,
                                 env=tools()).stdout)
    return top


def tools():
    env = clean_environment()
    env["PATH"] = f"{bin_folder()}:{env['PATH']}"
    return env


def test_walk_through_ends_in_the_device(rooms, product):
    opened = rooms / "device" / "opened"
    for name in ("rootfs.squashfs", "u-boot.bin"):
        assert (opened / name).read_bytes() == (product / name).read_bytes()
    said = (rooms / "log").read_text()
    assert "boots on both boards" in said and "no open findings" in said


@pytest.mark.parametrize("asked, reason", [
    ("build", "too-few-approvals"), ("product-owner", "too-few-approvals"),
    ("rejected", "approval-rejected")])
def test_signer_waits_for_both(rooms, asked, reason):
    """As the README says."""
    approve, sign = (
        next(line for line in walk_through() if line.startswith(start))
        for start in ("pkg-seal approve", "pkg-seal sign"))
    script = "\n".join([
        "set -eu", "mkdir -p rejected",
        next(line for line in walk_through() if line.startswith("digest=")),
        approve.replace("APPROVED", "REJECTED").replace(
            "-o product-owner", "--force -o rejected"),
        sign.replace("-o signer/", "-o rejected/never-").replace(
            " security-officer/gateway", f" {asked}/gateway")])
    done = subprocess.run(["sh", "-c", script], cwd=rooms, env=tools(),
                          capture_output=True, text=True)
    assert done.returncode == 1 and f"[{reason}]" in done.stderr


def test_no_key_is_committed():
    for path in GATEWAY.rglob("*"):
        assert not path.is_file() or b"PRIVATE KEY" not in path.read_bytes()

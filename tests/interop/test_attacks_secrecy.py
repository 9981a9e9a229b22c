# SPDX-License-Identifier: Apache-2.0
"""Attacks on what is secret, and on the time between check and use."""

import io
import json
import os
import re
import shutil
import subprocess
import zipfile

import forge
import pytest
from support import strace_works

SECRET = b"the secret plan " * 500


@pytest.fixture
def seal(run, keys, tmp_path):
    """seal(files, name) -> the bytes of a container that pkg-seal made."""

    def make(files, name):
        folder = tmp_path / "in"
        folder.mkdir(exist_ok=True)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        run("pkg-seal", "create", "--tenant", "acme", "--name", "demo",
            "--version", "1.0", "--recipient", keys.cert("ecu-p256"), "--key",
            keys.key("officer"), "--cert", keys.cert("officer"), "-o",
            tmp_path / name, *files, cwd=folder, check=0)
        return (tmp_path / name).read_bytes()

    return make


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as box:
        return {name: box.read(name) for name in box.namelist()}


def blocks(data):
    return {data[at:at + 16] for at in range(0, len(data) - 15)}


def test_no_key_and_no_nonce_is_used_again(seal):
    """The same file twice in a container, and in two containers."""
    one = members(seal({"a": SECRET, "b": SECRET}, "one.seal"))
    two = members(seal({"a": SECRET, "b": SECRET}, "two.seal"))
    stored = [box[f"payload/{n:06d}.enc"] for box in (one, two)
              for n in range(2)]
    # with one key and nonce twice the streams would agree everywhere
    for i, a in enumerate(stored):
        for b in stored[:i]:
            assert not blocks(a) & blocks(b)
    salts = [json.loads(box["META-INF/manifest.json"])["encryption"]["salt"]
             for box in (one, two)]
    assert salts[0] != salts[1]
    assert one["META-INF/recipients.p7m"] != two["META-INF/recipients.p7m"]


def test_a_guess_of_the_plaintext_cannot_be_confirmed(seal):
    """Neither names nor digests of what is inside are in the clear."""
    data = seal({"secret-plan.txt": SECRET}, "c.seal")
    digest = forge.sha256(SECRET)
    for trace in (b"secret-plan", b"secret plan", digest.encode(),
                  bytes.fromhex(digest)):
        assert trace not in data
    # the digest of the request is there, and the request has a random salt
    again = seal({"secret-plan.txt": SECRET}, "d.seal")
    sha256 = [json.loads(members(box)["META-INF/manifest.json"])
              ["request_sha256"] for box in (data, again)]
    assert sha256[0] != sha256[1]


def flip(data):
    """The last bit: a fixed byte in its place may be the one that was there."""
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("spoil, reason", [
    (lambda box: box.store(box.stored[0][0], b"evil" * 50000),
     "plaintext-mismatch"),
    (lambda box: flip(box.stored[0][1]), "tag-mismatch"),
])
def test_nothing_is_published_before_its_end(keys, run, tmp_path, spoil,
                                             reason):
    """An insider knows the key: his segments are right, the digest is not."""
    box = forge.Box(keys, {"a": b"good" * 50000}, kind="sealed")
    box.stored[0] = (box.stored[0][0], spoil(box))
    box.list_members()
    path = box.write(tmp_path / "a.seal")
    answer = run("pkg-verify", "--trust", keys.ca, "--recipient",
                 keys.key("ecu-rsa"), "--cert", keys.cert("ecu-rsa"),
                 "--extract", "out", path, check=1)
    assert answer.records[-1]["reason"] == reason
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.seal"]


def test_the_container_is_opened_once(keys, run, tmp_path, looks_inside):
    """What was checked is what is used: nothing is read again by its name."""
    if not strace_works():
        pytest.skip("strace may not trace here, or is not installed")
    path = forge.Box(keys).write(tmp_path / "once.seal")
    log = tmp_path / "log"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", log, "-e",
         "trace=open,openat,openat2,stat,lstat,newfstatat,statx,access",
         run.folder / "pkg-verify", "--trust", keys.ca, "--extract", "out",
         path], cwd=tmp_path, check=False, capture_output=True,
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    if b"PTRACE" in done.stderr or not log.exists():
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done
    calls = re.findall(r".*once\.seal.*", log.read_text())
    assert len([c for c in calls if "open" in c]) == 1, calls


def test_a_swapped_file_is_not_read(keys, run, tmp_path):
    """The name leads elsewhere while it is verified: that does not matter."""
    good = forge.Box(keys, {"a": b"good"}).write(tmp_path / "a.seal")
    evil = forge.Box(keys, {"a": b"evil"}, signers=["stranger"]).write(
        tmp_path / "evil.seal")
    with open(good, "rb") as opened:
        shutil.move(evil, good)
        done = subprocess.run(
            [run.folder / "pkg-verify", "--trust", keys.ca, "--extract",
             "out", "-"], stdin=opened, cwd=tmp_path, check=False,
            capture_output=True)
    assert done.returncode == 0, done
    assert (tmp_path / "out" / "a").read_bytes() == b"good"

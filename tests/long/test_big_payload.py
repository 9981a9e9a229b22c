# SPDX-License-Identifier: Apache-2.0
"""A payload of 5 GiB goes through every tool in 16 MiB of memory.

Larger than 4 GiB on purpose: sizes that do not fit 32 bits need zip64.
Run by tests/long.sh; needs 16 GiB of disk and some minutes.
"""

import hashlib
import os
import subprocess

import pytest
from support import bin_folder, clean_environment, manifest_sha256

GIB = 1 << 30
SIZE = 5 * GIB + 12345
MEMORY = 16 * 1024  # KiB
SECRETS = b"packline"


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    folder = tmp_path_factory.mktemp("big")
    payload = folder / "rootfs.img"
    with payload.open("wb") as file:
        file.write(SECRETS)
        file.seek(4 * GIB + 5)
        file.write(SECRETS)
        file.truncate(SIZE)
    yield folder
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()


def peak(folder, tool, *args, stdin=subprocess.DEVNULL):
    """Run the tool; its peak memory in KiB.

    GNU time stands between, because a child counts the memory of the process
    that forked it.
    """
    done = subprocess.run(
        ["time", "-f", "%M", bin_folder() / tool, *map(str, args)],
        cwd=folder, stdin=stdin, capture_output=True, text=True, check=False,
        env=clean_environment(), timeout=900)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.splitlines()[-1]), done.stdout


def digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_hash(room):
    used, out = peak(room, "pkg-hash", "rootfs.img")
    assert f'"size":{SIZE}' in out
    assert used <= MEMORY


def test_seal_verify_over_a_pipe_and_open(room, keys):
    used, _ = peak(room, "pkg-seal", "create", "--tenant", "acme", "--name",
                   "big", "--version", "1", "--recipient",
                   keys.cert("ecu-rsa"), "--key", keys.key("release"),
                   "--cert", keys.cert("release"), "-o", "big.seal",
                   "rootfs.img")
    assert used <= MEMORY
    assert (room / "big.seal").stat().st_size > SIZE

    with subprocess.Popen(["cat", "big.seal"], cwd=room,
                          stdout=subprocess.PIPE) as pipe:
        used, out = peak(room, "pkg-verify", "--trust", keys.ca, "-",
                         stdin=pipe.stdout)
    assert '"ok":true' in out.splitlines()[-1]
    assert used <= MEMORY

    used, _ = peak(room, "pkg-seal", "open", "big.seal", "--trust", keys.ca,
                   "--recipient", keys.key("ecu-rsa"), "--cert",
                   keys.cert("ecu-rsa"), "-o", "opened")
    assert used <= MEMORY
    assert os.listdir(room / "opened") == ["rootfs.img"]
    assert digest(room / "opened" / "rootfs.img") == digest(
        room / "rootfs.img")


def test_draft_is_signed_later(room, keys):
    used, _ = peak(room, "pkg-seal", "create", "--tenant", "acme", "--name",
                   "big", "--version", "2", "-o", "draft.seal", "rootfs.img")
    assert used <= MEMORY
    with (room / "draft.seal").open("rb") as file:
        head = file.read(1 << 20)
    used, _ = peak(room, "pkg-seal", "sign", "draft.seal", "--key",
                   keys.key("officer"), "--cert", keys.cert("officer"),
                   "--yes", "--expect-digest", manifest_sha256(head),
                   "--force", "-o", "draft.seal")
    assert used <= MEMORY
    used, out = peak(room, "pkg-verify", "--trust", keys.ca, "draft.seal")
    assert '"ok":true' in out.splitlines()[-1]
    assert used <= MEMORY

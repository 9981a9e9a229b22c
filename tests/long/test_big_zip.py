# SPDX-License-Identifier: Apache-2.0
"""A foreign ZIP file of almost 4 GiB: every offset and size that fits."""

import subprocess
import zipfile
import zlib

from support import clean_environment
from zip_craft import Member, end_of

ZEROS = 0xfff00000
CHUNK = bytes(1 << 20)


def test_almost_4_gib(build, tmp_path):
    """The content is a hole in the file; the last entry lies behind it."""
    crc = 0
    for _ in range(ZEROS // len(CHUNK)):
        crc = zlib.crc32(CHUNK, crc)
    sizes = {"crc": crc, "packed": ZEROS, "size": ZEROS}
    big = Member(b"zeros", b"", fields=sizes)
    small = Member(b"last.txt", b"hello")
    path = tmp_path / "big.zip"
    with open(path, "wb") as out:
        out.write(big.local_part())
        out.seek(ZEROS, 1)
        at = out.tell()
        out.write(small.local_part())
        end = out.tell()
        directory = big.central_part(0) + small.central_part(at)
        out.write(directory + end_of(2, len(directory), end))
    assert end < 0xffffffff
    done = subprocess.run(
        ["/usr/bin/time", "-f", "%M", build / "tests/interop/read_zip", path,
         "/dev/null"], env=clean_environment(), capture_output=True,
        check=True)
    assert done.stdout.decode().splitlines() == [
        f"0 {ZEROS} {ZEROS} {crc:08x} {b'zeros'.hex()}",
        f"0 5 5 {zlib.crc32(b'hello'):08x} {b'last.txt'.hex()}"]
    assert int(done.stderr) < 64 << 10          # KiB, with sanitizers too
    with zipfile.ZipFile(path) as file:
        assert file.read("last.txt") == b"hello"
        assert file.getinfo("zeros").file_size == ZEROS

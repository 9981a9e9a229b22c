# SPDX-License-Identifier: Apache-2.0
"""ZIP files with one to three odd fields: what is read, others read alike.

PKG_ROUNDS files are made (default 20,000); the seed is in the message.
"""

import os
import random
import shutil

import pytest
from support import clean_environment
from zip_craft import (DEFLATE, STORED, UTF8, Member, by_python, by_unzip,
                       deflate, descriptor, extra, read_zip, zip_of)

ROUNDS = int(os.environ.get("PKG_ROUNDS", 20000))
NAMES = ["a.txt", "A.TXT", "b", "Ü.pdf", "x;2", "x;y", "nul", "a b", "~", "a",
         "C", "中文", "long" * 60, "é" * 100, "#", "%41", "a'b", "[a]", "{}"]
NUMBERS = [0, 1, 2, 4, 8, 10, 20, 45, 255, 256, 0x800, 0xffff]
EXTRAS = [b"", extra(0x5455, b"\7" + bytes(12)), extra(0x5455, b"\3abcd"),
          extra(0x7875, b"\1\4" + bytes(4) + b"\4" + bytes(4)),
          extra(0x000a, os.urandom(32)), extra(0xcafe), extra(0x5855, bytes(8)),
          extra(0x7855, bytes(4)), extra(0x7075, b"\1abcdname"),
          extra(1, bytes(16)), b"\0", extra(0x5455, b"\1" + bytes(4)) + b"PK"]
SYSTEMS = [0, 3, 6, 10, 11, 14, 19, 2, 30]


def some_member(rng):
    content = rng.choice([b"", b"x", b"hello " * 30, rng.randbytes(50)])
    name = rng.choice(NAMES)
    member = Member(name.encode(), content, rng.choice([STORED, DEFLATE]))
    if not name.isascii() or rng.random() < 0.1:
        member.fields["flags"] = UTF8
    member.extra = rng.choice(EXTRAS[:8])
    member.central["made_by"] = rng.choice(SYSTEMS[:7]) << 8 | rng.choice(
        [20, 25, 30, 40, 50, 63])
    if rng.random() < 0.3:
        member.descriptor = True
        member.fields["flags"] = member.fields.get("flags", 0) | 8
    return member


def make_odd(rng, member):
    """One field that is not what it was."""
    kind = rng.randrange(9)
    header = rng.choice([member.fields, member.local, member.central])
    if kind < 3:
        header[rng.choice(["version", "flags", "method", "time", "crc",
                           "packed", "size"])] = rng.choice(NUMBERS)
    elif kind == 3:
        member.central[rng.choice(["internal", "disk", "offset", "external"])
                       ] = rng.choice(NUMBERS)
    elif kind == 4:
        member.central["external"] = rng.choice(
            [0o100644, 0o644, 0o040755, 0o120777, 0o104755]) << 16
    elif kind == 5:
        member.central["made_by"] = rng.choice(SYSTEMS) << 8 | 20
    elif kind == 6:
        member.local_extra = rng.choice(EXTRAS)
    elif kind == 7:
        member.data = rng.choice([
            member.packed() + b"\0", member.packed()[:-1],
            b"\0\0\0\xff\xff" + deflate(member.content),
            deflate(member.content, 0), deflate(member.content + b"!")])
    else:
        member.descriptor = rng.choice([b"", descriptor(1, 2, 3), descriptor(
            0, len(member.packed()), len(member.content), b"")])


def test_what_is_read_is_read_alike(build, tmp_path):
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    read = 0
    for number in range(ROUNDS):
        members = [some_member(rng) for _ in range(rng.randrange(1, 4))]
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            make_odd(rng, rng.choice(members))
        data = zip_of(*members)
        folder = tmp_path / str(number)
        reading = read_zip(build / "tests/interop/read_zip", data,
                           folder, environment=clean_environment())
        if reading.code == 0:
            read += 1
            others = by_python(data, None), by_unzip(data, folder / "unzip")
            if others != (reading.files, reading.files):
                (tmp_path / "odd.zip").write_bytes(data)
                pytest.fail(f"seed {seed}, round {number}: {reading}, {others}")
        else:
            assert reading.reason and reading.hint, (seed, number)
        shutil.rmtree(folder)
    assert ROUNDS // 20 < read < ROUNDS, read       # both were tried
    print(f"{read} of {ROUNDS} were read")

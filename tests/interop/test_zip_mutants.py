# SPDX-License-Identifier: Apache-2.0
"""Every change of one byte of a ZIP file: refused, or it changes nothing.

zip_mutants.c tries each other value of each byte, each byte left out and
doubled, and every cut: some 130,000 files (with sanitizers every 7th).  What is still read has the same
names and contents, here and elsewhere, and differs in fields that say nothing.
"""

import subprocess

import pytest
from support import clean_environment
from zip_craft import (DEFLATE, UTF8, A, C, Member, but, by_python, by_unzip,
                       extra, zip_of)

TIMES = extra(0x5455, b"\1abcd")
OWNER = extra(0x7875, b"\1\4" + b"\1\2\3\4" + b"\4" + b"\5\6\7\x08")
NTFS = extra(0x000a, bytes(range(32)))
MEMBERS = [but(A, extra=TIMES + OWNER),
           but(C, descriptor=True),
           Member("Ü.txt".encode(), b"x", fields={"flags": UTF8}, extra=NTFS),
           Member(b"empty", b"", method=DEFLATE)]


def harmless(data):
    """{offset: what stands there} of all bytes that may differ."""
    found = {}

    def field(at, size, what):
        found.update((at + i, what) for i in range(size))

    def extras(at, member):
        end = at + len(member.extra)
        while at < end:
            size = int.from_bytes(data[at + 2:at + 4], "little")
            field(at + 4, size, "in an extra field")
            at += 4 + size

    at = 0
    for member in MEMBERS:
        if member.descriptor:
            field(at + 14, 12, "may be 0 or as in the descriptor")
        extras(at + 30 + len(member.name), member)
        at += len(member.local_part())
        if member.method == DEFLATE:
            last = at - (16 if member.descriptor else 0) - 1
            field(last, 1, "bits behind the end of a deflate stream")
    for member in MEMBERS:
        field(at + 4, 2, "the program that made it")
        field(at + 36, 1, "it may be text")
        field(at + 38, 4, "mode")
        extras(at + 46 + len(member.name), member)
        at += len(member.central_part(0))
    return found


@pytest.fixture(scope="module")
def step(sanitized):
    return 7 if sanitized else 1


@pytest.fixture(scope="module")
def accepted(build, tmp_path_factory, step):
    """The lines of zip_mutants, split, and how many it tried."""
    path = tmp_path_factory.mktemp("mutants") / "a.zip"
    path.write_bytes(zip_of(*MEMBERS))
    done = subprocess.run(
        [build / "tests/interop/zip_mutants", path, str(step)],
        capture_output=True, check=True, timeout=1800, env=clean_environment())
    *lines, last = done.stdout.decode().splitlines()
    return [line.split() for line in lines], int(last.split()[0])


def test_no_mutant_reads_differently(accepted, step):
    lines, tried = accepted
    size = len(zip_of(*MEMBERS))
    assert tried == -(-size * (255 + 3) // step)
    assert [line for line in lines if "other" in line] == []


def test_no_other_length_is_read(accepted):
    assert {line[0] for line in accepted[0]} == {"change"}


def test_what_may_differ_says_nothing(accepted):
    fields = harmless(zip_of(*MEMBERS))
    assert {int(line[1]) for line in accepted[0]} - set(fields) == set()


def test_others_read_them_alike(accepted, sanitized, tmp_path):
    """zipfile each of them, unzip one for each byte."""
    if sanitized:
        pytest.skip("nothing of ours is run")
    data = zip_of(*MEMBERS)
    want = {member.name: member.content for member in MEMBERS}
    seen = set()
    for number, (_, at, value) in enumerate(accepted[0]):
        mutant = bytearray(data)
        mutant[int(at)] = int(value)
        assert by_python(bytes(mutant), None) == want, (at, value)
        if at not in seen:
            folder = tmp_path / str(number)
            assert by_unzip(bytes(mutant), folder) == want, (at, value)
        seen.add(at)

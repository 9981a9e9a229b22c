# SPDX-License-Identifier: Apache-2.0
"""Hostile ZIP files, by what is wrong with their end: all are refused.

Each case gives the reason, and where it is worth knowing, what other programs
see: {name: content}, or FAILS.  `pipe` is bsdtar that reads from the front.
"""

import re
import struct

import pytest
from zip_craft import (DEFLATE, END64, EVIL, FAILS, LOCATOR, ONLY_A, A, AB, B,
                       C, Cases, Member, but, end_of, extra, seen_by, zip_of)

hostile = Cases()


# -- the end record ------------------------------------------------------------


@hostile("zip-end", python=ONLY_A, unzip=ONLY_A, bsdtar=ONLY_A)
def a_byte_behind_the_end():
    return zip_of(A) + b"\0"


@hostile("zip-end", python=ONLY_A, unzip=ONLY_A)
def a_comment():
    return zip_of(A, comment=b"see b.txt")


@hostile("zip-end", python=ONLY_A, unzip=ONLY_A)
def a_comment_that_is_not_there():
    return zip_of(A, comment_len=1)


@hostile("zip-gap", python={b"b.txt": b"evil!"}, unzip={b"b.txt": b"evil!"},
         bsdtar={b"b.txt": b"evil!"}, pipe=ONLY_A)
def a_comment_that_is_another_end():
    """The same file has two directories, one in the comment of the other."""
    honest = zip_of(A)
    other = Member(b"b.txt", b"evil!").local_part()
    at = len(honest) + len(other)
    central = EVIL.central_part(len(honest))
    comment = other + central + end_of(1, len(central), at)
    return honest[:-2] + struct.pack("<H", len(comment)) + comment


@hostile("zip-central", python=FAILS, unzip=FAILS, bsdtar={}, pipe=ONLY_A)
def two_end_records():
    """The last one is right but for the bytes of the first before it."""
    central = A.central_part(0)
    body = A.local_part()
    return body + central + end_of(0, 0, 0) + \
        end_of(1, len(central), len(body))


@hostile("zip-central", python=FAILS, unzip=FAILS, bsdtar=ONLY_A, pipe=AB)
def the_directory_contains_an_end_record():
    """It ends where it should, and holds more than its entries."""
    central = A.central_part(0) + end_of(1, 51, 40) + B.central_part(40)
    body = A.local_part() + B.local_part()
    at = len(A.central_part(0))
    assert central[at:at + 4] == b"PK\5\6"
    return body + central + end_of(2, len(central), len(body))



@hostile("zip-central", python=ONLY_A, unzip=ONLY_A)
def a_stub_in_front():
    """A self-extracting program: every offset is off by its length."""
    return b"#!/bin/sh\nexit\n" + zip_of(A)


@hostile("zip-gap", python=ONLY_A, unzip=ONLY_A)
def a_stub_in_front_that_the_offsets_know():
    return zip_of(but(A, before=b"#!/bin/sh\nexit\n"))


@hostile("zip-end", python=FAILS, unzip=FAILS)
def no_zip_at_all():
    return b"%PDF-1.7\n" + bytes(100)


@hostile("zip-end", python=FAILS, unzip=FAILS)
def nothing():
    return b""


@hostile("zip-multidisk", python=ONLY_A, unzip=ONLY_A)
def the_second_of_two_parts():
    return zip_of(A, disk=1, central_disk=0)


@hostile("zip-multidisk")
def a_directory_on_another_part():
    return zip_of(A, central_disk=1)


@hostile("zip-multidisk", python=AB)
def one_of_two_entries_on_this_part():
    return zip_of(A, B, here=1)


@hostile("zip-central", python=AB, unzip=FAILS, bsdtar=AB)
def an_entry_more_than_is_counted():
    """Some go by the count, some by the size of the directory."""
    return zip_of(A, B, here=1, count=1)


@hostile("zip-central", python=ONLY_A)
def an_entry_less_than_is_counted():
    return zip_of(A, here=2, count=2)


@hostile("zip-gap", python={}, bsdtar={}, pipe=ONLY_A)
def no_entry_is_counted():
    body = A.local_part()
    return body + end_of(0, 0, len(body))


@hostile("zip-central", python=ONLY_A, unzip=FAILS)
def a_directory_that_nobody_counts():
    return zip_of(A, here=0, count=0)


@hostile("zip-central")
def a_directory_shorter_than_it_is():
    return zip_of(A, B, size=len(A.central_part(0)))


@hostile("zip-central")
def a_directory_longer_than_it_is():
    return zip_of(A, size=len(A.central_part(0)) + 1)


@hostile("zip-central")
def a_directory_that_begins_elsewhere():
    return zip_of(A, offset=1)


@hostile("zip-central", python=FAILS, unzip=FAILS, bsdtar={}, pipe=ONLY_A)
def bytes_behind_the_directory():
    return zip_of(A, between=b"x")


@hostile("zip-central", python=FAILS, unzip=ONLY_A, bsdtar=FAILS)
def bytes_in_the_directory_behind_its_entries():
    central = A.central_part(0)
    body = A.local_part()
    return body + central + bytes(46) + end_of(
        1, len(central) + 46, len(body))


@hostile("zip-central", python=FAILS, unzip=ONLY_A, bsdtar=FAILS)
def a_signature_of_the_directory():
    """Digital signature, APPNOTE 4.3.13: says nothing to us."""
    signature = b"PK\5\5" + struct.pack("<H", 4) + b"sign"
    central = A.central_part(0) + signature
    body = A.local_part()
    return body + central + end_of(1, len(central), len(body))


@hostile("zip-gap")
def an_archive_extra_data_record():
    """APPNOTE 4.3.11: belongs to an encrypted directory."""
    return zip_of(A, gap=b"PK\6\x08" + struct.pack("<I", 4) + b"data")


# -- zip64 ---------------------------------------------------------------------


def end64(count, size, offset, at):
    """The zip64 end record, which stands at @at, and its locator."""
    return (END64 + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count,
                                size, offset) +
            LOCATOR + struct.pack("<IQI", 0, at, 1))


@hostile("zip-zip64", python=ONLY_A, unzip=ONLY_A)
def an_honest_zip64_file():
    body, central = A.local_part(), A.central_part(0)
    return body + central + end64(
        1, len(central), len(body), len(body + central)) + end_of(
        1, 0xffffffff, 0xffffffff, here=0xffff, count=0xffff)


@hostile("zip-zip64", python=FAILS, unzip=ONLY_A,
         bsdtar={b"a.txt": b"hello", b"b.txt": b"evil!"})
def an_end_record_and_another_one_of_zip64():
    """The end record needs none, but who looks for it finds other files."""
    body = A.local_part() + EVIL.local_part()
    honest = A.central_part(0)
    other = EVIL.central_part(len(A.local_part()))
    at = len(body + other + honest)
    return body + other + honest + end64(
        1, len(other), len(body), at) + end_of(
        1, len(honest) + 76, len(body + other))



@hostile("zip-zip64", bsdtar={})
def a_locator_hidden_in_the_times_of_the_last_entry():
    """The last 20 bytes of a directory that is right in every field are those
    of a zip64 locator: it leads into the content of the entry."""
    locator = LOCATOR + struct.pack("<IQI", 0, 35, 1)
    times = extra(0x000a, bytes(4) + struct.pack("<HH", 1, 24) + bytes(4) +
                  locator)
    inside = END64 + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 0, 0, 0, 0)
    return zip_of(Member(b"a.txt", inside, central={"extra": times}))


@hostile("zip-zip64", python=ONLY_A)
def sizes_of_zip64_in_an_entry():
    sizes = extra(1, struct.pack("<QQ", 5, 5))
    return zip_of(but(A, central={"size": 0xffffffff, "packed": 0xffffffff,
                                  "extra": sizes, "version": 45}))


@hostile("zip-zip64", python={b"a.txt": b"hello", b"b.txt": b"world"})
def an_offset_of_zip64():
    where = extra(1, struct.pack("<Q", len(A.local_part())))
    return zip_of(A, but(B, central={"offset": 0xffffffff, "extra": where}))


@hostile("zip-zip64")
def sizes_of_zip64_that_are_not_needed():
    """Two sizes for one entry: 5 in the field, 4 in the extra field."""
    return zip_of(but(A, extra=extra(1, struct.pack("<QQ", 4, 4))))


@hostile("zip-mismatch", pipe=ONLY_A)
def sizes_of_zip64_in_the_local_header_only():
    return zip_of(but(A, local={"size": 0xffffffff, "packed": 0xffffffff},
                      local_extra=extra(1, struct.pack("<QQ", 5, 5)),
                      central={"extra": b""}))


# -- all of them ---------------------------------------------------------------


@pytest.mark.parametrize("case", hostile)
def test_refused(refused, case):
    reason, make, seen = hostile[case]
    refused(make(), reason, **seen)


def test_every_length(refused):
    """A file that is cut off anywhere is refused."""
    whole = zip_of(A, C, but(B, method=DEFLATE, descriptor=True))
    for size in range(0, len(whole)):
        refused(whole[:size], None)


def test_others_see(tmp_path):
    """The programs of the cases see what is right, and in the same way."""
    data = zip_of(A, B)
    for view in ("python", "unzip", "bsdtar", "pipe"):
        assert seen_by(view, data, tmp_path) in (AB, None)


def test_every_reason_is_documented(root):
    """The header, the hints, the manual page and the specification name the
    same ones."""
    source = "".join(path.read_text()
                     for path in (root / "lib/archive").glob("*.c"))
    refused_with = set(re.findall(r'PKG_INPUT, "(zip-[\w-]+)"', source))
    hinted = set(re.findall(r'{"(zip-[\w-]+)"', source))
    header = (root / "lib/include/packline/archive.h").read_text()
    rules = (root / "schemas/batch.md").read_text()
    table = re.search(r"^### Reasons$(.*?)^## ", rules, re.M | re.S).group(1)
    assert refused_with == hinted
    assert refused_with == set(re.findall(r"^ \*   (zip-[\w-]+)", header,
                                          re.M))
    assert refused_with == set(re.findall(r"`(zip-[\w-]+)`", table))
    page = (root / "tools/pkg-batch.1.scd").read_text()
    assert refused_with == set(re.findall(r"\*(zip-[\w-]+)\*", page))

# SPDX-License-Identifier: Apache-2.0
"""Hostile ZIP files whose headers disagree, hide or share something."""

import struct
import zlib

import pytest
from zip_craft import (C_TOO, CENTRAL, DEFLATE, DESCRIPTOR, EVIL, FAILS, ONLY_A,
                       STORED, STREAMED, UTF8, A, AB, B, C, Cases, Member, but,
                       deflate, descriptor, end_of, extra, zip_of)

hostile = Cases()


# -- local header and central entry --------------------------------------------


ANY = [("version", 20), ("flags", 2), ("flags", UTF8), ("time", 1),
       ("date", 0x22), ("crc", 0), ("crc", 1)]
LOCAL_ONLY = [("method", DEFLATE), ("packed", 0), ("packed", 4), ("packed", 6),
              ("size", 0), ("size", 4), ("size", 6), ("name", b"b.txt"),
              ("name", b"A.txt"), ("name", b"a.tx"), ("name", b"a.txt\0"),
              ("name_len", 4), ("name_len", 6), ("name_len", 0)]


@pytest.mark.parametrize("header, field, value", [
    *(("local", *pair) for pair in ANY + LOCAL_ONLY),
    *(("central", *pair) for pair in ANY)])
def test_a_field_that_differs(refused, header, field, value):
    """One field of one header; the other one says what is so."""
    refused(zip_of(but(A, **{header: {field: value}})), "zip-mismatch")


@hostile("zip-mismatch", python=FAILS, unzip={b"safe.pdf": b"hello"},
         bsdtar={b"evil.exe": b"hello"}, pipe={b"evil.exe": b"hello"})
def another_name_in_the_local_header():
    return zip_of(Member(b"safe.pdf", b"hello", local={"name": b"evil.exe"}))


@hostile("zip-mismatch", python=ONLY_A, unzip={b"a.txt": b""}, bsdtar=ONLY_A)
def no_sizes_in_the_local_header_and_no_descriptor():
    return zip_of(but(A, local={"crc": 0, "packed": 0, "size": 0}))


@hostile("zip-mismatch")
def a_descriptor_that_only_the_local_header_knows():
    return zip_of(but(C, descriptor=True, central={"flags": 0}))


@hostile("zip-mismatch")
def a_descriptor_that_only_the_central_entry_knows():
    return zip_of(but(A, central={"flags": STREAMED}))


@hostile("zip-mismatch")
def another_crc_where_zero_may_stand():
    return zip_of(but(C, descriptor=True, local={"crc": 1}))


@hostile("zip-mismatch", python={b"a.txt": deflate(b"hello")}, unzip=FAILS,
         bsdtar=FAILS)
def packed_by_another_method():
    """Deflated for who reads from the front, stored for the others."""
    packed = deflate(b"hello")
    return zip_of(Member(b"a.txt", packed, local={"method": DEFLATE}))


# -- where the content is ------------------------------------------------------


@hostile("zip-gap", python=ONLY_A, unzip=ONLY_A, bsdtar=ONLY_A, pipe=AB)
def a_hidden_file_behind_the_last():
    return zip_of(A, but(B, hidden=True))


@hostile("zip-gap", python=ONLY_A, unzip=ONLY_A, bsdtar=ONLY_A, pipe=AB)
def a_hidden_file_before_the_first():
    return zip_of(but(B, hidden=True), A)


@hostile("zip-gap", python={**ONLY_A, **C_TOO},
         pipe={**AB, **C_TOO})
def a_hidden_file_between_two():
    return zip_of(A, but(B, hidden=True), C)


@hostile("zip-gap", python=AB, unzip=AB)
def a_byte_between_two():
    return zip_of(but(A, behind=b"\0"), B)


@hostile("zip-gap", python=ONLY_A, unzip=ONLY_A)
def a_byte_before_the_directory():
    return zip_of(A, gap=b"\0")


@hostile("zip-gap", python=AB, unzip=AB)
def a_descriptor_that_nobody_announced():
    return zip_of(but(A, behind=descriptor(zlib.crc32(b"hello"), 5, 5)), B)


@hostile("zip-order", python=AB, unzip=AB)
def entries_in_another_order():
    return zip_of(A, B, order=[1, 0])



@hostile("zip-order", python={**AB, **C_TOO})
def entries_in_another_order_but_for_the_first():
    return zip_of(A, B, C, order=[0, 2, 1])


@hostile("zip-overlap", python=FAILS, unzip=FAILS, bsdtar=ONLY_A,
         pipe={**AB, b"d.txt": b"hello"})
def two_entries_with_one_content():
    return zip_of(A, but(B, hidden=True), Member(
        b"d.txt", b"hello", central={"offset": 0}))


@hostile("zip-overlap", python=FAILS, unzip=FAILS,
         bsdtar={b"a.txt": B.local_part(), b"b.txt": b"world"})
def a_file_within_another():
    """The content of one is the local header and content of the next."""
    inner = B.local_part()
    outer = Member(b"a.txt", inner)
    at = len(outer.local_part()) - len(inner)
    body = outer.local_part()
    central = outer.central_part(0) + B.central_part(at)
    return body + central + end_of(2, len(central), len(body))



def quoted(count):
    """Each deflate stream quotes the local header of the next file in a stored
    block and goes on with its stream (Fifield 2019).  (bytes, files in it)"""
    content = bytes(1 << 16)
    stream = deflate(content)
    members = []
    for i in reversed(range(count)):
        member = Member(b"%02d" % i, content, method=DEFLATE, data=stream)
        head = member.local_part()[:30 + len(member.name)]
        members.insert(0, member)
        block = b"\0" + struct.pack("<HH", len(head), len(head) ^ 0xffff)
        stream, content = block + head + stream, head + content
    central, step = b"", len(head) + len(block)
    for i, member in enumerate(members):
        central += member.central_part(i * step)
    body = members[0].local_part()
    return (body + central + end_of(count, len(central), len(body)),
            {member.name: member.content for member in members})


BOMB, BOMB_FILES = quoted(20)


@hostile("zip-overlap", python=FAILS, unzip=FAILS, bsdtar=BOMB_FILES)
def a_bomb_of_overlapping_files():
    assert len(BOMB) < 2000 < 1 << 20 < sum(map(len, BOMB_FILES.values()))
    return BOMB


@hostile("zip-overlap", python=FAILS)
def content_that_runs_into_the_next_header():
    return zip_of(but(A, fields={"packed": 6, "size": 6}), B)


@hostile("zip-overlap", python=FAILS)
def content_that_runs_into_the_directory():
    return zip_of(but(A, fields={"packed": 50, "size": 50}))


@hostile("zip-gap", python=FAILS)
def content_that_ends_before_the_next_header():
    return zip_of(but(A, fields={"packed": 4, "size": 4}), B)


@hostile("zip-overlap", python=FAILS)
def content_of_four_gigabytes():
    return zip_of(but(A, fields={"packed": 0xfffffffe, "size": 0xfffffffe}))


@hostile("zip-overlap", python=FAILS)
def an_entry_in_the_directory():
    return zip_of(A, but(B, central={"offset": 1000}))


@hostile("zip-overlap")
def a_local_header_without_room():
    """The next one begins 29 bytes behind it."""
    return zip_of(A, but(B, central={"offset": 29}))


@hostile("zip-overlap")
def a_name_without_room():
    return zip_of(A, but(B, central={"offset": 34}))


@hostile("zip-local", python=FAILS)
def no_local_header():
    return CENTRAL + zip_of(A)[4:]


@hostile("zip-gap", python=ONLY_A, bsdtar=ONLY_A, pipe=AB)
def a_local_extra_field_that_hides_a_file():
    """Half of it behind the extra fields that the header counts."""
    return zip_of(but(A, behind=B.local_part()))


@hostile("zip-extra", python=ONLY_A, unzip=ONLY_A)
def a_file_in_a_local_extra_field():
    hidden = B.local_part()
    return zip_of(but(A, local_extra=extra(0x4b50, hidden), extra=b""))


# -- data descriptors ----------------------------------------------------------

SUMS = (zlib.crc32(C.content), len(C.packed()), len(C.content))


@hostile("zip-descriptor", python=C_TOO, pipe=FAILS)
def a_descriptor_that_is_missing():
    return zip_of(but(C, fields={"flags": STREAMED}))


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_a_descriptor_that_differs(refused, wrong):
    """CRC-32, packed size, size: zipfile and unzip do not look at it."""
    sums = [*SUMS]
    sums[wrong] += 1
    refused(zip_of(but(C, descriptor=descriptor(*sums))), "zip-descriptor",
            python=C_TOO, unzip=C_TOO)


@hostile("zip-descriptor", python=C_TOO)
def a_descriptor_with_another_signature():
    return zip_of(but(C, descriptor=descriptor(*SUMS, b"PK\7\7")))


@hostile("zip-descriptor", python=C_TOO)
def a_descriptor_of_zip64():
    long = DESCRIPTOR + struct.pack("<IQQ", *SUMS)
    return zip_of(but(C, descriptor=long))


@hostile("zip-descriptor", python=C_TOO)
def a_descriptor_and_a_byte():
    return zip_of(but(C, descriptor=descriptor(*SUMS) + b"\0"))


@hostile("zip-descriptor", python={**ONLY_A, **C_TOO},
         pipe={**AB, **C_TOO})
def a_hidden_file_behind_a_descriptor():
    return zip_of(A, but(C, descriptor=True, behind=B.local_part()))


def with_crc(crc, start):
    """Four bytes behind start that give this CRC-32."""
    zero = zlib.crc32(b"\0")
    table = [zlib.crc32(bytes([i])) ^ zero for i in range(256)]
    top = {entry >> 24: i for i, entry in enumerate(table)}
    state, wanted = zlib.crc32(start) ^ 0xffffffff, crc ^ 0xffffffff
    for _ in range(4):
        index = top[wanted >> 24]
        wanted = ((wanted ^ table[index]) << 8 | index) & 0xffffffff
    return start + struct.pack("<I", wanted ^ state)


@hostile("zip-descriptor")
def a_crc_that_is_the_signature_of_a_descriptor():
    """Without a signature nobody can tell where its sizes are."""
    content = with_crc(0x08074b50, b"text")
    assert zlib.crc32(content) == 0x08074b50
    member = Member(b"a.txt", content, method=DEFLATE)
    packed = member.packed()
    return zip_of(but(member, descriptor=descriptor(
        0x08074b50, len(packed), len(content), b"")))


def stored_and_streamed(content):
    return zip_of(Member(b"a.txt", content, method=STORED, descriptor=True))


@hostile("zip-descriptor", python={b"a.txt": b"hello"})
def stored_with_its_length_behind_it():
    return stored_and_streamed(b"hello")


@hostile("zip-descriptor", pipe={b"a.txt": b"sign me", b"b.txt": b"evil!"})
def stored_with_a_descriptor_in_it():
    """From the front it is two files."""
    text = b"sign me"
    return stored_and_streamed(
        text + descriptor(zlib.crc32(text), len(text), len(text)) +
        EVIL.local_part())


# -- all of them ---------------------------------------------------------------


@pytest.mark.parametrize("case", hostile)
def test_refused(refused, case):
    reason, make, seen = hostile[case]
    refused(make(), reason, **seen)

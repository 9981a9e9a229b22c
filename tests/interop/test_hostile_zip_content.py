# SPDX-License-Identifier: Apache-2.0
"""Hostile ZIP files whose headers are right and whose content is not."""

import zlib

import pytest
from zip_craft import (DEFLATE, EVIL, FAILS, ONLY_A, A, B, C, Cases, Member,
                       but, deflate, zip_of)

hostile = Cases()
HELLO = deflate(b"hello")


def packed(data, content=b"hello", **fields):
    """The headers are those of content, the packed bytes are data."""
    return zip_of(Member(b"a.txt", content, method=DEFLATE, data=data,
                         fields=fields))


@hostile("zip-crc", python=FAILS, unzip=FAILS)
def stored_with_another_crc():
    return zip_of(but(A, fields={"crc": 1}))


@hostile("zip-crc", python=FAILS, unzip=FAILS, pipe=FAILS)
def other_content_of_the_same_length():
    return zip_of(but(A, data=b"jello"))


@hostile("zip-crc", python=FAILS, unzip=FAILS)
def deflated_with_another_crc():
    return packed(HELLO, crc=0)


@hostile("zip-length", python=ONLY_A, unzip=FAILS)
def content_that_is_cut_where_its_crc_is_right():
    """Who stops at the size sees other bytes than who stops at the end."""
    return packed(deflate(b"hello world"))


@hostile("zip-length", python=FAILS, unzip=FAILS)
def less_content_than_is_said():
    return packed(deflate(b"hell"))


@hostile("zip-length")
def less_content_than_is_said_but_with_its_crc():
    return packed(HELLO, size=6)


@hostile("zip-trailing", python=ONLY_A, unzip=ONLY_A, bsdtar=FAILS)
def bytes_behind_the_deflate_stream():
    return packed(HELLO + b"\0")


@hostile("zip-trailing", python=ONLY_A, unzip=ONLY_A, bsdtar=FAILS)
def a_second_deflate_stream():
    return packed(HELLO + deflate(b"evil!"))


@hostile("zip-trailing", python=ONLY_A, unzip=ONLY_A, bsdtar=FAILS)
def a_hidden_file_behind_the_deflate_stream():
    return packed(HELLO + EVIL.local_part())


@hostile("zip-trailing")
def much_behind_the_deflate_stream():
    """More than is read at a time."""
    return packed(HELLO + bytes(200000))


@hostile("zip-deflate", python=FAILS, unzip=FAILS)
def a_deflate_stream_that_is_cut_off():
    return packed(HELLO[:-2])


@hostile("zip-deflate", python=ONLY_A, unzip=FAILS)
def a_deflate_stream_without_its_last_block():
    """All content is there, but nothing says that it ends."""
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packed(z.compress(b"hello") + z.flush(zlib.Z_SYNC_FLUSH))


@hostile("zip-deflate", python=FAILS, unzip=FAILS)
def stored_bytes_that_should_be_deflated():
    return packed(b"hello")


@hostile("zip-deflate", python=FAILS, unzip=FAILS)
def a_zlib_stream():
    """RFC 1950 instead of RFC 1951."""
    return packed(zlib.compress(b"hello"))


@hostile("zip-deflate", python=FAILS, unzip=FAILS)
def a_block_of_an_unknown_type():
    return packed(b"\7\0\0\0")


@hostile("zip-deflate", python=FAILS)
def a_stored_block_whose_lengths_differ():
    return packed(b"\1\5\0\0\0hello")


@hostile("zip-deflate", python=FAILS)
def a_distance_before_the_first_byte():
    return packed(bytes.fromhex("4b040e0000"))


@pytest.mark.parametrize("case", hostile)
def test_refused(refused, case):
    reason, make, seen = hostile[case]
    refused(make(), reason, **seen)


def test_a_bomb_is_stopped_where_it_passes_its_size(refused):
    """Inside are 100 MB; no byte more than was said is written."""
    data = zip_of(Member(b"a.txt", b"hello" * 1000, method=DEFLATE,
                         data=deflate(bytes(100 << 20)),
                         fields={"size": 200000}))
    reading = refused(data, "zip-length")
    assert len(reading.written[0]) <= 200000


def test_what_is_right_before_is_read(refused):
    """Only the bad one is not there."""
    reading = refused(zip_of(A, but(B, data=b"w0rld"), C), "zip-crc")
    assert reading.written[0] == b"hello"
    assert 2 not in reading.written


def test_which_one_is_said(refused):
    reading = refused(zip_of(A, but(B, data=b"w0rld")), "zip-crc")
    assert reading.text.startswith("entry 2 'b.txt', byte 40: its content has")

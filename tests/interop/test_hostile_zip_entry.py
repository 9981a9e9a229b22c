# SPDX-License-Identifier: Apache-2.0
"""Hostile ZIP files in whose headers all agrees, on what we do not take."""

import struct
import zlib

import pytest
from zip_craft import (C_TOO, DEFLATE, FAILS, FAT, ONLY_A, UTF8, A, B, C,
                       Cases, Member, but, extra, zip_of)

hostile = Cases()


# -- flags, methods, versions --------------------------------------------------


@pytest.mark.parametrize("flags", [
    0x0001,             # encrypted
    0x0041,             # strongly
    0x2001,             # its headers are masked
    0x2000])
def test_encrypted(refused, flags):
    refused(zip_of(but(A, fields={"flags": flags})), "zip-encrypted")


@hostile("zip-encrypted", python=ONLY_A, unzip=ONLY_A)
def aes_that_only_an_extra_field_tells():
    return zip_of(but(A, extra=extra(0x9901, b"\2\0AE\3\0\0")))


@hostile("zip-encrypted", python=ONLY_A, unzip=ONLY_A)
def a_header_of_strong_encryption():
    return zip_of(but(A, extra=extra(0x0017, bytes(8))))


@pytest.mark.parametrize("bit", [4, 5, 7, 8, 9, 10, 12, 14, 15])
def test_a_flag_that_is_not_read(refused, bit):
    """4 enhanced deflating, 5 patched data, 12 enhanced compression, ..."""
    refused(zip_of(but(A, fields={"flags": 1 << bit})), "zip-flags")


@pytest.mark.parametrize("method", [
    1, 6, 9, 12, 14, 93, 95, 97, 98, 99, 0xffff, 0x0108])
def test_a_method_that_is_not_read(refused, method):
    """Shrink, implode, deflate64, bzip2, LZMA, zstd, xz, WavPack, PPMd, AES."""
    refused(zip_of(but(A, fields={"method": method})), "zip-method")


@pytest.mark.parametrize("version", [21, 45, 46, 51, 63, 255, 0x0314])
def test_a_version_that_is_not_needed(refused, version):
    refused(zip_of(but(A, fields={"version": version})), "zip-version")


# -- sizes ---------------------------------------------------------------------


@hostile("zip-size", python=FAILS, unzip=ONLY_A, bsdtar=FAILS)
def stored_with_two_sizes():
    return zip_of(but(A, fields={"size": 4}))


@hostile("zip-size", python={b"a.txt": b""})
def deflated_to_nothing():
    return zip_of(Member(b"a.txt", b"", method=DEFLATE, data=b""))


@hostile("zip-ratio")
def a_file_of_zeros():
    """1000 to 1: an honest deflate stream."""
    return zip_of(Member(b"a.txt", bytes(2 << 20), method=DEFLATE))


@hostile("zip-ratio")
def three_files_of_zeros():
    """None of them has more than 1 MiB, together they do."""
    zeros = Member(b"a", bytes(1 << 20), method=DEFLATE)
    return zip_of(zeros, but(zeros, name=b"b"), but(zeros, name=b"c"))


@hostile("zip-ratio", python=C_TOO, unzip=C_TOO, bsdtar=FAILS)
def content_of_one_gigabyte_that_is_not_there():
    return zip_of(but(C, fields={"size": 1 << 30}))


@hostile("zip-limit", python={b"%d" % i: b"" for i in range(10001)})
def ten_thousand_files_and_one():
    return zip_of(*(Member(b"%d" % i, b"") for i in range(10001)))


# -- extra fields and comments -------------------------------------------------


def other_name(name, real=b"a.txt"):
    """Info-ZIP Unicode Path, APPNOTE 4.6.9."""
    return extra(0x7075, b"\1" + struct.pack("<I", zlib.crc32(real)) + name)


@hostile("zip-extra", python=ONLY_A, unzip={b"evil": b"hello"},
         bsdtar={b"evil": b"hello"})
def another_name_in_an_extra_field():
    return zip_of(but(A, extra=other_name(b"evil")))


@hostile("zip-extra", python=ONLY_A, pipe={b"evil": b"hello"})
def another_name_in_an_extra_field_of_the_local_header():
    return zip_of(but(A, local_extra=other_name(b"evil")))


@hostile("zip-extra", python=ONLY_A, unzip=ONLY_A)
def an_extra_field_that_nobody_knows():
    return zip_of(but(A, extra=extra(0x1234, b"anything")))


@hostile("zip-extra", python=ONLY_A)
def extra_fields_of_another_system():
    """OS/2, VMS, Acorn, z/OS, ...: some change what is written."""
    return zip_of(but(A, extra=extra(0x4341, bytes(20))))


@hostile("zip-extra")
def an_extra_field_that_is_cut_off():
    return zip_of(but(A, extra=extra(0x5455, b"\1" + bytes(4))[:-1]))


@hostile("zip-extra", python=ONLY_A, unzip=ONLY_A)
def bytes_behind_the_extra_fields():
    return zip_of(but(A, extra=extra(0x5455, b"\1" + bytes(4)) + b"PK\3"))


@hostile("zip-extra", python=ONLY_A, unzip=ONLY_A)
def the_same_extra_field_twice():
    return zip_of(but(A, extra=extra(0x5455, b"\1" + bytes(4)) +
                      extra(0x5455, b"\1" + bytes(4))))


@hostile("zip-extra", python=ONLY_A, unzip=ONLY_A)
def an_extra_field_longer_than_it_can_be():
    return zip_of(but(A, extra=extra(0x5455, b"\1" + bytes(40))))


@hostile("zip-extra", python=ONLY_A, unzip=ONLY_A)
def local_extra_fields_without_end():
    return zip_of(but(A, local_extra=extra(0x4141, bytes(65531))))


@hostile("zip-comment", python=ONLY_A, unzip=ONLY_A)
def a_comment_of_an_entry():
    return zip_of(but(A, comment=b"approved"))


# -- no regular file -----------------------------------------------------------


@hostile("zip-mode", unzip={b"a.txt": b"-> /etc/passwd"},
         bsdtar={b"a.txt": b"-> /etc/passwd"})
def a_symbolic_link():
    return zip_of(Member(b"a.txt", b"/etc/passwd",
                         central={"external": 0o120777 << 16}))


@hostile("zip-mode", python={b"a.txt": b"/etc/passwd"})
def a_symbolic_link_as_7z_on_windows_writes_it():
    """Made by FAT, but with a mode: 0x8000 says that there is one."""
    return zip_of(Member(b"a.txt", b"/etc/passwd", central={
        "made_by": FAT, "external": 0o120777 << 16 | 0x8000}))


@pytest.mark.parametrize("external", [
    0o040755 << 16,     # a folder
    0o020666 << 16,     # a device of characters
    0o060666 << 16,     # a device of blocks
    0o010644 << 16,     # a named pipe
    0o140755 << 16,     # a socket
    0o170644 << 16,     # all bits
    0o100644 << 16 | 0x10,      # a folder to DOS
    0x08,               # a volume label
    0x40,               # a device to DOS
    0x400])             # a reparse point: Windows' symbolic link
def test_no_regular_file(refused, external):
    refused(zip_of(but(A, central={"external": external})), "zip-mode")


@pytest.mark.parametrize("system", [1, 2, 4, 7, 12, 16, 20, 255])
def test_a_system_whose_attributes_are_not_known(refused, system):
    """Amiga, VMS, VM/CMS, Macintosh, Acorn or MVS, BeOS, ..."""
    refused(zip_of(but(A, central={"made_by": system << 8 | 20})), "zip-mode")


@hostile("zip-mode", python=ONLY_A)
def internal_attributes():
    """Bit 1: a length stands before each record."""
    return zip_of(but(A, central={"internal": 2}))


@hostile("zip-name", unzip={b"a.txt": b"hello"})
def a_folder():
    return zip_of(A, Member(b"docs/", b""))


# -- names ---------------------------------------------------------------------


@pytest.mark.parametrize("name", [
    "", ".", "..", "/etc/passwd", "../../etc/passwd", "docs/a.txt", "docs//a",
    "a.txt/", "/", "..\\a.txt", "docs\\a.txt", "\\\\server\\share", "C:\\a",
    "C:a.txt", "a.txt:stream", "a.txt::$DATA", "a*.txt", "a?.txt", "a|b",
    "<a>", 'a"b', "-rf", "--output=x", "-", ".bashrc", ".hidden.pdf",
    "...", "a.txt.", "a.txt ", "con", "CON.txt", "Nul", "aux.tar.gz", "prn",
    "COM1", "com9.pdf", "LPT1.txt", "NUL .txt", "CONIN$", "conout$.txt",
    "COM\u00b9", "lpt\u00b2.txt", "a\nb", "a\rb", "a\tb", "\x1b[2Ja",
    "a\x7f", "a\u0085b", "a\u202efdp.exe", "a\u200bb", "\ufeffa", "a\u2028b",
    "a\0.txt", "a.txt\0", "x" * 256, ";", "a.txt;",
    "a.txt;1", "a;12;345"])
def test_a_name_that_is_not_one_safe_file_name(refused, name):
    """Each is told with what is wrong, none is mended."""
    reading = refused(zip_of(Member(
        name.encode(), b"x", fields={"flags": UTF8})), "zip-name")
    assert all(char.isprintable() for char in reading.text), reading


@pytest.mark.parametrize("name", [
    b"\xff", b"a\x80", b"\xc0\xaf", b"\xc3", b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80", b"\xe2\x82"])
@pytest.mark.parametrize("flags", [0, UTF8])
def test_a_name_that_is_not_utf8(refused, name, flags):
    refused(zip_of(Member(name, b"x", fields={"flags": flags})), "zip-name")


@hostile("zip-name", python={"├£.txt".encode(): b"x"},
         bsdtar={"Ü.txt".encode(): b"x"})
def utf8_that_is_not_marked():
    """Python takes it for the code page of DOS."""
    return zip_of(Member("Ü.txt".encode(), b"x"))


@hostile("zip-name", python={"Ü.txt".encode(): b"x"},
         unzip={b"+\xa3.txt": b"x"}, bsdtar={"Ü.txt".encode(): b"x"})
def utf8_that_is_marked_and_made_on_dos():
    """unzip takes it for the code page of DOS."""
    return zip_of(Member("Ü.txt".encode(), b"x", fields={"flags": UTF8},
                         central={"made_by": FAT}))


@hostile("zip-name", python={b"a.txt": b"hello", b"a.txt;1": b"world"},
         unzip={b"a.txt": b"world"})
def a_version_of_vms():
    """unzip drops it, and one file replaces the other."""
    return zip_of(A, but(B, name=b"a.txt;1"))


@hostile("zip-name", unzip={b"a.txt": b"x"}, python={b"a.txt": b"x"})
def a_nul_in_a_name():
    """Shorter for who stops there: a.txt instead of a.txt\\0.exe."""
    return zip_of(Member(b"a.txt\0.exe", b"x"))


@hostile("zip-duplicate", unzip={b"a.txt": b"world"})
def two_files_with_one_name():
    return zip_of(A, but(B, name=b"a.txt"))


@hostile("zip-duplicate", unzip={b"a.txt": b"hello", b"A.TXT": b"world"})
def two_names_that_differ_in_case():
    """One file on Windows and macOS."""
    return zip_of(A, but(B, name=b"A.TXT"))


@hostile("zip-duplicate")
def the_first_and_the_last_of_many_names_are_one():
    many = [Member(b"%d" % i, b"") for i in range(2000)]
    return zip_of(A, *many, but(A, name=b"A.txt"))


# -- all of them ---------------------------------------------------------------


@pytest.mark.parametrize("case", hostile)
def test_refused(refused, case):
    reason, make, seen = hostile[case]
    refused(make(), reason, **seen)


def test_what_is_wrong_is_said_where(refused):
    """The number of the entry, its name, its offset, and how to mend it."""
    data = zip_of(A, B, Member(b"docs\\c.pdf", b"x"))
    reading = refused(data, "zip-name")
    assert reading.text == ("entry 3 'docs\\\\c.pdf', byte 80: its name names "
                            "a file in a folder")
    assert "zip -j" in reading.hint

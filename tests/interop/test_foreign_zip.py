# SPDX-License-Identifier: Apache-2.0
"""ZIP files of other programs are read, and as those programs read them."""

import os
import random
import shutil
import subprocess
import zipfile
import zlib

import pytest
from zip_craft import (DEFLATE, UTF8, A, B, C, Member, but, by_bsdtar,
                       by_pipe, by_python, by_unzip, deflate, descriptor,
                       extra, zip_of)

FILES = {
    "a.txt": b"hello",
    "empty": b"",
    "long.txt": b"".join(b"%d\n" % i for i in range(40000)),
    "random.bin": random.Random(1).randbytes(150000),
    "two words (copy).pdf": b"%PDF",
}
MORE = {"\u00dcbersicht \u4e2d\u6587.pdf": b"x" * 100, "\u00b5": b"\xff"}


@pytest.fixture
def folder(tmp_path):
    """folder(files) -> a folder with them."""
    def make(files):
        path = tmp_path / "in"
        path.mkdir()
        for name, content in files.items():
            (path / name).write_bytes(content)
        return path
    return make


class Unseekable:
    """What zipfile takes for a pipe."""

    def __init__(self, file):
        self.file = file

    def write(self, data):
        return self.file.write(data)

    def flush(self):
        self.file.flush()


def python(method, pipe):
    def make(path, files):
        with open(path, "wb") as out:
            to = Unseekable(out) if pipe else out
            with zipfile.ZipFile(to, "w", method) as made:
                for name in sorted(files):
                    made.write(path.parent / "in" / name, name)
    return make


def program(command, name=None):
    """A shell command in the folder of the files; $1 is the ZIP file."""
    def make(path, files):
        needed = name or command.split()[0]
        if not shutil.which(needed):
            pytest.skip(f"no {needed}")
        subprocess.run(["sh", "-ec", command, "sh", path, *sorted(files)],
                       cwd=path.parent / "in", check=True, timeout=600,
                       env={**os.environ, "LC_ALL": "C.UTF-8"},
                       capture_output=True)
    return make


PIPE = "f=$1; shift; "
WRITERS = {
    "zipfile": python(zipfile.ZIP_DEFLATED, False),
    "zipfile-stored": python(zipfile.ZIP_STORED, False),
    "zipfile-pipe": python(zipfile.ZIP_DEFLATED, True),
    "7z": program('7z a -bd -tzip "$@"'),
    "7z-stored": program('7z a -bd -tzip -mx0 "$@"'),
    "7z-best": program('7z a -bd -tzip -mx9 "$@"'),
    "bsdtar": program('bsdtar -a -cf "$@"'),
    "bsdtar-stored": program('bsdtar --options zip:compression=store -a '
                             '-cf "$@"'),
}
# Names that are not ASCII are not read alike: zip does not mark them as UTF-8,
# and jar says that it ran on DOS.
ASCII_WRITERS = {
    # of a tree; of a commit it writes a comment
    "git": program(PIPE + 'git init -q; git add "$@"; git archive --format=zip '
                   '-o "$f" $(git write-tree)', "git"),
    "jar": program('jar cMf "$@"'),
    "jar-stored": program('jar cM0f "$@"'),
    "zip": program('zip -q "$@"'),
    "zip-stored": program('zip -q -0 "$@"'),
    "zip-best": program('zip -q -9 "$@"'),
    "zip-without-extra": program('zip -q -X "$@"'),
    "zip-pipe": program(PIPE + 'zip -q - "$@" | cat >"$f"', "zip"),
    "zip-pipe-stored": program(PIPE + 'zip -q -0 - "$@" | cat >"$f"', "zip"),
}


def agree(unpack, data, tmp_path, files):
    """We read these files, from a file and from a pipe, and so do others."""
    want = {name.encode(): content for name, content in files.items()}
    for pipe in (False, True):
        reading = unpack(data, pipe)
        assert reading.code == 0, reading
        assert reading.files == want
    for view in (by_python, by_unzip, by_bsdtar, by_pipe):
        assert view(data, tmp_path / view.__name__) == want, view


@pytest.mark.parametrize("writer", WRITERS)
def test_what_others_write(unpack, folder, tmp_path, writer):
    files = FILES | MORE
    folder(files)
    path = tmp_path / "a.zip"
    WRITERS[writer](path, files)
    agree(unpack, path.read_bytes(), tmp_path, files)


@pytest.mark.parametrize("writer", ASCII_WRITERS)
def test_what_others_write_with_ascii_names(unpack, folder, tmp_path, writer):
    folder(FILES)
    path = tmp_path / "a.zip"
    ASCII_WRITERS[writer](path, FILES)
    agree(unpack, path.read_bytes(), tmp_path, FILES)


@pytest.mark.parametrize("writer", ["zip", "jar"])
def test_names_that_are_not_read_alike(refused, folder, tmp_path, writer):
    """unzip and Python see two names, so neither is taken."""
    folder(MORE)
    path = tmp_path / "a.zip"
    ASCII_WRITERS[writer](path, MORE)
    data = path.read_bytes()
    reading = refused(data, "zip-name")
    assert "7z" in reading.hint
    assert by_python(data, None) != by_unzip(data, tmp_path / "unzip")


def test_a_pipe_of_bsdtar_is_padded(refused, folder, tmp_path):
    """Zeros up to 10 KiB: something behind the end."""
    folder(FILES)
    path = tmp_path / "a.zip"
    program(PIPE + 'bsdtar -c --format zip -f - "$@" | cat >"$f"',
            "bsdtar")(path, FILES)
    refused(path.read_bytes(), "zip-end")


def test_a_pipe_of_zipfile_that_stores(refused, folder, tmp_path):
    """Stored, and the length only behind it."""
    folder(FILES)
    path = tmp_path / "a.zip"
    python(zipfile.ZIP_STORED, True)(path, FILES)
    refused(path.read_bytes(), "zip-descriptor")


# -- one by one ----------------------------------------------------------------

TIMES = extra(0x5455, b"\1" + bytes(4))
RIGHT = {
    "no entry": [],
    "one": [A],
    "no content": [but(A, content=b"")],
    "no content, deflated": [but(A, content=b"", method=DEFLATE)],
    "a descriptor without a signature": [but(C, descriptor=descriptor(
        zlib.crc32(C.content), len(C.packed()), len(C.content), b""))],
    "a descriptor, and its values before": [but(
        C, descriptor=True, local={"crc": zlib.crc32(C.content), "packed":
                                   len(C.packed()), "size": len(C.content)})],
    "stored with a descriptor and its length before": [but(
        A, descriptor=True, local={"packed": 5, "size": 5})],
    "empty with a descriptor": [but(A, content=b"", descriptor=True)],
    "marked as UTF-8": [but(A, fields={"flags": UTF8})],
    "a level of compression": [but(C, fields={"flags": 6})],
    "a mode without a type": [but(A, central={"external": 0o600 << 16})],
    "a program": [but(A, central={"external": 0o104755 << 16})],
    "attributes of DOS": [but(A, central={"made_by": 20, "external": 0x27})],
    "text": [but(A, central={"internal": 1})],
    "times": [but(A, extra=TIMES), but(
        B, extra=TIMES, local_extra=extra(0x5455, b"\3" + bytes(8)))],
    "owners": [but(A, extra=extra(0x7875, b"\1\4" + bytes(4) + b"\4" +
                                  bytes(4)))],
    "times of NTFS, in one header": [but(
        A, local_extra=b"", extra=extra(0x000a, bytes(4) + b"\1\0\x18\0" +
                                        bytes(24)))],
    "a ZIP file in it": [Member(b"b.zip", zip_of(A, B)), A],
    "a ZIP file at its end": [A, Member(b"b.zip", zip_of(A, B))],
    "a deflated ZIP file": [Member(b"b.zip", zip_of(A, B), method=DEFLATE)],
    "content like headers": [Member(b"x", A.local_part() + A.central_part(0))],
    "a level of 1 MiB": [Member(b"x", bytes(1 << 20), method=DEFLATE)],
    "names": [Member(name.encode(), b"x", fields={"flags": UTF8}) for name in (
        "x" * 255, "a b", "\u00e9", "\U0001f600", "_", "~a", "a-", "console",
        "com10", "com", "a.con", "com\u2074", "#1", "a&b", "a'b", "a%b",
        "$HOME", "a;b", "a;1b", "\u00e4", "\u00c4")],
}


@pytest.mark.parametrize("case", RIGHT)
def test_right(unpack, tmp_path, case):
    members = RIGHT[case]
    data = zip_of(*members)
    want = {member.name: member.content for member in members}
    for pipe in (False, True):
        reading = unpack(data, pipe)
        assert reading.code == 0, reading
        assert reading.files == want
    if members:                 # unzip says that there is nothing
        assert by_python(data, None) == want
        assert by_unzip(data, tmp_path / "unzip") == want


def test_the_ratio(unpack):
    """200 to 1 is the limit, where there is more than 1 MiB."""
    empty_block = b"\0\0\0\xff\xff"
    for packed in range(5300, 5400):
        stream = deflate(bytes(200 * packed))
        blocks, rest = divmod(packed - len(stream), len(empty_block))
        if rest == 0:
            break
    limit = Member(b"x", bytes(200 * packed), method=DEFLATE,
                   data=empty_block * blocks + stream)
    assert unpack(zip_of(limit)).files == {b"x": limit.content}
    over = but(limit, fields={"size": 200 * packed + 1})
    assert unpack(zip_of(over)).reason == "zip-ratio"


def test_ten_thousand_files(unpack):
    members = [Member(b"%d.txt" % i, b"%d" % i) for i in range(10000)]
    reading = unpack(zip_of(*members), False)
    assert reading.code == 0
    assert reading.files == {m.name: m.content for m in members}

# SPDX-License-Identifier: Apache-2.0
"""ZIP files field by field, right and wrong; and what programs see in them.

    zip_of(Member(b"a.txt", b"hello"), Member(b"b", b"x", local={"crc": 7}))

Offsets and field names are those of APPNOTE.TXT 6.3.10, section 4.3.
"""

import dataclasses
import io
import os
import shutil
import struct
import subprocess
import zipfile
import zlib

LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
DESCRIPTOR, LOCATOR, END64 = b"PK\7\x08", b"PK\6\7", b"PK\6\6"
UTF8, STREAMED = 0x0800, 0x0008     # flags
UNIX, FAT = 0x031e, 0x0014          # made by
STORED, DEFLATE = 0, 8
FILE_MODE = 0o100644 << 16

COMMON = ("version", "flags", "method", "time", "date", "crc", "packed",
          "size", "name_len", "extra_len")
COMMON_FORM = "<HHHHHIIIHH"


def deflate(data, level=9):
    z = zlib.compressobj(level, zlib.DEFLATED, -15)
    return z.compress(data) + z.flush()


def extra(number, data=b""):
    """One extra field."""
    return struct.pack("<HH", number, len(data)) + data


def descriptor(crc, packed, size, signature=DESCRIPTOR):
    return signature + struct.pack("<III", crc, packed, size)


@dataclasses.dataclass
class Member:
    """One file.  What is not given follows from the content.

    fields: of both headers, by the names of COMMON; local, central: of one.
    Of the central entry alone: made_by, disk, internal, external, offset.
    """
    name: bytes = b"a.txt"
    content: bytes = b"hello"
    method: int = STORED
    fields: dict = dataclasses.field(default_factory=dict)
    local: dict = dataclasses.field(default_factory=dict)
    central: dict = dataclasses.field(default_factory=dict)
    data: bytes = None              # the packed bytes
    extra: bytes = b""              # of both headers
    local_extra: bytes = None
    comment: bytes = b""
    descriptor: bytes = b""         # True: the right one
    before: bytes = b""             # in front of the local header
    behind: bytes = b""             # what follows, and belongs to nothing
    hidden: bool = False            # has no central entry

    def packed(self):
        if self.data is not None:
            return self.data
        return self.content if self.method == STORED else deflate(self.content)

    def common(self, over, more):
        name, added = over.pop("name", self.name), more
        values = {
            "version": 10 if self.method == STORED else 20,
            "flags": STREAMED if self.descriptor else 0,
            "method": self.method, "time": 0, "date": 0x0021,
            "crc": zlib.crc32(self.content), "packed": len(self.packed()),
            "size": len(self.content), "name_len": len(name),
            "extra_len": len(added)} | over
        return struct.pack(COMMON_FORM, *(values[key] for key in COMMON)), name

    def local_part(self):
        added = self.extra if self.local_extra is None else self.local_extra
        over = self.fields | self.local
        if self.descriptor:
            over = {"crc": 0, "packed": 0, "size": 0} | over
        head, name = self.common(over, added)
        tail = self.descriptor
        if tail is True:
            tail = descriptor(zlib.crc32(self.content), len(self.packed()),
                              len(self.content))
        return (LOCAL + head + name + added + self.packed() + (tail or b"") +
                self.behind)

    def central_part(self, offset):
        over = {"made_by": UNIX, "disk": 0, "internal": 0,
                "external": FILE_MODE, "offset": offset} | self.fields | \
            self.central
        alone = {key: over.pop(key) for key in (
            "made_by", "disk", "internal", "external", "offset")}
        added = over.pop("extra", self.extra)
        comment_len = over.pop("comment_len", len(self.comment))
        head, name = self.common(over, added)
        return (CENTRAL + struct.pack("<H", alone["made_by"]) + head +
                struct.pack("<HHHII", comment_len, alone["disk"],
                            alone["internal"], alone["external"],
                            alone["offset"]) + name + added + self.comment)


def end_of(count, size, offset, /, **over):
    """The end record; over: disk, central_disk, here, count, size, ..."""
    value = {"disk": 0, "central_disk": 0, "here": count, "count": count,
             "size": size, "offset": offset, "comment": b""} | over
    return END + struct.pack(
        "<HHHHIIH", value["disk"], value["central_disk"], value["here"],
        value["count"], value["size"], value["offset"],
        value.get("comment_len", len(value["comment"]))) + value["comment"]


def zip_of(*members, order=None, gap=b"", between=b"", **end):
    """A file of these members; gap: before the central directory, between:
    behind it; order: of the central entries; end: of end_of()."""
    body, parts = b"", []
    for member in members:
        body += member.before
        if not member.hidden:
            parts.append(member.central_part(len(body)))
        body += member.local_part()
    body += gap
    if order:
        parts = [parts[i] for i in order]
    central = b"".join(parts)
    return body + central + between + end_of(
        len(parts), len(central), len(body), **end)


A = Member(b"a.txt", b"hello")
B = Member(b"b.txt", b"world")
C = Member(b"c.txt", b"again " * 50, method=DEFLATE)
C_TOO = {b"c.txt": C.content}


def but(member, **changes):
    return dataclasses.replace(member, **changes)


class Cases(dict):
    """Cases by their names, each (reason, maker, what others see).

        hostile = Cases()

        @hostile("zip-gap", python=ONLY_A, pipe=AB)
        def a_hidden_file(): ...
    """

    def __call__(self, reason, **seen):
        def add(make):
            self[make.__name__] = (reason, make, seen)
            return make
        return add


ONLY_A = {b"a.txt": b"hello"}
AB = {b"a.txt": b"hello", b"b.txt": b"world"}
EVIL = Member(b"b.txt", b"evil!")

# -- what other programs see ---------------------------------------------------

FAILS = "fails"


def by_python(data, _folder):
    """{name: content} of zipfile."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            return {info.filename.encode("utf-8", "surrogateescape"):
                    file.read(info) for info in file.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError,
            ValueError, zlib.error, UnicodeError, struct.error, OSError):
        return FAILS


def unpacked(folder):
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder)).encode("utf-8", "surrogateescape")
        if path.is_symlink():
            found[name] = b"-> " + str(path.readlink()).encode()
        elif path.is_file():
            path.chmod(0o600)   # the mode is a neutral field, too
            found[name] = path.read_bytes()
    return found


def run_in(folder, command, data=b""):
    into = folder / "into"
    into.mkdir(parents=True)
    done = subprocess.run(command, cwd=into, input=data, timeout=600,
                          capture_output=True, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    return FAILS if done.returncode not in (0, 1) else unpacked(into)


def by_unzip(data, folder):
    """Of Info-ZIP; a warning (exit status 1) is no failure."""
    folder.mkdir()
    (folder / "a.zip").write_bytes(data)
    return run_in(folder, ["unzip", "-qq", "-o", "../a.zip"])


def by_bsdtar(data, folder):
    """Of libarchive, from a file: it looks for the central directory."""
    folder.mkdir()
    (folder / "a.zip").write_bytes(data)
    return run_in(folder, ["sh", "-c", "bsdtar -xf ../a.zip || exit 9"])


def by_pipe(data, folder):
    """Of libarchive, from a pipe: it reads from the front."""
    folder.mkdir()
    return run_in(folder, ["sh", "-c", "cat | bsdtar -xf - || exit 9"], data)


VIEWS = {"python": by_python, "unzip": by_unzip, "bsdtar": by_bsdtar,
         "pipe": by_pipe}
PROGRAMS = {"python": "sh", "unzip": "unzip", "bsdtar": "bsdtar",
            "pipe": "bsdtar"}


def seen_by(view, data, folder):
    """{name: content} that a program finds, or FAILS; None: not installed."""
    if not shutil.which(PROGRAMS[view]):
        return None
    return VIEWS[view](data, folder / view)


# -- our reader ----------------------------------------------------------------


@dataclasses.dataclass
class Reading:
    """What read_zip says: {name: content}, or why not."""
    code: int
    files: dict
    reason: str
    text: str
    hint: str
    written: dict       # index -> content, also of a refused file


def read_zip(program, data, folder, pipe=False, environment=None):
    """Run tests/interop/read_zip.c on these bytes."""
    folder.mkdir()
    out = folder / "out"
    out.mkdir()
    (folder / "a.zip").write_bytes(data)
    done = subprocess.run(
        [program, "-" if pipe else folder / "a.zip", out], timeout=600,
        input=data if pipe else b"", capture_output=True, check=False,
        env=environment)
    lines = done.stderr.decode().split("\n") + ["", "", ""]
    assert done.returncode in (0, 3), done
    written = {int(path.name): path.read_bytes() for path in out.iterdir()}
    names = [bytes.fromhex(row.split()[4])
             for row in done.stdout.decode().splitlines()]
    files = {name: written.get(i) for i, name in enumerate(names)}
    return Reading(done.returncode, files if done.returncode == 0 else {},
                   lines[0], lines[1], lines[2], written)

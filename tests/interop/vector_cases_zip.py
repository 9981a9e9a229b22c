# SPDX-License-Identifier: Apache-2.0
"""Vectors of files whose framing is not the only legal one.

All documents, digests and signatures in them are right, so a reader that
believes ZIP framing accepts what was never written.
"""

import struct
import zlib

from reference import central_entry, end_record, local_header, write_zip
from reference_write import cms_sign
from vector_cases import Case, rsa_pss, sealed, signed, two_signers, unsigned

CASES = []


def bad(name, comment, build, reason="framing"):
    CASES.append(Case(name, comment, 3, reason, build, hidden=True))


def bytes_of(name, comment, edit, make=signed, reason="framing"):
    """edit(the whole file)"""
    def build(shop):
        box = make(shop)
        return box, edit(box.build())
    bad(name, comment, build, reason)


def members(name, comment, edit, make=signed, reason="framing"):
    """edit([(name, content)]), framed as it must be"""
    def build(shop):
        box = make(shop)
        return box, write_zip(edit(box.build_members()))
    bad(name, comment, build, reason)


def frame(name, comment, edit, make=signed):
    """edit(parts) of the framing, see Parts"""
    def build(shop):
        box = make(shop)
        parts = Parts(box.build_members())
        edit(parts)
        return box, parts.join()
    bad(name, comment, build)


class Parts:
    """A ZIP as lists of bytes: locals, contents, descriptors, centrals."""

    def __init__(self, content):
        at = 0
        self.locals, self.contents, self.centrals = [], [], []
        for name, data in content:
            raw, crc = name.encode(), zlib.crc32(data)
            self.locals.append(local_header(raw, len(data), crc))
            self.contents.append(data)
            self.centrals.append(central_entry(raw, len(data), crc, at))
            at += len(self.locals[-1]) + len(data)
        self.after = [b""] * len(content)  # behind each content
        self.end = end_record(len(content), at, len(b"".join(self.centrals)))
        self.front = self.between = b""

    def join(self):
        body = b"".join(a + b + c for a, b, c in
                        zip(self.locals, self.contents, self.after))
        return (self.front + body + self.between + b"".join(self.centrals)
                + self.end)


def poke(data, at, form, value):
    """data with a field of another value."""
    size = struct.calcsize("<" + form)
    return data[:at] + struct.pack("<" + form, value) + data[at + size:]


def both(local, central, form, value):
    """The same field of the last member, in both its headers."""
    def edit(parts):
        parts.locals[-1] = poke(parts.locals[-1], local, form, value)
        parts.centrals[-1] = poke(parts.centrals[-1], central, form, value)
    return edit


def central(at, form, value):
    def edit(parts):
        parts.centrals[-1] = poke(parts.centrals[-1], at, form, value)
    return edit


def end(at, form, value):
    def edit(parts):
        parts.end = poke(parts.end, at, form, value)
    return edit


def sets(**fields):
    def edit(parts):
        for key, value in fields.items():
            setattr(parts, key, value)
    return edit


frame("zip-front", "bytes in front", sets(front=b"\0"))
frame("zip-self-extracting", "a program in front", sets(front=b"#!/bin/sh\n"))
frame("zip-between", "bytes in front of the central directory",
      sets(between=b"\0"))
frame("zip-version", "version needed 20", both(4, 6, "H", 20))
frame("zip-flag-utf8", "flag bit 11", both(6, 8, "H", 1 << 11))
frame("zip-flag-descriptor", "flag bit 3", both(6, 8, "H", 1 << 3))
frame("zip-method", "deflated, it says", both(8, 10, "H", 8))
frame("zip-time", "a time", both(10, 12, "H", 1))
frame("zip-date", "a date", both(12, 14, "H", 0x22))
frame("zip-made-by", "made on MS-DOS", central(4, "H", 0x0014))
frame("zip-symlink", "the mode of a symbolic link",
      central(38, "I", 0xA1FF0000))
frame("zip-executable", "an executable's mode", central(38, "I", 0x81ED0000))
frame("zip-internal", "internal attributes: text", central(36, "H", 1))
frame("zip-disk", "on another disk", central(34, "H", 1))
frame("zip-offset", "an offset that points elsewhere", central(42, "I", 0))
frame("zip-central-crc", "another CRC-32 in the central directory",
      central(16, "I", 0))
frame("zip-central-size", "another size in the central directory",
      central(24, "I", 1))
frame("zip-central-name", "another name in the central directory",
      lambda p: p.centrals.append(p.centrals.pop().replace(b"hello", b"hallo"))
      )
frame("zip-central-order", "central entries in another order",
      lambda p: p.centrals.reverse())
frame("zip-central-less", "a member that the directory does not have",
      lambda p: p.centrals.pop())
frame("zip-central-more", "an entry more than there are members",
      lambda p: p.centrals.append(p.centrals[-1]))
frame("zip-entry-comment", "a comment of an entry", lambda p: (
    p.centrals.append(poke(p.centrals.pop(), 32, "H", 1) + b"c")))
frame("zip-end-count", "another count of members", end(10, "H", 1))
frame("zip-end-offset", "another offset of the directory", end(16, "I", 0))
frame("zip-end-comment", "a comment at the end", lambda p: setattr(
    p, "end", poke(p.end, 20, "H", 1) + b"c"))
frame("zip-two-ends", "the end twice",
      lambda p: setattr(p, "end", p.end + p.end))
frame("zip-descriptor", "a data descriptor behind the content",
      lambda p: p.after.__setitem__(-1, b"PK\7\10" + bytes(12)))
frame("zip-gap", "bytes between two members",
      lambda p: p.after.__setitem__(0, b"\0"))


def extra(parts):
    """An extra field of no use (0xCAFE, empty) in the last member."""
    field = struct.pack("<HH", 0xCAFE, 0)
    parts.locals[-1] = poke(parts.locals[-1], 28, "H", 4) + field
    parts.centrals[-1] = poke(parts.centrals[-1], 30, "H", 4) + field


def zip64(parts):
    """zip64 sizes although the member is small."""
    size = len(parts.contents[-1])
    field = struct.pack("<HHQQ", 1, 16, size, size)
    head = poke(parts.locals[-1], 28, "H", 20) + field
    for at in (18, 22):
        head = poke(head, at, "I", 0xFFFFFFFF)
    parts.locals[-1] = poke(head, 4, "H", 45)


def crc(parts):
    parts.locals[-1] = poke(parts.locals[-1], 14, "I", 0)
    parts.centrals[-1] = poke(parts.centrals[-1], 16, "I", 0)


frame("zip-extra", "an extra field", extra)
frame("zip-zip64", "zip64 where it is not needed", zip64)
frame("zip-crc", "a wrong CRC-32 in both places", crc)

bytes_of("zip-trailing", "a byte behind the end", lambda data: data + b"\n")
bytes_of("zip-appended", "another ZIP behind it",
         lambda data: data + write_zip([("a", b"a")]))
for _name, _keep in (("empty", 0), ("header", 20), ("payload", 0.6),
                     ("end", -1)):
    bytes_of(f"truncated-{_name}", f"ends early: {_name}",
             lambda data, keep=_keep: data[:int(len(data) * keep)]
             if isinstance(keep, float) else data[:keep], reason="truncated")
bytes_of("not-a-zip", "a text file", lambda data: b"hello, world\n")


def insert(name, at=None, content=b"x"):
    def edit(content_list):
        where = len(content_list) if at is None else at
        return content_list[:where] + [(name, content)] + content_list[where:]
    return edit


def without(name):
    return lambda content: [m for m in content if m[0] != name]


def twice(content):
    return content + [content[-1]]


def swapped(first, second):
    def edit(content):
        out = list(content)
        out[first], out[second] = out[second], out[first]
        return out
    return edit


def renamed(old, new):
    return lambda content: [(new if n == old else n, d) for n, d in content]


SIG = "META-INF/sig-00.p7s"
members("member-extra", "a member that nobody listed", insert("payload/evil"))
members("member-extra-meta", "a member more in META-INF",
        insert("META-INF/extra", 3))
members("member-twice", "the payload twice", twice)
members("member-no-payload", "the payload is missing",
        without("payload/hello.txt"))
members("member-no-request", "the request is missing",
        without("META-INF/request.json"))
members("member-no-mac", "the MAC is missing",
        without("META-INF/manifest.mac"), sealed)
members("member-no-recipients", "the recipients are missing",
        without("META-INF/recipients.p7m"), sealed)
members("member-order", "request and payload exchanged", swapped(-1, -2))
members("member-first", "the manifest in front of the MIME type",
        swapped(0, 1))
members("member-case", "a name in other letters",
        renamed("META-INF/manifest.json", "meta-inf/manifest.json"))
members("member-folder", "an entry for a folder", insert("payload/", 4, b""))
members("signature-gap", "the numbers of the signatures have a gap",
        renamed(SIG, "META-INF/sig-01.p7s"))
members("signature-17", "more signatures than there are numbers",
        insert("META-INF/sig-16.p7s", 3))
members("signature-large", "a signature of more than 64 KiB",
        insert("META-INF/sig-01.p7s", 3, bytes((64 << 10) + 1)),
        reason="limit")
members("approval-half", "an approval without its signature",
        insert("META-INF/approval-00.json", 3))
members("mac-upper", "a MAC in upper case",
        lambda content: [(n, d.upper() if n.endswith(".mac") else d)
                         for n, d in content], sealed, reason="not-canonical")
members("mac-short", "a MAC of 63 digits",
        lambda content: [(n, d[1:] if n.endswith(".mac") else d)
                         for n, d in content], sealed)


def sign_encrypted(shop):
    """Kind encrypted has no signature, and none can be put in."""
    box = unsigned(shop)
    content = box.build_members()
    cert, key, _ = shop.signer("officer")
    sig = cms_sign(content[1][1], cert, key)
    return box, write_zip(content[:2] + [(SIG, sig)] + content[2:])


def other_order(shop):
    box = two_signers(shop)
    content = box.build_members()
    content[2], content[3] = ((content[2][0], content[3][1]),
                              (content[3][0], content[2][1]))
    return box, write_zip(content)


def one_key_twice(shop):
    box = rsa_pss(shop)
    box.signers *= 2
    return box, box.build()


bad("signature-encrypted", "a signature in a container of kind encrypted",
    sign_encrypted)
bad("signature-order", "signatures not in the order of their keys",
    other_order, "signature-order")
bad("signature-twice", "two signatures of one key", one_key_twice,
    "signature-order")
members("mime-2", "a later format's MIME type", lambda content: [
    ("mimetype", content[0][1].replace(b"v1", b"v2"))] + content[1:],
        reason="unsupported-format")
members("mime-newline", "a newline behind the MIME type", lambda content: [
    ("mimetype", content[0][1] + b"\n")] + content[1:],
        reason="unsupported-format")

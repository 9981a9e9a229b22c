# SPDX-License-Identifier: Apache-2.0
"""Every row of the format's table of attacks, against pkg-verify: form.

Each container is made by forge.py and properly signed by a trusted signer,
unless the attack is that it is not: what is refused is refused for the attack
alone, and the reason says so.
"""

import json
import struct
import zlib

import forge
import pytest
import reference


# -- header confusion, duplicate names, gaps, overlaps, ... -------------------

FIELDS = {  # name -> (offset in local header, in central entry, format)
    "flags": (6, 8, "<H"), "method": (8, 10, "<H"), "time": (10, 12, "<H"),
    "crc": (14, 16, "<I"), "size": (22, 24, "<I"),
    "attributes": (None, 38, "<I")}


def spoil_header(header, which, extra=b"", comment=b"", **fields):
    """which: 0 for a local header, 1 for a central entry."""
    out = bytearray(header + extra + comment)
    struct.pack_into("<H", out, (28, 30)[which], len(extra))
    if comment:
        struct.pack_into("<H", out, 32, len(comment))
    for name, value in fields.items():
        struct.pack_into(FIELDS[name][2], out, FIELDS[name][which], value)
    return bytes(out)


class Zip:
    """A ZIP written member by member, with something wrong."""

    def __init__(self, box):
        self.members = [(name.encode(), data) for name, data in box.members()]
        self.body, self.entries = b"", []

    def add(self, name, data, local=None, central=None, gap=b""):
        self.body += gap
        crc = zlib.crc32(data)
        self.entries.append(spoil_header(
            reference.central_entry(name, len(data), crc, len(self.body)), 1,
            **central or {}))
        self.body += spoil_header(
            reference.local_header(name, len(data), crc), 0, **local or {})
        self.body += data

    def finish(self, count=None, comment=b""):
        central = b"".join(self.entries)
        count = len(self.entries) if count is None else count
        end = reference.end_record(count, len(self.body), len(central))
        return self.body + central + end[:-2] + struct.pack(
            "<H", len(comment)) + comment

    def build(self, local=None, central=None, gap=b"", **finish):
        """All members; the last one is treated as said."""
        for name, data in self.members[:-1]:
            self.add(name, data)
        self.add(*self.members[-1], local=local, central=central, gap=gap)
        return self.finish(**finish)


def test_the_base_of_these_tests_is_accepted(keys, verify):
    status, verdict = verify(Zip(forge.Box(keys)).build())
    assert status == 0, verdict["text"]


@pytest.mark.parametrize("wrong", [
    {"local": {"extra": b"\x99\x99\0\0"}},
    {"central": {"extra": b"\x99\x99\0\0"}},
    {"local": {"flags": 8}, "central": {"flags": 8}},       # data descriptor
    {"local": {"flags": 0x800}, "central": {"flags": 0x800}},  # UTF-8 names
    {"local": {"flags": 1}, "central": {"flags": 1}},       # "encrypted"
    {"local": {"method": 8}, "central": {"method": 8}},     # a zip bomb's
    {"central": {"method": 8}},
    {"local": {"crc": 0}},
    {"central": {"crc": 0}},
    {"local": {"size": 5}},
    {"local": {"time": 1}},
    {"central": {"comment": b"x"}},
    {"central": {"attributes": 0xA1FF0000}},                # a symlink
    {"central": {"attributes": 0x81ED0000}},                # executable
    {"comment": b"x"},
    {"count": 3},
    {"gap": b"\0"},
    {"gap": b"PK\3\4"},
], ids=str)
def test_framing_has_one_form_only(keys, refuse, wrong):
    refuse(Zip(forge.Box(keys)).build(**wrong), 3, "framing")


@pytest.mark.parametrize("junk", [b"\0", b"PK\5\6" + bytes(18), b"#!/bin/sh\n"])
def test_prepended_and_trailing_data(keys, refuse, junk):
    data = forge.Box(keys).bytes()
    refuse(junk + data, 3, "framing")
    refuse(data + junk, 3, "framing")


def test_two_containers_in_one_file(keys, refuse):
    data = forge.Box(keys).bytes()
    refuse(data + data, 3, "framing")


def test_member_names_differ_in_local_and_central_header(keys, refuse):
    data = forge.Box(keys).bytes()
    at = data.rindex(b"payload/hello.bin")
    refuse(data[:at] + b"payload/HELLO.bin" + data[at + 17:], 3, "framing")


def test_duplicate_names(keys, refuse):
    box = forge.Box(keys)
    box.stored.append(box.stored[0])
    refuse(box, 3, "framing")       # not listed: the manifest says it is over
    box = forge.Box(keys)
    box.stored.append(box.stored[0])
    box.list_members()              # listed twice, and signed
    refuse(box, 3, "malformed-manifest")


def test_overlapping_members(keys, refuse):
    """Two central entries of one local header."""
    zipped = Zip(forge.Box(keys))
    zipped.build()
    zipped.entries[-1] = zipped.entries[-2]
    refuse(zipped.finish(), 3, "framing")


def test_member_that_only_one_directory_has(keys, refuse):
    zipped = Zip(forge.Box(keys))
    zipped.build()
    entries = zipped.entries
    zipped.entries = entries[:-1]
    refuse(zipped.finish(), 3, {"framing", "truncated"})
    zipped.entries = entries + [reference.central_entry(b"payload/x", 0, 0, 0)]
    refuse(zipped.finish(), 3, "framing")


def test_unlisted_member(keys, refuse):
    members = forge.Box(keys).members()
    for at in range(len(members) + 1):
        more = members[:at] + [("payload/extra", b"x")] + members[at:]
        refuse(reference.write_zip(more), 3, "framing")


def test_missing_and_swapped_members(keys, refuse):
    members = forge.Box(keys, {"a": b"1", "b": b"2"}).members()
    for at, (name, _) in enumerate(members):
        if not name.startswith("META-INF/sig"):     # that one is a draft
            refuse(reference.write_zip(members[:at] + members[at + 1:]), 3,
                   {"framing", "truncated"})
        swapped = members[:at] + members[at:at + 2][::-1] + members[at + 2:]
        if swapped != members:
            refuse(reference.write_zip(swapped), 3, "framing")


# -- names --------------------------------------------------------------------

BAD_NAMES = [
    "..", "../x", "/etc/passwd", "a/b", "a\\b", "C:x", "", ".", ".hidden",
    "-rf", "a b", "a\nb", "trailing.", "trailing ", "CON", "con.txt", "NUL",
    "aux.tar.gz", "COM1", "lpt9.x", "\u202egnp.exe", "ä", "a" * 101, "a\0b",
    "a%00", "~", "$x", "a;b", "a*"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_of_members(keys, refuse, name):
    box = forge.Box(keys)
    box.stored[0] = (f"payload/{name}", box.stored[0][1])
    box.list_members()
    refuse(box, 3, "not-canonical" if "\0" in name else "name-grammar")


@pytest.mark.parametrize("pair", [("a", "A"), ("a", "a"), ("x.bin", "X.BIN")])
def test_names_that_are_one_on_windows(keys, refuse, pair):
    box = forge.Box(keys, {"one": b"1", "two": b"2"})
    box.stored = [(f"payload/{name}", data)
                  for name, (_, data) in zip(pair, box.stored)]
    box.list_members()
    refuse(box, 3, "malformed-manifest")


@pytest.mark.parametrize("folder", ["META-INF", "metadata", "other", ""])
def test_payload_in_another_folder(keys, refuse, folder):
    box = forge.Box(keys)
    box.list_members()
    row = box.manifest["members"][-1]
    row["name"] = f"{folder}/hello.bin"
    box.stored[0] = (row["name"], box.stored[0][1])
    refuse(box, 3, "name-grammar")


@pytest.mark.parametrize("name", [
    "..", ".", "", "a/b", "/a", "a\\b", "a\x1b[2J", "a\u0085b", "a\x7f",
    "x" * 256])
def test_source_names_are_one_file_name(keys, refuse, name):
    box = forge.Box(keys, kind="sealed")
    box.request["files"][0]["source_name"] = name
    box.seal_request()
    refuse(box, 3, {"name-grammar", "not-canonical"}, key="ecu-rsa")


def test_source_names_are_unique(keys, refuse):
    box = forge.Box(keys, {"one": b"1", "two": b"2"}, kind="sealed")
    for row in box.request["files"]:
        row["source_name"] = "same"
    box.seal_request()
    refuse(box, 3, "malformed-request", key="ecu-rsa")


# -- JSON differentials -------------------------------------------------------

def spoil(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize("old, new", [
    ("{", " {"), ("}", "}\n"), (":", ": "), (",", ",\n"),
    ('"acme"', '"\\u0061cme"'), ('"acme"', '"ac\\/me"'),
    ('"name":"demo"', '"name":"demo","name":"evil"'),
    ('"format":1', '"format":1.0'), ('"format":1', '"format":1e0'),
    ('"format":1', '"format":01'), ('"format":1', '"format":+1'),
    ('"format":1', '"format":"1"'), ('"sequence":null', '"sequence":-0'),
    ('"sequence":null', '"sequence":9007199254740992'),
    ('"sequence":null', '"sequence":1e400'),
    ('"sequence":null', '"sequence":NaN'),
    ('"version":"1.0"', '"version":"\\ud800"'),
    ('"version":"1.0"', '"version":"\\u0000"'),
    ('"version":"1.0"', '"version":"\\u001b[2J"'),
    ('"tenant":"acme"', "'tenant':'acme'"),
    ("{", "\ufeff{"), ("}", "} x"), ("}", "}{}"),
    ("{", "/* */{"),
])
def test_json_has_one_spelling_only(keys, refuse, old, new):
    box = forge.Box(keys)
    text = box.manifest_bytes().decode()
    if old == "}":
        text = text[:-1] + new
    else:
        text = spoil(text, old, new)
    box.manifest_bytes = lambda: text.encode("utf-8", "surrogatepass")
    refuse(box, 3, {"not-canonical", "unsupported-format"})


def test_json_of_too_many_levels(keys, refuse):
    box = forge.Box(keys)
    box.manifest["ext"] = {"x": [[[[[[[[[1]]]]]]]]]}
    refuse(box, 3, "not-canonical")


def test_invalid_utf8(keys, refuse):
    box = forge.Box(keys)
    text = box.manifest_bytes().replace(b"demo", b"de\xffo")
    box.manifest_bytes = lambda: text
    refuse(box, 3, "not-canonical")


def test_unknown_keys_and_critical_extensions(keys, refuse, verify):
    box = forge.Box(keys)
    box.manifest["unknown"] = 1
    refuse(box, 3, "malformed-manifest")
    box = forge.Box(keys)
    box.manifest["members"][0]["mode"] = 0o777
    refuse(box, 3, "malformed-manifest")
    box = forge.Box(keys)
    box.manifest["ext"] = {"!must-know": 1}
    refuse(box, 3, "unsupported-extension")
    box = forge.Box(keys)
    box.manifest["ext"] = {"nice": 1}
    assert verify(box)[0] == 0


@pytest.mark.parametrize("key", [
    "content", "created", "device_config", "encryption", "expires", "format",
    "id", "kind", "members", "name", "policy_sha256", "request_sha256",
    "sequence", "suite", "tenant", "type", "version"])
def test_every_key_is_needed(keys, refuse, key):
    box = forge.Box(keys)
    del box.manifest[key]
    refuse(box, 3, {"malformed-manifest", "unsupported-format",
                    "unsupported-suite"})


# -- version downgrade --------------------------------------------------------

@pytest.mark.parametrize("format", [0, 2, 100])
def test_other_formats(keys, refuse, format):
    box = forge.Box(keys)
    box.manifest["format"] = format
    refuse(box, 3, "unsupported-format")


@pytest.mark.parametrize("suite", ["packline-0", "packline-2", "", "none"])
def test_other_suites(keys, refuse, suite):
    box = forge.Box(keys)
    box.manifest["suite"] = suite
    refuse(box, 3, "unsupported-suite")


def test_other_mimetypes(keys, refuse):
    box = forge.Box(keys)
    for mime in (b"", b"application/zip", reference.MIME + b"\n",
                 reference.MIME.replace(b"v1", b"v2")):
        box.mime = mime
        refuse(box, 3, "unsupported-format")


def test_request_is_not_a_container(keys, refuse):
    box = forge.Box(keys)
    box.mime = reference.REQUEST_MIME
    refuse(box, 1, "request-only")


# -- sizes --------------------------------------------------------------------

def test_sizes_that_lie(keys, refuse):
    """Nothing is allocated for what is only said to be there."""
    box = forge.Box(keys)
    box.manifest["members"][-1]["size"] = 1 << 40
    refuse(box, 3, "malformed-request")
    box.manifest["members"][-1]["size"] = (1 << 40) + 1
    refuse(box, 3, "limit")


def test_manifest_over_the_limit(keys, refuse):
    box = forge.Box(keys)
    box.manifest["ext"] = {"x": ["a" * 1000] * 1048}
    refuse(box, 3, "limit")


def test_too_many_members(keys, refuse):
    box = forge.Box(keys)
    rows = box.manifest["members"]
    rows += [{**rows[-1], "name": f"payload/f{n}"} for n in range(4096)]
    refuse(box, 3, "limit")


def test_truncated_everywhere(keys, refuse):
    data = forge.Box(keys).bytes()
    for size in range(0, len(data), 101):
        refuse(data[:size], 3, "truncated")


# -- one pass -----------------------------------------------------------------

def test_from_a_pipe_that_cannot_be_read_twice(keys, run):
    data = forge.Box(keys).bytes()
    answer = run("pkg-verify", "--trust", keys.ca, "-", input=data)
    assert answer.code == 0
    assert json.loads(answer.out.splitlines()[-1])["path"] == "-"


def test_zip64_where_none_is_needed(keys, refuse):
    data = forge.Box(keys).bytes()
    at = data.rindex(b"PK\5\6")
    central = struct.unpack("<I", data[at + 16:at + 20])[0]
    size = struct.unpack("<I", data[at + 12:at + 16])[0]
    count = struct.unpack("<H", data[at + 8:at + 10])[0]
    end64 = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 0x031E, 45, 0, 0,
                        count, count, size, central)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, at, 1)
    refuse(data[:at] + end64 + locator + data[at:], 3, "framing")

# SPDX-License-Identifier: Apache-2.0
"""The reader of the second implementation: says what pkg-verify has to say."""

import hashlib
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zlib

import reference_approvals
import reference_kek
from reference import (LIMIT32, MIB, MIME, OID_MANIFEST, REQUEST_MIME, Refused,
                       canonical, central_entry, demand, derived_id,
                       end_record, is_name, local_header, manifest_mac,
                       member_names, openssl, sha256, spki, stored_size,
                       stream_key, stream_open)

TIME = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
                  r"T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ", re.ASCII)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[48][0-9a-f]{3}-[89ab][0-9a-f]{3}"
                  r"-[0-9a-f]{12}")
HEX64 = re.compile(r"[0-9a-f]{64}")
CONTROL = re.compile("[\0-\x1f\x7f-\x9f]")
SAFE = re.compile(r"[^/\\\0-\x1f\x7f-\x9f]+")
MANIFEST_KEYS = set("content created device_config encryption expires format id"
                    " kind members name policy_sha256 request_sha256 sequence"
                    " suite tenant type version".split())
REQUEST_KEYS = set("content created device_config expires files id name"
                   " requester salt sequence tenant type version".split())
SUBJECT = ("content", "created", "device_config", "expires", "id", "name",
           "sequence", "tenant", "version")


class Zip:
    """Members one after the other; the framing is made again and compared."""

    def __init__(self, data):
        self.data, self.at, self.central, self.count = data, 0, b"", 0

    def take(self, size):
        demand(self.at + size <= len(self.data), 3, "truncated")
        self.at += size
        return self.data[self.at - size:self.at]

    def peek(self):
        """(name, size) of the next member, None at the central directory."""
        start = self.at
        try:
            if self.take(4) != b"PK\3\4":
                return None
            head = self.take(26)
            size, = struct.unpack_from("<I", head, 18)
            length, extra = struct.unpack_from("<HH", head, 22)
            demand(length <= 128 and extra == (20 if size == LIMIT32 else 0),
                   3, "framing")
            name, more = self.take(length), self.take(extra)
            if size == LIMIT32:
                size, = struct.unpack_from("<Q", more, 4)
            self.crc, = struct.unpack_from("<I", head, 10)
            again = local_header(name, size, self.crc)
            demand(again == self.data[start:self.at], 3, "framing")
            self.header_size = self.at - start
            return name.decode("latin-1"), size
        finally:
            self.at = start

    def enter(self, name, size=None, limit=None):
        """The content of the member, which must be this one."""
        found = self.peek()
        demand(found is not None and found[0] == name, 3, "framing")
        demand(size is None or found[1] == size, 3, "framing")
        demand(limit is None or found[1] <= limit, 3, "limit")
        offset, crc = self.at, self.crc
        self.take(self.header_size)
        content = self.take(found[1])
        demand(zlib.crc32(content) == crc, 3, "framing")
        self.central += central_entry(name.encode(), len(content), crc, offset)
        self.count += 1
        return content

    def finish(self):
        demand(self.peek() is None, 3, "framing")
        tail = self.central + end_record(self.count, self.at,
                                         len(self.central))
        rest = self.data[self.at:]
        demand(tail.startswith(rest), 3, "framing")
        demand(len(rest) == len(tail), 3, "truncated")


def strict_json(data, reason):
    """Canonical or refused."""
    def number(text):
        demand(abs(int(text)) < 1 << 53, 3, "not-canonical")
        return int(text)

    def refuse(_):
        raise Refused(3, "not-canonical")

    def depth(value):
        below = (value.values() if isinstance(value, dict) else
                 value if isinstance(value, list) else None)
        return 0 if below is None else 1 + max(map(depth, below), default=0)

    def texts(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for key, below in value.items():
                demand(re.fullmatch("[ -~]+", key), 3, "not-canonical")
                yield from texts(below)
        elif isinstance(value, list):
            for below in value:
                yield from texts(below)

    try:
        value = json.loads(data.decode(), parse_int=number, parse_float=refuse,
                           parse_constant=refuse)
        demand(canonical(value) == data, 3, "not-canonical")
    except (ValueError, RecursionError) as error:
        raise Refused(3, "not-canonical") from error
    demand(depth(value) <= 8, 3, "not-canonical")
    for text in texts(value):
        demand(not re.search("[\0-\x08\x0b-\x1f]", text), 3, "not-canonical")
    demand(isinstance(value, dict), 3, reason)
    return value


def is_text(value):
    return (isinstance(value, str) and 0 < len(value.encode()) <= 512
            and not CONTROL.search(value))


def is_int(value, most=(1 << 53) - 1):
    return type(value) is int and 0 <= value <= most


def is_hash(value):
    return isinstance(value, str) and bool(HEX64.fullmatch(value))


def check_subject(doc, reason):
    def ok(truth):
        demand(truth, 3, reason)

    config = doc["device_config"]
    ok(doc["content"] in ("files", "bundle"))
    for key in ("created", "expires"):
        ok(doc[key] is None or isinstance(doc[key], str)
           and TIME.fullmatch(doc[key]))
    ok(config is None or isinstance(config, dict)
       and set(config) == {"id", "sha256"} and isinstance(config["id"], str)
       and is_name(config["id"]) and is_hash(config["sha256"]))
    ok(isinstance(doc["id"], str) and UUID.fullmatch(doc["id"]))
    ok(is_text(doc["name"]) and is_text(doc["version"]))
    ok(isinstance(doc["tenant"], str) and is_name(doc["tenant"]))
    ok(doc["sequence"] is None or is_int(doc["sequence"]))


def check_encryption(value, encrypted, reason):
    demand((value is not None) == encrypted, 3, reason)
    if not encrypted:
        return
    demand(isinstance(value, dict) and set(value) in (
        {"salt"}, {"salt", "kdf"}) and is_hash(value["salt"]), 3, reason)
    kdf = value.get("kdf")
    demand(kdf is None or isinstance(kdf, dict)
           and set(kdf) == {"n", "name", "p", "r", "salt"}
           and kdf["name"] == "scrypt" and is_hash(kdf["salt"])
           and kdf["n"] in [1 << i for i in range(1, 18)]
           and (kdf["r"], kdf["p"]) == (8, 1), 3, reason)


def check_row(row, manifest, encrypted):
    reason = "malformed-manifest"
    keys = {"name", "role", "sha256", "size"}
    sealed = encrypted and row.get("role") != "recipients"
    demand(set(row) == (keys | {"plain_size"} if sealed else keys), 3, reason)
    demand(isinstance(row["name"], str) and is_hash(row["sha256"])
           and is_int(row["size"]), 3, reason)
    big = manifest["content"] == "bundle"
    limits = {"recipients": 128 << 10, "request": (16 if big else 1) * MIB,
              "metadata": 16 * MIB, "payload": 1 << 40}
    demand(row["role"] in limits, 3, reason)
    plain = row["plain_size"] if sealed else row["size"]
    demand(is_int(plain), 3, reason)
    demand(plain <= limits[row["role"]], 3, "limit")
    demand(not sealed or row["size"] == stored_size(plain), 3, reason)


def check_members(manifest, encrypted):
    reason = "malformed-manifest"
    rows = manifest["members"]
    demand(isinstance(rows, list) and rows
           and all(isinstance(row, dict) for row in rows), 3, reason)
    big = manifest["content"] == "bundle"
    demand(len(rows) <= (65000 if big else 4096), 3, "limit")
    roles = "".join({"recipients": "c", "request": "q", "metadata": "m",
                     "payload": "p"}.get(row.get("role"), "?") for row in rows)
    demand(re.fullmatch(("c" if encrypted else "") + "qm?p+", roles), 3,
           reason)
    for row in rows:
        check_row(row, manifest, encrypted)
    fixed = rows[:2] if encrypted else rows[:1]
    names = ["META-INF/recipients.p7m", "META-INF/request.json.enc"]
    demand([row["name"] for row in fixed]
           == (names if encrypted else ["META-INF/request.json"]), 3, reason)
    demand(encrypted or rows[0]["sha256"] == manifest["request_sha256"], 3,
           reason)
    files = rows[len(fixed):]
    for row in files:
        folder, _, base = row["name"].partition("/")
        demand(folder == row["role"] and is_name(base), 3, "name-grammar")
    for role in ("metadata", "payload"):
        group = [row["name"] for row in files if row["role"] == role]
        demand(not encrypted or group == member_names(role, group, True), 3,
               reason)
    demand(len({row["name"].lower() for row in files}) == len(files), 3,
           reason)
    if big and not encrypted:
        check_bundle([(row["name"][8:], row["sha256"]) for row in files
                      if row["role"] == "payload"], reason)


def check_bundle(payload, reason):
    """payload: [(name, sha256)]"""
    demand(payload[0][0] == "plan.json", 3, reason)
    blobs = payload[1:]
    demand(all(name == digest for name, digest in blobs)
           and [b[0] for b in blobs] == sorted({b[0] for b in blobs}), 3,
           reason)


def check_manifest(data):
    reason = "malformed-manifest"
    manifest = strict_json(data, reason)
    demand(manifest.get("type") == "manifest"
           and type(manifest.get("format")) is int
           and manifest["format"] == 1, 3, "unsupported-format")
    demand(manifest.get("suite") == "packline-1", 3, "unsupported-suite")
    ext = manifest.get("ext", {})
    demand(set(manifest) - {"ext"} == MANIFEST_KEYS and isinstance(ext, dict),
           3, reason)
    demand(not any(key.startswith("!") for key in ext), 3,
           "unsupported-extension")
    check_subject(manifest, reason)
    demand(manifest["kind"] in ("signed", "sealed", "encrypted"), 3, reason)
    encrypted = manifest["kind"] != "signed"
    check_encryption(manifest["encryption"], encrypted, reason)
    demand(manifest["id"][14] == ("4" if encrypted else "8"), 3, reason)
    demand(is_hash(manifest["request_sha256"])
           and (manifest["policy_sha256"] is None
                or is_hash(manifest["policy_sha256"])), 3, reason)
    check_members(manifest, encrypted)
    limit = (16 if manifest["content"] == "bundle" else 1) * MIB
    demand(len(data) <= limit, 3, "limit")
    return manifest


def check_file(row):
    reason = "malformed-request"
    keys = {"member", "role", "sha256", "size", "source_name"}
    demand(isinstance(row, dict) and set(row) - {"given_sha256"} == keys, 3,
           reason)
    demand(row["role"] in ("metadata", "payload") and is_hash(row["sha256"])
           and is_int(row["size"], 1 << 40)
           and row.get("given_sha256", row["sha256"]) == row["sha256"], 3,
           reason)
    name = row["source_name"]
    demand(isinstance(name, str) and SAFE.fullmatch(name)
           and name not in (".", "..") and len(name.encode()) <= 255, 3,
           "name-grammar")


def check_request(data, manifest):
    reason = "malformed-request"
    encrypted = manifest["kind"] != "signed"
    request = strict_json(data, reason)
    demand(request.get("type") == "request", 3, "unsupported-format")
    demand(set(request) == REQUEST_KEYS, 3, reason)
    check_subject(request, reason)
    demand(request["requester"] is None or is_text(request["requester"]), 3,
           reason)
    demand(is_hash(request["salt"]) if encrypted else request["salt"] == "",
           3, reason)
    demand(isinstance(request["files"], list) and request["files"], 3, reason)
    for row in request["files"]:
        check_file(row)
    demand(all(request[key] == manifest[key] for key in SUBJECT), 3, reason)
    check_files(request["files"],
                manifest["members"][2 if encrypted else 1:], encrypted)
    if manifest["content"] == "bundle":
        check_bundle([(f["source_name"], f["sha256"]) for f in request["files"]
                      if f["role"] == "payload"], reason)
    demand(encrypted or request["id"] == derived_id(request), 3, reason)
    return request


def check_files(files, rows, encrypted):
    reason = "malformed-request"
    demand(len(files) == len(rows), 3, reason)
    sources = [row["source_name"] for row in files]
    demand(len(set(sources)) == len(sources), 3, reason)
    for file, row in zip(files, rows):
        plain = row["plain_size"] if encrypted else row["size"]
        demand((file["member"], file["role"], file["size"])
               == (row["name"], row["role"], plain), 3, reason)
        demand(encrypted or file["sha256"] == row["sha256"], 3, reason)
    for role in ("metadata", "payload"):
        group = [f for f in files if f["role"] == role]
        names = member_names(role, [f["source_name"] for f in group],
                             encrypted)
        demand([f["member"] for f in group] == names, 3, reason)


def check_signature(der, manifest, ca):
    """As the recipe of the specification does; the SPKI of the signer."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "ca.pem").write_bytes(ca)
        (folder / "manifest.json").write_bytes(manifest)
        said = openssl("cms", "-cmsout", "-print", "-noout", "-inform", "DER",
                       data=der).decode()
        kind = re.search(r"eContentType: .*\((.*)\)", said)
        demand(said.count("digestAlgorithm: ") == 1
               and kind and kind[1] == OID_MANIFEST
               and " signedAttrs:\n          <ABSENT>" not in said
               and "id-smime-aa-signingCertificateV2" in said, 1,
               "signature-profile")
        try:
            openssl("cms", "-verify", "-inform", "DER", "-content",
                    folder / "manifest.json", "-binary", "-purpose", "any",
                    "-cades", "-no_check_time", "-CAfile", folder / "ca.pem",
                    "-signer", folder / "signer.pem", "-out", "/dev/null",
                    data=der)
        except subprocess.CalledProcessError as error:
            chain = b"certificate verify error" in error.stderr
            raise Refused(1, "signer-untrusted" if chain
                          else "signature-bad") from error
        return spki((folder / "signer.pem").read_bytes())


def read_head(archive):
    """Everything in front of the files, parsed as far as it must be."""
    found = archive.peek()
    demand(found is not None and found[0] == "mimetype", 3, "framing")
    mime = archive.enter("mimetype", limit=128)
    demand(mime != REQUEST_MIME, 1, "request-only")
    demand(mime == MIME, 3, "unsupported-format")
    text = archive.enter("META-INF/manifest.json", limit=16 * MIB)
    manifest = check_manifest(text)
    head = {"text": text, "manifest": manifest, "signatures": [],
            "mac": None, "recipients": None, "approvals": []}
    while manifest["kind"] != "encrypted" and len(head["signatures"]) < 16:
        name = f"META-INF/sig-{len(head['signatures']):02}.p7s"
        if (archive.peek() or [None])[0] != name:
            break
        head["signatures"].append(archive.enter(name, limit=64 << 10))
    for i in range(16):
        name = f"META-INF/approval-{i:02}"
        if (archive.peek() or [None])[0] != name + ".json":
            break
        head["approvals"].append(
            (archive.enter(name + ".json", limit=8 << 10),
             archive.enter(name + ".p7s", limit=64 << 10)))
    rows = manifest["members"]
    if manifest["kind"] != "signed":
        head["mac"] = archive.enter("META-INF/manifest.mac", 64).decode()
        demand(is_hash(head["mac"]), 3, "not-canonical")
        head["recipients"] = archive.enter(rows[0]["name"], rows[0]["size"])
        rows = rows[1:]
    head["request"] = archive.enter(rows[0]["name"], rows[0]["size"])
    return head


def check_stored(row, data):
    demand(sha256(data) == row["sha256"], 1, "digest-mismatch")


def open_request(head, cek, salt):
    manifest = head["manifest"]
    encrypted = manifest["kind"] != "signed"
    check_stored(manifest["members"][1 if encrypted else 0], head["request"])
    text = head["request"]
    if encrypted and cek is None:
        return None
    if encrypted:
        text = stream_open(stream_key(cek, salt, "META-INF/request.json.enc"),
                           text)
    demand(sha256(text) == manifest["request_sha256"], 1,
           "plaintext-mismatch")
    return check_request(text, manifest)


def verify(data, ca, cek=None, policy=None):
    """{source name: content}, as far as it can be read, or Refused.

    ca: PEM of the authority that is trusted.  policy: the approval policy that
    is asked for; None: approvals are not looked at.
    """
    archive = Zip(data)
    head = read_head(archive)
    manifest = head["manifest"]
    encrypted = manifest["kind"] != "signed"
    signers = [check_signature(der, head["text"], ca)
               for der in head["signatures"]]
    demand(signers == sorted(set(signers)), 3, "signature-order")
    decided = policy and reference_approvals.judge(
        head["approvals"], manifest, policy, sys.modules[__name__])
    salt = None
    if encrypted:
        salt = bytes.fromhex(manifest["encryption"]["salt"])
        check_stored(manifest["members"][0], head["recipients"])
        reference_kek.check_recipients(head["recipients"],
                                       manifest["encryption"].get("kdf"))
        demand(cek is None
               or manifest_mac(cek, salt, head["text"]) == head["mac"], 1,
               "mac-mismatch")
    request = open_request(head, cek, salt)
    if policy and request:
        reference_approvals.check_requester(decided, request["requester"])
    files = {}
    for i, row in enumerate(manifest["members"][2 if encrypted else 1:]):
        content = archive.enter(row["name"], row["size"])
        plain = content
        if encrypted and request:
            plain = stream_open(stream_key(cek, salt, row["name"]), content)
        check_stored(row, content)
        if request:
            file = request["files"][i]
            demand(sha256(plain) == file["sha256"], 1, "plaintext-mismatch")
            files[file["source_name"]] = plain
    archive.finish()
    demand(manifest["kind"] == "encrypted" or signers, 1, "draft")
    demand(signers, 1, "unsigned")
    return files


def unlock(data, kek=None, password=None):
    """The content key, by a KEK (identifier, key) or a password."""
    head = read_head(Zip(data))
    if password is not None:
        kdf = head["manifest"]["encryption"].get("kdf")
        demand(kdf is not None, 1, "not-a-recipient")
        kek = (reference_kek.password_id(kdf),
               reference_kek.scrypt(password, kdf))
    return reference_kek.open_envelope(head["recipients"], *kek)


def identity(data):
    """SHA-256 of manifest.json, or None if it is not even that far."""
    try:
        archive = Zip(data)
        archive.enter("mimetype", limit=128)
        text = archive.enter("META-INF/manifest.json", limit=16 * MIB)
    except Refused:
        return None
    return hashlib.sha256(text).hexdigest()

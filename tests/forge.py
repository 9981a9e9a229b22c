# SPDX-License-Identifier: Apache-2.0
"""Make containers of format 1, good and bad, without Packline's own code.

Written from the format alone (schemas/container.md), with Python's zlib,
python3-cryptography and openssl(1).  A test makes a good one, changes what it
wants at any step, and lets the rest follow: a manifest can be wrong and yet
properly signed.

    box = forge.Box(keys, files={"a.bin": b"data"})
    box.manifest["tenant"] = "evil"
    path = box.write(tmp_path / "a.seal")
"""

import hashlib
import hmac
import json
import os
import struct
import subprocess
import uuid
import zlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

OID = "2.25.143773712440608388605632316441441173953"
MANIFEST_OID, APPROVAL_OID = f"{OID}.1", f"{OID}.2"
CONTAINER = b"application/vnd.packline.container.v1+zip"
REQUEST = b"application/vnd.packline.request.v1+zip"
SEGMENT = 65536


def canonical(value):
    """RFC 8785, as far as the format uses it."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"),
                      ensure_ascii=False)
    return text.encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# -- ZIP ----------------------------------------------------------------------

def local_header(name, data, *, extra=b"", flags=0, method=0, crc=None,
                 size=None, time=0):
    crc = zlib.crc32(data) if crc is None else crc
    size = len(data) if size is None else size
    return struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 10, flags, method, time,
                       0x21, crc, size, size, len(name), len(extra)) \
        + name + extra


def central_header(name, data, offset, *, extra=b"", comment=b"", flags=0,
                   method=0, crc=None, attributes=0x81A40000):
    crc = zlib.crc32(data) if crc is None else crc
    return struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 0x031E, 10, flags,
                       method, 0, 0x21, crc, len(data), len(data), len(name),
                       len(extra), len(comment), 0, 0, attributes, offset) \
        + name + extra + comment


def end_record(count, size, offset, comment=b""):
    return struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, size,
                       offset, len(comment)) + comment


def zip_bytes(members):
    """members: [(name, data)] -> the only legal framing."""
    body, central = b"", b""
    for name, data in members:
        name = name.encode() if isinstance(name, str) else name
        central += central_header(name, data, len(body))
        body += local_header(name, data) + data
    return body + central + end_record(len(members), len(central), len(body))


# -- CMS ----------------------------------------------------------------------

def spki(keys, name):
    """SHA-256 of the public key of a certificate."""
    pem = subprocess.run(["openssl", "x509", "-in", keys.cert(name), "-noout",
                          "-pubkey"], check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"],
                         input=pem, check=True, capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


def sign(keys, name, content, *, oid=MANIFEST_OID, options=(), cades=True,
         md="sha256"):
    """A detached signature by NAME.key, as the documents tell outsiders."""
    argv = ["openssl", "cms", "-sign", "-binary", "-nosmimecap", "-md", md,
            "-outform", "DER", "-econtent_type", oid, "-signer",
            keys.cert(name), "-inkey", keys.key(name), *options]
    if cades:
        argv.append("-cades")
    return subprocess.run([str(arg) for arg in argv], input=content,
                          check=True, capture_output=True).stdout


def envelope(keys, recipients, key):
    """recipients.p7m: RSA-OAEP and ECDH recipients, by key identifier."""
    argv = ["openssl", "cms", "-encrypt", "-binary", "-aes-256-cbc",
            "-outform", "DER", "-keyid"]
    for name in recipients:
        argv += ["-recip", keys.cert(name)]
        if "rsa" in name:
            argv += ["-keyopt", "rsa_padding_mode:oaep", "-keyopt",
                     "rsa_oaep_md:sha256", "-keyopt", "rsa_mgf1_md:sha256"]
        else:
            bits = "384" if "384" in name else "256"
            argv += ["-keyopt", f"ecdh_kdf_md:sha{bits}"]
    argv.append("-aes256-wrap")
    return subprocess.run([str(arg) for arg in argv], input=key, check=True,
                          capture_output=True).stdout


# -- the payload cipher ---------------------------------------------------------

def derive(key, salt, label):
    return HKDF(hashes.SHA256(), 32, bytes.fromhex(salt),
                b"packline-v1/" + label.encode()).derive(key)


def segments(plain):
    """Cut as the format says: an empty file is one empty segment."""
    return [plain[at:at + SEGMENT]
            for at in range(0, max(len(plain), 1), SEGMENT)]


def encrypt_segments(key, parts, *, last=None):
    """[bytes] -> [ciphertext with tag]; last: index of the last segment."""
    last = len(parts) - 1 if last is None else last
    cipher = AESGCM(key)
    return [cipher.encrypt(n.to_bytes(11, "big") + bytes([n == last]), part,
                           None)
            for n, part in enumerate(parts)]


# -- the container --------------------------------------------------------------

class Box:
    """A container in the making: request, manifest and members."""

    def __init__(self, keys, files=None, *, kind="signed", content="files",
                 metadata=None, recipients=("ecu-rsa",), signers=("release",),
                 **subject):
        self.keys, self.kind, self.signers = keys, kind, list(signers)
        self.recipients = list(recipients)
        self.encrypted = kind != "signed"
        self.cek = os.urandom(32)
        self.salt = os.urandom(32).hex() if self.encrypted else ""
        self.mime = CONTAINER
        files = {"hello.bin": b"hello\n"} if files is None else files
        self.files = [(role, name, data) for role, pairs in
                      (("metadata", metadata or {}), ("payload", files))
                      for name, data in pairs.items()]
        self.subject = {
            "content": content, "created": None, "device_config": None,
            "expires": None, "name": "demo", "sequence": None,
            "tenant": "acme", "version": "1.0", **subject}
        self.build()

    def member_name(self, role, number, name):
        return (f"{role}/{number:06d}.enc" if self.encrypted
                else f"{role}/{name}")

    def build(self):
        """Everything from the files: request, stored bytes, manifest."""
        numbers, rows = {}, []
        for role, name, data in self.files:
            number = numbers[role] = numbers.get(role, -1) + 1
            rows.append({"member": self.member_name(role, number, name),
                         "role": role, "sha256": sha256(data),
                         "size": len(data), "source_name": name})
        self.request = {**self.subject, "files": rows, "requester": None,
                        "salt": os.urandom(32).hex() if self.encrypted else "",
                        "type": "request", "id": ""}
        self.request["id"] = self.new_id()
        self.stored = [(row["member"], self.store(row["member"], data))
                       for row, (_, _, data) in zip(rows, self.files)]
        self.seal_request()

    def new_id(self):
        if self.encrypted:
            return str(uuid.uuid4())
        raw = bytearray(hashlib.sha256(canonical(self.request)).digest()[:16])
        raw[6] = raw[6] & 0x0F | 0x80
        raw[8] = raw[8] & 0x3F | 0x80
        return str(uuid.UUID(bytes=bytes(raw)))

    def store(self, member, data):
        """The stored bytes of a member."""
        if not self.encrypted:
            return data
        key = derive(self.cek, self.salt, f"stream/{member}")
        return b"".join(encrypt_segments(key, segments(data)))

    def seal_request(self):
        """The request's member and the manifest, from self.request."""
        plain = canonical(self.request)
        name = "META-INF/request.json" + (".enc" if self.encrypted else "")
        self.request_member = (name, self.store(name, plain))
        self.manifest = {
            **{key: self.request[key] for key in self.subject},
            "encryption": {"salt": self.salt} if self.encrypted else None,
            "format": 1, "id": self.request["id"], "kind": self.kind,
            "policy_sha256": None, "request_sha256": sha256(plain),
            "suite": "packline-1", "type": "manifest", "members": []}
        if self.encrypted:
            self.p7m = envelope(self.keys, self.recipients, self.cek)
        self.list_members()

    def row(self, name, role, data):
        row = {"name": name, "role": role, "sha256": sha256(data),
               "size": len(data)}
        if name.endswith(".enc"):
            count = max(1, -(-len(data) // (SEGMENT + 16)))
            row["plain_size"] = len(data) - 16 * count
        return row

    def list_members(self):
        """manifest["members"] from what is stored."""
        rows = []
        if self.encrypted:
            rows.append(self.row("META-INF/recipients.p7m", "recipients",
                                 self.p7m))
        rows.append(self.row(self.request_member[0], "request",
                             self.request_member[1]))
        for name, data in self.stored:
            rows.append(self.row(name, name.split("/")[0], data))
        self.manifest["members"] = rows

    def manifest_bytes(self):
        return canonical(self.manifest)

    def mac(self):
        key = derive(self.cek, self.salt, "manifest-mac")
        return hmac.new(key, self.manifest_bytes(), "sha256").hexdigest()

    def signatures(self):
        """[DER], ascending by the digest of their keys."""
        names = sorted(self.signers, key=lambda name: spki(self.keys, name))
        return [sign(self.keys, name, self.manifest_bytes())
                for name in names]

    def members(self):
        """[(name, data)] in the order of the format."""
        out = [("mimetype", self.mime),
               ("META-INF/manifest.json", self.manifest_bytes())]
        if self.kind != "encrypted":
            out += [(f"META-INF/sig-{n:02d}.p7s", der)
                    for n, der in enumerate(self.signatures())]
        if self.encrypted:
            out += [("META-INF/manifest.mac", self.mac().encode()),
                    ("META-INF/recipients.p7m", self.p7m)]
        return out + [self.request_member] + self.stored

    def bytes(self):
        return zip_bytes(self.members())

    def write(self, path):
        path.write_bytes(self.bytes())
        return path


def bundle(keys, blobs=(b"blob one", b"blob two"), plan=None, **options):
    """An import bundle: plan.json and blobs named by their SHA-256."""
    names = sorted(sha256(blob) for blob in blobs)
    by_name = {sha256(blob): blob for blob in blobs}
    if plan is None:
        plan = {"type": "plan", "steps": [{"blob": name} for name in names]}
    files = {"plan.json": plan if isinstance(plan, bytes) else canonical(plan)}
    files.update({name: by_name[name] for name in names})
    return Box(keys, files, content="bundle", **options)

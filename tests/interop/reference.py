# SPDX-License-Identifier: Apache-2.0
"""Format 1 of schemas/container.md once more, in Python.

Written from that document and not from the C code, so that each can be held
against the other. It has no cryptographic library: hashes and HMAC come from
the standard library, CMS and AES from the openssl program, GHASH is below.
Slow and small-minded on purpose; only tests use it.
"""

import hashlib
import hmac
import json
import re
import struct
import subprocess
import uuid
import zlib

MIME = b"application/vnd.packline.container.v1+zip"
REQUEST_MIME = b"application/vnd.packline.request.v1+zip"
OID_MANIFEST = "2.25.143773712440608388605632316441441173953.1"
SEGMENT, TAG = 65536, 16
LIMIT32 = 0xFFFFFFFF
MIB = 1 << 20


def openssl(*args, data=b""):
    """Run openssl; its standard output, or CalledProcessError."""
    return subprocess.run(["openssl", *map(str, args)], input=data,
                          check=True, capture_output=True).stdout


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"),
                      ensure_ascii=False).encode()


# -- ZIP ----------------------------------------------------------------------

def common(size, crc, name, zip64):
    return struct.pack("<HHHHHIIIH", 45 if zip64 else 10, 0, 0, 0, 0x21, crc,
                       min(size, LIMIT32), min(size, LIMIT32), len(name))


def local_header(name, size, crc):
    zip64 = size >= LIMIT32
    extra = struct.pack("<HHQQ", 1, 16, size, size) if zip64 else b""
    return (b"PK\3\4" + common(size, crc, name, zip64)
            + struct.pack("<H", len(extra)) + name + extra)


def central_entry(name, size, crc, offset):
    extra = struct.pack("<QQ", size, size) if size >= LIMIT32 else b""
    extra += struct.pack("<Q", offset) if offset >= LIMIT32 else b""
    if extra:
        extra = struct.pack("<HH", 1, len(extra)) + extra
    return (b"PK\1\2" + struct.pack("<H", 0x031E)
            + common(size, crc, name, bool(extra))
            + struct.pack("<HHHHII", len(extra), 0, 0, 0, 0x81A40000,
                          min(offset, LIMIT32)) + name + extra)


def end_record(count, offset, size):
    out = b""
    if offset >= LIMIT32:
        out = (b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 0x031E, 45, 0, 0,
                                       count, count, size, offset)
               + b"PK\6\7" + struct.pack("<IQI", 0, offset + size, 1))
    return out + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, size,
                                         min(offset, LIMIT32), 0)


def write_zip(members):
    """The only ZIP with these [(name, content)]."""
    out, central = b"", b""
    for name, content in members:
        crc = zlib.crc32(content)
        central += central_entry(name.encode(), len(content), crc, len(out))
        out += local_header(name.encode(), len(content), crc) + content
    return out + central + end_record(len(members), len(out), len(central))


# -- suite packline-1 ---------------------------------------------------------

def hkdf(cek, salt, label):
    prk = hmac.digest(salt, cek, "sha256")
    return hmac.digest(prk, label.encode() + b"\1", "sha256")


def gf_table(h):
    """Multiples of H in GF(2^128), one for each bit of a factor."""
    table = []
    for _ in range(128):
        table.append(h)
        h = h >> 1 ^ (0xE1 << 120 if h & 1 else 0)
    return table


def ghash(table, data):
    y = 0
    for i in range(0, len(data), 16):
        y ^= int.from_bytes(data[i:i + 16].ljust(16, b"\0"), "big")
        z = 0
        while y:
            top = y.bit_length() - 1
            z ^= table[127 - top]
            y ^= 1 << top
        y = z
    return y


class Gcm:
    """AES-256-GCM with 12-byte nonces and no additional data."""

    def __init__(self, key):
        self.key = key.hex()
        zero = openssl("enc", "-aes-256-ecb", "-nopad", "-K", self.key,
                       data=bytes(16))
        self.table = gf_table(int.from_bytes(zero, "big"))

    def ctr(self, nonce, counter, data):
        if not data:
            return b""
        iv = nonce + struct.pack(">I", counter)
        return openssl("enc", "-aes-256-ctr", "-K", self.key, "-iv", iv.hex(),
                       data=data)

    def tag(self, nonce, ciphertext):
        padded = ciphertext + bytes(-len(ciphertext) % 16)
        padded += struct.pack(">QQ", 0, 8 * len(ciphertext))
        s = ghash(self.table, padded).to_bytes(16, "big")
        return self.ctr(nonce, 1, s)

    def seal(self, nonce, plain):
        ciphertext = self.ctr(nonce, 2, plain)
        return ciphertext + self.tag(nonce, ciphertext)

    def open(self, nonce, stored):
        ciphertext, tag = stored[:-TAG], stored[-TAG:]
        if not hmac.compare_digest(tag, self.tag(nonce, ciphertext)):
            raise Refused(1, "tag-mismatch")
        return self.ctr(nonce, 2, ciphertext)


def nonce(index, last):
    return index.to_bytes(11, "big") + (b"\1" if last else b"\0")


def pieces(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)] or [b""]


def stream_seal(key, plain):
    gcm, parts = Gcm(key), pieces(plain, SEGMENT)
    return b"".join(gcm.seal(nonce(i, i + 1 == len(parts)), part)
                    for i, part in enumerate(parts))


def stream_open(key, stored):
    gcm, parts = Gcm(key), pieces(stored, SEGMENT + TAG)
    return b"".join(gcm.open(nonce(i, i + 1 == len(parts)), part)
                    for i, part in enumerate(parts))


def stored_size(plain):
    return plain + TAG * max(1, -(-plain // SEGMENT))


def stream_key(cek, salt, member):
    return hkdf(cek, salt, "packline-v1/stream/" + member)


def manifest_mac(cek, salt, manifest):
    key = hkdf(cek, salt, "packline-v1/manifest-mac")
    return hmac.new(key, manifest, "sha256").hexdigest()


def spki(p7s_certificate_pem):
    public = openssl("x509", "-noout", "-pubkey", data=p7s_certificate_pem)
    return sha256(openssl("pkey", "-pubin", "-outform", "DER", data=public))


# -- names --------------------------------------------------------------------

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}")
DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)[1-9])", re.ASCII)


def is_name(name):
    return bool(NAME.fullmatch(name) and not name.endswith(".")
                and not DEVICE.fullmatch(name.split(".")[0].lower()))


def member_names(role, sources, encrypted):
    folder = "metadata" if role == "metadata" else "payload"
    if encrypted:
        return [f"{folder}/{i:06}.enc" for i in range(len(sources))]
    folded = {name.lower() for name in sources}
    if all(map(is_name, sources)) and len(folded) == len(sources):
        return [f"{folder}/{name}" for name in sources]
    return [f"{folder}/{i:06}" for i in range(len(sources))]


def derived_id(request):
    digest = hashlib.sha256(canonical(request | {"id": ""})).digest()[:16]
    value = int.from_bytes(digest, "big")
    value = value & ~(0xF << 76) | 8 << 76
    value = value & ~(3 << 62) | 2 << 62
    return str(uuid.UUID(int=value))


class Refused(Exception):
    """Not accepted: exit status 1 or 3, and the reason."""

    def __init__(self, code, reason):
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


def demand(truth, code, reason):
    if not truth:
        raise Refused(code, reason)

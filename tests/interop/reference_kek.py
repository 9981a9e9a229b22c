# SPDX-License-Identifier: Apache-2.0
"""Key-encryption keys and passwords as recipients, in DER made by hand.

AES is openssl enc's, scrypt that of hashlib; nothing here is CMS code.
"""

import hashlib
import hmac
import re

from reference import Refused, demand, openssl

# Object identifiers, as in DER.
DATA = bytes.fromhex("2a864886f70d010701")
ENVELOPED = bytes.fromhex("2a864886f70d010703")
AES256_CBC = bytes.fromhex("60864801650304012a")
AES256_WRAP = bytes.fromhex("60864801650304012d")
INTEGER, OCTETS, OID, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x30, 0x31
KEK_RECIPIENT = 0xA2
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}"
                  r"|(kek|scrypt):[0-9a-f]{16}")


def scrypt(password, kdf):
    return hashlib.scrypt(password, salt=bytes.fromhex(kdf["salt"]),
                          n=kdf["n"], r=kdf["r"], p=kdf["p"], dklen=32,
                          maxmem=144 << 20)


def kek_id(key):
    mark = hmac.digest(key, b"packline-v1/kek-id", "sha256")
    return "kek:" + mark[:8].hex()


def password_id(kdf):
    return "scrypt:" + kdf["salt"][:16]


# -- DER ----------------------------------------------------------------------

def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def items(data):
    """[(tag, body)] of what stands one after the other."""
    found = []
    while data:
        tag, size, at = data[0], data[1], 2
        if size & 0x80:
            at += size & 0x7F
            size = int.from_bytes(data[2:at], "big")
        found.append((tag, data[at:at + size]))
        data = data[at + size:]
    return found


# -- AES key wrap, RFC 3394 ---------------------------------------------------

def ecb(key, block, *options):
    return openssl("enc", "-aes-256-ecb", "-nopad", "-K", key.hex(), *options,
                   data=block)


def wrap(kek, key):
    a = bytes([0xA6] * 8)
    r = [key[i:i + 8] for i in range(0, len(key), 8)]
    for t in range(6 * len(r)):
        block = ecb(kek, a + r[t % len(r)])
        a = (int.from_bytes(block[:8], "big") ^ (t + 1)).to_bytes(8, "big")
        r[t % len(r)] = block[8:]
    return a + b"".join(r)


def unwrap(kek, wrapped):
    a = wrapped[:8]
    r = [wrapped[i:i + 8] for i in range(8, len(wrapped), 8)]
    for t in reversed(range(6 * len(r))):
        a = (int.from_bytes(a, "big") ^ (t + 1)).to_bytes(8, "big")
        block = ecb(kek, a + r[t % len(r)], "-d")
        a, r[t % len(r)] = block[:8], block[8:]
    if a != bytes([0xA6] * 8):
        raise Refused(1, "unwrap-failed")
    return b"".join(r)


# -- EnvelopedData, RFC 5652 sections 6.1 and 6.2.3 ---------------------------

def recipient(name, kek, key, kekid=b""):
    """@kekid: what a mistaken writer puts behind the identifier."""
    return tlv(KEK_RECIPIENT, tlv(INTEGER, b"\4"),
               tlv(SEQUENCE, tlv(OCTETS, name.encode()), kekid),
               tlv(SEQUENCE, tlv(OID, AES256_WRAP)),
               tlv(OCTETS, wrap(kek, key)))


def envelope(cek, keks, kekid=b""):
    """keks: [(identifier, key)]"""
    key = hashlib.sha256(b"content encryption" + cek).digest()
    iv = hashlib.sha256(b"iv" + cek).digest()[:16]
    content = openssl("enc", "-aes-256-cbc", "-K", key.hex(), "-iv", iv.hex(),
                      data=cek)
    recipients = sorted(recipient(name, kek, key, kekid)
                        for name, kek in keks)
    return tlv(SEQUENCE, tlv(OID, ENVELOPED), tlv(0xA0, tlv(
        SEQUENCE, tlv(INTEGER, b"\2"), tlv(SET, *recipients),
        tlv(SEQUENCE, tlv(OID, DATA),
            tlv(SEQUENCE, tlv(OID, AES256_CBC), tlv(OCTETS, iv)),
            tlv(0x80, content)))))


def take_apart(der):
    """(recipients, iv, encrypted content)"""
    ((_, info),) = items(der)
    ((_, data),) = items(items(info)[1][1])
    _, (_, recipients), (_, content) = items(data)[:3]
    _, (_, algorithm), (_, encrypted) = items(content)
    return items(recipients), items(algorithm)[1][1], encrypted


def keks_of(recipients):
    """[(parts of the kekid, wrapped key)]"""
    found = []
    for tag, body in recipients:
        if tag == KEK_RECIPIENT:
            _, (_, kekid), _, (_, wrapped) = items(body)
            found.append((items(kekid), wrapped))
    return found


def open_envelope(der, name, kek):
    """The content key."""
    recipients, iv, encrypted = take_apart(der)
    for kekid, wrapped in keks_of(recipients):
        if kekid[0][1] == name.encode():
            key = unwrap(kek, wrapped)
            return openssl("enc", "-d", "-aes-256-cbc", "-K", key.hex(),
                           "-iv", iv.hex(), data=encrypted)
    raise Refused(1, "not-a-recipient")


def check_recipients(der, kdf):
    """Sections 7.3 and 7.5, of KEKs: the rest is the openssl program's."""
    recipients = take_apart(der)[0]
    kekids = [kekid for kekid, _ in keks_of(recipients)]
    names = [kekid[0][1].decode("latin-1") for kekid in kekids]
    passwords = [name for name in names if name.startswith("scrypt:")]
    demand({tag for tag, _ in recipients} <= {SEQUENCE, 0xA1, KEK_RECIPIENT}
           and all(len(kekid) == 1 for kekid in kekids)
           and all(NAME.fullmatch(name) for name in names)
           and len(set(names)) == len(names)
           and passwords == ([password_id(kdf)] if kdf else []), 3,
           "recipients-profile")

# SPDX-License-Identifier: Apache-2.0
"""Vectors of key-encryption keys and passwords."""

import hashlib

import reference_kek
from reference import openssl
from reference_kek import OCTETS, tlv
from vector_cases import Case, good, signed, whole

SITE = ("site-7", hashlib.sha256(b"packline kek").digest())
OTHER = hashlib.sha256(b"packline other kek").digest()


def sealed(shop):
    return signed(shop, kind="sealed")


def site_key(shop):
    box = sealed(shop)
    box.keks = [SITE]
    return box


def hashed_key(shop):
    box = sealed(shop)
    box.keks = [(reference_kek.kek_id(OTHER), OTHER)]
    return box


def password(shop):
    box = sealed(shop)
    box.set_password("größer als 8".encode())
    return box


def all_of_them(shop):
    box = password(shop)
    box.keks = [SITE, (reference_kek.kek_id(OTHER), OTHER)]
    return box


def slow_password(shop):
    box = sealed(shop)
    box.set_password(b"correct horse", n=1 << 17)
    return box


CASES = [
    good("sealed-kek", "a key-encryption key that the site has named",
         site_key),
    good("sealed-kek-hashed", "one that is named after itself", hashed_key),
    good("sealed-password", "a password in UTF-8, scrypt with n = 1024",
         password),
    good("sealed-password-slow", "scrypt with the largest n", slow_password),
    good("sealed-kek-and-password", "two keys and a password", all_of_them),
]


def bad(name, comment, build):
    CASES.append(Case(f"recipients-{name}", comment, 3, "recipients-profile",
                      build, hidden=True))


def envelope(make):
    """What make(cek) gives is listed and signed as recipients.p7m."""
    def build(shop):
        box = site_key(shop)
        return box, box.build(edit_stored=lambda name, data: (
            make(box.cek) if name.endswith("recipients.p7m") else data))
    return build


def forget_kdf(manifest):
    del manifest["encryption"]["kdf"]


def other_salt(manifest):
    salt = manifest["encryption"]["kdf"]["salt"]
    manifest["encryption"]["kdf"]["salt"] = "0" * 16 + salt[16:]


def lonely_kdf(shop):
    box = password(shop)
    box.password, box.keks = None, [SITE]
    return box


def second_password(shop):
    box = password(shop)
    box.keks = [("scrypt:" + "0" * 16, OTHER)]
    return box


def by_pwri(cek):
    return openssl("cms", "-encrypt", "-binary", "-outform", "DER",
                   "-aes-256-cbc", "-pwri_password", "correct horse", data=cek)


bad("without-kdf", "a password, but no way to make its key",
    whole(password, edit_manifest=forget_kdf))
bad("without-password", "a way to make a key, but no password",
    whole(lonely_kdf))
bad("other-salt", "the password recipient is named after another salt",
    whole(password, edit_manifest=other_salt))
bad("two-passwords", "two of them: which is meant?", whole(second_password))


PROFILE = [
    ("twice", "two recipients with the same identifier",
     lambda cek: reference_kek.envelope(cek, [SITE, (SITE[0], OTHER)])),
    ("name", "an identifier with a space",
     lambda cek: reference_kek.envelope(cek, [("site 7", SITE[1])])),
    ("date", "a date behind the identifier",
     lambda cek: reference_kek.envelope(
         cek, [SITE], tlv(0x18, b"20261201020000Z"))),
    ("other", "an unknown attribute behind the identifier",
     lambda cek: reference_kek.envelope(
         cek, [SITE], tlv(0x30, tlv(0x06, b"\x2a\x03"),
                          tlv(OCTETS, b"x")))),
    ("pwri", "PasswordRecipientInfo, with PBKDF2", by_pwri),
]
for _name, _comment, _make in PROFILE:
    bad(_name, _comment, envelope(_make))

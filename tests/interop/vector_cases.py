# SPDX-License-Identifier: Apache-2.0
"""Vectors of containers that are right, and of those that are a clear no."""

import dataclasses
import typing

from reference import SEGMENT, TAG, canonical, sha256, write_zip
from reference_write import PSS, Container, cms_sign

HELLO = ("hello.txt", b"hello\n")


@dataclasses.dataclass
class Case:
    """build(workshop) -> (Container or None, bytes of the file)."""
    name: str
    comment: str
    code: int
    reason: str         # "-" if accepted
    build: typing.Callable
    with_key: tuple = None  # (code, reason) if they differ with the key
    hidden: bool = False    # there is nothing to be read from it


def signed(shop, files=(HELLO,), **options):
    box = Container(list(files), **options)
    box.signers = [shop.signer("officer")]
    return box


def sealed(shop, files=(HELLO,), **options):
    box = signed(shop, files, kind="sealed", **options)
    box.recipients = [shop.recipient("ecu-p256")]
    return box


def whole(make, **options):
    """Build what make() gives, with edits."""
    def build(shop):
        box = make(shop)
        return box, box.build(**options)
    return build


# -- accepted -----------------------------------------------------------------

def two_signers(shop):
    box = signed(shop)
    box.signers.append(shop.signer("release", *PSS))
    return box


def rsa_pss(shop):
    box = signed(shop)
    box.signers = [shop.signer("release", *PSS)]
    return box


def rsa_pkcs1(shop):
    box = signed(shop)
    box.signers = [shop.signer("release")]
    return box


def full(shop):
    """Every optional field is there."""
    box = sealed(shop, created="2026-12-01T02:00:00Z",
                 expires="9999-12-31T23:59:59Z", sequence=(1 << 53) - 1,
                 name="Gateway größer", version="2.0 (β)",
                 device_config={"id": "ecu-a", "sha256": sha256(b"config")})
    box.requester = "build@acme"
    box.policy_sha256 = sha256(b"policy")
    box.metadata = ("sbom.json", b"{}")
    box.ext = {"example.org/note": {"text": "ignored\n", "list": [1, True]}}
    box.recipients.append(shop.recipient("ecu-rsa"))
    return box


def with_approval(shop):
    box = signed(shop)
    box.approvals = [(b'{"not":"looked at here"}', b"nor this")]
    return box


def metadata(shop):
    box = signed(shop)
    box.metadata = ("release notes.txt", b"new\n")
    return box


def draft(_):
    return Container([HELLO])


def unsigned(shop):
    box = sealed(shop)
    box.kind, box.signers = "encrypted", []
    return box


def bundle_files():
    blobs = {sha256(data): data for data in (b"one\n", b"two\n", b"three\n")}
    plan = {"steps": [{"blob": digest} for digest in sorted(blobs)],
            "type": "plan"}
    return [("plan.json", canonical(plan))] + sorted(blobs.items())


def bundle(shop):
    return signed(shop, bundle_files(), content="bundle")


def sealed_bundle(shop):
    return sealed(shop, bundle_files(), content="bundle")


def of_size(size):
    data = bytes(i * i >> 7 & 255 for i in range(size))
    return lambda shop: sealed(shop, [("data.bin", data)])


def files_called(*names):
    return lambda shop: signed(shop, [(n, n.encode()) for n in names])


def good(name, comment, make):
    return Case(name, comment, 0, "-", whole(make))


CASES = [
    good("signed-p256", "one file, signed with ECDSA P-256", signed),
    good("signed-rsa-pss", "signed with RSASSA-PSS, 3072 bits", rsa_pss),
    good("signed-rsa-pkcs1", "signed with RSASSA-PKCS1-v1_5, 3072 bits",
         rsa_pkcs1),
    good("signed-twice", "two signers, in the order of their keys",
         two_signers),
    good("signed-metadata", "a metadata file whose name must be numbered",
         metadata),
    good("signed-approval", "an approval is framed and otherwise left alone",
         with_approval),
    good("signed-bundle", "a plan and three blobs", bundle),
    good("signed-names", "names that can be member names",
         files_called("b.bin", "A+b_c-d.e", "_", "0")),
    good("signed-names-unicode", "one name does not fit: all are numbered",
         files_called("a", "größe.bin")),
    good("signed-names-fold", "names that only differ in case are numbered",
         files_called("a", "A")),
    good("signed-names-device", "a Windows device is numbered",
         files_called("a", "NUL.txt")),
    good("sealed-p256", "one recipient with ECDH P-256", sealed),
    good("sealed-full", "every optional field, two recipients, metadata",
         full),
    good("sealed-bundle", "members of an encrypted bundle are numbered",
         sealed_bundle),
    good("sealed-empty", "an empty file is one empty last segment",
         of_size(0)),
    good("sealed-segment", "one full segment", of_size(SEGMENT)),
    good("sealed-segment-and-one", "a last segment of one byte",
         of_size(SEGMENT + 1)),
    Case("draft", "signed by nobody yet", 1, "draft", whole(draft)),
    Case("encrypted", "kind encrypted proves nothing about its maker", 1,
         "unsigned", whole(unsigned)),
]


# -- a clear no ---------------------------------------------------------------

def no(name, comment, reason, build, with_key=None):
    CASES.append(Case(name, comment, 1, reason, build, with_key, hidden=True))


def changed(make, name, edit):
    """Change the content of one member, with all framing right."""
    def build(shop):
        box = make(shop)
        members = [(n, edit(data) if n == name else data)
                   for n, data in box.build_members()]
        return box, write_zip(members)
    return build


def flip(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def other_digit(data):
    return bytes([data[0] ^ 1 if data[0] ^ 1 in b"0123456789abcdef"
                  else data[0] ^ 3]) + data[1:]


def by_stranger(shop):
    box = signed(shop)
    box.signers = [shop.signer("stranger")]
    return box


def other_manifest(shop):
    """A signature taken from another container."""
    box, other = signed(shop), signed(shop, version="0.9")
    sig = dict(other.build_members())["META-INF/sig-00.p7s"]
    return box, write_zip([(n, sig if n.endswith(".p7s") else data)
                           for n, data in box.build_members()])


def signed_as(**how):
    """Signed in another way than the profile demands."""
    def build(shop):
        box = signed(shop)
        members = dict(box.build_members())
        cert, key, _ = box.signers[0]
        members["META-INF/sig-00.p7s"] = cms_sign(
            members["META-INF/manifest.json"], cert, key, **how)
        return box, write_zip(list(members.items()))
    return build


def two_in_one(shop):
    cert, key, _ = shop.signer("release")
    return signed_as(options=("-cades", "-signer", cert, "-inkey", key))(shop)


def request_file(_):
    return None, write_zip([("mimetype",
                             b"application/vnd.packline.request.v1+zip"),
                            ("META-INF/manifest.json", b"{}")])


def payload(edit, size):
    """An insider changes stored bytes before they are listed and signed."""
    def stored(name, data):
        return edit(data) if name.startswith("payload/") else data
    return whole(of_size(size), edit_stored=stored)


def swap_segments(data):
    size = SEGMENT + TAG
    return data[size:2 * size] + data[:size] + data[2 * size:]


def repeat_segment(data):
    size = SEGMENT + TAG
    return data[:size] + data[:size] + data[2 * size:]


def other_plaintext(shop):
    """The request lists another file than the one that is encrypted."""
    def lie(request):
        request["files"][0]["sha256"] = sha256(b"hi")

    box = sealed(shop)
    return box, box.build(edit_request=lie)


def other_request(shop):
    """The manifest names another request than the one that is stored."""
    def lie(manifest):
        manifest["request_sha256"] = sha256(b"hi")

    box = sealed(shop)
    return box, box.build(edit_manifest=lie)


no("digest-payload", "a changed payload byte, CRC-32 made right",
   "digest-mismatch", changed(signed, "payload/hello.txt", flip))
no("digest-request", "a changed request", "digest-mismatch",
   changed(signed, "META-INF/request.json", flip))
no("digest-recipients", "changed recipients", "digest-mismatch",
   changed(sealed, "META-INF/recipients.p7m", flip))
no("digest-ciphertext", "a changed byte of an encrypted file",
   "digest-mismatch", changed(sealed, "payload/000000.enc", flip),
   with_key=(1, "tag-mismatch"))
CASES.append(Case("mac-changed", "another MAC; only a recipient can tell", 0,
                  "-", changed(sealed, "META-INF/manifest.mac", other_digit),
                  with_key=(1, "mac-mismatch"), hidden=True))
for _name, _comment, _edit, _size in (
        ("swapped", "two segments exchanged", swap_segments, 2 * SEGMENT + 7),
        ("repeated", "a segment twice instead of another", repeat_segment,
         2 * SEGMENT + 7),
        ("flipped", "a changed byte", flip, 7)):
    CASES.append(Case(f"tag-{_name}", f"{_comment}, listed and signed", 0, "-",
                      payload(_edit, _size), with_key=(1, "tag-mismatch"),
                      hidden=True))
for _name, _comment, _build in (
        ("file", "another file is listed than is encrypted", other_plaintext),
        ("request", "another request is named than is encrypted",
         other_request)):
    CASES.append(Case(f"plaintext-{_name}", _comment, 0, "-", _build,
                      with_key=(1, "plaintext-mismatch"), hidden=True))
no("signer-stranger", "the signer is of another authority",
   "signer-untrusted", whole(by_stranger))
no("signature-moved", "a signature over another manifest", "signature-bad",
   other_manifest)
no("signature-oid", "signed as an approval", "signature-profile", signed_as(
    oid="2.25.143773712440608388605632316441441173953.2"))
no("signature-plain", "no signingCertificateV2", "signature-profile",
   signed_as(options=()))
no("signature-two", "two signers in one signature", "signature-profile",
   two_in_one)
no("request-only", "a signing request is no container", "request-only",
   request_file)


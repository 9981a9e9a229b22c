# SPDX-License-Identifier: Apache-2.0
"""Vectors of signing requests: what a reader of them must say."""

from reference import canonical, manifest_mac, sha256, write_zip
from reference_request import request_members, write_request
from reference_write import PSS, Container
from vector_cases import (HELLO, Case, bundle, bundle_files, flip, sealed,
                          sealed_bundle, signed, two_signers, unsigned)

CASES = []


def case(name, comment, code, reason, build):
    CASES.append(Case(f"request-{name}", comment, code, reason, build,
                      hidden=True))


def good(name, comment, make):
    def build(shop):
        box = make(shop)
        return box, write_request(box)
    case(name, comment, 0, "-", build)


def changed(name, comment, code, reason, make, edit):
    """edit([(name, content)]) changes members; framing is made right."""
    def build(shop):
        box = make(shop)
        return box, write_zip(edit(request_members(box)))
    case(name, comment, code, reason, build)


def draft(_):
    return Container([HELLO])


def with_metadata(shop):
    box = sealed_bundle(shop)
    box.metadata = ("sbom.json", b"{}")
    return box


good("draft", "nobody has signed yet", draft)
good("signed", "one signature", signed)
good("signed-twice", "two signatures, in the order of their keys", two_signers)
good("sealed", "encrypted: request.json is in the clear, recipients are there",
     sealed)
good("encrypted", "kind encrypted: for approvals only", unsigned)
good("bundle", "with the plan of the bundle", bundle)
good("sealed-bundle", "the plan is in the clear", sealed_bundle)
good("sealed-bundle-metadata", "the plan is not the first file",
     with_metadata)


# -- refused ------------------------------------------------------------------

def member(name, edit):
    """Change the content of one member."""
    return lambda members: [(n, edit(data) if n == name else data)
                            for n, data in members]


def without(name):
    return lambda members: [m for m in members if m[0] != name]


def with_mac(members):
    at = [name for name, _ in members].index("META-INF/recipients.p7m")
    mac = manifest_mac(bytes(32), bytes(32), dict(members)[
        "META-INF/manifest.json"]).encode()
    return members[:at] + [("META-INF/manifest.mac", mac)] + members[at:]


def encrypted_name(members):
    return [(n + ".enc" if n == "META-INF/request.json" else n, data)
            for n, data in members]


def swap_signatures(members):
    first, second = members[2][1], members[3][1]
    return members[:2] + [(members[2][0], second),
                          (members[3][0], first)] + members[4:]


def signature_in_encrypted(members):
    return (members[:2] + [("META-INF/sig-00.p7s", b"\x30\x00")]
            + members[2:])


def contradiction(shop):
    """request.json is the one that is named, and says another version."""
    def lie(request):
        request["version"] = "0.9"

    box = sealed(shop)
    return box, write_request(box, edit_request=lie)


def plan_case(name, comment, steps):
    def make(shop):
        files = bundle_files()
        plan = canonical({"steps": steps([n for n, _ in files[1:]]),
                          "type": "plan"})
        return signed(shop, [("plan.json", plan), *files[1:]],
                      content="bundle")

    def build(shop):
        box = make(shop)
        return box, write_request(box)

    case(name, comment, 3, "malformed-bundle", build)


changed("digest-request", "a changed request.json", 1, "digest-mismatch",
        sealed, member("META-INF/request.json", lambda d: d.replace(
            b"hello.txt", b"hallo.txt")))
changed("digest-recipients", "recipients of another container", 1,
        "digest-mismatch", sealed, member("META-INF/recipients.p7m", flip))
changed("digest-plan", "a changed plan", 1, "digest-mismatch", bundle,
        member("payload/plan.json", lambda d: d.replace(b"plan", b"plum")))
changed("size-request", "a request.json of another size", 3, "framing", sealed,
        member("META-INF/request.json", lambda d: d + b" "))
changed("size-plan", "a plan of another size", 3, "framing", bundle,
        member("payload/plan.json", lambda d: d + b" "))
changed("no-plan", "a bundle without its plan", 3, "framing", bundle,
        without("payload/plan.json"))
changed("no-recipients", "sealed without recipients", 3, "framing", sealed,
        without("META-INF/recipients.p7m"))
changed("no-request", "without request.json", 3, "framing", signed,
        without("META-INF/request.json"))
changed("mac", "a MAC, which has no place here", 3, "framing", sealed,
        with_mac)
changed("stored-request", "request.json.enc instead of the plaintext", 3,
        "framing", sealed, encrypted_name)
changed("payload", "payload, which has no place here", 3, "framing", signed,
        lambda members: members + [("payload/hello.txt", b"hello\n")])
changed("signature-order", "two signatures in the wrong order", 3,
        "signature-order", two_signers, swap_signatures)
changed("signature-encrypted", "a signature in kind encrypted", 3, "framing",
        unsigned, signature_in_encrypted)
changed("mimetype", "another MIME type", 3, "unsupported-format", signed,
        member("mimetype", lambda d: d.replace(b"v1", b"v2")))
case("contradiction", "request.json contradicts the manifest", 3,
     "malformed-request", contradiction)
plan_case("plan-blob-missing", "the plan needs a blob that is not listed",
          lambda names: [{"blob": name} for name in [*names, sha256(b"4")]])
plan_case("plan-blob-unused", "no step needs one of the blobs",
          lambda names: [{"blob": name} for name in names[1:]])
for _name, _comment, _reason, _cut in (
        ("truncated", "the last byte is missing", "truncated",
         lambda data: data[:-1]),
        ("longer", "a byte too many", "framing", lambda data: data + b"\0")):
    def _build(shop, cut=_cut):
        box = signed(shop)
        return box, cut(write_request(box))
    case(_name, _comment, 3, _reason, _build)

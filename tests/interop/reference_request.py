# SPDX-License-Identifier: Apache-2.0
"""Signing requests (.request) in the second implementation: out and in."""

from reference import (MIB, REQUEST_MIME, Refused, canonical, demand, openssl,
                       sha256, spki, write_zip)
from reference_read import (Zip, check_manifest, check_request, check_stored,
                            strict_json)

LISTED = ("META-INF/sig-", "META-INF/approval-", "META-INF/recipients.p7m")


# -- out ----------------------------------------------------------------------

def request_members(box, **edits):
    """[(name, content)] of the request of a Container that is being made."""
    container = box.build_members(**edits)
    members = [("mimetype", REQUEST_MIME)]
    members += [(name, data) for name, data in container
                if name == "META-INF/manifest.json"
                or name.startswith(LISTED)]
    request = box.make_request()
    if "edit_request" in edits:
        edits["edit_request"](request)
    members.append(("META-INF/request.json", canonical(request)))
    if box.content == "bundle":
        members.append(("payload/plan.json", box.files[0][1]))
    return members


def write_request(box, **edits):
    return write_zip(request_members(box, **edits))


# -- in -----------------------------------------------------------------------

def next_is(archive, name):
    return (archive.peek() or [None])[0] == name


def signer(der):
    """SHA-256 of the key of the certificate that comes with a signature."""
    return spki(openssl("pkcs7", "-inform", "DER", "-print_certs", data=der))


def names_of_blobs(value):
    if isinstance(value, dict):
        for key, below in value.items():
            if key == "blob":
                yield below
            yield from names_of_blobs(below)
    elif isinstance(value, list):
        for below in value:
            yield from names_of_blobs(below)


def check_plan(text, request):
    payload = [f for f in request["files"] if f["role"] == "payload"]
    demand(sha256(text) == payload[0]["sha256"], 1, "digest-mismatch")
    plan = strict_json(text, "malformed-bundle")
    demand(plan.get("type") == "plan", 3, "malformed-bundle")
    demand(set(names_of_blobs(plan))
           == {f["source_name"] for f in payload[1:]}, 3, "malformed-bundle")


def read_members(archive, manifest):
    """The rest of the members, by their names; all framing is right."""
    found = {}
    rows = list(manifest["members"])
    for i in range(16 if manifest["kind"] != "encrypted" else 0):
        name = f"META-INF/sig-{i:02}.p7s"
        if not next_is(archive, name):
            break
        found[name] = archive.enter(name, limit=64 << 10)
    for i in range(16):
        name = f"META-INF/approval-{i:02}"
        if not next_is(archive, name + ".json"):
            break
        found[name + ".json"] = archive.enter(name + ".json", limit=8 << 10)
        found[name + ".p7s"] = archive.enter(name + ".p7s", limit=64 << 10)
    if manifest["kind"] != "signed":
        row = rows.pop(0)
        found[row["name"]] = archive.enter(row["name"], row["size"])
    plain = [row.get("plain_size", row["size"]) for row in rows]
    found["request"] = archive.enter("META-INF/request.json", plain[0])
    if manifest["content"] == "bundle":
        first = next(i for i, row in enumerate(rows)
                     if row["role"] == "payload")
        demand(plain[first] <= 16 * MIB, 3, "limit")
        found["plan"] = archive.enter("payload/plan.json", plain[first])
    return found


def read_request(data):
    """request.json as a dict, or Refused; signatures are not verified."""
    archive = Zip(data)
    demand(next_is(archive, "mimetype"), 3, "framing")
    demand(archive.enter("mimetype", limit=128) == REQUEST_MIME, 3,
           "unsupported-format")
    text = archive.enter("META-INF/manifest.json", limit=16 * MIB)
    manifest = check_manifest(text)
    found = read_members(archive, manifest)
    signers = [signer(der) for name, der in found.items()
               if name.startswith("META-INF/sig-")]
    demand(signers == sorted(set(signers)), 3, "signature-order")
    if "META-INF/recipients.p7m" in found:
        check_stored(manifest["members"][0], found["META-INF/recipients.p7m"])
    demand(sha256(found["request"]) == manifest["request_sha256"], 1,
           "digest-mismatch")
    request = check_request(found["request"], manifest)
    if "plan" in found:
        check_plan(found["plan"], request)
    archive.finish()
    return request


def members_of(data):
    """[(name, content)] of a file that was found right."""
    archive, found = Zip(data), []
    while (entry := archive.peek()) is not None:
        found.append((entry[0], archive.enter(entry[0])))
    return found


def outcome(data):
    """(exit, reason)"""
    try:
        read_request(data)
    except Refused as refused:
        return refused.code, refused.reason
    return 0, "-"

# SPDX-License-Identifier: Apache-2.0
"""Make containers of format 1, good and bad, to show them to pkg-verify.

What the format says is interop/reference.py's; this puts it together in steps.
A test makes a good container, changes what it wants at any step, and lets the
rest follow: a manifest can be wrong and yet properly signed.

    box = forge.Box(keys, files={"a.bin": b"data"})
    box.manifest["tenant"] = "evil"
    path = box.write(tmp_path / "a.seal")
"""

import os
import uuid

import reference
import reference_write
from reference import (MIME, SEGMENT, TAG, canonical, derived_id, manifest_mac,
                       pieces, sha256, stream_key, write_zip)

APPROVAL_OID = reference.OID_MANIFEST[:-1] + "2"


def spki(keys, name):
    """SHA-256 of the public key of a certificate."""
    return reference.spki(keys.cert(name).read_bytes())


def sign(keys, name, content, *, oid=reference.OID_MANIFEST, options=(),
         cades=True):
    """A detached signature by NAME.key, as the documents tell outsiders."""
    if cades:
        options = ["-cades", *options]
    return reference_write.cms_sign(content, keys.cert(name), keys.key(name),
                                    oid, options)


def envelope(keys, recipients, key):
    """recipients.p7m: RSA-OAEP and ECDH recipients, by key identifier."""
    kinds = {"ecu-rsa": "rsa", "ecu-p256": "ec", "ecu-p384": "ec384"}
    return reference_write.cms_envelope(
        key, [(keys.cert(name), kinds[name]) for name in recipients])


def encrypt_segments(key, parts, *, last=None):
    """[bytes] -> [ciphertext with tag]; last: index of the last segment."""
    last = len(parts) - 1 if last is None else last
    gcm = reference.Gcm(key)
    return [gcm.seal(reference.nonce(n, n == last), part)
            for n, part in enumerate(parts)]


# -- the container --------------------------------------------------------------

class Box:
    """A container in the making: request, manifest and members."""

    def __init__(self, keys, files=None, *, kind="signed", content="files",
                 metadata=None, recipients=("ecu-rsa",), signers=("release",),
                 requester=None, policy_sha256=None, **subject):
        self.keys, self.kind, self.signers = keys, kind, list(signers)
        self.recipients = list(recipients)
        self.encrypted = kind != "signed"
        self.approvals = []
        self.cek = os.urandom(32)
        self.salt = os.urandom(32)
        self.mime = MIME
        self.requester, self.policy_sha256 = requester, policy_sha256
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
        self.request = {**self.subject, "files": rows,
                        "requester": self.requester,
                        "salt": os.urandom(32).hex() if self.encrypted else "",
                        "type": "request", "id": ""}
        self.request["id"] = self.new_id()
        self.stored = [(row["member"], self.store(row["member"], data))
                       for row, (_, _, data) in zip(rows, self.files)]
        self.seal_request()

    def new_id(self):
        return str(uuid.uuid4()) if self.encrypted else \
            derived_id(self.request)

    def store(self, member, data):
        """The stored bytes of a member."""
        if not self.encrypted:
            return data
        return b"".join(encrypt_segments(self.stream_key(member),
                                         pieces(data, SEGMENT)))

    def stream_key(self, member):
        return stream_key(self.cek, self.salt, member)

    def seal_request(self):
        """The request's member and the manifest, from self.request."""
        plain = canonical(self.request)
        name = "META-INF/request.json" + (".enc" if self.encrypted else "")
        self.request_member = (name, self.store(name, plain))
        self.manifest = {
            **{key: self.request[key] for key in self.subject},
            "encryption": {"salt": self.salt.hex()} if self.encrypted else None,
            "format": 1, "id": self.request["id"], "kind": self.kind,
            "policy_sha256": self.policy_sha256, "request_sha256": sha256(plain),
            "suite": "packline-1", "type": "manifest", "members": []}
        if self.encrypted:
            self.p7m = envelope(self.keys, self.recipients, self.cek)
        self.list_members()

    def row(self, name, role, data):
        row = {"name": name, "role": role, "sha256": sha256(data),
               "size": len(data)}
        if name.endswith(".enc"):
            row["plain_size"] = len(data) - TAG * len(
                pieces(data, SEGMENT + TAG))
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
        return manifest_mac(self.cek, self.salt, self.manifest_bytes())

    def signatures(self):
        """[DER], ascending by the digest of their keys."""
        names = sorted(self.signers, key=lambda name: spki(self.keys, name))
        return [sign(self.keys, name, self.manifest_bytes())
                for name in names]

    def approval(self, officer, role, decision="APPROVED", **changes):
        """What an officer says about this request."""
        device = self.request["device_config"]
        return {"decision": decision, "expires": None,
                "device_config_sha256": device and device["sha256"],
                "issued": "2026-01-01T00:00:00Z",
                "officer": {"id": officer, "role": role},
                "policy_sha256": self.policy_sha256, "reason": "tested",
                "request_id": self.request["id"],
                "request_sha256": self.manifest["request_sha256"],
                "tenant": self.request["tenant"], "type": "approval",
                **changes}

    def approve(self, key, approval, oid=APPROVAL_OID):
        """Add an approval, a document or bytes, signed by KEY.key."""
        text = approval if isinstance(approval, bytes) else canonical(approval)
        self.approvals.append(
            (spki(self.keys, key), text, sign(self.keys, key, text, oid=oid)))
        self.approvals.sort()

    def members(self):
        """[(name, data)] in the order of the format."""
        out = [("mimetype", self.mime),
               ("META-INF/manifest.json", self.manifest_bytes())]
        if self.kind != "encrypted":
            out += [(f"META-INF/sig-{n:02d}.p7s", der)
                    for n, der in enumerate(self.signatures())]
        for n, (_, text, der) in enumerate(self.approvals):
            out += [(f"META-INF/approval-{n:02d}.json", text),
                    (f"META-INF/approval-{n:02d}.p7s", der)]
        if self.encrypted:
            out += [("META-INF/manifest.mac", self.mac().encode()),
                    ("META-INF/recipients.p7m", self.p7m)]
        return out + [self.request_member] + self.stored

    def bytes(self):
        return write_zip(self.members())

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

# SPDX-License-Identifier: Apache-2.0
"""The writer of the second implementation: takes a container together."""

import hashlib
import pathlib
import tempfile

import reference_kek
from reference import (MIME, OID_MANIFEST, canonical, derived_id, manifest_mac,
                       member_names, openssl, sha256, spki, stream_key,
                       stream_seal, write_zip)

ROLES = ("recipients", "request", "metadata", "payload")


def cms_sign(manifest, cert, key, oid=OID_MANIFEST, options=("-cades",)):
    with tempfile.TemporaryDirectory() as folder:
        content = pathlib.Path(folder, "manifest.json")
        content.write_bytes(manifest)
        return openssl("cms", "-sign", "-in", content, "-binary",
                       "-nosmimecap", "-md", "sha256", "-outform", "DER",
                       "-econtent_type", oid, "-signer", cert, "-inkey", key,
                       *options)


PSS = ("-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest")


def cms_envelope(cek, recipients):
    """recipients: [(certificate, "rsa" | "ec" | "ec384")]"""
    args = []
    for cert, kind in recipients:
        args += ["-recip", cert]
        if kind == "rsa":
            args += ["-keyopt", "rsa_padding_mode:oaep",
                     "-keyopt", "rsa_oaep_md:sha256",
                     "-keyopt", "rsa_mgf1_md:sha256"]
        else:
            args += ["-keyopt", "ecdh_kdf_md:sha" + (kind[2:] or "256")]
    return openssl("cms", "-encrypt", "-binary", "-outform", "DER",
                   "-aes-256-cbc", "-keyid", *args, data=cek)


class Container:
    """One that is being made; change what you like, then call build().

    files: [(source name, content)]; metadata: the same or None.
    signers: [(certificate, key, options)].
    keks: [(identifier, key)] and password (with kdf) are recipients instead of
    certificates: recipients.p7m is made by hand then.
    """

    def __init__(self, files, kind="signed", content="files", seed="packline",
                 **subject):
        self.files, self.kind, self.content = files, kind, content
        self.metadata = None
        self.subject = {"created": None, "device_config": None,
                        "expires": None, "name": "demo", "sequence": None,
                        "tenant": "acme", "version": "1.0"} | subject
        self.requester = None
        self.policy_sha256 = None
        self.ext = None
        self.recipients, self.signers = [], []
        self.keks, self.password, self.kdf = [], None, None
        self.approvals = []
        # Fixed "random" bytes: a vector is made once and says how.
        self.cek, self.salt, self.request_salt, self.uuid = (
            hashlib.sha256(f"{seed} {what}".encode()).digest()
            for what in ("cek", "salt", "request", "id"))

    @property
    def encrypted(self):
        return self.kind != "signed"

    def set_password(self, password, n=1024):
        salt = hashlib.sha256(b"kdf" + self.salt).hexdigest()
        self.kdf = {"n": n, "name": "scrypt", "p": 1, "r": 8, "salt": salt}
        self.password = password

    def envelope(self):
        keks = list(self.keks)
        if self.password is not None:
            keks.append((reference_kek.password_id(self.kdf),
                         reference_kek.scrypt(self.password, self.kdf)))
        if keks:
            return reference_kek.envelope(self.cek, keks)
        return cms_envelope(self.cek, self.recipients)

    def store(self, member, plain):
        if not self.encrypted:
            return plain
        return stream_seal(stream_key(self.cek, self.salt, member), plain)

    def make_request(self):
        groups = [("metadata", [self.metadata] if self.metadata else []),
                  ("payload", self.files)]
        rows = []
        for role, files in groups:
            names = member_names(role, [f[0] for f in files], self.encrypted)
            rows += [{"member": name, "role": role, "sha256": sha256(data),
                      "size": len(data), "source_name": source}
                     for name, (source, data) in zip(names, files)]
        request = self.subject | {
            "content": self.content, "files": rows, "id": "",
            "requester": self.requester, "type": "request",
            "salt": self.request_salt.hex() if self.encrypted else ""}
        random = self.uuid.hex()
        request["id"] = (f"{random[:8]}-{random[8:12]}-4{random[13:16]}"
                         f"-8{random[17:20]}-{random[20:32]}"
                         if self.encrypted else derived_id(request))
        return request

    def row(self, name, role, stored, plain_size):
        row = {"name": name, "role": role, "sha256": sha256(stored),
               "size": len(stored)}
        if self.encrypted and role != "recipients":
            row["plain_size"] = plain_size
        return row

    def make_manifest(self, request, rows):
        manifest = self.subject | {
            "content": self.content, "encryption": None, "format": 1,
            "id": request["id"], "kind": self.kind, "members": rows,
            "policy_sha256": self.policy_sha256,
            "request_sha256": sha256(canonical(request)),
            "suite": "packline-1", "type": "manifest"}
        if self.encrypted:
            manifest["encryption"] = {"salt": self.salt.hex()}
            if self.kdf:
                manifest["encryption"]["kdf"] = self.kdf
        if self.ext is not None:
            manifest["ext"] = self.ext
        return manifest

    def sign(self, manifest):
        made = [(spki(cert.read_bytes()),
                 cms_sign(manifest, cert, key,
                          options=("-cades", *options)))
                for cert, key, options in self.signers]
        return [der for _, der in sorted(made)]

    def build_members(self, edit_request=None, edit_manifest=None,
                      edit_text=None, edit_stored=None):
        """[(name, content)]; the edits are an attacker's or a bug's.

        edit_request(dict) and edit_manifest(dict) change a document before it
        is encoded, edit_text(bytes) the encoded manifest before it is MACed
        and signed, edit_stored(name, bytes) what is stored of a member before
        it is listed.
        """
        edit_stored = edit_stored or (lambda name, data: data)
        request = self.make_request()
        if edit_request:
            edit_request(request)
        text = canonical(request)
        name = "META-INF/request.json" + (".enc" if self.encrypted else "")
        listed = [(name, "request", self.store(name, text), len(text))]
        contents = ([self.metadata] if self.metadata else []) + self.files
        for row, (_, data) in zip(request["files"], contents):
            stored = self.store(row["member"], data)
            listed.append((row["member"], row["role"], stored, len(data)))
        listed = [(n, role, edit_stored(n, data), size)
                  for n, role, data, size in listed]
        if self.encrypted:
            der = edit_stored("META-INF/recipients.p7m", self.envelope())
            listed.insert(0, ("META-INF/recipients.p7m", "recipients", der,
                              len(der)))
        manifest = self.make_manifest(
            request, [self.row(*entry) for entry in listed])
        if edit_manifest:
            edit_manifest(manifest)
        text = canonical(manifest)
        if edit_text:
            text = edit_text(text)
        return self.frame(text, listed)

    def frame(self, manifest, listed):
        members = [("mimetype", MIME), ("META-INF/manifest.json", manifest)]
        for i, der in enumerate(self.sign(manifest)):
            members.append((f"META-INF/sig-{i:02}.p7s", der))
        for i, (approval, p7s) in enumerate(self.approvals):
            members.append((f"META-INF/approval-{i:02}.json", approval))
            members.append((f"META-INF/approval-{i:02}.p7s", p7s))
        if self.encrypted:
            mac = manifest_mac(self.cek, self.salt, manifest)
            members.append(("META-INF/manifest.mac", mac.encode()))
        return members + [(name, data) for name, _, data, _ in listed]

    def build(self, **edits):
        return write_zip(self.build_members(**edits))

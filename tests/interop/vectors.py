# SPDX-License-Identifier: Apache-2.0
"""One file a case: the form of schemas/vectors/*.txt (README.md there)."""

import base64
import dataclasses
import textwrap

# In the order in which they stand in a file.
FIELDS = ("name", "comment", "exit", "reason", "key-exit", "key-reason", "cek",
          "kek", "password",
          "manifest-sha256", "file", "ca", "time", "policy", "officer")
LISTS = ("file", "officer")


@dataclasses.dataclass
class Vector:
    """fields: name -> text, but "file": [(size, sha256, source name)] and
    "officer": [(name of a file, DER)]."""
    fields: dict
    body: bytes

    def __getattr__(self, name):
        try:
            return self.fields[name.replace("_", "-")]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def ca_pem(self):
        return pem(self.ca)

    @property
    def policy_text(self):
        return base64.b64decode(self.policy)

    @property
    def officers(self):
        """{name of a file: PEM}, as the approval policy names them."""
        return {name: pem(base64.b64encode(der).decode())
                for name, der in self.officer}

    @property
    def content_key(self):
        return bytes.fromhex(self.cek) if "cek" in self.fields else None

    @property
    def secrets(self):
        """[(option, identifier, key or password)] that open it."""
        found = []
        if "kek" in self.fields:
            name, _, digits = self.kek.partition("=")
            found.append(("kek", name, bytes.fromhex(digits)))
        if "password" in self.fields:
            found.append(("password", None, self.password.encode()))
        return found

    @property
    def expected(self):
        """(exit, reason) without a key."""
        return int(self.exit), self.reason

    @property
    def expected_with_key(self):
        return int(self.key_exit), self.key_reason


def pem(certificate):
    lines = "\n".join(textwrap.wrap(certificate, 64))
    return (f"-----BEGIN CERTIFICATE-----\n{lines}\n"
            "-----END CERTIFICATE-----\n").encode()


def write(vector):
    lines = ["packline-vector: 1"]
    for field in FIELDS:
        if field == "file":
            lines += [f"file: {size} {digest} {name}"
                      for size, digest, name in vector.fields.get("file", [])]
        elif field == "officer":
            lines += [f"officer: {name} {base64.b64encode(der).decode()}"
                      for name, der in vector.fields.get("officer", [])]
        elif field in vector.fields:
            lines.append(f"{field}: {vector.fields[field]}")
    body = base64.b64encode(vector.body).decode()
    return "\n".join([*lines, "", *textwrap.wrap(body, 76), ""])


def read(text):
    head, _, body = text.partition("\n\n")
    first, *lines = head.splitlines()
    assert first == "packline-vector: 1", first
    fields = {}
    for line in lines:
        key, value = line.split(": ", 1)
        assert key in FIELDS and (key in LISTS or key not in fields), line
        if key == "file":
            size, digest, name = value.split(" ", 2)
            fields.setdefault("file", []).append((int(size), digest, name))
        elif key == "officer":
            name, der = value.split(" ")
            fields.setdefault("officer", []).append(
                (name, base64.b64decode(der)))
        else:
            fields[key] = value
    return Vector(fields, base64.b64decode(body, validate=False))

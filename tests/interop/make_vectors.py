#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the vectors of schemas/vectors anew: make_vectors.py FOLDER

The keys are made for one run and thrown away: a vector carries the content
key in hex, never a private key, so signatures and recipients differ each time.
The cases are in vector_cases*.py.
"""

import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

# pylint: disable=wrong-import-position
import reference_read  # noqa: E402
import vector_cases  # noqa: E402
import vector_cases_approvals  # noqa: E402
import vector_cases_json  # noqa: E402
import vector_cases_kek  # noqa: E402
import vector_cases_request  # noqa: E402
import vector_cases_zip  # noqa: E402
import vectors  # noqa: E402
from reference import openssl, sha256  # noqa: E402
from support import P256, RSA, Keys  # noqa: E402

LIFE = 36500  # days: a vector is not to expire


class Workshop:
    """The keys of one run, and containers that use them."""

    def __init__(self, folder):
        self.keys = keys = Keys(folder)
        keys.new_ca("ca")
        for name, algorithm, kind in (
                ("release", RSA, "signer"), ("officer", P256, "signer"),
                ("ecu-rsa", RSA, "rsa-recipient"),
                ("ecu-p256", P256, "ec-recipient")):
            keys.new_cert(name, algorithm, kind, days=LIFE)
        for name in "alice", "dora", "dora2":
            keys.new_cert(name, P256, "signer", days=LIFE)
        keys.new_ca("ca2")
        keys.new_cert("stranger", P256, "signer", ca="ca2", days=LIFE)

    def signer(self, name, *options):
        return self.keys.cert(name), self.keys.key(name), options

    def recipient(self, name):
        return self.keys.cert(name), "rsa" if "rsa" in name else "ec"

    @property
    def ca(self):
        return self.keys.ca.read_bytes()


def make(shop, case):
    """case: vector_cases.Case"""
    box, body = case.build(shop)
    fields = {"name": case.name, "comment": case.comment,
              "exit": case.code, "reason": case.reason}
    cek = box.cek if box is not None and box.encrypted else None
    if cek is not None:
        key_code, key_reason = case.with_key or (case.code, case.reason)
        fields |= {"cek": cek.hex(), "key-exit": key_code,
                   "key-reason": key_reason}
        for name, key in box.keks[:1]:
            fields["kek"] = f"{name}={key.hex()}"
        if box.password is not None:
            fields["password"] = box.password.decode()
    der = openssl("x509", "-outform", "DER", data=shop.ca)
    fields["ca"] = vectors.base64.b64encode(der).decode()
    if identity := reference_read.identity(body):
        fields["manifest-sha256"] = identity
    if box is not None and not case.hidden:
        contents = ([box.metadata] if box.metadata else []) + box.files
        fields["file"] = [(len(data), sha256(data), name)
                          for name, data in contents]
    return vectors.Vector(fields, body)


def all_cases():
    return [*vector_cases.CASES, *vector_cases_json.CASES,
            *vector_cases_kek.CASES,
            *vector_cases_zip.CASES]


def make_all(folder, work):
    shop = Workshop(work)
    for case in all_cases():
        text = vectors.write(make(shop, case))
        (folder / f"{case.name}.txt").write_text(text)
    make_requests(folder / "requests", shop)
    make_approvals(folder / "approvals", shop)


def make_requests(folder, shop):
    """Signing requests, which only readers of them can judge."""
    folder.mkdir(exist_ok=True)
    for case in vector_cases_request.CASES:
        vector = make(shop, case)
        for field in "cek", "key-exit", "key-reason":
            vector.fields.pop(field, None)
        text = vectors.write(vector)
        (folder / f"{case.name}.txt").write_text(text)


def make_approvals(folder, shop):
    """Containers for a reader who has been given an approval policy."""
    folder.mkdir(exist_ok=True)
    officers = list(vector_cases_approvals.certificates(shop).items())
    for case in vector_cases_approvals.CASES:
        vector = make(shop, case)
        vector.fields |= {
            "policy": vectors.base64.b64encode(case.given).decode(),
            "officer": officers}
        if case.time:
            vector.fields["time"] = case.time
        text = vectors.write(vector)
        (folder / f"{case.name}.txt").write_text(text)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as work:
        make_all(pathlib.Path(sys.argv[1]), pathlib.Path(work))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""The main path of every tool, for the tests that make something fail.

A main path is a function that puts its inputs into the folder `work` (which
is also the current folder) and returns the arguments.  It may use run() for
what has to be made first, and keys.  `exact=False` says that a second run
need not give the same bytes (encryption, randomised signatures, the time).
`refusals` are the exit statuses that a failing allocation may lead to:
OpenSSL now and then hides even from its error queue that it was out of memory,
so that a tool which signs may also say "no" or "key", but never "done".
"""

import dataclasses
from typing import Callable

import manifest_product


@dataclasses.dataclass
class MainPath:
    tool: str
    prepare: Callable
    exact: bool
    refusals: tuple

    @property
    def name(self):
        return self.prepare.__name__


MAIN_PATHS = []


def main_path(tool, exact=True, refusals=(4,)):
    def register(prepare):
        MAIN_PATHS.append(MainPath(tool, prepare, exact, refusals))
        return prepare
    return register


@main_path("pkg-hash")
def hash_two_files(work, run, keys):
    (work / "small").write_bytes(b"abc")
    (work / "large").write_bytes(bytes(range(256)) * 1024)
    return ["-j", "1", "small", "large"]


@main_path("pkg-manifest")
def manifest_resolve(work, run, keys):
    manifest_product.write(work, ("Root file", "${WHAT} file"))
    return ["resolve", "-D", "WHAT=Root", "product.yaml", "-o", "product.lock",
            "--depfile", "product.d"]


@main_path("pkg-manifest")
def manifest_resolve_records(work, run, keys):
    manifest_product.write(work)
    names = run("pkg-manifest", "files", "-0", "product.yaml", cwd=work,
                check=0).raw
    records = run("pkg-hash", "--files0-from", "-", cwd=work, input=names,
                  check=0).raw
    (work / "records.jsonl").write_bytes(records)
    return ["resolve", "--hashes", "records.jsonl", "product.yaml"]


@main_path("pkg-manifest")
def manifest_plan(work, run, keys):
    manifest_product.write(work)
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock",
        cwd=work, check=0)
    return ["plan", "product.lock"]


@main_path("pkg-seal", exact=False, refusals=(1, 4, 5))
def seal_for_two(work, run, keys):
    (work / "payload").write_bytes(bytes(range(256)) * 1024)
    return ["create", *SUBJECT, "--recipient", keys.cert("ecu-rsa"),
            "--recipient", keys.cert("ecu-p256"), "--key", keys.key("release"),
            "--cert", keys.cert("release"), "-o", "a.seal", "payload"]


@main_path("pkg-seal", exact=False, refusals=(1, 4, 5))
def sign_a_draft(work, run, keys):
    (work / "payload").write_bytes(b"abc")
    run("pkg-seal", "create", *SUBJECT, "-o", "a.draft", "payload", cwd=work,
        check=0)
    return ["sign", "--key", keys.path("release.p12"), "--passphrase",
            f"file:{keys.path('passphrase')}", "-o", "a.seal", "a.draft"]


@main_path("pkg-seal", exact=False, refusals=(1, 4, 5))
def open_a_sealed_one(work, run, keys):
    run("pkg-seal", *seal_for_two(work, run, keys), cwd=work, check=0)
    return ["open", "--trust", keys.ca, "--recipient", keys.key("ecu-p256"),
            "-o", "out", "a.seal"]


MANIFEST = """packline: 1
tenant: acme
product: {name: gateway, version: "${VERSION}"}
defaults: {vendor: Acme}
modules:
  - name: gateway-os
    version: ${VERSION}
    type: os
    artifacts:
      - path: rootfs.bin
      - glob: "dtb/*.dtb"
    metadata:
      - {key: build-id, value: "17", targetVisible: true}
sets:
  - name: gateway
    version: ${VERSION}
    type: os
    modules: [gateway-os]
"""


def product(work):
    """A manifest and the files it selects."""
    (work / "manifest.yaml").write_text(MANIFEST)
    (work / "rootfs.bin").write_bytes(bytes(range(256)) * 300)
    (work / "dtb").mkdir()
    for name in "a", "b":
        (work / f"dtb/{name}.dtb").write_bytes(name.encode() * 5000)


@main_path("pkg-manifest")
def check_a_manifest(work, run, keys):
    product(work)
    return ["check", "-D", "VERSION=1.2", "manifest.yaml"]


@main_path("pkg-manifest")
def resolve_a_manifest(work, run, keys):
    product(work)
    return ["resolve", "-D", "VERSION=1.2", "-o", "a.lock", "manifest.yaml"]


@main_path("pkg-manifest")
def bundle_a_lock(work, run, keys):
    product(work)
    run("pkg-manifest", "resolve", "-D", "VERSION=1.2", "-o", "a.lock",
        "manifest.yaml", check=0)
    return ["bundle", "a.lock", "-o", "a.bundle"]


SUBJECT = ["--tenant", "acme", "--name", "demo", "--version", "1.2"]


def signer(keys):
    return ["--key", keys.key("officer"), "--cert", keys.cert("officer")]


def payload(work):
    (work / "rootfs.bin").write_bytes(bytes(range(256)) * 600)


@main_path("pkg-seal")
def create_a_draft(work, run, keys):
    payload(work)
    return ["create", *SUBJECT, "-o", "a.draft", "rootfs.bin"]


@main_path("pkg-seal", exact=False)
def create_a_sealed_container(work, run, keys):
    payload(work)
    return ["create", *SUBJECT, *signer(keys), "--recipient",
            keys.cert("ecu-p256"), "--recipient", keys.cert("ecu-rsa"),
            "-o", "a.seal", "rootfs.bin"]


@main_path("pkg-seal", exact=False)
def sign_a_draft(work, run, keys):
    payload(work)
    run("pkg-seal", "create", *SUBJECT, "-o", "a.draft", "rootfs.bin", check=0)
    return ["sign", "--key", keys.path("release.p12"), "--cert",
            keys.cert("release"), "--passphrase",
            f"file:{keys.path('passphrase')}", "-o", "a.seal", "a.draft"]


@main_path("pkg-seal")
def open_a_sealed_container(work, run, keys):
    payload(work)
    run("pkg-seal", "create", *SUBJECT, *signer(keys), "--recipient",
        keys.cert("ecu-p256"), "-o", "a.seal", "rootfs.bin", check=0)
    (work / "rootfs.bin").unlink()
    return ["open", "--trust", keys.ca, "--recipient", keys.key("ecu-p256"),
            "--cert", keys.cert("ecu-p256"), "-o", "out", "a.seal"]


@main_path("pkg-seal")
def show_a_container(work, run, keys):
    payload(work)
    run("pkg-seal", "create", *SUBJECT, *signer(keys), "-o", "a.seal",
        "rootfs.bin", check=0)
    return ["show", "a.seal"]

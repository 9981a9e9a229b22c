# SPDX-License-Identifier: Apache-2.0
"""The main path of every tool, for the tests that make something fail.

A main path is a function that puts its inputs into the folder `work` (which
is also the current folder) and returns the arguments.  It may use run() for
what has to be made first, and keys.  `exact=False` says that a second run
need not give the same bytes (encryption, randomised signatures, the time).
`long=True` says that it takes long: tests/fault/inject.sh only.
"""

import dataclasses
from typing import Callable

import forge
import manifest_product
from importing import Importer
from standin import StandIn
from support import manifest_sha256


@dataclasses.dataclass
class MainPath:
    tool: str
    prepare: Callable
    exact: bool
    long: bool

    @property
    def name(self):
        return self.prepare.__name__


MAIN_PATHS = []


def main_path(tool, exact=True, long=False):
    def register(prepare):
        MAIN_PATHS.append(MainPath(tool, prepare, exact, long))
        return prepare
    return register


@main_path("pkg-hash")
def hash_two_files(work, run, keys):
    (work / "small").write_bytes(b"abc")
    (work / "large").write_bytes(bytes(range(256)) * 1024)
    return ["-j", "1", "small", "large"]


@main_path("pkg-manifest")
def manifest_check(work, run, keys):
    manifest_product.write(work, ("maxAssignments: 1", "minArtifacts: 0"))
    return ["check", "--server-version", "0.9.0", "product.yaml"]


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


@main_path("pkg-manifest")
def manifest_bundle(work, run, keys):
    manifest_product.write(work)
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock",
        cwd=work, check=0)
    return ["bundle", "product.lock", "-o", "product.bundle"]


SUBJECT = ["--tenant", "acme", "--name", "demo", "--version", "1"]


@main_path("pkg-seal", exact=False)
def seal_for_two(work, run, keys):
    (work / "payload").write_bytes(bytes(range(256)) * 1024)
    return ["create", *SUBJECT, "--recipient", keys.cert("ecu-rsa"),
            "--recipient", keys.cert("ecu-p256"), "--key", keys.key("release"),
            "--cert", keys.cert("release"), "-o", "a.seal", "payload"]


@main_path("pkg-seal", exact=False)
def sign_a_draft(work, run, keys):
    (work / "payload").write_bytes(b"abc")
    run("pkg-seal", "create", *SUBJECT, "-o", "a.draft", "payload", cwd=work,
        check=0)
    return ["sign", "--key", keys.path("release.p12"), "--passphrase",
            f"file:{keys.path('passphrase')}", "--yes", "--expect-digest",
            manifest_sha256((work / "a.draft").read_bytes()),
            "-o", "a.seal", "a.draft"]


@main_path("pkg-seal", exact=False)
def open_a_sealed_one(work, run, keys):
    run("pkg-seal", *seal_for_two(work, run, keys), cwd=work, check=0)
    return ["open", "--trust", keys.ca, "--recipient", keys.key("ecu-p256"),
            "-o", "out", "a.seal"]


@main_path("pkg-seal", long=True)
def attach_a_request(work, run, keys):
    args = [*create_a_draft(work, run, keys), "--recipient",
            keys.cert("ecu-p256"), "--request", "a.request"]
    run("pkg-seal", *args, cwd=work, check=0)
    run("pkg-seal", "sign", "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "--yes", "--expect-digest",
        manifest_sha256((work / "a.request").read_bytes()), "-o",
        "b.request", "a.request", cwd=work, check=0)
    return ["attach", "--trust", keys.ca, "-o", "a.seal", "a.draft",
            "b.request"]


@main_path("pkg-seal", long=True)
def attach_a_raw_signature(work, run, keys):
    run("pkg-seal", *create_a_draft(work, run, keys), cwd=work, check=0)
    run("pkg-seal", "sign", "--cert", keys.cert("officer"), "--yes",
        "--expect-digest", manifest_sha256((work / "a.draft").read_bytes()),
        "--tbs-out", "a.tbs", "a.draft", cwd=work, check=0)
    keys.openssl("dgst", "-sha256", "-sign", keys.key("officer"), "-out",
                 work / "a.sig", work / "a.tbs")
    return ["attach", "--trust", keys.ca, "--tbs", "a.tbs", "--raw-signature",
            "a.sig", "--cert", keys.cert("officer"), "-o", "a.seal", "a.draft"]


@main_path("pkg-seal")
def create_a_draft(work, run, keys):
    (work / "payload").write_bytes(bytes(range(256)) * 600)
    return ["create", *SUBJECT, "-o", "a.draft", "payload"]


@main_path("pkg-seal")
def show_a_container(work, run, keys):
    run("pkg-seal", *seal_for_two(work, run, keys), cwd=work, check=0)
    return ["show", "a.seal"]


@main_path("pkg-verify")
def verify_a_signed_container(work, run, keys):
    forge.Box(keys, metadata={"m.json": b"{}"}).write(work / "a.seal")
    return ["--trust", keys.ca, "--tenant", "acme", "--unsigned-digest",
            "a.seal"]


@main_path("pkg-verify")
def extract_a_sealed_bundle(work, run, keys):
    forge.bundle(keys, kind="sealed").write(work / "a.bundle")
    (work / "policy.yaml").write_text(
        f"packline: 1\ntrust:\n  roots: [{keys.ca}]\n  tenants: [acme]\n"
        f"  signers:\n    pins: [{{id: carol, spki: 'sha256:"
        f"{forge.spki(keys, 'release')}'}}]\n")
    return ["--trust", "policy.yaml", "--recipient", keys.key("ecu-rsa"),
            "--cert", keys.cert("ecu-rsa"), "--extract", "out", "a.bundle"]


@main_path("pkg-seal", exact=False)
def seal_in_place_of_another(work, run, keys):
    (work / "a.seal").write_bytes(b"what is there is kept, or replaced whole")
    return [*seal_for_two(work, run, keys), "--force"]


@main_path("pkg-seal", exact=False)
def request_of_a_draft(work, run, keys):
    run("pkg-seal", *create_a_draft(work, run, keys), cwd=work, check=0)
    return ["request", "-o", "a.request", "a.draft"]


@main_path("pkg-seal", exact=False)
def attach_a_signature(work, run, keys):
    run("pkg-seal", *create_a_draft(work, run, keys), cwd=work, check=0)
    run("pkg-seal", "request", "-o", "a.request", "a.draft", cwd=work, check=0)
    run("pkg-seal", "sign", "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "-o", "signed.request", "a.request", cwd=work,
        check=0)
    return ["attach", "--trust", keys.ca, "-o", "a.seal", "a.draft",
            "signed.request"]


@main_path("pkg-verify")
def extract_in_place_of_another(work, run, keys):
    (work / "out").mkdir()
    (work / "out/earlier").write_bytes(b"what is there is kept, or replaced")
    forge.Box(keys, metadata={"m.json": b"{}"}).write(work / "a.seal")
    return ["--trust", keys.ca, "--force", "--extract", "out", "a.seal"]


@main_path("pkg-seal", exact=False, long=True)
def seal_with_two_threads(work, run, keys):
    """From 8 MiB on there are two."""
    args = seal_for_two(work, run, keys)
    (work / "payload").write_bytes(bytes(range(256)) * (33 << 10))
    return args


@main_path("pkg-seal", exact=False, long=True)
def open_with_two_threads(work, run, keys):
    run("pkg-seal", *seal_with_two_threads(work, run, keys), cwd=work, check=0)
    (work / "payload").unlink()
    return ["open", "--trust", keys.ca, "--recipient", keys.key("ecu-p256"),
            "-o", "out", "a.seal"]


@main_path("pkg-import")
def import_once_more(work, run, keys):
    """Next to a stand-in that has all of it already."""
    server = StandIn()
    server.__enter__()      # to the end of the tests
    importer = Importer(run, keys, work, server.url)
    importer(importer.product("p"), check=0)
    return ["product.bundle", "--trust", keys.ca, "--server", server.url,
            "--netrc", "netrc", "--retries", "0", "-o", "receipt"]

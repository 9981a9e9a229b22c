# SPDX-License-Identifier: Apache-2.0
"""The main path of every tool, for the tests that make something fail.

A main path is a function that puts its inputs into the folder `work` (which
is also the current folder) and returns the arguments.  It may use run() for
what has to be made first, and keys.  `exact=False` says that a second run
need not give the same bytes (encryption, randomised signatures, the time).
`long=True`, for what takes long or is much like another one: only for
tests/fault/inject.sh and alloc.sh.
"""

import dataclasses
import json
from typing import Callable

import forge
import manifest_product
import server_answers
from batches import Batches
from importing import Importer
from office import Office
from standin import StandIn
from support import manifest_sha256
from tsa import Authority


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


@main_path("pkg-import", long=True)
def import_nothing_yet(work, run, keys):
    """The same, and it only tells what it would do."""
    return [*import_once_more(work, run, keys)[:-2], "--dry-run"]


# -- the other verbs ----------------------------------------------------------

def needs_approval(work, run, keys):
    """a.request, which two officers are to approve."""
    Office(keys, work).policy(required=1)
    (work / "payload").write_bytes(b"abc")
    run("pkg-seal", "create", *SUBJECT, "--policy", "release.yaml",
        "--requester", "build", "--request", "a.request", "-o", "a.draft",
        "payload", cwd=work, check=0)


def yes(path):
    return "--yes", "--expect-digest", manifest_sha256(path.read_bytes())


@main_path("pkg-seal", exact=False)
def approve_a_request(work, run, keys):
    needs_approval(work, run, keys)
    return ["approve", "--decision", "APPROVED", "--reason", "tested",
            "--policy", "release.yaml", "--key", keys.key("alice"), "--cert",
            keys.cert("alice"), *yes(work / "a.request"), "-o", "b.request",
            "a.request"]


@main_path("pkg-seal", exact=False, long=True)
def approve_a_draft(work, run, keys):
    args = approve_a_request(work, run, keys)
    return [*args[:-2], "b.draft", "a.draft"]


@main_path("pkg-seal", exact=False, long=True)
def approve_as_a_pair(work, run, keys):
    args = approve_a_request(work, run, keys)
    return [*args[:-2], "alice", "--pair", "a.request"]


@main_path("pkg-seal", exact=False, long=True)
def sign_an_approved_request(work, run, keys):
    run("pkg-seal", *approve_a_request(work, run, keys), cwd=work, check=0)
    return ["sign", "--policy", "release.yaml", "--key", keys.key("release"),
            "--cert", keys.cert("release"), *yes(work / "b.request"), "-o",
            "c.request", "b.request"]


@main_path("pkg-seal", exact=False)
def resign_by_another(work, run, keys):
    run("pkg-seal", *create_a_draft(work, run, keys), "--key",
        keys.key("release"), "--cert", keys.cert("release"), cwd=work, check=0)
    return ["resign", "--replace", "--key", keys.key("officer"), "--cert",
            keys.cert("officer"), *yes(work / "a.draft"), "-o", "a.seal",
            "a.draft"]


def signed(work, run, keys):
    run("pkg-seal", *resign_by_another(work, run, keys), cwd=work, check=0)


@main_path("pkg-seal", long=True)
def ask_for_a_timestamp(work, run, keys):
    signed(work, run, keys)
    return ["timestamp", "--query", "-o", "q.tsq", "a.seal"]


@main_path("pkg-seal")
def put_in_a_timestamp(work, run, keys):
    run("pkg-seal", *ask_for_a_timestamp(work, run, keys), cwd=work, check=0)
    Authority(keys).reply(work / "q.tsq", work / "r.tsr")
    return ["timestamp", "--reply", "r.tsr", "--sent", "q.tsq", "--trust-tsa",
            keys.ca, "-o", "b.seal", "a.seal"]


@main_path("pkg-verify", long=True)
def verify_by_a_timestamp(work, run, keys):
    run("pkg-seal", *put_in_a_timestamp(work, run, keys), cwd=work, check=0)
    return ["--trust", keys.ca, "--time", "tsa", "--trust-tsa", keys.ca,
            "b.seal"]


@main_path("pkg-verify", long=True)
def verify_and_remember(work, run, keys):
    forge.Box(keys, sequence=7).write(work / "a.seal")
    return ["--trust", keys.ca, "--state", "state.json", "a.seal"]


@main_path("pkg-seal", exact=False, long=True)
def seal_and_request(work, run, keys):
    """Two outputs: the request comes first."""
    return [*create_a_draft(work, run, keys), "--recipient",
            keys.cert("ecu-p256"), "--request", "a.request"]


@main_path("pkg-seal", exact=False, long=True)
def seal_from_a_lock(work, run, keys):
    (work / "ecu.yaml").write_text(
        "packline: 1\ndeviceConfig: ecu\ntenant: acme\nkind: signed\n")
    (work / "product.yaml").write_text(
        "packline: 1\ntenant: acme\nproduct: {name: gw, version: '1'}\n"
        "modules:\n- {name: os, version: '1', type: os, artifacts: "
        "[{path: os.bin, seal: ecu.yaml}, {path: note, seal: ecu.yaml}]}\n")
    (work / "os.bin").write_bytes(b"os")
    (work / "note").write_bytes(b"note")
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock",
        cwd=work, check=0)
    return ["create", "--from-lock", "product.lock", "--request", "requests",
            "--key", keys.key("officer"), "--cert", keys.cert("officer"),
            "-o", "sealed"]


@main_path("pkg-hash", long=True)
def hash_and_compare(work, run, keys):
    args = hash_two_files(work, run, keys)
    records = run("pkg-hash", *args, cwd=work, check=0).raw
    (work / "records").write_bytes(records)
    return ["-j", "1", "--check", "records"]


@main_path("pkg-hash", long=True)
def hash_a_folder(work, run, keys):
    hash_two_files(work, run, keys)
    (work / "sub").mkdir()
    (work / "sub/file").write_bytes(b"")
    return ["-j", "1", "-r", "-o", "sums", "."]


def locked(work, run):
    manifest_product.write(work)
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock",
        cwd=work, check=0)


@main_path("pkg-manifest", long=True)
def manifest_files(work, run, keys):
    manifest_product.write(work)
    return ["files", "product.yaml"]


@main_path("pkg-manifest", long=True)
def manifest_list(work, run, keys):
    locked(work, run)
    return ["list", "modules", "product.lock", "--sort", "name:ASC"]


@main_path("pkg-manifest", long=True)
def manifest_diff(work, run, keys):
    locked(work, run)
    return ["diff", "product.lock", "product.lock"]


@main_path("pkg-manifest", long=True)
def manifest_graph(work, run, keys):
    locked(work, run)
    return ["graph", "-o", "graph.dot", "product.lock"]


@main_path("pkg-manifest", long=True)
def manifest_from_server(work, run, keys):
    locked(work, run)
    lock = json.loads((work / "product.lock").read_text())
    server_answers.save(work / "server", server_answers.answers(lock))
    return ["from-server", "--tenant", "acme", "--name", "gateway",
            "--version", "1.0", "--lock", "-o", "direct.lock", "server"]


@main_path("pkg-manifest", long=True)
def manifest_schema(work, run, keys):
    return ["schema", "lock"]


@main_path("pkg-seal", long=True)
def seal_schema(work, run, keys):
    return ["schema", "device-config"]


def logged(work, run, keys):
    """An audit log of a draft and its signature."""
    run("pkg-seal", *create_a_draft(work, run, keys), "--audit-log", "log",
        cwd=work, check=0)
    run("pkg-seal", "sign", "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), *yes(work / "a.draft"), "--audit-log", "log",
        "-o", "a.seal", "a.draft", cwd=work, check=0)


@main_path("pkg-seal")
def head_of_a_log(work, run, keys):
    logged(work, run, keys)
    return ["head", "-o", "head.json", "log"]


@main_path("pkg-verify")
def verify_a_log(work, run, keys):
    logged(work, run, keys)
    run("pkg-seal", "head", "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "-o", "head.json", "log", cwd=work, check=0)
    return ["--trust", keys.ca, "--head", "head.json", "log"]


# What changes a spool is killed step by step by tests/fault/batch.sh.

def finished_batch(work, run, keys):
    desk = Batches(run, keys, work)
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"), desk.document("b.bin"))
    desk.accept("b1")
    desk.work("b1", "--yes", "--expect-digest", desk.status("b1")["requestSha256"])
    return desk


@main_path("pkg-batch")
def batch_download(work, run, keys):
    finished_batch(work, run, keys)
    return ["download", "--spool", "spool", "-o", "out.zip", "b1"]


@main_path("pkg-batch", long=True)
def batch_status(work, run, keys):
    finished_batch(work, run, keys)
    return ["status", "--spool", "spool", "b1"]

# SPDX-License-Identifier: Apache-2.0
"""Signing without the payload: what crosses the air gap, and comes back.

The build host has the folder `build`, the officer another one, in which there
is nothing but the request, his key and his certificate.
"""

import json
import shutil
import stat
import zipfile

import jsonschema
import pytest

SUBJECT = ("--tenant", "acme", "--name", "demo", "--version", "1.2.3")
WHEN = {"SOURCE_DATE_EPOCH": "1700000000"}
REQUEST_MIME = b"application/vnd.packline.request.v1+zip"


@pytest.fixture
def build(tmp_path):
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "rootfs.bin").write_bytes(bytes(range(256)) * 1000)
    (folder / "note.txt").write_text("hello\n")
    return folder


@pytest.fixture
def officer(tmp_path, keys):
    """An empty folder but for his key and certificate."""
    folder = tmp_path / "officer"
    folder.mkdir()
    for name in "release.key", "release.pem":
        shutil.copy(keys.path(name), folder)
    (folder / "release.key").chmod(0o600)
    return folder


OWN = ("--key", "release.key", "--cert", "release.pem", "--padding", "pkcs1")


def create(run, build, *options):
    return run("pkg-seal", "create", *SUBJECT, *options, "-o", "demo.draft",
               "--request", "demo.request", "rootfs.bin", "note.txt",
               cwd=build, env=WHEN, check=0).records


def carry(name, source, target):
    shutil.copy(source / name, target)


def sign_elsewhere(run, build, officer):
    carry("demo.request", build, officer)
    record, = run("pkg-seal", "sign", *OWN, "-o", "signed.request",
                  "demo.request", cwd=officer, env=WHEN, check=0).records
    carry("signed.request", officer, build)
    return record


def attach(run, build, keys, *args, check=0):
    return run("pkg-seal", "attach", "--trust", keys.ca, "-o", "demo.seal",
               *args, cwd=build, check=check)


def reason(result):
    """The reason in a message: text [reason]"""
    first = result.err.splitlines()[0]
    return first[first.rindex("[") + 1:-1] if first.endswith("]") else None


def sealed(keys):
    return "--recipient", keys.cert("ecu-p256")


# -- there and back -----------------------------------------------------------

@pytest.mark.parametrize("kind", ["signed", "sealed"])
def test_the_result_is_what_signing_at_once_gives(run, keys, build, officer,
                                                  kind):
    create(run, build, *(sealed(keys) if kind == "sealed" else ()))
    record = sign_elsewhere(run, build, officer)
    assert (record["type"], record["signatures"]) == ("signing-request", 1)
    assert record["kind"] == kind
    attach(run, build, keys, "demo.draft", "signed.request")
    carry("demo.draft", build, officer)
    run("pkg-seal", "sign", *OWN, "-o", "direct.seal", "demo.draft",
        cwd=officer, env=WHEN, check=0)
    assert (build / "demo.seal").read_bytes() == \
        (officer / "direct.seal").read_bytes()
    verdict = run("pkg-verify", "--trust", keys.ca, "demo.seal", cwd=build,
                  check=0).records[-1]
    assert verdict["ok"] is True


def test_the_request_is_small_and_says_everything(run, keys, build):
    create(run, build, *sealed(keys))
    path = build / "demo.request"
    assert path.stat().st_size < 8192
    text = run("pkg-seal", "show", path, check=0).out
    for word in ("demo", "1.2.3", "rootfs.bin", "256000", "ecdh-p256",
                 "signing request"):
        assert word in text
    manifest, request, recipient = run("pkg-seal", "show", "--format", "jsonl",
                                       path, check=0).records
    assert [f["source_name"] for f in request["files"]] == ["rootfs.bin",
                                                            "note.txt"]
    assert recipient["type"] == "recipient" and manifest["kind"] == "sealed"


def test_it_is_a_zip_of_stored_members(run, keys, build):
    create(run, build, *sealed(keys))
    with zipfile.ZipFile(build / "demo.request") as box:
        assert box.namelist() == [
            "mimetype", "META-INF/manifest.json", "META-INF/recipients.p7m",
            "META-INF/request.json"]
        assert box.read("mimetype") == REQUEST_MIME


def test_what_tells_secrets_is_for_its_owner_only(run, keys, build):
    create(run, build)
    assert stat.S_IMODE((build / "demo.request").stat().st_mode) == 0o644
    create(run, build, *sealed(keys), "--force")
    assert stat.S_IMODE((build / "demo.request").stat().st_mode) == 0o600


def test_a_request_is_never_a_container(run, keys, build):
    create(run, build)
    verdict = run("pkg-verify", "--trust", keys.ca, "demo.request", cwd=build,
                  check=1).records[-1]
    assert verdict["reason"] == "request-only"


def test_its_record_has_a_schema(run, keys, build, officer, root):
    create(run, build)
    record = sign_elsewhere(run, build, officer)
    schema = json.loads(
        (root / "schemas/signing-request.schema.json").read_text())
    jsonschema.validate(record, schema)


def test_two_officers_one_after_the_other(run, keys, build, officer):
    """The second signs what the first has signed."""
    create(run, build)
    sign_elsewhere(run, build, officer)
    run("pkg-seal", "sign", "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "-o", "both.request", "signed.request",
        cwd=build, check=0)
    attach(run, build, keys, "demo.draft", "both.request")
    verdict = run("pkg-verify", "--trust", keys.ca, "demo.seal", cwd=build,
                  check=0).records[-1]
    assert len(verdict["signers"]) == 2


# -- request DRAFT ------------------------------------------------------------

def test_a_request_made_later_is_the_same(run, keys, build):
    create(run, build)
    run("pkg-seal", "request", "-o", "later.request", "demo.draft", cwd=build,
        check=0)
    assert (build / "later.request").read_bytes() == \
        (build / "demo.request").read_bytes()


def test_of_an_encrypted_draft_only_with_a_key(run, keys, build):
    create(run, build, *sealed(keys))
    refused = run("pkg-seal", "request", "-o", "later.request", "demo.draft",
                  cwd=build, check=5)
    assert reason(refused) == "no-recipient-key"
    run("pkg-seal", "request", "--recipient", keys.key("ecu-p256"), "--cert",
        keys.cert("ecu-p256"), "-o", "later.request", "demo.draft", cwd=build,
        check=0)
    assert (build / "later.request").read_bytes() == \
        (build / "demo.request").read_bytes()


def test_a_broken_draft_has_no_request(run, keys, build):
    create(run, build)
    data = bytearray((build / "demo.draft").read_bytes())
    data[data.index(b"hello\n")] ^= 1
    (build / "demo.draft").write_bytes(data)
    run("pkg-seal", "request", "-o", "later.request", "demo.draft", cwd=build,
        check=3)
    assert not (build / "later.request").exists()


def test_all_requests_of_a_lock(run, keys, build, device_config):
    device_config(recipients=["ecu-p256"], path=build / "ecu-a.yaml")
    (build / "product.yaml").write_text("""\
packline: 1
tenant: acme
product: {name: demo, version: "1.0"}
modules:
  - name: demo-os
    version: "1.0"
    type: os
    artifacts:
      - {path: rootfs.bin, seal: ecu-a.yaml}
      - {path: note.txt, seal: ecu-a.yaml}
sets:
  - {name: demo, version: "1.0", type: os, modules: [demo-os]}
""")
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock",
        cwd=build, check=0)
    run("pkg-seal", "create", "--from-lock", "product.lock", "-o", "drafts",
        "--request", "requests", cwd=build, check=0)
    drafts = {path.name for path in (build / "drafts").iterdir()}
    requests = {path.name for path in (build / "requests").iterdir()}
    assert len(drafts) == 2
    assert requests == {f"{name}.request" for name in drafts}
    name = min(drafts)
    run("pkg-seal", "sign", "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "-o", "signed.request",
        f"requests/{name}.request", cwd=build, check=0)
    attach(run, build, keys, f"drafts/{name}", "signed.request")


# -- what came back is judged -------------------------------------------------

def test_no_changed_byte_of_a_request_is_signed(run, keys, build, officer):
    """Refused with a reason, and nothing is written.

    tests/unit/test_seal_request.c tries every byte.
    """
    create(run, build, *sealed(keys))
    data = (build / "demo.request").read_bytes()
    for at in range(0, len(data), 61):
        changed = data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1:]
        (officer / "demo.request").write_bytes(changed)
        done = run("pkg-seal", "sign", *OWN, "-o", "signed.request",
                   "demo.request", cwd=officer)
        assert done.code in (1, 3) and reason(done), (at, done)
    assert not (officer / "signed.request").exists()


def test_no_cut_or_longer_request_is_signed(run, keys, build, officer):
    create(run, build)
    data = (build / "demo.request").read_bytes()
    for size in [*range(0, len(data), 97), len(data) - 1]:
        (officer / "demo.request").write_bytes(data[:size])
        done = run("pkg-seal", "sign", *OWN, "-o", "signed.request",
                   "demo.request", cwd=officer, check=3)
        assert reason(done)
    (officer / "demo.request").write_bytes(data + b"\0")
    done = run("pkg-seal", "sign", *OWN, "-o", "signed.request",
               "demo.request", cwd=officer, check=3)
    assert reason(done) == "framing"


def test_what_is_of_another_draft_is_not_attached(run, keys, build, officer):
    create(run, build)
    sign_elsewhere(run, build, officer)
    (build / "note.txt").write_text("other\n")
    create(run, build, "--force")
    refused = attach(run, build, keys, "demo.draft", "signed.request", check=1)
    assert reason(refused) == "unexpected-manifest"
    assert not (build / "demo.seal").exists()


def test_a_stranger_is_not_attached(run, keys, build, officer):
    create(run, build)
    run("pkg-seal", "sign", "--key", keys.key("stranger"), "--cert",
        keys.cert("stranger"), "-o", "signed.request", "demo.request",
        cwd=build, check=0)
    refused = attach(run, build, keys, "demo.draft", "signed.request", check=1)
    assert reason(refused) == "signer-untrusted"
    # Not even beside somebody who is trusted.
    run("pkg-seal", "sign", "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "-o", "both.request", "signed.request",
        cwd=build, check=0)
    refused = attach(run, build, keys, "demo.draft", "both.request", check=1)
    assert reason(refused) == "signer-untrusted"


def test_a_threshold_holds_for_what_comes_out(run, keys, build, officer):
    create(run, build)
    sign_elsewhere(run, build, officer)
    show = run("pkg-seal", "show", "--format", "jsonl", "signed.request",
               cwd=build, check=0).records
    first = show[-1]["spki"]
    run("pkg-seal", "sign", "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "-o", "second.request", "demo.request",
        cwd=build, check=0)
    second = run("pkg-seal", "show", "--format", "jsonl", "second.request",
                 cwd=build, check=0).records[-1]["spki"]
    (build / "trust.yaml").write_text(f"""\
packline: 1
trust:
  roots: [{keys.ca}]
  signers:
    threshold: 2
    pins:
      - {{id: carol, spki: "sha256:{first}"}}
      - {{id: dave, spki: "sha256:{second}"}}
""")
    command = ("pkg-seal", "attach", "--trust", "trust.yaml")
    refused = run(*command, "-o", "demo.seal", "demo.draft", "signed.request",
                  cwd=build, check=1)
    assert reason(refused) == "threshold"
    run(*command, "--partial", "-o", "one.seal", "demo.draft",
        "signed.request", cwd=build, check=0)
    run(*command, "-o", "two.seal", "one.seal", "second.request", cwd=build,
        check=0)
    run(*command, "-o", "both.seal", "demo.draft", "second.request",
        "signed.request", cwd=build, check=0)
    assert (build / "two.seal").read_bytes() == \
        (build / "both.seal").read_bytes()
    run("pkg-verify", "--trust", "trust.yaml", "both.seal", cwd=build, check=0)


def test_a_signature_of_a_key_that_is_there(run, keys, build, officer):
    create(run, build)
    sign_elsewhere(run, build, officer)
    attach(run, build, keys, "demo.draft", "signed.request")
    shutil.move(build / "demo.seal", build / "first.seal")
    # The very same one is nothing new; another one is refused.
    attach(run, build, keys, "first.seal", "signed.request", check=2)
    run("pkg-seal", "sign", *OWN, "-o", "again.request", "demo.request",
        cwd=officer, env={"SOURCE_DATE_EPOCH": "1700000001"}, check=0)
    carry("again.request", officer, build)
    refused = attach(run, build, keys, "first.seal", "again.request", check=2)
    assert reason(refused) == "already-signed"
    attach(run, build, keys, "--replace", "first.seal", "again.request")


def test_the_payload_is_compared_while_it_is_copied(run, keys, build, officer):
    create(run, build)
    sign_elsewhere(run, build, officer)
    data = bytearray((build / "demo.draft").read_bytes())
    data[data.index(b"hello\n")] ^= 1
    (build / "demo.draft").write_bytes(data)
    attach(run, build, keys, "demo.draft", "signed.request", check=3)
    assert not (build / "demo.seal").exists()


def test_names_come_back_with_the_request(run, keys, build, officer):
    """The record of an encrypted container tells what is in it."""
    made, = create(run, build, *sealed(keys))
    sign_elsewhere(run, build, officer)
    record, = attach(run, build, keys, "demo.draft", "signed.request").records
    assert record["artifacts"] == made["artifacts"]


# -- resign -------------------------------------------------------------------

def test_resign_replaces_signatures_and_nothing_else(run, keys, build):
    create(run, build)
    own = ("--key", keys.key("officer"), "--cert", keys.cert("officer"))
    new = ("--key", keys.key("release"), "--cert", keys.cert("release"))
    run("pkg-seal", "sign", *own, "-o", "old.seal", "demo.draft", cwd=build,
        check=0)
    run("pkg-seal", "resign", *new, "--replace", "-o", "new.seal", "old.seal",
        cwd=build, check=0)
    run("pkg-seal", "resign", *new, "-o", "both.seal", "old.seal", cwd=build,
        check=0)
    verdicts = [run("pkg-verify", "--trust", keys.ca, "--unsigned-digest",
                    f"{name}.seal", cwd=build, check=0).records[-1]
                for name in ("old", "new", "both")]
    assert [len(v["signers"]) for v in verdicts] == [1, 1, 2]
    assert verdicts[1]["signers"][0]["subject"] == "CN=release,O=Acme"
    for name in "manifest_sha256", "unsigned_sha256":
        assert len({v[name] for v in verdicts}) == 1
    run("pkg-seal", "resign", *new, "-o", "x.seal", "demo.draft", cwd=build,
        check=2)

# SPDX-License-Identifier: Apache-2.0
"""pkg-seal: make, sign, show and open containers.

Longer than 500 lines: one short function a case, all on the same fixtures.
"""

import hashlib
import json
import os
import pty
import subprocess
import zipfile

import jsonschema
import pytest

SUBJECT = ("--tenant", "acme", "--name", "demo", "--version", "1.2.3")


@pytest.fixture
def payload(tmp_path):
    """Two files to put into containers."""
    (tmp_path / "rootfs.bin").write_bytes(os.urandom(200_000))
    (tmp_path / "note.txt").write_text("hello\n")
    return "rootfs.bin", "note.txt"


@pytest.fixture
def draft(run, payload):
    run("pkg-seal", "create", *SUBJECT, "-o", "a.draft", *payload, check=0)
    return "a.draft"


def signer(keys, name="release"):
    return "--key", keys.key(name), "--cert", keys.cert(name)


def verify(run, keys, path, *more, check=0):
    result = run("pkg-verify", "--trust", keys.ca, *more, path, check=check)
    return result.records[-1]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


# -- create -------------------------------------------------------------------

def test_a_draft_waits_for_its_signature(run, keys, draft):
    assert verify(run, keys, draft, check=1)["reason"] == "draft"


def test_the_record_describes_the_file(run, tmp_path, payload):
    record, = run("pkg-seal", "create", *SUBJECT, "-o", "a.draft", *payload,
                  check=0).records
    path = tmp_path / "a.draft"
    assert record["type"] == "container"
    assert record["path"] == "a.draft"
    assert record["draft"] is True and record["kind"] == "signed"
    assert record["size"] == path.stat().st_size
    for name in "md5", "sha1", "sha256":
        assert record[name] == hashlib.new(name, path.read_bytes()).hexdigest()
    assert record["artifacts"] == [
        {"sha256": sha256(tmp_path / name), "source_name": name}
        for name in payload]


def test_with_a_key_it_is_complete_at_once(run, keys, payload):
    record, = run("pkg-seal", "create", *SUBJECT, *signer(keys), "-o", "a.seal",
                  *payload, check=0).records
    assert record["draft"] is False
    assert verify(run, keys, "a.seal")["signers"][0]["subject"] == \
        "CN=release,O=Acme"


def test_the_same_input_gives_the_same_bytes(run, keys, tmp_path, payload):
    when = {"SOURCE_DATE_EPOCH": "1700000000"}
    for name in "a", "b":
        run("pkg-seal", "create", *SUBJECT, *signer(keys), "--padding", "pkcs1",
            "-o", name, *payload, env=when, check=0)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert b'"created":"2023-11-14T22:13:20Z"' in (tmp_path / "a").read_bytes()


def test_sealed_opens_for_every_recipient(run, keys, tmp_path, payload):
    names = "ecu-rsa", "ecu-p256", "ecu-p384"
    to = [word for name in names for word in ("--recipient", keys.cert(name))]
    run("pkg-seal", "create", *SUBJECT, *signer(keys), *to, "-o", "a.seal",
        *payload, check=0)
    assert b"hello" not in (tmp_path / "a.seal").read_bytes()
    for name in names:
        run("pkg-seal", "open", "--trust", keys.ca, "--recipient",
            keys.key(name), "-o", f"out-{name}", "a.seal", check=0)
        for file in payload:
            assert sha256(tmp_path / f"out-{name}" / file) == \
                sha256(tmp_path / file)


def test_encrypted_only(run, keys, payload):
    record, = run("pkg-seal", "create", *SUBJECT, "--encrypt-only",
                  "--recipient", keys.cert("ecu-p256"), "-o", "a.seal",
                  *payload, check=0).records
    assert record["kind"] == "encrypted" and record["draft"] is False
    assert verify(run, keys, "a.seal", check=1)["reason"] == "unsigned"


def test_no_record_if_nobody_wants_one(run, keys, payload):
    result = run("pkg-seal", "create", *SUBJECT, *signer(keys), "--no-record",
                 "-o", "a.seal", *payload, check=0)
    assert result.raw == b""
    assert verify(run, keys, "a.seal")["ok"]


def test_large_files_too(run, keys, tmp_path):
    """From 8 MiB on two threads share the work; the bytes are the same."""
    data = os.urandom(1 << 20) * 9 + b"end"
    (tmp_path / "large.bin").write_bytes(data)
    to = "--recipient", keys.cert("ecu-p256")
    for kind in (), to:
        run("pkg-seal", "create", *SUBJECT, *signer(keys), *kind, "--force",
            "-o", "a.seal", "large.bin", check=0)
        verify(run, keys, "a.seal")
        run("pkg-seal", "open", "--trust", keys.ca, "--force", "-o", "out",
            *(["--recipient", keys.key("ecu-p256")] if kind else []), "a.seal",
            check=0)
        assert (tmp_path / "out/large.bin").read_bytes() == data


def test_a_device_config_says_kind_tenant_and_recipients(run, keys, payload,
                                                         device_config):
    config = device_config(recipients=["ecu-p256"])
    run("pkg-seal", "create", "-d", config, "--name", "demo", "--version", "1",
        "--sequence", 42, "--expires", "2036-01-01T00:00:00+01:00",
        *signer(keys), "-o", "a.seal", *payload, check=0)
    verdict = verify(run, keys, "a.seal", "-d", config, "--min-sequence", 42)
    assert verdict["tenant"] == "acme" and verdict["kind"] == "sealed"
    assert verdict["device_config_sha256"] == sha256(config)
    assert verdict["expires"] == "2035-12-31T23:00:00Z"


def test_through_pipes(run, keys, tmp_path):
    made = run("pkg-seal", "create", *SUBJECT, "--stdin-name", "x.bin", "-o",
               "-", "-", input=b"content", check=0)
    signed = run("pkg-seal", "sign", *signer(keys), "-o", "-", "-",
                 input=made.raw, check=0)
    run("pkg-seal", "open", "--trust", keys.ca, "-o", "out", "-",
        input=signed.raw, check=0)
    assert (tmp_path / "out/x.bin").read_bytes() == b"content"


def test_metadata_and_given_digests(run, keys, tmp_path, payload):
    given = [word for name in payload
             for word in ("--sha256", f"{name}={sha256(tmp_path / name)}")]
    (tmp_path / "about.json").write_text("{}")
    run("pkg-seal", "create", *SUBJECT, *signer(keys), *given, "--metadata",
        "about.json", "--requester", "build@acme", "-o", "a.seal", *payload,
        check=0)
    records = run("pkg-seal", "show", "--format", "jsonl", "a.seal",
                  check=0).records
    request = records[1]
    assert request["requester"] == "build@acme"
    assert [file["role"] for file in request["files"]] == \
        ["metadata", "payload", "payload"]
    assert request["files"][1]["given_sha256"] == \
        sha256(tmp_path / "rootfs.bin")


def test_a_file_with_another_digest(run, tmp_path, payload):
    result = run("pkg-seal", "create", *SUBJECT, "--sha256", "0" * 64, "-o",
                 "a.draft", payload[0], check=1)
    assert "digest-mismatch" in result.err
    assert not (tmp_path / "a.draft").exists()


USAGE = {
    "no name": (["--tenant", "acme", "--version", "1"], "--name"),
    "kinds": ([*SUBJECT, "--sign-only", "--encrypt-only"], "contradict"),
    "no recipient": ([*SUBJECT, "--encrypt-only"], "needs a recipient"),
    "time": ([*SUBJECT, "--expires", "tomorrow"], "not a time"),
    "digest": ([*SUBJECT, "--sha256", "ABC"], "not 64 digits"),
    "whose digest": ([*SUBJECT, "--sha256", "x=" + "0" * 64], "which file"),
    "tenant": (["--tenant", "a b", "--name", "n", "--version", "1"],
               "cannot be a tenant"),
    "cert alone": ([*SUBJECT, "--cert", "x.pem"], "for a key"),
}


@pytest.mark.parametrize("what", USAGE)
def test_wrong_command_lines(run, tmp_path, payload, what):
    options, text = USAGE[what]
    result = run("pkg-seal", "create", *options, "-o", "a.draft", payload[0],
                 check=2)
    assert text in result.err
    assert not (tmp_path / "a.draft").exists()


def test_no_output_and_no_file(run, payload):
    assert "-o FILE" in run("pkg-seal", "create", *SUBJECT, payload[0],
                            check=2).err
    assert "no file" in run("pkg-seal", "create", *SUBJECT, "-o", "a",
                            check=2).err


def test_an_output_that_exists(run, tmp_path, payload, draft):
    before = (tmp_path / draft).read_bytes()
    result = run("pkg-seal", "create", *SUBJECT, "-o", draft, payload[1],
                 check=2)
    assert "--force" in result.err
    assert (tmp_path / draft).read_bytes() == before
    run("pkg-seal", "create", *SUBJECT, "--force", "-o", draft, payload[1],
        check=0)
    assert (tmp_path / draft).read_bytes() != before


def test_never_binary_to_a_terminal(run, payload):
    leader, follower = pty.openpty()
    try:
        result = run("pkg-seal", "create", *SUBJECT, "-o", "-", payload[1],
                     stdout=follower, check=2)
    finally:
        os.close(follower)
        os.close(leader)
    assert "terminal" in result.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only(run, tmp_path, payload):
    (tmp_path / "ro").mkdir(mode=0o500)
    result = run("pkg-seal", "create", *SUBJECT, "-o", "ro/a", payload[0],
                 check=4)
    assert "ro/a" in result.err


def test_a_file_that_is_missing(run, tmp_path):
    result = run("pkg-seal", "create", *SUBJECT, "-o", "a.draft", "nothing",
                 check=4)
    assert "'nothing'" in result.err
    assert not (tmp_path / "a.draft").exists()


# -- keys ---------------------------------------------------------------------

def sign(run, draft, *options, check):
    return run("pkg-seal", "sign", *options, "-o", "a.seal", draft, check=check)


def test_a_pkcs12_file_brings_its_certificate(run, keys, draft):
    sign(run, draft, "--key", keys.path("release.p12"), "--passphrase",
         f"file:{keys.path('passphrase')}", check=0)
    verify(run, keys, "a.seal")


def test_a_wrong_passphrase(run, keys, draft):
    result = sign(run, draft, "--key", keys.path("release.p12"), "--passphrase",
                  f"file:{keys.path('wrong-passphrase')}", check=5)
    assert "wrong passphrase" in result.err


def test_a_key_that_others_can_read(run, keys, tmp_path, draft):
    loose = tmp_path / "loose.key"
    loose.write_bytes(keys.key("release").read_bytes())
    loose.chmod(0o644)
    result = sign(run, draft, "--key", loose, "--cert", keys.cert("release"),
                  check=5)
    assert "chmod 600" in result.err


def test_a_certificate_of_another_key(run, keys, draft):
    result = sign(run, draft, "--key", keys.key("release"), "--cert",
                  keys.cert("officer"), check=5)
    assert "is not that of key" in result.err


def test_an_expired_certificate(run, keys, tmp_path, draft):
    result = sign(run, draft, *signer(keys, "expired"), check=5)
    assert "expired at" in result.err
    assert not (tmp_path / "a.seal").exists()


def test_a_certificate_for_another_purpose(run, keys, draft):
    assert "code signing" in sign(run, draft, *signer(keys, "ecu-p256"),
                                  check=5).err


def test_no_certificate_and_no_key(run, keys, draft):
    assert "--cert" in sign(run, draft, "--key", keys.key("release"),
                            check=5).err
    assert "--key" in sign(run, draft, check=2).err


def test_a_recipient_who_may_not_receive(run, keys, payload):
    result = run("pkg-seal", "create", *SUBJECT, "--recipient",
                 keys.cert("release"), "-o", "a", payload[0], check=5)
    assert "keyEncipherment" in result.err


# -- sign ---------------------------------------------------------------------

def test_signing_changes_nothing_but_signatures(run, keys, draft):
    digests = set()
    for name in "release", "officer":
        run("pkg-seal", "sign", *signer(keys, name), "-o", name, draft, check=0)
        verdict = verify(run, keys, name, "--unsigned-digest")
        digests.add(verdict["unsigned_sha256"])
    assert len(digests) == 1 and None not in digests


def test_two_signatures_are_in_their_order(run, keys, draft):
    sign(run, draft, *signer(keys, "release"), check=0)
    run("pkg-seal", "sign", *signer(keys, "officer"), "-o", "b.seal", "a.seal",
        check=0)
    spki = [one["spki"] for one in verify(run, keys, "b.seal")["signers"]]
    assert len(spki) == 2 and spki == sorted(spki)
    result = run("pkg-seal", "sign", *signer(keys, "officer"), "-o", "c.seal",
                 "b.seal", check=2)
    assert "signed it already" in result.err


def test_a_device_config_names_the_key(run, keys, payload, device_config):
    config = device_config(recipients=["ecu-p256"], extra=(
        f"signing: {{key: {keys.key('release')}, "
        f"cert: {keys.cert('release')}}}\n"))
    run("pkg-seal", "create", "-d", config, "--name", "n", "--version", "1",
        "-o", "a.draft", *payload, check=0)
    sign(run, "a.draft", "-d", config, check=0)
    verify(run, keys, "a.seal", "-d", config)


def test_the_digest_that_was_agreed_on(run, keys, tmp_path, draft):
    manifest = zipfile.ZipFile(tmp_path / draft).read("META-INF/manifest.json")
    digest = hashlib.sha256(manifest).hexdigest()
    result = sign(run, draft, *signer(keys), "--expect-digest", "0" * 64,
                  check=1)
    assert "unexpected-manifest" in result.err and digest in result.err
    sign(run, draft, *signer(keys), "--expect-digest", digest, check=0)


def test_a_draft_whose_payload_was_changed(run, keys, tmp_path, draft):
    data = bytearray((tmp_path / draft).read_bytes())
    data[data.index(b"hello")] ^= 1
    (tmp_path / draft).write_bytes(data)
    result = sign(run, draft, *signer(keys), check=3)
    assert "CRC-32 [framing]" in result.err
    assert not (tmp_path / "a.seal").exists()


def test_records_tell_what_encryption_hides(run, keys, tmp_path, payload):
    made = run("pkg-seal", "create", *SUBJECT, "--recipient",
               keys.cert("ecu-p256"), "-o", "a.draft", *payload, check=0)
    (tmp_path / "records").write_bytes(made.raw)
    without, = sign(run, "a.draft", *signer(keys), check=0).records
    assert "artifacts" not in without
    told, = run("pkg-seal", "sign", *signer(keys), "--records", "records", "-o",
                "b.seal", "a.draft", check=0).records
    assert told["artifacts"] == made.records[0]["artifacts"]


# -- show ---------------------------------------------------------------------

def test_show_says_that_nothing_is_verified(run, draft):
    text = run("pkg-seal", "show", draft, check=0).out
    assert "demo" in text and "rootfs.bin" in text
    assert "draft" in text and "nothing: pkg-verify does that" in text


def test_show_ends_with_what_an_officer_reads_out(run, draft):
    lines = run("pkg-seal", "show", draft, check=0).out.splitlines()
    digest, = (line.split()[1] for line in lines if line[:9] == "manifest ")
    groups = [digest[at:at + 4] for at in range(0, 64, 4)]
    assert lines[-10].split() == ["SHA-256", *groups[:8]]
    assert lines[-9].split() == groups[8:]
    assert lines[-8].split()[:2] == ["in", "words"]
    words = [word for line in lines[-8:] for word in line.split()][2:]
    assert len(words) == 32 and words[0] != words[1]


def test_show_decrypts_the_request(run, keys, payload):
    run("pkg-seal", "create", *SUBJECT, "--recipient", keys.cert("ecu-rsa"),
        "-o", "a.draft", *payload, check=0)
    assert "rootfs.bin" not in run("pkg-seal", "show", "a.draft", check=0).out
    assert "rootfs.bin" in run("pkg-seal", "show", "--recipient",
                               keys.key("ecu-rsa"), "a.draft", check=0).out
    result = run("pkg-seal", "show", "--recipient", keys.key("ecu-p256"),
                 "a.draft", check=1)
    assert "not-a-recipient" in result.err


def test_a_name_cannot_write_to_the_terminal(run, payload):
    """Bidirectional controls would show an officer another name."""
    run("pkg-seal", "create", "--tenant", "acme", "--name", "de\u202emo",
        "--version", "1", "-o", "a.draft", payload[0], check=0)
    text = run("pkg-seal", "show", "a.draft", check=0).out
    assert "\u202e" not in text and "de\\u{202e}mo" in text


def test_show_of_what_is_no_container(run, payload):
    result = run("pkg-seal", "show", payload[1], check=3)
    assert "[framing]" in result.err and result.err.count(payload[1]) == 1


def test_records_follow_their_schemas(run, keys, root, payload):
    made = run("pkg-seal", "create", *SUBJECT, *signer(keys), "--recipient",
               keys.cert("ecu-rsa"), "-o", "a.seal", *payload, check=0)
    shown = run("pkg-seal", "show", "--format", "jsonl", "a.seal", check=0)
    seen = set()
    for record in made.records + shown.records:
        if record["type"] == "manifest":
            continue
        seen.add(record["type"])
        schema = root / f"schemas/{record['type']}.schema.json"
        jsonschema.validate(record, json.loads(schema.read_text()))
    assert seen == {"container", "signature", "recipient"}


# -- open ---------------------------------------------------------------------

def test_open_writes_nothing_of_what_is_not_trusted(run, keys, tmp_path, draft):
    sign(run, draft, *signer(keys, "stranger"), check=0)
    result = run("pkg-seal", "open", "--trust", keys.ca, "-o", "out", "a.seal",
                 check=1)
    assert result.records[-1]["reason"] == "signer-untrusted"
    assert not (tmp_path / "out").exists()


def test_open_wants_trust_and_a_folder(run, keys, draft):
    assert "--trust" in run("pkg-seal", "open", "-o", "out", draft,
                            check=2).err
    assert "-o DIR" in run("pkg-seal", "open", "--trust", keys.ca, draft,
                           check=2).err


# -- from a lock --------------------------------------------------------------

@pytest.fixture
def lock(run, tmp_path, payload, device_config):
    device_config(recipients=["ecu-p256"], path=tmp_path / "ecu.yaml")
    (tmp_path / "product.yaml").write_text(
        "packline: 1\ntenant: acme\n"
        "product: {name: gateway, version: '1'}\n"
        "modules:\n"
        "  - name: os\n    version: '1'\n    type: os\n    artifacts:\n"
        "      - {path: rootfs.bin, filename: x.seal, seal: ecu.yaml}\n"
        "  - name: app\n    version: '2'\n    type: application\n"
        "    artifacts:\n"
        "      - {path: note.txt, filename: x.seal, seal: ecu.yaml}\n")
    run("pkg-manifest", "resolve", "-o", "product.lock", "product.yaml",
        check=0)
    return "product.lock"


def test_all_containers_of_a_lock(run, keys, tmp_path, lock):
    records = run("pkg-seal", "create", "--from-lock", lock, *signer(keys),
                  "-o", "sealed", check=0).records
    assert [one["path"] for one in records] == \
        ["sealed/x.seal", "sealed/2-x.seal"]
    assert sorted(os.listdir(tmp_path / "sealed")) == ["2-x.seal", "x.seal"]
    verdict = verify(run, keys, "sealed/2-x.seal", "-d", "ecu.yaml")
    assert (verdict["name"], verdict["version"]) == ("app", "2")
    (tmp_path / "records").write_text(
        "".join(json.dumps(one) + "\n" for one in records))
    run("pkg-manifest", "bundle", "--containers", "records", "-o", "p.bundle",
        lock, check=0)


def test_modules_that_ship_the_same_file(run, keys, tmp_path, lock):
    """A container tells name and version of its module: each has its own."""
    product = tmp_path / "product.yaml"
    same = "{path: note.txt, filename: x.seal, seal: ecu.yaml}"
    product.write_text(product.read_text().replace(
        "{path: rootfs.bin, filename: x.seal, seal: ecu.yaml}", same) +
        f"      - {same}\n".replace("x.seal", "y.seal"))
    run("pkg-manifest", "resolve", "-o", lock, "--force", "product.yaml",
        check=0)
    made = run("pkg-seal", "create", "--from-lock", lock, *signer(keys),
               "-o", "sealed", check=0)
    assert [(one["path"], one["name"], one["version"])
            for one in made.records] == [
        ("sealed/x.seal", "os", "1"), ("sealed/2-x.seal", "app", "2"),
        ("sealed/y.seal", "app", "2")]
    (tmp_path / "records").write_bytes(made.raw)
    run("pkg-manifest", "bundle", "--containers", "records", "-o", "p.bundle",
        lock, check=0)
    digests = {one["path"]: one["sha256"] for one in made.records}
    with zipfile.ZipFile(tmp_path / "p.bundle") as bundle:
        steps = json.loads(bundle.read("payload/plan.json"))["steps"]
    blobs = {step["ref"]: step["request"]["multipart"]["blob"]
             for step in steps if step["ref"].startswith("artifact:")}
    for module, name in ("os/os/1", "x"), ("application/app/2", "2-x"):
        assert blobs[f"artifact:{module}/x.seal"] == \
            digests[f"sealed/{name}.seal"], blobs


def test_names_of_containers_do_not_meet(run, tmp_path, lock):
    """Also if a module has the name that another one's would get."""
    product = tmp_path / "product.yaml"
    head = product.read_text().partition("modules:\n")[0]
    names = ["x.seal", "x.seal", "2-x.seal", "x.seal", "3-x.seal", "2-x.seal"]
    product.write_text(head + "modules:\n" + "".join(
        f"  - {{name: m{n}, version: '1', type: os, artifacts: "
        f"[{{path: note.txt, filename: {name}, seal: ecu.yaml}}]}}\n"
        for n, name in enumerate(names)))
    run("pkg-manifest", "resolve", "-o", lock, "--force", "product.yaml",
        check=0)
    records = run("pkg-seal", "create", "--from-lock", lock, "-o", "drafts",
                  check=0).records
    assert [one["path"].removeprefix("drafts/") for one in records] == [
        "x.seal", "2-x.seal", "2-2-x.seal", "3-x.seal", "2-3-x.seal",
        "3-2-x.seal"]


def test_a_lock_whose_file_has_changed(run, tmp_path, lock):
    (tmp_path / "note.txt").write_text("other\n")
    result = run("pkg-seal", "create", "--from-lock", lock, "-o", "sealed",
                 check=1)
    assert "digest-mismatch" in result.err and result.raw == b""
    assert not (tmp_path / "sealed").exists()
    assert [name for name in os.listdir(tmp_path) if "packline" in name] == []


def test_a_lock_says_all(run, lock, payload):
    run("pkg-seal", "create", "--from-lock", lock, "-o", "x", payload[0],
        check=2)
    run("pkg-seal", "create", "--from-lock", lock, "-o", "x", "--name", "n",
        check=2)


# -- other people's tools -----------------------------------------------------

def openssl(*args, **options):
    return subprocess.run(["openssl", *map(str, args)], capture_output=True,
                          check=False, **options)


@pytest.mark.parametrize("name", ["release", "officer"])
def test_openssl_verifies_our_signatures(run, keys, tmp_path, draft, name):
    sign(run, draft, *signer(keys, name), check=0)
    zipfile.ZipFile(tmp_path / "a.seal").extractall(tmp_path / "x")
    done = openssl("cms", "-verify", "-inform", "DER", "-in",
                   "META-INF/sig-00.p7s", "-content", "META-INF/manifest.json",
                   "-binary", "-purpose", "any", "-cades", "-nointern",
                   "-certfile", keys.cert(name), "-CAfile", keys.ca, "-out",
                   "/dev/null", cwd=tmp_path / "x")
    assert done.returncode == 0, done.stderr


def test_openssl_and_we_agree_on_the_ciphertext(run, keys, tmp_path):
    """The recipe of schemas/container.md, with one segment."""
    (tmp_path / "note.txt").write_text("hello\n")
    run("pkg-seal", "create", *SUBJECT, "--recipient", keys.cert("ecu-p256"),
        "-o", "a.draft", "note.txt", check=0)
    with zipfile.ZipFile(tmp_path / "a.draft") as archive:
        archive.extractall(tmp_path / "x")
    manifest = json.loads((tmp_path / "x/META-INF/manifest.json").read_text())
    cek = openssl("cms", "-decrypt", "-inform", "DER", "-in",
                  tmp_path / "x/META-INF/recipients.p7m", "-recip",
                  keys.cert("ecu-p256"), "-inkey", keys.key("ecu-p256")).stdout
    assert len(cek) == 32
    member = "payload/000000.enc"
    key = openssl("kdf", "-keylen", 32, "-binary", "-kdfopt", "digest:SHA256",
                  "-kdfopt", f"hexkey:{cek.hex()}", "-kdfopt",
                  f"hexsalt:{manifest['encryption']['salt']}", "-kdfopt",
                  f"info:packline-v1/stream/{member}", "HKDF").stdout
    stored = (tmp_path / "x" / member).read_bytes()
    nonce = "00" * 11 + "01"
    plain = openssl("enc", "-d", "-aes-256-ctr", "-K", key.hex(), "-iv",
                    nonce + "00000002", input=stored[:-16]).stdout
    assert plain == b"hello\n"

# SPDX-License-Identifier: Apache-2.0
"""pkg-verify as its users meet it: options, results, messages, exit status.

The containers come from forge.py; what it is to refuse in them is in
interop/test_attacks.py.
"""

import json
import os
import re
import subprocess

import forge
import jsonschema
import pytest
import reference
from support import bin_folder, clean_environment


@pytest.fixture
def signed(keys, tmp_path):
    return forge.Box(keys).write(tmp_path / "a.seal")


@pytest.fixture
def sealed(keys, tmp_path):
    box = forge.Box(keys, {"a.bin": b"\0" * 70000, "b.txt": b"text\n"},
                    kind="sealed")
    return box.write(tmp_path / "sealed.seal")


@pytest.fixture
def policy(keys, tmp_path):
    def write(extra="", name="policy.yaml"):
        path = tmp_path / name
        path.write_text(
            f"packline: 1\ntrust:\n  roots: [{keys.ca}]\n  signers:\n"
            f"    pins:\n      - {{id: carol, spki: "
            f"'sha256:{forge.spki(keys, 'release')}'}}\n{extra}")
        return path

    return write


def checks(verdict):
    return {check["id"]: check["ok"] for check in verdict["checks"]}


# -- yes and no ---------------------------------------------------------------

def test_yes(run, keys, signed):
    answer = run("pkg-verify", "--trust", keys.ca, "a.seal", check=0)
    assert answer.err == ""
    stage, verdict = answer.records
    assert (stage["type"], verdict["type"]) == ("stage", "verdict")
    assert verdict["ok"] is True and verdict["reason"] is None
    assert verdict["path"] == "a.seal"
    assert (verdict["name"], verdict["tenant"]) == ("demo", "acme")


def test_what_was_not_asked_for_is_listed_as_not_checked(run, keys, signed):
    verdict = run("pkg-verify", "-t", keys.ca, signed, check=0).records[-1]
    assert {id for id, ok in checks(verdict).items() if ok is None} == {
        "tenant", "device-config", "sequence", "state", "revocation",
        "approvals",
        "recipients", "mac", "plaintext", "content"}


def test_policy_asks_for_more(run, signed, policy):
    path = policy("  tenants: [acme]\n")
    verdict = run("pkg-verify", "-t", path, signed, check=0).records[-1]
    assert checks(verdict)["tenant"] is True
    assert [signer["id"] for signer in verdict["signers"]] == ["carol"]


def test_no_trust_is_no(run, signed):
    answer = run("pkg-verify", "a.seal", check=1)
    assert answer.records == [answer.records[-1]]   # no stage
    verdict, = answer.records
    assert (verdict["ok"], verdict["reason"]) == (False, "no-trust")
    assert checks(verdict)["payload"] is True
    assert answer.err.splitlines() == [
        "pkg-verify: error: a.seal: signed by CN=release,O=Acme (issued by "
        "CN=Test ca), but nothing says whether that is to be trusted "
        "[no-trust]",
        "pkg-verify: hint: give a certificate or a trust policy: --trust "
        "FILE"]


def test_stranger_is_told_by_name(run, keys, tmp_path):
    forge.Box(keys, signers=["stranger"]).write(tmp_path / "a.seal")
    answer = run("pkg-verify", "-t", keys.ca, "a.seal", check=1)
    assert answer.err.splitlines()[0] == (
        "pkg-verify: error: a.seal: signed by CN=stranger,O=Acme (issued by "
        f"CN=Test ca2), which is not under the CA of '{keys.ca}' "
        "[signer-untrusted]")


def test_not_a_container(run, keys, tmp_path):
    for data, reason in ((b"", "truncated"), (b"hello\n", "framing"),
                         (b"x" * 10000, "framing")):
        (tmp_path / "x").write_bytes(data)
        verdict, = run("pkg-verify", "-t", keys.ca, "x", check=3).records
        assert verdict["reason"] == reason
        assert verdict["name"] is None


# -- results -------------------------------------------------------------------

def test_text(run, keys, tmp_path):
    box = forge.Box(keys, sequence=42, expires="2099-01-01T00:00:00Z",
                    device_config={"id": "ecu-a", "sha256": "a" * 64})
    box.write(tmp_path / "a.seal")
    answer = run("pkg-verify", "--format", "text", "-t", keys.ca, "--time",
                 "at=2099-01-01T00:00:00Z", "a.seal", check=1)
    assert answer.err == ""     # the result has said it
    answer = run("pkg-verify", "--format", "text", "-t", keys.ca, "--tenant",
                 "acme", "--time", "none", "a.seal", check=0)
    assert answer.out == f"""\
a.seal: yes
  name           demo
  version        1.0
  tenant         acme
  device config  ecu-a
  sequence       42
  expires        2099-01-01T00:00:00Z
  kind           signed
  content        files
  manifest       {forge.sha256(box.manifest_bytes())}
checks:
  ok manifest       canonical, format 1, kind signed, suite packline-1
  ok signatures     signed by CN=release,O=Acme
  ok suite          allowed
  ok tenant         the one asked for
  -  device-config  no device config was asked for
  -  sequence       no lowest sequence number was asked for
  -  state          no state was given
  -  expiry         no clock: expiry was not looked at
  -  clock          no clock: validity was not looked at
  -  revocation     no revocation lists were given
  -  approvals      no approvals were asked for
  -  recipients     nothing is encrypted
  -  mac            nothing is encrypted
  ok request        it fits the manifest
  ok payload        every stored byte is the listed one
  -  plaintext      nothing is encrypted
  -  content        it is not a bundle
  ok framing        the only legal one, to the end of the file
"""


def test_text_of_a_no(run, keys, signed):
    answer = run("pkg-verify", "--format", "text", "-t", keys.ca, "--tenant",
                 "other", "a.seal", check=1)
    lines = answer.out.splitlines()
    assert lines[0] == ("a.seal: no [wrong-tenant]: it is for tenant 'acme', "
                        "not for 'other'")
    assert "claims, not to be believed:" in lines
    assert "  NO tenant         it is for tenant 'acme', not for 'other'" \
        in lines


def test_records_have_schemas(run, root, keys, signed, sealed, tmp_path):
    (tmp_path / "junk").write_bytes(b"PK")
    schemas = {name: json.loads(
        (root / f"schemas/{name}.schema.json").read_text())
        for name in ("stage", "verdict")}
    for path in (signed, sealed, "junk"):
        for options in ([], ["-t", keys.ca], ["-t", keys.cert("officer")],
                        ["-t", keys.ca, "--unsigned-digest"]):
            for record in run("pkg-verify", *options, path).records:
                jsonschema.validate(record, schemas[record["type"]])


def test_stage_is_written_before_the_payload_is_read(keys, tmp_path):
    """The reader of the pipe hears of the signature while bytes still come."""
    data = forge.Box(keys, {"big": b"x" * 300000}).bytes()
    tool = subprocess.Popen(
        [bin_folder() / "pkg-verify", "-t", keys.ca, "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment())
    tool.stdin.write(data[:100000])
    tool.stdin.flush()
    stage = json.loads(tool.stdout.readline())
    assert stage["type"] == "stage" and "ok" not in stage
    tool.stdin.write(data[100000:])
    tool.stdin.close()
    verdict = json.loads(tool.stdout.readline())
    assert verdict["ok"] is True
    assert tool.stdout.read() == b""
    assert tool.wait() == 0


def test_stdout_that_cannot_be_written_is_not_a_yes(run, keys, signed):
    with open("/dev/full", "wb") as full:
        answer = run("pkg-verify", "-t", keys.ca, signed, stdout=full,
                     check=4)
    error, = answer.err.splitlines()
    assert "No space left" in error


def test_messages_as_records(run, signed):
    message, = run("pkg-verify", "--json", signed, check=1).messages
    assert (message["reason"], message["code"]) == ("no-trust", 1)


# -- trust -----------------------------------------------------------------------

def test_trust_that_is_missing_or_empty(run, tmp_path, signed):
    answer = run("pkg-verify", "-t", "missing.pem", signed, check=4)
    assert answer.out == "" and "missing.pem" in answer.err
    (tmp_path / "empty.pem").write_text("")
    answer = run("pkg-verify", "-t", "empty.pem", signed, check=3)
    assert "is empty: it trusts nobody" in answer.err


def test_findings_of_a_policy(run, tmp_path, signed):
    (tmp_path / "p.yaml").write_text(
        "packline: 1\ntrust:\n  signers:\n    threshold: 0\n"
        "    pins: [{id: carol, spki: 'sha256:xyz'}]\n"
        "  crlMaxAge: 30\n  tenants: []\n  time: tsa\n"
        "  allowunsigned: true\n")
    answer = run("pkg-verify", "-t", "p.yaml", signed, check=3)
    assert answer.out == ""
    places = [line.split(": error: ")[0] for line in answer.err.splitlines()
              if ": error: " in line]
    assert places == [
        "pkg-verify: p.yaml:4:16", "pkg-verify: p.yaml:5:30",
        "pkg-verify: p.yaml:6:14", "pkg-verify: p.yaml:7:12",
        "pkg-verify: p.yaml:8:9", "pkg-verify: p.yaml:9:3", "pkg-verify"]
    assert "did you mean 'allowUnsigned'" in answer.err


def test_policy_is_found_beside_its_files(run, keys, signed, tmp_path):
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "ca.pem").write_bytes(keys.ca.read_bytes())
    pin = forge.spki(keys, "release")
    (folder / "p.yaml").write_text(
        "packline: 1\ntrust:\n  roots: [ca.pem]\n  signers:\n"
        f"    pins: [{{id: carol, spki: 'sha256:{pin}'}}]\n")
    run("pkg-verify", "-t", "etc/p.yaml", signed, check=0)
    run("pkg-verify", "-C", folder, "-t", "p.yaml", signed, check=0)


def test_trust_and_container_are_not_both_standard_input(run):
    answer = run("pkg-verify", "-t", "-", "-", check=2)
    assert "cannot both come from standard input" in answer.err


@pytest.mark.parametrize("mode", ["never", "at=yesterday", ""])
def test_time_modes(run, keys, signed, mode):
    answer = run("pkg-verify", "-t", keys.ca, "--time", mode, signed, check=2)
    assert "hint: system, at=2026-12-01T02:00:00Z, tsa or none" in answer.err


def test_certificate_that_is_valid_at_another_time(run, keys, signed):
    run("pkg-verify", "-t", keys.ca, "--time", "at=2000-01-01T00:00:00Z",
        signed, check=1)


def test_device_config_and_tenant_that_contradict(run, keys, signed,
                                                  device_config):
    path = device_config(kind="signed", recipients=())
    answer = run("pkg-verify", "-t", keys.ca, "-d", path, "--tenant", "other",
                 signed, check=2)
    assert "is for tenant 'acme', but --tenant says 'other'" in answer.err


# -- recipients --------------------------------------------------------------------

def test_recipient_key(run, keys, sealed):
    verdict = run("pkg-verify", "-t", keys.ca, "--recipient",
                  keys.key("ecu-rsa"), "--cert", keys.cert("ecu-rsa"), sealed,
                  check=0).records[-1]
    assert checks(verdict)["mac"] and checks(verdict)["plaintext"]


def test_recipient_key_in_pkcs12(run, keys, sealed):
    keys.pkcs12("ecu-rsa", keys.passphrase)
    passphrase = keys.path("passphrase")
    p12 = keys.path("ecu-rsa.p12")
    run("pkg-verify", "-t", keys.ca, "--recipient", p12, "--passphrase",
        f"file:{passphrase}", sealed, check=0)
    wrong = keys.path("wrong-passphrase")
    run("pkg-verify", "-t", keys.ca, "--recipient", p12, "--passphrase",
        f"file:{wrong}", sealed, check=5)


def test_certificate_of_another_key(run, keys, sealed):
    answer = run("pkg-verify", "-t", keys.ca, "--recipient",
                 keys.key("ecu-rsa"), "--cert", keys.cert("ecu-p256"), sealed,
                 check=5)
    assert answer.out == ""


def test_key_that_others_can_read(run, keys, sealed, tmp_path):
    path = tmp_path / "open.key"
    path.write_bytes(keys.key("ecu-rsa").read_bytes())
    path.chmod(0o644)
    answer = run("pkg-verify", "-t", keys.ca, "--recipient", path, sealed,
                 check=5)
    assert "chmod 600" in answer.err


@pytest.mark.parametrize("option", ["--passphrase", "--cert"])
def test_options_of_a_key_that_is_missing(run, keys, sealed, option):
    answer = run("pkg-verify", "-t", keys.ca, option, "x", sealed, check=2)
    assert f"{option} is for a key, and none is named" in answer.err


# -- extraction ----------------------------------------------------------------------

def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def leftovers(folder):
    return [path.name for path in folder.iterdir()
            if path.name.startswith(".")]


def test_extract(run, keys, signed, tmp_path):
    run("pkg-verify", "-t", keys.ca, "-x", "out", signed, check=0)
    assert files(tmp_path / "out") == {"hello.bin": b"hello\n"}


def test_extract_a_bundle(run, keys, tmp_path):
    forge.bundle(keys).write(tmp_path / "a.bundle")
    run("pkg-verify", "-t", keys.ca, "-x", "out", "a.bundle", check=0)
    out = files(tmp_path / "out")
    plan = json.loads(out.pop("plan.json"))
    assert sorted(out.values()) == [b"blob one", b"blob two"]
    assert {step["blob"] for step in plan["steps"]} == set(out)


def test_extract_needs_a_yes(run, keys, sealed, signed, tmp_path):
    data = bytearray(signed.read_bytes())
    data[data.rindex(b"hello\n")] ^= 1
    (tmp_path / "bad.seal").write_bytes(data)
    (tmp_path / "cut.seal").write_bytes(signed.read_bytes()[:-1])
    for path in ("bad.seal", "cut.seal"):
        run("pkg-verify", "-t", keys.ca, "-x", "out", path, check=3)
    run("pkg-verify", "-x", "out", signed, check=1)
    answer = run("pkg-verify", "-t", keys.ca, "-x", "out", sealed, check=2)
    assert answer.records[-1]["reason"] == "no-recipient-key"
    assert not (tmp_path / "out").exists()
    assert leftovers(tmp_path) == []


def test_extract_over_something(run, keys, signed, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").write_text("old")
    run("pkg-verify", "-t", keys.ca, "-x", "out", signed, check=2)
    assert files(out) == {"old": b"old"}
    run("pkg-verify", "-t", keys.ca, "-x", "out", "--force", signed, check=0)
    assert files(out) == {"hello.bin": b"hello\n"}


def test_extract_real_names(run, keys, tmp_path):
    name = "große Datei (1).bin"
    box = forge.Box(keys, {name: b"x"}, kind="sealed")
    box.write(tmp_path / "a.seal")
    run("pkg-verify", "-t", keys.ca, "-x", "out", "--recipient",
        keys.key("ecu-rsa"), "--cert", keys.cert("ecu-rsa"), "a.seal", check=0)
    assert files(tmp_path / "out") == {name: b"x"}


# -- the unsigned digest ---------------------------------------------------------------

def test_unsigned_digest(run, keys, tmp_path):
    box = forge.Box(keys, metadata={"m.json": b"{}"})
    bare = reference.write_zip([(name, data) for name, data in box.members()
                            if not name.startswith("META-INF/sig-")])
    for signers in (["release"], ["officer"], ["release", "officer"]):
        box.signers = signers
        box.write(tmp_path / "a.seal")
        verdict = run("pkg-verify", "-t", keys.ca, "--unsigned-digest",
                      "a.seal", check=0).records[-1]
        assert verdict["unsigned_sha256"] == forge.sha256(bare)
    (tmp_path / "draft.seal").write_bytes(bare)
    verdict = run("pkg-verify", "--unsigned-digest", "draft.seal",
                  check=1).records[-1]
    assert verdict["unsigned_sha256"] == forge.sha256(bare)


# -- the command line ------------------------------------------------------------------

def test_one_file_at_a_time(run, signed):
    run("pkg-verify", check=2)
    run("pkg-verify", signed, signed, check=2)


def test_missing_file_and_folder(run, keys, tmp_path):
    answer = run("pkg-verify", "-t", keys.ca, "missing.seal", check=4)
    assert "missing.seal" in answer.err and answer.out == ""
    run("pkg-verify", "-t", keys.ca, tmp_path, check=2)


def test_path_that_is_not_utf8(run, keys, signed, tmp_path):
    os.rename(os.fsencode(signed), os.fsencode(tmp_path) + b"/\xff.seal")
    answer = run("pkg-verify", "-t", keys.ca, b"\xff.seal", check=3)
    assert answer.out == "" and "is not UTF-8" in answer.err


def test_memory_does_not_grow_with_the_payload(run, keys, tmp_path, sanitized):
    if sanitized:
        pytest.skip("sanitizers use memory of their own")
    forge.Box(keys, {"big": bytes(64 << 20)}).write(tmp_path / "a.seal")
    script = "ulimit -v 40000; exec \"$0\" \"$@\""
    done = subprocess.run(
        ["sh", "-c", script, bin_folder() / "pkg-verify", "-t", keys.ca,
         tmp_path / "a.seal"], env=clean_environment(), capture_output=True,
        check=False)
    assert done.returncode == 0, done.stderr


def test_man_page_knows_every_reason_and_check(root, run, signed):
    """What a refusal can be called is written down."""
    page = (root / "tools/pkg-verify.1.scd").read_text()
    verdict, = run("pkg-verify", signed, check=1).records
    for check in checks(verdict):
        assert f"*{check}*" in page
    sources = [*root.glob("lib/container/*.[ch]"),
               *root.glob("lib/verify/*.c"), *root.glob("lib/trust/*.c"),
               *root.glob("lib/zip/*.c"), *root.glob("lib/sign/cms*.c"),
               *root.glob("lib/sign/envelope*.c")]
    found = set()
    for path in sources:
        if path.name == "cms_raw.c":
            continue        # makes signatures, verifies none
        found |= set(re.findall(
            r"pkg_refuse\(\s*err,\s*PKG_(?:NO|INPUT|USAGE),\s*\"([a-z-]+)\"",
            path.read_text()))
    assert len(found) > 25
    assert {reason for reason in found if f"*{reason}*" not in page} == set()

# SPDX-License-Identifier: Apache-2.0
"""The audit log: what the verbs of pkg-seal write, and what pkg-verify says."""

import json
import os
import re
import resource
import subprocess

import jsonschema
import pytest
import softhsm
from office import Office
from seat import SUBJECT, Seat, certificate_sha256, sha256_of
from support import ROOT, manifest_sha256, strace_works


@pytest.fixture
def seat(run, keys, tmp_path):
    return Seat(run, keys, tmp_path)


# -- what is written ----------------------------------------------------------

def test_before_and_after_a_signature(seat, keys, tmp_path):
    seat.draft()
    seat.sign("--operator", "carol")
    start, begin, end = seat.log()
    manifest = manifest_sha256((tmp_path / "a.draft").read_bytes())
    assert (start["event"], start["number"], start["previous"]) == \
        ("log-begin", 1, None)
    assert {key: begin[key] for key in (
        "event", "phase", "operator", "key", "certificate", "tenant",
        "inputs", "note", "number")} == {
        "event": "sign", "phase": "begin", "operator": "carol",
        "key": str(keys.key("officer")), "tenant": "acme",
        "certificate": certificate_sha256(keys, "officer"),
        "inputs": [{"name": "manifest.json", "sha256": manifest}],
        "note": "gateway 2.0, from a.draft", "number": 2}
    assert (end["phase"], end["begin"], end["job"]) == ("end", 2, begin["job"])
    assert end["outputs"] == [{"name": "a.seal", "sha256": sha256_of(
        tmp_path / "a.seal")}]
    assert re.fullmatch(r"pkg-seal \d+\.\d+\.\d+", end["tool"])
    schema = json.loads((ROOT / "schemas/audit-line.schema.json").read_text())
    for line in (start, begin, end):
        jsonschema.validate(line, schema)


def test_every_verb_that_uses_a_key_or_decides(seat, run, keys, tmp_path):
    office = Office(keys, tmp_path)
    office.policy(required=1)
    log = ("--audit-log", "log")
    run("pkg-seal", "create", *SUBJECT, "--policy", "release.yaml",
        "--requester", "build", "--request", "a.request", *log, "-o",
        "a.draft", "app.bin", check=0)
    run("pkg-seal", "approve", "--decision", "APPROVED", "--reason",
        "tested \\ well", "--policy", "release.yaml", *seat.key("alice"),
        *seat.yes("a.request"), *log, "-o", "b.request", "a.request", check=0)
    run("pkg-seal", "sign", "--policy", "release.yaml", *seat.key("release"),
        *seat.yes("b.request"), *log, "-o", "c.request", "b.request", check=0)
    run("pkg-seal", "attach", "--trust", office.trust(), *log,
        "-o", "a.seal", "a.draft", "c.request", check=0)
    run("pkg-seal", "resign", "--replace", "--policy", "release.yaml",
        *seat.key("officer"), *seat.yes("a.seal"), *log, "-o", "b.seal",
        "a.seal", check=0)
    run("pkg-seal", "open", "--trust", keys.ca, *log, "-o", "out", "b.seal",
        check=1)        # no approvals are asked for by a certificate alone
    found = seat.log()
    assert [(line["event"], line["phase"]) for line in found[1:]] == [
        (event, phase) for event in ("create", "approve", "sign", "attach",
                                     "resign") for phase in ("begin", "end")
    ] + [("open", "begin"), ("open", "failed")]
    decided = found[3]
    assert (decided["decision"], decided["reason"]) == \
        ("APPROVED", "tested \\\\ well")
    assert found[-1]["reason"] == "no-approval-policy"
    assert found[6]["outputs"][0]["name"] == "c.request"
    assert seat.verify()["open"] == 0


def test_what_cannot_be_done_is_told_with_its_reason(seat, tmp_path):
    seat.draft()
    seat.sign()
    done = seat.run("pkg-seal", "sign", *seat.key("officer"),
                    *seat.yes("a.draft"), "--audit-log", "log", "-o", "a.seal",
                    "a.draft", check=2)
    assert "exists" in done.err
    begin, failed = seat.log()[-2:]
    assert (failed["phase"], failed["begin"]) == ("failed", begin["number"])
    assert "exists" in failed["note"]


def test_who_did_not_agree_used_no_key(seat):
    """Without --yes and a terminal there is nobody to ask."""
    seat.draft()
    seat.run("pkg-seal", "sign", *seat.key("officer"), "--audit-log", "log",
             "-o", "a.seal", "a.draft", check=1, agree=False)
    assert [line["event"] for line in seat.log()] == ["log-begin"]


def test_a_pin_source_is_never_written(seat, keys, tmp_path, tokens, run):
    seat.draft()
    uri = f"pkcs11:token=acme;object=p256?pin-source=file:{tokens.pin}"
    run("pkg-seal", "sign", "--key", uri, "--pkcs11-module", softhsm.MODULE,
        "--cert", tokens.new_cert(keys, "p256", "signer"), "--audit-log",
        "log", "-o", "a.seal", "a.draft", env=tokens.env, check=0)
    assert seat.log()[1]["key"].startswith("pkcs11:")
    assert "pin-source" not in (tmp_path / "log").read_text()
    assert str(tokens.pin) not in (tmp_path / "log").read_text()


def test_names_cannot_fool_a_terminal(seat, tmp_path):
    seat.draft()
    seat.sign("--operator", "eve\x1b[2J\u202e")
    text = (tmp_path / "log").read_text()
    assert "\x1b" not in text and "\u202e" not in text
    assert seat.log()[1]["operator"] == "eve\\x1b[2J\\u{202e}"


def test_an_operator_needs_a_log(seat):
    seat.draft()
    done = seat.run("pkg-seal", "sign", *seat.key("officer"), "--operator",
                    "bob", *seat.yes("a.draft"), "-o", "a.seal", "a.draft",
                    check=2)
    assert "--audit-log" in done.err


# -- no line, no signature ----------------------------------------------------

def no_signature(seat, tmp_path):
    return not (tmp_path / "a.seal").exists()


def test_a_log_that_cannot_be_opened(seat, tmp_path):
    seat.draft()
    done = seat.run("pkg-seal", "sign", *seat.key("officer"),
                    *seat.yes("a.draft"), "--audit-log", "nowhere/log", "-o",
                    "a.seal", "a.draft", check=4)
    assert "nowhere/log" in done.err
    assert no_signature(seat, tmp_path)


def test_something_else_than_a_log(seat, tmp_path):
    seat.draft()
    (tmp_path / "log").write_text("my diary\n")
    assert "audit log 'log'" in seat.sign(code=3).err
    assert (tmp_path / "log").read_text() == "my diary\n"
    assert no_signature(seat, tmp_path)


def test_a_full_disk(seat, tmp_path):
    """The file may not grow any more: begin cannot be written."""
    seat.draft()
    seat.sign(output="first.seal")
    before = (tmp_path / "log").read_bytes()
    limit = len(before) + 10
    done = subprocess.run(
        [seat.run.folder / "pkg-seal", "sign", *seat.key("officer"),
         *seat.yes("a.draft"), "--audit-log", "log", "-o", "a.seal",
         "a.draft"], cwd=tmp_path, capture_output=True, check=False, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                              (limit, limit)))
    assert done.returncode == 4, done.stderr
    assert "audit log 'log'" in done.stderr
    assert no_signature(seat, tmp_path)
    assert (tmp_path / "log").read_bytes() == before
    assert seat.verify()["ok"]


@pytest.mark.parametrize("call", ["write", "fdatasync"])
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_the_disk_fails_at_the_first_line(seat, tmp_path, call, error,
                                          sanitized, looks_inside):
    if sanitized or not strace_works():
        pytest.skip("with a strace that may trace, and not under a sanitizer")
    seat.draft()
    seat.sign(output="first.seal")
    done = subprocess.run(
        ["strace", "-f", "-o", "/dev/null", "-P", tmp_path / "log", "-e",
         f"inject={call}:error={error}:when=1",
         seat.run.folder / "pkg-seal", "sign", *seat.key("officer"),
         *seat.yes("a.draft"), "--audit-log", "log", "-o", "a.seal",
         "a.draft"], cwd=tmp_path, capture_output=True, check=False, text=True)
    assert done.returncode == 4, done.stderr
    assert no_signature(seat, tmp_path)
    assert len(seat.log()) == 3
    seat.sign()
    assert seat.verify()["ok"]


# -- what a check says --------------------------------------------------------

def test_a_log_in_order(seat):
    seat.draft()
    seat.sign()
    verdict = seat.verify()
    schema = json.loads((ROOT / "schemas/log-verdict.schema.json").read_text())
    jsonschema.validate(verdict, schema)
    assert (verdict["ok"], verdict["lines"], verdict["open"]) == (True, 3, 0)
    checks = {check["id"]: check for check in verdict["checks"]}
    assert checks["head"]["ok"] is None
    assert "cannot be seen" in checks["head"]["detail"]
    text = seat.run("pkg-verify", "--format", "text", "log", check=0).out
    assert text.startswith("log: yes\n") and "  -  head" in text


@pytest.mark.parametrize("change, reason, code", [
    (lambda lines: lines[:1] + lines[2:], "log-chain", 1),
    (lambda lines: lines[1:], "log-gap", 1),
    (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "log-chain", 1),
    (lambda lines: [*lines, lines[-1]], "log-chain", 1),
    (lambda lines: [*lines[:-1], lines[-1][:-9]], "log-torn", 1),
    (lambda lines: [*lines[:2], lines[2].replace(b'"end"', b'"bgn"'),
                    *lines[3:]], "malformed-log", 3),
    (lambda lines: [*lines[:2], lines[2].replace(b"acme", b"acmE"),
                    *lines[3:]], "log-chain", 1),
    (lambda lines: [*lines, b"{}\n"], "malformed-log", 3),
])
def test_a_changed_log(seat, tmp_path, change, reason, code):
    seat.draft()
    seat.sign()
    seat.sign()
    lines = (tmp_path / "log").read_bytes().splitlines(keepends=True)
    (tmp_path / "log").write_bytes(b"".join(change(lines)))
    verdict = seat.verify(code=code)
    assert (verdict["ok"], verdict["reason"]) == (False, reason)
    if code == 1:
        text = seat.run("pkg-verify", "--format", "text", "log", check=1)
        assert text.out.startswith(f"log: no [{reason}]: ") and not text.err
    seat.head("bad.json", code=code)        # nobody vouches for it
    assert not (tmp_path / "bad.json").exists()


@pytest.fixture
def rotated(seat, build, tmp_path, sanitized):
    """A log of some files -> how many there are beside it."""
    subprocess.run([build / "tests/fault/ledger", "audit", tmp_path / "log",
                    "1500", "24"], check=True, stdout=subprocess.DEVNULL)
    found = len(list(tmp_path.glob("log.[0-9]*")))
    assert found > 3 and seat.verify()["files"] == found + 1
    return found


def test_rotated_files_that_are_not_where_they_were(seat, rotated, tmp_path):
    def file(number):
        return tmp_path / f"log.{number:06}"

    def refused(reason="log-gap"):
        assert seat.verify(code=1)["reason"] == reason

    file(2).rename(tmp_path / "kept")
    refused()                               # removed
    file(3).rename(file(2))
    (tmp_path / "kept").rename(file(3))
    refused()                               # swapped
    file(2).rename(tmp_path / "kept")
    file(3).rename(file(2))
    (tmp_path / "kept").rename(file(3))
    assert seat.verify()["ok"]
    file(1).rename(tmp_path / "kept")
    refused()
    (tmp_path / "kept").rename(file(1))
    (tmp_path / "log").rename(tmp_path / "kept")
    refused()                               # the last one
    (tmp_path / "kept").rename(tmp_path / "log")
    file(rotated).rename(file(rotated + 1))
    refused()                               # renamed
    file(rotated + 1).rename(file(rotated))
    text = file(2).read_bytes()
    file(2).write_bytes(b"".join(text.splitlines(keepends=True)[:-1]))
    refused()                               # cut in the middle of the log
    file(2).write_bytes(text[:-1])
    refused("log-torn")
    # one of them alone is a part of a log
    done = seat.run("pkg-verify", "log.000003", check=1)
    assert done.records[0]["reason"] == "log-gap"


def test_options_of_containers_are_not_for_logs(seat, keys):
    seat.draft()
    seat.sign()
    for options in (("--tenant", "acme"), ("--extract", "out"),
                    ("--min-sequence", "1"), ("--state", "s")):
        seat.run("pkg-verify", *options, "log", check=2)
    seat.run("pkg-verify", "--head", "x", "a.seal", check=2)
    seat.run("pkg-seal", "head", "log", "-o", "-", check=2)
    seat.run("pkg-seal", "head", "a.seal", "-o", "h", check=3)


def test_a_pipe_is_read_once(run, seat, tmp_path):
    """Looking for a log must not make its writer see a reader go away."""
    seat.draft()
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cp", "a.draft", "pipe"], cwd=tmp_path) as writer:
        assert run("pkg-verify", "pipe", check=1).records[-1]["draft"]
        assert writer.wait() == 0


def test_two_processes_write_hundreds_of_lines(seat, build, tmp_path):
    writers = [subprocess.Popen([build / "tests/fault/ledger", "audit",
                                 tmp_path / "log", "30000", "120"],
                                stdout=subprocess.PIPE) for _ in range(2)]
    told = [line.split() for writer in writers
            for line in writer.communicate()[0].decode().splitlines()]
    assert [writer.returncode for writer in writers] == [0, 0]
    verdict = seat.verify()
    assert verdict["lines"] == 241 + 2 * (verdict["files"] - 1)
    assert verdict["files"] > 2
    numbers = [int(number) for number, _ in told]
    assert len(set(numbers)) == 240 and max(numbers) <= verdict["number"]


# -- the document -------------------------------------------------------------

def scripts():
    text = (ROOT / "schemas/audit.md").read_text(encoding="utf-8")
    return re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M)


def test_the_recipe_of_the_document(seat, rotated, tmp_path):
    """Stock tools see what we see."""
    recipe = next(text for text in scripts() if "sha256sum" in text)
    files = [*sorted(tmp_path.glob("log.[0-9]*")), tmp_path / "log"]

    def check():
        return subprocess.run(["sh", "-c", recipe, "sh", *files], text=True,
                              capture_output=True, check=False)

    verdict = seat.verify()
    assert check().stdout == f"head: {verdict['number']} {verdict['sha256']}\n"
    files[1].write_text(files[1].read_text().replace("alice", "alicf", 1))
    done = check()
    assert (done.returncode, done.stdout) == (1, "")
    assert "does not follow" in done.stderr


def test_the_recipe_for_what_did_not_end(seat, tmp_path):
    seat.draft()
    seat.sign()
    whole = (tmp_path / "log").read_bytes().splitlines(keepends=True)
    recipe = next(text for text in scripts() if "ended" in text)

    def not_ended():
        return json.loads(subprocess.run(["sh", "-c", recipe.replace(
            "LOG", "log")], capture_output=True, check=True,
            cwd=tmp_path).stdout)

    assert not_ended() == []
    (tmp_path / "log").write_bytes(b"".join(whole[:2]))
    assert [line["number"] for line in not_ended()] == [2]
    assert seat.verify()["open"] == 1


def test_the_document_has_every_key_and_reason():
    text = (ROOT / "schemas/audit.md").read_text(encoding="utf-8")
    schema = json.loads((ROOT / "schemas/audit-line.schema.json").read_text())
    for key in schema["properties"]:
        assert f"| `{key}` |" in text, key
    header = (ROOT / "lib/include/packline/audit.h").read_text()
    for reason in re.findall(r"^ \*   (log-[a-z]+|malformed-log) ", header,
                             re.M):
        assert f"`{reason}`" in text, reason

# SPDX-License-Identifier: Apache-2.0
"""Batches over an air gap: pkg-batch export and import."""

import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import time
import zipfile

import pytest
import softhsm
from gap import DOCUMENTS, POLICY, Gap, member, members, reason
from reference import sha256, write_zip
from support import clean_environment

MIME = b"application/vnd.packline.batch.v1+zip"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return {"factory": tmp_path_factory}


@pytest.fixture
def gap(run, keys, tmp_path, prepared):
    """gap(form=..., extra=...): both sides and the stick between them"""
    return lambda **how: Gap(run, keys, tmp_path, cache=prepared, **how)


def openssl_verifies(keys, folder, document, signature):
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in",
         signature, "-content", document, "-CAfile", keys.ca, "-purpose",
         "any", "-cades", "-out", os.devnull], cwd=folder, check=False,
        capture_output=True)
    assert done.returncode == 0, done.stderr


def download(side, folder, name="b1"):
    path = side.folder / "out.zip"
    side("download", "--force", "-o", path, name)
    with zipfile.ZipFile(path) as box:
        box.extractall(folder)
        return box.namelist()


# -- there and back -----------------------------------------------------------

@pytest.mark.parametrize("options", [(), ("--hash-only",)], ids=str)
def test_there_and_back(keys, gap, tmp_path, options):
    sides = gap()
    sides.answer(*options)
    assert sides.build.status() == "NEW" and sides.build.state()["exported"]
    assert sides.officer.status() == "CLOSED"
    record, = sides.build.take(sides.response).records
    assert (record["status"], record["approvals"]) == ("CLOSED", 2)
    names = download(sides.build, tmp_path / "out")
    assert sorted(names) == sorted(
        ["batch.json", *DOCUMENTS, *(f"{name}.p7s" for name in DOCUMENTS)])
    for name in DOCUMENTS:
        openssl_verifies(keys, tmp_path / "out", name, f"{name}.p7s")
    both = [side.job() / "result.json" for side in (sides.build, sides.officer)]
    assert both[0].read_bytes() == both[1].read_bytes()


def test_officers_accept_on_either_side(gap):
    sides = gap()
    sides.build.create()
    sides.build.accept("alice")
    sides.build.give(sides.request)
    record, = sides.officer.take(sides.request).records
    assert (record["status"], record["approvals"]) == ("NEW", 1)
    sides.officer.accept("bob")
    sides.officer.sign()
    sides.officer.give(sides.response)
    sides.build.take(sides.response)
    assert sides.build.status() == "CLOSED"


def test_what_was_accepted_is_accepted(gap):
    sides = gap()
    sides.build.create()
    sides.build.accept("alice", "bob")
    sides.build.give(sides.request)
    assert sides.build.status() == "READY"
    sides.officer.take(sides.request)
    assert sides.officer.status() == "ACCEPTED"
    sides.officer.sign()
    sides.officer.give(sides.response)
    sides.build.take(sides.response)
    assert sides.build.status() == "CLOSED"


def test_without_officers(gap):
    sides = gap(extra="")
    sides.ask()
    sides.officer.take(sides.request)
    sides.officer("accept", "b1")
    sides.officer.sign()
    sides.officer.give(sides.response)
    sides.build.take(sides.response)
    assert sides.build.status() == "CLOSED"


def test_with_the_key_in_a_token(keys, gap, tokens, tmp_path):
    sides = gap()
    cert = tokens.new_cert(keys, "p256", "signer")
    sides.ask()
    sides.officer.take(sides.request)
    sides.officer.accept("alice", "bob")
    sides.officer("run", "--key", "pkcs11:token=acme;object=p256", "--cert",
                  cert, "--pkcs11-module", softhsm.MODULE, "--pin",
                  f"file:{tokens.pin}", "b1", env=tokens.env)
    sides.officer.give(sides.response)
    sides.build.take(sides.response)
    download(sides.build, tmp_path / "out")
    for name in DOCUMENTS:
        openssl_verifies(keys, tmp_path / "out", name, f"{name}.p7s")


@pytest.mark.parametrize("form, suffix", [("cms-attached", "p7m"),
                                          ("raw", "sig")])
def test_other_forms(keys, gap, tmp_path, form, suffix):
    sides = gap(form=form)
    sides.answer("--hash-only")
    cert = ("--cert", keys.cert("officer")) if form == "raw" else ()
    sides.build.take(sides.response, *cert)
    assert f"boot-a.bin.{suffix}" in download(sides.build, tmp_path / "out")


def test_a_raw_signature_needs_the_certificate(keys, gap):
    sides = gap(form="raw")
    sides.answer()
    refused = sides.build.take(sides.response, check=2)
    assert "--cert" in refused.err
    refused = sides.build.take(sides.response, "--cert", keys.cert("release"),
                               check=1)
    assert reason(refused) == "signature-bad"
    assert sides.build.status() == "NEW"


# -- the files ----------------------------------------------------------------

def test_the_request_file(gap):
    sides = gap()
    sides.build.create()
    sides.build.accept("alice")
    sides.build.give(sides.request)
    found = members(sides.request)
    assert [name for name, _ in found] == [
        "mimetype", "exchange.json", "process.yaml", "batch.json",
        "request.json", "documents-001.jsonl", "approval-01.json",
        "approval-01.p7s", "content-001.zip"]
    assert found[0][1] == MIME
    header = json.loads(found[1][1])
    assert header == {
        "batch": "b1", "direction": "request", "format": 1, "hashOnly": False,
        "processSha256": sha256(found[2][1]),
        "requestSha256": sha256(found[4][1]), "tenant": "acme",
        "type": "batch-exchange"}
    assert sides.request.read_bytes() == write_zip(found)
    assert sides.request.stat().st_mode & 0o777 == 0o600
    subprocess.run(["unzip", "-tq", sides.request], check=True,
                   stdout=subprocess.DEVNULL)


def test_the_response_file(gap):
    sides = gap()
    sides.answer()
    found = dict(members(sides.response))
    assert list(found)[-2:] == ["results.jsonl", "result.json"]
    assert not any(name.startswith("content") for name in found)
    header = json.loads(found["exchange.json"])
    assert header["answersSha256"] == \
        sha256(member(sides.request, "exchange.json"))
    assert header["resultsSha256"] == sha256(found["results.jsonl"])
    assert header["resultSha256"] == sha256(found["result.json"])
    assert sides.response.read_bytes() == write_zip(list(found.items()))
    subprocess.run(["unzip", "-tq", sides.response], check=True,
                   stdout=subprocess.DEVNULL)


def test_only_digests_travel(gap):
    sides = gap()
    documents = {f"document-{n:04d}.bin": bytes([n % 256]) * 3000
                 for n in range(500)}
    sides.build.create(documents=documents)
    sides.build.give(sides.request, "--hash-only")
    assert sides.request.stat().st_size < 500 * 250
    sides.officer.take(sides.request)
    assert not list(sides.officer.job().glob("content-*"))


def test_the_same_batch_gives_the_same_file(gap):
    sides = gap()
    sides.ask()
    again = sides.stick / "again"
    sides.build.give(again)
    assert again.read_bytes() == sides.request.read_bytes()


def test_a_file_with_content_and_one_without_are_both_answered(gap):
    sides = gap()
    sides.ask()
    sides.build.give(sides.request, "--hash-only")
    sides.officer.take(sides.request)
    sides.officer.accept("alice", "bob")
    sides.officer.sign()
    sides.officer.give(sides.response)
    sides.build.take(sides.response)


# -- who may when -------------------------------------------------------------

def test_while_a_response_is_awaited(keys, gap):
    sides = gap()
    sides.ask()
    for verb, *more in (["upload", "b1", "boot-a.bin"],
                        ["accept", "--reason", "x", "--key", keys.key("alice"),
                         "--cert", keys.cert("alice"), "b1"],
                        ["run", "b1"], ["download", "-o", "x.zip", "b1"]):
        refused = sides.build(verb, *more, check=1)
        assert reason(refused) in ("batch-status", "batch-closed-list")
    sides.build("delete", "b1")


def test_nothing_to_export(gap):
    sides = gap()
    sides.build("create", "--process", "process.yaml", "--id", "b1",
                "--requester", "build")
    assert reason(sides.build.give(sides.request, check=1)) == "batch-empty"
    assert not sides.request.exists()


def test_what_was_made_here_is_no_response(gap):
    sides = gap()
    sides.build.create()
    sides.build.accept("alice", "bob")
    sides.build.sign()
    refused = sides.build.give(sides.response, check=1)
    assert reason(refused) == "batch-status" and "download" in refused.err


@pytest.mark.parametrize("change, why", [
    (("  action: sign\n  form: cms-detached\n",
      "  action: validate\n  form: cms-detached\n"), "exchange-action"),
    (("  trust: ca.pem\n", ""), "no-trust")])
def test_what_cannot_be_verified_afterwards_does_not_go(gap, change, why):
    sides = gap(extra="")
    path = sides.build.folder / "process.yaml"
    path.write_text(path.read_text().replace(*change))
    sides.build.create()
    assert reason(sides.build.give(sides.request, check=1)) == why


def test_the_process_has_to_be_named(gap):
    sides = gap()
    sides.ask()
    refused = sides.officer("import", sides.request, check=2)
    assert "--process" in refused.err


# -- one after the other ------------------------------------------------------

def test_a_chain_goes_over_the_gap(gap):
    sides = gap(extra=POLICY + "  chain: true\n")
    sides.answer()
    sides.build.take(sides.response)
    first = sha256((sides.build.job() / "result.json").read_bytes())
    sides.build.create(name="b2")
    sides.build.give(sides.request, name="b2")
    assert json.loads(member(sides.request, "exchange.json"))[
        "previousSha256"] == first
    sides.officer.take(sides.request)
    sides.officer.accept("alice", "bob", name="b2")
    sides.officer.sign(name="b2")
    sides.officer.give(sides.response, name="b2")
    sides.build.take(sides.response)
    assert sides.build.status("b2") == "CLOSED"


def response_of(sides, name):
    """From a key of its own, which knows of no other batch."""
    path = sides.stick / f"{name}.response"
    sides.build.create(name=name)
    sides.build.give(sides.request, name=name)
    sides.officer.take(sides.request)
    sides.officer.accept("alice", "bob", name=name)
    sides.officer.sign(name=name)
    sides.officer.give(path, name=name)
    shutil.rmtree(sides.officer.folder / "spool")
    return path


def waiters(path):
    """How many processes wait for the lock of a file."""
    inode = f":{path.stat().st_ino} "
    return sum("-> FLOCK" in line and inode in line
               for line in pathlib.Path("/proc/locks").read_text().splitlines())


def test_two_responses_at_once_do_not_fork_a_chain(run, gap):
    """Both name what came before, and so does only one of them when it is
    its turn: the head of a chain is looked at and moved under its lock."""
    sides = gap(extra=POLICY + "  chain: true\n")
    responses = [response_of(sides, name) for name in ("b1", "b2")]
    lock = sides.build.job().parent / ".chain-bootloaders.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        imports = [subprocess.Popen(
            [run.folder / "pkg-batch", "import", "--spool", "spool",
             "--process", "process.yaml", path], cwd=sides.build.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=clean_environment()) for path in responses]
        until = time.monotonic() + 30
        while waiters(lock) < 2 and time.monotonic() < until:
            assert [each.poll() for each in imports] == [None, None]
            time.sleep(0.01)
    told = [each.communicate()[1] for each in imports]
    assert sorted(each.returncode for each in imports) == [0, 1]
    assert sum("[batch-chain]" in each for each in told) == 1
    assert sorted(map(sides.build.status, ("b1", "b2"))) == ["CLOSED", "NEW"]


def test_the_log_tells(run, gap):
    sides = gap()
    sides.build.create()
    log = ("--audit-log", "log")
    sides.build.give(sides.request, *log)
    sides.officer.take(sides.request, *log)
    sides.officer.accept("alice", "bob")
    sides.officer.sign()
    sides.officer.give(sides.response, *log)
    sides.build.take(sides.response, *log)
    sides.build.take(sides.response, *log, check=1)     # nothing to tell
    for side, first, second in (
            (sides.build, "batch-export", "batch-import"),
            (sides.officer, "batch-import", "batch-export")):
        lines = [json.loads(line) for line in
                 (side.folder / "log").read_text().splitlines()]
        told = [(line["event"], line.get("job")) for line in lines
                if line["event"].startswith("batch-")]
        assert told == [(first, "b1")] * 2 + [(second, "b1")] * 2
        run("pkg-verify", side.folder / "log", check=0)
    digest = sha256((sides.build.job() / "request.json").read_bytes())
    assert digest in (sides.officer.folder / "log").read_text()
    assert sha256(sides.request.read_bytes()) in \
        (sides.build.folder / "log").read_text()

# SPDX-License-Identifier: Apache-2.0
"""The life of a batch, up to its acceptance, and after it was run."""

import hashlib
import json
import os
import subprocess
import sys

import jsonschema
import pytest
from batches import Batches, reason, zip_of


@pytest.fixture
def desk(run, keys, tmp_path):
    return Batches(run, keys, tmp_path)


def names(record):
    return [document["fileName"] for document in record["documents"]]


# -- create -------------------------------------------------------------------

def test_a_batch_is_bound_to_its_process(desk):
    desk.process(providerSettingsId=1, tsa={"id": 3})
    record = desk.record("create", "--process", "process.yaml", "--id", "b1",
                         "--requester", "build")
    assert record["status"] == "NEW" and record["statusId"] == 0
    assert record["processId"] == 7 and record["counterpartyId"] == "acme"
    assert record["providerSettingsId"] == 1 and record["tsaId"] == 3
    digest = hashlib.sha256((desk.folder / "process.yaml").read_bytes())
    assert record["processSha256"] == digest.hexdigest()
    desk.process(maxDocuments=5)            # another edition of it
    answer = desk.upload("b1", desk.document("a.bin"), code=1)
    assert reason(answer) == "batch-process"
    assert desk.status("b1")["documents"] == []


def test_create_again_is_the_same_batch(desk):
    """Who does not know whether his call arrived repeats it."""
    first = desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))
    again = desk.create("b1")
    assert json.loads(again.out)["documentCount"] == 1
    assert (json.loads(again.out)["creationDate"] ==
            json.loads(first.out)["creationDate"])
    assert "is there already" in again.err
    assert reason(desk.create("b1", requester="eve", code=2)) == "job-exists"
    desk.process(id=8)
    assert reason(desk.create("b1", code=2)) == "job-exists"


def test_ids_are_made_up_and_differ(desk):
    ids = {desk.record("create", "--process", "process.yaml")["id"]
           for _ in range(3)}
    assert len(ids) == 3


def test_create_says_no_to_who_may_not(desk):
    desk.process(create=["build"])
    assert reason(desk.create("b1", requester="eve", code=1)) == "not-allowed"
    assert reason(desk.create("b1", requester=None, code=1)) == "not-allowed"
    assert reason(desk.create("b1", "--tenant", "other",
                              code=1)) == "wrong-tenant"
    desk.create("b1", "--tenant", "acme")
    desk.process(approvalPolicy="release.yaml")
    answer = desk.create("b2", requester=None, code=2)
    assert "--requester" in answer.err


def test_ids_of_two_tenants_may_be_alike(desk):
    desk.process("other.yaml", tenant="other")
    desk.create("b1")
    desk.create("b1", process="other.yaml")
    answer = desk.run("status", "b1", code=2)
    assert "'acme' and of 'other'" in answer.err
    assert desk.status("b1", "--tenant", "other")["counterpartyId"] == "other"


# -- upload -------------------------------------------------------------------

def test_files_and_zip_files_several_times(desk, tmp_path):
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"), desk.document("b.bin", b""))
    desk.document("more.zip", zip_of(c_bin=b"c", d_bin=b"d" * 100_000))
    desk.upload("b1", "more.zip")
    desk.upload("b1", "-", input=zip_of(e_bin=b"e"))
    desk.upload("b1", "--files", "more.zip")     # a document itself
    record = desk.status("b1")
    assert names(record) == ["a.bin", "b.bin", "c.bin", "d.bin", "e.bin",
                             "more.zip"]
    assert [each["id"] for each in record["documents"]] == [1, 2, 3, 4, 5, 6]
    assert [each["isZip"] for each in record["documents"]] == [
        False, False, True, True, True, False]
    d = record["documents"][3]
    assert d["hash"] == hashlib.sha256(b"d" * 100_000).hexdigest()
    assert d["signed"] is False and d["signingResult_Success"] is None
    assert record["bytes"] == sum(each["size"] for each in record["documents"])
    # What is kept is a ZIP file that any program reads.
    content = desk.job("b1") / "content-002.zip"
    listed = subprocess.run(["unzip", "-p", content, "d000004"],
                            capture_output=True, check=True)
    assert listed.stdout == b"d" * 100_000


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_the_hash_is_that_of_the_process(desk, digest):
    desk.process(digest=digest)
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))
    hash_ = desk.status("b1")["documents"][0]["hash"]
    assert hash_ == hashlib.new(digest, b"this is a.bin\n").hexdigest()


REFUSED = {
    "name": ("document-name", dict(names=r"[a-z]+\.bin"), ["A.bin"]),
    "name-in-zip": ("document-name", dict(names=r"[a-z]+\.bin"),
                    {"A_bin": b""}),
    "hidden": ("document-name", {}, [".profile"]),
    "record": ("document-name", {}, ["batch.json"]),
    "too-long": ("document-name", {}, ["n" * 252]),
    "twice": ("document-duplicate", {}, ["a.bin", "a.bin"]),
    "capitals": ("document-duplicate", {}, ["a.bin", "A.bin"]),
    "signature": ("document-duplicate", {}, ["a.bin", "a.bin.p7s"]),
    "signature-first": ("document-duplicate", {}, ["a.bin.p7s", "A.BIN"]),
    "too-many": ("batch-limit", dict(maxDocuments=2),
                 ["a.bin", "b.bin", "c.bin"]),
    "too-much": ("batch-limit", dict(maxBytes=20), ["a.bin", "b.bin"]),
    "nothing": ("batch-empty", {}, {}),
    "no-zip": ("zip-end", {}, b"this is no ZIP file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_upload_takes_all_or_nothing(desk, case):
    why, process, what = REFUSED[case]
    desk.process(**process)
    desk.create("b1")
    before = sorted(os.listdir(desk.job("b1")))
    if isinstance(what, list):
        answer = desk.upload("b1", *(desk.document(each) for each in what),
                             code=3)
    else:
        data = what if isinstance(what, bytes) else zip_of(**what)
        answer = desk.upload("b1", "-", input=data,
                             code=1 if why == "batch-empty" else 3)
    assert reason(answer) == why
    assert desk.status("b1")["documents"] == []
    assert sorted(os.listdir(desk.job("b1"))) == before


def test_names_are_compared_with_earlier_uploads(desk):
    desk.process(maxDocuments=2)
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))
    answer = desk.upload("b1", "-", input=zip_of(a_bin=b"other"), code=3)
    assert reason(answer) == "document-duplicate"
    desk.upload("b1", desk.document("b.bin"))
    answer = desk.upload("b1", desk.document("c.bin"), code=3)
    assert reason(answer) == "batch-limit"


def test_a_validation_may_have_signatures_among_its_documents(desk, keys):
    desk.process(action="validate", trust=str(keys.ca))
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"), desk.document("a.bin.p7s"))
    assert len(desk.status("b1")["documents"]) == 2


def peak(desk, batch, count):
    """KiB of memory for so many documents of 10 KiB."""
    desk.create(batch)
    data = b"x" * 10_240
    desk.document(f"{batch}.zip", zip_of(**{
        f"document-{number:05}_bin": data for number in range(count)}))
    out = subprocess.run(
        [sys.executable, "-c", "import os, sys; _, status, used = os.wait4("
         "os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:]), 0); "
         "print(used.ru_maxrss); sys.exit(status)",
         desk._run.folder / "pkg-batch", "upload", "-C", desk.folder,
         "--spool", "spool", batch, f"{batch}.zip"],
        check=True, capture_output=True, text=True).stdout
    return int(out.splitlines()[-1])


def test_memory_grows_with_names_not_with_content(desk, sanitized):
    if sanitized:
        pytest.skip("sanitizers keep memory that was given back")
    few, many = peak(desk, "few", 100), peak(desk, "many", 4_000)
    assert many - few < 4_000           # of 40 MB that went through it


# -- accept -------------------------------------------------------------------

def test_two_officers_accept(desk):
    desk.process(approvalPolicy="release.yaml")
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))
    desk.accept("b1", "alice")
    record = desk.status("b1")
    assert record["status"] == "NEW" and record["approvals"] == 1
    answer = desk.upload("b1", desk.document("b.bin"), code=1)
    assert reason(answer) == "batch-closed-list"
    assert reason(desk.accept("b1", "alice", code=1)) == "approval-duplicate"
    desk.accept("b1", "bob")
    record = desk.status("b1")
    assert record["status"] == "ACCEPTED" and record["approvals"] == 2


def test_what_an_officer_signs_is_the_request(desk, keys):
    """Anybody can check it: openssl, and two digests."""
    desk.office.policy(required=1)
    desk.process(approvalPolicy="release.yaml")
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))
    desk.accept("b1", "alice")
    job = desk.job("b1")
    subprocess.run(["openssl", "cms", "-verify", "-binary", "-inform", "DER",
                    "-in", job / "approval-01.p7s", "-content",
                    job / "approval-01.json", "-CAfile", keys.ca, "-purpose",
                    "any", "-out", os.devnull], check=True,
                   capture_output=True)
    approval = json.loads((job / "approval-01.json").read_text())
    request = (job / "request.json").read_bytes()
    assert approval["request_sha256"] == hashlib.sha256(request).hexdigest()
    assert approval["officer"] == {"id": "alice", "role": "product"}
    request = json.loads(request)
    documents = (job / "documents-001.jsonl").read_bytes()
    assert (request["documentsSha256"] ==
            hashlib.sha256(documents).hexdigest())
    assert request["documents"] == 1 and request["requester"] == "build"
    assert desk.status("b1")["requestSha256"] == approval["request_sha256"]


def test_one_who_rejects_ends_it(desk):
    desk.process(approvalPolicy="release.yaml")
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))
    desk.accept("b1", "alice")
    desk.accept("b1", "bob", "--decision", "REJECTED")
    record = desk.status("b1")
    assert record["status"] == "NEW" and record["rejected"] is True
    assert reason(desk.accept("b1", "dora", code=1)) == "batch-rejected"
    assert "rejected" in desk.run("status", "--format", "text", "b1").out
    desk.run("delete", "b1")
    assert desk.status("b1")["status"] == "DELETED"


@pytest.mark.parametrize("who, why", [
    ("officer", "approval-officer"), ("expired", "certificate-expired"),
    ("weak", "algorithm-weak")])
def test_who_is_no_officer(desk, who, why):
    desk.process(approvalPolicy="release.yaml")
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))
    answer = desk.accept("b1", who, code=1 if who == "officer" else 5)
    assert reason(answer) == why
    assert desk.status("b1")["approvals"] == 0


def test_nobody_accepts_his_own(desk):
    desk.process(approvalPolicy="release.yaml")
    desk.create("b1", requester="Alice")
    desk.upload("b1", desk.document("a.bin"))
    assert reason(desk.accept("b1", "alice", code=1)) == "approval-self"


def test_without_a_policy_one_accept_is_enough_and_recorded(desk):
    desk.create("b1")
    assert reason(desk.accept("b1", code=1)) == "batch-empty"
    desk.upload("b1", desk.document("a.bin"))
    desk.accept("b1", None, "--reason", "tested")
    said = json.loads((desk.job("b1") / "accept.json").read_text())
    request = (desk.job("b1") / "request.json").read_bytes()
    assert said["decision"] == "APPROVED" and said["reason"] == "tested"
    assert said["requestSha256"] == hashlib.sha256(request).hexdigest()
    assert desk.status("b1")["status"] == "ACCEPTED"
    answer = desk.accept("b1", "alice", code=1)
    assert reason(answer) == "batch-status"


def test_accept_is_too_late_after_the_horizon(desk):
    desk.process(horizon="1s")
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))
    state = desk.job("b1") / "batch.json"
    record = json.loads(state.read_text())
    record["created"] = "2020-01-01T00:00:00Z"
    state.write_text(json.dumps(record, sort_keys=True,
                                separators=(",", ":")))
    answer = desk.accept("b1", code=1)
    assert reason(answer) == "batch-expired"
    assert "2020-01-01T00:00:01Z" in answer.err


# -- what is legal when -------------------------------------------------------

def test_what_is_not_legal_names_what_is(desk):
    desk.create("b1")
    answer = desk.run("download", "-o", "out.zip", "b1", code=1)
    assert reason(answer) == "batch-status"
    assert "hint: what can be done now: upload, accept" in answer.err
    assert not (desk.folder / "out.zip").exists()


def test_delete_keeps_what_is_known(desk):
    desk.ready_to_run("b1", "a.bin")
    before = desk.status("b1")
    desk.run("delete", "b1")
    job = desk.job("b1")
    assert not list(job.glob("content-*"))
    assert {each.name for each in job.iterdir()} >= {
        "batch.json", "process.yaml", "documents-001.jsonl", "request.json",
        "accept.json"}
    after = desk.status("b1")
    assert after["documents"] == before["documents"]
    desk.run("delete", "b1")                # again: nothing left to do
    for verb in (("upload", "b1", "a.bin"), ("accept", "b1"),
                 ("download", "-o", "x", "b1")):
        answer = desk.run(*verb, code=1)
        assert "what can be done now: delete" in answer.err


# -- list ---------------------------------------------------------------------

def test_list(desk, root):
    desk.process("other.yaml", tenant="other")
    for name in ("b2", "b1"):
        desk.create(name)
    desk.create("x1", process="other.yaml")
    desk.upload("b2", desk.document("a.bin"))
    desk.accept("b2")
    text = ("list", "--format", "text")
    out = desk.run(*text).out.splitlines()
    assert [line.split() for line in out] == [
        ["NEW", "0", "acme/b1"], ["ACCEPTED", "1", "acme/b2"],
        ["NEW", "0", "other/x1"]]
    assert desk.run(*text, "--status", "ACCEPTED").out == out[1] + "\n"
    assert desk.run(*text, "--tenant", "other").out == out[2] + "\n"
    schema = json.loads((root / "schemas/batch.schema.json").read_text())
    for line in desk.run("list").out.splitlines():
        jsonschema.validate(json.loads(line), schema)


def test_records_fit_their_schema(desk, root):
    schema = json.loads((root / "schemas/batch.schema.json").read_text())
    printed = desk._run("pkg-batch", "schema", "batch", check=0).out
    assert json.loads(printed) == schema
    printed = desk._run("pkg-batch", "schema", "process", check=0).out
    assert printed == (root / "schemas/process.schema.json").read_text()
    jsonschema.validate(json.loads(desk.create("b1").out), schema)
    desk.upload("b1", desk.document("a.bin"))
    jsonschema.validate(desk.status("b1"), schema)


# -- chains -------------------------------------------------------------------

def test_a_process_that_has_moved_is_found_by_option(desk):
    desk.create("b1")
    (desk.folder / "process.yaml").rename(desk.folder / "moved.yaml")
    answer = desk.upload("b1", desk.document("a.bin"), code=4)
    assert "--process FILE" in answer.err
    desk.upload("b1", "--process", "moved.yaml", "a.bin")


@pytest.mark.parametrize("name, text", [
    ("state.json", "{}"), ("state.json", ""), ("batch.json", "[]"),
    ("documents-001.jsonl", ""), ("documents-001.jsonl", "{}\n")])
def test_damaged_files_are_told(desk, name, text):
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))
    (desk.job("b1") / name).write_text(text)
    answer = desk.run("status", "b1", code=3)
    assert reason(answer) == "batch-damaged"


def test_one_damaged_batch_does_not_hide_the_others(desk):
    for name in ("b1", "b2", "b3"):
        desk.create(name)
    (desk.job("b2") / "state.json").write_text("{}")
    answer = desk.run("list", code=3)
    assert [json.loads(line)["id"] for line in answer.out.splitlines()] == \
        ["b1", "b3"]
    assert "batch-damaged" in answer.err and "b2" in answer.err


# -- the audit log ------------------------------------------------------------

def test_the_log_tells_what_was_done(desk, keys):
    desk.office.policy(required=1)
    desk.process(approvalPolicy="release.yaml")
    log = ("--audit-log", "audit.log", "--operator", "somebody")
    desk.create("b1", *log)
    desk.upload("b1", *log, desk.document("a.bin"))
    desk.accept("b1", "alice", *log)
    desk.accept("b1", "bob", *log, code=1)      # it is accepted already
    desk.run("delete", *log, "b1")
    lines = [json.loads(line) for line in
             (desk.folder / "audit.log").read_text().splitlines()]
    told = [(line["event"], line.get("phase")) for line in lines
            if line["event"].startswith("batch-")]
    assert told == [(event, phase) for event in
                    ("batch-create", "batch-upload", "batch-accept",
                     "batch-delete")
                    for phase in ("begin", "end")]
    accept = next(line for line in lines if line["event"] == "batch-accept")
    assert accept["decision"] == "APPROVED" and accept["job"] == "b1"
    assert accept["tenant"] == "acme" and accept["operator"] == "somebody"
    assert str(keys.key("alice")) in json.dumps(accept)
    request = (desk.job("b1") / "request.json").read_bytes()
    digest = hashlib.sha256(request).hexdigest()
    assert digest in json.dumps(accept)
    uploaded = next(line for line in lines if line["event"] == "batch-upload"
                    and line["phase"] == "end")
    assert uploaded["outputs"] == [{"name": "request.json", "sha256": digest}]


def test_without_its_log_nothing_happens(desk):
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))
    (desk.folder / "audit.log").write_text("not a log\n")
    desk.accept("b1", None, "--audit-log", "audit.log", code=3)
    desk.run("delete", "--audit-log", "audit.log", "b1", code=3)
    desk.upload("b1", "--audit-log", "audit.log", desk.document("b.bin"),
                code=3)
    status = desk.status("b1")
    assert status["status"] == "NEW" and len(status["documents"]) == 1

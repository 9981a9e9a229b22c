# SPDX-License-Identifier: Apache-2.0
"""Files that pkg-batch import does not take, and why."""

import base64
import json
import shutil

import pytest
from forge import spki
from gap import POLICY, Gap, changed_lines, member, reason, rewrite
from reference import canonical, sha256
from support import files_in


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return {"factory": tmp_path_factory}


@pytest.fixture
def gap(run, keys, tmp_path, prepared):
    """gap(form=..., extra=...): both sides and the stick between them"""
    return lambda **how: Gap(run, keys, tmp_path, cache=prepared, **how)


# -- a request that is not taken ----------------------------------------------

def refuse_request(sides, why, code=1):
    before = files_in(sides.officer.folder / "spool")
    refused = sides.officer.take(sides.request, check=code)
    assert reason(refused) == why, refused.err
    after = files_in(sides.officer.folder / "spool")
    assert {name for name in after if name.count("/") >= 2} == \
        {name for name in before if name.count("/") >= 2}


def test_a_request_comes_in_once(gap):
    sides = gap()
    sides.ask()
    sides.officer.take(sides.request)
    refuse_request(sides, "exchange-known")
    sides.officer("delete", "b1")
    refuse_request(sides, "exchange-known")


def test_another_edition_of_the_process(gap):
    sides = gap()
    sides.ask()
    path = sides.officer.folder / "process.yaml"
    path.write_text(path.read_text() + "# another\n")
    refuse_request(sides, "batch-process")


def test_another_process_on_the_way(gap):
    sides = gap()
    sides.ask()
    text = member(sides.request, "process.yaml") + b"# more\n"
    rewrite(sides.request, {"process.yaml": text})
    refuse_request(sides, "malformed-exchange", 3)


def test_another_tenant(gap):
    sides = gap()
    sides.ask()
    rewrite(sides.request, header={"tenant": "other"})
    refuse_request(sides, "exchange-tenant")


def test_past_its_horizon(gap):
    sides = gap(extra=POLICY + "  horizon: 1h\n")
    sides.ask()
    record = json.loads(member(sides.request, "batch.json"))
    record["created"] = "2020-01-01T00:00:00Z"
    rewrite(sides.request, {"batch.json": canonical(record)})
    refuse_request(sides, "batch-expired")


def test_a_requester_whom_the_process_does_not_let(gap):
    sides = gap(extra=POLICY + "  create: [build]\n")
    sides.ask()
    changed = {}
    for name in "batch.json", "request.json":
        words = json.loads(member(sides.request, name))
        changed[name] = canonical({**words, "requester": "somebody"})
    rewrite(sides.request, changed,
            header={"requestSha256": sha256(changed["request.json"])})
    refuse_request(sides, "not-allowed")


def test_a_trust_policy_for_other_tenants(gap, keys):
    sides = gap(extra="")
    for side in sides.build, sides.officer:
        path = side.folder / "process.yaml"
        path.write_text(path.read_text().replace("ca.pem", "trust.yaml"))
        (side.folder / "trust.yaml").write_text(
            "packline: 1\ntrust:\n  roots: [ca.pem]\n  tenants: [other]\n"
            "  signers:\n    pins: [{id: officer, spki: 'sha256:"
            f"{spki(keys, 'officer')}'}}]\n")
    sides.build.create()
    refused = sides.build.give(sides.request, check=1)
    assert reason(refused) == "wrong-tenant"


def test_a_name_that_the_process_does_not_let(gap):
    sides = gap()
    sides.ask()
    lines = member(sides.request, "documents-001.jsonl")
    rewrite(sides.request, {"documents-001.jsonl":
                            lines.replace(b"boot-a.bin", b"boot-A.bin")})
    refuse_request(sides, "document-name", 3)


def with_list(sides, change):
    """The request file with another list, and everything that follows."""
    lines = changed_lines(member(sides.request, "documents-001.jsonl"), change)
    request = json.loads(member(sides.request, "request.json"))
    request.update(documentsSha256=sha256(lines))
    words = canonical(request)
    rewrite(sides.request, {"documents-001.jsonl": lines,
                            "request.json": words},
            header={"requestSha256": sha256(words)})


@pytest.mark.parametrize("digits", [96, 128])
def test_a_digest_that_the_officer_would_not_see(gap, digits):
    """Shown is sha256; a digest in another algorithm would be signed."""
    sides = gap()
    sides.ask("--hash-only")
    evil = sha256(b"evil\n") + "0" * (digits - 64)
    with_list(sides, lambda rows: rows[0].update(digest=evil))
    refuse_request(sides, "batch-damaged", 3)


def test_a_digest_in_the_algorithm_of_the_process(gap):
    """A SHA-256 filled up with zeros is none."""
    sides = gap(extra=POLICY + "  digest: sha512\n")
    sides.ask("--hash-only")
    with_list(sides, lambda rows: rows[0].pop("digest"))
    refuse_request(sides, "batch-damaged", 3)


@pytest.mark.parametrize("change, why, code", [
    (lambda rows: rows[0].update(sha256="0" * 64), "batch-request", 1),
    (lambda rows: rows[0].update(name="other.bin"), "batch-request", 1),
    (lambda rows: rows.pop(), "batch-damaged", 3),
    (lambda rows: rows.reverse(), "batch-damaged", 3),
    (lambda rows: rows[1].update(name="boot-a.bin"), "document-duplicate", 3),
], ids=["digest", "name", "missing", "order", "twice"])
def test_another_list(gap, change, why, code):
    sides = gap()
    sides.ask()
    lines = member(sides.request, "documents-001.jsonl")
    rewrite(sides.request,
            {"documents-001.jsonl": changed_lines(lines, change)})
    refuse_request(sides, why, code)


def test_other_content(gap):
    sides = gap()
    sides.ask()
    content = member(sides.request, "content-001.zip")
    (sides.stick / "content.zip").write_bytes(content)
    rewrite(sides.stick / "content.zip", {"d000001": b"other\n"})
    rewrite(sides.request,
            {"content-001.zip": (sides.stick / "content.zip").read_bytes()})
    refuse_request(sides, "document-changed")


def test_the_content_is_there_or_it_is_said(gap):
    sides = gap()
    sides.ask()
    rewrite(sides.request, drop=["content-001.zip"])
    refuse_request(sides, "framing", 3)


def test_an_approval_of_something_else(gap):
    sides = gap()
    sides.build.create()
    sides.build.accept("alice")
    sides.build.give(sides.request)
    words = json.loads(member(sides.request, "approval-01.json"))
    words["request_sha256"] = "0" * 64
    rewrite(sides.request, {"approval-01.json": canonical(words)})
    refuse_request(sides, "signature-bad")


def test_a_header_that_says_something_else(gap):
    sides = gap()
    sides.ask()
    rewrite(sides.request, header={"requestSha256": "0" * 64})
    refuse_request(sides, "malformed-exchange", 3)


@pytest.mark.parametrize("header", [
    {"batch": "b2"}, {"previousSha256": "0" * 64}, {"more": 1},
    {"direction": "response"}])
def test_a_header_that_contradicts(gap, header):
    sides = gap()
    sides.ask()
    rewrite(sides.request, header=header)
    refuse_request(sides, "malformed-exchange", 3)


@pytest.mark.parametrize("data", [b"", b"PK", b"no ZIP file at all" * 50])
def test_no_such_file_at_all(gap, data):
    sides = gap()
    sides.request.write_bytes(data)
    refused = sides.officer.take(sides.request, check=3)
    assert reason(refused) in ("truncated", "framing", "unsupported-format")


def test_a_container_is_no_batch(run, gap, keys):
    sides = gap()
    (sides.stick / "payload").write_bytes(b"x")
    run("pkg-seal", "create", "--tenant", "acme", "--name", "n", "--version",
        "1", "-o", sides.request, "payload", cwd=sides.stick, check=0)
    refuse_request(sides, "unsupported-format", 3)


# -- a response that is not taken ---------------------------------------------

def refuse_response(sides, why, code=1):
    before = files_in(sides.build.job())
    refused = sides.build.take(sides.response, check=code)
    assert reason(refused) == why, refused.err
    assert files_in(sides.build.job()) == before


def test_a_response_comes_in_once(gap):
    sides = gap()
    sides.answer()
    sides.build.take(sides.response)
    refuse_response(sides, "batch-status")


def test_a_batch_that_does_not_wait(gap):
    sides = gap()
    sides.answer()
    shutil.rmtree(sides.build.job())
    sides.build.create()
    refuse_response(sides, "batch-status")


def test_another_request_of_that_id(gap):
    sides = gap()
    sides.answer()
    shutil.rmtree(sides.build.job())
    sides.build.create(documents={"boot-a.bin": b"other\n"})
    sides.build.give(sides.stick / "other.request")
    refuse_response(sides, "exchange-request")


def test_an_answer_to_another_file(gap):
    sides = gap()
    sides.answer()
    rewrite(sides.response, header={"answersSha256": "0" * 64})
    refuse_response(sides, "exchange-answer")


def test_unknown_batch(gap):
    sides = gap()
    sides.answer()
    shutil.rmtree(sides.build.job())
    refused = sides.build.take(sides.response, check=1)
    assert reason(refused) == "no-such-job"


def with_results(sides, change):
    """The response with other results, and everything that follows."""
    lines = changed_lines(member(sides.response, "results.jsonl"), change)
    result = json.loads(member(sides.response, "result.json"))
    rows = [json.loads(line) for line in lines.splitlines()]
    result.update(resultsSha256=sha256(lines),
                  succeeded=sum(row["ok"] for row in rows),
                  failed=sum(not row["ok"] for row in rows))
    words = canonical(result)
    rewrite(sides.response, {"results.jsonl": lines, "result.json": words},
            header={"resultsSha256": sha256(lines),
                    "resultSha256": sha256(words)})


def swap(rows):
    rows[0]["signature"], rows[1]["signature"] = \
        rows[1]["signature"], rows[0]["signature"]


def spoil(rows):
    der = bytearray(base64.b64decode(rows[2]["signature"]))
    der[-1] ^= 1
    rows[2]["signature"] = base64.b64encode(der).decode()


def fail_and_sign(rows):
    rows[0].update(ok=False, reason="limit")


def more(rows):
    rows.append({**rows[2], "id": 4})


@pytest.mark.parametrize("change, why, code", [
    (lambda rows: rows.pop(), "exchange-results", 3),
    (more, "exchange-results", 3),
    (lambda rows: rows.pop(0), "batch-damaged", 3),
    (lambda rows: rows.reverse(), "batch-damaged", 3),
    (lambda rows: rows[1].update(id=1), "batch-damaged", 3),
    (swap, "signature-bad", 1),
    (spoil, "signature-bad", 1),
    (fail_and_sign, "exchange-results", 3),
    (lambda rows: rows[0].pop("signature"), "exchange-results", 3),
    (lambda rows: rows[0].update(signature=""), "exchange-results", 3),
], ids=["missing", "added", "first", "order", "twice", "swapped", "spoilt",
        "both", "neither", "empty"])
def test_other_results(gap, change, why, code):
    sides = gap()
    sides.answer()
    with_results(sides, change)
    refuse_response(sides, why, code)


def test_results_of_one_who_is_not_trusted(keys, gap):
    sides = gap()
    for name in "process.yaml", "ca.pem":
        assert (sides.build.folder / name).read_bytes() == \
            (sides.officer.folder / name).read_bytes()
    sides.ask()
    shutil.copy(keys.cert("ca2"), sides.officer.folder / "ca.pem")
    sides.officer.take(sides.request)
    sides.officer.accept("alice", "bob")
    sides.officer.sign(who="stranger")
    sides.officer.give(sides.response)
    refuse_response(sides, "signer-untrusted")


def test_renamed_documents(gap):
    sides = gap()
    sides.answer()
    lines = member(sides.response, "documents-001.jsonl")
    rewrite(sides.response, {"documents-001.jsonl":
                             lines.replace(b"boot-a.bin", b"boot-z.bin")})
    refuse_response(sides, "batch-request")


def test_too_few_officers(gap):
    sides = gap()
    sides.answer()
    rewrite(sides.response, drop=["approval-02.json", "approval-02.p7s"])
    refuse_response(sides, "too-few-approvals")


@pytest.mark.parametrize("key, value", [
    ("requestSha256", "0" * 64), ("documents", 4), ("failed", 1),
    ("tenant", "other"), ("id", "b2"), ("closed", "now"),
    ("process", {"id": 7}), ("more", 1)])
def test_another_result(gap, key, value):
    sides = gap()
    sides.answer()
    result = json.loads(member(sides.response, "result.json"))
    words = canonical({**result, key: value})
    rewrite(sides.response, {"result.json": words},
            header={"resultSha256": sha256(words)})
    refuse_response(sides, "malformed-exchange", 3)


def test_something_behind_the_last_result(gap):
    sides = gap()
    sides.answer()
    lines = member(sides.response, "results.jsonl") + b'{"id":9'
    result = json.loads(member(sides.response, "result.json"))
    words = canonical({**result, "resultsSha256": sha256(lines)})
    rewrite(sides.response, {"results.jsonl": lines, "result.json": words},
            header={"resultsSha256": sha256(lines),
                    "resultSha256": sha256(words)})
    refuse_response(sides, "exchange-results", 3)


def test_a_failed_document_is_told(gap):
    """It cannot be proven, but it is not a signature either."""
    sides = gap()
    sides.answer()

    def fail(rows):
        rows[1] = {"id": 2, "ok": False, "reason": "limit"}

    with_results(sides, fail)
    record, = sides.build.take(sides.response).records
    assert (record["status"], record["failed"]) == ("CLOSED", 1)


@pytest.mark.parametrize("said", [
    "\n     3  ok      boot-c.bin", "\u009b2K", "\u202e", "\u2028"])
def test_what_a_response_says_is_quoted_on_a_terminal(gap, said):
    sides = gap()
    sides.answer()

    def fail(rows):
        rows[2] = {"id": 3, "ok": False, "reason": "limit", "detail": said}

    with_results(sides, fail)
    sides.build.take(sides.response)
    text = sides.build("status", "--format", "text", "b1").raw.decode()
    assert said not in text
    assert text.splitlines()[-1].startswith("     3  failed  boot-c.bin: \\")


def test_a_chain_has_no_gap(gap):
    sides = gap(extra=POLICY + "  chain: true\n")
    sides.answer()
    sides.build.take(sides.response)
    sides.build.create(name="b2")
    sides.build.give(sides.request, name="b2")
    shutil.rmtree(sides.officer.folder / "spool")
    refuse_request(sides, "batch-chain")

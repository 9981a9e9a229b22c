# SPDX-License-Identifier: Apache-2.0
"""Heads of an audit log: who signs them, and what is seen with one only."""

import json

import jsonschema
import pytest
from seat import Seat, certificate_sha256, sha256_of
from support import ROOT


@pytest.fixture
def seat(run, keys, tmp_path):
    return Seat(run, keys, tmp_path)


def test_heads_are_signed_and_checked(seat, keys, tmp_path):
    seat.draft()
    seat.sign()
    seat.head()
    schema = json.loads((ROOT / "schemas/audit-head.schema.json").read_text())
    jsonschema.validate(json.loads((tmp_path / "head.json").read_text()),
                        schema)
    seat.sign(output="b.seal")
    verdict = seat.verify("--head", "head.json", "--trust", keys.ca)
    assert (verdict["heads"], verdict["number"]) == (1, 5)
    assert all(check["ok"] for check in verdict["checks"])
    # as anybody can, without us
    keys.openssl("cms", "-verify", "-binary", "-inform", "DER", "-in",
                 tmp_path / "head.json.p7s", "-content",
                 tmp_path / "head.json", "-CAfile", keys.ca, "-purpose",
                 "any", "-out", tmp_path / "content")
    # who is not trusted, or nobody
    assert seat.verify("--head", "head.json", code=1)["reason"] == "no-trust"
    assert seat.verify("--head", "head.json", "--trust", keys.path("ca2.pem"),
                       code=1)["reason"] == "signer-untrusted"
    (tmp_path / "head.json").write_bytes(
        (tmp_path / "head.json").read_bytes().replace(b":3,", b":2,"))
    assert seat.verify("--head", "head.json", "--trust", keys.ca,
                       code=1)["reason"] == "signature-bad"


@pytest.mark.parametrize("log", ["log", "other"])
def test_who_signs_a_head_is_told(seat, keys, tmp_path, log):
    """In the log itself, or in another one; either is in order afterwards."""
    seat.draft()
    seat.sign()
    seat.head("head.json", *seat.key("officer"), "--audit-log", log,
              "--operator", "olga")
    lines = [json.loads(line)
             for line in (tmp_path / log).read_text().splitlines()]
    begin, end = lines[-2:]
    assert [begin["event"], end["event"]] == ["head", "head"]
    assert (begin["phase"], begin["operator"]) == ("begin", "olga")
    assert (end["phase"], end["begin"]) == ("end", begin["number"])
    assert begin["key"] == str(keys.key("officer"))
    assert begin["certificate"] == certificate_sha256(keys, "officer")
    files = [{"name": name, "sha256": sha256_of(tmp_path / name)}
             for name in ("head.json", "head.json.p7s")]
    assert begin["inputs"] == files[:1]
    assert end["outputs"] == files
    head = json.loads((tmp_path / "head.json").read_text())
    assert head["number"] == 3
    assert begin["note"] == f"line 3 of log {head['log']}"
    verdict = seat.verify("--head", "head.json", "--trust", keys.ca)
    assert verdict["lines"] == (5 if log == "log" else 3)
    assert verdict["heads"] == 1
    seat.run("pkg-verify", log, check=0)


def test_a_head_whose_log_cannot_tell_is_not_signed(seat, tmp_path):
    seat.draft()
    seat.sign()
    (tmp_path / "full").mkdir()
    seat.head("head.json", *seat.key("officer"), "--audit-log", "full", code=4)
    assert not list(tmp_path.glob("head.json*"))
    # a name that was mistyped does not become a log
    seat.run("pkg-seal", "head", "lock", "-o", "head.json", "--audit-log",
             "lock", check=4)
    assert not (tmp_path / "lock").exists()


def test_a_head_of_a_log_that_it_mends(seat, keys, tmp_path):
    seat.draft()
    seat.sign()
    with (tmp_path / "log").open("ab") as log:
        log.write(b'{"begin":')
    seat.head("head.json", *seat.key("officer"), code=1)
    seat.head("head.json", *seat.key("officer"), "--audit-log", "log")
    assert [line["event"] for line in seat.log()[3:]] == [
        "log-torn", "head", "head"]
    verdict = seat.verify("--head", "head.json", "--trust", keys.ca)
    assert verdict["lines"] == 6


def test_a_head_without_a_signature_needs_a_word(seat, keys):
    seat.draft()
    seat.sign()
    seat.head("plain.json", "--force")
    assert seat.verify("--head", "plain.json", "--trust", keys.ca,
                       code=1)["reason"] == "head-unsigned"
    verdict = seat.verify("--head", "plain.json", "--unsigned-heads")
    signatures = verdict["checks"][0]
    assert (signatures["id"], signatures["ok"]) == ("signatures", None)
    assert "--unsigned-heads" in signatures["detail"]


def test_a_cut_tail_is_seen_with_a_head_only(seat, keys, tmp_path):
    seat.draft()
    for _ in range(2):
        seat.sign()
    seat.head()
    whole = (tmp_path / "log").read_bytes().splitlines(keepends=True)
    (tmp_path / "log").write_bytes(b"".join(whole[:-2]))
    assert seat.verify()["ok"]
    assert seat.verify("--head", "head.json", "--trust", keys.ca,
                       code=1)["reason"] == "log-truncated"
    seat.sign()     # and somebody goes on
    assert seat.verify()["lines"] == len(whole)
    assert seat.verify("--head", "head.json", "--trust", keys.ca,
                       code=1)["reason"] == "log-head"


def test_another_log_instead(seat, keys, tmp_path):
    seat.draft()
    seat.sign()
    seat.head()
    (tmp_path / "log").unlink()
    seat.sign()
    assert seat.verify()["ok"]
    assert seat.verify("--head", "head.json", "--trust", keys.ca,
                       code=1)["reason"] == "log-head"

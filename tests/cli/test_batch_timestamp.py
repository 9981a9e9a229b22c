# SPDX-License-Identifier: Apache-2.0
"""Time stamps of the signatures of a batch, by file: pkg-batch timestamp.

The authority is openssl ts.
"""

import json
import subprocess
import zipfile

import jsonschema
import pytest
from tsa import Authority
from gap import DOCUMENTS, POLICY, Gap, reason

TSA = "  tsa: {policy: 1.2.3.4.2}\n"


@pytest.fixture(scope="module")
def tsa(keys):
    return Authority(keys)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return {"factory": tmp_path_factory}


@pytest.fixture
def gap(run, keys, tmp_path, prepared):
    return lambda extra=TSA: Gap(run, keys, tmp_path, cache=prepared,
                                 extra=extra)


@pytest.fixture
def signed(gap):
    """A batch that waits for its time stamps; the folder `ts` for files."""
    sides = gap()
    sides.prepared("signed_here")
    (sides.build.folder / "ts").mkdir()
    return sides.build


def ask(side, **how):
    return side("timestamp", "--query", "ts", "b1", **how)


def take(side, *more, **how):
    return side("timestamp", "--reply", "ts", *more, "b1", **how)


def answer(side, tsa, *numbers, signer="tsa"):
    for number in numbers or (1, 2, 3):
        path = side.folder / "ts" / f"{number:06d}"
        tsa.reply(path.with_suffix(".tsq"), path.with_suffix(".tsr"), signer)


def stamped(side, tmp_path):
    """Every signature that is given out, as `pkg-verify --time tsa` and
    openssl see it."""
    side("download", "--force", "-o", "out.zip", "b1")
    with zipfile.ZipFile(side.folder / "out.zip") as box:
        box.extractall(tmp_path / "out")
    for name in DOCUMENTS:
        done = subprocess.run(
            ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in",
             f"{name}.p7s", "-content", name, "-CAfile", side.keys.ca,
             "-purpose", "any", "-out", "/dev/null"], check=False,
            cwd=tmp_path / "out", capture_output=True)
        assert done.returncode == 0, done.stderr
        parsed = side.keys.output("asn1parse", "-inform", "DER", "-in",
                                  tmp_path / "out" / f"{name}.p7s")
        assert "id-smime-aa-timeStampToken" in parsed


def test_the_record_fits_its_schema(run, signed, root):
    schema = json.loads(
        (root / "schemas/batch-timestamp.schema.json").read_text())
    printed = run("pkg-batch", "schema", "batch-timestamp", check=0).out
    assert json.loads(printed) == schema
    jsonschema.validate(ask(signed).records[0], schema)


def test_every_signature_is_stamped(keys, signed, tsa, tmp_path):
    assert signed.status() == "FINISHING"
    record, = ask(signed).records
    assert (record["written"], record["missing"]) == (3, 3)
    answer(signed, tsa)
    record, = take(signed, "--trust-tsa", keys.ca).records
    assert (record["status"], record["stamped"]) == ("CLOSED", 3)
    stamped(signed, tmp_path)


def test_a_query_is_what_the_process_asks(signed):
    ask(signed)
    text = subprocess.run(
        ["openssl", "ts", "-query", "-in", "ts/000002.tsq", "-text"],
        cwd=signed.folder, capture_output=True, text=True, check=True).stdout
    assert "1.2.3.4.2" in text and "Nonce: 0x" in text and "sha256" in text


def test_replies_come_when_they_come(keys, signed, tsa, tmp_path):
    ask(signed)
    answer(signed, tsa, 2)
    record, = take(signed, "--trust-tsa", keys.ca).records
    assert (record["status"], record["stamped"], record["missing"]) == \
        ("FINISHING", 1, 2)
    answer(signed, tsa, 1, 3)
    (signed.folder / "ts" / "000002.tsr").unlink()
    record, = take(signed, "--trust-tsa", keys.ca).records
    assert (record["status"], record["written"]) == ("CLOSED", 2)
    stamped(signed, tmp_path)


def test_a_query_that_was_sent_stays(signed):
    ask(signed)
    before = (signed.folder / "ts" / "000001.tsq").read_bytes()
    record, = ask(signed).records
    assert record["written"] == 0
    assert (signed.folder / "ts" / "000001.tsq").read_bytes() == before


def test_what_is_no_good_keeps_nothing_else_out(keys, signed, tsa):
    ask(signed)
    answer(signed, tsa, 1, 2)
    folder = signed.folder / "ts"
    (folder / "000003.tsr").write_bytes((folder / "000001.tsr").read_bytes())
    refused = take(signed, "--trust-tsa", keys.ca, check=1)
    assert "000003.tsr" in refused.err and "[timestamp-bad]" in refused.err
    record, = refused.records
    assert (record["stamped"], record["refused"], record["status"]) == \
        (2, 1, "FINISHING")
    answer(signed, tsa, 3)
    take(signed, "--trust-tsa", keys.ca)
    assert signed.status() == "CLOSED"


def test_replies_to_another_query(keys, signed, tsa):
    """The same signature, but the number is not that of the query."""
    ask(signed)
    answer(signed, tsa)
    for path in (signed.folder / "ts").glob("*.tsq"):
        path.unlink()
    ask(signed)
    refused = take(signed, "--trust-tsa", keys.ca, check=1)
    assert refused.records[0]["refused"] == 3
    assert signed.status() == "FINISHING"


def test_somebody_elses_time(keys, signed, tsa):
    ask(signed)
    answer(signed, tsa)
    refused = take(signed, "--trust-tsa", keys.cert("ca2"), check=1)
    assert "[timestamp-untrusted]" in refused.err
    refused = take(signed, check=1)
    assert reason(refused) == "timestamp-untrusted"
    assert "--trust-tsa" in refused.err


def test_the_trust_policy_says_whose_time_counts(keys, gap, tsa):
    sides = gap()
    for side in sides.build, sides.officer:
        (side.folder / "ca.pem").write_text(
            "packline: 1\ntrust:\n  signers: {pins: [{id: x, spki: 'sha256:" +
            spki(keys, "officer") + "'}]}\n"
            f"  tsa: {{roots: [{keys.ca}]}}\n")
    sides.signed_here()
    (sides.build.folder / "ts").mkdir()
    ask(sides.build)
    answer(sides.build, tsa)
    take(sides.build)
    assert sides.build.status() == "CLOSED"


def spki(keys, name):
    pem = keys.output("x509", "-in", keys.cert(name), "-noout", "-pubkey")
    done = subprocess.run(
        "openssl pkey -pubin -outform DER | sha256sum", shell=True, check=True,
        input=pem.encode(), capture_output=True)
    return done.stdout.decode()[:64]


def test_over_the_gap(keys, gap, tsa, tmp_path):
    """The officer signs, the build host has the signatures stamped."""
    sides = gap(extra=POLICY + TSA)
    sides.answer("--hash-only")
    assert sides.officer.status() == "CLOSED"
    sides.build.take(sides.response)
    assert sides.build.status() == "FINISHING"
    result = (sides.build.job() / "result.json").read_bytes()
    (sides.build.folder / "ts").mkdir()
    ask(sides.build)
    answer(sides.build, tsa)
    take(sides.build, "--trust-tsa", keys.ca)
    assert sides.build.status() == "CLOSED"
    assert (sides.build.job() / "result.json").read_bytes() == result
    stamped(sides.build, tmp_path)


def test_not_now(keys, gap):
    sides = gap(extra=TSA)
    sides.build.create()
    refused = sides.build("timestamp", "--query", ".", "b1", check=1)
    assert reason(refused) == "batch-status"


@pytest.mark.parametrize("options", [
    ["b1"], ["--query", "ts", "--reply", "ts", "b1"],
    ["--query", "ts", "--trust-tsa", "ca.pem", "b1"]])
def test_options_that_make_no_sense(signed, options):
    signed("timestamp", *options, check=2)


def test_the_log_tells(keys, signed, tsa):
    ask(signed)
    answer(signed, tsa)
    take(signed, "--trust-tsa", keys.ca, "--audit-log", "log")
    lines = [json.loads(line) for line in
             (signed.folder / "log").read_text().splitlines()]
    assert [line["event"] for line in lines][-2:] == ["batch-timestamp"] * 2

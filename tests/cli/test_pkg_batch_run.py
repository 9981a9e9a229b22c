# SPDX-License-Identifier: Apache-2.0
"""pkg-batch run: every document gets its signature, or its verdict."""

import hashlib
import json

import pytest
import softhsm
from batches import Batches, reason
from tsa import Authority

NAMES = ("a.bin", "b.bin", "c.bin")


@pytest.fixture
def desk(run, keys, tmp_path):
    return Batches(run, keys, tmp_path)


def content_of(name):
    return f"this is {name}\n".encode()


def stock_cms(keys, tmp_path, signature, document=None):
    """What anybody can do without us; the document that was verified."""
    (tmp_path / "signature").write_bytes(signature)
    content = ()
    if document is not None:
        (tmp_path / "document").write_bytes(document)
        content = ("-content", tmp_path / "document")
    keys.openssl("cms", "-verify", "-binary", "-inform", "DER", "-in",
                 tmp_path / "signature", *content, "-CAfile", keys.ca,
                 "-purpose", "any", "-cades", "-out", tmp_path / "verified")
    return (tmp_path / "verified").read_bytes()


# -- sign ---------------------------------------------------------------------

@pytest.mark.parametrize("key", ["release", "officer"])
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_detached(desk, keys, tmp_path, key, digest):
    desk.process(digest=digest)
    desk.ready_to_run("b1", *NAMES)
    record = json.loads(desk.work("b1", key=key).out)
    assert record["status"] == "CLOSED"
    made = desk.members("b1")
    for name in NAMES:
        assert stock_cms(keys, tmp_path, made[name + ".p7s"],
                         made[name]) == content_of(name)
    documents = desk.status("b1")["documents"]
    assert [each["signingResult_Success"] for each in documents] == [True] * 3


def test_attached(desk, keys, tmp_path):
    desk.process(form="cms-attached")
    desk.ready_to_run("b1", *NAMES)
    desk.work("b1")
    made = desk.members("b1")
    for name in NAMES:
        assert stock_cms(keys, tmp_path, made[name + ".p7m"]) == \
            content_of(name)


@pytest.mark.parametrize("key, padding", [("officer", None), ("release", "pss"),
                                          ("release", "pkcs1")])
def test_raw(desk, keys, tmp_path, key, padding):
    desk.process(form="raw", padding=padding)
    desk.ready_to_run("b1", *NAMES)
    desk.work("b1", key=key)
    made = desk.members("b1")
    keys.openssl("x509", "-in", keys.cert(key), "-pubkey", "-noout", "-out",
                 tmp_path / "public.pem")
    pss = () if padding != "pss" else ("-sigopt", "rsa_padding_mode:pss",
                                       "-sigopt", "rsa_pss_saltlen:digest")
    for name in NAMES:
        (tmp_path / "signature").write_bytes(made[name + ".sig"])
        keys.openssl("dgst", "-sha256", "-verify", tmp_path / "public.pem",
                     "-signature", tmp_path / "signature", *pss,
                     tmp_path / name)


def test_key_of_the_process(desk, keys):
    desk.process(signing={"key": str(keys.key("release")),
                          "cert": str(keys.cert("release"))})
    desk.ready_to_run("b1", *NAMES)
    desk.work("b1", key=None)
    assert desk.status("b1")["status"] == "CLOSED"


def test_no_key(desk):
    desk.ready_to_run("b1", *NAMES)
    assert "no key was named" in desk.work("b1", key=None, code=2).err
    assert desk.status("b1")["status"] == "ACCEPTED"


def test_nobody_confirms(desk, keys):
    desk.ready_to_run("b1", *NAMES)
    key = ("--key", keys.key("release"), "--cert", keys.cert("release"))
    answer = desk.run("run", *key, "b1", agree=False, code=1)
    assert reason(answer) == "not-confirmed"
    answer = desk.run("run", *key, "--yes", "--expect-digest", "0" * 64, "b1",
                      code=1)
    assert reason(answer) == "digest-mismatch"
    assert desk.status("b1")["status"] == "ACCEPTED"
    assert not (desk.job("b1") / "results.jsonl").exists()


def test_not_before_it_is_accepted_and_not_twice(desk):
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))
    assert reason(desk.work("b1", code=1)) == "batch-status"
    desk.accept("b1")
    desk.work("b1")
    before = (desk.job("b1") / "results.jsonl").read_bytes()
    assert reason(desk.work("b1", code=1)) == "batch-status"
    assert (desk.job("b1") / "results.jsonl").read_bytes() == before


def test_what_the_process_would_not_accept_is_not_written(desk):
    desk.office.trust(approvals=())
    desk.process(trust="trust.yaml")
    desk.ready_to_run("b1", *NAMES)
    assert reason(desk.work("b1", key="officer", code=1)) == "signer-untrusted"
    assert (desk.job("b1") / "results.jsonl").read_bytes() == b""
    desk.work("b1")
    assert desk.status("b1")["status"] == "CLOSED"


def test_it_goes_on_where_it_was_killed(desk, keys, tmp_path):
    """Any end of the file that a dying machine may leave."""
    desk.ready_to_run("b1", *NAMES)
    desk.work("b1")
    results = (desk.job("b1") / "results.jsonl").read_bytes()
    state = (desk.job("b1") / "state.json").read_text()
    for cut in (0, 1, results.index(b"\n"), results.index(b"\n") + 1,
                len(results) - 1, len(results)):
        (desk.job("b1") / "result.json").unlink()
        (desk.job("b1") / "results.jsonl").write_bytes(results[:cut])
        (desk.job("b1") / "state.json").write_text(
            state.replace("CLOSED", "IN_PROGRESS"))
        desk.work("b1")
        now = (desk.job("b1") / "results.jsonl").read_bytes()
        kept = results[:cut].rfind(b"\n") + 1
        assert now[:kept] == results[:kept] and now.count(b"\n") == 3
        made = desk.members("b1")
        for name in NAMES:
            stock_cms(keys, tmp_path, made[name + ".p7s"], made[name])


def test_the_audit_log_says_so_before_and_after(desk, keys):
    desk.ready_to_run("b1", *NAMES)
    request = desk.status("b1")["requestSha256"]
    desk.work("b1", "--audit-log", "audit", "--operator", "alice")
    begin, end = [json.loads(line) for line in
                  (desk.folder / "audit").read_text().splitlines()][-2:]
    assert begin["event"] == end["event"] == "batch-run"
    assert begin["phase"] == "begin" and end["phase"] == "end"
    assert request in json.dumps(begin["inputs"])
    digest = hashlib.sha256((desk.job("b1") / "results.jsonl").read_bytes())
    assert digest.hexdigest() in json.dumps(end["outputs"])
    assert "3 good" in end["note"]


def test_chain_and_log_in_the_sandbox(desk):
    """What it still has to write, it can."""
    desk.process(chain=True)
    (desk.folder / "logs").mkdir()
    for name in ("b1", "b2"):
        desk.ready_to_run(name, *NAMES)
        desk.work(name, "--audit-log", "logs/audit")
    head = json.loads(
        (desk.job("b1").parent / ".chain-bootloaders.json").read_text())
    assert head["id"] == "b2"


def test_a_key_that_cannot_be_logged_is_not_used(desk):
    desk.ready_to_run("b1", *NAMES)
    (desk.folder / "audit").write_text("no log\n")
    desk.work("b1", "--audit-log", "audit", code=3)
    assert desk.status("b1")["status"] == "ACCEPTED"


@pytest.mark.parametrize("name", ["rsa", "p256", "p384"])
@pytest.mark.parametrize("form", ["cms-detached", "raw"])
def test_a_token_is_used_once_for_each_document(desk, keys, tokens, with_token,
                                                name, form):
    desk.process(form=form)
    desk.ready_to_run("b1", *NAMES)
    cert = tokens.new_cert(keys, name, "signer")
    desk.work("b1", *with_token(name, module=softhsm.SPY), "--cert", cert,
              key=None, env=tokens.leaky_env)
    assert tokens.calls["C_Sign"] == len(NAMES)
    assert tokens.calls["C_Login"] == 1
    assert desk.status("b1")["status"] == "CLOSED"


# -- validate -----------------------------------------------------------------

def signed(keys, folder, name, key="release", data=None):
    """A document and its signature by the openssl command."""
    (folder / name).write_bytes(content_of(name) if data is None else data)
    keys.openssl("cms", "-sign", "-binary", "-nosmimecap", "-cades", "-md",
                 "sha256", "-signer", keys.cert(key), "-inkey", keys.key(key),
                 "-in", folder / name, "-outform", "DER", "-out",
                 folder / (name + ".p7s"))
    return name, name + ".p7s"


def test_verdicts(desk, keys, tmp_path):
    desk.office.trust(approvals=())
    desk.process(action="validate", trust="trust.yaml")
    files = [*signed(keys, tmp_path, "good"), *signed(keys, tmp_path, "bad"),
             *signed(keys, tmp_path, "theirs", key="officer"), "alone"]
    (tmp_path / "bad").write_bytes(b"changed")
    (tmp_path / "alone").write_bytes(b"not signed")
    desk.create("b1")
    desk.upload("b1", *files)
    desk.accept("b1")
    record = json.loads(desk.run("run", "b1", code=1).out)
    assert record["status"] == "CLOSED"
    found = {each["fileName"]: each.get("reason", "good")
             for each in desk.status("b1")["documents"]}
    assert found == {"good": "good", "good.p7s": "good",
                     "bad": "signature-bad", "bad.p7s": "signature-bad",
                     "theirs": "signer-untrusted",
                     "theirs.p7s": "signer-untrusted",
                     "alone": "signature-missing"}


def test_all_good(desk, keys, tmp_path):
    desk.office.trust(approvals=())
    desk.process(action="validate", trust="trust.yaml")
    desk.create("b1")
    desk.upload("b1", *signed(keys, tmp_path, "a"),
                *signed(keys, tmp_path, "b"))
    desk.accept("b1")
    desk.run("run", "b1")
    answer = desk.run("run", "--key", keys.key("release"), "b1", code=1)
    assert reason(answer) == "batch-status"


def test_raw_signatures_are_validated_with_a_certificate(desk, keys, tmp_path):
    desk.office.trust(approvals=(), pins=("officer",))
    desk.process(action="validate", form="raw", trust="trust.yaml")
    (tmp_path / "a").write_bytes(b"some text")
    keys.openssl("dgst", "-sha256", "-sign", keys.key("officer"), "-out",
                 tmp_path / "a.sig", tmp_path / "a")
    desk.create("b1")
    desk.upload("b1", "a", "a.sig")
    desk.accept("b1")
    assert "certificate" in desk.run("run", "b1", code=2).err
    desk.run("run", "--cert", keys.cert("officer"), "b1")
    assert desk.status("b1")["status"] == "CLOSED"


def stamp(desk, keys, tmp_path, authority, name):
    """A document whose signature has a time stamp, as a batch makes it."""
    desk.office.trust(approvals=())
    desk.process(tsa={"id": 1}, trust="trust.yaml")
    desk.ready_to_run("b0", name)
    desk.work("b0")
    (tmp_path / "ts").mkdir()
    desk.run("timestamp", "--query", "ts", "b0")
    authority.reply(tmp_path / "ts/000001.tsq", tmp_path / "ts/000001.tsr")
    desk.run("timestamp", "--reply", "ts", "--trust-tsa", keys.ca, "b0")
    signature = desk.members("b0")[name + ".p7s"]
    (tmp_path / (name + ".p7s")).write_bytes(signature)
    return name, name + ".p7s"


@pytest.mark.parametrize("roots, expected", [
    (None, None),                       # the policy says nothing of them
    ("ca", None),
    ("ca2", "timestamp-untrusted")])
def test_time_stamps_are_judged_if_the_policy_says_by_whom(
        desk, keys, tmp_path, roots, expected):
    files = stamp(desk, keys, tmp_path, Authority(keys), "a.bin")
    desk.office.trust(approvals=(), extra="" if roots is None else
                      f"  tsa: {{roots: [{keys.cert(roots)}]}}\n")
    desk.process(action="validate", trust="trust.yaml")
    desk.create("b1")
    desk.upload("b1", *files)
    desk.accept("b1")
    desk.run("run", "b1", code=1 if expected else 0)
    for each in desk.status("b1")["documents"]:
        assert each.get("reason") == expected

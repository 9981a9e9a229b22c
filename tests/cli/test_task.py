# SPDX-License-Identifier: Apache-2.0
"""The life of a packaging task: asked for, approved, made, fetched.

Longer than 500 lines: one case after the other, as a task lives.
"""

import json
import shutil
import time

import forge
import jsonschema
import pytest
from support import ROOT, files_in
from tasks import CONTENT, sha256


def trust_of(desk, approvals=("release.yaml",), extra=""):
    return desk.office.trust(approvals, roots=False, pins=("officer",),
                             extra=extra)


# -- the whole life ------------------------------------------------------------

@pytest.mark.parametrize("kind", ["signed", "sealed"])
def test_two_officers_approve_and_a_key_signs(desk, kind):
    desk.device(kind=kind)
    made = desk.create("t1")
    assert (made["status"], made["approvals_needed"]) == ("CREATED", 2)
    assert [(one["name"], one["sha256"]) for one in made["inputFiles"]] == [
        (name, sha256(data)) for name, data in CONTENT.items()]
    first = desk.approve("t1", "alice")
    assert first["status"] == "CREATED"
    second = desk.approve("t1", "bob")
    assert second["status"] == "APPROVED"
    assert {(vote["officer"], vote["decision"], vote["reason"])
            for vote in second["approvals"]} == {
        ("alice", "APPROVED", "tested"), ("bob", "APPROVED", "tested")}
    done = desk.run_task("t1", "--trust", trust_of(desk))
    assert done["status"] == "DONE"
    assert done["signer"]["spki_sha256"] == forge.spki(desk.keys, "officer")
    path = desk.download("t1")
    assert done["result"] == {"sha256": sha256(path.read_bytes()),
                              "size": path.stat().st_size}
    desk.run("pkg-verify", "--trust", trust_of(desk), "-d", "ecu-a.yaml", path,
             check=0)
    verdict = desk.run("pkg-verify", "--trust", trust_of(desk), "--recipient",
                       desk.keys.key("ecu-p256"), "--cert",
                       desk.keys.cert("ecu-p256"), "--extract", "out", path,
                       check=0).records[-1] if kind == "sealed" else \
        desk.run("pkg-verify", "--trust", trust_of(desk), "--extract", "out",
                 path, check=0).records[-1]
    assert verdict["id"] == made["container_id"]
    assert len(verdict["signers"]) == 1
    assert files_in(desk.path / "out") == CONTENT


def test_without_a_policy_nobody_is_asked(desk):
    desk.device(policy=False)
    assert desk.create("t1")["approvals_needed"] == 0
    assert desk.run_task("t1")["status"] == "DONE"
    desk.run("pkg-verify", "--trust", trust_of(desk, approvals=()),
             desk.download("t1"), check=0)


def test_encrypt_only_needs_approvals_and_no_key(desk):
    desk.device(kind="encrypted")
    desk.create("t1", "--encrypt-only")
    assert desk.run_task("t1", check=1).err.endswith(
        "hint: it can be approved or rejected\n")
    desk.approve("t1", "alice")
    desk.approve("t1", "bob")
    done = desk.run_task("t1")
    assert (done["status"], done["signer"]) == ("DONE", None)
    show = desk.run("pkg-seal", "show", desk.download("t1"), check=0).out
    assert show.count("\napproval ") == 2
    desk.run("pkg-verify", "--trust", trust_of(
        desk, extra="  allowUnsigned: true\n"), "--recipient",
        desk.keys.key("ecu-p256"), "--cert", desk.keys.cert("ecu-p256"),
        "out.seal", check=0)
    desk.create("t2")
    desk.approve("t2", "alice")
    desk.approve("t2", "bob")
    refused = desk.run_task("t2", "--key", desk.keys.key("officer"), "--cert",
                            desk.keys.cert("officer"), check=2)
    assert "is not signed: no key is needed" in refused.err


@pytest.mark.parametrize("option, kind", [("--sign-only", "sealed"),
                                          ("--encrypt-only", "signed")])
def test_only_one_half_must_be_what_the_device_config_asks_for(
        desk, option, kind):
    desk.device(kind=kind)
    refused = desk.create("t1", option, check=2)
    assert f"device config 'ecu-a' asks for kind '{kind}'" in refused.err
    assert list((desk.path / "spool/task/acme").iterdir()) == []


def test_everything_that_can_be_said_is_in_the_record(desk):
    desk.device()
    (desk.path / "notes.json").write_text("{}")
    record = desk.create(
        None, "--metadata", "notes.json", "--sequence", "42", "--tenant", "acme",
        "--expires", "2099-01-01T01:00:00+01:00",
        "--sha256", f"b.bin={sha256(CONTENT['b.bin'])}")
    assert len(record["id"]) == 36 and record["id"][14] == "4"
    assert record["metadata"]["name"] == "notes.json"
    assert (record["sequence"], record["expires"], record["requester"]) == (
        42, "2099-01-01T00:00:00Z", "build")
    assert [one["given_sha256"] for one in record["inputFiles"]] == [
        None, sha256(CONTENT["b.bin"])]
    assert desk.status(record["id"]) == record
    text = desk.tool("status", "--format", "text", record["id"]).out
    for word in (record["id"], "notes.json", "(digest as given)",
                 record["manifest_sha256"], "0 of 2 needed"):
        assert word in text


def test_records_and_state_follow_the_schema(desk):
    schema = json.loads((ROOT / "schemas/task.schema.json").read_text())
    desk.device()
    desk.approved("t1")
    desk.run_task("t1")
    desk.create("t2")
    desk.approve("t2", "alice", "REJECTED")
    for record in [*desk.tool("list").records,
                   json.loads((desk.folder("t1") / "state.json").read_text())]:
        jsonschema.validate(record, schema)


# -- digests that are given ----------------------------------------------------

def test_digests_without_names_go_by_the_order_of_the_files(desk):
    desk.device(policy=False)
    given = [sha256(data) for data in CONTENT.values()]
    both = [word for digest in given for word in ("--sha256", digest)]
    record = desk.create("t1", *both)
    assert [one["given_sha256"] for one in record["inputFiles"]] == given
    both[1], both[3] = both[3], both[1]
    refused = desk.create("t2", *both, check=1)
    assert "digest-mismatch" in refused.err
    assert not desk.folder("t2").exists()


@pytest.mark.parametrize("words, said", [
    (["{a}"], "must be as many as the files"),
    (["{a}", "{b}", "{b}"], "must be as many as the files"),
    (["{a}", "b.bin={b}"], "some digests have a name, and some have none"),
    (["c.bin={a}"], "of which file?"),
    (["a.bin={a}0"], "not 64 digits"),
    (["{a}", "{b}x"], "not 64 digits"),
])
def test_digests_that_belong_to_no_file(desk, words, said):
    desk.device(policy=False)
    a, b = (sha256(data) for data in CONTENT.values())
    args = [arg for word in words
            for arg in ("--sha256", word.format(a=a, b=b))]
    assert said in desk.create("t1", *args, check=2).err
    assert not desk.folder("t1").exists()


# -- an id that is said again --------------------------------------------------

def test_the_same_id_with_the_same_inputs_is_the_same_task(desk):
    desk.device()
    first = desk.create("t1", "--expires", "2099-01-01T00:00:00Z")
    before = files_in(desk.folder("t1"))
    again = desk.create("t1", "--expires", "2099-01-01T02:00:00+02:00")
    assert again == first and files_in(desk.folder("t1")) == before
    desk.approve("t1", "alice")
    desk.approve("t1", "bob")
    desk.run_task("t1")
    assert desk.create("t1", "--expires",
                       "2099-01-01T00:00:00Z")["status"] == "DONE"


@pytest.mark.parametrize("change, what", [
    (lambda desk: desk.create("t1", check=2, files=("a.bin",)),
     "list of files"),
    (lambda desk: desk.create("t1", check=2, files=("b.bin", "a.bin")),
     "list of files"),
    (lambda desk: (desk.path / "a.bin").write_bytes(b"other") and
     desk.create("t1", check=2), "a.bin"),
    (lambda desk: desk.create("t1", "--sequence", "7", check=2), "sequence"),
    (lambda desk: desk.create("t1", "--metadata", "a.bin", check=2),
     "list of files"),
    (lambda desk: desk.create("t1", "--expires", "2099-01-01T00:00:00Z",
                              check=2), "time to expire"),
    (lambda desk: desk.create("t1", "--sha256",
                              f"a.bin={sha256(CONTENT['a.bin'])}", check=2),
     "list of digests"),
    (lambda desk: desk.create("t1", check=2, subject=(
        "--name", "gateway", "--version", "1.1", "--requester", "build")),
     "version"),
    (lambda desk: desk.create("t1", check=2, subject=(
        "--name", "gateway", "--version", "1.0", "--requester", "eve")),
     "requester"),
    (lambda desk: desk.device(extra="# another edition\n") and
     desk.create("t1", check=2), "device config"),
])
def test_the_same_id_with_other_inputs_is_refused(desk, change, what):
    desk.device()
    desk.create("t1")
    before = files_in(desk.folder("t1"))
    refused = change(desk)
    assert f"was created before with another {what}" in refused.err
    assert "[job-exists]" in refused.err
    assert files_in(desk.folder("t1")) == before


# -- no --------------------------------------------------------------------------

def test_one_rejection_ends_it(desk):
    desk.device()
    desk.create("t1")
    assert desk.approve("t1", "alice", "REJECTED")["status"] == "REJECTED"
    assert "task-status" in desk.approve("t1", "bob", check=1).err
    assert "create another task" in desk.run_task("t1", check=1).err


def test_a_rejection_counts_until_the_key_is_used(desk):
    desk.device()
    desk.approved("t1")
    assert desk.approve("t1", "dora", "REJECTED")["status"] == "REJECTED"
    assert "task-status" in desk.run_task("t1", check=1).err


def bring_to(desk, status):
    """A task in that status."""
    desk.device(policy=status != "FREE")
    desk.create("t1")
    if status in ("APPROVED", "DONE", "FAILED"):
        desk.approve("t1", "alice")
        desk.approve("t1", "bob")
    if status == "REJECTED":
        desk.approve("t1", "bob", "REJECTED")
    if status == "DONE":
        desk.run_task("t1")
    if status == "FAILED":
        draft = desk.folder("t1") / "draft.seal"
        draft.write_bytes(draft.read_bytes() + b"x")
        desk.run_task("t1", check=1)
    return desk


LEGAL = {"FREE": {"run"}, "CREATED": {"approve", "reject"},
         "APPROVED": {"approve", "reject", "run"}, "REJECTED": set(),
         "DONE": {"download"}, "FAILED": set()}


@pytest.mark.parametrize("status", LEGAL)
def test_what_is_not_legal_is_refused_and_what_is_is_told(desk, status):
    """The other half, what is legal, the tests above do."""
    bring_to(desk, status)
    state = desk.folder("t1") / "state.json"
    before = state.read_bytes()
    steps = {
        "approve": lambda: desk.approve("t1", "dora", check=1),
        "reject": lambda: desk.approve("t1", "dora", "REJECTED", check=1),
        "run": lambda: desk.run_task("t1", check=1),
        "download": lambda: desk.tool("download", "-o", "out.seal", "t1",
                                      check=1)}
    told = {"FREE": "it needs no approval and can be run",
            "CREATED": "it can be approved or rejected",
            "APPROVED": "it can be run, or still be rejected",
            "DONE": "it can be downloaded"}
    for name in set(steps) - LEGAL[status]:
        refused = steps[name]()
        assert "[task-status]" in refused.err
        assert told.get(status, "create another task") in refused.err
        assert state.read_bytes() == before
        assert not (desk.path / "out.seal").exists()


# -- changed behind our back ---------------------------------------------------

def flipped(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["draft.seal", "draft.request", "state.json"])
def test_a_changed_byte_is_never_signed(desk, name):
    desk.device()
    desk.approved("t1")
    digest, folder = desk.digest("t1"), desk.folder("t1")
    shutil.copytree(folder, desk.path / "kept")
    size = (folder / name).stat().st_size
    for at in [*range(0, size, size // 7), size - 1]:
        flipped(folder / name, at)
        refused = desk.tool("run", "--yes", "--expect-digest", digest, "t1",
                            check=None)
        assert refused.code in (1, 3), refused
        assert not (folder / "container.seal").exists()
        assert not (folder / "signed.request").exists()
        if name == "state.json":
            assert "[bad-task]" in refused.err
        else:
            failed = desk.status("t1")
            assert failed["status"] == "FAILED"
            assert failed["failure"]["retry"] is False
            assert failed["failure"]["code"] == refused.code
        shutil.rmtree(folder)
        shutil.copytree(desk.path / "kept", folder)
    assert desk.run_task("t1")["status"] == "DONE"


def test_a_changed_container_is_not_given_out(desk):
    desk.device(policy=False)
    desk.create("t1")
    desk.run_task("t1")
    flipped(desk.folder("t1") / "container.seal", 3000)
    refused = desk.tool("download", "-o", "out.seal", "t1", check=1)
    assert "[digest-mismatch]" in refused.err
    assert not (desk.path / "out.seal").exists()


def test_another_draft_and_request_of_good_make_are_refused(desk):
    """Of another task, with approvals that are right for that one."""
    desk.device()
    desk.approved("t1")
    desk.approved("t2")
    for name in ("draft.seal", "draft.request"):
        theirs = (desk.folder("t2") / name).read_bytes()
        (desk.folder("t1") / name).write_bytes(theirs)
    assert desk.run_task("t1", check=1).err.count("unexpected-manifest") == 1
    assert desk.status("t1")["status"] == "FAILED"


def test_state_cannot_make_up_an_approval(desk):
    """Nothing of it is believed that matters, checksum or no checksum."""
    desk.device()
    desk.create("t1")
    path = desk.folder("t1") / "state.json"
    state = json.loads(path.read_text())
    state |= {"status": "APPROVED", "approvals": [
        {"decision": "APPROVED", "issued": state["created"], "officer": who,
         "reason": "x", "role": "y"} for who in ("alice", "bob")]}
    state["checksum"] = ""
    text = json.dumps(state, sort_keys=True, separators=(",", ":"))
    state["checksum"] = sha256(text.encode())
    path.write_text(json.dumps(state, sort_keys=True, separators=(",", ":")))
    assert desk.status("t1")["status"] == "APPROVED"
    refused = desk.run_task("t1", check=1)
    assert "[task-status]" in refused.err      # counted again from the request
    assert desk.status("t1")["status"] == "CREATED"


# -- who may, and what a refusal does to the task ---------------------------------

def test_acl_says_who_may_use_approve_and_sign(desk):
    desk.device(extra="acl: {use: [build], approve: [alice, bob], "
                      "sign: [officer]}\n")
    refused = desk.create("t0", check=1, subject=(
        "--name", "x", "--version", "1", "--requester", "eve"))
    assert "[not-allowed]" in refused.err and not desk.folder("t0").exists()
    desk.create("t1")
    assert "[not-allowed]" in desk.approve("t1", "dora", check=1).err
    desk.approve("t1", "alice")
    desk.approve("t1", "bob")
    refused = desk.run_task("t1", "--key", desk.keys.key("release"), "--cert",
                            desk.keys.cert("release"), check=1)
    assert "[not-allowed]" in refused.err
    assert desk.status("t1")["status"] == "APPROVED"    # not the task's fault
    assert desk.run_task("t1")["status"] == "DONE"


def test_a_signer_is_called_what_the_trust_policy_calls_him(desk):
    desk.device(policy=False, extra="acl: {sign: [carol]}\n")
    desk.create("t1")
    refused = desk.run_task("t1", check=1)
    assert "give the trust policy" in refused.err
    spki = forge.spki(desk.keys, "officer")
    (desk.path / "pins.yaml").write_text(
        "packline: 1\ntrust: {signers: {pins: [{id: carol, "
        f"spki: 'sha256:{spki}'}}]}}}}\n")
    assert desk.run_task("t1", "--trust", "pins.yaml")["status"] == "DONE"


def test_an_officer_decides_once_and_not_about_his_own(desk):
    desk.device()
    desk.create("t1")
    desk.approve("t1", "alice")
    assert "[approval-duplicate]" in desk.approve("t1", "alice", check=1).err
    desk.create("t2", subject=("--name", "x", "--version", "1",
                               "--requester", "alice"))
    assert "[approval-self]" in desk.approve("t2", "alice", check=1).err
    assert "[approval-officer]" in desk.approve("t2", "stranger", check=1).err


def test_who_asks_wrongly_leaves_the_task_as_it_was(desk):
    desk.device()
    desk.approved("t1")
    before = (desk.folder("t1") / "state.json").read_bytes()
    key = ("--key", desk.keys.key("expired"), "--cert",
           desk.keys.cert("expired"))
    for check, args in [
            (1, ("--expect-digest", "0" * 64)),          # not this manifest
            (5, (*key, "--expect-digest", desk.digest("t1"))),
            (5, ("--key", "no-such.key"))]:
        desk.tool("run", "--yes", *args, "t1", check=check)
    desk.tool("run", "t1", check=1)                      # nobody to ask
    other = desk.device("ecu-b")
    refused = desk.tool("run", "--yes", "-d", other, "t1", check=1)
    assert "[wrong-device-config]" in refused.err
    assert (desk.folder("t1") / "state.json").read_bytes() == before


def test_yes_alone_is_for_what_officers_have_looked_at(desk):
    desk.device()
    desk.device("free", policy=False)
    desk.approved("t1")
    desk.create("t2", device="free.yaml")
    assert desk.tool("run", "--yes", "t1").records[0]["status"] == "DONE"
    assert "what nobody has looked at" in \
        desk.tool("run", "--yes", "t2", check=1).err


def test_a_signer_who_is_not_trusted_can_be_replaced(desk):
    desk.device()
    desk.approved("t1")
    refused = desk.run_task("t1", "--trust", desk.office.trust(roots=False),
                            check=1)             # trusts release, not officer
    assert "[signer-untrusted]" in refused.err
    failed = desk.status("t1")
    assert failed["status"] == "FAILED" and failed["failure"]["retry"] is True
    done = desk.run_task("t1", "--trust", "trust.yaml", "--key",
                         desk.keys.key("release"), "--cert",
                         desk.keys.cert("release"))
    assert done["status"] == "DONE" and done["failure"] is None
    verdict = desk.run("pkg-verify", "--trust", "trust.yaml",
                       desk.download("t1"), check=0).records[-1]
    assert [one["spki"] for one in verdict["signers"]] == [
        forge.spki(desk.keys, "release")]


def test_approvals_that_ran_out_are_no_approvals(desk):
    desk.office.policy(valid_for="1s")
    desk.device()
    assert desk.approved("t1")["status"] == "APPROVED"
    time.sleep(1.1)
    assert "[approval-expired]" in desk.run_task("t1", check=1).err
    failure = desk.status("t1")["failure"]
    assert (failure["reason"], failure["retry"]) == ("approval-expired", True)


def test_what_has_expired_is_not_made(desk):
    desk.device(policy=False)
    desk.create("t1", "--expires", "2020-01-01T00:00:00Z")
    assert "[expired]" in desk.run_task("t1", check=1).err
    desk.device("ecu-e", kind="encrypted", policy=False)
    desk.create("t2", "--expires", "2020-01-01T00:00:00Z",
                device="ecu-e.yaml")
    assert "[expired]" in desk.run_task("t2", check=1).err
    assert desk.status("t2")["status"] == "FAILED"


def test_another_edition_of_the_policy_is_the_fault_of_who_asks(desk):
    desk.device()
    desk.approved("t1")
    policy = desk.path / "release.yaml"
    text = policy.read_text()
    policy.write_text(text + "# edited\n")
    assert "[approval-policy]" in desk.run_task("t1", check=1).err
    assert desk.status("t1")["status"] == "APPROVED"
    policy.write_text(text)
    assert desk.run_task("t1")["status"] == "DONE"


# -- the audit log -----------------------------------------------------------------

def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_step_is_in_the_audit_log(desk):
    desk.device()
    log = ("--audit-log", "audit.log", "--operator", "somebody")
    made = desk.create("t1", *log)
    desk.approve("t1", "alice", "APPROVED", *log)
    desk.approve("t1", "bob", "APPROVED", *log)
    done = desk.run_task("t1", *log)
    desk.download("t1", *log)
    told = [line for line in lines_of(desk.path / "audit.log")
            if line["event"].startswith("task-")]
    assert [(line["event"], line["phase"]) for line in told] == [
        (f"task-{verb}", phase)
        for verb in ("create", "approve", "approve", "run", "download")
        for phase in ("begin", "end")]
    assert {(line["job"], line["tenant"]) for line in told} == {("t1", "acme")}
    assert [one["sha256"] for one in told[0]["inputs"]] == [
        sha256(data) for data in CONTENT.values()]
    assert {one["name"]: one["sha256"] for one in told[0]["outputs"]} == {
        "draft.seal": made["draft"]["sha256"],
        "META-INF/manifest.json": made["manifest_sha256"]}
    assert [(line["decision"], line["reason"]) for line in told[2:6]] == [
        ("APPROVED", "tested")] * 4
    assert told[2]["key"] == str(desk.keys.key("alice"))
    assert told[6]["key"] == str(desk.keys.key("officer"))
    assert told[7]["outputs"][0]["sha256"] == done["result"]["sha256"]
    assert told[9]["outputs"] == [
        {"name": "out.seal", "sha256": done["result"]["sha256"]}]
    desk.run("pkg-verify", "audit.log", check=0)


def test_what_fails_is_in_the_audit_log_if_it_was_begun(desk):
    desk.device()
    desk.approved("t1")
    log = ("--audit-log", "audit.log")
    desk.run_task("t1", *log, "--expect-digest", "0" * 64, check=2)
    desk.tool("run", "--yes", "--expect-digest", "0" * 64, *log, "t1", check=1)
    desk.run_task("t1", *log, "--trust", desk.office.trust(roots=False),
                  check=1)
    told = [(line["event"], line["phase"], line.get("reason"))
            for line in lines_of(desk.path / "audit.log")
            if line["event"] == "task-run"]
    assert told == [("task-run", "begin", None),
                    ("task-run", "failed", "signer-untrusted")]
    desk.run("pkg-verify", "audit.log", check=0)


def test_without_its_log_nothing_happens(desk):
    """The log is on a full disk."""
    desk.device(policy=False)
    desk.create("t1")
    refused = desk.run_task("t1", "--audit-log", "/dev/full", check=None)
    assert refused.code in (3, 4)
    assert desk.status("t1")["status"] == "CREATED"

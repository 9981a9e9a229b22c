# SPDX-License-Identifier: Apache-2.0
"""What else officers, policies and clocks can do: see test_attacks_approvals.py.
"""

import forge
import pytest
from office import ISSUED, Office, from_now, moment


@pytest.fixture
def office(keys, tmp_path):
    return Office(keys, tmp_path)


@pytest.fixture
def box(keys, office):
    return office.ask(forge.Box(keys, device_config={
        "id": "ecu-a", "sha256": "a" * 64}))


@pytest.fixture
def judge(verify, office, box):
    """judge([decisions], reason): the answer for the box with them."""

    def check(decisions, reason, code=1, time="system", **trust):
        status, verdict = verify(office.approved(box, decisions), "--time",
                                 time, trust=office.trust(**trust))
        assert (status, verdict["reason"]) == (code, reason), verdict["text"]
        return verdict

    return check


@pytest.fixture
def good(office, box):
    """good("alice", "bob") -> their approvals"""
    return lambda *names, **changed: [
        office.decision(box, name, **changed) for name in names]


def test_two_of_three(judge, good):
    verdict = judge(good("alice", "bob"), None, code=0)
    assert {(row["id"], row["role"], row["decision"], row["reason"])
            for row in verdict["approvals"]} == {
        ("alice", "product", "APPROVED", "tested"),
        ("bob", "security", "APPROVED", "tested")}
    judge(good("alice", "bob", "dora"), None, code=0)


def test_rejected_by_one_of_three(judge, good):
    """However many approve, and however old it is."""
    no = good("dora", decision="REJECTED", reason="it bricks the device")
    verdict = judge(good("alice", "bob") + no, "approval-rejected")
    assert "it bricks the device" in verdict["text"]
    judge(good("alice", "bob") + good(
        "dora", decision="REJECTED", expires=moment(days=1)),
        "approval-rejected", time="at=" + moment(days=2))


def test_rejected_by_a_stranger_is_no_rejection(judge, good):
    """It is refused all the same, as what it is."""
    judge(good("alice", "bob") + good("officer", decision="REJECTED"),
          "approval-officer")


def test_officer_with_two_keys(judge, office, keys, box):
    """Two keys of one id are one person."""
    path = office.folder / "release.yaml"
    path.write_text(path.read_text().replace("id: dora", "id: alice").replace(
        "role: quality", "role: product"))
    office.ask(box)
    judge([office.decision(box, "alice"),
           office.decision(box, "alice", key="dora")], "approval-duplicate")


def test_approved_by_who_asked_for_it(judge, good, office, box):
    for name in ("alice", "Alice"):
        office.ask(box, requester=name)
        judge(good("alice", "bob"), "approval-self")
    judge(good("bob", "dora"), None, code=0)


def test_requester_that_is_encrypted(keys, verify, office):
    """Without a key nobody can tell; with one it is refused."""
    sealed = office.ask(forge.Box(keys, kind="sealed"), requester="alice")
    body = office.approved(sealed, [office.decision(sealed, name)
                                    for name in ("alice", "bob")])
    trust = office.trust()
    status, verdict = verify(body, trust=trust)
    assert status == 0
    detail, = (check["detail"] for check in verdict["checks"]
               if check["id"] == "approvals")
    assert detail.endswith("who asked for it is encrypted")
    status, verdict = verify(body, trust=trust, key="ecu-rsa")
    assert (status, verdict["reason"]) == (1, "approval-self")


def test_not_yet_issued(judge, good, office, box):
    """A clock may be five minutes ahead, and no more."""
    judge(good("alice") + [office.decision(box, "bob",
                                           issued=from_now(hours=1))],
          "approval-expired")
    judge(good("alice") + [office.decision(box, "bob",
                                           issued=from_now(seconds=200))],
          None, code=0)


def test_older_than_the_policy_lets_it_be(judge, good, office, box):
    office.policy(valid_for="9d")
    office.ask(box)
    judge(good("alice", "bob"), "approval-expired",
          time="at=" + moment(days=9))
    judge(good("alice", "bob"), None, code=0,
          time="at=" + moment(days=9, seconds=-1))


def test_reason_of_2000_characters(judge, good, office, box):
    judge(good("alice") + [office.decision(box, "bob", reason="ö" * 2000)],
          None, code=0)


def test_limit(judge, good, office, box):
    """2000 characters of four bytes are more than an approval may have."""
    judge(good("alice") + [office.decision(
        box, "bob", reason="\U0001f512" * 2000)], "limit", code=3)


# -- which policy --------------------------------------------------------------

def test_trust_that_lists_another_policy(judge, good, office):
    office.policy(required=1, name="lax.yaml")
    judge(good("alice", "bob"), "unknown-approval-policy",
          approvals=["lax.yaml"])
    judge(good("alice", "bob"), None, code=0,
          approvals=["lax.yaml", "release.yaml"])


def test_draft_stays_a_draft(judge, good, box):
    box.signers = []
    judge(good("alice", "bob"), "draft")


def test_acl_of_the_device_config(keys, verify, office):
    config = office.folder / "ecu-a.yaml"

    def answer(acl):
        config.write_text("packline: 1\ndeviceConfig: ecu-a\ntenant: acme\n"
                          f"kind: signed\nacl: {{{acl}}}\n")
        box = office.ask(forge.Box(keys, device_config={
            "id": "ecu-a",
            "sha256": forge.sha256(config.read_bytes())}))
        body = office.approved(box, [office.decision(box, name)
                                     for name in ("alice", "bob")])
        status, verdict = verify(body, "-d", config,
                                 trust=office.trust())
        return status, verdict["reason"]

    assert answer("approve: [alice, bob], sign: [release]") == (0, None)
    assert answer("approve: [alice]") == (1, "not-allowed")
    assert answer("approve: []") == (1, "not-allowed")
    assert answer("sign: [carol]") == (1, "not-allowed")
    assert answer("use: []") == (0, None)  # for who makes it, not who checks


def test_one_key_has_one_spelling(keys, office, run, tmp_path):
    """Compressed, a point has another digest, and one key would be two."""
    keys.openssl("ec", "-in", keys.key("dora"), "-conv_form", "compressed",
                 "-out", "dora2.key")
    keys.path("dora2.key").chmod(0o600)
    keys.openssl("req", "-new", "-key", "dora2.key", "-subj", "/CN=dora2",
                 "-out", "dora2.csr")
    keys.openssl("x509", "-req", "-in", "dora2.csr", "-CA", keys.ca, "-CAkey",
                 keys.key("ca"), "-CAcreateserial", "-extfile", "signer.ext",
                 "-out", "dora2.pem")
    assert forge.spki(keys, "dora") != forge.spki(keys, "dora2")
    # by a policy it is refused, ...
    office.policy(officers=["dora", "dora2"], required=1)
    box = forge.Box(keys).write(tmp_path / "a.seal")
    answer = run("pkg-verify", "--trust", office.trust(), box, check=3)
    assert "[bad-officer]" in answer.err
    # ... as a signer it cannot be used, ...
    (tmp_path / "f").write_text("x")
    answer = run("pkg-seal", "create", "--tenant", "acme", "--name", "x",
                 "--version", "1", "--key", keys.key("dora2"), "--cert",
                 keys.cert("dora2"), "-o", "x.seal", "f", check=5)
    assert "[algorithm-weak]" in answer.err
    # ... and what others have signed with it is refused.
    forge.Box(keys, signers=["dora", "dora2"]).write(tmp_path / "b.seal")
    answer = run("pkg-verify", "--trust", office.trust(
        approvals=(), pins=("dora", "dora2")), "b.seal", check=1)
    assert answer.records[-1]["reason"] == "algorithm-weak"

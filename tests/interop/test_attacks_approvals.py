# SPDX-License-Identifier: Apache-2.0
"""Attacks on approvals, and on what was accepted before.

Two officers must approve: alice (whose key is `officer`) and bob (`stranger`).
As in test_attacks.py, all is properly signed but for the attack.
"""

import forge
import pytest
import reference

PEOPLE = {"alice": ("officer", "product"), "bob": ("stranger", "security")}


class Scene:
    """An approval policy, a trust policy that lists it, and containers."""

    def __init__(self, keys, tmp_path, policy, more=""):
        rows = "".join(
            f"    - {{id: {name}, role: {role}, cert: {keys.cert(key)}}}\n"
            for name, (key, role) in PEOPLE.items())
        self.keys, self.path = keys, tmp_path / "approvals.yaml"
        self.path.write_text("packline: 1\napprovals:\n  required: 2\n"
                             f"{more}  officers:\n{rows}")
        self.trust = policy(extra=f"  approvals: [{self.path}]\n")

    def box(self, **options):
        options = {"requester": "carol", "policy_sha256": forge.sha256(
            self.path.read_bytes()), **options}
        return forge.Box(self.keys, **options)

    @staticmethod
    def says(box, name, **changes):
        key, role = PEOPLE[name]
        box.approve(key, box.approval(name, role, **changes))

    def approved(self, by=("alice", "bob"), **options):
        box = self.box(**options)
        for name in by:
            self.says(box, name)
        return box


@pytest.fixture
def scene(keys, tmp_path, policy):
    return Scene(keys, tmp_path, policy)


@pytest.fixture
def no(scene, refuse):
    """no(box, reason): refused, exit 1 unless said otherwise."""

    def check(box, reason, *options, code=1, **more):
        refuse(box, code, reason, *options, **{"trust": scene.trust, **more})

    return check


# -- who has approved ---------------------------------------------------------

def test_two_officers(scene, verify):
    status, verdict = verify(scene.approved(), trust=scene.trust)
    assert status == 0, verdict["text"]
    assert {check["id"]: check["ok"] for check in verdict["checks"]}[
        "approvals"] is True


def test_stripped_approvals(scene, no):
    """How many are needed is in the policy, not in the container."""
    for by in (), ("alice",), ("bob",):
        no(scene.approved(by), "too-few-approvals")


def test_rejected_is_refused_and_removed_is_missed(scene, no):
    box = scene.approved(["alice"])
    scene.says(box, "bob", decision="REJECTED")
    no(box, "approval-rejected")
    box.approvals = [row for row in box.approvals if b"REJECTED" not in row[1]]
    no(box, "too-few-approvals")


def test_old_rejection_stands(scene, no):
    box = scene.approved(["alice"])
    scene.says(box, "bob", decision="REJECTED", expires="2026-02-01T00:00:00Z")
    no(box, "approval-rejected")


def test_officer_who_approves_twice(scene, no):
    box = scene.approved(["alice"])
    scene.says(box, "alice", reason="really")
    no(box, "approval-duplicate")


def test_approval_of_nobody_in_the_policy(scene, no, keys):
    box = scene.approved(["alice"])
    box.approve("release", box.approval("bob", "security"))
    no(box, "approval-officer")


def test_approval_in_the_name_of_another(scene, no):
    box = scene.approved(["alice"])
    box.approve("stranger", box.approval("alice", "product"))
    no(box, "approval-officer")
    box = scene.approved(["alice"])
    box.approve("stranger", box.approval("bob", "product"))     # not his role
    no(box, "approval-officer")


@pytest.mark.parametrize("requester", ["alice", "Alice", "BOB"])
def test_own_request(scene, no, requester):
    no(scene.approved(requester=requester), "approval-self")


def test_request_of_nobody(scene, no):
    no(scene.approved(requester=None), "no-requester")


# -- what was approved --------------------------------------------------------

def test_approval_of_another_request(scene, no):
    """The same files, but another version: its own id, its own digest."""
    box, other = scene.box(), scene.approved(version="0.9")
    box.approvals = other.approvals
    no(box, "approval-request")


def test_approval_of_a_request_with_the_same_words(scene, no):
    """What is encrypted has a random salt and id."""
    box = scene.box(kind="sealed")
    box.approvals = scene.approved(kind="sealed").approvals
    no(box, "approval-request")
    no(box, "approval-request", key="ecu-rsa")


@pytest.mark.parametrize("change, reason", [
    ({"tenant": "other"}, "approval-tenant"),
    ({"device_config_sha256": "a" * 64}, "approval-device-config"),
    ({"policy_sha256": "a" * 64}, "approval-policy"),
    ({"request_sha256": "a" * 64}, "approval-request"),
    ({"request_id": "00000000-0000-4000-8000-000000000000"},
     "approval-request"),
    ({"expires": "2026-02-01T00:00:00Z"}, "approval-expired"),
    ({"issued": "2099-01-01T00:00:00Z"}, "approval-expired"),
])
def test_approval_of_something_else(scene, no, change, reason):
    box = scene.approved(["alice"])
    scene.says(box, "bob", **change)
    no(box, reason)


def test_approval_without_the_device_config(scene, no):
    device = {"id": "ecu-a", "sha256": "a" * 64}
    box = scene.approved(["alice"], device_config=device)
    scene.says(box, "bob", device_config_sha256=None)
    no(box, "approval-device-config")


def test_approval_that_the_policy_lets_expire(keys, tmp_path, policy, refuse):
    scene = Scene(keys, tmp_path, policy, more="  validFor: 30d\n")
    refuse(scene.approved(), 1, "approval-expired", trust=scene.trust)


def test_approval_that_was_changed(scene, no):
    box = scene.approved()
    key, text, der = box.approvals[0]
    box.approvals[0] = (key, text.replace(b"tested", b"Tested"), der)
    no(box, "signature-bad")


def test_rejection_turned_into_approval(scene, no):
    box = scene.approved(["alice"])
    scene.says(box, "bob", decision="REJECTED")
    box.approvals = [(key, text.replace(b"REJECTED", b"APPROVED"), der)
                     for key, text, der in box.approvals]
    no(box, "signature-bad")


# -- policies -----------------------------------------------------------------

def test_another_edition_of_the_policy(scene, no):
    """Looser now than it was when it was listed: the digest is another."""
    box = scene.approved()
    scene.path.write_text(scene.path.read_text().replace(
        "required: 2", "required: 1"))
    no(box, "unknown-approval-policy")


def test_manifest_without_a_policy(scene, no):
    no(scene.box(policy_sha256=None), "unapproved")


def test_approvals_that_no_policy_asks_for(scene, no, keys):
    box = scene.approved()
    box.policy_sha256 = None
    box.seal_request()
    no(box, "approval-policy", trust=keys.ca)


def test_policy_that_nobody_gave(scene, no, keys):
    no(scene.approved(), "no-approval-policy", trust=keys.ca)


# -- type confusion -----------------------------------------------------------

@pytest.mark.parametrize("oid", [reference.OID_MANIFEST,
                                 "1.2.840.113549.1.7.1"])
def test_signature_for_something_else_as_approval(scene, no, oid):
    box = scene.approved(["alice"])
    box.approve("stranger", box.approval("bob", "security"), oid=oid)
    no(box, "signature-profile")


def test_manifest_as_approval(scene, no):
    """An officer who signs manifests, too, has not approved by that."""
    box = scene.approved(["alice"])
    box.approve("stranger", box.manifest_bytes())
    no(box, "unsupported-format", code=3)


def test_approval_as_manifest(scene, no):
    box = scene.approved()
    text = box.approvals[0][1]
    box.manifest_bytes = lambda: text
    no(box, "unsupported-format", code=3)


# -- form ---------------------------------------------------------------------

def test_approvals_out_of_order(scene, no):
    box = scene.approved()
    box.approvals.reverse()
    no(box, "approval-order", code=3)


@pytest.mark.parametrize("spoil", [
    lambda text: b" " + text,
    lambda text: text.replace(b'"tenant"', b'"tenant":"acme","tenant"'),
    lambda text: text.replace(b'"type"', b'"typf":1,"type"'),
    lambda text: text.replace(b'"APPROVED"', b'"approved"'),
    lambda text: text.replace(b'"reason":"tested"', b'"reason":""'),
    lambda text: text.replace(b'tested', b'\x1b[2J'),
    lambda text: text.replace(b'"role":"security"', b'"role":"../x"'),
    lambda text: text + bytes(8192),
])
def test_approvals_have_one_spelling(scene, no, spoil):
    box = scene.approved(["alice"])
    box.approve("stranger", spoil(reference.canonical(
        box.approval("bob", "security"))))
    no(box, {"not-canonical", "malformed-approval", "limit", "name-grammar"},
       code=3)


@pytest.mark.parametrize("left", ["json", "p7s"])
def test_half_an_approval(scene, no, left):
    members = [(name, data) for name, data in scene.approved().members()
               if not name.startswith("META-INF/approval-01") or
               name.endswith(left)]
    no(reference.write_zip(members), "framing", code=3)


def test_seventeen_approvals(scene, no):
    box = scene.approved()
    box.approvals *= 9
    no(box, {"framing", "approval-order", "approval-duplicate"}, code=3)


# -- rollback and replay ------------------------------------------------------

def test_what_is_older_than_what_was_accepted(keys, refuse, verify, tmp_path):
    state = ("--state", tmp_path / "state.json")
    newer = forge.Box(keys, sequence=42)
    assert verify(newer, *state)[0] == 0
    assert verify(newer, *state)[0] == 0        # the very same again
    refuse(forge.Box(keys, sequence=41), 1, "rollback", *state)
    refuse(forge.Box(keys, {"x": b"x"}, sequence=42), 1, "sequence-reused",
           *state)
    refuse(forge.Box(keys), 1, "no-sequence", *state)
    # another product, tenant or device has a sequence of its own
    assert verify(forge.Box(keys, sequence=1, name="other"), *state)[0] == 0
    assert verify(forge.Box(keys, sequence=1, tenant="other"), *state)[0] == 0


def test_a_refusal_is_not_remembered(keys, refuse, verify, tmp_path):
    """Else anybody could lock a device out with a high number."""
    path = tmp_path / "state.json"
    refuse(forge.Box(keys, sequence=99, signers=["stranger"]), 1,
           "signer-untrusted", "--state", path)
    box = forge.Box(keys, sequence=99)
    data = bytearray(box.bytes())
    data[-1] ^= 1
    refuse(bytes(data), 3, "framing", "--state", path)
    assert not path.exists()
    assert verify(forge.Box(keys, sequence=1), "--state", path)[0] == 0


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "{\"x\":1}", "\0"])
def test_a_state_that_was_tampered_with_is_no_empty_one(keys, refuse, tmp_path,
                                                       run, text):
    path = tmp_path / "state.json"
    path.write_text(text)
    box = forge.Box(keys, sequence=1).write(tmp_path / "a.seal")
    answer = run("pkg-verify", "--trust", keys.ca, "--state", path, box,
                 check=3)
    assert "state file" in answer.err
    assert path.read_text() == text


# -- what a device config asks for ----------------------------------------------

def test_made_otherwise_than_its_device_config_says(
        keys, scene, run, refuse, verify, device_config, tmp_path):
    """A manifest says for which device config it is, and does as it likes."""
    path = device_config(kind="signed", recipients=(),
                         extra=f"approvalPolicy: {scene.path}\n")
    own = {"id": "ecu-a", "sha256": forge.sha256(path.read_bytes())}
    past = forge.Box(keys, device_config=own)
    other = scene.box(device_config=own)
    other.manifest["policy_sha256"] = "a" * 64
    for box in past, other:
        refuse(box, 1, "unapproved", "-d", path)
        run("pkg-seal", "open", "--trust", keys.ca, "-d", path, "-o", "out",
            "a.seal", check=1)
    scene.says(good := scene.box(device_config=own), "alice")
    scene.says(good, "bob")
    assert verify(good, "-d", path, trust=scene.trust)[0] == 0

    past.write(tmp_path / "b.seal")
    past.signers = []
    past.write(tmp_path / "a.draft")
    (tmp_path / "a.p7s").write_bytes(
        forge.sign(keys, "release", past.manifest_bytes()))
    attach = ("pkg-seal", "attach", "--trust", keys.ca, "-o", "c.seal")
    answer = run(*attach, "-d", path, "a.draft", "a.p7s", check=1)
    assert "[unapproved]" in answer.err
    run(*attach, "a.draft", "a.p7s", check=0)


def test_of_another_kind_than_its_device_config_says(
        keys, run, refuse, verify, device_config, tmp_path):
    """In the clear, where the device config asks for encryption."""
    path = device_config(kind="sealed")
    own = {"id": "ecu-a", "sha256": forge.sha256(path.read_bytes())}
    refuse(forge.Box(keys, device_config=own), 1, "wrong-device-config", "-d",
           path)
    assert verify(forge.Box(keys, kind="sealed", device_config=own), "-d",
                  path)[0] == 0
    forge.Box(keys, device_config=own, signers=[]).write(tmp_path / "a.draft")
    answer = run("pkg-seal", "sign", "--key", keys.key("release"), "--cert",
                 keys.cert("release"), "-d", path, "-o", "b.seal", "a.draft",
                 check=1)
    assert "[wrong-device-config]" in answer.err

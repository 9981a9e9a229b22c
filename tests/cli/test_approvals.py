# SPDX-License-Identifier: Apache-2.0
"""From a draft to a container that two officers have approved.

The build server, each officer and the signer have a folder of their own; only
the files that are named here travel between them.

Longer than 500 lines: one short function a case, all on the same office.
"""

import datetime
import json
import shutil
import zipfile
from types import SimpleNamespace

import forge
import manifest_product
import pytest
import reference
from office import Office, from_now


class Desks:
    """Whose folder is whose, and what they run there."""

    def __init__(self, run, keys, folder):
        self.run, self.keys, self.folder = run, keys, folder
        self.office = Office(keys, folder)
        for name in ("build", "alice", "bob", "carol", "device"):
            (folder / name).mkdir()
        self.config = folder / "ecu-a.yaml"
        self.config.write_text(
            "packline: 1\ndeviceConfig: ecu-a\ntenant: acme\nkind: signed\n"
            "approvalPolicy: release.yaml\n"
            "acl: {use: [build], approve: [alice, bob], sign: [carol]}\n")
        self.office.trust()
        trust = folder / "trust.yaml"
        trust.write_text(trust.read_text().replace("id: release", "id: carol"))

    def at(self, who, *args, code=0):
        """Run a tool in a folder; the configuration is beside it."""
        return self.run(args[0], *args[1:-1], "-C", self.folder / who,
                        args[-1], check=code)

    def carry(self, name, source, target):
        shutil.copy(self.folder / source / name, self.folder / target / name)

    def create(self, *more, requester="build", code=0):
        (self.folder / "build" / "app.bin").write_bytes(b"firmware\n")
        return self.at("build", "pkg-seal", "create", "-d", "../ecu-a.yaml",
                       "--name", "gateway", "--version", "2.0", "--sequence",
                       "7", "--requester", requester, *more, "-o",
                       "gateway.draft", "--force", "app.bin", code=code)

    def request(self):
        self.create()
        self.at("build", "pkg-seal", "request", "-o", "gateway.request",
                "--force", "gateway.draft")

    def decide(self, who, name="gateway.request", *more, code=0, output=None,
               decision="APPROVED", policy=("-d", "../ecu-a.yaml"),
               text=None):
        """Decide about a request, in one's own folder; replaces it there."""
        if text is None:
            text = f"{who} has looked at it"
        return self.at(
            who, "pkg-seal", "approve", "--decision", decision, "--reason",
            text, *policy, "--key", self.keys.key(who), "--cert",
            self.keys.cert(who), *more, *self.yes(who, name), "-o",
            output or name, *([] if output else ["--force"]), name, code=code)

    def yes(self, who, name):
        """Instead of a person at a terminal."""
        manifest = self.manifest(who, name)
        return "--yes", "--expect-digest", forge.sha256(manifest)

    def manifest(self, who, name):
        with zipfile.ZipFile(self.folder / who / name) as box:
            return box.read("META-INF/manifest.json")

    def sign(self, name="gateway.request", code=0, **options):
        policy = options.get("policy", ("-d", "../ecu-a.yaml"))
        return self.at(
            "carol", "pkg-seal", "sign", *policy, "--trust",
            "../trust.yaml", "--key", self.keys.key("release"), "--cert",
            self.keys.cert("release"), *self.yes("carol", name), "-o",
            "signed.request", "--force", name, code=code)

    def verify(self, name="gateway.seal", *more, code=0):
        return self.at("device", "pkg-verify", "--trust", "../trust.yaml",
                       "-d", "../ecu-a.yaml", *more, name, code=code)


@pytest.fixture
def desks(run, keys, tmp_path):
    return Desks(run, keys, tmp_path)


@pytest.fixture
def approved(desks):
    """gateway.request with both approvals, on the signer's desk."""
    desks.request()
    for source, target in (("build", "alice"), ("alice", "bob")):
        desks.carry("gateway.request", source, target)
        desks.decide(target)
    desks.carry("gateway.request", "bob", "carol")
    return desks


def reason(answer):
    """The reason in a message: [id] at its end."""
    line = next(line for line in answer.err.splitlines() if "error:" in line)
    assert line.endswith("]"), line
    return line.rsplit("[", 1)[1][:-1]


def test_from_draft_to_device(approved):
    approved.sign()
    approved.carry("signed.request", "carol", "build")
    approved.at("build", "pkg-seal", "attach", "--trust", "../trust.yaml",
                "gateway.draft", "-o", "gateway.seal", "signed.request")
    approved.carry("gateway.seal", "build", "device")
    stage, verdict = approved.verify(
        "gateway.seal", "--state", "state.json", "-x", "out").records
    rows = [(row["id"], row["role"], row["reason"])
            for row in verdict["approvals"]]
    assert sorted(rows) == [
        ("alice", "product", "alice has looked at it"),
        ("bob", "security", "bob has looked at it")]
    assert stage["approvals"] == verdict["approvals"]
    detail, = (check["detail"] for check in verdict["checks"]
               if check["id"] == "approvals")
    assert detail.endswith("; asked for by build")
    device = approved.folder / "device"
    assert (device / "out" / "app.bin").read_bytes() == b"firmware\n"
    state = json.loads((device / "state.json").read_text())
    assert state["entries"][0]["sequence"] == 7


def test_approvals_as_files_of_their_own(desks):
    desks.request()
    for who in ("alice", "bob"):
        desks.carry("gateway.request", "build", who)
        desks.at(who, "pkg-seal", "approve", "--decision", "APPROVED",
                 "--reason", "ok", "--policy", "../release.yaml", "--key",
                 desks.keys.key(who), "--cert", desks.keys.cert(who),
                 *desks.yes(who, "gateway.request"), "--pair", "-o", who,
                 "gateway.request")
        for name in (f"{who}.json", f"{who}.p7s"):
            desks.carry(name, who, "build")
    desks.at("build", "pkg-seal", "attach", "--trust", "../trust.yaml", "-o",
             "approved.draft", "gateway.draft", "alice.json", "alice.p7s",
             "bob.json", "bob.p7s")
    desks.carry("approved.draft", "build", "carol")
    desks.sign("approved.draft")
    desks.carry("signed.request", "carol", "device")
    desks.verify("signed.request")


def test_pair_leaves_nothing_of_itself_if_one_exists(desks):
    desks.request()
    desks.carry("gateway.request", "build", "alice")
    (desks.folder / "alice" / "a.p7s").write_text("mine")
    desks.decide("alice", "gateway.request", "--pair", output="a", code=2)
    assert not (desks.folder / "alice" / "a.json").exists()


def test_import_bundle(desks, run):
    """A gateway to the server's network that takes only what is approved."""
    build = desks.folder / "build"
    manifest_product.write(build)
    desks.at("build", "pkg-manifest", "resolve", "-o", "product.lock",
             "product.yaml")
    desks.at("build", "pkg-manifest", "bundle", "--policy",
             "../release.yaml", "--requester", "build", "--sequence", "7",
             "-o", "product.draft", "product.lock")
    desks.at("build", "pkg-seal", "request", "-o", "product.request",
             "product.draft")
    policy = ("--policy", "../release.yaml")
    for source, target in (("build", "alice"), ("alice", "bob")):
        desks.carry("product.request", source, target)
        desks.decide(target, "product.request", policy=policy)
    desks.carry("product.request", "bob", "carol")
    desks.sign("product.request", policy=policy)
    desks.carry("signed.request", "carol", "build")
    desks.at("build", "pkg-seal", "attach", "--trust", "../trust.yaml",
             "product.draft", "-o", "product.bundle", "signed.request")
    desks.carry("product.bundle", "build", "device")
    _, verdict = desks.at("device", "pkg-verify", "--trust",
                          "../trust.yaml", "product.bundle").records
    assert verdict["content"] == "bundle"
    assert {row["id"] for row in verdict["approvals"]} == {"alice", "bob"}


def test_import_bundle_under_no_policy(desks):
    """What was signed without asking anybody is not what was asked for."""
    build = desks.folder / "build"
    manifest_product.write(build)
    desks.at("build", "pkg-manifest", "resolve", "-o", "product.lock",
             "product.yaml")
    desks.at("build", "pkg-manifest", "bundle", "-o", "product.draft",
             "product.lock")
    desks.at("build", "pkg-seal", "sign", "--key",
             desks.keys.key("release"), "--cert", desks.keys.cert("release"),
             *desks.yes("build", "product.draft"), "-o", "product.bundle",
             "product.draft")
    desks.carry("product.bundle", "build", "device")
    answer = desks.at("device", "pkg-verify", "--trust", "../trust.yaml",
                      "product.bundle", code=1)
    assert reason(answer) == "unapproved"


def test_import_bundle_of_nobody(desks):
    manifest_product.write(desks.folder / "build")
    desks.at("build", "pkg-manifest", "resolve", "-o", "product.lock",
             "product.yaml")
    command = ["pkg-manifest", "bundle", "-o", "x.draft"]
    answer = desks.at("build", *command, "--policy", "../release.yaml",
                      "product.lock", code=2)
    assert "give --requester WHO" in answer.err
    (desks.folder / "empty.yaml").write_text("packline: 1\napprovals: {}\n")
    answer = desks.at("build", *command, "--policy", "../empty.yaml",
                      "product.lock", code=3)
    assert "../empty.yaml:2" in answer.err
    assert not (desks.folder / "build" / "x.draft").exists()


# -- what a maker is told ------------------------------------------------------

def test_nobody_creates_what_is_signed_already(desks):
    answer = desks.create("--key", desks.keys.key("release"), "--cert",
                          desks.keys.cert("release"), code=1)
    assert reason(answer) == "too-few-approvals"


def test_requester_is_held_against_the_acl(desks):
    answer = desks.create(requester="mallory", code=1)
    assert reason(answer) == "not-allowed"
    desks.config.write_text(desks.config.read_text().replace(
        "use: [build], ", ""))
    desks.create(requester="mallory")


def test_requester_must_be_said(desks, run):
    desks.config.write_text(desks.config.read_text().replace(
        "use: [build], ", ""))
    answer = run("pkg-seal", "create", "-d", "ecu-a.yaml", "--name", "x",
                 "--version", "1", "-o", "x.draft", "release.yaml", check=2)
    assert "give --requester WHO" in answer.err


def test_policy_without_a_device_config(desks, run):
    run("pkg-seal", "create", "--policy", "release.yaml", "--tenant", "acme",
        "--name", "x", "--version", "1", "--requester", "build", "-o",
        "x.draft", "release.yaml")
    shown = run("pkg-seal", "show", "x.draft", check=0).out
    assert desks.office.sha256("release.yaml") in shown
    desks.office.policy(required=1, name="lax.yaml")
    answer = desks.create("--policy", "../lax.yaml", code=2)
    assert "asks for the approval policy" in answer.err


# -- what an officer is told ---------------------------------------------------

@pytest.fixture
def asked(desks):
    """gateway.request on everybody's desk."""
    desks.request()
    for who in ("alice", "bob", "carol"):
        desks.carry("gateway.request", "build", who)
    return desks


def test_officer_who_is_none(asked):
    (asked.folder / "officer").mkdir()
    asked.carry("gateway.request", "build", "officer")
    assert reason(asked.decide("officer", code=1)) == "approval-officer"


def test_officer_whom_the_acl_does_not_name(asked):
    (asked.folder / "dora").mkdir()
    asked.carry("gateway.request", "build", "dora")
    assert reason(asked.decide("dora", code=1)) == "not-allowed"
    asked.decide("dora", policy=("--policy", "../release.yaml"))


def test_officer_decides_once(asked):
    asked.decide("alice")
    assert reason(asked.decide("alice", code=1)) == "approval-duplicate"


def put_approval(folder, name, text, p7s):
    """Into a request, as whoever carries it could."""
    with zipfile.ZipFile(folder / name) as box:
        members = [(one, box.read(one)) for one in box.namelist()]
    members[2:2] = [("META-INF/approval-00.json", text),
                    ("META-INF/approval-00.p7s", p7s)]
    (folder / name).write_bytes(reference.write_zip(members))


def test_officer_is_shown_no_forged_decision(asked):
    """That bob has approved it already would move alice to do so, too."""
    manifest = json.loads(asked.manifest("alice", "gateway.request"))
    text, p7s, _ = asked.office.decision(
        SimpleNamespace(manifest=manifest), "bob")
    for forged, why in (
            ((text.replace(b"tested", b"Tested"), p7s), "signature-bad"),
            ((text, forge.sign(asked.keys, "officer", text,
                               oid=forge.APPROVAL_OID)), "approval-officer"),
            (asked.office.decision(SimpleNamespace(
                manifest={**manifest, "request_sha256": "0" * 64}),
                "bob")[:2], "approval-request")):
        asked.carry("gateway.request", "build", "alice")
        put_approval(asked.folder / "alice", "gateway.request", *forged)
        assert reason(asked.decide("alice", code=1)) == why
    asked.carry("gateway.request", "build", "alice")
    put_approval(asked.folder / "alice", "gateway.request", text, p7s)
    asked.decide("alice")


def test_officer_is_shown_a_rejection(asked):
    asked.decide("bob", decision="REJECTED")
    asked.carry("gateway.request", "bob", "alice")
    asked.decide("alice")


def test_officer_decides_about_others(desks):
    desks.config.write_text(desks.config.read_text().replace(
        "use: [build]", "use: [alice]"))
    desks.create(requester="alice")
    desks.at("build", "pkg-seal", "request", "-o", "gateway.request",
             "gateway.draft")
    desks.carry("gateway.request", "build", "alice")
    assert reason(desks.decide("alice", code=1)) == "approval-self"


def test_officer_under_another_policy(asked):
    asked.office.policy(required=1, name="lax.yaml")
    answer = asked.decide("alice", policy=("--policy", "../lax.yaml"), code=1)
    assert reason(answer) == "approval-policy"
    answer = asked.decide("alice", policy=(), code=2)
    assert "give --policy FILE" in answer.err


def test_officer_is_asked_about_what_needs_none(asked, run):
    run("pkg-seal", "create", "--tenant", "acme", "--name", "x", "--version",
        "1", "-o", "alice/x.draft", "release.yaml")
    answer = asked.decide("alice", "x.draft", policy=(
        "--policy", "../release.yaml"), code=1)
    assert reason(answer) == "approval-policy"


def test_officer_of_what_is_encrypted(asked):
    asked.config.write_text(
        asked.config.read_text().replace("kind: signed", "kind: sealed") +
        f"recipients: [{asked.keys.cert('ecu-rsa')}]\n")
    asked.create("--request", "gateway.request")
    asked.carry("gateway.draft", "build", "alice")
    answer = asked.decide("alice", "gateway.draft", code=5)
    assert "there is nothing to look at" in answer.err
    asked.carry("gateway.request", "build", "alice")
    asked.decide("alice")
    asked.carry("gateway.request", "alice", "bob")
    asked.decide("bob")
    asked.carry("gateway.draft", "build", "carol")
    assert reason(asked.sign("gateway.draft", code=1)) == "no-requester"
    asked.carry("gateway.request", "bob", "carol")
    asked.sign()


@pytest.mark.parametrize("text", ["", "two\nlines", "x" * 2001, "\x1b[2J"],
                         ids=["empty", "lines", "long", "escape"])
def test_reasons_that_are_none(asked, text):
    answer = asked.decide("alice", text=text, code=2)
    assert "a reason has 1 to 2000 characters" in answer.err


def test_decision_is_not_made_by_default(asked):
    for given in (("--decision", "APPROVED"), ("--reason", "ok"), ()):
        answer = asked.at(
            "alice", "pkg-seal", "approve", *given, "--policy",
            "../release.yaml", "--key", asked.keys.key("alice"), "--cert",
            asked.keys.cert("alice"), "-o", "x", "gateway.request", code=2)
        assert "must be said" in answer.err


def test_expiry_of_an_approval(asked):
    """Never longer than the policy lets it be."""
    asked.office.policy(valid_for="2d")
    asked.create()
    asked.at("build", "pkg-seal", "request", "-o", "gateway.request",
             "--force", "gateway.draft")
    asked.carry("gateway.request", "build", "alice")
    for said, days in ((from_now(days=9), 2), (from_now(days=1), 1)):
        asked.decide("alice", "gateway.request", "--pair", "--expires", said,
                     output=f"a{days}")
        words = json.loads(
            (asked.folder / "alice" / f"a{days}.json").read_text())
        issued, expires = (datetime.datetime.fromisoformat(words[key][:-1])
                           for key in ("issued", "expires"))
        hours = (expires - issued).total_seconds() / 3600
        assert days * 24 - 1 < hours <= days * 24
    answer = asked.decide("alice", "gateway.request", "--expires",
                          "2001-01-01T00:00:00Z", code=2)
    assert "is over already" in answer.err


# -- what a signer is told -----------------------------------------------------

def test_signer_needs_the_policy(approved):
    answer = approved.sign(policy=(), code=1)
    assert reason(answer) == "no-approval-policy"
    approved.sign(policy=("--policy", "../release.yaml"))


def test_signer_heeds_the_policy_of_the_config(desks):
    """A draft that names no device config asks for no approvals: who makes it
    would decide whether the policy of the signer's config holds."""
    (desks.folder / "build" / "app.bin").write_bytes(b"firmware\n")
    desks.at("build", "pkg-seal", "create", "--tenant", "acme", "--name",
             "gateway", "--version", "2.0", "-o", "gateway.draft", "app.bin")
    desks.at("build", "pkg-seal", "request", "-o", "gateway.request",
             "gateway.draft")
    desks.carry("gateway.request", "build", "carol")
    assert reason(desks.sign(code=1)) == "unapproved"
    desks.sign(policy=())


def test_signer_counts(asked):
    assert reason(asked.sign(code=1)) == "too-few-approvals"
    asked.decide("alice")
    asked.carry("gateway.request", "alice", "carol")
    assert reason(asked.sign(code=1)) == "too-few-approvals"


def test_signer_heeds_a_rejection(approved):
    approved.carry("gateway.request", "bob", "alice")
    (approved.folder / "dora").mkdir()
    approved.carry("gateway.request", "bob", "dora")
    approved.decide("dora", decision="REJECTED",
                    policy=("--policy", "../release.yaml"))
    approved.carry("gateway.request", "dora", "carol")
    answer = approved.sign(policy=("--policy", "../release.yaml"), code=1)
    assert reason(answer) == "approval-rejected"
    assert "dora has looked at it" in answer.err


def test_signer_heeds_the_acl(approved):
    approved.config.write_text(approved.config.read_text().replace(
        "sign: [carol]", "sign: [release]"))
    assert reason(approved.sign(code=1)) == "wrong-device-config"
    approved.sign(policy=("--policy", "../release.yaml"))


def test_signer_is_called_as_the_trust_policy_calls_him(approved):
    """His certificate says CN=release, the trust policy calls him carol."""
    command = ["pkg-seal", "sign", "-d", "../ecu-a.yaml", "--key",
               approved.keys.key("release"), "--cert",
               approved.keys.cert("release"),
               *approved.yes("carol", "gateway.request"), "-o",
               "signed.request", "gateway.request"]
    answer = approved.at("carol", *command, code=1)
    assert reason(answer) == "not-allowed"
    assert "--trust FILE" in answer.err
    approved.at("carol", *command[:-3], "--trust", "../trust.yaml",
                *command[-3:])


def test_attach_heeds_the_acl(approved):
    """The signer called himself carol; the device config is asked again."""
    approved.sign()
    approved.carry("signed.request", "carol", "build")
    trust = approved.folder / "trust.yaml"
    trust.write_text(trust.read_text().replace("id: carol", "id: dave"))
    answer = approved.at("build", "pkg-seal", "attach", "--trust",
                         "../trust.yaml", "-d", "../ecu-a.yaml",
                         "gateway.draft", "-o", "gateway.seal",
                         "signed.request", code=1)
    assert reason(answer) == "not-allowed"


def test_attach_heeds_the_acl_with_too_few_signatures(approved):
    """--partial forgives that there are too few, not that he may not."""
    approved.sign()
    approved.carry("signed.request", "carol", "build")
    trust = approved.office.trust(pins=("release", "officer"))
    trust.write_text(trust.read_text().replace(
        "signers: {", "signers: {threshold: 2, "))
    answer = approved.at("build", "pkg-seal", "attach", "--partial",
                         "--trust", "../trust.yaml", "-d", "../ecu-a.yaml",
                         "gateway.draft", "-o", "gateway.seal",
                         "signed.request", code=1)
    assert reason(answer) == "not-allowed"
    assert "'release'" in answer.err


def test_attach_counts_too(asked):
    """A signature that somebody made with another tool, without asking."""
    manifest = asked.manifest("build", "gateway.draft")
    (asked.folder / "build" / "x.p7s").write_bytes(
        forge.sign(asked.keys, "release", manifest))
    answer = asked.at("build", "pkg-seal", "attach", "--trust",
                      "../trust.yaml", "gateway.draft", "-o", "gateway.seal",
                      "x.p7s", code=1)
    assert reason(answer) == "too-few-approvals"


def test_replacing_signatures_by_none(desks):
    """--replace with nothing but an approval would leave a draft."""
    desks.request()
    for who in ("alice", "bob"):
        desks.carry("gateway.request", "build", who)
        desks.decide(who)
        shutil.copy(desks.folder / who / "gateway.request",
                    desks.folder / "build" / f"{who}.request")
    shutil.copy(desks.folder / "bob/gateway.request",
                desks.folder / "carol/gateway.request")
    attach = ("pkg-seal", "attach", "--trust", "../trust.yaml", "-o",
              "new.seal", "gateway.seal", "bob.request")
    (desks.folder / "build/x.p7s").write_bytes(forge.sign(
        desks.keys, "release", desks.manifest("build", "gateway.draft")))
    desks.at("build", *attach[:4], "-o", "gateway.seal", "--partial",
             "gateway.draft", "alice.request", "x.p7s")
    answer = desks.at("build", *attach[:2], "--replace", "--partial",
                      *attach[2:], code=2)
    assert "no signature came back" in answer.err
    assert "leave out --replace" in answer.err
    assert not (desks.folder / "build/new.seal").exists()
    # With a signature it replaces, and without --replace it adds.
    desks.at("build", *attach[:2], "--replace", *attach[2:], "alice.request",
             "x.p7s")
    desks.at("build", *attach, "--force")
    shutil.copy(desks.folder / "build/new.seal", desks.folder / "device")
    desks.verify("new.seal")

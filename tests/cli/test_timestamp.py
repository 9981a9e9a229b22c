# SPDX-License-Identifier: Apache-2.0
"""RFC 3161 time stamps: pkg-seal timestamp, pkg-verify --time tsa.

The authority is openssl ts.
"""

import subprocess
import time

import pytest
from office import Office
from tsa import Authority

SUBJECT = ("--tenant", "acme", "--name", "demo", "--version", "1.2.3")


@pytest.fixture(scope="module")
def tsa(keys):
    return Authority(keys)


@pytest.fixture
def box(run, tmp_path, keys, tsa):
    """A signed container and its stamping, step by step."""
    (tmp_path / "payload").write_bytes(b"content")
    run("pkg-seal", "create", *SUBJECT, "--key", keys.key("release"),
        "--cert", keys.cert("release"), "-o", "a.seal", "payload", check=0)

    class Box:
        path = tmp_path

        @staticmethod
        def stamp(*more, **how):
            return run("pkg-seal", "timestamp", *more, **how)

        @classmethod
        def query(cls, *more, name="a.seal", **how):
            return cls.stamp("--query", "-o", "q.tsq", "--force", *more, name,
                             **{"check": 0, **how})

        @classmethod
        def answer(cls, *more, name="a.seal", ca=keys.ca, **how):
            return cls.stamp("--reply", "r.tsr", "--trust-tsa", ca, "-o",
                             "b.seal", "--force", *more, name,
                             **{"check": 0, **how})

        @staticmethod
        def reply(*more):
            tsa.reply(tmp_path / "q.tsq", tmp_path / "r.tsr", *more)

    return Box


def verify(run, keys, name, *more, check=0):
    return run("pkg-verify", "--trust", keys.ca, *more, name,
               check=check).records[-1]


def tsa_time(keys):
    return "--time", "tsa", "--trust-tsa", keys.ca


def check_detail(verdict, name):
    return next(one for one in verdict["checks"] if one["id"] == name)


def test_a_stamped_container(run, keys, box):
    before = verify(run, keys, "a.seal", "--unsigned-digest")
    box.query()
    box.reply()
    record, = box.answer().records
    assert record["manifest_sha256"] == before["manifest_sha256"]
    verdict = verify(run, keys, "b.seal", "--unsigned-digest", *tsa_time(keys))
    assert verdict["unsigned_sha256"] == before["unsigned_sha256"]
    clock = check_detail(verdict, "clock")
    assert clock["ok"] is True and "by its time stamp" in clock["detail"]
    verify(run, keys, "b.seal")     # still good without


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_openssl_understands_the_query(tmp_path, keys, box, digest):
    box.query("--digest", digest, "--nonce", "--policy", "1.2.3.4.2")
    text = subprocess.run(["openssl", "ts", "-query", "-in", "q.tsq", "-text"],
                          cwd=tmp_path, capture_output=True, text=True,
                          check=True).stdout
    assert f"Hash Algorithm: {digest}" in text
    assert "Policy OID: 1.2.3.4.2" in text
    assert "Certificate required: yes" in text
    assert "Nonce: 0x" in text
    box.reply()
    box.answer("--sent", "q.tsq", "--policy", "1.2.3.4.2")
    # and of the answer it thinks the same as we
    keys.openssl("ts", "-verify", "-queryfile", tmp_path / "q.tsq", "-in",
                 tmp_path / "r.tsr", "-CAfile", keys.ca)


def test_without_a_stamp(run, keys, box):
    verdict = verify(run, keys, "a.seal", *tsa_time(keys), check=1)
    assert verdict["reason"] == "timestamp-missing"


def test_of_an_unknown_authority(run, keys, box):
    box.query()
    box.reply("tsa-rsa", "-chain", keys.cert("tsa-ca"))
    result = box.answer(check=1)
    assert "[timestamp-untrusted]" in result.err
    assert not (box.path / "b.seal").exists()
    box.answer(ca=keys.cert("tsa-ca"))
    verdict = verify(run, keys, "b.seal", *tsa_time(keys), check=1)
    assert verdict["reason"] == "timestamp-untrusted"
    verify(run, keys, "b.seal", "--time", "tsa", "--trust-tsa",
           keys.cert("tsa-ca"))
    verify(run, keys, "b.seal", "--time", "tsa", "--trust-tsa",
           keys.cert("tsa-rsa"))


def test_of_another_signature(run, keys, box):
    run("pkg-seal", "create", *SUBJECT, "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "-o", "other.seal", "payload", check=0)
    box.query(name="other.seal")
    box.reply()
    assert "[timestamp-bad]" in box.answer(check=1).err


def test_of_another_query(box):
    box.query("--nonce")
    (box.path / "q.tsq").rename(box.path / "first.tsq")
    box.query("--nonce")
    box.reply()
    result = box.answer("--sent", "first.tsq", check=1)
    assert "[timestamp-bad]" in result.err and "nonce" in result.err
    box.answer("--sent", "q.tsq")


def test_a_reply_that_says_no(box):
    box.query("--policy", "1.2.3.4.9")
    box.reply()
    assert "[timestamp-refused]" in box.answer(check=1).err


def test_replies_that_are_none(box):
    box.query()
    box.reply()
    good = (box.path / "r.tsr").read_bytes()
    for bad in b"", good[:-1], good + b"\0", b"\x30\x80" + good[4:] + b"\0\0":
        (box.path / "r.tsr").write_bytes(bad)
        assert "[timestamp-bad]" in box.answer(check=1).err
        assert not (box.path / "b.seal").exists()


def test_a_stamp_that_is_there_already(box):
    box.query()
    box.reply()
    box.answer()
    result = box.answer("--force", name="b.seal", check=2)
    assert "already" in result.err


def test_one_of_two_signatures(run, keys, box):
    run("pkg-seal", "sign", "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "-o", "two.seal", "a.seal", check=0)
    assert "--signature 0 to 1" in box.query(name="two.seal", check=2).err
    box.query("--signature", "2", name="two.seal", check=2)
    for number in "0", "1":
        box.query("--signature", number, name="two.seal")
        box.reply()
        box.answer(name="two.seal")     # finds out which
        (box.path / "b.seal").rename(box.path / "two.seal")
    verdict = verify(run, keys, "two.seal", *tsa_time(keys))
    assert len(verdict["signers"]) == 2
    box.answer("--signature", "0", name="two.seal", check=1)


def test_a_signature_by_itself(run, tmp_path, keys, box):
    subprocess.run(["unzip", "-q", "a.seal", "META-INF/*"], cwd=tmp_path,
                   check=True)
    box.query(name="META-INF/sig-00.p7s")
    box.reply()
    box.stamp("--reply", "r.tsr", "--trust-tsa", keys.ca, "-o", "x.p7s",
              "META-INF/sig-00.p7s", check=0)
    text = subprocess.run(["openssl", "cms", "-cmsout", "-print", "-inform",
                           "DER", "-in", "x.p7s"], cwd=tmp_path,
                          capture_output=True, text=True, check=True).stdout
    assert "id-smime-aa-timeStampToken" in text


def test_a_request(run, keys, box):
    run("pkg-seal", "create", *SUBJECT, "-o", "a.draft", "payload", check=0)
    run("pkg-seal", "request", "-o", "a.request", "a.draft", check=0)
    run("pkg-seal", "sign", "--key", keys.key("release"), "--cert",
        keys.cert("release"), "-o", "signed.request", "a.request", check=0)
    box.query(name="signed.request")
    box.reply()
    box.stamp("--reply", "r.tsr", "--trust-tsa", keys.ca, "-o",
              "stamped.request", "signed.request", check=0)
    run("pkg-seal", "attach", "--trust", keys.ca, "-o", "c.seal", "a.draft",
        "stamped.request", check=0)
    verify(run, keys, "c.seal", *tsa_time(keys))


def test_a_draft_has_nothing_to_stamp(run, box):
    run("pkg-seal", "create", *SUBJECT, "-o", "a.draft", "payload", check=0)
    assert "sign it first" in box.query(name="a.draft", check=2).err


@pytest.mark.parametrize("options", [
    [], ["--query", "--reply", "r"], ["--query", "--sent", "q"],
    ["--query", "--trust-tsa", "c"], ["--reply", "r"],
    ["--reply", "r", "--trust-tsa", "c", "--nonce"],
    ["--query", "--policy", "tsa"]], ids=" ".join)
def test_options_that_make_no_sense(box, options):
    box.stamp(*options, "-o", "x", "a.seal", check=2)


def test_a_policy_names_the_authority(run, keys, box):
    policy = box.path / "trust.yaml"

    def write(tsa):
        spki = verify(run, keys, "a.seal")["signers"][0]["spki"]
        policy.write_text(
            "packline: 1\ntrust:\n"
            f"  roots: [{keys.ca}]\n"
            f"  signers: {{pins: [{{id: r, spki: 'sha256:{spki}'}}]}}\n"
            f"  time: tsa\n{tsa}")

    def ask(check):
        return run("pkg-verify", "--trust", policy, "b.seal",
                   check=check)

    box.query()
    box.reply()
    box.answer()
    write("")
    assert "tsa-missing" in ask(3).err
    write(f"  tsa: {{roots: [{keys.ca}], policy: 1.2.3.4.1}}\n")
    ask(0)
    write(f"  tsa: {{roots: [{keys.ca}], policy: 1.2.3.4.2}}\n")
    assert ask(1).records[-1]["reason"] == "timestamp-untrusted"
    write(f"  tsa: {{roots: [{keys.ca}], pins: ['sha256:{'0' * 64}']}}\n")
    assert ask(1).records[-1]["reason"] == "timestamp-untrusted"


def test_the_expiry_of_the_manifest_goes_by_the_clock(run, keys, box):
    """A stamp does not make what has expired good again."""
    run("pkg-seal", "create", *SUBJECT, "--expires", "2020-01-01T00:00:00Z",
        "--key", keys.key("release"), "--cert", keys.cert("release"), "-o",
        "a.seal", "--force", "payload", check=0)
    box.query()
    box.reply()
    box.answer()
    assert verify(run, keys, "b.seal", *tsa_time(keys),
                  check=1)["reason"] == "expired"


def test_an_approval_has_a_stamp_of_its_own(run, tmp_path, keys, box):
    """That of the signature does not cover it."""
    office = Office(keys, tmp_path)
    office.policy(required=1)
    trust = office.trust()
    run("pkg-seal", "create", *SUBJECT, "--policy", "release.yaml",
        "--requester", "build", "-o", "a.draft", "payload", check=0)
    run("pkg-seal", "approve", "--decision", "APPROVED", "--reason", "tested",
        "--policy", "release.yaml", "--key", keys.key("alice"), "--cert",
        keys.cert("alice"), "--pair", "-o", "alice", "a.draft", check=0)
    box.query(name="alice.p7s")
    box.reply()
    box.stamp("--reply", "r.tsr", "--trust-tsa", keys.ca, "-o", "stamped.p7s",
              "alice.p7s", check=0)
    run("pkg-seal", "attach", "--trust", trust, "-o", "b.draft", "a.draft",
        "alice.json", "stamped.p7s", check=0)
    run("pkg-seal", "sign", "--policy", "release.yaml", "--key",
        keys.key("release"), "--cert", keys.cert("release"), "-o", "a.seal",
        "--force", "b.draft", check=0)
    box.query()
    box.reply()
    box.answer()

    def check(tsa, status=0):
        return run("pkg-verify", "--trust", trust, "--time", "tsa",
                   "--trust-tsa", tsa, "b.seal", check=status).records[-1]

    assert check_detail(check(keys.ca), "approvals")["ok"] is True
    assert check(keys.cert("release"),
                 status=1)["reason"] == "timestamp-untrusted"
    # tests/unit/test_trust_approvals.c: by which time it is judged


def test_approvals_and_revocation_lists_of_today(run, tmp_path, keys, box,
                                                 crl):
    """A list is newer than the stamp: it holds for officers as for signers."""
    office = Office(keys, tmp_path)
    office.policy(required=1)
    trust = office.trust()
    run("pkg-seal", "create", *SUBJECT, "--policy", "release.yaml",
        "--requester", "build", "-o", "a.draft", "payload", check=0)
    run("pkg-seal", "approve", "--decision", "APPROVED", "--reason", "tested",
        "--policy", "release.yaml", "--key", keys.key("alice"), "--cert",
        keys.cert("alice"), "-o", "b.draft", "a.draft", check=0)
    run("pkg-seal", "sign", "--policy", "release.yaml", "--key",
        keys.key("release"), "--cert", keys.cert("release"), "-o", "a.seal",
        "--force", "b.draft", check=0)
    box.query()
    box.reply()
    box.answer()
    time.sleep(1.1)     # the list is to be of another second

    def check(*lists, status=0):
        return run("pkg-verify", "--trust", trust, *tsa_time(keys), "--crl",
                   *lists, "b.seal", check=status).records[-1]

    assert check_detail(check(crl(made=0)), "approvals")["ok"] is True
    assert check(crl("alice", made=0), status=1)["reason"] == "certificate-revoked"
    assert check(crl("release", made=0), status=1)["reason"] == "certificate-revoked"

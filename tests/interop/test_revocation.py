# SPDX-License-Identifier: Apache-2.0
"""Revocation lists: from --crl and from the trust policy, never a container."""

import base64
import datetime
import re

import forge
from office import Office

def revocation(verdict):
    return {check["id"]: check["ok"] for check in verdict["checks"]}[
        "revocation"]


def test_without_a_list_nothing_is_said(keys, verify):
    assert revocation(verify(forge.Box(keys))[1]) is None


def test_signer_who_is_revoked(keys, verify, refuse, crl):
    status, verdict = verify(forge.Box(keys), "--crl", crl())
    assert (status, revocation(verdict)) == (0, True)
    status, verdict = verify(forge.Box(keys), "--crl", crl("release"))
    assert (status, verdict["reason"], revocation(verdict)) == (
        1, "certificate-revoked", False)
    # one list among several is enough, and PEM files hold any number
    both = crl("release").read_text() + crl(ca="ca2").read_text()
    path = crl()
    path.write_text(both)
    refuse(forge.Box(keys), 1, "certificate-revoked", "--crl", path)


def test_lists_that_do_not_count(keys, refuse, crl):
    """Of another CA, or not current: then nobody knows, and that is a no."""
    refuse(forge.Box(keys), 1, "certificate-revoked", "--crl", crl(ca="ca2"))
    refuse(forge.Box(keys), 1, "certificate-revoked", "--crl",
           crl(made=-9, until=-1))
    refuse(forge.Box(keys), 1, "certificate-revoked", "--crl",
           crl(made=1, until=9))


def test_list_in_the_policy(keys, verify, refuse, crl, policy):
    path = crl("release")
    trust = policy(extra=f"  crls: [{path}]\n")
    refuse(forge.Box(keys), 1, "certificate-revoked", trust=trust)
    crl("officer")
    assert verify(forge.Box(keys), trust=trust)[0] == 0
    refuse(forge.Box(keys, signers=["officer"]), 1, "certificate-revoked",
           trust=trust)
    # --crl adds to them, and the newest list of a CA counts
    refuse(forge.Box(keys), 1, "certificate-revoked", "--crl",
           crl("release", made=-.5, name="more.crl"), trust=trust)
    assert verify(forge.Box(keys), "--crl", crl(
        "release", made=-2, name="less.crl"), trust=trust)[0] == 0


def test_greatest_age(keys, verify, refuse, crl, policy):
    path = crl(made=-3, until=30)
    for age, code in (("4d", 0), ("49h", 1), ("2d", 1)):
        trust = policy(extra=f"  crls: [{path}]\n  crlMaxAge: {age}\n")
        status, verdict = verify(forge.Box(keys), trust=trust)
        assert status == code
        if code:
            assert verdict["reason"] == "crl-too-old"
            assert revocation(verdict) is False
    # a newer list of the same CA makes the old one harmless
    newer = crl(made=-1, name="new.crl")
    assert verify(forge.Box(keys), "--crl", newer, trust=trust)[0] == 0
    refuse(forge.Box(keys), 1, "crl-too-old", "--crl",
           crl(made=-1, name="other.crl", ca="ca2"), trust=trust)


def test_who_asks_for_an_age_asks_for_a_list(keys, verify, refuse, crl, policy):
    """A list that somebody forgot, or took away, is no yes."""
    trust = policy(extra="  crlMaxAge: 2d\n")
    refuse(forge.Box(keys), 1, "crl-missing", trust=trust)
    refuse(forge.Box(keys), 1, "crl-missing", "--time", "none", trust=trust)
    assert verify(forge.Box(keys), "--crl", crl(made=-1), trust=trust)[0] == 0


def redated(path, name, *days):
    """A list with other dates, as anybody can write it: not signed anew."""
    pem = path.read_text().split("-----")[2]
    now = datetime.datetime.now(datetime.timezone.utc)
    stamps = [(now + datetime.timedelta(days=day)).strftime("%y%m%d%H%M%SZ")
              for day in days]
    der = re.sub(rb"(?<=\x17\x0d)[0-9]{12}Z",
                 lambda _: stamps.pop(0).encode(), base64.b64decode(pem),
                 count=len(days))
    assert stamps == []
    (path.parent / name).write_bytes(der)
    return path.parent / name


def test_a_newer_list_that_is_not_used_makes_no_old_one_new(
        keys, verify, refuse, crl, policy):
    """Who can keep back the newest list can also forge one beside the last."""
    old = crl(made=-3)
    trust = policy(extra=f"  crls: [{old}]\n  crlMaxAge: 2d\n")
    for days in (1, 9), (-.1, -.05):     # not valid yet, not any more
        forged = redated(old, "forged.crl", *days)
        status, verdict = verify(forge.Box(keys), "--crl", forged,
                                 trust=trust)
        assert status == 1, days
        assert verdict["reason"] in ("crl-too-old", "certificate-revoked")
    # the CA's own list of tomorrow is none of today either
    status, verdict = verify(forge.Box(keys), "--crl", crl(
        made=1, until=9, name="early.crl"), trust=trust)
    assert status == 1


def test_a_part_is_not_the_whole(keys, verify, refuse, crl, policy):
    """A newer list of other certificates does not make an old one new."""
    def check(*newer, text="crl-too-old"):
        options = [word for path in newer for word in ("--crl", path)]
        if text is None:
            assert verify(forge.Box(keys), *options, trust=trust)[0] == 0
        else:
            refuse(forge.Box(keys), 1, text, *options, trust=trust)

    trust = policy(
        extra=f"  crls: [{crl(made=-3)}]\n  crlMaxAge: 2d\n")
    one = crl(made=-1, name="one.crl", part="one")
    check(one)
    whole = crl(made=-1, name="whole.crl")
    check(whole, one, text=None)
    check(whole, one, crl(made=-3, name="two.crl", part="two"))
    check(whole, one, crl(made=-3, name="old-one.crl", part="one"), text=None)


def test_without_a_clock_nobody_knows_whether_a_list_is_current(
        keys, verify, refuse, crl):
    """Who is on it is refused; that nobody is says nothing about today."""
    stale = crl(made=-9, until=-1)
    for path in stale, crl(made=1, until=9, name="early.crl"), crl(
            name="good.crl"):
        status, verdict = verify(forge.Box(keys), "--crl", path, "--time",
                                 "none")
        assert (status, revocation(verdict)) == (0, None)
    refuse(forge.Box(keys), 1, "certificate-revoked", "--crl",
           crl("release", made=-9, until=-1), "--time", "none")


def test_pins_without_roots_cannot_have_lists(keys, run, crl, tmp_path):
    office = Office(keys, tmp_path)
    forge.Box(keys).write(tmp_path / "a.seal")
    trust = office.trust(approvals=(), roots=False)
    answer = run("pkg-verify", "--trust", trust, "--crl", crl(), "a.seal",
                 check=2)
    assert "names no CA" in answer.err


def test_officer_who_is_revoked(keys, verify, crl, tmp_path):
    """His approval was good; his key is not to be believed any more."""
    office = Office(keys, tmp_path)
    box = office.ask(forge.Box(keys))
    body = office.approved(box, [office.decision(box, who)
                                 for who in ("alice", "bob")])
    trust = office.trust()
    assert verify(body, "--crl", crl("dora"), trust=trust)[0] == 0
    status, verdict = verify(body, "--crl", crl("bob"), trust=trust)
    assert (status, verdict["reason"]) == (1, "certificate-revoked")


def test_file_that_was_cut_off(keys, verify, run, crl, tmp_path):
    """Of two lists in a file the second is the newer one, and revokes."""
    old = crl(made=-3, name="old.crl").read_text()
    new = crl("release", name="new.crl").read_text()
    both = tmp_path / "both.pem"
    both.write_text(old + new)
    assert verify(forge.Box(keys), "--crl", both)[0] == 1
    (tmp_path / "a.seal").write_bytes(forge.Box(keys).bytes())
    for text in old + new[:-30], old + new[:200] + "?" + new[200:]:
        both.write_text(text)
        answer = run("pkg-verify", "--trust", keys.ca, "--crl", both,
                     "a.seal")
        assert answer.code == 5, answer
        assert answer.out == "" and "cannot be read" in answer.err

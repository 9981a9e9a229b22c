# SPDX-License-Identifier: Apache-2.0
"""Every row of the format's table of attacks, against pkg-verify: content.

Each container is made by forge.py and properly signed by a trusted signer,
unless the attack is that it is not: what is refused is refused for the attack
alone, and the reason says so.
"""

import forge
import pytest
import reference


# -- mix and match ------------------------------------------------------------

def swap(box, name, data):
    """The members of a box, one of them with other bytes."""
    members = box.members()
    assert name in dict(members)
    return reference.write_zip([(n, data if n == name else d)
                            for n, d in members])


def test_payload_of_another(keys, refuse):
    refuse(swap(forge.Box(keys), "payload/hello.bin", b"HELLO\n"), 1,
           "digest-mismatch")
    refuse(swap(forge.Box(keys), "payload/hello.bin", b"hello\n\n"), 3,
           "framing")


def test_signature_of_another(keys, refuse):
    other = dict(forge.Box(keys, {"x": b"x"}).members())
    refuse(swap(forge.Box(keys), "META-INF/sig-00.p7s",
                other["META-INF/sig-00.p7s"]), 1, "signature-bad")


def test_manifest_of_another(keys, refuse):
    evil = forge.Box(keys)
    evil.manifest["version"] = "0.9"
    refuse(swap(forge.Box(keys), "META-INF/manifest.json",
                evil.manifest_bytes()), 1, "signature-bad")


def test_request_of_another(keys, refuse):
    box = forge.Box(keys)
    text = box.request_member[1].replace(b"demo", b"Demo")
    refuse(swap(box, "META-INF/request.json", text), 1, "digest-mismatch")


@pytest.mark.parametrize("key, value", [
    ("tenant", "evil"), ("name", "other"), ("version", "0.9"),
    ("sequence", 9), ("expires", "2099-01-01T00:00:00Z"),
    ("content", "bundle"), ("id", "00000000-0000-8000-8000-000000000000")])
def test_request_that_contradicts_the_manifest(keys, refuse, key, value):
    box = forge.Box(keys)
    box.manifest[key] = value
    refuse(box, 3, "malformed-manifest" if key == "content"
           else "malformed-request")


def test_request_that_lists_other_files(keys, refuse):
    for change in ({"sha256": "0" * 64}, {"size": 7}, {"source_name": "x"},
                   {"role": "metadata"}, {"member": "payload/x"}):
        box = forge.Box(keys)
        box.request["files"][0].update(change)
        box.seal_request()
        refuse(box, 3, "malformed-request")


def test_request_that_is_not_the_listed_one_inside(keys, refuse):
    """The stored bytes are listed, but request_sha256 names another."""
    box = forge.Box(keys)
    box.manifest["request_sha256"] = "0" * 64
    refuse(box, 3, "malformed-manifest")
    box = forge.Box(keys, kind="sealed")
    box.manifest["request_sha256"] = "0" * 64
    refuse(box, 1, "plaintext-mismatch", key="ecu-rsa")


# -- stripping signatures -----------------------------------------------------

@pytest.mark.parametrize("kind", ["signed", "sealed"])
def test_stripped_signature(keys, refuse, kind):
    members = [(name, data) for name, data in
               forge.Box(keys, kind=kind).members()
               if not name.startswith("META-INF/sig-")]
    refuse(reference.write_zip(members), 1, "draft")


def test_stripped_second_signature(keys, refuse, verify, policy):
    trust = policy(threshold=2)
    both = forge.Box(keys, signers=["release", "officer"])
    assert verify(both, trust=trust)[0] == 0
    for left in ("release", "officer"):
        refuse(forge.Box(keys, signers=[left]), 1, "threshold", trust=trust)


def test_sealed_passed_off_as_encrypted(keys, refuse, policy):
    """A recipient knows the content key, so he can make the MAC."""
    box = forge.Box(keys, kind="sealed")
    box.manifest["kind"] = box.kind = "encrypted"
    refuse(box, 1, "unsigned", trust=policy(), key="ecu-rsa")


def test_unsigned_with_a_signature(keys, refuse):
    box = forge.Box(keys, kind="sealed")
    box.manifest["kind"] = "encrypted"
    refuse(box, 3, "framing")


# -- signatures ---------------------------------------------------------------

def test_order_and_number_of_signatures(keys, refuse):
    box = forge.Box(keys, signers=["release", "officer"])
    box.signatures = lambda: forge.Box.signatures(box)[::-1]
    refuse(box, 3, "signature-order")
    box = forge.Box(keys)
    box.signatures = lambda: forge.Box.signatures(box) * 2
    refuse(box, 3, "signature-order")     # one key signs once
    box = forge.Box(keys)
    box.signatures = lambda: forge.Box.signatures(box) * 17
    refuse(box, 3, "framing")


def test_strangers_and_expired_signers(keys, refuse, verify, policy):
    refuse(forge.Box(keys, signers=["stranger"]), 1, "signer-untrusted")
    refuse(forge.Box(keys, signers=["expired"]), 1, "certificate-expired")
    refuse(forge.Box(keys, signers=["officer"]), 1, "signer-untrusted",
           trust=policy(["release"]))
    refuse(forge.Box(keys, signers=["release"]), 1, "signer-untrusted",
           trust=keys.cert("officer"))
    assert verify(forge.Box(keys), trust=keys.cert("release"))[0] == 0
    # a stranger's signature beside a trusted one is nothing
    assert verify(forge.Box(keys, signers=["release", "stranger"]))[0] == 0


def test_certificates_for_something_else(keys, refuse):
    for name in ("ecu-rsa", "ecu-p256"):
        refuse(forge.Box(keys, signers=[name]), 1, "certificate-purpose")


@pytest.mark.parametrize("oid", [forge.APPROVAL_OID, "1.2.840.113549.1.7.1"])
def test_signature_made_for_something_else(keys, refuse, oid):
    """Type confusion: an approval, or a document, is not a manifest."""
    box = forge.Box(keys)
    box.signatures = lambda: [forge.sign(keys, "release", box.manifest_bytes(),
                                         oid=oid)]
    refuse(box, 1, "signature-profile")


def test_request_used_as_manifest(keys, refuse):
    box = forge.Box(keys)
    text = forge.canonical(box.request)
    box.manifest_bytes = lambda: text
    refuse(box, 3, "unsupported-format")


@pytest.mark.parametrize("options, cades, md", [
    (["-noattr"], False, "sha256"),     # EUF-CMA: no signed attributes
    ([], False, "sha256"),              # no signingCertificateV2
    (["-nodetach"], True, "sha256"),    # the content inside
    (["-nocerts"], True, "sha256"),
    ([], True, "sha1"),
    ([], True, "md5"),
    (["-stream", "-indef"], True, "sha256"),    # BER
    (["-outform", "PEM"], True, "sha256"),
])
def test_signatures_outside_of_the_profile(keys, refuse, options, cades, md):
    box = forge.Box(keys)
    box.signatures = lambda: [forge.sign(
        keys, "release", box.manifest_bytes(), cades=cades,
        options=[*options, "-md", md])]
    refuse(box, 1, "algorithm-weak" if md in ("sha1", "md5")
           else "signature-profile")


def test_two_signers_in_one_file(keys, refuse):
    box = forge.Box(keys)
    more = ["-signer", keys.cert("officer"), "-inkey", keys.key("officer")]
    box.signatures = lambda: [forge.sign(keys, "release",
                                         box.manifest_bytes(), options=more)]
    refuse(box, 1, "signature-profile")


@pytest.mark.parametrize("junk", [b"\0", b"\0" * 100, b"0\0"])
def test_bytes_behind_a_signature(keys, refuse, junk):
    box = forge.Box(keys)
    box.signatures = lambda: [forge.Box.signatures(box)[0] + junk]
    refuse(box, 1, "signature-profile")


def test_signature_over_the_limit(keys, refuse):
    box = forge.Box(keys)
    box.signatures = lambda: [bytes(65537)]
    refuse(box, 3, "limit")


# -- claims -------------------------------------------------------------------

def test_cross_tenant_and_cross_device(keys, refuse, policy):
    device = {"id": "ecu-a", "sha256": "a" * 64}
    box = forge.Box(keys, device_config=device)
    refuse(box, 1, "wrong-tenant", "--tenant", "other")
    refuse(box, 1, "wrong-device-config", "--device-config", "ecu-b")
    refuse(box, 1, "wrong-tenant",
           trust=policy(extra="  tenants: [other]\n"))
    refuse(box, 1, "wrong-device-config",
           trust=policy(extra="  deviceConfigs: [ecu-b]\n"))
    refuse(forge.Box(keys), 1, "wrong-device-config", "--device-config",
           "ecu-a")


def test_another_edition_of_the_device_config(keys, refuse, verify,
                                              device_config):
    path = device_config(name="ecu-a", kind="signed", recipients=())
    sha256 = forge.sha256(path.read_bytes())
    box = forge.Box(keys, device_config={"id": "ecu-a", "sha256": sha256})
    assert verify(box, "--device-config", path)[0] == 0
    box = forge.Box(keys, device_config={"id": "ecu-a", "sha256": "a" * 64})
    refuse(box, 1, "wrong-device-config", "--device-config", path)
    box = forge.Box(keys, tenant="other",
                    device_config={"id": "ecu-a", "sha256": sha256})
    refuse(box, 1, "wrong-tenant", "--device-config", path)


def test_rollback(keys, refuse, verify, policy):
    box = forge.Box(keys, sequence=41)
    assert verify(box, "--min-sequence", "41")[0] == 0
    refuse(box, 1, "sequence-too-low", "--min-sequence", "42")
    refuse(box, 1, "sequence-too-low",
           trust=policy(extra="  minSequence: 42\n"))
    refuse(forge.Box(keys), 1, "sequence-too-low", "--min-sequence", "0")


def test_expiry(keys, refuse, verify):
    refuse(forge.Box(keys, expires="2020-01-01T00:00:00Z"), 1, "expired")
    assert verify(forge.Box(keys, expires="2020-01-01T00:00:00Z"), "--time",
                  "none")[0] == 0


# -- approvals ----------------------------------------------------------------

def test_approvals_that_cannot_be_judged(keys, refuse):
    box = forge.Box(keys)
    box.manifest["policy_sha256"] = "a" * 64
    refuse(box, 1, "no-approval-policy")


def test_rejected_by_an_officer(keys, refuse):
    box = forge.Box(keys)
    approval = forge.canonical({"decision": "REJECTED", "type": "approval"})
    members = box.members()
    members[3:3] = [
        ("META-INF/approval-00.json", approval),
        ("META-INF/approval-00.p7s",
         forge.sign(keys, "officer", approval, oid=forge.APPROVAL_OID))]
    refuse(reference.write_zip(members), 1, "approval-policy")


# -- encryption ---------------------------------------------------------------

def test_recipients_replaced(keys, refuse):
    """Surreptitious forwarding: the same content key, for somebody else."""
    box = forge.Box(keys, kind="sealed")
    p7m = forge.envelope(keys, ["ecu-p256"], box.cek)
    data = swap(box, "META-INF/recipients.p7m", p7m)
    refuse(data, 3, "framing")      # another size than the listed one
    box = forge.Box(keys, kind="sealed")
    p7m = bytearray(box.p7m)
    p7m[-1] ^= 1
    refuse(swap(box, "META-INF/recipients.p7m", bytes(p7m)), 1,
           "digest-mismatch")


def test_ciphertext_signed_again_by_an_outsider(keys, refuse):
    """He is trusted, but he has no key: he cannot claim the content."""
    box = forge.Box(keys, kind="sealed")
    mac = box.mac()
    box.manifest["name"] = "stolen"
    box.mac = lambda: mac
    refuse(box, 1, "mac-mismatch", key="ecu-rsa")


def test_another_content_key_for_one_recipient(keys, refuse, verify):
    """Salamander: two recipients, two keys, one ciphertext."""
    box = forge.Box(keys, kind="sealed", recipients=["ecu-rsa", "ecu-p256"])
    box.p7m = forge.envelope(keys, ["ecu-rsa", "ecu-p256"], bytes(32))
    box.list_members()
    refuse(box, 1, "mac-mismatch", key="ecu-rsa")
    refuse(box, 1, "mac-mismatch", key="ecu-p256")
    # without a key that cannot be seen, and the verdict says so
    status, verdict = verify(box)
    checks = {check["id"]: check["ok"] for check in verdict["checks"]}
    assert (status, checks["mac"], checks["plaintext"]) == (0, None, None)


def test_not_for_this_recipient(keys, refuse):
    box = forge.Box(keys, kind="sealed", recipients=["ecu-p256"])
    refuse(box, 1, "not-a-recipient", key="ecu-rsa")
    refuse(box, 1, "not-a-recipient", key="ecu-p384")


THREE = b"a" * 65536 + b"b" * 65536 + b"c" * 100


def restore(box, make):
    """Store the payload as make(key, parts) says, and sign that."""
    name, _ = box.stored[0]
    parts = make(box.stream_key(name),
                 reference.pieces(THREE, reference.SEGMENT))
    box.stored[0] = (name, b"".join(parts))
    box.list_members()
    return box


@pytest.mark.parametrize("make", [
    lambda key, p: forge.encrypt_segments(key, p)[::-1][1:] +
    forge.encrypt_segments(key, p)[2:],                     # reordered
    lambda key, p: [forge.encrypt_segments(key, p)[n] for n in (0, 0, 2)],
    lambda key, p: forge.encrypt_segments(key, p, last=9),  # not marked last
    lambda key, p: forge.encrypt_segments(key, p, last=0),
    lambda key, p: forge.encrypt_segments(bytes(32), p),    # another key
    lambda key, p: [s[:-1] + bytes([s[-1] ^ 1])
                    for s in forge.encrypt_segments(key, p)],
], ids=["reordered", "doubled", "no-last", "early-last", "other-key",
        "bad-tags"])
def test_segments(keys, refuse, make):
    """An insider signs what he likes; the segments must still be right."""
    box = restore(forge.Box(keys, {"a": THREE}, kind="sealed"), make)
    refuse(box, 1, "tag-mismatch", key="ecu-rsa")


def test_truncated_segments(keys, refuse):
    """Cut at a segment's border, the manifest knows; the request does too."""
    box = restore(forge.Box(keys, {"a": THREE}, kind="sealed"),
                  lambda key, p: forge.encrypt_segments(key, p)[:2])
    refuse(box, 3, "malformed-request", key="ecu-rsa")
    box.request["files"][0]["size"] = 131072
    stored = box.stored
    box.seal_request()
    box.stored = stored
    box.list_members()
    refuse(box, 1, "tag-mismatch", key="ecu-rsa")


def test_member_keys_are_not_exchanged(keys, refuse):
    """The ciphertext of one member in the place of another."""
    box = forge.Box(keys, {"a": b"1" * 9, "b": b"2" * 9}, kind="sealed")
    (one, first), (two, second) = box.stored
    box.stored = [(one, second), (two, first)]
    box.list_members()
    refuse(box, 1, "tag-mismatch", key="ecu-rsa")


def test_plaintext_is_the_one_that_was_signed(keys, refuse):
    """An insider encrypts something else than the request lists."""
    box = forge.Box(keys, {"a": b"good"}, kind="sealed")
    box.stored[0] = (box.stored[0][0],
                     box.store(box.stored[0][0], b"evil"))
    box.list_members()
    refuse(box, 1, "plaintext-mismatch", key="ecu-rsa")


def test_real_names_do_not_show(keys, refuse):
    """An encrypted container with a real name in the clear is malformed."""
    box = forge.Box(keys, {"secret-plan": b"x"}, kind="sealed")
    assert b"secret-plan" not in box.bytes()
    name = "payload/secret-plan.enc"
    box.stored[0] = (name, box.store(name, b"x"))
    box.list_members()
    refuse(box, 3, "malformed-manifest")


def test_sizes_that_no_stream_has(keys, refuse):
    box = forge.Box(keys, kind="sealed")
    box.manifest["members"][-1]["plain_size"] += 1
    refuse(box, 3, "malformed-manifest")


# -- bundles ------------------------------------------------------------------

BAD_BUNDLE = {"malformed-bundle", "malformed-manifest"}


def test_bundle_with_blobs_that_no_step_needs(keys, refuse):
    refuse(forge.bundle(keys, plan={"type": "plan", "steps": []}), 3,
           "malformed-bundle")


def test_bundle_that_lacks_a_blob(keys, refuse):
    refuse(forge.bundle(keys, blobs=[b"x"], plan={
        "type": "plan", "steps": [{"blob": forge.sha256(b"x")},
                                  {"blob": forge.sha256(b"y")}]}), 3,
           "malformed-bundle")


def test_bundle_whose_blob_is_named_by_something_else(keys, refuse):
    wrong = forge.sha256(b"other")
    box = forge.Box(keys, {"plan.json": forge.canonical(
        {"type": "plan", "steps": [{"blob": wrong}]}), wrong: b"x"},
        content="bundle")
    refuse(box, 3, BAD_BUNDLE)


def test_bundle_without_a_plan(keys, refuse):
    blob = b"x"
    refuse(forge.Box(keys, {forge.sha256(blob): blob}, content="bundle"), 3,
           BAD_BUNDLE)


def test_bundle_whose_blobs_are_not_in_order(keys, refuse):
    names = sorted((forge.sha256(b"a"), forge.sha256(b"b")), reverse=True)
    data = {forge.sha256(b"a"): b"a", forge.sha256(b"b"): b"b"}
    files = {"plan.json": forge.canonical(
        {"type": "plan", "steps": [{"blob": name} for name in names]})}
    files.update({name: data[name] for name in names})
    refuse(forge.Box(keys, files, content="bundle"), 3, BAD_BUNDLE)


def test_plan_that_is_not_canonical(keys, refuse):
    refuse(forge.bundle(keys, blobs=[], plan=b'{"type": "plan"}'), 3,
           "not-canonical")


def test_plan_and_manifest_that_are_bombs(keys, run, tmp_path):
    """Nobody signed them: they cost no more than a fair one of their size."""
    zeros = b"0," * (8 << 20)
    plan = b'{"steps":[' + zeros[:-64] + b'0],"type":"plan"}'
    bomb = forge.bundle(keys, blobs=(), plan=plan, signers=[])
    members = forge.Box(keys).members()
    members[1] = (members[1][0], b'{"content":"bundle","x":[' + zeros[:-64] +
                  b"0]}")
    for data in bomb.bytes(), reference.write_zip(members):
        (tmp_path / "a.bundle").write_bytes(data)
        answer = run("pkg-verify", "--trust", keys.ca, "a.bundle", check=3)
        assert answer.records[-1]["reason"] == "limit"


# -- screens and logs ---------------------------------------------------------

def test_nothing_a_container_says_reaches_the_terminal(keys, run, tmp_path):
    name = "a\u202egnp.exe\u2028x"
    path = forge.Box(keys, name=name, version="\u061c1").write(
        tmp_path / "a.seal")
    answer = run("pkg-verify", "--format", "text", "--trust", keys.ca, path)
    for text in (answer.out, answer.err):
        assert not set(text) & set("\u202e\u2028\u061c\x1b")
    answer = run("pkg-verify", "--trust", keys.ca, path, check=0)
    assert not set(answer.out) & set("\u202e\u2028\u061c\x1b")
    assert answer.records[-1]["name"] == name   # escaped, not changed


def test_a_plan_that_nobody_signed_cannot_act_on_the_terminal(keys, run,
                                                              tmp_path):
    plan = {"type": "plan", "steps": [{"blob": "\u009b2J\u202egnp"}]}
    path = forge.bundle(keys, blobs=(), signers=[], plan=forge.canonical(
        plan)).write(tmp_path / "a.bundle")
    for form in "jsonl", "text":
        answer = run("pkg-verify", "--format", form, path, check=3)
        assert not set(answer.out + answer.err) & set("\u009b\u202e")

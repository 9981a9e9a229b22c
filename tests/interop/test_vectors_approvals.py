# SPDX-License-Identifier: Apache-2.0
"""Every vector of schemas/vectors/approvals, judged by both implementations."""

import pytest
import reference_read
import reference_request
import vectors
import yaml
from reference import Refused
from reference_approvals import Policy
from support import ROOT

FOLDER = ROOT / "schemas" / "vectors" / "approvals"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def load(name):
    return vectors.read((FOLDER / f"{name}.txt").read_text())


def pins(vector):
    """The signer's key: who may sign is not what is judged here."""
    der = dict(reference_request.members_of(vector.body))[
        "META-INF/sig-00.p7s"]
    return [{"id": "release",
             "spki": f"sha256:{reference_request.signer(der)}"}]


def reference(vector, cek=None):
    """(exit, reason) of the reference."""
    policy = Policy(vector.policy_text, vector.officers,
                    vector.fields.get("time"))
    try:
        reference_read.verify(vector.body, vector.ca_pem, cek, policy)
    except Refused as refused:
        return refused.code, refused.reason
    return 0, "-"


@pytest.fixture
def pkg_verify(run, tmp_path):
    """pkg_verify(vector, option...) -> its verdict, and (exit, reason)"""
    def verify(vector, *options):
        files = {"ca.pem": vector.ca_pem, "box.seal": vector.body,
                 "release.yaml": vector.policy_text, **vector.officers}
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
        (tmp_path / "trust.yaml").write_text(yaml.safe_dump(
            {"packline": 1, "trust": {
                "roots": ["ca.pem"], "signers": {"pins": pins(vector)},
                "approvals": ["release.yaml"]}}))
        time = vector.fields.get("time")
        answer = run("pkg-verify", "--trust", "trust.yaml", "--time",
                     f"at={time}" if time else "none", *options, "box.seal")
        verdict = answer.records[-1]
        return verdict, (answer.code, verdict["reason"] or "-")

    return verify


@pytest.mark.parametrize("name", NAMES)
def test_reference(name):
    vector = load(name)
    assert vector.name == name
    assert reference(vector) == vector.expected
    if vector.content_key:
        assert reference(vector, vector.content_key) == \
            vector.expected_with_key


@pytest.mark.parametrize("name", NAMES)
def test_pkg_verify(pkg_verify, tmp_path, name):
    vector = load(name)
    verdict, said = pkg_verify(vector)
    assert said == vector.expected
    if said == (0, "-"):
        assert verdict["manifest_sha256"] == vector.manifest_sha256
        votes = sum("META-INF/approval-" in member and member.endswith("json")
                    for member, _ in reference_request.members_of(vector.body))
        assert len(verdict["approvals"]) == votes
    for option, kek_name, secret in vector.secrets:
        assert option == "kek"
        (tmp_path / "kek").write_bytes(secret)
        (tmp_path / "kek").chmod(0o600)
        _, said = pkg_verify(vector, "--recipient", f"kek:{kek_name}=kek")
        assert said == vector.expected_with_key


def test_every_answer_has_its_vector():
    """All reasons that section 5.2 of the specification gives."""
    text = (ROOT / "schemas/container.md").read_text().split(
        "### 5.2 Approvals")[1].split("## 6 ")[0]
    rules = text.split("judges in this order:")[1]
    wanted = {word for word in rules.split("`")[1::2]
              if word.startswith(("approval-", "no-re", "too-", "un"))}
    wanted -= {"approval-NN"}
    found = {vector.reason for vector in map(load, NAMES)} | {
        vector.fields.get("key-reason") for vector in map(load, NAMES)}
    assert len(wanted) > 10 and wanted <= found

# SPDX-License-Identifier: Apache-2.0
"""Process files: the tool and the schema agree, and findings say where."""

import json
import re

import jsonschema
import pytest
import yaml
from batches import Batches
from mutated import mutants

# Rules that no schema can say.
ABOVE_SCHEMAS = {"bad-pattern"}


@pytest.fixture
def desk(run, keys, tmp_path):
    return Batches(run, keys, tmp_path)


def good_process():
    return {"packline": 1, "process": {
        "id": 7, "name": "bootloaders", "tenant": "acme", "action": "sign",
        "form": "raw", "digest": "sha384", "padding": "pkcs1",
        "signing": {"key": "release.key", "cert": "release.pem"},
        "providerSettingsId": 1, "names": "[a-z]+", "maxDocuments": 16,
        "maxBytes": 16, "chain": True, "horizon": "30d",
        "tsa": {"id": 1, "policy": "1.3.6.1", "digest": "sha512"},
        "approvalPolicy": "release.yaml", "trust": "trust.yaml",
        "create": ["build"]}}


def test_tool_and_schema_agree(desk, root):
    schema = json.loads((root / "schemas/process.schema.json").read_text())
    validator = jsonschema.Draft7Validator(schema)
    for name in ("x", "a"):             # all that may be policies
        desk.office.policy(required=1, name=name)
    desk.office.trust()
    good, count = good_process(), 0
    assert validator.is_valid(good)
    path = desk.folder / "process.yaml"
    path.write_text(yaml.safe_dump(good))
    desk.create("good")
    for where, change, document in mutants(good):
        # Files that are not there, or not what they should be.
        if where[1:] in (("approvalPolicy",), ("trust",)) and change in (
                "x", "a/b"):
            continue
        path.write_text(yaml.safe_dump(document))
        answer = desk._run("pkg-batch", "create", "-C", desk.folder,
                           "--spool", "spool", "--process", "process.yaml",
                           "--requester", "build")
        what = f"{where} {change!r}: {answer}"
        found = set(re.findall(r"\[([a-z-]+)\]$", answer.err, re.M)) - {
            "config", "not-allowed"}
        assert answer.code in (0, 1, 3), what
        if validator.is_valid(document):
            assert answer.code != 3 or found <= ABOVE_SCHEMAS, what
        else:
            assert answer.code == 3 and found, what
        count += 1
    assert count > 200


def test_findings_say_where(desk):
    path = desk.process(action="look", maxDocuments=0, colour="red")
    answer = desk.create("b1", code=3)
    lines = path.read_text().splitlines()
    for key, rule in (("action", "wrong-value"), ("colour", "unknown-key"),
                      ("maxDocuments", "out-of-range")):
        line = next(number for number, text in enumerate(lines, 1)
                    if text.strip().startswith(key))
        assert re.search(rf"process\.yaml:{line}:\d+: error: .*\[{rule}\]",
                         answer.err), answer.err
    assert not (desk.folder / "spool" / "batch" / "acme").exists()


def test_a_validation_trusts_somebody_and_signs_nothing(desk):
    desk.process(action="validate", tsa={})
    answer = desk.create("b1", code=3)
    assert "name a trust policy" in answer.err
    assert "nothing is signed when signatures are validated" in answer.err


def test_no_pin_stands_in_a_file(desk, keys, tmp_path):
    key = "pkcs11:token=acme;object=release?pin-value=1234"
    path = desk.process(signing={"key": key, "cert": "release.pem"})
    answer = desk.create("b1", code=3)
    assert "[pin-in-uri]" in answer.err and "1234" not in answer.err
    path.unlink()
    device = tmp_path / "device.yaml"
    device.write_text(yaml.safe_dump({
        "packline": 1, "deviceConfig": "ecu", "tenant": "acme",
        "kind": "signed", "suite": "packline-1",
        "signing": {"key": key, "cert": "release.pem"}}))
    (tmp_path / "a.bin").write_bytes(b"a")
    answer = desk._run("pkg-seal", "create", "-d", device, "--name", "n",
                       "--version", "1", "-o", "a.draft", tmp_path / "a.bin",
                       cwd=tmp_path, check=3)
    assert "[pin-in-uri]" in answer.err and "1234" not in answer.err


def test_a_pattern_that_is_none(desk):
    desk.process(names="[a-z")
    assert "[bad-pattern]" in desk.create("b1", code=3).err


def test_a_policy_that_is_not_there(desk):
    desk.process(approvalPolicy="releese.yaml")
    answer = desk.create("b1", code=4)
    assert "releese.yaml" in answer.err
    assert "relative to its folder" in answer.err


def test_a_policy_with_findings_of_its_own(desk):
    desk.process(approvalPolicy="release.yaml")
    path = desk.folder / "release.yaml"
    path.write_text(path.read_text().replace("required: 2", "required: 9"))
    answer = desk.create("b1", code=3)
    assert "release.yaml:3:" in answer.err
    assert "[required-too-high]" in answer.err


def test_another_edition_of_the_policy_is_another_process(desk):
    """What officers were asked by cannot change behind a batch's back."""
    desk.process(approvalPolicy="release.yaml")
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))
    desk.office.policy(required=1)
    answer = desk.accept("b1", "alice", code=1)
    assert "[batch-process]" in answer.err

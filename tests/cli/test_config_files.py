# SPDX-License-Identifier: Apache-2.0
"""Trust policies, approval policies, device configs: tools and schemas agree.

From a good file of each kind every key is left out, every value is replaced by
some of another type or range, and a key is added everywhere.  A schema allows
more than a tool only where a rule is about several values at once.
"""

import json
import re

import forge
import jsonschema
import pytest
import yaml
from mutated import mutants

# Rules that no schema can say.
ABOVE_SCHEMAS = {"trusts-nobody", "threshold-too-high", "duplicate-pin",
                 "bad-root", "unsupported", "required-too-high", "bad-officer"}


def good_policy(keys):
    pins = [{"id": name, "spki": f"sha256:{forge.spki(keys, name)}"}
            for name in ("release", "officer")]
    return {"packline": 1, "trust": {
        "roots": ["ca.pem"], "signers": {"threshold": 2, "pins": pins},
        "tenants": ["acme"], "deviceConfigs": ["ecu-a"],
        "suites": ["packline-1"], "time": "at=2026-12-01T02:00:00Z",
        "allowUnsigned": False, "minSequence": 3, "crlMaxAge": "30d"}}


def good_approval_policy(keys):
    del keys
    return {"packline": 1, "approvals": {
        "required": 1, "validFor": "30d", "officers": [
            {"id": "alice", "cert": "officer.pem", "role": "product"}]}}


def good_device_config(keys):
    del keys
    return {"packline": 1, "deviceConfig": "ecu-a", "tenant": "acme",
            "kind": "sealed", "suite": "packline-1",
            "recipients": ["a.pem", "b.pem"],
            "signing": {"key": "release.key", "cert": "release.pem"},
            "acl": {"use": ["build"], "approve": ["alice"], "sign": ["bob"]}}


@pytest.fixture
def rules(run, keys, tmp_path):
    """rules("--trust", document) -> rules of the findings, None if taken.

    An approval policy ("approvals") is read as one that a trust policy lists.
    """
    forge.Box(keys).write(tmp_path / "a.seal")
    (tmp_path / "a").mkdir()
    pins = [{"id": "release", "spki": f"sha256:{forge.spki(keys, 'release')}"}]
    (tmp_path / "trust.yaml").write_text(yaml.safe_dump(
        {"packline": 1, "trust": {"approvals": ["config.yaml"],
                                  "signers": {"pins": pins}}}))
    for name in ("ca.pem", "x", "a/b"):      # all that may be roots
        (tmp_path / name).write_bytes(keys.ca.read_bytes())
    (tmp_path / "officer.pem").write_bytes(keys.cert("officer").read_bytes())
    path = tmp_path / "config.yaml"

    def check(option, document):
        path.write_text(yaml.safe_dump(document, allow_unicode=True,
                                       default_style=None))
        file = path if option != "approvals" else "trust.yaml"
        answer = run("pkg-verify", option.replace("approvals", "--trust"),
                     file, "a.seal")
        assert answer.code in (0, 1, 3), answer.err
        if answer.code != 3:
            return None
        return set(re.findall(r"^pkg-verify: .*\[([a-z-]+)\]$", answer.err,
                              re.M)) - {"config"}

    return check


@pytest.mark.parametrize("option, name, make", [
    ("--trust", "trust-policy", good_policy),
    ("approvals", "approval-policy", good_approval_policy),
    ("--device-config", "device-config", good_device_config)])
def test_tool_and_schema_agree(rules, root, keys, option, name, make):
    schema = json.loads((root / f"schemas/{name}.schema.json").read_text())
    validator = jsonschema.Draft7Validator(schema)
    good = make(keys)
    assert validator.is_valid(good) and rules(option, good) is None
    count = 0
    for path, change, document in mutants(good):
        found, valid = rules(option, document), validator.is_valid(document)
        what = f"{path} {change!r}: {found}"
        if valid:
            assert found is None or found <= ABOVE_SCHEMAS, what
        else:
            assert found, what
        count += 1
    assert count > 100



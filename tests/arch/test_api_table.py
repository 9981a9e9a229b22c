# SPDX-License-Identifier: Apache-2.0
"""schemas/manifest.md maps every call of the API: none is forgotten, and what
the tables name is there."""

import json
import re

import pytest
from support import ROOT

TEXT = (ROOT / "schemas/manifest.md").read_text(encoding="utf-8")
SECTION = TEXT.split("## The server's API, call by call\n")[1]
COMMON = """\
GET …: q, limit, offset, sort
POST …:
GET …/{id}
PUT …/{id}:
DELETE …/{id}
GET …/{id}/metadata
POST …/{id}/metadata:
GET …/{id}/metadata/{key}
PUT …/{id}/metadata/{key}:
DELETE …/{id}/metadata/{key}
"""
CALLS = {
    "Software modules": COMMON + """\
GET …/{id}/artifacts
POST …/{id}/artifacts:
GET …/{id}/artifacts/{id}
DELETE …/{id}/artifacts/{id}
GET …/{id}/artifacts/{id}/download
""",
    "Distribution sets": COMMON + """\
GET …/{id}/assignedSM
POST …/{id}/assignedSM
DELETE …/{id}/assignedSM/{id}
GET …/{id}/assignedTargets
POST …/{id}/assignedTargets:
GET …/{id}/installedTargets
GET …/{id}/autoAssignTargetFilters
""",
}


def rows(title):
    table = SECTION.split(f"**{title}**")[1].split("\n**")[0]
    return [re.split(r" \| ", line.strip("| "))
            for line in table.splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("title", CALLS)
def test_every_call_has_a_row(title):
    told = [row[0] for row in rows(title)]
    for call in CALLS[title].splitlines():
        assert any(t == call or (call.endswith(":") and t.startswith(call))
                   for t in told), call


@pytest.mark.parametrize("title", [*CALLS, "Types, and who gets a set"])
def test_a_call_without_a_place_says_why(title):
    for call, manifest, plan in rows(title):
        if manifest == "–":
            assert "not for us, because" in plan or "`" in plan \
                or "as for modules" in plan, call


def test_steps_that_are_named_exist():
    schema = json.loads((ROOT / "schemas/plan.schema.json").read_text())
    known = set(re.findall(r'"((?:ensure|find)-[a-z-]+|assign|auto-assign)"',
                           json.dumps(schema)))
    named = set(re.findall(r"`((?:ensure|find)-[a-z-]+|assign|auto-assign)`",
                           SECTION)) - {"find-app"}
    assert len(known) > 10
    assert named <= known
    assert known - named == set()


def test_keys_that_are_named_exist():
    """`sets[].modules` is the key modules of a set."""
    schema = json.loads((ROOT / "schemas/manifest.schema.json").read_text())
    keys = set(re.findall(r'"([A-Za-z]+)": \{', json.dumps(schema)))
    named = re.findall(r"`([a-zA-Z.\[\]]+)`", " ".join(
        row[1] for title in [*CALLS, "Types, and who gets a set"]
        for row in rows(title)))
    assert len(named) > 20
    for name in named:
        for part in filter(None, name.replace("[]", "").split(".")):
            assert part in keys, name

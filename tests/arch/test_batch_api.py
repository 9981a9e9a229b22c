# SPDX-License-Identifier: Apache-2.0
"""schemas/batch.md has a place for every call and field of the service, and
what it names is there."""

import json
import re

import pytest
from support import ROOT

TEXT = (ROOT / "schemas/batch.md").read_text(encoding="utf-8")
SECTION = TEXT.split("## The signing service's API, call by call\n")[1]
CALLS = """\
POST /api/CreateBatch/{processId}
POST /api/upload/{batchId}
GET /api/BatchStatus/{batchId}
DELETE /api/BatchDeleteCache/{batchId}
POST /api/AcceptBatch
GET /api/batchfile/{batchId}
""".splitlines()
FIELDS = """\
id providerSettingsId creationDate status counterpartyId name signed hash
signature batchId isZip tsaId documents fileName signingResult_Success
""".split()
STATUSES = ["NEW", "ACCEPTED", "READY", "IN_PROGRESS", "FINISHING", "CLOSED",
            "DELETED"]


def rows(title):
    table = SECTION.split(f"| {title} | here |\n")[1].split("\n\n")[0]
    return [line.strip("| ").split(" | ", 1)
            for line in table.splitlines() if line.startswith("| ")]


def schema():
    return json.loads((ROOT / "schemas/batch.schema.json").read_text())


def known():
    batch = schema()["properties"]
    return set(batch), set(batch["documents"]["items"]["properties"])


@pytest.mark.parametrize("call", CALLS)
def test_every_call_has_a_row(call):
    here = dict(rows("call"))[f"`{call}`"]
    verbs = re.findall(r"`pkg-batch ([a-z]+)", here)
    source = (ROOT / "tools/pkg-batch/main.c").read_text()
    assert verbs and all(f'{{"{verb}"' in source for verb in verbs)


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_has_a_row_that_names_its_place_or_says_why_not(field):
    places = [here for what, here in rows("field") if f"`{field}`" in what]
    assert places
    for here in places:
        named = re.findall(r"`(documents\[\]\.)?([A-Za-z_]+)`", here)
        batch, document = known()
        assert any(name in (document if inner else batch)
                   for inner, name in named) or \
            "not for us" in here and "because" in here, here


def test_what_the_service_lacks_is_all_the_rest():
    batch, document = known()
    rest = set(re.findall(r"`([A-Za-z0-9_]+)`", SECTION.split(
        "What the service does not have:")[1].split("They are")[0]))
    assert rest | set(FIELDS) | {"statusId"} == batch | document | set(FIELDS)
    assert rest & set(FIELDS) == set()


def test_states_and_their_numbers():
    assert schema()["properties"]["status"]["enum"] == STATUSES
    told = re.findall(r"^\| (\d) \| `([A-Z_]+)` \|", TEXT, re.M)
    assert told == [(str(number), name)
                    for number, name in enumerate(STATUSES)]

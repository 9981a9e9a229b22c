# SPDX-License-Identifier: Apache-2.0
"""Foreign ZIP files on their way into a batch: read as they are, or refused.

The reader itself is tried in tests/interop (test_hostile_zip*, _foreign_zip).
"""

import hashlib
import os

import pytest
import test_hostile_zip as end
import test_hostile_zip_content as content
import test_hostile_zip_entry as entry
import test_hostile_zip_layout as layout
from batches import Batches, reason
from zip_craft import UTF8, A, B, C, Member, but, zip_of


@pytest.fixture
def desk(run, keys, tmp_path):
    made = Batches(run, keys, tmp_path)
    made.create("b1")
    return made


def one_for_each_reason():
    found = {}
    for module in (end, layout, entry, content):
        for name, (why, make, _) in module.hostile.items():
            found.setdefault(why, (name, make))
    return found


HOSTILE = one_for_each_reason()


@pytest.mark.parametrize("why", HOSTILE)
def test_a_hostile_file_leaves_nothing(desk, why):
    """None of its documents is there, not even those that were right."""
    before = sorted(os.listdir(desk.job("b1")))
    answer = desk.upload("b1", desk.document("a.zip", HOSTILE[why][1]()),
                         code=3)
    assert reason(answer) == why
    assert desk.status("b1")["documents"] == []
    assert sorted(os.listdir(desk.job("b1"))) == before


def test_what_is_wrong_is_said_with_where_and_how_to_mend_it(desk):
    data = zip_of(A, B, Member(b"docs/c.pdf", b"x"))
    answer = desk.upload("b1", desk.document("a.zip", data), code=3)
    assert ("a.zip: entry 3 'docs/c.pdf', byte 80: its name names a file in a "
            "folder") in answer.err
    assert "zip -j" in answer.err


def test_a_terminal_is_not_fooled(desk):
    data = zip_of(Member("a\x1b[2J\u202efdp.exe".encode(), b"x",
                         fields={"flags": UTF8}))
    answer = desk.upload("b1", desk.document("a.zip", data), code=3)
    assert reason(answer) == "zip-name"
    assert "x1b[2J" in answer.err and "u{202e}" in answer.err
    assert "\x1b" not in answer.err and "\u202e" not in answer.err


@pytest.mark.parametrize("pipe", [False, True])
def test_documents_are_those_of_the_file(desk, pipe):
    """Stored, deflated, with a descriptor; in the order of the file."""
    members = [but(B, name=b"z.txt"), but(C, descriptor=True), A,
               Member("\u00dcbersicht 2.pdf".encode(), b"x" * 3000, method=8,
                      fields={"flags": UTF8})]
    data = zip_of(*members)
    if pipe:
        desk.upload("b1", "-", input=data)
    else:
        desk.upload("b1", desk.document("a.zip", data))
    assert [(row["fileName"].encode(), row["size"], row["hash"])
            for row in desk.status("b1")["documents"]] == [
        (m.name, len(m.content), hashlib.sha256(m.content).hexdigest())
        for m in members]

# SPDX-License-Identifier: Apache-2.0
"""The most likely mistakes of users: each is told where, what, how to mend.

The golden files are mistakes/NAME.txt.  After a change of a message:
/usr/bin/python3 -m pytest -c tests/pytest.ini tests/cli/test_mistakes.py --accept
and read the diff as a newcomer would.
"""

import pathlib

import mistakes_batch    # noqa: F401 - each adds its own
import mistakes_hash    # noqa: F401
import mistakes_import    # noqa: F401
import mistakes_manifest    # noqa: F401
import mistakes_request    # noqa: F401
import mistakes_seal    # noqa: F401
import mistakes_task    # noqa: F401
import mistakes_verify    # noqa: F401
import pytest
from mistake import MANIFEST, MISTAKES, Box, make

GOLDEN = pathlib.Path(__file__).parent / "mistakes"


@pytest.fixture
def box(tmp_path, keys):
    return Box(tmp_path, keys)


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_mistake(name, box, request):
    case = MISTAKES[name]
    case.prepare(box)
    before = box.snapshot()
    code, said = make(case, box)
    golden = GOLDEN / f"{name}.txt"
    said += f"exit {code}\n"
    if request.config.getoption("--accept"):
        golden.write_text(said)
    assert said == golden.read_text()
    assert code == case.exits
    assert box.snapshot() == before     # nothing new, nothing half-written
    assert list(box.spool.iterdir()) == []


def test_each_golden_file_has_its_mistake():
    assert {path.stem for path in GOLDEN.iterdir()} == set(MISTAKES)


# -- what looks like a mistake and is none ------------------------------------

@pytest.mark.parametrize("change", [
    lambda text: text.replace("\n", "\r\n"),
    lambda text: "\N{ZERO WIDTH NO-BREAK SPACE}" + text,
    lambda text: text.rstrip("\n"),
    lambda text: "---\n" + text,
    lambda text: text.replace('version: "1.0"', "version: 1.0"),
    lambda text: "# a comment\n\n" + text + "\n\n",
], ids=["crlf", "bom", "no-last-newline", "document-start",
        "no-quotes", "comments"])
def test_manifest_of_another_editor_is_the_same(box, change):
    box.manifest()
    want = box.does("pkg-manifest resolve product.yaml -o -")
    box.write("product.yaml", change(MANIFEST))
    assert box.does("pkg-manifest resolve product.yaml -o -") == want

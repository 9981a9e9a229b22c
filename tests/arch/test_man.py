# SPDX-License-Identifier: Apache-2.0
"""Each man page tells what the tool's option tables say, and no more."""

import re
import subprocess

import pytest
from support import ROOT, tool_names

OPTION = re.compile(r"^\*(?:-(\w)\*, \*)?--([a-z0-9-]+)\*(?: _(.+?)_$)?", re.M)
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "DIAGNOSTICS",
            "SEE ALSO"]

pytestmark = pytest.mark.parametrize("tool", tool_names())


def page_source(tool):
    return (ROOT / "tools" / f"{tool}.1.scd").read_text()


def option_rows(run, tool):
    """Verb ("" if none) -> {option: (letter, argument)}."""
    table = {}
    for row in run(tool, "--dump-options", check=0).out.splitlines():
        verb, letter, name, argument, _ = row.split("\t")
        table.setdefault(verb, {})[name] = (letter, argument)
    return table


def sections(source):
    """Heading -> text up to the next heading of the same or a higher level."""
    parts = re.split(r"^(#{1,2}) (.+)$", source, flags=re.M)
    found, outer = {}, None
    for level, title, text in zip(parts[1::3], parts[2::3], parts[3::3]):
        outer = title if level == "#" else outer
        found[title] = text
    return found


def documented(text):
    return {name: (letter or "", argument or "")
            for letter, name, argument in OPTION.findall(text)}


def verb_section(tool, found, verb):
    """The section "## create ..." or "## pkg-seal create ..."; that of a verb
    of a group "## task create"."""
    words = verb.split()
    titles = [title for title in found if words ==
              title.lower().replace(f"{tool} ", "").split()[:len(words)]]
    assert len(titles) == 1, f"sections of {verb}: {titles}"
    return titles[0]


def test_has_the_usual_sections(tool):
    assert set(SECTIONS) - set(sections(page_source(tool))) == set()


def test_documents_every_option_and_no_other(run, tool):
    found, rows = sections(page_source(tool)), option_rows(run, tool)
    titles = {verb: verb_section(tool, found, verb) for verb in rows if verb}
    common = {}
    for title, text in found.items():
        if title not in titles.values():
            common.update(documented(text))
    for verb, options in rows.items():
        own = documented(found[titles[verb]]) if verb else {}
        told = {**{name: what for name, what in common.items()
                   if name in options or not verb}, **own}
        assert told == options, f"options of '{tool} {verb}'"
    every = {name for options in rows.values() for name in options}
    assert set(common) - every == set()


def test_lists_the_exit_statuses(tool):
    text = sections(page_source(tool))["EXIT STATUS"]
    assert re.findall(r"^\*(\d)\*", text, re.M) == list("0123456")


def test_reason_ids_in_the_tool_are_listed(tool):
    """A reason that the tool's own source names is in DIAGNOSTICS."""
    files = [*(ROOT / "tools").glob(f"{tool}.c"),
             *(ROOT / "tools" / tool).glob("*.c")]
    used = {reason for path in files for reason in
            re.findall(r'pkg_refuse\([^"]*"([a-z0-9-]+)"', path.read_text())}
    text = page_source(tool)
    assert {reason for reason in used if f"*{reason}*" not in text} == set()


def test_renders_without_complaint(tool, build):
    page = build / "tools/man1" / f"{tool}.1"
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "error", page],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")

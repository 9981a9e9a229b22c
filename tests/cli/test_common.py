# SPDX-License-Identifier: Apache-2.0
"""What every tool does alike."""

import os
import subprocess

import pytest
from support import bin_folder, clean_environment, tool_names

pytestmark = pytest.mark.parametrize("tool", tool_names())


def verbs_of(run, tool):
    """Those of a group are two words: "task create"."""
    rows = run(tool, "--dump-options", check=0).out.splitlines()
    return sorted({row.split("\t")[0] for row in rows} - {""})


def all_helps(run, tool):
    yield run(tool, "--help", check=0)
    verbs = verbs_of(run, tool)
    groups = {verb.split()[0] for verb in verbs if " " in verb}
    for verb in [*verbs, *sorted(groups)]:
        yield run(tool, *verb.split(), "--help", check=0)


def test_help_fits_a_terminal_and_goes_to_stdout(run, tool):
    for help in all_helps(run, tool):
        assert help.out.startswith(f"usage: {tool}")
        assert help.err == ""
        assert [ln for ln in help.out.splitlines() if len(ln) > 80] == []


def test_help_has_a_description_for_every_option(run, tool):
    for help in all_helps(run, tool):
        for option in ("--help", "--version", "--json", "--directory"):
            assert option in help.out


def test_version(run, tool, cache):
    version = run(tool, "--version", check=0)
    assert version.out == f"{tool} {cache['CMAKE_PROJECT_VERSION']}\n"


def test_unknown_option_is_a_usage_error_with_a_suggestion(run, tool):
    answer = run(tool, "--versoin", check=2)
    assert answer.out == ""
    assert answer.err.splitlines() == [
        f"{tool}: error: unknown option '--versoin'",
        f"{tool}: hint: did you mean '--version'?"]


def test_verbose_tells_where_an_error_arose(run, tool):
    plain = run(tool, "--versoin", check=2).err
    assert "\tat " not in plain
    for more in (run(tool, "-v", "--versoin", check=2),
                 run(tool, "--versoin", env={"PKG_TRACE": "1"}, check=2)):
        assert more.err.startswith(plain)
        assert "\tat " in more.err and "lib/cli/parse.c:" in more.err


def test_options_cannot_be_abbreviated(run, tool):
    assert "unknown option '--versio'" in run(tool, "--versio", check=2).err


def test_errors_are_records_with_json(run, tool):
    for args in (["--json", "--versoin"], ["--versoin", "--json"]):
        message, = run(tool, *args, check=2).messages
        assert message == {
            "type": "message", "tool": tool, "severity": "error", "code": 2,
            "text": "unknown option '--versoin'",
            "hint": "did you mean '--version'?"}


def test_full_disk_is_an_error(run, tool):
    with open("/dev/full", "wb") as full:
        answer = run(tool, "--help", stdout=full, check=4)
    assert answer.err == (f"{tool}: error: cannot write standard output: "
                          "No space left on device\n")


def test_reader_that_went_away_is_an_error(run, tool):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as pipe:
        answer = run(tool, "--help", stdout=pipe, check=4)
    assert "Broken pipe" in answer.err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_descriptors(tool, closed, tmp_path):
    """Output that is lost is an error; a file never becomes fd 1 or 2."""
    done = subprocess.run(
        ["sh", "-c", f'"$0" --help {closed}', bin_folder() / tool],
        cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False)
    assert done.returncode == (4 if ">&-" in closed.split() else 0)


def test_unknown_verb_is_a_usage_error_with_a_suggestion(run, tool):
    verbs = verbs_of(run, tool)
    if not verbs:
        return  # a tool with one job; its operands are its own affair
    typed = verbs[0] + "e"
    answer = run(tool, typed, check=2)
    assert f"unknown verb '{typed}'" in answer.err
    assert f"did you mean '{verbs[0]}'?" in answer.err
    assert "a verb is missing" in run(tool, check=2).err
    for verb in verbs:
        if " " in verb:
            group, inner = verb.split()
            assert f"did you mean '{inner}'?" in \
                run(tool, group, inner + "e", check=2).err
            assert f"see '{tool} {group} --help'" in \
                run(tool, group, check=2).err


def test_folder_that_is_not_there(run, tool):
    verb = verbs_of(run, tool)[:1]
    answer = run(tool, *verb, "-C", "no-such-folder")
    assert answer.code in (2, 4)
    assert answer.out == ""

# SPDX-License-Identifier: Apache-2.0
"""The completion scripts, asked by their shells."""

import shutil
import subprocess

import pytest
from support import bin_folder, tool_names

pytestmark = pytest.mark.parametrize("tool", tool_names())

ASK_BASH = """
source "$1"
COMP_WORDS=("${@:2}")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_%s
printf '%%s\\n' "${COMPREPLY[@]}"
"""


def script(run, tool, shell, tmp_path):
    path = tmp_path / f"script.{shell}"
    path.write_text(run(tool, f"--completion={shell}", check=0).out)
    return path


def options_of(run, tool):
    """Verb -> its options; "" for a tool without verbs.  A verb of a group is
    two words."""
    table = {}
    for row in run(tool, "--dump-options", check=0).out.splitlines():
        verb, _, name, _, choices = row.split("\t")
        table.setdefault(verb, {})[f"--{name}"] = choices.split()
    return table


def next_verbs(table):
    """Words so far -> the verbs that may follow."""
    found = {}
    for verb in table:
        words = verb.split()
        for n, word in enumerate(words):
            found.setdefault(tuple(words[:n]), set()).add(word)
    return found


def bash_offers(path, tool, *words):
    done = subprocess.run(
        ["bash", "-c", ASK_BASH % tool.replace("-", "_"), "bash", path, tool,
         *words], capture_output=True, text=True, check=True,
        cwd=path.parent)
    assert done.stderr == ""
    return set(done.stdout.split("\n")) - {""}


def test_bash_offers_verbs_options_and_choices(run, tool, tmp_path):
    path = script(run, tool, "bash", tmp_path)
    table = options_of(run, tool)
    for words, offered in next_verbs(table).items():
        assert bash_offers(path, tool, *words, "") == offered
    for verb, options in table.items():
        words = verb.split()
        assert bash_offers(path, tool, *words, "--") == set(options)
        for option, choices in options.items():
            if choices:
                assert bash_offers(path, tool, *words, option, "") == \
                    set(choices)
                assert bash_offers(path, tool, *words, option, "=",
                                   choices[0]) == {choices[0]}


def test_bash_offers_files_and_folders(run, tool, tmp_path):
    path = script(run, tool, "bash", tmp_path)
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a file").write_text("")
    verb = [v for v in options_of(run, tool) if v][:1]
    verb = verb[0].split() if verb else []
    assert bash_offers(path, tool, *verb, "-C", "a ") == {"a folder"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_well_formed(run, tool, shell, tmp_path):
    assert shutil.which(shell), f"{shell} is missing; tests/run.sh installs it"
    done = subprocess.run([shell, "-n", script(run, tool, shell, tmp_path)],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def fish_offers(path, typed):
    done = subprocess.run(
        ["fish", "--no-config", "-c",
         f"source {path}; complete --do-complete '{typed}'"],
        capture_output=True, text=True, check=True, cwd=path.parent,
        env={"PATH": f"{bin_folder()}:/usr/bin:/bin",
             "HOME": str(path.parent)})
    return {line.split("\t")[0] for line in done.stdout.splitlines()}


def test_fish_offers_verbs_or_options(run, tool, tmp_path):
    path = script(run, tool, "fish", tmp_path)
    table = options_of(run, tool)
    for words, offered in next_verbs(table).items():
        typed = " ".join([tool, *words, ""])
        assert fish_offers(path, typed) == offered
    for verb in [v for v in table if " " in v] or list(table)[:1]:
        typed = " ".join([tool, *verb.split(), "--"])
        assert set(table[verb]) == fish_offers(path, typed)

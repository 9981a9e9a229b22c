# SPDX-License-Identifier: Apache-2.0
"""Death at a system call of export and import, and then again.

Whatever the moment: the batch is not there or whole, as it was or as it was to
be, and the same command, given again, brings it to where an undisturbed run
brings it.  Here at some calls; with PKG_INJECT=all (tests/fault/inject.sh) at
each.
"""

import os
import shutil

import pytest
from gap import POLICY, Gap, reason
from injection import (TEMPORARY, Bare, after_start, all_places, telling,
                       traced)
from support import files_in, strace_works

ALL = os.environ.get("PKG_INJECT") == "all"
DECISIVE = {"linkat", "renameat", "renameat2", "unlinkat"}
LAST = {"fsync", "write", "pwrite64", "openat", "flock", "exit_group"}
IMPORT = ("import", "--spool", "spool", "--process", "process.yaml")
TSA = "  tsa: {}\n"


def to_export(sides):
    sides.build.create()
    return sides.build, ("export", "--spool", "spool", "--process",
                         "process.yaml", "--force", "-o", "b1.request", "b1")


def to_take_request(sides):
    sides.ask()
    shutil.copy(sides.request, sides.officer.folder)
    return sides.officer, (*IMPORT, "b1.request")


def to_take_response(sides):
    sides.answer()
    shutil.copy(sides.response, sides.build.folder)
    return sides.build, (*IMPORT, "b1.response")


CASES = {"export": (to_export, POLICY), "request": (to_take_request, POLICY),
         "response": (to_take_response, POLICY),
         "response-tsa": (to_take_response, POLICY + TSA)}


def seen(folder):
    """What is there of the batch and counts, without times; None = nothing."""
    job = folder / "spool/batch/acme/b1"
    if not (job / "state.json").exists():
        assert not job.exists()
        return None
    state = (job / "state.json").read_text().split('"updated"')[0]
    names = {"batch.json", "process.yaml", "request.json", "exchange.json"}
    if '"NEW"' not in state:
        names |= {"results.jsonl", "result.json", "approval-01.json",
                  "approval-02.p7s"}
    return state, {name: data for name, data in files_in(job).items()
                   if name in names and
                   (name != "request.json" or '"listed":true' in state)}


def litter(folder):
    return [name for name in files_in(folder / "spool")
            if any(TEMPORARY.match(part + "/") for part in name.split("/"))]


@pytest.mark.parametrize("case", CASES)
def test_killed_and_repeated(case, run, keys, tmp_path, sanitized):
    if sanitized or not strace_works():
        pytest.skip("with a strace that may trace, and not under a sanitizer")
    prepare, extra = CASES[case]
    root = tmp_path / "gap"
    root.mkdir()
    side, args = prepare(Gap(run, keys, root, extra=extra))
    tool = run.folder / "pkg-batch"
    before = seen(side.folder)

    def fresh(name):
        folder = tmp_path / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(side.folder, folder)
        return folder

    whole = fresh("whole")
    places = all_places(Bare(args), tool, whole, tmp_path / "log")
    after = seen(whole)
    assert after != before
    chosen = after_start(places) if ALL else \
        telling(places, DECISIVE, LAST)
    count = 0
    for place in chosen:
        folder = fresh("work")
        killed = traced(["-o", "/dev/null", "-e",
                         place.option("signal=KILL")], tool, args, folder)
        what = f"{place}: {killed.stderr}"
        now = seen(folder)
        assert now in (before, after), what
        again = run("pkg-batch", *args, cwd=folder, agree=False)
        if again.code != 0:         # it had happened before it died
            assert now == after, what + again.err
            assert reason(again) in ("exchange-known", "batch-status"), what
        assert seen(folder) == after, what
        assert again.code != 0 or not litter(folder), what
        count += 1
    assert count > 5

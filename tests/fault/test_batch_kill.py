# SPDX-License-Identifier: Apache-2.0
"""Death at a system call of upload, accept and delete, and then again.

Whatever the moment: the batch is as it was or as it was to be, and the same
command, given again, brings it to where an undisturbed run brings it.  Here at
some calls; with PKG_INJECT=all (tests/fault/inject.sh) at each.
"""

import json
import os
import shutil

import pytest
from batches import Batches, zip_of
from injection import Bare, after_start, all_places, telling, traced
from support import files_in, strace_works

ALL = os.environ.get("PKG_INJECT") == "all"
DECISIVE = {"linkat", "renameat", "renameat2", "unlinkat"}
LAST = {"fsync", "write", "pwrite64", "openat", "flock", "exit_group"}


def uploaded(desk):
    desk.create("b1")
    desk.upload("b1", desk.document("a.bin"))


def accepted_once(desk):
    desk.process(approvalPolicy="release.yaml")
    uploaded(desk)
    desk.accept("b1", "alice")
    desk.decision = ("--reason", "so", "--key", desk.keys.key("bob"), "--cert",
                     desk.keys.cert("bob"), "--yes", "--expect-digest",
                     desk.status("b1")["requestSha256"])


def accepted_plainly(desk):
    uploaded(desk)
    desk.decision = ("--yes", "--expect-digest",
                     desk.status("b1")["requestSha256"])


def with_zip(desk):
    uploaded(desk)
    desk.document("more.zip", zip_of(b_bin=b"b", c_bin=b"c" * 70_000))


def to_be_deleted(desk):
    accepted_plainly(desk)
    desk.accept("b1")


CASES = {
    "upload": (with_zip, lambda desk: ("upload", "b1", "more.zip")),
    "accept": (accepted_plainly,
               lambda desk: ("accept", *desk.decision, "b1")),
    "accept-signed": (accepted_once,
                      lambda desk: ("accept", *desk.decision, "b1")),
    "delete": (to_be_deleted, lambda desk: ("delete", "b1")),
}


def seen(desk, folder):
    """What is known of the batch; times aside."""
    record = json.loads(desk._run(
        "pkg-batch", "status", "-C", folder, "--spool", "spool", "--process",
        "process.yaml", "--format", "jsonl", "b1", check=0).out)
    del record["updated"]
    return record


def of_the_job(folder):
    """Names in the job that count, and its content."""
    return {name: data for name, data in
            files_in(folder / "spool/batch/acme/b1").items()
            if name not in ("state.json", "lock", "accept.json") and
            not name.startswith("approval-")}


@pytest.mark.parametrize("case", CASES)
def test_killed_and_repeated(case, run, keys, tmp_path, sanitized):
    if sanitized or not strace_works():
        pytest.skip("with a strace that may trace, and not under a sanitizer")
    prepare, command = CASES[case]
    base = tmp_path / "base"
    base.mkdir()
    desk = Batches(run, keys, base)
    prepare(desk)
    words = command(desk)
    # The copies are worked on, and their process lies with them.
    args = (words[0], "--spool", "spool", *(
        () if words[0] == "delete" else ("--process", "process.yaml")),
        *words[1:])
    tool = run.folder / "pkg-batch"
    before, final = seen(desk, base), None

    def fresh(name):
        folder = tmp_path / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder)
        return folder

    whole = fresh("whole")
    places = all_places(Bare(args), tool, whole, tmp_path / "log")
    after, final = seen(desk, whole), of_the_job(whole)
    assert after != before
    chosen = after_start(places) if ALL else \
        telling(places, DECISIVE, LAST)
    count = 0
    for place in chosen:
        folder = fresh("work")
        killed = traced(["-o", "/dev/null", "-e",
                         place.option("signal=KILL")], tool, args, folder)
        what = f"{place}: {killed.stderr}"
        now = seen(desk, folder)
        assert now in (before, after), what
        again = run("pkg-batch", *args, cwd=folder, agree=False)
        if again.code != 0:         # it had happened before it died
            assert now == after, what + again.err
        assert seen(desk, folder) == after, what
        assert of_the_job(folder) == final, what
        count += 1
    assert count > 5

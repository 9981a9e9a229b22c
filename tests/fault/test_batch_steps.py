# SPDX-License-Identifier: Apache-2.0
"""pkg-batch dies at a system call, or that fails, and somebody goes on.

Each document is signed exactly once, nothing is half-written, and the chain of
the audit log holds.  Here at some calls only; tests/fault/batch.sh takes all.
"""

import concurrent.futures
import copy
import os
import shutil
import signal

import pytest
from batch_steps import STEPS
from batches import Batches
from injection import HONEST, NEVER_FAIL, Place, places_of, traced
from support import strace_works

ALL = os.environ.get("PKG_INJECT") == "all"
# Where something gets its bytes or its name.
DECISIVE = {"write", "pwrite64", "fsync", "linkat", "renameat", "renameat2",
            "mkdirat", "unlinkat", "ftruncate"}
SAMPLE = 8
KILL = "signal=SIGKILL"


@pytest.fixture(params=STEPS, ids=lambda step: step.__name__)
def step(request, run, keys, tmp_path, sanitized):
    if sanitized or not strace_works():
        pytest.skip("with a strace that may trace, and not under a sanitizer")
    folder = tmp_path / "ready"
    folder.mkdir()
    desk = Batches(run, keys, folder)
    desk.tools = run.folder
    made = request.param(desk)
    made.prepare()
    return made


def elsewhere(step, folder):
    """The same step in a copy of its folder."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(step.desk.folder, folder, symlinks=True)
    other = copy.copy(step)
    other.desk = copy.copy(step.desk)
    other.desk.folder = folder
    return other


def after(step, args, place, what, folder):
    """What is wrong after that happened to it there, or None."""
    there = elsewhere(step, folder)
    done = traced(["-o", "/dev/null", "-e", f"trace={place.call}", "-e",
                   place.option(what)],
                  step.desk.tools / "pkg-batch", args, folder)
    faults = there.torn()
    if done.returncode not in ((0, 1, -signal.SIGKILL) if what == KILL else
                               (0, 1, *HONEST)):
        faults.append(f"exit status {done.returncode}: {done.stderr}")
    faults += there.done(args) + there.faults()
    return f"{what} at {place.call} {place.number}: {faults}" if faults \
        else None


def some(places):
    """A few of those that decide, spread over the whole run."""
    chosen = [place for place in places if place.call in DECISIVE]
    return chosen[::max(1, len(chosen) // SAMPLE)]


def test_undisturbed(step):
    """The judge finds nothing where nothing has happened."""
    args = step.args()
    assert step.done(args) == [] and step.faults() == []


def disturb(step, tmp_path, capsys, whats, calls_not=frozenset()):
    args = step.args()
    counted = elsewhere(step, tmp_path / "counted")
    done = traced(["-o", tmp_path / "log"], step.desk.tools / "pkg-batch",
                  args, counted.desk.folder)
    assert done.returncode in (0, 1), done.stderr
    places = [place for place in places_of(tmp_path / "log")
              if place != Place("execve", 1) and
              place.call not in calls_not]
    chosen = [(place, what) for what in whats
              for place in (places if ALL else some(places))]
    workers = os.cpu_count() or 1

    def work(index):
        folder = tmp_path / f"worker-{index}"
        return [fault for place, what in chosen[index::workers]
                if (fault := after(step, args, place, what, folder))]

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        faults = [fault for part in pool.map(work, range(workers))
                  for fault in part]
    if ALL:
        with capsys.disabled():
            print(f"\n{type(step).__name__}: {len(chosen)} times "
                  f"{' or '.join(whats)}, {len(faults)} faults", flush=True)
    assert faults == []


def test_killed(step, tmp_path, capsys):
    disturb(step, tmp_path, capsys, [KILL])


@pytest.mark.skipif(not ALL, reason="tests/fault/batch.sh only")
def test_fails(step, tmp_path, capsys):
    """Each call fails, and somebody tries again."""
    disturb(step, tmp_path, capsys, ["error=EIO", "error=ENOSPC"], NEVER_FAIL)

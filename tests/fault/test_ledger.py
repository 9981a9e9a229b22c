# SPDX-License-Identifier: Apache-2.0
"""Death and errors at every system call of what writes audit logs and jobs.

A line that was acknowledged is there, the chain is whole, and the next writer
goes on.  A job is as it was or as it was to be.
"""

import collections
import json
import re
import shutil
import signal
import subprocess

import pytest
from injection import CALL, NEVER_FAIL
from support import clean_environment, strace_works

# A log that is rotated once by four lines.
ROTATE, LINES = 1300, 4
TEMPORARY = re.compile(r"\.packline-[0-9a-f]{16}\.tmp$")


@pytest.fixture
def ledger(run, sanitized, tmp_path):
    if sanitized or not strace_works():
        pytest.skip("with a strace that may trace, and not under a sanitizer")
    binary = run.folder.parent / "tests/fault/ledger"

    def call(*args, inject=(), log="/dev/null"):
        strace = ["strace", "-f", "-o", log, *inject] if inject or \
            log != "/dev/null" else []
        return subprocess.run([*strace, binary, *args], cwd=tmp_path,
                              env=clean_environment(), check=False,
                              capture_output=True, text=True)
    return call


def places(ledger, tmp_path, *args):
    """(name, number) of each system call from the first that opens a file of
    ours on."""
    done = ledger(*args, log=tmp_path / "strace.log")
    assert done.returncode == 0, done.stderr
    calls = CALL.findall((tmp_path / "strace.log").read_text())
    counts = collections.Counter(call for _, call in calls)
    text = (tmp_path / "strace.log").read_text().splitlines()
    first = next(i for i, line in enumerate(text)
                 if "folder" in line and "execve" not in line)
    before = collections.Counter(
        call for _, call in CALL.findall("\n".join(text[:first])))
    return [(call, number) for call, count in sorted(counts.items())
            for number in range(before[call] + 1, count + 1)]


def inject(call, number, what):
    return ["-e", f"trace={call}", "-e", f"inject={call}:{what}:when={number}"]


def lines_of(folder):
    files = sorted(folder.glob("log.[0-9]*")) + [folder / "log"]
    return [json.loads(line) for file in files
            for line in file.read_text().splitlines()]


def goes_on(ledger, run, folder, acknowledged):
    """The next writer finds all that was acknowledged."""
    assert ledger("audit", "folder/log", str(ROTATE), "1").returncode == 0
    verdict = run("pkg-verify", folder / "log")
    if verdict.code != 0:
        return [f"verdict: {verdict.err}"]
    numbers = {line["number"]: line.get("note") for line in lines_of(folder)}
    lost = [told for told in acknowledged.splitlines()
            if numbers.get(int(told.split()[0])) != told.split()[1]]
    litter = [path.name for path in folder.iterdir()
              if TEMPORARY.match(path.name)]
    return [f"lost: {lost}"] * bool(lost) + litter


def fresh(folder, ledger):
    """A log of three lines, nearly full."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    assert ledger("audit", "folder/log", str(ROTATE), "2").returncode == 0


@pytest.mark.parametrize("begun", [False, True])
def test_a_writer_is_killed_at_every_call(ledger, run, tmp_path, begun):
    folder = tmp_path / "folder"
    folder.mkdir()
    args = ("audit", "folder/log", str(ROTATE), str(LINES))
    if begun:
        fresh(folder, ledger)
    found = places(ledger, tmp_path, *args)
    assert len(list(folder.iterdir())) > 1      # it was rotated
    faults = []
    for call, number in found:
        shutil.rmtree(folder)
        folder.mkdir()
        if begun:
            fresh(folder, ledger)
        done = ledger(*args, inject=inject(call, number, "signal=SIGKILL"))
        assert done.returncode == -signal.SIGKILL, (call, number)
        faults += [(call, number, fault) for fault in
                   goes_on(ledger, run, folder, done.stdout)]
    assert faults == []
    assert len(found) > 60


def test_a_writer_is_refused_at_every_call(ledger, run, tmp_path):
    """What failed is not acknowledged, and the exit status is honest."""
    folder = tmp_path / "folder"
    folder.mkdir()
    fresh(folder, ledger)
    args = ("audit", "folder/log", str(ROTATE), str(LINES))
    faults = []
    for call, number in places(ledger, tmp_path, *args):
        for error in ("ENOSPC", "EIO"):
            if call in NEVER_FAIL:
                continue
            fresh(folder, ledger)
            done = ledger(*args, inject=inject(call, number, f"error={error}"))
            if done.returncode not in (0, 4):
                faults.append((call, number, error, done.stderr))
            faults += [(call, number, error, fault) for fault in
                       goes_on(ledger, run, folder, done.stdout)]
    assert faults == []


def job_of(folder):
    """What is in the job; None if there is none."""
    job = folder / "batch/acme/one"
    if not job.exists():
        return None
    return {path.name: path.read_text() for path in job.iterdir()
            if not TEMPORARY.match(path.name)}


@pytest.mark.parametrize("act", ["begin", "state", "purge"])
def test_a_job_is_changed_whole_or_not(ledger, tmp_path, act):
    folder = tmp_path / "folder"
    old = {"lock": "", "state.json": "old", "document": "old"}
    new = {"begin": {"lock": "", "state.json": "new", "document": "new"},
           "state": {**old, "state.json": "new"},
           "purge": {"lock": "", "state.json": "new"}}[act]

    def start():
        shutil.rmtree(folder, ignore_errors=True)
        if act != "begin":
            assert ledger("job", "folder", "begin", "one",
                          "old").returncode == 0

    args = ("job", "folder", act, "one", "new")
    start()
    found = places(ledger, tmp_path, *args)
    assert job_of(folder) == new
    allowed = [None, new] if act == "begin" else [old, new]
    if act == "purge":      # the state is first, then the rest goes
        allowed.append({**new, "document": "old"})
    faults = []
    for call, number in found:
        start()
        done = ledger(*args, inject=inject(call, number, "signal=SIGKILL"))
        left = job_of(folder)
        if left not in allowed or (done.stdout and left != new):
            faults.append((call, number, left))
        again = ledger(*args)
        if again.returncode != (2 if act == "begin" and left else 0) or \
                job_of(folder) != new:
            faults.append((call, number, "again", again.stderr))
        faults += [(call, number, path.name) for path in folder.rglob("*")
                   if TEMPORARY.match(path.name)]
    assert faults == []
    assert len(found) > 15

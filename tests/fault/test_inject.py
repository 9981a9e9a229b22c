# SPDX-License-Identifier: Apache-2.0
"""System calls that fail, and death at any of them, on every main path.

No output is torn or lost, none is missing after exit status 0, and the next
run leaves no temporary file.  Here at some calls only; tests/fault/inject.sh
tries them all.
"""

import concurrent.futures
import hashlib
import os
import subprocess

import pytest
from injection import (ERRORS, NEVER_FAIL, Judge, Place, after_error,
                       after_kill, all_places, traced)
from power_cut import examine
from support import clean_environment, strace_works

ALL = os.environ.get("PKG_INJECT") == "all"
# Where an output gets its bytes and its name, and where a tool asks whether
# there is something.
DECISIVE = {"fsync", "linkat", "renameat", "renameat2", "mkdirat", "unlinkat",
            "ftruncate", "fchmod", "flock", "faccessat2"}


@pytest.fixture
def strace(sanitized):
    """Asked for first: nothing is made in vain."""
    if sanitized or not strace_works():
        pytest.skip("with a strace that may trace, and not under a sanitizer")


@pytest.fixture
def tool(strace, ready, run):
    return run.folder / ready.tool


@pytest.fixture
def judge(ready, run, keys):
    """Each content is looked at once; tests/stock.py does not look at it again,
    as it would after run()."""
    known = {}

    def look(path, content):
        if path.suffix == ".json":      # an approval beside its signature
            return content.startswith(b"{") and content.endswith(b"}")
        checks = (("pkg-verify", "--trust", keys.ca, path),
                  ("pkg-seal", "show", path),
                  ("pkg-seal", "timestamp", "--query", "-o", "-", path))
        return any(subprocess.run(
            [run.folder / check[0], *map(str, check[1:])], check=False,
            stdin=subprocess.DEVNULL, capture_output=True,
            env=clean_environment()).returncode == 0 for check in checks)

    def is_sound(path):
        content = path.read_bytes()
        digest = hashlib.sha256(content).digest()
        if digest not in known:
            known[digest] = look(path, content)
        return known[digest]
    return Judge(ready, is_sound)


def some(places):
    """Of each call the last two; of those that decide, all."""
    last = {place.call: place.number for place in places}
    return [place for place in places if place.call in DECISIVE or
            place.number > last[place.call] - 2]


def test_faults(tool, ready, judge, tmp_path, capsys):
    places = all_places(ready, tool, ready.copy_to(tmp_path / "counted"),
                        tmp_path / "log")
    chosen = places if ALL else some(places)
    errors = ERRORS if ALL else ("EIO", "ENOSPC")
    jobs = [(after_error, place, error) for place in chosen
            if place.call not in NEVER_FAIL for error in errors]
    jobs += [(after_kill, place) for place in chosen
             if place != Place("execve", 1) and
             (ALL or place.call in DECISIVE)]
    workers = os.cpu_count() or 1

    def work(index):
        folder = ready.copy_to(tmp_path / f"worker-{index}")
        return [fault for do, *what in jobs[index::workers]
                if (fault := do(judge, tool, *what, folder)) is not None]

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        faults = [fault for part in pool.map(work, range(workers))
                  for fault in part]
    if ALL:
        kills = sum(do is after_kill for do, *_ in jobs)
        with capsys.disabled():
            print(f"\n{ready.name}: {len(jobs) - kills} errors, {kills} kills, "
                  f"{len(faults)} faults", flush=True)
    assert faults == []


def test_power_cut(tool, ready, tmp_path, looks_inside):
    """The order of fsync() and rename(), as strace sees it."""
    folder = ready.copy_to(tmp_path / "cut").resolve()
    log = tmp_path / "log"
    done = traced(["-y", "-o", log], tool, ready.args, folder)
    assert done.returncode == 0, done.stderr
    names, faults = examine(log.read_text(), folder)
    assert faults == []
    assert (names > 0) == (ready.final != ready.inputs)


def test_the_oracle_sees_what_is_missing(tmp_path):
    """Leave one fsync() out of a log, and it complains."""
    folder = tmp_path
    log = (f'openat(3<{folder}>, ".", O_RDWR|O_TMPFILE, 0666) = '
           f'4<{folder}/#1>(deleted)\n'
           f'write(4<{folder}/#1>(deleted), "x", 1) = 1\n'
           f'fsync(4<{folder}/#1>(deleted)) = 0\n'
           f'linkat(AT_FDCWD</>, "/proc/self/fd/4", 3<{folder}>, "new", '
           f'AT_SYMLINK_FOLLOW) = 0\n'
           f'fsync(3<{folder}>) = 0\n').splitlines(keepends=True)
    assert examine("".join(log), folder) == (1, [])
    assert examine("".join(log[:2] + log[3:]), folder)[1]
    assert examine("".join(log[:4]), folder)[1]

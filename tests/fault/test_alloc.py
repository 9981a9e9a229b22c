# SPDX-License-Identifier: Apache-2.0
"""Every allocation of a tool's main path fails once.

Every one in its own right: of allocations that the same calls lead to (the
thousands of a key derivation) the first one stands for all.  The answer is the
usual output or exit status 4 ("the system"), never a crash, never another
status, and never a file that should not be there.

Here some of them, spread over the whole path; tests/fault/alloc.sh tries all.
"""

import concurrent.futures
import os
import subprocess
import zlib

import pytest
from main_paths import MAIN_PATHS
from support import clean_environment, plain, tool_names

ALL = os.environ.get("PKG_ALLOC") == "all"
SOME = 100      # allocations of a path


@pytest.fixture
def shim(build, sanitized):
    """Asked for first: nothing is made in vain."""
    if sanitized:
        pytest.skip("a sanitizer's allocator cannot be replaced")
    return build / "tests/fault/libfailmalloc.so"


def fail_at(number, ready, run, shim, folder):
    """Fail one allocation; returns what is wrong with the outcome, or None."""
    env = clean_environment(LD_PRELOAD=shim, PKG_FAIL_ALLOC=number)
    # Not run(): what comes out is compared, tests/stock.py need not look.
    done = subprocess.run([run.folder / ready.tool, *map(plain, ready.args)],
                          cwd=folder, env=env, check=False, timeout=600,
                          stdin=subprocess.DEVNULL, capture_output=True)
    files = ready.tidy(folder)
    if done.returncode == 4:
        fine = files == {}
    else:
        same = done.stdout == ready.out and files == ready.outputs
        fine = done.returncode == 0 and (same or not ready.exact and
                                         files.keys() == ready.outputs.keys())
    return None if fine else f"allocation {number}: {done}, {list(files)}"


def try_all(numbers, *job):
    return [fault for number in numbers
            if (fault := fail_at(number, *job)) is not None]


def some(numbers, name):
    """As many in each part of the path; which, the name decides."""
    stride = max(1, len(numbers) // SOME)
    return numbers[zlib.crc32(name.encode()) % stride::stride]


def test_failing_allocation(shim, ready, run, tmp_path, capsys):
    listing = tmp_path / "list"
    run(ready.tool, *ready.args, cwd=ready.copy_to(tmp_path / "counted"),
        env={"LD_PRELOAD": shim, "PKG_FAIL_LIST": listing}, check=0)
    numbers = [int(line) for line in listing.read_text().split()]
    assert numbers, "the shim saw no allocation"
    if not ALL:
        numbers = some(numbers, ready.name)
    workers = min(4, os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(try_all, numbers[i::workers], ready, run, shim,
                            ready.copy_to(tmp_path / f"worker-{i}"))
                for i in range(workers)]
        faults = [fault for job in jobs for fault in job.result()]
    if ALL:
        with capsys.disabled():
            print(f"\n{ready.name}: {len(numbers)} allocations, "
                  f"{len(faults)} faults", flush=True)
    assert faults == []


def test_every_tool_has_a_main_path():
    assert set(tool_names()) - {path.tool for path in MAIN_PATHS} == set()

# SPDX-License-Identifier: Apache-2.0
"""One allocation of pkg-batch run fails, and it is run again.

The answer is that of the system (4), never a crash and never that a key or a
signature is bad; what was written is the begin of what comes out at last.  Here
at some allocations; with PKG_ALLOC=all at each.
"""

import os
import shutil
import subprocess

import pytest
from batches import Batches
from support import clean_environment, plain

ALL = os.environ.get("PKG_ALLOC") == "all"
SOME = 25       # allocations
COUNT = 20      # documents


@pytest.mark.parametrize("threads", [1, 2])
def test_failing_allocation(threads, build, run, keys, tmp_path, sanitized):
    if sanitized:
        pytest.skip("a sanitizer's allocator cannot be replaced")
    shim = build / "tests/fault/libfailmalloc.so"
    base = tmp_path / "base"
    base.mkdir()
    desk = Batches(run, keys, base)
    desk.ready_to_run("b1", *(f"{number:02}.bin" for number in range(COUNT)))
    args = ("run", "--spool", "spool", "--process", "process.yaml", "--key",
            keys.key("officer"), "--cert", keys.cert("officer"), "-j", threads,
            "--yes", "--expect-digest", desk.status("b1")["requestSha256"],
            "b1")

    def fresh():
        folder = tmp_path / "work"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder)
        return folder

    listing = tmp_path / "list"
    run("pkg-batch", *args, cwd=fresh(), agree=False, check=0,
        env={"LD_PRELOAD": shim, "PKG_FAIL_LIST": listing})
    numbers = listing.read_text().split()
    for number in numbers if ALL else numbers[::len(numbers) // SOME]:
        folder = fresh()
        results = folder / "spool/batch/acme/b1/results.jsonl"
        done = subprocess.run(
            [run.folder / "pkg-batch", *map(plain, args)], cwd=folder,
            env=clean_environment(LD_PRELOAD=shim, PKG_FAIL_ALLOC=number),
            check=False, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=600)
        assert done.returncode in (0, 4), (number, done)
        kept = results.read_bytes() if results.exists() else b""
        if done.returncode == 4:
            again = run("pkg-batch", *args, cwd=folder, agree=False)
            # it may have happened before there was no memory to say so
            assert again.code == 0 or "is CLOSED" in again.err, again
        text = results.read_bytes()
        assert text.count(b"\n") == COUNT
        assert text.startswith(kept[:kept.rfind(b"\n") + 1])

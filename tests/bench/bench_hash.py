#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How fast pkg-hash is next to rhash and sha256sum.

    PKG_BIN=build/tools python3 tests/bench/bench_hash.py [--dir DIR] [--rounds N]

Both sides of a pair run one after the other, many times, and only the ratio of
their medians is told: absolute figures change from hour to hour on a shared
machine. Inputs lie in the page cache. Exit status 1 if a target is missed.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
RHASH = ["rhash", "--md5", "--sha1", "--sha256"]


def seconds(argv, cwd):
    start = time.perf_counter()
    subprocess.run(argv, cwd=cwd, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def pair(ours, theirs, cwd, rounds):
    """Medians of interleaved runs; the first of each warms up."""
    times = {"ours": [], "theirs": []}
    for _ in range(rounds + 1):
        times["ours"].append(seconds(ours, cwd))
        times["theirs"].append(seconds(theirs, cwd))
    return [statistics.median(values[1:]) for values in times.values()]


def fill(path, size):
    """Bytes that no file system can store as a hole."""
    block = os.urandom(min(size, MIB))
    with open(path, "wb") as file:
        for start in range(0, size, MIB):
            file.write(block[:min(MIB, size - start)])


def make_files(folder, count, size):
    folder.mkdir()
    for number in range(count):
        fill(folder / f"{number:05}", size)
    return folder


def throughput(pkg_hash, work, rounds):
    """(what, ratio of speeds, target) for each kind of input."""
    for what, count, size, target in (
            ("one file of 1 GiB", 1, 1024 * MIB, 1.8),
            ("200 files of 5 MiB", 200, 5 * MIB, 1.9),
            ("20,000 files of 16 KiB", 20000, 16384, 1.9)):
        folder = make_files(work / "in", count, size)
        ours, theirs = pair([pkg_hash, "-r", "."],
                            [*RHASH, "-r", "."], folder, rounds)
        shutil.rmtree(folder)
        yield what, theirs / ours, target


def start_up(pkg_hash, work, rounds):
    """Milliseconds that pkg-hash takes more than sha256sum."""
    fill(work / "small", 1000)
    ours, theirs = pair([pkg_hash, "small"], ["sha256sum", "small"], work,
                        20 * rounds)
    return 1000 * (ours - theirs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dir", help="where the inputs are made, 1 GiB")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    pkg_hash = pathlib.Path(os.environ.get("PKG_BIN", "build/tools"),
                            "pkg-hash").resolve()
    good = True
    with tempfile.TemporaryDirectory(dir=args.dir) as work:
        work = pathlib.Path(work)
        print(f"{'pkg-hash : rhash md5+sha1+sha256':34} {'ratio':>6} target")
        for what, ratio, target in throughput(pkg_hash, work, args.rounds):
            good &= ratio >= target
            print(f"{what:34} {ratio:6.2f} >= {target}", flush=True)
        more = start_up(pkg_hash, work, args.rounds)
        good &= more <= 3
        print(f"{'start-up more than sha256sum, ms':34} {more:6.2f} <= 3")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

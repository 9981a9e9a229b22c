#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Add up what the test runners said.

usage: tally.py FOLDER: reads *.xml (pytest's JUnit files), *.ctest (output of
`ctest --verbose` with cmocka's programs) and *.count ("PASSED FAILED NAME" a
line), names every failure and prints "N passed, N failed" as the last line.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree


def from_junit(path):
    """(passed, names of failed)"""
    passed, failed = 0, []
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        elif case.find("skipped") is None:
            passed += 1
    return passed, failed


def from_ctest(path):
    """cmocka counts the functions; ctest knows which program crashed."""
    text = path.read_text(errors="replace")
    passed, failed = 0, []
    for number, name, status in re.findall(
            r"^ *\d+/\d+ Test +#(\d+): (\S+) \.+ *\**(\w+)", text, re.M):
        lines = re.findall(rf"^{number}: (.*)$", text, re.M)
        good = sum(line.startswith("[       OK ]") for line in lines)
        bad = {line.split("]", 1)[1].split()[0] for line in lines
               if line.startswith("[  FAILED  ]") and "test(s)" not in line}
        ran = any(line.startswith("[==========]") for line in lines)
        passed += good
        failed += [f"{name}::{function}" for function in sorted(bad)]
        if status == "Passed" and not ran:
            passed += 1
        elif status != "Passed" and not bad:
            failed.append(f"{name} ({status})")
    return passed, failed


def from_count(path):
    """Checks of one tool, counted by run.sh."""
    passed, failed = 0, []
    for line in path.read_text().splitlines():
        good, bad, name = line.split(maxsplit=2)
        passed += int(good)
        failed += [f"{path.stem}::{name}"] * int(bad)
    return passed, failed


READERS = {".xml": from_junit, ".ctest": from_ctest, ".count": from_count}


def main():
    files = sorted(path for path in pathlib.Path(sys.argv[1]).iterdir()
                   if path.suffix in READERS)
    passed, failed = 0, []
    for path in files:
        good, bad = READERS[path.suffix](path)
        print(f"{path.stem}: {good} passed, {len(bad)} failed")
        if good + len(bad) == 0:
            bad = [f"{path.stem}: nothing ran"]
        passed += good
        failed += bad
    for name in failed:
        print(f"FAILED {name}")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

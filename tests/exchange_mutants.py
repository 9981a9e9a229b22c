# SPDX-License-Identifier: Apache-2.0
"""Files that crossed an air gap with one byte changed.

Either as they are, or with the framing of the ZIP file mended: then only what
is in the members can tell.
"""

import shutil

from gap import members, reason
from reference import write_zip
from support import files_in

WAYS = (1, 0x20, 0xff)      # by which a byte is changed


def changed(data, at, way):
    return data[:at] + bytes([data[at] ^ way]) + data[at + 1:]


def as_they_are(data, step):
    for at in range(0, len(data), step):
        for way in WAYS:
            yield f"byte {at} ^ {way:#x}", changed(data, at, way)


def mended(path, step):
    rows = members(path)
    for number, (name, data) in enumerate(rows):
        for at in range(0, len(data), step):
            for way in WAYS:
                row = name, changed(data, at, way)
                yield f"{name} byte {at} ^ {way:#x}", write_zip(
                    [*rows[:number], row, *rows[number + 1:]])


def meaning(side):
    """What counts of the batch: who has approved is in the JSON beside the
    signature, whose certificate has bytes that nobody looks at."""
    files = files_in(side.job())
    state = files.pop("state.json").decode().split('"updated"')[0]
    return state, {name: data for name, data in files.items()
                   if not name.endswith(".p7s") and name != "lock"}


def jobs(spool):
    """All that is in a spool, but for the folders of tenants."""
    return {name: data for name, data in files_in(spool).items()
            if name.count("/") > 1}


class Victim:
    """The side that takes the file in."""

    def __init__(self, side, path):
        self.side, self.path, self.good = side, path, path.read_bytes()
        self.spool = side.folder / "spool"
        self.before = side.folder / "before"
        self.spool.mkdir(exist_ok=True)
        shutil.copytree(self.spool, self.before)
        side.take(path)
        self.wanted = meaning(side)
        self.reset()
        self.count = self.same = 0
        self.reasons = set()

    def reset(self):
        shutil.rmtree(self.spool)
        shutil.copytree(self.before, self.spool)

    def try_all(self, mutants):
        self.reset()
        for what, data in mutants:
            self.path.write_bytes(data)
            result = self.side.take(self.path, check=None)
            self.count += 1
            if result.code == 0:
                assert meaning(self.side) == self.wanted, what
                self.same += 1
                self.reset()
                continue
            assert result.code in (1, 3), f"{what}: {result}"
            assert reason(result), f"{what}: {result.err}"
            self.reasons.add(reason(result))
        assert jobs(self.spool) == jobs(self.before)
        self.path.write_bytes(self.good)


def make(sides):
    """A small request file and a small response file, and who takes them."""
    one = {"a.bin": b"document\n"}
    sides.build.create(documents=one)
    sides.build.accept("alice")
    sides.build.give(sides.request, "--hash-only")
    request = Victim(sides.officer, sides.request)
    sides.officer.take(sides.request)
    sides.officer.accept("bob")
    sides.officer.sign()
    sides.officer.give(sides.response)
    return request, Victim(sides.build, sides.response)

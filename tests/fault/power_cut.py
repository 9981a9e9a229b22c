# SPDX-License-Identifier: Apache-2.0
"""Would an output survive if the power went, whenever it does?

Reads the log of `strace -y` and holds to three rules: what gets a name that
others look for has been synced since it was written last; a folder that is
renamed has been synced, with all that is in it; and the folder that a name was
made in is synced before the tool ends.
"""

import dataclasses
import os
import re

LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)(?:<(.*?)>)?")
FD = re.compile(r"(?:AT_FDCWD|\d+)<(.*?)>(?:\(deleted\))?")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
WRITES = {"write", "pwrite64", "writev", "ftruncate", "fallocate"}


@dataclasses.dataclass
class Thing:
    """A file or folder: what of it the disk may not have yet."""
    unsynced: bool = False
    names: set = dataclasses.field(default_factory=set)  # made, not synced


class Oracle:
    def __init__(self, folder):
        self.folder = str(folder)
        self.things = {}
        self.unnamed = {}    # number of a descriptor: file without a name
        self.faults = []
        self.published = 0

    def thing(self, path):
        return self.things.setdefault(path, Thing())

    def below(self, path):
        return [thing for name, thing in self.things.items()
                if name == path or name.startswith(path + "/")]

    def publish(self, old, new):
        if not new.startswith(self.folder):
            return
        self.published += 1
        for thing in self.below(old):
            if thing.unsynced or thing.names:
                self.faults.append(f"{new}: named before it was synced")
        moved = {name: thing for name, thing in self.things.items()
                 if name == old or name.startswith(old + "/")}
        for name, thing in moved.items():
            del self.things[name]
            self.things[new + name[len(old):]] = thing
        self.thing(os.path.dirname(new)).names.add(new)

    def call(self, name, args, number, result):
        paths = FD.findall(args)
        texts = TEXT.findall(args)
        if name == "openat" and ("O_CREAT" in args or "O_TMPFILE" in args):
            self.thing(result).unsynced = True
        elif name in WRITES:
            self.thing(paths[0]).unsynced = True
        elif name in ("fsync", "fdatasync"):
            self.thing(paths[0]).unsynced = False
            self.thing(paths[0]).names.clear()
        elif name == "mkdirat":
            self.thing(os.path.join(paths[0], texts[0])).unsynced = True
        elif name == "linkat":
            self.publish(self.unnamed[os.path.basename(texts[0])],
                         os.path.join(paths[1], texts[1]))
        elif name.startswith("renameat"):
            self.publish(os.path.join(paths[0], texts[0]),
                         os.path.join(paths[1], texts[1]))
        if name == "openat" and "O_TMPFILE" in args:
            self.unnamed[number] = result

    def finish(self):
        for path, thing in self.things.items():
            for name in thing.names:
                self.faults.append(f"{path} was not synced after {name}")


def examine(log, folder):
    """(names that were made, faults) of the log of one run in folder."""
    oracle = Oracle(folder)
    for line in log.splitlines():
        found = LINE.match(line)
        if found and int(found[3]) >= 0:
            oracle.call(found[1], found[2], found[3], found[4])
    oracle.finish()
    return oracle.published, oracle.faults

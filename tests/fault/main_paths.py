# SPDX-License-Identifier: Apache-2.0
"""The main path of every tool, for the tests that make something fail.

A main path is a function that puts its inputs into the folder `work` (which
is also the current folder) and returns the arguments.  It may use run() for
what has to be made first, and keys.  `exact=False` says that a second run
need not give the same bytes (encryption, randomised signatures).
"""

import dataclasses
from typing import Callable


@dataclasses.dataclass
class MainPath:
    tool: str
    prepare: Callable
    exact: bool

    @property
    def name(self):
        return self.prepare.__name__


MAIN_PATHS = []


def main_path(tool, exact=True):
    def register(prepare):
        MAIN_PATHS.append(MainPath(tool, prepare, exact))
        return prepare
    return register


@main_path("pkg-hash")
def hash_two_files(work, run, keys):
    (work / "small").write_bytes(b"abc")
    (work / "large").write_bytes(bytes(range(256)) * 1024)
    return ["-j", "1", "small", "large"]

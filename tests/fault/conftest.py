# SPDX-License-Identifier: Apache-2.0
"""A prepared main path, and the folder it runs in."""

import dataclasses
import os
import pathlib
import shutil

import pytest
from main_paths import MAIN_PATHS
from support import files_in, tool_names


def pytest_generate_tests(metafunc):
    if "ready" in metafunc.fixturenames:
        every = "all" in (os.environ.get("PKG_INJECT"),
                          os.environ.get("PKG_ALLOC"))
        built = [path for path in MAIN_PATHS if path.tool in tool_names() and
                 (every or not path.long)]
        metafunc.parametrize("ready", built, indirect=True,
                             ids=[path.name for path in built])


@dataclasses.dataclass
class Ready:
    """A main path that ran once without a fault."""
    name: str
    tool: str
    args: list
    exact: bool
    folder: pathlib.Path   # only the inputs are there
    inputs: dict           # name -> content
    final: dict            # the same after an undisturbed run
    out: bytes             # its standard output

    @property
    def outputs(self):
        """What that run made or changed."""
        return {name: content for name, content in self.final.items()
                if self.inputs.get(name) != content}

    def copy_to(self, folder):
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, symlinks=True)
        return folder

    def tidy(self, folder):
        """Bring a copy back to the inputs; returns what was there besides."""
        more = {name: content for name, content in files_in(folder).items()
                if self.inputs.get(name) != content}
        shutil.rmtree(folder)
        self.copy_to(folder)
        return more


@pytest.fixture
def ready(request, run, keys, tmp_path):
    path = request.param
    folder = tmp_path / "ready"
    folder.mkdir()
    run.cwd = folder
    args = path.prepare(folder, run, keys)
    inputs = files_in(folder)
    work = shutil.copytree(folder, tmp_path / "work", symlinks=True)
    first = run(path.tool, *args, cwd=work, check=0)
    return Ready(path.name, path.tool, args, path.exact, folder, inputs, files_in(work),
                 first.raw)

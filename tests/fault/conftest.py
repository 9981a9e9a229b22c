# SPDX-License-Identifier: Apache-2.0
"""A prepared main path, and the folder it runs in."""

import dataclasses
import pathlib
import shutil

import pytest
from main_paths import MAIN_PATHS
from support import tool_names


def pytest_generate_tests(metafunc):
    if "ready" in metafunc.fixturenames:
        built = [path for path in MAIN_PATHS if path.tool in tool_names()]
        metafunc.parametrize("ready", built, indirect=True,
                             ids=[path.name for path in built])


def files_in(folder):
    """Relative name -> content of everything below folder; b"" for a folder."""
    return {str(path.relative_to(folder)):
            b"" if path.is_dir() else path.read_bytes()
            for path in folder.rglob("*")}


@dataclasses.dataclass
class Ready:
    """A main path that ran once without a fault."""
    tool: str
    args: list
    exact: bool
    folder: pathlib.Path   # only the inputs are there
    inputs: dict           # name -> content
    outputs: dict          # name -> content after an undisturbed run
    out: bytes             # its standard output

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
    outputs = {name: content for name, content in files_in(work).items()
               if name not in inputs}
    return Ready(path.tool, args, path.exact, folder, inputs, outputs,
                 first.raw)

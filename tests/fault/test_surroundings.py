# SPDX-License-Identifier: Apache-2.0
"""Main paths where something around the tool is not as usual."""

import itertools
import os
import subprocess

import pytest
from support import clean_environment, files_in, plain

ON_A_READ_ONLY_FOLDER = r"""
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 77
cd "$1" || exit 78
shift
exec "$@"
"""


def test_reader_that_went_away(ready, run):
    """EPIPE is told; no signal ends the tool half-way."""
    there, here = os.pipe()
    os.close(there)
    with os.fdopen(here, "wb") as pipe:
        result = run(ready.tool, *ready.args, cwd=ready.folder, stdout=pipe)
    if ready.out:
        assert result.code == 4
        assert "Broken pipe" in result.err
    else:
        assert result.code == 0


@pytest.mark.parametrize("closed", [
    fds for count in (1, 2, 3) for fds in itertools.combinations("012", count)],
    ids="".join)
def test_closed_standard_descriptors(ready, run, tmp_path, closed):
    """No output gets into their place."""
    folder = ready.copy_to(tmp_path / "closed")
    shut = " ".join(f"{fd}>&-" for fd in closed)
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {shut}', run.folder / ready.tool,
         *map(plain, ready.args)], cwd=folder, env=clean_environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False)
    files = ready.tidy(folder)
    if done.returncode == 0:
        assert files.keys() == ready.outputs.keys()
        assert files == ready.outputs or not ready.exact
        assert "1" not in closed or not ready.out
    else:
        assert done.returncode == 4
        assert done.stderr or "2" in closed
    assert "1" in closed or len(done.stdout) == len(ready.out) or \
        not ready.exact


def test_read_only_folder(ready, run):
    if not ready.outputs:
        pytest.skip("writes no file")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", ON_A_READ_ONLY_FOLDER, "sh",
         ready.folder, run.folder / ready.tool, *map(plain, ready.args)],
        env=clean_environment(), capture_output=True, text=True, check=False)
    if "unshare: " in done.stderr or done.returncode == 77:
        pytest.skip("may not mount a file system")
    assert done.returncode == 4, done
    assert "Read-only file system" in done.stderr
    assert files_in(ready.folder) == ready.inputs

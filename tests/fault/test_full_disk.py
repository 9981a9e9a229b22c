# SPDX-License-Identifier: Apache-2.0
"""Disks that fill up in a tool's main path: exit status 4, nothing left."""

import resource
import subprocess

import pytest
from support import clean_environment, plain

PAGE = 4096
ON_A_FULL_TMPFS = r"""
mount -t tmpfs -o size=64m none "$1" || exit 77
cp -a "$2/." "$1" && cd "$1" || exit 78
head -c 100m /dev/zero >fill 2>/dev/null
truncate -s -"$3" fill
shift 3
"$@"
code=$?
rm -f fill
find . -mindepth 1 | sort
exit $code
"""


def largest(ready):
    return max(map(len, ready.outputs.values()), default=0)


def test_full_standard_output(ready, run):
    with open("/dev/full", "wb") as full:
        result = run(ready.tool, *ready.args, cwd=ready.folder, stdout=full)
    if ready.out:
        assert result.code == 4
        assert "No space left on device" in result.err
    else:
        assert result.code == 0


def test_file_size_limit(ready, run, tmp_path):
    """A limit below the size of the largest output (EFBIG)."""
    if not ready.outputs:
        pytest.skip("writes no file")
    limit = largest(ready) // 2

    def set_limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    folder = ready.copy_to(tmp_path / "limited")
    result = run(ready.tool, *ready.args, cwd=folder, preexec_fn=set_limit,
                 check=4)
    assert result.err != ""
    assert ready.tidy(folder) == {}


def test_full_file_system(ready, run, tmp_path):
    """A tmpfs in a mount namespace of our own, with a page or nothing left."""
    if not ready.outputs:
        pytest.skip("writes no file")
    place = tmp_path / "small"
    place.mkdir()
    free = PAGE if largest(ready) > PAGE else 0
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", ON_A_FULL_TMPFS, "sh", place,
         ready.folder, str(free), run.folder / ready.tool,
         *map(plain, ready.args)], env=clean_environment(),
        capture_output=True, text=True, check=False)
    if "unshare: " in done.stderr or done.returncode == 77:
        pytest.skip("may not mount a file system")
    assert done.returncode == 4, done
    assert "No space left on device" in done.stderr
    left = {line.removeprefix("./") for line in done.stdout.splitlines()
            if line.startswith("./")}
    assert left == set(ready.inputs)

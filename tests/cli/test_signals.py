# SPDX-License-Identifier: Apache-2.0
"""A tool that is interrupted leaves nothing behind, and dies of the signal."""

import signal
import subprocess
import time

import pytest
from support import bin_folder, clean_environment


@pytest.fixture
def container(run, keys, tmp_path):
    """The bytes of a signed container of 4 MB."""
    (tmp_path / "payload").write_bytes(bytes(range(256)) * 16000)
    run("pkg-seal", "create", "--tenant", "acme", "--name", "demo",
        "--version", "1", "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "-o", "a.seal", "payload", check=0)
    (tmp_path / "payload").unlink()
    data = (tmp_path / "a.seal").read_bytes()
    (tmp_path / "a.seal").unlink()
    return data


def start(*args, cwd):
    return subprocess.Popen([bin_folder() / args[0], *map(str, args[1:])],
                            cwd=cwd, env=clean_environment(),
                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE)


def wait_for_output(folder, process):
    """Until something stands in folder under a temporary name."""
    deadline = time.monotonic() + 600
    while not list(folder.iterdir()):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline, "no output was begun"
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM,
                                    signal.SIGHUP])
def test_half_an_extraction(container, keys, tmp_path, number):
    with start("pkg-verify", "--trust", keys.ca, "--extract", "out", "-",
               cwd=tmp_path) as process:
        process.stdin.write(container[:len(container) // 2])
        process.stdin.flush()
        wait_for_output(tmp_path, process)
        process.send_signal(number)
        assert process.wait(600) == -number
    assert list(tmp_path.iterdir()) == []


def test_an_ignored_signal_stays_ignored(container, keys, tmp_path):
    """nohup(1) works."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = start("pkg-verify", "--trust", keys.ca, "--extract", "out",
                        "-", cwd=tmp_path)
    finally:
        signal.signal(signal.SIGHUP, before)
    with process:
        process.stdin.write(container[:len(container) // 2])
        process.stdin.flush()
        wait_for_output(tmp_path, process)
        process.send_signal(signal.SIGHUP)
        process.stdin.write(container[len(container) // 2:])
        process.stdin.close()
        assert process.wait(600) == 0, process.stderr.read()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]

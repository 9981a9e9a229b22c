# SPDX-License-Identifier: Apache-2.0
"""pkg-hash as one of make's jobs: tokens are taken, and all come back."""

import fcntl
import os
import signal
import struct
import subprocess
import termios
import time

import pytest
from support import bin_folder, clean_environment

TOKENS = b"+-ab"  # what they are matters: each must come back as it was
LARGE = 2 << 30   # sparse: seconds of work


def waiting(fd):
    """Bytes that can be read from a pipe."""
    answer = fcntl.ioctl(fd, termios.FIONREAD, struct.pack("i", 0))
    return struct.unpack("i", answer)[0]


class Jobserver:
    """What make gives its jobs: tokens in a pipe or in a named pipe."""

    def __init__(self, style, folder, tokens=TOKENS):
        if style == "fifo":
            os.mkfifo(folder / "jobs")
            self.read = self.write = os.open(folder / "jobs", os.O_RDWR)
            self.auth = f"fifo:{folder}/jobs"
        else:
            self.read, self.write = os.pipe()
            self.auth = f"{self.read},{self.write}"
        os.write(self.write, tokens or b"")
        self.flags = {"MAKEFLAGS": f" -j5 --jobserver-auth={self.auth} -k"}
        self.fds = () if style == "fifo" else (self.read, self.write)

    def tokens(self):
        """All that are there, sorted."""
        count = waiting(self.read)
        return b"".join(sorted(bytes([byte]) for byte in
                               os.read(self.read, count))) if count else b""

    def close(self):
        for fd in {self.read, self.write}:
            os.close(fd)


@pytest.fixture(params=["pipe", "fifo"])
def jobserver(request, tmp_path):
    server = Jobserver(request.param, tmp_path)
    yield server
    server.close()


@pytest.fixture
def start(tmp_path):
    """start(jobserver, *args) -> the running pkg-hash."""
    running = []

    def begin(server, *args):
        process = subprocess.Popen(
            [bin_folder() / "pkg-hash", *args], cwd=tmp_path,
            env=clean_environment(**server.flags), pass_fds=server.fds,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def wait_until_tokens_are_used(server, process):
    deadline = time.monotonic() + 600
    while waiting(server.read) == len(TOKENS):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no token was taken"
        time.sleep(0.005)


def test_tokens_come_back(run, tmp_path, jobserver):
    for number in range(50):
        (tmp_path / f"f{number}").write_bytes(b"x" * 100000)
    (tmp_path / "large").write_bytes(b"y" * (8 << 20))
    names = ["large", *(f"f{number}" for number in range(50)), "large"]
    want = run("pkg-hash", "-j", "1", *names, check=0).raw
    answer = run("pkg-hash", "-j", "8", *names, env=jobserver.flags,
                 pass_fds=jobserver.fds, check=0)
    assert answer.raw == want
    assert answer.err == ""
    assert jobserver.tokens() == bytes(sorted(TOKENS))


def test_tokens_come_back_after_an_error(run, tmp_path, jobserver):
    (tmp_path / "large").write_bytes(b"y" * (8 << 20))
    run("pkg-hash", "-j", "4", "large", "gone", "large", env=jobserver.flags,
        pass_fds=jobserver.fds, check=4)
    assert jobserver.tokens() == bytes(sorted(TOKENS))
    os.write(jobserver.write, TOKENS)
    (tmp_path / "small").write_bytes(b"y" * 100000)
    with open("/dev/full", "wb") as full:
        run("pkg-hash", "-j", "4", *["small"] * 400, stdout=full,
            env=jobserver.flags, pass_fds=jobserver.fds, check=4)
    assert jobserver.tokens() == bytes(sorted(TOKENS))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM,
                                    signal.SIGHUP, signal.SIGQUIT])
def test_tokens_come_back_after_a_signal(start, tmp_path, jobserver, number):
    with open(tmp_path / "large", "wb") as file:
        file.truncate(LARGE)
    process = start(jobserver, "-j", "3", "-o", "out", "large")
    wait_until_tokens_are_used(jobserver, process)
    process.send_signal(number)
    process.communicate()
    assert process.returncode == -number
    assert jobserver.tokens() == bytes(sorted(TOKENS))
    # SIGQUIT asks for a core dump: nothing is tidied up then.
    left = {path.name for path in tmp_path.iterdir()} - {"large", "jobs"}
    assert number == signal.SIGQUIT or left == set()


def test_without_tokens_there_is_one_thread(run, tmp_path):
    (tmp_path / "large").write_bytes(b"y" * (8 << 20))
    want = run("pkg-hash", "-j", "1", "large", check=0).raw
    for style in ("pipe", "fifo"):
        server = Jobserver(style, tmp_path, tokens=None)
        answer = run("pkg-hash", "-j", "8", "large", env=server.flags,
                     pass_fds=server.fds, check=0)
        assert answer.raw == want
        assert answer.err == ""
        server.close()


@pytest.mark.parametrize("auth", [
    "-2,-2", "97,98", "0,1", "3", "3,", "3,4,5", "x,y", "fifo:", "fifo:/none",
    "fifo:/dev/null"])
def test_jobserver_that_cannot_be_reached(run, tmp_path, auth):
    (tmp_path / "a").write_bytes(b"abc")
    flags = {"MAKEFLAGS": f"j4 --jobserver-auth={auth}"}
    answer = run("pkg-hash", "a", env=flags, check=0)
    assert answer.records[0]["size"] == 3
    assert f"jobserver '{auth}' cannot be reached" in answer.err
    assert "put '+' before the command" in answer.err
    # Who says how many threads there are to be needs no warning.
    assert run("pkg-hash", "-j", "2", "a", env=flags, check=0).err == ""


def test_makeflags_without_jobserver(run, tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    for flags in ("", "k", " -- CC=gcc"):
        assert run("pkg-hash", "a", env={"MAKEFLAGS": flags},
                   check=0).err == ""


def test_the_last_jobserver_counts(run, tmp_path, jobserver):
    (tmp_path / "large").write_bytes(b"y" * (8 << 20))
    flags = "--jobserver-auth=97,98" + jobserver.flags["MAKEFLAGS"]
    answer = run("pkg-hash", "large", env={"MAKEFLAGS": flags},
                 pass_fds=jobserver.fds, check=0)
    assert answer.err == ""
    assert jobserver.tokens() == bytes(sorted(TOKENS))


@pytest.mark.parametrize("plus", ["+", ""])
def test_below_make(tmp_path, plus):
    """make itself complains about lost and about invented tokens."""
    for name in "abcdef":
        (tmp_path / name).write_bytes(name.encode() * (4 << 20))
    (tmp_path / "Makefile").write_text(
        f"all: {' '.join(name + '.json' for name in 'abcdef')}\n"
        f"%.json: %\n\t{plus}pkg-hash -o $@ $<\n")
    path = f"{bin_folder()}:{os.environ['PATH']}"
    done = subprocess.run(
        ["make", "-j3"], cwd=tmp_path, env=clean_environment(PATH=path),
        capture_output=True, text=True, check=True, timeout=600)
    assert "INTERNAL" not in done.stderr
    assert ("cannot be reached" in done.stderr) == (plus == "")
    assert len(list(tmp_path.glob("*.json"))) == 6

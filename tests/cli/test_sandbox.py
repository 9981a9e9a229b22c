# SPDX-License-Identifier: Apache-2.0
"""The tools give up the rest of the system before they read what is foreign."""

import os
import re
import subprocess

import pytest
from support import bin_folder

SUBJECT = ("--tenant", "acme", "--name", "demo", "--version", "1.0",
           "--sequence", "7")


@pytest.fixture(name="sealed")
def sealed_container(run, keys, tmp_path):
    (tmp_path / "a.bin").write_bytes(os.urandom(300_000))
    run("pkg-seal", "create", *SUBJECT, "--recipient", keys.cert("ecu-p256"),
        "--key", keys.key("release"), "--cert", keys.cert("release"), "-o",
        "a.seal", "a.bin", check=0)
    return tmp_path / "a.seal"


@pytest.fixture
def traced(sanitized, tmp_path):
    """traced(tool, ...) -> system calls, one a line, in their order"""
    if sanitized:
        pytest.skip("the leak checker cannot work under strace")

    def trace(tool, *args):
        log = tmp_path / "strace.log"
        subprocess.run(["strace", "-f", "-o", log, bin_folder() / tool,
                        *map(str, args)], cwd=tmp_path, check=True,
                       capture_output=True)
        return log.read_text().splitlines()

    return trace


def index(lines, pattern):
    return next(i for i, line in enumerate(lines) if re.search(pattern, line))


def on_this_system(run, tool="pkg-verify"):
    """(Landlock, seccomp): are they there?"""
    said = run(tool, "--version", "-v", check=0).out
    return "Landlock (version" in said, "seccomp: active" in said


def verify_args(keys, how):
    return ("--trust", keys.ca, "--recipient", keys.key("ecu-p256"), "--cert",
            keys.cert("ecu-p256"), *how, "a.seal")


TOOLS = [("pkg-verify", ("-x", "out", "--state", "state.json")),
         ("pkg-verify", ()), ("pkg-seal", ("open", "-o", "out")),
         ("pkg-seal", ("show",))]


@pytest.mark.parametrize("tool, how", TOOLS)
def test_it_enters_before_it_reads(run, traced, keys, sealed, tool, how):
    landlock, seccomp = on_this_system(run)
    if how[:1] == ("show",):
        args = ("show", "--recipient", keys.key("ecu-p256"), "--cert",
                keys.cert("ecu-p256"), sealed.name)
    else:
        args = (*how[:1], *verify_args(keys, how[1:])) if tool == "pkg-seal" \
            else verify_args(keys, how)
    calls = traced(tool, *args)
    calls = calls[index(calls, r"PR_SET_DUMPABLE"):]
    opened = index(calls, r'open.*"(.*/)?a\.seal"')
    fd = re.search(r"= (\d+)$", calls[opened])[1]
    first = opened + index(calls[opened:], rf"\bread\({fd}, ")
    if landlock:
        assert index(calls, r"landlock_restrict_self\(.*= 0") < first
    if seccomp:
        entered = index(calls, r"seccomp\(SECCOMP_SET_MODE_FILTER.*= 0")
        assert entered < first
        # Nothing that it needs was refused.
        assert not [line for line in calls[entered:] if "EPERM" in line
                    or "EACCES" in line]
    assert index(calls, r"NO_NEW_PRIVS, 1") < first
    assert re.search(r"PR_SET_DUMPABLE, (0|SUID_DUMP_DISABLE)", calls[0])


def test_it_can_be_left_out(traced, keys, sealed):
    calls = "\n".join(traced("pkg-verify", "--no-sandbox",
                             *verify_args(keys, ())))
    assert sealed.exists()
    assert "landlock_restrict_self" not in calls
    assert "SECCOMP_SET_MODE_FILTER" not in calls


@pytest.mark.parametrize("tool", ["pkg-verify", "pkg-seal"])
def test_version_tells(run, tool):
    lines = run(tool, "--version", "-v", check=0).out.splitlines()
    assert len(lines) == 3 and lines[0] == run(
        tool, "--version", check=0).out.strip()
    for line, name in zip(lines[1:], ("Landlock", "seccomp")):
        assert line.startswith(f"sandbox: {name}")
        assert line.endswith(": active") or line.endswith(
            ": not on this system")


def test_what_it_writes_is_the_same(run, keys, sealed, tmp_path):
    for name, option in ("a", ()), ("b", ("--no-sandbox",)):
        run("pkg-verify", *option, *verify_args(keys, (
            "-x", name, "--state", f"{name}.json")), check=0)
        assert (tmp_path / name / "a.bin").read_bytes() == (
            tmp_path / "a.bin").read_bytes()
        # Once more, over what is there.
        run("pkg-verify", *option, "--force", *verify_args(keys, (
            "-x", name, "--state", f"{name}.json")), check=0)
    assert (tmp_path / "a.json").read_text() == (
        tmp_path / "b.json").read_text()
    assert not [path for path in tmp_path.iterdir()
                if path.name.startswith(".packline")]
    assert sealed.exists()


def test_refusals_are_cleaned_up_inside(run, keys, sealed, tmp_path):
    data = bytearray(sealed.read_bytes())
    data[-2000] ^= 1
    sealed.write_bytes(data)
    run("pkg-verify", *verify_args(keys, ("-x", "out")), check=1)
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.iterdir()
                if path.name.startswith(".packline")]


def test_a_user_without_rights_can_use_it(keys, sealed, tmp_path):
    """Nothing of it needs root, also not what hides the memory."""
    if os.getuid() != 0:
        pytest.skip("the other tests show it")
    folder = tmp_path / "theirs"
    folder.mkdir()
    folder.chmod(0o777)
    for path in (sealed, keys.ca):
        (folder / path.name).write_bytes(path.read_bytes())
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         bin_folder() / "pkg-verify", "--trust", keys.ca.name, "--state",
         "state.json", sealed.name], cwd=folder, check=False,
        capture_output=True)
    if b"ermission denied" in done.stderr:
        pytest.skip("the build cannot be reached by another user")
    assert done.returncode == 0, done.stderr
    assert (folder / "state.json").exists()

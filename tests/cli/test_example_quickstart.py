# SPDX-License-Identifier: Apache-2.0
"""examples/quickstart.sh: the main job, from files to a verified bundle."""

import json
import re
import subprocess
import zipfile

import pytest
from support import ROOT, bin_folder, clean_environment

SCRIPT = ROOT / "examples" / "quickstart.sh"


def quickstart(out, tools=None, path=None, umask=-1, **variables):
    env = clean_environment(PKG_BIN=tools or bin_folder(), **variables)
    if path:
        env["PATH"] = f"{path}:{env['PATH']}"
    return subprocess.run(["sh", SCRIPT, out], env=env, text=True, check=False,
                          capture_output=True, stdin=subprocess.DEVNULL, umask=umask)


def program(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The folder and the words of a first run."""
    out = tmp_path_factory.mktemp("quick") / "an out"
    done = quickstart(out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out, done.stdout


def test_says_each_step(first):
    steps = re.findall(r"^\[(\d+)/(\d+)\] \w", first[1], re.M)
    assert [int(number) for number, _ in steps] == list(
        range(1, len(steps) + 1))
    assert {int(count) for _, count in steps} == {len(steps)}
    for tool in ("pkg-hash", "pkg-manifest check", "pkg-manifest resolve",
                 "pkg-seal create", "pkg-seal show", "pkg-seal sign",
                 "pkg-manifest bundle",
                 "pkg-verify", "pkg-seal open"):
        assert f"\n  $ {tool} " in first[1]


def test_ends_with_where_the_bundle_is(first):
    out, words = first
    bundle = out / "gateway-1.4.0.bundle"
    assert f"The bundle is   {bundle}\n" in words
    assert zipfile.ZipFile(bundle).testzip() is None


def test_what_it_prints_for_looking_inside_works(first):
    """Every command of its last words, as a reader would paste them."""
    out, words = first
    pasted = words.split("To look inside:\n")[1].replace(
        "To check it without Packline:\n", "")
    done = subprocess.run(["sh", "-eu"], input=pasted, text=True, check=False,
                          capture_output=True, env=clean_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "META-INF/manifest.json" in done.stdout
    members = json.loads(
        (out / "by-hand/META-INF/manifest.json").read_text())["members"]
    for member in members:
        assert f"{member['name']}: OK\n" in done.stdout


def test_a_second_run_gives_the_same_lock_and_works(first):
    out, _ = first
    lock = (out / "product/gateway.lock").read_bytes()
    key = (out / "keys/private/release.key").read_bytes()
    done = quickstart(out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (out / "product/gateway.lock").read_bytes() == lock
    assert (out / "keys/private/release.key").read_bytes() == key


def test_same_lock_in_another_world(first, tmp_path):
    done = quickstart(tmp_path / "elsewhere", umask=0o077, TZ="Asia/Tokyo",
                      LC_ALL="tr_TR.UTF-8")
    assert done.returncode == 0, done.stdout + done.stderr
    lock = "product/gateway.lock"
    assert (tmp_path / "elsewhere" / lock).read_bytes() == (
        first[0] / lock).read_bytes()


def test_leaves_files_of_yours_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    done = quickstart(tmp_path)
    assert done.returncode == 1
    assert "has files of yours in it" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_says_which_step_failed(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in bin_folder().glob("pkg-*"):
        (tools / tool.name).symlink_to(tool)
    (tools / "pkg-verify").unlink()
    program(tools / "pkg-verify", "echo 'pkg-verify: no' >&2; exit 1\n")
    done = quickstart(tmp_path / "out", tools)
    assert done.returncode == 1
    assert re.search(r"quickstart: step \d+ \(Verify the bundle.*\) failed "
                     r"with exit status 1\.\n.*\n  pkg-verify --format",
                     done.stderr)
    assert not (tmp_path / "out" / "extracted").exists()


def test_says_what_is_missing_when_it_cannot_install(tmp_path):
    fakes = tmp_path / "fakes"
    fakes.mkdir()
    program(fakes / "dpkg-query", "echo not-installed\n")
    program(fakes / "id", "echo 1000\n")
    program(fakes / "sudo", "exit 1\n")
    done = quickstart(tmp_path / "out", path=fakes)
    assert done.returncode == 1
    assert "sudo says no. As root: apt-get install -y" in done.stderr
    assert "squashfs-tools" in done.stderr
    assert "step 1 (Install what is missing) failed" in done.stderr


@pytest.mark.parametrize("user, prefix", [("0", "env"), ("1000", "sudo env")])
def test_installs_what_is_missing(tmp_path, user, prefix):
    fakes = tmp_path / "fakes"
    fakes.mkdir()
    program(fakes / "id", f"echo {user}\n")
    program(fakes / "dpkg-query", 'case "$*" in *" jq") echo no;; '
            "*) echo installed;; esac\n")
    program(fakes / "sudo", '[ "$1" = -v ] || exec "$@"\n')
    program(fakes / "apt-get", 'echo "$@" >>"$0.log"\n[ "$1" = update ]\n')
    done = quickstart(tmp_path / "out", path=fakes)
    assert done.returncode == 1     # the fake installs nothing
    assert (fakes / "apt-get.log").read_text() == (
        "update\ninstall -y --no-install-recommends jq\n")
    assert (f"The last command was:\n  {prefix} DEBIAN_FRONTEND="
            "noninteractive apt-get install") in done.stderr


def test_usage(tmp_path):
    done = subprocess.run(["sh", SCRIPT, "a", "b"], cwd=tmp_path, text=True,
                          capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (
        2, "usage: quickstart.sh [OUTDIR]\n")
    assert not list(tmp_path.iterdir())

# SPDX-License-Identifier: Apache-2.0
"""Death at a system call of pkg-batch run, with 20 documents, and then again.

Whatever the moment: results.jsonl is complete lines and perhaps a torn one,
those that are complete stay as they are, the next run makes the others, and at
last each document has one signature, of its own.  The audit log goes on.  Here
at some calls; with PKG_INJECT=all (tests/fault/inject.sh) at each.
"""

import base64
import hashlib
import json
import os
import shutil

import pytest
from batches import Batches
from injection import Bare, after_start, all_places, telling, traced
from support import strace_works

ALL = os.environ.get("PKG_INJECT") == "all"
COUNT = 20
DECISIVE = {"ftruncate", "fdatasync", "linkat", "renameat", "renameat2"}
LAST = {"fsync", "write", "pwrite64", "openat", "flock", "exit_group", "clone3",
        "unlinkat"}


def job(folder):
    return folder / "spool/batch/acme/b1"


def lines_of(folder):
    """The lines of the results that count."""
    path = job(folder) / "results.jsonl"
    text = path.read_bytes() if path.exists() else b""
    return text[:text.rfind(b"\n") + 1].splitlines(keepends=True)


def status(folder):
    return json.loads((job(folder) / "state.json").read_text())["status"]


def check_done(desk, run, keys, folder, at):
    """Each document has one signature, of its own; the log is whole."""
    lines = [json.loads(line) for line in lines_of(folder)]
    assert [line["id"] for line in lines] == list(range(1, COUNT + 1))
    assert all(line["ok"] for line in lines)
    assert len({line["signature"] for line in lines}) == COUNT
    for number in {1, at % COUNT + 1, COUNT}:
        (folder / "signature").write_bytes(
            base64.b64decode(lines[number - 1]["signature"]))
        keys.openssl("cms", "-verify", "-binary", "-inform", "DER", "-in",
                     folder / "signature", "-content",
                     folder / f"{number:02}.bin", "-CAfile", keys.ca,
                     "-purpose", "any", "-out", os.devnull)
    result = json.loads((job(folder) / "result.json").read_text())
    assert result["resultsSha256"] == hashlib.sha256(
        b"".join(lines_of(folder))).hexdigest()
    assert result["succeeded"] == COUNT and status(folder) == "CLOSED"
    run("pkg-verify", folder / "audit", check=0)


@pytest.mark.parametrize("threads", [1, 2])
def test_killed_and_run_again(threads, run, keys, tmp_path, sanitized):
    if sanitized or not strace_works():
        pytest.skip("with a strace that may trace, and not under a sanitizer")
    base = tmp_path / "base"
    base.mkdir()
    desk = Batches(run, keys, base)
    desk.ready_to_run("b1", *(f"{number:02}.bin"
                              for number in range(1, COUNT + 1)))
    args = ("run", "--spool", "spool", "--process", "process.yaml", "--key",
            keys.key("officer"), "--cert", keys.cert("officer"), "-j", threads,
            "--yes", "--expect-digest", desk.status("b1")["requestSha256"],
            "--audit-log", "audit", "b1")
    tool = run.folder / "pkg-batch"

    def fresh(name):
        folder = tmp_path / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder)
        return folder

    whole = fresh("whole")
    places = all_places(Bare(args), tool, whole, tmp_path / "log")
    check_done(desk, run, keys, whole, 0)
    chosen = after_start(places) if ALL else \
        telling(places, DECISIVE, LAST)
    tried = 0
    for at, place in enumerate(chosen):
        folder = fresh("work")
        traced(["-f", "-o", "/dev/null", "-e", place.option("signal=KILL")],
               tool, args, folder)
        kept = lines_of(folder)
        if status(folder) != "CLOSED":
            run("pkg-batch", *args, cwd=folder, agree=False, check=0)
        assert lines_of(folder)[:len(kept)] == kept, place
        check_done(desk, run, keys, folder, at)
        tried += 1
    assert tried > 8

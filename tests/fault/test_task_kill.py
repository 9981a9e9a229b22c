# SPDX-License-Identifier: Apache-2.0
"""Death at any system call of `pkg-seal task`, and then once more the same.

Whatever was reached when it died, the task can be read; said once more, it is
done; no officer and no key is there twice, a signature that was made before it
died is the one in the container, and the audit log is whole.  Here at the calls that decide;
tests/fault/inject.sh tries them all.
"""

import concurrent.futures
import dataclasses
import os
import shutil
import signal
import zipfile

import pytest
from injection import Place, all_places, traced
from office import Office
from support import files_in, strace_works
from tasks import Desk

ALL = os.environ.get("PKG_INJECT") == "all"
DECISIVE = {"fsync", "linkat", "renameat", "renameat2", "mkdirat", "unlinkat",
            "ftruncate", "fchmodat", "flock"}


@dataclasses.dataclass
class Step:
    """A command, in a folder that was made for it."""
    name: str
    args: list
    inputs: dict = None
    folder: object = None

    def tidy(self, folder):
        shutil.rmtree(folder)
        self.copy_to(folder)

    def copy_to(self, folder):
        return shutil.copytree(self.folder, folder, dirs_exist_ok=True)


@pytest.fixture
def tool(run, sanitized):
    if sanitized or not strace_works():
        pytest.skip("with a strace that may trace, and not under a sanitizer")
    return run.folder / "pkg-seal"


@pytest.fixture
def desk(run, keys, tmp_path):
    folder = tmp_path / "ready"
    folder.mkdir()
    run.cwd = folder
    desk = Desk(run, keys, Office(keys, folder), folder)
    desk.device()
    return desk


def signatures(path):
    """Name -> bytes of those in a container or a request."""
    if not path.is_file():
        return {}
    with zipfile.ZipFile(path) as box:
        return {name: box.read(name) for name in box.namelist()
                if name.startswith("META-INF/sig-")}


def approvals(path):
    with zipfile.ZipFile(path) as box:
        return [box.read(name) for name in box.namelist()
                if name.startswith("META-INF/approval-") and
                name.endswith(".json")]


def state(run, tool, folder):
    return run("pkg-seal", "task", "status", "--spool", "spool", "t1",
               cwd=folder)


def judge_run(run, tool, folder, job, early, again):
    assert again.code == 0 or "[task-status]" in again.err, again
    assert state(run, tool, folder).records[0]["status"] == "DONE"
    made = signatures(job / "container.seal")
    assert list(made) == ["META-INF/sig-00.p7s"]
    if early:
        assert made == early
    assert sorted(files_in(job)) == ["container.seal", "device.path",
                                     "draft.request", "lock", "state.json"]


def judge_approve(run, tool, folder, job, early, again):
    del early
    assert again.code == 0 or "[approval-duplicate]" in again.err, again
    votes = state(run, tool, folder).records[0]["approvals"]
    assert [vote["officer"] for vote in votes] == ["alice"]
    assert len(approvals(job / "draft.request")) == 1


def judge_create(run, tool, folder, job, early, again):
    del early
    assert again.code == 0, again
    assert state(run, tool, folder).records[0]["status"] == "CREATED"
    assert sorted(files_in(job)) == ["device.path", "draft.request",
                                     "draft.seal", "lock", "state.json"]


def steps(desk):
    """name -> (what to do before it, its arguments, its judge)"""
    subject = ("--name", "gateway", "--version", "1.0", "--requester", "build")
    device = ("-d", "ecu-a.yaml", "--audit-log", "audit.log")
    return {
        "create": (lambda: (desk.path / "spool").mkdir(), lambda: [
            "create", *device, *subject, "--id", "t1", "a.bin", "b.bin"],
            judge_create),
        "approve": (lambda: desk.create("t1"), lambda: [
            *desk.approve_args("t1", "alice"), *device], judge_approve),
        "run": (lambda: desk.approved("t1"), lambda: [
            "run", *device, "--yes", "t1"], judge_run),
    }


def die(place, step, run, tool, judge, folder):
    """Killed there, then said again; what is wrong, or None."""
    job = folder / "spool/task/acme/t1"
    args = ["task", step.args[0], "--spool", "spool", *step.args[1:]]
    try:
        done = traced(["-o", "/dev/null", "-e", f"trace={place.call}", "-e",
                       place.option("signal=SIGKILL")], tool, args, folder)
        assert done.returncode in (0, -signal.SIGKILL), done
        if job.exists():
            assert state(run, tool, folder).code == 0
        early = signatures(job / "container.seal") or \
            signatures(job / "signed.request")
        again = run(*["pkg-seal", *args], cwd=folder)
        judge(run, tool, folder, job, early, again)
        run("pkg-verify", "audit.log", cwd=folder, check=0)
        litter = [name for name in files_in(folder / "spool")
                  if ".packline-" in name and name.endswith(".tmp")]
        assert litter == []
    except AssertionError as error:
        return f"killed at {place.call} {place.number}: {error}"
    finally:
        step.tidy(folder)
    return None


@pytest.mark.parametrize("name", ["create", "approve", "run"])
def test_killed_and_said_again(desk, tool, run, tmp_path, name, capsys):
    before, args, judge = steps(desk)[name]
    before()
    step = Step(name, args(), folder=desk.path)
    counting = Step(name, ["task", step.args[0], "--spool", "spool",
                           *step.args[1:]], folder=desk.path)
    places = [place for place in all_places(
        counting, tool, step.copy_to(tmp_path / "counted"), tmp_path / "log")
        if place != Place("execve", 1) and
        (ALL or place.call in DECISIVE)]
    workers = os.cpu_count() or 1

    def work(index):
        folder = step.copy_to(tmp_path / f"worker-{index}")
        return [fault for place in places[index::workers]
                if (fault := die(place, step, run, tool, judge, folder))]

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        faults = [fault for part in pool.map(work, range(workers))
                  for fault in part]
    if ALL:
        with capsys.disabled():
            print(f"\ntask {name}: {len(places)} kills, {len(faults)} faults",
                  flush=True)
    assert faults == []


@pytest.mark.parametrize("inject", [
    "unlinkat:error=EIO:when=1",        # the draft
    "unlinkat:error=EIO:when=2",        # the signed request, the draft is gone
    "renameat,renameat2:error=EIO:when=4",      # DONE is not noted
])
def test_a_container_that_is_made_is_never_lost(desk, tool, run, inject):
    """Nor signed twice, whatever keeps the run from tidying up behind it."""
    desk.approved("t1")
    args = ["task", "run", "--spool", "spool", "-d", "ecu-a.yaml", "--yes",
            "--audit-log", "audit.log", "--expect-digest", desk.digest("t1"),
            "t1"]
    call = inject.partition(":")[0]
    done = traced(["-o", "/dev/null", "-e", f"trace={call}", "-e",
                   f"inject={inject}"], tool, args, desk.path)
    assert done.returncode == 4, done
    job = desk.folder("t1")
    made = signatures(job / "container.seal")
    assert len(made) == 1
    assert desk.status("t1")["status"] == (
        "RUNNING" if "rename" in inject else "DONE")
    again = run("pkg-seal", *args, cwd=desk.path)
    judge_run(run, tool, desk.path, job, made, again)
    run("pkg-verify", "audit.log", cwd=desk.path, check=0)

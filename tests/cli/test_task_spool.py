# SPDX-License-Identifier: Apache-2.0
"""Many tasks in one spool: tenants, processes at once, lists."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import zipfile

import pytest
from support import clean_environment, strace_works
from tasks import CONTENT, sha256


# -- tenants -------------------------------------------------------------------

@pytest.fixture
def neighbours(desk):
    """A task of acme, one of its rival, and one of each with the same id."""
    desk.device()
    desk.device("theirs", tenant="rival")
    desk.create("ours")
    desk.create("same")
    desk.create("theirs", device="theirs.yaml")
    desk.create("same", device="theirs.yaml")
    return desk


def test_a_tenant_sees_his_own_tasks_only(neighbours):
    desk = neighbours
    def ids(*more):
        return [(one["tenant"], one["id"])
                for one in desk.tool("list", *more).records]
    assert ids("--tenant", "acme") == [("acme", "ours"), ("acme", "same")]
    assert ids("--tenant", "rival") == [("rival", "same"), ("rival", "theirs")]
    assert ids() == ids("--tenant", "acme") + ids("--tenant", "rival")
    assert ids("--tenant", "nobody") == []
    assert desk.status("same", "--tenant", "rival")["deviceConfigId"] == \
        "theirs"
    assert "say which with --tenant" in desk.tool("status", "same",
                                                  check=2).err


def test_of_another_tenants_task_nothing_is_told(neighbours):
    """Just what is said of an id that nobody has."""
    desk = neighbours
    key = ("--key", desk.keys.key("alice"), "--cert", desk.keys.cert("alice"))
    digest = desk.digest("theirs")
    asked = {
        "status": ("--tenant", "acme"),
        "download": ("--tenant", "acme", "-o", "out.seal"),
        "approve": ("-d", "ecu-a.yaml", "--decision", "REJECTED", "--reason",
                    "x", "--yes", "--expect-digest", digest, *key),
        "run": ("-d", "ecu-a.yaml", "--yes", "--expect-digest", digest)}
    for verb, args in asked.items():
        said = [desk.tool(verb, *args, id, check=1).err.replace(id, "ID")
                for id in ("theirs", "nothing")]
        assert said[0] == said[1]
        assert "[no-such-job]" in said[0] and "rival" not in said[0]
    assert desk.status("theirs")["approvals"] == []


def test_a_device_config_of_another_tenant_opens_nothing(neighbours):
    desk = neighbours
    refused = desk.tool("run", "-d", "theirs.yaml", "--tenant", "acme",
                        "--yes", "ours", check=2)
    assert "is for tenant 'rival', not for 'acme'" in refused.err
    assert "--tenant says 'acme'" in desk.create(
        "t9", "--tenant", "acme", device="theirs.yaml", check=2).err


def test_a_folder_that_was_moved_is_no_task(neighbours):
    desk = neighbours
    shutil.copytree(desk.folder("theirs", "rival"), desk.folder("theirs"))
    shutil.copytree(desk.folder("ours"), desk.folder("other"))
    for id in ("theirs", "other"):
        refused = desk.tool("status", "--tenant", "acme", id, check=3)
        assert "[bad-task]" in refused.err and "rival" not in refused.err
    listed = desk.tool("list", "--tenant", "acme", check=3)
    assert [one["id"] for one in listed.records] == ["ours", "same"]
    assert listed.err.count("[bad-task]") == 2


def test_nobody_else_can_look_into_a_task(neighbours):
    spool = neighbours.path / "spool"
    for path in [spool, *spool.rglob("*")]:
        if path.is_dir():
            assert path.stat().st_mode & 0o077 == 0, path


def test_a_spool_that_others_can_write_is_refused(neighbours):
    desk = neighbours
    for path in (desk.path / "spool", desk.folder("ours").parent,
                 desk.folder("ours")):
        path.chmod(0o770)
        assert "[spool-unsafe]" in desk.tool("status", "--tenant", "acme",
                                             "ours", check=3).err
        path.chmod(0o700)
    assert desk.status("ours")["id"] == "ours"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_folder_of_another_user_is_his(neighbours):
    desk = neighbours
    os.chown(desk.folder("theirs", "rival").parent, 12345, 12345)
    assert {one["tenant"] for one in desk.tool("list").records} == {"acme"}
    assert desk.status("same")["tenant"] == "acme"
    assert "[no-such-job]" in desk.tool("status", "theirs", check=1).err
    assert "[spool-unsafe]" in desk.tool("list", "--tenant", "rival",
                                         check=3).err


@pytest.mark.parametrize("id", ["", ".", "..", "a/b", "../rival/theirs", ".x",
                                "a b", "x" * 101, "CON"])
def test_an_id_is_a_name(neighbours, id):
    desk = neighbours
    assert "[name-grammar]" in desk.tool("status", id, check=3).err
    if id:
        assert "[name-grammar]" in desk.create(id, check=3).err
        assert "[name-grammar]" in desk.tool("list", "--tenant", id,
                                             check=3).err


# -- processes at once -----------------------------------------------------------

def test_who_comes_second_is_told_so(desk):
    desk.device()
    desk.approved("t1")
    digest = desk.digest("t1")
    with open(desk.folder("t1") / "lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "[job-busy]" in desk.run_task("t1", check=1).err
        assert "[job-busy]" in desk.approve("t1", "dora", check=1).err
        assert desk.digest("t1") == digest       # looking is free
        left = desk.tool("run", "--all", "--yes")
        assert (left.out, left.err) == ("", "")
    assert desk.run_task("t1")["status"] == "DONE"


def signatures(path):
    with zipfile.ZipFile(path) as box:
        return [name for name in box.namelist()
                if name.startswith("META-INF/sig-")]


def test_two_processes_make_each_task_once(desk, sanitized):
    many = 12 if sanitized else 50
    desk.office.policy(required=1)
    desk.device(kind="signed")
    for n in range(many):
        desk.create(f"t{n:02d}")
        desk.approve(f"t{n:02d}", "alice")
    both = [subprocess.Popen(
        [desk.run.folder / "pkg-seal", "task", "run", "--spool", "spool",
         "--all", "--yes"], cwd=desk.path, env=clean_environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE) for _ in range(2)]
    said = [one.communicate(timeout=600) for one in both]
    assert [(one.returncode, err) for one, (_, err) in zip(both, said)] == \
        [(0, b"")] * 2
    made = [json.loads(line)["id"] for out, _ in said
            for line in out.splitlines()]
    assert sorted(made) == [f"t{n:02d}" for n in range(many)]    # none twice
    for record in desk.tool("list", "--status", "DONE").records:
        path = desk.folder(record["id"]) / "container.seal"
        assert len(signatures(path)) == 1
        assert sha256(path.read_bytes()) == record["result"]["sha256"]


def test_two_processes_create_one_task(desk):
    desk.device()
    for n in range(5):
        both = [subprocess.Popen(
            [desk.run.folder / "pkg-seal", "task", "create", "--spool",
             "spool", "-d", "ecu-a.yaml", "--name", "x", "--version", "1",
             "--requester", "build", "--id", f"t{n}", "a.bin"],
            cwd=desk.path, env=clean_environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
        said = [one.communicate(timeout=600) for one in both]
        assert [one.returncode for one in both] == [0, 0], said
        assert said[0] == said[1]
        assert json.loads(said[0][0]) == desk.status(f"t{n}")


def test_a_key_in_a_token_makes_a_task(desk, tokens, with_token):
    """A PIN that is wrong is no fault of the task's."""
    desk.device()
    desk.approved("t1")
    wrong = desk.path / "wrong-pin"
    wrong.write_text("999999\n")
    wrong.chmod(0o600)
    cert = ("--cert", tokens.new_cert(desk.keys, "p256", "signer"))
    desk.tool("run", "--yes", *with_token("p256", pin=wrong), *cert, "t1",
              check=5, env=tokens.env)
    assert desk.status("t1")["status"] == "APPROVED"
    desk.tool("run", "--yes", *with_token("p256"), *cert, "t1",
              env=tokens.env)
    assert desk.status("t1")["status"] == "DONE"
    assert len(signatures(desk.folder("t1") / "container.seal")) == 1


# -- all of them -----------------------------------------------------------------

def test_all_tells_what_became_of_each(desk):
    desk.office.policy(required=1)
    desk.device()
    desk.device("sealed-only", kind="encrypted")
    for id in ("bad", "good", "waits"):
        desk.create(id)
    desk.create("plain", device="sealed-only.yaml")
    for id in ("bad", "good", "plain"):
        desk.approve(id, "alice")
    draft = desk.folder("bad") / "draft.seal"
    draft.write_bytes(draft.read_bytes()[:-1])
    done = desk.tool("run", "--all", "--yes", check=1)
    assert {one["id"]: one["status"] for one in done.records} == {
        "bad": "FAILED", "good": "DONE", "plain": "DONE"}
    assert done.err.count("error:") == 1 and "'bad' was changed" in done.err
    assert desk.status("waits")["status"] == "CREATED"
    again = desk.tool("run", "--all", "--yes")
    assert (again.out, again.err) == ("", "")


def test_all_of_one_device_config(desk):
    desk.office.policy(required=1)
    for name in ("ecu-a", "ecu-b"):
        desk.device(name)
        desk.create(name, device=f"{name}.yaml")
        desk.approve(name, "alice")
    done = desk.tool("run", "--all", "--yes", "-d", "ecu-b.yaml")
    assert [one["id"] for one in done.records] == ["ecu-b"]
    assert done.err == ""


def test_a_key_that_fails_ends_it(desk):
    desk.office.policy(required=1)
    desk.device(signing=False, extra="signing: {key: none.key, cert: x.pem}\n")
    for id in ("t1", "t2"):
        desk.create(id)
        desk.approve(id, "alice")
    done = desk.tool("run", "--all", "--yes", check=5)
    assert done.err.count("error:") == 1
    assert {one["status"] for one in desk.tool("list").records} == {"APPROVED"}


@pytest.mark.parametrize("args, said", [
    (("--all", "t1"), "no id can be given"),
    (("--all", "--yes", "--expect-digest", "0" * 64), "more than one"),
    (("--all", "--previous", "a.bin"), "more than one"),
    ((), "no task was named"),
])
def test_all_and_one_exclude_each_other(desk, args, said):
    desk.device()
    desk.create("t1")
    assert said in desk.tool("run", *args, check=2).err


def test_a_device_config_that_is_gone_can_be_given(desk):
    desk.device(policy=False)
    desk.create("t1")
    (desk.path / "ecu-a.yaml").rename(desk.path / "moved.yaml")
    assert "give the device config: -d FILE" in \
        desk.run_task("t1", check=4).err
    assert desk.run_task("t1", "-d", "moved.yaml")["status"] == "DONE"


def test_it_works_from_another_folder(desk):
    """The path of the device config does not depend on where one stands."""
    desk.device(policy=False)
    desk.run("pkg-seal", "task", "create", "-C", desk.path, "--spool", "spool",
             "-d", "ecu-a.yaml", "--name", "x", "--version", "1", "--id", "t1",
             "a.bin", check=0, cwd="/")
    assert (desk.folder("t1") / "device.path").read_text() == \
        str((desk.path / "ecu-a.yaml").resolve())
    desk.run("pkg-seal", "task", "run", "--spool", desk.path / "spool",
             "--yes", "--expect-digest", desk.digest("t1"), "t1", check=0,
             cwd="/")


# -- standard input and output ----------------------------------------------------

def test_from_standard_input_to_standard_output(desk):
    desk.device(policy=False)
    made = desk.tool(
        "create", "-d", "ecu-a.yaml", "--name", "x", "--version", "1", "--id",
        "t1", "--stdin-name", "in.bin", "--sha256", sha256(b"piped"), "-",
        input=b"piped").records[0]
    assert [(one["name"], one["size"]) for one in made["inputFiles"]] == [
        ("in.bin", 5)]
    again = desk.tool(
        "create", "-d", "ecu-a.yaml", "--name", "x", "--version", "1", "--id",
        "t1", "--stdin-name", "in.bin", "--sha256", sha256(b"piped"), "-",
        input=b"piped")
    assert again.records == [made]
    done = desk.run_task("t1")
    out = desk.tool("download", "-o", "-", "t1").raw
    assert sha256(out) == done["result"]["sha256"]


def test_what_is_there_is_not_replaced(desk):
    desk.device(policy=False)
    desk.create("t1")
    desk.run_task("t1")
    desk.download("t1")
    desk.tool("download", "-o", "out.seal", "t1", check=2)
    desk.tool("download", "--force", "-o", "out.seal", "t1")


# -- confined -----------------------------------------------------------------------

@pytest.mark.parametrize("verb", ["create", "approve", "run", "all"])
def test_it_is_confined_before_it_reads_what_is_foreign(desk, verb, sanitized,
                                                       looks_inside):
    if sanitized or not strace_works():
        pytest.skip("with a strace that may trace, and not under a sanitizer")
    if "seccomp: active" not in desk.run("pkg-seal", "--version", "-v").out:
        pytest.skip("no seccomp on this system")
    desk.office.policy(required=1)
    desk.device()
    desk.create("t1")
    key = ("--key", desk.keys.key("officer"), "--cert",
           desk.keys.cert("officer"))
    args = {
        "create": ("create", "-d", "ecu-a.yaml", "--name", "x", "--version",
                   "1", "--requester", "build", "a.bin"),
        "approve": desk.approve_args("t1", "alice"),
        "run": ("run", "--yes", "t1"),
        "all": ("run", "--yes", "--all", *key)}[verb]
    if verb in ("run", "all"):
        desk.approve("t1", "alice")
    for more in ((), ("--no-sandbox",)):
        log = desk.path / "log"
        subprocess.run(
            ["strace", "-f", "-o", log, desk.run.folder / "pkg-seal", "task",
             *map(str, args), "--spool", "spool", *more], cwd=desk.path,
            env=clean_environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, check=more == ())
        calls = log.read_text()
        entered = calls.find("SECCOMP_SET_MODE_FILTER")
        foreign = calls.find('"a.bin"' if verb == "create"
                             else '"draft.request"')
        if more == ():
            assert 0 < entered and (verb == "create" or entered < foreign)
        else:
            assert entered == -1


# -- how much is read --------------------------------------------------------------

def opened(desk, *args):
    """Names of all that was opened below the spool's folder."""
    log = desk.path / "log"
    subprocess.run(
        ["strace", "-f", "-e", "trace=open,openat,openat2", "-o", log,
         desk.run.folder / "pkg-seal", "task", *args], cwd=desk.path,
        env=clean_environment(), stdout=subprocess.DEVNULL, check=True)
    names = re.findall(r'open\w*\([^"]*"([^"]*)"', log.read_text())
    return names[names.index("spool"):]


def copies(desk, id, many):
    """More tasks like that one, as files."""
    text = json.loads((desk.folder(id) / "state.json").read_text())
    for n in range(many):
        state = {**text, "id": f"{id}-{n}", "checksum": ""}
        state["checksum"] = sha256(json.dumps(
            state, sort_keys=True, separators=(",", ":")).encode())
        folder = desk.folder(state["id"])
        folder.mkdir(mode=0o700)
        (folder / "state.json").write_text(json.dumps(
            state, sort_keys=True, separators=(",", ":")))


def test_one_status_reads_one_file_however_many_there_are(desk, sanitized,
                                                         looks_inside):
    if sanitized or not strace_works():
        pytest.skip("with a strace that may trace, and not under a sanitizer")
    desk.device(policy=False)
    desk.create("t1")
    alone = opened(desk, "status", "--spool", "spool", "t1")
    copies(desk, "t1", 200)
    assert opened(desk, "status", "--spool", "spool", "t1") == alone
    assert len(desk.tool("list").records) == 201
    listed = opened(desk, "list", "--spool", "spool")
    assert listed.count("state.json") == 201
    per_task = [name for name in listed if name not in
                ("spool", "task", "acme", ".", "state.json")]
    assert sorted(per_task) == sorted(
        one["id"] for one in desk.tool("list").records)
    assert set(CONTENT) & set(listed) == set()

# SPDX-License-Identifier: Apache-2.0
"""pkg-batch watch: what is dropped into a folder comes out signed."""

import fcntl
import json
import os
import signal
import subprocess
import time

import jsonschema
import pytest
from support import ROOT, bin_folder, clean_environment

PROCESS = """packline: 1
process:
  id: 7
  name: loaders
  tenant: acme
  action: sign
  form: cms-detached
"""
OPTIONS = ("--spool", "spool", "--process", "p.yaml")


class Watched:
    """The three folders, and who watches them."""

    def __init__(self, run, keys, folder):
        self.run, self.keys, self.folder = run, keys, folder
        self.key = ("--key", keys.key("release"), "--cert",
                    keys.cert("release"))
        for name in ("in", "out", "err"):
            (folder / name).mkdir()
        self.process()

    def process(self, extra="", text=PROCESS):
        (self.folder / "p.yaml").write_text(text + extra)

    def drop(self, **files):
        for name, content in files.items():
            (self.folder / "in" / f"{name}.bin").write_text(content)

    def once(self, *more, check=0, settle="0"):
        return self.run("pkg-batch", "watch", *OPTIONS, "--once", "--settle",
                        settle, *self.key, *more, "in", "out", "err",
                        check=check)

    def start(self, *more, settle="0"):
        return subprocess.Popen(
            [bin_folder() / "pkg-batch", "watch", *OPTIONS, "--settle",
             settle, *map(str, self.key + more), "in", "out", "err"],
            cwd=self.folder, env=clean_environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def names(self, folder):
        return sorted(name for name in os.listdir(self.folder / folder)
                      if name != ".packline-watch")

    def why(self, name):
        path = self.folder / "err" / f"{name}.error.json"
        found = json.loads(path.read_text())
        schema = ROOT / "schemas" / "watch-error.schema.json"
        jsonschema.Draft7Validator(json.loads(schema.read_text())).validate(
            found)
        return found

    def is_signed(self, name, content):
        out = self.folder / "out"
        assert (out / name).read_text() == content
        self.keys.openssl("cms", "-verify", "-binary", "-inform", "DER", "-in",
                          out / f"{name}.p7s", "-content", out / name,
                          "-CAfile", self.keys.ca, "-purpose", "any", "-out",
                          os.devnull)
        return True

    def wait_for(self, *path):
        deadline = time.monotonic() + 600
        while not self.folder.joinpath(*path).exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def is_clean(self):
        """Nothing is on its way."""
        for name in ("in", "out", "err"):
            assert os.listdir(self.folder / name / ".packline-watch") == []
        return True


@pytest.fixture
def watched(run, keys, tmp_path):
    return Watched(run, keys, tmp_path)


def test_comes_out_signed(watched):
    watched.drop(one="1", two="22")
    record, = watched.once().records
    assert (record["status"], record["succeeded"]) == ("DELETED", 2)
    assert watched.names("in") == watched.names("err") == []
    assert watched.names("out") == ["one.bin", "one.bin.p7s", "two.bin",
                                    "two.bin.p7s"]
    assert watched.is_signed("one.bin", "1")
    assert watched.is_signed("two.bin", "22")
    assert watched.is_clean()


def test_nothing_to_do(watched):
    assert watched.once().out == ""


def test_what_has_no_officers_is_accepted_by_the_watch(watched):
    watched.drop(one="1")
    record, = watched.once("--keep").records
    assert record["status"] == "CLOSED"
    job = watched.folder / "spool/batch/acme" / record["id"]
    assert json.loads((job / "accept.json").read_text())["by"] == "watch"
    assert (job / "content-001.zip").exists()


@pytest.mark.parametrize("form, names", [
    ("cms-attached", ["one.bin.p7m"]), ("raw", ["one.bin", "one.bin.sig"])])
def test_other_forms(watched, form, names):
    watched.process(text=PROCESS.replace("cms-detached", form))
    watched.drop(one="1")
    watched.once()
    assert watched.names("out") == names


def test_the_key_of_the_process(watched):
    watched.process(f"  signing: {{key: {watched.keys.key('officer')}, "
                    f"cert: {watched.keys.cert('officer')}}}\n")
    watched.drop(one="1")
    watched.key = ()
    watched.once()
    assert watched.is_signed("one.bin", "1")


# -- what is no document ------------------------------------------------------

def test_names_that_the_process_does_not_let(watched):
    watched.process("  names: '[a-z]+\\.bin'\n")
    watched.drop(one="1", TWO="2")
    result = watched.once(check=1)
    assert "TWO.bin" in result.err and "[document-name]" in result.err
    assert watched.names("err") == ["TWO.bin", "TWO.bin.error.json"]
    found = watched.why("TWO.bin")
    assert (found["name"], found["reason"]) == ("TWO.bin", "document-name")
    assert "[a-z]+" in found["hint"] and "batch" not in found
    assert watched.names("out") == ["one.bin", "one.bin.p7s"]


@pytest.mark.parametrize("name, shown", [
    (b"-rf", "-rf"), (b"a\nb", "a\\x0ab"), (b"\xff\xfe", "\\xff\\xfe"),
    (b"con.txt", "con.txt"), (b"n" * 253, "n" * 253)], ids=repr)
def test_names_that_would_harm_go_by_another_one(watched, name, shown):
    (watched.folder / "in").joinpath(os.fsdecode(name)).write_bytes(b"what")
    watched.once(check=1)
    document, error = watched.names("err")
    assert document.startswith("refused-") and error == f"{document}.error.json"
    assert watched.why(document)["name"] == shown
    assert (watched.folder / "err" / document).read_bytes() == b"what"
    assert watched.names("in") == [] and watched.is_clean()


def test_too_large_for_the_process(watched):
    watched.process("  maxBytes: 10\n")
    watched.drop(one="1" * 11, two="2" * 6, three="3" * 6)
    records = watched.once(check=1).records
    assert [record["documentCount"] for record in records] == [1, 1]
    assert watched.why("one.bin")["reason"] == "batch-limit"
    assert watched.is_signed("two.bin", "222222")
    assert watched.is_signed("three.bin", "333333")


def test_what_is_no_file_stays(watched):
    folder = watched.folder / "in"
    (folder / "folder").mkdir()
    (folder / "folder" / "deep.bin").write_text("1")
    (folder / "link").symlink_to(watched.folder / "p.yaml")
    os.mkfifo(folder / "pipe")
    watched.drop(one="1")
    watched.once(check=1)
    assert watched.names("in") == ["folder", "link", "pipe"]
    assert watched.names("err") == [
        f"{name}.error.json" for name in watched.names("in")]
    assert watched.why("link")["reason"] == "not-a-file"
    assert watched.is_signed("one.bin", "1")
    watched.once()      # it has been told


@pytest.mark.parametrize("name", [".hidden", "a.bin~", "a.tmp", "A.PART",
                                  "~$a.docx", "#a#", "a.crdownload"])
def test_temporary_names_are_left_alone(watched, name):
    (watched.folder / "in" / name).write_text("half")
    watched.once()
    assert watched.names("in") == [name]
    assert watched.names("out") == watched.names("err") == []


def test_an_empty_file_is_a_document(watched):
    watched.drop(empty="")
    watched.once()
    assert watched.is_signed("empty.bin", "")


# -- when it is complete ------------------------------------------------------

def test_a_file_that_grows_is_left_alone(watched):
    """Another one, which was there no earlier, does not wait for it.

    It grows fifty times in the time of no change that makes a file complete:
    a busy machine may hold us up for a while.
    """
    parts = 0
    with watched.start(settle="5") as watch, \
            open(watched.folder / "in" / "slow.bin", "w") as slow:
        watched.drop(whole="1")
        while "whole.bin" in watched.names("in"):
            assert watch.poll() is None
            slow.write("part\n")
            slow.flush()
            parts += 1
            time.sleep(0.1)
        for _ in range(20):
            assert watched.names("in") == ["slow.bin"]
            slow.write("part\n")
            slow.flush()
            parts += 1
            time.sleep(0.1)
        slow.close()
        watched.wait_for("out", "slow.bin.p7s")
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(600) == 0
    assert watched.is_signed("slow.bin", "part\n" * parts)


def test_once_waits_until_it_is_settled(watched):
    watched.drop(one="1")
    begin = time.monotonic()
    watched.once(settle="1")
    assert time.monotonic() - begin >= 1
    assert watched.is_signed("one.bin", "1")


# -- one name twice -----------------------------------------------------------

def test_the_same_name_again_waits_for_the_first(watched):
    watched.drop(one="1")
    watched.once()
    watched.drop(one="other", two="2")
    result = watched.once(check=1)
    assert "one.bin" in result.err and "[watch-name-taken]" in result.err
    assert watched.names("in") == ["one.bin"]
    assert watched.is_signed("one.bin", "1")
    for name in watched.names("out"):
        (watched.folder / "out" / name).unlink()
    watched.once()
    assert watched.is_signed("one.bin", "other")


def test_a_result_waits_for_its_name(watched):
    """Its name was taken while it was signed."""
    watched.process("  approvalPolicy: policy.yaml\n")
    two_officers(watched)
    watched.key += ("--requester", "build")
    watched.drop(one="1")
    watched.once(check=1)
    batch, = os.listdir(watched.folder / "in/.packline-watch")
    for who in ("alice", "bob"):
        accept(watched, batch, who)
    (watched.folder / "out" / "one.bin.p7s").write_text("another's")
    assert "[watch-name-taken]" in watched.once(check=1).err
    assert watched.names("out") == ["one.bin.p7s"]
    assert (watched.folder / "out/one.bin.p7s").read_text() == "another's"
    (watched.folder / "out" / "one.bin.p7s").unlink()
    watched.once()
    assert watched.is_signed("one.bin", "1") and watched.is_clean()


def test_names_that_differ_in_capitals_only(watched):
    watched.drop(one="1", ONE="2")
    assert len(watched.once().records) == 2
    assert watched.is_signed("one.bin", "1")
    assert watched.is_signed("ONE.bin", "2")


# -- officers -----------------------------------------------------------------

def two_officers(watched):
    keys = watched.keys
    (watched.folder / "policy.yaml").write_text(
        "packline: 1\napprovals:\n  required: 2\n  officers:\n"
        f"    - {{id: alice, cert: {keys.cert('alice')}, role: a}}\n"
        f"    - {{id: bob, cert: {keys.cert('bob')}, role: b}}\n")


def accept(watched, batch, who, decision="APPROVED"):
    status = watched.run("pkg-batch", "status", "--format", "jsonl",
                         "--spool", "spool", batch,
                         check=0).records[0]
    watched.run("pkg-batch", "accept", "--spool", "spool", "--decision",
                decision, "--reason", "looked at it", "--key",
                watched.keys.key(who), "--cert", watched.keys.cert(who),
                "--yes", "--expect-digest", status["requestSha256"], batch,
                check=0)


@pytest.fixture
def waiting(watched):
    """A batch that waits for its officers."""
    watched.process("  approvalPolicy: policy.yaml\n")
    two_officers(watched)
    watched.key += ("--requester", "build")
    watched.drop(one="1", two="2")
    watched.once(check=1)
    assert watched.names("in") == watched.names("out") == []
    batch, = os.listdir(watched.folder / "in/.packline-watch")
    return batch


def test_officers_accept_what_was_dropped(watched, waiting):
    accept(watched, waiting, "alice")
    watched.once(check=1)
    assert watched.names("out") == []
    accept(watched, waiting, "bob")
    watched.once()
    assert watched.is_signed("one.bin", "1")
    assert watched.is_signed("two.bin", "2")


def test_an_officer_rejects_it(watched, waiting):
    accept(watched, waiting, "alice", "REJECTED")
    watched.once(check=1)
    assert watched.names("out") == []
    assert watched.names("err") == ["one.bin", "one.bin.error.json",
                                    "two.bin", "two.bin.error.json"]
    found = watched.why("one.bin")
    assert (found["reason"], found["batch"]) == ("batch-rejected", waiting)
    assert watched.is_clean()


def test_somebody_deletes_it(watched, waiting):
    watched.run("pkg-batch", "delete", "--spool", "spool", waiting, check=0)
    watched.once(check=1)
    assert watched.why("two.bin")["reason"] == "batch-deleted"
    assert (watched.folder / "err" / "two.bin").read_text() == "2"


# -- as a service -------------------------------------------------------------

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(watched, number):
    with watched.start() as watch:
        for name in ("one", "two"):
            watched.drop(**{name: name})
            watched.wait_for("out", f"{name}.bin")
        watch.send_signal(number)
        out, err = watch.communicate(timeout=600)
    assert watch.returncode == 0 and err == b""
    assert [json.loads(line)["succeeded"]
            for line in out.splitlines()] == [1, 1]
    assert watched.is_clean()


def test_records_come_at_once(watched):
    with watched.start() as watch:
        watched.drop(one="1")
        assert json.loads(watch.stdout.readline())["succeeded"] == 1
        watch.terminate()


def test_there_is_one_watch_of_a_folder(watched):
    watched.once()
    folder = os.open(watched.folder / "in/.packline-watch", os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    watched.drop(one="1")
    assert "[watch-busy]" in watched.once(check=1).err
    os.close(folder)
    watched.once()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_other_file_systems(watched):
    """Each folder on one of its own."""
    folders = " ".join(f"{name} none" for name in ("out", "err"))
    script = ("set -e; for f in out err; do mount -t tmpfs -o size=4m none "
              "$f; done; " + 'code=0; "$@" || code=$?; '
              "mkdir got; cp -R out err got; exit $code")
    watched.drop(one="1")
    (watched.folder / "in" / "-bad").write_text("bad")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, folders,
         bin_folder() / "pkg-batch", "watch", *OPTIONS, "--once", "--settle",
         "0", *map(str, watched.key), "in", "out", "err"],
        cwd=watched.folder, env=clean_environment(), capture_output=True,
        text=True, check=False)
    if done.returncode == 1 and "unshare" in done.stderr:
        pytest.skip("mounting is not allowed here")
    assert done.returncode == 1, done.stderr
    got = watched.folder / "got"
    assert (got / "out/one.bin").read_text() == "1"
    assert (got / "out/one.bin.p7s").exists()
    assert len([name for name in os.listdir(got / "err")
                if name.startswith("refused-")]) == 2


# -- usage --------------------------------------------------------------------

@pytest.mark.parametrize("folders, message", [
    (("in", "out", "in"), "are the same folder"),
    (("in", "in/.", "err"), "are the same folder"),
    (("in", "nowhere", "err"), "nowhere"),
])
def test_folders(watched, folders, message):
    result = watched.run("pkg-batch", "watch", *OPTIONS, *watched.key,
                         *folders)
    assert result.code in (2, 4) and message in result.err


def test_a_process_that_validates(watched):
    watched.process(f"  trust: {watched.keys.ca}\n", PROCESS.replace(
        "action: sign", "action: validate"))
    assert "does not sign" in watched.once(check=2).err


def test_officers_want_to_know_who_asks(watched):
    watched.process("  approvalPolicy: policy.yaml\n")
    two_officers(watched)
    watched.drop(one="1")
    assert "--requester" in watched.once(check=2).err
    assert watched.names("in") == ["one.bin"]


def test_what_was_taken_is_nobody_elses(watched):
    watched.once()
    (watched.folder / "in/.packline-watch").chmod(0o777)
    assert "[watch-unsafe]" in watched.once(check=3).err


def test_a_process_that_changes_waits(watched, waiting):
    watched.process("  approvalPolicy: policy.yaml\n  maxDocuments: 9\n")
    result = watched.once(check=1)
    assert "[batch-process]" in result.err
    watched.process("  approvalPolicy: policy.yaml\n")
    for who in ("alice", "bob"):
        accept(watched, waiting, who)
    watched.once()
    assert watched.is_signed("one.bin", "1")


@pytest.mark.parametrize("suffix", ["", "-refused"])
def test_a_link_that_was_quicker_than_the_look_is_not_followed(watched,
                                                               suffix):
    """Moved in the place of a file; now it is back where it was."""
    secret = watched.folder / "secret"
    secret.write_text("secret\n")
    claim = watched.folder / "in" / ".packline-watch" / f"b1{suffix}"
    claim.mkdir(mode=0o700, parents=True)
    claim.parent.chmod(0o700)
    (claim / "a.bin").symlink_to(secret)
    (claim / "b.bin").mkdir()
    (claim / "c.tmp").symlink_to(secret)
    (watched.folder / "in" / "c.tmp").touch()
    watched.once()
    assert watched.names("out") == []
    *left, other = watched.names("in")
    assert left == ["a.bin", "b.bin", "c.tmp"]
    assert not (watched.folder / "in" / "c.tmp").is_symlink()
    watched.once(check=1)
    for name in "a.bin", "b.bin", other:
        assert watched.why(name)["reason"] == "not-a-file"

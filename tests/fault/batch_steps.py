# SPDX-License-Identifier: Apache-2.0
"""What happens to a batch, for the tests that kill the tool over it.

A step is a class: prepare() makes the spool in which it can be taken, in the
folder `desk.folder`; args() are what pkg-batch is called with; done() takes it to
its end after it was killed, and faults() says what is wrong then.
"""

import base64
import itertools
import json
import os
import re
import subprocess

from support import clean_environment

COUNT = 20
NAMES = [f"d{n:02}.bin" for n in range(COUNT)]
LOOKED = itertools.count()
TEMPORARY = re.compile(r"\.packline-[0-9a-f]{16}\.tmp")


def tool(desk, *args, name="pkg-batch"):
    """Run it in desk.folder, whatever comes of it."""
    return subprocess.run(
        [desk.tools / name, *map(str, args)], cwd=desk.folder, check=False,
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        env=clean_environment())


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] \
        if path.exists() else []


class Step:
    batch = "b1"
    count = COUNT
    key = "release"

    def __init__(self, desk):
        self.desk = desk

    def prepare(self):
        desk = self.desk
        desk.create(self.batch)
        desk.upload(self.batch, *(desk.document(name)
                                  for name in NAMES[:self.count]))

    @property
    def job(self):
        return self.desk.folder / "spool/batch/acme" / self.batch

    def state(self):
        return json.loads((self.job / "state.json").read_text())

    def options(self, *more):
        return ("--spool", "spool", *more, "--audit-log", "audit.log")

    def signer(self, who=None):
        keys = self.desk.keys
        return ("--key", keys.key(who or self.key), "--cert",
                keys.cert(who or self.key))

    def digest(self):
        """Of the request, as somebody has read it."""
        shown = tool(self.desk, "status", "--process",
                     "process.yaml", "--spool", "spool", self.batch)
        return json.loads(shown.stdout)["requestSha256"]

    def agreed(self):
        return "--yes", "--expect-digest", self.digest()

    # -- after a kill --

    def torn(self):
        """What must hold at any moment."""
        shown = tool(self.desk, "status", "--process", "process.yaml",
                     "--spool", "spool", self.batch)
        return [] if shown.returncode == 0 else [f"status: {shown.stderr}"]

    def again(self, args, *fine):
        """Once more; or it was done already, which has these reasons."""
        done = tool(self.desk, *args)
        if done.returncode and not any(f"[{reason}]" in done.stderr
                                       for reason in fine):
            return [f"again: {done.stderr}"]
        return []

    def done(self, args):
        return self.again(args, "batch-status")

    def faults(self):
        """What must hold when it is done."""
        return self.litter() + self.log()

    def litter(self):
        """Who makes the next batch sweeps."""
        if any(self.temporary()):
            tool(self.desk, "create", "--spool", "spool", "--process",
                 "process.yaml", "--requester", "build", "--id", "next")
        return [f"litter: {path}" for path in self.temporary()]

    def temporary(self):
        return [path for path in self.desk.folder.rglob("*")
                if TEMPORARY.fullmatch(path.name)]

    def log(self):
        if not (self.desk.folder / "audit.log").exists():
            return []
        said = tool(self.desk, "audit.log", name="pkg-verify")
        return [] if said.returncode == 0 else [f"log: {said.stderr}"
                                                f"{said.stdout}"]

    def signed(self, job=None):
        """Each document once, and the download is whole."""
        job = job or self.job
        results = lines(job / "results.jsonl")
        found = []
        if [row["id"] for row in results] != list(range(1, self.count + 1)):
            found.append(f"results: {[row['id'] for row in results]}")
        if not all(row["ok"] for row in results):
            found.append(f"not signed: {results}")
        if len({row["signature"] for row in results}) != self.count:
            found.append("a signature twice")
        return found + self.sound(job, results)

    def sound(self, job, results):
        """One signature is looked at by somebody else, another each time."""
        if not results:
            return []
        row = results[next(LOOKED) % len(results)]
        names = {document["id"]: document["name"] for document in
                 lines(job / "documents-001.jsonl")}
        folder = self.desk.folder
        (folder / "one.p7s").write_bytes(base64.b64decode(row["signature"]))
        said = subprocess.run(
            ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in",
             "one.p7s", "-content", self.document(names[row["id"]]),
             "-CAfile", self.desk.keys.ca, "-purpose", "any", "-out",
             os.devnull], cwd=folder, check=False, capture_output=True)
        return [] if said.returncode == 0 else [f"signature: {said.stderr}"]

    def document(self, name):
        return self.desk.folder / name

    def closed(self):
        state = self.state()
        return [] if (state["status"], state["succeeded"]) == \
            ("CLOSED", self.count) else [f"state: {state}"]


class Create(Step):
    def prepare(self):
        pass

    def args(self):
        return ("create", *self.options("--process", "process.yaml"),
                "--requester", "build", "--id", self.batch)

    def torn(self):
        return super().torn() if self.job.exists() else []

    def done(self, args):
        return self.again(args)

    def faults(self):
        state = self.state()
        return super().faults() + (
            [] if state["status"] == "NEW" else [f"state: {state}"])


class Upload(Step):
    def prepare(self):
        self.desk.create(self.batch)
        for name in NAMES:
            self.desk.document(name)

    def args(self):
        return "upload", "--spool", "spool", "--process", "process.yaml", \
            self.batch, *NAMES

    def done(self, args):
        return self.again(args, "document-duplicate")

    def faults(self):
        state = self.state()
        rows = lines(self.job / "documents-001.jsonl")
        found = super().faults()
        if (state["documents"], state["uploads"]) != (COUNT, 1) or \
                [row["name"] for row in rows] != NAMES:
            found.append(f"state: {state}")
        return found


class Accept(Step):
    """The second of two officers: it becomes ACCEPTED."""
    count = 2

    def prepare(self):
        self.desk.office.policy(officers=("alice", "bob"))
        self.desk.process(approvalPolicy="release.yaml")
        super().prepare()
        self.desk.accept(self.batch, "alice")

    def args(self):
        return ("accept", *self.options("--process", "process.yaml"),
                "--reason", "it is fine", *self.signer("bob"), *self.agreed(),
                self.batch)

    def done(self, args):
        return self.again(args, "batch-status")

    def faults(self):
        state = self.state()
        pairs = sorted(path.name for path in self.job.glob("approval-*"))
        found = super().faults()
        if (state["status"], state["approvals"]) != ("ACCEPTED", 2):
            found.append(f"state: {state}")
        if pairs != ["approval-01.json", "approval-01.p7s",
                     "approval-02.json", "approval-02.p7s"]:
            found.append(f"approvals: {pairs}")
        ran = tool(self.desk, "run", "--spool", "spool", "--process",
                   "process.yaml", *self.signer("officer"), *self.agreed(),
                   self.batch)
        return found + ([] if ran.returncode == 0 else [f"run: {ran.stderr}"]) \
            + self.signed()


class Run(Step):
    jobs = "1"

    def prepare(self):
        super().prepare()
        self.desk.accept(self.batch)

    def args(self):
        return ("run", *self.options("--process", "process.yaml"), "-j",
                self.jobs, *self.signer(), *self.agreed(), self.batch)

    def faults(self):
        return super().faults() + self.closed() + self.signed()


class RunThreads(Run):
    """With two threads, and a key that gives other signatures each time."""
    jobs = "2"
    key = "officer"


class Download(Run):
    def prepare(self):
        super().prepare()
        done = tool(self.desk, *Run.args(self))
        assert done.returncode == 0, done.stderr

    def args(self):
        return ("download", *self.options("--process", "process.yaml"), "-o",
                "b1.zip", self.batch)

    def done(self, args):
        done = tool(self.desk, *args)
        return [] if done.returncode == 0 or "exists" in done.stderr else \
            [f"again: {done.stderr}"]

    def faults(self):
        said = subprocess.run(["unzip", "-tq", "b1.zip"], text=True,
                              cwd=self.desk.folder, capture_output=True,
                              check=False)
        return super().faults() + ([] if said.returncode == 0
                                   else [said.stdout])


class Delete(Download):
    def args(self):
        return "delete", *self.options(), self.batch

    def done(self, args):
        # Who died over it can have left content of what is DELETED.
        return self.again(args, "batch-status")

    def faults(self):
        state, found = self.state(), Step.faults(self) + self.signed()
        content = [path.name for path in self.job.glob("content-*")]
        if state["status"] != "DELETED" or content:
            found.append(f"state: {state} {content}")
        return found


class Import(Step):
    """The officer's side takes a request in."""

    def prepare(self):
        self.desk.process(trust=str(self.desk.keys.ca))
        super().prepare()
        done = tool(self.desk, "export", "--spool", "spool", "--process",
                    "process.yaml", "-o", "b1.request", self.batch)
        assert done.returncode == 0, done.stderr
        (self.desk.folder / "spool").rename(self.desk.folder / "theirs")

    def args(self):
        return ("import", "--spool", "spool", "--process", "process.yaml",
                "b1.request")

    def torn(self):
        return super().torn() if self.job.exists() else []

    def done(self, args):
        return self.again(args, "exchange-known")

    def sign(self):
        """What the officer does then."""
        common = self.options("--process", "process.yaml")
        return [f"{done.args[1]}: {done.stderr}" for done in (
            tool(self.desk, "accept", *common, *self.agreed(), self.batch),
            tool(self.desk, "run", *common, *self.signer(), *self.agreed(),
                 self.batch)) if done.returncode]

    def faults(self):
        return self.sign() + super().faults() + self.closed() + self.signed()


class ImportResponse(Import):
    """And back: the build host takes the response in."""

    def prepare(self):
        super().prepare()
        folder = self.desk.folder
        taken = tool(self.desk, *Import.args(self))
        assert self.sign() == []
        (folder / "audit.log").unlink()
        answered = tool(self.desk, "export", "--spool", "spool", "--process",
                        "process.yaml", "-o", "b1.response", self.batch)
        for done in (taken, answered):
            assert done.returncode == 0, done.stderr
        (folder / "spool").rename(folder / "officers")
        (folder / "theirs").rename(folder / "spool")

    def args(self):
        return ("import", "--spool", "spool", "--process", "process.yaml",
                "b1.response")

    def done(self, args):
        return self.again(args, "batch-status")

    def faults(self):
        return Step.faults(self) + self.closed() + self.signed()


class Watch(Step):
    """Twenty files and two that are refused, from IN to OUT and ERR."""

    def prepare(self):
        for name in ("in", "out", "err"):
            (self.desk.folder / name).mkdir()
        for name in NAMES:
            (self.desk.folder / "in" / name).write_text(f"this is {name}\n")
        (self.desk.folder / "in" / "-bad").write_text("bad")
        (self.desk.folder / "in" / "A.BIN").symlink_to("d00.bin")

    def args(self):
        return ("watch", *self.options("--process", "process.yaml"), "--once",
                "--settle", "0", "-j", "1", "--documents", "12",
                *self.signer(), "in", "out", "err")

    def torn(self):
        """Each file is somewhere, and no document is in OUT without its
        signature."""
        folder = self.desk.folder
        out = {path.name for path in (folder / "out").iterdir()}
        found = [f"{name} without signature" for name in NAMES
                 if name in out and f"{name}.p7s" not in out]
        everywhere = {path.name for path in folder.rglob("*")
                      if path.parent != folder}
        return found + [f"{name} is lost" for name in NAMES
                        if name not in everywhere]

    def done(self, args):
        done = tool(self.desk, *args)
        return [] if done.returncode in (0, 1) else [f"again: {done.stderr}"]

    def faults(self):
        folder = self.desk.folder
        found = super().faults()
        left = {name: sorted(path.name for path in (folder / name).rglob("*")
                             if path.name != ".packline-watch")
                for name in ("in", "out", "err")}
        if left["in"] != ["A.BIN"]:
            found.append(f"in: {left['in']}")
        if left["out"] != sorted(NAMES + [f"{name}.p7s" for name in NAMES]):
            found.append(f"out: {left['out']}")
        if len(left["err"]) != 3:
            found.append(f"err: {left['err']}")
        return found + self.once() + self.sound_file()

    def once(self):
        """In all batches together, each document has one result."""
        names = []
        for job in (self.desk.folder / "spool/batch/acme").glob("2*"):
            if (job / "results.jsonl").exists():
                by_id = {row["id"]: row["name"]
                         for row in lines(job / "documents-001.jsonl")}
                names += [by_id[row["id"]]
                          for row in lines(job / "results.jsonl")]
        return [] if sorted(names) == NAMES else [f"signed: {sorted(names)}"]

    def sound_file(self):
        out = self.desk.folder / "out"
        name = NAMES[next(LOOKED) % COUNT]
        if not (out / f"{name}.p7s").exists():
            return []
        said = subprocess.run(
            ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in",
             out / f"{name}.p7s", "-content", out / name, "-CAfile",
             self.desk.keys.ca, "-purpose", "any", "-out", os.devnull],
            check=False, capture_output=True)
        return [] if said.returncode == 0 else [f"signature: {said.stderr}"]


STEPS = [Create, Upload, Accept, Run, RunThreads, Download, Delete, Import,
         ImportResponse, Watch]

# SPDX-License-Identifier: Apache-2.0
"""A spool of packaging tasks, and who works with it.

    desk = Desk(run, keys, office, tmp_path)
    desk.device(kind="sealed", policy=True)     # ecu-a.yaml
    desk.create("t1")                           # -> the task record
    desk.approve("t1", "alice"); desk.approve("t1", "bob")
    desk.run_task("t1")
    desk.download("t1")                         # -> a path
"""

import hashlib

CONTENT = {"a.bin": b"first\n" * 3000, "b.bin": b"second\n"}
ACT = {"APPROVED": "tested", "REJECTED": "not on my watch"}


class Desk:
    """Everything lies in tmp_path; the spool is tmp_path/spool."""

    def __init__(self, run, keys, office, folder):
        self.run, self.keys, self.office, self.path = run, keys, office, folder
        for name, data in CONTENT.items():
            (folder / name).write_bytes(data)

    def device(self, name="ecu-a", tenant="acme", kind="sealed", policy=True,
               extra="", signing=True):
        """A device config -> its path."""
        path = self.path / f"{name}.yaml"
        text = (f"packline: 1\ndeviceConfig: {name}\ntenant: {tenant}\n"
                f"kind: {kind}\nsuite: packline-1\n")
        if kind != "signed":
            text += f"recipients: [{self.keys.cert('ecu-p256')}]\n"
        if policy:
            text += "approvalPolicy: release.yaml\n"
        if signing and kind != "encrypted":
            text += (f"signing: {{key: {self.keys.key('officer')}, "
                     f"cert: {self.keys.cert('officer')}}}\n")
        path.write_text(text + extra)
        return path

    def tool(self, verb, *args, check=0, **options):
        return self.run("pkg-seal", "task", verb, "--spool", "spool", *args,
                        check=check, **options)

    def create(self, id=None, *more, device="ecu-a.yaml", files=tuple(CONTENT),
               check=0, subject=("--name", "gateway", "--version", "1.0",
                                 "--requester", "build")):
        args = ("--id", id) if id else ()
        done = self.tool("create", "-d", device, *subject, *args, *more, *files,
                         check=check)
        return done.records[0] if check == 0 else done

    def status(self, id, *more):
        return self.tool("status", *more, id).records[0]

    def digest(self, id, *more):
        return self.status(id, *more)["manifest_sha256"]

    def approve_args(self, id, who, decision="APPROVED", reason=None, *more):
        return ("approve", "--decision", decision, "--reason",
                reason or ACT[decision], "--key", self.keys.key(who), "--cert",
                self.keys.cert(who), "--yes", "--expect-digest",
                self.digest(id), *more, id)

    def approve(self, id, who, decision="APPROVED", *more, reason=None,
                check=0):
        done = self.tool(*self.approve_args(id, who, decision, reason, *more),
                         check=check)
        return done.records[0] if check == 0 else done

    def approved(self, id, *more, **options):
        """Create it, and have both officers say yes."""
        self.create(id, *more, **options)
        self.approve(id, "alice")
        return self.approve(id, "bob")

    def run_task(self, id, *more, check=0):
        """With the key of the device config, as the task was approved."""
        done = self.tool("run", "--yes", "--expect-digest", self.digest(id),
                         *more, id, check=check)
        return done.records[0] if check == 0 else done

    def download(self, id, *more, name="out.seal"):
        self.tool("download", "-o", name, *more, id)
        return self.path / name

    def folder(self, id, tenant="acme"):
        return self.path / "spool/task" / tenant / id

    def verdict(self, path, trust, *more):
        done = self.run("pkg-verify", "--trust", trust, "--json", *more, path)
        return done


def sha256(data):
    return hashlib.sha256(data).hexdigest()

# SPDX-License-Identifier: Apache-2.0
"""A folder with a process, its policies and a spool, and the tool in it.

    desk = Batches(run, keys, tmp_path)
    desk.process(approvalPolicy="release.yaml")
    desk.create("b1", requester="build")
    desk.upload("b1", desk.document("boot.bin"))
    desk.accept("b1", "alice")
"""

import io
import json
import zipfile

import yaml
from office import Office


class Batches:
    def __init__(self, run, keys, folder):
        self._run, self.keys, self.folder = run, keys, folder
        self.office = Office(keys, folder)
        self.process()

    def process(self, file="process.yaml", **fields):
        """Write a process; a field that is None is left out."""
        body = {"id": 7, "name": "bootloaders", "tenant": "acme",
                "action": "sign", "form": "cms-detached", **fields}
        body = {key: value for key, value in body.items()
                if value is not None}
        path = self.folder / file
        path.write_text(yaml.safe_dump({"packline": 1, "process": body}))
        return path

    def run(self, verb, *args, code=0, **how):
        return self._run("pkg-batch", verb, "-C", self.folder, "--spool",
                         "spool", *args, check=code, **how)

    def record(self, verb, *args, **how):
        """The record that a verb writes."""
        return json.loads(self.run(verb, *args, **how).out)

    def create(self, name, *args, process="process.yaml", requester="build",
               **how):
        if requester:
            args = (*args, "--requester", requester)
        return self.run("create", "--process", process, "--id", name, *args,
                        **how)

    def document(self, name, data=None):
        (self.folder / name).write_bytes(
            f"this is {name}\n".encode() if data is None else data)
        return name

    def upload(self, batch, *files, **how):
        return self.run("upload", batch, *files, **how)

    def accept(self, batch, officer=None, *args, **how):
        if officer:
            args = ("--reason", f"{officer} has looked at it", "--key",
                    self.keys.key(officer), "--cert", self.keys.cert(officer),
                    *args)
        return self.run("accept", *args, batch, **how)

    def work(self, batch, *args, key="release", **how):
        """Run it with a key of the tests (None = without --key)."""
        if key:
            args = ("--key", self.keys.key(key), "--cert",
                    self.keys.cert(key), *args)
        return self.run("run", *args, batch, **how)

    def members(self, batch):
        """What is in its download, by name."""
        self.run("download", "--force", "-o", "out.zip", batch)
        with zipfile.ZipFile(self.folder / "out.zip") as box:
            return {name: box.read(name) for name in box.namelist()}

    def status(self, batch, *args):
        return self.record("status", *args, batch)

    def job(self, batch, tenant="acme"):
        return self.folder / "spool" / "batch" / tenant / batch

    def ready_to_run(self, name, *documents):
        """A batch that was accepted; its process must have no policy."""
        self.create(name)
        self.upload(name, *(self.document(each) for each in documents))
        self.accept(name)


def zip_of(**members):
    """The bytes of a ZIP file as Python makes it: names without .bin."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        for name, data in members.items():
            box.writestr(name.replace("_", "."), data)
    return out.getvalue()


def reason(answer):
    """The id in brackets of the error."""
    line = [each for each in answer.err.splitlines() if ": error: " in each]
    return line[-1].rsplit("[", 1)[-1].rstrip("]")

# SPDX-License-Identifier: Apache-2.0
"""Two sides of an air gap, for batches.

The build host has the folder `build`, the officer the folder `officer`, each
with a spool of its own; what they give to each other lies in `stick`.

    sides = Gap(run, keys, tmp_path)
    sides.answer()                      # there and back, but for
    sides.build.take(sides.response)    # the last step
"""

import json
import shutil
import zipfile

from reference import canonical, write_zip

DOCUMENTS = {"boot-a.bin": b"first\n", "boot-b.bin": b"\0" * 5000,
             "boot-c.bin": b""}
PROCESS = """\
packline: 1
process:
  id: 7
  name: bootloaders
  tenant: acme
  action: sign
  form: {form}
  names: '[a-z0-9.-]+\\.bin'
  trust: ca.pem
"""
POLICY = "  approvalPolicy: release.yaml\n"


class Side:
    """One of the two: a folder with the process and a spool."""

    def __init__(self, run, keys, folder, process):
        self.run, self.keys, self.folder = run, keys, folder
        folder.mkdir(exist_ok=True)
        shutil.copy(keys.ca, folder)
        (folder / "process.yaml").write_text(process)
        (folder / "release.yaml").write_text(
            "packline: 1\napprovals:\n  required: 2\n  officers:\n" +
            "".join(f"    - {{id: {who}, cert: {keys.cert(who)}, role: any}}\n"
                    for who in ("alice", "bob")))

    def __call__(self, verb, *args, **how):
        how = {"cwd": self.folder, "check": 0, **how}
        return self.run("pkg-batch", verb, "--spool", "spool", *args, **how)

    def create(self, *more, name="b1", documents=None):
        self("create", "--process", "process.yaml", "--id", name,
             "--requester", "build", *more)
        for document, data in (documents or DOCUMENTS).items():
            (self.folder / document).write_bytes(data)
        self("upload", name, *(documents or DOCUMENTS))
        return name

    def accept(self, *officers, name="b1", **how):
        for who in officers:
            self("accept", "--reason", "tested", "--key", self.keys.key(who),
                 "--cert", self.keys.cert(who), name, **how)

    def sign(self, *more, name="b1", who="officer", **how):
        return self("run", "--key", self.keys.key(who), "--cert",
                    self.keys.cert(who), *more, name, **how)

    def give(self, path, *more, name="b1", **how):
        return self("export", "--force", "-o", path, *more, name, **how)

    def take(self, path, *more, **how):
        return self("import", "--process", "process.yaml", *more, path, **how)

    def job(self, name="b1"):
        return self.folder / "spool" / "batch" / "acme" / name

    def state(self, name="b1"):
        return json.loads((self.job(name) / "state.json").read_text())

    def status(self, name="b1"):
        return self.state(name)["status"]


class Gap:
    """cache: where what was prepared once is kept, for all tests of a file."""

    def __init__(self, run, keys, root, form="cms-detached", extra=POLICY,
                 cache=None):
        process = PROCESS.format(form=form) + extra
        self.root, self.cache, self.kind = root, cache, (form, extra)
        self.again = lambda where: Gap(run, keys, where, form, extra)
        self.build = Side(run, keys, root / "build", process)
        self.officer = Side(run, keys, root / "officer", process)
        self.stick = root / "stick"
        self.stick.mkdir(exist_ok=True)
        self.request = self.stick / "b1.request"
        self.response = self.stick / "b1.response"

    def prepared(self, how, *more):
        """As if it were done here."""
        if self.cache is None:
            return getattr(self, how)(*more)
        key = how, self.kind, more
        if key not in self.cache:
            where = self.cache["factory"].mktemp("gap")
            getattr(self.again(where), how)(*more)
            self.cache[key] = where
        shutil.copytree(self.cache[key], self.root, dirs_exist_ok=True)
        return None

    def ask(self, *more):
        """The request file is on the stick."""
        self.prepared("asked", *more)

    def answer(self, *more):
        """Behind the gap, from the request to the response."""
        self.prepared("answered", *more)

    def asked(self, *more):
        self.build.create()
        self.build.give(self.request, *more)

    def signed_here(self):
        """On the build host, without officers."""
        self.build.create()
        self.build("accept", "b1")
        self.build.sign()

    def answered(self, *more):
        self.asked(*more)
        self.officer.take(self.request)
        self.officer.accept("alice", "bob")
        self.officer.sign()
        self.officer.give(self.response)


def members(path):
    with zipfile.ZipFile(path) as box:
        assert box.testzip() is None
        return [(one, box.read(one)) for one in box.namelist()]


def member(path, name):
    return dict(members(path))[name]


def reason(result):
    """The reason in a message: text [reason]"""
    first = result.err.splitlines()[0]
    return first[first.rindex("[") + 1:-1] if first.endswith("]") else None


def rewrite(path, changed=(), names=None, drop=(), header=None):
    """The file again, framed right, with some members changed."""
    changed = dict(changed)
    rows = [((names or {}).get(name, name), changed.get(name, data))
            for name, data in members(path) if name not in drop]
    if header is not None:
        rows = [(name, canonical({**json.loads(data), **header})
                 if name == "exchange.json" else data) for name, data in rows]
    path.write_bytes(write_zip(rows))


def changed_lines(lines, change):
    rows = [json.loads(line) for line in lines.splitlines()]
    change(rows)
    return b"".join(canonical(row) + b"\n" for row in rows)

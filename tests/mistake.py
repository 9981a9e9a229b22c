# SPDX-License-Identifier: Apache-2.0
"""What users do wrong: a folder, a command that fails in it, what it says.

    @mistake("pkg-hash no-such-file", exits=4)
    def wrong_path(box):
        ...

The function prepares the folder.  In commands and files KEYS is the folder of
the test keys.  What the tool said is compared with a golden file.
"""

import dataclasses
import hashlib
import os
import pty
import re
import shlex
import stat
import subprocess
import zipfile

from support import bin_folder, clean_environment

MANIFEST = """\
packline: 1
tenant: acme
product: {name: demo, version: "1.0"}
modules:
  - name: demo-os
    version: "1.0"
    type: os
    artifacts:
      - path: os.bin
sets:
  - name: demo
    version: "1.0"
    type: os
    modules: [demo-os]
"""
DEVICE = """\
packline: 1
deviceConfig: ecu-a
tenant: acme
kind: sealed
suite: packline-1
recipients: [KEYS/ecu-p256.pem]
"""
POLICY = """\
packline: 1
approvals:
  required: 1
  officers:
    - {id: alice, cert: KEYS/alice.pem, role: product}
"""
SIGN = "--key KEYS/officer.key --cert KEYS/officer.pem"
SUBJECT = "--tenant acme --name demo --version 1.0"

# What differs from one run to the next, and what stands for it.
MASKS = [(re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "TIME"),
         (re.compile(r"\b[0-9a-f]{64}\b"), "SHA256"),
         (re.compile(r"\b[0-9a-f]{12}\b"), "SHORT")]


@dataclasses.dataclass
class Mistake:
    name: str
    command: str
    exits: int
    prepare: object
    input: bytes = b""
    tty: bool = False       # standard output is a terminal
    env: dict = dataclasses.field(default_factory=dict)


MISTAKES = {}


def mistake(command, exits, **how):
    def note(prepare):
        name = prepare.__name__
        assert name not in MISTAKES
        MISTAKES[name] = Mistake(name, command, exits, prepare, **how)
        return prepare

    return note


class Box:
    """The folder of one mistake, in which os.bin, app.bin lie."""

    def __init__(self, path, keys):
        self.path = path / "box"
        self.spool = path / "spool"
        self.keys = str(keys.folder)
        self.path.mkdir()
        self.spool.mkdir()
        self.write("os.bin", "an operating system\n")
        self.write("app.bin", "an application\n")

    def write(self, name, text, mode=0o644):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, str):
            text = text.replace("KEYS", self.keys).encode()
        path.write_bytes(text)
        path.chmod(mode)

    def manifest(self, old="", new="", text=MANIFEST):
        """product.yaml, with one thing in it made wrong."""
        assert old in text
        self.write("product.yaml", text.replace(old, new, 1))

    def sealed_manifest(self):
        """The os artifact goes out sealed, for ecu-a.yaml."""
        self.manifest("path: os.bin", "{path: os.bin, seal: ecu-a.yaml}")
        self.device()

    def device(self, old="", new=""):
        assert old in DEVICE
        self.write("ecu-a.yaml", DEVICE.replace(old, new, 1))

    def cut(self, name, missing):
        """Take the last bytes away."""
        path = self.path / name
        os.truncate(path, path.stat().st_size - missing)

    def edit(self, name, old, new):
        text = (self.path / name).read_text()
        assert old in text
        (self.path / name).write_text(text.replace(old, new))

    def argv(self, command):
        words = shlex.split(command.replace("KEYS", self.keys))
        return [bin_folder() / words[0], *map(os.fsencode, words[1:])]

    def does(self, command):
        """What went well before; its standard output."""
        done = subprocess.run(
            self.argv(command), cwd=self.path, env=clean_environment(),
            capture_output=True, check=False)
        assert done.returncode == 0, done
        return done.stdout.decode()

    @staticmethod
    def sha256_of_line(text):
        """Of the first line: a manifest, as show prints it."""
        return hashlib.sha256(text.splitlines()[0].encode()).hexdigest()

    def container(self, name, options=""):
        """A signed container with os.bin."""
        self.does(f"pkg-seal create {SUBJECT} {SIGN} {options} -o {name} "
                  "os.bin")

    def policy(self, old="", new=""):
        assert old in POLICY
        self.write("release.yaml", POLICY.replace(old, new, 1))

    def draft_under_policy(self):
        """os.draft, which alice must approve."""
        self.policy()
        self.does(f"pkg-seal create {SUBJECT} --policy release.yaml "
                  "--requester build -o os.draft os.bin")

    def approved(self, name):
        """A container that she has approved."""
        self.draft_under_policy()
        digest = hashlib.sha256(zipfile.ZipFile(self.path / "os.draft").read(
            "META-INF/manifest.json")).hexdigest()
        yes = f"--policy release.yaml --yes --expect-digest {digest}"
        self.does("pkg-seal approve --decision APPROVED --reason ok "
                  f"--key KEYS/alice.key --cert KEYS/alice.pem {yes} "
                  "-o approved.draft os.draft")
        self.does(f"pkg-seal sign {SIGN} {yes} -o {name} approved.draft")

    def snapshot(self):
        """Everything that is there: nothing of it may change."""
        found = {}
        for folder, folders, files in os.walk(os.fsencode(self.path)):
            for name in folders + files:
                path = os.path.join(folder, name)
                seen = os.lstat(path)
                digest = None
                if stat.S_ISREG(seen.st_mode) and os.access(path, os.R_OK):
                    with open(path, "rb") as file:
                        digest = hashlib.sha256(file.read()).hexdigest()
                found[path] = (seen.st_mode, seen.st_mtime_ns, seen.st_ino,
                               digest)
        return found


def without_superpowers(argv):
    """Root can read and write everything: not with this."""
    if os.geteuid() != 0:
        return argv
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search",
            *argv]


def run_on_terminal(argv, **options):
    """Standard output is a terminal."""
    primary, secondary = pty.openpty()
    try:
        done = subprocess.run(argv, stdout=secondary, stderr=subprocess.PIPE,
                              **options)
        os.close(secondary)
        secondary = -1
        try:
            done.stdout = os.read(primary, 1 << 16)
        except OSError:     # nothing was written
            done.stdout = b""
        return done
    finally:
        os.close(primary)
        if secondary >= 0:
            os.close(secondary)


def make(case, box):
    """Run it; what a user sees then, as the golden files have it."""
    options = {"cwd": box.path, "input": case.input, "timeout": 120,
               "check": False,
               "env": clean_environment(TMPDIR=box.spool, **case.env)}
    argv = without_superpowers(box.argv(case.command))
    if case.tty:
        done = run_on_terminal(argv, **options)
    else:
        # A session of its own: nobody sits at a terminal.
        done = subprocess.run(argv, capture_output=True,
                              start_new_session=True, **options)
    results = [line for line in done.stdout.splitlines(keepends=True)
               if not line.startswith(b"{")]    # for programs, not for users
    command = os.fsencode(f"$ {case.command}\n")
    text = (command + b"".join(results) + done.stderr).decode(
        "utf-8", "backslashreplace")
    text = text.replace(box.keys, "KEYS").replace(str(box.path), "HERE")
    for pattern, name in MASKS:
        text = pattern.sub(name, text)
    return done.returncode, text

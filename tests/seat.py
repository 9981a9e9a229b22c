# SPDX-License-Identifier: Apache-2.0
"""A seat where somebody signs with pkg-seal, and keeps an audit log.

    seat = Seat(run, keys, tmp_path)
    seat.draft(); seat.sign()                   # -> a.seal
    seat.log()                                  # -> its lines
    seat.head(); seat.verify("--head", "head.json", "--trust", keys.ca)
"""

import hashlib
import json
import subprocess

from support import manifest_sha256

SUBJECT = ("--tenant", "acme", "--name", "gateway", "--version", "2.0")


class Seat:
    """Where somebody signs, with a log."""

    def __init__(self, run, keys, folder):
        self.run, self.keys, self.folder = run, keys, folder
        (folder / "app.bin").write_bytes(b"firmware\n")

    def key(self, name):
        return ("--key", self.keys.key(name), "--cert", self.keys.cert(name))

    def draft(self, *more):
        self.run("pkg-seal", "create", *SUBJECT, *more, "-o", "a.draft",
                 "--force", "app.bin", check=0)

    def yes(self, name):
        data = (self.folder / name).read_bytes()
        return ("--yes", "--expect-digest", manifest_sha256(data))

    def sign(self, *more, output="a.seal", code=0, verb="sign",
             source="a.draft", **how):
        return self.run("pkg-seal", verb, *self.key("officer"),
                        *self.yes(source), "--audit-log", "log", *more, "-o",
                        output, "--force", source, check=code, **how)

    def log(self):
        return [json.loads(line) for line in
                (self.folder / "log").read_text().splitlines()]

    def verify(self, *more, code=0):
        done = self.run("pkg-verify", "log", *more, check=code)
        return done.records[0] if done.records else done

    def head(self, name="head.json", *more, code=0):
        return self.run("pkg-seal", "head", "log", "-o", name,
                        *(more or self.key("officer")), check=code)


def sha256_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def certificate_sha256(keys, name):
    der = subprocess.run(["openssl", "x509", "-in", keys.cert(name),
                          "-outform", "DER"], capture_output=True, check=True)
    return hashlib.sha256(der.stdout).hexdigest()

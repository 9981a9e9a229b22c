# SPDX-License-Identifier: Apache-2.0
"""The example product, built, sealed, bundled and signed."""

import json
import os
import re
import shutil
import subprocess

from support import ROOT, bin_folder, clean_environment

GATEWAY = ROOT / "examples" / "gateway"


class Gateway:
    """A folder with product/, keys/, sealed/, gateway.bundle; its lock."""

    def __init__(self, folder, suffix):
        self.folder = folder
        self.suffix = suffix
        self.bundle = folder / "gateway.bundle"
        self.lock = None
        self.records = {}       # filename -> what the server should have

    def tool(self, name, *args):
        done = subprocess.run(
            [bin_folder() / name, *map(str, args)], cwd=self.folder,
            env=clean_environment(), capture_output=True, text=True,
            check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done
        return done.stdout

    def script(self, name, *args):
        subprocess.run(["sh", GATEWAY / name, *args], cwd=self.folder,
                       check=True, capture_output=True,
                       env=dict(os.environ))

    def product(self):
        """Names are new in each run, so that a server can be used again."""
        self.script("make-artifacts.sh", "product")
        self.script("make-test-keys.sh", "keys")
        shutil.copytree(self.folder / "keys/certs",
                        self.folder / "product/certs")
        shutil.copy(GATEWAY / "ecu-a.yaml", self.folder / "product")
        text = (GATEWAY / "gateway.yaml").read_text()
        (self.folder / "product/gateway.yaml").write_text(text)

    def sign(self, draft, output, *options):
        shown = self.tool("pkg-seal", "show", draft)
        digest = re.search(r"^manifest +(\S+)$", shown, re.M)[1]
        return self.tool("pkg-seal", "sign", "--key",
                         "keys/private/release.key", "--cert",
                         "keys/certs/release.pem", "--yes", "--expect-digest",
                         digest, *options, "-o", output, draft)

    def make(self):
        self.product()
        defines = [f"-DVERSION=1.4.0-{self.suffix}",
                   f"-DBUILD_ID=b-{self.suffix}",
                   f"-DUBOOT_VERSION=2026.07-{self.suffix}"]
        self.tool("pkg-manifest", "resolve", *defines, "-o",
                  "product/gateway.lock", "product/gateway.yaml")
        self.lock = json.loads(
            (self.folder / "product/gateway.lock").read_text())
        drafts = self.tool("pkg-seal", "create", "--from-lock",
                           "product/gateway.lock", "-o", "drafts")
        (self.folder / "drafts.jsonl").write_text(drafts)
        (self.folder / "sealed").mkdir()
        record = self.sign(json.loads(drafts)["path"], "sealed/rootfs.seal",
                           "--records", "drafts.jsonl")
        (self.folder / "sealed.jsonl").write_text(record)
        self.tool("pkg-manifest", "bundle", "--containers", "sealed.jsonl",
                  "-o", "gateway.draft", "product/gateway.lock")
        self.sign("gateway.draft", "gateway.bundle")
        self.expect(json.loads(record))
        return self

    def expect(self, container):
        """By the lock; of the sealed one by its container."""
        for module in self.lock["modules"]:
            for one in module["artifacts"]:
                source = container if "seal" in one else one
                self.records[one["filename"]] = {
                    key: source[key]
                    for key in ("size", "md5", "sha1", "sha256")}


def make(folder):
    return Gateway(folder, os.urandom(3).hex()).make()

# SPDX-License-Identifier: Apache-2.0
"""The recipe for everybody, run on each container that pkg-verify accepts.

What we say yes to, other people's tools say yes to as well: unzip, openssl, jq
and sha256sum, as schemas/container.md has them.  The recipe knows neither
policies nor clocks, so a no of ours means nothing here.
"""

import itertools
import json
import pathlib
import subprocess
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
LARGEST = 64 << 20      # bytes; tests/long has its own


def recipe(title):
    """The commands that stand under a line of schemas/container.md."""
    text = (ROOT / "schemas" / "container.md").read_text()
    lines = text.split(title + "\n\n", 1)[1].splitlines()
    block = itertools.takewhile(lambda line: line.startswith("    "), lines)
    return "\n".join(line[4:] for line in block)


VERIFY = recipe("Anyone can check a container:")


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, check=True,
                          capture_output=True).stdout


def spki(pem):
    """SHA-256 of a certificate's public key, in hex."""
    public = openssl("x509", "-noout", "-pubkey", data=pem)
    der = openssl("pkey", "-pubin", "-outform", "DER", data=public)
    return openssl("dgst", "-sha256", "-r", data=der).split()[0].decode()


def certificates(p7s):
    """The PEM certificates in a signature."""
    text = openssl("pkcs7", "-inform", "DER", "-in", p7s, "-print_certs")
    end = b"-----END CERTIFICATE-----\n"
    return [part[part.index(b"-----BEGIN"):] + end
            for part in text.split(end)[:-1]]


class Stock:
    """Checks what was accepted; each container once."""

    def __init__(self):
        self.seen = set()
        self.checked = 0

    def __call__(self, data, verdict):
        """data: the container; verdict: what pkg-verify said of it."""
        known = (verdict["manifest_sha256"], len(data),
                 tuple(s["spki"] for s in verdict["signers"]))
        if known in self.seen:
            return
        self.seen.add(known)
        with tempfile.TemporaryDirectory() as folder:
            self.check(pathlib.Path(folder), data, verdict)
        self.checked += 1

    def check(self, folder, data, verdict):
        (folder / "c.seal").write_bytes(data)
        self.run(folder, "unzip -q c.seal")
        self.same_members(folder)
        wanted = {signer["spki"] for signer in verdict["signers"]}
        if not wanted:      # encrypted, and signed by nobody
            digests = "jq" + VERIFY.split("jq", 1)[1]
            self.run(folder, digests)
            return
        for p7s in sorted(folder.glob("META-INF/sig-*.p7s")):
            pinned = [pem for pem in certificates(p7s) if spki(pem) in wanted]
            if not pinned:
                continue    # a stranger's, which does not count
            wanted.discard(spki(pinned[0]))
            # The verifier has judged chain and clock by what it was given;
            # here the signer himself is the anchor.
            (folder / "pinned.pem").write_bytes(pinned[0])
            (folder / "ca.pem").write_bytes(pinned[0])
            script = VERIFY.replace("unzip -q c.seal &&", "").replace(
                "sig-00.p7s", p7s.name).replace(
                "-CAfile", "-partial_chain -no_check_time -CAfile")
            assert "-partial_chain" in script and "unzip" not in script
            self.run(folder, script)
        assert not wanted, f"no signature of {wanted} found"

    @staticmethod
    def same_members(folder):
        """Python reads what unzip has unpacked: all of it, and no more."""
        with zipfile.ZipFile(folder / "c.seal") as box:
            names = box.namelist()
            assert box.testzip() is None and len(set(names)) == len(names)
            unpacked = {str(path.relative_to(folder))
                        for path in folder.rglob("*") if path.is_file()}
            assert unpacked - {"c.seal"} == set(names)
            for name in names:
                assert box.read(name) == (folder / name).read_bytes()

    @staticmethod
    def run(folder, script):
        done = subprocess.run(["sh", "-euc", script], cwd=folder, check=False,
                              capture_output=True)
        assert done.returncode == 0, (
            "pkg-verify accepts what the recipe refuses", script, done)


STOCK = Stock()


def check_accepted(cwd, result, stdin):
    """After a run of pkg-verify that ended with 0."""
    for line in result.raw.splitlines():
        record = json.loads(line) if line.startswith(b"{") else {}
        if record.get("type") != "verdict" or not record["ok"]:
            continue
        if record["path"] != "-":
            path = pathlib.Path(cwd, record["path"])
            if not path.is_file() or path.stat().st_size > LARGEST:
                continue
            STOCK(path.read_bytes(), record)
        elif isinstance(stdin, bytes):
            STOCK(stdin, record)

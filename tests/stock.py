# SPDX-License-Identifier: Apache-2.0
"""The recipe for everybody, run on each container that the tests make.

What pkg-verify accepts and what pkg-seal writes is good for other people's
tools as well: unzip, openssl, jq and sha256sum, as schemas/container.md has
them.  The recipe knows neither policies nor clocks, so a no of ours means
nothing here.
"""

import hashlib
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
    """Checks containers; each once."""

    def __init__(self):
        self.seen = set()

    def __call__(self, data, signers=None):
        """data: the container; signers: SPKIs that must have signed it.

        None: whoever is in it, if anybody.
        """
        known = (hashlib.sha256(data).digest(), tuple(signers or ()))
        if known in self.seen:
            return
        self.seen.add(known)
        with tempfile.TemporaryDirectory() as folder:
            self.check(pathlib.Path(folder), data, signers)

    def check(self, folder, data, signers):
        (folder / "c.seal").write_bytes(data)
        self.run(folder, "unzip -q c.seal")
        self.same_members(folder)
        wanted = set(signers or ())
        for p7s in sorted(folder.glob("META-INF/sig-*.p7s")):
            pinned = certificates(p7s)
            if signers is not None:
                pinned = [pem for pem in pinned if spki(pem) in wanted]
            if not pinned:
                continue    # a stranger's, which does not count
            wanted -= {spki(pem) for pem in pinned}
            # The verifier has judged chain and clock by what it was given;
            # here the signer himself is the anchor.
            (folder / "pinned.pem").write_bytes(b"".join(pinned))
            (folder / "ca.pem").write_bytes(b"".join(pinned))
            script = VERIFY.replace("unzip -q c.seal &&", "").replace(
                "sig-00.p7s", p7s.name).replace(
                "-CAfile", "-partial_chain -no_check_time -CAfile")
            assert "-partial_chain" in script and "unzip" not in script
            self.run(folder, script)
        assert not wanted, f"no signature of {wanted} found"
        if not signers:     # there may be none: at least the digests
            self.run(folder, "jq" + VERIFY.split("jq", 1)[1])

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


def check_run(tool, cwd, result, stdin):
    """After a run of TOOL that ended with 0."""
    if not result.raw.startswith(b'{"'):
        return      # lines for people, or a container, in which all may stand
    for line in result.raw.splitlines():
        record = json.loads(line) if line.startswith(b'{"') else {}
        if tool == "pkg-verify" and record.get("type") == "verdict":
            signers = [signer["spki"] for signer in record["signers"]]
        elif tool == "pkg-seal" and record.get("type") == "container":
            signers = None
        else:
            continue
        path = pathlib.Path(cwd, record.get("path") or "-")
        if record.get("path") == "-" and isinstance(stdin, bytes):
            STOCK(stdin, signers)
        elif path.is_file() and path.stat().st_size <= LARGEST:
            STOCK(path.read_bytes(), signers)

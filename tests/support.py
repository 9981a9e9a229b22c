# SPDX-License-Identifier: Apache-2.0
"""Running a tool, and keys to run it with; conftest.py makes fixtures of it.

PKG_BIN names the folder with the built tools; the rest of that build is found
from it.
"""

import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import re
import struct
import subprocess

import pytest
import stock

ROOT = pathlib.Path(__file__).resolve().parents[1]
SANITIZER = 99  # exit status of a sanitizer's report, unlike any of ours


def bin_folder():
    folder = pathlib.Path(os.environ.get("PKG_BIN", ROOT / "build" / "tools"))
    if not folder.is_dir():
        pytest.exit(f"PKG_BIN: {folder} is not a folder: build first", 2)
    return folder.resolve()


def tool_names():
    """Every tool that is built, for parametrize."""
    return sorted(path.name for path in bin_folder().glob("pkg-*")
                  if path.is_file() and os.access(path, os.X_OK))


def clean_environment(**extra):
    """Nothing of the caller's environment changes what a tool does."""
    keep = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH")
    env = {name: os.environ[name] for name in keep if name in os.environ}
    env.update(LC_ALL="C.UTF-8", TZ="UTC",
               ASAN_OPTIONS=f"exitcode={SANITIZER}:detect_leaks=1",
               UBSAN_OPTIONS=f"exitcode={SANITIZER}:print_stacktrace=1")
    env.update({name: str(value) for name, value in extra.items()})
    return env


@functools.cache
def is_sanitized(folder):
    """The bytes that it writes are those of the other build: once is enough."""
    cache = (folder.parent / "CMakeCache.txt").read_text()
    return re.search(r"^PKG_SANITIZE:\w+=.", cache, re.M) is not None


@functools.cache
def strace_works():
    """It is there, and a container, say, lets it trace."""
    try:
        return subprocess.run(
            ["strace", "-f", "-o", "/dev/null", "true"], check=False,
            capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@dataclasses.dataclass
class Result:
    """How a tool ended and what it said."""
    code: int
    raw: bytes      # standard output
    err: str        # standard error

    @property
    def out(self):
        return self.raw.decode("utf-8", "surrogateescape")

    @property
    def records(self):
        """Standard output as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def messages(self):
        """Standard error as JSON Lines (--json)."""
        return [json.loads(line) for line in self.err.splitlines()]


class Runner:
    """run("pkg-hash", "--format", "gnu", path, cwd=tmp_path) -> Result"""

    def __init__(self, folder, cwd):
        self.folder = folder
        self.cwd = cwd

    def __call__(self, tool, *args, input=None, cwd=None, env=None,
                 check=None, timeout=900, agree=True, **options):
        """Run to the end; containers are checked by stock.py, too.

        input: text or bytes for standard input (default: /dev/null).
        env: further variables.  check: the exit status that is expected.
        agree: say yes where a person would be asked before a key is used.
        """
        if isinstance(input, str):
            input = input.encode()
        if agree and tool == "pkg-seal" and args[:1] in ASKS:
            args += agreement(args, input, pathlib.Path(cwd or self.cwd))
        if agree and tool == "pkg-batch" and args[:1] in BATCH_ASKS:
            args += self.batch_agreement(args, cwd)
        if input is None:
            options.setdefault("stdin", subprocess.DEVNULL)
        else:
            options["input"] = input
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        done = subprocess.run(
            [self.folder / tool, *map(os.fspath, map(plain, args))],
            cwd=cwd or self.cwd, env=clean_environment(**(env or {})),
            timeout=timeout, check=False, **options)
        err = (done.stderr or b"").decode("utf-8", "surrogateescape")
        result = Result(done.returncode, done.stdout or b"", err)
        assert 0 <= result.code <= 5, f"{tool} {args}: {result}"
        if check is not None:
            assert result.code == check, f"{tool} {args}: {result}"
        if result.code == 0 and tool in ("pkg-verify", "pkg-seal") and \
                not is_sanitized(self.folder):
            stock.check_run(tool, cwd or self.cwd, result, input)
        return result


    def batch_agreement(self, args, cwd):
        """--yes and the digest of the request, as `status` tells it."""
        if "--yes" in args or "--spool" not in args:
            return ()
        if "--expect-digest" in args:
            return ("--yes",)
        pairs = list(zip(args, args[1:]))
        where = [word for option, value in pairs for word in (option, value)
                 if option in ("--spool", "--tenant", "--process", "-C")]
        shown = self("pkg-batch", "status", *where, "--format", "jsonl",
                     args[-1], cwd=cwd)
        digest = shown.records[0].get("requestSha256") if shown.code == 0 \
            else None
        return "--yes", "--expect-digest", digest or "0" * 64


def files_in(folder):
    """Relative name -> content of everything below folder; b"" for a folder."""
    return {str(path.relative_to(folder)):
            b"" if path.is_dir() else path.read_bytes()
            for path in folder.rglob("*")}


def plain(arg):
    return arg if isinstance(arg, (bytes, os.PathLike)) else str(arg)


# -- saying yes, as a person does on a terminal --------------------------------

ASKS = ("sign",), ("resign",), ("approve",)     # verbs of pkg-seal
BATCH_ASKS = ("accept",), ("run",)              # verbs of pkg-batch


def manifest_sha256(data):
    """Of a container or a request; zeros if it is none, as nobody signs it."""
    def member(at):
        name, extra = struct.unpack("<HH", data[at + 26:at + 30])
        size, = struct.unpack("<I", data[at + 22:at + 26])
        at += 30 + name + extra
        return at, at + size

    try:
        _, end = member(0)
        start, end = member(end)
        return hashlib.sha256(data[start:end]).hexdigest()
    except struct.error:
        return "0" * 64


def agreement(args, input, cwd):
    """--yes and the digest of what is named in the arguments."""
    if "--yes" in args:
        return ()
    if "--expect-digest" in args:
        return ("--yes",)
    before = ("",) + args
    data = input or b""
    for option, arg in zip(before, args):
        path = cwd / os.fsdecode(plain(arg))
        if option in ("-o", "--output", "--records") or not path.is_file():
            continue
        head = path.read_bytes()
        if head.startswith(b"PK"):
            data = head
    return "--yes", "--expect-digest", manifest_sha256(data)


# -- keys ---------------------------------------------------------------------

EXTENSIONS = {
    "ca": "basicConstraints=critical,CA:TRUE\n"
          "keyUsage=critical,keyCertSign,cRLSign\n",
    "signer": "basicConstraints=critical,CA:FALSE\n"
              "keyUsage=critical,digitalSignature\n"
              "extendedKeyUsage=codeSigning\n",
    "rsa-recipient": "basicConstraints=critical,CA:FALSE\n"
                     "keyUsage=critical,keyEncipherment\n",
    "ec-recipient": "basicConstraints=critical,CA:FALSE\n"
                    "keyUsage=critical,keyAgreement\n",
}
RSA = ["RSA", "-pkeyopt", "rsa_keygen_bits:3072"]
RSA_2048 = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
P256 = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
P384 = ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]


class Keys:
    """Private keys (NAME.key) and certificates (NAME.pem) in one folder.

    keys.key("release"), keys.cert("release"), keys.ca
    """
    passphrase = "correct horse"

    def __init__(self, folder):
        self.folder = folder
        for kind, text in EXTENSIONS.items():
            same = "subjectKeyIdentifier=hash\n"
            (folder / f"{kind}.ext").write_text(text + same)

    def path(self, name):
        return self.folder / name

    def key(self, name):
        return self.path(f"{name}.key")

    def cert(self, name):
        return self.path(f"{name}.pem")

    @property
    def ca(self):
        return self.cert("ca")

    def openssl(self, *args, cwd=None):
        return subprocess.run(["openssl", *map(str, args)], check=True,
                              cwd=cwd or self.folder, capture_output=True)

    def output(self, *args):
        return self.openssl(*args).stdout.decode()

    def new_key(self, name, algorithm):
        self.openssl("genpkey", "-algorithm", *algorithm, "-out",
                     self.key(name))
        self.key(name).chmod(0o600)

    def new_ca(self, name):
        self.new_key(name, P256)
        self.openssl("req", "-new", "-key", self.key(name), "-subj",
                     f"/CN=Test {name}", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-signkey",
                     self.key(name), "-days", 3650, "-extfile", "ca.ext",
                     "-out", self.cert(name))

    def new_cert(self, name, algorithm, kind, ca="ca", days=365):
        """days < 0: expired."""
        self.new_key(name, algorithm)
        self.openssl("req", "-new", "-key", self.key(name), "-subj",
                     f"/O=Acme/CN={name}", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA",
                     self.cert(ca), "-CAkey", self.key(ca), "-CAcreateserial",
                     "-days", days, "-extfile", f"{kind}.ext", "-out",
                     self.cert(name))

    def pkcs12(self, name, passphrase):
        """NAME.p12 with the key and certificate NAME."""
        self.openssl("pkcs12", "-export", "-inkey", self.key(name), "-in",
                     self.cert(name), "-passout", f"pass:{passphrase}",
                     "-out", f"{name}.p12")
        self.path(f"{name}.p12").chmod(0o600)

    def secret(self, name, text):
        """A file that only we can read, for --passphrase file:PATH."""
        path = self.path(name)
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path

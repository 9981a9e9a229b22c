# SPDX-License-Identifier: Apache-2.0
"""Tokens made of software (SoftHSM), with the keys that the tests use."""

import collections
import re
import shutil
import subprocess

from support import clean_environment

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
SPY = "/usr/lib/x86_64-linux-gnu/pkcs11/pkcs11-spy.so"
PIN = "271828"
SO_PIN = "31415926"
P384_SPKI = "3076301006072a8648ce3d020106052b81040022036200"

# label: id, type, and what the key may do
KEYS = {
    "rsa": ("01", "rsa:3072", "sign", "decrypt"),
    "p256": ("02", "EC:secp256r1", "sign", "derive"),
    "p384": ("03", "EC:secp384r1", "sign", "derive"),
    "rsa-small": ("04", "rsa:2048", "sign"),
    "p521": ("05", "EC:secp521r1", "sign"),
    "careful": ("08", "EC:secp256r1", "sign", "always-auth"),
}


class Tokens:
    """A folder with the tokens that one configuration of SoftHSM shows."""

    def __init__(self, folder):
        self.folder = folder
        self.conf = folder / "softhsm2.conf"
        self.pin = folder / "pin"
        self.spied = folder / "spy.log"
        folder.mkdir(exist_ok=True)
        (folder / "tokens").mkdir(exist_ok=True)
        self.conf.write_text(f"directories.tokendir = {folder}/tokens\n"
                             "objectstore.backend = file\n"
                             "log.level = ERROR\n")
        # What these leak is not ours to find.
        (folder / "lsan").write_text("leak:pkcs11-spy.so\nleak:pkcs11.so\n"
                                     "leak:libsofthsm2.so\n")
        self.pin.write_text(PIN + "\n")
        self.pin.chmod(0o600)

    def copy(self, folder):
        """The same tokens for one test, which may break them."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Tokens(folder)

    @property
    def env(self):
        """For the tools, and for pkcs11-spy if that is their module."""
        return {"SOFTHSM2_CONF": self.conf, "PKCS11SPY": MODULE,
                "PKCS11SPY_OUTPUT": self.spied,
                "LSAN_OPTIONS": f"suppressions={self.folder}/lsan:"
                                "print_suppressions=0"}

    @property
    def leaky_env(self):
        """The same where something leaks that is unloaded again: then the
        sanitizer cannot tell whose it was."""
        return {**self.env, "ASAN_OPTIONS": "detect_leaks=0:exitcode=99"}

    def command(self, *args):
        done = subprocess.run(list(map(str, args)), check=True,
                              capture_output=True, text=True,
                              env=clean_environment(**self.env))
        return done.stdout

    def new_token(self, label, pin=PIN):
        """The folder in which SoftHSM keeps it."""
        before = set((self.folder / "tokens").iterdir())
        self.command("softhsm2-util", "--init-token", "--free", "--label",
                     label, "--so-pin", SO_PIN, "--pin", pin)
        new, = set((self.folder / "tokens").iterdir()) - before
        return new

    def new_key_without(self, right):
        """Token "poor" with a P-256 key "key" that lacks CKA_SIGN (0x108) or
        CKA_DERIVE (0x10c).  SoftHSM grants all rights but has them on disk
        as: the attribute's number, the kind (1: a bool), 0xff."""
        folder = self.new_token("poor")
        self.new_key("key", "01", "EC:secp256r1", "sign", "derive",
                     label="poor")
        name = right.to_bytes(8, "big") + (1).to_bytes(8, "big")
        changed = 0
        for path in folder.glob("*.object"):
            data = path.read_bytes()
            changed += data.count(name + b"\xff")
            path.write_bytes(data.replace(name + b"\xff", name + b"\0"))
        assert changed

    def tool(self, *args, label="acme", pin=PIN):
        return self.command("pkcs11-tool", "--module", MODULE, "--token-label",
                            label, "--login", "--pin", pin, *args)

    def new_key(self, name, number, kind, *rights, label="acme"):
        self.tool("--keypairgen", "--key-type", kind, "--label", name, "--id",
                  number, *(f"--{r}" if r == "always-auth" else f"--usage-{r}"
                            for r in rights), label=label)

    def public_key(self, name, label, pin=PIN):
        """DER SubjectPublicKeyInfo; pkcs11-tool 0.23 cannot write P-384."""
        if name == "p384":
            listed = self.tool("--list-objects", "--type", "pubkey")
            point = re.search(r"EC_POINT: +0461(04[0-9a-f]{192})", listed)
            return bytes.fromhex(P384_SPKI + point[1])
        path = self.folder / "public.der"
        self.tool("--read-object", "--type", "pubkey", "--label", name, "-o",
                  path, label=label, pin=pin)
        return path.read_bytes()

    def new_cert(self, keys, name, kind, label="acme", pin=PIN):
        """A certificate of keys.ca for the key; its path."""
        path = keys.cert(f"{label}-{name}-{kind}")
        if path.exists():
            return path
        keys.path("token.der").write_bytes(self.public_key(name, label, pin))
        keys.openssl("pkey", "-pubin", "-inform", "DER", "-in", "token.der",
                     "-out", "token.pub")
        keys.openssl("req", "-new", "-key", keys.key("ca"), "-subj",
                     f"/O=Acme/CN={name} in a token", "-out", "token.csr")
        keys.openssl("x509", "-req", "-in", "token.csr", "-force_pubkey",
                     "token.pub", "-CA", keys.ca, "-CAkey", keys.key("ca"),
                     "-CAcreateserial", "-days", 365, "-extfile",
                     f"{kind}.ext", "-out", path)
        return path

    def put_cert(self, keys, path, number, label="acme"):
        """Keep a certificate in the token too."""
        keys.openssl("x509", "-in", path, "-outform", "DER", "-out",
                     "token.crt")
        self.tool("--write-object", keys.path("token.crt"), "--type", "cert",
                  "--id", number, "--label", "certificate", label=label)

    @property
    def calls(self):
        """How often the tools called what, as pkcs11-spy has noted it."""
        return collections.Counter(
            re.findall(r"^\d+: (C_\w+)", self.spied.read_text(), re.M))


def make(folder):
    """The token "acme" with all KEYS."""
    tokens = Tokens(folder)
    tokens.new_token("acme")
    for name, (number, kind, *rights) in KEYS.items():
        tokens.new_key(name, number, kind, *rights)
    return tokens

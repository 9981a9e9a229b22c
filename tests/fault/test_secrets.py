# SPDX-License-Identifier: Apache-2.0
"""When a tool ends, no key and no passphrase is left in its memory.

dumpmem.c writes all that the process could write to into a file, and the
secrets are looked for there; the content key and what is derived of it are
computed by the second implementation.
"""

import os
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest
from support import ROOT, bin_folder

sys.path.insert(0, str(ROOT / "tests" / "interop"))

# pylint: disable=wrong-import-position
import reference  # noqa: E402
import reference_kek  # noqa: E402
import reference_read  # noqa: E402

SUBJECT = ("--tenant", "acme", "--name", "demo", "--version", "1.0")
PASSPHRASE, PASSWORD = "nine lives of a cat", "correct horse battery"
KEK = bytes(range(101, 133))
PIECE = 16  # bytes that are looked for


def secret_numbers(path):
    """The private parts of a key file, as openssl prints them."""
    text = subprocess.run(
        ["openssl", "pkey", "-in", path, "-passin", f"pass:{PASSPHRASE}",
         "-noout", "-text"], check=True, capture_output=True).stdout.decode()
    names = ("priv", "privateExponent", "prime1", "prime2", "exponent1",
             "exponent2", "coefficient")
    found = {}
    for name in names:
        if match := re.search(rf"^{name}:\n((?:    .*\n)+)", text, re.M):
            digits = re.sub(r"[\s:]", "", match[1])
            found[name] = bytes.fromhex(digits).lstrip(b"\0")
    assert found
    return found


@pytest.fixture
def lair(tmp_path, keys):
    """The secrets in files, and where they are."""
    (tmp_path / "pass").write_text(PASSPHRASE + "\n")
    (tmp_path / "pw").write_text(PASSWORD + "\n")
    (tmp_path / "raw.kek").write_bytes(KEK)
    (tmp_path / "hex.kek").write_text(KEK.hex() + "\n")
    (tmp_path / "a.bin").write_bytes(bytes(200000))
    for name in ("release", "ecu-rsa", "ecu-p256"):
        subprocess.run(["openssl", "pkey", "-in", keys.key(name), "-aes256",
                        "-passout", f"pass:{PASSPHRASE}", "-out",
                        tmp_path / f"{name}.key"], check=True)
    subprocess.run(["openssl", "pkcs12", "-export", "-inkey",
                    keys.key("ecu-p256"), "-in", keys.cert("ecu-p256"),
                    "-passout", f"pass:{PASSPHRASE}", "-out",
                    tmp_path / "ecu.p12"], check=True)
    for path in tmp_path.iterdir():
        path.chmod(0o600)
    return tmp_path


@pytest.fixture
def dump(build, sanitized, lair):
    """dump(tool, ..., keep=False) -> what its memory held in the end"""
    if sanitized:
        pytest.skip("the sanitizers keep copies of freed memory")
    library = build / "tests" / "fault" / "libdumpmem.so"

    def run_and_dump(tool, *args, keep=False):
        env = os.environ | {"LD_PRELOAD": str(library),
                            "DUMPMEM": str(lair / "dump")}
        if keep:
            env["DUMPMEM_KEEP"] = "1"
        subprocess.run([bin_folder() / tool, *map(str, args)], cwd=lair,
                       env=env, check=True, capture_output=True)
        memory = (lair / "dump").read_bytes()
        assert len(memory) > 200000
        assert b"LD_PRELOAD=" in memory  # the stack is there to its end
        return memory

    return run_and_dump


def pieces(secret):
    """Ends and middle of it, both ways round: numbers lie in memory so."""
    middle = len(secret) // 2 - PIECE // 2
    for text in (secret, secret[::-1]):
        for at in (0, middle, len(secret) - PIECE):
            yield text[at:at + PIECE]


def found_in(memory, secrets):
    return {name for name, secret in secrets.items()
            if any(piece in memory for piece in pieces(secret))}


def keys_of(path, cek):
    with zipfile.ZipFile(path) as archive:
        text = archive.read("META-INF/manifest.json").decode()
        names = archive.namelist()
    salt = bytes.fromhex(re.search(r'"salt":"(\w+)"\},"expires', text)[1])
    found = {"CEK": cek, "MAC key": reference.hkdf(
        cek, salt, "packline-v1/manifest-mac")}
    for name in names:
        if name.endswith(".enc"):
            found[f"key of {name}"] = reference.stream_key(cek, salt, name)
    return found


def all_secrets(path):
    """Everything that must not be found after @path was made or opened."""
    folder, data = path.parent, path.read_bytes()
    cek = reference_read.unlock(data, password=PASSWORD.encode())
    kdf = reference_read.read_head(reference_read.Zip(data))["manifest"][
        "encryption"]["kdf"]
    secrets = keys_of(path, cek) | {
        "passphrase": PASSPHRASE.encode(), "password": PASSWORD.encode(),
        "KEK": KEK, "KEK in hex": KEK.hex().encode(),
        "scrypt": reference_kek.scrypt(PASSWORD.encode(), kdf)}
    for name in ("release", "ecu-rsa", "ecu-p256"):
        secrets |= {f"{part} of {name}": value for part, value in
                    secret_numbers(folder / f"{name}.key").items()}
    return secrets


def create(keys, extra=()):
    return ("create", *SUBJECT, "--recipient", keys.cert("ecu-rsa"),
            "--recipient", keys.cert("ecu-p256"), "--recipient", "password:",
            "--password", "file:pw", "--recipient", "kek:hex.kek",
            "--recipient", "kek:raw=raw.kek", "--key", "release.key", "--cert",
            keys.cert("release"), "--passphrase", "file:pass", "-o", "a.seal",
            *extra, "a.bin")


@pytest.fixture
def sealed(run, keys, lair):
    run("pkg-seal", *create(keys), cwd=lair, check=0)
    return lair / "a.seal"


OPENERS = {
    "rsa": ("ecu-rsa.key", "--passphrase", "file:pass"),
    "ec": ("ecu-p256.key", "--passphrase", "file:pass"),
    "pkcs12": ("ecu.p12", "--passphrase", "file:pass"),
    "kek": ("kek:hex.kek",),
    "raw-kek": ("kek:raw=raw.kek",),
    "password": ("password:", "--password", "file:pw"),
}


@pytest.mark.parametrize("how", OPENERS)
def test_pkg_verify_leaves_nothing(dump, keys, sealed, how):
    memory = dump("pkg-verify", "--trust", keys.ca, "-x", "out", "--recipient",
                  *OPENERS[how], sealed)
    assert (sealed.parent / "out/a.bin").exists()
    assert found_in(memory, all_secrets(sealed)) == set()


def test_pkg_seal_create_leaves_nothing(dump, keys, lair):
    memory = dump("pkg-seal", *create(keys))
    assert found_in(memory, all_secrets(lair / "a.seal")) == set()


@pytest.mark.parametrize("how", ["rsa", "password"])
@pytest.mark.parametrize("verb", ["open", "show"])
def test_pkg_seal_reading_leaves_nothing(dump, keys, sealed, verb, how):
    extra = ("--trust", keys.ca, "-o", "out") if verb == "open" else ()
    memory = dump("pkg-seal", verb, *extra, "--recipient", *OPENERS[how],
                  sealed)
    assert found_in(memory, all_secrets(sealed)) == set()


def test_a_wrong_secret_leaves_nothing_either(dump, keys, sealed, lair):
    (lair / "other").write_text("rhubarb rhubarb rhubarb\n")
    (lair / "other").chmod(0o600)
    with pytest.raises(subprocess.CalledProcessError):
        dump("pkg-verify", "--trust", keys.ca, "--recipient", "password:",
             "--password", "file:other", sealed)
    memory = pathlib.Path(lair / "dump").read_bytes()
    assert found_in(memory, {"it": b"rhubarb rhubarb rhubarb"}) == set()


def test_the_search_finds_what_is_not_wiped(dump, keys, sealed):
    """Without wiping, secrets do stay: the tests above can fail."""
    secrets = all_secrets(sealed)
    memory = dump("pkg-verify", "--trust", keys.ca, "--recipient",
                  *OPENERS["password"], sealed, keep=True)
    assert {"CEK", "password", "scrypt"} <= found_in(memory, secrets)

# SPDX-License-Identifier: Apache-2.0
"""When a tool ends, no key and no passphrase is left in its memory.

dumpmem.c writes all that the process could write to into a file, and the
secrets are looked for there; the content key and what is derived of it are
computed by the second implementation.
"""

import os
import pty
import re
import subprocess
import sys
import zipfile

import pytest
import softhsm
from support import ROOT, bin_folder

sys.path.insert(0, str(ROOT / "tests" / "interop"))

# pylint: disable=wrong-import-position
import reference  # noqa: E402
import reference_kek  # noqa: E402
import reference_read  # noqa: E402

SUBJECT = ("--tenant", "acme", "--name", "demo", "--version", "1.0")
PASSPHRASE, PASSWORD = "nine lives of a cat", "correct horse battery"
PIN = "nobody types a PIN as long as this one"
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


@pytest.fixture(scope="module")
def library(build, sanitized):
    """Asked for first: nothing is made in vain."""
    if sanitized:
        pytest.skip("the sanitizers keep copies of freed memory")
    return build / "tests" / "fault" / "libdumpmem.so"


@pytest.fixture(scope="module")
def lair(library, tmp_path_factory, keys):
    """The secrets in files, and where they are."""
    folder = tmp_path_factory.mktemp("lair")
    (folder / "pass").write_text(PASSPHRASE + "\n")
    (folder / "pw").write_text(PASSWORD + "\n")
    (folder / "raw.kek").write_bytes(KEK)
    (folder / "hex.kek").write_text(KEK.hex() + "\n")
    (folder / "a.bin").write_bytes(bytes(200000))
    for name in ("release", "ecu-rsa", "ecu-p256"):
        subprocess.run(["openssl", "pkey", "-in", keys.key(name), "-aes256",
                        "-passout", f"pass:{PASSPHRASE}", "-out",
                        folder / f"{name}.key"], check=True)
    subprocess.run(["openssl", "pkcs12", "-export", "-inkey",
                    keys.key("ecu-p256"), "-in", keys.cert("ecu-p256"),
                    "-passout", f"pass:{PASSPHRASE}", "-out",
                    folder / "ecu.p12"], check=True)
    for path in folder.iterdir():
        path.chmod(0o600)
    return folder


@pytest.fixture
def dump(library, lair, tmp_path):
    """dump(tool, ..., keep=False, typed=None) -> what its memory held in the
    end; typed: on its terminal, when that asks"""

    def run_and_dump(tool, *args, keep=False, env=None, typed=None):
        env = os.environ | {"LD_PRELOAD": str(library),
                            "DUMPMEM": str(tmp_path / "dump")} | {
            name: str(value) for name, value in (env or {}).items()}
        if keep:
            env["DUMPMEM_KEEP"] = "1"
        command = [bin_folder() / tool, *map(str, args)]
        if typed is None:
            subprocess.run(command, cwd=lair, env=env, check=True,
                           capture_output=True)
        else:
            assert type_into(command, lair, env, typed) == 0
        memory = (tmp_path / "dump").read_bytes()
        assert len(memory) > 200000
        assert b"LD_PRELOAD=" in memory  # the stack is there to its end
        return memory

    return run_and_dump


def type_into(command, folder, env, text):
    """Run it on a terminal of its own; its exit status."""
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            os.chdir(folder)
            os.execve(command[0], list(map(str, command)), env)
        finally:
            os._exit(127)
    seen = b""
    while not seen.endswith(b": "):
        seen += os.read(terminal, 1000)
    os.write(terminal, text.encode() + b"\n")
    try:
        while data := os.read(terminal, 1000):
            seen += data
    except OSError:
        pass  # the other side has closed it
    assert text.encode() not in seen
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


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


def all_secrets(path, folder=None):
    """Everything that must not be found after @path was made or opened."""
    folder, data = folder or path.parent, path.read_bytes()
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


def create(keys, output="a.seal"):
    return ("create", *SUBJECT, "--recipient", keys.cert("ecu-rsa"),
            "--recipient", keys.cert("ecu-p256"), "--recipient", "password:",
            "--password", "file:pw", "--recipient", "kek:hex.kek",
            "--recipient", "kek:raw=raw.kek", "--key", "release.key", "--cert",
            keys.cert("release"), "--passphrase", "file:pass", "-o", output,
            "a.bin")


@pytest.fixture(scope="module")
def sealed(lair, keys):
    subprocess.run([bin_folder() / "pkg-seal", *map(str, create(keys))],
                   cwd=lair, check=True, capture_output=True)
    return lair / "a.seal"


@pytest.fixture(scope="module")
def secrets(sealed):
    return all_secrets(sealed)


OPENERS = {
    "rsa": ("ecu-rsa.key", "--passphrase", "file:pass"),
    "ec": ("ecu-p256.key", "--passphrase", "file:pass"),
    "pkcs12": ("ecu.p12", "--passphrase", "file:pass"),
    "kek": ("kek:hex.kek",),
    "raw-kek": ("kek:raw=raw.kek",),
    "password": ("password:", "--password", "file:pw"),
}


@pytest.mark.parametrize("how", OPENERS)
def test_pkg_verify_leaves_nothing(dump, keys, sealed, secrets, tmp_path, how):
    memory = dump("pkg-verify", "--trust", keys.ca, "-x", tmp_path / "out",
                  "--recipient", *OPENERS[how], sealed)
    assert (tmp_path / "out/a.bin").exists()
    assert found_in(memory, secrets) == set()


def test_pkg_seal_create_leaves_nothing(dump, keys, lair, tmp_path):
    path = tmp_path / "b.seal"
    memory = dump("pkg-seal", *create(keys, output=path))
    assert found_in(memory, all_secrets(path, lair)) == set()


@pytest.mark.parametrize("how", ["rsa", "password"])
@pytest.mark.parametrize("verb", ["open", "show"])
def test_pkg_seal_reading_leaves_nothing(dump, keys, sealed, secrets, tmp_path,
                                         verb, how):
    extra = ("--trust", keys.ca, "-o", tmp_path / "out") if verb == "open" \
        else ()
    memory = dump("pkg-seal", verb, *extra, "--recipient", *OPENERS[how],
                  sealed)
    assert found_in(memory, secrets) == set()


def test_a_wrong_secret_leaves_nothing_either(dump, keys, sealed, lair,
                                              tmp_path):
    (lair / "other").write_text("rhubarb rhubarb rhubarb\n")
    (lair / "other").chmod(0o600)
    with pytest.raises(subprocess.CalledProcessError):
        dump("pkg-verify", "--trust", keys.ca, "--recipient", "password:",
             "--password", "file:other", sealed)
    memory = (tmp_path / "dump").read_bytes()
    assert found_in(memory, {"it": b"rhubarb rhubarb rhubarb"}) == set()


def test_the_search_finds_what_is_not_wiped(dump, keys, sealed, secrets):
    """Without wiping, secrets do stay: the tests above can fail."""
    memory = dump("pkg-verify", "--trust", keys.ca, "--recipient",
                  *OPENERS["password"], sealed, keep=True)
    assert {"CEK", "password", "scrypt"} <= found_in(memory, secrets)


# -- the PIN of a token -------------------------------------------------------
#
# At the end nothing of it is left in the whole process, which has the engine
# (libp11) and the module (SoftHSM) in it: these wipe their copies themselves,
# and other modules may not.  While it runs they have to keep it, or what they
# make of it, and what they keep is theirs.

@pytest.fixture(scope="module")
def box(lair, keys, tmp_path_factory):
    """A token with a PIN that is found nowhere by chance."""
    tokens = softhsm.Tokens(tmp_path_factory.mktemp("box") / "softhsm")
    tokens.new_token("long", PIN)
    tokens.tool("--keypairgen", "--key-type", "EC:secp256r1", "--label", "p256",
                "--id", "01", "--usage-sign", "--usage-derive", label="long",
                pin=PIN)
    (lair / "pin").write_text(PIN + "\n")
    (lair / "pin").chmod(0o600)
    tokens.certs = {kind: tokens.new_cert(keys, "p256", kind, label="long",
                                          pin=PIN)
                    for kind in ("signer", "ec-recipient")}
    return tokens


def in_token(box, option, kind):
    return (option, "pkcs11:token=long;object=p256", "--cert",
            box.certs[kind], "--pkcs11-module", softhsm.MODULE)


HOW_THE_PIN_COMES = {"file": (("--pin", "file:pin"), None), "typed": ((), PIN)}


@pytest.fixture(params=HOW_THE_PIN_COMES)
def pin(request):
    return HOW_THE_PIN_COMES[request.param]


def sign_in_token(box, output):
    return ("pkg-seal", "create", *SUBJECT,
            *in_token(box, "--key", "signer"), "-o", output, "a.bin")


def test_signing_in_a_token_leaves_no_pin(dump, box, tmp_path, pin):
    options, typed = pin
    memory = dump(*sign_in_token(box, tmp_path / "x"), *options, env=box.env,
                  typed=typed)
    assert (tmp_path / "x").exists()
    assert found_in(memory, {"PIN": PIN.encode()}) == set()


def test_decrypting_in_a_token_leaves_nothing(dump, keys, box, tmp_path, pin,
                                              lair):
    subprocess.run(
        [bin_folder() / "pkg-seal", "create", *SUBJECT, "--key",
         keys.key("officer"), "--cert", keys.cert("officer"), "--recipient",
         box.certs["ec-recipient"], "--recipient", "kek:raw=raw.kek", "-o",
         tmp_path / "y", "a.bin"], cwd=lair, check=True, capture_output=True)
    options, typed = pin
    memory = dump("pkg-verify", "--trust", keys.ca, "-x", tmp_path / "out",
                  *in_token(box, "--recipient", "ec-recipient"), *options,
                  tmp_path / "y", env=box.env, typed=typed)
    assert (tmp_path / "out/a.bin").exists()
    cek = reference_read.unlock((tmp_path / "y").read_bytes(), ("raw", KEK))
    secrets = keys_of(tmp_path / "y", cek) | {"PIN": PIN.encode()}
    assert found_in(memory, secrets) == set()


def test_a_wrong_pin_is_not_left_either(dump, box, lair, tmp_path):
    wrong = PIN[::-1]
    (lair / "wrong").write_text(wrong + "\n")
    (lair / "wrong").chmod(0o600)
    with pytest.raises(subprocess.CalledProcessError):
        dump(*sign_in_token(box, tmp_path / "x"), "--pin", "file:wrong",
             env=box.env)
    memory = (tmp_path / "dump").read_bytes()
    assert found_in(memory, {"PIN": wrong.encode()}) == set()


def test_the_search_finds_a_pin_that_is_not_wiped(dump, box, tmp_path, pin):
    options, typed = pin
    memory = dump(*sign_in_token(box, tmp_path / "x"), *options, env=box.env,
                  typed=typed, keep=True)
    assert found_in(memory, {"PIN": PIN.encode()}) == {"PIN"}

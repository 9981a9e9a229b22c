# SPDX-License-Identifier: Apache-2.0
"""Key-encryption keys and passwords, from the making to the opening."""

import json
import os
import pty
import subprocess

import pytest

SUBJECT = ("--tenant", "acme", "--name", "demo", "--version", "1.2.3")
PASSWORD = "größer als 8"


@pytest.fixture(autouse=True)
def secrets(tmp_path):
    """Two keys, a password and a file to encrypt."""
    (tmp_path / "raw.kek").write_bytes(bytes(range(32)))
    (tmp_path / "hex.kek").write_text(bytes(range(100, 132)).hex() + "\n")
    (tmp_path / "pw").write_text(PASSWORD + "\n")
    (tmp_path / "wrong").write_text("grösser als 8\n")
    (tmp_path / "a.bin").write_bytes(os.urandom(1000))
    for path in tmp_path.iterdir():
        path.chmod(0o600)


@pytest.fixture
def seal(run, keys):
    """seal(recipient, ...) -> a.seal"""

    def make(*recipients, check=0, extra=()):
        args = [arg for one in recipients for arg in ("--recipient", one)]
        return run("pkg-seal", "create", *SUBJECT, *args, *extra, "--key",
                   keys.key("release"), "--cert", keys.cert("release"),
                   "--force", "-o", "a.seal", "a.bin", check=check)

    return make


@pytest.fixture
def verify(run, keys):
    def check(*args, check=0, trust=keys.ca):
        result = run("pkg-verify", "--trust", trust, *args, "a.seal",
                     check=check)
        return result.records[-1] if result.records else result

    return check


WITH_PASSWORD = ("--recipient", "password:", "--password", "file:pw")


def test_every_kind_of_recipient_opens_it(seal, verify, keys, tmp_path):
    seal("kek:raw.kek", "kek:site-7=hex.kek", "password:",
         keys.cert("ecu-p256"), extra=("--password", "file:pw"))
    for how in (("--recipient", "kek:raw.kek"),
                ("--recipient", "kek:site-7=hex.kek"), WITH_PASSWORD,
                ("--recipient", keys.key("ecu-p256"), "--cert",
                 keys.cert("ecu-p256"))):
        verdict = verify(*how, "--force", "--extract", "out")
        states = {one["id"]: one["ok"] for one in verdict["checks"]}
        assert states["mac"] and states["plaintext"]
        assert (tmp_path / "out/a.bin").read_bytes() == (
            tmp_path / "a.bin").read_bytes()


def test_open_and_show_take_them_too(run, seal, keys):
    seal("kek:raw.kek", "password:", extra=("--password", "file:pw"))
    for how in (("--recipient", "kek:raw.kek"), WITH_PASSWORD):
        shown = run("pkg-seal", "show", "--format", "jsonl", *how, "a.seal",
                    check=0).records
        assert [one["files"][0]["source_name"] for one in shown
                if one["type"] == "request"] == ["a.bin"]
        run("pkg-seal", "open", "--trust", keys.ca, *how, "--force", "-o",
            "out", "a.seal", check=0)


def test_show_names_them(run, seal):
    seal("kek:raw.kek", "kek:site-7=hex.kek", "password:",
         extra=("--password", "file:pw"))
    records = run("pkg-seal", "show", "--format", "jsonl", "a.seal",
                  check=0).records
    ids = {one["key_id"]: one["kind"] for one in records
           if one["type"] == "recipient"}
    salt = records[0]["encryption"]["kdf"]["salt"]
    # printf %s packline-v1/kek-id | openssl mac -digest SHA256 \
    #     -macopt hexkey:000102... HMAC
    mark = subprocess.run(
        ["openssl", "mac", "-digest", "SHA256", "-macopt",
         f"hexkey:{bytes(range(32)).hex()}", "HMAC"],
        input=b"packline-v1/kek-id", check=True, capture_output=True).stdout
    assert ids == {"kek:" + mark[:16].decode().lower(): "kek",
                   "site-7": "kek", "scrypt:" + salt[:16]: "scrypt"}
    text = run("pkg-seal", "show", "a.seal", check=0).out
    assert "key id" in text and "site-7" in text


def test_a_password_is_slow_and_salted(seal, run):
    salts = set()
    for _ in range(2):
        seal("password:", extra=("--password", "file:pw"))
        manifest = run("pkg-seal", "show", "--format", "jsonl", "a.seal",
                       check=0).records[0]
        kdf = manifest["encryption"]["kdf"]
        assert (kdf["n"], kdf["r"], kdf["p"]) == (1 << 17, 8, 1)
        salts.add(kdf["salt"])
    assert len(salts) == 2


def test_a_container_without_a_signature(run, verify, keys, tmp_path):
    run("pkg-seal", "create", *SUBJECT, "--encrypt-only", "--recipient",
        "password:", "--password", "file:pw", "-o", "a.seal", "a.bin", check=0)
    (tmp_path / "lax.yaml").write_text(
        f"packline: 1\ntrust: {{roots: [{keys.ca}], signers: {{pins: "
        f"[{{id: a, spki: 'sha256:{'0' * 64}'}}]}}, allowUnsigned: true}}\n")
    assert verify(*WITH_PASSWORD, trust="lax.yaml")["ok"]
    assert verify(check=1)["reason"] == "unsigned"


# -- who cannot open it -------------------------------------------------------

def test_wrong_password(seal, verify, tmp_path):
    seal("password:", extra=("--password", "file:pw"))
    verdict = verify("--recipient", "password:", "--password", "file:wrong",
                     "--extract", "out", check=1)
    assert verdict["reason"] == "unwrap-failed"
    assert "another password" in verdict["text"]
    assert not (tmp_path / "out").exists()


def test_wrong_key_under_the_right_name(seal, verify):
    seal("kek:site-7=hex.kek")
    verdict = verify("--recipient", "kek:site-7=raw.kek", check=1)
    assert verdict["reason"] == "unwrap-failed"
    assert "another key" in verdict["text"]


@pytest.mark.parametrize("how", [
    ("--recipient", "kek:hex.kek"), ("--recipient", "kek:site-8=raw.kek"),
    WITH_PASSWORD])
def test_not_a_recipient(seal, verify, how):
    seal("kek:raw.kek")
    verdict = verify(*how, check=1)
    assert verdict["reason"] == "not-a-recipient"
    assert "show" in verdict["hint"]


def test_a_private_key_is_no_kek(seal, verify, keys):
    seal("kek:raw.kek")
    verdict = verify("--recipient", keys.key("ecu-rsa"), check=1)
    assert verdict["reason"] == "not-a-recipient"


# -- what is refused at the making --------------------------------------------

@pytest.mark.parametrize("word, code, text", [
    ("kek:", 2, "names no file"), ("kek:site=", 2, "names no file"),
    ("kek:missing", 5, "missing"), ("kek:pw", 5, "neither 32 bytes"),
    ("kek:a.bin", 5, "neither 32 bytes"),
    ("password:secret", 2, "as it is")])
def test_bad_words(seal, word, code, text):
    result = seal(word, check=code)
    assert text in result.err and "secret'" not in result.err


def test_a_key_that_others_can_read(seal, tmp_path):
    (tmp_path / "raw.kek").chmod(0o640)
    assert "chmod 600" in seal("kek:raw.kek", check=5).err


@pytest.mark.parametrize("text", [
    bytes(range(32)).hex().upper(), bytes(31).hex(), bytes(33).hex(),
    bytes(32).hex() + "\n\n", " " + bytes(32).hex()])
def test_digits_that_are_no_key(seal, tmp_path, text):
    (tmp_path / "hex.kek").write_text(text)
    seal("kek:hex.kek", check=5)


def test_two_keys_of_one_name(seal):
    result = seal("kek:site=raw.kek", "kek:site=hex.kek", check=5)
    assert "two recipients are called 'site'" in result.err


def test_the_same_key_twice_is_one(seal, run):
    seal("kek:raw.kek", "kek:./raw.kek")
    records = run("pkg-seal", "show", "--format", "jsonl", "a.seal",
                  check=0).records
    assert sum(one["type"] == "recipient" for one in records) == 1


def test_64_recipients_and_not_one_more(seal, tmp_path, run):
    words = []
    for i in range(65):
        (tmp_path / f"{i}.kek").write_bytes(bytes([i]) * 32)
        (tmp_path / f"{i}.kek").chmod(0o600)
        words.append(f"kek:site-{i}={i}.kek")
    seal(*words[:64])
    run("pkg-seal", "show", "--recipient", words[63], "a.seal", check=0)
    assert "64" in seal(*words, check=3).err


def test_an_empty_password(seal, tmp_path):
    (tmp_path / "pw").write_text("\n")
    assert "empty" in seal("password:", check=5,
                           extra=("--password", "file:pw")).err


def test_a_password_that_nothing_asks_for(seal, run):
    assert "--password" in seal("kek:raw.kek", check=2,
                                extra=("--password", "file:pw")).err
    run("pkg-verify", "--password", "file:pw", "a.bin", check=2)


def test_a_password_is_not_repeated(run):
    result = run("pkg-verify", "--recipient", "password:secret", "a.bin",
                 check=2)
    assert "as it is" in result.err and "secret" not in result.err


def test_options_of_a_private_key(run):
    result = run("pkg-verify", "--recipient", "kek:raw.kek", "--passphrase",
                 "file:pw", "a.bin", check=2)
    assert "--passphrase" in result.err


# -- on a terminal ------------------------------------------------------------

def on_terminal(binary, cwd, args, answers):
    """(exit status, what stood on the terminal)"""
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            os.chdir(cwd)
            os.execv(binary, [str(binary), *map(str, args)])
        finally:
            os._exit(127)
    seen = b""
    for answer in answers:
        while not seen.endswith(b": "):
            seen += os.read(terminal, 1000)
        os.write(terminal, answer.encode() + b"\n")
        seen += b"|"
    try:
        while data := os.read(terminal, 1000):
            seen += data
    except OSError:
        pass  # the other side has closed it
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()


@pytest.mark.parametrize("again, code", [(PASSWORD, 0), ("other", 5)])
def test_it_is_asked_twice(build, tmp_path, verify, again, code):
    status, seen = on_terminal(
        build / "tools" / "pkg-seal", tmp_path,
        ["create", *SUBJECT, "--encrypt-only", "--recipient", "password:",
         "--password", "tty", "-o", "a.seal", "a.bin"], [PASSWORD, again])
    assert status == code, seen
    assert PASSWORD not in seen and "Password again: " in seen
    assert (tmp_path / "a.seal").exists() == (code == 0)


# -- device configs -----------------------------------------------------------

def test_a_device_config_names_them(run, seal, verify, tmp_path):
    folder = tmp_path / "a=b"
    folder.mkdir()
    (tmp_path / "raw.kek").rename(folder / "raw.kek")
    (tmp_path / "hex.kek").rename(folder / "hex.kek")
    (folder / "ecu.yaml").write_text(
        "packline: 1\ndeviceConfig: ecu\ntenant: acme\nkind: sealed\n"
        "recipients: ['kek:raw.kek', 'kek:site-7=hex.kek', 'password:']\n")
    seal(extra=("-d", "a=b/ecu.yaml", "--password", "file:pw"))
    for how in (("--recipient", "kek:./a=b/raw.kek"),
                ("--recipient", "kek:site-7=a=b/hex.kek"), WITH_PASSWORD):
        assert verify(*how)["ok"]


def test_a_device_config_holds_no_password(run, tmp_path):
    (tmp_path / "ecu.yaml").write_text(
        "packline: 1\ndeviceConfig: ecu\ntenant: acme\nkind: sealed\n"
        "recipients: ['password:secret']\n")
    result = run("pkg-seal", "create", "-d", "ecu.yaml", "--name", "n",
                 "--version", "1", "-o", "a.seal", "a.bin", check=3)
    assert "ecu.yaml:5:" in result.err and "nobody writes one down" in result.err


# -- other people's tools -----------------------------------------------------

def test_the_manifest_is_the_only_place_of_the_salt(seal, tmp_path):
    seal("password:", extra=("--password", "file:pw"))
    subprocess.run(["unzip", "-q", "a.seal"], cwd=tmp_path, check=True)
    text = (tmp_path / "META-INF/manifest.json").read_text()
    kdf = json.loads(text)["encryption"]["kdf"]
    assert kdf["name"] == "scrypt" and len(kdf["salt"]) == 64
    assert PASSWORD.encode() not in (tmp_path / "a.seal").read_bytes()

# SPDX-License-Identifier: Apache-2.0
"""Keys in tokens: what goes wrong is named, and ends with exit status 5.

Each reason is in DIAGNOSTICS of pkg-seal(1).
"""

import pathlib
import shutil

import pytest
import softhsm

SUBJECT = ("--tenant", "acme", "--name", "demo", "--version", "1.2.3")
# That a test has seen: here, or in tests/unit/test_token_lock.c.
REASONS = {"token-busy"}


@pytest.fixture
def refuse(run, keys, tokens, with_token, tmp_path):
    """refuse("pin-wrong", "rsa", ...) -> text and hint of the message."""
    (tmp_path / "a.bin").write_text("payload\n")

    def check(reason, name="p256", *more, code=5, cert="officer", leaks=False,
              **how):
        result = run("pkg-seal", "create", *SUBJECT, *with_token(name, **how),
                     "--cert", keys.cert(cert), *more, "--json", "-o",
                     "a.seal", "a.bin", check=code,
                     env=tokens.leaky_env if leaks else tokens.env)
        # One message and nothing else: engines and modules print a lot.
        message, = result.messages
        assert message.get("reason") == reason, message
        assert message["hint"]
        assert not (tmp_path / "a.seal").exists()
        assert softhsm.PIN not in result.err
        REASONS.add(reason)
        return message["text"], message["hint"]

    return check


def tries_left(tokens):
    """What the token says of its PIN."""
    return [flag for flag in ("user PIN count low", "final user PIN try",
                              "user PIN locked")
            if flag in tokens.command("pkcs11-tool", "--module",
                                      softhsm.MODULE, "--list-token-slots")]


# -- the URI ------------------------------------------------------------------

def test_a_pin_in_the_uri(refuse):
    text, hint = refuse("pin-in-uri", uri="pkcs11:token=acme?pin-value=" +
                        softhsm.PIN)
    assert text == "key 'pkcs11:token=acme': a PIN is never part of a URI"
    assert "--pin file:PATH" in hint


@pytest.mark.parametrize("uri", [
    "pkcs11:tokne=acme", "pkcs11:token=acme;token=acme",
    "pkcs11:token=acme;type=public", "pkcs11:token=ac me",
    "pkcs11:token=acme?module-path=/tmp/evil.so"])
def test_a_malformed_uri(refuse, uri):
    refuse("key-uri", uri=uri)


# -- the module ---------------------------------------------------------------

def test_no_such_module(refuse):
    text, hint = refuse("module-missing", module="/nonexistent/libhsm.so")
    assert "/nonexistent/libhsm.so" in text
    assert "--pkcs11-module" in hint


def test_a_module_that_is_no_library(refuse, tmp_path):
    (tmp_path / "libhsm.so").write_text("no library\n")
    refuse("module-broken", module="./libhsm.so")


def test_a_library_that_is_no_module(refuse):
    libc, = (path for path in
             pathlib.Path("/usr/lib/x86_64-linux-gnu").glob("libyaml-0.so.2"))
    text, _ = refuse("module-broken", module=libc)
    assert "C_GetFunctionList" in text


def test_a_module_that_cannot_start(refuse, tokens):
    tokens.conf.write_text("directories.tokendir = /nonexistent\n")
    refuse("module-broken")


def test_a_module_that_others_can_change(refuse, tmp_path):
    shutil.copy(softhsm.MODULE, tmp_path / "module.so")
    (tmp_path / "module.so").chmod(0o777)
    refuse("module-unsafe", module="./module.so")


# -- the token ----------------------------------------------------------------

def test_no_token_at_all(refuse, tokens):
    shutil.rmtree(tokens.folder / "tokens")
    (tokens.folder / "tokens").mkdir()
    refuse("token-missing")


@pytest.mark.parametrize("uri", ["pkcs11:token=acmee;object=p256",
                                 "pkcs11:token=acme;serial=0;object=p256",
                                 "pkcs11:slot-id=99;object=p256"])
def test_another_token(refuse, uri):
    text, _ = refuse("token-missing", uri=uri)
    assert "those that are there: 'acme'" in text


def test_two_tokens(refuse, tokens):
    tokens.new_token("acme")
    _, hint = refuse("token-ambiguous", uri="pkcs11:token=acme;object=p256")
    assert "serial=" in hint


# -- the PIN ------------------------------------------------------------------

def test_a_wrong_pin_is_tried_once(refuse, keys, tokens):
    wrong = keys.secret("wrong-pin", "000000")
    assert tries_left(tokens) == []
    text, _ = refuse("pin-wrong", pin=wrong, module=softhsm.SPY, leaks=True)
    assert text.endswith("the PIN is wrong")
    assert tokens.calls["C_Login"] == 1
    assert tries_left(tokens) == ["user PIN count low"]


# SoftHSM never locks a PIN; it keeps the token's flags in a file, as a number.
FLAGS = (0x42d).to_bytes(8, "big")
LOCKED, FINAL_TRY = 0x40000, 0x20000


def set_flag(tokens, flag):
    path, = (tokens.folder / "tokens").glob("*/token.object")
    data = path.read_bytes()
    assert data.count(FLAGS) == 1
    path.write_bytes(data.replace(FLAGS, (0x42d | flag).to_bytes(8, "big")))


def test_a_locked_pin_is_not_tried(refuse, tokens):
    set_flag(tokens, LOCKED)
    _, hint = refuse("pin-locked", module=softhsm.SPY, leaks=True)
    assert "--init-pin" in hint
    assert tokens.calls["C_Login"] == 0


def test_the_last_try_was_not_the_last(refuse, keys, tokens):
    set_flag(tokens, FINAL_TRY)
    text, _ = refuse("pin-wrong", pin=keys.secret("wrong-pin", "000000"))
    assert "one try is left" in text


def test_a_pin_of_another_length(refuse, keys):
    refuse("pin-wrong", pin=keys.secret("short-pin", "1"))


def test_no_pin(run, keys, tokens, tmp_path):
    """No --pin, and no terminal."""
    (tmp_path / "a.bin").write_text("payload\n")
    result = run("pkg-seal", "create", *SUBJECT, "--key",
                 "pkcs11:token=acme;object=p256", "--cert",
                 keys.cert("officer"), "--pkcs11-module", softhsm.MODULE,
                 "--json", "-o", "a.seal", "a.bin", env=tokens.env, check=5,
                 start_new_session=True)
    message, = result.messages
    assert message["reason"] == "pin-missing"
    assert "a PIN is needed" in message["text"]
    assert "--pin file:PATH" in message["hint"]
    REASONS.add("pin-missing")


def test_an_empty_pin(refuse, keys):
    refuse("pin-missing", pin=keys.secret("empty-pin", ""))


def test_a_pin_that_others_can_read(refuse, tokens):
    tokens.pin.chmod(0o644)
    uri = f"pkcs11:token=acme;object=p256?pin-source=file:{tokens.pin}"
    _, hint = refuse(None, uri=uri)
    assert "chmod 600" in hint


def test_a_token_without_a_pin_of_the_user(refuse, tokens):
    tokens.command("pkcs11-tool", "--module", softhsm.MODULE, "--init-token",
                   "--slot-index", "1", "--label", "fresh", "--so-pin",
                   softhsm.SO_PIN)
    refuse("pin-unset", uri="pkcs11:token=fresh")


# -- the key ------------------------------------------------------------------

@pytest.mark.parametrize("uri", ["pkcs11:token=acme;object=p257",
                                 "pkcs11:token=acme;id=%77",
                                 "pkcs11:token=acme;object=p256;id=%03"])
def test_no_such_key(refuse, uri):
    refuse("token-key-missing", uri=uri)


def test_a_token_without_keys(refuse, tokens):
    tokens.new_token("empty")
    text, _ = refuse("token-key-missing", uri="pkcs11:token=empty")
    assert text.endswith("shows no private key")


def test_several_keys(refuse, tokens):
    tokens.new_key("p256", "42", "EC:secp256r1", "sign")
    _, hint = refuse("token-key-ambiguous")
    assert "id=" in hint
    refuse("token-key-ambiguous", uri="pkcs11:token=acme")


@pytest.mark.parametrize("name", ["rsa-small", "p521"])
def test_a_key_outside_of_the_suite(refuse, name):
    refuse("algorithm-weak", name)


def test_ed25519(refuse, tokens):
    """No CMS of OpenSSL 3 signs with it."""
    tokens.new_token("eddie")
    tokens.new_key("ed", "01", "EC:edwards25519", "sign", label="eddie")
    text, _ = refuse("algorithm-weak", uri="pkcs11:token=eddie;object=ed")
    assert "Ed25519" in text


def test_ed25519_beside_the_key(refuse, tokens):
    """libp11 0.4.12 then shows no key at all of that token."""
    tokens.new_key("ed", "77", "EC:edwards25519", "sign")
    text, _ = refuse("token-ed25519", leaks=True)
    assert "Ed25519" in text


def test_a_key_that_may_not_sign(refuse, keys, tokens):
    tokens.new_key_without(0x108)
    name = tokens.new_cert(keys, "key", "signer", label="poor").stem
    keys.path(f"{name}.pem").rename(keys.path("poor-signer.pem"))
    text, _ = refuse("token-key-usage", uri="pkcs11:token=poor",
                     cert="poor-signer")
    assert "CKA_SIGN" in text


def test_a_key_that_may_not_decrypt(run, keys, tokens, with_token, tmp_path):
    (tmp_path / "a.bin").write_text("payload\n")
    tokens.new_key_without(0x10c)
    cert = tokens.new_cert(keys, "key", "ec-recipient", label="poor")
    cert = cert.rename(keys.path("poor-recipient.pem"))
    run("pkg-seal", "create", *SUBJECT, "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "--recipient", cert, "-o", "a.seal", "a.bin",
        check=0)
    result = run("pkg-verify", "--trust", keys.ca, "--json",
                 *with_token("key", "--recipient", uri="pkcs11:token=poor"),
                 "a.seal",
                 env=tokens.env, check=5)
    assert result.messages[-1]["reason"] == "token-key-usage"
    REASONS.add("token-key-usage")


def test_a_certificate_of_another_key(refuse):
    refuse("certificate-mismatch", "p256", cert="officer")


def test_no_certificate(run, tokens, with_token, tmp_path):
    (tmp_path / "a.bin").write_text("payload\n")
    result = run("pkg-seal", "create", *SUBJECT, *with_token("p256"), "-o",
                 "a.seal", "a.bin", env=tokens.env, check=5)
    assert "no certificate for key" in result.err


def test_a_key_without_its_public_half(refuse, tokens):
    tokens.tool("--delete-object", "--type", "pubkey", "--label", "p256")
    _, hint = refuse("token-half-key")
    assert "--type pubkey" in hint


# -- the device ---------------------------------------------------------------

def test_options_that_make_no_sense(run, keys, tmp_path):
    (tmp_path / "a.bin").write_text("payload\n")
    for extra in (["--pin", "env:PIN"], ["--pkcs11-module", "x.so"],
                  ["--pin", "env:PIN", "--key", keys.key("officer")]):
        run("pkg-seal", "create", *SUBJECT, *extra, "-o", "a.seal", "a.bin",
            check=2)


# -- the manual ---------------------------------------------------------------

def test_the_manual_lists_every_reason(root):
    page = (root / "tools/pkg-seal.1.scd").read_text()
    assert {reason for reason in REASONS - {None}
            if f"*{reason}*" not in page} == set()

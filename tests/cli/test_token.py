# SPDX-License-Identifier: Apache-2.0
"""Keys in tokens: sign and decrypt with SoftHSM."""

import fcntl
import os
import pty
import shutil
import subprocess
import time
import zipfile

import pytest
import softhsm
from support import bin_folder, clean_environment

SUBJECT = ("--tenant", "acme", "--name", "demo", "--version", "1.2.3")
SIGNERS = [("rsa", "pss", "rsa-pss"), ("rsa", "pkcs1", "rsa-pkcs1"),
           ("p256", "pss", "ecdsa-p256"), ("p384", "pss", "ecdsa-p384")]
RECIPIENTS = [("rsa", "rsa-recipient"), ("p256", "ec-recipient"),
              ("p384", "ec-recipient")]


@pytest.fixture
def payload(tmp_path):
    (tmp_path / "rootfs.bin").write_bytes(os.urandom(200_000))
    return "rootfs.bin"


@pytest.fixture
def create(run, keys, tokens, with_token, payload):
    """create("rsa", ...): a container signed by that key; its result."""

    def make(name, *more, out="a.seal", cert=True, check=0, env=None, **how):
        if cert:
            more += ("--cert", tokens.new_cert(keys, name, "signer"))
        return run("pkg-seal", "create", *SUBJECT, *with_token(name, **how),
                   *more, "-o", out, payload, env={**tokens.env, **(env or {})},
                   check=check)

    return make


def verdict(run, keys, path="a.seal"):
    return run("pkg-verify", "--trust", keys.ca, path, check=0).records[-1]


def stock_verify(keys, tmp_path, path="a.seal"):
    """What anybody can do without us: unzip, openssl cms."""
    with zipfile.ZipFile(tmp_path / path) as box:
        box.extractall(tmp_path / "members")
    manifest, = (tmp_path / "members").rglob("manifest.json")
    signature, = (tmp_path / "members").rglob("*.p7s")
    keys.openssl("cms", "-verify", "-binary", "-inform", "DER", "-in",
                 signature, "-content", manifest, "-CAfile", keys.ca,
                 "-purpose", "any", "-out", os.devnull)


@pytest.mark.parametrize("name, padding, algorithm", SIGNERS)
def test_signs_a_new_container(run, keys, tmp_path, create, name, padding,
                               algorithm):
    result = create(name, "--padding", padding)
    assert result.err == ""
    signer, = verdict(run, keys)["signers"]
    assert signer["subject"] == f"CN={name} in a token,O=Acme"
    shown = run("pkg-seal", "show", "--format", "jsonl", "a.seal", check=0)
    assert shown.records[-1]["algorithm"] == algorithm
    stock_verify(keys, tmp_path)


def test_signs_a_draft(run, keys, tokens, with_token, payload):
    run("pkg-seal", "create", *SUBJECT, "-o", "a.draft", payload, check=0)
    run("pkg-seal", "sign", *with_token("p384"), "--cert",
        tokens.new_cert(keys, "p384", "signer"), "-o", "a.seal", "a.draft",
        env=tokens.env, check=0)
    assert verdict(run, keys)["ok"]


def test_a_key_is_not_used_for_what_is_broken(run, keys, tmp_path, tokens,
                                              with_token, payload):
    """Nothing is signed, nothing is in the token's audit log, nobody asked."""
    cert = tokens.new_cert(keys, "p256", "signer")
    (tmp_path / "release.yaml").write_text(
        "packline: 1\napprovals:\n  required: 1\n  officers:\n"
        f"  - {{id: alice, role: product, cert: {cert}}}\n")
    key = *with_token("p256", module=softhsm.SPY), "--cert", cert
    run("pkg-seal", "create", *SUBJECT, "--policy", "release.yaml",
        "--requester", "build", "-o", "a.draft", payload, check=0)
    verbs = {"approve": ("approve", "--decision", "APPROVED", "--reason", "ok",
                         "--policy", "release.yaml"),
             "sign": ("sign", "--policy", "release.yaml")}

    def used(verb, name, check, **how):
        tokens.spied.unlink(missing_ok=True)
        (tmp_path / "out").unlink(missing_ok=True)
        run("pkg-seal", *verbs[verb], *key, "-o", "out", name,
            env=tokens.env, check=check, **how)
        assert (tmp_path / "out").exists() == (check == 0)
        return "C_SignInit" in tokens.spied.read_text()

    def spoil(name):
        data = bytearray((tmp_path / name).read_bytes())
        at = data.index((tmp_path / payload).read_bytes())
        data[at] ^= 1
        (tmp_path / "broken").write_bytes(data)
        return "broken"

    assert not used("approve", spoil("a.draft"), 3)
    assert used("approve", "a.draft", 0)
    shutil.move(tmp_path / "out", tmp_path / "b.draft")
    assert not used("sign", spoil("b.draft"), 3)
    run("pkg-seal", *verbs["sign"], "--cert", cert, "--tbs-out", "x.tbs",
        "broken", check=3)
    assert not (tmp_path / "x.tbs").exists()
    assert used("sign", "b.draft", 0)
    # What comes once is compared while it is copied: too late for the key.
    assert used("sign", "-", 3, input=(tmp_path / "broken").read_bytes())


@pytest.mark.parametrize("name, kind", RECIPIENTS)
def test_decrypts(run, keys, tmp_path, tokens, with_token, payload, name, kind):
    cert = tokens.new_cert(keys, name, kind)
    run("pkg-seal", "create", *SUBJECT, "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "--recipient", cert, "-o", "a.seal", payload,
        check=0)
    for tool in (("pkg-seal", "open", "-o"), ("pkg-verify", "--extract")):
        result = run(*tool, f"out-{tool[0]}", "--trust", keys.ca,
                     *with_token(name, "--recipient"), "a.seal",
                     env=tokens.env, check=0)
        assert result.err == ""
        assert (tmp_path / f"out-{tool[0]}" / payload).read_bytes() == \
            (tmp_path / payload).read_bytes()


def test_shows_the_request_to_a_recipient(run, keys, tokens, with_token,
                                          payload):
    cert = tokens.new_cert(keys, "p256", "ec-recipient")
    run("pkg-seal", "create", *SUBJECT, "--recipient", cert, "-o", "a.draft",
        payload, check=0)
    shown = run("pkg-seal", "show", *with_token("p256", "--recipient"),
                "a.draft", env=tokens.env, check=0)
    assert payload in shown.out


def test_is_not_a_recipient(run, keys, tokens, with_token, payload):
    run("pkg-seal", "create", *SUBJECT, "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "--recipient", keys.cert("ecu-p256"), "-o",
        "a.seal", payload, check=0)
    result = run("pkg-verify", "--trust", keys.ca,
                 *with_token("p256", "--recipient"), "a.seal", env=tokens.env,
                 check=1)
    assert result.records[-1]["reason"] == "not-a-recipient"


# -- naming it ----------------------------------------------------------------

@pytest.mark.parametrize("uri", [
    "pkcs11:token=acme;id=%02",
    "pkcs11:token=acme;object=p256;id=%02;type=private",
    "pkcs11:object=p256",
    "pkcs11:manufacturer=SoftHSM%20project;model=SoftHSM%20v2;object=p256",
])
def test_other_names_of_the_same_key(run, keys, create, uri):
    create("p256", uri=uri)
    assert verdict(run, keys)["ok"]


def test_the_certificate_may_lie_beside_the_key(run, keys, tokens, create):
    tokens.put_cert(keys, tokens.new_cert(keys, "p256", "signer"), "02")
    create("p256", cert=False)
    assert verdict(run, keys)["signers"][0]["subject"] == \
        "CN=p256 in a token,O=Acme"


def test_the_key_of_a_device_config(run, keys, tokens, payload, device_config):
    config = device_config(
        kind="signed", recipients=(),
        extra='signing: {key: "pkcs11:token=acme;object=rsa", cert: '
              f'{tokens.new_cert(keys, "rsa", "signer")}}}\n')
    run("pkg-seal", "create", "-d", config, "--name", "demo", "--version", "1",
        "-o", "a.draft", payload, check=0)
    run("pkg-seal", "sign", "-d", config, "--pkcs11-module", softhsm.MODULE,
        "--pin", f"file:{tokens.pin}", "-o", "a.seal", "a.draft",
        env=tokens.env, check=0)
    assert verdict(run, keys)["ok"]


def test_a_module_may_be_named_relative_to_the_folder(tmp_path, create):
    (tmp_path / "module.so").symlink_to(softhsm.MODULE)
    create("p256", module="./module.so")


def test_without_a_module_it_is_p11_kits(run, keys, tokens, payload):
    """Debian's SoftHSM tells p11-kit of itself."""
    run("pkg-seal", "create", *SUBJECT, "--key", "pkcs11:object=rsa;token=acme",
        "--cert", tokens.new_cert(keys, "rsa", "signer"), "--pin",
        f"file:{tokens.pin}", "-o", "a.seal", payload, env=tokens.leaky_env,
        check=0)
    assert verdict(run, keys)["ok"]


# -- the PIN ------------------------------------------------------------------

def test_pin_from_the_uri(run, keys, tokens, payload):
    uri = f"pkcs11:token=acme;object=p256?pin-source=file:{tokens.pin}"
    run("pkg-seal", "create", *SUBJECT, "--key", uri, "--cert",
        tokens.new_cert(keys, "p256", "signer"), "--pkcs11-module",
        softhsm.MODULE, "-o", "a.seal", payload, env=tokens.env, check=0)
    assert verdict(run, keys)["ok"]


def test_pin_from_the_terminal(keys, tokens, tmp_path, payload):
    """Without --pin the terminal is asked, once, and shows nothing of it."""
    main, terminal = pty.openpty()
    with subprocess.Popen(
            [bin_folder() / "pkg-seal", "create", *SUBJECT, "--key",
             "pkcs11:token=acme;object=careful", "--cert",
             tokens.new_cert(keys, "careful", "signer"), "--pkcs11-module",
             softhsm.MODULE, "-o", "a.seal", payload], cwd=tmp_path,
            stdin=terminal, stdout=subprocess.PIPE, stderr=terminal,
            env=clean_environment(**tokens.env), start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(terminal),
                                                os.O_RDWR))) as tool:
        os.close(terminal)
        said = b""
        while b"PIN of token 'acme'" not in said:
            said += os.read(main, 1000)
        os.write(main, softhsm.PIN.encode() + b"\n")
        try:
            assert tool.wait(600) == 0
        finally:
            tool.kill()
    try:
        while more := os.read(main, 1000):
            said += more
    except OSError:     # the other end is closed
        pass
    os.close(main)
    assert said.count(b"PIN") == 1
    assert softhsm.PIN.encode() not in said


# -- what the token is asked to do --------------------------------------------

def test_one_login_and_one_signature_for_a_container(run, keys, tokens, create):
    """An HSM may count its signatures, or want a finger for each."""
    for name, padding, _ in SIGNERS:
        create(name, "--padding", padding, "--force", module=softhsm.SPY)
    assert tokens.calls["C_Login"] == len(SIGNERS)
    assert tokens.calls["C_Sign"] == len(SIGNERS)
    assert tokens.calls["C_SignUpdate"] == 0
    assert verdict(run, keys)["ok"]


def test_one_signature_whatever_its_length(run, keys, tokens, create):
    """ECDSA values differ in length; the container is laid out for one."""
    for _ in range(12):
        create("p256", "--force", module=softhsm.SPY)
        assert verdict(run, keys)["ok"]
    assert tokens.calls["C_Sign"] == 12


def test_the_pin_before_each_use(run, keys, tokens, create):
    """A key with CKA_ALWAYS_AUTHENTICATE: nobody is asked again."""
    create("careful", module=softhsm.SPY)
    assert verdict(run, keys)["ok"]
    assert tokens.calls["C_Login"] == 2     # for the token, for the key
    assert tokens.calls["C_Sign"] == 1


def test_one_decryption(run, keys, tokens, with_token, payload):
    cert = tokens.new_cert(keys, "rsa", "rsa-recipient")
    run("pkg-seal", "create", *SUBJECT, "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "--recipient", cert, "-o", "a.seal", payload,
        check=0)
    run("pkg-verify", "--trust", keys.ca,
        *with_token("rsa", "--recipient", module=softhsm.SPY), "a.seal",
        env=tokens.env, check=0)
    assert tokens.calls["C_Login"] == tokens.calls["C_Decrypt"] == 1


def test_no_environment_changes_what_is_loaded(run, keys, tmp_path, create):
    """Engines, providers and modules come from fixed places."""
    (tmp_path / "openssl.cnf").write_text(
        "openssl_conf = x\n[x]\nengines = y\n[y]\nz = z\n[z]\n"
        "dynamic_path = /nonexistent.so\n")
    create("p256", env={
        "OPENSSL_CONF": tmp_path / "openssl.cnf",
        "OPENSSL_ENGINES": tmp_path, "OPENSSL_MODULES": tmp_path,
        "PKCS11_MODULE_PATH": "/nonexistent.so"})
    assert verdict(run, keys)["ok"]


# -- two processes ------------------------------------------------------------

def test_two_processes_take_turns(keys, tokens, tmp_path, payload):
    """While one has the token, the other waits, and then signs."""
    cert = tokens.new_cert(keys, "p256", "signer")
    fifo = tmp_path / "slow.fifo"
    os.mkfifo(fifo)
    command = [bin_folder() / "pkg-seal", "create", *SUBJECT, "--key",
               "pkcs11:token=acme;object=p256", "--cert", cert,
               "--pkcs11-module", softhsm.SPY, "--pin", f"file:{tokens.pin}"]

    def start(number, *files, **how):
        env = {**tokens.env, "PKCS11SPY_OUTPUT": tmp_path / f"spy{number}"}
        return subprocess.Popen(
            [*command, "-o", f"{number}.seal", *files], cwd=tmp_path,
            env=clean_environment(**env), stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, **how)

    with start(1, "-", "--stdin-name", "a", stdin=subprocess.PIPE) as first:
        wait_for_call(tmp_path / "spy1", "C_Login")
        with start(2, payload, stdin=subprocess.DEVNULL) as second:
            wait_for_call(tmp_path / "spy2", "C_GetTokenInfo")
            with pytest.raises(subprocess.TimeoutExpired):
                second.wait(1)
            assert "C_Login" not in (tmp_path / "spy2").read_text()
            assert not (tmp_path / "2.seal").exists()
            first.stdin.close()
            assert first.wait(600) == 0, first.stderr.read()
            assert second.wait(600) == 0, second.stderr.read()
    assert "C_Sign" in (tmp_path / "spy2").read_text()


def lock_file(pid):
    """Of the token that this process is using: the folder is everybody's, and
    other tests use theirs."""
    with open("/proc/locks", encoding="ascii") as table:
        held = {int(words[5].split(":")[2]) for words in map(str.split, table)
                if words[1] == "FLOCK" and words[4] == str(pid)}
    path, = (path for path in locks() if inode(path) in held)
    return path


def inode(path):
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:   # whose it was is done with its token
        return None


def test_who_waits_is_overtaken(keys, tokens, tmp_path, payload):
    """The lock that he waited for is gone when he gets it, and there is a new
    one, of somebody who came later: he waits on."""
    cert = tokens.new_cert(keys, "p256", "signer")

    def start(number, *files, **how):
        env = {**tokens.env, "PKCS11SPY_OUTPUT": tmp_path / f"spy{number}"}
        return subprocess.Popen(
            [bin_folder() / "pkg-seal", "create", *SUBJECT, "--key",
             "pkcs11:token=acme;object=p256", "--cert", cert,
             "--pkcs11-module", softhsm.SPY, "--pin", f"file:{tokens.pin}",
             "-o", f"{number}.seal", *files], cwd=tmp_path,
            env=clean_environment(**env), stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, **how)

    def locked(path):
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX)
        return fd

    with start(1, "-", "--stdin-name", "a", stdin=subprocess.PIPE) as first:
        wait_for_call(tmp_path / "spy1", "C_Login")
        path = lock_file(first.pid)
        first.stdin.close()
        assert first.wait(600) == 0, first.stderr.read()
    before = locked(path)
    with start(2, payload, stdin=subprocess.DEVNULL) as second:
        wait_for_call(tmp_path / "spy2", "C_GetTokenInfo")
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(1)
        after = locked(path + "~")
        os.rename(path + "~", path)
        os.close(before)
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(1)
        os.unlink(path)
        os.close(after)
        assert second.wait(600) == 0, second.stderr.read()


def wait_for_call(path, name):
    """Until pkcs11-spy has noted that call."""
    for _ in range(6000):
        if path.exists() and name in path.read_text():
            return
        subprocess.run(["sleep", "0.1"], check=True)
    raise AssertionError(f"{name} was not called")


def locks():
    folders = [f"/run/user/{os.geteuid()}", f"/tmp/packline-{os.geteuid()}"]
    return {os.path.join(folder, name) for folder in folders
            if os.path.isdir(folder) for name in os.listdir(folder)
            if name.startswith("packline-token-")}


def test_the_lock_leaves_nothing_behind(create, tmp_path):
    before = locks()  # also those of programs that were killed
    create("p256")
    left = locks() - before  # other tests may hold theirs, but not for long
    deadline = time.monotonic() + 600
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left &= locks()
    assert left == set()

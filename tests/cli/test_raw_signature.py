# SPDX-License-Identifier: Apache-2.0
"""Signatures by other people's tools: attributes out, bytes back in."""

import os
import re
import shutil
import subprocess

import pytest

SUBJECT = ("--tenant", "acme", "--name", "demo", "--version", "1.2.3")
WHEN = {"SOURCE_DATE_EPOCH": "1700000000"}
OID_MANIFEST = "2.25.143773712440608388605632316441441173953.1"
PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"


def tool(*args, cwd, env=None):
    subprocess.run([str(arg) for arg in args], cwd=cwd, check=True,
                   capture_output=True, env=os.environ | (env or {}))


@pytest.fixture
def draft(run, tmp_path):
    (tmp_path / "os.bin").write_bytes(b"an operating system\n")
    run("pkg-seal", "create", *SUBJECT, "-o", "a.draft", "os.bin", env=WHEN,
        check=0)
    return "a.draft"


@pytest.fixture
def tbs(run, keys, draft):
    """tbs(name) -> file with what the key of that name has to sign."""
    def make(name, path="a.tbs"):
        run("pkg-seal", "sign", "--cert", keys.cert(name), "--tbs-out", path,
            draft, env=WHEN, check=0)
        return path
    return make


def attach(run, keys, name, check=0, tbs="a.tbs", signature="a.sig"):
    return run("pkg-seal", "attach", "--trust", keys.ca, "--tbs", tbs,
               "--raw-signature", signature, "--cert", keys.cert(name), "-o",
               "a.seal", "a.draft", check=check)


def algorithm(run, keys):
    verdict = run("pkg-verify", "--trust", keys.ca, "a.seal", check=0)
    assert verdict.records[-1]["ok"] is True
    return run("pkg-seal", "show", "--format", "jsonl", "a.seal",
               check=0).records[-1]["algorithm"]


def test_it_is_a_set_of_attributes(tbs, tmp_path):
    data = (tmp_path / tbs("release")).read_bytes()
    assert data[0] == 0x31
    text = subprocess.run(["openssl", "asn1parse", "-inform", "DER"],
                          input=data, capture_output=True, check=True).stdout
    for name in (b"contentType", b"signingTime", b"messageDigest",
                 b"signingCertificateV2"):
        assert name in text
    assert b"231114221320Z" in text     # SOURCE_DATE_EPOCH


@pytest.mark.parametrize("name,options,want", [
    ("release", (), "rsa-pkcs1"),
    ("release", PSS, "rsa-pss"),
    ("officer", (), "ecdsa-p256"),
])
def test_openssl_dgst(run, keys, tmp_path, tbs, name, options, want):
    tool("openssl", "dgst", "-sha256", "-sign", keys.key(name), *options,
         "-out", "a.sig", tbs(name), cwd=tmp_path)
    attach(run, keys, name)
    assert algorithm(run, keys) == want


@pytest.mark.parametrize("options,want", [
    (("-pkeyopt", "digest:sha256"), "rsa-pkcs1"),
    (("-pkeyopt", "digest:sha256", "-pkeyopt", "rsa_padding_mode:pss",
      "-pkeyopt", "rsa_pss_saltlen:digest"), "rsa-pss"),
])
def test_openssl_pkeyutl(run, keys, tmp_path, tbs, options, want):
    tool("openssl", "dgst", "-sha256", "-binary", "-out", "a.hash",
         tbs("release"), cwd=tmp_path)
    tool("openssl", "pkeyutl", "-sign", "-inkey", keys.key("release"), "-in",
         "a.hash", *options, "-out", "a.sig", cwd=tmp_path)
    attach(run, keys, "release")
    assert algorithm(run, keys) == want


def test_the_same_bytes_as_signing_at_once(run, keys, tmp_path, tbs):
    tool("openssl", "dgst", "-sha256", "-sign", keys.key("release"), "-out",
         "a.sig", tbs("release"), cwd=tmp_path)
    attach(run, keys, "release")
    run("pkg-seal", "sign", "--key", keys.key("release"), "--cert",
        keys.cert("release"), "--padding", "pkcs1", "-o", "direct.seal",
        "a.draft", env=WHEN, check=0)
    assert (tmp_path / "a.seal").read_bytes() == \
        (tmp_path / "direct.seal").read_bytes()


@pytest.mark.skipif(shutil.which("pkcs11-tool") is None
                    or not os.path.exists(SOFTHSM),
                    reason="needs opensc and softhsm2")
@pytest.mark.parametrize("name,mechanism,hashed,want", [
    ("release", "SHA256-RSA-PKCS", False, "rsa-pkcs1"),
    ("release", "SHA256-RSA-PKCS-PSS", False, "rsa-pss"),
    ("officer", "ECDSA", True, "ecdsa-p256"),   # r and s, not DER
])
def test_pkcs11_tool(run, keys, tmp_path, tbs, name, mechanism, hashed, want):
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm.conf").write_text(
        f"directories.tokendir = {tmp_path}/tokens\nlog.level = ERROR\n")
    env = {"SOFTHSM2_CONF": str(tmp_path / "softhsm.conf")}
    tool("softhsm2-util", "--init-token", "--free", "--label", "t", "--pin",
         "1234", "--so-pin", "1234", cwd=tmp_path, env=env)
    tool("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", keys.key(name),
         "-out", "key.p8", cwd=tmp_path)
    tool("softhsm2-util", "--import", "key.p8", "--token", "t", "--label",
         "k", "--id", "01", "--pin", "1234", cwd=tmp_path, env=env)
    source = tbs(name)
    if hashed:
        tool("openssl", "dgst", "-sha256", "-binary", "-out", "a.hash",
             source, cwd=tmp_path)
        source = "a.hash"
    tool("pkcs11-tool", "--module", SOFTHSM, "--token-label", "t", "--login",
         "--pin", "1234", "--sign", "--id", "01", "-m", mechanism, "-i",
         source, "-o", "a.sig", cwd=tmp_path, env=env)
    attach(run, keys, name)
    assert algorithm(run, keys) == want


@pytest.mark.parametrize("name", ["release", "officer"])
def test_the_stock_recipe(run, keys, tmp_path, draft, name):
    """openssl cms -sign over manifest.json, attached as it is."""
    tool("unzip", "-q", draft, "META-INF/manifest.json", cwd=tmp_path)
    tool("openssl", "cms", "-sign", "-in", "META-INF/manifest.json",
         "-binary", "-nosmimecap", "-cades", "-md", "sha256", "-outform",
         "DER", "-econtent_type", OID_MANIFEST, "-signer", keys.cert(name),
         "-inkey", keys.key(name), "-out", "x.p7s", cwd=tmp_path)
    run("pkg-seal", "attach", "--trust", keys.ca, "-o", "a.seal", draft,
        "x.p7s", check=0)
    assert algorithm(run, keys) in ("rsa-pkcs1", "ecdsa-p256")


# -- what does not belong together --------------------------------------------

def reason(result):
    return re.search(r"\[([a-z-]+)\]$", result.err.splitlines()[0])[1]


def test_another_draft(run, keys, tmp_path, tbs):
    tool("openssl", "dgst", "-sha256", "-sign", keys.key("release"), "-out",
         "a.sig", tbs("release"), cwd=tmp_path)
    run("pkg-seal", "create", *SUBJECT, "--force", "-o", "a.draft", "a.sig",
        check=0)
    assert reason(attach(run, keys, "release", check=1)) == \
        "unexpected-manifest"


def test_another_key(run, keys, tmp_path, tbs):
    tool("openssl", "dgst", "-sha256", "-sign", keys.key("officer"), "-out",
         "a.sig", tbs("release"), cwd=tmp_path)
    assert reason(attach(run, keys, "release", check=1)) == "signature-bad"


def test_swapped_files(run, keys, tmp_path, tbs):
    tool("openssl", "dgst", "-sha256", "-sign", keys.key("release"), "-out",
         "a.sig", tbs("release"), cwd=tmp_path)
    swapped = attach(run, keys, "release", check=3, tbs="a.sig",
                     signature="a.tbs")
    assert reason(swapped) == "signature-profile"


def test_a_salt_of_another_length(run, keys, tmp_path, tbs):
    tool("openssl", "dgst", "-sha256", "-sign", keys.key("release"),
         "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20",
         "-out", "a.sig", tbs("release"), cwd=tmp_path)
    assert reason(attach(run, keys, "release", check=1)) == "signature-profile"


def test_a_stranger(run, keys, tmp_path, tbs):
    tool("openssl", "dgst", "-sha256", "-sign", keys.key("stranger"), "-out",
         "a.sig", tbs("stranger"), cwd=tmp_path)
    assert reason(attach(run, keys, "stranger", check=1)) == \
        "signer-untrusted"


def test_no_changed_byte_is_accepted(run, keys, tmp_path, tbs):
    """Of either half; tests/unit/test_sign_raw.c tries every one."""
    tool("openssl", "dgst", "-sha256", "-sign", keys.key("officer"), "-out",
         "a.sig", tbs("officer"), cwd=tmp_path)
    for name in "a.tbs", "a.sig":
        data = (tmp_path / name).read_bytes()
        for at in range(0, len(data), 17):
            (tmp_path / name).write_bytes(
                data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
            done = run("pkg-seal", "attach", "--trust", keys.ca, "--tbs",
                       "a.tbs", "--raw-signature", "a.sig", "--cert",
                       keys.cert("officer"), "-o", "a.seal", "a.draft")
            assert done.code in (1, 3) and reason(done)
        (tmp_path / name).write_bytes(data)
    assert not (tmp_path / "a.seal").exists()

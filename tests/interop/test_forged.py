# SPDX-License-Identifier: Apache-2.0
"""pkg-verify says yes to what an independent writer makes from the format."""

import forge
import pytest

KINDS = ["signed", "sealed", "encrypted"]
SIZES = [0, 1, 65535, 65536, 65537, 200000]


@pytest.fixture
def lax(tmp_path):
    path = tmp_path / "lax.yaml"
    path.write_text("packline: 1\ntrust: {allowUnsigned: true}\n")
    return path


def verify(run, path, *options):
    answer = run("pkg-verify", *options, path)
    return answer, answer.records[-1]


@pytest.mark.parametrize("signer", ["release", "officer"])
def test_signed(run, keys, tmp_path, signer):
    path = forge.Box(keys, signers=[signer]).write(tmp_path / "a.seal")
    answer, verdict = verify(run, path, "--trust", keys.ca)
    assert answer.code == 0, answer.err
    assert verdict["ok"] and verdict["signers"][0]["spki"] == \
        forge.spki(keys, signer)


@pytest.mark.parametrize("recipient", ["ecu-rsa", "ecu-p256", "ecu-p384"])
def test_sealed(run, keys, tmp_path, recipient):
    files = {f"{size}.bin": b"\xa5" * size for size in SIZES}
    box = forge.Box(keys, files, kind="sealed", metadata={"n.json": b"{}"},
                    recipients=["ecu-rsa", "ecu-p256", "ecu-p384"])
    path = box.write(tmp_path / "a.seal")
    out = tmp_path / "out"
    answer, verdict = verify(
        run, path, "--trust", keys.ca, "--recipient", keys.key(recipient),
        "--cert", keys.cert(recipient), "--extract", out)
    assert answer.code == 0, answer.err
    checks = {check["id"]: check["ok"] for check in verdict["checks"]}
    assert checks["mac"] and checks["plaintext"]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == \
        {**files, "n.json": b"{}"}


def test_encrypted(run, keys, tmp_path, lax):
    path = forge.Box(keys, kind="encrypted").write(tmp_path / "a.seal")
    answer, _ = verify(run, path, "--trust", lax, "--recipient",
                       keys.key("ecu-rsa"), "--cert", keys.cert("ecu-rsa"))
    assert answer.code == 0, answer.err


@pytest.mark.parametrize("kind", ["signed", "sealed"])
def test_bundle(run, keys, tmp_path, kind):
    path = forge.bundle(keys, kind=kind).write(tmp_path / "a.bundle")
    answer, verdict = verify(run, path, "--trust", keys.ca, "--recipient",
                             keys.key("ecu-rsa"), "--cert",
                             keys.cert("ecu-rsa"))
    assert answer.code == 0, answer.err
    assert verdict["content"] == "bundle"


def test_two_signers(run, keys, tmp_path):
    box = forge.Box(keys, signers=["release", "officer"])
    answer, verdict = verify(run, box.write(tmp_path / "a.seal"), "--trust",
                             keys.ca)
    assert answer.code == 0, answer.err
    assert len(verdict["signers"]) == 2


def test_every_field(run, keys, tmp_path):
    box = forge.Box(keys, sequence=42, expires="2099-01-01T00:00:00Z",
                    created="2026-01-01T00:00:00Z",
                    device_config={"id": "ecu-a", "sha256": "a" * 64})
    answer, verdict = verify(run, box.write(tmp_path / "a.seal"), "--trust",
                             keys.ca, "--min-sequence", 42, "--tenant", "acme",
                             "--device-config", "ecu-a")
    assert answer.code == 0, answer.err
    assert verdict["sequence"] == 42
    assert verdict["device_config_sha256"] == "a" * 64

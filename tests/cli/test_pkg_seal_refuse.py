# SPDX-License-Identifier: Apache-2.0
"""pkg-seal: what is not signed, and not opened, whoever asks."""

import hashlib

import forge
import pytest
import reference


@pytest.fixture
def sign(run, keys, tmp_path):
    """sign(members or Box, reason, ...) -> is refused for that; None = done"""

    def check(draft, reason, *options, code=1):
        data = (draft.bytes() if isinstance(draft, forge.Box)
                else reference.write_zip(draft))
        (tmp_path / "a.draft").write_bytes(data)
        options = options or ("--key", keys.key("release"), "--cert",
                              keys.cert("release"))
        result = run("pkg-seal", "sign", *options, "-o", "a.seal", "a.draft",
                     check=code if reason else 0)
        assert reason is None or f"[{reason}]" in result.err
        assert (tmp_path / "a.seal").exists() == (reason is None)

    return check


@pytest.fixture
def config(keys, device_config):
    """A device config that brings a key to sign with."""
    return device_config(kind="signed", recipients=(), extra=(
        f"signing: {{key: {keys.key('release')}, "
        f"cert: {keys.cert('release')}}}\n"))


@pytest.fixture
def own(config):
    """What a container for that device says."""
    digest = hashlib.sha256(config.read_bytes()).hexdigest()
    return {"id": "ecu-a", "sha256": digest}


def test_what_is_for_another_device(keys, sign, config, own):
    for subject, reason in (
            ({"tenant": "evil"}, "wrong-tenant"),
            ({"device_config": {**own, "id": "ecu-b"}}, "wrong-device-config"),
            ({"device_config": {**own, "sha256": "a" * 64}},
             "wrong-device-config")):
        sign(forge.Box(keys, signers=[], **subject), reason, "-d", config)
    sign(forge.Box(keys, signers=[], device_config=own), None, "-d", config)


def test_what_has_expired(keys, sign):
    sign(forge.Box(keys, signers=[], expires="2001-01-01T00:00:00Z"),
         "expired")


def test_approvals_that_nobody_judged(keys, sign):
    members = forge.Box(keys, signers=[]).members()
    members[2:2] = [("META-INF/approval-00.json", b'{"decision":"REJECTED"}'),
                    ("META-INF/approval-00.p7s", b"x")]
    sign(members, "approval-policy")


def test_open_for_two_tenants_at_once(run, keys, tmp_path, config, own):
    forge.Box(keys, tenant="evil", device_config=own).write(
        tmp_path / "a.seal")
    result = run("pkg-seal", "open", "--trust", keys.ca, "-d", config,
                 "--tenant", "evil", "-o", "out", "a.seal", check=2)
    assert "is for tenant 'acme', but --tenant says 'evil'" in result.err
    assert not (tmp_path / "out").exists()

# SPDX-License-Identifier: Apache-2.0
"""What the tests of attacks share."""

import itertools

import forge
import pytest
from support import SANITIZER, clean_environment
from zip_craft import read_zip, seen_by


@pytest.fixture
def verify(run, keys, tmp_path):
    """verify(container, *options, trust=keys.ca) -> (exit status, verdict)"""

    def check(container, *options, trust=keys.ca, key=None):
        data = container if isinstance(container, bytes) else container.bytes()
        path = tmp_path / "a.seal"
        path.write_bytes(data)
        if trust is not None:
            options += ("--trust", trust)
        if key:
            options += ("--recipient", keys.key(key), "--cert", keys.cert(key))
        answer = run("pkg-verify", *options, path)
        verdict = answer.records[-1]
        assert verdict["type"] == "verdict"
        assert verdict["ok"] == (answer.code == 0)
        return answer.code, verdict

    return check


@pytest.fixture
def refuse(verify):
    """refuse(container, code, reason, ...): that; or one of some reasons."""

    def check(container, code, reason, *options, **more):
        status, verdict = verify(container, *options, **more)
        reasons = {reason} if isinstance(reason, str) else set(reason)
        assert status == code, verdict["text"]
        assert verdict["reason"] in reasons, verdict["text"]

    return check


@pytest.fixture
def policy(keys, tmp_path):
    """policy(pins=[...], threshold=1, extra="") -> path"""

    def write(pins=("release", "officer"), threshold=1, extra=""):
        path = tmp_path / "policy.yaml"
        rows = "".join(f"      - {{id: {name}, spki: 'sha256:"
                       f"{forge.spki(keys, name)}'}}\n" for name in pins)
        path.write_text(f"packline: 1\ntrust:\n  roots: [{keys.ca}]\n"
                        f"  signers:\n    threshold: {threshold}\n"
                        f"    pins:\n{rows}{extra}")
        return path

    return write


@pytest.fixture
def unpack(build, tmp_path):
    """unpack(bytes of a ZIP file, pipe=False) -> Reading"""
    number = itertools.count()

    def read(data, pipe=False):
        program = build / "tests/interop/read_zip"
        return read_zip(program, data, tmp_path / f"read{next(number)}", pipe,
                        clean_environment())

    assert SANITIZER not in (0, 3)      # read_zip takes only these
    return read


@pytest.fixture
def refused(unpack, tmp_path):
    """refused(data, reason, python={name: content}, ...): our reader says so;
    other programs see that (zip_craft.VIEWS)."""

    def check(data, reason, **seen):
        reading = unpack(data)
        assert reading.code == 3, reading
        assert reason in (None, reading.reason), reading
        assert reading.text and reading.hint, reading
        for view, files in seen.items():
            assert seen_by(view, data, tmp_path) in (files, None), view
        return reading

    return check

# SPDX-License-Identifier: Apache-2.0
"""Every vector of schemas/vectors, read by both implementations."""

import pathlib
import subprocess
import sys

import make_vectors
import pytest
import reference_read
import vectors
from reference import Refused, sha256
from support import ROOT

FOLDER = ROOT / "schemas" / "vectors"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))

# Well-formed, but pkg-verify accepts nothing that asks for approvals unless its
# trust lists the policy that they were made under.
WITH_APPROVALS = {"sealed-full": (1, "no-approval-policy"),
                  "signed-approval": (1, "approval-policy")}


def load(name):
    return vectors.read((FOLDER / f"{name}.txt").read_text())


def outcome(vector, cek=None):
    """((exit, reason), files) of the reference."""
    try:
        files = reference_read.verify(vector.body, vector.ca_pem, cek)
    except Refused as refused:
        return (refused.code, refused.reason), {}
    return (0, "-"), files


def listed(files):
    return [(len(data), sha256(data), name) for name, data in files.items()]


@pytest.mark.parametrize("name", NAMES)
def test_reference(name):
    vector = load(name)
    assert vector.name == name
    result, files = outcome(vector)
    assert result == vector.expected
    if vector.content_key:
        result, files = outcome(vector, vector.content_key)
        assert result == vector.expected_with_key
    if result == (0, "-"):
        assert listed(files) == vector.fields.get("file")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_pkg_verify(run, tmp_path, name, way):
    vector = load(name)
    (tmp_path / "ca.pem").write_bytes(vector.ca_pem)
    (tmp_path / "box.seal").write_bytes(vector.body)
    args = ["pkg-verify", "--trust", "ca.pem", "--time", "none"]
    if way == "file":
        result = run(*args, "box.seal")
    else:
        result = run(*args, "-", input=vector.body)
    verdict = result.records[-1]
    said = result.code, verdict["reason"] or "-"
    if name in WITH_APPROVALS:
        assert said == WITH_APPROVALS[name]
        return
    assert said == vector.expected
    if said == (0, "-"):
        assert verdict["manifest_sha256"] == vector.manifest_sha256


@pytest.mark.parametrize("name", [n for n in NAMES
                                  if load(n).expected == (0, "-")])
def test_extracts_what_is_listed(run, tmp_path, name):
    vector = load(name)
    if vector.content_key:
        pytest.skip("needs a recipient's key")
    if name in WITH_APPROVALS:
        pytest.skip("pkg-verify does not accept its approvals")
    (tmp_path / "ca.pem").write_bytes(vector.ca_pem)
    run("pkg-verify", "--trust", "ca.pem", "--time", "none", "--extract",
        "out", "-", input=vector.body, check=0)
    found = {path.name: path.read_bytes()
             for path in (tmp_path / "out").iterdir()}
    assert sorted(listed(found)) == sorted(vector.fields["file"])


def test_every_case_has_its_vector(tmp_path):
    """The committed vectors are those that make_vectors.py would write."""
    subprocess.run([sys.executable, make_vectors.__file__, tmp_path],
                   check=True)
    made = {path.stem: vectors.read(path.read_text())
            for path in pathlib.Path(tmp_path).glob("*.txt")}
    assert sorted(made) == NAMES
    for name, vector in made.items():
        old = load(name)
        for field in ("comment", "exit", "reason", "key-exit", "key-reason",
                      "file"):
            assert vector.fields.get(field) == old.fields.get(field), name

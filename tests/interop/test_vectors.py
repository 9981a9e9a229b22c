# SPDX-License-Identifier: Apache-2.0
"""Every vector of schemas/vectors, read by both implementations."""

import pathlib
import re
import subprocess
import sys

import make_vectors
import pytest
import reference_read
import reference_request
import vectors
from reference import Refused, sha256, write_zip
from support import ROOT

FOLDER = ROOT / "schemas" / "vectors"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))

# Well-formed, but pkg-verify accepts nothing that asks for approvals unless its
# trust lists the policy that they were made under.
WITH_APPROVALS = {"sealed-full": (1, "no-approval-policy"),
                  "signed-approval": (1, "approval-policy")}


REQUESTS = sorted(path.stem for path in (FOLDER / "requests").glob("*.txt"))
# Judged in test_vectors_approvals.py.
APPROVALS = sorted(path.stem for path in (FOLDER / "approvals").glob("*.txt"))


def load(name):
    folder = (FOLDER / "requests" if name in REQUESTS else
              FOLDER / "approvals" if name in APPROVALS else FOLDER)
    return vectors.read((folder / f"{name}.txt").read_text())


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
    for option, name, secret in vector.secrets if files else ():
        key = {"password": secret} if option == "password" else {
            "kek": (name, secret)}
        assert reference_read.unlock(vector.body,
                                     **key) == vector.content_key


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


@pytest.mark.parametrize("name", [
    n for n in NAMES if load(n).secrets and load(n).expected == (0, "-")])
def test_opens_with_the_key_or_the_password(run, tmp_path, name):
    vector = load(name)
    (tmp_path / "ca.pem").write_bytes(vector.ca_pem)
    for option, kek_name, secret in vector.secrets:
        (tmp_path / "secret").write_bytes(secret)
        (tmp_path / "secret").chmod(0o600)
        if option == "password":
            how = ("password:", "--password", "file:secret")
        elif ":" in kek_name:  # it is named after itself
            how = ("kek:secret",)
        else:
            how = (f"kek:{kek_name}=secret",)
        run("pkg-verify", "--trust", "ca.pem", "--time", "none", "--recipient",
            *how, "--extract", option, "-", input=vector.body, check=0)
        found = {path.name: path.read_bytes()
                 for path in (tmp_path / option).iterdir()}
        assert sorted(listed(found)) == sorted(vector.fields["file"])


# -- signing requests ---------------------------------------------------------

@pytest.mark.parametrize("name", REQUESTS)
def test_reference_reads_the_request(name):
    vector = load(name)
    assert vector.name == name
    assert reference_request.outcome(vector.body) == vector.expected


@pytest.mark.parametrize("name", REQUESTS)
def test_pkg_seal_reads_the_request(run, tmp_path, name):
    vector = load(name)
    path = tmp_path / "a.request"
    path.write_bytes(vector.body)
    shown = run("pkg-seal", "show", "--format", "jsonl", path)
    reason = re.search(r"\[([a-z-]+)\]\n", shown.err)
    assert (shown.code, reason[1] if reason else "-") == vector.expected
    if shown.code == 0:
        manifest, request = shown.records[:2]
        assert (manifest["type"], request["type"]) == ("manifest", "request")
        assert sha256(shown.out.splitlines()[0].encode()) == \
            vector.manifest_sha256


@pytest.mark.parametrize("name", [n for n in REQUESTS
                                  if load(n).expected == (0, "-")])
def test_pkg_verify_never_says_yes_to_a_request(run, tmp_path, name):
    path = tmp_path / "a.request"
    path.write_bytes(load(name).body)
    (tmp_path / "ca.pem").write_bytes(load(name).ca_pem)
    verdict = run("pkg-verify", "--trust", "ca.pem", "--time", "none", path,
                  check=1).records[-1]
    assert verdict["reason"] == "request-only"


@pytest.mark.parametrize("name", [n for n in REQUESTS
                                  if load(n).expected == (0, "-")])
def test_both_write_the_same_request(run, keys, tmp_path, name):
    """pkg-seal writes it again, with a signature, and the reference reads it;
    without that signature it is what the reference wrote."""
    vector = load(name)
    path = tmp_path / "a.request"
    path.write_bytes(vector.body)
    kind = run("pkg-seal", "show", "--format", "jsonl", path,
               check=0).records[0]["kind"]
    if kind == "encrypted":
        pytest.skip("is not signed")
    run("pkg-seal", "sign", "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "-o", "b.request", path, check=0)
    signed = (tmp_path / "b.request").read_bytes()
    assert reference_request.outcome(signed) == (0, "-")
    mine = dict(reference_request.members_of(signed))
    theirs = dict(reference_request.members_of(vector.body))
    assert {n: d for n, d in mine.items() if "/sig-" not in n} == \
        {n: d for n, d in theirs.items() if "/sig-" not in n}
    assert len(mine) == len(theirs) + 1
    assert write_zip(list(mine.items())) == signed


def test_every_case_has_its_vector(tmp_path):
    """The committed vectors are those that make_vectors.py would write."""
    subprocess.run([sys.executable, make_vectors.__file__, tmp_path],
                   check=True)
    made = {path.stem: vectors.read(path.read_text())
            for path in pathlib.Path(tmp_path).glob("*.txt")}
    assert sorted(made) == NAMES
    requests = {path.stem: vectors.read(path.read_text())
                for path in pathlib.Path(tmp_path, "requests").glob("*.txt")}
    assert sorted(requests) == REQUESTS
    approvals = {path.stem: vectors.read(path.read_text())
                 for path in pathlib.Path(tmp_path, "approvals").glob("*.txt")}
    assert sorted(approvals) == APPROVALS
    for name, vector in [*made.items(), *requests.items(),
                         *approvals.items()]:
        old = load(name)
        for field in ("comment", "exit", "reason", "key-exit", "key-reason",
                      "file", "time", "policy"):
            assert vector.fields.get(field) == old.fields.get(field), name

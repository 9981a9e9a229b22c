# SPDX-License-Identifier: Apache-2.0
"""What pkg-verify says before it reads the payload: the feeder stops there."""

import json
import subprocess

import forge
from office import Office
from support import bin_folder, clean_environment


def head_of(body):
    """Everything in front of the first payload byte."""
    last = b"payload/hello.bin"         # of its local header
    return body[:body.index(last + b"hello\n") + len(last)]


def test_stage_comes_before_the_payload(keys, tmp_path):
    """Signature, policy and approvals, though no payload byte was sent."""
    office = Office(keys, tmp_path)
    box = office.ask(forge.Box(keys, sequence=3))
    body = office.approved(box, [office.decision(box, who)
                                 for who in ("alice", "bob")])
    head = head_of(body)
    with subprocess.Popen(
            [bin_folder() / "pkg-verify", "--trust", office.trust(),
             "--state", tmp_path / "state", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=clean_environment()) as tool:
        tool.stdin.write(head)
        tool.stdin.flush()
        stage = json.loads(tool.stdout.readline())  # hangs if it does not
        assert stage["type"] == "stage" and "ok" not in stage
        assert [row["id"] for row in stage["signers"]] == ["release"]
        assert sorted(row["id"] for row in stage["approvals"]) == [
            "alice", "bob"]
        assert not (tmp_path / "state").exists()
        tool.stdin.write(body[len(head):])
        tool.stdin.close()
        verdict = json.loads(tool.stdout.readline())
        assert verdict["ok"] is True and tool.stdout.readline() == b""
    assert (tmp_path / "state").exists()


def test_refusal_comes_before_the_payload(keys, tmp_path):
    """Too few approvals: the answer does not wait for gigabytes."""
    office = Office(keys, tmp_path)
    box = office.ask(forge.Box(keys))
    head = head_of(office.approved(box, [office.decision(box, "alice")]))
    with subprocess.Popen(
            [bin_folder() / "pkg-verify", "--trust", office.trust(), "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=clean_environment()) as tool:
        tool.stdin.write(head)
        tool.stdin.flush()
        verdict = json.loads(tool.stdout.readline())
        assert verdict["reason"] == "too-few-approvals"
        assert tool.wait() == 1     # while the feeder still holds the pipe
        tool.stdin.close()

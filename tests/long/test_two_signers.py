# SPDX-License-Identifier: Apache-2.0
"""Two signers at one spool with one token: no batch is lost, no document is
signed twice.  200 rounds here; PKG_ROUNDS says how many."""

import json
import os
import subprocess

import pytest
import softhsm
from batches import Batches
from support import clean_environment

ROUNDS = int(os.environ.get("PKG_ROUNDS", "200"))
DOCUMENTS = ("a.bin", "b.bin", "c.bin")


@pytest.fixture
def tokens(tmp_path):
    made = softhsm.Tokens(tmp_path / "softhsm")
    made.new_token("acme")
    made.new_key("p256", "02", "EC:secp256r1", "sign")
    return made


def signer(desk, tokens, cert, spied, batches):
    """A shell that runs every batch; who comes second is told no."""
    tool = desk._run.folder / "pkg-batch"
    lines = "".join(
        f"{tool} run --spool spool --key 'pkcs11:token=acme;object=p256' "
        f"--cert {cert} --pin file:{tokens.pin} --pkcs11-module {softhsm.SPY} "
        f"--yes --expect-digest {digest} {name} >>{spied}.out 2>>{spied}.err; "
        f"echo $? >>{spied}.codes\n" for name, digest in batches.items())
    return subprocess.Popen(
        ["sh", "-c", lines], cwd=desk.folder, stdin=subprocess.DEVNULL,
        env=clean_environment(**{**tokens.leaky_env,
                                 "PKCS11SPY_OUTPUT": spied}))


def test_two_signers(run, keys, tmp_path, tokens):
    desk = Batches(run, keys, tmp_path)
    cert = tokens.new_cert(keys, "p256", "signer")
    batches = {}
    for number in range(ROUNDS):
        name = f"b{number:04}"
        desk.ready_to_run(name, *DOCUMENTS)
        batches[name] = desk.status(name)["requestSha256"]
    both = [signer(desk, tokens, cert, tmp_path / f"spy{which}", batches)
            for which in range(2)]
    assert [each.wait() for each in both] == [0, 0]
    calls = codes = ""
    for which in range(2):
        calls += (tmp_path / f"spy{which}").read_text()
        codes += (tmp_path / f"spy{which}.codes").read_text()
    # one of the two has run it, the other was told that it is CLOSED
    assert sorted(codes.split()) == ["0"] * ROUNDS + ["1"] * ROUNDS
    assert calls.count(": C_Sign\n") == ROUNDS * len(DOCUMENTS)
    for name in batches:
        lines = (desk.job(name) / "results.jsonl").read_text().splitlines()
        assert [json.loads(line)["id"] for line in lines] == [1, 2, 3]
        assert desk.status(name)["status"] == "CLOSED"

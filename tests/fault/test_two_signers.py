# SPDX-License-Identifier: Apache-2.0
"""Two signers on one spool and one token.

Each batch is signed by one of them, once; none is lost, also when one of the two
dies.  Some rounds here; tests/long/two_signers.sh makes 200.
"""

import collections
import itertools
import json
import os
import random
import signal
import subprocess
import time

import pytest
import softhsm
from batches import Batches
from support import clean_environment

ROUNDS = int(os.environ.get("PKG_ROUNDS", "3"))
DOCUMENTS = ["one.bin", "two.bin", "three.bin"]


class Signer:
    """A process that runs one batch after the other, and notes what came."""

    script = 'for id; do "$tool" run --spool spool --process process.yaml ' \
        '$key --cert "$cert" --yes ' \
        '--expect-digest "$(cat "$id.digest")" --audit-log audit.log "$id" ' \
        '>>"$name.out" 2>>"$name.err"; echo "$id $?" >>"$name.codes"; done'

    def __init__(self, office, name, batches, in_token=True):
        self.desk, self.name = office.desk, name
        tokens, keys = office.tokens, office.desk.keys
        key = f"--key pkcs11:token=acme;object=signer --pkcs11-module " \
            f"{softhsm.SPY} --pin file:{tokens.pin}" if in_token else \
            f"--key {keys.key('release')}"
        self.spied = self.desk.folder / f"{name}.spy"
        env = clean_environment(**{
            **tokens.env, "PKCS11SPY_OUTPUT": self.spied, "name": name,
            "tool": self.desk.tools / "pkg-batch", "key": key,
            "cert": office.cert if in_token else keys.cert("release")})
        self.process = subprocess.Popen(["sh", "-c", self.script, "sh",
                                         *batches], cwd=self.desk.folder,
                                        env=env,
                                        stdin=subprocess.DEVNULL,
                                        start_new_session=True)

    def wait(self):
        assert self.process.wait(1800) == 0

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(600)

    def codes(self):
        path = self.desk.folder / f"{self.name}.codes"
        return [line.split() for line in path.read_text().splitlines()] \
            if path.exists() else []

    def signatures(self):
        return self.spied.read_text().count(": C_Sign\n") \
            if self.spied.exists() else 0

    def said(self):
        path = self.desk.folder / f"{self.name}.err"
        return path.read_text() if path.exists() else ""


class Office:
    """A spool and a token, and rounds in them."""

    def __init__(self, run, keys, folder, tokens):
        self.tokens = tokens
        self.cert = tokens.new_cert(keys, "signer", "signer", "acme")
        self.desk = Batches(run, keys, folder)
        self.desk.tools = run.folder
        for name in DOCUMENTS:
            self.desk.document(name)
        self.number = itertools.count()
        self.all = []

    def batches(self):
        """Two that are accepted."""
        names = [f"r{next(self.number)}" for _ in range(2)]
        for name in names:
            self.desk.create(name)
            self.desk.upload(name, *DOCUMENTS)
            self.desk.accept(name)
            digest = self.desk.status(name)["requestSha256"]
            (self.desk.folder / f"{name}.digest").write_text(digest)
        self.all += names
        return names

    def signers(self, batches, **how):
        """One from the front, one from the back."""
        return [Signer(self, f"{batches[0]}-{index}", order, **how)
                for index, order in enumerate((batches, batches[::-1]))]

    def is_signed(self, batch, signers=()):
        """Each document has one result."""
        job = self.desk.job(batch)
        state = json.loads((job / "state.json").read_text())
        assert (state["status"], state["succeeded"]) == ("CLOSED", 3), \
            f"{batch}: {errors(signers)}"
        rows = [json.loads(line) for line in
                (job / "results.jsonl").read_text().splitlines()]
        assert [row["id"] for row in rows] == [1, 2, 3]
        assert len({row["signature"] for row in rows}) == 3
        return True

    def log_is_sound(self):
        said = subprocess.run(
            [self.desk.tools / "pkg-verify", "audit.log"], text=True,
            cwd=self.desk.folder, env=clean_environment(), check=False,
            capture_output=True)
        assert said.returncode == 0, said.stderr
        return True




def errors(signers):
    return "".join(f"\n{signer.name}: {signer.said()}" for signer in signers)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    made = softhsm.Tokens(tmp_path_factory.mktemp("softhsm") / "box")
    made.new_token("acme")
    made.new_key("signer", "02", "EC:secp256r1", "sign")
    return made


@pytest.fixture
def office(run, keys, tmp_path, sanitized, tokens):
    if sanitized:
        pytest.skip("not under a sanitizer: the token's module leaks")
    run.cwd = tmp_path
    return Office(run, keys, tmp_path, tokens)


def test_two_signers(office):
    for _ in range(ROUNDS):
        batches = office.batches()
        signers = office.signers(batches)
        for signer in signers:
            signer.wait()
        codes = collections.Counter(
            (batch, code) for signer in signers
            for batch, code in signer.codes())
        # One has signed it, the other was told so.
        assert codes == {(batch, code): 1 for batch in batches
                         for code in "01"}, errors(signers)
        assert all(office.is_signed(batch) for batch in batches)
        assert sum(signer.signatures() for signer in signers) == 6
        for signer in signers:
            assert signer.said().count("[batch-status]") == \
                signer.said().count(": error: ")
    assert len(office.all) == 2 * ROUNDS and office.log_is_sound()


def test_one_of_two_dies(office):
    """What he has left is done by the other one, or by the next.  The key is in
    a file: SoftHSM writes its token's file anew when somebody logs in, and who
    is killed then leaves an empty one."""
    chance = random.Random(7)
    for _ in range(ROUNDS):
        batches = office.batches()
        first, second = office.signers(batches, in_token=False)
        time.sleep(chance.uniform(0, 0.3))
        first.kill()
        second.wait()
        third = Signer(office, f"{batches[0]}-2", batches, in_token=False)
        third.wait()
        for batch in batches:
            office.is_signed(batch, (first, second, third))
    assert office.log_is_sound()

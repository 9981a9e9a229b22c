# SPDX-License-Identifier: Apache-2.0
"""A container of which any byte was changed, lost or added is never accepted.

Here through the tool, from a file and from a pipe, with all bytes of the head
of one container, and samples; unit/test_verify_mutants.c tries all of them.
"""

import random
import shutil

import pytest

SUBJECT = ["--tenant", "acme", "--name", "demo", "--version", "1.0"]
MANIFEST = """\
packline: 1
tenant: acme
product: {name: demo, version: "1.0"}
modules:
  - name: demo-os
    version: "1.0"
    type: os
    artifacts: [{path: os.bin}]
"""
SPREAD = 300    # bytes behind the head that are tried
MASKS = (0x01, 0x80, 0xff)


def signed(run, keys):
    run("pkg-seal", "create", *SUBJECT, "--key", keys.key("officer"),
        "--cert", keys.cert("officer"), "-o", "it", "os.bin", check=0)
    return []


def sealed(run, keys):
    run("pkg-seal", "create", *SUBJECT, "--key", keys.key("officer"),
        "--cert", keys.cert("officer"), "--recipient", keys.cert("ecu-p256"),
        "-o", "it", "os.bin", check=0)
    return ["--recipient", keys.key("ecu-p256"), "--cert",
            keys.cert("ecu-p256")]


def bundle(run, keys):
    (run.cwd / "product.yaml").write_text(MANIFEST)
    run("pkg-manifest", "resolve", "product.yaml", "-o", "lock", check=0)
    run("pkg-manifest", "bundle", "lock", "-o", "draft", check=0)
    run("pkg-seal", "sign", "--key", keys.key("officer"), "--cert",
        keys.cert("officer"), "draft", "-o", "it", check=0)
    return []


class Victim:
    """A container, and pkg-verify to ask about changed ones."""

    def __init__(self, run, keys, make, stride):
        self.content = bytes(range(256)) * 2
        (run.cwd / "os.bin").write_bytes(self.content)
        self.run = run
        self.path = run.cwd / "changed"
        self.options = ["--trust", keys.ca, "--extract", "files",
                        *make(run, keys)]
        self.bytes = (run.cwd / "it").read_bytes()
        self.stride = stride

    def ask(self, data, pipe):
        if pipe:
            return self.run("pkg-verify", *self.options, "-", input=data)
        self.path.write_bytes(data)
        return self.run("pkg-verify", *self.options, self.path)

    def refuses(self, data, pipe, what):
        """With a reason, no matter how it is read; nothing is extracted."""
        answer = self.ask(data, pipe)
        assert answer.code in (1, 3), what
        verdict = answer.records[-1]
        assert verdict["type"] == "verdict" and verdict["ok"] is False, what
        assert verdict["reason"], what
        assert f"[{verdict['reason']}]" in answer.err, what
        assert not (self.run.cwd / "files").exists(), what

    def positions(self):
        """All of the head, and a sample of what is behind it."""
        head = self.bytes.index(b"\0META-INF/request.json")
        rest = range(head, len(self.bytes))
        some = random.Random(1).sample(rest, min(SPREAD, len(rest)))
        return [*range(0, head, self.stride), *sorted(some)[::self.stride]]


@pytest.fixture(params=[(signed, 1), (sealed, 5), (bundle, 5)],
                ids=["signed", "sealed", "bundle"])
def victim(request, run, keys, sanitized):
    """Every byte of the head only once; under sanitizers a run is slow."""
    make, stride = request.param
    return Victim(run, keys, make, 11 * stride if sanitized else stride)


def test_unchanged_is_accepted(victim):
    for pipe in (False, True):
        assert victim.ask(victim.bytes, pipe).code == 0
        files = list((victim.run.cwd / "files").iterdir())
        assert victim.content in [path.read_bytes() for path in files]
        shutil.rmtree(victim.run.cwd / "files")


def test_changed_byte(victim):
    for number, at in enumerate(victim.positions()):
        data = bytearray(victim.bytes)
        data[at] ^= MASKS[number % len(MASKS)]
        victim.refuses(bytes(data), number % 2 == 1, f"byte {at} changed")


def test_cut_off(victim):
    size = len(victim.bytes)
    lengths = [0, 1, size // 2, size - 1]
    lengths += range(4, size, 37 * victim.stride)
    for number, length in enumerate(lengths):
        victim.refuses(victim.bytes[:length], number % 2 == 1,
                       f"cut to {length} of {size} bytes")


def test_something_added(victim):
    for pipe in (False, True):
        for more in (b"\0", b"\n", b"PK\5\6" + b"\0" * 18, victim.bytes):
            victim.refuses(victim.bytes + more, pipe, f"{more[:9]} behind")
            victim.refuses(more + victim.bytes, pipe, f"{more[:9]} before")


def test_byte_lost_or_doubled(victim):
    for number, at in enumerate(victim.positions()[::9]):
        before, after = victim.bytes[:at], victim.bytes[at:]
        victim.refuses(before + after[1:], number % 2 == 0, f"{at} lost")
        victim.refuses(before + after[:1] + after, number % 2 == 1,
                       f"{at} doubled")

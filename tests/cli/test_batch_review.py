# SPDX-License-Identifier: Apache-2.0
"""What a person sees of a batch before he accepts or runs it."""

import hashlib
import re

import pytest
from gap import Gap, reason
from terminal import Terminal


@pytest.fixture
def sides(run, keys, tmp_path):
    return Gap(run, keys, tmp_path)


def on_terminal(side, verb, *more, answer=b"b1\n", env=None):
    """The screen, the exit status and standard error."""
    terminal = Terminal(side.folder, "pkg-batch", verb, "--spool", "spool",
                        *more, "b1", env=env)
    terminal.read_until(b"type its id")
    terminal.type(answer)
    code, err, _ = terminal.end()
    return terminal.screen.decode("utf-8", "replace"), code, err


def officer(side, who="alice"):
    return ("--reason", "tested in the lab", "--key", side.keys.key(who),
            "--cert", side.keys.cert(who))


def words(screen):
    """As one line: what was folded is put together again."""
    return re.sub(r"\n {16}", "", screen)


def request_digest(side):
    return hashlib.sha256((side.job() / "request.json").read_bytes()).hexdigest()


def test_what_is_accepted(sides):
    side = sides.build
    side.create()
    screen, code, err = on_terminal(side, "accept", *officer(side))
    assert (code, err) == (0, "")
    assert "To accept it, type its id (b1): " in screen
    shown = words(screen)
    for text in ("TO BE ACCEPTED", "tested in the lab", "acme", "build",
                 "bootloaders", "sign, cms-detached, SHA-256", "boot-b.bin",
                 "5000 bytes", "3, of 5006 bytes together",
                 hashlib.sha256(b"first\n").hexdigest(),
                 "CN=alice,O=Acme"):
        assert text in shown, text
    groups = request_digest(side)
    assert " ".join(groups[i:i + 4] for i in range(0, 32, 4)) in screen


def test_what_changes_while_somebody_looks_is_not_signed(sides):
    """He has confirmed the digest of another list."""
    side = sides.build
    side.create()
    side.accept("alice", "bob")
    terminal = Terminal(side.folder, "pkg-batch", "run", "--spool", "spool",
                        "--audit-log", "log", *officer(side, "officer")[2:],
                        "b1")
    terminal.read_until(b"type its id")
    path = side.job() / "documents-001.jsonl"
    path.write_bytes(path.read_bytes().replace(
        hashlib.sha256(b"first\n").hexdigest().encode(), b"0" * 64))
    terminal.type(b"b1\n")
    code, err, _ = terminal.end()
    assert (code, "[batch-request]" in err) == (1, True), err
    assert not (side.job() / "results.jsonl").exists()
    assert side.status() == "ACCEPTED"
    assert '"begin"' not in (side.folder / "log").read_text()


def test_what_is_run(sides):
    side = sides.build
    side.create()
    side.accept("alice", "bob")
    key = ("--key", side.keys.key("officer"), "--cert",
           side.keys.cert("officer"))
    screen, code, err = on_terminal(side, "run", *key)
    assert (code, err) == (0, "")
    for text in ("TO BE SIGNED", "ACCEPTED BY 2 OF 2", "alice", "bob",
                 "CN=officer,O=Acme", "To run it, type its id (b1): "):
        assert text in screen, text


@pytest.mark.parametrize("answer", [b"\n", b"yes\n", b"b1 \n", b"b2\n",
                                    b"\x04"], ids=repr)
@pytest.mark.parametrize("verb", ["accept", "run"])
def test_anything_else_is_a_no(sides, verb, answer):
    side = sides.build
    side.create()
    more = officer(side)
    if verb == "run":
        side.accept("alice", "bob")
        more = more[2:]
    before = side.state()
    _, code, err = on_terminal(side, verb, *more, answer=answer)
    assert code == 1 and "[not-confirmed]" in err
    assert side.state() == before


def test_a_rejection_is_called_one(sides):
    side = sides.build
    side.create()
    screen, code, _ = on_terminal(side, "accept", "--decision", "REJECTED",
                                  *officer(side))
    assert code == 0 and "TO BE REJECTED" in screen
    assert "To reject it" in screen and side.state()["rejected"]


def test_without_a_terminal(sides):
    side = sides.build
    side.create()
    refused = side("accept", *officer(side), "b1", agree=False, check=1,
                   start_new_session=True)
    assert reason(refused) == "not-confirmed"
    assert "--yes --expect-digest" in refused.err


def test_a_script_names_the_digest(sides):
    side = sides.build
    side.create()
    refused = side("accept", *officer(side), "--yes", "--expect-digest",
                   "0" * 64, "b1", check=1)
    assert reason(refused) == "digest-mismatch"
    side.accept("alice", "bob")     # with the digest, see support.py
    refused = side("run", *officer(side)[2:], "--yes", "--expect-digest",
                   "0" * 64, "b1", check=1)
    assert reason(refused) == "digest-mismatch"


@pytest.mark.parametrize("options", [
    ["--yes"], ["--yes", "--expect-digest", "abc"],
    ["--yes", "--expect-digest", "0" * 64, "--qr"]])
@pytest.mark.parametrize("verb", ["accept", "run"])
def test_options_that_make_no_sense(sides, verb, options):
    sides.build.create()
    sides.build(verb, *options, "b1", check=2)


def test_names_cannot_fool_the_terminal(run, keys, tmp_path):
    sides = Gap(run, keys, tmp_path)
    process = sides.build.folder / "process.yaml"
    process.write_text(re.sub(r"  names:.*\n", "", process.read_text()))
    names = ["b\u0430.bin", "c  d.bin"]
    sides.build("create", "--process", "process.yaml", "--id", "b1",
                "--requester", "me\u202egnp")
    for name in names:
        (sides.build.folder / name).write_bytes(b"x")
    sides.build("upload", "b1", *names)
    screen, code, _ = on_terminal(sides.build, "accept",
                                  *officer(sides.build),
                                  env={"LC_ALL": "C.UTF-8"})
    assert code == 0
    for text in ("me\\u{202e}gnp", "b\\u{0430}.bin", "c\\x20\\x20d.bin"):
        assert text in screen
    assert "\u202e" not in screen and "\x1b" not in screen


def test_the_qr_code(sides, cache):
    if not cache.get("QRENCODE_FOUND"):
        pytest.skip("built without libqrencode")
    side = sides.build
    side.create()
    screen, code, _ = on_terminal(side, "accept", "--qr", *officer(side))
    assert code == 0 and "\u2580" in screen


def test_many_documents_are_counted(sides):
    side = sides.build
    documents = {f"d{n:05d}.bin": b"x" * 7 for n in range(1003)}
    side.create(documents=documents)
    screen, code, _ = on_terminal(side, "accept", *officer(side))
    assert code == 0
    assert "1003, of 7021 bytes together" in screen
    assert "and 3 more, of 21 bytes, not shown here" in screen
    # Not the word of a digest: "document" is one of them.
    assert len(re.findall(r"^document  ", screen, re.M)) == 1000


def test_what_changed_since_another_batch(sides):
    side = sides.build
    side.create(name="b0", documents={
        "boot-a.bin": b"first\n", "boot-b.bin": b"old", "boot-z.bin": b"z"})
    side.create()
    screen, code, _ = on_terminal(side, "accept", "--previous", "b0",
                                  *officer(side))
    assert code == 0
    told = screen[screen.index("=== CHANGED"):].split("===")[1]
    for line in ("since           b0", "new             boot-c.bin",
                 "changed         boot-b.bin", "gone            boot-z.bin",
                 "the same        1\n"):
        assert line in told, told
    refused = side("accept", "--previous", "b7", *officer(side, "bob"), "b1",
                   agree=False, check=1)
    assert reason(refused) == "no-such-job"


def test_the_digest_that_is_signed_is_shown(run, keys, tmp_path):
    sides = Gap(run, keys, tmp_path, extra="  digest: sha384\n")
    sides.build.create(documents={"boot-a.bin": b"first\n"})
    screen, code, _ = on_terminal(sides.build, "accept")
    assert code == 0
    assert hashlib.sha384(b"first\n").hexdigest() in words(screen)

# SPDX-License-Identifier: Apache-2.0
"""examples/ceremony: the rehearsal, and the document that it is taken from."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import jsonschema
import pytest
import yaml
from support import ROOT, bin_folder, clean_environment

CEREMONY = ROOT / "examples" / "ceremony"
TEXT = (CEREMONY / "ceremony.md").read_text()
REFUSED = {"approval-rejected", "too-few-approvals", "not-confirmed",
           "unexpected-manifest", "approval-duplicate", "not-allowed",
           "framing", "batch-status", "exchange-known"}


def rehearse(*args, folder=CEREMONY, **variables):
    env = clean_environment(**{"PKG_BIN": bin_folder(), **variables})
    return subprocess.run(["sh", folder / "rehearse.sh", *args], env=env,
                          text=True, check=False, capture_output=True,
                          stdin=subprocess.DEVNULL)


def blocks(text):
    """(room, commands, what is seen) of every block of the document."""
    found = []
    for kind, body in re.findall(r"^```(.+?)\n(.*?)^```$", text, re.M | re.S):
        if kind.startswith("sh "):
            found.append([kind[3:], body, ""])
        else:
            assert kind == "text"
            found[-1][2] = body
    return found


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory):
    """(its folder, its words) of one that went well."""
    out = tmp_path_factory.mktemp("ceremony") / "an out"
    done = rehearse(out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return out, done.stdout


@pytest.fixture
def copied(tmp_path):
    """rehearse(*changes) with a document in which they were made."""

    def run(*changes, **variables):
        examples = shutil.copytree(ROOT / "examples", tmp_path / "examples")
        text = TEXT
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        folder = examples / "ceremony"
        (folder / "ceremony.md").write_text(text)
        return rehearse(folder=folder, TMPDIR=tmp_path, **variables)

    return run


# -- the script and the document ----------------------------------------------

def test_every_block_was_performed(rehearsal):
    """In its room, in order: nothing is left out, and nothing added."""
    wanted = []
    for room, commands, _ in blocks(TEXT):
        name = {".": "corridor", "session": "everybody"}.get(
            room, room.rpartition("/")[2])
        wanted += [f"  {name}$ {line}" for line in commands.splitlines()]
    said = [line for line in rehearsal[1].splitlines()
            if re.match(r"  [a-z-]+\$ ", line)]
    assert said == wanted
    count = len([room for room, *_ in blocks(TEXT) if room != "session"])
    assert f"All {count} blocks of ceremony.md did what it says." in \
        rehearsal[1]


def test_the_script_has_no_commands_of_its_own():
    lines = (CEREMONY / "rehearse.sh").read_text().split("set -eu")[1]
    assert not re.search(r"pkg-\w+ +(-|create|approve|sign|attach|show)",
                         lines)


def test_every_step_says_what_is_seen_or_moves_the_stick():
    for room, commands, seen in blocks(TEXT):
        silent = re.match(r"(mv|cp|cmp|test|export) ", commands)
        assert seen or silent, (room, commands)


@pytest.mark.parametrize("old, new, complaint", [
    ("kind           sealed", "kind           signed",
     "  kind           signed"),
    ("name           gateway\nversion        1.4.0\n",
     "version        1.4.0\nname           gateway\n",
     "  name           gateway"),
    ("--sequence 140", "--sequence x", "name           gateway"),
    ("mkdir stick/1.4.0\n", "", "name           gateway"),
    ("mv build/stick", "mv built/stick", "failed with exit"),
    ("rooms in rooms\n", "rooms in rooms\nexit status 1\n",
     "  exit status 1"),
    ("```sh .\n", "```python\n", "neither sh ROOM nor text"),
])
def test_a_document_that_is_wrong_is_found_out(copied, old, new, complaint):
    done = copied((old, new), (TEXT[TEXT.index("### 3.2"):], ""))
    assert done.returncode == 1
    assert complaint in done.stderr


def test_an_answer_is_typed_when_it_is_asked_for(copied):
    """One at a time: what was typed before the question is no answer."""
    done = copied((TEXT[TEXT.index("## 2. "):], """
```sh .
for what in one two; do
    sleep 0.3; stty -echo; printf 'say %s: ' "$what"; read -r said; stty echo
    echo; echo "heard $said"
done
```
```text
say one: «1»
heard 1
say two: «2»
heard 2
```
"""))
    assert done.returncode == 0, done.stdout + done.stderr


# -- what the ceremony is for -------------------------------------------------

def identities(said):
    """(group digits, words) of every screen, in order."""
    pattern = (r"  SHA-256 +((?:[0-9a-f]{4}\s+(?:\| +)?){16})"
               r"(?:\|   )?in words +((?:[A-Za-z]+\s+(?:\| +)?){31}[A-Za-z]+)")
    return [("".join(re.findall(r"[0-9a-f]{4}", digits)),
             tuple(re.findall(r"[A-Za-z]+", words)))
            for digits, words in re.findall(pattern, said)]


def test_all_see_the_same_words_of_the_same_release(rehearsal):
    said = identities(rehearsal[1])
    rejected, approved, other, batch = said[:3], said[3:7], said[7:8], said[8:]
    assert len(batch) == 3
    assert all(len(set(one)) == 1 for one in (rejected, approved, batch))
    assert len({rejected[0], approved[0], other[0], batch[0]}) == 4
    assert all(len(words) == 32 for _, words in said)


def test_the_device_has_what_was_approved(rehearsal):
    rooms = rehearsal[0] / "rooms"
    digest = identities(rehearsal[1])[3][0]
    assert f"  |   manifest       {digest}\n" in rehearsal[1]
    opened = (rooms / "device/opened/gateway.tar").read_bytes()
    assert opened == (rooms / "build/1.4.1/gateway.tar").read_bytes()
    assert opened != (rooms / "build/1.4.0/gateway.tar").read_bytes()


def test_everything_that_must_not_work_was_refused(rehearsal):
    assert set(re.findall(r"^  \| pkg-(?:seal|batch): error: .*\[([a-z-]+)\]$",
                          rehearsal[1], re.M)) == REFUSED


def test_no_payload_was_on_the_stick(rehearsal):
    stick = rehearsal[0] / "rooms/security-officer/stick"
    files = [path for path in stick.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {
        ".request", ".response", ".log", ".head", ".p7s"}
    assert all(path.stat().st_size < 16384 for path in files)


def test_every_document_of_the_batch_is_signed(rehearsal):
    rooms = rehearsal[0] / "rooms"
    for board in "abc":
        signed = rooms / "build/signed" / f"board-{board}.bin"
        assert signed.read_text() == f"loader of board {board}\n"
        subprocess.run(
            ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in",
             f"{signed}.p7s", "-content", signed, "-CAfile",
             rooms / "device/rules/certs/ca.pem", "-purpose", "any", "-out",
             os.devnull], check=True, capture_output=True)


def test_the_logs_tell_what_was_done(rehearsal):
    rooms = rehearsal[0] / "rooms"
    done = {room: [json.loads(line)["event"] for line in
                   (rooms / room / "audit.log").read_text().splitlines()
                   if json.loads(line)["phase"] == "end"]
            for room in ("build", "product-owner", "signer")}
    assert done == {
        "build": ["create", "create", "attach", "batch-create",
                  "batch-export", "batch-import", "batch-download"],
        "product-owner": ["approve", "approve", "batch-import",
                          "batch-accept", "batch-export"],
        "signer": ["sign", "batch-import", "batch-run", "batch-export"]}


def test_the_release_key_is_only_in_the_token(rehearsal):
    rooms = rehearsal[0] / "rooms"
    assert {str(path.relative_to(rooms)) for path in rooms.rglob("*")
            if path.is_file() and b"PRIVATE KEY" in path.read_bytes()} == {
        "product-owner/product-owner.key", "device/ecu-a.key",
        "security-officer/security-officer.key"}


def test_no_color_of_the_terminal_is_in_what_is_printed(rehearsal):
    assert "\033" not in rehearsal[1] and "\r" not in rehearsal[1]


# -- what it needs ------------------------------------------------------------

def without(tmp_path, *names):
    """A PATH on which everything is but these."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for path in os.get_exec_path():
        if not os.access(path, os.R_OK | os.X_OK):
            continue
        for program in pathlib.Path(path).glob("*"):
            link = folder / program.name
            if program.name not in names and not link.is_symlink():
                link.symlink_to(program)
    return str(folder)


@pytest.mark.parametrize("name, package", [
    ("softhsm2-util", "missing: softhsm2\n"),
    ("pkcs11-tool", "missing: opensc\n"),
    ("script", "apt-get install bsdutils")])
def test_says_what_is_missing(tmp_path, name, package):
    done = rehearse(PATH=without(tmp_path, name), TMPDIR=tmp_path)
    assert done.returncode == 1
    assert package in done.stdout + done.stderr
    assert "apt-get install" in done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["programs"]


def test_says_that_it_wants_the_tools(tmp_path):
    done = rehearse(PKG_BIN=tmp_path)
    assert done.returncode == 1
    assert "pkg-seal and pkg-verify are not on PATH" in done.stderr


def test_without_a_folder_nothing_is_left(copied, tmp_path):
    done = copied(("## 2. Everybody", "```sh .\nfalse\n```\n## 2. Everybody"))
    assert done.returncode == 1 and "failed with exit" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["examples"]


@pytest.mark.parametrize("script", ["rehearse.sh", "prepare.sh"])
def test_leaves_what_is_there_alone(tmp_path, script):
    (tmp_path / "thesis.txt").write_text("mine")
    done = subprocess.run(["sh", CEREMONY / script, tmp_path], text=True,
                          env=clean_environment(PKG_BIN=bin_folder()),
                          capture_output=True, check=False)
    assert done.returncode == 1 and "name a folder that is to be" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("script, usage", [
    ("rehearse.sh", "[DIR]"), ("prepare.sh", "DIR")])
def test_usage(tmp_path, script, usage):
    done = subprocess.run(["sh", CEREMONY / script, "a", "b"], cwd=tmp_path,
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"usage: {script} {usage}\n")
    assert not list(tmp_path.iterdir())


# -- the document for people --------------------------------------------------

def test_the_reasons_of_the_table_are_in_the_manual():
    manual = "".join((ROOT / "tools" / f"{tool}.1.scd").read_text()
                     for tool in ("pkg-seal", "pkg-verify", "pkg-batch"))
    table = TEXT.split("\n## When something is off\n")[1].split("\n## ")[0]
    reasons = set(re.findall(r"`\[([a-z-]+)\]`", table))
    assert len(reasons) >= 8
    assert {reason for reason in reasons if f"*{reason}*" not in manual} == \
        set()


def test_the_process_follows_its_schema():
    schema = json.loads((ROOT / "schemas/process.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(
        yaml.safe_load((CEREMONY / "loaders.yaml").read_text()))


def test_it_can_be_printed():
    """Lines that fit; links that lead somewhere."""
    for line in TEXT.splitlines():
        assert len(line) <= 80 or line.startswith("|") or \
            line.startswith("  ok "), line
    for target in re.findall(r"\]\(#([a-z0-9-]+)\)", TEXT):
        heads = {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-")
                 for head in re.findall(r"^#+ (.*)$", TEXT, re.M)}
        assert target in heads

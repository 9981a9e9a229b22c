# SPDX-License-Identifier: Apache-2.0
"""What an officer sees before he signs, and what he has to do then."""

import json
import os
import re
import shutil
import subprocess
import zipfile

import forge
import pytest
from support import bin_folder, manifest_sha256
from terminal import Terminal

SUBJECT = ("--tenant", "acme", "--name", "demo", "--version", "1.2.3")


@pytest.fixture
def draft(run, tmp_path):
    (tmp_path / "rootfs.bin").write_bytes(b"root\n")
    run("pkg-seal", "create", *SUBJECT, "--sequence", "7", "--requester",
        "build host", "-o", "a.draft", "rootfs.bin", check=0)
    return tmp_path / "a.draft"


def signer(keys):
    return ("--key", keys.key("release"), "--cert", keys.cert("release"))


def on_terminal(tmp_path, keys, *more, answer=b"1.2.3\n", env=None):
    """Sign on a terminal; the screen, the status and standard error."""
    terminal = Terminal(tmp_path, "pkg-seal", "sign", *signer(keys), *more,
                        "-o", "a.seal", "a.draft", env=env)
    terminal.read_until(b"type its version")
    terminal.type(answer)
    code, err, _ = terminal.end()
    assert (tmp_path / "a.seal").exists() == (code == 0)
    return terminal.screen, code, err


# -- the question -------------------------------------------------------------

def test_the_version_is_typed(run, tmp_path, keys, draft):
    screen, code, err = on_terminal(tmp_path, keys)
    assert code == 0 and err == ""
    assert b"To sign it, type its version (1.2.3): " in screen
    run("pkg-verify", "--trust", keys.ca, "a.seal", check=0)


def test_no_progress_is_left_on_the_screen(tmp_path, keys, draft):
    """It goes to the same terminal if that is standard error, too."""
    terminal = Terminal(tmp_path, "sh", "-c", "exec \"$@\" 2>/dev/tty", "sh",
                        bin_folder() / "pkg-seal", "sign", *signer(keys), "-o",
                        "a.seal", "a.draft")
    terminal.read_until(b"type its version")
    terminal.type(b"1.2.3\n")
    assert terminal.end()[0] == 0
    assert b"\r\x1b[K=== TO BE SIGNED\n" in terminal.screen


@pytest.mark.parametrize("answer", [
    b"\n", b"yes\n", b"1.2.3 \n", b" 1.2.3\n", b"1.2.4\n", b"1.2.30\n",
    b"1.2\n", b"\x04"], ids=repr)
def test_anything_else_is_a_no(tmp_path, keys, draft, answer):
    _, code, err = on_terminal(tmp_path, keys, answer=answer)
    assert code == 1 and "[not-confirmed]" in err


def test_what_was_typed_before_the_question_is_no_answer(tmp_path, keys,
                                                         draft):
    terminal = Terminal(tmp_path, "pkg-seal", "sign", *signer(keys), "-o",
                        "a.seal", "a.draft")
    terminal.type(b"1.2.3\n")
    terminal.read_until(b"type its version")
    terminal.type(b"\n")
    code, err, _ = terminal.end()
    # The first line can come late, after the flush: it must not be both.
    assert (code, "[not-confirmed]" in err) in ((1, True), (0, False))


def test_standard_input_is_not_asked(tmp_path, keys, draft):
    """The draft comes from there, and answers could, too."""
    with draft.open("rb") as stdin:
        terminal = Terminal(tmp_path, "pkg-seal", "sign", *signer(keys),
                            "-o", "a.seal", "-", stdin=stdin)
        terminal.read_until(b"type its version")
        terminal.type(b"1.2.3\n")
        assert terminal.end()[0] == 0


def test_without_a_terminal(run, keys, draft):
    result = run("pkg-seal", "sign", *signer(keys), "-o", "a.seal", "a.draft",
                 agree=False, start_new_session=True, input=b"1.2.3\n",
                 check=1)
    assert "[not-confirmed]" in result.err
    assert "--yes --expect-digest" in result.err


def test_a_script_names_the_digest(run, keys, draft):
    digest = manifest_sha256(draft.read_bytes())
    run("pkg-seal", "sign", *signer(keys), "--yes", "--expect-digest", digest,
        "-o", "a.seal", "a.draft", start_new_session=True, check=0)


@pytest.mark.parametrize("options", [
    ["--yes"], ["--yes", "--expect-digest", "abc"],
    ["--yes", "--expect-digest", "0" * 64, "--previous", "a.draft"],
    ["--yes", "--expect-digest", "0" * 64, "--qr"]], ids=" ".join)
def test_options_that_make_no_sense(run, keys, draft, options):
    run("pkg-seal", "sign", *signer(keys), *options, "-o", "a.seal", "a.draft",
        check=2)


def test_another_digest_is_refused_before_the_question(tmp_path, keys, draft):
    terminal = Terminal(tmp_path, "pkg-seal", "sign", *signer(keys),
                        "--expect-digest", "0" * 64, "-o", "a.seal", "a.draft")
    code, err, _ = terminal.end()
    assert code == 1 and "[unexpected-manifest]" in err
    assert terminal.screen == b""


# -- the screen ---------------------------------------------------------------

def test_what_is_told(tmp_path, keys, draft):
    screen, _, _ = on_terminal(tmp_path, keys)
    lines = screen.decode().splitlines()
    for line in ("=== TO BE SIGNED", "name            demo",
                 "version         1.2.3", "tenant          acme",
                 "sequence        7", "expires         (never)",
                 "requester       build host", "file            rootfs.bin",
                 "certificate     CN=release,O=Acme"):
        assert line in lines
    with zipfile.ZipFile(draft) as archive:
        request = json.loads(archive.read("META-INF/request.json"))
    assert "                " + request["files"][0]["sha256"] in lines
    assert all(len(line) <= 80 for line in lines)


def test_the_digest_in_groups_and_in_words(tmp_path, keys, draft):
    screen = on_terminal(tmp_path, keys)[0].decode()
    digest = manifest_sha256(draft.read_bytes())
    groups = re.search(r"^  SHA-256 +((?:[0-9a-f]{4}\s+){16})", screen, re.M)
    assert "".join(groups[1].split()) == digest
    words = re.search(r"^  in words +((?:[A-Za-z]+\s+){32})", screen, re.M)
    assert len(words[1].split()) == 32


def hostile_names():
    """Names of files, each with what must not reach the terminal."""
    bad = ("\N{RIGHT-TO-LEFT OVERRIDE}", "\N{ZERO WIDTH SPACE}",
           "\N{LINE SEPARATOR}", "\N{ARABIC LETTER MARK}",
           "\N{LEFT-TO-RIGHT MARK}", "\N{LEFT-TO-RIGHT ISOLATE}",
           "\N{POP DIRECTIONAL ISOLATE}", "\N{COMBINING LONG STROKE OVERLAY}",
           "\N{HEBREW LETTER ALEF}", "\N{NO-BREAK SPACE}",
           "\N{SOFT HYPHEN}", "\N{VARIATION SELECTOR-16}")
    return {f"n{i}{char}.bin": f"n{i}\\u{{{ord(char):04x}}}.bin"
            for i, char in enumerate(bad)}


@pytest.mark.parametrize("lang", ["C.UTF-8", "C", "POSIX"])
def test_hostile_names_of_files(run, tmp_path, keys, lang):
    names = hostile_names()
    for name in names:
        (tmp_path / name).write_bytes(b"")
    run("pkg-seal", "create", *SUBJECT, "-o", "a.draft", *names, check=0)
    screen, code, _ = on_terminal(tmp_path, keys, env={"LC_ALL": lang})
    assert code == 0
    for shown in names.values():
        assert f"file            {shown}\n".encode() in screen
    assert set(screen) <= set(b"\n") | set(range(0x20, 0x7f))


def test_letters_that_look_alike(run, tmp_path, keys):
    """Cyrillic a: shown as it is, and in ASCII, where it is not an a."""
    name = "g\N{CYRILLIC SMALL LETTER A}teway"
    (tmp_path / "x").write_bytes(b"")
    run("pkg-seal", "create", "--tenant", "acme", "--name", name,
        "--version", "1.2.3", "-o", "a.draft", "x", check=0)
    screen, _, _ = on_terminal(tmp_path, keys)
    assert (f"name            {name}\n  in ASCII      g\\u{{0430}}teway\n"
            in screen.decode())
    os.unlink(tmp_path / "a.seal")
    screen, _, _ = on_terminal(tmp_path, keys, env={"LC_ALL": "C"})
    assert b"name            g\\u{0430}teway\n" in screen
    assert screen.isascii()


def test_an_odd_version_is_typed_as_it_is_shown(run, tmp_path, keys):
    (tmp_path / "x").write_bytes(b"")
    run("pkg-seal", "create", "--tenant", "acme", "--name", "n", "--version",
        " 1\N{ZERO WIDTH SPACE}2\\3", "-o", "a.draft", "x", check=0)
    screen, code, _ = on_terminal(
        tmp_path, keys, answer=" 1\N{ZERO WIDTH SPACE}2\\3\n".encode())
    assert code == 1
    assert b"(\\x201\\u{200b}2\\\\3): " in screen
    _, code, _ = on_terminal(tmp_path, keys,
                             answer=b"\\x201\\u{200b}2\\\\3\n")
    assert code == 0


def test_long_names_are_folded_not_cut(run, tmp_path, keys):
    """Two names that differ in their last letter only."""
    for end in "ab":
        (tmp_path / ("x" * 200 + end)).write_bytes(b"")
    run("pkg-seal", "create", *SUBJECT, "-o", "a.draft", "x" * 200 + "a",
        "x" * 200 + "b", check=0)
    screen = on_terminal(tmp_path, keys)[0].decode()
    joined = screen.replace("\n                ", "")
    assert "x" * 200 + "a" in joined and "x" * 200 + "b" in joined
    assert max(map(len, screen.splitlines())) == 80


def test_a_hostile_certificate(run, tmp_path, keys, draft):
    keys.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-days", "30",
                 "-subj", "/CN=eve\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}ecila",
                 "-addext", "extendedKeyUsage=codeSigning", "-addext",
                 "basicConstraints=critical,CA:FALSE", "-keyout", "eve.key",
                 "-out", "eve.pem")
    os.chmod(keys.path("eve.key"), 0o600)
    terminal = Terminal(tmp_path, "pkg-seal", "sign", "--key",
                        keys.key("eve"), "--cert", keys.cert("eve"), "-o",
                        "a.seal", "a.draft")
    terminal.read_until(b"type its version")
    terminal.type(b"1.2.3\n")
    assert terminal.end()[0] == 0
    assert b"\x1b" not in terminal.screen
    assert rb"certificate     CN=eve\\1B[2J\u{202e}ecila" in terminal.screen


def test_extensions_are_signed_and_shown(run, tmp_path, keys):
    """Nothing here reads them, but others may: nobody is to sign them unseen."""
    box = forge.Box(keys, version="1.2.3", signers=[])
    box.write(tmp_path / "old")
    box.manifest["ext"] = {"vendor": {"run": "\x7f\n x\u202e", "n": [1, None]}}
    draft = box.write(tmp_path / "a.draft")
    text = r'{"vendor":{"n":[1,null],"run":"\x7f\\n x\u{202e}"}}' "\n"
    screen = on_terminal(tmp_path, keys, "--previous", "old")[0].decode()
    before, _, changed = screen.partition("=== CHANGED")
    assert "extensions      " + text in before
    assert "+ extensions    " + text in changed
    told = run("pkg-seal", "show", "--format", "text", draft, check=0).out
    assert "extensions     " + text in told


# -- what changed -------------------------------------------------------------

def test_what_changed_since_the_last_time(run, tmp_path, keys, draft):
    (tmp_path / "new.bin").write_bytes(b"new")
    (tmp_path / "gone.bin").write_bytes(b"gone")
    run("pkg-seal", "create", *SUBJECT[:-1], "1.2.2", "--sequence", "6",
        "--requester", "build host", *signer(keys), "-o", "old.seal",
        "rootfs.bin", "gone.bin", check=0)
    (tmp_path / "rootfs.bin").write_bytes(b"other\n")
    run("pkg-seal", "create", *SUBJECT, "--sequence", "7", "--requester",
        "build host", "-o", "a.draft", "--force", "rootfs.bin", "new.bin",
        check=0)
    screen = on_terminal(tmp_path, keys, "--previous", "old.seal")[0].decode()
    _, _, changed = screen.partition("=== CHANGED")
    changed, _, _ = changed.partition("===")
    assert "since           old.seal\n" in changed
    assert ("~ version       \n    was         1.2.2\n    now         1.2.3\n"
            in changed)
    assert "+ file          new.bin\n" in changed
    assert "- file          gone.bin\n" in changed
    assert "~ file          rootfs.bin\n" in changed
    assert "tenant" not in changed and "requester" not in changed


def test_nothing_changed(tmp_path, keys, draft):
    shutil.copy(draft, tmp_path / "old")
    screen = on_terminal(tmp_path, keys, "--previous", "old")[0].decode()
    assert "(nothing of the above)" in screen


def test_a_previous_one_that_is_none(tmp_path, keys, draft):
    terminal = Terminal(tmp_path, "pkg-seal", "sign", *signer(keys),
                        "--previous", "rootfs.bin", "-o", "a.seal", "a.draft")
    code, err, _ = terminal.end()
    assert code == 3 and "rootfs.bin" in err


def test_recipients_and_what_cannot_be_seen(run, tmp_path, keys):
    (tmp_path / "x").write_bytes(b"secret")
    for name, ecu in ("old", "ecu-rsa"), ("a.draft", "ecu-p256"):
        run("pkg-seal", "create", *SUBJECT, "--recipient", keys.cert(ecu),
            "-o", name, "x", check=0)
    screen = on_terminal(tmp_path, keys, "--previous", "old")[0].decode()
    assert "files           ENCRYPTED" in screen
    assert re.search(r"^recipient       [0-9a-f]{40}\n +ecdh-p256$", screen,
                     re.M)
    assert re.search(r"^\+ recipient     [0-9a-f]{40}\n +ecdh-p256$", screen,
                     re.M)
    assert re.search(r"^- recipient     [0-9a-f]{40}\n +rsa-oaep$", screen,
                     re.M)
    assert "they were not compared" in screen


def test_keys_that_are_shared_have_names(run, tmp_path, keys):
    """Another key-encryption key is another recipient: it is told."""
    (tmp_path / "x").write_bytes(b"secret")
    (tmp_path / "x.kek").write_bytes(bytes(range(32)))
    (tmp_path / "x.kek").chmod(0o600)
    for name, site in ("old", "site-7"), ("a.draft", "site-8"):
        run("pkg-seal", "create", *SUBJECT, "--recipient",
            f"kek:{site}=x.kek", "-o", name, "x", check=0)
    screen = on_terminal(tmp_path, keys, "--previous", "old")[0].decode()
    assert re.search(r"^recipient       site-8\n +kek$", screen, re.M)
    assert re.search(r"^\+ recipient     site-8\n +kek$", screen, re.M)
    assert re.search(r"^- recipient     site-7\n +kek$", screen, re.M)


# -- a bundle -----------------------------------------------------------------

def test_a_bundle_shows_its_plan(run, tmp_path, keys):
    (tmp_path / "os.bin").write_bytes(b"os")
    (tmp_path / "os.cdx.json").write_text(json.dumps(
        {"bomFormat": "CycloneDX", "specVersion": "1.5"}))
    (tmp_path / "m.yaml").write_text(
        "packline: 1\ntenant: acme\nproduct: {name: gw, version: 1.2.3}\n"
        "modules:\n- {name: os, version: '1', type: os,"
        " artifacts: [{path: os.bin}], sbom: {path: os.cdx.json,"
        " mediaType: application/vnd.cyclonedx+json}}\n"
        "sets:\n- {name: gw, version: '2', type: os, modules: [os]}\n"
        "assignments:\n- {set: gw, targets: [dev1], type: forced}\n")
    run("pkg-manifest", "resolve", "m.yaml", "-o", "lock", check=0)
    run("pkg-manifest", "bundle", "lock", "-o", "a.draft", check=0)
    screen = on_terminal(tmp_path, keys)[0].decode()
    joined = screen.replace("\n                ", "")
    assert "plan            gw 1.2.3 for hawkbit, tenant acme\n" in screen
    for step in "ensure-module module:os/os/1", "ensure-set set:os/gw/2":
        assert f"step            {step}" in screen
    assert '"body":[{"id":"dev1","type":"forced"}]' in joined
    assert "1 ensure-module, 1 ensure-artifact, 1 ensure-set, 1 assign" \
        in joined
    # All that is signed, also what the server must answer.
    with zipfile.ZipFile(tmp_path / "a.draft") as bundle:
        plan = json.loads(bundle.read("payload/plan.json"))
    assert plan["sboms"] and all(step["expect"] for step in plan["steps"])
    for one in plan["steps"] + plan["sboms"]:
        rest = {key: one[key] for key in one if key not in ("op", "ref")}
        assert json.dumps(rest, separators=(",", ":")) in joined


def test_steps_of_one_name_do_not_hide_each_other(tmp_path, keys):
    """A plan that names two steps alike is odd, and all of it is shown."""
    def plan(*bodies):
        return {"type": "plan", "target": "hawkbit", "tenant": "acme",
                "product": {"name": "gw", "version": "1.2.3"},
                "steps": [{"op": "assign", "ref": "dev", "request": body}
                          for body in bodies]}

    def write(name, *bodies):
        forge.bundle(keys, blobs=(), plan=plan(*bodies), signers=(),
                     version="1.2.3").write(tmp_path / name)

    def changed(*bodies):
        write("a.draft", *bodies)
        screen = on_terminal(tmp_path, keys, "--previous",
                             "old")[0].decode()
        return screen.partition("=== CHANGED")[2].partition("===")[0]

    write("old", "one", "two")
    text = changed("one", "one")
    assert '~ step          assign dev\n' in text
    assert '"request":"two"' in text and "nothing of the above" not in text
    (tmp_path / "a.seal").unlink()
    text = changed("one")
    assert text.count("- step          assign dev\n") == 1
    (tmp_path / "a.seal").unlink()
    assert "(nothing of the above)" in changed("one", "two")


# -- the QR code --------------------------------------------------------------

def modules(screen):
    """The rows of a printed QR code, True = dark."""
    rows = []
    for line in screen.decode().splitlines():
        if not line.startswith("\x1b[30;107m"):
            continue
        cells = line.removeprefix("\x1b[30;107m").removesuffix("\x1b[0m")
        rows.append([cell in "\N{FULL BLOCK}\N{UPPER HALF BLOCK}"
                     for cell in cells])
        rows.append([cell in "\N{FULL BLOCK}\N{LOWER HALF BLOCK}"
                     for cell in cells])
    return rows


def test_the_qr_code_says_the_digest(tmp_path, keys, draft, cache):
    if not cache.get("QRENCODE_FOUND"):
        pytest.skip("built without libqrencode")
    if shutil.which("zbarimg") is None:
        pytest.skip("zbarimg (zbar-tools) is not installed")
    screen, _, _ = on_terminal(tmp_path, keys, "--qr")
    rows, scale = modules(screen), 8
    image = b"".join(bytes(0 if dark else 255 for dark in row
                           for _ in range(scale)) * scale for row in rows)
    header = f"P5 {len(rows[0]) * scale} {len(rows) * scale} 255\n".encode()
    (tmp_path / "qr.pgm").write_bytes(header + image)
    done = subprocess.run(["zbarimg", "-q", "--raw", "qr.pgm"], cwd=tmp_path,
                          capture_output=True, text=True, check=True)
    assert done.stdout.strip() == manifest_sha256(draft.read_bytes())
    # Apart from the code nothing on the screen is an escape.
    rest = re.sub(rb"\x1b\[30;107m[^\x1b]*\x1b\[0m\n", b"", screen)
    assert b"\x1b" not in rest

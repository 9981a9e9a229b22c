# SPDX-License-Identifier: Apache-2.0
"""plan and bundle --target cloudfoundry: packages from folders."""

import email
import hashlib
import http.server
import io
import json
import os
import shutil
import subprocess
import threading
import zipfile

import jsonschema
import pytest

MANIFEST = """\
packline: 1
tenant: acme
product: {name: shop, version: "1"}
modules:
  - {name: shop, version: "1.5", type: application, bits: app}
"""

FILES = {  # path: (content, mode, is it packed?)
    "index.html": (b"<html>\n", 0o644, True),
    "bin/run": (b"#!/bin/sh\n", 0o755, True),
    "bin/tool": (b"#!/bin/sh\n", 0o700, True),
    "lib/a.js": (b"a", 0o600, True),
    "lib/empty": (b"", 0o644, True),
    "lib/\u00fcber.txt": (b"utf-8", 0o644, True),
    ".profile": (b"export A=1\n", 0o644, True),
    "lib.js": (b"sorts behind lib/, before lib0", 0o644, True),
    "big.bin": (bytes(range(256)) * 400, 0o644, True),
    "node_modules/x/a.js": (b"x", 0o644, False),
    "debug.log": (b"log", 0o644, False),
    "lib/debug.log": (b"log", 0o644, False),
    "keep.log": (b"log", 0o644, True),
    ".git/HEAD": (b"ref", 0o644, False),
    "lib/manifest.yml": (b"cf", 0o644, False),
    ".cfignore": (b"# comment\r\n\nnode_modules/\n*.log\n!/keep.log\n"
                  b"!manifest.yml\n", 0o644, False),
}
PACKED = sorted((name for name, (_, _, packed) in FILES.items() if packed),
                key=os.fsencode)


def write(folder, names):
    for name in names:
        content, mode, _ = FILES[name]
        path = folder / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
    (folder / "product.yaml").write_text(MANIFEST)


@pytest.fixture
def folder(run, tmp_path):
    write(tmp_path, FILES)
    resolve(run, tmp_path)
    return tmp_path


def resolve(run, folder, code=0):
    return run("pkg-manifest", "resolve", "--force", "product.yaml", "-o",
               "product.lock", cwd=folder, check=code)


def plan(run, *options, cwd=None, code=0):
    done = run("pkg-manifest", "plan", "--target", "cloudfoundry", *options,
               "product.lock", cwd=cwd, check=code)
    return json.loads(done.out) if code == 0 else done


def upload(run, folder, *options):
    """The upload step of a bundle, and its parts by name."""
    run("pkg-manifest", "bundle", "--target", "cloudfoundry", "--force",
        *options, "product.lock", "-o", "product.bundle", cwd=folder, check=0)
    with zipfile.ZipFile(folder / "product.bundle") as bundle:
        steps = json.loads(bundle.read("payload/plan.json"))["steps"]
        step = steps[2]["request"]["upload"]
        body = bundle.read(f"payload/{step['blob']}")
    assert len(body) == step["size"]
    return step, body, parts(step["contentType"], body)


def parts(content_type, body):
    message = email.message_from_bytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    return {part.get_param("name", header="content-disposition"):
            part.get_payload(decode=True) for part in message.get_payload()}


def test_plan_finds_the_app_makes_a_package_and_uploads(run, folder):
    steps = plan(run)["steps"]
    assert [s["op"] for s in steps] == ["find-app", "create-package",
                                        "upload-bits"]
    assert steps[0]["lookup"]["path"] == "/v3/apps?names=shop"
    assert steps[1]["request"]["body"] == {
        "type": "bits",
        "relationships": {"app": {"data": {"guid": "{app:shop}"}}}}
    assert steps[2]["request"]["path"] == \
        "/v3/packages/{package:shop/1.5}/upload"


def test_bits_are_what_is_not_ignored(run, folder):
    step, _, got = upload(run, folder)
    assert list(got) == ["bits"]
    assert hashlib.sha256(got["bits"]).hexdigest() == step["packageSha256"]
    with zipfile.ZipFile(io.BytesIO(got["bits"])) as bits:
        assert bits.namelist() == PACKED
        assert bits.testzip() is None
        for info in bits.infolist():
            content, mode, _ = FILES[info.filename]
            assert bits.read(info) == content
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.external_attr >> 16 == \
                (0o100755 if mode & 0o100 else 0o100644)


@pytest.mark.parametrize("unpack", [
    ["unzip", "-q", "bits.zip", "-d", "out"],
    ["7z", "x", "-oout", "bits.zip"],
    ["bsdtar", "-x", "-C", "out", "-f", "bits.zip"],
    ["busybox", "unzip", "-q", "-d", "out", "bits.zip"],
])
def test_other_readers_see_the_same(run, folder, unpack):
    _, _, got = upload(run, folder)
    (folder / "bits.zip").write_bytes(got["bits"])
    (folder / "out").mkdir()
    subprocess.run(unpack, cwd=folder, check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "LC_ALL": "C.UTF-8"})
    found = {str(p.relative_to(folder / "out")): p.read_bytes()
             for p in (folder / "out").rglob("*") if p.is_file()}
    assert found == {name: FILES[name][0] for name in PACKED}


def test_two_machines_make_the_same_bytes(run, folder, tmp_path):
    """Another folder, umask, time zone, locale, order and time."""
    other = tmp_path / "elsewhere"
    other.mkdir()
    write(other, reversed(list(FILES)))
    for path in (other / "app").rglob("*"):
        if path.is_file():
            path.chmod(0o770 if path.stat().st_mode & 0o100 else 0o606)
            os.utime(path, (5, 5))
    env = {"TZ": "Asia/Kathmandu", "LC_ALL": "C"}
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock",
        cwd=other, env=env, check=0)
    assert (other / "product.lock").read_bytes() == \
        (folder / "product.lock").read_bytes()
    _, body, _ = upload(run, folder)
    assert upload(run, other)[1] == body
    assert (folder / "product.bundle").read_bytes() == \
        (other / "product.bundle").read_bytes()
    assert plan(run, cwd=folder) == plan(run, cwd=other)


def test_what_the_server_has_is_left_out(run, folder):
    """Its answer about the files: of them, one it keeps and one too small."""
    asked = run("pkg-hash", "-r", "--format", "cf", "app", check=0).out
    entries = {e["path"]: e for e in json.loads(asked)["resources"]}
    (folder / "answer.json").write_text(json.dumps(
        {"resources": [entries["app/big.bin"], entries["app/index.html"]]}))
    step, _, got = upload(run, folder, "--known", "answer.json")
    assert step["matched"] == 1 and "packageSha256" not in step
    assert json.loads(got["resources"]) == [
        {**entries["app/big.bin"], "path": "big.bin", "mode": "644"}]
    with zipfile.ZipFile(io.BytesIO(got["bits"])) as bits:
        assert bits.namelist() == [n for n in PACKED if n != "big.bin"]


def test_nothing_is_uploaded_if_the_server_has_all(run, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/a").write_bytes(b"a" * 70000)
    (tmp_path / "product.yaml").write_text(MANIFEST)
    resolve(run, tmp_path)
    answer = run("pkg-hash", "--format", "cf", "app/a", check=0).out
    (tmp_path / "answer.json").write_text(answer)
    _, _, got = upload(run, tmp_path, "--known", "answer.json")
    assert list(got) == ["resources"]


def test_curl_sends_the_body_as_it_is(run, folder):
    """What a server gets from `curl --data-binary`."""
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(parts(self.headers["Content-Type"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    step, body, got = upload(run, folder)
    (folder / "body").write_bytes(body)
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        subprocess.run(
            ["curl", "-sf", "--noproxy", "*", "--data-binary", "@body", "-H",
             f"Content-Type: {step['contentType']}",
             f"http://127.0.0.1:{server.server_port}/v3/packages/x/upload"],
            cwd=folder, check=True, timeout=600)
        thread.join()
    assert received == [got]


def test_a_changed_file_is_noticed(run, folder):
    (folder / "app/index.html").write_text("<evil>\n")
    for args in (["plan"], ["bundle", "-o", "product.bundle"]):
        done = run("pkg-manifest", args[0], "--target", "cloudfoundry",
                   "product.lock", *args[1:], check=1)
        assert "[digest-mismatch]" in done.err and "index.html" in done.err
    assert not (folder / "product.bundle").exists()


def test_a_lock_without_bits_is_refused(run, tmp_path):
    (tmp_path / "product.yaml").write_text(MANIFEST.replace(", bits: app", ""))
    resolve(run, tmp_path)
    done = plan(run, code=2)
    assert "no module has bits" in done.err


def test_a_lock_that_leads_out_is_refused(run, folder):
    lock = json.loads((folder / "product.lock").read_text())
    lock["modules"][0]["bits"]["files"][0]["path"] = "../secret"
    (folder / "product.lock").write_text(
        json.dumps(lock, sort_keys=True, separators=(",", ":"),
                   ensure_ascii=False) + "\n")
    assert "[path-outside]" in plan(run, code=3).err


def test_bits_need_no_artifacts_and_are_listed(run, folder):
    files = run("pkg-manifest", "files", "-0", "product.yaml", check=0)
    assert files.raw.split(b"\0")[:-1] == [
        os.fsencode(f"app/{name}") for name in PACKED]
    hashes = run("pkg-hash", "--files0-from", "-", input=files.raw, check=0)
    (folder / "records").write_bytes(hashes.raw)
    run("pkg-manifest", "resolve", "--hashes", "records", "product.yaml",
        "-o", "second.lock", check=0)
    assert (folder / "second.lock").read_bytes() == \
        (folder / "product.lock").read_bytes()


# Line of .cfignore, paths that it leaves out, paths that it does not: what the
# matcher of cf 8 and 9 does, which is not what git does.
LINES = [
    ("a", "a x/a a/b x/a/b", "ab x/ab"),
    ("/a", "a a/b", "x/a"),
    ("a/", "a/b x/a/b", "a"),
    ("*.o", "a.o x/a.o", "a.oo a.o2"),
    ("src/*.o", "src/a.o", "x/src/a.o src/x/a.o"),
    ("a/b", "a/b x/a/b", "a/x/b"),
    ("**/a", "a x/a", "ba"),
    ("a/**", "a a/b a/b/c", "b"),
    ("a/**/b", "a/b a/x/b a/x/y/b", "ab"),
    ("a?", "a?", "ab"),
    ("a.b", "a.b", "axb"),
    ("[ab]c", "ac bc", "cc"),
    ("a*b", "ab axb", "a/b"),
    ("a\\*b", "a*b", "axb"),
    ("  a  ", "a", "b"),
    ("\\#a", "#a", "a"),
    ("a|b", "a b", "c"),
]


@pytest.mark.parametrize("line,out,kept", LINES)
def test_a_line_of_cfignore_is_that_of_cf(run, tmp_path, line, out, kept):
    (tmp_path / "product.yaml").write_text(MANIFEST)
    for name in (out + " " + kept).split():
        path = tmp_path / "app" / name
        if path.is_dir() or any(p.is_file() for p in path.parents):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "app/other").write_text("x")
    (tmp_path / "app/.cfignore").write_text(line + "\n")
    left = run("pkg-manifest", "files", "product.yaml", check=0).out.split()
    assert not {f"app/{name}" for name in out.split()} & set(left)
    assert {f"app/{name}" for name in kept.split()
            if (tmp_path / "app" / name).is_file()} | {"app/other"} == \
        set(left)


def broken(folder, name):
    app = folder / "app"
    if name == "link":
        (app / "link").symlink_to("index.html")
    elif name == "pipe":
        os.mkfifo(app / "pipe")
    elif name == "backslash":
        (app / "a\\b").write_text("x")
    elif name == "tilde":
        (app / "~root").mkdir()
        (app / "~root/x").write_text("x")
    elif name == "empty":
        (app / ".cfignore").write_text("*\n")
    elif name == "gone":
        shutil.rmtree(app)
    elif name == "elsewhere":
        shutil.move(app, folder / "real")
        app.symlink_to("real")


@pytest.mark.parametrize("name,rule", [
    ("link", "bits-link"), ("pipe", "bits-link"), ("backslash", "bits-path"),
    ("tilde", "bits-path"), ("empty", "bits-empty"), ("gone", "file-missing"),
    ("elsewhere", "file-missing")])
def test_what_cannot_be_packed_is_a_finding(run, folder, name, rule):
    broken(folder, name)
    done = run("pkg-manifest", "check", "product.yaml", check=1)
    assert f"[{rule}]" in done.out
    resolve(run, folder, code=1)


def test_a_link_that_is_ignored_does_no_harm(run, folder):
    (folder / "app/node_modules/link").symlink_to("/etc/passwd")
    run("pkg-manifest", "check", "product.yaml", check=0)


def test_bits_cannot_come_from_records_alone(run, folder):
    records = run("pkg-hash", "-r", "app", check=0).raw
    done = run("pkg-manifest", "resolve", "--no-files", "--hashes", "-",
               "product.yaml", "-o", "x.lock", input=records, check=1)
    assert "[bits-records]" in done.err


def test_a_line_that_is_no_pattern_is_a_warning(run, folder):
    (folder / "app/.cfignore").write_text("a(b\n")
    done = run("pkg-manifest", "check", "product.yaml", check=0)
    assert "warning: 'a(b' in .cfignore is no pattern [bits-ignore]" in done.out


def test_a_package_is_as_large_as_the_server_allows(run, folder):
    (folder / "profile.yaml").write_text(
        "packline: 1\nquotas: {maxPackageSize: 1000}\n")
    done = run("pkg-manifest", "check", "--profile", "profile.yaml",
               "product.yaml", check=1)
    assert "the server allows 1000 [bits-size]" in done.out


def test_a_package_has_no_more_files_than_a_zip_counts(run, tmp_path):
    (tmp_path / "product.yaml").write_text(MANIFEST)
    (tmp_path / "app").mkdir()
    for i in range(65535):
        (tmp_path / f"app/{i}").touch()
    done = run("pkg-manifest", "check", "product.yaml", check=1)
    assert "'app' has 65535 files [bits-count]" in done.out


def test_plan_fits_its_schema(run, folder):
    schema = json.loads(run("pkg-manifest", "schema",
                            "plan-cloudfoundry").out)
    jsonschema.validate(plan(run), schema)

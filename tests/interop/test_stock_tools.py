# SPDX-License-Identifier: Apache-2.0
"""Other people's tools see what we wrote, and can check and open it.

The recipes are those of schemas/container.md, run as a shell runs them.
"""

import hashlib
import io
import json
import shutil
import subprocess
import zipfile

import pytest
from reference import SEGMENT, TAG, sha256
from reference_write import PSS, Container
from stock import VERIFY, recipe
from support import tool_names

FILES = [("rootfs.img", bytes(i * i >> 7 & 255 for i in range(70000))),
         ("empty", b""), ("größe.txt", "größer\n".encode())]
PLAIN_FILES = FILES[:2]  # names that can be member names


def shell(folder, script, *args):
    """The script's standard output; it must succeed."""
    done = subprocess.run(["sh", "-euc", script, "sh", *map(str, args)],
                          cwd=folder, check=False, capture_output=True)
    assert done.returncode == 0, (script, done)
    return done.stdout


def by_reference(keys, folder, files, sealed):
    box = Container(files, kind="sealed" if sealed else "signed")
    box.signers = [(keys.cert("release"), keys.key("release"), PSS)]
    if sealed:
        box.recipients = [(keys.cert("ecu-rsa"), "rsa"),
                          (keys.cert("ecu-p256"), "ec")]
    (folder / "c.seal").write_bytes(box.build())


def by_pkg_seal(run, keys, folder, files, sealed):
    for name, content in files:
        (folder / name).write_bytes(content)
    recipients = []
    for name in ("ecu-rsa", "ecu-p256") if sealed else ():
        recipients += ["--recipient", keys.cert(name)]
    run("pkg-seal", "create", "--tenant", "acme", "--name", "demo",
        "--version", "1.0", *recipients, "--key", keys.key("release"),
        "--cert", keys.cert("release"), "-o", "c.seal",
        *[name for name, _ in files], cwd=folder, check=0)


@pytest.fixture(params=["reference", "pkg-seal"])
def seal(request, run, keys, tmp_path):
    """seal(files, sealed) -> folder with c.seal, ca.pem and pinned.pem."""
    if request.param == "pkg-seal" and "pkg-seal" not in tool_names():
        pytest.skip("pkg-seal is not built")

    def make(files, sealed=False):
        folder = tmp_path / "in"
        folder.mkdir()
        (folder / "ca.pem").write_bytes(keys.ca.read_bytes())
        (folder / "pinned.pem").write_bytes(
            keys.cert("release").read_bytes())
        if request.param == "reference":
            by_reference(keys, folder, files, sealed)
        else:
            by_pkg_seal(run, keys, folder, files, sealed)
        return folder

    return make


# -- the recipe for everybody -------------------------------------------------

@pytest.mark.parametrize("sealed", [False, True])
def test_anyone_can_check_it(seal, sealed):
    folder = seal(FILES, sealed)
    said = shell(folder, VERIFY).decode().splitlines()
    assert len(said) == len(FILES) + (2 if sealed else 1)
    assert all(line.endswith(": OK") for line in said)


def test_the_recipe_finds_a_change(seal):
    folder = seal(PLAIN_FILES)
    box = folder / "c.seal"
    box.write_bytes(box.read_bytes().replace(FILES[0][1][:64], bytes(64), 1))
    done = subprocess.run(["sh", "-c", VERIFY], cwd=folder, check=False,
                          capture_output=True)
    assert done.returncode != 0


def test_the_recipe_needs_the_pinned_signer(seal, keys):
    folder = seal(PLAIN_FILES)
    (folder / "pinned.pem").write_bytes(keys.cert("officer").read_bytes())
    done = subprocess.run(["sh", "-c", VERIFY], cwd=folder, check=False,
                          capture_output=True)
    assert done.returncode != 0


# -- the recipe for a recipient -----------------------------------------------

CONTENT_KEY = recipe("A recipient can open it. The content key, in hex:")
DERIVE, MAC = recipe("The key of a member (or, with `packline-v1/manifest-mac`,"
                     " of the MAC):").split("> key\n")
SEGMENT_OPEN = recipe("One segment, of which the last 16 bytes are the tag and "
                      "are left out:")


def derive(folder, label):
    """Leaves the key for that label in ./key."""
    script = DERIVE.replace("packline-v1/stream/payload/000000.enc", label)
    assert label in script
    shell(folder, script + "> key")


def open_member(folder, name):
    derive(folder, "packline-v1/stream/" + name)
    stored = (folder / name).read_bytes()
    parts = range(0, len(stored), SEGMENT + TAG)
    plain = b""
    for i, at in enumerate(parts):
        nonce = i.to_bytes(11, "big").hex() + (
            "01" if i + 1 == len(parts) else "00")
        (folder / "segment").write_bytes(stored[at:at + SEGMENT + TAG])
        plain += shell(folder, SEGMENT_OPEN.replace(
            "000000000000000000000001", nonce))
    return plain


@pytest.mark.parametrize("who", ["ecu-rsa", "ecu-p256"])
def test_a_recipient_can_open_it(seal, keys, who):
    folder = seal(FILES, sealed=True)
    shutil.copy(keys.key(who), folder / "ecu.key")
    shutil.copy(keys.cert(who), folder / "ecu.pem")
    shell(folder, "unzip -q c.seal\n" + CONTENT_KEY)
    derive(folder, "packline-v1/manifest-mac")
    mac = shell(folder, MAC).decode().strip().lower()
    assert mac == (folder / "META-INF/manifest.mac").read_text()
    manifest = json.loads((folder / "META-INF/manifest.json").read_text())
    request = open_member(folder, "META-INF/request.json.enc")
    assert sha256(request) == manifest["request_sha256"]
    listed = json.loads(request)["files"]
    assert [(row["source_name"], open_member(folder, row["member"]))
            for row in listed] == FILES
    assert [row["sha256"] for row in listed] == [sha256(c) for _, c in FILES]


# Recipes for keys that are no private keys; the last leaves $name.
WITH_KEK = recipe("With a key-encryption key, here in hex in `kek` and called "
                  "`site-7`:")
FROM_PASSWORD = recipe("the password, and every key below, while the command "
                       "runs:")
SITE = bytes(range(32))


def kek_by_reference(folder):
    box = Container(FILES, kind="encrypted")
    box.keks = [("site-7", SITE)]
    box.set_password(b"correct horse")
    (folder / "c.seal").write_bytes(box.build())


def kek_by_pkg_seal(run, folder):
    (folder / "site.kek").write_bytes(SITE)
    (folder / "site.kek").chmod(0o600)
    for name, content in FILES:
        (folder / name).write_bytes(content)
    run("pkg-seal", "create", "--tenant", "acme", "--name", "demo",
        "--version", "1.0", "--encrypt-only", "--recipient",
        "kek:site-7=site.kek", "--recipient", "password:", "--password",
        "file:password", "-o", "c.seal", *[name for name, _ in FILES],
        cwd=folder, check=0)


@pytest.mark.parametrize("maker", ["reference", "pkg-seal"])
@pytest.mark.parametrize("how", ["kek", "password"])
def test_a_key_or_a_password_opens_it(run, tmp_path, maker, how):
    (tmp_path / "password").write_text("correct horse\n")
    (tmp_path / "password").chmod(0o600)
    if maker == "reference":
        kek_by_reference(tmp_path)
    else:
        kek_by_pkg_seal(run, tmp_path)
    script = "unzip -q c.seal\n"
    if how == "kek":
        (tmp_path / "kek").write_text(SITE.hex())
        script += WITH_KEK
    else:
        assert "printf site-7" in WITH_KEK
        script += FROM_PASSWORD + "\n" + WITH_KEK.replace(
            "printf site-7", 'printf %s "$name"')
    shell(tmp_path, script)
    derive(tmp_path, "packline-v1/manifest-mac")
    mac = shell(tmp_path, MAC).decode().strip().lower()
    assert mac == (tmp_path / "META-INF/manifest.mac").read_text()
    assert open_member(tmp_path, "payload/000000.enc") == FILES[0][1]


# -- every ZIP program sees the same ------------------------------------------

def members(data):
    """What Python's zipfile makes of it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return [(info.filename, archive.read(info))
                for info in archive.infolist()]


LISTERS = {
    "unzip": "unzip -Z1 c.seal",
    "7z": "7z l -slt -ba c.seal | sed -n 's/^Path = //p'",
    "bsdtar": "bsdtar -tf c.seal",
    "bsdtar, pipe": "cat c.seal | bsdtar -tf -",
    "busybox": "busybox unzip -l c.seal | sed -n 's/.* \\([^ ]*\\)$/\\1/p' |"
               " sed '1,2d;/^files$/d;/^-*$/d'",
}
READERS = {
    "unzip": 'unzip -p c.seal "$1"',
    "7z": '7z x -so c.seal "$1"',
    "bsdtar": 'bsdtar -xOf c.seal "$1"',
    "bsdtar, pipe": 'cat c.seal | bsdtar -xOf - "$1"',
    "busybox": 'busybox unzip -p c.seal "$1"',
}


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("tool", LISTERS)
def test_all_list_the_same_members(seal, tool, sealed):
    folder = seal(PLAIN_FILES, sealed)
    names = [name for name, _ in members((folder / "c.seal").read_bytes())]
    assert names[:3] == ["mimetype", "META-INF/manifest.json",
                         "META-INF/sig-00.p7s"]
    listed = shell(folder, LISTERS[tool]).decode().splitlines()
    assert listed == names


@pytest.mark.parametrize("tool", READERS)
def test_all_read_the_same_bytes(seal, tool):
    folder = seal(PLAIN_FILES)
    for name, content in members((folder / "c.seal").read_bytes()):
        got = shell(folder, READERS[tool], name)
        assert hashlib.sha256(got).digest() == hashlib.sha256(content).digest()


def test_file_knows_the_type(seal):
    """The MIME type stands at a fixed place: magic numbers can name it."""
    data = (seal(PLAIN_FILES) / "c.seal").read_bytes()
    assert data[30:38] == b"mimetype"
    assert data[38:79] == b"application/vnd.packline.container.v1+zip"

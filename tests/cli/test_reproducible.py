# SPDX-License-Identifier: Apache-2.0
"""The same input gives the same bytes: on any machine, for any user."""

import itertools
import json
import os
import pathlib
import subprocess
import tempfile

import pytest

MANIFEST = """\
packline: 1
tenant: acme
product: {name: demo, version: "1.0"}
modules:
  - name: demo-os
    version: "1.0"
    type: os
    artifacts:
      - {path: os.bin, filename: os.seal, seal: ecu-a.yaml}
      - glob: "dtb/**/*.dtb"
    metadata:
      - {key: zeta, value: z}
      - {key: alpha, value: a}
  - name: demo-app
    version: "1.0"
    type: application
    artifacts:
      - regex: '^app/.*\\.bin$$'
sets:
  - name: demo
    version: "1.0"
    type: os_app
    modules: [demo-os, demo-app]
"""
DEVICE = ("packline: 1\ndeviceConfig: ecu-a\ntenant: acme\nkind: signed\n"
          "suite: packline-1\n")
FILES = {
    "product.yaml": MANIFEST, "ecu-a.yaml": DEVICE,
    "os.bin": "an operating system\n" * 5000,
    # names that a locale's collation would sort in another way
    "dtb/B.dtb": "B", "dtb/a.dtb": "a", "dtb/_.dtb": "_", "dtb/10.dtb": "10",
    "dtb/9.dtb": "9", "dtb/deep/ä.dtb": "umlaut", "dtb/deep/z.dtb": "z",
    "app/I.bin": "I", "app/j.bin": "j",
}
EPOCH = {"SOURCE_DATE_EPOCH": 1_700_000_000}


def locales():
    """C, C.UTF-8, and one with rules of its own if the machine has it."""
    said = subprocess.run(["locale", "-a"], capture_output=True, text=True,
                          check=False).stdout.split()
    others = [name for name in said if "_" in name]
    return ["C", "C.UTF-8", *others[:1]]


def tree(folder, reverse=False, umask=0o022, mtime=None):
    """The product in a new folder, its files made in some order."""
    old = os.umask(umask)
    try:
        folder.mkdir()
        for name in sorted(FILES, reverse=reverse):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(FILES[name])
            if mtime is not None:
                os.utime(path, (mtime, mtime))
    finally:
        os.umask(old)
    return folder


def build(run, keys, folder, **how):
    """All that can be made of the product: names and bytes."""
    umask = how.pop("umask", 0o022)
    env = {**EPOCH, **how}
    sign = ["--key", keys.key("release"), "--cert", keys.cert("release"),
            "--padding", "pkcs1"]

    def tool(*args):
        return run(*args, cwd=folder, env=env, umask=umask, check=0).raw

    made = {"hashes": without_modes(tool("pkg-hash", "-r", "dtb", "app"))}
    made["files"] = tool("pkg-manifest", "files", "-0", "product.yaml")
    tool("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock")
    tool("pkg-seal", "create", "--from-lock", "product.lock", "-o", "drafts")
    made["records"] = tool("pkg-seal", "create", "--from-lock",
                           "product.lock", *sign, "-o", "sealed")
    (folder / "sealed.jsonl").write_bytes(made["records"])
    containers = ["--containers", "sealed.jsonl", "product.lock", "-o"]
    tool("pkg-manifest", "plan", *containers, "plan.json")
    tool("pkg-manifest", "bundle", *containers, "product.draft")
    tool("pkg-seal", "sign", *sign, "product.draft", "-o", "product.bundle")
    for name in ("product.lock", "plan.json", "product.draft",
                 "product.bundle", "drafts/os.seal", "sealed/os.seal"):
        made[name] = (folder / name).read_bytes()
    return made


def without_modes(records):
    """The mode of a file is told, and is another with another umask."""
    return [{**json.loads(line), "mode": None}
            for line in records.splitlines()]


@pytest.fixture(scope="module")
def reference(tmp_path_factory, keys):
    """What everybody else's build is compared with."""
    from support import Runner, bin_folder
    folder = tmp_path_factory.mktemp("reference")
    run = Runner(bin_folder(), folder)
    return build(run, keys, tree(folder / "product"))


def differing(one, other):
    return [name for name in one if one[name] != other[name]]


def test_tree_has_what_could_differ(reference):
    """The comparisons below see a container, a blob and a sorted list."""
    names = reference["files"].split(b"\0")
    assert names.index(b"dtb/10.dtb") < names.index(b"dtb/9.dtb")
    assert names.index(b"dtb/B.dtb") < names.index(b"dtb/_.dtb")
    assert names.index(b"dtb/_.dtb") < names.index(b"dtb/a.dtb")
    assert reference["drafts/os.seal"] != reference["sealed/os.seal"]
    assert reference["sealed/os.seal"] in reference["product.bundle"]


def test_in_another_folder(run, keys, tmp_path, reference):
    folder = tmp_path / "a folder with quite another name"
    assert differing(reference, build(run, keys, tree(folder))) == []


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_under_another_umask(run, keys, tmp_path, reference, umask):
    folder = tree(tmp_path / "product", umask=umask)
    assert differing(reference, build(run, keys, folder, umask=umask)) == []


@pytest.mark.parametrize("locale", locales())
def test_in_another_language(run, keys, tmp_path, reference, locale):
    made = build(run, keys, tree(tmp_path / "product"), LC_ALL=locale,
                 LANG=locale)
    assert differing(reference, made) == []


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/St_Johns",
                                  "<odd>-12:34:56"])
def test_in_another_time_zone(run, keys, tmp_path, reference, zone):
    made = build(run, keys, tree(tmp_path / "product"), TZ=zone)
    assert differing(reference, made) == []


@pytest.mark.parametrize("reverse, mtime",
                         itertools.product([False, True], [0, 2_000_000_000]))
def test_with_files_of_another_order_and_time(run, keys, tmp_path, reference,
                                              reverse, mtime):
    folder = tree(tmp_path / "product", reverse=reverse, mtime=mtime)
    assert differing(reference, build(run, keys, folder)) == []


def test_on_another_file_system(run, keys, tmp_path, reference):
    """tmpfs lists a folder the other way round."""
    shm = pathlib.Path("/dev/shm")
    if not os.access(shm, os.W_OK):
        pytest.skip("no /dev/shm")
    with tempfile.TemporaryDirectory(dir=shm) as folder:
        made = build(run, keys, tree(pathlib.Path(folder) / "product"))
    assert differing(reference, made) == []


def test_with_hashes_from_elsewhere(run, tmp_path, reference):
    folder = tree(tmp_path / "product")
    names = run("pkg-manifest", "files", "-0", "product.yaml", cwd=folder,
                check=0).raw
    records = run("pkg-hash", "-0", "-j", "2", input=names, cwd=folder,
                  check=0).raw
    lock = run("pkg-manifest", "resolve", "--hashes", "-", "product.yaml",
               input=records, cwd=folder, check=0).raw
    assert lock == reference["product.lock"]


# -- digests that a signature does not change ---------------------------------

def unsigned_digest(run, folder, name, *options):
    """Of a draft too, although the answer about it is no."""
    answer = run("pkg-verify", "--unsigned-digest", *options, name,
                 cwd=folder)
    return answer.records[-1]["unsigned_sha256"]


def create(run, folder, name, *options):
    run("pkg-seal", "create", "--tenant", "acme", "--name", "demo",
        "--version", "1.0", *options, "-o", name, "os.bin", "app/I.bin",
        cwd=folder, check=0)
    return (folder / name).read_bytes()


def signer(keys, name):
    return ["--key", keys.key(name), "--cert", keys.cert(name)]


def test_unsigned_digest_is_that_of_the_draft(run, keys, tmp_path):
    """Whoever signs, however often, and when: rebuild and compare."""
    folder = tree(tmp_path / "product")
    draft = create(run, folder, "a.draft")
    assert create(run, folder, "b.draft") == draft
    signed = [create(run, folder, "pss.seal", *signer(keys, "release")),
              create(run, folder, "pss2.seal", *signer(keys, "release")),
              create(run, folder, "ec.seal", *signer(keys, "officer"))]
    assert len(set(signed)) == 3    # these signatures are random
    run("pkg-seal", "sign", *signer(keys, "officer"), "pss.seal", "-o",
        "two.seal", cwd=folder, check=0)
    trust = ["--trust", keys.ca]
    digests = {unsigned_digest(run, folder, name, *trust)
               for name in ("a.draft", "b.draft", "pss.seal", "pss2.seal",
                            "ec.seal", "two.seal")}
    assert len(digests) == 1
    assert unsigned_digest(run, folder, "a.draft") in digests


def test_unsigned_digest_is_another_for_other_content(run, tmp_path):
    folder = tree(tmp_path / "product")
    create(run, folder, "a.draft")
    (folder / "os.bin").write_text("another system\n")
    create(run, folder, "b.draft")
    assert (unsigned_digest(run, folder, "a.draft") !=
            unsigned_digest(run, folder, "b.draft"))


def test_unsigned_digest_of_a_draft_is_the_files_own(run, tmp_path):
    folder = tree(tmp_path / "product")
    create(run, folder, "a.draft")
    said = subprocess.run(["sha256sum", "a.draft"], cwd=folder, check=True,
                          capture_output=True, text=True).stdout
    assert unsigned_digest(run, folder, "a.draft") == said.split()[0]


def test_pkcs1_signature_is_reproducible(run, keys, tmp_path):
    folder = tree(tmp_path / "product")
    made = set()
    for number, epoch in enumerate(["1700000000", "1700000000", "1"]):
        run("pkg-seal", "create", "--tenant", "acme", "--name", "demo",
            "--version", "1.0", *signer(keys, "release"), "--padding",
            "pkcs1", "-o", f"{number}.seal", "os.bin", cwd=folder,
            env={"SOURCE_DATE_EPOCH": epoch}, check=0)
        made.add((folder / f"{number}.seal").read_bytes())
    assert len(made) == 2


def test_encryption_is_never_the_same_twice(run, keys, tmp_path):
    """Reproducible ciphertext would say that the content is the same."""
    folder = tree(tmp_path / "product")
    options = ["--recipient", keys.cert("ecu-p256")]
    one = create(run, folder, "a.draft", *options)
    other = create(run, folder, "b.draft", *options)
    assert len(one) == len(other) and one != other
    assert (unsigned_digest(run, folder, "a.draft") !=
            unsigned_digest(run, folder, "b.draft"))

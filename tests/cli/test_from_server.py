# SPDX-License-Identifier: Apache-2.0
"""pkg-manifest from-server, and diff against what a server has."""

import json
import shutil

import manifest_product as product
import pytest
import server_answers

NAMES = ["--tenant", "acme", "--name", "gateway", "--version", "1.0"]


@pytest.fixture
def folder(run, tmp_path):
    """A product, its lock, and the answers of a server that has it."""
    product.write(tmp_path)
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock",
        check=0)
    return tmp_path


@pytest.fixture
def lock(folder):
    return json.loads((folder / "product.lock").read_text())


@pytest.fixture
def answers(folder, lock):
    values = server_answers.answers(lock)
    server_answers.save(folder / "server", values)
    return values


def download(folder, lock):
    """What a loop over --downloads would do."""
    (folder / "files").mkdir()
    for module in lock["modules"]:
        for a in module["artifacts"]:
            shutil.copy(folder / a["path"], folder / "files" / a["sha256"])


def test_what_a_server_has_becomes_the_same_lock(run, folder, lock, answers):
    run("pkg-manifest", "from-server", *NAMES, "-o", "moved.yaml",
        "--downloads", "downloads.txt", "server", check=0)
    wanted = {line.split("\t")[1]
              for line in (folder / "downloads.txt").read_text().splitlines()}
    assert wanted == {f"files/{a['sha256']}" for m in lock["modules"]
                      for a in m["artifacts"]}
    download(folder, lock)
    run("pkg-manifest", "check", "moved.yaml", check=0)
    run("pkg-manifest", "resolve", "moved.yaml", "-o", "moved.lock", check=0)
    run("pkg-manifest", "from-server", *NAMES, "--lock", "-o", "direct.lock",
        "server", check=0)
    assert (folder / "moved.lock").read_bytes() == \
        (folder / "direct.lock").read_bytes()
    moved = json.loads((folder / "moved.lock").read_text())
    again = server_answers.answers(moved)
    assert again == answers


def test_a_lock_and_its_server_do_not_differ(run, answers):
    assert run("pkg-manifest", "diff", "product.lock", "server",
               check=0).out == ""
    assert run("pkg-manifest", "diff", "server", "product.lock",
               check=0).out == ""


def test_what_differs_from_the_server(run, folder, answers):
    product.write(folder, ("Root file system", "Read-only root"),
                  ("targetVisible: true", "targetVisible: false"),
                  ("    sbom: {path: boot.cdx.json, mediaType: "
                   "application/vnd.cyclonedx+json}\n", ""))
    (folder / "u-boot.bin").write_text("another one\n")
    run("pkg-manifest", "resolve", "product.yaml", "-o", "new.lock", check=0)
    out = run("pkg-manifest", "diff", "server", "new.lock", check=1).out
    assert [line.split(":")[0] for line in out.splitlines()] == [
        "~ modules[os base 1.0].description",
        "- modules[os base 1.0].metadata[build].targetVisible",
        "~ modules[bootloader boot 2026.07].artifacts[boot.bin].md5",
        "~ modules[bootloader boot 2026.07].artifacts[boot.bin].sha1",
        "~ modules[bootloader boot 2026.07].artifacts[boot.bin].sha256"]


def test_a_folder_is_not_compared_with_a_manifest(run, answers):
    done = run("pkg-manifest", "diff", "product.yaml", "server", check=2)
    assert "cannot be compared" in done.err


def test_pages_are_put_together(run, folder, answers):
    modules = answers["softwaremodules"]["content"]
    for number, part in enumerate(modules, 1):
        name = "softwaremodules" + ("" if number == 1 else f".{number}")
        (folder / f"server/{name}.json").write_text(json.dumps(
            {"content": [part], "total": len(modules), "size": 1}))
    run("pkg-manifest", "diff", "product.lock", "server", check=0)
    (folder / "server/softwaremodules.2.json").unlink()
    done = run("pkg-manifest", "diff", "product.lock", "server", check=3)
    assert "1 of 2 entries are there [incomplete-listing]" in done.err


def test_older_servers_answer_otherwise(run, folder, answers):
    """Bare lists, and the modules of a set in a list of their own."""
    for name, value in answers.items():
        if name.endswith("/metadata"):
            value = value["content"]
        if name == "distributionsets":
            for s in value["content"]:
                server_answers.save(folder / "server", {
                    f"distributionsets/{s['id']}/assignedSM":
                    server_answers.page(s.pop("modules"))})
        server_answers.save(folder / "server", {name: value})
    run("pkg-manifest", "diff", "product.lock", "server", check=0)


def test_deleted_modules_and_sets_are_left_out(run, folder, answers):
    for name in ("softwaremodules", "distributionsets"):
        value = answers[name]
        value["content"].append(
            {"id": 9, "name": "gone", "version": "1", "type": "os",
             "deleted": True})
        value["total"] += 1
        server_answers.save(folder / "server", {name: value})
    run("pkg-manifest", "diff", "product.lock", "server", check=0)


def test_dollars_are_no_variables(run, folder, lock, answers):
    value = answers["softwaremodules"]
    value["content"][0]["description"] = 'costs ${5} "or" $$6\n\ttab \u202e'
    server_answers.save(folder / "server", {"softwaremodules": value})
    download(folder, lock)
    run("pkg-manifest", "from-server", *NAMES, "-o", "moved.yaml", "server",
        check=0)
    run("pkg-manifest", "resolve", "moved.yaml", "-o", "moved.lock", check=0)
    moved = json.loads((folder / "moved.lock").read_text())
    assert moved["modules"][0]["description"] == \
        value["content"][0]["description"]


BROKEN = {
    "softwaremodules/100/artifacts": None,
    "softwaremodules/101/metadata": None,
    "distributionsettypes/23/mandatorymoduletypes": None,
    "distributionsets/500/metadata": None,
    "softwaremoduletypes": None,
    "softwaremodules": {"content": [{"id": 1}], "total": 1, "size": 1},
    "distributionsets": {"content": 5, "total": 1, "size": 1},
    "distributionsettypes": [5],
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_what_is_missing_or_malformed_is_named(run, folder, answers, name):
    if BROKEN[name] is None:
        (folder / f"server/{name}.json").unlink()
    else:
        server_answers.save(folder / "server", {name: BROKEN[name]})
    done = run("pkg-manifest", "from-server", *NAMES, "server", check=3)
    assert name in done.err
    assert ("[incomplete-listing]" in done.err) == (BROKEN[name] is None)
    assert done.out == ""


@pytest.mark.parametrize("name", [
    "modules.json", "softwaremodules/x/artifacts.json",
    "softwaremodules/1/2/artifacts.json", "softwaremodules/metadata.json",
    "xsoftwaremodules.json"])
def test_a_name_that_says_nothing_is_refused(run, folder, name):
    path = folder / "other" / name
    path.parent.mkdir(parents=True)
    path.write_text("[]")
    done = run("pkg-manifest", "from-server", *NAMES, path, check=3)
    assert "[unknown-listing]" in done.err
    assert "such as softwaremodules.json" in done.err

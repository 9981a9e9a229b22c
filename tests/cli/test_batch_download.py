# SPDX-License-Identifier: Apache-2.0
"""A batch from create to delete, and what its download is to other programs."""

import hashlib
import json
import os
import subprocess
import zipfile

import jsonschema
import pytest
from batches import Batches, reason, zip_of


@pytest.fixture
def desk(run, keys, tmp_path):
    return Batches(run, keys, tmp_path)


def sign(desk, batch, who="release", *args, code=0):
    return desk.run("run", "--key", desk.keys.key(who), "--cert",
                    desk.keys.cert(who), *args, batch, code=code)


def download(desk, batch, name="out.zip"):
    desk.run("download", "-o", name, "--force", batch)
    return desk.folder / name


def test_the_whole_life(desk, root):
    """Two officers, a dozen documents, one key."""
    desk.process(approvalPolicy="release.yaml", names=r"[a-z0-9.-]+\.bin")
    files = [f"boot-{number}.bin" for number in range(12)]
    record = desk.record("create", "--process", "process.yaml", "--id", "b1",
                         "--requester", "build")
    assert record["status"] == "NEW"
    desk.upload("b1", *(desk.document(name) for name in files[:10]))
    desk.upload("b1", "-", input=zip_of(**{
        name.replace(".", "_"): b"from a ZIP" for name in files[10:]}))
    desk.accept("b1", "alice")
    desk.accept("b1", "bob")
    assert desk.status("b1")["status"] == "ACCEPTED"
    sign(desk, "b1")
    record = desk.status("b1")
    assert record["status"] == "CLOSED" and record["statusId"] == 5
    assert all(each["signed"] and each["signingResult_Success"]
               for each in record["documents"])
    jsonschema.validate(record, json.loads(
        (root / "schemas/batch.schema.json").read_text()))
    path = download(desk, "b1")
    with zipfile.ZipFile(path) as box:
        assert box.testzip() is None
        assert box.namelist() == ["batch.json", *(
            name + suffix for name in files for suffix in ("", ".p7s"))]
        inside = json.loads(box.read("batch.json"))
    jsonschema.validate(inside, json.loads(
        (root / "schemas/batch.schema.json").read_text()))
    assert inside["documents"] == record["documents"]
    assert inside["result"]["succeeded"] == 12
    desk.run("delete", "b1")
    answer = desk.run("download", "-o", "again.zip", "b1", code=1)
    assert reason(answer) == "batch-status"


NAMES = ["Grüße.bin", "日本語.bin", "with blank.bin", "long" * 60 + ".bin",
         "a+b=c,d.bin"]


def test_names_come_out_as_they_went_in(desk):
    """unzip, 7z and Python agree, whatever the letters."""
    desk.ready_to_run("b1", *NAMES)
    sign(desk, "b1")
    path = download(desk, "b1")
    expected = {name: f"this is {name}\n".encode() for name in NAMES}
    with zipfile.ZipFile(path) as box:
        assert {name: box.read(name) for name in NAMES} == expected
    tools = {"unzip": ["unzip", "-q", path, "-d", "unzip"],
             "7z": ["7z", "x", "-y", "-o7z", path]}
    for name, command in tools.items():
        subprocess.run(command, cwd=desk.folder, check=True,
                       stdout=subprocess.DEVNULL,
                       env={**os.environ, "LC_ALL": "C.UTF-8"})
        out = desk.folder / name
        assert {each: (out / each).read_bytes() for each in NAMES} == expected
        assert len(os.listdir(out)) == 2 * len(NAMES) + 1


def test_the_same_batch_gives_the_same_bytes(desk):
    desk.ready_to_run("b1", "a.bin", "b.bin")
    sign(desk, "b1")
    first = download(desk, "b1").read_bytes()
    assert download(desk, "b1", "again.zip").read_bytes() == first
    assert desk.run("download", "-o", "-", "b1").raw == first


def test_documents_are_compared_on_the_way_out(desk):
    desk.ready_to_run("b1", "a.bin", "b.bin")
    sign(desk, "b1")
    content = desk.job("b1") / "content-001.zip"
    data = content.read_bytes()
    at = data.index(b"this is b.bin")
    content.write_bytes(data[:at] + b"THIS" + data[at + 4:])
    answer = desk.run("download", "-o", "out.zip", "b1", code=1)
    assert reason(answer) == "document-changed" and "'b.bin'" in answer.err
    assert not (desk.folder / "out.zip").exists()


def test_the_log_has_the_digest_of_what_went_out(desk):
    desk.ready_to_run("b1", "a.bin")
    sign(desk, "b1")
    desk.run("download", "-o", "out.zip", "--audit-log", "audit.log", "b1")
    digest = hashlib.sha256((desk.folder / "out.zip").read_bytes())
    lines = [json.loads(line) for line in
             (desk.folder / "audit.log").read_text().splitlines()]
    begin = next(line for line in lines if line["event"] == "batch-download")
    assert digest.hexdigest() in json.dumps(begin["outputs"])


# -- chains -------------------------------------------------------------------

def chained(desk, name):
    desk.create(name)
    desk.upload(name, desk.document(f"{name}.bin"))


def record_of(desk, name):
    return json.loads((desk.job(name) / "batch.json").read_text())


def test_each_batch_of_a_chain_names_the_one_before(desk):
    desk.process(chain=True)
    chained(desk, "b1")
    desk.accept("b1")
    sign(desk, "b1")
    assert "previousSha256" not in record_of(desk, "b1")
    for name, before in (("b2", "b1"), ("b3", "b2")):
        chained(desk, name)
        result = (desk.job(before) / "result.json").read_bytes()
        assert (record_of(desk, name)["previousSha256"] ==
                hashlib.sha256(result).hexdigest())
        desk.accept(name)
        sign(desk, name)


def test_of_two_that_come_after_one_only_the_first_is_run(desk):
    desk.process(chain=True)
    chained(desk, "b1")
    chained(desk, "b2")
    for name in ("b1", "b2"):
        desk.accept(name)
    sign(desk, "b2")
    answer = sign(desk, "b1", code=1)
    assert reason(answer) == "batch-chain" and "'b2'" in answer.err
    assert not (desk.job("b1") / "results.jsonl").exists()
    desk.run("delete", "b1")
    chained(desk, "b3")
    desk.accept("b3")
    sign(desk, "b3")


def test_chains_of_two_processes_do_not_meet(desk):
    desk.process(chain=True)
    desk.process("other.yaml", chain=True, name="drivers", id=8)
    for name, process in (("b1", "process.yaml"), ("x1", "other.yaml")):
        desk.create(name, process=process)
        desk.upload(name, desk.document(f"{name}.bin"))
        desk.accept(name)
        sign(desk, name)
        assert "previousSha256" not in record_of(desk, name)

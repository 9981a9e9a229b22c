# SPDX-License-Identifier: Apache-2.0
"""pkg-hash, next to the tools that everybody has.

Longer than 500 lines: one short function a case, all on the same helpers,
which parts of it would have to repeat.
"""

import hashlib
import json
import os
import signal
import socket
import subprocess
import time

import jsonschema
import pytest
from support import bin_folder, clean_environment

NAMES = ["plain", "with space", " leading", "trailing ", "-x", "--help",
         "back\\slash", "new\nline", "carriage\rreturn", "\\n", "*star",
         "ümläut", "dir/inner", "a) = b", "quote\"'", "tab\tname"]


def digests(data):
    return {name: hashlib.new(name, data).hexdigest()
            for name in ("md5", "sha1", "sha256")}


def artifact(path, data, mode="0644"):
    return {"type": "artifact", "path": path, "size": len(data), "mode": mode,
            **digests(data)}


@pytest.fixture
def put(tmp_path):
    """put("name", b"data") -> path below tmp_path, mode 0644."""

    def write(name, data=b"", mode=0o644):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(mode)
        return path

    return write


@pytest.fixture
def odd_names(put):
    for number, name in enumerate(NAMES):
        put(name, b"x" * number)
    return NAMES


def shell(cwd, *argv, **options):
    return subprocess.run(argv, cwd=cwd, check=True, capture_output=True,
                          text=True, **options).stdout


# -- records ------------------------------------------------------------------

def test_record(run, put):
    put("a.bin", b"abc")
    answer = run("pkg-hash", "a.bin", check=0)
    assert answer.out == (
        '{"md5":"900150983cd24fb0d6963f7d28e17f72","mode":"0644",'
        '"path":"a.bin","sha1":"a9993e364706816aba3e25717850c26c9cd0d89d",'
        '"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61'
        'f20015ad","size":3,"type":"artifact"}\n')
    assert answer.err == ""


def test_sha512_on_request(run, put):
    put("a.bin", b"abc")
    record, = run("pkg-hash", "--sha512", "a.bin", check=0).records
    assert record["sha512"] == hashlib.sha512(b"abc").hexdigest()


@pytest.mark.parametrize("mode", [0o600, 0o4755, 0o644, 0o444])
def test_mode_is_four_octal_digits(run, put, mode):
    put("a", b"", mode)
    record, = run("pkg-hash", "a", check=0).records
    assert record["mode"] == f"{mode:04o}"


def test_records_follow_the_schema(run, root, odd_names):
    schema = json.loads((root / "schemas/artifact.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    records = run("pkg-hash", "--sha512", "--", *odd_names, check=0).records
    records += run("pkg-hash", input=b"from a pipe", check=0).records
    assert len(records) == len(odd_names) + 1
    for record in records:
        jsonschema.validate(record, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**record, "sha1": "A" * 40}, schema)


def test_order_is_that_of_the_input_with_any_number_of_threads(run, put):
    names = [f"f{i * 7919 % 300}" for i in range(300)]
    for number, name in enumerate(names):
        put(name, name.encode() * (number % 50 * 1000))
    outputs = {run("pkg-hash", "-j", jobs, *names, check=0).raw
               for jobs in (1, 2, 3, 16)}
    assert len(outputs) == 1
    paths = [json.loads(line)["path"] for line in outputs.pop().splitlines()]
    assert paths == names


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 5 << 20])
def test_sizes_around_the_buffer(run, put, size):
    data = bytes(i % 251 for i in range(1000)) * (size // 1000 + 1)
    put("a", data[:size])
    for jobs in (1, 2, 5):
        record, = run("pkg-hash", "-j", jobs, "a", check=0).records
        assert record == artifact("a", data[:size])


def test_more_than_4_gib(run, tmp_path, sanitized):
    """A 32-bit count anywhere would show; sparse, so only time is needed."""
    if sanitized:
        pytest.skip("takes a minute")
    with open(tmp_path / "big", "wb") as file:
        file.truncate((4 << 30) + 1)
    answer = run("pkg-hash", "-f", "gnu", "-a", "sha1", "big", check=0)
    # as sha1sum says of 2^32 + 1 zero bytes
    assert answer.out == "e7d747b75f76e0e41e83b75bce4642816136304f  big\n"


# -- standard input, lists, folders -------------------------------------------

def test_standard_input(run):
    for args in ([], ["-"]):
        record, = run("pkg-hash", *args, input=b"abc", check=0).records
        want = artifact("-", b"abc")
        del want["mode"]
        assert record == want


def test_standard_input_only_once(run):
    answer = run("pkg-hash", "-", "-", input="", check=2)
    assert "can be read only once" in answer.err


def test_list_of_names(run, tmp_path, odd_names):
    names = "\0".join(odd_names) + "\0"
    (tmp_path / "list").write_text(names, newline="")
    want = run("pkg-hash", "--", *odd_names, check=0).raw
    assert run("pkg-hash", "--files0-from", "list", check=0).raw == want
    for args in (["-0", "--files0-from", "-"], ["-0"],
                 ["--files0-from", "-"]):
        assert run("pkg-hash", *args, input=names, check=0).raw == want
    # The last NUL may be missing; a list may be empty.
    assert run("pkg-hash", "-0", input=names[:-1], check=0).raw == want
    assert run("pkg-hash", "-0", input="", check=0).raw == b""


def test_long_list(run, put):
    """Names across the edges of what is read at a time."""
    names = []
    for number in range(300):
        names.append("d" * 200 + f"/{'e' * (number % 200)}{number}")
        put(names[-1], str(number).encode())
    records = run("pkg-hash", "-0", input="\0".join(names), check=0).records
    assert [record["path"] for record in records] == names


def test_dash_in_a_list_is_a_file(run, put):
    put("-", b"abc")
    record, = run("pkg-hash", "-0", input="-\0", check=0).records
    assert record == artifact("-", b"abc")


def test_list_and_operands_exclude_each_other(run, put):
    put("a")
    assert run("pkg-hash", "-0", "a", check=2).out == ""
    assert run("pkg-hash", "--files0-from", "a", "a", check=2).out == ""


def test_list_without_nuls(run):
    answer = run("pkg-hash", "-0", input="x" * 200000, check=3)
    assert "is it a list with NULs?" in answer.err


def test_folder_in_byte_order(run, put, tmp_path):
    names = ["d/a-b", "d/a.c", "d/a/x", "d/a/z/1", "d/a0", "d/B", "d/ä", "d/_"]
    for name in names:
        put(name)
    records = run("pkg-hash", "-r", "d", check=0).records
    assert [r["path"] for r in records] == sorted(names, key=os.fsencode)
    # However the folder is named; "." gives no prefix.
    for args, prefix in ((["d/"], "d/"), (["./d"], "./d/"), ([tmp_path / "d"],
                         f"{tmp_path}/d/"), (["-C", "d", "."], "")):
        got = run("pkg-hash", "-r", *args, check=0).records
        assert [r["path"] for r in got] == [
            prefix + r["path"][2:] for r in records]


def test_folder_without_r(run, put):
    put("d/a")
    answer = run("pkg-hash", "d", check=2)
    assert "'d' is a folder" in answer.err
    assert "-r hashes all files below" in answer.err


def test_links_in_a_folder_are_left_out_and_counted(run, put, tmp_path):
    put("d/real", b"abc")
    (tmp_path / "d/link").symlink_to("real")
    (tmp_path / "d/loop").symlink_to(".")
    (tmp_path / "d/dangling").symlink_to("nothing")
    answer = run("pkg-hash", "-r", "d", check=0)
    assert [r["path"] for r in answer.records] == ["d/real"]
    assert "3 left out, the first is 'd/dangling'" in answer.err
    # Named outright, a link stands for its file.
    record, = run("pkg-hash", "d/link", check=0).records
    assert record == artifact("d/link", b"abc")


def test_special_files_are_refused(run, put, tmp_path):
    put("d/z", b"abc")
    os.mkfifo(tmp_path / "d/fifo")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(tmp_path)  # the path of a socket must be short
        server.bind("d/socket")
        os.chdir(here)
        answer = run("pkg-hash", "-r", "d", check=3)
    assert [r["path"] for r in answer.records] == ["d/z"]
    assert "'d/fifo' is a named pipe" in answer.err
    assert "'d/socket' is a socket" in answer.err
    assert "is a device" in run("pkg-hash", "/dev/null", check=3).err


def test_deep_folders(run, put):
    put("/".join(["d"] * 100) + "/f", b"abc")
    record, = run("pkg-hash", "-r", "d", check=0).records
    assert record["size"] == 3
    put("/".join(["e"] * 200) + "/f", b"abc")
    put("e/f", b"")
    answer = run("pkg-hash", "-r", "e", check=3)
    assert "more than 128 levels deep" in answer.err
    assert [r["path"] for r in answer.records] == ["e/f"]


# -- errors -------------------------------------------------------------------

def test_one_bad_file_does_not_stop_the_others(run, put):
    put("a", b"1")
    put("b", b"2")
    answer = run("pkg-hash", "a", "gone", "b", check=4)
    assert [r["path"] for r in answer.records] == ["a", "b"]
    assert answer.err.splitlines()[0] == (
        "pkg-hash: error: cannot open 'gone': No such file or directory")


def test_the_exit_status_is_the_highest(run, put):
    put("a", b"1")
    os.mkfifo(put("x").parent / "fifo")
    answer = run("pkg-hash", "fifo", "gone", ".", "a", check=4)
    assert [r["path"] for r in answer.records] == ["a"]
    for what in ("'fifo' is a named pipe", "'gone'", "'.' is a folder",
                 "3 files could not be hashed"):
        assert what in answer.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable(run, put):
    put("d/secret", b"1", 0o000)
    put("d/e/a", b"1")
    put("d/f", b"1")
    os.chmod(put("d/e/b").parent, 0o000)
    answer = run("pkg-hash", "-r", "d", check=4)
    os.chmod(put("d/f").parent / "e", 0o755)
    assert [r["path"] for r in answer.records] == ["d/f"]
    assert "'d/secret': Permission denied" in answer.err
    assert "'d/e': cannot open it: Permission denied" in answer.err


def test_path_that_is_not_utf8(run, put, tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff", "wb"):
        pass
    put("a", b"1")
    for style in ("jsonl", "gnu", "bsd", "cf"):
        answer = run("pkg-hash", "-f", style, b"\xff", "a", check=3)
        assert "the path '\\xff' is not UTF-8 [not-utf8]" in answer.err
        assert answer.out.count("\n") == 1




def bytes_read(process):
    try:
        with open(f"/proc/{process.pid}/io", encoding="ascii") as words:
            return int(words.readline().split()[1])
    except PermissionError:     # it has ended; only root may still look
        return 1 << 60


def stopped_half_way(size, cwd):
    """pkg-hash, stopped while it reads; None if it was faster than we."""
    tool = subprocess.Popen([bin_folder() / "pkg-hash", "victim"], cwd=cwd,
                            env=clean_environment(), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    while bytes_read(tool) < 8 << 20:   # more than its libraries
        time.sleep(0.001)
    tool.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, tool.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    if tool.poll() is None and bytes_read(tool) < size:
        return tool
    tool.kill()
    tool.communicate()
    return None


def test_file_that_grows_while_it_is_read(put, tmp_path):
    victim = put("victim")
    for size in (64 << 20, 1 << 30, 16 << 30):
        os.truncate(victim, size)
        if tool := stopped_half_way(size, tmp_path):
            break
    with open(victim, "ab") as file:
        file.write(b"x")
    tool.send_signal(signal.SIGCONT)
    out, err = tool.communicate(timeout=600)
    assert (tool.returncode, out) == (4, "")
    assert "'victim' changed while it was read" in err and "[changed]" in err


def test_file_of_unknown_length(run):
    """Files of /proc say that they have 0 bytes, and then give some."""
    answer = run("pkg-hash", "/proc/version", check=4)
    assert "changed while it was read: it grew" in answer.err


def test_full_disk(run, put):
    put("a", b"1")
    with open("/dev/full", "wb") as full:
        for style in ("jsonl", "gnu", "bsd", "cf"):
            answer = run("pkg-hash", "-f", style, "a", stdout=full, check=4)
            assert "No space left on device" in answer.err


# -- the forms of other tools -------------------------------------------------

@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha384", "sha512"])
def test_lines_are_those_of_coreutils(run, odd_names, tmp_path, name):
    for style, options in (("gnu", []), ("bsd", ["--tag"])):
        ours = run("pkg-hash", "-f", style, "-a", name, "--", *odd_names,
                   check=0)
        theirs = subprocess.run(
            [f"{name}sum", *options, "--", *odd_names], cwd=tmp_path,
            check=True, capture_output=True).stdout
        assert ours.raw == theirs


def test_sha256sum_accepts_our_lines(run, odd_names, tmp_path):
    for style in ("gnu", "bsd"):
        run("pkg-hash", "-f", style, "-o", style, "--", *odd_names, check=0)
        told = shell(tmp_path, "sha256sum", "--strict", "-c", style)
        assert told.count(": OK\n") == len(odd_names)


def test_openssl_and_rhash_agree(run, put, tmp_path):
    put("a", os.urandom(100000))
    for name in ("md5", "sha1", "sha256", "sha512"):
        line = run("pkg-hash", "-f", "gnu", "-a", name, "a", check=0).out
        digest = line.split()[0]
        assert shell(tmp_path, "openssl", "dgst", "-r", f"-{name}",
                     "a").split()[0] == digest
        assert shell(tmp_path, "rhash", f"--{name}", "a").split()[0] == digest


def test_algorithm_belongs_to_lines(run, put):
    put("a")
    assert "--algorithm is for" in run("pkg-hash", "-a", "md5", "a",
                                       check=2).err
    assert "--sha512 is for" in run("pkg-hash", "-f", "gnu", "--sha512", "a",
                                    check=2).err
    assert "did you mean 'sha256'?" in run(
        "pkg-hash", "-f", "gnu", "-a", "sha265", "a", check=2).err


# -- resource matching --------------------------------------------------------

def entry(path, data, mode="644"):
    return {"checksum": {"value": hashlib.sha1(data).hexdigest()},
            "mode": mode, "path": path, "size_in_bytes": len(data)}


def test_resource_match_body(run, put):
    put("app", b"abc", 0o755)
    put("empty")
    put("data", b"def", 0o4640)
    body, = run("pkg-hash", "-f", "cf", "app", "empty", "data",
                check=0).records
    assert body == {"resources": [entry("app", b"abc", "755"),
                                  entry("data", b"def", "640")]}


def test_resource_match_bodies_have_at_most_5000_entries(run, put):
    put("a", b"abc")
    for count, bodies in ((4999, [4999]), (5000, [5000]), (5001, [5000, 1])):
        answer = run("pkg-hash", "-f", "cf", "-0", input="a\0" * count,
                     check=0)
        assert [len(b["resources"]) for b in answer.records] == bodies


def test_nothing_to_ask(run, put):
    put("empty")
    assert run("pkg-hash", "-f", "cf", "empty", check=0).out == ""


def test_known_files_are_split_off(run, put, tmp_path):
    put("one", b"1")
    put("two", b"22")
    put("three", b"333")
    put("empty")
    answer = {"resources": [entry("other/name", b"1"), entry("x", b"333")]}
    # The same SHA-1 with another size is another file.
    answer["resources"][1]["size_in_bytes"] = 4
    (tmp_path / "answer").write_text(json.dumps(answer, indent=2))
    (tmp_path / "second").write_text('{"resources":[]}')
    split, = run("pkg-hash", "-f", "cf", "--known", "answer", "--known",
                 "second", "one", "two", "three", "empty", check=0).records
    assert split == {"matched": [entry("one", b"1")],
                     "to_upload": [entry("two", b"22"),
                                   entry("three", b"333"),
                                   entry("empty", b"")]}


@pytest.mark.parametrize("text", [
    "", "[]", "{}", '{"resources":{}}', '{"resources":[1]}',
    '{"resources":[{"size_in_bytes":1}]}',
    '{"resources":[{"checksum":{"value":"AB"},"size_in_bytes":1}]}',
    '{"resources":[{"checksum":{"value":"' + "A" * 40 +
    '"},"size_in_bytes":1}]}',
    '{"resources":[{"checksum":{"value":"' + "a" * 40 + '"}}]}'])
def test_malformed_answer(run, put, tmp_path, text):
    put("a", b"1")
    (tmp_path / "answer").write_text(text)
    answer = run("pkg-hash", "-f", "cf", "--known", "answer", "a", check=3)
    assert "answer:" in answer.err
    assert answer.out == ""


def test_known_belongs_to_cf(run, put):
    put("a")
    assert "--known is for --format cf" in run("pkg-hash", "--known", "a",
                                               "a", check=2).err


# -- checking -----------------------------------------------------------------

def verdicts(answer):
    return {r["path"]: (r["ok"], r["reason"]) for r in answer.records}


@pytest.mark.parametrize("args", [
    [], ["--sha512"], ["-f", "gnu"], ["-f", "bsd"],
    ["-f", "gnu", "-a", "md5"], ["-f", "bsd", "-a", "sha512"]])
def test_check_accepts_what_was_written(run, odd_names, args):
    run("pkg-hash", *args, "-o", "list", "--", *odd_names, check=0)
    answer = run("pkg-hash", "--check", "list", check=0)
    assert verdicts(answer) == {name: (True, None) for name in odd_names}
    assert all(r["type"] == "verdict" for r in answer.records)


def test_check_accepts_the_lists_of_other_tools(run, put, tmp_path):
    put("a b", b"abc")
    lines = [shell(tmp_path, *argv, "a b") for argv in (
        ["sha256sum"], ["sha256sum", "-b"], ["md5sum", "--tag"],
        ["openssl", "dgst", "-sha512", "-hex"], ["rhash", "--sha1"])]
    lines[3] = lines[3].replace("SHA2-512(", "SHA512 (").replace(")= ",
                                                                 ") = ")
    lines.append(lines[0].split()[0].upper() + "  a b\n")
    (tmp_path / "list").write_text("# comment\n\n" + "".join(lines))
    answer = run("pkg-hash", "-c", "list", check=0)
    assert [r["ok"] for r in answer.records] == [True] * 6


def test_check_says_what_differs(run, put):
    put("good", b"abc")
    put("changed", b"abc")
    put("longer", b"abc")
    put("gone", b"abc")
    run("pkg-hash", "good", "changed", "longer", "gone", "-o", "list",
        check=0)
    put("changed", b"abd")
    put("longer", b"abcd")
    put("gone").unlink()
    answer = run("pkg-hash", "--check", "list", check=1)
    assert verdicts(answer) == {
        "good": (True, None), "changed": (False, "digest-mismatch"),
        "longer": (False, "size-mismatch"), "gone": (False, "missing")}
    assert "3 of 4 files are not what the list says" in answer.err
    checks = {c["id"]: c for c in answer.records[1]["checks"]}
    assert checks["size"] == {"id": "size", "ok": True, "detail": ""}
    assert checks["md5"] == {
        "id": "md5", "ok": False,
        "detail": "found " + hashlib.md5(b"abd").hexdigest()}
    assert [c["ok"] for c in answer.records[3]["checks"]] == [None] * 4
    text = run("pkg-hash", "-f", "gnu", "--check", "list", check=1).out
    assert text == ("good: OK\nchanged: FAILED\nlonger: FAILED\n"
                    "gone: FAILED open or read\n")


def test_check_from_standard_input_and_in_a_folder(run, put):
    put("d/a", b"abc")
    listing = run("pkg-hash", "-C", "d", "a", check=0).raw
    run("pkg-hash", "--check", "-", input=listing, check=1)
    run("pkg-hash", "-C", "d", "--check", "-", input=listing, check=0)


def test_check_what_cannot_be_read(run, put, tmp_path):
    put("a", b"abc")
    run("pkg-hash", "-o", "list", "a", check=0)
    (tmp_path / "a").unlink()
    (tmp_path / "a").mkdir()
    answer = run("pkg-hash", "--check", "list", check=2)
    assert verdicts(answer) == {"a": (False, "unreadable")}


@pytest.mark.parametrize("line", [
    "garbage", "d41d8cd98f00b204e9800998ecf8427e",
    "d41d8cd98f00b204e9800998ecf8427e  ", "d41d8cd98f00b204e9800998ecf8427 a",
    "g41d8cd98f00b204e9800998ecf8427e  a",
    "d41d8cd98f00b204e9800998ecf8427e a",
    "MD5 (a) = d41d8cd98f00b204e9800998ecf8427", "MD5 (a) =",
    "SHA3 (a) = d41d8cd98f00b204e9800998ecf8427e",
    "SHA256 (a) = d41d8cd98f00b204e9800998ecf8427e",
    "\\d41d8cd98f00b204e9800998ecf8427e  a\\b",
    "\\d41d8cd98f00b204e9800998ecf8427e  a\\", "\\", "{", "{}", "[]",
    '{"type":"artifact","path":"a"}', '{"type":"module","path":"a"}',
    '{"type":"artifact","path":"","md5":"d41d8cd98f00b204e9800998ecf8427e"}',
    '{"type":"artifact","md5":"d41d8cd98f00b204e9800998ecf8427e"}',
    '{"type":"artifact","path":"a","md5":"D41D8CD98F00B204E9800998ECF8427E"}',
    '{"type":"artifact","path":"a","md5":1}',
    '{"type":"artifact","path":"a","size":-1,'
    '"md5":"d41d8cd98f00b204e9800998ecf8427e"}'])
def test_malformed_list(run, put, line):
    put("a")
    good = "d41d8cd98f00b204e9800998ecf8427e  a\n"
    answer = run("pkg-hash", "--check", "-", input=f"{good}{line}\n", check=3)
    assert "standard input:2:" in answer.err


def test_name_in_a_list_that_is_not_utf8(run):
    line = b"d41d8cd98f00b204e9800998ecf8427e  \xff\n"
    assert "not UTF-8" in run("pkg-hash", "-c", "-", input=line, check=3).err


def test_empty_list_proves_nothing(run):
    for text in ("", "\n\n", "# nothing\n"):
        answer = run("pkg-hash", "--check", "-", input=text, check=3)
        assert "lists no file" in answer.err


def test_check_takes_nothing_else(run, put):
    put("a")
    for args in (["a"], ["-r"], ["--sha512"], ["-0"], ["-f", "cf"]):
        run("pkg-hash", "--check", "a", *args, check=2)


# -- output -------------------------------------------------------------------

def test_output_appears_complete_or_not_at_all(run, put, tmp_path):
    put("a", b"1")
    run("pkg-hash", "-o", "out", "a", "gone", check=4)
    assert not (tmp_path / "out").exists()
    run("pkg-hash", "-o", "out", "a", check=0)
    assert "--force" in run("pkg-hash", "-o", "out", "a", check=2).err
    run("pkg-hash", "-f", "gnu", "-o", "out", "--force", "a", check=0)
    assert (tmp_path / "out").read_text().endswith("  a\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "out"]


def test_messages_as_json(run):
    message, = run("pkg-hash", "--json", "gone", check=4).messages
    assert (message["type"], message["severity"]) == ("message", "error")
    assert "'gone'" in message["text"]

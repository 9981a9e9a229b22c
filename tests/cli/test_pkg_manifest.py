# SPDX-License-Identifier: Apache-2.0
"""pkg-manifest: from a manifest to the lock, the plan and the bundle.

Longer than 500 lines: one short function a case, all on the same helpers,
which parts of it would have to repeat.
"""

import hashlib
import io
import json
import os
import shutil
import stat
import zipfile

import manifest_product as product
import pytest


def record(folder, path, **extra):
    data = (folder / path).read_bytes()
    return {"type": "artifact", "path": path, "size": len(data),
            "md5": hashlib.md5(data).hexdigest(),
            "sha1": hashlib.sha1(data).hexdigest(),
            "sha256": hashlib.sha256(data).hexdigest(), **extra}


def write_records(folder, name, records):
    (folder / name).write_text("".join(json.dumps(r) + "\n" for r in records))
    return name


@pytest.fixture
def run(run):
    """A run that is expected to succeed, unless told otherwise."""
    return lambda *args, check=0, **options: run(*args, check=check, **options)


@pytest.fixture
def folder(tmp_path):
    product.write(tmp_path)
    return tmp_path


@pytest.fixture
def lock(run, folder):
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock")
    return folder / "product.lock"


SELECTED = ["rootfs.img", "dtb/a/x.dtb", "dtb/b.dtb", "u-boot.bin",
            "boot.cdx.json"]


# -- files, resolve -----------------------------------------------------------

def test_files_are_relative_to_the_manifest(run, folder):
    assert run("pkg-manifest", "files", "product.yaml").out.split() == SELECTED
    above = run("pkg-manifest", "files", "-C", folder.parent,
                f"{folder.name}/product.yaml")
    assert above.out.split() == SELECTED
    zeros = run("pkg-manifest", "files", "-0", "product.yaml").raw
    assert zeros == b"".join(p.encode() + b"\0" for p in SELECTED)


def test_lock_pins_variables_patterns_and_digests(run, folder):
    product.write(folder, ('version: "1.0"}', 'version: "${VERSION}"}'))
    done = run("pkg-manifest", "resolve", "-D", "VERSION=2.0", "product.yaml")
    lock = json.loads(done.out)
    assert lock["type"] == "lock" and lock["format"] == 1
    assert lock["product"] == {"name": "gateway", "version": "2.0"}
    base, boot = lock["modules"]
    assert [a["path"] for a in base["artifacts"]] == SELECTED[:3]
    assert base["vendor"] == "Acme Devices GmbH"
    for artifact in base["artifacts"]:
        expected = record(folder, artifact["path"])
        for key in ("size", "md5", "sha1", "sha256"):
            assert artifact[key] == expected[key]
    assert boot["version"] == "2026.07"
    assert boot["artifacts"][0]["filename"] == "boot.bin"
    assert boot["sbom"]["mediaType"] == "application/vnd.cyclonedx+json"
    assert lock["sets"][0]["modules"] == [
        {"name": "base", "type": "os", "version": "1.0"},
        {"name": "boot", "type": "bootloader", "version": "2026.07"}]
    assert lock["assignments"][0]["set"] == {
        "name": "gateway", "type": "gateway", "version": "1.0"}
    canonical = json.dumps(lock, sort_keys=True, separators=(",", ":"),
                           ensure_ascii=False)
    assert done.out == canonical + "\n"


def test_define_from_the_environment_and_the_last_one_wins(run, folder):
    product.write(folder, ("Root file system", "${WHAT}"))
    done = run("pkg-manifest", "resolve", "--define-from-env", "WHAT",
               "product.yaml", env={"WHAT": "from env"})
    assert json.loads(done.out)["modules"][0]["description"] == "from env"
    done = run("pkg-manifest", "resolve", "--define-from-env", "WHAT", "-D",
               "WHAT=a", "-D", "WHAT=b $$ ${X}", "product.yaml",
               env={"WHAT": "from env"})
    # What is put in is not looked at again.
    assert json.loads(done.out)["modules"][0]["description"] == "b $$ ${X}"
    done = run("pkg-manifest", "resolve", "--define-from-env", "GONE",
               "product.yaml", check=2)
    assert "environment variable 'GONE' is not set" in done.err


def test_two_dollars_are_one(run, folder):
    product.write(folder, ("Root file system", "costs 5$$ or $${X}"))
    done = run("pkg-manifest", "resolve", "product.yaml")
    text = json.loads(done.out)["modules"][0]["description"]
    assert text == "costs 5$ or ${X}"


def test_same_tree_same_lock(run, folder, lock, tmp_path):
    """Another folder, umask, locale, time zone, order of the folder."""
    other = tmp_path / "some where" / "else"
    other.mkdir(parents=True)
    for name in reversed(sorted(product.FILES)):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, other / name)
        os.utime(other / name, (1, 1))
    shutil.copyfile(folder / "product.yaml", other / "product.yaml")
    before = os.umask(0o077)
    try:
        run("pkg-manifest", "resolve", "some where/else/product.yaml", "-o",
            "other.lock", env={"LC_ALL": "tr_TR.UTF-8", "LANG": "C",
                               "TZ": "Asia/Kathmandu"})
    finally:
        os.umask(before)
    assert (tmp_path / "other.lock").read_bytes() == lock.read_bytes()
    assert stat.S_IMODE((tmp_path / "other.lock").stat().st_mode) == 0o600


def test_records_of_pkg_hash_give_the_same_lock(run, folder, lock):
    names = run("pkg-manifest", "files", "-0", "product.yaml").raw
    hashed = run("pkg-hash", "--files0-from", "-", input=names)
    for options in ([], ["--no-files"]):
        done = run("pkg-manifest", "resolve", "--hashes", "-", *options,
                   "product.yaml", input=hashed.raw)
        assert done.raw == lock.read_bytes()


def test_records_may_be_all_there_is(run, folder):
    records = [record(folder, name, sha512="0" * 128, extra=[1])
               for name in sorted(product.FILES, reverse=True)]
    write_records(folder, "all.jsonl", records)
    expected = run("pkg-manifest", "resolve", "product.yaml").out
    for name in product.FILES:
        (folder / name).unlink()
    done = run("pkg-manifest", "resolve", "--hashes", "all.jsonl",
               "--no-files", "product.yaml")
    lock = json.loads(done.out)
    for module in lock["modules"]:
        for item in [*module["artifacts"], module.get("sbom", {})]:
            item.pop("sha512", None)
    assert lock == json.loads(expected)


@pytest.mark.parametrize("change,code,text", [
    (lambda r: r.pop(0), 1, "no record about 'rootfs.img' [record-missing]"),
    (lambda r: r[0].update(size=99), 1,
     "'rootfs.img' has 17 bytes, its record says 99 [record-mismatch]"),
    (lambda r: r[0].update(type="module"), 3, "is not of type 'artifact'"),
    (lambda r: r[0].update(sha256="AB" * 32), 3, "lower-case hexadecimal"),
    (lambda r: r[0].pop("md5"), 3, "lacks md5, sha1 or sha256"),
    (lambda r: r[0].pop("size"), 3, "lacks path or size"),
    (lambda r: r.append({**r[0], "sha256": "0" * 64}), 3,
     "two records of one file differ"),
    (lambda r: r[0].update(size=1.5), 3, "integer"),
])
def test_records_that_do_not_fit(run, folder, change, code, text):
    records = [record(folder, name) for name in SELECTED]
    change(records)
    write_records(folder, "r.jsonl", records)
    done = run("pkg-manifest", "resolve", "--hashes", "r.jsonl", "-o", "x",
               "product.yaml", check=code)
    assert text in done.err
    assert not (folder / "x").exists()


def test_lock_is_not_written_with_an_error(run, folder):
    (folder / "rootfs.img").unlink()
    done = run("pkg-manifest", "resolve", "product.yaml", "-o", "x", check=1)
    assert "product.yaml:16:15: error: no file 'rootfs.img'" in done.err
    assert "hint: build it first" in done.err
    assert not (folder / "x").exists()


def test_unreadable_file_is_a_finding_with_its_place(run, folder):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (folder / "rootfs.img").chmod(0)
    done = run("pkg-manifest", "resolve", "product.yaml", check=1)
    assert "product.yaml:16:9: error:" in done.err
    assert "[file-unreadable]" in done.err


def test_output_that_exists_needs_force(run, folder, lock):
    before = lock.stat().st_mtime_ns
    done = run("pkg-manifest", "resolve", "product.yaml", "-o",
               "product.lock", check=2)
    assert "--force" in done.err
    assert lock.stat().st_mtime_ns == before
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock",
        "--force")


def test_if_changed_leaves_an_equal_output_alone(run, folder, lock):
    os.utime(lock, (1, 1))
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock",
        "--if-changed")
    assert lock.stat().st_mtime == 1
    (folder / "rootfs.img").write_text("another root file system")
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock",
        "--if-changed")
    assert lock.stat().st_mtime > 1


def test_depfile_names_all_that_was_read(run, folder):
    sub = folder / "sub dir"
    sub.mkdir()
    product.write(sub, ("packline: 1\n", "packline: 1\ninclude: [p.yaml]\n"),
                  ("boot.bin}", "boot.bin, seal: ecu-a.yaml}"))
    (sub / "p.yaml").write_text("packline: 1\n")
    run("pkg-manifest", "resolve", "sub dir/product.yaml", "-o", "o.lock",
        "--depfile", "o.d")
    text = (folder / "o.d").read_text()
    target, _, rest = text.partition(":")
    deps = [d.strip() for d in rest.replace("\\\n", "\n").split("\n")]
    assert target == "o.lock"
    assert [d for d in deps if d] == [
        f"sub\\ dir/{name}" for name in ["product.yaml", "p.yaml", *SELECTED[:4],
                                         "ecu-a.yaml", SELECTED[4]]]
    done = run("pkg-manifest", "resolve", "sub dir/product.yaml", "--depfile",
               "o.d", check=2)
    assert "-o FILE" in done.err


def test_links_are_followed_by_path_within_the_folder_only(run, folder):
    (folder / "latest.img").symlink_to("rootfs.img")
    (folder / "dtb" / "c.dtb").symlink_to("b.dtb")
    product.write(folder, ("path: rootfs.img", "path: latest.img"))
    lock = json.loads(run("pkg-manifest", "resolve", "product.yaml").out)
    artifacts = lock["modules"][0]["artifacts"]
    assert [a["path"] for a in artifacts] == ["latest.img", *SELECTED[1:3]]
    (folder / "latest.img").unlink()
    (folder / "latest.img").symlink_to("/etc/hostname")
    done = run("pkg-manifest", "resolve", "product.yaml", check=1)
    assert "'latest.img' is not a regular file" in done.err


def test_exclude_and_regex(run, folder):
    product.write(folder, ('- glob: "dtb/**/*.dtb"',
                           '- {regex: "dtb/.*[.](dtb|txt)", '
                           'exclude: ["**/*.txt", "dtb/a/*"]}'))
    done = run("pkg-manifest", "files", "product.yaml")
    assert done.out.split()[:2] == ["rootfs.img", "dtb/b.dtb"]


def test_bad_pattern_is_a_finding(run, folder):
    product.write(folder, ('glob: "dtb/**/*.dtb"', 'regex: "dtb/("'))
    done = run("pkg-manifest", "check", "product.yaml", check=1)
    assert "product.yaml:17:16: error:" in done.out
    assert "[bad-pattern]" in done.out


def test_long_filename_from_a_pattern(run, folder):
    (folder / "dtb" / ("é" * 120 + ".dtb")).write_text("x")
    run("pkg-manifest", "check", "product.yaml")
    product.write(folder, ("filename: boot.bin", f"filename: {'b' * 257}"))
    done = run("pkg-manifest", "check", "product.yaml", check=1)
    assert "[too-long]" in done.out


def test_quotas_of_sets_and_types(run, folder):
    types = "\n".join(f"    - {{key: t{i}, name: T{i}}}" for i in range(51))
    keys = ", ".join(f"t{i}" for i in range(51))
    modules = ", ".join(f"{{type: application, name: m{i}, version: \"1\", "
                        "external: true}" for i in range(101))
    product.write(folder, ("  sets:\n", types + "\n  sets:\n    - {key: wide, name: "
                   f"Wide, optionalmodules: [{keys}]}}\n"),
                  ("[base, boot]", f"[base, boot, {modules}]"))
    done = run("pkg-manifest", "check", "product.yaml", check=1)
    for rule in ("too-many-types", "too-many-modules"):
        assert f"[{rule}]" in done.out


def test_manifest_from_standard_input(run, folder):
    text = (folder / "product.yaml").read_bytes()
    done = run("pkg-manifest", "resolve", "-", input=text)
    assert done.out == run("pkg-manifest", "resolve", "product.yaml").out


def test_include_joins_lists(run, folder):
    main, _, rest = product.MANIFEST.partition("sets:\n  - name")
    parts = folder / "parts"
    parts.mkdir()
    (folder / "product.yaml").write_text(
        main.replace("packline: 1\n", "packline: 1\ninclude: "
                     "[parts/sets.yaml]\n"))
    (parts / "sets.yaml").write_text(
        "packline: 1\ninclude: [parts/more.yaml]\nsets:\n  - name" + rest)
    (parts / "more.yaml").write_text(
        "packline: 1\ntypes: {modules: [{key: fpga, name: FPGA}]}\n"
        "modules: [{name: bits, version: \"1\", type: fgpa}]\n")
    done = run("pkg-manifest", "check", "product.yaml", check=1)
    assert done.out.splitlines() == [
        "parts/more.yaml:3:44: error: no module type 'fgpa' [unknown-type]",
        "\thint: did you mean 'fpga'?"]
    (parts / "more.yaml").write_text("packline: 1\n")
    included = run("pkg-manifest", "resolve", "product.yaml").out
    product.write(folder)
    assert included == run("pkg-manifest", "resolve", "product.yaml").out


@pytest.mark.parametrize("text,reason,place", [
    ("packline: 1\npackline: 1\n", "duplicate-key", "2:1"),
    ("a: &x 1\n", "anchor", "1:4"),
    ("a: *x\n", "alias", "1:4"),
    ("a: !!str 1\n", "tag", "1:4"),
    ("<<: {}\n", "merge-key", "1:1"),
    ("a: 1\n---\nb: 1\n", "several-documents", None),
    ("a: [1\n", "malformed-yaml", None),
    ("a: \"\\x07\"\n", "control-character", "1:4"),
])
def test_yaml_that_is_not_read(run, tmp_path, text, reason, place):
    (tmp_path / "m.yaml").write_text(text)
    done = run("pkg-manifest", "check", "m.yaml", check=3)
    assert f"[{reason}]" in done.err
    assert f"m.yaml:{place or ''}" in done.err


def test_not_even_a_map(run, tmp_path):
    (tmp_path / "m.yaml").write_text("- a\n")
    done = run("pkg-manifest", "check", "m.yaml", check=1)
    assert "[wrong-type]" in done.out


# -- list, diff ---------------------------------------------------------------

def listed(run, what, *options, code=0):
    done = run("pkg-manifest", "list", what, *options, check=code)
    return json.loads(done.out) if code == 0 else done


def test_lists_have_the_servers_envelope(run, lock):
    modules = listed(run, "modules", lock)
    assert set(modules) == {"content", "size", "total"}
    assert modules["size"] == modules["total"] == 2
    assert modules["content"][0] == {
        "description": "Root file system", "encrypted": False, "name": "base",
        "type": "os", "typeName": "OS", "vendor": "Acme Devices GmbH",
        "version": "1.0"}
    sets = listed(run, "sets", lock)["content"]
    assert sets[0]["modules"][1]["type"] == "bootloader"
    artifacts = listed(run, "artifacts", lock)["content"]
    assert [a["providedFilename"] for a in artifacts] == [
        "rootfs.img", "x.dtb", "b.dtb", "boot.bin"]
    assert set(artifacts[0]["hashes"]) == {"md5", "sha1", "sha256"}
    metadata = listed(run, "metadata", lock)["content"]
    assert [m["key"] for m in metadata] == ["build", "channel"]
    assert metadata[1]["set"]["name"] == "gateway"
    keys = [t["key"] for t in listed(run, "types", lock)["content"]]
    assert keys == ["os", "application", "bootloader", "os", "app", "os_app",
                    "gateway"]
    assigned = listed(run, "assigned", lock)["content"]
    assert [a["name"] for a in assigned] == ["base", "boot"]


def test_list_of_a_manifest_needs_no_digests(run, folder):
    assert listed(run, "modules", "product.yaml")["total"] == 2
    artifacts = listed(run, "artifacts", "product.yaml")["content"]
    assert "hashes" not in artifacts[0] and artifacts[0]["size"] == 17


@pytest.mark.parametrize("options,names", [
    (["--sort", "name:DESC"], ["boot", "base"]),
    (["--sort", "NAME:asc"], ["base", "boot"]),
    (["--sort", "type:ASC,id:DESC"], ["boot", "base"]),
    (["--sort", "id:DESC"], ["boot", "base"]),
    (["--limit", "1"], ["base"]),
    (["--limit", "1", "--offset", "1"], ["boot"]),
    (["--offset", "7"], []),
    (["--limit", "0"], ["base", "boot"]),
])
def test_sort_and_paging(run, lock, options, names):
    page = listed(run, "modules", *options, lock)
    assert [m["name"] for m in page["content"]] == names
    assert (page["size"], page["total"]) == (len(names), 2)


def test_limit_is_50_if_not_given_and_500_at_most(run, tmp_path):
    (tmp_path / "m.yaml").write_text(
        "packline: 1\ntenant: t\nproduct: {name: n, version: v}\nmodules:\n"
        + "".join(f"  - {{name: m{i}, version: v, type: os}}\n"
                  for i in range(501)))
    assert listed(run, "modules", "m.yaml")["size"] == 50
    assert listed(run, "modules", "--limit", "501", "m.yaml")["size"] == 500


@pytest.mark.parametrize("sort,reason", [
    ("name", "sort-syntax"), ("colour:ASC", "sort-field"),
    ("name:UP", "sort-direction")])
def test_sort_errors_are_the_servers(run, lock, sort, reason):
    done = listed(run, "modules", "--sort", sort, lock, code=2)
    assert f"[{reason}]" in done.err


@pytest.mark.parametrize("what,query,names", [
    ("modules", "name==B*", ["base", "boot"]),
    ("modules", "type==os;name!=boot", ["base"]),
    ("modules", "type.name==OS or name==boot", ["base", "boot"]),
    ("modules", "name=in=(boot,x)", ["boot"]),
    ("sets", "module.name==boot", ["gateway"]),
    ("sets", "complete==false", []),
    ("artifacts", "size>12;sha256==*", None),
    ("types", "maxassignments==1", None),
    ("assigned", "type==bootloader", ["boot"]),
    ("metadata", "key==channel", None),
])
def test_query(run, lock, what, query, names):
    page = listed(run, what, "-q", query, lock)
    everything = listed(run, what, lock)["content"]
    if names is None:  # some, but not all
        assert 0 < page["total"] < len(everything)
    else:
        assert [row["name"] for row in page["content"]] == names
    assert all(row in everything for row in page["content"])


def test_query_is_before_sort_and_paging(run, lock):
    page = listed(run, "modules", "-q", "name==b*", "--sort", "name:DESC",
                  "--limit", "1", lock)
    assert [m["name"] for m in page["content"]] == ["boot"]
    assert (page["size"], page["total"]) == (1, 2)


def test_diff(run, folder, lock):
    run("pkg-manifest", "diff", "product.lock", "product.lock")
    (folder / "rootfs.img").write_text("changed\n")
    product.write(folder, ("version: 2026.07", "version: 2026.08"),
                  ("    metadata: [{key: channel, value: stable}]\n", ""),
                  ("key: build, value: b1", "key: build, value: b2"),
                  ("gw-001, gw-002", "gw-002, gw-003"))
    (folder / "rootfs.img").write_text("changed\n")
    run("pkg-manifest", "resolve", "product.yaml", "-o", "new.lock")
    done = run("pkg-manifest", "diff", "product.lock", "new.lock", check=1)
    lines = done.out.splitlines()
    assert '~ modules[bootloader boot 2026.07].version: "2026.07" -> ' \
           '"2026.08"' in lines
    assert '~ modules[os base 1.0].metadata[build].value: "b1" -> "b2"' in lines
    assert '- sets[gateway gateway 1.0].metadata[channel]' in lines
    sizes = [line for line in lines if line.endswith(".size: 17 -> 8")]
    assert sizes == ["~ modules[os base 1.0].artifacts[rootfs.img rootfs.img]"
                     ".size: 17 -> 8"]
    records = run("pkg-manifest", "diff", "--json", "product.lock",
                  "new.lock", check=1).records
    assert len(records) == len(lines)
    assert {r["op"] for r in records} == {"added", "removed", "changed"}
    assert {r["type"] for r in records} == {"change"}


def test_diff_does_not_mind_the_order(run, folder):
    text = (folder / "product.yaml").read_text()
    head, _, rest = text.partition("  - name: base\n")
    base, _, tail = rest.partition("  - name: boot\n")
    boot, _, end = tail.partition("sets:\n  - name")
    (folder / "other.yaml").write_text(
        head + "  - name: boot\n" + boot + "  - name: base\n" + base
        + "sets:\n  - name" + end)
    done = run("pkg-manifest", "diff", "product.yaml", "other.yaml")
    assert done.out == ""


def test_diff_of_a_manifest_and_a_lock_is_refused(run, folder, lock):
    done = run("pkg-manifest", "diff", "product.yaml", "product.lock", check=2)
    assert "cannot be compared" in done.err


# -- plan ---------------------------------------------------------------------

def steps(run, lock, *options):
    return json.loads(run("pkg-manifest", "plan", *options, lock).out)["steps"]


def test_plan_is_in_the_order_of_an_import(run, lock):
    done = steps(run, lock)
    assert [step["op"] for step in done] == [
        "find-module-type", "find-module-type", "ensure-module-type",
        "ensure-module", "ensure-module",
        *["ensure-artifact"] * 4, "ensure-module-metadata",
        "ensure-set-type", "ensure-set", "ensure-set-metadata",
        "ensure-target-filter", "auto-assign", "assign", "ensure-rollout"]
    assert len({step["ref"] for step in done}) == len(done)


def test_plan_names_nothing_before_it_is_there(run, lock):
    """{REF} in a path or body is the ref of an earlier step."""
    known = set()
    for step in steps(run, lock):
        text = json.dumps([step.get("request"), step["lookup"]])
        used = {part.split("}")[0] for part in text.split('{')[1:]
                if part.split("}")[0].startswith(
                    ("module", "set", "target-filter"))
                and "}" in part and '"' not in part.split("}")[0]}
        assert used <= known
        known.add(step["ref"])


def test_bodies_are_what_the_api_takes(run, lock):
    by_ref = {step["ref"]: step for step in steps(run, lock)}
    module = by_ref["module:os/base/1.0"]
    assert module["request"] == {
        "method": "POST", "path": "/rest/v1/softwaremodules",
        "body": [{"name": "base", "version": "1.0", "type": "os",
                  "description": "Root file system",
                  "vendor": "Acme Devices GmbH"}]}
    assert module["expect"] == [201]
    assert module["lookup"]["query"] == \
        'name=="base";version=="1.0";type=="os"'
    assert module["lookup"]["exact"] == {"name": "base", "version": "1.0",
                                         "type": "os"}
    assert by_ref["set:gateway/gateway/1.0"]["request"]["body"] == [{
        "name": "gateway", "version": "1.0", "type": "gateway",
        "modules": [{"id": "{module:os/base/1.0}"},
                    {"id": "{module:bootloader/boot/2026.07}"}]}]
    assert by_ref["set-type:gateway"]["request"]["body"][0][
        "mandatorymodules"] == [{"id": "{module-type:os}"},
                                {"id": "{module-type:bootloader}"}]
    upload = by_ref["artifact:bootloader/boot/2026.07/boot.bin"]["request"]
    data = product.FILES["u-boot.bin"]
    assert upload["path"] == ("/rest/v1/softwaremodules/"
                              "{module:bootloader/boot/2026.07}/artifacts")
    assert upload["multipart"] == {
        "blob": hashlib.sha256(data).hexdigest(), "filename": "boot.bin",
        "md5sum": hashlib.md5(data).hexdigest(),
        "sha1sum": hashlib.sha1(data).hexdigest(),
        "sha256sum": hashlib.sha256(data).hexdigest()}
    assert by_ref["assignment:1"]["request"]["body"][0] == {
        "id": "gw-001", "type": "timeforced", "forcetime": 1796090400000,
        "maintenanceWindow": {"schedule": "0 0 2 ? * SUN",
                              "duration": "02:00:00", "timezone": "+01:00"}}
    assert by_ref["rollout:spread"]["request"]["body"] == {
        "name": "spread", "distributionSetId": "{set:gateway/gateway/1.0}",
        "targetFilterQuery": "name==gw-*", "amountGroups": 3}


@pytest.mark.parametrize("limit,parts", [
    (None, [5000, 1]), (5001, [5001]), (2000, [2000, 2000, 1001]), (0, [5001])])
def test_assignment_of_many_targets_is_several_requests(run, folder, limit,
                                                        parts):
    targets = [f"t{i}" for i in range(5001)]
    product.write(folder, ("gw-001, gw-002", ", ".join(targets)))
    run("pkg-manifest", "resolve", "product.yaml", "-o", "x.lock")
    options = []
    if limit is not None:
        (folder / "profile.yaml").write_text(
            "packline: 1\nquotas: {maxTargetDistributionSetAssignmentsPer"
            f"ManualAssignment: {limit}}}\n")
        options = ["--profile", "profile.yaml"]
    assigns = [s for s in steps(run, "x.lock", *options)
               if s["op"] == "assign"]
    bodies = [s["request"]["body"] for s in assigns]
    assert [len(body) for body in bodies] == parts
    assert [row["id"] for body in bodies for row in body] == targets
    assert [s["ref"] for s in assigns] == (
        ["assignment:1"] if len(parts) == 1 else
        [f"assignment:1/{n + 1}" for n in range(len(parts))])
    assert all(row["type"] == "timeforced" for row in bodies[-1])


def test_names_are_escaped_in_queries_and_references(run, folder):
    product.write(folder, ("name: boot\n", "name: 'a/b \"c\\'\n"),
                  ("[base, boot]", "[base, 'a/b \"c\\']"))
    run("pkg-manifest", "resolve", "product.yaml", "-o", "x.lock")
    step = [s for s in steps(run, "x.lock") if s["op"] == "ensure-module"][1]
    assert step["ref"] == "module:bootloader/a%2Fb%20%22c%5C/2026.07"
    assert step["lookup"]["query"].startswith('name=="a/b \\"c\\\\";')


def test_checksums_of_encrypted_modules_are_not_sent(run, folder):
    product.write(folder, ("    type: bootloader\n",
                           "    type: bootloader\n    encrypted: true\n"))
    run("pkg-manifest", "resolve", "product.yaml", "-o", "x.lock")
    step = [s for s in steps(run, "x.lock") if s["op"] == "ensure-artifact"][3]
    assert set(step["request"]["multipart"]) == {"blob", "filename"}


def test_what_the_server_has_already_is_only_found(run, folder):
    product.write(folder, ("[base, boot]", "[base, boot, {type: application, "
                           'name: app, version: "7", external: true}]'),
                  ("rollouts:", "  - {set: {name: old, version: \"1\", type: "
                   "app, external: true}, targets: [x]}\nrollouts:"))
    run("pkg-manifest", "resolve", "product.yaml", "-o", "x.lock")
    found = [s for s in steps(run, "x.lock") if s["op"].startswith("find-")]
    assert [s["ref"] for s in found] == [
        "module-type:os", "module-type:application",
        "module:application/app/7", "set:app/old/1"]
    assert all("request" not in s for s in found)


@pytest.mark.parametrize("change,reason", [
    (lambda t: t.replace('"format":1', '"format":2'), "malformed-lock"),
    (lambda t: t.replace('"format":1', '"format": 1'), "not-canonical"),
    (lambda t: t.rstrip("\n"), "not-canonical"),
    (lambda t: t.replace('"tenant":"acme"', '"tenant":"acme","tex":1'),
     "malformed-lock"),
    (lambda t: t.replace('"size":17', '"size":0'), "malformed-lock"),
    (lambda t: t.replace('"path":"rootfs.img"', '"path":"../rootfs.img"'),
     "malformed-lock"),
    (lambda t: t.replace('"path":"boot.cdx.json"', '"path":"/etc/hostname"'),
     "malformed-lock"),
    (lambda t: "", "not-canonical"),
    (lambda t: "{", None),
])
def test_locks_that_are_none(run, lock, change, reason):
    lock.write_text(change(lock.read_text()))
    done = run("pkg-manifest", "plan", lock, check=3)
    assert f"[{reason}]" in done.err if reason else "error" in done.err


# -- containers, bundle -------------------------------------------------------

@pytest.fixture
def sealed(run, folder):
    """A lock that asks for a container, and the record of that container."""
    product.write(folder, ("boot.bin}", "boot.bin, seal: ecu-a.yaml}"))
    run("pkg-manifest", "resolve", "product.yaml", "-o", "sealed.lock")
    (folder / "out").mkdir()
    (folder / "out/boot.seal").write_bytes(b"the container")
    made = record(folder, "out/boot.seal", manifest_sha256="0" * 64,
                  kind="sealed", draft=False,
                  id="00000000-0000-4000-8000-000000000000", artifacts=[{
                      "sha256": record(folder, "u-boot.bin")["sha256"],
                      "source_name": "u-boot.bin"}])
    return {**made, "type": "container"}


def test_digests_of_the_container_take_the_place(run, folder, sealed):
    write_records(folder, "c.jsonl", [sealed])
    step = [s for s in steps(run, "sealed.lock", "--containers", "c.jsonl")
            if s["op"] == "ensure-artifact"][3]
    assert step["request"]["multipart"]["sha256sum"] == sealed["sha256"]
    assert step["lookup"]["exact"]["size"] == sealed["size"]
    assert step["lookup"]["exact"]["filename"] == "boot.bin"


@pytest.mark.parametrize("change,reason", [
    (lambda r: [], "container-missing"),
    (lambda r: [{**r, "draft": True}], "container-draft"),
    (lambda r: [{**r, "artifacts": [{"sha256": "1" * 64,
                                     "source_name": "u-boot.bin"}]}],
     "container-other-bytes"),
    (lambda r: [{**r, "artifacts": r["artifacts"] * 2}], "container-missing"),
    (lambda r: [{**r, "device_config_sha256": "3" * 64}],
     "container-other-device"),
    (lambda r: [r, {**r, "sha256": "2" * 64, "path": "out/two.seal"}],
     "container-ambiguous"),
])
def test_containers_that_do_not_fit(run, folder, sealed, change, reason):
    write_records(folder, "c.jsonl", change(sealed))
    for verb in (["plan"], ["bundle", "-o", "x.bundle"]):
        done = run("pkg-manifest", *verb, "--containers", "c.jsonl",
                   "sealed.lock", check=3)
        assert f"[{reason}]" in done.err
        assert "hint: " in done.err
    assert not (folder / "x.bundle").exists()


def test_container_of_the_right_device_is_chosen(run, folder, sealed):
    """One file sealed for two devices: the config's digest tells which."""
    config = record(folder, "ecu-a.yaml")["sha256"]
    other = {**sealed, "sha256": "2" * 64, "path": "out/boot.bin",
             "device_config_sha256": "3" * 64}
    mine = {**sealed, "device_config_sha256": config}
    write_records(folder, "c.jsonl", [other, mine])
    step = [s for s in steps(run, "sealed.lock", "--containers", "c.jsonl")
            if s["op"] == "ensure-artifact"][3]
    assert step["lookup"]["exact"]["sha256"] == sealed["sha256"]


def test_bundle_has_the_plan_and_each_content_once(run, folder, sealed):
    write_records(folder, "c.jsonl", [sealed])
    (folder / "dtb/b.dtb").write_bytes((folder / "dtb/a/x.dtb").read_bytes())
    run("pkg-manifest", "resolve", "product.yaml", "-o", "sealed.lock",
        "--force")
    run("pkg-manifest", "bundle", "sealed.lock", "--containers", "c.jsonl",
        "-o", "x.bundle", "--sequence", "7")
    plan = run("pkg-manifest", "plan", "sealed.lock", "--containers",
               "c.jsonl").raw
    with zipfile.ZipFile(folder / "x.bundle") as bundle:
        names = bundle.namelist()
        blobs = [n.removeprefix("payload/") for n in names
                 if n.startswith("payload/")]
        assert bundle.read("payload/plan.json") == plan
        manifest = json.loads(bundle.read("META-INF/manifest.json"))
        for blob in blobs[1:]:
            data = bundle.read(f"payload/{blob}")
            assert hashlib.sha256(data).hexdigest() == blob
        assert bundle.read(f"payload/{sealed['sha256']}") == b"the container"
    assert blobs[0] == "plan.json" and blobs[1:] == sorted(blobs[1:])
    assert len(blobs) == 1 + 4  # rootfs, two equal dtb, container, sbom
    assert manifest["content"] == "bundle" and manifest["kind"] == "signed"
    assert (manifest["name"], manifest["version"]) == ("gateway", "1.0")
    assert (manifest["tenant"], manifest["sequence"]) == ("acme", 7)


def test_bundle_is_a_draft_and_the_same_every_time(run, folder, lock):
    run("pkg-manifest", "bundle", "product.lock", "-o", "a.bundle")
    os.utime(folder / "rootfs.img", (1, 1))
    run("pkg-manifest", "bundle", "product.lock", "-o", "b.bundle")
    assert (folder / "a.bundle").read_bytes() == \
        (folder / "b.bundle").read_bytes()
    done = run("pkg-verify", "a.bundle", check=1)
    assert "draft" in done.out


def test_bundle_refuses_what_has_changed(run, folder, lock):
    (folder / "rootfs.img").write_bytes(b"ROOT file system\n")
    done = run("pkg-manifest", "bundle", "product.lock", "-o", "a.bundle",
               check=1)
    assert "rootfs.img" in done.err and "[digest-mismatch]" in done.err
    assert "hint: it has changed since the lock" in done.err
    assert not (folder / "a.bundle").exists()


def test_bundle_needs_an_output(run, lock):
    done = run("pkg-manifest", "bundle", lock, check=2)
    assert "-o NAME.bundle" in done.err and done.out == ""


def test_sealed_for_two_devices_end_to_end(run, folder, keys, device_config):
    """One file for two devices under one filename: nothing is mixed up."""
    for name, recipient in (("ecu-a", "ecu-rsa"), ("ecu-b", "ecu-p256")):
        device_config(name, recipients=[recipient], path=folder / f"{name}.yaml")
    text = product.MANIFEST.replace(
        "{path: u-boot.bin, filename: boot.bin}",
        "{path: u-boot.bin, filename: fw.seal, seal: ecu-a.yaml}").replace(
        "sets:\n  - name", "  - {name: other, version: \"1\", type: "
        "application, artifacts: [{path: u-boot.bin, filename: fw.seal, "
        "seal: ecu-b.yaml}]}\nsets:\n  - name")
    (folder / "product.yaml").write_text(text)
    run("pkg-manifest", "resolve", "product.yaml", "-o", "product.lock")
    made = run("pkg-seal", "create", "--from-lock", "product.lock", "-o",
               "sealed", "--key", keys.key("release"), "--cert",
               keys.cert("release"))
    (folder / "c.jsonl").write_bytes(made.raw)
    run("pkg-manifest", "bundle", "product.lock", "--containers", "c.jsonl",
        "-o", "product.bundle")
    with zipfile.ZipFile(folder / "product.bundle") as bundle:
        plan = json.loads(bundle.read("payload/plan.json"))
        for module, config in (("boot", "ecu-a"), ("other", "ecu-b")):
            step = next(s for s in plan["steps"] if s["ref"].startswith(
                "artifact:") and f"/{module}/" in s["ref"])
            blob = step["request"]["multipart"]["blob"]
            container = zipfile.ZipFile(
                io.BytesIO(bundle.read(f"payload/{blob}")))
            manifest = json.loads(container.read("META-INF/manifest.json"))
            assert manifest["device_config"]["id"] == config
    with (folder / "ecu-a.yaml").open("a") as file:
        file.write("# changed\n")
    done = run("pkg-seal", "create", "--from-lock", "product.lock", "-o",
               "again", "--key", keys.key("release"), "--cert",
               keys.cert("release"), check=1)
    assert "ecu-a.yaml" in done.err and "[digest-mismatch]" in done.err

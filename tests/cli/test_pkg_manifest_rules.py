# SPDX-License-Identifier: Apache-2.0
"""Each rule of `pkg-manifest check`: a mistake, and the line it gives.

A case is the mistake as edits of the product, then what is printed: place,
severity, text, rule; then the hint.
"""

import re

import manifest_product as product
import pytest
from support import ROOT

NESTED = '  - name: boot\n    version: 2026.07\n'
DTB = 'glob: "dtb/**/*.dtb"'

CASES = [
    # variables
    ([("b1", '"${BULD}"')],
     "19:29: error: variable ${BULD} is not defined [undefined-variable]",
     "did you mean ${BUILD}?"),
    ([("b1", '"${OTHER}"')],
     "19:29: error: variable ${OTHER} is not defined [undefined-variable]",
     "give it with -D OTHER=VALUE or --define-from-env OTHER; "
     "$$ is a dollar"),
    ([("b1", "5$")],
     "19:29: error: a $ must start ${NAME} or $$: '$' [bad-variable]",
     "write $$ for a dollar"),
    # includes
    ([("packline: 1\n", "packline: 1\ninclude: [../other.yaml]\n")],
     "2:11: error: cannot include '../other.yaml': '../other.yaml' leads out "
     "of its folder [include-file]",
     "give a path relative to the manifest's folder, without .."),
    ([("packline: 1\n", "packline: 1\ninclude: [product.yaml]\n")],
     "2:11: error: 'product.yaml' was read already [include-twice]",
     "include each file once"),
    ([("packline: 1\n", "packline: 1\ninclude: [ecu-a.yaml, part.yaml]\n")],
     "part.yaml:2:9: error: 'tenant' is set in product.yaml line 3 already "
     "[include-conflict]",
     "set it in one of the files; only lists are joined"),
    # what must be somewhere
    ([("tenant: acme\n", "")],
     "1:1: error: tenant is missing [no-tenant]", "add tenant: NAME"),
    ([('product: {name: gateway, version: "1.0"}\n', "")],
     "1:1: error: product is missing [no-product]",
     "add product: {name: NAME, version: VERSION}"),
    # texts
    ([("Root file system", "${BELL}")],
     "14:18: error: the value of ${BELL} has control character U+0007 "
     "[control-character]", "remove it"),
    ([("Root file system", "Root <b>file</b> system")],
     "14:18: error: the server takes 'Root <b>file</b> system' for XML and "
     "refuses it [markup]",
     "the server refuses it; write it without < and >"),
    ([("name: boot\n", 'name: "boot "\n'), ("base, boot]", 'base, "boot "]')],
     "20:11: warning: 'boot ' starts or ends with a blank [blank-edge]",
     "remove it; the server keeps or trims it depending on its version"),
    # identities and types
    ([(NESTED + "    type: bootloader", '  - name: base\n    version: "1.0"'
       "\n    type: os"), ("[base, boot]", "[{name: base}]")],
     "20:11: error: module 'os base 1.0' is there already, line 11 "
     "[duplicate]",
     "the server refuses the second one; rename or remove it"),
    ([(NESTED + "    type: bootloader", '  - name: Base\n    version: "1.0"'
       "\n    type: os")],
     "20:11: warning: module 'os Base 1.0' differs only by case from the one "
     "in line 11 [similar-name]",
     "some databases hold them to be the same; use one spelling"),
    ([("key: bootloader,", "key: os,")],
     "7:13: warning: type 'os' is there in every tenant [builtin-type]",
     "remove it: an existing type is not changed"),
    ([("type: bootloader", "type: bootlaoder")],
     "22:11: error: no module type 'bootlaoder' [unknown-type]",
     "did you mean 'bootloader'?"),
    ([("type: gateway\n", "type: firmware\n")],
     "29:11: error: no set type 'firmware' [unknown-type]",
     "declare it under types:"),
    # modules
    ([("maxAssignments: 1", "maxAssignments: 1, minArtifacts: 2")],
     "20:5: error: module 'boot' has 1 artifacts, type 'bootloader' demands "
     "2 [min-artifacts]",
     "add artifacts, or lower minArtifacts of the type"),
    ([(DTB, 'glob: "many/*"')],
     "11:5: error: 51 artifacts, the server allows 50 [too-many-artifacts]",
     "split the module, or pack the files into an archive"),
    ([("metadata: [{key: channel, value: stable}]",
       "metadata: [" + ", ".join(f"{{key: k{i}, value: v}}"
                                 for i in range(101)) + "]")],
     "27:5: error: 101 metadata, the server allows 100 [too-many-metadata]",
     "remove some"),
    ([("{key: channel, value: stable}",
       "{key: channel, value: stable}, {key: channel, value: beta}")],
     "31:53: error: metadata key 'channel' is there already, line 31 "
     "[duplicate-metadata]", "remove one of them"),
    ([("key: channel", 'key: "a/b"')],
     "31:22: warning: metadata key 'a/b' cannot stand in a path "
     "[metadata-key-path]",
     "it can be made, but neither updated nor deleted by itself"),
    ([("    type: bootloader\n", "    type: bootloader\n    encrypted: true\n")],
     "23:16: warning: the open-source server cannot encrypt and refuses this "
     "module [server-encryption]",
     "use seal: to encrypt it here, or remove encrypted"),
    # artifacts
    ([("path: rootfs.img", "path: ../rootfs.img")],
     "16:15: error: '../rootfs.img' is not beneath the manifest's folder "
     "[path-outside]", "give a path beneath the manifest's folder"),
    ([("path: rootfs.img", "path: rotfs.img")],
     "16:15: error: no file 'rotfs.img' [file-missing]",
     "build it first, or correct the path (relative to the manifest's "
     "folder)"),
    ([("path: rootfs.img", "path: dtb")],
     "16:15: error: 'dtb' is not a regular file [not-a-file]",
     "name a regular file"),
    ([(DTB, 'glob: "dtb/*.dts"')],
     "17:15: error: 'dtb/*.dts' selects no file [no-match]",
     "build the files first, or correct the pattern"),
    ([("filename: boot.bin", "filename: boot/u.bin")],
     "24:9: error: filename 'boot/u.bin' is no plain name [filename-form]",
     "use a plain name: devices cannot fetch others"),
    ([("filename: boot.bin", 'filename: "50%;1.bin"')],
     "24:9: warning: devices cannot fetch filename '50%;1.bin' "
     "[filename-path]", "devices cannot fetch it; set another filename:"),
    ([("filename: boot.bin", 'filename: ".."')],
     "24:9: error: filename '..' is no plain name [filename-form]",
     "use a plain name: devices cannot fetch others"),
    ([("filename: boot.bin", 'filename: "boot.md5sum"')],
     "24:9: error: filename 'boot.md5sum' is one that the server serves "
     "itself [filename-md5sum]", "set another filename:"),
    ([(DTB, DTB + ", filename: x.dtb"), ("- glob", "- {glob"),
      ("x.dtb\n", "x.dtb}\n")],
     "17:42: error: 'dtb/**/*.dtb' selects 2 files, which cannot all be "
     "'x.dtb' [filename-many]",
     "use path: for each file, or leave filename out"),
    ([(DTB, 'regex: "dtb/.*"'),
      ("- path: rootfs.img", "- {path: rootfs.img, filename: README.TXT}")],
     "17:9: error: 'rootfs.img' and 'dtb/readme.txt' would both be "
     "'readme.txt' in this module [filename-clash]",
     "give one of them another filename:"),
    ([("path: rootfs.img", "path: empty.img")],
     "16:9: error: 'empty.img' is empty [empty-artifact]",
     "the server refuses empty files; leave it out"),
    ([("path: rootfs.img", "path: huge.img")],
     "16:9: error: 'huge.img' has 1073741825 bytes, the server allows "
     "1073741824 [artifact-size]",
     "split or compress it, or raise the server's limit and --profile"),
    ([("filename: boot.bin", "filename: boot.bin, seal: ecu-b.yaml")],
     "24:54: error: no file 'ecu-b.yaml' [file-missing]",
     "build it first, or correct the path (relative to the manifest's "
     "folder)"),
    # sets
    ([("[base, boot]", "[base, bot]")],
     "30:21: error: no module 'bot' in this manifest [unknown-module]",
     "did you mean 'boot'?"),
    ([("[base, boot]", "[base, {name: boot, version: \"2\"}]")],
     "30:21: error: module 'boot' has another type or version here "
     "[unknown-module]",
     "add it under modules:, or say external: true with type and version"),
    ([(NESTED, '  - name: base\n    version: 2026.07\n')],
     "30:15: error: 'base' fits several modules [ambiguous]",
     "use a map: {type: TYPE, name: NAME, version: VERSION}"),
    ([("[base, boot]", "[base, boot, {name: x, external: true, type: os}]")],
     "30:27: error: external module 'x' lacks version [external-incomplete]",
     "the server finds it by type, name and version only"),
    ([("[base, boot]", "[base, {name: boot, external: true, "
       "type: bootloader, version: 2026.07}]")],
     "30:21: warning: module 'boot' is in this manifest [external-known]",
     "remove external"),
    ([("[base, boot]", "[base, boot, base]")],
     "30:27: error: module 'base' is in this set already, line 30 "
     "[duplicate-module]", "remove one of them"),
    ([("optionalmodules: [application]", "optionalmodules: []"),
      (NESTED + "    type: bootloader",
       NESTED + "    type: application")],
     "30:21: error: module 'boot' is of type 'application', which set type "
     "'gateway' does not have [foreign-type]",
     "use another set type, or add it to its optionalmodules"),
    ([("[base, boot]", "[base, boot, {type: os, name: second, "
       'version: "1", external: true}]')],
     "30:27: error: module 'second' is number 2 of type 'os' in this set, "
     "which may hold 1: the server would drop one without an error "
     "[max-assignments]",
     "keep as many as it may hold, or raise maxAssignments of the type"),
    ([("[base, boot]", "[base]")],
     "27:5: error: set 'gateway' lacks a module of type 'bootloader', which "
     "set type 'gateway' demands [incomplete-set]",
     "the server never assigns it; add the module"),
    ([("[base, boot]", "[]")],
     "27:5: error: set 'gateway' has no module [incomplete-set]",
     "the server never assigns it; add the module"),
    # assignments, rollouts, target filters
    ([("- set: gateway", "- set: gatway")],
     "33:10: error: no set 'gatway' in this manifest [unknown-set]",
     "did you mean 'gateway'?"),
    ([("[gw-001, gw-002]", "[gw-001, gw-001]")],
     "34:23: error: target 'gw-001' is there already, line 34 "
     "[duplicate-target]", "remove one of them"),
    ([("rollouts:", "  - {set: gateway, targets: [gw-002]}\nrollouts:")],
     "38:30: warning: target 'gw-002' gets a set in line 34 already "
     "[competing-sets]", "the last one cancels the others"),
    ([("02:00:00Z", "02:00")],
     "36:16: error: '2026-12-01T02:00' is not an RFC 3339 time [time-form]",
     "such as 2026-12-01T02:00:00Z"),
    ([("type: timeforced", "type: forced")],
     "36:16: warning: forcetime counts only with type: timeforced "
     "[forcetime-unused]", "add type: timeforced, or remove forcetime"),
    ([("type: timeforced", "type: timeforced\n    offline: true")],
     "35:11: warning: an offline assignment ignores this [offline-unused]",
     "remove the other keys, or offline"),
    ([("0 0 2 ? * SUN", "0 2 * * 0")],
     "37:35: error: '0 2 * * 0' is no Quartz cron expression "
     "[window-schedule]",
     "6 or 7 fields: second minute hour day month weekday [year], with ? for "
     "day or weekday"),
    ([("0 0 2 ? * SUN", "0 0 0 30 FEB ?")],
     "37:35: error: '0 0 0 30 FEB ?' never happens [window-never]",
     "the server refuses a window that never opens"),
    ([("0 0 2 ? * SUN", "0 0 22-2 ? * SUN")],
     "37:35: warning: the server ignores a part of '0 0 22-2 ? * SUN' "
     "[window-ignored]", "write two ranges with a comma, or L or W alone"),
    ([('"02:00:00"', '"2h"')],
     "37:62: error: '2h' is no duration up to 23:59:59 [window-duration]",
     'such as "02:00:00"; at most 23:59:59'),
    ([('"+01:00"', "Europe/Berlin")],
     "37:84: error: 'Europe/Berlin' is no offset from UTC [window-timezone]",
     'such as "+01:00" or Z; names such as Europe/Berlin are refused'),
    ([("amountGroups: 3", "amountGroups: 3\n    dynamicGroupTemplate: "
       "{targetCount: 5}")],
     "43:27: warning: dynamicGroupTemplate counts only with dynamic: true "
     "[template-unused]", "add dynamic: true, or remove it"),
    ([("amountGroups: 3", "groups: [{name: one, targetPercentage: 10}, "
       "{name: two, targetPercentage: 90}]")],
     "42:13: warning: no group takes all targets that are left "
     "[groups-remainder]",
     "the server refuses a rollout that leaves targets over: leave "
     "targetPercentage of the last group out"),
    ([("query: name==gw-*", "query: tags==gw")],
     "45:12: error: the query cannot ask for 'tags': there is no such field "
     "[target-query]",
     "see QUERIES in pkg-manifest(1); targets have name, controllerid, "
     "attribute.KEY, tag and others"),
    ([("targetFilterQuery: name==gw-*", "targetFilterQuery: name=gw")],
     "41:24: error: the query is malformed at character 5: an operator is == "
     "or =xx= with letters [target-query]",
     "see QUERIES in pkg-manifest(1); targets have name, controllerid, "
     "attribute.KEY, tag and others"),
    ([("amountGroups: 3",
       "successCondition: {condition: THRESHOLD, expression: many}")],
     "42:58: error: 'many' is no percentage [percentage]",
     'such as expression: "80"'),
    ([("amountGroups: 3", "dynamic: true\n    groups: [{name: one}]")],
     "42:14: error: a dynamic rollout cannot list its groups "
     "[rollout-dynamic]", "use amountGroups with dynamic"),
    ([("amountGroups: 3", "amountGroups: 501")],
     "39:5: error: 501 groups, the server allows 500 [too-many-groups]",
     "use fewer groups"),
    # the shape
    ([("tenant:", "tennant:")],
     "2:1: error: unknown key 'tennant' [unknown-key]",
     "did you mean 'tenant'?"),
    ([("    type: os\n", "")],
     "11:5: error: the key 'type' is missing in the item [missing-key]",
     "add 'type': Key of its type."),
    ([("- path: rootfs.img", "- {path: rootfs.img, glob: x}")], None, None),
    ([("packline: 1", "packline: 2")], None, None),
    ([("name: gateway,", f"name: {'n' * 129},")], None, None),
]


@pytest.fixture
def run(run):
    """A run that is expected to succeed, unless told otherwise."""
    return lambda *args, check=0, **options: run(*args, check=check, **options)


@pytest.fixture
def folder(tmp_path):
    """The files that the cases need besides the product's."""
    (tmp_path / "many").mkdir()
    for i in range(50):
        (tmp_path / "many" / str(i)).write_text("x")
    (tmp_path / "empty.img").touch()
    with (tmp_path / "huge.img").open("wb") as f:
        f.truncate(2**30 + 1)
    (tmp_path / "part.yaml").write_text("packline: 1\ntenant: other\n")
    return tmp_path


@pytest.mark.parametrize(
    "edits,line,hint", [c for c in CASES if c[1]],
    ids=[c[1].rsplit("[", 1)[1].rstrip("]") for c in CASES if c[1]])
def test_rule(run, folder, edits, line, hint):
    product.write(folder, *edits)
    done = run("pkg-manifest", "check", "-D", "BUILD=b1", "-D", "BELL=\a",
               "product.yaml", check=None)
    name = "" if line.startswith("part.yaml") else "product.yaml:"
    lines = done.out.splitlines()
    assert name + line in lines
    if hint:
        after = lines[lines.index(name + line) + 1]
        assert after.strip() == f"hint: {hint}"
    assert done.code == (1 if ": error: " in done.out else 0)


@pytest.mark.parametrize("edits,rule", [
    ([("- path: rootfs.img", "- {path: rootfs.img, glob: x}")],
     "conflicting-keys"),
    ([("packline: 1", "packline: 2")], "out-of-range"),
    ([("name: gateway,", f"name: {'n' * 129},")], "too-long"),
    ([("name: gateway,", f"name: {'😀' * 65},")], "too-long"),
    ([("targets: [gw-001, gw-002]", "targets: []")], "too-short"),
    ([("type: soft", "type: timeforced")], "wrong-value"),
    ([("amountGroups: 3", "amountGroups: three")], "wrong-type"),
    ([("tenant: acme", "tenant: ac/me")], "wrong-form"),
    ([("[os, bootloader]", "[os, os, bootloader]")], "duplicate-item"),
    ([("forcetime: 2026-12-01T02:00:00Z\n", "weight: 1001\n")],
     "out-of-range"),
])
def test_shape(run, folder, edits, rule):
    product.write(folder, *edits)
    done = run("pkg-manifest", "check", "--json", "product.yaml", check=1)
    found = {(r["type"], r["rule"], r["severity"]) for r in done.records}
    assert ("finding", rule, "error") in found


def test_64_characters_of_two_units_are_a_name_of_128(run, folder):
    product.write(folder, ("name: gateway,", f"name: {'😀' * 64},"))
    run("pkg-manifest", "check", "product.yaml")


def test_all_findings_come_at_once_and_in_order(run, folder):
    product.write(folder, ("path: rootfs.img", "path: rotfs.img"),
                  ("tenant: acme", "tenant: a/b"), ("[base, boot]", "[base]"),
                  ("0 0 2 ? * SUN", "daily"))
    done = run("pkg-manifest", "check", "product.yaml", check=1)
    rules = re.findall(r"\[([a-z-]+)\]$", done.out, re.M)
    assert rules == ["wrong-form", "file-missing", "incomplete-set",
                     "window-schedule"]


def test_profile_and_server_version_change_what_is_allowed(run, folder):
    product.write(folder, ("sets:\n  - name", "sets:\n"
                  "  - {name: gateway, version: \"1.0\", type: os, "
                  "modules: [base]}\n  - name"),
                  ("set: gateway", "set: {name: gateway, type: gateway, "
                   "version: \"1.0\"}"),
                  ("set: gateway", "set: {name: gateway, type: gateway, "
                   "version: \"1.0\"}"),
                  ("set: gateway", "set: {name: gateway, type: gateway, "
                   "version: \"1.0\"}"))
    (folder / "profile.yaml").write_text(
        "packline: 1\nserverVersion: 0.8.0\nquotas: {maxArtifactSize: 16, "
        "maxArtifactsPerSoftwareModule: 2, maxArtifactStorage: 40}\n")
    run("pkg-manifest", "check", "product.yaml")
    done = run("pkg-manifest", "check", "--server-version", "0.8.0",
               "product.yaml", check=1)
    assert "[duplicate]" in done.out
    done = run("pkg-manifest", "check", "--profile", "profile.yaml",
               "product.yaml", check=1)
    rules = set(re.findall(r"\[([a-z-]+)\]$", done.out, re.M))
    assert rules == {"duplicate", "artifact-size", "too-many-artifacts",
                     "storage-exceeded"}


def test_min_artifacts_needs_a_newer_server(run, folder):
    product.write(folder, ("maxAssignments: 1",
                           "maxAssignments: 1, minArtifacts: 1"))
    done = run("pkg-manifest", "check", "--server-version", "0.9.0",
               "product.yaml")
    assert "[server-too-old]" in done.out
    done = run("pkg-manifest", "check", "--server-version", "0.10.0",
               "product.yaml")
    assert done.out == ""


def test_what_servers_before_0_10_do(run, folder):
    """They show 50 metadata, and know neither minArtifacts nor its want."""
    rows = ", ".join(f"{{key: k{i}, value: v, targetVisible: true}}"
                     for i in range(51))
    product.write(folder, ("- {key: build, value: b1, targetVisible: true}",
                           "[" + rows + "]"), ("    metadata:\n      [",
                                               "    metadata: ["),
                  ("maxAssignments: 1", "maxAssignments: 1, minArtifacts: 2"))

    def rules(version):
        done = run("pkg-manifest", "check", "--server-version", version,
                   "product.yaml", check=None)
        return set(re.findall(r"\[([a-z-]+)\]$", done.out, re.M))

    assert rules("0.9.0") == {"too-many-visible", "server-too-old"}
    assert rules("0.10.0") == rules("1.1.0") == {"min-artifacts"}
    product.write(folder, ("    type: bootloader\n",
                           "    type: bootloader\n    encrypted: true\n"))
    assert rules("0.2.5") == {"server-too-old", "server-encryption"}
    assert rules("0.3.0") == {"server-encryption"}


def test_several_assignments_at_once_need_weights(run, folder):
    (folder / "profile.yaml").write_text(
        "packline: 1\nmultiAssignments: true\n")
    check = ["pkg-manifest", "check", "--profile", "profile.yaml",
             "product.yaml"]
    twice = ("rollouts:", "  - {set: gateway, targets: [gw-002], weight: 1}"
             "\nrollouts:")
    product.write(folder, twice)
    done = run(*check, check=1)
    assert [line.split(": error: ")[0].split(":")[1] for line
            in done.out.splitlines() if "[no-weight]" in line] == [
        "33", "40", "47"]
    product.write(folder, twice, ("type: timeforced",
                                  "type: timeforced\n    weight: 0"),
                  ("amountGroups: 3", "weight: 9"),
                  ("type: soft", "type: soft, weight: 1000"))
    assert run(*check).out == ""
    assert "[competing-sets]" in run("pkg-manifest", "check",
                                     "product.yaml").out


def test_time_to_judge_for(run, folder):
    """A window that is open is fine; without --at nobody looks at a clock."""
    product.write(folder, ("0 0 2 ? * SUN", "0 0 2 1 1 ? 2020"),
                  ("amountGroups: 3", "startAt: 2020-01-01T00:00:00Z"))

    def rules(at, check=0):
        done = run("pkg-manifest", "check", "--at", at, "product.yaml",
                   check=check)
        return re.findall(r"\[([a-z-]+)\]$", done.out, re.M)

    assert run("pkg-manifest", "check", "product.yaml").out == ""
    assert rules("2019-12-31T23:59:59Z") == []
    assert rules("2020-01-01T02:59:59Z") == ["time-past"]
    assert rules("2020-01-01T03:00:00Z", 1) == ["window-past", "time-past"]
    assert rules("2026-12-01T02:00:00Z", 1) == ["time-past", "window-past",
                                                "time-past"]
    run("pkg-manifest", "resolve", "product.yaml")
    done = run("pkg-manifest", "resolve", "--at", "2026-01-01T00:00:00Z",
               "product.yaml", check=1)
    assert "'0 0 2 1 1 ? 2020' does not happen any more" in done.err
    run("pkg-manifest", "check", "--at", "tomorrow", "product.yaml", check=2)


def rules_in_source():
    text = (ROOT / "lib/manifest/rules.h").read_text(encoding="utf-8")
    return set(re.findall(r'X\(\s*[A-Z0-9_]+,\s*(?:\\\n\s*)?"([a-z0-9-]+)"',
                          text))


def test_man_page_lists_every_rule():
    page = (ROOT / "tools/pkg-manifest.1.scd").read_text(encoding="utf-8")
    rules = rules_in_source()
    assert len(rules) > 50
    listed = set(re.findall(r"\*([a-z0-9-]+)\*", page))
    assert rules - listed == set()


def test_every_rule_has_a_case():
    """Rules that need more than an edit are tested by name elsewhere."""
    here = {case[1].rsplit("[", 1)[1].rstrip("]") for case in CASES if case[1]}
    elsewhere = {"window-past", "time-past", "too-many-visible",
                 "no-weight", "server-too-old", "storage-exceeded", "bad-pattern",
                 "filename-length", "too-many-modules", "too-many-types",
                 "record-missing", "record-mismatch",
                 "file-unreadable",
                 # test_sbom.py
                 "sbom-form", "sbom-digest", "sbom-names",
                 # test_cloudfoundry.py
                 "bits-records", "bits-empty", "bits-link", "bits-path",
                 "bits-size", "bits-count", "bits-ignore"}
    assert rules_in_source() - here - elsewhere == set()

# SPDX-License-Identifier: Apache-2.0
"""Mistakes in manifests and locks."""

from mistake import SIGN, SUBJECT, mistake

SECOND_OS = """\
  - name: more-os
    version: "1.0"
    type: os
    artifacts:
      - path: app.bin
sets:
"""


@mistake("pkg-manifest chek product.yaml", exits=2)
def unknown_verb(box):
    box.manifest()


@mistake("pkg-manifest product.yaml", exits=2)
def verb_forgotten(box):
    box.manifest()


@mistake("pkg-manifest check prodct.yaml", exits=4)
def wrong_manifest_path(box):
    box.manifest()


@mistake("pkg-manifest check .", exits=2)
def folder_for_manifest(box):
    box.manifest()


@mistake("pkg-manifest check product.yaml", exits=1)
def unknown_key(box):
    box.manifest("    type: os\n", "    type: os\n    discription: x\n")


@mistake("pkg-manifest check product.yaml", exits=3)
def duplicate_key(box):
    box.manifest("    type: os\n", "    type: os\n    type: application\n")


@mistake("pkg-manifest check product.yaml", exits=1)
def missing_key(box):
    box.manifest("    type: os\n")


@mistake("pkg-manifest resolve product.yaml -o product.lock", exits=1)
def undefined_variable(box):
    box.manifest('    version: "1.0"', '    version: "${VERSION}"')


@mistake("pkg-manifest resolve -D VERSION product.yaml", exits=2)
def definition_without_value(box):
    box.manifest('    version: "1.0"', '    version: "${VERSION}"')


@mistake("pkg-manifest resolve --define-from-env VERSION product.yaml",
         exits=2)
def variable_not_in_environment(box):
    box.manifest('    version: "1.0"', '    version: "${VERSION}"')


@mistake("pkg-manifest check product.yaml", exits=3)
def tab_in_yaml(box):
    box.manifest("    type: os", "\ttype: os")


@mistake("pkg-manifest check product.yaml", exits=3)
def anchor_in_yaml(box):
    box.manifest('{name: demo, version: "1.0"}',
                 '{name: demo, version: &version "1.0"}')


@mistake("pkg-manifest check product.yaml", exits=3)
def colon_in_plain_text(box):
    box.manifest("    type: os", "    description: note: new\n    type: os")


@mistake("pkg-manifest check product.yaml", exits=3)
def manifest_in_latin1(box):
    box.write("product.yaml", b"packline: 1\ntenant: caf\xe9\n")


@mistake("pkg-manifest check product.yaml", exits=1)
def empty_manifest(box):
    box.write("product.yaml", "")


@mistake("pkg-manifest check product.yaml", exits=1)
def manifest_of_version_2(box):
    box.manifest("packline: 1", "packline: 2")


@mistake("pkg-manifest check product.yaml", exits=1)
def artifact_missing(box):
    box.manifest("path: os.bin", "path: build/os.bin")


@mistake("pkg-manifest check product.yaml", exits=1)
def artifact_outside(box):
    box.manifest("path: os.bin", "path: ../os.bin")


@mistake("pkg-manifest check product.yaml", exits=1)
def artifact_is_a_folder(box):
    box.manifest("path: os.bin", "path: build")
    box.write("build/os.bin", "x")


@mistake("pkg-manifest check product.yaml", exits=1)
def artifact_empty(box):
    box.manifest()
    box.write("os.bin", "")


@mistake("pkg-manifest resolve product.yaml -o product.lock", exits=1)
def artifact_unreadable(box):
    box.manifest()
    (box.path / "os.bin").chmod(0)


@mistake("pkg-manifest check product.yaml", exits=1)
def pattern_without_match(box):
    box.manifest("path: os.bin", 'glob: "dtb/*.dtb"')


@mistake("pkg-manifest check product.yaml", exits=1)
def filename_clash(box):
    box.manifest("      - path: os.bin\n",
                 "      - path: os.bin\n"
                 "      - {path: app.bin, filename: OS.bin}\n")


@mistake("pkg-manifest check product.yaml", exits=1)
def second_os(box):
    box.manifest("sets:\n", SECOND_OS)
    box.edit("product.yaml", "[demo-os]", "[demo-os, more-os]")


@mistake("pkg-manifest check product.yaml", exits=1)
def same_module_twice(box):
    box.manifest("sets:\n", SECOND_OS.replace("more-os", "demo-os"))


@mistake("pkg-manifest check product.yaml", exits=1)
def module_that_is_not_there(box):
    box.manifest("modules: [demo-os]", "modules: [demo-so]")


@mistake("pkg-manifest check product.yaml", exits=1)
def many_mistakes_at_once(box):
    box.manifest("path: os.bin", "path: no.bin")
    box.edit("product.yaml", "tenant: acme", "tenat: acme")
    box.edit("product.yaml", "[demo-os]", "[demo-os, more-os]")


@mistake("pkg-manifest resolve product.yaml -o product.lock", exits=2)
def lock_exists(box):
    box.manifest()
    box.write("product.lock", "precious\n")


@mistake("pkg-manifest resolve --hashes sums product.yaml -o product.lock",
         exits=1)
def hashes_are_old(box):
    box.manifest()
    box.write("sums", box.does("pkg-hash os.bin"))
    box.write("os.bin", "a larger operating system\n")


@mistake("pkg-manifest resolve --hashes sums product.yaml -o product.lock",
         exits=1)
def hashes_of_another_file(box):
    box.manifest()
    box.write("sums", box.does("pkg-hash app.bin"))


@mistake("pkg-manifest list module product.yaml", exits=2)
def list_of_unknown_things(box):
    box.manifest()


@mistake("pkg-manifest list modules --sort nmae:ASC product.yaml", exits=2)
def sort_by_unknown_field(box):
    box.manifest()


@mistake("pkg-manifest list modules -q name=li=boot product.yaml", exits=2)
def query_with_unknown_operator(box):
    box.manifest()


@mistake("pkg-manifest list modules -q vendor==x product.yaml", exits=2)
def query_for_unknown_field(box):
    box.manifest()


def lock(box):
    box.manifest()
    box.does("pkg-manifest resolve product.yaml -o product.lock")


@mistake("pkg-manifest plan product.yaml", exits=3)
def manifest_for_lock(box):
    box.manifest()


@mistake("pkg-manifest plan product.lock", exits=3)
def lock_edited_by_hand(box):
    lock(box)
    box.edit("product.lock", '"demo-os"', '"demo-os" ')


@mistake("pkg-manifest plan product.lock", exits=3)
def lock_of_another_format(box):
    lock(box)
    box.edit("product.lock", '"format":1', '"format":2')


@mistake("pkg-manifest plan os.lock", exits=3)
def lock_of_another_tool(box):
    box.write("os.lock", '{"lockfileVersion":3,"name":"demo"}\n')


@mistake("pkg-manifest bundle product.lock", exits=2)
def bundle_without_output(box):
    lock(box)


@mistake("pkg-manifest bundle product.lock -o -", exits=2, tty=True)
def bundle_to_a_terminal(box):
    lock(box)


@mistake("pkg-manifest bundle product.lock -o product.bundle", exits=1)
def artifact_changed_since_lock(box):
    lock(box)
    box.write("os.bin", "another system.....\n")


@mistake("pkg-manifest bundle product.lock -o product.bundle", exits=4)
def artifact_gone_since_lock(box):
    lock(box)
    (box.path / "os.bin").unlink()


def sealed_lock(box):
    box.sealed_manifest()
    box.does("pkg-manifest resolve product.yaml -o product.lock")


@mistake("pkg-manifest bundle product.lock -o product.bundle", exits=3)
def containers_not_given(box):
    sealed_lock(box)


@mistake("pkg-manifest bundle --containers sealed.jsonl product.lock "
         "-o product.bundle", exits=3)
def container_record_missing(box):
    sealed_lock(box)
    box.write("sealed.jsonl", box.does(
        f"pkg-seal create -d ecu-a.yaml --name demo --version 1.0 {SIGN} "
        "-o app.seal app.bin"))


@mistake("pkg-manifest bundle --containers sealed.jsonl product.lock "
         "-o product.bundle", exits=3)
def container_of_other_bytes(box):
    sealed_lock(box)
    box.write("os.bin", "another system.....\n")
    box.write("sealed.jsonl", box.does(
        f"pkg-seal create -d ecu-a.yaml --name demo --version 1.0 {SIGN} "
        "-o os.seal os.bin"))


@mistake("pkg-manifest bundle --containers drafts.jsonl product.lock "
         "-o product.bundle", exits=3)
def container_is_a_draft(box):
    sealed_lock(box)
    box.write("drafts.jsonl", box.does(
        "pkg-seal create --from-lock product.lock -o sealed"))


@mistake("pkg-manifest bundle --containers sealed.jsonl product.lock "
         "-o product.bundle", exits=1)
def container_changed_since_record(box):
    sealed_lock(box)
    box.write("sealed.jsonl", box.does(
        f"pkg-seal create --from-lock product.lock {SIGN} -o sealed"))
    box.cut("sealed/os.bin", 1)


@mistake("pkg-manifest bundle --containers os.seal product.lock "
         "-o product.bundle", exits=3)
def container_for_records(box):
    sealed_lock(box)
    box.does(f"pkg-seal create {SUBJECT} {SIGN} -o os.seal os.bin")

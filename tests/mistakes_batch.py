# SPDX-License-Identifier: Apache-2.0
"""Mistakes at batches of documents."""

import zipfile

from mistake import mistake

PROCESS = """\
packline: 1
process:
  id: 7
  name: bootloaders
  tenant: acme
  action: sign
  form: cms-detached
  names: '[a-z]+\\.bin'
"""
SPOOL = "--spool batches"
CREATE = f"pkg-batch create {SPOOL} --process boot.yaml --id b1"
OFFICER = "--key KEYS/alice.key --cert KEYS/alice.pem --reason ok"
YES = "--yes --expect-digest " + "0" * 64


def process(box, old="", new="", more=""):
    assert old in PROCESS
    box.write("boot.yaml", PROCESS.replace(old, new, 1) + more)


def created(box, more=""):
    process(box, more=more)
    box.policy()
    box.does(f"{CREATE} --requester build")


def uploaded(box, more=""):
    created(box, more)
    box.does(f"pkg-batch upload {SPOOL} b1 os.bin")


@mistake("pkg-batch list", exits=2)
def batches_without_their_spool(box):
    pass


@mistake("pkg-batch list --spool batches", exits=4)
def spool_that_is_not_there(box):
    pass


@mistake("pkg-batch uplaod --spool batches b1 os.bin", exits=2)
def verb_of_batches_misspelt(box):
    pass


@mistake(f"pkg-batch create {SPOOL}", exits=2)
def batch_without_a_process(box):
    pass


@mistake(CREATE, exits=4)
def wrong_path_of_a_process(box):
    pass


@mistake(CREATE, exits=3)
def key_of_a_process_misspelt(box):
    process(box, "names:", "nmaes:")


@mistake(CREATE, exits=2)
def batch_of_nobody_for_officers(box):
    process(box, more="  approvalPolicy: release.yaml\n")
    box.policy()


@mistake(f"pkg-batch upload {SPOOL} b2 os.bin", exits=1)
def documents_for_another_batch(box):
    created(box)


@mistake(f"pkg-batch upload {SPOOL} b1 .", exits=2)
def folder_for_a_document(box):
    created(box)


@mistake(f"pkg-batch upload {SPOOL} b1 OS.BIN", exits=3)
def document_that_the_process_does_not_let(box):
    created(box)
    box.write("OS.BIN", "x")


@mistake(f"pkg-batch upload {SPOOL} b1 os.zip", exits=3)
def package_with_folders(box):
    created(box)
    with zipfile.ZipFile(box.path / "os.zip", "w") as made:
        made.writestr("old/os.bin", "x")


@mistake(f"pkg-batch upload {SPOOL} b1 os.bin", exits=3)
def document_uploaded_again(box):
    uploaded(box)


@mistake(f"pkg-batch accept {SPOOL} b1", exits=1)
def batch_accepted_by_a_script(box):
    uploaded(box)


@mistake(f"pkg-batch accept {SPOOL} {YES} b1", exits=1)
def batch_that_is_another_now(box):
    uploaded(box)


@mistake(f"pkg-batch accept {SPOOL} {YES} b1", exits=2)
def officer_without_his_key(box):
    uploaded(box, "  approvalPolicy: release.yaml\n")


@mistake(f"pkg-batch accept {SPOOL} {OFFICER} {YES} b1", exits=2)
def officer_where_none_is_asked(box):
    uploaded(box)


@mistake(f"pkg-batch accept {SPOOL} {OFFICER} {YES} b1", exits=1)
def process_changed_under_its_batch(box):
    uploaded(box, "  approvalPolicy: release.yaml\n")
    box.edit("boot.yaml", "id: 7", "id: 8")


@mistake(f"pkg-batch download {SPOOL} -o out.zip b1", exits=1)
def download_before_it_was_run(box):
    uploaded(box)


@mistake(f"pkg-batch delete {SPOOL} b1", exits=2)
def batch_of_two_tenants(box):
    created(box)
    box.write("other.yaml", PROCESS.replace("acme", "other"))
    box.does(CREATE.replace("boot", "other"))

# SPDX-License-Identifier: Apache-2.0
"""Mistakes at making, signing and opening containers."""

import shutil

from mistake import SIGN, SUBJECT, mistake

CREATE = f"pkg-seal create {SUBJECT}"


@mistake("pkg-seal create -o os.seal os.bin", exits=2)
def tenant_forgotten(box):
    pass


@mistake(f"{CREATE} os.bin", exits=2)
def container_without_output(box):
    pass


@mistake(f"{CREATE} -o os.seal", exits=2)
def nothing_to_put_in(box):
    pass


@mistake(f"{CREATE} -o os.seal so.bin", exits=4)
def wrong_path_of_content(box):
    pass


@mistake(f"{CREATE} -o os.seal os.bin old/os.bin", exits=2)
def two_files_of_one_name(box):
    box.write("old/os.bin", "x")


@mistake(f"{CREATE} --key KEYS/officer.key -o os.seal os.bin", exits=5)
def key_without_certificate(box):
    pass


@mistake(f"{CREATE} --cert KEYS/officer.pem -o os.seal os.bin", exits=2)
def certificate_without_key(box):
    pass


@mistake(f"{CREATE} --key KEYS/officer.kye --cert KEYS/officer.pem "
         "-o os.seal os.bin", exits=5)
def wrong_path_of_key(box):
    pass


@mistake(f"{CREATE} --key KEYS/officer.pem --cert KEYS/officer.pem "
         "-o os.seal os.bin", exits=5)
def certificate_for_key(box):
    pass


@mistake(f"{CREATE} --key officer.pem -o os.seal os.bin", exits=5)
def certificate_alone_for_key(box):
    shutil.copy(f"{box.keys}/officer.pem", box.path)
    (box.path / "officer.pem").chmod(0o600)


@mistake(f"{CREATE} --key KEYS/officer.key --cert KEYS/release.pem "
         "-o os.seal os.bin", exits=5)
def certificate_of_another_key(box):
    pass


@mistake(f"{CREATE} --key KEYS/ca.key --cert KEYS/ca.pem -o os.seal os.bin",
         exits=5)
def certificate_of_a_ca(box):
    pass


@mistake(f"{CREATE} --key KEYS/expired.key --cert KEYS/expired.pem "
         "-o os.seal os.bin", exits=5)
def expired_signer(box):
    pass


@mistake(f"{CREATE} --recipient KEYS/expired-ecu.pem {SIGN} "
         "-o os.seal os.bin", exits=5)
def expired_recipient(box):
    pass


@mistake(f"{CREATE} --recipient KEYS/release.pem {SIGN} -o os.seal os.bin",
         exits=5)
def recipient_that_only_signs(box):
    pass


@mistake(f"{CREATE} --key officer.key --cert KEYS/officer.pem "
         "-o os.seal os.bin", exits=5)
def key_readable_by_all(box):
    shutil.copy(f"{box.keys}/officer.key", box.path)
    (box.path / "officer.key").chmod(0o644)


@mistake(f"{CREATE} --key KEYS/weak.key --cert KEYS/weak.pem "
         "-o os.seal os.bin", exits=5)
def key_too_short(box):
    pass


P12 = f"{CREATE} --key KEYS/release.p12"


@mistake(f"{P12} --passphrase file:KEYS/wrong-passphrase -o os.seal os.bin",
         exits=5)
def wrong_passphrase(box):
    pass


@mistake(f"{P12} -o os.seal os.bin", exits=5)
def passphrase_not_given(box):
    pass


@mistake(f"{P12} --passphrase secret -o os.seal os.bin", exits=2)
def passphrase_on_the_command_line(box):
    pass


@mistake(f"{P12} --passphrase env:PASSPHRASE -o os.seal os.bin", exits=5)
def passphrase_variable_not_set(box):
    pass


@mistake(f"{P12} --passphrase file:secret -o os.seal os.bin", exits=5)
def passphrase_file_readable_by_all(box):
    box.write("secret", "correct horse\n")


@mistake(f"{CREATE} {SIGN} -o os.seal os.bin", exits=2)
def container_exists(box):
    box.write("os.seal", "precious\n")


@mistake(f"{CREATE} {SIGN} -o - os.bin", exits=2, tty=True)
def container_to_a_terminal(box):
    pass


@mistake(f"{CREATE} {SIGN} -o sealed/os.seal os.bin", exits=4)
def container_into_read_only_folder(box):
    (box.path / "sealed").mkdir(mode=0o555)


@mistake(f"{CREATE} --sha256 {'0' * 64} {SIGN} -o os.seal os.bin", exits=1)
def content_of_another_digest(box):
    pass


@mistake(f"{CREATE} --expires tomorrow -o os.seal os.bin", exits=2)
def time_in_words(box):
    pass


@mistake("pkg-seal create -d ecu-a.yaml --name demo --version 1.0 "
         "-o os.seal os.bin", exits=3)
def device_config_with_unknown_key(box):
    box.device("recipients:", "recipient:")


@mistake("pkg-seal create -d ecu-a.yaml --name demo --version 1.0 "
         "-o os.seal os.bin", exits=4)
def recipient_certificate_missing(box):
    box.device("KEYS/ecu-p256.pem", "certs/ecu.pem")


@mistake("pkg-seal create --from-lock product.lock -o sealed", exits=1)
def content_changed_since_lock(box):
    box.sealed_manifest()
    box.does("pkg-manifest resolve product.yaml -o product.lock")
    box.write("os.bin", "another system.....\n")


@mistake("pkg-seal create --from-lock product.lock -o sealed", exits=2)
def lock_without_anything_to_seal(box):
    box.manifest()
    box.does("pkg-manifest resolve product.yaml -o product.lock")


@mistake("pkg-seal create --from-lock product.lock -o sealed", exits=2)
def folder_of_containers_exists(box):
    box.sealed_manifest()
    box.does("pkg-manifest resolve product.yaml -o product.lock")
    box.write("sealed/old.seal", "precious\n")


@mistake(f"pkg-seal sign {SIGN} -o os.seal os.bin", exits=3)
def signing_what_is_no_container(box):
    pass


@mistake("pkg-seal sign -o os.seal os.draft", exits=2)
def signing_without_key(box):
    box.does(f"{CREATE} -o os.draft os.bin")


@mistake(f"pkg-seal sign {SIGN} -o twice.seal os.seal", exits=2)
def signing_twice(box):
    box.container("os.seal")


@mistake(f"pkg-seal sign --expect-digest {'0' * 64} {SIGN} "
         "-o os.seal os.draft", exits=1)
def signing_another_manifest(box):
    box.does(f"{CREATE} -o os.draft os.bin")


@mistake(f"pkg-seal sign {SIGN} -o os.seal os.draft", exits=3)
def signing_half_a_draft(box):
    box.does(f"{CREATE} -o os.draft os.bin")
    box.cut("os.draft", 1000)


@mistake(f"pkg-seal sign {SIGN} -o os.seal os.draft", exits=1)
def signing_without_a_person(box):
    box.does(f"{CREATE} -o os.draft os.bin")


@mistake(f"pkg-seal sign --yes {SIGN} -o os.seal os.draft", exits=2)
def saying_yes_to_anything(box):
    box.does(f"{CREATE} -o os.draft os.bin")


OPEN = "pkg-seal open --trust KEYS/ca.pem"


@mistake("pkg-seal open -o files os.seal", exits=2)
def opening_without_trust(box):
    box.container("os.seal")


@mistake(f"{OPEN} -o files os.seal", exits=2)
def opening_without_recipient(box):
    box.container("os.seal", "--recipient KEYS/ecu-p256.pem")


@mistake(f"{OPEN} --recipient KEYS/ecu-rsa.key --cert KEYS/ecu-rsa.pem "
         "-o files os.seal", exits=1)
def opening_with_another_key(box):
    box.container("os.seal", "--recipient KEYS/ecu-p256.pem")


@mistake(f"{OPEN} -o files os.seal", exits=2)
def opening_into_a_folder_that_exists(box):
    box.container("os.seal")
    box.write("files/os.bin", "precious\n")


@mistake(f"{OPEN} os.seal", exits=2)
def opening_to_nowhere(box):
    box.container("os.seal")


@mistake("pkg-seal show os.bin", exits=3)
def showing_what_is_no_container(box):
    pass


UNDER = "--policy release.yaml --requester build"
ALICE = "--key KEYS/alice.key --cert KEYS/alice.pem"
APPROVE = "pkg-seal approve --decision APPROVED --policy release.yaml"


@mistake(f"{CREATE} --policy release.yaml -o os.draft os.bin", exits=2)
def requester_forgotten(box):
    box.policy()


@mistake(f"{CREATE} {UNDER} {SIGN} -o os.seal os.bin", exits=1)
def signing_before_approvals(box):
    box.policy()


@mistake(f"pkg-seal approve --policy release.yaml {ALICE} -o x os.draft",
         exits=2)
def approving_without_a_decision(box):
    box.draft_under_policy()


@mistake(f"{APPROVE} --reason ok {SIGN} -o x os.draft", exits=1)
def approving_as_nobody(box):
    box.draft_under_policy()


@mistake(f"pkg-seal approve --decision REJECTED --reason no {ALICE} -o x "
         "os.draft", exits=2)
def approving_without_a_policy(box):
    box.draft_under_policy()


@mistake(f"{APPROVE} --reason ok {ALICE} -o x os.draft", exits=1)
def approving_what_needs_no_approval(box):
    box.policy()
    box.does(f"{CREATE} -o os.draft os.bin")


@mistake(f"pkg-seal sign --policy release.yaml {SIGN} -o os.seal os.draft",
         exits=1)
def signing_what_too_few_approved(box):
    box.draft_under_policy()


@mistake(f"pkg-seal sign {SIGN} -o os.seal os.draft", exits=1)
def signing_without_the_policy(box):
    box.draft_under_policy()


@mistake(f"{CREATE} {UNDER} -o os.draft os.bin", exits=3)
def officer_with_a_recipients_certificate(box):
    box.policy("KEYS/alice.pem", "KEYS/ecu-p256.pem")


@mistake("pkg-seal create -d ecu-a.yaml --name demo --version 1.0 --requester "
         "mallory -o os.draft os.bin", exits=1)
def requester_whom_the_acl_does_not_name(box):
    box.device("suite: packline-1", "acl: {use: [build]}")

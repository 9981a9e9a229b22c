# SPDX-License-Identifier: Apache-2.0
"""Mistakes at verifying, and containers that are not what one hoped."""

from mistake import SUBJECT, mistake

VERIFY = "pkg-verify --trust KEYS/ca.pem"


@mistake("pkg-verify os.seal", exits=1)
def trust_forgotten(box):
    box.container("os.seal")


@mistake("pkg-verify --trust KEYS/ca2.pem os.seal", exits=1)
def trust_in_another_ca(box):
    box.container("os.seal")


@mistake("pkg-verify --trust KEYS/officer.key os.seal", exits=3)
def trust_in_a_private_key(box):
    box.container("os.seal")


@mistake("pkg-verify --trust trust.yaml os.seal", exits=3)
def trust_policy_misspelt(box):
    box.container("os.seal")
    box.write("trust.yaml", "packline: 1\ntrust:\n  root: [KEYS/ca.pem]\n")


@mistake("pkg-verify --trust trust.yaml os.seal", exits=4)
def trust_policy_with_missing_root(box):
    box.container("os.seal")
    box.write("trust.yaml", "packline: 1\ntrust:\n  roots: [ca.pem]\n"
              f"  signers: {{pins: [{{id: carol, spki: 'sha256:{'0' * 64}'}}]}}"
              "\n")


@mistake("pkg-verify --trust no-such.pem os.seal", exits=4)
def trust_missing(box):
    box.container("os.seal")


@mistake(f"{VERIFY} os.draft", exits=1)
def draft_verified(box):
    box.does(f"pkg-seal create {SUBJECT} -o os.draft os.bin")


@mistake(f"{VERIFY} --tenant other os.seal", exits=1)
def wrong_tenant(box):
    box.container("os.seal")


@mistake(f"{VERIFY} --device-config ecu-b os.seal", exits=1)
def wrong_device(box):
    box.container("os.seal")


@mistake(f"{VERIFY} --min-sequence 7 os.seal", exits=1)
def older_than_asked_for(box):
    box.container("os.seal", "--sequence 6")


@mistake(f"{VERIFY} --time at=2098-01-01T00:00:00Z os.seal", exits=1)
def certificate_has_expired_since(box):
    box.container("os.seal")


@mistake(f"{VERIFY} os.seal", exits=1)
def container_has_expired(box):
    box.container("os.seal", "--expires 2020-01-01T00:00:00Z")


@mistake(f"{VERIFY} --time tomorrow os.seal", exits=2)
def clock_in_words(box):
    box.container("os.seal")


@mistake(f"{VERIFY} os.seal", exits=3)
def container_cut_off(box):
    box.container("os.seal")
    box.cut("os.seal", 500)


@mistake(f"{VERIFY} os.seal", exits=3)
def container_empty(box):
    box.write("os.seal", "")


@mistake(f"{VERIFY} os.bin", exits=3)
def verified_the_content(box):
    box.container("os.seal")


@mistake(f"{VERIFY} os.saal", exits=4)
def wrong_path_of_container(box):
    box.container("os.seal")


@mistake(f"{VERIFY} a.seal b.seal", exits=2)
def two_containers_at_once(box):
    pass


@mistake(f"{VERIFY} --recipient KEYS/ecu-rsa.key --cert KEYS/ecu-rsa.pem "
         "os.seal", exits=1)
def key_that_is_no_recipient(box):
    box.container("os.seal", "--recipient KEYS/ecu-p256.pem")


@mistake(f"{VERIFY} --recipient KEYS/ecu-rsa.key os.seal", exits=1)
def another_key_without_certificate(box):
    box.container("os.seal", "--recipient KEYS/ecu-p256.pem")


@mistake(f"{VERIFY} --recipient KEYS/ecu-p256.key --cert KEYS/ecu-rsa.pem "
         "os.seal", exits=5)
def recipient_with_another_certificate(box):
    box.container("os.seal", "--recipient KEYS/ecu-p256.pem")


@mistake(f"{VERIFY} --extract files os.seal", exits=2)
def extracting_into_a_folder_that_exists(box):
    box.container("os.seal")
    box.write("files/os.bin", "precious\n")


@mistake(f"{VERIFY} --extract files os.seal", exits=2)
def extracting_without_recipient(box):
    box.container("os.seal", "--recipient KEYS/ecu-p256.pem")


@mistake(f"{VERIFY} --state old/state os.seal", exits=4)
def state_in_a_folder_that_is_not_there(box):
    box.container("os.seal", "--sequence 7")


@mistake(f"{VERIFY} --state state os.seal", exits=3)
def state_that_was_edited(box):
    box.container("os.seal", "--sequence 7")
    box.write("state", '{"entries":[],"packline":1,"type":"state"}\n')


@mistake(f"{VERIFY} --state state os.seal", exits=1)
def state_and_no_sequence(box):
    box.container("os.seal")


@mistake(f"{VERIFY} --state state old.seal", exits=1)
def older_than_what_was_accepted(box):
    box.container("old.seal", "--sequence 7")
    box.container("os.seal", "--sequence 8")
    box.does(f"{VERIFY} --state state os.seal")


@mistake("pkg-verify --crl KEYS/ca.pem os.seal", exits=2)
def revocation_list_of_nobody(box):
    box.container("os.seal")


@mistake(f"{VERIFY} --crl KEYS/ca.pem os.seal", exits=5)
def revocation_list_that_is_none(box):
    box.container("os.seal")


@mistake("pkg-verify --trust KEYS/officer.pem --crl KEYS/ca.pem os.seal",
         exits=2)
def revocation_list_without_its_ca(box):
    box.container("os.seal")


@mistake(f"{VERIFY} os.seal", exits=1)
def certificate_for_what_needs_approvals(box):
    box.policy()
    box.approved("os.seal")


@mistake("pkg-verify --trust trust.yaml os.seal", exits=3)
def approval_policy_with_one_person_twice(box):
    box.container("os.seal")
    box.policy("role: product}\n", "role: product}\n    - {id: Alice, cert: "
               "KEYS/officer.pem, role: security}\n")
    box.write("trust.yaml", "packline: 1\ntrust:\n  roots: [KEYS/ca.pem]\n"
              "  signers: {pins: [{id: carol, spki: 'sha256:" + "0" * 64 +
              "'}]}\n  approvals: [release.yaml]\n")


@mistake("pkg-verify --trust trust.yaml os.seal", exits=3)
def approval_policy_that_asks_for_too_many(box):
    box.container("os.seal")
    box.policy("required: 1", "required: 2")
    box.write("trust.yaml", "packline: 1\ntrust:\n  roots: [KEYS/ca.pem]\n"
              "  signers: {pins: [{id: carol, spki: 'sha256:" + "0" * 64 +
              "'}]}\n  approvals: [release.yaml]\n")

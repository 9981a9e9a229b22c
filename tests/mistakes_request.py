# SPDX-License-Identifier: Apache-2.0
"""Mistakes at signing elsewhere, and at what came back."""

import subprocess

from mistake import SIGN, SUBJECT, mistake

CREATE = f"pkg-seal create {SUBJECT}"
ATTACH = "pkg-seal attach --trust KEYS/ca.pem -o os.seal"
SEALED = "--recipient KEYS/ecu-p256.pem"


def signed(box, request="os.request", out="signed.request", who=SIGN):
    said = box.does(f"pkg-seal show --format jsonl {request}")
    digest = box.sha256_of_line(said)
    box.does(f"pkg-seal sign --yes --expect-digest {digest} {who} -o {out} "
             f"{request}")


def draft(box, options=""):
    box.does(f"{CREATE} {options} -o os.draft --request os.request os.bin")


@mistake(f"{CREATE} --request os.seal -o os.seal os.bin", exits=2)
def request_in_the_place_of_its_container(box):
    pass


@mistake(f"{CREATE} --request os.request -o os.seal os.bin", exits=2)
def request_exists(box):
    box.write("os.request", "precious\n")


@mistake("pkg-seal request -o os.request os.draft", exits=5)
def request_of_what_is_encrypted(box):
    box.does(f"{CREATE} {SEALED} -o os.draft os.bin")


@mistake("pkg-seal request -o again.request os.request", exits=2)
def request_of_a_request(box):
    draft(box)


@mistake(f"pkg-seal sign {SIGN} --yes --expect-digest {'0' * 64} "
         "-o signed.request os.request", exits=1)
def signing_another_request(box):
    draft(box)


@mistake(f"pkg-seal sign {SIGN} -o signed.request os.request", exits=3)
def signing_half_a_request(box):
    draft(box)
    box.cut("os.request", 40)


@mistake("pkg-seal open --trust KEYS/ca.pem -o files os.request", exits=1)
def opening_a_request(box):
    draft(box)


@mistake("pkg-verify --trust KEYS/ca.pem os.request", exits=1)
def verifying_a_request(box):
    draft(box)


@mistake(f"pkg-seal resign {SIGN} --replace -o os.seal os.draft", exits=2)
def signing_a_draft_again(box):
    draft(box)


# -- attach -------------------------------------------------------------------

@mistake("pkg-seal attach -o os.seal os.draft signed.request", exits=2)
def attaching_without_trust(box):
    draft(box)
    signed(box)


@mistake(f"{ATTACH} os.draft", exits=2)
def attaching_nothing(box):
    draft(box)


@mistake(f"{ATTACH} os.draft os.request", exits=2)
def attaching_a_request_that_nobody_signed(box):
    draft(box)


@mistake(f"{ATTACH} signed.request os.draft", exits=2)
def attaching_the_wrong_way_round(box):
    draft(box)
    signed(box)


@mistake(f"{ATTACH} os.draft other.seal", exits=2)
def attaching_a_container(box):
    draft(box)
    box.container("other.seal")


@mistake(f"{ATTACH} os.draft os.bin", exits=2)
def attaching_what_is_no_response(box):
    draft(box)


@mistake(f"{ATTACH} os.draft signed.request", exits=1)
def attaching_what_is_of_another_draft(box):
    draft(box, "--sequence 1")
    signed(box)
    (box.path / "os.draft").unlink()
    (box.path / "os.request").unlink()
    draft(box, "--sequence 2")


@mistake(f"{ATTACH} os.draft signed.request", exits=1)
def attaching_a_stranger(box):
    draft(box)
    signed(box, who="--key KEYS/stranger.key --cert KEYS/stranger.pem")


@mistake(f"{ATTACH} first.seal again.request", exits=2)
def attaching_a_second_signature_of_a_key(box):
    draft(box)
    signed(box)
    signed(box, out="again.request")
    box.does("pkg-seal attach --trust KEYS/ca.pem -o first.seal os.draft "
             "signed.request")


@mistake(f"{ATTACH} os.draft approval.json", exits=2)
def attaching_half_an_approval(box):
    draft(box)
    box.write("approval.json", "{}")


def cms(box, *options):
    """openssl cms -sign over the manifest of os.draft, in x.p7s."""
    subprocess.run(["unzip", "-q", "os.draft", "META-INF/manifest.json"],
                   cwd=box.path, check=True)
    subprocess.run(["openssl", "cms", "-sign", "-in", "META-INF/manifest.json",
                    "-binary", "-nosmimecap", "-cades", "-signer",
                    f"{box.keys}/officer.pem", "-inkey",
                    f"{box.keys}/officer.key", "-out", "x.p7s", *options],
                   cwd=box.path, check=True, capture_output=True)


@mistake(f"{ATTACH} os.draft x.p7s", exits=2)
def attaching_a_signature_in_pem(box):
    draft(box)
    cms(box, "-outform", "PEM")


@mistake(f"{ATTACH} os.draft x.p7s", exits=1)
def attaching_a_signature_of_other_content(box):
    draft(box)
    cms(box, "-outform", "DER")


# -- signatures in two halves -------------------------------------------------

@mistake("pkg-seal sign --tbs-out os.tbs os.draft", exits=2)
def attributes_of_nobody(box):
    draft(box)


@mistake(f"pkg-seal sign {SIGN} --tbs-out os.tbs os.draft", exits=2)
def attributes_with_a_key(box):
    draft(box)


@mistake(f"{ATTACH} --tbs os.tbs --raw-signature os.sig os.draft", exits=2)
def raw_signature_without_certificate(box):
    draft(box)


@mistake(f"{ATTACH} --tbs os.bin --raw-signature app.bin "
         "--cert KEYS/officer.pem os.draft", exits=3)
def raw_signature_of_anything(box):
    draft(box)

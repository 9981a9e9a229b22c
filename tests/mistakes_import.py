# SPDX-License-Identifier: Apache-2.0
"""Mistakes at importing a bundle; no server is needed to make them."""

from mistake import SIGN, mistake
from support import manifest_sha256

SERVER = "--server http://127.0.0.1:1"
IMPORT = f"pkg-import --trust KEYS/ca.pem {SERVER} --netrc netrc --retries 0"


def bundle(box, mode=0o600):
    box.manifest()
    box.does("pkg-manifest resolve product.yaml -o product.lock")
    box.does("pkg-manifest bundle product.lock -o demo.draft")
    digest = manifest_sha256((box.path / "demo.draft").read_bytes())
    box.does(f"pkg-seal sign demo.draft {SIGN} --yes --expect-digest {digest} "
             "-o demo.bundle")
    box.write("netrc", "machine 127.0.0.1 login admin password admin\n", mode)


@mistake("pkg-import demo.bundle --trust KEYS/ca.pem --netrc netrc", exits=2)
def import_without_server(box):
    bundle(box)


@mistake(f"pkg-import demo.bundle --trust KEYS/ca.pem {SERVER}", exits=2)
def import_without_credentials(box):
    bundle(box)


@mistake("pkg-import demo.bundle --trust KEYS/ca.pem --netrc netrc --server "
         "https://admin:admin@up.example.com", exits=2)
def import_with_password_in_the_address(box):
    bundle(box)


@mistake("pkg-import demo.bundle --trust KEYS/ca.pem --netrc netrc --server "
         "http://up.example.com", exits=2)
def import_without_encryption(box):
    bundle(box)


@mistake("pkg-import demo.bundle --trust KEYS/ca.pem --netrc netrc --server "
         "up.example.com", exits=2)
def import_to_a_host_without_scheme(box):
    bundle(box)


@mistake(f"{IMPORT} demo.bundle", exits=5)
def import_with_credentials_for_all(box):
    bundle(box, mode=0o644)


@mistake(f"{IMPORT} demo.bundle", exits=4)
def import_with_nobody_there(box):
    bundle(box)


@mistake(f"pkg-import {SERVER} --netrc netrc demo.bundle", exits=1)
def import_without_trust(box):
    bundle(box)


@mistake(f"{IMPORT} demo.draft", exits=1)
def import_of_a_draft(box):
    bundle(box)


@mistake(f"{IMPORT} product.lock", exits=3)
def import_of_a_lock(box):
    bundle(box)


@mistake(f"{IMPORT} os.seal", exits=3)
def import_of_a_container(box):
    bundle(box)
    box.container("os.seal")


@mistake(f"{IMPORT} demo.bundle --dry-run --receipt r.json", exits=2)
def receipt_of_a_dry_run(box):
    bundle(box)


@mistake(f"{IMPORT} demo.bundle --receipt product.yaml", exits=2)
def receipt_over_a_file(box):
    bundle(box)


@mistake("pkg-manifest bundle product.lock --known product.lock -o b.draft",
         exits=3)
def lock_for_a_receipt(box):
    bundle(box)

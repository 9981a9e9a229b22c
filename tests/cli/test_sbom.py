# SPDX-License-Identifier: Apache-2.0
"""pkg-manifest check and resolve: what a bill of materials says of files."""

import hashlib
import json

import manifest_product as product
import pytest

DATA = product.FILES["u-boot.bin"]
SHA256 = hashlib.sha256(DATA).hexdigest()
SHA1 = hashlib.sha1(DATA).hexdigest()
SHA512 = hashlib.sha512(DATA).hexdigest()


def cyclonedx(*components, **more):
    return {"bomFormat": "CycloneDX", "specVersion": "1.5",
            "components": list(components), **more}


def component(name, content, alg="SHA-256", **more):
    return {"name": name, "type": "file",
            "hashes": [{"alg": alg, "content": content}], **more}


def spdx(name, value, algorithm="SHA256"):
    return {"spdxVersion": "SPDX-2.3", "files": [
        {"fileName": name, "checksums": [
            {"algorithm": algorithm, "checksumValue": value}]}]}


def spdx3(name, value):
    return {"@context": "https://spdx.org/rdf/3.0.0/spdx-context.jsonld",
            "@graph": [{"type": "software_File", "name": name,
                        "verifiedUsing": [{"type": "Hash",
                                           "algorithm": "sha256",
                                           "hashValue": value}]}]}


def check(run, folder, bill, media="application/vnd.cyclonedx+json", code=0):
    product.write(folder, ("application/vnd.cyclonedx+json", media))
    (folder / "boot.cdx.json").write_text(
        bill if isinstance(bill, str) else json.dumps(bill))
    done = run("pkg-manifest", "check", "product.yaml", check=code)
    resolved = run("pkg-manifest", "resolve", "product.yaml", "--force", "-o",
                   "product.lock", check=code)
    assert [line for line in done.out.splitlines() if "[sbom-" in line] == \
        [line.replace("pkg-manifest: ", "")
         for line in resolved.err.splitlines() if "[sbom-" in line]
    return done.out


RIGHT = {
    "by its path": cyclonedx(component("u-boot.bin", SHA256)),
    "by its path from here": cyclonedx(component("./u-boot.bin", SHA256)),
    "as the server sees it": cyclonedx(component("boot.bin", SHA256)),
    "in capitals": cyclonedx(component("boot.bin", SHA256.upper())),
    "sha-1": cyclonedx(component("boot.bin", SHA1, "SHA-1")),
    "sha-512": cyclonedx(component("boot.bin", SHA512, "SHA-512")),
    "in a component": cyclonedx(
        {"name": "all", "components": [component("boot.bin", SHA256)]}),
    "the main component": cyclonedx(
        metadata={"component": component("boot.bin", SHA256)}),
    "another file, too": cyclonedx(component("boot.bin", SHA256),
                                   component("boot.c", "0" * 64)),
    "one of two of that name": cyclonedx(component("boot.bin", "0" * 64),
                                         component("boot.bin", SHA256)),
    "with numbers that are not whole": cyclonedx(
        component("boot.bin", SHA256), vulnerabilities=[
            {"ratings": [{"score": 9.8}, {"score": -1.5e-3},
                         {"score": 12345678901234567890}]}]),
    "with a digest that we do not know": cyclonedx(
        {"name": "boot.bin", "hashes": [
            {"alg": "BLAKE3", "content": "00"},
            {"alg": "SHA-256", "content": SHA256}]}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_bill_that_is_right(run, tmp_path, name):
    assert check(run, tmp_path, RIGHT[name]) == ""


@pytest.mark.parametrize("bill", [
    spdx("./u-boot.bin", SHA256), spdx("u-boot.bin", SHA1, "SHA1"),
    spdx3("u-boot.bin", SHA256),
    {"spdxVersion": "SPDX-2.3", "packages": [
        {"packageFileName": "boot.bin", "checksums": [
            {"algorithm": "SHA256", "checksumValue": SHA256}]}]}])
def test_spdx(run, tmp_path, bill):
    assert check(run, tmp_path, bill, "application/spdx+json") == ""


@pytest.mark.parametrize("bill,media", [
    (cyclonedx(component("u-boot.bin", "0" * 64)),
     "application/vnd.cyclonedx+json"),
    (cyclonedx(component("u-boot.bin", SHA256[:-2])),
     "application/vnd.cyclonedx+json"),
    (spdx("./u-boot.bin", "0" * 64), "application/spdx+json"),
    (spdx3("u-boot.bin", "0" * 64), "application/spdx+json")])
def test_a_bill_of_other_bytes_is_an_error(run, tmp_path, bill, media):
    out = check(run, tmp_path, bill, media, code=1)
    assert "24:9: error: 'boot.cdx.json' says that the sha256 of " \
        "'u-boot.bin' is " in out
    assert "[sbom-digest]" in out


@pytest.mark.parametrize("bill", [cyclonedx(), cyclonedx(
    component("boot.c", SHA256)), cyclonedx({"name": "boot.bin"})])
def test_a_bill_that_names_none_of_the_files_is_a_warning(run, tmp_path, bill):
    out = check(run, tmp_path, bill)
    assert "warning" in out and "[sbom-names]" in out


@pytest.mark.parametrize("bill,media", [
    ("{", "application/vnd.cyclonedx+json"), ("[]", "application/spdx+json"),
    ("{}", "application/vnd.cyclonedx+json"), ("{}", "application/spdx+json"),
    ('{"bomFormat": "CycloneDX", "bomFormat": "x"}',
     "application/vnd.cyclonedx+json"),
    ('{"bomFormat": "CycloneDX", "x": 1.}', "application/vnd.cyclonedx+json"),
    ('{"bomFormat": "CycloneDX", "x": 1e}', "application/vnd.cyclonedx+json"),
    (cyclonedx(component("boot.bin", SHA256)), "application/spdx+json")])
def test_a_file_that_is_no_bill_is_an_error(run, tmp_path, bill, media):
    assert "[sbom-form]" in check(run, tmp_path, bill, media, code=1)


def test_other_forms_are_not_looked_into(run, tmp_path):
    assert check(run, tmp_path, "<bom/>",
                 "application/vnd.cyclonedx+xml") == ""

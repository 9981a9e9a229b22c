# SPDX-License-Identifier: Apache-2.0
"""The fixtures that the tests of all tools share."""

import datetime
import os
import signal

import pytest
from support import (P256, P384, ROOT, RSA, RSA_2048, Keys, Runner,
                     bin_folder)


# What was started in the background of a shell ignores these, and so would all
# that the tests start and send them to.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def pytest_addoption(parser):
    parser.addoption("--accept", action="store_true",
                     help="write what the tools say to the golden files")


@pytest.fixture
def run(tmp_path):
    """Run a built tool in tmp_path; a crash or a sanitizer's report fails."""
    return Runner(bin_folder(), tmp_path)


@pytest.fixture
def looks_inside():
    """strace shows the texts and the files of a tool, which may not be dumped:
    to root alone."""
    if os.geteuid() != 0:
        pytest.skip("strace looks into what may not be dumped as root only")


@pytest.fixture(scope="session")
def root():
    """The source tree."""
    return ROOT


@pytest.fixture(scope="session")
def build():
    """The build folder that PKG_BIN belongs to."""
    return bin_folder().parent


@pytest.fixture(scope="session")
def cache(build):
    """The build's CMakeCache.txt as a dict."""
    lines = (build / "CMakeCache.txt").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    return {name.split(":")[0]: value for name, value in pairs
            if not name.startswith(("#", "/"))}


@pytest.fixture(scope="session")
def sanitized(cache):
    """True if the tools were built with sanitizers."""
    return bool(cache["PKG_SANITIZE"])


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """All the keys of the tests, made once a session.

    ca            the authority everybody trusts; ca2 another one
    release       RSA-3072, may sign code; release.p12 too (keys.passphrase)
    officer       EC P-256, may sign code
    alice, bob, dora    EC P-256, may sign code: officers of approval policies
    stranger      EC P-256, may sign code, issued by ca2
    expired       EC P-256, may have signed code until yesterday
    weak          RSA-2048, may sign code
    ecu-rsa, ecu-p256, ecu-p384    recipients
    expired-ecu   a recipient until yesterday
    """
    made = Keys(tmp_path_factory.mktemp("keys"))
    made.new_ca("ca")
    made.new_ca("ca2")
    made.new_cert("release", RSA, "signer")
    made.new_cert("officer", P256, "signer")
    for officer in ("alice", "bob", "dora"):
        made.new_cert(officer, P256, "signer")
    made.new_cert("stranger", P256, "signer", ca="ca2")
    made.new_cert("expired", P256, "signer", days=-1)
    made.new_cert("weak", RSA_2048, "signer")
    made.new_cert("ecu-rsa", RSA, "rsa-recipient")
    made.new_cert("ecu-p256", P256, "ec-recipient")
    made.new_cert("ecu-p384", P384, "ec-recipient")
    made.new_cert("expired-ecu", P256, "ec-recipient", days=-1)
    made.pkcs12("release", made.passphrase)
    made.secret("passphrase", made.passphrase)
    made.secret("wrong-passphrase", "battery staple")
    return made


@pytest.fixture
def device_config(tmp_path, keys):
    """device_config(kind="sealed", recipients=["ecu-rsa"]) -> path of YAML."""

    def write(name="ecu-a", tenant="acme", kind="sealed",
              recipients=("ecu-rsa",), path=None, extra=""):
        path = path or tmp_path / f"{name}.yaml"
        certs = ", ".join(str(keys.cert(r)) for r in recipients)
        text = (f"packline: 1\ndeviceConfig: {name}\ntenant: {tenant}\n"
                f"kind: {kind}\nsuite: packline-1\n")
        if recipients:
            text += f"recipients: [{certs}]\n"
        path.write_text(text + extra)
        return path

    return write


@pytest.fixture
def crl(keys, tmp_path):
    """crl("release", ..., made=-1, until=30) -> path of a list of the CA

    part: the list of that distribution point only
    """

    def stamp(days):
        return (datetime.datetime.now(datetime.timezone.utc) +
                datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")

    def make(*revoked, made=-1, until=30, name="ca.crl", ca="ca", part=None):
        (tmp_path / "ca.cnf").write_text(
            "[ca]\ndefault_ca = x\n[x]\ndatabase = index.txt\n"
            "default_md = sha256\n" + ("" if part is None else
            "crl_extensions = exts\n[exts]\n"
            "issuingDistributionPoint = critical,@point\n[point]\n"
            f"fullname = URI:http://crl.example/{part}\n"))
        rows = ""
        for who in revoked:
            serial = keys.output("x509", "-in", keys.cert(who), "-noout",
                                 "-serial").split("=")[1].strip()
            rows += f"R\t{stamp(900)[2:]}\t{stamp(-2)[2:]}\t{serial}\t" \
                    f"unknown\t/O=Acme/CN={who}\n"
        (tmp_path / "index.txt").write_text(rows)
        keys.openssl("ca", "-config", tmp_path / "ca.cnf", "-gencrl",
                     "-keyfile", keys.key(ca), "-cert", keys.cert(ca),
                     "-crl_lastupdate", stamp(made), "-crl_nextupdate",
                     stamp(until), "-out", tmp_path / name, cwd=tmp_path)
        return tmp_path / name

    return make

# SPDX-License-Identifier: Apache-2.0
"""What the tests of keys in tokens share."""

import office
import pytest
import softhsm
import tasks


@pytest.fixture(scope="session")
def all_tokens(tmp_path_factory):
    return softhsm.make(tmp_path_factory.mktemp("softhsm") / "box")


@pytest.fixture
def tokens(all_tokens, tmp_path):
    """A copy of the token "acme" that the test may break."""
    return all_tokens.copy(tmp_path / "softhsm")


@pytest.fixture
def with_token(tokens):
    """with_token("rsa") -> options; more=... goes to the end of the URI."""

    def options(name, option="--key", uri=None, module=softhsm.MODULE,
                pin=None):
        return (option, uri or f"pkcs11:token=acme;object={name}",
                "--pkcs11-module", module, "--pin", f"file:{pin or tokens.pin}")

    return options


@pytest.fixture
def desk(run, keys, tmp_path):
    """Packaging tasks: tasks.py says how."""
    return tasks.Desk(run, keys, office.Office(keys, tmp_path), tmp_path)

# SPDX-License-Identifier: Apache-2.0
"""A server, a client for it, and bundles to import.

HAWKBIT_URL names a real server (tests/hawkbit/run.sh starts one); without it
the tests talk to a stand-in. HAWKBIT_VERSION is the version of either.
"""

import itertools
import os
import pathlib

import pytest
from importing import Api, Importer
from proxy import Proxy
from standin import StandIn

URL = os.environ.get("HAWKBIT_URL")
VERSION = os.environ.get("HAWKBIT_VERSION", "1.0.4")
COUNTER = itertools.count(int.from_bytes(os.urandom(4), "big"))


def pytest_report_header():
    return f"server: {URL} ({VERSION})" if URL else \
        "server: a STAND-IN, not hawkBit; for that: tests/hawkbit/run.sh"


@pytest.fixture(scope="session")
def is_real():
    """True if it is hawkBit itself that answers."""
    return URL is not None


@pytest.fixture(scope="session")
def version():
    """Of the server, such as (1, 0, 4)."""
    return tuple(map(int, VERSION.split(".")))


@pytest.fixture(scope="session")
def server():
    """Address of the server that all tests of a session share."""
    if URL:
        yield URL
        return
    with StandIn(VERSION) as stand_in:
        yield stand_in.url


@pytest.fixture(scope="session")
def api(server):
    """api.get("/softwaremodules?limit=5") -> (status, tree)"""
    return Api(server)


@pytest.fixture
def proxy(server):
    with Proxy(server) as between:
        yield between


@pytest.fixture
def name():
    """A word that no other test, and no earlier run, has used."""
    return f"t{next(COUNTER):x}"


@pytest.fixture
def importer(run, keys, tmp_path, server):
    """importer.bundle(manifest, files), importer(bundle, ...) -> Result"""
    return Importer(run, keys, tmp_path, server)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    """The example product, built and bundled once: a folder."""
    import gateway as example
    return example.make(pathlib.Path(tmp_path_factory.mktemp("gateway")))

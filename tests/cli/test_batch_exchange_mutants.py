# SPDX-License-Identifier: Apache-2.0
"""Request and response files with one byte changed: here some of them, in
tests/long/ each."""

import pytest
from exchange_mutants import as_they_are, make, mended
from gap import Gap


@pytest.fixture
def victims(run, keys, tmp_path):
    return make(Gap(run, keys, tmp_path))


def test_some_bytes(victims):
    for victim in victims:
        victim.try_all(as_they_are(victim.good, 503))
        assert victim.same == 0     # CRC-32 and framing see every byte
        victim.try_all(mended(victim.path, 389))
        assert victim.count > 40 and len(victim.reasons) > 4

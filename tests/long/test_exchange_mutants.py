# SPDX-License-Identifier: Apache-2.0
"""Each byte of a request file and of a response file, changed in three ways.

Some 70,000 files: PKG_MUTANTS=7 takes every seventh byte.
"""

import os

import pytest
from exchange_mutants import as_they_are, make, mended
from gap import Gap


STEP = int(os.environ.get("PKG_MUTANTS", "1"))


@pytest.mark.parametrize("which", [0, 1], ids=["request", "response"])
@pytest.mark.parametrize("how", ["as-they-are", "mended"])
def test_every_byte(run, keys, tmp_path, which, how):
    victim = make(Gap(run, keys, tmp_path))[which]
    victim.try_all(as_they_are(victim.good, STEP) if how == "as-they-are"
                   else mended(victim.path, STEP))
    print(f"{victim.count} files, {victim.same} of the same meaning, refused "
          f"with {sorted(victim.reasons)}")
    assert how == "mended" or victim.same == 0

# SPDX-License-Identifier: Apache-2.0
"""Each public header compiles alone, in C and in C++."""

import subprocess

import pytest
from support import ROOT

INCLUDE = ROOT / "lib/include"
HEADERS = sorted(path.name for path in (INCLUDE / "packline").glob("*.h"))
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-pedantic-errors", "-Werror"]


def compiles(compiler, standard, language, header):
    done = subprocess.run(
        [compiler, f"-std={standard}", *STRICT, "-fsyntax-only", "-x",
         language, f"-I{INCLUDE}", "-"],
        input=f"#include <packline/{header}>\n#include <packline/{header}>\n"
              "struct alone;\n",
        text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("header", HEADERS)
def test_compiles_alone_as_c17(header):
    compiles("gcc", "c17", "c", header)


@pytest.mark.parametrize("header", HEADERS)
def test_compiles_alone_as_cxx17(header):
    compiles("g++", "c++17", "c++", header)

# SPDX-License-Identifier: Apache-2.0
"""What the built library and tools show to the linker."""

import re
import subprocess

import pytest
from support import bin_folder, tool_names

NETWORK = {"socket", "connect", "getaddrinfo", "gethostbyname"}


def output(*argv):
    return subprocess.run([str(arg) for arg in argv], check=True, text=True,
                          capture_output=True).stdout


def defined(library, *options):
    """Names of the global symbols that a library defines."""
    rows = output("nm", "--defined-only", "--extern-only", *options, library)
    return {fields[2].split("@")[0] for row in rows.splitlines()
            if len(fields := row.split()) == 3}


def needed(path):
    """Shared libraries that a program loads."""
    return set(re.findall(r"\(NEEDED\).*\[(.+?)\.so",
                          output("readelf", "-d", path)))


def test_library_defines_only_our_prefix(build, sanitized):
    if sanitized:
        pytest.skip("sanitizers define symbols of their own")
    names = defined(build / "lib/libpackline.a")
    assert len(names) > 50
    assert {name for name in names if not name.startswith("pkg_")} == set()


def test_pkg_hash_loads_libcrypto_only(sanitized):
    """Start-up time matters where make calls it for every file."""
    if sanitized:
        pytest.skip("sanitizers load libraries of their own")
    libraries = needed(bin_folder() / "pkg-hash")
    assert "libcrypto" in libraries
    assert libraries <= {"libcrypto", "libc", "libpthread", "ld-linux-x86-64",
                         "ld-linux-aarch64"}


@pytest.mark.parametrize("tool", tool_names())
def test_tools_cannot_reach_the_network(tool, sanitized):
    if sanitized or tool == "pkg-import":
        pytest.skip("links more than ours" if sanitized else "the online leg")
    rows = output("nm", "-D", "--undefined-only", bin_folder() / tool)
    used = {row.split()[-1].split("@")[0] for row in rows.splitlines()}
    assert used & NETWORK == set()


@pytest.mark.parametrize("tool", tool_names())
def test_tools_are_hardened(tool):
    """Position-independent, relocations read-only, no executable stack."""
    path = bin_folder() / tool
    assert "DYN" in output("readelf", "-h", path)
    dynamic = output("readelf", "-d", path)
    assert "BIND_NOW" in dynamic or "NOW" in dynamic
    assert "GNU_RELRO" in (headers := output("readelf", "-lW", path))
    stack, = [row for row in headers.splitlines() if "GNU_STACK" in row]
    assert "RWE" not in stack

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compare every #include with the table of cmake/Layers.cmake."""

import dataclasses
import pathlib
import re
import sys

ROW = re.compile(r'pkg_layer\((\w+)\s+USES "([^"]*)"\s+OWNS "([^"]*)"\s+'
                 r'HEADERS "([^"]*)"\)')
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)
THIRD_PARTY = {
    "openssl": r"openssl/", "libyaml": r"yaml\.h$", "pcre2": r"pcre2\.h$",
    "jansson": r"jansson", "libdeflate": r"libdeflate\.h$",
    "libarchive": r"archive(_entry)?\.h$", "libcurl": r"curl/",
    "libqrencode": r"qrencode\.h$", "threads": r"(pthread|threads)\.h$",
    "zlib": r"z(lib|conf)\.h$"}


@dataclasses.dataclass
class Layer:
    uses: set
    owns: set
    headers: list


def read_table(root):
    """The rows of Layers.cmake, in their order."""
    text = (root / "cmake/Layers.cmake").read_text()
    rows = {name: Layer(set(uses.split()), set(owns.split()), headers.split())
            for name, uses, owns, headers in ROW.findall(text)}
    calls = len(re.findall(r"^pkg_layer\(", text, re.M))
    assert len(rows) == calls, "a row of Layers.cmake was not understood"
    return rows


def public_headers(table):
    """Stem of a public header -> its module."""
    return {stem: name for name, layer in table.items()
            for stem in layer.headers}


def module_of(path, table):
    """The module that a file of lib/ belongs to; None = a tool."""
    if path.parts[0] == "tools":
        return None
    if path.parts[1] == "include":
        return public_headers(table)[path.stem]
    return path.parts[1]


def table_faults(root, table):
    """Rows out of order, headers listed twice, not at all or for nothing."""
    seen = set()
    for name, layer in table.items():
        for other in sorted(layer.uses - seen):
            yield f"{name} uses {other}, which stands after it"
        seen.add(name)
    listed = [stem for layer in table.values() for stem in layer.headers]
    there = {p.stem for p in (root / "lib/include/packline").glob("*.h")}
    for stem in sorted({s for s in listed if listed.count(s) > 1}):
        yield f"{stem}.h is listed twice"
    for stem in sorted(there - set(listed)):
        yield f"{stem}.h is in no row"
    for stem in sorted(set(listed) - there):
        yield f"{stem}.h is listed but does not exist"
    for folder in sorted((root / "lib").iterdir()):
        if folder.is_dir() and folder.name not in {*table, "include"}:
            yield f"lib/{folder.name} is in no row"


def third_party_fault(include, module, public, table):
    for package, pattern in THIRD_PARTY.items():
        if not re.match(pattern, include):
            continue
        if public:
            return f"a public header shows {package} ({include})"
        if module is None or package not in table[module].owns:
            return f"only an owner of {package} may include {include}"
    return None


def layer_fault(include, module, table):
    first, _, rest = include.partition("/")
    if first == "packline":
        target = public_headers(table).get(pathlib.Path(rest).stem)
        if target is None:
            return f"{include} is no public header"
    elif first in table:
        target = first
    else:
        return None
    if module is None:  # a tool: the public API and the front end
        ok = first == "packline" or include == "cli/cli.h"
        return None if ok else f"a tool may not include {include}"
    if target != module and target not in table[module].uses:
        return f"{module} may not use {target} ({include})"
    return None


def include_faults(root, table):
    files = [*(root / "lib").rglob("*.[ch]"), *(root / "tools").rglob("*.[ch]")]
    for full in sorted(files):
        path = full.relative_to(root)
        module = module_of(path, table)
        public = path.parts[:2] == ("lib", "include")
        for include in INCLUDE.findall(full.read_text()):
            fault = (third_party_fault(include, module, public, table) or
                     layer_fault(include, module, table))
            if fault:
                yield f"{path}: {fault}"


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    table = read_table(root)
    faults = [*table_faults(root, table), *include_faults(root, table)]
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""README.md says what the tree says.

Run as a program, this file writes the picture of the layers anew."""

import pathlib
import re
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
README = TOP / "README.md"
BEGIN = "<!-- layers: written by python3 tests/arch/test_readme.py -->\n"
END = "<!-- /layers -->\n"
# As PkgDeps.cmake calls them, and as people do.
LIBRARIES = {"openssl": "OpenSSL", "libyaml": "libyaml", "pcre2": "PCRE2",
             "libcurl": "libcurl", "libdeflate": "libdeflate",
             "libqrencode": "libqrencode", "zlib": "zlib"}


def layers():
    """The rows of Layers.cmake: {module: (uses, owns)}, in order."""
    text = (TOP / "cmake/Layers.cmake").read_text()
    rows = re.findall(r'pkg_layer\((\w+)\s+USES "([^"]*)"\s+OWNS "([^"]*)"',
                      text)
    assert len(rows) == text.count("\npkg_layer(")
    return {name: (uses.split(), owns.split()) for name, uses, owns in rows}


def picture(table):
    """One line for each module; what is implied by another use is left out."""
    reach = {}
    for name, (uses, _) in table.items():
        reach[name] = set(uses).union(*(reach[used] for used in uses))
    lines = ["```"]
    for name, (uses, owns) in table.items():
        direct = [used for used in uses if not any(
            used in reach[other] for other in uses)]
        line = f"{name:<10}"
        if direct:
            line += " ─► " + ", ".join(direct)
        if owns:
            line += "  [" + ", ".join(owns) + "]"
        lines.append(line.rstrip())
    return "\n".join(lines + ["```", ""])


def readme():
    return README.read_text()


def table_column(heading, column=0):
    """The cells of the table whose first heading is given."""
    rows = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", readme(),
                     re.M).group(1)
    return [row.split("|")[column + 1].strip().strip("`")
            for row in rows.splitlines()]


def test_picture_is_that_of_the_table():
    drawn = readme().split(BEGIN)[1].split(END)[0]
    assert drawn == picture(layers()), "python3 tests/arch/test_readme.py"


def test_picture_leaves_out_only_what_is_implied():
    table = {"a": ([], []), "b": (["a"], ["x"]), "c": (["a", "b"], [])}
    assert picture(table) == "```\na\nb          ─► a  [x]\nc          ─► b\n```\n"


def test_every_module_has_a_sentence():
    assert table_column("module") == list(layers())


def test_exit_statuses_are_those_of_the_code():
    text = (TOP / "lib/include/packline/err.h").read_text()
    codes = re.findall(r'X\([A-Z]+, (\d+), "', text)
    assert codes and table_column("status") == codes


def test_dependencies_are_those_of_the_build():
    text = (TOP / "cmake/PkgDeps.cmake").read_text()
    found = set(re.findall(r"set\(PKG_DEP_(\w+)", text)) - {"threads"}
    assert sorted(table_column("library")) == sorted(
        LIBRARIES[name] for name in found)


def test_tools_are_those_of_the_build():
    text = (TOP / "tools/CMakeLists.txt").read_text()
    assert table_column("tool") == re.findall(r"^pkg_tool\(([\w-]+)", text,
                                              re.M)


def test_packages_are_those_of_the_quickstart():
    command = re.search(r"apt-get install --no-install-recommends((?:.*\\\n)*"
                        r".*)", readme()).group(1)
    script = (TOP / "examples/quickstart.sh").read_text()
    packages = re.search(r'^build_packages="([^"]+)"', script, re.M).group(1)
    assert command.replace("\\", "").split() == packages.split()


def mentioned_paths(text):
    roots = "tools|lib|schemas|cmake|examples|tests|[A-Z]+\\.md|LICENSE"
    return set(re.findall(rf"(?<![\w/])((?:{roots})(?:/[\w.-]+)*/?)(?=[`\s])",
                          text))


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md",
                                      "SECURITY.md", "CHANGELOG.md",
                                      "examples/gateway/README.md"])
def test_paths_exist(document):
    text = (TOP / document).read_text()
    for path in mentioned_paths(text):
        assert (TOP / path).exists(), f"{document} names {path}"


def test_paths_are_found_in_text():
    assert mentioned_paths("in `lib/base/` and\n sh tests/run.sh\n") == {
        "lib/base/", "tests/run.sh"}


if __name__ == "__main__":
    head, rest = readme().split(BEGIN)
    README.write_text(head + BEGIN + picture(layers()) + END +
                      rest.split(END)[1])
    sys.exit(0)

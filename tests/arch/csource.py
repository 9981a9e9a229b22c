# SPDX-License-Identifier: Apache-2.0
"""Just enough understanding of our own C sources to check their style."""

import re

TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""",
                   re.S)


def code_only(text):
    """The text with comments and literals blanked out, lines kept."""
    def blank(match):
        found = match.group()
        quote = found[0] if found[0] in "\"'" else ""
        inner = re.sub(r"[^\n]", " ", found[len(quote):len(found) - len(quote)])
        return quote + inner + quote
    return TOKEN.sub(blank, text)


def functions(text):
    """(name, first line, lines) of each function: its body, braces included.

    In the house style a body starts with a '{' in column 0, and a line that
    starts with ')' or a letter stands before it; '}' in column 0 ends it.
    """
    lines = code_only(text).splitlines()
    name = start = None
    for number, line in enumerate(lines, 1):
        if line == "{" and number > 1:
            head = " ".join(lines[max(0, number - 8):number - 1])
            names = re.findall(r"(\w+)\s*\([^;{}]*$", head)
            called = re.findall(r"([A-Za-z_]\w*)\(", head.split("}")[-1])
            name, start = (called or names or ["?"])[0], number
        elif line.startswith("}") and start is not None:
            yield name, start, number - start + 1
            start = None


def sources(root, *folders):
    for folder in folders:
        for path in sorted((root / folder).rglob("*.[ch]")):
            yield path.relative_to(root), path.read_text()

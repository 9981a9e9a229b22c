# SPDX-License-Identifier: Apache-2.0
"""Rules for our own sources that no compiler knows."""

import re

import csource

# Call -> what to use.
BANNED = {
    "strcpy": "memcpy, snprintf", "strcat": "struct pkg_buf",
    "strncpy": "memcpy", "strncat": "struct pkg_buf", "sprintf": "snprintf",
    "vsprintf": "vsnprintf", "strtok": "strcspn", "gets": "read",
    "scanf": "a parser", "sscanf": "a parser", "alloca": "struct pkg_buf",
    "setjmp": "enum pkg_code", "longjmp": "enum pkg_code",
    "atoi": "a checked parser", "atol": "a checked parser",
    "atoll": "a checked parser", "atof": "a checked parser",
    "mktemp": "pkg_tmpfile_open", "tmpnam": "pkg_tmpfile_open",
    "system": "nothing: no shell", "popen": "nothing: no shell",
    "rand": "the crypto context", "srand": "the crypto context",
    "random": "the crypto context", "abort": "pkg_fail",
    "exit": "return to cli_main", "_exit": "cli_out_of_memory"}
# What the library may not take from the process by itself.
AMBIENT = ["getenv", "secure_getenv", "setenv", "setlocale", "time",
           "gettimeofday", "clock_gettime", "localtime", "localtime_r",
           "mktime", "strftime", "getcwd", "chdir", "umask", "printf",
           "puts", "fprintf", "perror"]
NETWORK = ["socket", "connect", "getaddrinfo", "gethostbyname", "bind",
           "listen", "accept"]
ONLINE = ("tools/pkg-import", "lib/import")
OUR_FOLDERS = ("lib", "tools", "tests", "examples")
FILE_LINES, FUNCTION_LINES = 500, 60


def calls(text, names):
    """(line, name) of every call of one of names; members do not count."""
    pattern = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(names))
    for number, line in enumerate(csource.code_only(text).splitlines(), 1):
        for match in pattern.finditer(line):
            yield number, match.group(1)


def found(root, folders, names, but=()):
    return [f"{path}:{line}: {name}()"
            for path, text in csource.sources(root, *folders)
            if not str(path).startswith(but)
            for line, name in calls(text, names)]


def test_no_banned_function(root):
    others = [call for call in found(root, ["lib", "tools", "examples"], BANNED)
              if not re.match(r"lib/cli/main.c:\d+: _exit", call)]
    assert others == []


def test_library_takes_nothing_from_the_process(root):
    assert found(root, ["lib"], AMBIENT, ("lib/cli/",)) == []


def test_nobody_but_the_importer_opens_a_connection(root):
    assert found(root, ["lib", "tools", "examples"], NETWORK, ONLINE) == []


def test_files_are_short(root):
    """Or say near their top why not: "Longer than 500 lines: ..."."""
    long = [f"{path}: {text.count(chr(10))} lines"
            for path, text in csource.sources(root, *OUR_FOLDERS)
            if text.count("\n") > FILE_LINES and
            f"Longer than {FILE_LINES} lines: " not in text[:2000]]
    assert long == []


def test_functions_are_short(root):
    """Or say inside or above why not: "Longer than 60 lines: ..."."""
    long = []
    for path, text in csource.sources(root, *OUR_FOLDERS):
        lines = text.splitlines()
        for name, start, length in csource.functions(text):
            around = "\n".join(lines[max(0, start - 20):start + length])
            if (length > FUNCTION_LINES and
                    f"Longer than {FUNCTION_LINES} lines: " not in around):
                long.append(f"{path}:{start}: {name}(): {length} lines")
    assert long == []


def test_every_source_names_its_licence(root):
    first = {str(path): text.split("\n", 1)[0]
             for path, text in csource.sources(root, *OUR_FOLDERS)}
    for path in sorted((root / "tests").rglob("*.py")):
        head = path.read_text().split("\n", 2)[:2]
        first[str(path)] = head[1] if head[0].startswith("#!") else head[0]
    assert [path for path, line in first.items()
            if "SPDX-License-Identifier: Apache-2.0" not in line] == []


def test_nothing_is_left_for_later(root):
    word = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    assert [f"{path}: {word.search(text).group()}"
            for path, text in csource.sources(root, *OUR_FOLDERS)
            if word.search(text)] == []


def test_the_checks_see_what_they_must(tmp_path):
    (tmp_path / "lib").mkdir()
    body = "\tx();\n" * 59
    (tmp_path / "lib/a.c").write_text(
        '/* strcpy(a, b) */\nconst char *s = "system(1)";\n'
        f"int f(void)\n{{\n\tstrcpy(a, b);\n\tp->time(1);\n{body}}}\n")
    assert found(tmp_path, ["lib"], BANNED) == ["lib/a.c:5: strcpy()"]
    assert found(tmp_path, ["lib"], AMBIENT) == []
    text = (tmp_path / "lib/a.c").read_text()
    assert list(csource.functions(text)) == [("f", 4, 63)]

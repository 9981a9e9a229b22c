# SPDX-License-Identifier: Apache-2.0
"""The grammar of `pkg-manifest list -q` next to the server's own parser.

RSQL_CLASSPATH has rsql-parser 2.1.0 and Accepts.class: see run.sh."""

import os
import random
import subprocess

MANIFEST = """\
packline: 1
tenant: t
product: {name: n, version: "1"}
modules: [{name: m, version: "1", type: os}]
"""
WORDS = ["name", "version", "description", "type", "metadata.k", "x", "1.0",
         "a*", "null", "AND", "or", "\u00e4", "a\\*b", "_", "%", "$", "[a]",
         "a/b", "a:b", "-", ".", "&", "|", "\u202e", "\\"]
OTHERS = ["==", "!=", "<", "<=", ">", ">=", "=lt=", "=le=", "=gt=", "=ge=",
          "=in=", "=out=", "=is=", "=eq=", "=not=", "=ne=", "=IN=", "=li=",
          "=", "!", "~", "=x", "(", ")", ";", ",", " and ", " or ", " AND ",
          "and", " ", "  ", "\t", "'", '"', "'a'", '"a b"', "'a\\'b'", "''",
          '"\\"', "'()'", "(a,b)", "(a,'b')", "()", "(a or b)", "(a;b)"]


def a_comparison(pick):
    field = pick.choice(["name", "version", "description", "type",
                         "metadata.k"])
    operator = pick.choice(OTHERS[:17])
    value = pick.choice(WORDS + ["'a b'", '"c"', "(a,b)", "(a)", "( a , b )"])
    space = pick.choice(["", "", "", " ", "\t"])
    return f"{field}{space}{operator}{space}{value}"


def a_query(pick):
    """Something that is nearly a query."""
    if pick.random() < 0.3:
        return "".join(pick.choice(WORDS + OTHERS)
                       for _ in range(pick.randint(1, 8)))
    text = a_comparison(pick)
    for _ in range(pick.randint(0, 3)):
        joint = pick.choice([";", ",", " and ", " or ", " AND ", " Or ",
                             " ; ", "  and  ", " and", ";;"])
        more = a_comparison(pick)
        text = pick.choice(["{}{}{}", "({}){}{}", "{}{}({})",
                            "({}{}{})"]).format(text, joint, more)
    if pick.random() < 0.4:  # one mistake
        at = pick.randint(0, len(text))
        text = text[:at] + pick.choice(WORDS + OTHERS) + \
            text[at + pick.randint(0, 2):]
    return text


def test_same_queries_are_taken(run, tmp_path):
    pick = random.Random(20)
    queries = sorted({a_query(pick) for _ in range(6000)})
    queries = [q for q in queries if "\n" not in q]
    said = subprocess.run(
        ["java", "-cp", os.environ["RSQL_CLASSPATH"], "Accepts"],
        input="".join(q + "\n" for q in queries), text=True, check=True,
        stdout=subprocess.PIPE).stdout.split()
    assert len(said) == len(queries)
    (tmp_path / "m.yaml").write_text(MANIFEST)
    run("pkg-manifest", "resolve", "m.yaml", "-o", "m.lock", check=0)
    differ, taken = [], 0
    for query, theirs in zip(queries, said):
        done = run("pkg-manifest", "list", "modules", "-q", query, "m.lock")
        # A field that is not there is found after the grammar.
        ours = "[query-syntax]" not in done.err
        taken += ours
        if ours != (theirs == "yes"):
            differ.append((query, theirs, done.err))
    assert differ == []
    assert 1000 < taken < len(queries) - 1000

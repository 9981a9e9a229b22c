# SPDX-License-Identifier: Apache-2.0
"""What a table accepts, the JSON Schema made from it accepts, and no more.

usage: schema_agrees.py TEST_SCHEMA_EMIT

Asks python3-jsonschema and our binding about the same few thousand mutated
documents.  Exit status 77 (skipped) without python3-jsonschema.
"""
import copy
import json
import random
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

GOOD = [
    {"format": 1, "name": "ab"},
    {
        "format": 1, "name": "gw-1", "kind": "forced", "external": False,
        "note": "abcd", "ext": {"any": [1, None]},
        "parts": [{"path": "a", "size": 7},
                  {"glob": "*", "exclude": ["b", "c"]}],
        "needs": ["one", {"name": "two", "x-more": 1}],
        "labels": {"a": "x", "b": "y"},
    },
    {"format": 1, "name": "ab", "kind": "timeforced", "forcetime": "now",
     "owner": {"name": "x"}, "note": None},
]
VALUES = [None, True, False, 0, 1, 2, 100, 101, -1, "", "a", "ab", "abcde",
          "abcdefghi", "Ab", "soft", "forced", "timeforced", [], ["a", "a"],
          {}, {"name": "x"}, {"path": "a"}, {"glob": "g"}, [{"glob": "g"}]]
KEYS = ["format", "name", "note", "external", "kind", "owner", "parts",
        "needs", "labels", "ext", "forcetime", "path", "glob", "size",
        "exclude", "x-y", "x", "zz"]


def places(node):
    """Every object and array in the document."""
    found = []
    if isinstance(node, dict):
        found.append(node)
        for child in node.values():
            found += places(child)
    elif isinstance(node, list):
        found.append(node)
        for child in node:
            found += places(child)
    return found


def mutate(rng, document):
    """Change, remove or add one member somewhere."""
    place = rng.choice(places(document))
    if isinstance(place, dict):
        key = rng.choice(list(place) + KEYS)
        if key in place and rng.random() < 0.3:
            del place[key]
        else:
            place[key] = copy.deepcopy(rng.choice(VALUES))
    elif place and rng.random() < 0.3:
        place.pop()
    else:
        place.append(copy.deepcopy(rng.choice(VALUES)))


def corpus():
    rng = random.Random(1)
    documents = copy.deepcopy(GOOD)
    for number in range(6000):
        document = copy.deepcopy(rng.choice(GOOD))
        for _ in range(1 + number % 3):
            mutate(rng, document)
        documents.append(document)
    return documents


def main():
    program = sys.argv[1]
    schema = json.loads(subprocess.run(
        [program, "--emit"], check=True, stdout=subprocess.PIPE).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    documents = corpus()
    answers = subprocess.run(
        [program, "--check"], check=True, stdout=subprocess.PIPE,
        input="".join(json.dumps(d) + "\n" for d in documents).encode(),
    ).stdout.split()
    assert len(answers) == len(documents)
    valid = 0
    for document, errors in zip(documents, answers):
        theirs = validator.is_valid(document)
        valid += theirs
        if theirs != (errors == b"0"):
            print("disagree:", json.dumps(document), "errors:", errors.decode(),
                  [e.message for e in validator.iter_errors(document)])
            return 1
    assert valid > 300, valid
    print(f"{len(documents)} documents, {valid} of them valid")
    return 0


sys.exit(main())

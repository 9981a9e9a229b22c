# SPDX-License-Identifier: Apache-2.0
"""A document with one thing in it made wrong, in every place."""

import copy

OTHERS = [None, True, 0, -1, 17, 1 << 60, "", "x", "a/b", [], ["x"],
          ["x", "x"], {}, {"x": 1}, [None], [[]]]


def places(value, path=()):
    """Paths of all values below."""
    items = (value.items() if isinstance(value, dict) else
             enumerate(value) if isinstance(value, list) else ())
    for key, below in items:
        yield path + (key,)
        yield from places(below, path + (key,))


def parent(document, path):
    for key in path[:-1]:
        document = document[key]
    return document


def reads_as_text(value, other):
    """In YAML, where a text is expected, null and 1 are texts."""
    if isinstance(value, list) and isinstance(other, list):
        return any(reads_as_text(value[0], item) for item in other)
    return isinstance(value, str) and not isinstance(other, (str, list, dict))


def mutants(good):
    for path in [(), *places(good)]:
        target = copy.deepcopy(good)
        value = target
        for key in path:
            value = value[key]
        if isinstance(value, dict):
            value["added"] = 1
            yield path, "added", target
        if not path:
            continue
        target = copy.deepcopy(good)
        del parent(target, path)[path[-1]]
        yield path, "deleted", target
        for other in OTHERS:
            if reads_as_text(value, other):
                continue
            target = copy.deepcopy(good)
            parent(target, path)[path[-1]] = other
            yield path, other, target

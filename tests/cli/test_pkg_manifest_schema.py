# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas: as printed, and of one mind with `check`.

Every value of good manifests is mutated in turn; python3-jsonschema and
pkg-manifest must agree on each mutant, as far as a schema can tell.
"""

import copy
import json
import re

import jsonschema
import manifest_product as product
import pytest
import yaml
from support import ROOT

PRINTED_BY = {
    "pkg-batch": ["batch", "batch-timestamp", "process", "watch-error"],
    "pkg-manifest": ["artifact", "import", "import-step", "lock", "manifest",
                     "plan", "plan-cloudfoundry", "profile", "receipt"],
    "pkg-seal": ["approval-policy", "audit-head", "audit-line", "container",
                 "device-config", "log-verdict", "recipient", "signature",
                 "signing-request", "stage", "state", "task", "trust-policy",
                 "verdict"]}
SHAPE = {"unknown-key", "missing-key", "conflicting-keys", "wrong-type",
         "wrong-value", "out-of-range", "too-short", "too-long", "wrong-form",
         "duplicate-item"}


class Texts(yaml.SafeLoader):
    """Dates stay texts, as pkg-manifest reads them."""


Texts.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in rules
            if not tag.endswith((":timestamp", ":float"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}

FULL = """\
packline: 1
tenant: acme
product: {name: all, version: "1"}
defaults: {vendor: x}
include: []
types:
  modules: [{key: fpga, name: FPGA, description: d, colour: red, maxAssignments: 2, minArtifacts: 0}]
  sets: [{key: s, name: S, description: d, colour: blue, mandatorymodules: [fpga], optionalmodules: []}]
modules:
  - {name: m, version: "1", type: fpga, vendor: v, description: d, encrypted: false,
     artifacts: [{regex: ".*", exclude: ["x*"], filename: f, seal: s.yaml}, {glob: "a*"}], metadata: []}
sets:
  - {name: s, version: "1", type: s, description: d, requiredMigrationStep: true,
     modules: [m, {name: m, version: "1", type: fpga, external: false}], metadata: [{key: k, value: ""}]}
assignments:
  - {set: {name: s}, targets: [t], type: soft, weight: 0, confirmationRequired: true, offline: false}
rollouts:
  - name: r
    set: s
    targetFilterQuery: q
    description: d
    type: timeforced
    forcetime: 2026-12-01T02:00:00Z
    startAt: 2026-12-01T02:00:00Z
    weight: 1000
    groups:
      - {name: g, description: d, targetFilterQuery: q, targetPercentage: 100, confirmationRequired: true,
         successCondition: {condition: THRESHOLD, expression: "80"}, successAction: {action: PAUSE, expression: ""},
         errorCondition: {expression: "10"}, errorAction: {action: PAUSE}}
    confirmationRequired: false
  - {name: r2, set: s, targetFilterQuery: q, amountGroups: 2, dynamic: true,
     dynamicGroupTemplate: {nameSuffix: n, targetCount: 3}}
targetFilters:
  - {name: f, query: q, autoAssignDS: {set: s, type: downloadonly, weight: 5, confirmationRequired: true}}
"""
SMALL = 'packline: 1\n'
GOOD = {"full": FULL, "product": product.MANIFEST, "small": SMALL}


def load(text):
    return yaml.load(text, Texts)  # noqa: S506


def places(value, path=()):
    """Every place of a document, the whole of it too."""
    yield path
    items = (value.items() if isinstance(value, dict) else
             enumerate(value) if isinstance(value, list) else ())
    for key, item in items:
        yield from places(item, (*path, key))


def at(document, path):
    for key in path:
        document = document[key]
    return document


def replacements(value):
    """A plain number, yes or no in YAML is text where text is wanted, so
    none of them takes the place of a text here."""
    if isinstance(value, bool):
        return ["no", 1, [], {}]
    if isinstance(value, int):
        return ["one", "1", -1, 0, 10**6, 2**40, True, []]
    if isinstance(value, str):
        return ["", "x" * 65, "x" * 129, "x" * 257, "x" * 5000, "a b/c", [],
                {}, [value]]
    if isinstance(value, list):
        return ["x", {}, [], value * 2, [*value, {"zz": "1"}], [*value, []]]
    return ["x", [], [value], {}, {**value, "zz": "1"}]


def mutants(document):
    for path in places(document):
        if not path:
            yield from ((path, new) for new in replacements(document))
            continue
        for new in [*replacements(at(document, path)), None]:
            mutant = copy.deepcopy(document)
            parent = at(mutant, path[:-1])
            if new is None:
                del parent[path[-1]]
            else:
                parent[path[-1]] = new
            yield path, mutant


@pytest.mark.parametrize("tool", PRINTED_BY)
def test_printed_schemas_are_those_in_the_tree(run, tool):
    for name in PRINTED_BY[tool]:
        printed = run(tool, "schema", name, check=0).out
        file = ROOT / "schemas" / f"{name}.schema.json"
        assert printed == file.read_text(encoding="utf-8"), \
            f"make it again: {tool} schema {name}"
        jsonschema.Draft7Validator.check_schema(json.loads(printed))


def test_every_schema_of_the_tree_is_printed():
    there = {path.name.removesuffix(".schema.json")
             for path in (ROOT / "schemas").glob("*.schema.json")}
    assert there == {name for names in PRINTED_BY.values() for name in names}


def test_help_and_manual_name_every_schema(run):
    for tool, names in PRINTED_BY.items():
        shown = set(re.findall(r"[a-z-]+", run(tool, "schema", "--help").out))
        manual = (ROOT / f"tools/{tool}.1.scd").read_text(encoding="utf-8")
        section = manual.split("\n## schema\n")[1].split("\n#")[0]
        for name in names:
            assert name in shown and f"*{name}*" in section


def test_document_has_every_key_and_every_rule():
    text = (ROOT / "schemas/manifest.md").read_text(encoding="utf-8")
    for name in ("manifest", "lock", "plan", "receipt"):
        schema = json.loads((ROOT / f"schemas/{name}.schema.json").read_text())
        for title, table in [(None, schema), *schema["definitions"].items()]:
            start = text.index(f"**{title}**:") if title else 0
            for key in table["properties"]:
                assert f"| `{key}`" in text[start:], (name, title, key)
    rules = (ROOT / "lib/manifest/rules.h").read_text(encoding="utf-8")
    ids = re.findall(r'X\(\s*[A-Z0-9_]+,\s*(?:\\\n\s*)?"([a-z0-9-]+)"', rules)
    assert len(ids) > 50
    assert [rule for rule in ids if f"| `{rule}` |" not in text] == []


@pytest.mark.parametrize("tool", PRINTED_BY)
def test_unknown_schema(run, tool):
    *most, last = PRINTED_BY[tool]
    done = run(tool, "schema", "manifset", check=2)
    assert f"there are {', '.join(most)} and {last}\n" in done.err


@pytest.mark.parametrize("name", GOOD)
def test_good_manifests(run, tmp_path, name):
    schema = json.loads(run("pkg-manifest", "schema", "manifest").out)
    jsonschema.validate(load(GOOD[name]), schema)
    (tmp_path / "m.yaml").write_text(GOOD[name])
    done = run("pkg-manifest", "check", "--no-files", "--json", "m.yaml")
    assert {r["rule"] for r in done.records} & SHAPE == set()


def test_lock_and_plan_fit_their_schemas(run, tmp_path):
    product.write(tmp_path)
    for argv in (["resolve", "product.yaml", "-o", "product.lock"],
                 ["plan", "product.lock", "-o", "plan.json"]):
        run("pkg-manifest", *argv, check=0)
    for name, file in (("lock", "product.lock"), ("plan", "plan.json")):
        schema = json.loads((ROOT / f"schemas/{name}.schema.json").read_text())
        jsonschema.validate(json.loads((tmp_path / file).read_text()), schema)


@pytest.mark.parametrize("name", ["full", "product"])
def test_verdicts_agree(run, tmp_path, name):
    schema = json.loads(run("pkg-manifest", "schema", "manifest").out)
    validator = jsonschema.Draft7Validator(schema)
    differ, seen = [], {True: 0, False: 0}
    for path, mutant in mutants(load(GOOD[name])):
        (tmp_path / "m.yaml").write_text(json.dumps(mutant))
        done = run("pkg-manifest", "check", "--no-files", "--json", "m.yaml")
        assert done.code in (0, 1), done
        ours = not {r["rule"] for r in done.records} & SHAPE
        theirs = validator.is_valid(mutant)
        seen[theirs] += 1
        if ours != theirs:
            differ.append((path, at(mutant, path) if ours else done.out))
    assert differ == []
    assert seen[True] > 50 and seen[False] > 200

# SPDX-License-Identifier: Apache-2.0
"""For each rule of `pkg-manifest check` that stands for a refusal: the server.

A case does on the server what the rule warns of, and sees it refused, or done
wrong in silence. The names of the cases are the rules' ids. What the server
would take is asserted beside it, so that a case cannot pass for another reason.
"""

import re

import pytest
from support import ROOT

REFUSALS = {}
# No refusal of a server: about the manifest, its files and how it is written.
OURS = set("""
    undefined-variable bad-variable include-file include-twice include-conflict
    no-tenant no-product control-character builtin-type path-outside
    file-missing not-a-file no-match bad-pattern filename-many file-unreadable
    record-missing record-mismatch ambiguous external-incomplete external-known
    competing-sets time-form blank-edge similar-name filename-form
    filename-md5sum duplicate-module duplicate-target server-too-old
    sbom-form sbom-digest sbom-names bits-records bits-empty bits-link bits-path
    bits-size bits-count bits-ignore percentage time-past metadata-key-path
    template-unused groups-remainder
    """.split())
# (The percentage of a threshold is looked at when a rollout runs, not before.)
# What the stand-in does not know: it has no cron parser.
NEEDS_THE_SERVER = {"window-schedule", "window-never", "window-duration",
                    "window-past", "window-ignored", "target-query"}
# Other kinds of servers: older, or set up otherwise.
OTHER_SERVERS = {"too-many-visible", "no-weight"}
# What a test cannot do: 20 GiB of storage, a file of more than 1 GiB.
TOO_LARGE = {"artifact-size", "storage-exceeded"}


def rule(name):
    def note(function):
        REFUSALS[name] = function
        return function

    return note


class Place:
    """Short ways to make things, with names of their own."""

    def __init__(self, api, name, version):
        self.api, self.name, self.version = api, name, version
        self.quota = 429 if version >= (0, 10) else 403

    def module(self, **more):
        return self.api.post("/softwaremodules", [
            {"name": self.name, "version": "1", "type": "os", **more}])

    def made(self, **more):
        status, answer = self.module(**more)
        assert status == 201, answer
        return answer[0]["id"]

    def set(self, modules=(), **more):
        return self.api.post("/distributionsets", [
            {"name": self.name, "version": "1", "type": "os",
             "modules": [{"id": i} for i in modules], **more}])

    def made_set(self, *modules, **more):
        status, answer = self.set(modules, **more)
        assert status == 201, answer
        return answer[0]["id"]

    def complete_set(self, **more):
        return self.made_set(self.made(), **more)

    def module_type(self, **more):
        return self.api.post("/softwaremoduletypes", [
            {"key": self.name, "name": self.name, "maxAssignments": 1,
             **more}])

    def set_type(self, mandatory, optional=(), **more):
        return self.api.post("/distributionsettypes", [
            {"key": self.name, "name": self.name,
             "mandatorymodules": [{"id": i} for i in mandatory],
             "optionalmodules": [{"id": i} for i in optional], **more}])

    def target(self):
        self.api.made("/targets", [{"controllerId": self.name,
                                    "name": self.name}])
        return self.name

    def assign(self, number, **more):
        return self.api.post(f"/distributionsets/{number}/assignedTargets",
                             [{"id": self.name, **more}])

    def rollout(self, number, **more):
        return self.api.post("/rollouts", {
            "name": self.name, "distributionSetId": number,
            "targetFilterQuery": f"name=={self.name}", **more})


@pytest.fixture
def place(api, name, version):
    return Place(api, name, version)


# -- texts and identities -----------------------------------------------------

@rule("markup")
def markup(p):
    for bad in ("a<b>c", "a<!--x-->b", "<?xml?>", "<img src=x>"):
        assert p.module(name=f"{p.name}{bad}")[0] == 400, bad
        assert p.module(description=bad)[0] == 400, bad
    for n, good in enumerate(("a<b", "a>b", "a & b", '"', "a;b", "it's")):
        assert p.module(version=f"{n}", description=good)[0] == 201, good


@rule("duplicate")
def duplicate(p):
    p.made()
    assert p.module()[0] == 409
    p.made_set()
    assert p.set()[0] == 409
    assert p.set(type="app")[0] == (409 if p.version < (0, 9) else 201)
    assert p.module_type()[0] == 201
    assert p.module_type(key=f"{p.name}2")[0] == 409
    assert p.module_type(name=f"{p.name}2")[0] == 409
    body = {"name": p.name, "query": "name==x"}
    assert p.api.post("/targetfilters", body)[0] == 201
    assert p.api.post("/targetfilters", body)[0] == 409


@rule("unknown-type")
def unknown_type(p):
    assert p.module(type=f"{p.name}")[0] in (400, 404)
    assert p.set(type=f"{p.name}")[0] in (400, 404)


# -- modules and files --------------------------------------------------------

@rule("min-artifacts")
def min_artifacts(p):
    if p.version < (0, 10):
        pytest.skip("minArtifacts came with 0.10")
    kind = p.module_type(minArtifacts=1)[1][0]["id"]
    assert p.set_type([kind])[0] == 201
    module = p.made(type=p.name)
    number = p.made_set(module, type=p.name)
    p.target()
    status, answer = p.assign(number)
    assert (status, answer["errorCode"].rsplit(".", 1)[1]) == (
        400, "incomplete")
    p.api.upload(module, "a", b"x")
    assert p.assign(number)[0] == 200


@rule("too-many-artifacts")
def too_many_artifacts(p):
    module = p.made()
    for n in range(50):
        assert p.api.upload(module, f"{n}", b"x")[0] == 201
    status, answer = p.api.upload(module, "50", b"x")
    assert status == p.quota and ".quota." in answer["errorCode"]


@rule("too-many-metadata")
def too_many_metadata(p):
    path = f"/softwaremodules/{p.made()}/metadata"
    rows = [{"key": f"{n}", "value": "x"} for n in range(101)]
    assert p.api.post(path, rows)[0] == p.quota
    assert p.api.post(path, rows[:100])[0] == 201
    assert p.api.post(path, rows[100:])[0] == p.quota
    path = f"/distributionsets/{p.made_set()}/metadata"
    assert p.api.post(path, rows)[0] == p.quota


@rule("duplicate-metadata")
def duplicate_metadata(p):
    path = f"/softwaremodules/{p.made()}/metadata"
    rows = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]
    assert p.api.post(path, rows)[0] in (409, 500)


@rule("server-encryption")
def server_encryption(p):
    status, answer = p.module(encrypted=True)
    assert status == 400 and "encryption" in answer["errorCode"].lower()


@rule("filename-clash")
def filename_clash(p):
    module = p.made()
    assert p.api.upload(module, "a.bin", b"x")[0] == 201
    assert p.api.upload(module, "a.bin", b"x")[0] == 409
    assert p.api.upload(module, "A.BIN", b"y")[0] == 409
    assert p.api.upload(module, "x", b"y", filename=" a.bin ")[0] == 409
    assert p.api.upload(module, "b.bin", b"y")[0] == 201


@rule("filename-length")
def filename_length(p):
    module = p.made()
    assert p.api.upload(module, "x", b"x", filename="a" * 257)[0] == 400
    assert p.api.upload(module, "x", b"x", filename="a" * 256)[0] == 201


@rule("filename-path")
def filename_path(p):
    """It can be uploaded; the path of a download cannot name it."""
    module = p.made()
    assert p.api.upload(module, "x", b"x", filename="a;b%")[0] == 201


@rule("empty-artifact")
def empty_artifact(p):
    module = p.made()
    assert p.api.upload(module, "x", b"")[0] == 400
    assert p.api.get(f"/softwaremodules/{module}/artifacts")[1] == []


# -- sets ---------------------------------------------------------------------

@rule("unknown-module")
def unknown_module(p):
    status, answer = p.set([2 ** 40])
    assert status in (400, 404), answer


@rule("foreign-type")
def foreign_type(p):
    module = p.made(type="application")
    status, answer = p.set([module])
    assert status == 400 and "unsupported" in answer["errorCode"]
    assert p.set([module], type="app")[0] == 201


@rule("max-assignments")
def max_assignments(p):
    """Two of which one is allowed: 201, and one of them is gone."""
    one, two = p.made(), p.made(version="2")
    number = p.made_set(one, two)
    have = p.api.find(f"/distributionsets/{number}/assignedSM")
    assert len(have) == 1


@rule("incomplete-set")
def incomplete_set(p):
    p.target()
    for version, modules, kind in (("1", [], "os"), (
            "2", [p.made(type="application")], "os_app")):
        number = p.made_set(*modules, version=version, type=kind)
        status, answer = p.assign(number)
        assert (status, answer["errorCode"].rsplit(".", 1)[1]) == (
            400, "incomplete")


@rule("too-many-modules")
def too_many_modules(p):
    status, made = p.api.post("/softwaremodules", [
        {"name": p.name, "version": f"{n}", "type": "application"}
        for n in range(101)])
    assert status == 201
    number = p.made_set(type="app")
    path = f"/distributionsets/{number}/assignedSM"
    ids = [{"id": m["id"]} for m in made]
    assert p.api.post(path, ids)[0] == p.quota
    assert p.api.post(path, ids[:100])[0] in (200, 204)


@rule("too-many-types")
def too_many_types(p):
    status, made = p.api.post("/softwaremoduletypes", [
        {"key": f"{p.name}{n}", "name": f"{p.name}{n}", "maxAssignments": 1}
        for n in range(51)])
    assert status == 201
    ids = [t["id"] for t in made]
    assert p.set_type(ids)[0] == p.quota
    assert p.set_type(ids[:50])[0] == 201


# -- assignments --------------------------------------------------------------

@rule("unknown-set")
def unknown_set(p):
    p.target()
    assert p.assign(2 ** 40)[0] in (400, 404)


@rule("forcetime-unused")
def forcetime_unused(p):
    p.target()
    assert p.assign(p.complete_set(), type="soft", forcetime=1)[0] == 200


@rule("offline-unused")
def offline_unused(p):
    """Even a window that makes no sense is not looked at."""
    p.target()
    number = p.complete_set()
    path = f"/distributionsets/{number}/assignedTargets"
    window = {"schedule": "x", "duration": "x", "timezone": "x"}
    row = [{"id": p.name, "maintenanceWindow": window}]
    assert p.api.post(path, row)[0] == 400
    assert p.api.post(f"{path}?offline=true", row)[0] == 200


GOOD = {"schedule": "0 0 2 ? * SUN", "duration": "02:00:00",
        "timezone": "+01:00"}


def window(p, **bad):
    p.target()
    number = p.complete_set()
    for key, values in bad.items():
        for value in values:
            status, answer = p.assign(number, maintenanceWindow={
                **GOOD, key: value})
            assert status == 400, (key, value)
    for key in GOOD:
        part = {k: v for k, v in GOOD.items() if k != key}
        assert p.assign(number, maintenanceWindow=part)[0] == 400
    assert p.assign(number, maintenanceWindow=GOOD)[0] == 200


@rule("window-schedule")
def window_schedule(p):
    window(p, schedule=["0 0 2 * * SUN", "0 0 2 ? * ?", "0 0 2 ?", "@daily",
                        "x", "60 0 2 ? * SUN", "0 0 24 ? * SUN",
                        "0 0 2 ? * 8", "0 0 2 32 * ?"])


@rule("window-never")
def window_never(p):
    window(p, schedule=["0 0 2 30 2 ?", "0 0 2 ? * SUN 1999"])


@rule("window-past")
def window_past(p):
    window(p, schedule=["0 0 2 1 1 ? 2020", "0 0 2 29 2 ? 2024"])


@rule("window-ignored")
def window_ignored(p):
    """Nothing is left of these; what is left of others no call tells."""
    window(p, schedule=["0 0 22-2,23-1 1 * ?", "0 0 2 L,LW * ?"])


@rule("window-duration")
def window_duration(p):
    window(p, duration=["2", "PT2H", "24:00:00", "02:60", "x"])


@rule("window-timezone")
def window_timezone(p):
    window(p, timezone=["Europe/Berlin", "1", "UTC+1", "+1", "x"])


# -- rollouts -----------------------------------------------------------------

@rule("rollout-dynamic")
def rollout_dynamic(p):
    p.target()
    number = p.complete_set()
    assert p.rollout(number, dynamic=True, groups=[{"name": "g"}])[0] == 400
    assert p.rollout(number, groups=[{"name": "g"}])[0] == 201


@rule("too-many-groups")
def too_many_groups(p):
    p.target()
    number = p.complete_set()
    assert p.rollout(number, amountGroups=501)[0] in (400, p.quota)
    assert p.rollout(number, amountGroups=1)[0] == 201


@rule("target-query")
def target_query(p):
    p.target()
    number = p.complete_set()
    for n, bad in enumerate(("name=x", "tags==x", "name==", "(name==x")):
        body = {"name": f"{p.name}{n}", "query": bad}
        assert p.api.post("/targetfilters", body)[0] == 400, bad
        assert p.rollout(number, targetFilterQuery=bad)[0] == 400, bad
    for n, good in enumerate(("name==x", "attribute.a==b;tag==c",
                              "lastcontrollerrequestat=le=${OVERDUE_TS}")):
        body = {"name": f"{p.name}+{n}", "query": good}
        assert p.api.post("/targetfilters", body)[0] == 201, good


# -- all of them --------------------------------------------------------------

@pytest.mark.parametrize("name_of_rule", REFUSALS)
def test_server_refuses(name_of_rule, place, is_real):
    if name_of_rule in NEEDS_THE_SERVER and not is_real:
        pytest.skip("only the real server knows")
    REFUSALS[name_of_rule](place)


def test_no_rule_is_forgotten():
    text = (ROOT / "lib/manifest/rules.h").read_text()
    ids = set(re.findall(r'X\(\s*[A-Z0-9_]+,\s*(?:\\\n\s*)?"([a-z0-9-]+)"',
                         text))
    # Packages of Cloud Foundry, and what the server has no place for.
    ids = {i for i in ids if not i.startswith(("bits-", "sbom-"))}
    assert set(REFUSALS) <= ids
    assert ids - set(REFUSALS) - OURS - TOO_LARGE - OTHER_SERVERS == set()


# -- what the plan heeds ------------------------------------------------------

def test_targets_at_once(place):
    """Why an assignment of more than 5,000 targets is several steps."""
    number = place.complete_set()
    rows = [{"id": f"{place.name}{n}"} for n in range(5001)]
    path = f"/distributionsets/{number}/assignedTargets"
    assert place.api.post(path, rows)[0] == place.quota
    assert place.api.post(path, rows[:5000])[0] == 200


# -- lengths: the binding tables hold them ------------------------------------

def test_lengths(place):
    """One more than allowed is refused, in UTF-16 units."""
    for key, limit in (("name", 128), ("version", 64), ("vendor", 256),
                       ("description", 512)):
        assert place.module(**{"version": key, key: "a" * (limit + 1)})[0] \
            == 400, key
        assert place.module(**{"version": key, key: "a" * limit})[0] == 201
    wide = "\N{GRINNING FACE}"
    assert place.module(description=wide * 257)[0] == 400
    assert place.module(description=wide * 256)[0] == 201
    path = f"/softwaremodules/{place.made(version='m')}/metadata"
    post = place.api.post
    assert post(path, [{"key": "k" * 129, "value": "x"}])[0] == 400
    assert post(path, [{"key": "k", "value": "x" * 4001}])[0] == 400
    assert post(path, [{"key": "k" * 128, "value": "x" * 4000}])[0] == 201
    number = place.made_set(place.made(version="n"))
    place.target()
    assert place.assign(number, weight=1001)[0] == 400
    assert place.assign(number, type="timforced")[0] == 400
    assert place.assign(number, type="timeforced", forcetime=1)[0] == 200

# SPDX-License-Identifier: Apache-2.0
"""pkg-import next to a server: what is there afterwards, and what is sent."""

import hashlib
import json

import pytest
from importing import FILES, PRODUCT, actions, summary


def state(api, name):
    """All that the server has of the small product, ids and times aside."""
    def plain(entity):
        drop = ("id", "_links", "createdAt", "createdBy", "lastModifiedAt",
                "lastModifiedBy", "modules")
        return {k: v for k, v in entity.items() if k not in drop}

    found = {"types": [plain(t) for kind in ("softwaremoduletypes",
                                             "distributionsettypes")
                       for t in api.find(f"/{kind}")
                       if t["key"].startswith(name)]}
    for m in api.find("/softwaremodules"):
        if m["name"].startswith(name):
            path = f"/softwaremodules/{m['id']}"
            found[m["name"]] = [
                plain(m),
                sorted((a["providedFilename"], a["size"],
                        a["hashes"]["sha256"])
                       for a in api.get(f"{path}/artifacts")[1]),
                api.get(f"{path}/metadata")[1]["content"]]
    for s in api.find("/distributionsets", name=name):
        path = f"/distributionsets/{s['id']}"
        found[s["version"]] = [
            plain(s),
            sorted(m["name"] for m in api.find(f"{path}/assignedSM")),
            api.get(f"{path}/metadata")[1]["content"]]
    return json.loads(json.dumps(found))


def test_everything_is_there_as_the_manifest_says(api, importer, name):
    result = importer(importer.product(name), check=0)
    assert set(actions(result).values()) == {"created", "found"}
    found = state(api, name)
    system, files, metadata = found[f"{name}-os"]
    assert (system["version"], system["type"], system["vendor"],
            system["description"]) == ("1.0", "os", "Acme", "The system")
    assert files == [[n, len(FILES[n]), hashlib.sha256(FILES[n]).hexdigest()]
                     for n in ("os.bin", "os.dtb")]
    assert metadata == [{"key": "build", "value": "b1", "targetVisible": True}]
    whole, modules, metadata = found["1.0"]
    assert whole["complete"] is True
    assert modules == [f"{name}-boot", f"{name}-os"]
    assert metadata == [{"key": "channel", "value": "stable"}]


def test_second_time_nothing_is_written(api, importer, proxy, name):
    bundle = importer.product(name)
    importer(bundle, check=0)
    before = state(api, name)
    result = importer(bundle, server=proxy.url, check=0)
    assert set(actions(result).values()) == {"unchanged", "found"}
    assert summary(result)["writes"] == 0
    assert proxy.writes == []
    assert len(proxy.seen) == summary(result)["reads"] > 0
    assert state(api, name) == before


def test_dry_run_writes_nothing_and_tells_all(api, importer, proxy, name):
    bundle = importer.product(name)
    result = importer(bundle, "--dry-run", server=proxy.url, check=0)
    assert proxy.writes == []
    assert set(actions(result).values()) == {"would-create", "found"}
    assert state(api, name) == {"types": []}
    real = importer(bundle, check=0)
    assert {r: a.replace("would-create", "created")
            for r, a in actions(result).items()} == actions(real)
    again = importer(bundle, "--dry-run", check=0)
    assert set(actions(again).values()) == {"unchanged", "found"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_interrupted_at_every_request_and_done_again(api, importer, proxy,
                                                     name, when, is_real):
    """Each time another product: what matters is that it ends alike.

    (At every third request of a stand-in: what counts is the real server.)
    """
    importer(importer.product(name), server=proxy.url, check=0)
    calls = len(proxy.seen)
    want = json.dumps(state(api, name)).replace(name, "NAME")
    for number in range(1, calls + 1, 1 if is_real else 3):
        other = f"{name}x{when}{number}"
        bundle = importer.product(other)
        proxy.seen.clear()
        proxy.drop = (number, when)
        broken = importer(bundle, "--retries", 0, server=proxy.url)
        if proxy.seen[number - 1][0] == "GET":
            assert broken.code in (0, 4), f"call {number}: {broken}"
        else:       # sent once, and never again without a look
            assert broken.code == 4, f"call {number}: {broken}"
            assert "the import can be run again" in broken.err
            assert len(proxy.seen) == number
        importer(bundle, server=proxy.url, check=0)
        assert json.dumps(state(api, other)).replace(other, "NAME") == want


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_broken_connection_is_tried_again(api, importer, proxy, name, when,
                                            is_real):
    importer(importer.product(name), server=proxy.url, check=0)
    calls = len(proxy.seen)
    want = json.dumps(state(api, name)).replace(name, "NAME")
    for number in range(2, calls + 1, 1 if is_real else 3):
        other = f"{name}y{when}{number}"
        proxy.seen.clear()
        proxy.drop = (number, when)
        result = importer(importer.product(other), server=proxy.url, check=0)
        assert set(actions(result).values()) == {"created", "found"}
        assert json.dumps(state(api, other)).replace(other, "NAME") == want


def test_files_come_back_with_their_digests(api, importer, name):
    importer(importer.product(name), check=0)
    for module in (f"{name}-os", f"{name}-boot"):
        path = f"/softwaremodules/{api.one('/softwaremodules', name=module)['id']}"
        for artifact in api.get(f"{path}/artifacts")[1]:
            status, data = api.get(
                f"{path}/artifacts/{artifact['id']}/download")
            assert status == 200
            assert data == FILES[artifact["providedFilename"]]


# -- changes ------------------------------------------------------------------

def test_what_may_change_is_changed(api, importer, name):
    importer(importer.product(name), check=0)
    result = importer(importer.product(
        name, ("The system", "The new system"), ("vendor: Acme", "vendor: New"),
        ("value: b1", "value: b2"), ("All of it", "All"),
        ("targetVisible: true", "targetVisible: false"),
        ("colour: red", "colour: blue")), check=0)
    done = {k.split(":")[0]: a for k, a in actions(result).items()
            if a == "updated"}
    assert set(done) == {"module-type", "module", "module-metadata", "set"}
    found = state(api, name)
    assert found[f"{name}-os"][0]["description"] == "The new system"
    assert found[f"{name}-os"][0]["vendor"] == "New"
    assert found[f"{name}-os"][2] == [
        {"key": "build", "value": "b2", "targetVisible": False}]
    assert found["1.0"][0]["description"] == "All"


def test_another_file_of_the_same_name_is_refused(api, importer, name):
    importer(importer.product(name), check=0)
    before = state(api, name)
    (importer.folder / "os.bin").write_bytes(b"another")
    bundle = importer.bundle(PRODUCT.format(name=name),
                             {**FILES, "os.bin": b"another"})
    result = importer(bundle, check=1)
    assert "different-artifact" in result.err
    assert state(api, name) == before
    assert "different-artifact" in importer(bundle, "--prune", check=1).err


def test_what_cannot_change_is_refused(importer, name):
    importer(importer.product(name), check=0)
    result = importer(importer.product(name, ("maxAssignments: 2",
                                              "maxAssignments: 3")), check=1)
    assert "immutable" in result.err and "maxAssignments" in result.err
    result = importer(importer.product(
        name, ("mandatorymodules: [os]", f"mandatorymodules: [os, '{name}-b']"),
        (f"optionalmodules: ['{name}-b']", "optionalmodules: []")), check=1)
    assert "immutable" in result.err


def test_a_locked_module_is_refused(api, importer, name):
    importer(importer.product(name), check=0)
    api.made("/targets", [{"controllerId": name, "name": name}])
    number = api.one("/distributionsets", name=name)["id"]
    status, _ = api.post(f"/distributionsets/{number}/assignedTargets",
                         [{"id": name}])
    assert status == 200
    result = importer(importer.product(
        name, ("{path: os.dtb}", "{path: os.dtb}, {path: boot.bin}")), check=1)
    assert "locked" in result.err
    assert "another version" in result.err


def test_modules_of_a_set_are_completed_and_pruned(api, importer, name):
    importer(importer.product(name), check=0)
    number = api.one("/distributionsets", name=name)["id"]
    boot = api.one("/softwaremodules", name=f"{name}-boot")["id"]
    path = f"/distributionsets/{number}/assignedSM"
    assert api.delete(f"{path}/{boot}")[0] in (200, 204)
    result = importer(importer.product(name), check=0)
    assert actions(result)[f"set:{name}-s/{name}/1.0"] == "updated"
    assert len(api.find(path)) == 2
    fewer = importer.product(name, (f"modules: [{name}-os, {name}-boot]",
                                    f"modules: [{name}-os]"))
    assert "different-modules" in importer(fewer, check=1).err
    assert len(api.find(path)) == 2
    would = importer(fewer, "--prune", "--dry-run", check=0)
    assert "would-delete" in actions(would).values()
    assert len(api.find(path)) == 2
    importer(fewer, "--prune", check=0)
    assert [m["name"] for m in api.find(path)] == [f"{name}-os"]


def test_prune_deletes_only_beneath_what_is_planned(api, importer, name):
    importer(importer.product(name), check=0)
    stranger = api.module(f"{name}-stranger")["id"]
    api.upload(stranger, "keep.bin", b"keep")
    number = api.one("/softwaremodules", name=f"{name}-os")["id"]
    path = f"/softwaremodules/{number}"
    api.upload(number, "extra.bin", b"too much")
    api.post(f"{path}/metadata", [{"key": "extra", "value": "x"}])
    bundle = importer.product(name)
    importer(bundle, check=0)
    assert len(api.get(f"{path}/artifacts")[1]) == 3
    result = importer(bundle, "--prune", check=0)
    assert summary(result)["deleted"] == 2
    assert {a["providedFilename"] for a in api.get(f"{path}/artifacts")[1]} \
        == {"os.bin", "os.dtb"}
    assert [d["key"] for d in api.get(f"{path}/metadata")[1]["content"]] == \
        ["build"]
    assert len(api.get(f"/softwaremodules/{stranger}/artifacts")[1]) == 1


def test_a_deleted_name_is_told_apart(api, importer, name):
    """Deleted, but in a set: the row stays and keeps its name for ever."""
    importer(importer.product(name), check=0)
    number = api.one("/softwaremodules", name=f"{name}-os")["id"]
    assert api.delete(f"/softwaremodules/{number}")[0] in (200, 204)
    result = importer(importer.product(name), check=1)
    assert "soft-deleted" in result.err
    assert "choose another version" in result.err


def test_a_name_that_a_type_has_taken(api, importer, name):
    api.made("/softwaremoduletypes", [
        {"key": f"{name}-other", "name": f"{name} boot", "maxAssignments": 1}])
    result = importer(importer.product(name), check=1)
    assert "name-taken" in result.err and f"{name}-other" in result.err


def test_wildcards_in_names_are_no_wildcards(api, importer, name):
    """The server's query takes * for anything; the importer does not."""
    bundle = importer.product(name)
    importer(bundle, check=0)
    starred = importer.bundle(
        PRODUCT.format(name=name).replace(f"name: {name}-os\n",
                                          f"name: \"{name}*\"\n", 1)
        .replace(f"modules: [{name}-os, {name}-boot]",
                 f"modules: [\"{name}*\", {name}-boot]")
        .replace(f"name: {name}\n    version: \"1.0\"\n    type",
                 f"name: {name}\n    version: \"1.1\"\n    type"))
    result = importer(starred, check=0)
    assert actions(result)[f"module:os/{name}%2A/1.0"] == "created"


# -- receipt and --known ------------------------------------------------------

def test_receipt_and_a_bundle_without_what_is_known(api, importer, name):
    bundle = importer.product(name)
    importer(bundle, "--receipt", "receipt.json", check=0)
    receipt = json.loads((importer.folder / "receipt.json").read_text())
    by_ref = {s["ref"]: s for s in receipt["steps"]}
    system = api.one("/softwaremodules", name=f"{name}-os")
    assert by_ref[f"module:os/{name}-os/1.0"]["id"] == system["id"]
    file = by_ref[f"artifact:os/{name}-os/1.0/os.bin"]
    assert file["sha256"] == hashlib.sha256(FILES["os.bin"]).hexdigest()
    assert file["size"] == len(FILES["os.bin"])
    text = PRODUCT.format(name=name).replace(
        "[{path: os.bin}", "[{path: new.bin}, {path: os.bin}", 1)
    slim = importer.bundle(text, {**FILES, "new.bin": b"new\n" * 9},
                           ["--known", "receipt.json"], "slim")
    assert slim.stat().st_size < bundle.stat().st_size - 70000
    importer.run("pkg-verify", slim, "--trust", importer.keys.ca, check=0)
    result = importer(slim, check=0)
    done = actions(result)
    assert done[f"artifact:os/{name}-os/1.0/new.bin"] == "created"
    assert done[f"artifact:os/{name}-os/1.0/os.bin"] == "found"


def test_known_on_a_server_that_does_not_have_it(api, importer, name):
    importer(importer.product(name), "--receipt", "receipt.json", check=0)
    number = api.one("/softwaremodules", name=f"{name}-boot")["id"]
    artifact, = api.get(f"/softwaremodules/{number}/artifacts")[1]
    path = f"/softwaremodules/{number}/artifacts/{artifact['id']}"
    assert api.delete(path)[0] in (200, 204)
    slim = importer.bundle(PRODUCT.format(name=name), None,
                           ["--known", "receipt.json"], "slim")
    result = importer(slim, check=1)
    assert "not-found" in result.err and "--known" in result.err


# -- filters, assignments, rollouts -------------------------------------------

MORE = """\
targetFilters:
  - {{name: {name} filter, query: 'name=={name}*', autoAssignDS: {{set: {name}, type: soft}}}}
assignments:
  - {{set: {name}, targets: ['{name}a', '{name}b'], type: soft}}
rollouts:
  - {{name: {name} rollout, set: {name}, targetFilterQuery: 'name=={name}*', amountGroups: 2}}
"""


def test_filters_assignments_and_rollouts(api, importer, proxy, name):
    for letter in "ab":
        api.made("/targets", [{"controllerId": f"{name}{letter}",
                               "name": f"{name}{letter}"}])
    bundle = importer.bundle((PRODUCT + MORE).format(name=name))
    importer(bundle, check=0)
    number = api.one("/distributionsets", name=name)["id"]
    have = api.find(f"/distributionsets/{number}/assignedTargets")
    assert {t["controllerId"] for t in have} == {f"{name}a", f"{name}b"}
    filters = api.one("/targetfilters", name=f"{name} filter")
    status, chosen = api.get(f"/targetfilters/{filters['id']}/autoAssignDS")
    assert (status, chosen["id"]) == (200, number)
    rollout = api.one("/rollouts", name=f"{name} rollout")
    assert rollout["distributionSetId"] == number
    again = importer(bundle, server=proxy.url, check=0)
    assert proxy.writes == []
    assert set(actions(again).values()) == {"unchanged", "found"}


def test_an_assignment_in_several_requests(api, importer, proxy, name,
                                           tmp_path):
    for letter in "ab":
        api.made("/targets", [{"controllerId": f"{name}{letter}",
                               "name": f"{name}{letter}"}])
    (tmp_path / "one.yaml").write_text(
        "packline: 1\nquotas: {maxTargetDistributionSetAssignmentsPer"
        "ManualAssignment: 1}\n")
    bundle = importer.bundle((PRODUCT + MORE).format(name=name), None,
                             ["--profile", "one.yaml"])
    done = actions(importer(bundle, check=0))
    assert (done["assignment:1/1"], done["assignment:1/2"]) == (
        "created", "created")
    number = api.one("/distributionsets", name=name)["id"]
    have = api.find(f"/distributionsets/{number}/assignedTargets")
    assert {t["controllerId"] for t in have} == {f"{name}a", f"{name}b"}
    again = importer(bundle, server=proxy.url, check=0)
    assert proxy.writes == []
    assert set(actions(again).values()) == {"unchanged", "found"}


def test_a_target_that_the_server_does_not_know(api, importer, name):
    api.made("/targets", [{"controllerId": f"{name}a", "name": f"{name}a"}])
    bundle = importer.bundle((PRODUCT + MORE).format(name=name))
    result = importer(bundle, check=1)
    assert "unknown-target" in result.err and f"{name}b" in result.err

# SPDX-License-Identifier: Apache-2.0
"""The example product, from its lock to a device and back."""

import hashlib

import pytest
from importing import actions, summary


@pytest.fixture(scope="module")
def imported(gateway, server):
    """What pkg-import said when it brought the gateway to the server."""
    (gateway.folder / "netrc").write_text(
        "machine 127.0.0.1 login admin password admin\n")
    (gateway.folder / "netrc").chmod(0o600)
    return import_gateway(gateway, server)


def import_gateway(gateway, url):
    from support import Runner, bin_folder
    return Runner(bin_folder(), gateway.folder)(
        "pkg-import", "gateway.bundle", "--trust", "keys/trust.yaml",
        "--server", url, "--netrc", "netrc", "--receipt", "receipt.json",
        "--force", check=0)


def module_of(api, wanted):
    return api.one("/softwaremodules", name=wanted["name"],
                   version=wanted["version"], type=wanted["type"])


def test_modules_are_those_of_the_lock(api, gateway, imported):
    for wanted in gateway.lock["modules"]:
        found = module_of(api, wanted)
        for key in ("description", "vendor"):
            assert found.get(key) == wanted.get(key)
        assert found.get("encrypted", False) is False
        path = f"/softwaremodules/{found['id']}"
        metadata = api.get(f"{path}/metadata")[1]["content"]
        assert metadata == [{"targetVisible": False, **one}
                            for one in wanted["metadata"]]


def test_digests_are_those_of_the_lock(api, gateway, imported):
    seen = {}
    for wanted in gateway.lock["modules"]:
        path = f"/softwaremodules/{module_of(api, wanted)['id']}"
        for one in api.get(f"{path}/artifacts")[1]:
            seen[one["providedFilename"]] = {"size": one["size"],
                                             **one["hashes"]}
    assert seen == gateway.records


def test_every_file_comes_back_whole(api, gateway, imported):
    for wanted in gateway.lock["modules"]:
        path = f"/softwaremodules/{module_of(api, wanted)['id']}/artifacts"
        for one in api.get(path)[1]:
            status, data = api.get(f"{path}/{one['id']}/download")
            assert status == 200
            assert hashlib.sha256(data).hexdigest() == \
                gateway.records[one["providedFilename"]]["sha256"]


def test_sets_are_those_of_the_lock(api, gateway, imported):
    wanted, = gateway.lock["sets"]
    found = api.one("/distributionsets", name=wanted["name"],
                    version=wanted["version"], type=wanted["type"])
    assert found["description"] == wanted["description"]
    assert found["requiredMigrationStep"] is False
    assert found["complete"] is True
    path = f"/distributionsets/{found['id']}"
    assert {m["name"] for m in api.find(f"{path}/assignedSM")} == {
        m["name"] for m in gateway.lock["modules"]}
    assert api.get(f"{path}/metadata")[1]["content"] == wanted["metadata"]


def test_types_are_those_of_the_lock(api, gateway, imported):
    types = gateway.lock["types"]
    for wanted in types["modules"]:
        found = api.one("/softwaremoduletypes", key=wanted["key"])
        assert {k: found.get(k) for k in wanted} == wanted
    for wanted in types["sets"]:
        found = api.one("/distributionsettypes", key=wanted["key"])
        assert found["name"] == wanted["name"]
        for key, list_of in (("mandatorymodules", "mandatorymoduletypes"),
                             ("optionalmodules", "optionalmoduletypes")):
            status, keys = api.get(
                f"/distributionsettypes/{found['id']}/{list_of}")
            assert status == 200
            assert {t["key"] for t in keys} == set(wanted[key])


def test_again_without_a_write(gateway, imported, proxy):
    result = import_gateway(gateway, proxy.url)
    assert proxy.writes == []
    assert summary(result)["writes"] == 0
    assert set(actions(result).values()) == {"unchanged", "found"}


def test_a_device_gets_what_was_sealed(api, gateway, imported, name, run,
                                       version, is_real):
    """As DDI shows it; pkg-verify then says yes to what was downloaded."""
    if is_real:
        for key in ("authentication.gatewaytoken.enabled",
                    "authentication.targettoken.enabled"):
            api.put(f"/system/configs/{key}", {"value": True})
        api.put("/system/configs/authentication.gatewaytoken.key",
                {"value": "word"})
    wanted, = gateway.lock["sets"]
    number = api.one("/distributionsets", name=wanted["name"],
                     version=wanted["version"])["id"]
    api.made("/targets", [{"controllerId": name, "name": name}])
    status, _ = api.post(f"/distributionsets/{number}/assignedTargets",
                         [{"id": name, "type": "forced"}])
    assert status == 200
    device = type(api)(api.url, "GatewayToken word")
    _, base = device.get(f"/DEFAULT/controller/v1/{name}")
    link = base["_links"]["deploymentBase"]["href"]
    _, job = device.get(link[link.index("/DEFAULT"):])
    chunks = {c["part"]: c for c in job["deployment"]["chunks"]}
    assert set(chunks) == {"os", "bootloader", "bApp"}  # application, in DDI
    assert chunks["os"]["metadata"] == [
        {"key": "build-id", "value": f"b-{gateway.suffix}"}]
    file, = [a for a in chunks["os"]["artifacts"]
             if a["filename"] == "rootfs.seal"]
    assert {"size": file["size"], **file["hashes"]} == \
        gateway.records["rootfs.seal"]
    href = next(v["href"] for k, v in file["_links"].items()
                if k.startswith("download"))
    _, data = device.get(href[href.index("/DEFAULT"):])
    (gateway.folder / "got.seal").write_bytes(data)
    yes = run("pkg-verify", "got.seal", "--trust", "keys/trust.yaml", "-d",
              "product/ecu-a.yaml", "--recipient", "keys/private/ecu-a.key",
              "--cert", "keys/certs/ecu-a.pem", "--extract", "got",
              "--force", cwd=gateway.folder, check=0)
    assert yes.records[-1]["ok"] is True
    assert (gateway.folder / "got/rootfs.squashfs").read_bytes() == \
        (gateway.folder / "product/rootfs.squashfs").read_bytes()

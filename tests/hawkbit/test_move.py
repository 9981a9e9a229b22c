# SPDX-License-Identifier: Apache-2.0
"""From one server to another: listings, manifest, bundle, listings again.

Two servers that have nothing else are needed, so these are stand-ins also
where there is a real one; what the tools read and write is the API's."""

import json

import pytest
from importing import FILES, Api
from standin import StandIn
from test_import import state

OWN = {"createdAt", "createdBy", "lastModifiedAt", "lastModifiedBy", "_links",
       "id"}


@pytest.fixture
def servers(version):
    text = ".".join(map(str, version))
    with StandIn(text) as source, StandIn(text) as target:
        yield source, target


def save(api, folder):
    """Every listing, as a loop over curl would; {name: answer}."""
    answers = {}

    def get(name):
        status, answer = api.get(f"/{name}")
        assert status == 200, name
        answers[name] = answer
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(answer), encoding="utf-8")
        return answer["content"] if isinstance(answer, dict) else answer

    get("softwaremoduletypes")
    for one in get("distributionsettypes"):
        for kind in ("mandatory", "optional"):
            get(f"distributionsettypes/{one['id']}/{kind}moduletypes")
    for one in get("softwaremodules"):
        get(f"softwaremodules/{one['id']}/artifacts")
        get(f"softwaremodules/{one['id']}/metadata")
    for one in get("distributionsets"):
        get(f"distributionsets/{one['id']}/assignedSM")
        get(f"distributionsets/{one['id']}/metadata")
    return answers


def plain(value):
    """Without what is the server's own, and without an order of lists."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in OWN}
    if isinstance(value, list):
        return sorted((plain(v) for v in value),
                      key=lambda v: json.dumps(v, sort_keys=True))
    return value


def test_what_one_server_has_goes_to_another(run, importer, servers, tmp_path,
                                              name):
    source, target = servers
    importer(importer.product(name), server=source.url, check=0)
    there = Api(source.url)
    before = save(there, tmp_path / "listings")
    for path in FILES:  # they come from the server alone
        (tmp_path / path).unlink()
    run("pkg-manifest", "from-server", "--tenant", "acme", "--name", name,
        "--version", "1.0", "--downloads", "downloads.txt", "-o",
        "moved.yaml", "listings", check=0)
    (tmp_path / "files").mkdir()
    for line in (tmp_path / "downloads.txt").read_text().splitlines():
        path, file = line.split("\t")
        status, data = there.call("GET", source.url + path)
        assert status == 200
        (tmp_path / file).write_bytes(data)
    bundle = importer.bundle((tmp_path / "moved.yaml").read_text(), files={},
                             name="moved")
    importer(bundle, server=target.url, check=0)
    after = save(Api(target.url), tmp_path / "after")
    assert sorted(map(json.dumps, plain(list(after.values())))) == \
        sorted(map(json.dumps, plain(list(before.values()))))
    assert state(Api(target.url), name) == state(there, name)
    # and what the listings say of a lock is what was imported
    run("pkg-manifest", "diff", "moved.lock", "after", check=0)

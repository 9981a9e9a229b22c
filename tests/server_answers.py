# SPDX-License-Identifier: Apache-2.0
"""The answers of a server that has what a lock says, as files.

It is what GETs of hawkBit 1.0 give, with the members that nobody needs."""

import json


def page(content):
    return {"content": content, "total": len(content), "size": len(content)}


OWN = {"modules": [("os", "OS"), ("application", "Application")],
       "sets": [("os", "OS only", ["os"], []),
                ("app", "App only", ["application"], []),
                ("os_app", "OS with apps", ["os"], ["application"])]}


def answers(lock):
    """{name: JSON value} of the server that @lock was imported to."""
    out = {}
    audit = {"createdBy": "admin", "createdAt": 1764547200000,
             "lastModifiedBy": "admin", "lastModifiedAt": 1764547200001}
    types = lock.get("types", {})
    out["softwaremoduletypes"] = page(
        [{**audit, "id": 1 + i, "key": key, "name": name, "description": None,
          "colour": None, "maxAssignments": 1, "deleted": False}
         for i, (key, name) in enumerate(OWN["modules"])]
        + [{**audit, "id": 10 + i, "deleted": False, **t}
           for i, t in enumerate(types.get("modules", []))])
    sets = [{"key": key, "name": name, "mandatorymodules": must,
             "optionalmodules": may} for key, name, must, may in OWN["sets"]]
    out["distributionsettypes"] = page(
        [{**audit, "id": 20 + i, "deleted": False,
          **{k: v for k, v in t.items() if not k.endswith("modules")}}
         for i, t in enumerate(sets + types.get("sets", []))])
    for i, t in enumerate(sets + types.get("sets", [])):
        for what in ("mandatory", "optional"):
            out[f"distributionsettypes/{20 + i}/{what}moduletypes"] = [
                {**audit, "id": 1, "key": key, "name": key}
                for key in t.get(f"{what}modules", [])]
    ids, modules = {}, []
    for i, m in enumerate(lock["modules"]):
        ids[m["type"], m["name"], m["version"]] = 100 + i
        modules.append({**audit, "id": 100 + i, "name": m["name"],
                        "version": m["version"], "type": m["type"],
                        "typeName": "x", "vendor": m.get("vendor"),
                        "description": m.get("description"),
                        "encrypted": m.get("encrypted", False),
                        "locked": True, "deleted": False, "complete": True,
                        "_links": {"self": {"href": "http://x/1"}}})
        out[f"softwaremodules/{100 + i}/artifacts"] = [
            {**audit, "id": 1000 * i + k, "providedFilename": a["filename"],
             "size": a["size"],
             "hashes": {h: a[h] for h in ("md5", "sha1", "sha256")}}
            for k, a in enumerate(m["artifacts"])]
        out[f"softwaremodules/{100 + i}/metadata"] = page(
            [{"targetVisible": False, **d} for d in m["metadata"]])
    out["softwaremodules"] = page(modules)
    listed = []
    for i, s in enumerate(lock["sets"]):
        listed.append({**audit, "id": 500 + i, "name": s["name"],
                       "version": s["version"], "type": s["type"],
                       "typeName": "x", "complete": True, "valid": True,
                       "requiredMigrationStep":
                       s.get("requiredMigrationStep", False),
                       "description": s.get("description"), "deleted": False,
                       "modules": [{"id": ids[m["type"], m["name"],
                                              m["version"]], **m}
                                   for m in s["modules"]]})
        out[f"distributionsets/{500 + i}/metadata"] = page(s["metadata"])
    out["distributionsets"] = page(listed)
    return out


def save(folder, values):
    """Each answer in the file that is called as its request."""
    for name, value in values.items():
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value), encoding="utf-8")

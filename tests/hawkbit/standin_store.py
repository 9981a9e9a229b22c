# SPDX-License-Identifier: Apache-2.0
"""What the stand-in keeps, and the rules by which it refuses."""

import hashlib
import re

CODES = {"exists": (409, "repo.entityAlreadyExists"),
         "missing": (404, "repo.entityNotFound"),
         "bad": (400, "repo.constraintViolation"),
         "locked": (423, "locked")}
LIMITS = {"name": 128, "version": 64, "description": 512, "vendor": 256,
          "key": 64, "colour": 16, "query": 1024, "filename": 256}
MUST = {"module_types": ("key", "name"), "set_types": ("key", "name"),
        "modules": ("name", "version", "type"), "sets": ("name", "version"),
        "filters": ("name", "query"),
        "rollouts": ("name", "distributionSetId", "targetFilterQuery")}
CHANGES = {"module_types": ("description", "colour"),
           "set_types": ("description", "colour"),
           "modules": ("description", "vendor"),
           "sets": ("description", "requiredMigrationStep", "name", "version"),
           "filters": ("query", "name"),
           "rollouts": ("name", "description")}
MARKUP = re.compile(r"<[A-Za-z][^<>]*>|<!--.*?-->|<\?.*?\?>|<!DOCTYPE", re.S)


class Refusal(Exception):
    def __init__(self, status, code, message="refused"):
        super().__init__(code)
        self.status = status
        self.body = {"exceptionClass": "x", "message": message,
                     "errorCode": f"hawkbit.server.error.{code}"}


def refuse(kind, message="refused"):
    return Refusal(*CODES[kind], message)


def matches(entity, query):
    """Only what pkg-import asks: name=="a";type=="b", ignoring case, with *."""
    for field, value in re.findall(r'(\w+)=="((?:[^"\\]|\\.)*)"', query):
        value = re.sub(r"\\(.)", r"\1", value)
        wanted = ".*".join(map(re.escape, value.split("*")))
        if not re.fullmatch(wanted, str(entity.get(field)), re.I | re.S):
            return False
    return True


def check_text(entity, **limits):
    for key, limit in {**LIMITS, **limits}.items():
        text = entity.get(key)
        if text is None:
            continue
        if not isinstance(text, str) or MARKUP.search(text) or \
                len(text.encode("utf-16-le")) // 2 > limit:
            raise refuse("bad", f"{key}: Invalid characters in string.")


class Store:
    def __init__(self, version, artifacts=50, metadata=100, modules=100,
                 artifact_size=1 << 30, types=50, targets=5000):
        self.version = tuple(map(int, version.split(".")))
        self.quotas = {"artifacts": artifacts, "metadata": metadata,
                       "modules": modules, "size": artifact_size,
                       "types": types, "targets": targets}
        self.gone = 204 if self.version >= (0, 10) else 200
        self.entities = {kind: {} for kind in MUST}
        self.targets = {}
        self.last_id = 0
        self.create("module_types", {"key": "os", "name": "OS",
                                     "maxAssignments": 1})
        self.create("module_types", {"key": "application",
                                     "name": "Application",
                                     "maxAssignments": 2147483647})
        for key, must, may in (("os", [1], []), ("app", [2], []),
                               ("os_app", [1], [2])):
            self.create("set_types", {
                "key": key, "name": key,
                "mandatorymodules": [{"id": i} for i in must],
                "optionalmodules": [{"id": i} for i in may]})

    # -- finding

    def alive(self, kind):
        return [e for e in self.entities[kind].values() if not e["deleted"]]

    def get(self, kind, number):
        entity = self.entities[kind].get(int(number))
        if entity is None or entity["deleted"]:
            raise refuse("missing")
        return entity

    def show(self, entity):
        shown = {k: v for k, v in entity.items()
                 if k[0] != "_" and v is not None and
                 k not in ("mandatorymodules", "optionalmodules")}
        if "_modules" in entity:
            shown["modules"] = [self.show(self.entities["modules"][i])
                                for i in entity["_modules"]]
            shown["complete"] = self.is_complete(entity)
        return shown

    def by_key(self, kind, key):
        for entity in self.alive(kind):
            if entity["key"] == key:
                return entity
        raise refuse("missing", f"type {key}")

    def quota(self, what, count):
        limit = self.quotas[what]
        if count > limit:
            code = "fileSizeExceeded" if what == "size" else "tooManyEntries"
            raise Refusal(429 if self.version >= (0, 10) else 403,
                          f"quota.{code}", f"{count} of {limit}")

    # -- making

    def identity(self, kind, entity):
        """What must differ; deleted ones count too."""
        names = {"modules": [("type", "name", "version")],
                 "sets": [("name", "version") if self.version < (0, 9)
                          else ("type", "name", "version")],
                 "module_types": [("key",), ("name",)],
                 "set_types": [("key",), ("name",)]}.get(kind, [("name",)])
        return [(keys, tuple(entity[k] for k in keys)) for keys in names]

    def check_new(self, kind, entity):
        for key in MUST[kind]:
            if entity.get(key) in (None, ""):
                raise refuse("bad", f"{key} must not be null")
        check_text(entity)
        if kind == "module_types" and entity.get("maxAssignments", 0) < 1:
            raise refuse("bad", "maxAssignments")
        if entity.get("encrypted"):
            raise Refusal(400, "artifact.encryptionNotSupported")
        mine = self.identity(kind, entity)
        for other in self.entities[kind].values():
            if set(mine) & set(self.identity(kind, other)):
                raise refuse("exists")

    def create(self, kind, body):
        entity = {"deleted": False, **body}
        if kind == "modules":
            entity["type"] = self.by_key("module_types",
                                         body.get("type", "").strip())["key"]
            entity.update(_artifacts=[], _metadata={}, locked=False,
                          encrypted=bool(body.get("encrypted")))
        elif kind == "sets":
            entity.setdefault("type", "os_app")
            self.set_type(entity)       # refused if there is none
            entity.update(_metadata={}, _modules=[], locked=False, valid=True,
                          requiredMigrationStep=bool(
                              body.get("requiredMigrationStep")))
        elif kind == "set_types":
            ids = [*body.get("mandatorymodules", []),
                   *body.get("optionalmodules", [])]
            self.quota("types", len(ids))
            for one in ids:
                self.get("module_types", one["id"])
        elif kind == "rollouts":
            self.check_rollout(body)
        self.check_new(kind, entity)
        modules = entity.pop("modules", [])
        for one in modules:
            self.add_module(entity, int(one["id"]))
        self.last_id += 1
        entity["id"] = self.last_id
        self.entities[kind][self.last_id] = entity
        return entity

    def create_all(self, kind, bodies):
        """One transaction: all of them or none."""
        before = self.last_id, dict(self.entities[kind])
        try:
            return [self.create(kind, body) for body in bodies]
        except Refusal:
            self.last_id, self.entities[kind] = before
            raise

    def update(self, kind, number, body):
        entity = self.get(kind, number)
        check_text(body)
        new = {k: v for k, v in body.items() if k in CHANGES[kind]}
        if entity.get("locked") and new.get(
                "requiredMigrationStep", entity.get("requiredMigrationStep")
                ) != entity.get("requiredMigrationStep"):
            raise refuse("locked")
        entity.update(new)
        return entity

    def delete(self, kind, number):
        entity = self.get(kind, number)
        used = any(entity["id"] in s["_modules"]
                   for s in self.entities["sets"].values())
        if entity.get("locked") or used:
            entity["deleted"] = True    # for ever in the way of its name
        else:
            del self.entities[kind][entity["id"]]

    # -- sets

    def types_of(self, number, key):
        entity = self.get("set_types", number)
        return [self.show(self.get("module_types", one["id"]))
                for one in entity.get(key, [])]

    def set_type(self, entity):
        return self.by_key("set_types", entity["type"])

    def add_module(self, entity, number):
        module = self.get("modules", number)
        kind = self.by_key("module_types", module["type"])
        allowed = [one["id"] for key in ("mandatorymodules", "optionalmodules")
                   for one in self.set_type(entity).get(key, [])]
        if kind["id"] not in allowed:
            raise Refusal(400, "distributionset.modules.unsupported")
        have = entity["_modules"]
        same = [i for i in have
                if self.get("modules", i)["type"] == module["type"]]
        if len(same) >= kind["maxAssignments"]:
            have.remove(same[0])        # and nobody is told
        if number not in have:
            have.append(number)

    def assign_modules(self, number, ids):
        entity = self.get("sets", number)
        if entity["locked"]:
            raise refuse("locked")
        self.quota("modules", len(entity["_modules"]) + len(ids))
        for one in ids:
            self.add_module(entity, int(one["id"]))

    def unassign_module(self, number, module):
        entity = self.get("sets", number)
        if entity["locked"]:
            raise refuse("locked")
        if module not in entity["_modules"]:
            raise refuse("missing")
        entity["_modules"].remove(module)

    def is_complete(self, entity):
        modules = [self.entities["modules"][i] for i in entity["_modules"]]
        for module in modules:
            kind = self.by_key("module_types", module["type"])
            if len(module["_artifacts"]) < (kind.get("minArtifacts") or 0):
                return False
        have = {self.by_key("module_types", m["type"])["id"] for m in modules}
        must = {one["id"] for one in
                self.set_type(entity).get("mandatorymodules", [])}
        return bool(modules) and must <= have

    def use(self, number):
        """A set that is assigned: complete, and locked from then on."""
        entity = self.get("sets", number)
        if not self.is_complete(entity):
            raise Refusal(400, "distributionset.incomplete")
        if self.version >= (0, 5):
            entity["locked"] = True
            for module in entity["_modules"]:
                self.get("modules", module)["locked"] = True
        return entity

    # -- files and metadata

    def artifact(self, number, artifact):
        for one in self.get("modules", number)["_artifacts"]:
            if one["id"] == artifact:
                return one
        raise refuse("missing")

    def add_artifact(self, number, fields, filename, data):
        module = self.get("modules", number)
        self.quota("artifacts", len(module["_artifacts"]) + 1)
        if module["locked"]:
            raise refuse("locked")
        if not data:
            refusal = refuse("bad")
            refusal.body = None
            raise refusal
        check_text({"filename": filename})
        if any(one["providedFilename"].lower() == filename.strip().lower()
               for one in module["_artifacts"]):
            raise refuse("exists")
        self.quota("size", len(data))
        hashes = {name: hashlib.new(name, data).hexdigest()
                  for name in ("sha1", "md5", "sha256")}
        for name, value in hashes.items():
            if fields.get(f"{name}sum", value).lower() != value:
                raise Refusal(400, "artifact.uploadFailed.checksum."
                              f"{name}.match")
        self.last_id += 1
        made = {"id": self.last_id, "providedFilename": filename,
                "size": len(data), "hashes": hashes, "_data": data}
        module["_artifacts"].append(made)
        return made

    def remove_artifact(self, number, artifact):
        module = self.get("modules", number)
        if module["locked"]:
            raise refuse("locked")
        module["_artifacts"].remove(self.artifact(number, artifact))

    def metadatum(self, kind, number, key):
        found = self.get(kind, number)["_metadata"].get(key)
        if found is None:
            raise refuse("missing")
        return found

    def put_metadatum(self, kind, number, key, body):
        have = self.metadatum(kind, number, key)
        have.update({k: v for k, v in body.items() if k != "key"})
        return have

    def add_metadata(self, kind, number, bodies):
        have = self.get(kind, number)["_metadata"]
        keys = [d.get("key") for d in bodies]
        self.quota("metadata", len({*have, *keys}))
        if self.version >= (0, 10) and len(set(keys)) < len(keys):
            raise Refusal(500, "repo.genericError")
        for d in bodies:
            if not d.get("key") or len(d["key"]) > 128 or \
                    len(d.get("value") or "") > 4000:
                raise refuse("bad")
            if self.version < (0, 10) and (d["key"] in have or
                                           keys.count(d["key"]) > 1):
                raise refuse("exists")
        for d in bodies:
            have[d["key"]] = dict(d)
            if kind == "modules":
                have[d["key"]].setdefault("targetVisible", False)
        return bodies

    # -- targets

    def create_target(self, body):
        check_text({"name": body["controllerId"]}, name=256)
        if body["controllerId"] in self.targets:
            raise refuse("exists")
        made = {**body, "_set": None}
        self.targets[body["controllerId"]] = made
        return made

    def check_assignment(self, one):
        window = one.get("maintenanceWindow")
        if one.get("type", "forced") not in ("soft", "forced", "timeforced",
                                             "downloadonly"):
            raise Refusal(400, "rest.body.notReadable")
        if not 0 <= (one.get("weight") or 0) <= 1000:
            raise refuse("bad")
        if window is None:
            return
        fields = (window.get("schedule") or "").split()
        if None in map(window.get, ("schedule", "duration", "timezone")) or \
                len(fields) not in (6, 7) or \
                [fields[3], fields[5]].count("?") != 1 or \
                not re.fullmatch(r"\d\d:\d\d(:\d\d)?", window["duration"]) or \
                not re.fullmatch(r"Z|[+-]\d\d:\d\d", window["timezone"]):
            raise Refusal(400, "maintenanceScheduleInvalid")

    def assign_targets(self, number, bodies, offline):
        self.quota("targets", len(bodies))
        for one in [] if offline else bodies:
            self.check_assignment(one)
        entity = self.use(number)
        fresh = already = 0
        for one in bodies:
            target = self.targets.get(one["id"])    # unknown: passed over
            if target is not None:
                already += target["_set"] == entity["id"]
                fresh += target["_set"] != entity["id"]
                target["_set"] = entity["id"]
        return {"assigned": fresh, "alreadyAssigned": already,
                "total": fresh + already}

    def auto_assign(self, number, body):
        entity = self.get("filters", number)
        if body.get("type") == "timeforced":
            raise Refusal(400, "repo.invalidAutoAssignActionType")
        entity["autoAssignDistributionSet"] = self.use(body["id"])["id"]
        entity["autoAssignActionType"] = body.get("type", "forced")
        entity["autoAssignWeight"] = body.get("weight")
        entity["confirmationRequired"] = body.get("confirmationRequired")
        return entity

    def check_rollout(self, body):
        if (body.get("amountGroups") or 0) > 500 or body.get("groups") and (body.get("amountGroups") is not None or
                                   body.get("dynamic")):
            raise refuse("bad")
        if not 0 <= (body.get("weight") or 0) <= 1000:
            raise refuse("bad")
        for group in body.get("groups") or []:
            check_text(group)
            if not 1 <= group.get("targetPercentage", 100) <= 100:
                raise refuse("bad")
        self.use(body.get("distributionSetId", 0))

    # -- a device

    def device(self, path):
        parts = path.split("/")[4:]
        target = self.targets.get(parts[0])
        if target is None or target["_set"] is None:
            return (404, None) if target is None else (200, {})
        entity = self.get("sets", target["_set"])
        base = f"/DEFAULT/controller/v1/{parts[0]}"
        if len(parts) == 1:
            return 200, {"_links": {"deploymentBase": {
                "href": f"{base}/deploymentBase/1"}}}
        modules = [self.get("modules", i) for i in entity["_modules"]]
        if parts[1] == "softwaremodules":
            module = self.get("modules", parts[2])
            for one in module["_artifacts"]:
                if one["providedFilename"] == parts[4]:
                    return 200, one["_data"]
            return 404, None
        return 200, {"id": "1", "deployment": {
            "download": "forced", "update": "forced",
            "chunks": [{
                "part": "bApp" if m["type"] == "application" else m["type"],
                "version": m["version"], "name": m["name"],
                "metadata": [{"key": d["key"], "value": d["value"]}
                             for d in m["_metadata"].values()
                             if d["targetVisible"]],
                "artifacts": [{
                    "filename": a["providedFilename"], "size": a["size"],
                    "hashes": a["hashes"],
                    "_links": {"download-http": {
                        "href": f"{base}/softwaremodules/{m['id']}/artifacts/"
                                f"{a['providedFilename']}"}}}
                    for a in m["_artifacts"]]} for m in modules]}}

# SPDX-License-Identifier: Apache-2.0
"""A STAND-IN for a hawkBit server: not the real thing, and no proof of it.

It answers those calls of the Management API that pkg-import makes, and two of
a device, as the source of hawkBit reads, so that the tests can run where
neither Java nor the server is to be had, and so that it can misbehave on
request. tests/hawkbit/run.sh runs the same tests against a real server.
"""

import base64
import http.server
import json
import re
import ssl
import threading
import urllib.parse

import standin_store as store

USER = b"Basic " + base64.b64encode(b"admin:admin")
ROUTES = []


def route(method, pattern):
    """Serve METHOD on a path; {id} is a number, {key} is escaped text."""
    regex = re.compile("/rest/v1" + pattern.replace(
        "{id}", r"(\d+)").replace("{sub}", r"(\d+)").replace(
        "{key}", r"([^/]+)") + "$")

    def note(function):
        ROUTES.append((method, regex, function))
        return function

    return note


def page(items, query):
    """As a paged list answers."""
    wanted = query.get("q")
    found = [i for i in items if wanted is None or store.matches(i, wanted)]
    offset = max(int(query.get("offset", 0)), 0)
    limit = min(int(query.get("limit", 50)), 500)
    part = found[offset:offset + limit]
    return {"content": part, "total": len(found), "size": len(part)}


# -- types, modules, sets: what they have in common ---------------------------

KINDS = {"softwaremoduletypes": "module_types",
         "distributionsettypes": "set_types",
         "softwaremodules": "modules", "distributionsets": "sets",
         "targetfilters": "filters", "rollouts": "rollouts"}


def collection(path, kind):
    @route("GET", f"/{path}")
    def get_all(s, call):
        return 200, page([s.show(e) for e in s.alive(kind)], call.query)

    @route("GET", f"/{path}/{{id}}")
    def get_one(s, call, number):
        return 200, s.show(s.get(kind, number))

    @route("DELETE", f"/{path}/{{id}}")
    def delete(s, call, number):
        s.delete(kind, number)
        return s.gone, None

    @route("POST", f"/{path}")
    def create(s, call):
        if kind in ("filters", "rollouts"):
            return 201, s.show(s.create(kind, call.json(dict)))
        made = s.create_all(kind, call.json(list))
        return 201, [s.show(e) for e in made]

    @route("PUT", f"/{path}/{{id}}")
    def update(s, call, number):
        return 200, s.show(s.update(kind, number, call.json(dict)))


for _path, _kind in KINDS.items():
    collection(_path, _kind)


@route("GET", "/userinfo")
def user(s, call):
    return 200, {"tenant": "DEFAULT", "username": "admin"}


@route("GET", "/distributionsettypes/{id}/mandatorymoduletypes")
def mandatory(s, call, number):
    return 200, s.types_of(number, "mandatorymodules")


@route("GET", "/distributionsettypes/{id}/optionalmoduletypes")
def optional(s, call, number):
    return 200, s.types_of(number, "optionalmodules")


# -- artifacts ----------------------------------------------------------------

@route("GET", "/softwaremodules/{id}/artifacts")
def artifacts(s, call, number):
    return 200, [s.show(a) for a in s.get("modules", number)["_artifacts"]]


@route("POST", "/softwaremodules/{id}/artifacts")
def upload(s, call, number):
    fields, filename, data = call.multipart()
    return 201, s.show(s.add_artifact(number, fields, filename, data))


@route("DELETE", "/softwaremodules/{id}/artifacts/{sub}")
def remove_artifact(s, call, number, artifact):
    s.remove_artifact(number, int(artifact))
    return s.gone, None


@route("GET", "/softwaremodules/{id}/artifacts/{sub}/download")
def download(s, call, number, artifact):
    return 200, s.artifact(number, int(artifact))["_data"]


# -- metadata -----------------------------------------------------------------

def metadata(path, kind):
    @route("GET", f"/{path}/{{id}}/metadata")
    def get_all(s, call, number):
        return 200, page(list(s.get(kind, number)["_metadata"].values()), {})

    @route("POST", f"/{path}/{{id}}/metadata")
    def create(s, call, number):
        made = s.add_metadata(kind, number, call.json(list))
        return 201, made if s.version < (0, 9) else None

    @route("GET", f"/{path}/{{id}}/metadata/{{key}}")
    def get_one(s, call, number, key):
        return 200, s.metadatum(kind, number, key)

    @route("PUT", f"/{path}/{{id}}/metadata/{{key}}")
    def update(s, call, number, key):
        d = s.put_metadatum(kind, number, key, call.json(dict))
        if s.version >= (0, 10):
            return 204, None
        return 200, d if s.version < (0, 9) else None

    @route("DELETE", f"/{path}/{{id}}/metadata/{{key}}")
    def delete(s, call, number, key):
        s.metadatum(kind, number, key)
        del s.get(kind, number)["_metadata"][key]
        return s.gone, None


metadata("softwaremodules", "modules")
metadata("distributionsets", "sets")


# -- sets ---------------------------------------------------------------------

@route("GET", "/distributionsets/{id}/assignedSM")
def assigned_modules(s, call, number):
    ids = s.get("sets", number)["_modules"]
    return 200, page([s.show(s.get("modules", i)) for i in ids], call.query)


@route("POST", "/distributionsets/{id}/assignedSM")
def assign_modules(s, call, number):
    s.assign_modules(number, call.json(list))
    return s.gone, None


@route("DELETE", "/distributionsets/{id}/assignedSM/{sub}")
def unassign_module(s, call, number, module):
    s.unassign_module(number, int(module))
    return s.gone, None


@route("GET", "/distributionsets/{id}/assignedTargets")
def assigned_targets(s, call, number):
    s.get("sets", number)
    have = [s.show(t) for t in s.targets.values() if t["_set"] == int(number)]
    return 200, page(have, call.query)


@route("POST", "/distributionsets/{id}/assignedTargets")
def assign_targets(s, call, number):
    return 200, s.assign_targets(
        number, call.json(list), call.query.get("offline") == "true")


@route("POST", "/targets")
def create_targets(s, call):
    return 201, [s.show(s.create_target(t)) for t in call.json(list)]


@route("GET", "/targetfilters/{id}/autoAssignDS")
def auto_assigned(s, call, number):
    chosen = s.get("filters", number).get("autoAssignDistributionSet")
    return (200, s.show(s.get("sets", chosen))) if chosen else (204, None)


@route("POST", "/targetfilters/{id}/autoAssignDS")
def auto_assign(s, call, number):
    return 200, s.show(s.auto_assign(number, call.json(dict)))


# -- the server ---------------------------------------------------------------

class Call(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1       # headers and body in one piece

    def log_message(self, *args):
        pass

    def read_body(self):
        if self.headers.get("Transfer-Encoding"):
            raise store.Refusal(411, "no length")
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def json(self, kind):
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if kind is list and isinstance(value, dict) and \
                self.server.store.version >= (1, 1):
            value = [value]
        if not isinstance(value, kind):
            raise store.Refusal(400, "rest.body.notReadable")
        return value

    def multipart(self):
        mark = re.search("boundary=(.+)", self.headers["Content-Type"])[1]
        fields, name, data = dict(self.query), None, None
        for part in self.body.split(b"--" + mark.encode())[1:-1]:
            head, _, content = part.partition(b"\r\n\r\n")
            content = content[:-2]      # the line end before the mark
            head = head.decode()
            key = re.search('; name="([^"]*)"', head)[1]
            file = re.search('; filename="([^"]*)"', head)
            if file:
                name, data = file[1], content
            else:
                fields[key] = content.decode()
        return fields, fields.get("filename", name), data

    def answer(self, status, value):
        raw = isinstance(value, bytes)
        body = value if raw else b"" if value is None else \
            json.dumps(value).encode()
        self.send_response(status)
        if body and not raw:
            self.send_header("Content-Type", "application/hal+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        self.read_body()
        with self.server.lock:
            self.server.seen.append((self.command, self.path))
            fault = self.server.fault
            done = fault and fault(self)
        if done:
            return
        if url.path.startswith("/DEFAULT/controller/v1/"):
            return self.answer(*self.server.store.device(url.path))
        if self.headers.get("Authorization", "").encode() not in \
                self.server.users:
            return self.answer(401, None)
        with self.server.lock:
            answer = self.find(url.path)
        return self.answer(*answer)

    def find(self, path):
        # as Spring's firewall: these may not even be escaped
        if re.search("%(2f|5c|25|3b)|;", path, re.I):
            return 400, None
        for method, regex, function in ROUTES:
            found = regex.match(path)
            if found and method == self.command:
                try:
                    return function(self.server.store, self, *map(
                        urllib.parse.unquote, found.groups()))
                except store.Refusal as refusal:
                    return refusal.status, refusal.body
        return 404, None

    do_GET = do_POST = do_PUT = do_DELETE = serve


class StandIn(http.server.ThreadingHTTPServer):
    """with StandIn("1.0.4") as server: ... server.url, server.store

    fault: a function of the call that may answer (and then returns True), or
    close its connection; seen: all calls, as (method, path).
    """
    daemon_threads = True

    def __init__(self, version="1.0.4", tls=None, **quotas):
        super().__init__(("127.0.0.1", 0), Call)
        self.store = store.Store(version, **quotas)
        self.lock = threading.Lock()
        self.fault = None
        self.seen = []
        self.users = {USER}
        self.scheme = "http"
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, tls))
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    @property
    def writes(self):
        return [call for call in self.seen if call[0] != "GET"]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True,
                         kwargs={"poll_interval": 0.02}).start()
        return self

    def __exit__(self, *args):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass            # a client that goes away is what some tests are about

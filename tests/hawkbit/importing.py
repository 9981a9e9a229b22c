# SPDX-License-Identifier: Apache-2.0
"""A client of the Management API, and pkg-import with all it needs."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request

USER = base64.b64encode(b"admin:admin").decode()
NETRC = "machine 127.0.0.1 login admin password admin\n"
PRODUCT = """\
packline: 1
tenant: acme
product: {{name: {name}, version: "1.0"}}
defaults: {{vendor: Acme}}
types:
  modules: [{{key: {name}-b, name: {name} boot, maxAssignments: 2, colour: red}}]
  sets: [{{key: {name}-s, name: {name} set, mandatorymodules: [os], optionalmodules: ['{name}-b']}}]
modules:
  - name: {name}-os
    version: "1.0"
    type: os
    description: The system
    artifacts: [{{path: os.bin}}, {{path: os.dtb}}]
    metadata: [{{key: build, value: b1, targetVisible: true}}]
  - name: {name}-boot
    version: "2.0"
    type: {name}-b
    artifacts: [{{path: boot.bin}}]
sets:
  - name: {name}
    version: "1.0"
    type: {name}-s
    description: All of it
    modules: [{name}-os, {name}-boot]
    metadata: [{{key: channel, value: stable}}]
"""
FILES = {"os.bin": b"an operating system\n" * 99, "os.dtb": b"a tree\n",
         "boot.bin": bytes(range(256)) * 300}


class Api:
    """As any HTTP client would do it: no code of ours between."""

    def __init__(self, url, token=f"Basic {USER}"):
        self.url = url
        self.token = token

    def call(self, method, path, body=None, kind="application/json"):
        """-> (status, tree or bytes)"""
        if not path.startswith("http"):
            path = f"{self.url}{'' if path.startswith('/DEF') else '/rest/v1'}{path}"
        request = urllib.request.Request(path, method=method)
        request.add_header("Authorization", self.token)
        if body is not None:
            request.data = body if isinstance(body, bytes) else \
                json.dumps(body).encode()
            request.add_header("Content-Type", kind)
        try:
            with urllib.request.urlopen(request, timeout=600) as answer:
                return answer.status, self.read(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, self.read(answer)

    @staticmethod
    def read(answer):
        data = answer.read()
        if "json" not in answer.headers.get("Content-Type", ""):
            return data
        return json.loads(data) if data else None

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body):
        return self.call("POST", path, body)

    def put(self, path, body):
        return self.call("PUT", path, body)

    def delete(self, path):
        return self.call("DELETE", path)

    def upload(self, module, own_name, data, **fields):
        """A file and form fields, in the way of RFC 7578."""
        mark = b"mark-7e1f"
        parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n'
                 f"{value}".encode() for key, value in fields.items()]
        parts.append(b'Content-Disposition: form-data; name="file"; '
                     b'filename="' + own_name.encode() + b'"\r\n'
                     b"Content-Type: application/octet-stream\r\n\r\n" + data)
        body = b"".join(b"--" + mark + b"\r\n" + part + b"\r\n"
                        for part in parts) + b"--" + mark + b"--\r\n"
        return self.call("POST", f"/softwaremodules/{module}/artifacts", body,
                         f"multipart/form-data; boundary={mark.decode()}")

    def made(self, path, body):
        """Make something that must be possible; what was made."""
        status, answer = self.post(path, body)
        assert status in (200, 201), (path, body, status, answer)
        return answer[0] if isinstance(answer, list) else answer

    def find(self, path, **members):
        """All that have these members exactly, by paging through all."""
        found, offset = [], 0
        while True:
            status, page = self.get(f"{path}?limit=500&offset={offset}")
            assert status == 200, (path, status, page)
            found += [one for one in page["content"] if all(
                one.get(k) == v for k, v in members.items())]
            offset += len(page["content"])
            if offset >= page["total"] or not page["content"]:
                return found

    def one(self, path, **members):
        only, = self.find(path, **members)
        return only

    def module(self, name, **more):
        return self.made("/softwaremodules", [
            {"name": name, "version": "1", "type": "os", **more}])


class Importer:
    def __init__(self, run, keys, folder, server):
        self.run, self.keys, self.folder = run, keys, folder
        self.server = server
        self.netrc = folder / "netrc"
        self.netrc.write_text(NETRC)
        self.netrc.chmod(0o600)

    def lock(self, manifest, files=None, name="product"):
        for path, data in (FILES if files is None else files).items():
            (self.folder / path).write_bytes(data)
        (self.folder / f"{name}.yaml").write_text(manifest)
        self.run("pkg-manifest", "resolve", f"{name}.yaml", "-o",
                 f"{name}.lock", "--force", check=0)
        return self.folder / f"{name}.lock"

    def bundle(self, manifest, files=None, options=(), name="product"):
        """Resolve, bundle, sign: the path of the bundle."""
        self.lock(manifest, files, name)
        self.run("pkg-manifest", "bundle", f"{name}.lock", *options, "-o",
                 f"{name}.draft", "--force", check=0)
        self.run("pkg-seal", "sign", f"{name}.draft", "--key",
                 self.keys.key("officer"), "--cert", self.keys.cert("officer"),
                 "-o", f"{name}.bundle", "--force", check=0)
        return self.folder / f"{name}.bundle"

    def product(self, name, *edits):
        """The small product, each edit (old, new) made once."""
        text = PRODUCT.format(name=name)
        for old, new in edits:
            assert old in text
            text = text.replace(old, new, 1)
        return self.bundle(text)

    def __call__(self, bundle, *options, server=None, check=None,
                 credentials=True):
        own = ["--netrc", self.netrc] if credentials else []
        return self.run("pkg-import", bundle, "--trust", self.keys.ca,
                        "--server", server or self.server, *own, *options,
                        check=check)


def actions(result):
    """{ref: action} of an import; prune too."""
    return {r["ref"]: r["action"] for r in result.records
            if r["type"] == "import-step"}


def summary(result):
    last = result.records[-1]
    assert last["type"] == "import"
    return last

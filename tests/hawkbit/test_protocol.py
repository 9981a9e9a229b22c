# SPDX-License-Identifier: Apache-2.0
"""pkg-import and a server that misbehaves: always next to a STAND-IN.

Longer than 500 lines: one short function a case, all on the same stand-in.
"""

import json
import subprocess
import threading
import time

import pytest
from importing import FILES, PRODUCT, Api, actions, summary
from standin import StandIn
from support import bin_folder


@pytest.fixture
def stand_in():
    with StandIn("1.0.4") as server:
        yield server


@pytest.fixture
def bundle(importer):
    return importer.product("p")


class Nth:
    """A fault of the calls for which `when` holds, the first `times` times."""

    def __init__(self, act, times=1, when=lambda call: call.command != "GET"):
        self.act, self.left, self.when = act, times, when
        self.hit = []

    def __call__(self, call):
        if self.left == 0 or not self.when(call):
            return False
        self.left -= 1
        self.hit.append((call.command, call.path))
        self.act(call)
        return True


def answer(status, body=None, **headers):
    def act(call):
        data = b"" if body is None else \
            body if isinstance(body, bytes) else json.dumps(body).encode()
        call.send_response(status)
        for key, value in headers.items():
            call.send_header(key.replace("_", "-"), str(value))
        call.send_header("Content-Length", str(len(data)))
        call.end_headers()
        call.wfile.write(data)
    return act


def drop(call):
    call.close_connection = True


def reads(call):
    return call.command == "GET"


QUOTA = {"errorCode": "hawkbit.server.error.quota.tooManyEntries",
         "message": "Quota exceeded"}


# -- what may pass ------------------------------------------------------------

@pytest.mark.parametrize("fault", [
    answer(429), answer(429, Retry_After=1), answer(429, b"slow down"),
    answer(500), answer(502, b"<html>"), answer(503, {"message": "busy"}),
    answer(504), drop], ids=["429", "429-after", "429-text", "500", "502",
                             "503", "504", "drop"])
@pytest.mark.parametrize("when", [reads, lambda call: not reads(call)],
                         ids=["read", "write"])
def test_what_may_pass_is_tried_again(importer, bundle, stand_in, fault, when):
    stand_in.fault = Nth(fault, when=when)
    result = importer(bundle, server=stand_in.url, check=0)
    assert set(actions(result).values()) == {"created", "found"}
    assert len(stand_in.fault.hit) == 1


def test_retry_after_is_waited_for(importer, bundle, stand_in):
    importer(bundle, server=stand_in.url, check=0)
    stand_in.fault = Nth(answer(429, Retry_After=2), when=reads)
    before = time.monotonic()
    importer(bundle, server=stand_in.url, check=0)
    assert time.monotonic() - before > 1.9


def test_retries_come_to_an_end(importer, bundle, stand_in):
    stand_in.fault = Nth(answer(503), times=99, when=reads)
    result = importer(bundle, "--retries", 2, server=stand_in.url, check=4)
    assert "[server-error]" in result.err
    assert len(stand_in.fault.hit) == 3
    stand_in.fault = Nth(answer(429), times=99)
    result = importer(bundle, "--retries", 1, server=stand_in.url, check=4)
    assert "[busy]" in result.err
    assert len(stand_in.fault.hit) == 2


def test_nothing_is_sent_twice_without_a_look(importer, bundle, stand_in):
    """After a write that broke the next call is a read."""
    stand_in.fault = Nth(drop, times=3)
    importer(bundle, server=stand_in.url, check=0)
    for broken in stand_in.fault.hit:
        at = stand_in.seen.index(broken)
        assert stand_in.seen[at + 1][0] == "GET"


def test_done_but_not_told_is_found_again(importer, bundle, stand_in):
    """The server does each write, and the answer is lost."""
    done = []

    def lose(call):
        call.find(call.path)
        drop(call)

    stand_in.fault = Nth(lose, times=99, when=lambda call: not reads(call) and
                         done.append(call.path) is None)
    result = importer(bundle, server=stand_in.url, check=0)
    assert set(actions(result).values()) == {"created", "found"}
    assert len(done) == len(stand_in.writes) == 10
    stand_in.fault = None
    again = importer(bundle, server=stand_in.url, check=0)
    assert summary(again)["writes"] == 0


# -- what does not pass -------------------------------------------------------

@pytest.mark.parametrize("status", [429, 403])
def test_a_quota_is_no_reason_to_wait(importer, bundle, stand_in, status):
    stand_in.fault = Nth(answer(status, QUOTA, Retry_After=100), times=99)
    result = importer(bundle, server=stand_in.url, check=1)
    assert "[quota]" in result.err and "Quota exceeded" in result.err
    assert len(stand_in.writes) == 1


@pytest.mark.parametrize("status, code, reason", [
    (400, 1, "refused"), (401, 5, "unauthorized"), (403, 5, "forbidden"),
    (404, 1, "refused"), (405, 1, "refused"), (406, 1, "refused"),
    (410, 1, "refused"), (415, 1, "refused"), (423, 1, "locked")])
def test_refusals_are_told(importer, bundle, stand_in, status, code, reason):
    said = {"message": "the server's own words \u202e", "errorCode": "x.y"}
    stand_in.fault = Nth(answer(status, said), times=99)
    result = importer(bundle, server=stand_in.url, check=code)
    assert f"[{reason}]" in result.err
    if status != 401:
        assert "the server's own words" in result.err
    assert "\u202e" not in result.err
    assert len(stand_in.writes) == 1


def test_old_spelling_of_error_codes(importer, bundle, stand_in):
    """Before 0.7 they were misspelt; the status is what counts."""
    importer(bundle, server=stand_in.url, check=0)
    number = next(iter(stand_in.store.entities["modules"]))
    stand_in.store.delete("modules", number)
    said = {"errorCode": "hawkbit.server.error.repo.entitiyAlreayExists",
            "exceptionClass": "x", "message": "m", "parameters": []}
    stand_in.fault = Nth(answer(409, said), times=9)
    result = importer(bundle, server=stand_in.url, check=1)
    assert "[soft-deleted]" in result.err


# -- answers that are none ----------------------------------------------------

@pytest.mark.parametrize("body", [
    b"", b"<html>", b"{", b"[]]", b'{"content": 5}', b'{"content": {}}', b"7",
    b'{"content": [], "content": []}', b'{"content": [1.5]}',
    b"[" * 100 + b"]" * 100, b'{"content": ["\xff"]}'])
def test_malformed_answers(importer, bundle, stand_in, body):
    stand_in.fault = Nth(answer(200, body), times=99, when=reads)
    result = importer(bundle, server=stand_in.url, check=3)
    assert "[bad-answer]" in result.err
    assert stand_in.writes == []


def test_items_that_are_no_objects_are_passed_over(importer, bundle, stand_in):
    stand_in.fault = Nth(answer(200, {"content": [1, None, "a", []],
                                      "total": 4}), when=reads)
    result = importer(bundle, server=stand_in.url, check=1)
    assert "[not-found]" in result.err      # the type os


def test_an_endless_answer(importer, bundle, stand_in):
    def act(call):
        call.send_response(200)
        call.end_headers()
        call.close_connection = True
        while True:
            call.wfile.write(b'{"content":[' + b" " * 65536)

    stand_in.fault = Nth(act, times=99, when=reads)
    result = importer(bundle, server=stand_in.url, check=3)
    assert "[bad-answer]" in result.err and "16777216" in result.err


def test_an_endless_list(importer, bundle, stand_in):
    """total lies: a page without items is the end all the same."""
    stand_in.fault = Nth(answer(200, {"content": [], "total": 10 ** 9}),
                         times=1, when=reads)
    result = importer(bundle, server=stand_in.url, check=1)
    assert "[not-found]" in result.err


def test_an_answer_without_an_id(importer, bundle, stand_in):
    """What was made is looked up then."""
    def forget(call):
        call.find(call.path)
        answer(201, [{}])(call)

    stand_in.fault = Nth(forget)
    result = importer(bundle, server=stand_in.url, check=0)
    assert summary(result)["created"] == 10


def test_done_they_say_and_it_is_never_there(importer, bundle, stand_in):
    stand_in.fault = Nth(answer(201, [{}]), times=999)
    result = importer(bundle, server=stand_in.url, check=3)
    assert "[bad-answer]" in result.err
    assert len(stand_in.writes) < 100


def test_a_silent_server(importer, bundle, stand_in):
    """It would be waited for 300 seconds."""
    over = threading.Event()
    stand_in.fault = Nth(lambda call: over.wait(280), times=9, when=reads)
    before = time.monotonic()
    try:
        result = importer(bundle, "--timeout", 1, "--retries", 0,
                          server=stand_in.url, check=4)
    finally:
        over.set()
    assert "[no-connection]" in result.err
    assert time.monotonic() - before < 200


def test_nobody_there(importer, bundle):
    result = importer(bundle, "--retries", 1, server="http://127.0.0.1:1",
                      check=4)
    assert "[no-connection]" in result.err


# -- elsewhere ----------------------------------------------------------------

@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(importer, bundle, stand_in, status):
    with StandIn() as other:
        stand_in.fault = Nth(answer(status, Location=other.url), times=99,
                             when=lambda call: True)
        result = importer(bundle, server=stand_in.url, check=1)
        assert "[redirect]" in result.err and other.url in result.err
        assert other.seen == []


@pytest.fixture(scope="session")
def tls(tmp_path_factory):
    """A CA, and a server certificate for 127.0.0.1 and for another host."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True,
                       capture_output=True)

    for ca in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{ca}.key",
                "-out", f"{ca}.pem", "-subj", f"/CN={ca}", "-days", "2")
    for host, san in (("here", "IP:127.0.0.1"), ("there", "DNS:example.com")):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{host}.key",
                "-out", f"{host}.pem", "-subj", f"/CN={host}", "-days", "2",
                "-addext", f"subjectAltName={san}", "-CA", "ca.pem", "-CAkey",
                "ca.key", "-addext", "basicConstraints=critical,CA:FALSE")
    return folder


def test_tls(importer, bundle, tls):
    with StandIn(tls=(tls / "here.pem", tls / "here.key")) as server:
        result = importer(bundle, "--cacert", tls / "ca.pem",
                          server=server.url, check=0)
        assert summary(result)["server"].startswith("https://")
        for cacert in (["--cacert", tls / "other.pem"], []):
            server.seen.clear()
            result = importer(bundle, *cacert, server=server.url, check=1)
            assert "[server-untrusted]" in result.err
            assert server.seen == []


def test_tls_certificate_of_another_host(importer, bundle, tls):
    with StandIn(tls=(tls / "there.pem", tls / "there.key")) as server:
        result = importer(bundle, "--cacert", tls / "ca.pem",
                          server=server.url, check=1)
        assert "[server-untrusted]" in result.err
        assert server.seen == []


def test_http_to_another_machine_is_refused(importer, bundle):
    result = importer(bundle, server="http://192.0.2.1", check=2)
    assert "not encrypted" in result.err


# -- credentials --------------------------------------------------------------

def test_credentials_of_another_host(importer, bundle, stand_in):
    importer.netrc.write_text("machine example.com login admin password admin")
    result = importer(bundle, server=stand_in.url, check=5)
    assert "[unauthorized]" in result.err
    assert "add a line: machine 127.0.0.1 login" in result.err
    assert stand_in.seen == []


def test_wrong_credentials(importer, bundle, stand_in):
    stand_in.users = {b"Basic eDp5"}
    result = importer(bundle, server=stand_in.url, check=5)
    assert "[unauthorized]" in result.err and "machine HOST" in result.err


def test_credentials_that_others_can_read(importer, bundle, stand_in):
    importer.netrc.chmod(0o640)
    result = importer(bundle, server=stand_in.url, check=5)
    assert "chmod 600" in result.err
    assert stand_in.seen == []


def test_token(importer, bundle, stand_in, tmp_path):
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    token.chmod(0o600)
    stand_in.users = {b"Bearer s3cret"}
    importer(bundle, "--token", f"file:{token}", server=stand_in.url,
             credentials=False, check=0)
    token.write_text("wrong\n")
    result = importer(bundle, "--token", f"file:{token}", server=stand_in.url,
                      credentials=False, check=5)
    assert "wrong" not in result.err
    token.chmod(0o644)
    importer(bundle, "--token", f"file:{token}", server=stand_in.url,
             credentials=False, check=5)


# -- the bundle ---------------------------------------------------------------

def test_without_trust_nothing_is_asked(importer, bundle, stand_in):
    result = importer.run("pkg-import", bundle, "--server", stand_in.url,
                          "--netrc", importer.netrc, check=1)
    assert "[no-trust]" in result.err
    assert stand_in.seen == []


def test_from_a_pipe(importer, bundle, stand_in):
    result = importer.run(
        "pkg-import", "-", "--server", stand_in.url, "--netrc", importer.netrc,
        "--trust", importer.keys.ca, input=bundle.read_bytes(), check=0)
    assert summary(result)["created"] == 10


def test_a_draft_is_refused(importer, stand_in):
    importer.product("p")
    result = importer("product.draft", server=stand_in.url, check=1)
    assert "[draft]" in result.err
    assert stand_in.seen == []


def test_a_container_is_no_bundle(importer, stand_in, tmp_path):
    (tmp_path / "os.bin").write_bytes(b"x")
    importer.run("pkg-seal", "create", "--tenant", "acme", "--name", "a",
                 "--version", "1", "--key", importer.keys.key("officer"),
                 "--cert", importer.keys.cert("officer"), "-o", "a.seal",
                 "os.bin", check=0)
    result = importer("a.seal", server=stand_in.url, check=3)
    assert "[unsupported]" in result.err
    assert stand_in.seen == []


def test_a_bundle_that_changes_while_it_is_sent(importer, bundle, stand_in):
    """Its inode is written to after the check: no wrong byte gets in."""
    data = FILES["os.bin"]

    def change(call):
        whole = bundle.read_bytes()
        assert data in whole
        with open(bundle, "r+b") as file:
            file.seek(whole.index(data) + len(data) - 2)
            file.write(b"!")

    seen = Nth(change)

    def fault(call):
        seen(call)
        return False

    stand_in.fault = fault
    result = importer(bundle, server=stand_in.url, check=1)
    assert "[digest-mismatch]" in result.err
    stored = [a["_data"] for m in stand_in.store.alive("modules")
              for a in m["_artifacts"]]
    assert all(one in FILES.values() for one in stored)


# -- receipt ------------------------------------------------------------------

def test_no_receipt_of_a_failure(importer, bundle, stand_in):
    stand_in.fault = Nth(answer(400))
    importer(bundle, "--receipt", "r.json", server=stand_in.url, check=1)
    assert not (importer.folder / "r.json").exists()
    assert not list(importer.folder.glob(".packline*"))


def test_a_receipt_that_exists_is_kept(importer, bundle, stand_in):
    (importer.folder / "r.json").write_text("mine")
    importer(bundle, "--receipt", "r.json", server=stand_in.url, check=2)
    assert stand_in.seen == []
    assert (importer.folder / "r.json").read_text() == "mine"
    importer(bundle, "--receipt", "r.json", "--force", server=stand_in.url,
             check=0)
    assert "mine" not in (importer.folder / "r.json").read_text()


def test_receipt_is_canonical_and_of_its_schema(importer, bundle, stand_in,
                                                root):
    import jsonschema
    result = importer(bundle, "--receipt", "r.json", server=stand_in.url,
                      check=0)
    raw = (importer.folder / "r.json").read_text()
    receipt = json.loads(raw)
    assert raw == json.dumps(receipt, sort_keys=True, ensure_ascii=False,
                             separators=(",", ":")) + "\n"

    def check(value, name):
        schema = json.loads((root / f"schemas/{name}.schema.json").read_text())
        jsonschema.validate(value, schema)

    check(receipt, "receipt")
    for record in result.records:
        check(record, record["type"])


def test_plans_of_many_pages(importer, stand_in, name):
    """A list of more than one page, of names that the query finds as well."""
    for i in range(600):
        stand_in.store.create("modules", {
            "name": f"{name}{i}", "version": "1", "type": "os"})
    text = PRODUCT.format(name="p").replace("name: p-os", f'name: "{name}*"') \
        .replace("modules: [p-os,", f'modules: ["{name}*",')
    result = importer(importer.bundle(text), server=stand_in.url, check=0)
    assert actions(result)[f"module:os/{name}%2A/1.0"] == "created"
    last = stand_in.store.last_id
    importer(importer.bundle(text), server=stand_in.url, check=0)
    assert stand_in.store.last_id == last


def test_a_module_that_the_server_drops_in_silence(importer, stand_in):
    """More of a type than its maxAssignments: the answer is a 201."""
    stand_in.store.entities["module_types"][2]["maxAssignments"] = 1
    text = PRODUCT.format(name="p").replace("type: p-b\n", "type: application\n") \
        .replace("sets:\n  - name", """\
  - {name: p-more, version: "1", type: application, artifacts: [{path: os.bin}]}
sets:
  - name""", 1).replace("['p-b']", "[application]") \
        .replace("modules: [p-os, p-boot]", "modules: [p-os, p-boot, p-more]")
    result = importer(importer.bundle(text), server=stand_in.url, check=1)
    assert "[different-modules]" in result.err and "maxAssign" in result.err


def test_confirmation_that_the_server_does_not_tell(importer, stand_in):
    """It does so only where confirmation is switched on."""
    text = PRODUCT.format(name="p") + """\
targetFilters:
  - name: f
    query: name==p*
    autoAssignDS: {set: p, type: soft, weight: 5, confirmationRequired: true}
"""
    bundle = importer.bundle(text)
    importer(bundle, server=stand_in.url, check=0)
    filters, = stand_in.store.alive("filters")
    del filters["confirmationRequired"]
    again = importer(bundle, server=stand_in.url, check=0)
    assert summary(again)["writes"] == 0
    filters["autoAssignWeight"] = 6
    changed = importer(bundle, server=stand_in.url, check=0)
    assert actions(changed)["auto-assign-target-filter:f"] == "updated"


# -- versions -----------------------------------------------------------------

@pytest.mark.parametrize("version", ["0.8.0", "0.9.0", "0.10.0", "1.1.0"])
def test_the_other_families_of_answers(importer, version):
    with StandIn(version) as server:
        importer(importer.product("p"), server=server.url, check=0)
        again = importer(importer.product("p"), server=server.url, check=0)
        assert summary(again)["writes"] == 0
        result = importer(importer.product(
            "p", ("value: b1", "value: b2"), ("All of it", "All")),
            server=server.url, check=0)
        assert summary(result)["updated"] == 2
        api = Api(server.url)
        number = api.one("/softwaremodules", name="p-os")["id"]
        api.post(f"/softwaremodules/{number}/metadata",
                 [{"key": "more", "value": "x"}])
        result = importer(importer.product(
            "p", ("value: b1", "value: b2"), ("All of it", "All")), "--prune",
            server=server.url, check=0)
        assert summary(result)["deleted"] == 1


@pytest.mark.parametrize("version", ["0.9.0", "1.0.4"])
def test_quotas_of_both_families(importer, version):
    with StandIn(version, artifacts=1) as server:
        result = importer(importer.product("p"), server=server.url, check=1)
        assert "[quota]" in result.err


def test_a_set_of_another_type_before_0_9(importer):
    """There (name, version) is unique, without the type."""
    with StandIn("0.8.0") as server:
        Api(server.url).made("/distributionsets", [
            {"name": "p", "version": "1.0", "type": "os"}])
        result = importer(importer.product("p"), server=server.url, check=1)
        assert "[name-taken]" in result.err and "of type 'os'" in result.err


def test_a_metadata_key_that_paths_cannot_have(importer, stand_in):
    """a/b is refused in a path even if it is escaped."""
    product = ("key: build", "key: a/b")
    importer(importer.product("p", product), server=stand_in.url, check=0)
    again = importer(importer.product("p", product), server=stand_in.url,
                     check=0)
    assert summary(again)["writes"] == 0
    result = importer(importer.product("p", product, ("b1", "b2")),
                      server=stand_in.url, check=0)
    assert summary(result)["updated"] == 1


def test_interrupted_by_a_signal_and_done_again(importer, bundle, stand_in):
    """Killed while a file is on its way."""
    process = []
    started = threading.Event()

    def kill(call):
        started.wait()
        process[0].kill()
        process[0].wait()
        drop(call)

    stand_in.fault = Nth(kill, when=lambda call: "artifacts" in call.path and
                         call.command == "POST")
    process.append(subprocess.Popen(
        [bin_folder() / "pkg-import", bundle, "--trust", importer.keys.ca,
         "--server", stand_in.url, "--netrc", importer.netrc],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    started.set()
    process[0].wait(timeout=600)
    assert stand_in.fault.hit
    result = importer(bundle, server=stand_in.url, check=0)
    assert len(stand_in.store.alive("modules")[0]["_artifacts"]) == 2
    assert "created" in actions(result).values()

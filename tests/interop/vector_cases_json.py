# SPDX-License-Identifier: Apache-2.0
"""Vectors of documents that are not those of format 1.

Each is signed, so that nothing else is wrong with it.
"""

from reference import sha256
from vector_cases import Case, bundle, full, sealed, signed, whole

CASES = []


def bad(name, comment, reason, build):
    CASES.append(Case(name, comment, 3, reason, build, hidden=True))


def text(name, comment, reason, old, new, make=signed):
    """manifest.json with @new instead of @old."""
    def edit(data):
        assert old in data, (name, old)
        return data.replace(old, new, 1)
    bad(name, comment, reason, whole(make, edit_text=edit))


def manifest(name, comment, reason, edit, make=signed):
    """edit(the manifest as a dict)"""
    bad(name, comment, reason, whole(make, edit_manifest=edit))


def request(name, comment, edit, reason="malformed-request", make=signed):
    bad(name, comment, reason, whole(make, edit_request=edit))


CANONICAL = "not-canonical"
text("json-space", "white space", CANONICAL, b'"format":1', b'"format": 1')
text("json-newline", "a newline at the end", CANONICAL, b'"1.0"}',
     b'"1.0"}\n')
text("json-order", "keys out of order", CANONICAL,
     b'"content":"files","created":null', b'"created":null,"content":"files"')
text("json-duplicate", "a key twice", CANONICAL, b'"format":1',
     b'"format":1,"format":1')
text("json-float", "an integer as a fraction", CANONICAL, b'"format":1',
     b'"format":1.0')
text("json-exponent", "an integer with an exponent", CANONICAL, b'"format":1',
     b'"format":1e0')
text("json-escape", "a letter escaped that need not be", CANONICAL, b'"demo"',
     b'"d\\u0065mo"')
text("json-solidus", "an escaped solidus", CANONICAL, b"payload/hello",
     b"payload\\/hello")
text("json-surrogate", "half a surrogate pair", CANONICAL, b'"demo"',
     b'"\\ud800"')
text("json-utf8", "a byte that is not UTF-8", CANONICAL, b'"demo"',
     b'"d\xffmo"')
text("json-bom", "a byte order mark", CANONICAL, b'{"content"',
     b'\xef\xbb\xbf{"content"')
text("json-integer", "2^53 is not exact everywhere", CANONICAL,
     b'"sequence":null', b'"sequence":9007199254740992')
text("json-negative-zero", "-0 has another spelling", CANONICAL,
     b'"sequence":null', b'"sequence":-0')
text("json-depth", "nine levels deep", CANONICAL, b'"format"',
     b'"ext":{"a":[[[[[[[]]]]]]]},"format"')
text("json-control", "a control character in a string", CANONICAL, b'"format"',
     b'"ext":{"a":"\\u0007"},"format"')
text("json-trailing", "something after the value", CANONICAL, b'"1.0"}',
     b'"1.0"}{}')

text("format-2", "a later format", "unsupported-format", b'"format":1',
     b'"format":2')
text("format-type", "another type of document", "unsupported-format",
     b'"type":"manifest"', b'"type":"approval"')
text("format-suite", "another suite", "unsupported-suite", b"packline-1",
     b"packline-2")
text("format-extension", "a critical extension", "unsupported-extension",
     b'"format"', b'"ext":{"!x":null},"format"')

SHAPE = "malformed-manifest"
text("manifest-unknown-key", "a key that format 1 does not have", SHAPE,
     b'"1.0"}', b'"1.0","zone":1}')
text("manifest-missing-key", "a key is missing", SHAPE, b'"sequence":null,',
     b"")
text("manifest-null", "null where it is not allowed", SHAPE, b'"name":"demo"',
     b'"name":null')
text("manifest-type", "a string instead of an integer", SHAPE,
     b'"sequence":null', b'"sequence":"1"')
text("manifest-time", "a time in another spelling", SHAPE, b'"expires":null',
     b'"expires":"2026-12-01T02:00:00+00:00"')
text("manifest-tenant", "a tenant that is a path", SHAPE, b'"acme"',
     b'"../acme"')
text("manifest-name", "a name with a control code", SHAPE, b'"demo"',
     b'"de\\nmo"')
text("manifest-kind", "kind and encryption do not fit", SHAPE, b'"signed"',
     b'"sealed"')
manifest("manifest-id", "a random id where it must be derived", SHAPE,
         lambda m: m.update(id="01234567-89ab-4def-8123-456789abcdef"))
manifest("manifest-kdf", "more work for scrypt than is allowed", SHAPE,
         lambda m: m["encryption"].update(kdf={
             "n": 1 << 18, "name": "scrypt", "p": 1, "r": 8,
             "salt": sha256(b"")}), sealed)


def rename(name):
    def edit(doc):
        doc["members"][-1]["name"] = name
    return edit


for _name, _comment, _path in (
        ("traversal", "out of its folder", "payload/../evil"),
        ("absolute", "an absolute path", "/etc/passwd"),
        ("backslash", "a backslash", "payload\\evil"),
        ("folder", "a folder more", "payload/a/b"),
        ("option", "looks like an option", "payload/-rf"),
        ("dot", "a trailing dot", "payload/a."),
        ("device", "a Windows device", "payload/con.txt"),
        ("newline", "a newline, which breaks lists", "payload/a\nb"),
        ("empty", "nothing after the folder", "payload/"),
        ("long", "101 characters", "payload/" + "a" * 101)):
    manifest(f"name-{_name}", _comment, "name-grammar", rename(_path))


def twin(doc):
    doc["members"].append(doc["members"][-1] | {"name": "payload/HELLO.txt"})


def bigger(limit, index):
    def edit(doc):
        row = doc["members"][index]
        row["size"] = limit + 1
    return edit


def other_plain(doc):
    doc["members"][-1]["plain_size"] += 1


def drop_request(doc):
    del doc["members"][0]


def swap_blobs(doc):
    doc["members"][-2:] = reversed(doc["members"][-2:])


def two_metadata(doc):
    doc["members"].insert(3, doc["members"][2])


manifest("members-fold", "names that differ in case only", SHAPE, twin)
manifest("members-request", "no request is listed", SHAPE, drop_request)
manifest("members-no-payload", "no payload is listed", SHAPE,
         lambda m: m["members"].pop())
manifest("members-metadata", "two metadata files", SHAPE, two_metadata, full)
manifest("members-blobs", "blobs of a bundle out of order", SHAPE, swap_blobs,
         bundle)
manifest("members-plain-size", "the size does not follow from the plaintext's",
         SHAPE, other_plain, sealed)
manifest("members-payload-limit", "a payload of more than 1 TiB", "limit",
         bigger(1 << 40, 1))
manifest("members-request-limit", "a request of more than 1 MiB", "limit",
         bigger(1 << 20, 0))


request("request-tenant", "the request is for another tenant",
        lambda r: r.update(tenant="umbrella"))
request("request-sequence", "the request has another sequence",
        lambda r: r.update(sequence=1))
request("request-unknown-key", "a key that format 1 does not have",
        lambda r: r.update(zone=1))
request("request-salt", "a salt although nothing is encrypted",
        lambda r: r.update(salt=sha256(b"")))
request("request-given", "another digest was given than is listed",
        lambda r: r["files"][0].update(given_sha256=sha256(b"")))
request("request-source", "the source name is a path",
        lambda r: r["files"][0].update(source_name="../hello.txt"),
        "name-grammar")
request("request-size", "another size than the manifest lists",
        lambda r: r["files"][0].update(size=7))
request("request-name", "the member's name does not follow from the file's",
        lambda r: r["files"][0].update(source_name="other.txt"))
request("request-type", "another type of document",
        lambda r: r.update(type="approval"), "unsupported-format")
request("request-id", "the id does not follow from the content",
        lambda r: r.update(requester="somebody else"))

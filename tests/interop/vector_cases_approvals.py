# SPDX-License-Identifier: Apache-2.0
"""Vectors of approvals: the reader has been given an approval policy."""

import dataclasses

from reference import canonical, openssl, sha256, spki, write_zip
from reference_approvals import OID_APPROVAL
from reference_write import PSS, cms_sign
from vector_cases import Case, signed
from vector_cases_kek import SITE

# Who is who: the id and role of an officer, and his key in the workshop.
OFFICERS = {"alice": ("alice", "product", "alice"),
            "bob": ("bob", "security", "release"),      # an RSA key
            "dora": ("dora", "quality", "dora"),
            "dora's second key": ("dora", "quality", "dora2")}
ISSUED = "2030-01-01T00:00:00Z"
LATER = "2030-01-15T00:00:00Z"      # within validFor
END = "2030-01-31T00:00:00Z"        # the first moment after it
CASES = []


@dataclasses.dataclass
class Vote:
    """What an officer says; changed: other values of the document."""
    who: str
    key: str = None                 # in the workshop; None = his own
    oid: str = OID_APPROVAL
    edit: object = None             # of the bytes, after they were signed
    changed: dict = dataclasses.field(default_factory=dict)

    def sign(self, shop, box):
        """(SPKI, JSON, signature)"""
        name, role, key = OFFICERS[self.who]
        config, request = box.subject["device_config"], box.make_request()
        words = {"decision": "APPROVED", "expires": None, "issued": ISSUED,
                 "device_config_sha256": config and config["sha256"],
                 "officer": {"id": name, "role": role},
                 "policy_sha256": box.policy_sha256,
                 "reason": "geprüft", "request_id": request["id"],
                 "request_sha256": sha256(canonical(request)),
                 "tenant": box.subject["tenant"], "type": "approval"}
        text = canonical(words | self.changed)
        cert, private, _ = shop.signer(self.key or key)
        options = PSS if (self.key or key) == "release" else ()
        der = cms_sign(text, cert, private, oid=self.oid,
                       options=("-cades", *options))
        if self.edit:
            text = self.edit(text)
        return spki(cert.read_bytes()), text, der


def vote(who, *, key=None, oid=OID_APPROVAL, edit=None, **changed):
    return Vote(who, key, oid, edit, changed)


def policy_text(required=2):
    rows = "".join(
        f"    - {{id: {name}, cert: {key}.pem, role: {role}}}\n"
        for name, role, key in OFFICERS.values())
    return (f"packline: 1\napprovals:\n  required: {required}\n"
            f"  validFor: 30d\n  officers:\n{rows}").encode()


def certificates(shop):
    return {f"{key}.pem": openssl("x509", "-outform", "DER",
                                  data=shop.keys.cert(key).read_bytes())
            for _, _, key in OFFICERS.values()}


@dataclasses.dataclass
class ApprovalCase(Case):
    """given: the policy that the reader has; time: what he judges by."""
    given: bytes = None
    time: str = None


def case(name, comment, answer, votes, *, with_key=None, time=None,
         reverse=False, given=None, made_under=None, **how):
    """answer: reason, "-" for yes, after "3 " if the file is broken."""
    def build(shop):
        box = signed(shop, kind="sealed" if with_key else "signed",
                     device_config={"id": "ecu-a", "sha256": sha256(b"ecu")})
        if with_key:
            box.keks = [SITE]
        box.requester = how.get("requester", "build")
        if not how.get("no_policy"):
            box.policy_sha256 = sha256(made_under or policy_text())
        made = sorted((v.sign(shop, box) for v in votes), reverse=reverse)
        box.approvals = [(text, der) for _, text, der in made]
        return box, write_zip(box.build_members())

    broken = answer.startswith("3 ")
    CASES.append(ApprovalCase(
        f"approvals-{name}", comment, 3 if broken else int(answer != "-"),
        answer.removeprefix("3 "), build, with_key=with_key,
        hidden=answer != "-" or bool(with_key), given=given or policy_text(),
        time=time))


def both(**changed):
    return [vote("alice", **changed), vote("bob")]


# -- accepted -----------------------------------------------------------------

case("two", "two of three officers, ECDSA and RSA-PSS", "-", both())
case("three", "more than it needs", "-", [*both(), vote("dora")])
case("one", "a policy that asks for one", "-", [vote("dora")],
     given=policy_text(1), made_under=policy_text(1))
case("second-key", "an officer with his other key", "-",
     [vote("alice"), vote("dora's second key")])
case("sealed", "the request is encrypted", "-", both(), with_key=(0, "-"))
case("in-time", "judged at a time when all of it is valid", "-",
     both(expires=END), time=LATER)
case("skew", "issued 300 seconds from now: clocks differ", "-",
     both(issued="2030-01-15T00:05:00Z"), time=LATER)
case("no-clock", "expired, for a reader who looks at no clock", "-",
     both(expires="2030-01-02T00:00:00Z"))

# -- too few, or against it ---------------------------------------------------

case("none", "nobody has decided", "too-few-approvals", [])
case("too-few", "one of two", "too-few-approvals", [vote("alice")])
case("rejected", "enough approve, one rejects", "approval-rejected",
     [*both(), vote("dora", decision="REJECTED", reason="it bricks")])
case("rejected-long-ago", "a rejection does not expire", "approval-rejected",
     [*both(issued=LATER), vote("dora", decision="REJECTED")], time=END)
case("unapproved", "made under no policy, and the reader asks for one",
     "unapproved", [], no_policy=True)
case("unknown-policy", "made under a policy that asks for less",
     "unknown-approval-policy", both(), made_under=policy_text(1))

# -- who ----------------------------------------------------------------------

case("same-key", "an officer decides twice", "approval-duplicate",
     [vote("alice"), vote("alice", reason="again")])
case("same-officer", "an officer decides with two keys", "approval-duplicate",
     [vote("dora"), vote("dora's second key")])
case("order", "not in the order of the keys", "3 approval-order", both(),
     reverse=True)
case("stranger", "signed by a key that is no officer's", "approval-officer",
     [vote("bob", key="officer")])
case("another-name", "an officer under the name of another",
     "approval-officer", [vote("alice", officer={
         "id": "bob", "role": "product"}), vote("bob")])
case("another-role", "an officer in another role", "approval-officer",
     [vote("alice", officer={"id": "alice", "role": "security"}),
      vote("bob")])
case("self", "asked for by an officer who approves it", "approval-self",
     both(), requester="alice")
case("self-case", "the same, written in another case", "approval-self",
     both(), requester="ALICE")
case("self-sealed", "who asked for it is seen with the key only", "-", both(),
     requester="bob", with_key=(1, "approval-self"))
case("no-requester", "nobody says that he asked for it", "no-requester",
     both(), requester=None)

# -- about what ---------------------------------------------------------------

case("other-request", "about another request", "approval-request",
     both(request_sha256=sha256(b"other")))
case("other-id", "about a request of another id", "approval-request",
     both(request_id="00000000-0000-8000-8000-000000000000"))
case("other-tenant", "about a request of another tenant", "approval-tenant",
     both(tenant="globex"))
case("other-device", "for another device config", "approval-device-config",
     both(device_config_sha256=sha256(b"other")))
case("no-device", "for no device config", "approval-device-config",
     both(device_config_sha256=None))
case("other-policy", "made under another policy", "approval-policy",
     both(policy_sha256=sha256(b"other")))

# -- when ---------------------------------------------------------------------

case("expired", "at the very moment when it expires", "approval-expired",
     both(expires=LATER), time=LATER)
case("too-old", "older than the policy's validFor", "approval-expired",
     both(), time=END)
case("from-the-future", "issued 301 seconds from now", "approval-expired",
     both(issued="2030-01-15T00:05:01Z"), time=LATER)

# -- form ---------------------------------------------------------------------

case("changed", "words that were changed after he had signed",
     "signature-bad",
     both(edit=lambda text: text.replace("geprüft".encode(), b"tested")))
case("signed-as-manifest", "signed as a manifest is", "signature-profile",
     both(oid="2.25.143773712440608388605632316441441173953.1"))
case("maybe", "a decision that is none", "3 malformed-approval",
     both(decision="MAYBE"))
case("no-reason", "without a reason", "3 malformed-approval", both(reason=""))
case("expires-first", "it expires when it is issued", "3 malformed-approval",
     both(expires=ISSUED))
case("unknown-key", "a key that is not of the format",
     "3 malformed-approval", both(note="x"))
case("other-type", "a document of another type", "3 unsupported-format",
     both(type="manifest"))

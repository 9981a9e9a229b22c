# SPDX-License-Identifier: Apache-2.0
"""A company with officers: policies, and decisions good and forged.

    office = Office(keys, tmp_path)
    office.policy(required=2)              # release.yaml
    box = forge.Box(keys)
    office.ask(box)                        # requester, policy
    body = office.approved(box, [office.decision(box, "alice"), ...])
"""

import datetime

import forge
import reference
from reference import canonical, sha256

ROLES = {"alice": "product", "bob": "security", "dora": "quality",
         "dora2": "quality", "officer": "nobody"}
NOW = datetime.datetime.now(datetime.timezone.utc)


def moment(start=NOW, **later):
    """That long after START: the keys of the tests are valid from now on."""
    return (start + datetime.timedelta(**later)).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_now(**later):
    """That long after this very moment; it may be an hour since ISSUED."""
    return moment(datetime.datetime.now(datetime.timezone.utc), **later)


ISSUED = moment()


class Office:
    """Its files lie in one folder."""

    def __init__(self, keys, folder):
        self.keys, self.folder = keys, folder
        self.policy()

    def policy(self, required=2, officers=("alice", "bob", "dora"),
               valid_for=None, name="release.yaml"):
        """An approval policy -> its path."""
        rows = "".join(
            f"    - {{id: {who}, cert: {self.keys.cert(who)}, "
            f"role: {ROLES[who]}}}\n" for who in officers)
        path = self.folder / name
        path.write_text(
            f"packline: 1\napprovals:\n  required: {required}\n" +
            (f"  validFor: {valid_for}\n" if valid_for else "") +
            f"  officers:\n{rows}")
        return path

    def trust(self, approvals=("release.yaml",), extra="", roots=True,
              pins=("release",)):
        """A trust policy that accepts these approval policies -> its path."""
        path = self.folder / "trust.yaml"
        rows = ", ".join(f"{{id: {pin}, spki: 'sha256:"
                         f"{forge.spki(self.keys, pin)}'}}" for pin in pins)
        path.write_text(
            "packline: 1\ntrust:\n" +
            (f"  roots: [{self.keys.ca}]\n" if roots else "") +
            f"  signers: {{pins: [{rows}]}}\n" +
            (f"  approvals: [{', '.join(approvals)}]\n" if approvals else "") +
            extra)
        return path

    def sha256(self, name):
        return sha256((self.folder / name).read_bytes())

    def ask(self, box, requester="build", policy="release.yaml"):
        """Make the request of a box one that needs approvals."""
        box.request["requester"] = requester
        box.request["id"] = ""
        box.request["id"] = box.new_id()
        box.seal_request()
        box.manifest["policy_sha256"] = self.sha256(policy)
        return box

    def decision(self, box, who, key=None, oid=forge.APPROVAL_OID, **changed):
        """(approval-NN.json, its .p7s, who signed)"""
        config = box.manifest["device_config"]
        words = {
            "decision": "APPROVED",
            "device_config_sha256": config and config["sha256"],
            "expires": None, "issued": ISSUED,
            "officer": {"id": who, "role": ROLES.get(who, "product")},
            "policy_sha256": box.manifest["policy_sha256"],
            "reason": "tested", "request_id": box.manifest["id"],
            "request_sha256": box.manifest["request_sha256"],
            "tenant": box.manifest["tenant"], "type": "approval", **changed}
        text = canonical(words)
        return text, forge.sign(self.keys, key or who, text, oid=oid), \
            key or who

    def approved(self, box, decisions):
        """The container with these decisions, in the order of their keys."""
        decisions = sorted(decisions, key=lambda one: forge.spki(
            self.keys, one[2]))
        members = box.members()
        at = next(i for i, (name, _) in enumerate(members)
                  if not name.startswith(("mimetype", "META-INF/manifest.json",
                                          "META-INF/sig-")))
        members[at:at] = [
            pair for n, (text, p7s, _) in enumerate(decisions) for pair in (
                (f"META-INF/approval-{n:02d}.json", text),
                (f"META-INF/approval-{n:02d}.p7s", p7s))]
        return reference.write_zip(members)

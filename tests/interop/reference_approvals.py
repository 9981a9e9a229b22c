# SPDX-License-Identifier: Apache-2.0
"""Approvals in the second implementation: section 5.2 of the specification."""

import dataclasses
import datetime
import pathlib
import re
import subprocess
import tempfile

import yaml
from reference import demand, is_name, openssl, sha256, spki

OID_APPROVAL = "2.25.143773712440608388605632316441441173953.2"
KEYS = set("decision device_config_sha256 expires issued officer policy_sha256"
           " reason request_id request_sha256 tenant type".split())
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
SKEW = 300  # seconds


def seconds(text):
    """2026-12-01T02:00:00Z as a number."""
    return datetime.datetime.strptime(
        text + "+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp()


@dataclasses.dataclass
class Policy:
    """An approval policy: its bytes, and its certificates {name: PEM}."""
    text: bytes
    certs: dict
    time: str = None    # that is judged by; None = the clock is not looked at

    def __post_init__(self):
        rules = yaml.safe_load(self.text)["approvals"]
        self.sha256, self.required = sha256(self.text), rules["required"]
        span = rules.get("validFor")
        self.valid_for = span and int(span[:-1]) * UNITS[span[-1]]
        self.officers = {spki(self.certs[row["cert"]]): row
                         for row in rules["officers"]}


def check_cms(der, text, policy, last):
    """The SPKI of the officer who signed the text."""
    said = openssl("cms", "-cmsout", "-print", "-noout", "-inform", "DER",
                   data=der).decode()
    kind = re.search(r"eContentType: .*\((.*)\)", said)
    demand(kind and kind[1] == OID_APPROVAL
           and "id-smime-aa-signingCertificateV2" in said, 1,
           "signature-profile")
    key = spki(openssl("pkcs7", "-inform", "DER", "-print_certs", data=der))
    demand(key != last, 1, "approval-duplicate")
    demand(last is None or key > last, 3, "approval-order")
    demand(key in policy.officers, 1, "approval-officer")
    with tempfile.TemporaryDirectory() as folder:
        content = pathlib.Path(folder, "approval.json")
        content.write_bytes(text)
        cert = pathlib.Path(folder, "officer.pem")
        cert.write_bytes(policy.certs[policy.officers[key]["cert"]])
        try:
            openssl("cms", "-verify", "-inform", "DER", "-content", content,
                    "-binary", "-purpose", "any", "-cades", "-no_check_time",
                    "-partial_chain", "-CAfile", cert, "-out", "/dev/null",
                    data=der)
            good = True
        except subprocess.CalledProcessError:
            good = False
    demand(good, 1, "signature-bad")
    return key


def check_words(words, read):
    """Every value is what the specification says; read: reference_read."""
    def ok(truth):
        demand(truth, 3, "malformed-approval")

    def is_time(value):
        return isinstance(value, str) and bool(read.TIME.fullmatch(value))

    demand(words.get("type") == "approval", 3, "unsupported-format")
    ok(set(words) == KEYS)
    ok(words["decision"] in ("APPROVED", "REJECTED"))
    ok(words["device_config_sha256"] is None
       or read.is_hash(words["device_config_sha256"]))
    ok(is_time(words["issued"]))
    ok(words["expires"] is None or is_time(words["expires"])
       and words["expires"] > words["issued"])
    ok(isinstance(words["officer"], dict)
       and set(words["officer"]) == {"id", "role"})
    ok(all(isinstance(value, str) and is_name(value)
           for value in (*words["officer"].values(), words["tenant"])))
    ok(read.is_hash(words["policy_sha256"])
       and read.is_hash(words["request_sha256"]))
    ok(isinstance(words["request_id"], str)
       and read.UUID.fullmatch(words["request_id"]))
    ok(isinstance(words["reason"], str) and 0 < len(words["reason"]) <= 2000
       and not read.CONTROL.search(words["reason"]))


def check_subject(words, manifest, policy):
    config = manifest["device_config"]
    demand(words["tenant"] == manifest["tenant"], 1, "approval-tenant")
    demand(words["device_config_sha256"] == (config and config["sha256"]), 1,
           "approval-device-config")
    demand(words["policy_sha256"] == policy.sha256, 1, "approval-policy")
    demand((words["request_id"], words["request_sha256"])
           == (manifest["id"], manifest["request_sha256"]), 1,
           "approval-request")


def check_time(words, policy):
    if policy.time is None:
        return
    now, issued = seconds(policy.time), seconds(words["issued"])
    demand(issued - SKEW <= now, 1, "approval-expired")
    demand(not policy.valid_for or now < issued + policy.valid_for, 1,
           "approval-expired")
    demand(words["expires"] is None or now < seconds(words["expires"]), 1,
           "approval-expired")


def judge(approvals, manifest, policy, read):
    """Rules 1 to 3 -> ids of those who decided.

    approvals: [(JSON, signature)]; policy: a Policy, None if none was given.
    """
    asked = manifest["policy_sha256"]
    if policy is None:
        demand(asked is None, 1, "no-approval-policy")
        demand(not approvals, 1, "approval-policy")
        return []
    demand(asked is not None, 1, "unapproved")
    demand(asked == policy.sha256, 1, "unknown-approval-policy")
    decided, key = [], None
    for text, der in approvals:
        key = check_cms(der, text, policy, key)
        words = read.strict_json(text, "malformed-approval")
        check_words(words, read)
        check_subject(words, manifest, policy)
        officer = policy.officers[key]
        demand(words["officer"] == {"id": officer["id"],
                                    "role": officer["role"]}, 1,
               "approval-officer")
        demand(officer["id"] not in decided, 1, "approval-duplicate")
        decided.append(officer["id"])
        demand(words["decision"] == "APPROVED", 1, "approval-rejected")
        check_time(words, policy)
    demand(len(decided) >= policy.required, 1, "too-few-approvals")
    return decided


def check_requester(decided, requester):
    """Rule 4."""
    demand(requester is not None, 1, "no-requester")
    demand(requester.lower() not in {who.lower() for who in decided}, 1,
           "approval-self")

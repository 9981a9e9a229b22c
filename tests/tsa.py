# SPDX-License-Identifier: Apache-2.0
"""A time-stamping authority (RFC 3161): openssl ts."""

import time

from support import P256, RSA

CONFIG = """\
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.2
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class Authority:
    """Its certificates are tsa, two-uses, and under tsa-ca tsa-rsa."""

    def __init__(self, keys):
        self.keys = keys
        keys.path("serial").write_text("01\n")
        self.config = keys.path("tsa.cnf")
        self.config.write_text(CONFIG.format(folder=keys.folder))
        for name, usage in (("tsa", "critical,timeStamping"),
                            ("two-uses", "critical,timeStamping,codeSigning")):
            keys.path(f"{name}.ext").write_text(
                "basicConstraints=critical,CA:FALSE\n"
                "keyUsage=critical,digitalSignature\n"
                f"extendedKeyUsage={usage}\n")
            if not keys.key(name).exists():
                keys.new_cert(name, P256, name)
        if not keys.key("tsa-rsa").exists():    # no other test has made it
            keys.new_ca("tsa-ca")
            keys.new_cert("tsa-rsa", RSA, "tsa", ca="tsa-ca")
        # What is stamped may be a second older than it says, see accuracy, and
        # who signed must have been valid then.
        newest = max(path.stat().st_mtime for path in keys.folder.iterdir())
        time.sleep(max(0, newest + 1 - time.time()))

    def reply(self, query, reply, name="tsa", *more):
        self.keys.openssl("ts", "-reply", "-queryfile", query, "-signer",
                          self.keys.cert(name), "-inkey", self.keys.key(name),
                          "-config", self.config, "-out", reply, *more)

# SPDX-License-Identifier: Apache-2.0
"""A small product for the tests of pkg-manifest: a manifest and its files."""

MANIFEST = """\
packline: 1
tenant: acme
product: {name: gateway, version: "1.0"}
defaults: {vendor: Acme Devices GmbH}
types:
  modules:
    - {key: bootloader, name: Bootloader, maxAssignments: 1}
  sets:
    - {key: gateway, name: Gateway, mandatorymodules: [os, bootloader], optionalmodules: [application]}
modules:
  - name: base
    version: "1.0"
    type: os
    description: Root file system
    artifacts:
      - path: rootfs.img
      - glob: "dtb/**/*.dtb"
    metadata:
      - {key: build, value: b1, targetVisible: true}
  - name: boot
    version: 2026.07
    type: bootloader
    artifacts:
      - {path: u-boot.bin, filename: boot.bin}
    sbom: {path: boot.cdx.json, mediaType: application/vnd.cyclonedx+json}
sets:
  - name: gateway
    version: "1.0"
    type: gateway
    modules: [base, boot]
    metadata: [{key: channel, value: stable}]
assignments:
  - set: gateway
    targets: [gw-001, gw-002]
    type: timeforced
    forcetime: 2026-12-01T02:00:00Z
    maintenanceWindow: {schedule: "0 0 2 ? * SUN", duration: "02:00:00", timezone: "+01:00"}
rollouts:
  - name: spread
    set: gateway
    targetFilterQuery: name==gw-*
    amountGroups: 3
targetFilters:
  - name: gateways
    query: name==gw-*
    autoAssignDS: {set: gateway, type: soft}
"""

FILES = {
    "rootfs.img": b"root file system\n",
    "dtb/b.dtb": b"device tree b\n",
    "dtb/a/x.dtb": b"device tree x\n",
    "dtb/readme.txt": b"not selected\n",
    "u-boot.bin": b"boot loader\n",
    "boot.cdx.json": b'''{"bomFormat": "CycloneDX", "components": [
{"name": "u-boot.bin", "type": "file", "hashes": [{"alg": "MD5",
"content": "d6c24b2388276938f4061f6c51ce0409"}]}]}
''',
    "ecu-a.yaml": b"packline: 1\n",
}


def write(folder, *edits):
    """Write the product, each edit (old, new) made once; returns the path."""
    text = MANIFEST
    for old, new in edits:
        assert text.count(old) >= 1, f"{old!r} is not in the manifest"
        text = text.replace(old, new, 1)
    for name, data in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "product.yaml").write_text(text, encoding="utf-8")
    return folder / "product.yaml"

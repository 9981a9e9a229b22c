#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""check + resolve + plan of a large manifest next to its libraries alone.

10,000 modules of three artifacts each, their digests given, and 1,000 sets.
Prints medians of CPU time over paired runs, the ratio of `resolve` (which
checks, too), of `check` and `resolve` together, and of these and `plan` to the
baseline, and the peak memory. Then what a query over a lock of 100,000 modules
costs more than loading it.

    PKG_BIN=build/tools tests/bench/bench_manifest.py [--modules N] [--runs N]
"""

import argparse
import hashlib
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("PKG_BIN", HERE.parents[1] / "build/tools"))


def write_data(folder, modules, sets, files):
    """product.yaml, records.jsonl and, if asked, the files themselves."""
    lines = ["packline: 1", "tenant: acme",
             'product: {name: bench, version: "1.0"}', "modules:"]
    records = []
    for i in range(modules):
        lines += [f"  - name: module-{i:05}", f'    version: "1.{i % 100}.0"',
                  "    type: application", "    vendor: Acme Devices GmbH",
                  f"    description: Part {i} of the product that is measured",
                  "    artifacts:"]
        for k in range(3):
            path = f"out/{i // 100:03}/module-{i:05}-{k}.bin"
            data = path.encode()
            lines += [f"      - path: {path}",
                      f"        filename: part-{k}.bin"]
            records.append({
                "type": "artifact", "path": path, "size": len(data),
                "mode": "0644", "md5": hashlib.md5(data).hexdigest(),
                "sha1": hashlib.sha1(data).hexdigest(),
                "sha256": hashlib.sha256(data).hexdigest()})
            if files:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
        lines += ["    metadata:",
                  f"      - {{key: build, value: b{i}, targetVisible: true}}",
                  f"      - {{key: commit, value: {i:040x}}}"]
    lines.append("sets:")
    for i in range(sets):
        lines += [f"  - name: set-{i:04}", '    version: "1.0"',
                  "    type: app", "    modules:"]
        lines += [f"      - module-{(i * 10 + k) % modules:05}"
                  for k in range(10)]
    (folder / "product.yaml").write_text("\n".join(lines) + "\n")
    (folder / "records.jsonl").write_text(
        "".join(json.dumps(r, sort_keys=True) + "\n" for r in records))


def cpu(argv, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(argv, cwd=folder, check=True, text=True,
                         capture_output=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime
            - before.ru_stime), out


def peak(argv, folder):
    """KiB at most, of one run alone."""
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.execv(argv[0], argv)
    return os.wait4(pid, 0)[2].ru_maxrss


def measure(folder, runs, extra):
    tool = str(BIN / "pkg-manifest")
    check = [tool, "check", "--quiet", *(["--no-files"] if extra else []),
             "product.yaml"]
    resolve = [tool, "resolve", "--hashes", "records.jsonl", *extra,
               "--force", "-o", "product.lock", "product.yaml"]
    plan = [tool, "plan", "--force", "-o", "plan.json", "product.lock"]
    cpu(resolve, folder)
    rows = []
    for _ in range(runs):
        _, parts = cpu([str(folder / "baseline"), "product.yaml",
                        "records.jsonl", "product.lock"], folder)
        base = sum(map(float, parts.split()))
        rows.append((base, cpu(check, folder)[0], cpu(resolve, folder)[0],
                     cpu(plan, folder)[0]))
    base, checked, resolved, planned = map(statistics.median, zip(*rows))
    ratio = statistics.median(r / b for b, _, r, _ in rows)
    both = statistics.median((c + r) / b for b, c, r, _ in rows)
    three = statistics.median((c + r + p) / b for b, c, r, p in rows)
    print(f"  baseline {base:.3f} s, check {checked:.3f} s, "
          f"resolve {resolved:.3f} s, plan {planned:.3f} s")
    print(f"  resolve / baseline {ratio:.2f}, "
          f"(check and then resolve) / baseline {both:.2f}, "
          f"with plan {three:.2f}, "
          f"peak {peak(resolve, folder) / 1024:.0f} MiB")


def measure_query(folder, runs, modules):
    """`list -q` over a lock next to `list`, which loads it, too."""
    rows = [{"artifacts": [], "description": f"Module number {i}",
             "metadata": [{"key": "build", "value": f"b{i % 97}"}],
             "name": f"module-{i:06}", "type": "application",
             "vendor": "Acme", "version": f"1.{i % 10}"}
            for i in range(modules)]
    (folder / "large.lock").write_text(json.dumps(
        {"assignments": [], "format": 1, "modules": rows,
         "product": {"name": "p", "version": "1"}, "rollouts": [],
         "sets": [], "targetFilters": [], "tenant": "t", "type": "lock"},
        sort_keys=True, separators=(",", ":")) + "\n")
    load = [str(BIN / "pkg-manifest"), "list", "modules", "large.lock"]
    query = [*load, "-q", "name==module-*9;version>=1.5 or "
             "metadata.build==b1*;description!=x"]
    pairs = [(cpu(load, folder)[0], cpu(query, folder)[0])
             for _ in range(runs)]
    more = statistics.median(q - l for l, q in pairs)
    print(f"  load {statistics.median(l for l, _ in pairs):.3f} s, "
          f"with a query {more:+.3f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modules", type=int, default=10000)
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run(
            ["cc", "-O2", "-std=c17", "-D_GNU_SOURCE", "-o",
             folder / "baseline", HERE / "baseline_manifest.c",
             "-lyaml", "-ljansson"], check=True)
        write_data(folder, args.modules, args.sets, files=True)
        print("records alone (--no-files):")
        measure(folder, args.runs, ["--no-files"])
        print("records, and a look at every file:")
        measure(folder, args.runs, [])
        print("a query over 100,000 modules of a lock:")
        measure_query(folder, args.runs, 100000)
    return 0


if __name__ == "__main__":
    sys.exit(main())

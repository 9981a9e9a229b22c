#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How fast pkg-batch signs 10,000 documents, next to openssl.

    PKG_BIN=build/tools python3 tests/bench/bench_batch.py [--dir DIR] [--rounds N]

10,000 documents of 10 KiB, an ECDSA P-256 key in a file, detached CMS
signatures. Next to

- a shell loop of `openssl cms -sign`, over 300 of them, scaled to 10,000;
- `openssl speed ecdsap256` in as many processes as there are processors: what
  the library could sign, and verify, if there were nothing else to do.

Every round runs each once, one after the other, and ratios of the medians are
told: absolute figures change from hour to hour on a shared machine. Times are
those of the clock, and of the processors (which do not rise when others work
at the same time). pkg-batch verifies each signature before it writes it, so
what it can reach is one signature and one verification a document; that bound
is told, too. Exit status 1 if a target is missed.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BATCH = str(pathlib.Path(os.environ.get("PKG_BIN", "build/tools"),
                         "pkg-batch").resolve())
COUNT, LOOP, SIZE = 10000, 300, 10240
PROCESSORS = len(os.sched_getaffinity(0))
SIGN = ["-binary", "-nosmimecap", "-cades", "-md", "sha256", "-signer",
        "c.pem", "-inkey", "k.pem", "-outform", "DER"]


@dataclasses.dataclass
class Spent:
    clock: float = 0      # seconds
    processor: float = 0  # seconds, user and system
    memory: int = 0       # KiB at most


def measure(argv, cwd):
    start = time.perf_counter()
    child = subprocess.Popen(list(map(str, argv)), cwd=cwd,
                             stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, argv
    return Spent(time.perf_counter() - start,
                 usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def openssl(work, *args):
    subprocess.run(["openssl", *args], cwd=work, check=True,
                   capture_output=True)


def prepare(work):
    """Key, certificate, documents and process."""
    openssl(work, "genpkey", "-algorithm", "EC", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-out", "k.pem")
    openssl(work, "req", "-x509", "-new", "-key", "k.pem", "-subj", "/CN=bench",
            "-days", "30", "-addext", "basicConstraints=critical,CA:FALSE",
            "-addext", "keyUsage=digitalSignature", "-addext",
            "extendedKeyUsage=codeSigning", "-out", "c.pem")
    (work / "k.pem").chmod(0o600)
    (work / "p.yaml").write_text(
        "packline: 1\nprocess: {id: 1, name: bench, tenant: acme, "
        "action: sign, form: cms-detached,\n  signing: {key: k.pem, "
        "cert: c.pem}}\n")
    (work / "in").mkdir()
    for number in range(COUNT):
        (work / "in" / f"{number:05}.bin").write_bytes(os.urandom(SIZE))


def batch(work, *args):
    return subprocess.run([BATCH, *args], cwd=work, check=True,
                          capture_output=True).stdout


def request_of(work, spool):
    record = json.loads(batch(work, "status", "--spool", spool, "--format",
                              "jsonl", "b"))
    return ["--yes", "--expect-digest", record["requestSha256"]]


def accepted(work, spool, count):
    """A spool with a batch of so many documents, which was accepted."""
    batch(work, "create", "--spool", spool, "--process", "p.yaml", "--id", "b")
    batch(work, "upload", "--spool", spool, "b",
          *(f"in/{number:05}.bin" for number in range(count)))
    batch(work, "accept", "--spool", spool, *request_of(work, spool), "b")


def run_batch(work, spool, *options):
    """Run a copy of it; documents are not copied."""
    shutil.rmtree(work / "now", ignore_errors=True)
    shutil.copytree(work / spool, work / "now", copy_function=os.link)
    return measure([BATCH, "run", "--quiet", "--spool", "now", *options,
                    *request_of(work, "now"), "b"], work)


def whole(work):
    """From the files to the ZIP file with the signatures."""
    shutil.rmtree(work / "now", ignore_errors=True)
    start = time.perf_counter()
    accepted(work, "now", COUNT)
    batch(work, "run", "--quiet", "--spool", "now", *request_of(work, "now"),
          "b")
    batch(work, "download", "--spool", "now", "--force", "-o", "out.zip", "b")
    return Spent(time.perf_counter() - start)


def loop(work):
    """openssl cms -sign, one after the other; scaled to all documents."""
    script = ('for f in in/000*.bin in/001*.bin in/002*.bin; do '
              f'openssl cms -sign {" ".join(SIGN)} -in "$f" -out "$f.p7s" || '
              'exit 1; done; rm in/*.p7s')
    spent = measure(["sh", "-c", script], work)
    return Spent(spent.clock * COUNT / LOOP, spent.processor * COUNT / LOOP,
                 spent.memory)


def speed(*options):
    """Signatures and verifications a second, by openssl speed."""
    said = subprocess.run(["openssl", "speed", "-seconds", "2", *options,
                           "ecdsap256"], check=True, capture_output=True,
                          text=True).stdout
    return list(map(float, re.search(
        r"nistp256\)(?: +[0-9.]+s){2} +([0-9.]+) +([0-9.]+)", said).groups()))


def rounds(work, count):
    """Every measurement, so often; the first round warms up."""
    found = {"run": [], "run -j1": [], "loop": [], "whole": [], "clock": [],
             "processor": []}
    for number in range(count + 1):
        now = {"run": run_batch(work, "many"),
               "run -j1": run_batch(work, "many", "-j", "1"),
               "loop": loop(work), "whole": whole(work),
               "clock": speed("-elapsed", "-multi", str(PROCESSORS)),
               "processor": speed()}
        for name, value in now.items():
            if number > 0:
                found[name].append(value)
    return found


def median(values, what):
    return statistics.median(getattr(each, what) for each in values)


def bound(values):
    """Documents a second with one signature and one verification each."""
    return statistics.median(1 / (1 / sign + 1 / verify)
                             for sign, verify in values)


def ratios(found):
    """(what, ratio of speeds, target or None) of the medians."""
    clock = COUNT / median(found["run"], "clock")
    processor = COUNT / median(found["run"], "processor")
    signs = statistics.median(sign for sign, _ in found["clock"])
    alone = statistics.median(sign for sign, _ in found["processor"])
    slow = COUNT / median(found["loop"], "clock")
    yield "run : loop of openssl cms -sign", clock / slow, 5
    yield "run -j1 : the same", \
        COUNT / median(found["run -j1"], "clock") / slow, None
    yield "create to download : the same", \
        COUNT / median(found["whole"], "clock") / slow, None
    yield "run : the same, processor time", \
        processor * median(found["loop"], "processor") / COUNT, None
    yield "run : openssl speed, sign", clock / signs, 0.7
    yield "run : openssl speed, sign and verify", \
        clock / bound(found["clock"]), None
    yield "run : openssl speed, sign, processor time", processor / alone, None
    yield "run : sign and verify, processor time", \
        processor / bound(found["processor"]), None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dir", help="where it is done, 500 MiB")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(dir=args.dir) as work:
        work = pathlib.Path(work)
        prepare(work)
        accepted(work, "few", COUNT // 10)
        accepted(work, "many", COUNT)
        found = rounds(work, args.rounds)
        few = run_batch(work, "few").memory
    print(f"{f'{COUNT} documents of {SIZE} bytes':44} {'ratio':>6} target")
    for what, ratio, target in ratios(found):
        good &= target is None or ratio >= target
        print(f"{what:44} {ratio:6.2f}" + (f" >= {target}" if target else ""))
    used = median(found["run"], "processor") / COUNT
    print(f"{'microseconds of processor time a document':44} {1e6 * used:6.1f}")
    print(f"{'peak memory, KiB':44} {median(found['run'], 'memory'):6.0f} "
          f"({few} for {COUNT // 10} documents)")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

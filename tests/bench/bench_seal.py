#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How fast pkg-seal and pkg-verify are next to the tools of others.

    PKG_BIN=build/tools python3 tests/bench/bench_seal.py [--dir DIR] [--rounds N]

Needs openssl; age, mender-artifact, rauc with squashfs-tools, and gpg if they
are there (apt-get install age mender-artifact rauc squashfs-tools gpg time).

One file of 1 GiB that no tool can compress. Every round runs each of the tools
once, one after the other, and only ratios of the medians are told: absolute
figures change from hour to hour on a shared machine. Inputs lie in the page
cache; what a tool has written is synced, in its own time, since ours do that
before they say that it is done. --linear takes sparse files of 1 to 8 GiB
instead and tells time and memory per GiB. Exit status 1 if a target is missed.
"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
GIB = 1 << 30
BIN = pathlib.Path(os.environ.get("PKG_BIN", "build/tools")).resolve()
SEAL, VERIFY = str(BIN / "pkg-seal"), str(BIN / "pkg-verify")
CREATE = [SEAL, "create", "--no-record", "--quiet", "--tenant", "t", "--name",
          "n", "--version", "1", "--key", "k.pem", "--cert", "c.pem"]
OPEN = [VERIFY, "--trust", "c.pem", "--recipient", "rk.pem", "--cert",
        "rc.pem", "--extract"]
RAUC = ["rauc", "bundle", "--cert=c.pem", "--key=k.pem",
        "--mksquashfs-args=-noI -noD -noF -noX -quiet -no-progress", "tree"]


@dataclasses.dataclass
class Job:
    """Commands that make @output (None = nothing) one after the other."""
    name: str
    steps: list
    output: str = None


@dataclasses.dataclass
class Claim:
    """@ours shall be @target times as fast as @theirs (None = told only)."""
    ours: str
    theirs: str
    target: float


CLAIMS = [
    Claim("seal", "age -e", 1.3),
    Claim("seal", "age -e, openssl dgst of both", None),
    Claim("seal", "openssl cms -encrypt, -sign", 4),
    Claim("seal", "mender-artifact write, signed", 5),
    Claim("seal", "rauc bundle, verity", 5),
    Claim("seal", "gpg -e -s", None),
    Claim("seal", "cp", None),
    Claim("sign only", "mender-artifact write, signed", None),
    Claim("verify", "openssl dgst -sha256", 0.9),
    Claim("open", "age -d", 1.2),
    Claim("open", "gpg -d", None),
]


def quiet(*argv, **kwargs):
    subprocess.run([str(arg) for arg in argv], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, **kwargs)


def make_keys(work):
    for key, usage in (("", "digitalSignature"), ("r", "keyEncipherment")):
        quiet("openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes",
              "-keyout", f"{key}k.pem", "-out", f"{key}c.pem", "-days", "9",
              "-subj", f"/CN={key or 's'}", "-addext", f"keyUsage={usage}",
              "-addext", "extendedKeyUsage=codeSigning,emailProtection",
              cwd=work)
    quiet("openssl", "rsa", "-in", "k.pem", "-traditional", "-out", "m.pem",
          cwd=work)


def fill(path, size):
    """Bytes that no file system can store as a hole, and none alike."""
    with open(path, "wb") as file:
        for _ in range(0, size, MIB):
            file.write(os.urandom(MIB))


def age_jobs(work):
    quiet("age-keygen", "-o", "age.key", cwd=work)
    to = subprocess.run(["age-keygen", "-y", "age.key"], cwd=work, check=True,
                        text=True, capture_output=True).stdout.strip()
    encrypt = ["age", "-e", "-r", to, "-o", "o.age", "big"]
    yield Job("age -e", [encrypt], "o.age")
    yield Job("age -d", [["age", "-d", "-i", "age.key", "-o", "o.plain",
                          "o.age"]], "o.plain")
    digest = ["openssl", "dgst", "-sha256"]
    yield Job("age -e, openssl dgst of both",
              [[*digest, "big"], encrypt, [*digest, "o.age"]], "o.age")


def mender_jobs(work):
    yield Job("mender-artifact write, signed", [[
        "mender-artifact", "write", "module-image", "-T", "x", "-n", "n", "-t",
        "d", "--compression", "none", "-f", "big", "-k", "m.pem", "-o",
        "o.mender"]], "o.mender")


def rauc_jobs(work):
    tree = work / "tree"
    tree.mkdir()
    os.link(work / "big", tree / "rootfs.img")
    (tree / "manifest.raucm").write_text(
        "[update]\ncompatible=x\nversion=1\n[bundle]\nformat=verity\n"
        "[image.rootfs]\nfilename=rootfs.img\n")
    yield Job("rauc bundle, verity", [[*RAUC, "o.raucb"]], "o.raucb")


def gpg_jobs(work):
    home = work / "gpg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--batch", "--quiet", "--homedir", str(home), "--trust-model",
           "always"]
    quiet(*gpg, "--passphrase", "", "--quick-generate-key", "a@example.org",
          "default", "default", "never")
    yield Job("gpg -e -s", [[*gpg, "-z", "0", "-e", "-s", "-r",
                             "a@example.org", "-o", "o.gpg", "big"]], "o.gpg")
    yield Job("gpg -d", [[*gpg, "-o", "o.plain", "-d", "o.gpg"]], "o.plain")


OTHERS = {"age": age_jobs, "mender-artifact": mender_jobs, "rauc": rauc_jobs,
          "gpg": gpg_jobs}


def all_jobs(work):
    """In the order in which one uses what another has made."""
    yield Job("seal", [[*CREATE, "--recipient", "rc.pem", "-o", "o.seal",
                        "big"]], "o.seal")
    yield Job("sign only", [[*CREATE, "-o", "o.sign", "big"]], "o.sign")
    yield Job("openssl cms -encrypt, -sign", [
        ["openssl", "cms", "-encrypt", "-binary", "-stream", "-aes-256-cbc",
         "-in", "big", "-outform", "DER", "-out", "o.cms", "rc.pem"],
        ["openssl", "cms", "-sign", "-binary", "-nodetach", "-stream", "-in",
         "o.cms", "-signer", "c.pem", "-inkey", "k.pem", "-outform", "DER",
         "-out", "o.p7"]], "o.p7")
    for tool, jobs in OTHERS.items():
        if shutil.which(tool):
            yield from jobs(work)
        else:
            print(f"without {tool}: it is not installed", file=sys.stderr)
    yield Job("verify", [[VERIFY, "--trust", "c.pem", "o.seal"]])
    yield Job("openssl dgst -sha256", [["openssl", "dgst", "-sha256",
                                        "o.seal"]])
    yield Job("open", [[*OPEN, "out", "o.seal"]], "out")
    yield Job("cp", [["cp", "big", "o.copy"]], "o.copy")


def is_used(output, jobs):
    """Does a later job begin with what this one has made?"""
    return any(output in argv and argv[argv.index(output) - 1] != "-o"
               for job in jobs for argv in job.steps)


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def heat(path):
    with contextlib.suppress(IsADirectoryError), open(path, "rb") as file:
        while file.read(MIB):
            pass


def seconds(job, work):
    heat(work / ("o.seal" if job.name in ("verify", "open") else "big"))
    if job.output:
        remove(work / job.output)
    os.sync()
    start = time.perf_counter()
    for argv in job.steps:
        quiet(*argv, cwd=work)
    if job.output and job.steps[0][0] not in (SEAL, VERIFY):
        sync(work / job.output)
    return time.perf_counter() - start


def compare(work, rounds):
    """All claims, with what was measured; True if no target is missed."""
    fill(work / "big", GIB)
    jobs = list(all_jobs(work))
    times = {job.name: [] for job in jobs}
    for turn in range(rounds + 1):
        for job in jobs:
            took = seconds(job, work)
            if job.output and not is_used(job.output, jobs):
                remove(work / job.output)
            if turn > 0:  # the first warms up
                times[job.name].append(took)
    good = True
    for claim in CLAIMS:
        if claim.theirs not in times:
            continue
        ratio = statistics.median(
            theirs / ours for ours, theirs
            in zip(times[claim.ours], times[claim.theirs]))
        good &= claim.target is None or ratio >= claim.target
        wanted = "" if claim.target is None else f">= {claim.target}"
        print(f"{claim.ours:10} : {claim.theirs:30} {ratio:6.2f} {wanted}")
    for name, taken in times.items():
        print(f"    {name:30} {statistics.median(taken):6.2f} s")
    return good


def measured(argv, work):
    """(seconds, KiB of memory) of one command; time(1) knows its own memory."""
    start = time.perf_counter()
    quiet("time", "-f", "%M", "-o", "memory", *argv, cwd=work)
    took = time.perf_counter() - start
    return took, int((work / "memory").read_text())


def linear(work, rounds):
    """Time and memory of sparse files; True if both stay as they are."""
    steps = {"seal": [*CREATE, "--recipient", "rc.pem", "-o", "o.seal", "big"],
             "verify": [VERIFY, "--trust", "c.pem", "o.seal"],
             "open": [*OPEN, "out", "o.seal"]}
    first, good = {}, True
    for gib in 1, 2, 4, 8:
        with open(work / "big", "wb") as file:
            file.truncate(gib * GIB)
        taken = {name: [] for name in steps}
        for _ in range(rounds):
            remove(work / "o.seal")
            remove(work / "out")
            os.sync()
            heat(work / "big")
            for name, argv in steps.items():
                taken[name].append(measured(argv, work))
        for name, runs in taken.items():
            per_gib = min(took for took, _ in runs) / gib
            memory = max(size for _, size in runs) / 1024
            first.setdefault(name, per_gib)
            good &= per_gib < 1.5 * first[name] and memory <= 16
            print(f"{gib} GiB {name:6} {per_gib:6.2f} s per GiB "
                  f"{memory:5.1f} MiB", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dir", help="where the files are made: 5 GiB, "
                        "with --linear 24 GiB")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--linear", action="store_true",
                        help="files of 1 to 8 GiB, without the other tools")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.dir) as work:
        work = pathlib.Path(work)
        make_keys(work)
        check = linear if args.linear else compare
        return 0 if check(work, args.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())

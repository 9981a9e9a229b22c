# SPDX-License-Identifier: Apache-2.0
"""Make system calls fail, or kill the tool at them, with strace.

strace counts the calls of each name for itself, and in each thread, so a place
is a name and a number.  What a tool may leave behind is judged by the names in its folder:
under each there is what was there before, or what an undisturbed run makes.
"""

import collections
import dataclasses
import re
import signal
import subprocess

from support import clean_environment, files_in, plain

ERRORS = ("EIO", "ENOSPC", "EINTR", "EACCES", "EDQUOT")
# No errors for these: memory is the business of test_alloc.py, the C library
# gives up when a futex fails, and the others cannot fail.
NEVER_FAIL = {
    "brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "mlock", "munlock",
    "futex", "execve", "exit_group", "exit", "arch_prctl", "set_tid_address",
    "set_robust_list", "rseq", "getpid", "gettid", "geteuid", "getuid",
    "rt_sigreturn", "restart_syscall"}
TEMPORARY = re.compile(r"\.packline-[0-9a-f]{16}\.tmp(/|$)")
CALL = re.compile(r"^(\d+) +(\w+)\(", re.M)
# The input, the system, the key, or the loader (127); never a bug, and no
# answer: but that a file cannot be read is one of pkg-manifest's findings.
HONEST = {3, 4, 5, 127}
FINDING = b"[file-unreadable]"
# A folder that we may not look into is that of another tenant.
ANOTHERS = "EACCES", b"[no-such-job]"


@dataclasses.dataclass(frozen=True)
class Place:
    call: str
    number: int

    def option(self, what):
        return f"inject={self.call}:{what}:when={self.number}"


def traced(options, tool, args, folder, out=subprocess.DEVNULL):
    return subprocess.run(
        ["strace", "-f", *options, tool, *map(plain, args)], cwd=folder,
        env=clean_environment(), stdin=subprocess.DEVNULL, stdout=out,
        stderr=subprocess.PIPE, check=False, timeout=600)


def all_places(ready, tool, folder, log):
    """Every system call of an undisturbed run."""
    done = traced(["-o", log], tool, ready.args, folder)
    assert done.returncode == 0, done.stderr
    ready.tidy(folder)
    return places_of(log)


def places_of(log):
    """Every system call of a log of strace."""
    counts = {}
    for (_, call), count in collections.Counter(
            CALL.findall(log.read_text())).items():
        counts[call] = max(count, counts.get(call, 0))
    return [Place(call, number) for call, count in sorted(counts.items())
            for number in range(1, count + 1)]


class Bare:
    """A command for all_places() that leaves nothing to tidy."""

    def __init__(self, args):
        self.args = args

    def tidy(self, folder):
        pass


def after_start(places):
    """All but the call that makes the tool run."""
    return [place for place in places if place != Place("execve", 1)]


def telling(places, decisive, last):
    """Those that tell most: every call of the names in `decisive`, and the
    last one of those in `last`."""
    numbers = {place.call: place.number for place in places}
    return [place for place in after_start(places)
            if place.call in decisive or (
                place.call in last and place.number == numbers[place.call])]


def top(name):
    return name.split("/", 1)[0]


def grouped(files):
    groups = collections.defaultdict(dict)
    for name, content in files.items():
        groups[top(name)][name] = content
    return groups


class Judge:
    """What is wrong with a folder after a fault?"""

    def __init__(self, ready, is_sound):
        self.ready = ready
        self.is_sound = is_sound  # a file that is never twice the same
        self.before = grouped(ready.inputs)
        self.after = grouped(ready.final)

    def litter(self, files):
        return sorted({top(name) for name in files if TEMPORARY.match(name)})

    def is_done(self, name, files, folder):
        """Is under that name what an undisturbed run makes?"""
        wanted = self.after.get(name, {})
        return files == wanted or (
            not self.ready.exact and files.keys() == wanted.keys() and
            all(content == wanted[path] or self.is_sound(folder / path)
                for path, content in files.items()))

    def torn(self, files, folder):
        """Names under which there is neither the old nor the new."""
        groups = grouped({name: content for name, content in files.items()
                          if not TEMPORARY.match(name)})
        names = self.before.keys() | self.after.keys() | groups.keys()
        return sorted(name for name in names
                      if groups.get(name, {}) != self.before.get(name, {}) and
                      not self.is_done(name, groups.get(name, {}), folder))

    def undone(self, files, folder):
        """Names that a successful run would have made, and this one did not."""
        groups = grouped(files)
        return sorted(name for name in self.after
                      if not self.is_done(name, groups.get(name, {}), folder))


def run_again(judge, tool, folder):
    return subprocess.run([tool, *map(plain, judge.ready.args)], cwd=folder,
                          env=clean_environment(), check=False,
                          stdin=subprocess.DEVNULL, capture_output=True)


def after_error(judge, tool, place, error, folder):
    """Let one call fail; returns what is wrong with the outcome, or None."""
    ready = judge.ready
    done = traced(["-o", "/dev/null", "-e", f"trace={place.call}", "-e",
                   place.option(f"error={error}")], tool, ready.args, folder,
                  subprocess.PIPE)
    files = files_in(folder)
    faults = judge.torn(files, folder)
    if judge.litter(files):  # the call that removes it was the one that failed
        run_again(judge, tool, folder)
        faults += judge.litter(files_in(folder))
    if done.returncode == 0:
        faults += judge.undone(files, folder)
        if done.stdout != ready.out and ready.exact:
            faults.append("another result")
    elif done.returncode not in HONEST and FINDING not in done.stderr and \
            not (error == ANOTHERS[0] and ANOTHERS[1] in done.stderr):
        faults.append(f"exit status {done.returncode}")
    elif not done.stderr and place != Place("write", place.number):
        faults.append("no message")
    ready.tidy(folder)
    if faults:
        return f"{place.call} {place.number} {error}: {faults} " \
               f"{done.stderr.decode(errors='replace')}"
    return None


def after_kill(judge, tool, place, folder):
    """Kill the tool at one call, then run it again."""
    ready = judge.ready
    done = traced(["-o", "/dev/null", "-e", f"trace={place.call}", "-e",
                   place.option("signal=SIGKILL")], tool, ready.args, folder)
    files = files_in(folder)
    faults = judge.torn(files, folder)
    if done.returncode == 0:  # signatures do not always take as many calls
        faults += judge.undone(files, folder)
    elif done.returncode != -signal.SIGKILL:
        faults.append(f"was not killed: {done.returncode}")
    again = run_again(judge, tool, folder)
    files = files_in(folder)
    faults += judge.torn(files, folder) + judge.litter(files)
    if again.returncode == 0:
        faults += judge.undone(files, folder)
    elif again.returncode != 2 or b"exists" not in again.stderr:
        faults.append(f"cannot be run again: {again.stderr}")
    ready.tidy(folder)
    return f"killed at {place.call} {place.number}: {faults}" if faults \
        else None

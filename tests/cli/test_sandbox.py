# SPDX-License-Identifier: Apache-2.0
"""The tools give up the rest of the system before they read what is foreign."""

import functools
import os
import re
import shutil
import subprocess

import pytest
from office import Office
from support import (ASKS, Runner, agreement, bin_folder, clean_environment,
                     strace_works)
from terminal import Terminal

SUBJECT = ("--tenant", "acme", "--name", "demo", "--version", "1.0",
           "--sequence", "7")


@pytest.fixture(name="sealed")
def sealed_container(run, keys, tmp_path):
    (tmp_path / "a.bin").write_bytes(os.urandom(300_000))
    run("pkg-seal", "create", *SUBJECT, "--recipient", keys.cert("ecu-p256"),
        "--key", keys.key("release"), "--cert", keys.cert("release"), "-o",
        "a.seal", "a.bin", check=0)
    return tmp_path / "a.seal"


@pytest.fixture
def traced(sanitized, looks_inside, tmp_path):
    """traced(tool, ...) -> system calls, one a line, in their order"""
    if sanitized:
        pytest.skip("the leak checker cannot work under strace")
    if not strace_works():
        pytest.skip("strace may not trace here, or is not installed")

    def trace(tool, *args, env=None):
        log = tmp_path / "strace.log"
        if args[:1] in ASKS:
            args += agreement(args, None, tmp_path)
        subprocess.run(["strace", "-f", "-o", log, bin_folder() / tool,
                        *map(str, args)], cwd=tmp_path, check=True,
                       capture_output=True,
                       env=clean_environment(**(env or {})))
        return log.read_text().splitlines()

    return trace


def index(lines, pattern):
    return next(i for i, line in enumerate(lines) if re.search(pattern, line))


def on_this_system(run, tool="pkg-verify"):
    """(Landlock, seccomp): are they there?"""
    said = run(tool, "--version", "-v", check=0).out
    return "Landlock (version" in said, "seccomp: active" in said


def verify_args(keys, how):
    return ("--trust", keys.ca, "--recipient", keys.key("ecu-p256"), "--cert",
            keys.cert("ecu-p256"), *how, "a.seal")


TOOLS = [("pkg-verify", ("-x", "out", "--state", "state.json")),
         ("pkg-verify", ()), ("pkg-seal", ("open", "-o", "out")),
         ("pkg-seal", ("show",))]


def enters_before_it_reads(calls, name, system):
    """What is in the file `name` finds it in the sandbox."""
    landlock, seccomp = system
    calls = calls[index(calls, r"PR_SET_DUMPABLE"):]
    # create looks how large it is before, and opens it once more.
    opened = max(i for i, line in enumerate(calls) if re.search(
        rf'open.*"(.*/)?{re.escape(name)}"', line))
    fd = re.search(r"= (\d+)$", calls[opened])[1]
    # pkg-verify looks at one byte to tell a log from a container.
    look = re.compile(rf"\bpread64\({fd}, \"P\", 1, 0\)")
    first = opened + index(["" if look.search(call) else call
                            for call in calls[opened:]],
                           rf"\bp?read(64)?\({fd}, ")
    if landlock:
        assert index(calls, r"landlock_restrict_self\(.*= 0") < first
    if seccomp:
        entered = index(calls, r"seccomp\(SECCOMP_SET_MODE_FILTER.*= 0")
        assert entered < first
        # Nothing that it needs was refused.
        assert not [line for line in calls[entered:] if "EPERM" in line
                    or "EACCES" in line]
    assert index(calls, r"NO_NEW_PRIVS, 1") < first
    assert re.search(r"PR_SET_DUMPABLE, (0|SUID_DUMP_DISABLE)", calls[0])


@pytest.mark.parametrize("tool, how", TOOLS)
def test_it_enters_before_it_reads(run, traced, keys, sealed, tool, how):
    if how[:1] == ("show",):
        args = ("show", "--recipient", keys.key("ecu-p256"), "--cert",
                keys.cert("ecu-p256"), sealed.name)
    else:
        args = (*how[:1], *verify_args(keys, how[1:])) if tool == "pkg-seal" \
            else verify_args(keys, how)
    enters_before_it_reads(traced(tool, *args), "a.seal", on_this_system(run))


# -- the verbs that write -----------------------------------------------------

@pytest.fixture(name="made", scope="module")
def what_signers_have(keys, tmp_path_factory):
    """A draft that needs an approval, and what comes of it."""
    folder = tmp_path_factory.mktemp("desk")
    office = Office(keys, folder)
    office.policy(required=1)
    office.trust()
    (folder / "a.bin").write_bytes(os.urandom(100_000))
    seal = functools.partial(Runner(bin_folder(), folder), "pkg-seal", check=0)
    seal("create", *SUBJECT, "--policy", "release.yaml", "--requester",
         "build", "-o", "a.draft", "a.bin")
    seal("request", "-o", "a.request", "a.draft")
    seal("approve", *approver(keys), "-o", "b.draft", "a.draft")
    seal("approve", *approver(keys), "-o", "b.request", "a.request")
    seal("sign", *signer(keys), "-o", "a.seal", "b.draft")
    seal("sign", *signer(keys), "-o", "c.request", "b.request")
    seal("sign", *signer(keys)[:2], *signer(keys)[4:], "--tbs-out", "x.tbs",
         "b.draft")
    keys.openssl("dgst", "-sha256", "-sign", keys.key("release"), "-out",
                 folder / "x.sig", folder / "x.tbs")
    return folder


@pytest.fixture(name="desk")
def signers_desk(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def signer(keys, name="release"):
    return ("--policy", "release.yaml", "--key", keys.key(name), "--cert",
            keys.cert(name))


def approver(keys):
    return ("--decision", "APPROVED", "--reason", "tested",
            *signer(keys, "alice"))


def attach(*more):
    return ("attach", "--trust", "trust.yaml", *more)


# verb and options, the file that is foreign
VERBS = {
    "create": lambda keys: ("create", *SUBJECT, "--sign-only",
                            *signer(keys)[2:], "a.bin"),
    "create and request": lambda keys: (
        "create", *SUBJECT, "--recipient", keys.cert("ecu-p256"),
        "--request", "n.request", "a.bin"),
    "request": lambda keys: ("request", "a.draft"),
    "approve": lambda keys: ("approve", *approver(keys), "a.draft"),
    "approve a request": lambda keys: ("approve", *approver(keys),
                                       "a.request"),
    "approve as a pair": lambda keys: ("approve", *approver(keys), "--pair",
                                       "a.request"),
    "sign": lambda keys: ("sign", *signer(keys), "b.draft"),
    "sign a request": lambda keys: ("sign", *signer(keys), "b.request"),
    "resign": lambda keys: ("resign", *signer(keys, "officer"), "a.seal"),
    "attach": lambda keys: attach("a.draft", "c.request"),
    "attach halves": lambda keys: attach(
        "--tbs", "x.tbs", "--raw-signature", "x.sig", "--cert",
        keys.cert("release"), "b.draft"),
    "timestamp": lambda keys: ("timestamp", "--query", "a.seal"),
}


@pytest.mark.parametrize("output", ["new", "-"])
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_enters_before_it_reads(run, traced, keys, desk, verb,
                                           output):
    args = VERBS[verb](keys)
    if output == "-" and "--pair" in args:
        pytest.skip("writes two files")
    name = "a.draft" if verb == "attach" else args[-1]
    calls = traced("pkg-seal", args[0], "-o", output, *args[1:])
    enters_before_it_reads(calls, name, on_this_system(run))
    if output == "new":
        assert list(desk.glob("new*"))
    assert not list(desk.glob(".packline*"))


def test_responses_are_read_and_not_looked_at(run, traced, keys, desk):
    """attach opens many files: all before, and the container's head after."""
    calls = traced("pkg-seal", *attach("-o", "new", "a.draft", "c.request"))
    entered = index(calls, r"(landlock_restrict_self|SET_MODE_FILTER).*= 0")
    assert index(calls, r'open.*"c\.request"') < entered
    if on_this_system(run)[1]:
        after = [line for line in calls[entered:] if re.search(r"\bopen", line)]
        assert after and not [line for line in after if "request" in line]


def test_create_may_read_and_not_write_elsewhere(run, traced, keys, desk):
    """Its inputs are opened one by one."""
    calls = traced("pkg-seal", *VERBS["create"](keys), "-o", "new")
    if not on_this_system(run)[0]:
        pytest.skip("without Landlock paths are not told apart")
    rules = [line for line in calls if "landlock_add_rule" in line]
    assert len(rules) == 2, rules   # its folder, and reading
    assert [line for line in rules if "MAKE_REG" not in line
            and "WRITE_FILE" not in line]


@pytest.mark.parametrize("verb", VERBS)
def test_what_verbs_write_is_the_same(run, keys, desk, verb):
    """With --no-sandbox, too; encryption apart, and what is of this second."""
    args = VERBS[verb](keys)
    env = {"SOURCE_DATE_EPOCH": "1700000000"}
    sizes = []
    for name, option in ("x", ()), ("y", ("--no-sandbox",)):
        run("pkg-seal", args[0], *option, "--force", "-o", name, *args[1:],
            env=env, check=0)
        sizes.append([len(path.read_bytes()) for path in sorted(
            desk.glob(f"{name}*")) if path.name[1:] in ("", ".json", ".p7s")])
    assert len(sizes[0]) == (2 if "--pair" in args else 1)
    # An ECDSA signature has a few bytes more or less.
    assert all(abs(a - b) < 16 for a, b in zip(*sizes)), sizes


def test_a_terminal_can_be_asked(run, traced, keys, desk):
    """Also what was typed too early is thrown away."""
    log = desk / "strace.log"
    terminal = Terminal(desk, "strace", "-f", "-o", log,
                        bin_folder() / "pkg-seal", "sign", *signer(keys), "-o",
                        "new", "b.draft")
    terminal.type(b"1.0\n")
    terminal.read_until(b"type its version")
    terminal.type(b"\n")
    assert terminal.end()[0] == 1 and not (desk / "new").exists()
    calls = log.read_text().splitlines()
    if on_this_system(run)[1]:
        entered = index(calls, r"SET_MODE_FILTER.*= 0")
        assert index(calls[entered:], r"ioctl\(.*TCFLSH.* = 0") > 0
        assert not [line for line in calls[entered:] if "EPERM" in line]
    assert b"type its version" in terminal.screen


def test_the_module_of_a_token_is_not_confined(run, traced, keys, desk,
                                               tokens, with_token):
    """It opens what it likes, and talks to whom it likes."""
    calls = traced("pkg-seal", "sign", "--policy", "release.yaml",
                   *with_token("p256"), "--cert",
                   tokens.new_cert(keys, "p256", "signer"), "-o", "new",
                   "b.draft", env=tokens.env)
    assert not [line for line in calls if "landlock_restrict_self" in line
                or "SECCOMP_SET_MODE_FILTER" in line]


# -- and the rest -------------------------------------------------------------

def test_it_can_be_left_out(traced, keys, sealed):
    calls = "\n".join(traced("pkg-verify", "--no-sandbox",
                             *verify_args(keys, ())))
    assert sealed.exists()
    assert "landlock_restrict_self" not in calls
    assert "SECCOMP_SET_MODE_FILTER" not in calls


@pytest.mark.parametrize("tool", ["pkg-verify", "pkg-seal"])
def test_version_tells(run, tool):
    lines = run(tool, "--version", "-v", check=0).out.splitlines()
    assert len(lines) == 3 and lines[0] == run(
        tool, "--version", check=0).out.strip()
    for line, name in zip(lines[1:], ("Landlock", "seccomp")):
        assert line.startswith(f"sandbox: {name}")
        assert line.endswith(": active") or line.endswith(
            ": not on this system")


def test_what_it_writes_is_the_same(run, keys, sealed, tmp_path):
    for name, option in ("a", ()), ("b", ("--no-sandbox",)):
        run("pkg-verify", *option, *verify_args(keys, (
            "-x", name, "--state", f"{name}.json")), check=0)
        assert (tmp_path / name / "a.bin").read_bytes() == (
            tmp_path / "a.bin").read_bytes()
        # Once more, over what is there.
        run("pkg-verify", *option, "--force", *verify_args(keys, (
            "-x", name, "--state", f"{name}.json")), check=0)
    assert (tmp_path / "a.json").read_text() == (
        tmp_path / "b.json").read_text()
    assert not [path for path in tmp_path.iterdir()
                if path.name.startswith(".packline")]
    assert sealed.exists()


def test_refusals_are_cleaned_up_inside(run, keys, sealed, tmp_path):
    data = bytearray(sealed.read_bytes())
    data[-2000] ^= 1
    sealed.write_bytes(data)
    run("pkg-verify", *verify_args(keys, ("-x", "out")), check=1)
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.iterdir()
                if path.name.startswith(".packline")]


def test_a_user_without_rights_can_use_it(keys, sealed, tmp_path):
    """Nothing of it needs root, also not what hides the memory."""
    if os.getuid() != 0:
        pytest.skip("the other tests show it")
    folder = tmp_path / "theirs"
    folder.mkdir()
    folder.chmod(0o777)
    for path in (sealed, keys.ca):
        (folder / path.name).write_bytes(path.read_bytes())
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         bin_folder() / "pkg-verify", "--trust", keys.ca.name, "--state",
         "state.json", sealed.name], cwd=folder, check=False,
        capture_output=True)
    if b"ermission denied" in done.stderr:
        pytest.skip("the build cannot be reached by another user")
    assert done.returncode == 0, done.stderr
    assert (folder / "state.json").exists()

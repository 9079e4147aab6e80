"""The suites of `make check-fast` that run product code, each as a part that is built and run alone, ended at its first failure."""
import glob
import os
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
AGENTS = ["import-agent-fake", "import-agent-world", "import-cert", "importcli"]
# what `make check-fast` has under the address sanitizer (tests/sanitize/module.mk) is not these
NOT_SANITIZED = re.compile(r"sweep|^engine/test_journal$")
SANITIZER_COSTS = 3  # times as long
TARGETS = ("check-completion", "check-init", "check-support", "check-man")


@dataclass(frozen=True)
class Suite:
    name: str            # engine/test_verbs, daemon/test_api, cli, check-man; asan:engine/test_verbs
    mode: str = "release"

    @property
    def plain(self):
        return self.name.split(":")[-1]

    @property
    def kind(self):
        return self.plain.split("/")[0]


@dataclass
class Outcome:
    failed: bool
    test: str = ""    # the first that failed
    output: str = ""


class Build:
    """A tree built in one mode. `coverage` is release with counters in the product (see `cc`)."""

    def __init__(self, tree, mode):
        self.tree = tree
        self.words = ["BUILD=build", f"MODE={mode}", "CC=gcc"]
        self.out = f"build/{mode}-gcc"
        self.environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        self.environment["PYTHONUNBUFFERED"] = "1"
        if mode == "coverage":
            self.words = ["BUILD=build/coverage", "MODE=release", f"CC={HERE}/cc"]
            self.out = "build/coverage/release-cc"
            self.environment["CCACHE_DISABLE"] = "1"  # an object knows where its counts go
        self.environment["OUT"] = os.path.join(tree, self.out)

    def make(self, targets):
        """What make said, or None when it built all."""
        done = subprocess.run(["make", "-s", "-j2", "--no-print-directory", *self.words, *targets], cwd=self.tree, env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout if done.returncode else None

    def targets(self, suite):
        if suite.kind in ("unit", "engine"):
            return [f"{self.out}/tests/{suite.plain}"]
        if suite.kind == "contract":
            return [f"{self.out}/contract-fake"]
        if suite.kind == "daemon":
            return [f"{self.out}/{name}" for name in AGENTS + ["kill_at.so"]]
        if suite.kind == "cli":
            return [f"{self.out}/{name}" for name in AGENTS + ["importcli-fake"]]
        return [f"{self.out}/{name}" for name in ("importcli", "import-boot")]

    def command(self, suite, test, to_end):
        if suite.kind in ("unit", "engine", "contract"):
            return self.targets(suite)
        if suite.kind == "daemon":
            return ([] if to_end else [f"{HERE}/failfast"]) + ["tests/daemon/run", test or suite.plain.split("/")[1] + "."]
        if suite.kind == "cli":
            return ["tests/cli/run"] + ([test] if test else [])
        return ["make", "-s", "--no-print-directory", *self.words, suite.plain]

    def run(self, suite, timeout_s, test="", to_end=False):
        """Runs a suite, or one test of it where that can be, until something fails or to the end."""
        environment = dict(self.environment, CMOCKA_MESSAGE_OUTPUT="TAP")
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            process = subprocess.Popen(self.command(suite, test, to_end), cwd=self.tree, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, start_new_session=True)
            try:
                failed = watch(process, output, timeout_s, to_end)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            output.seek(0)
            text = output.read()
        return Outcome(failed, first_failure(text) if failed else "", text)


FAILURES = (r"^not ok \d+ - (.*)$", r"^FAILED (.*)$", r"^(?:FAIL|ERROR): \S+ \(([\w.]+)\)")


def first_failure(text):
    """The name of the first test that failed, as its suite takes it."""
    found = [match for pattern in FAILURES for match in [re.search(pattern, text, flags=re.M)] if match]
    return min(found, key=lambda match: match.start()).group(1).strip() if found else ""


def watch(process, output, timeout_s, to_end):
    """Whether it failed. It is ended after its time, or, unless it shall go on, when it says so."""
    end = time.monotonic() + timeout_s
    failed = False
    while not failed:
        try:
            return process.wait(timeout=0.3) != 0
        except subprocess.TimeoutExpired:
            text = os.pread(output.fileno(), 1 << 24, 0).decode(errors="replace")
            failed = time.monotonic() > end or not to_end and re.search(r"^(?:not ok \d|FAILED )", text, flags=re.M)
    return True


def suites(tree):
    """All of the tree, without sanitizers."""
    programs = [path for layer in ("unit", "engine") for path in glob.glob(f"{tree}/tests/{layer}/test_*.c")]
    names = [os.path.relpath(path, f"{tree}/tests")[:-2] for path in programs] + ["contract", "cli", *TARGETS]
    names += ["daemon/" + os.path.basename(path)[:-3] for path in glob.glob(f"{tree}/tests/daemon/test_*.py")]
    return [Suite(name) for name in sorted(names) if name != "daemon/test_z_coverage"]  # which looks at all the others together


def sanitized(suite):
    """The same under a sanitizer, as far as `make check-fast` has it."""
    if suite.kind in ("unit", "engine") and not NOT_SANITIZED.search(suite.name):
        return [Suite("asan:" + suite.name, "asan")]
    return [Suite("tsan:" + suite.name, "tsan")] if suite.name == "daemon/test_concurrent" else []

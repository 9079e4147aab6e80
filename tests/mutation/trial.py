"""One fault after another: applied, built, and run against the suites that execute it, the quick ones first, until one fails."""
import os
import subprocess
import time

import coverage
from source import FOLDERS, read
from suites import Build, Suite, SANITIZER_COSTS, sanitized, suites

TIMEOUT_S, TIMEOUT_TIMES = 90, 6
SUITE_TRIES, CONFIRM_TIMES = 3, 3
FIELDS = ("id", "file", "function", "kind", "verdict", "by", "seconds")
OPEN = "open up to "  # survived the suites of at most so many seconds


def load(path):
    """{id: the last line about it}"""
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    except FileNotFoundError:
        return {}
    return {line[0]: dict(zip(FIELDS, line)) for line in lines}


class Trial:
    """A tree, what of it each suite executes, and its builds."""

    def __init__(self, tree, say, log=os.devnull):
        self.tree, self.say, self.log = tree, say, log
        self.data = coverage.load(tree)
        self.builds = {mode: Build(tree, mode) for mode in ("release", "asan", "tsan")}
        self.known = [suite for suite in suites(tree) if suite.name in self.data]

    def executes(self, suite, path, lines):
        """A line without code (a table, a constant) counts as executed where anything of its file is."""
        there = self.data[suite.name]["lines"].get(path, [])
        code = set(self.data[""]["lines"].get(path, [])) & set(lines)
        return bool(code & set(there)) if code else bool(there)

    def cost(self, suite):
        seconds = self.data[suite.plain]["seconds"]
        return seconds if suite.mode == "release" else 30 + SANITIZER_COSTS * seconds

    def order(self, path, lines):
        plain = [suite for suite in self.known if self.executes(suite, path, lines)]
        return sorted(plain + [more for suite in plain for more in sanitized(suite)], key=self.cost)

    def write(self, path, text):
        with open(os.path.join(self.tree, path), "w", encoding="utf-8") as file:
            file.write(text)

    def fails(self, suite, test=""):
        outcome = self.builds[suite.mode].run(suite, max(TIMEOUT_S, TIMEOUT_TIMES * self.cost(suite)), test)
        if outcome.failed:
            with open(self.log, "a", encoding="utf-8") as file:
                file.write(f"--- {suite.name} {test}\n{outcome.output[-3000:]}\n")
        return outcome

    def passes_without(self, suite, test, times, path, before, after):
        build = self.builds[suite.mode]
        self.write(path, before)
        try:
            return not build.make(build.targets(suite)) and not any(self.fails(suite, test).failed for _ in range(times))
        finally:
            self.write(path, after)

    def catches(self, suite, path, before, after):
        """The test that fails each time with the fault and never without it; None, or "does not build". Leaves the fault as it found it."""
        build = self.builds[suite.mode]
        for _ in range(SUITE_TRIES):
            if build.make(build.targets(suite)):
                return "does not build"
            first = self.fails(suite)
            if not first.failed:
                return None
            # of the suites of processes a single test can be run, and some of theirs fail by chance
            test = first.test if suite.kind in ("daemon", "cli") else ""
            times = CONFIRM_TIMES if test else 1
            if all(self.fails(suite, test).failed for _ in range(times)) and \
                    self.passes_without(suite, test, times + 1, path, before, after):
                return f"{suite.name}: {first.test or 'did not end, or crashed'}"
            self.say(f"    {suite.name}: {first.test} does not always fail with the fault, or fails without it")
        return None

    def judge(self, place, floor, ceiling):
        """(verdict, by) of a fault, by the suites that cost more than `floor` and at most `ceiling`."""
        before = read(self.tree, place.file)
        after = place.applied(before)
        order = self.order(place.file, place.lines(before))
        if not order:
            return "never executed", ""
        batch = [suite for suite in order if suite.mode == "release" and floor < self.cost(suite) <= min(ceiling, 10)]
        self.write(place.file, after)
        try:
            self.builds["release"].make(sorted({target for suite in batch for target in self.builds["release"].targets(suite)}))
            for suite in order:
                if floor < self.cost(suite) <= ceiling:
                    by = self.catches(suite, place.file, before, after)
                    if by:
                        return (by, "") if by == "does not build" else ("caught", by)
        finally:
            self.write(place.file, before)
        left = [suite for suite in order if self.cost(suite) > ceiling]
        return (f"{OPEN}{ceiling:g} s", f"{len(order) - len(left)} of {len(order)} suites") if left else ("survived", f"{len(order)} suites")


def run(options, mutants, say):
    results = options.results or os.path.join(options.tree, "build/mutation/results.tsv")
    dirty = subprocess.run(["git", "status", "--porcelain", "--", *FOLDERS], cwd=options.tree, capture_output=True, text=True, check=True)
    if dirty.stdout:
        raise SystemExit(f"{options.tree} has changes (git checkout takes them back):\n{dirty.stdout}")
    trial = Trial(options.tree, say, results + ".log")
    if not trial.known:
        raise SystemExit("no coverage of that tree yet: tests/mutation/run coverage")
    done = load(results)
    for name, (mutant, place) in mutants.items():
        floor = -1.0
        if options.ids and name not in options.ids:
            continue
        if name in done:
            if not done[name]["verdict"].startswith(OPEN):
                continue
            floor = float(done[name]["verdict"].split()[-2])
            if floor >= options.up_to:
                continue
        begin = time.monotonic()
        verdict, by = ("not ported", place.split("\n")[0]) if isinstance(place, str) else trial.judge(place, floor, options.up_to)
        at = (mutant["file"], mutant["function"]) if isinstance(place, str) else (place.file, place.function)
        line = [name, *at, mutant["kind"], verdict, by, f"{time.monotonic() - begin:.0f}"]
        with open(results, "a", encoding="utf-8") as file:
            file.write("\t".join(line) + "\n")
        say("  ".join(line))
        expected = mutant.get("expected")
        if expected and not verdict.startswith(("survived", OPEN) if expected == "survived" else expected):
            raise SystemExit(f"control {name}: {verdict}, which should be {expected}: the run would prove nothing")
    return 0


def compare(before_path, after_path, say):
    before, after = load(before_path), load(after_path)
    lost = [name for name in before if before[name]["verdict"] == "caught" and after.get(name, {}).get("verdict") != "caught"]
    for name in lost:
        say(f"{name} was caught by {before[name]['by']}; now: {after.get(name, {'verdict': 'no result'})['verdict']}")
    caught = [sum(line["verdict"] == "caught" for line in results.values()) for results in (before, after)]
    say(f"caught before {caught[0]} of {len(before)}, after {caught[1]} of {len(after)}; {len(lost)} of those before are not caught any more")
    return 1 if lost else 0

"""Which lines each suite runs, by gcov. Kept in TREE/build/mutation/coverage.json; a table of the folders beside it."""
import collections
import glob
import json
import os
import subprocess
import time

from source import FOLDERS
from suites import Build, suites

HEAVY = ("sweep_again", "sweep_stuck", "sweep", "recover_device", "sweep_reservations")


def data_path(tree):
    return os.path.join(tree, "build/mutation/coverage.json")


def load(tree):
    """{suite: {"seconds": s, "passed": bool, "lines": {file: [line]}, "branches": {file: ["line:n"]}}}; "" has all there are."""
    try:
        with open(data_path(tree), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def save(tree, data):
    os.makedirs(os.path.dirname(data_path(tree)), exist_ok=True)
    with open(data_path(tree) + ".new", "w", encoding="utf-8") as file:
        json.dump(data, file)
    os.replace(data_path(tree) + ".new", data_path(tree))


def harvest(build):
    """What was counted since the last harvest: (lines, branches), each {file: set}, then the same of what there is."""
    notes = [path for folder in FOLDERS for path in glob.glob(f"{build.tree}/{build.out}/{folder}/**/*.gcno", recursive=True)]
    done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *notes], cwd=build.tree, capture_output=True,
                          text=True, check=True)
    seen = [collections.defaultdict(set) for _ in range(4)]
    for line in done.stdout.splitlines():
        for file in json.loads(line)["files"] if line.startswith("{") else ():
            if file["file"].split("/")[0] not in FOLDERS:
                continue
            for place in file["lines"]:
                count(seen, file["file"], place)
    for path in glob.glob(f"{build.tree}/{build.out}/**/*.gcda", recursive=True):
        os.unlink(path)
    return seen


def count(seen, name, place):
    number = place["line_number"]
    seen[2][name].add(number)
    if place["count"]:
        seen[0][name].add(number)
    for index, branch in enumerate(place.get("branches", ())):
        seen[3][name].add(f"{number}:{index}")
        if branch["count"]:
            seen[1][name].add(f"{number}:{index}")


def listed(sets):
    return {name: sorted(members) for name, members in sorted(sets.items()) if members}


def is_heavy(suite):
    return next((place for place, name in enumerate(HEAVY, 1) if suite.name.endswith("test_" + name)), 0)


def measure(tree, say, timeout_s):
    """Runs every suite once that is not in the data yet, the heavy ones last."""
    data, build = load(tree), Build(tree, "coverage")
    todo = sorted((suite for suite in suites(tree) if suite.name not in data), key=lambda suite: (-is_heavy(suite), suite.name) if
                  is_heavy(suite) else (-9, suite.name))
    failure = build.make(sorted({target for suite in todo for target in build.targets(suite)}))
    if failure:
        raise SystemExit(failure)
    _, _, lines, branches = harvest(build)
    data[""] = {"lines": listed(lines), "branches": listed(branches)}
    for suite in todo:
        begin = time.monotonic()
        outcome = build.run(suite, timeout_s, to_end=True)
        seconds = round(time.monotonic() - begin, 1)
        lines, branches, _, _ = harvest(build)
        data[suite.name] = {"seconds": seconds, "passed": not outcome.failed, "lines": listed(lines), "branches": listed(branches)}
        save(tree, data)
        say(f"{suite.name:32} {seconds:7.1f} s {sum(map(len, lines.values())):6} lines"
            + (f"  FAILED: {outcome.test or outcome.output[-300:]}" if outcome.failed else ""))
    return data


def table(data):
    """A row a folder: lines and branches, and how many of them the suites together ran."""
    rows = collections.defaultdict(lambda: [0, 0, 0, 0])
    for column, what in ((0, "lines"), (2, "branches")):
        for name, there in data[""][what].items():
            ran = set().union(*(data[suite][what].get(name, ()) for suite in data if suite))
            for folder in (os.path.dirname(name), "all"):
                rows[folder][column] += len(there)
                rows[folder][column + 1] += len(ran & set(there))
    text = ["| folder | lines | executed | | branches | taken | |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for folder, (lines, ran, branches, taken) in sorted(rows.items(), key=lambda row: (row[0] == "all", row[0])):
        text.append(f"| {folder} | {lines} | {ran} | {100 * ran / max(lines, 1):.1f} % | {branches} | {taken} | "
                    f"{100 * taken / max(branches, 1):.1f} % |")
    return "\n".join(text) + "\n"


def unexecuted(data):
    """The files of which least is executed, worst first."""
    rows = []
    for name, there in data[""]["lines"].items():
        ran = set().union(*(data[suite]["lines"].get(name, ()) for suite in data if suite))
        rows.append((len(ran & set(there)) / len(there), len(there), name))
    return "".join(f"{100 * part:5.1f} % of {lines:4} lines  {name}\n" for part, lines, name in sorted(rows))

#!/usr/bin/env python3
"""Judges the samples of a soak, and writes them with the verdicts into a document.

usage: evaluate.py RESULT_DIRECTORY ROUNDS DOCUMENT          ends in `N passed, N failed, N skipped`

Three kinds of numbers, three questions:
  equal   what is counted (descriptors, threads, devices) is the same after every switch to a side as after the first one
  bound   the journal stays below the size at which it is compacted
  trend   what varies (memory, pause, duration) does not grow. The first quarter of the samples says how much it varies by
          itself: the median of the last quarter may not be above the first quarter's upper decile by more than the distance
          between the first quarter's deciles, or by a floor where that is more. (Deciles, so that one outlier does not widen
          it.) What is filled once, early, makes the upper decile greater and passes. What grows by k a switch over n switches
          has its upper decile at 0.225 nk and its deciles 0.2 nk apart, so 0.425 nk is allowed, and is at 0.875 nk in the last
          quarter: it is found, however small k is, once nk is above the floor. The floor of memory is the step in which
          glibc's heap grows: over 400 switches, what is lost is found from some 0.7 KiB a switch on.
"""
import datetime
import json
import os
import re
import statistics
import sys

EQUAL = {"pid": "the agent's process", "fds": "open file descriptors", "threads": "threads", "children": "child processes",
         "locked_kib": "locked memory, KiB", "dm_devices": "dm devices", "sd_devices": "SCSI disks", "cookies": "udev cookies",
         "rule_files": "rule files", "run_bytes": "/run/dm-import, bytes", "state_bytes": "/var/lib/dm-import without the journal, bytes"}
JOURNAL_LIMIT = (1 << 20) + (128 << 10)     # engine_options.journal_limit, and the records of one verb
BOUND = {"journal_bytes": ("journal, bytes", JOURNAL_LIMIT)}
HEAP_STEP_KIB = 132
TREND = {"rss_kib": ("agent's RSS, KiB", HEAP_STEP_KIB), "pss_kib": ("agent's PSS, KiB", HEAP_STEP_KIB),
         "kernel_kib": ("kernel's unreclaimable slab, KiB", 2048), "etc_bytes": ("/etc/dm-import, bytes", 64),
         "pause_us": ("pause, us", 5000), "duration_us": ("a switch, us", 500000)}
TOO_SHORT = 32      # samples: quarters of less than eight say nothing
CLEAN = {"io_errors": "I/O errors", "verify_errors": "blocks read that were not what was written", "stray_source_writes": "stray writes"}


def quarters(values):
    size = len(values) // 4
    return values[:size], values[-size:]


def allowed(first, floor):
    """The greatest median of the last quarter that is no growth."""
    deciles = statistics.quantiles(first, n=10, method="inclusive")
    return deciles[-1] + max(deciles[-1] - deciles[0], floor)


def judge_trend(values, floor):
    """(verdict, what the table says of it); verdict None: too few to tell."""
    if len(values) < TOO_SHORT:
        return None, "too short to tell"
    first, last = quarters(values)
    bound, median = allowed(first, floor), statistics.median(last)
    return median <= bound, "last quarter's median %d, at most %d" % (median, bound)


def judge_equal(samples, key):
    expected, odd = {}, []
    for number, sample in enumerate(samples, 1):
        if sample[key] != expected.setdefault(sample["to"], sample[key]):
            odd.append(number)
    if odd:
        return False, "%d after switch %d, %d after the first" % (
            samples[odd[0] - 1][key], odd[0], expected[samples[odd[0] - 1]["to"]])
    return True, "the same after every switch"


def judge(samples, rounds, result):
    """[(what, verdict, text, values)] of everything that is asked."""
    rows = [("switches", len(samples) == 2 * rounds, "%d of %d" % (len(samples), 2 * rounds), []),
            ("the scenario's own checks", bool(result.get("passed")),
             "; ".join(failure["text"] for failure in result.get("failures", [])) or "passed", [])]
    for key, what in CLEAN.items():
        rows.append((what, result.get(key) == 0, str(result.get(key, "not known")), []))
    if not samples:
        return rows
    for key, what in EQUAL.items():
        rows.append((what, *judge_equal(samples, key), [sample[key] for sample in samples]))
    for key, (what, limit) in BOUND.items():
        values = [sample[key] for sample in samples]
        rows.append((what, max(values) <= limit, "at most %d" % limit, values))
    for key, (what, floor) in TREND.items():
        values = [sample[key] for sample in samples]
        rows.append((what, *judge_trend(values, floor), values))
    return rows


def build_of(directory):
    try:
        with open(directory + "/import/agent.log", errors="replace") as file:
            found = re.search(r"build (\S+)", file.read())
    except OSError:
        found = None
    return found.group(1) if found else "unknown"


HEAD = """# The soak

Written by `make soak` (`tests/soak`): build %s, %s, %d times there and back
under load with verification, in one emulated VM.
%s

The head of `tests/soak/evaluate.py` says how the verdicts are reached; `tests/soak/check` shows
that they catch what they should. The agent's list of finished jobs is full before the first switch.
Each number is taken after a switch, with no client connected.
"""


def middle(values):
    """The median of each quarter, so that a reader sees the way; of few values, all."""
    size = len(values) // 4
    if size == 0:
        return ", ".join(map(str, values))
    return ", ".join("%d" % statistics.median(values[i * size:(i + 1) * size]) for i in range(4))


def document(rows, samples, rounds, result, build):
    words = {True: "passed", False: "**failed**", None: "not judged"}
    hours = (samples[-1]["unix"] - samples[0]["unix"]) / 3600 if samples else 0
    told = "The run took %.1f hours; the longest I/O took %d ms." % (hours, result.get("longest_io_us", 0) // 1000)
    lines = [HEAD % (build, datetime.date.today().isoformat(), rounds, told),
             "| what | verdict | why | least | median of each quarter | greatest |", "| --- | --- | --- | --- | --- | --- |"]
    for what, verdict, text, values in rows:
        numbers = (str(min(values)), middle(values), str(max(values))) if values else ("", "", "")
        lines.append("| %s | %s | %s | %s | %s | %s |" % (what, words[verdict], text, *numbers))
    return "\n".join(lines) + "\n"


def load(path, default):
    if not os.path.exists(path):
        return default
    with open(path) as file:
        return json.load(file)


def main():
    directory, rounds, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    samples = load(directory + "/soak.json", {"samples": []})["samples"]
    result = load(directory + "/result.json", {})
    rows = judge(samples, rounds, result)
    with open(out, "w") as file:
        file.write(document(rows, samples, rounds, result, build_of(directory)))
    for what, verdict, text, _ in rows:
        print("%-10s %-50s %s" % ({True: "passed", False: "FAILED", None: "not judged"}[verdict], what, text))
    verdicts = [row[1] for row in rows]
    print("%d passed, %d failed, %d skipped" % tuple(verdicts.count(verdict) for verdict in (True, False, None)))
    return 1 if False in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())

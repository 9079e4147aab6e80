#!/usr/bin/env python3
"""Makes build/bench/pause.json of the bench's rounds and fio's log, and prints a table.

usage: evaluate.py RESULT_DIRECTORY OUT_FILE

Ratios are those of neighbours: each of our switches against the bare exchanges right before and after it (their mean), and
against the `multipath -r` after it. What the machine does meanwhile is in both and cancels out. Of the pairs' ratios the median
and the quartiles are given. (A ratio of two medians over the entire run is not the same: another VM beside half of the run
moves one of them and not the other.)

An I/O counts for an action when it was in flight at any moment of it; `reported_over_seen` covers only the hold. `ours` is
measured twice: while the tables are exchanged (ours_us: the step that holds the map, comparable to what the bare program does),
and from the request to the job's end (ours_whole_us: with udev's and multipathd's work, which does not hold the map but wants the
CPU). It fails where a number is missing: a switch without its looks at the host, an action without I/O.
"""
import bisect
import datetime
import glob
import json
import statistics
import sys


def load_ios(result):
    """(begin, end) of every I/O in unix seconds, by end; fio's time stamps have milliseconds."""
    ios = []
    for path in glob.glob(result + "/fio-*_clat.*.log"):
        with open(path) as file:
            for line in file:
                at_ms, latency_ns = line.split(",")[:2]
                ios.append((int(at_ms) / 1e3, int(latency_ns) / 1e9))
    return sorted(ios)


def longest_us(ios, begin, end):
    """Of the I/Os that overlap [begin, end], of which there must be one; none is in flight for more than 20 s."""
    first = bisect.bisect_left(ios, (begin, 0))
    last = bisect.bisect_right(ios, (end + 20, 0))
    return max((int(latency * 1e6) for at, latency in ios[first:last] if at - latency <= end))


def spread(values):
    return {"median": int(statistics.median(values)), "min": min(values), "max": max(values), "rounds": len(values)}


def paired_ratios(ours, neighbours):
    """Of each of ours and its neighbour."""
    ratios = [one / other for one, other in zip(ours, neighbours, strict=True)]
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return {"median": round(median, 3), "quartiles": [round(low, 3), round(high, 3)], "pairs": len(ratios)}


def show_ratio(ratio):
    return "%.2f (%.2f to %.2f, %d pairs)" % (ratio["median"], *ratio["quartiles"], ratio["pairs"])


def step_window(job, name):
    started = datetime.datetime.fromisoformat(job["started"].replace("Z", "+00:00")).timestamp()
    step = next(step for step in job["steps"] if step["name"] == name)
    begin = started + step["start_us"] / 1e6
    return begin, begin + step["duration_us"] / 1e6


def longest_of(ios, action):
    return longest_us(ios, action["begin"], action["end"])


def evaluate(run, ios):
    rounds = run["rounds"]
    jobs = [row["ours"]["value"] for row in rounds]
    ours = [longest_us(ios, *step_window(job, "exchange")) for job in jobs]
    whole = [longest_of(ios, row["ours"]) for row in rounds]
    bare = [[longest_of(ios, row[name]) for name in ("bare", "bare_after")] for row in rounds]
    beside, multipath_r = [sum(pair) / 2 for pair in bare], [longest_of(ios, row["multipath_r"]) for row in rounds]
    reported = [job["result"]["pauses_us"][run["live"]] for job in jobs]
    held_at = [job["result"]["held_at_ms"][run["live"]] / 1e3 for job in jobs]
    seen = [longest_us(ios, at, at + pause / 1e6) for at, pause in zip(held_at, reported)]
    steps = {}
    for step in (step for job in jobs for step in job["steps"]):
        steps.setdefault(step["name"], []).append(step["duration_us"])
    return {
        "ours_us": spread(ours), "bare_us": spread(sum(bare, [])), "multipath_r_us": spread(multipath_r), "ours_whole_us": spread(whole),
        "ratio_bare": paired_ratios(ours, beside), "ratio_multipath_r": paired_ratios(ours, multipath_r),
        "ratio_whole_bare": paired_ratios(whole, beside), "ratio_whole_multipath_r": paired_ratios(whole, multipath_r),
        "reported_us": spread(reported), "seen_us": spread(seen), "reported_over_seen": paired_ratios(reported, seen),
        "bare_held_us": spread([sum(map(int, row[name]["value"])) for row in rounds for name in ("bare", "bare_after")]),
        "request_to_end_us": spread([int((row["ours"]["end"] - row["ours"]["begin"]) * 1e6) for row in rounds]),
        "steps_us": {name: spread(values) for name, values in steps.items()},
        "host_looks": spread([row["host_looks"] for row in rounds]), "ios": len(ios),
    }


def show(numbers):
    for key, value in numbers.items():
        if key == "steps_us":
            for name, step in value.items():
                print("  step %-17s median %8d us   min %8d   max %8d" % (name, step["median"], step["min"], step["max"]))
        elif isinstance(value, dict) and "pairs" in value:
            print("%-24s %s" % (key, show_ratio(value)))
        elif isinstance(value, dict):
            print("%-24s median %8d      min %8d   max %8d   (%d rounds)" % (
                key, value["median"], value["min"], value["max"], value["rounds"]))
        else:
            print("%-24s %s" % (key, value))


def main():
    result, out = sys.argv[1:3]
    with open(result + "/rounds.json") as file:
        numbers = evaluate(json.load(file), load_ios(result))
    with open(out, "w") as file:
        json.dump(numbers, file, indent=1)
        file.write("\n")
    show(numbers)


if __name__ == "__main__":
    main()

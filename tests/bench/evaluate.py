#!/usr/bin/env python3
"""Makes build/bench/pause.json of the bench's rounds and fio's log, and prints a table.

usage: evaluate.py RESULT_DIRECTORY OUT_FILE

An I/O counts for an action when it was in flight at any moment of it; `reported_over_seen` covers only the hold. `ours` is measured twice: while the tables are
exchanged (ours_us: the step that holds the map, comparable to what the bare program does), and from the request to
the job's end (ours_whole_us: with udev's and multipathd's work, which does not hold the map but wants the CPU).
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
    """Of the I/Os that overlap [begin, end]; none is in flight for more than 20 s."""
    first = bisect.bisect_left(ios, (begin, 0))
    last = bisect.bisect_right(ios, (end + 20, 0))
    return max((int(latency * 1e6) for at, latency in ios[first:last] if at - latency <= end), default=0)


def spread(values):
    return {"median": int(statistics.median(values)), "min": min(values), "max": max(values), "rounds": len(values)}


def step_window(job, name):
    started = datetime.datetime.fromisoformat(job["started"].replace("Z", "+00:00")).timestamp()
    step = next(step for step in job["steps"] if step["name"] == name)
    begin = started + step["start_us"] / 1e6
    return begin, begin + step["duration_us"] / 1e6


def main():
    result, out = sys.argv[1:3]
    with open(result + "/rounds.json") as file:
        run = json.load(file)
    ios = load_ios(result)
    seen, ours, whole, bare, multipath_r, reported, bare_reported, job_us, steps = [], [], [], [], [], [], [], [], {}
    for row in run["rounds"]:
        job = row["ours"]["value"]
        begin, end = step_window(job, "exchange")
        ours.append(longest_us(ios, begin, end))
        whole.append(longest_us(ios, row["ours"]["begin"], row["ours"]["end"]))
        bare.append(longest_us(ios, row["bare"]["begin"], row["bare"]["end"]))
        multipath_r.append(longest_us(ios, row["multipath_r"]["begin"], row["multipath_r"]["end"]))
        reported.append(job["result"]["pauses_us"][run["live"]])
        held_at = job["result"]["held_at_ms"][run["live"]] / 1e3
        seen.append(longest_us(ios, held_at, held_at + reported[-1] / 1e6))
        bare_reported.append(sum(map(int, row["bare"]["value"])))
        job_us.append(int((row["ours"]["end"] - row["ours"]["begin"]) * 1e6))
        for step in job["steps"]:
            steps.setdefault(step["name"], []).append(step["duration_us"])
    numbers = {
        "ours_us": spread(ours), "bare_us": spread(bare), "multipath_r_us": spread(multipath_r),
        "ours_whole_us": spread(whole),
        "ratio_bare": round(statistics.median(ours) / statistics.median(bare), 3),
        "ratio_multipath_r": round(statistics.median(ours) / statistics.median(multipath_r), 3),
        "ratio_whole_bare": round(statistics.median(whole) / statistics.median(bare), 3),
        "ratio_whole_multipath_r": round(statistics.median(whole) / statistics.median(multipath_r), 3),
        "reported_us": spread(reported), "seen_us": spread(seen), "bare_held_us": spread(bare_reported),
        "reported_over_seen": round(statistics.median(r / s for r, s in zip(reported, seen) if s), 3),
        "request_to_end_us": spread(job_us),
        "steps_us": {name: spread(values) for name, values in steps.items()},
        "ios": len(ios),
    }
    with open(out, "w") as file:
        json.dump(numbers, file, indent=1)
        file.write("\n")
    for key, value in numbers.items():
        if isinstance(value, dict) and "median" in value:
            print("%-24s median %8d us   min %8d   max %8d   (%d rounds)" % (
                key, value["median"], value["min"], value["max"], value["rounds"]))
        elif key == "steps_us":
            for name, step in value.items():
                print("  step %-17s median %8d us   min %8d   max %8d" % (name, step["median"], step["min"], step["max"]))
        else:
            print("%-24s %s" % (key, value))


if __name__ == "__main__":
    main()

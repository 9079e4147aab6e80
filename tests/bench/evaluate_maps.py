#!/usr/bin/env python3
"""Makes build/bench/maps.json of the jobs of bench-maps, and prints a table.

usage: evaluate_maps.py RESULT_DIRECTORY OUT_FILE

The steps of a switch that ask what is on the host, with the other maps against without them. Each switch with them is paired with
the one at its place without them, which went in the same direction.
"""
import json
import sys

from evaluate import paired_ratios, show_ratio, spread

STEPS = ("check", "reservations", "verify")
AIM = 1.3


def took_us(job, names):
    steps = {step["name"]: step["duration_us"] for step in job["steps"]}
    return sum(steps[name] for name in names)


def compared(run, names):
    without, others = ([took_us(job, names) for job in run[part]] for part in ("without", "with"))
    return {"without_us": spread(without), "with_us": spread(others), "ratio": paired_ratios(others, without)}


def evaluate(run):
    return {"others": run["others"], "steps": {**{name: compared(run, [name]) for name in STEPS}, "all": compared(run, STEPS)}}


def main():
    result, out = sys.argv[1:3]
    with open(result + "/rounds.json") as file:
        numbers = evaluate(json.load(file))
    with open(out, "w") as file:
        json.dump(numbers, file, indent=1)
        file.write("\n")
    print("step of a switch     without others   with %d maps   ratio (aim: below %.1f)" % (numbers["others"], AIM))
    for name, row in numbers["steps"].items():
        print("%-16s %12d us   %9d us   %s" % (name, row["without_us"]["median"], row["with_us"]["median"], show_ratio(row["ratio"])))


if __name__ == "__main__":
    sys.exit(main())

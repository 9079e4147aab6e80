#!/usr/bin/env python3
"""Makes build/bench/maps.json of the jobs of bench-maps, and prints a table.

usage: evaluate_maps.py RESULT_DIRECTORY OUT_FILE

The steps of a switch that ask what is on the host, with the other maps against without them. Switches without them are made
before and after: each switch with them is paired with the mean of the two that came at its place there (and went in its
direction), so that what changes with time alone does not count. It fails at the aim or beyond.
"""
import json
import sys

from evaluate import quartiles, show_ratio, spread

STEPS = ("check", "reservations", "verify")
AIM = 1.3


def step_us(row, name):
    return next(step["duration_us"] for step in row["job"]["steps"] if step["name"] == name)


def all_us(row):
    return sum(step_us(row, name) for name in STEPS)


def compared(parts, value_of):
    before, others, after = ([value_of(row) for row in part] for part in parts)
    return {"without_us": spread(before + after), "with_us": spread(others),
            "ratio": quartiles([2 * value / (first + last) for first, value, last in zip(before, others, after, strict=True)])}


def evaluate(run):
    parts = run["parts"]
    numbers = {name: compared(parts, lambda row, name=name: step_us(row, name)) for name in STEPS}
    numbers["all"] = compared(parts, all_us)
    return {"others": run["others"], "paths": run["paths"], "steps": numbers}


def main(result, out):
    with open(result + "/rounds.json") as file:
        numbers = evaluate(json.load(file))
    with open(out, "w") as file:
        json.dump(numbers, file, indent=1)
        file.write("\n")
    print("step of a switch     without others   with %d maps   ratio (aim %.1f)" % (numbers["others"], AIM))
    for name, row in numbers["steps"].items():
        print("%-16s %12d us   %9d us   %s" % (name, row["without_us"]["median"], row["with_us"]["median"], show_ratio(row["ratio"])))
    return 0 if numbers["steps"]["all"]["ratio"]["median"] < AIM else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))

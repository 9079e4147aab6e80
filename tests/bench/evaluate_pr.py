#!/usr/bin/env python3
"""Makes build/bench/reservations.json of the rounds of bench-pr-2, bench-pr-8 and bench-pr-pause, and prints a table.

usage: evaluate_pr.py LAB_DIRECTORY OUT_FILE

The minimum of a member's move: a register for each path, one reserve, and three reads, of both LUNs before and of the
other one afterwards; a read is each service action of PERSISTENT RESERVE IN once, but READ KEYS, which READ FULL STATUS
includes. Times are compared round by round, the agent's move (of each member from its first command's start to its last
one's end, as the kernel traces them) against a bare loop's, a moment later. `in_commands_us` is what of the agent's move
passed between the kernel's sending a command and its answer, `gaps_us` what passed before a command of this kind, or before
the first one of a read. `step_us` is the complete step of the first prepare.
"""
import json
import statistics
import sys

from evaluate import load_ios, longest_us, paired_ratios, show_ratio, spread, step_window

LOOK = ("read_full_status", "report_capabilities", "read_reservation")
LOOKS = 3
AIM_TIME, AIM_PAUSE = 1.2, 1.1


def minimum(paths, members):
    return members * (paths + 1 + LOOKS * len(LOOK))


def count_by(commands, key):
    counts = {}
    for command in commands:
        counts[command[key]] = counts.get(command[key], 0) + 1
    return counts


def gaps_us(members):
    """What passed between commands, by what came next; the first command of a read includes opening its disk."""
    gaps = {}
    for commands in members:
        at = commands[0]["at_us"]
        for command in commands:
            what = "look_at_" + command["side"] if command["kind"] == LOOK[0] else command["kind"]
            gaps[what] = gaps.get(what, 0) + command["at_us"] - at
            at = command["at_us"] + (command["took_us"] or 0)
    return gaps


def move(paths, size):
    members, rounds = size["members"], size["moves"]
    commands, least = len(size["sent"]), minimum(paths, size["members"])
    middle = sorted(rounds, key=lambda row: row["ours_us"])[len(rounds) // 2]
    return {
        "paths": paths, "members": members, "commands": commands, "minimum": least,
        "ratio_commands": round(commands / least, 3),
        "by_kind": count_by(size["sent"], "kind"), "by_side": count_by(size["sent"], "side"),
        "repeated": sum(command["status"] != "SAM_STAT_GOOD" for row in rounds for member in row["sent"] for command in member),
        "ours_us": spread([row["ours_us"] for row in rounds]), "bare_us": spread([row["bare_us"] for row in rounds]),
        "ratio": paired_ratios([row["ours_us"] for row in rounds], [row["bare_us"] for row in rounds]),
        "in_commands_us": spread([sum(command["took_us"] or 0 for member in row["sent"] for command in member) for row in rounds]),
        "gaps_us": gaps_us(middle["sent"]), "step_us": size["step_us"],
    }


def load_run(lab, name):
    with open("%s/%s/rounds.json" % (lab, name)) as file:
        return json.load(file)


def moves(lab, name):
    run = load_run(lab, name)
    for size in run["sizes"]:
        yield move(run["paths"], size)


def there_and_back(rounds, value_of):
    """Of each time: both directions together, since one takes longer than the other."""
    return [value_of(there) + value_of(back) for there, back in zip(rounds[::2], rounds[1::2])]


def paired(with_us, without_us):
    return {"with_us": int(statistics.median(with_us)), "without_us": int(statistics.median(without_us)),
            "ratio": paired_ratios(with_us, without_us)}


def compared(rounds, value_of):
    return paired(*(there_and_back([row for row in rounds if row["guarded"] == guarded], value_of) for guarded in (True, False)))


def longest_pause(row):
    return max(row["job"]["result"]["pauses_us"].values())


def asked_us(row):
    return sum(command["took_us"] or 0 for command in row["sent"])


def pause(rounds, ios):
    """The longest pause of the group at each switch, as the agent reports it, and the longest I/O while tables were
    exchanged. A hold asks LUNs without reservations too; `asking` is therefore the pause against the same pause less
    what the answers took: what a hold that asks nothing would be."""
    guarded = [row for row in rounds if row["guarded"]]
    return {
        "members": len(rounds[0]["job"]["result"]["pauses_us"]), "rounds": len(rounds),
        "reported": compared(rounds, longest_pause),
        "seen": compared(rounds, lambda row: longest_us(ios, *step_window(row["job"], "exchange"))),
        "asking": paired(there_and_back(guarded, longest_pause), there_and_back(guarded, lambda row: longest_pause(row) - asked_us(row))),
        "asked_us": {kind: spread([asked_us(row) for row in rounds if row["guarded"] == value])
                     for kind, value in (("with", True), ("without", False))},
    }


def show(numbers):
    print("paths members  commands minimum ratio       ours     in commands         bare  ratio (aim %.1f)   step of prepare" % AIM_TIME)
    for row in numbers["moves"]:
        print("%5d %7d %9d %7d %5.2f %7d us      %7d us   %7d us  %s  %10d us" % (
            row["paths"], row["members"], row["commands"], row["minimum"], row["ratio_commands"], row["ours_us"]["median"],
            row["in_commands_us"]["median"], row["bare_us"]["median"], show_ratio(row["ratio"]), row["step_us"]))
        print("      %s; repeated: %d" % (", ".join("%s %d" % item for item in sorted(row["by_kind"].items())), row["repeated"]))
        print("      us before: %s" % ", ".join("%s %d" % item for item in sorted(row["gaps_us"].items())))
    held = numbers["pause"]
    print("of a group of %d, there and back:" % held["members"])
    aim = " (aim %.1f)" % AIM_PAUSE
    for what, key, note in (("pause", "reported", aim), ("pause, without: less what the hold asks", "asking", aim),
                            ("longest I/O", "seen", "")):
        print("  %-40s with reservations %7d us, without %7d us, ratio %s%s" % (
            what, held[key]["with_us"], held[key]["without_us"], show_ratio(held[key]["ratio"]), note))


def main():
    lab, out = sys.argv[1:3]
    numbers = {"moves": [row for name in ("bench-pr-2", "bench-pr-8") for row in moves(lab, name)],
               "pause": pause(load_run(lab, "bench-pr-pause")["rounds"], load_ios(lab + "/bench-pr-pause"))}
    with open(out, "w") as file:
        json.dump(numbers, file, indent=1)
        file.write("\n")
    show(numbers)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Turns a scenario's fio log and its steps into data for latency.gnuplot.

usage: latency.py RESULT_DIRECTORY OUT_DIRECTORY
writes latency.dat (seconds, milliseconds: one line an I/O), phases.gnuplot (labels and the title)
"""
import glob
import json
import sys

PHASES = ("prepare", "switch to destination", "copy", "cutover", "cancel")


def samples(result):
    """(unix seconds at the end of an I/O, its latency in ms)"""
    for path in glob.glob(result + "/fio-*_clat.*.log"):
        with open(path) as file:
            for line in file:
                at_ms, latency_ns = line.split(",")[:2]
                yield int(at_ms) / 1e3, int(latency_ns) / 1e6


def main():
    result, out = sys.argv[1:3]
    with open(result + "/result.json") as file:
        run = json.load(file)
    points = sorted(samples(result))
    begin = points[0][0]
    with open(out + "/latency.dat", "w") as file:
        file.writelines("%.3f %.4f\n" % (at - begin, latency) for at, latency in points)
    steps = [step for step in run["steps"] if step["name"] in PHASES]
    pause = max(run["pauses_us"].values(), default=0) / 1e3
    with open(out + "/phases.gnuplot", "w") as file:
        file.write('set title "The application\'s I/O during the import: longest pause %.1f ms, %d I/O errors"\n' % (
            pause, run["io_errors"]))
        for number, step in enumerate(steps):
            start, end = step["unix"] - begin, step["unix"] - begin + step["duration"]
            file.write("set object %d rectangle from %.3f, graph 0 to %.3f, graph 1 fillcolor rgb '%s' "
                       "fillstyle solid 0.35 noborder behind\n" % (
                           number + 1, start, end, ("#dce9f7", "#f7e3dc")[step["name"].startswith("switch")]))
            file.write("set label %d '%s' at %.3f, graph %.2f center font ',11'\n" % (
                number + 1, step["name"], (start + end) / 2, 0.965 - 0.045 * (number % 2)))
        for number, step in enumerate(step for step in steps if step["name"].startswith("switch")):
            file.write("set label %d 'held %.1f ms' at %.3f, graph 0.86 center textcolor rgb '#a03000'\n" % (
                90 + number, pause, step["unix"] - begin + step["duration"] / 2))


if __name__ == "__main__":
    main()

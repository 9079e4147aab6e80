#!/usr/bin/env python3
"""The demo's last line, from the scenario's result. usage: verdict.py RESULT_JSON import|cancel"""
import json
import sys


def main():
    with open(sys.argv[1]) as file:
        run = json.load(file)
    what = {"import": "import complete", "cancel": "import cancelled"}[sys.argv[2]]
    pause_ms = max(run["pauses_us"].values(), default=0) / 1e3
    for failure in run["failures"]:
        print("demo: %s: %s" % (failure["check"], failure["text"]))
    errors = run["io_errors"] + run["verify_errors"]
    print("demo: %s, %d I/O errors, longest pause %.0f ms" % (what if run["passed"] else "FAILED", errors, pause_ms))
    return 0 if run["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())

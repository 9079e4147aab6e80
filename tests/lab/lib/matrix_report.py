"""What the matrices have shown: as tables for the terminal, and as docs/RELIABILITY.md."""
import glob
import json
import os
import re
import textwrap

import crash_cells
import fault_cells

# The results are kept with the code: all cells take longer than a day's work on one machine.
KEPT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../../docs/reliability"))
# Of a VM, in the result of the cell that failed in it.
WRONG = ("io_errors", "verify_errors", "stray_source_writes")
HEAD = """# What survives a crash, and what a fault does

Written by `make check-faults` (`tests/lab/crash-matrix`, `tests/lab/fault-matrix`), not by hand.
Both matrices run in a VM with the real kernel, udev and multipathd, under fio that verifies what it
reads. The **crash matrix** hits each verb before, inside and after each of its steps. The **fault
matrix** makes something go wrong around a verb, before it is sent or in its middle, or in a state
of an import. After each cell these are checked:

- the import is in the verb's first or last state;
- kernel, udev, multipathd and journal agree about it;
- no map is suspended, no disk is in two maps, nothing is left over;
- no I/O failed, no write is lost or stray;
- the verb, sent again, leads to its end.

Times are those of an emulated machine: good for comparison, and as upper bounds.
"""


def kept_file(cells):
    return "%s/%s-matrix.json" % (KEPT, cells.NAME)


def kept_results(cells):
    """The last result of every cell that has one, whichever machine it was."""
    try:
        with open(kept_file(cells)) as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def keep_results(cells, results):
    """A line a cell, for a change to be read."""
    path = kept_file(cells)
    os.makedirs(KEPT, exist_ok=True)
    with open(path + ".new", "w") as file:
        file.write("{\n%s\n}\n" % ",\n".join("%s: %s" % (json.dumps(name), json.dumps(results[name], sort_keys=True))
                                             for name in sorted(results)))
    os.rename(path + ".new", path)


def told(said):
    """One result in a few words."""
    if not said["passed"]:
        return said.get("text", "failed")
    words = [said.get("outcome", "")]
    if said.get("stuck") and not words[0].startswith("stuck"):
        words.append("stuck")
    if said.get("answer", "").startswith("failed"):
        words.append("refused")
    if "pause_ms" in said:
        words.append("%.0f ms" % said["pause_ms"])
    if "acknowledged" in said:
        words.append("%d/%d writes" % (said["found"], said["acknowledged"]))
    if "recovery_s" in said:
        words.append("%.1f s" % said["recovery_s"])
    if "took_s" in said:
        words.append("%.1f s" % said["took_s"])
    return ", ".join(word for word in words if word)


def in_table(text):
    return text.replace("|", " or ")


# The crash matrix: a line a place, a column a kind

def crash_word(cell, results):
    if crash_cells.why_not(cell):
        return "- (%s)" % crash_cells.why_not(cell)
    said = results.get(crash_cells.name(cell))
    if not said:
        return ""
    return told(said) if said["passed"] else "FAILED"


def crash_rows(chosen, results):
    found = [("verb", "step", "where", *crash_cells.KINDS)]
    for verb in crash_cells.VERBS:
        for step, where in crash_cells.places(verb):
            here = [crash_cells.Cell(verb, step, where, kind) for kind in crash_cells.KINDS]
            if any(cell in chosen and crash_cells.name(cell) in results for cell in here):
                found.append((verb, step, where, *(crash_word(cell, results) for cell in here)))
    return found


# The fault matrix: a line a cell, by its fault

def fault_rows(chosen, results):
    found = [("fault", "verb or state", "from", "must be", "was")]
    for cell in chosen:
        said = results.get(fault_cells.name(cell))
        if said:
            place = "before it" if cell.step == fault_cells.NO_STEP else "%s %s" % (cell.where, cell.step)
            if cell.verb.startswith("stay-"):
                place = "in the state"
            found.append((cell.kind, cell.verb, place, in_table(fault_cells.EXPECTED[cell]),
                          in_table(told(said)) if said["passed"] else "FAILED"))
    return found


def rows(cells, chosen, results):
    return (crash_rows if cells is crash_cells else fault_rows)(chosen, results)


def table(cells, chosen, results):
    lines = rows(cells, chosen, results)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines)


def markdown(lines):
    return ["| %s |" % " | ".join(lines[0]), "| %s |" % " | ".join(["---"] * len(lines[0]))] + [
        "| %s |" % " | ".join(line) for line in lines[1:]]


def build_of(directory):
    """The agent's own word, from its log."""
    for path in sorted(glob.glob(directory + "/**/agent.log", recursive=True)):
        with open(path, errors="replace") as file:
            found = re.search(r"build (\S+)", file.read())
        if found:
            return found[1]
    return "not noted"


# What they add up to

def longest(results, key):
    values = [said[key] for said in results if key in said]
    return "%.1f" % max(values) if values else "-"


def run_of(cells, kind, results):
    """(how many cells there are of this kind, the results of those that have run)"""
    there = [cell for cell in cells.all_cells() if cell.kind == kind and not cells.why_not(cell)]
    return len(there), [results[cells.name(cell)] for cell in there if cells.name(cell) in results]


def crash_summary(results):
    lines = [("crash", "points", "run", "survived", "longest pause, ms", "longest recovery, s", "went back", "went forward")]
    for kind, text in crash_cells.KINDS.items():
        count, run = run_of(crash_cells, kind, results)
        lines.append((text, str(count), str(len(run)), str(sum(said["passed"] for said in run)), longest(run, "pause_ms"),
                      longest(run, "recovery_s"), *(str(sum(said.get("outcome") == side for said in run)) for side in ("back", "forward"))))
    return lines


def fault_summary(results):
    lines = [("fault", "cells", "run", "survived", "longest pause, ms", "finished", "refused, nothing changed", "stuck until the fault had gone and the verb was sent again")]
    for kind, text in fault_cells.KINDS.items():
        count, run = run_of(fault_cells, kind, results)
        outcomes = [said.get("outcome", "") for said in run]
        lines.append(("%s (`%s`)" % (text, kind), str(count), str(len(run)), str(sum(said["passed"] for said in run)), longest(run, "pause_ms"),
                      str(sum(outcome in ("done", "waits", "forward", "unnoticed") for outcome in outcomes)),
                      str(sum(outcome.startswith("refused") or outcome == "back" for outcome in outcomes)),
                      str(sum(outcome.startswith("stuck") for outcome in outcomes))))
    return lines


def writes(results):
    cut = [said for said in results if "acknowledged" in said]
    counts = {key: sum(said.get(key, 0) for said in results) for key in WRONG}
    return [("writes", ""),
            ("acknowledged before power cuts", str(sum(said["acknowledged"] for said in cut))),
            ("found after them", str(sum(said["found"] for said in cut))),
            ("power cuts; those after which unflushed writes were looked for; those after which they were gone", "%d; %d; %d" % (
                len(cut), sum("unflushed_lost" in said for said in cut), sum(said.get("unflushed_lost", False) for said in cut))),
            ("I/O errors", str(counts["io_errors"])),
            ("reads that returned something else than was written", str(counts["verify_errors"])),
            ("writes that reached the side that had been left", str(counts["stray_source_writes"]))]


# What made a cell fail once, is not the product's, and did not come when the cell ran again.
SEEN = """- In two cells of some 600 the kernel (6.1) warned when a map was removed: `block/mq-deadline.c …
  dd_exit_sched`. By the I/O scheduler's own count of requests, one fewer was completed than
  inserted. The cells counted as failed, and passed when they ran again. No request was lost: the
  kernel empties a queue (it freezes it) before it removes the scheduler, no I/O failed, and
  everything that was written was found. It could not be reproduced alone: not by 180 rounds of
  suspend, resume and removal under load, nor with all paths lost and restored under 64 writers,
  with FUA and without. Remedy: none is needed."""


def exceptions(results):
    """What did not survive, and what needed somebody."""
    lines = []
    for name, said in sorted(results.items()):
        if not said["passed"]:
            lines.append("- `%s` **failed**: %s" % (name, said.get("text", "")))
        elif said.get("stuck"):
            lines.append("- `%s`: the import was left `recovering` (%s). Remedy: the verb was sent again, which led to its end." % (
                name, said["stuck"]))
        elif said.get("answer", "").startswith("failed"):
            lines.append("- `%s`: the verb %s. Remedy: the verb was sent again, which led to its end." % (name, said["answer"]))
    return lines or ["None."]


def has_run(cells, results, what):
    known = {cells.name(cell) for cell in cells.all_cells() if not cells.why_not(cell)}
    there = [said for name, said in results.items() if name in known]
    builds, days = sorted({said["build"] for said in there}), sorted({said["date"] for said in there})
    return "%s\n" % paragraph("%d of %d %s have run; %d of them survived. Builds %s; %s." % (
        len(there), len(known), what, sum(said["passed"] for said in there),
        ", ".join("`%s`" % build for build in builds) or "-", " to ".join(sorted({days[0], days[-1]})) if days else "-"))


def of_now(cells, results):
    """Without what is in the list of cells no longer."""
    known = {cells.name(cell) for cell in cells.all_cells()}
    return {name: said for name, said in results.items() if name in known}


def paragraph(text, indent=""):
    return textwrap.fill(text, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def document():
    crash = of_now(crash_cells, kept_results(crash_cells))
    fault = of_now(fault_cells, kept_results(fault_cells))
    return "\n".join([
        HEAD, "## Crashes", "", has_run(crash_cells, crash, "points"), *markdown(crash_summary(crash)), "",
        paragraph("*Pause*: the longest I/O of the application. *Recovery*: from the crash until the agent answers again; after a power cut, "
                  "from the kernel's start. There is no pause for power cuts: the application dies with the host."), "",
        "## Faults", "", has_run(fault_cells, fault, "cells"), *markdown(fault_summary(fault)), "",
        paragraph("The maps queue I/O while they have no path (`no_path_retry queue`), so the application waits as long as all paths of its side "
                  "are lost or its array hangs. That is included in the pauses."), "",
        "## Writes", "", *markdown(writes([*crash.values(), *fault.values()])), "",
        "## Exceptions", "", *(paragraph(line, "  ") for line in exceptions({**crash, **fault})), "",
        "### Seen once, and not again", "", SEEN, "", "## No points of the crash matrix", "",
        *(paragraph(line, "  ") for line in (
            "- SIGKILL of agent and guardian where there is no guardian: one exists only inside `exchange`. Elsewhere it is a SIGKILL of the agent.",
            "- SIGKILL of multipathd between `stop_multipathd` and `start_multipathd`: it does not run.",
            "- Inside steps that call nothing when there are no reservations (`look_after`, and `drop_unseen` on the way to the destination).")), "",
        "## Every cell of the fault matrix", "",
        paragraph("`refused` and a code: the verb was refused or taken back with this code, and everything was as before. `stuck`: the import was "
                  "`recovering` until the fault had gone and the verb was sent again. `waits`: the verb ended when the fault had gone. `back`, "
                  "`forward`: the verb's answer was lost; the side is the one on which the next agent found the import or to which it brought it."), "",
        *markdown(fault_rows(fault_cells.all_cells(), fault)), "", "## Every point of the crash matrix", "",
        *markdown(crash_rows(crash_cells.all_cells(), crash)), ""])

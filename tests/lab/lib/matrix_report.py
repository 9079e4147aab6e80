"""What the matrices have shown: a line a cell for the terminal, a line a crash or fault in docs/RELIABILITY.md."""
import glob
import json
import os
import re

import crash_cells
import fault_cells

BUILD = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../../build"))
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

A number is how many cells survived; *a of b* means that some did not. A row shows the last complete
run of its cells. Rows that are not run again stay as they are.

"""
TAIL = """
- *End*: the verb came to its end in spite of the crash or fault, or the next agent brought it
  there, or the state was not affected. *As before*: the verb was refused or taken back, and nothing
  was changed. *Stuck*: the import was left `recovering`; once the fault had gone, the verb was sent
  again and led to its end.
- *Pause*: the longest I/O of the application. The maps queue I/O while they have no path
  (`no_path_retry queue`), so the application waits as long as all paths of its side are lost or its
  array hangs. There is no pause for power cuts: the application dies with the host. *Recovery*:
  from the crash until the agent answers again; after a power cut, from the kernel's start.
- SIGKILL of agent and guardian is possible only inside `exchange`: a guardian exists only there.
  SIGKILL of multipathd is not possible between `stop_multipathd` and `start_multipathd`: it does
  not run. Steps that call nothing when there are no reservations (`look_after`, and `drop_unseen`
  on the way to the destination) cannot be hit inside.
- `tests/lab/crash-matrix --kept` and `tests/lab/fault-matrix --kept` show what each cell did, on a
  machine on which they have run.

## Seen once, and not again

- In two cells of some 600 the kernel (6.1) warned when a map was removed: `block/mq-deadline.c …
  dd_exit_sched`. By the I/O scheduler's own count of requests, one fewer was completed than
  inserted. The cells counted as failed, and passed when they ran again. No request was lost: the
  kernel empties a queue (it freezes it) before it removes the scheduler, no I/O failed, and
  everything that was written was found. It could not be reproduced alone: not by 180 rounds of
  suspend, resume and removal under load, nor with all paths lost and restored under 64 writers,
  with FUA and without. Remedy: none is needed.
"""
# What a column of the summary counts.
VERBS = {"prepare": ["prepare"], "to destination": ["to-destination"], "to source": ["to-source"], "release": ["release", "release-back"],
         "commit": ["commit"], "cancel": ["cancel"], "no verb": [verb for verb in fault_cells.VERBS if verb.startswith("stay-")]}


def kept_file(cells):
    return "%s/%s-matrix/results.json" % (BUILD, cells.NAME)


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


# The crash matrix: a line a place, a column a kind

def crash_word(cell, results):
    if crash_cells.why_not(cell):
        return "- (%s)" % crash_cells.why_not(cell)
    said = results.get(crash_cells.name(cell))
    if not said:
        return ""
    return told(said) if said["passed"] else "FAILED: " + told(said)


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
            found.append((cell.kind, cell.verb, place, fault_cells.EXPECTED[cell],
                          told(said) if said["passed"] else "FAILED: " + told(said)))
    return found


def rows(cells, chosen, results):
    return (crash_rows if cells is crash_cells else fault_rows)(chosen, results)


def table(cells, chosen, results):
    lines = rows(cells, chosen, results)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines)


def build_of(directory):
    """The agent's own word, from its log."""
    for path in sorted(glob.glob(directory + "/**/agent.log", recursive=True)):
        with open(path, errors="replace") as file:
            found = re.search(r"build (\S+)", file.read())
        if found:
            return found[1]
    return "not noted"


# The summary: a line a crash or fault

COLUMNS = ("crash or fault", *VERBS, "end", "as before", "stuck", "longest pause, ms", "longest recovery, s", "build", "date")


def longest(results, key):
    values = [said[key] for said in results if key in said]
    return "%.1f" % max(values) if values else "-"


def survived(results):
    count, passed = len(results), sum(said["passed"] for said in results)
    return "-" if not count else str(count) if passed == count else "**%d of %d**" % (passed, count)


def span(values):
    """The first and the last; a build ends in its number."""
    values = sorted(set(values), key=lambda value: (int(re.sub(r".*_(\d+)$|.*", r"\1", value) or 0), value))
    return " to ".join(dict.fromkeys((values[0], values[-1])))


def how_it_ended(results):
    outcomes = [said.get("outcome", "") for said in results]
    return (sum(outcome in ("done", "waits", "forward", "unnoticed") for outcome in outcomes),
            sum(outcome.startswith("refused") or outcome == "back" for outcome in outcomes),
            sum(outcome.startswith("stuck") for outcome in outcomes))


def title(cells, kind, results):
    text = "%s (`%s`)" % (cells.KINDS[kind], kind)
    cut = [said for said in results if "acknowledged" in said]
    if cut:
        text += "; of %d acknowledged writes %d were found; what was not flushed was gone after %d" % (
            sum(said["acknowledged"] for said in cut), sum(said["found"] for said in cut), sum(said.get("unflushed_lost", False) for said in cut))
    return text


def summary(cells, kind, results):
    """The row of this kind; None while not all of its cells have run."""
    there = [cell for cell in cells.all_cells() if cell.kind == kind and not cells.why_not(cell)]
    said = {cell: results[cells.name(cell)] for cell in there if cells.name(cell) in results}
    if len(said) < len(there):
        return None
    run = list(said.values())
    verbs = [survived([said[cell] for cell in there if cell.verb in verbs]) for verbs in VERBS.values()]
    return "| %s |" % " | ".join([title(cells, kind, run), *verbs, *map(str, how_it_ended(run)), longest(run, "pause_ms"),
                                  longest(run, "recovery_s"), span(one["build"] for one in run), span(one["date"] for one in run)])


def not_run(cells, kind):
    return "| %s |" % " | ".join([title(cells, kind, []), "**not run**", *["-"] * (len(COLUMNS) - 2)])


def write_document(path):
    """docs/RELIABILITY.md, of which the rows stay that are not known better."""
    try:
        with open(path) as file:
            written = file.read()
    except FileNotFoundError:
        written = ""
    earlier = {found[1]: found[0] for found in re.finditer(r"^\| [^|]*\(`([a-z-]+)`\).*$", written, re.M)}
    lines = ["| %s |" % " | ".join(COLUMNS), "| %s |" % " | ".join(["---"] * len(COLUMNS))]
    for cells in (crash_cells, fault_cells):
        results = kept_results(cells)
        lines += [summary(cells, kind, results) or earlier.get(kind) or not_run(cells, kind) for kind in cells.KINDS]
    with open(path, "w") as file:
        file.write(HEAD + "\n".join(lines) + "\n" + TAIL)

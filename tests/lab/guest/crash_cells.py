"""The crash matrix as a list: which verb is hit at which place of which step by which kind of failure. Also the command
tests/lab/crash-matrix reads it, outside of any VM, and compares it with the plans in the engine's source."""
import collections
import os
import re

NAME = "crash"
Cell = collections.namedtuple("Cell", "verb step where kind")
Verb = collections.namedtuple("Verb", "plan first last path body")

KINDS = {
    "agent": "SIGKILL of the agent",
    "both": "SIGKILL of the agent and its guardian",
    "multipathd": "SIGKILL of multipathd",
    "power": "power cut",
}
PHASE = {"agent": 0.5, "both": 0.3, "multipathd": 0.2, "power": 0.8}    # so that a sample's kinds meet different places
# The longest that an I/O may wait, on an emulated machine; a power cut has no I/O that waits.
PAUSE_LIMIT_MS = {"agent": 4000, "both": 20000, "multipathd": 4000}
COST_S = {"agent": 16, "both": 20, "multipathd": 20, "power": 60}   # rather more than it takes

VERBS = {
    "prepare": Verb("prepare", "new", "prepared", "/prepare", {}),
    "to-destination": Verb("switch", "prepared", "on_destination", "/switch", {"to": "destination"}),
    "to-source": Verb("switch", "on_destination", "prepared", "/switch", {"to": "source"}),
    "commit": Verb("commit", "on_destination", "committed", "/commit", {}),
    "cancel": Verb("cancel", "prepared", "cancelled", "/cancel", {"force": False}),
}
# Each plan's steps in their order, with the places inside: behind the n-th call of a port. A step without one makes no
# call when there are no reservations.
STEPS = {
    "prepare": {
        "check_source": ["device.settle#1"],
        "intent": ["host.reserve#1"],
        "scan": ["device.rescan#1"],
        "map": ["multipathd.command#1"],
        "reservations": ["scsi.pr_read#1"],
        "check_pairs": ["device.settle#1"],
        "record": ["host.append#1"],
    },
    "switch": {
        "check": ["device.disks#1"],
        "probe": ["scsi.probe#1"],
        "reservations": ["scsi.pr_read#1"],
        "intent": ["host.reserve#1"],
        "stop_multipathd": ["multipathd.command#1", "multipathd.stop#1"],
        "present": ["host.replace#1", "device.reidentify#1"],
        "load": ["dm.load#1"],
        "exchange": ["dm.suspend#2", "dm.resume#1"],
        "drop_unseen": ["device.disks#1"],
        "start_multipathd": ["multipathd.start#1"],
        "verify": ["multipathd.command#1"],
        "look_after": [],
        "record": ["host.append#1"],
    },
    "commit": {
        "check": ["multipathd.command#1"],
        "intent": ["host.reserve#1"],
        "retire": ["host.replace#1"],
        "unregister": ["scsi.pr_read#1"],
        "remove_source": ["dm.remove#1", "device.delete_disk#1"],
        "record": ["host.append#1"],
    },
    "cancel": {
        "intent": ["host.reserve#1"],
        "unregister": ["scsi.pr_read#1"],
        "remove_destination": ["dm.remove#1", "device.delete_disk#1"],
        "record": ["host.append#1"],
    },
}
NO_CALL = {("to-destination", "drop_unseen")}
GUARDED = {"exchange"}      # a guardian lives inside these steps, and nowhere else
# multipathd is down from inside the one to before the other
DOWN_FROM, DOWN_UNTIL = ("stop_multipathd", "multipathd.stop#1"), ("start_multipathd", "before")


def places(verb):
    """(step, where) in the order of time."""
    for step, inside in STEPS[VERBS[verb].plan].items():
        yield step, "before"
        for where in [] if (verb, step) in NO_CALL else inside:
            yield step, where
        yield step, "after"


def multipathd_down(verb, step, where):
    order = list(places(verb))
    if DOWN_FROM not in order:
        return False
    return order.index(DOWN_FROM) <= order.index((step, where)) <= order.index(DOWN_UNTIL)


def why_not(cell):
    """Why there is nothing to crash at this cell; None: there is."""
    if cell.kind == "both" and not guarded(cell):
        return "no guardian"
    if cell.kind == "multipathd" and multipathd_down(cell.verb, cell.step, cell.where):
        return "not running"
    return None


def guarded(cell):
    return cell.step in GUARDED and cell.where not in ("before", "after")


def cost_s(cell):
    return COST_S[cell.kind]


def apart(cell):
    """Power cuts have VMs of their own."""
    return int(cell.kind == "power")


def pause_limit_ms(cell):
    return PAUSE_LIMIT_MS[cell.kind]


def all_cells():
    return [Cell(verb, step, where, kind) for verb in VERBS for step, where in places(verb) for kind in KINDS]


def name(cell):
    return "/".join(cell)


def by_name(text):
    return Cell(*text.split("/"))


def sample(cells, count):
    """So many of the cells, each kind with its share, evenly spread over the places; the same ones every time."""
    chosen = []
    if count >= len(cells):
        return list(cells)
    for kind in KINDS:
        there = [cell for cell in cells if cell.kind == kind]
        share = max(min(len(there), 1), round(count * len(there) / len(cells)))
        chosen += [there[int((number + PHASE[kind]) * len(there) / share)] for number in range(share)]
    return [cell for cell in cells if cell in chosen]


def next_cell(cells, state):
    """The cell to go on with from an import's state, so that little has to be done in between; power cuts come last."""
    wishes = {
        "new": ("prepare", "to-destination", "to-source", "commit", "cancel"),
        "prepared": ("to-destination", "to-source", "commit", "cancel", "prepare"),
        "on_destination": ("to-source", "commit", "to-destination", "cancel", "prepare"),
    }
    pool = [cell for cell in cells if cell.kind != "power"] or cells
    order = wishes.get(state, wishes["new"])
    return min(pool, key=lambda cell: order.index(cell.verb))


def plans_in_source(folder):
    """{plan: [step]} as the engine's source has them: a step that is added there must be added here."""
    plans, tables = {}, {}
    for file in sorted(os.listdir(folder)):
        if not file.endswith(".c"):
            continue
        with open(os.path.join(folder, file)) as opened:
            text = opened.read()
        for found in re.finditer(r"static const struct plan_step (\w+)\[\] = \{\n(.*?)\n\};", text, re.S):
            tables[file, found[1]] = re.findall(r'\.name = "(\w+)"', found[2])
        for found in re.finditer(r'static const struct plan \w+ = \{ "(\w+)", (\w+),', text):
            plans[found[1]] = tables[file, found[2]]
    return plans


def differences(folder):
    """(what the engine's plans have that STEPS has not, or the other way round; how many were compared)"""
    there = plans_in_source(folder)
    return ["plan %s has the steps %s in the engine, and %s here" % (
        plan, ", ".join(there.get(plan, ["none"])), ", ".join(steps)) for plan, steps in STEPS.items()
        if there.get(plan) != list(steps)], len(STEPS)

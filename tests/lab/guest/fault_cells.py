"""The fault matrix as a list: which fault meets which verb, from before it is sent or from a place inside it, and the expected
result. Also the command tests/lab/fault-matrix reads it, outside of any VM. How a fault is made is in faults.py.

The expected results of a verb (`fault_play.py` says which of them it was):
	done            it led to its end with the fault there
	waits           it led to its end, but not before the fault went
	refused:CODE    it failed, all is as it was before it; CODE is the one that it must give (of a pre-check: the finding's)
	stuck:CODE      the import is `recovering`; when the fault has gone, the verb again leads to its end
	back, forward   there was no answer; the import is as before the verb, or as after it
	unnoticed       a state without a verb: the fault came and went, and all is as before
Several, with | between them: what was first depends on which of two is faster; what goes back needs memory and descriptors, too, and
the way there may have reserved in the journal what the way back needs.
"""
import collections

import crash_cells
from crash_cells import Cell, Verb, by_name, name  # noqa: F401 they are part of this list's face

NAME = "fault"
Fault = collections.namedtuple("Fault", "text cells paths")

NO_STEP = "-"
STATES = {"mapped": "new", "prepared": "prepared", "on-destination": "on_destination"}
VERBS = {
    **{"stay-" + word: Verb(None, state, state, None, None) for word, state in STATES.items()},
    **crash_cells.VERBS,
    "release": Verb("release", "held", "on_destination", "/release", {"to": "destination"}),
    "release-back": Verb("hold", "held", "prepared", "/release", {"to": "source"}),
}

BEFORE_HOLD = {"release": "prepared", "release-back": "on_destination"}     # where a hold that ends by itself leads to

GONE = "refused:path_probe_failed"
FAULTS = {
    "source-path": Fault("one path of the source is lost", {
        "stay-prepared": "unnoticed", "stay-on-destination": "unnoticed", "prepare": "done", "to-destination": "done",
        "to-destination@present.before": "done", "to-source": "done", "release": "done", "commit": "done"}, True),
    "source-paths": Fault("all paths of the source are lost", {
        "stay-prepared": "unnoticed", "stay-on-destination": "unnoticed", "to-destination": "refused:scsi_failed",
        "to-destination@present.before": "done", "to-source": GONE, "to-source@present.before": "waits|stuck:verify_failed",
        "release": "done", "commit": "done", "cancel": "done"}, True),
    "source-array": Fault("the source array is gone, and its disks with it", {
        "stay-on-destination": "unnoticed", "to-source": "refused:verify_failed|refused:path_probe_failed", "commit": "done"}, True),
    "destination-path": Fault("one path of the destination is lost", {
        "stay-on-destination": "unnoticed", "to-destination": GONE, "to-destination@present.before": "done",
        "to-source": "done", "commit": "done", "cancel": "done"}, True),
    "destination-paths": Fault("all paths of the destination are lost", {
        "stay-prepared": "unnoticed", "stay-on-destination": "unnoticed", "prepare": "refused:destination_no_map|refused:scsi_failed|waits",
        "to-destination": GONE, "to-destination@present.before": "waits|stuck:verify_failed", "to-source": "done",
        "commit": "waits|refused:verify_failed", "cancel": "done"}, True),
    "destination-array": Fault("the destination array is gone, and its disks with it", {
        "stay-on-destination": "unnoticed", "prepare": "refused:destination_absent|waits",
        "to-destination": "refused:verify_failed", "to-source": "done", "commit": "waits|refused:verify_failed"}, True),
    "destination-slow": Fault("each command of the destination takes 2 s", {
        "prepare": "done", "to-destination": "done", "to-source": "done"}, True),
    "source-slow": Fault("each command of the source takes 2 s", {"to-destination": "done", "to-source": "done"}, True),
    "destination-hangs": Fault("commands of the destination do not return", {
        "stay-on-destination": "unnoticed", "to-destination": GONE, "to-source": "refused:hold_timeout"}, True),
    "source-hangs": Fault("commands of the source do not return", {
        "to-destination@load.before": "refused:hold_timeout", "to-source": GONE}, True),
    "state-full": Fault("the state directory's file system is full", {
        "prepare": "refused:no_space", "to-destination": "refused:no_space", "to-destination@exchange.before": "done",
        "to-source": "refused:no_space|done", "commit": "refused:no_space", "commit@retire.before": "done", "cancel": "refused:no_space|done"}, False),
    "state-read-only": Fault("the state directory is read-only", {
        "prepare": "refused:io", "to-destination": "refused:io", "to-destination@exchange.before": "stuck:io",
        "commit@retire.before": "stuck:io", "cancel": "refused:io"}, False),
    "state-missing": Fault("the state directory is empty", {
        "to-destination": "refused:io", "to-destination@exchange.before": "stuck:io", "cancel": "refused:io"}, False),
    "rules-read-only": Fault("the rules' directory is read-only", {
        "to-destination": "refused:io", "commit": "refused:io"}, False),
    "memory-short": Fault("the agent gets no more memory", {
        "prepare@scan.before": "refused:no_memory|done", "to-destination@check.before": "refused:no_memory|done",
        "to-destination@exchange.before": "refused:no_memory|stuck:no_memory|done", "to-source@present.before": "refused:no_memory|stuck:no_memory|done"}, False),
    "memory-killed": Fault("the kernel kills the agent for its memory, and again while there is none", {
        "to-destination@load.before": "back", "to-destination@start_multipathd.before": "forward", "release": "back"}, False),
    "descriptors-short": Fault("the agent gets no more file descriptors", {
        "prepare@scan.before": "refused:io|stuck:io", "to-destination@check.before": "refused:io",
        "to-destination@exchange.before": "refused:io", "commit@retire.before": "stuck:io"}, False),
    "udevd-stopped": Fault("udevd does not run", {
        "prepare": "refused:udev_failed", "to-destination": "refused:udev_failed",
        "to-destination@start_multipathd.before": "done"}, False),
    "udevd-hangs": Fault("udevd does nothing", {
        "to-destination": "refused:udev_timeout", "to-source@present.before": "stuck:udev_timeout"}, False),
    "udevd-slow": Fault("udevd takes 2 s for each event of a disk", {
        "prepare": "done", "to-destination": "done", "to-source": "done"}, False),
    "multipathd-stays": Fault("systemd refuses to stop multipathd", {
        "to-destination": "refused:multipathd_failed", "to-source": "refused:multipathd_failed"}, False),
    "multipathd-hangs": Fault("multipathd does nothing", {
        "to-destination@stop_multipathd.before": "refused:multipathd_failed", "stay-on-destination": "unnoticed"}, False),
    "multipathd-cannot-start": Fault("multipathd does not start", {
        "to-destination@exchange.before": "stuck:multipathd_failed", "release": "stuck:multipathd_failed",
        "to-source@present.before": "stuck:multipathd_failed"}, False),
    "multipathd-stopped": Fault("a person stops multipathd", {
        "stay-on-destination": "unnoticed", "prepare": "refused:multipathd_not_running",
        "to-destination": "refused:multipathd_not_running", "to-destination@verify.before": "waits|stuck:multipathd_not_running",
        "commit@remove_source.before": "done"}, False),
    "multipathd-started": Fault("a person starts multipathd while it must not run", {
        "to-destination@load.before": "done", "release": "done"}, False),
    "multipathd-reconfigured": Fault("a person reconfigures multipathd", {
        "stay-prepared": "unnoticed", "stay-on-destination": "unnoticed", "prepare@check_pairs.before": "done",
        "to-destination@verify.before": "done", "commit@retire.after": "done"}, False),
    "maps-flushed": Fault("a person says multipath -F", {
        "stay-on-destination": "unnoticed", "to-destination": "done", "to-source": "done",
        "to-destination@load.before": "refused:verify_failed", "to-destination@verify.before": "done", "release": "done"}, False),
    "map-resumed": Fault("a person says dmsetup resume of the live map", {
        "to-destination@exchange.before": "done", "release": "done|stuck:verify_failed", "release-back": "done|stuck:verify_failed"}, False),
    "events-triggered": Fault("a person says udevadm trigger", {
        "stay-prepared": "unnoticed", "stay-on-destination": "unnoticed", "prepare@map.before": "done",
        "to-destination@load.before": "done", "to-destination@start_multipathd.before": "done", "release": "done",
        "to-source@load.before": "done", "commit@retire.after": "done"}, False),
    "hosts-rescanned": Fault("a person rescans all hosts and disks", {
        "stay-prepared": "unnoticed", "stay-on-destination": "unnoticed", "to-destination@load.before": "done", "release": "done",
        "commit@retire.after": "done", "cancel@intent.after": "done"}, False),
    "destination-grows": Fault("the destination is made larger, and the host sees it", {
        "to-destination": "refused:size_larger", "to-source": "done"}, False),
    "destination-shrinks": Fault("the destination is made smaller, and the host does not see it", {
        "to-destination": "refused:lun_changed"}, False),
    "clock-forward": Fault("the clock jumps two hours forward", {
        "release": "done", "to-destination@exchange.before": "done", "stay-on-destination": "unnoticed"}, False),
    "clock-back": Fault("the clock jumps two hours back", {
        "release": "done", "to-destination@exchange.before": "done", "prepare@record.before": "done"}, False),
    "orchestrator-gone": Fault("the orchestrator sends the verb and is not heard of again", {
        "prepare": "forward", "to-destination": "forward", "commit": "forward", "cancel": "forward"}, False),
    "orchestrator-repeats": Fault("the orchestrator sends the verb three times at once", {
        "prepare": "done", "to-destination": "done", "to-source": "done", "commit": "done"}, False),
    "orchestrator-reorders": Fault("the orchestrator sends what is not possible yet", {
        "prepare@scan.before": "done", "to-destination@load.before": "done", "commit@retire.before": "done"}, False),
    "orchestrator-twice": Fault("a second orchestrator wants the other side", {
        "to-destination@load.before": "done", "to-source@load.before": "done"}, False),
    "agent-stopped": Fault("the agent is told to stop, and started again", {
        "prepare@map.before": "forward", "to-destination@load.before": "forward", "to-source@verify.before": "forward",
        "commit@remove_source.before": "forward", "stay-on-destination": "unnoticed", "release": "back|refused:lease_expired"}, False),
    "agent-upgraded": Fault("the same agent is installed anew in the middle", {
        "to-destination@present.before": "forward", "stay-on-destination": "unnoticed"}, False),
}
KINDS = {fault: spec.text for fault, spec in FAULTS.items()}
WISHES = {
    "new": ("stay-mapped", "prepare", "stay-prepared", "to-destination"),
    "prepared": ("stay-prepared", "to-destination", "release", "release-back", "stay-on-destination", "to-source", "commit", "cancel"),
    "on_destination": ("stay-on-destination", "to-source", "commit", "stay-prepared", "to-destination"),
}
SLOW_S = {"destination-slow": 60, "source-slow": 60, "udevd-hangs": 150, "udevd-stopped": 60, "multipathd-hangs": 90,
          "destination-hangs": 60, "source-hangs": 60, "memory-killed": 30, "multipathd-cannot-start": 60}


def cell_of(where, fault):
    """`to-destination@load.before`, or only the verb: then the fault is there before the verb is sent."""
    verb, _, place = where.partition("@")
    step, _, inside = place.partition(".")
    return Cell(verb, step or NO_STEP, inside or "before", fault)


EXPECTED = {cell_of(where, fault): outcome for fault, spec in FAULTS.items() for where, outcome in spec.cells.items()}


def all_cells():
    return list(EXPECTED)


def why_not(_cell):
    return None


def met(cell, outcome):
    """Whether this is an expected result."""
    return outcome in EXPECTED[cell].split("|")


def cost_s(cell):
    return 25 + SLOW_S.get(cell.kind, 0)


def apart(_cell):
    return 0


def pause_limit_ms(cell):
    """Where a path, its array or its commands are what fails, I/O may wait as long as they do."""
    return 90000 if FAULTS[cell.kind].paths else 20000


def sample(cells, count):
    """So many of the cells, evenly spread over the faults; the same ones every time."""
    if count >= len(cells):
        return list(cells)
    return [cells[number * len(cells) // count] for number in range(count)]


def next_cell(cells, state):
    """The cell to go on with from an import's state, so that little has to be done in between."""
    order = list(WISHES.get(state, WISHES["new"]))
    order += [verb for verb in VERBS if verb not in order]
    return min(cells, key=lambda cell: order.index(cell.verb))


def differences(folder):
    """(what is wrong with the list itself: places that the engine's plans do not have; how many were looked at)"""
    plans, wrong = crash_cells.plans_in_source(folder), []
    for cell in EXPECTED:
        steps = plans.get(VERBS[cell.verb].plan, [])
        if cell.step != NO_STEP and (cell.step not in steps or cell.where not in ("before", "after")):
            wrong.append("%s: the plan %s has no such place" % (name(cell), VERBS[cell.verb].plan))
    return wrong, len(EXPECTED)

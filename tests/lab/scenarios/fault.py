"""A part of the fault matrix, and the control that shows what its own checks catch."""
import faults
from fault_cells import by_name, name
from fault_play import FaultMatrix
from matrix_checks import CellFailed
from scenario import scenario
from util import Failure, log, sh, write

# One that must be refused, one in the middle of a verb, one of a person, one of a path, in as little time as can be.
SAMPLE = ("to-destination/-/before/state-full", "to-destination/load/before/multipathd-started", "to-source/-/before/maps-flushed",
          "stay-on-destination/-/before/source-path")
LEFT = "/etc/dm-import/somebody.new"


@scenario("fault-sample", core=True, crash=1, size_mib=64, max_io_ms=60000, timeout=1200, conf="overrides {\n\tno_path_retry queue\n}\n")
def fault_sample(lab):
    """A few of those that `make check-faults` runs."""
    FaultMatrix(lab, [by_name(text) for text in SAMPLE]).run()


def must_fail(lab, what, word, action):
    try:
        action()
    except (CellFailed, Failure) as failed:
        log("found: %s" % failed)
        lab.expect(word in str(failed), "%s: found, but not why: %s" % (what, failed), "control")
    else:
        lab.fail("control", what + " was not found")


@scenario("control-fault", crash=1, size_mib=64, max_io_ms=60000, conf="overrides {\n\tno_path_retry queue\n}\n")
def control_fault(lab):
    """A fault that stays away though the verb must be refused; then what a verb might leave behind, left by us."""
    matrix, cell = FaultMatrix(lab, []), by_name(SAMPLE[0])
    matrix.own_state_directory()
    matrix.start_load()
    matrix.lead_to("prepared")
    matrix.settles_s = 15
    before = lab.host.settled_snapshot()
    matrix.nothing_leaked()
    matrix.must_be_unchanged(before)

    matrix.sabotaged = name(cell)
    must_fail(lab, "a verb that was not refused", "done, not refused:no_space", lambda: matrix.meet(cell))
    must_fail(lab, "a host on the other side", "not as before", lambda: matrix.must_be_unchanged(before))
    matrix.kept["state"] = "on_destination"
    matrix.lead_to("prepared")
    matrix.must_be_unchanged(before)

    write(LEFT, "")
    must_fail(lab, "a file", "left over", matrix.nothing_leaked)
    sh(["rm", LEFT])
    matrix.descriptors[faults.pid_of("import-agent")] = 0
    must_fail(lab, "files that the agent has not closed", "files open", matrix.nothing_leaked)
    matrix.descriptors.clear()

    live = matrix.name()
    sh(["dmsetup", "suspend", "--noflush", "--nolockfs", live])
    must_fail(lab, "a held map", "is suspended", lambda: matrix.must_agree("prepared", "held"))
    sh(["dmsetup", "resume", live])
    matrix.must_agree("prepared", "released")
    matrix.lead_to("none")
    matrix.stop_load()

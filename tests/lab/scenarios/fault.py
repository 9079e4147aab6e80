"""A part of the fault matrix, the control that shows what its own checks catch, and what needs another transport."""
import os

import faults
import host
from arrays import DISK
from fault_cells import by_name, name
from fault_play import FaultMatrix
from matrix_checks import must_fail
from orchestrator import Problem
from scenario import scenario
from util import sh, write

# One that must be refused, one in the middle of a verb, one of a person, one of a path, in as little time as can be.
SAMPLE = ("to-destination/-/before/state-full", "to-destination/load/before/multipathd-started", "to-source/-/before/maps-flushed",
          "stay-on-destination/-/before/source-path")
LEFT = "/etc/dm-import/somebody.new"


@scenario("fault-sample", core=True, crash=1, size_mib=64, max_io_ms=60000, timeout=1200, conf="overrides {\n\tno_path_retry queue\n}\n")
def fault_sample(lab):
    """A few of those that `make check-faults` runs."""
    FaultMatrix(lab, [by_name(text) for text in SAMPLE]).run()


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
    matrix.descriptors[host.main_pid(), "prepared"] = 0
    must_fail(lab, "files that the agent has not closed", "files open", matrix.nothing_leaked)
    matrix.descriptors.clear()

    matrix.lead_to("on_destination")
    matrix.work().copy()
    lab.expect(matrix.destination().equals_source(), "the sides differ behind a copy", "control")
    block = lab.arrays.new_start(matrix.kept["index"]) // 8 + 30 * 256      # 30 MiB on, where no load is
    sh(["dd", "if=/dev/urandom", "of=" + DISK, "oflag=direct", "bs=4096", "count=1", "seek=%d" % block, "status=none"])
    lab.expect(not matrix.destination().equals_source(), "a block that the array never copied was not found", "control")
    matrix.destination().pass_through()
    matrix.lead_to("prepared")

    live = matrix.name()
    sh(["dmsetup", "suspend", "--noflush", "--nolockfs", live])
    must_fail(lab, "a held map", "is suspended", lambda: matrix.must_agree("prepared", "held"))
    sh(["dmsetup", "resume", live])
    matrix.must_agree("prepared", "released")
    matrix.lead_to("none")
    matrix.stop_load()


class StrangersLun:
    """The array maps another LUN under a number that the host knows: its disks stay, and are something else now."""

    def __init__(self, lun, stranger):
        self.lun, self.stranger = lun, stranger

    def put(self, lun):
        for port in self.lun.array.ports:
            link = port.lun_dir(self.lun) + "/port"
            os.unlink(link)
            os.symlink(lun.backstore, link)

    def __enter__(self):
        self.put(self.stranger)

    def __exit__(self, *_):
        self.put(self.lun)


def must_be_refused(lab, what, verb):
    """With a reason that says what is found there, and nothing is changed."""
    before = lab.host.settled_snapshot()
    try:
        verb()
    except Problem as refused:
        lab.expect(refused.code == "lun_changed", "%s: refused with %s" % (what, refused))
    else:
        lab.fail("lun-changed", what + " was not refused")
    after = lab.host.settled_snapshot()
    lab.expect(after["tables"] == before["tables"] and after["serials"] == before["serials"], what + " changed something")


@scenario("fault-lun-remapped", transport="iscsi", luns=2, size_mib=64, timeout=1500)
def fault_lun_remapped(lab):
    """What a switch would go to is another LUN suddenly, on the way there and on the way back: it is never gone to."""
    lab.fio()
    work = lab.create_import(indexes=[0])
    work.map()
    work.prepare()
    with StrangersLun(lab.destination.luns[0], lab.destination.luns[1]):
        must_be_refused(lab, "switch to a stranger's LUN", lambda: work.api.switch("destination"))
        must_be_refused(lab, "hold on the way to a stranger's LUN", lambda: work.api.hold("destination", 5000))
    work.switch("destination")
    with StrangersLun(lab.source.luns[0], lab.source.luns[1]):
        must_be_refused(lab, "switch back to a stranger's LUN", lambda: work.api.switch("source"))
        must_be_refused(lab, "cancel to a stranger's LUN", work.api.cancel)
        work.expect_state("on_destination", "Destination")
    work.cancel()
    work.delete()

"""What must be true of the host after each cell of a matrix: no held map, no sd device in two maps, identity = table = udev =
multipathd, nothing left over, the load without an error."""
import os
import re
import time

from util import Failure, log, read, sh, wait_for

HELD, HELD_SIDE = "/run/dm-import/multipathd-held", "/run/dm-import.held"
FAILED_PATH = re.compile(r"device-mapper: multipath: \d+:(\d+): Failing path")


class CellFailed(Exception):
    pass


def must_fail(lab, what, word, action):
    """For a negative control: the matrix would have reported this cell as failed, for this reason."""
    try:
        action()
    except (CellFailed, Failure) as failed:
        log("found: %s" % failed)
        lab.expect(word in str(failed), "%s: found, but not why: %s" % (what, failed), "control")
    else:
        lab.fail("control", what + " was not found")


class Checks:
    """Half of Matrix (matrix_play.py): the checks. They change nothing except what remains of a removed side."""

    ignores_failed_paths = False    # in the cell under way paths fail
    side_returns = False            # in the cell under way the array maps again what has left

    def note_side(self, index, counted=None):
        """Which side the import says it is on; from now on writes to the other one are stray."""
        side = self.work().api.show()["active_path"].lower()
        was = "destination" if self.lab.on_destination(index) else "source"
        if side != was or side == "destination" and str(index) not in self.lab.kept["stray"]:
            self.lab.moved(side, [index], counted)

    def must_agree(self, state, when):
        """What udev and multipathd still do may take a moment to end: wrong is what stays so."""
        end = time.monotonic() + self.settles_s
        while True:
            late = time.monotonic() > end
            problems = self.problems(state)
            if not problems:
                return
            if late:
                raise CellFailed("%s: %s" % (when, "; ".join(problems[:4])))
            time.sleep(0.3)

    def problems(self, state):
        found = self.load_problems() + self.host_problems() + self.live_problems()
        if state in ("prepared", "on_destination"):
            found += self.idle_problems()
        if state in ("committed", "cancelled"):
            gone = self.source() if state == "committed" else self.destination()
            found += self.left_problems(gone)
        self.lab.count_stray()
        return found + [failure["text"] for failure in self.lab.kept["failures"]]

    def left_problems(self, lun):
        """The side that left is gone; after a reboot, or a fault of its array, and as long as the array maps it, it is there
        again, and hidden."""
        disks = self.host.disks_of(lun.wwid)
        if not self.rebooted and not self.side_returns:
            return ["%s of the side that left is there" % disk for disk in disks]
        return ["%s of the side that left is not hidden" % disk for disk in disks
                if self.host.udev_property(disk, "SYSTEMD_READY") != "0"
                or self.host.udev_property(disk, "ID_SERIAL") == self.source().wwid]

    def take_away(self, lun):
        """As an administrator would: whatever map was made of the LUN, then the LUN."""
        for name, there in self.host.maps().items():
            if there["mpath"] and set(there["slaves"]) & set(self.host.disks_of(lun.wwid)):
                self.host.flush_map(name)
        lun.unmap()
        wait_for("disks of %s gone" % lun.wwid, lambda: not self.host.disks_of(lun.wwid))

    def load_problems(self):
        found = []
        if self.fio and self.fio.process.poll() is not None:
            found.append("fio ended: " + read(self.fio.base + ".err", "")[:300])
        if self.ledger and not self.ledger.alive():
            found.append("a write failed: " + self.ledger.complaint())
        return found

    def host_problems(self):
        found = ["%s is suspended" % name for name, there in self.host.maps().items() if there["suspended"]]
        multipaths = {there["dm"] for there in self.host.maps().values() if there["mpath"]}
        found += ["%s is in two maps" % name for name, disk in self.host.disks().items()
                  if len(multipaths & set(disk["holders"])) > 1]
        found += ["a udev cookie is left: " + line for line in self.host.cookies()]
        if os.path.exists(HELD):
            found.append("multipathd is still kept from starting")
        if self.host.processes().get("dm-import-guard"):
            found.append("a guardian is left")
        shown = self.work().api.show()
        if shown.get("attention"):
            found.append("the import needs attention: %s" % shown["attention"])
        return found + self.log_problems()

    def log_problems(self):
        name = self.name()
        minor = self.host.maps()[name]["dm"][3:] if name else ""
        lines = self.host.kernel_log().splitlines()[self.log_seen:]
        return [line for line in lines if re.search(r"I/O error.*dev dm-\d", line) or not self.ignores_failed_paths
                and getattr(FAILED_PATH.search(line), "group", lambda number: None)(1) == minor]

    def live_problems(self):
        index, name = self.kept["index"], self.name()
        true = self.lab.true_wwid(index)
        found = self.presented(true, self.source().wwid)
        if not name:
            return found + ["the live map is gone"]
        slaves, disks = sorted(self.host.maps()[name]["slaves"]), self.host.disks_of(true)
        if slaves != disks or len(disks) != self.lab.expected_paths(index):
            found.append("the live map has the paths %s, the LUN has %s" % (slaves, disks))
        if self.host.active_paths(name) != len(disks):
            found.append("%d paths of the live map are active" % self.host.active_paths(name))
        return found

    def idle_problems(self):
        """The other side is a complete map, hidden, ready to be switched to."""
        other = self.lab.wwids(self.kept["index"])[not self.lab.on_destination(self.kept["index"])]
        found = self.presented(other, self.destination().wwid)
        name = self.host.mpath_of(self.destination().wwid)
        if not name:
            return found + ["the idle map is gone"]
        if sorted(self.host.maps()[name]["slaves"]) != self.host.disks_of(other):
            found.append("the idle map has the paths %s" % self.host.maps()[name]["slaves"])
        if os.path.exists("/dev/mapper/" + name):
            found.append("the idle map can be seen")
        return found

    def presented(self, true, wanted):
        """udev and multipathd say the same of each disk of a LUN."""
        found, said = [], dict(line.split()[:2] for line in sh(
            ["multipathd", "show", "paths", "raw", "format", "%d %w"], check=False).splitlines() if len(line.split()) > 1)
        for disk in self.host.disks_of(true):
            serial = self.host.udev_property(disk, "ID_SERIAL")
            if (serial, said.get(disk)) != (wanted, wanted):
                found.append("%s of %s is %s to udev and %s to multipathd" % (disk, true, serial, said.get(disk)))
        return found

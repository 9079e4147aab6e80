"""The crash matrix in a VM: a verb that meets its crash. What the cells have in common is in matrix_play.py."""
import os
import threading
import time

import crash_cells as cells
import vm
from ledger import audit
from matrix_checks import CellFailed
from matrix_play import BACK_S, HIT, Matrix, forbid_restart
from stray import SwitchWatch
from util import read, sh, write

UNFLUSHED = "/var/lib/lab/unflushed"    # what must be lost in a power cut, or it was none
SOMEBODY_NOTICES_S = 3      # and starts a multipathd that has died


class CrashMatrix(Matrix):
    cells = cells

    def meet(self, cell):
        if cells.name(cell) == self.sabotaged:
            forbid_restart(True)
            self.back_s = 10
        if cell.kind == "power":
            self.cut(cell)
        return self.crash(cell)

    # A crash that the VM outlives

    def crash(self, cell):
        verb, index = cells.VERBS[cell.verb], self.kept["index"]
        begin = time.time()
        if cell.verb == "to-source":
            self.lab.leaving_destination()
        watch = SwitchWatch(self.work().pairs()) if cell.verb == "to-destination" else None
        try:
            answer, hit, recovery_s = self.strike(cell)
            state = self.state_after(verb)
        finally:
            counted = watch.stop() if watch else {}
        self.note_side(index, counted)
        self.must_agree(state, "behind the crash")
        outcome = "forward" if state == verb.last else "back"
        if answer == "done" and outcome == "back":
            raise CellFailed("%s said that it is done, and is not" % cell.verb)
        self.windows.append((cells.name(cell), begin, time.time()))
        self.finish_verb(cell)
        return {"outcome": outcome, "answer": answer, "recovery_s": round(recovery_s, 2), "hit": hit}

    def strike(self, cell):
        """Sends the verb into its crash, and waits until all that died is there again."""
        helper = threading.Thread(target=self.notice_multipathd) if cell.kind == "multipathd" else None
        self.arm(cell)
        if helper:
            helper.start()
        answer = self.send(cell)
        if not os.path.exists(HIT):
            raise CellFailed("the place was not reached; the verb: " + answer)
        struck, guardians, multipathd = read(HIT).split()
        if helper:
            helper.join()
        self.check_hit(cell, answer, int(guardians), int(multipathd))
        self.wait_agent()
        return answer, "%s guardians, %s multipathd" % (guardians, multipathd), time.time() - float(struck)

    def check_hit(self, cell, answer, guardians, multipathd):
        """What the table of cells says of a place must be so, or cells are left out that should not be."""
        if bool(guardians) != cells.guarded(cell):
            raise CellFailed("%d guardians were there" % guardians)
        down = cells.multipathd_down(cell.verb, cell.step, cell.where)
        if bool(multipathd) == down:
            raise CellFailed("%d multipathd were there" % multipathd)
        if (answer == "lost") != (cell.kind in ("agent", "both")):
            raise CellFailed("the verb's answer: " + answer)

    def notice_multipathd(self):
        """As an administrator or a monitor would, some time later."""
        end = time.monotonic() + BACK_S
        while not os.path.exists(HIT) and time.monotonic() < end:
            time.sleep(0.2)
        time.sleep(SOMEBODY_NOTICES_S)
        sh("systemctl start multipathd", check=False)

    def state_after(self, verb):
        shown = self.work().api.show()
        if shown["state"] not in (verb.first, verb.last):
            # stuck is no end, but a multipathd that was not there is a reason; the verb goes on with it
            if shown["state"] == "recovering":
                return self.unstick(verb, shown)
            raise CellFailed("the import is %s" % shown["state"])
        return shown["state"]

    # A power cut

    def cut(self, cell):
        """Does not return: the VM boots again, and came_back() goes on."""
        kept = self.lab.kept
        self.log_pauses()
        kept["kernel_log"] = self.lab.earlier_kernel_log + self.host.kernel_log().splitlines()
        self.lab.count_stray()
        kept["stray"] = {}
        self.kept["current"] = {"cell": cells.name(cell), "missed": None}
        self.lab.save()
        vm.announce_reboot()
        write("/proc/sys/vm/dirty_writeback_centisecs", "0")    # nothing reaches a disk but what is flushed
        write(UNFLUSHED, cells.name(cell) * 1000)
        self.arm(cell)
        self.kept["current"]["missed"] = self.send(cell)
        self.lab.save()
        write("/proc/sysrq-trigger", "b")

    def log_pauses(self):
        if self.windows:
            self.stop_load()
            self.start_load()

    def came_back(self):
        current, index = self.kept["current"], self.kept["index"]
        cell = cells.by_name(current["cell"])
        if current["missed"]:
            raise CellFailed("the place was not reached; the verb: " + current["missed"])
        verb = cells.VERBS[cell.verb]
        unflushed_lost = read(UNFLUSHED, "") != cells.name(cell) * 1000
        self.wait_agent()
        ready_us = int(sh("systemctl show --property=ActiveEnterTimestampMonotonic --value import-agent"))
        state = self.state_after(verb)
        self.expect_side(index)
        self.must_agree(state, "behind the power cut")
        acknowledged, found, complaints = audit(self.lab.device(index))
        if complaints:
            raise CellFailed("%d of %d acknowledged writes are lost: %s" % (
                acknowledged - found, acknowledged, "; ".join(complaints)))
        self.start_load()
        self.finish_verb(cell)
        return {"outcome": "forward" if state == verb.last else "back", "answer": "lost", "recovery_s": round(ready_us / 1e6, 2),
                "acknowledged": acknowledged, "found": found, "unflushed_lost": unflushed_lost}

    def expect_side(self, index):
        """The counters began with the boot, and so has the side: whatever was written to the source since then is stray."""
        kept = self.lab.kept
        kept["stray"].pop(str(index), None)
        side = self.work().api.show()["active_path"].lower()
        kept["side"][str(index)] = side
        if side == "destination":
            kept["stray"][str(index)] = (0, 0)

"""A matrix in a VM: cell after cell, each a verb that meets what the cell is about under load, what became of it, and the
verb sent again. What it meets is for crash_play.py and fault_play.py to say. The import goes to and fro between the cells, so that
little has to be done for the next one.

A cell that fails is left for the next when the host can be put right as an administrator would; else it ends the VM. Lines that
begin with `matrix-` are for the commands tests/lab/crash-matrix and fault-matrix."""
import contextlib
import glob
import json
import os

import apps
import pairing
import stalls
from driver import LabImport
from ledger import Ledger
from matrix_checks import CellFailed, Checks
from orchestrator import LOST, Agent, Problem
from scenario import RESULTS
from util import Failure, log, sh, wait_for, write

ARMED, HIT = "/run/dm-import-crash", "/run/dm-import-crash.hit"
BACK_S, SETTLES_S = 90, 60
LEASE_MS = 30000


def say(what, **fields):
    print("matrix-%s %s" % (what, json.dumps(fields)), flush=True)


def alone(agent):
    """A client that does not send again: it has to report a lost reply."""
    return Agent(*agent.address, pairing.OURS + ".crt", pairing.OURS + ".key", pairing.AGENT_CERTIFICATE, tries=1)


def forbid_restart(forbidden):
    sh("systemctl %s --runtime import-agent" % ("mask" if forbidden else "unmask"))
    sh("systemctl daemon-reload")


class Matrix(Checks):
    cells = None    # the module that lists them

    def __init__(self, lab, todo):
        self.lab, self.host = lab, lab.host
        self.kept = lab.kept.setdefault("matrix", {"todo": [self.cells.name(cell) for cell in todo], "state": "none", "index": 0,
                                                   "current": None, "loads": 0, "failed": 0})
        self.fio = self.ledger = None
        self.windows = []
        self.back_s, self.settles_s = BACK_S, SETTLES_S
        self.rebooted = False   # in the cell under way
        self.stuck = None       # why the cell under way did not recover by itself
        self.sabotaged = None   # the name of a cell in which something is done that must be noticed
        self.log_seen = len(self.host.kernel_log().splitlines()) if lab.boot == 0 else 0

    @classmethod
    def of_command(cls, lab):
        """With the cells that tests/lab/crash-matrix or fault-matrix has put into this VM."""
        with open("/lab/add/cells.json") as file:
            todo = json.load(file)
        matrix = cls(lab, [cls.cells.by_name(name) for name in todo["cells"]])
        matrix.sabotaged = todo["sabotaged"]
        return matrix

    # The course

    def run(self):
        if self.kept["current"]:
            self.judge(self.came_back)
        if not self.fio:
            self.start_load()
        while self.kept["todo"]:
            cell = self.cells.next_cell([self.cells.by_name(text) for text in self.kept["todo"]], self.kept["state"])
            self.judge(lambda: self.play(cell), cell)
        self.lead_to("none")
        self.stop_load()
        self.lab.expect(not self.kept["failed"], "%d cells failed" % self.kept["failed"], "cell")

    def judge(self, action, cell=None):
        rebooted, cell = not cell, cell or self.cells.by_name(self.kept["current"]["cell"])
        name = self.cells.name(cell)
        self.stuck, self.rebooted = None, rebooted
        try:
            fields = action()
        except (CellFailed, Failure, Problem, OSError, *LOST) as failed:
            say("cell", cell=name, passed=False, text=str(failed) or repr(failed))
            self.put_right(cell, failed)
        else:
            say("cell", cell=name, passed=True, **fields, **({"stuck": self.stuck} if self.stuck else {}))
        self.kept["todo"].remove(name)
        self.kept["current"] = None

    def put_right(self, cell, failed):
        """For the sake of the other cells. Where it cannot be done there is nothing to clean up; details are in the logs."""
        self.kept["failed"] += 1
        try:
            if self.rebooted or self.cells.name(cell) == self.sabotaged:
                raise failed
            self.wait_agent()
            self.kept["state"] = self.usual_state(cell)
            self.log_seen = len(self.host.kernel_log().splitlines())    # it was the failed cell's
        except (CellFailed, Failure, Problem, OSError, *LOST) as wrong:
            log("the host cannot be put right: %s" % wrong)
            self.lab.kept["baseline"] = None
            self.stop_load()
            raise Failure("cell", "%s: %s" % (self.cells.name(cell), failed)) from wrong

    def usual_state(self, cell):
        """Gives the state that the import is in, after the verb again if it is stuck."""
        verb = self.cells.VERBS[cell.verb]
        state = self.work().api.show()["state"]
        if state == "held":
            self.work().api.release("source")
        elif state == "recovering":
            self.lab.agent.run("/imports/matrix" + verb.path, verb.body)
        state = self.work().api.show()["state"]
        if state not in ("new", "prepared", "on_destination"):
            raise CellFailed("the import is " + state)
        self.note_side(self.kept["index"])
        self.must_agree(state, "after the failure")
        return state

    def play(self, cell):
        say("begin", cell=self.cells.name(cell))
        verb = self.cells.VERBS[cell.verb]
        self.lead_to(verb.first)
        if verb.plan == "commit":
            self.work().copy()
            if not self.destination().equals_source():
                raise CellFailed("source and destination differ though the array has copied")
            self.destination().finish()
        with self.lab.step(self.cells.name(cell)):
            return self.meet(cell)

    # The import between cells

    def work(self):
        return LabImport.resume(self.lab, "matrix", [self.kept["index"]])

    def source(self):
        return self.lab.source.luns[self.kept["index"]]

    def destination(self):
        return self.lab.destination.luns[self.kept["index"]]

    def name(self):
        return self.lab.map_name(self.kept["index"])

    def lead_to(self, state):
        while self.kept["state"] != state:
            self.kept["state"] = self.toward(state)

    def toward(self, state):
        """One verb without a fault; gives the state that it leads to."""
        now, work = self.kept["state"], None if self.kept["state"] == "none" else self.work()
        if now == "none":
            LabImport(self.lab, "matrix", [self.kept["index"]]).map()
            return "new"
        if now == "new" and state != "none":
            work.prepare()
            return "prepared"
        if now == "prepared" and state == "held":
            work.api.hold("destination", LEASE_MS)
            return "held"
        if now == "prepared" and state == "on_destination":
            work.switch("destination")
            return "on_destination"
        if now == "on_destination":
            return self.back(work)
        if now == "held":
            work.api.release("source")
            return "prepared"
        if now in ("new", "prepared"):
            work.api.cancel()
        return self.forget(work)

    def back(self, work):
        """What came by a hold goes back by one."""
        if not work.api.show().get("last_hold"):
            work.switch("source")
            return "prepared"
        self.lab.leaving_destination()
        work.api.hold("source", LEASE_MS)
        work.api.release("source")
        self.lab.moved("source", [self.kept["index"]])
        return "prepared"

    def forget(self, work):
        """Behind a cancel: the array unmaps the destination."""
        for lun in work.destinations:
            self.take_away(lun)
        work.delete()
        return "none"

    def retire(self):
        """Behind a commit: this pair is used up, another takes its place."""
        self.work().delete()
        self.take_away(self.source())
        self.stop_load()
        name, destination = self.name(), self.destination()
        self.host.flush_map(name)
        for path in self.host.disks_of(destination.wwid):
            self.host.delete_disk(path)
        destination.unmap()
        self.lab.kept["baseline"]["maps"].pop(name)
        self.lab.kept["stray"].pop(str(self.kept["index"]), None)
        self.kept["index"] += 1
        self.add_pair(self.kept["index"])
        self.start_load()
        return "none"

    def add_pair(self, index):
        self.lab.arrays.add_lun(index)
        for array in (self.lab.source, self.lab.destination):
            array.luns[index].build()
        source = self.lab.source.luns[index]
        source.map()
        self.host.find_lun(source.wwid, len(source.mapped))
        name = self.host.wait_map(source.wwid, len(source.mapped))
        self.host.wait_node(name)
        there = self.host.maps()
        for new in (name, *(array.luns[index].dm_name for array in (self.lab.source, self.lab.destination))):
            self.lab.kept["baseline"]["maps"][new] = there[new]["uuid"]

    # The load

    def start_load(self):
        self.kept["loads"] += 1
        device = self.lab.device(self.kept["index"])
        self.fio = apps.Fio("matrix-%d" % self.kept["loads"], device, RESULTS, size_mib=16)
        self.ledger = Ledger(device)

    def stop_load(self):
        """Its end shows what it found; its log shows how long it waited in each cell."""
        if not self.fio:
            return
        self.ledger.stop()
        fio, self.fio = self.fio, None
        self.lab.fios.append(fio)
        self.lab.stop_applications()
        for cell, begin, end in self.windows:
            say("pause", cell=cell, pause_ms=round(longest_between(fio.base, begin, end) * 1e3, 1))
        self.windows = []

    # A verb on its way

    def arm(self, cell, kind=None):
        """The agent's next run of this plan comes to this place, and no further."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(HIT)
        write(ARMED + ".new", "%s %s %s %s\n" % (self.cells.VERBS[cell.verb].plan, cell.step, cell.where, kind or cell.kind))
        os.rename(ARMED + ".new", ARMED)

    def send(self, cell):
        """What came of the verb: done, lost (no answer), or failed."""
        verb, agent = self.cells.VERBS[cell.verb], alone(self.lab.agent)
        try:
            agent.run("/imports/matrix" + verb.path, verb.body)
            return "done"
        except Problem as problem:
            self.problem = problem
            return "failed: " + str(problem)[:300]
        except (OSError, *LOST):
            return "lost"
        finally:
            agent.close()

    def wait_agent(self):
        self.lab.agent.close()
        wait_for("the agent is back", lambda: pairing.answers(self.lab.agent), self.back_s, 0.1)

    def unstick(self, verb, shown):
        self.stuck = shown["attention"]["text"] if shown.get("attention") else "no reason is given"
        log("recovering: " + self.stuck)
        self.lab.agent.run("/imports/matrix" + verb.path, verb.body)
        state = self.work().api.show()["state"]
        if state != verb.last:
            raise CellFailed("it was recovering (%s), and is %s" % (self.stuck, state))
        return state

    def finish_verb(self, cell):
        """Sent again it leads to the end, whatever the crash has left."""
        verb, index = self.cells.VERBS[cell.verb], self.kept["index"]
        if verb.plan == "switch":
            self.work().switch(verb.body["to"], again=True)
        else:
            self.lab.agent.run("/imports/matrix" + verb.path, verb.body)
        state = self.work().api.show()["state"]
        if state != verb.last:
            raise CellFailed("sent again, the verb leads to %s" % state)
        self.note_side(index)
        self.must_agree(state, "the verb sent again")
        self.kept["state"] = state
        if state == "committed":
            self.kept["state"] = self.retire()
        elif state == "cancelled":
            self.kept["state"] = self.forget(self.work())


def longest_between(base, begin, end):
    """The longest I/O, in seconds, that ended in this time; without what the VM itself stood still."""
    longest, stood = 0, stalls.found()
    for path in glob.glob(base + "_clat.*.log"):
        with open(path) as file:
            for line in file:
                end_ms, took_ns = map(int, line.split(",")[:2])
                if begin <= end_ms / 1e3 <= end and took_ns > longest * 1e9:
                    longest = max(longest, stalls.outside(end_ms / 1e3 - took_ns / 1e9, end_ms / 1e3, stood))
    return longest

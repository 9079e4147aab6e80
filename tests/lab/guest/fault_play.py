"""The fault matrix in a VM: a verb that meets its fault, before it is sent or at a place inside it (the agent waits there: crash
point of the kind `pause`), or a state that a fault comes to and leaves again. What the cells have in common is in matrix_play.py."""
import contextlib
import glob
import os
import threading
import time

import fault_cells as cells
import faults
import host
from matrix_checks import CellFailed, HELD_SIDE
from matrix_play import HIT, Matrix, alone
from orchestrator import LOST, JobFailed, Problem
from stray import SwitchWatch
from util import Failure, log, sh, wait_for, write

GO = "/run/dm-import-crash.go"
REACHED_S, ENDS_S = 120, 600
MORE_DESCRIPTORS = 3        # a connection or two that are just being made or closed
OURS = ("/etc/dm-import", "/var/lib/dm-import", "/etc/udev/rules.d", "/run/dm-import")
TOO_EARLY = {"prepare": ("/commit", {}), "to-destination": ("/commit", {}), "commit": ("/hold", {"to": "destination"})}
STATE_SIZE = "24m"  # an import asks for 16


class FaultMatrix(Matrix):
    cells = cells

    def __init__(self, lab, todo):
        super().__init__(lab, todo)
        self.cell = self.fault = self.problem = None
        self.descriptors, self.others = {}, []      # others: jobs of a second orchestrator

    def run(self):
        self.own_state_directory()
        super().run()

    def own_state_directory(self):
        """A small file system of its own, which can be full or read-only without affecting the host."""
        sh("systemctl stop import-agent")
        sh(["mount", "-t", "tmpfs", "-o", "mode=0700,size=" + STATE_SIZE, "tmpfs", faults.STATE_DIR])
        sh("systemctl start import-agent")
        self.wait_agent()

    # A cell

    def meet(self, cell):
        verb, index, begin = cells.VERBS[cell.verb], self.kept["index"], time.time()
        self.cell, self.fault = cell, (faults.NoFault if cells.name(cell) == self.sabotaged else faults.MAKERS[cell.kind])(self)
        self.ignores_failed_paths, self.problem, self.others = cells.FAULTS[cell.kind].paths, None, []
        self.side_returns = cell.kind == "source-array"
        before = self.host.settled_snapshot() if verb.first != "held" and "refused" in cells.EXPECTED[cell] else None
        if verb.first == "on_destination" and verb.last == "prepared":
            self.lab.leaving_destination()
        watch = SwitchWatch(self.work().pairs()) if verb.last == "on_destination" != verb.first else None
        try:
            answer, waited = self.strike(cell)
            self.wait_agent()
            self.wait_others()
            outcome = self.outcome(verb, answer, waited)
            if outcome.startswith("stuck"):     # still watched: the verb that is sent again may be what changes sides
                self.take_fault_away()
                self.unstick(verb, self.work().api.show())
        finally:
            self.take_fault_away()
            counted = watch.stop() if watch else {}
        return self.judge_outcome(cell, outcome, before, counted, index, begin)

    def judge_outcome(self, cell, outcome, before, counted, index, begin):
        verb = cells.VERBS[cell.verb]
        state = self.work().api.show()["state"]
        self.note_side(index, counted)
        self.must_agree(state, "behind the fault (%s)" % outcome)
        if not cells.met(cell, outcome):
            raise CellFailed("%s, not %s: %s" % (outcome, cells.EXPECTED[cell], self.problem))
        if outcome.startswith("refused") and before and not self.fault.changes:
            self.must_be_unchanged(before)
        self.nothing_leaked()
        self.log_seen = len(self.host.kernel_log().splitlines())
        self.ignores_failed_paths = False
        self.windows.append((cells.name(cell), begin, time.time()))
        if verb.path and verb.first != "held":
            self.finish_verb(cell)
        else:
            self.kept["state"] = self.back(self.work()) if verb.path and state == "on_destination" else state
        return {"outcome": outcome, "took_s": round(time.time() - begin, 1)}

    def strike(self, cell):
        """(answer, whether the fault had to go for it)"""
        answers, begin = [], time.monotonic()
        if not cells.VERBS[cell.verb].path:
            self.fault.inject()
            time.sleep(self.fault.stays_s)
            self.must_answer(cell)
            return "none", False
        if cell.step == cells.NO_STEP:
            self.fault.inject()
        else:
            self.arm(cell, "pause")
        sender = threading.Thread(target=lambda: answers.append(self.orchestrate(cell)))
        sender.start()
        if cell.step != cells.NO_STEP:
            self.at_the_place(sender, answers)
        sender.join(self.fault.lasts_s)
        waited = sender.is_alive() and not self.fault.alone
        self.take_fault_away()
        sender.join(ENDS_S)
        if sender.is_alive():
            raise CellFailed("no answer after %.0f s" % (time.monotonic() - begin))
        return answers[0], waited

    def at_the_place(self, sender, answers):
        """The agent has come to the place and waits there; the fault comes, and the agent goes on."""
        try:
            wait_for("the place", lambda: os.path.exists(HIT) or not sender.is_alive(), REACHED_S, 0.05)
            if not os.path.exists(HIT):
                raise CellFailed("the place was not reached; the verb: %s" % answers)
            self.fault.inject()
            self.meanwhile()
        finally:
            write(GO, "")

    def must_answer(self, cell):
        """With a fault in a state, the agent still reports the import."""
        if cell.kind in ("agent-stopped", "agent-upgraded", "memory-killed"):
            self.wait_agent()
        shown = self.work().api.show()
        if shown["state"] != cells.VERBS[cell.verb].first:
            raise CellFailed("with the fault there, the import is %s" % shown["state"])

    def take_fault_away(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink("/run/dm-import-crash")
        self.fault.clear()

    def outcome(self, verb, answer, waited):
        state, before = self.work().api.show()["state"], cells.BEFORE_HOLD.get(self.cell.verb, verb.first)
        if state not in (verb.first, before, verb.last, "recovering"):
            raise CellFailed("the import is %s; the verb: %s" % (state, answer))
        if answer == "none":
            return "unnoticed"
        if state == "recovering":
            return "stuck:" + (self.code() or self.attention())
        if answer == "lost":
            return "forward" if state == verb.last else "back"
        if answer.startswith("failed"):
            if state not in (verb.first, before):
                raise CellFailed("%s, but the import is %s" % (answer, state))
            return "refused:" + self.code()
        if state != verb.last and not self.others:
            raise CellFailed("it said that it is done, and is %s" % state)
        return "waits" if waited else "done"

    def code(self):
        """Of what the verb failed; a pre-check's first finding that is an error."""
        if not self.problem:
            return ""
        if isinstance(self.problem, JobFailed):
            for found in (self.problem.job.get("result") or {}).get("findings", []):
                if found["severity"] == "error":
                    return found["code"]
        return self.problem.code

    def attention(self):
        return (self.work().api.show().get("attention") or {}).get("code", "")

    def unstick(self, verb, shown):
        """A hold that is over cannot be released any more; it has led back then."""
        try:
            super().unstick(verb, shown)
        except (CellFailed, JobFailed):
            if self.work().api.show()["state"] != cells.BEFORE_HOLD.get(self.cell.verb):
                raise

    # What an orchestrator may do

    def orchestrate(self, cell):
        if cell.kind == "orchestrator-gone":
            return self.send_and_forget(cell)
        if cell.kind == "orchestrator-repeats":
            return self.send_often(cell)
        return self.send(cell)

    def send_and_forget(self, cell):
        verb, agent = cells.VERBS[cell.verb], alone(self.lab.agent)
        agent.timeout_s = 1
        with contextlib.suppress(OSError, *LOST):
            agent.exchange("POST", "/imports/matrix" + verb.path, verb.body, 30)
        agent.close()
        wait_for("the verb ends", lambda: self.work().api.show()["state"] in (verb.last, "recovering"), 300, 0.5)
        return "lost"

    def send_often(self, cell):
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.send(cell))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log("answers: %s" % answers)
        return next((answer for answer in answers if answer != "done"), "done")

    def meanwhile(self):
        """At the place: what another orchestrator, or the same one too early, sends."""
        kind, verb = self.cell.kind, self.cell.verb
        if kind == "orchestrator-reorders":
            self.must_be_refused(*TOO_EARLY[verb])
        if kind == "orchestrator-twice":
            other = "source" if verb == "to-destination" else "destination"
            agent = alone(self.lab.agent)
            self.others = [agent.call("POST", "/imports/matrix/switch", {"to": other})]
            agent.close()

    def wait_others(self):
        for job in self.others:
            wait_for("the other orchestrator's job", lambda: self.lab.agent.call(
                "GET", "/jobs/%d" % job["id"])["state"] not in ("queued", "running"), 300, 0.3)

    def must_be_refused(self, path, body):
        agent = alone(self.lab.agent)
        try:
            agent.call("POST", "/imports/matrix" + path, body)
        except Problem as refused:
            if refused.code != "state_wrong":
                raise CellFailed("%s too early gives %s" % (path, refused)) from refused
        else:
            raise CellFailed("%s too early was accepted" % path)
        finally:
            agent.close()

    # What must be so afterwards, besides the checks after every cell

    def must_be_unchanged(self, before):
        try:
            wait_for("the host is as before", lambda: self.differing(before) == "", 60, 1)
        except Failure:
            raise CellFailed("refused, but not as before: " + self.differing(before)) from None

    def differing(self, before):
        now = self.host.snapshot()
        before, now = uncounted(before), uncounted(now)
        if self.cell and self.cell.verb == "prepare":   # whose undo takes away the map that multipathd may have made before
            now["tables"] = before["tables"]
        return ", ".join("%s: %s" % (key, sorted(map(str, set(map(str, listed(now[key]))) ^ set(map(str, listed(before[key])))))[:3])
                         for key in before if now[key] != before[key])

    def nothing_leaked(self):
        pid = host.main_pid()
        key = pid, self.work().api.show()["state"]      # while an import is prepared, some of its paths are open
        count = sum(not target.startswith("socket:") for target in map(link, glob.glob("/proc/%d/fd/*" % pid)))
        if count > self.descriptors.setdefault(key, count) + MORE_DESCRIPTORS:
            raise CellFailed("the agent has %d files open, it had %d" % (count, self.descriptors[key]))
        left = [path for where in OURS for path in glob.glob(where + "/*.new")]
        if left or os.path.exists(HELD_SIDE):
            raise CellFailed("left over: %s" % (left or HELD_SIDE))


def uncounted(shot):
    """Without what counts changes: a change that was taken back is two. That is a record's last word, the store's generation
    and checksum, and the copy of the store in each rule file and that file's own checksum. Without the order of a map's paths,
    which is multipathd's."""
    records = [line.split()[:5] for line in shot["identity"] if line.startswith("pair ")]
    rules = {path: [line for line in text.splitlines() if not line.startswith(("#=", "# whole "))]
             for path, text in shot["rules"].items()}
    tables = sorted(" ".join(sorted(line.split())) for line in shot["tables"])
    return {**shot, "identity": records, "rules": rules, "tables": tables}


def link(path):
    try:
        return os.readlink(path)
    except FileNotFoundError:
        return "socket: it was closed just now"


def listed(value):
    return sorted(value.items()) if isinstance(value, dict) else value

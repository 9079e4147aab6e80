"""An import in a scenario: the orchestrator's verbs together with what the array does in between, recorded."""
from orchestrator import Import
from stray import SwitchWatch
from util import log, wait_for


class LabImport:
    """Creates the import; the destination's LUNs are not mapped before `map`."""

    def __init__(self, lab, name="lab", indexes=None, options=None):
        self.lab, self.host = lab, lab.host
        self.indexes = list(range(len(lab.source.luns))) if indexes is None else indexes
        self.sources = [lab.source.luns[index] for index in self.indexes]
        self.destinations = [lab.destination.luns[index] for index in self.indexes]
        with lab.step("create"):
            self.api = Import.create(lab.agent, name, [lab.members()[index] for index in self.indexes],
                                     **(options or {}))

    @classmethod
    def resume(cls, lab, name="lab", indexes=None):
        """The same import, in the boot after a reboot."""
        self = cls.__new__(cls)
        self.lab, self.host, self.api = lab, lab.host, Import(lab.agent, name)
        self.indexes = list(range(len(lab.source.luns))) if indexes is None else indexes
        self.sources = [lab.source.luns[index] for index in self.indexes]
        self.destinations = [lab.destination.luns[index] for index in self.indexes]
        return self

    def pairs(self):
        return {index: (self.lab.source.luns[index], self.lab.destination.luns[index]) for index in self.indexes}

    def map(self):
        with self.lab.step("map destination"):
            for lun in self.destinations:
                lun.map()

    def prepare(self):
        with self.lab.step("prepare"):
            self.api.prepare()
        self.expect_state("prepared", "Source")
        for lun in self.destinations:
            self.host.wait_map(lun.wwid, len(lun.mapped))
        findings = self.api.precheck()
        self.lab.expect(findings["passed"], "pre-check after prepare: %s" % findings["findings"])

    def switch(self, side, again=False):
        """Switches all members. `again`: it was asked for before, so the job may have found nothing to do."""
        if side == "source":
            self.lab.leaving_destination()
        watch = SwitchWatch(self.pairs()) if side == "destination" else None
        try:
            with self.lab.step("switch to " + side):
                job = self.api.switch(side)
        finally:
            counted = watch.stop() if watch else {}
        self.lab.moved(side, self.indexes, counted)
        self.expect_state("on_destination" if side == "destination" else "prepared", side.capitalize())
        if not (again and job["result"].get("unchanged")):
            self.note_pauses(side, job)
        self.check_sides()

    def note_pauses(self, side, job):
        pauses = job["result"]["pauses_us"]
        self.lab.kept["switches"].append({"to": side, "pauses_us": pauses, "duration_us": job["duration_us"],
                                          "steps": job["steps"]})
        for name, pause in pauses.items():
            known = self.lab.kept["pauses_us"]
            known[name] = max(pause, known.get(name, 0))
        self.lab.expect(len(pauses) == len(self.indexes), "pauses of %s, not of %d maps" % (
            sorted(pauses), len(self.indexes)))
        log("switch to %s: pauses %s us, job %d ms" % (side, pauses, job["duration_us"] // 1000))

    def copy(self):
        """The array copies in the background while it forwards every write."""
        with self.lab.step("copy"):
            for lun in self.destinations:
                lun.start_copy()
            for lun in self.destinations:
                done, total = lun.progress()
                self.api.session("copy_in_progress", 100 * done // total)
                lun.wait_copied()
            self.api.session("ready_for_cutover", 100)

    def commit(self):
        """The host removes the source side, the array unmaps the source. Our array stops forwarding before, as no
        scenario cancels after this; a real one forwards until the commit has succeeded, because a cancel needs that."""
        with self.lab.step("cutover"):
            for lun in self.destinations:
                lun.finish()
            self.api.commit()
        self.expect_state("committed", "Destination")
        for lun in self.sources:
            self.lab.expect(not self.host.disks_of(lun.wwid), "paths of source %s are left after commit" % lun.wwid)
            lun.unmap()
        self.check_sides()

    def cancel(self):
        """The host goes back, the array unmaps the destination, the import is forgotten."""
        self.lab.leaving_destination()
        with self.lab.step("cancel"):
            self.api.cancel()
        self.lab.moved("source", self.indexes)
        self.expect_state("cancelled", "Source")
        for lun in self.destinations:
            self.lab.expect(not self.host.disks_of(lun.wwid), "paths of destination %s are left after cancel" % lun.wwid)
            lun.unmap()
        self.check_sides()

    def delete(self):
        self.api.delete()

    def to_destination(self):
        """The usual beginning, up to the switch."""
        self.map()
        self.prepare()
        self.switch("destination")

    def expect_state(self, state, side):
        shown = self.api.show()
        self.lab.expect((shown["state"], shown["active_path"]) == (state, side),
                        "import is %s on %s, not %s on %s" % (shown["state"], shown["active_path"], state, side))

    def check_sides(self):
        """Each live map has all the paths of the side it should be on, and no others."""
        host = self.host
        for index in self.indexes:
            source = self.lab.source.luns[index]
            wait_for("all paths of the live map of LUN %d" % index, lambda: sorted(
                host.maps()[host.mpath_of(source.wwid)]["slaves"]) == host.disks_of(self.lab.true_wwid(index))
                and host.active_paths(host.mpath_of(source.wwid)) == self.lab.expected_paths(index), 120, 0.3)

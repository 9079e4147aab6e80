"""A host that is fenced during its import, and the control that shows that the lab sees one which somebody revives. The
peer that fences is the lab's own initiator; fence agents as shipped are in manual/fencing.py."""
import host
import reservations
from peer import Peer
from reservations_move import (ALL_REGISTRANTS, KEY, PEER, REGISTRANTS_ONLY, cancel, expect_report, expect_standing, follows,
                               refused_with, report, standing)
from scenario import scenario


class Cluster:
    """This host and a peer, both registered, this host holds; and an import that is prepared."""

    def __init__(self, lab):
        self.lab, self.here, self.there = lab, Peer(lab.source), Peer(lab.destination)
        reservations.register(lab.wwids()[0], KEY)
        reservations.reserve(lab.wwids()[0], KEY, REGISTRANTS_ONLY)
        self.here.register(0, PEER)
        self.was = standing(lab, "source")
        self.work = lab.create_import()
        self.work.map()
        self.work.prepare()
        self.there.register(0, PEER)        # as the peer's agent does it
        expect_standing(lab, self.was, "prepared")

    def keys_of_host(self):
        """Which sides have a registration of this host."""
        return [side for side in ("source", "destination")
                if any(key == KEY for _, key, _ in standing(self.lab, side)["keys"])]

    def fence(self):
        with self.lab.step("fence"):
            self.here.preempt(0, PEER, int(KEY, 16), REGISTRANTS_ONLY, abort=True)
        follows("the host is off both LUNs", lambda: not self.keys_of_host())
        follows("the report says fenced", lambda: report(self.work)["fenced"])
        self.expect_locked_out("fenced")

    def expect_locked_out(self, phase):
        """No key of it on either LUN, and no path takes a write."""
        self.lab.expect(not self.keys_of_host(), "%s: revived on the %s" % (phase, self.keys_of_host()), "revived")
        for wwid in self.lab.wwids():
            for disk in host.disks_of(wwid):
                said = reservations.write_raw(disk)
                self.lab.expect("eservation" in said and "status 0" not in said,
                                "%s: a write to %s: %s" % (phase, disk, said), "revived")

    def unfence(self):
        """On the LUN that the map is on, as a fence agent does; the other one follows. What the fenced host left to all
        registrants, the agent of the new holder makes again what it is on the source."""
        reservations.register(self.lab.wwids()[0], KEY)
        follows("the destination follows", lambda: "destination" in self.keys_of_host())
        self.there.release(0, PEER, ALL_REGISTRANTS)
        self.there.reserve(0, PEER, REGISTRANTS_ONLY)
        self.was = {**self.was, "holder": [self.here.initiator, "%#x" % PEER]}
        expect_standing(self.lab, self.was, "unfenced")
        expect_report(self.work, self.was, 2, "unfenced")

    def leave(self):
        cancel(self.work, lambda: self.there.unregister(0))
        self.work.delete()
        self.here.unregister(0)


@scenario("pr-fenced", core=True, transport="iscsi")
def pr_fenced(lab):
    """Fenced between prepare and the switch: off both LUNs, and refused until it is unfenced; then it goes on."""
    with open(lab.device(), "rb", buffering=0):
        it = Cluster(lab)
        it.fence()
        refused_with(lab, "pr_fenced", lambda: it.work.api.switch("destination"), "the switch of a fenced host")
        it.work.api.prepare()       # it is prepared, so this does nothing; least of all register
        it.expect_locked_out("refused")
        it.unfence()
        lab.fio()
        it.work.switch("destination")
        expect_standing(lab, it.was, "switched")
    it.leave()


@scenario("control-pr-revived", transport="iscsi", expect="revived")
def control_pr_revived(lab):
    """A fault: somebody registers the fenced host again on the LUN that it was not fenced on. The lab sees it, and the
    agent takes the key away as soon as it looks."""
    with open(lab.device(), "rb", buffering=0):
        it = Cluster(lab)
        it.fence()
        with host.agent_stands_still():
            reservations.register(lab.wwids()[1], KEY)
            it.expect_locked_out("by hand")
        follows("the agent takes it off again", lambda: not it.keys_of_host())
    it.leave()

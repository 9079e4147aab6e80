"""An old array that is real and has no READ FULL STATUS (tgtd): whose keys are on its LUN the host's configuration must
say, and which path is registered nobody. What mpathpersist leaves in the prkeys file is that configuration here."""
import host
import reservations
from peer import Peer
from reservations_move import (ALL_REGISTRANTS, CHANGED, KEY, PEER, REGISTRANTS_ONLY, cancel, commit, expect_report, follows,
                               refused_with, report, standing)
from scenario import scenario
from util import Failure, read, sh

TYPE = reservations.TYPES[REGISTRANTS_ONLY]
# tgtd is no CLARiiON either, and has no ALUA in its place
PLAIN = """devices {
	device {
		vendor "DGC"
		product "VRAID"
		hardware_handler "0"
		prio "const"
	}
}
"""


def expect_unknown(lab, what, action):
    """The source does not know the command, or all of this tests something else."""
    try:
        action()
    except Failure as failure:
        lab.expect("bad field in cdb" in failure.text, "%s: %s" % (what, failure.text))
    else:
        lab.fail("expectation", "the source has " + what)


def expect_no_full_status(lab):
    disk = host.disks_of(lab.wwids()[0])[0]
    expect_unknown(lab, "READ FULL STATUS", lambda: reservations.persist(disk, "--in", "--read-full-status"))


def seen(wwid):
    found = reservations.without_full_status(wwid)
    return {key: found[key] for key in ("keys", "holder", "type")}


def expect_registered(lab, key, phase, peers=()):
    """Both LUNs have this host's key on both paths, and its reservation; the destination shows each path. On the LUN that
    the map is on every path takes a write."""
    wanted = {"keys": sorted([key] * 2 + ["%#x" % peer for peer in peers]), "holder": key, "type": TYPE}
    for wwid in lab.wwids():
        found = seen(wwid)
        lab.expect({**found, "keys": sorted(found["keys"])} == wanted, "%s: %s has %s, not %s" % (phase, wwid, found, wanted))
    was = standing(lab, "destination")
    lab.expect([found for _, found, _ in was["keys"]].count(key) == 2, "%s: the destination has %s" % (phase, was))
    for disk in host.disks_of(lab.true_wwid(0)):
        said = reservations.write_raw(disk)
        lab.expect("status 0" in said, "%s: a write to %s: %s" % (phase, disk, said))
    return was


def unknown_is_refused(lab, work):
    """Nothing is done to either LUN, by the generation of the one and all that the other has."""
    before = reservations.without_full_status(lab.wwids()[0])
    refused_with(lab, "pr_key_unknown", work.api.precheck, "pre-check")
    refused_with(lab, "pr_key_unknown", work.api.prepare, "prepare")
    after = reservations.without_full_status(lab.wwids()[0])
    lab.expect(after == before, "a refused prepare left the source with %s, it had %s" % (after, before))
    found = reservations.of_array(lab.destination.luns[0])
    lab.expect(not found["keys"] and not found["type"], "a refused prepare left the destination with %s" % found)
    lab.expect(work.api.show()["state"] == "new", "a refused prepare left the import " + work.api.show()["state"])


def register(lab, key):
    sh(["mpathpersist", "--out", "--register-ignore", "--param-sark=" + key, lab.device()])


def key_changes(lab, work, live, other):
    """By the cluster's own tool, which says so to multipathd before it changes the first path."""
    for key in (CHANGED, KEY):
        register(lab, key)
        wwid = lab.wwids()[other == "destination"]
        follows("the %s follows the %s" % (other, live), lambda: seen(wwid)["keys"] == [key] * 2, lambda: seen(wwid))
        lab.expect(not report(work)["fenced"], "the key was changed, and the report says fenced")
        expect_registered(lab, key, "changed on the " + live)


def peer_is_fenced(lab, work, peer):
    """On the destination, where everybody is; only this host's agent can finish it on the source."""
    there = Peer(lab.destination)
    peer.register(1, PEER)
    there.register(0, PEER)
    key = "%#x" % PEER
    follows("the agent sees the peer", lambda: all(key in report(work)[side]["keys"] for side in ("source", "destination")))
    expect_registered(lab, KEY, "with a peer", (PEER,))
    expect_unknown(lab, "PREEMPT AND ABORT", lambda: reservations.preempt(lab.wwids()[0], KEY, key, REGISTRANTS_ONLY))
    reservations.preempt(lab.wwids()[1], KEY, key, REGISTRANTS_ONLY)
    follows("the peer is off the source", lambda: key not in seen(lab.wwids()[0])["keys"], lambda: seen(lab.wwids()[0]))
    expect_registered(lab, KEY, "peer fenced")


def expect_said(lab):
    """A command that such an array does not support is no failure of the agent's polls; and it took one key for a peer's."""
    lines = read("/var/log/import/agent.log").splitlines()
    said = [line for line in lines if "its reservations" in line]
    lab.expect(not said, "the agent complains: %s" % said)
    said = [line for line in lines if "a peer's key was preempted" in line]
    lab.expect(len(said) == 1, "one peer was fenced, and the agent says: %s" % said)


def begin(lab):
    source = lab.wwids()[0]
    expect_no_full_status(lab)
    reservations.register(source, KEY)
    reservations.reserve(source, KEY, REGISTRANTS_ONLY)


@scenario("pr-no-full-status", transport="iscsi", tgt=True, timeout=1200, max_io_ms=6000, multipath={"reservation_key": "file"}, conf=PLAIN)
def pr_no_full_status(lab):
    begin(lab)
    lab.fio()
    work = lab.create_import()
    work.map()
    unknown_is_refused(lab, work)
    register(lab, KEY)
    work.prepare()
    expect_report(work, expect_registered(lab, KEY, "prepared"), 2, "prepared")
    with lab.step("changes on the source"):
        key_changes(lab, work, "source", "destination")
    for side in ("destination", "source", "destination"):
        work.switch(side)
        expect_report(work, expect_registered(lab, KEY, "on the " + side), 2, "on the " + side)
    with lab.step("changes on the destination"):
        key_changes(lab, work, "destination", "source")
        peer = Peer(lab.source)
        with peer.logged_in():      # tgtd knows a registration by its session
            peer_is_fenced(lab, work, peer)
    work.copy()
    commit([work], lambda: lab.expect(not Peer(lab.source).keys(1), "committed: the source has %s" % Peer(lab.source).keys(1)))
    was = standing(lab, "destination")
    lab.expect([key for _, key, _ in was["keys"]] == [KEY] * 2 and was["type"] == TYPE, "committed: %s" % was)
    expect_said(lab)


def expect_locked_out(lab, phase):
    """No key of this host on either LUN, and no path takes a write."""
    for wwid in lab.wwids():
        lab.expect(KEY not in seen(wwid)["keys"], "%s: %s has %s" % (phase, wwid, seen(wwid)), "revived")
        for disk in host.disks_of(wwid):
            said = reservations.write_raw(disk)
            lab.expect("eservation" in said and "status 0" not in said, "%s: a write to %s: %s" % (phase, disk, said), "revived")


@scenario("pr-no-full-status-fenced", transport="iscsi", tgt=True, multipath={"reservation_key": "file"}, conf=PLAIN)
def pr_no_full_status_fenced(lab):
    """By a peer, on the source; then registered again by the cluster's tool, and it goes on."""
    begin(lab)
    register(lab, KEY)
    peer, there = Peer(lab.source), Peer(lab.destination)
    work = lab.create_import()
    work.map()
    with open(lab.device(), "rb", buffering=0), peer.logged_in():
        peer.register(1, PEER)
        work.prepare()
        there.register(0, PEER)
        expect_registered(lab, KEY, "prepared", (PEER,))
        peer.preempt(1, PEER, int(KEY, 16), REGISTRANTS_ONLY)
        follows("the host is off the destination", lambda: KEY not in seen(lab.wwids()[1])["keys"], lambda: seen(lab.wwids()[1]))
        follows("the report says fenced", lambda: report(work)["fenced"], lambda: report(work))
        expect_locked_out(lab, "fenced")
        refused_with(lab, "pr_fenced", lambda: work.api.switch("destination"), "the switch of a fenced host")
        expect_locked_out(lab, "refused")
        register(lab, KEY)
        follows("the destination follows", lambda: seen(lab.wwids()[1])["keys"].count(KEY) == 2, lambda: seen(lab.wwids()[1]))
        there.release(0, PEER, ALL_REGISTRANTS)     # what the fenced holder left to all of them
        there.reserve(0, PEER, REGISTRANTS_ONLY)
        lab.fio()
        work.switch("destination")
        cancel(work, lambda: there.unregister(0))
        work.delete()
        found = seen(lab.wwids()[0])
        lab.expect(sorted(found["keys"]) == sorted([KEY] * 2 + ["%#x" % PEER]) and found["type"] == TYPE, "cancelled: %s" % found)

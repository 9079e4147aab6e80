"""Persistent reservations that the product moves, under load and without an I/O error: what the other LUN has at each
phase is what the live one has, and at the end the LUN that is left has nothing of the host. docs/RESERVATIONS.md has the
rules; iSCSI throughout, since a loopback initiator has no TransportID."""
import glob
import os
import re

import host
import reservations
from bad_input import answer
from peer import Peer
from scenario import scenario
from util import Failure, read, sh, wait_for

KEY, CHANGED, OTHER, PEER, STRANGER = "0x1abe0001", "0x1abe00c1", "0x1abe0002", 0x1abe00ee, 0x1abe0bad
REGISTRANTS_ONLY, ALL_REGISTRANTS = 5, 7    # both write exclusive
FOLLOWS_S = 60                              # emulated; the agent polls twice a second, and reads all paths every ten
BUSY = {"thinktime_us": 10000}              # where there is much load, each is light
API_NAMES = dict(zip(reservations.TYPES.values(), (
    "write_exclusive", "exclusive_access", "write_exclusive_registrants_only", "exclusive_access_registrants_only",
    "write_exclusive_all_registrants", "exclusive_access_all_registrants")))


# How it stands

def tool(lab):
    """The module on the host that this is about."""
    return lab.remote.reservations if hasattr(lab, "remote") else reservations


def standing(lab, side, index=0):
    return reservations.standing(tool(lab).read_lun(lab.wwids(index)[side == "destination"]))


def expect_standing(lab, wanted, phase, sides=("source", "destination"), index=0):
    for side in sides:
        found = standing(lab, side, index)
        lab.expect(found == wanted, "%s: LUN %d of the %s has %s, not %s" % (phase, index, side, found, wanted))


def expect_nothing(lab, lun, phase):
    """By the array itself: no host may be left that could ask."""
    found = reservations.of_array(lun)
    lab.expect(not found["keys"] and not found["type"], "%s: %s still has %s" % (phase, lun.dm_name, found))


def report(work, index=0):
    return work.api.show()["members"][index]["reservations"]


def expect_report(work, wanted, own_paths, phase, index=0):
    """The agent's report says of both sides what sg_persist says; it may be one poll old."""
    keys = sorted({key for _, key, _ in wanted["keys"]})

    def told():
        shown = report(work, index)
        return shown and shown["registered"] and not shown["fenced"] and not shown["source_reservation_lifted"] and all(
            side and sorted(side["keys"]) == keys and side["type"] == API_NAMES.get(wanted["type"])
            and side["registered_paths"] == side["paths"] == own_paths
            for side in (shown["source"], shown["destination"]))
    try:
        wait_for("report", told, FOLLOWS_S, 0.5)
    except Failure:
        work.lab.fail("report", "%s: the report says %s, the LUNs have %s" % (phase, report(work, index), wanted))


def follows(what, condition, shown=None):
    """`shown` gives the text for a failure."""
    try:
        return wait_for(what, condition, FOLLOWS_S, 0.3)
    except Failure as failure:
        raise failure if shown is None else Failure("wait", "%s; there is %s" % (failure.text, shown()))


def refused_with(lab, code, action, what):
    codes, _ = answer(action)
    lab.expect(code in codes, "%s: answered %s, not %s" % (what, codes or "without an error", code))


# The last verbs in two steps: the LUN that is left is looked at before the array takes it away from the host

def commit(parts, look):
    for part in parts:
        for lun in part.destinations:
            lun.finish()
        part.api.commit()
    look()
    for part in parts:
        part.commit()


def cancel(part, look):
    part.lab.leaving_destination()
    part.api.cancel()
    part.lab.moved("source", part.indexes)
    look()
    part.cancel()


def lift(work, word):
    return work.lab.agent.run(work.api.path + "/reservation", {"source": word})


# The six types

def disk_at(wwid, address):
    """The path that goes to this portal."""
    for disk in host.disks_of(wwid):
        session = re.search(r"/session(\d+)/", os.path.realpath("/sys/block/%s/device" % disk)).group(1)
        for path in glob.glob("/sys/class/iscsi_connection/connection%s:*/persistent_address" % session):
            if read(path) == address:
                return disk
    raise AssertionError("no path of %s to %s" % (wwid, address))


def single(index):
    """Types with which the one path that reserves is the only one that may write."""
    return list(reservations.TYPES)[index] in (1, 3)


def leave_one_path(lab, index):
    lun = lab.source.luns[index]
    host.delete_disk(disk_at(lun.wwid, lab.source.ports[1].address))
    lun.unmap([1])
    host.wait_map(lun.wwid, 1)


def guard_all(lab, aptpl):
    """One LUN per type, all registered; returns their registrations."""
    found = []
    for index, type_ in enumerate(reservations.TYPES):
        wwid, key = lab.wwids(index)[0], "%#x" % (int(KEY, 16) + index)
        reservations.register(wwid, key, aptpl=aptpl)
        if not aptpl:
            reservations.reserve(wwid, key, type_)
        was = standing(lab, "source", index)
        lab.expect(was["type"] == reservations.TYPES[type_] and len(was["keys"]) == 2 - single(index),
                   "LUN %d is not guarded: %s" % (index, was))
        lab.expect(reservations.of_array(lab.source.luns[index])["aptpl"] == aptpl, "LUN %d: APTPL" % index)
        found.append(was)
    return found


def expect_all(lab, work, wanted, phase):
    for index, was in enumerate(wanted):
        expect_standing(lab, was, phase, index=index)
    for index, was in enumerate(wanted):
        expect_report(work, was, 2 - single(index), phase, index)


def begin_all(lab, name, wanted):
    work = lab.create_import(name, min_paths=1)
    with lab.step("map destination"):
        for index, lun in enumerate(work.destinations):
            lun.map([0] if single(index) else None)
    work.prepare()
    expect_all(lab, work, wanted, "prepared")
    work.switch("destination")
    expect_all(lab, work, wanted, "switched")
    return work


def lifted_and_back(lab, work, wanted):
    """The array writes to the source itself: it is not reserved meanwhile, but who is registered stays so."""
    lift(work, "lifted")
    for index, was in enumerate(wanted):
        expect_standing(lab, {**was, "type": None, "holder": None}, "lifted", ("source",), index)
        expect_standing(lab, was, "lifted", ("destination",), index)
        lab.expect(report(work, index)["source_reservation_lifted"], "the report does not say lifted")
    lift(work, "restored")
    expect_all(lab, work, wanted, "restored")
    lift(work, "lifted")


def register_each(lab, index, keys):
    """Another key on each path; the path of the first port reserves."""
    wwid = lab.wwids(index)[0]
    disks = [disk_at(wwid, port.address) for port in lab.source.ports]
    for disk, key in zip(disks, keys):
        reservations.register_disk(disk, key)
    reservations.reserve_disk(disks[0], keys[0], REGISTRANTS_ONLY)


@scenario("pr-keys", core=True, luns=2, transport="iscsi", timeout=1200, max_io_ms=6000)
def pr_keys(lab):
    """A key a path, and a host that is registered but reserved nothing; there, back, and there again to the end."""
    register_each(lab, 0, (KEY, OTHER))
    reservations.register(lab.wwids(1)[0], KEY)
    was = [standing(lab, "source", index) for index in (0, 1)]
    lab.expect([key for _, key, _ in was[0]["keys"]] == [KEY, OTHER], "LUN 0 has %s" % was[0])
    for index in (0, 1):
        lab.fio(index, **BUSY)
    work = lab.create_import()
    work.map()
    work.prepare()
    for side in ("destination", "source", "destination"):
        work.switch(side)
        for index in (0, 1):
            expect_standing(lab, was[index], "on the " + side, index=index)
            expect_report(work, was[index], 2, "on the " + side, index)
    work.copy()
    commit([work], lambda: [expect_nothing(lab, lun, "committed") for lun in work.sources])
    for index in (0, 1):
        expect_standing(lab, was[index], "committed", ("destination",), index)


# What changes meanwhile

def multipath_knows(lab, phase):
    """What an administrator, or fence_mpath, does with the map; none of it changes who is registered where."""
    name = lab.map_name()
    device, live = "/dev/mapper/" + name, "destination" if lab.on_destination(0) else "source"
    was = standing(lab, live)
    status = sh(["multipathd", "getprstatus", "map", name]).strip()
    lab.expect(status in ("1", "set"), "%s: getprstatus of %s says %s" % (phase, name, status))
    sh(["mpathpersist", "--out", "--register-ignore", "--param-sark=" + KEY, device])
    said = sh(["mpathpersist", "--in", "-k", device])
    lab.expect(said.count(KEY) == 2, "%s: mpathpersist reads the keys %s" % (phase, said))
    said = sh(["mpathpersist", "--in", "-r", device])
    lab.expect(KEY in said, "%s: mpathpersist reads the reservation %s" % (phase, said))
    expect_standing(lab, was, phase + ", by mpathpersist", (live,))


def guard_by_mpathpersist(lab):
    device = lab.device()
    sh(["mpathpersist", "--out", "--register-ignore", "--param-sark=" + KEY, device])
    sh(["mpathpersist", "--out", "--reserve", "--param-rk=" + KEY, "--prout-type=%d" % REGISTRANTS_ONLY, device])


def peer_is_fenced(lab, work):
    """A peer that came after prepare, and whose agent followed, is preempted on the source; nobody but this host's
    agent is left to finish that on the destination."""
    was = standing(lab, "source")
    for array in (lab.source, lab.destination):
        Peer(array).register(0, PEER)
    key = "%#x" % PEER
    follows("the agent sees the peer", lambda: all(key in report(work)[side]["keys"] for side in ("source", "destination")))
    reservations.preempt(lab.wwids()[0], KEY, key, REGISTRANTS_ONLY)
    expect_standing(lab, was, "peer preempted", ("source",))
    follows("the peer is off the destination", lambda: standing(lab, "destination") == was)
    expect_report(work, was, 2, "peer preempted")


def key_changes(lab, live, other):
    """The live LUN gets another key, and the other one follows."""
    wwid = lab.wwids()[live == "destination"]
    for key in (CHANGED, KEY):
        reservations.register(wwid, key)
        now = standing(lab, live)
        lab.expect({found for _, found, _ in now["keys"]} == {key}, "%s has %s" % (live, now))
        follows("the %s follows the %s" % (other, live), lambda: standing(lab, other) == now)


def all_is_cleared(lab, work):
    """A peer clears the source: nobody is guarded against any more, so that is no fencing. Then registered anew."""
    peer = Peer(lab.source)
    peer.register(0, PEER)
    peer.clear(0, PEER)
    follows("the destination is cleared", lambda: not reservations.of_array(lab.destination.luns[0])["keys"])
    follows("the report says so", lambda: not (report(work) or {"registered": False})["registered"])
    lab.expect(not (report(work) or {"fenced": False})["fenced"], "cleared, and the report says fenced")
    guard_by_mpathpersist(lab)


@scenario("pr-changes", core=True, transport="iscsi", timeout=1200, max_io_ms=6000, multipath={"reservation_key": KEY})
def pr_changes(lab):
    """On the source after prepare, on the destination before cancel; multipathd and mpathpersist go on all along."""
    guard_by_mpathpersist(lab)
    was = standing(lab, "source")
    lab.expect(was["type"] == reservations.TYPES[REGISTRANTS_ONLY] and len(was["keys"]) == 2, "not guarded: %s" % was)
    lab.fio()
    multipath_knows(lab, "before")
    work = lab.create_import()
    work.map()
    work.prepare()
    expect_standing(lab, was, "prepared")
    multipath_knows(lab, "prepared")
    with lab.step("changes on the source"):
        peer_is_fenced(lab, work)
        key_changes(lab, "source", "destination")
        all_is_cleared(lab, work)
    work.switch("destination")
    expect_standing(lab, was, "switched")
    expect_report(work, was, 2, "switched")
    multipath_knows(lab, "switched")
    work.copy()
    with lab.step("changes on the destination"):
        key_changes(lab, "destination", "source")
        reservations.register(lab.wwids()[1], CHANGED)
        follows("the source follows", lambda: standing(lab, "source") == standing(lab, "destination"))
        reservations.register(lab.wwids()[1], KEY)
    cancel(work, lambda: expect_nothing(lab, work.destinations[0], "cancelled"))
    work.delete()
    expect_standing(lab, was, "cancelled", ("source",))
    multipath_knows(lab, "after")


# What is refused

def scsi2_is_refused(lab, work):
    """Another host has the source by RESERVE(6): found by the pre-check and by prepare, and nothing is done."""
    peer = Peer(lab.source)
    with peer.logged_in():
        peer.reserve_scsi2(0)
        refused_with(lab, "scsi2_reservation", work.api.precheck, "pre-check")
        peer.ready(0)
        refused_with(lab, "scsi2_reservation", work.api.prepare, "prepare")
        peer.release_scsi2(0)
    lab.expect(work.api.show()["state"] == "new", "a refused prepare left the import " + work.api.show()["state"])
    expect_nothing(lab, lab.destination.luns[0], "refused")


def stranger_is_refused(lab, work):
    """The destination has a key that the source has not; it is all that the destination has afterwards."""
    stranger = Peer(lab.destination, 2)
    stranger.register(0, STRANGER)
    refused_with(lab, "destination_reserved", work.api.prepare, "prepare")
    found = reservations.of_array(lab.destination.luns[0])
    lab.expect(found["keys"] == [[stranger.initiator, "%#x" % STRANGER]] and not found["type"],
               "a refused prepare left the destination with %s" % found)
    stranger.unregister(0)


@scenario("pr-refused", transport="iscsi", timeout=1200, max_io_ms=6000)
def pr_refused(lab):
    """A SCSI-2 reservation, a stranger's key, and a switch before the holder's host has reserved; then it goes on."""
    here, there = Peer(lab.source), Peer(lab.destination)
    with open(lab.device(), "rb", buffering=0):
        work = lab.create_import()
        work.map()
        scsi2_is_refused(lab, work)
    reservations.register(lab.wwids()[0], KEY)
    here.register(0, PEER)
    here.reserve(0, PEER, REGISTRANTS_ONLY)
    was = standing(lab, "source")
    lab.expect(was["holder"] == [here.initiator, "%#x" % PEER] and len(was["keys"]) == 3, "not guarded: %s" % was)
    lab.fio()
    stranger_is_refused(lab, work)
    expect_standing(lab, was, "refused", ("source",))
    work.prepare()
    refused_with(lab, "pr_not_reserved", lambda: work.api.switch("destination"), "switch")
    work.expect_state("prepared", "Source")
    work.check_sides()
    expect_standing(lab, was, "refused", ("source",))
    there.register(0, PEER)
    there.reserve(0, PEER, REGISTRANTS_ONLY)
    work.switch("destination")
    expect_standing(lab, was, "switched")
    refused_with(lab, "pr_not_holder", lambda: lift(work, "lifted"), "lift")
    left = [[there.initiator, "%#x" % PEER]]
    cancel(work, lambda: lab.expect(reservations.of_array(lab.destination.luns[0])["keys"] == left,
                                    "cancel left %s" % reservations.of_array(lab.destination.luns[0])))
    work.delete()
    expect_standing(lab, was, "cancelled", ("source",))


# A path that comes later

def add_path(lab, work):
    """The destination is mapped through its second port too; every path is registered soon after it is there."""
    for lun in work.destinations:
        lun.map([1])
    host.rescan()
    for lun in work.destinations:
        wait_for("second path of " + lun.wwid, lambda: len(host.disks_of(lun.wwid)) == 2, 60, 0.1)
    for index in work.indexes:
        follows("registration of LUN %d's second path" % index, lambda: len(standing(lab, "destination", index)["keys"]) == 2)
    work.check_sides()


def guard_cluster(cluster, shared=()):
    """Host 1 holds. A key a host, that of host 2 with ALL_TG_PT by one command; LUNs in `shared`: one key for all of
    them, and a type that all of them hold."""
    found = []
    for index in range(len(cluster.arrays.source.luns)):
        wwid = cluster.arrays.source.luns[index].wwid
        for node, key in zip(cluster.hosts, (KEY, OTHER)):
            if index in shared:
                tool(node).register(wwid, KEY)
            else:
                tool(node).register(wwid, key, **({"paths": 1, "all_target_ports": True} if key == OTHER else {}))
        type_ = ALL_REGISTRANTS if index in shared else REGISTRANTS_ONLY
        tool(cluster.hosts[0]).reserve(wwid, KEY, type_)
        was = standing(cluster.hosts[0], "source", index)
        cluster.expect(len(was["keys"]) == 4 and was["type"] == reservations.TYPES[type_], "LUN %d: %s" % (index, was))
        found.append(was)
    return found


def load_cluster(cluster):
    for index in range(len(cluster.arrays.source.luns)):
        cluster.everywhere(lambda node: node.fio(index, **BUSY))


def expect_cluster(cluster, work, wanted, phase):
    """Both LUNs of each pair, and what each host's agent reports of them."""
    for index, was in enumerate(wanted):
        expect_standing(cluster.hosts[0], was, phase, index=index)
        for part in work.on:
            expect_report(part, was, 2, phase, index)


@scenario("cluster-pr-cutover", core=True, cluster=2, luns=2, transport="iscsi", timeout=1800, max_io_ms=10000)
def cluster_pr_cutover(cluster):
    """Own keys on LUN 0, one key for both hosts on LUN 1; the holder's host prepares last and switches last."""
    first, second = cluster.hosts
    was = guard_cluster(cluster, shared=(1,))
    load_cluster(cluster)
    work = cluster.create_import()
    work.map()
    work.on[1].prepare()
    found = standing(second, "destination")
    cluster.expect(found["type"] is None and {key for _, key, _ in found["keys"]} == {OTHER},
                   "before the holder's host has prepared: %s" % found)
    work.on[0].prepare()
    expect_cluster(cluster, work, was, "prepared")
    for number in (1, 0):
        work.on[number].switch("destination")
        expect_cluster(cluster, work, was, "node%d switched" % (number + 1))
    work.copy()
    commit(work.on, lambda: [expect_nothing(cluster, lun, "committed") for lun in cluster.arrays.source.luns])
    for index, before in enumerate(was):
        expect_standing(first, before, "committed", ("destination",), index)


def expect_left(cluster, node, phase):
    """Nothing of this host is on the destination."""
    found = reservations.of_array(cluster.arrays.destination.luns[0])
    mine = [entry for entry in found["keys"] if entry[0] == node.destination.initiator]
    cluster.expect(not mine, "%s: the destination still has %s" % (phase, mine))

"""Reservations, what takes longer: a group in a cluster, hosts that reboot between the phases, and peers that give no
peace. `make check-cluster` runs them."""
import contextlib

import reservations
from bad_input import answer
from peer import Peer, Restless
from reservations_move import (BUSY, KEY, OTHER, PEER, REGISTRANTS_ONLY, commit, expect_cluster, expect_nothing, expect_standing,
                               follows, standing, tool)
from scenario import scenario

TRIES = 6
UNREST = {"pr_changed", "pr_not_reserved", "pr_conflict", "pr_failed", "scsi_failed", "precheck_failed", "destination_reserved"}


# A group

@scenario("cluster-pr-group", cluster=2, luns=4, size_mib=96, transport="iscsi", timeout=1800, max_io_ms=15000)
def cluster_pr_group(cluster):
    """Four members, of types that all hosts write with; a host holds every other one. There, and to the end. Type 8 is not
    among them: the first host would reserve, and LIO lets no other one ask for the capacity then."""
    was = []
    for index, type_ in enumerate((5, 6, 7, 5)):
        wwid = cluster.arrays.source.luns[index].wwid
        for node, key in zip(cluster.hosts, (KEY, OTHER)):
            tool(node).register(wwid, key)
        tool(cluster.hosts[index % 2]).reserve(wwid, (KEY, OTHER)[index % 2], type_)
        was.append(standing(cluster.hosts[0], "source", index))
        cluster.expect(was[-1]["type"] == reservations.TYPES[type_], "LUN %d is not guarded: %s" % (index, was[-1]))
    for index in range(4):
        cluster.everywhere(lambda node: node.fio(index, thinktime_us=20000))
    work = cluster.create_import()
    work.map()
    work.prepare()
    expect_cluster(cluster, work, was, "prepared")
    work.switch("destination")
    expect_cluster(cluster, work, was, "switched")
    work.copy()
    commit(work.on, lambda: [expect_nothing(cluster, lun, "committed") for lun in cluster.arrays.source.luns])
    for index, before in enumerate(was):
        expect_standing(cluster.hosts[0], before, "committed", ("destination",), index)


# Reboots

def who(state):
    """Without the counts: a registration of the boot before may be left beside the new one, if its session's number was
    another."""
    return {(name, key) for name, key, _ in state["keys"]}


def is_back(node, key):
    """What its cluster's software does when a host joins again: it registers on the LUN that its map is on."""
    live = "destination" if node.on_destination(0) else "source"
    tool(node).register(node.wwids()[live == "destination"], key)
    node.fio(name="lun0-boot%d" % node.boot, **BUSY)


@scenario("cluster-pr-node-reboots", cluster=2, transport="iscsi", timeout=2400, max_io_ms=10000)
def cluster_pr_node_reboots(cluster):
    """The one that does not hold loses its power between prepare and its switch, the holder reboots during the copy.
    Neither is fenced by that, and neither LUN is without its reservation."""
    first, second = cluster.hosts
    for node, key in zip(cluster.hosts, (KEY, OTHER)):
        tool(node).register(node.wwids()[0], key)
    tool(first).reserve(first.wwids()[0], KEY, REGISTRANTS_ONLY)
    was = standing(first, "source")
    cluster.everywhere(lambda node: node.fio(**BUSY))
    work = cluster.create_import()
    work.map()
    work.prepare()
    work.on[0].switch("destination")
    second.power_cut()
    expect_guarded(cluster, first, was, "node2 lost its power")
    is_back(second, OTHER)
    work.on[1].switch("destination")
    expect_guarded(cluster, second, was, "node2 switched")
    work.copy()
    first.reboot()
    expect_guarded(cluster, second, was, "node1 rebooted")
    is_back(first, KEY)
    commit(work.on, lambda: expect_nothing(cluster, cluster.arrays.source.luns[0], "committed"))
    found = standing(first, "destination")
    cluster.expect(who(found) == who(was) and found["type"] == was["type"], "committed: %s, not %s" % (found, was))


def expect_guarded(cluster, node, was, phase):
    for side in ("source", "destination"):
        found = standing(node, side)
        cluster.expect(found["type"] == was["type"] and who(found) == who(was),
                       "%s: the %s has %s, not %s" % (phase, side, found, was))


# Unrest

def in_unrest(lab, verb, what):
    """The verb succeeds, or is refused for what is going on, and changes nothing then. Gives whether it succeeded."""
    for _ in range(TRIES):
        codes, _ = answer(verb)
        if not codes:
            return True
        lab.expect(set(codes) <= UNREST, "%s in the unrest was refused with %s" % (what, codes))
    return False


@contextlib.contextmanager
def unrest(*arrays):
    """A peer registers, reserves, releases (unit attentions to all who are registered) and leaves, again and again."""
    peers = [Peer(array) for array in arrays]

    def round_():
        with contextlib.ExitStack() as sessions:
            for peer in peers:
                sessions.enter_context(peer.logged_in())
                peer.register(0, PEER)
            for peer in peers:
                peer.reserve(0, PEER, REGISTRANTS_ONLY)
                peer.release(0, PEER, REGISTRANTS_ONLY)
            for peer in reversed(peers):
                peer.unregister(0)
    with Restless(round_) as storm:
        yield storm
    for peer in peers:
        peer.unregister(0)


@scenario("pr-unrest", transport="iscsi", timeout=1500, max_io_ms=15000)
def pr_unrest(lab):
    """The host is registered. The peer's storms go over prepare, the switch and the way back: the load sees nothing of
    them, each verb does all or nothing, and afterwards both LUNs are alike."""
    reservations.register(lab.wwids()[0], KEY)
    was = standing(lab, "source")
    lab.fio(**BUSY)
    work = lab.create_import()
    work.map()
    with lab.step("unrest at prepare"), unrest(lab.source) as storm:
        in_unrest(lab, work.api.prepare, "prepare")
    lab.expect(storm.rounds > 3, "there was hardly any unrest: %d rounds" % storm.rounds)
    work.prepare()
    follows("both are alike", lambda: standing(lab, "source") == standing(lab, "destination") == was)
    with lab.step("unrest at the switch"), unrest(lab.source) as storm:
        in_unrest(lab, lambda: work.api.switch("destination"), "switch")
    lab.expect(storm.rounds > 3, "there was hardly any unrest: %d rounds" % storm.rounds)
    work.switch("destination", again=True)
    follows("both are alike", lambda: standing(lab, "source") == standing(lab, "destination") == was)
    work.copy()
    lab.leaving_destination()
    with lab.step("unrest on the way back"), unrest(lab.source, lab.destination) as storm:
        lab.expect(in_unrest(lab, lambda: work.api.switch("source"), "the way back"), "the way back was closed")
    lab.moved("source", work.indexes)
    follows("both are alike", lambda: standing(lab, "source") == standing(lab, "destination") == was)
    work.api.cancel()
    expect_nothing(lab, work.destinations[0], "cancelled")
    work.cancel()
    work.delete()
    expect_standing(lab, was, "cancelled", ("source",))

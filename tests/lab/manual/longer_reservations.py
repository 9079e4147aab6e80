"""Reservations that move, the scenarios that take longer than a test run has: make check-cluster."""
import reservations
from reservations_move import (BUSY, CHANGED, KEY, OTHER, REGISTRANTS_ONLY, add_path, begin_all, cancel, commit, expect_cluster, expect_left,
                               expect_nothing, expect_standing, follows, guard_all, guard_by_mpathpersist,
                               guard_cluster, leave_one_path, lift, lifted_and_back, load_cluster, refused_with,
                               report, single, standing, tool)
from scenario import scenario


@scenario("pr-types", luns=6, size_mib=64, transport="iscsi", timeout=1500, max_io_ms=8000)
def pr_types(lab):
    """One group with each type on a LUN; there, lifted, and back; then the same with APTPL, to the end."""
    for index in range(6):
        if single(index):
            leave_one_path(lab, index)
    was = guard_all(lab, False)
    for index in range(6):
        lab.fio(index, **BUSY)
    work = begin_all(lab, "there-and-back", was)
    work.copy()
    lifted_and_back(lab, work, was)
    cancel(work, lambda: [expect_nothing(lab, lun, "cancelled") for lun in work.destinations])
    work.delete()
    for index, before in enumerate(was):
        expect_standing(lab, before, "cancelled", ("source",), index)
    was = guard_all(lab, True)
    work = begin_all(lab, "to-the-end", was)
    for lun in work.destinations:
        lab.expect(reservations.of_array(lun)["aptpl"], lun.dm_name + " is without APTPL")
    work.copy()
    commit([work], lambda: [expect_nothing(lab, lun, "committed") for lun in work.sources])
    for index, before in enumerate(was):
        expect_standing(lab, before, "committed", ("destination",), index)
        lab.expect(reservations.of_array(lab.destination.luns[index])["aptpl"], "LUN %d lost APTPL" % index)


# Keys


@scenario("pr-path-later", luns=2, transport="iscsi", timeout=1200, max_io_ms=6000, multipath={"reservation_key": KEY})
def pr_path_later(lab):
    """LUN 0's key is multipathd's, who registers a path before it uses it: the load sees nothing. LUN 1 has a key that
    multipathd knows nothing of, as with fence_scsi: the agent registers the path, and the load begins again then."""
    guard_by_mpathpersist(lab)
    reservations.register(lab.wwids(1)[0], OTHER)
    reservations.reserve(lab.wwids(1)[0], OTHER, REGISTRANTS_ONLY)
    was = [standing(lab, "source", index) for index in (0, 1)]
    lab.fio(0, **BUSY)
    first = lab.fio(1, **BUSY)
    work = lab.create_import(min_paths=1)
    with lab.step("map destination"):
        for lun in work.destinations:
            lun.map([0])
    work.prepare()
    work.switch("destination")
    for index in (0, 1):
        found = standing(lab, "destination", index)
        lab.expect(found == {**was[index], "keys": was[index]["keys"][:1]}, "with one path: %s" % found)
    first.stop()
    with lab.step("second path"):
        add_path(lab, work)
    lab.fio(1, name="lun1-later", **BUSY)
    for index in (0, 1):
        expect_standing(lab, was[index], "second path", index=index)
    work.copy()
    commit([work], lambda: [expect_nothing(lab, lun, "committed") for lun in work.sources])
    for index in (0, 1):
        expect_standing(lab, was[index], "committed", ("destination",), index)


# Two hosts


@scenario("cluster-pr-cancel", cluster=2, transport="iscsi", timeout=1800, max_io_ms=10000)
def cluster_pr_cancel(cluster):
    """The holder's host switches first and cancels first; the other one's key changes on the destination."""
    first, second = cluster.hosts
    was = guard_cluster(cluster)[0]
    load_cluster(cluster)
    work = cluster.create_import()
    work.map()
    work.prepare()
    expect_cluster(cluster, work, [was], "prepared")
    for number in (0, 1):
        work.on[number].switch("destination")
        expect_cluster(cluster, work, [was], "node%d switched" % (number + 1))
    work.copy()
    refused_with(cluster, "pr_not_holder", lambda: lift(work.on[1], "lifted"), "lift by a host that does not hold")
    lift(work.on[0], "lifted")
    expect_standing(first, {**was, "type": None, "holder": None}, "lifted", ("source",))
    tool(second).register(second.wwids()[1], CHANGED, all_target_ports=True)
    now = {**was, "keys": [[name, CHANGED if key == OTHER else key, all_ports] for name, key, all_ports in was["keys"]]}
    expect_standing(second, now, "key changed", ("destination",))
    follows("the source has node2's new key", lambda: standing(second, "source")["keys"] == now["keys"],
            lambda: [tool(second).read_lun(wwid) for wwid in second.wwids()])
    cancel(work.on[0], lambda: expect_left(cluster, first, "node1 cancelled"))
    expect_standing(second, now, "node1 cancelled", ("source",))
    follows("node2 has seen that node1 left", lambda: report(work.on[1])["destination"]["keys"] == [CHANGED])
    expect_standing(second, now, "node2 saw node1 leave", ("source",))
    cancel(work.on[1], lambda: expect_nothing(cluster, cluster.arrays.destination.luns[0], "cancelled"))
    work.delete()
    expect_standing(first, now, "cancelled", ("source",))

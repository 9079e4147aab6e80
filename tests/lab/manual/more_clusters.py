"""What takes longer with two hosts, or is in the other scenarios too: `make check-cluster` runs it."""
from bad_input import answer
from reservations_move import BUSY, expect_cluster, guard_cluster
from scenario import scenario

LEASE_MS = 20000


@scenario("cluster-smoke", cluster=2, transport="iscsi", timeout=600, max_io_ms=8000)
def cluster_smoke(cluster):
    """The cluster itself: both hosts write to the LUN, and the arrays know which of them did."""
    source = cluster.arrays.source.luns[0]
    cluster.fio()
    for host in cluster.hosts:
        requests, sectors = host.source.luns[0].write_stat()
        cluster.expect(requests > 0 and sectors > 0, "no write of %s was counted" % host.name)
        cluster.expect(len(host.host.disks_of(source.wwid)) == 2, "%s has not 2 paths" % host.name)
        cluster.expect(host.agent.host()["initiators"], "the agent of %s reports no initiator" % host.name)


@scenario("cluster-node-reboots", cluster=2, transport="iscsi", timeout=1500, max_io_ms=8000)
def cluster_node_reboots(cluster):
    """A host loses its power when the other one is on the destination already, which then reboots during the copy."""
    first, second = cluster.hosts
    cluster.fio()
    work = cluster.create_import()
    work.map()
    work.prepare()
    work.on[0].switch("destination")
    second.power_cut()
    second.fio()
    work.on[1].switch("destination")
    work.copy()
    first.reboot()
    first.fio()
    work.commit()


@scenario("control-cluster-stray-write", cluster=2, transport="iscsi", timeout=900, max_io_ms=30000, expect="stray-write")
def control_cluster_stray_write(cluster):
    """One host is on the destination, and writes once to the source; the other is not, and writes to it rightly."""
    first, second = cluster.hosts
    cluster.fio()
    work = cluster.create_import()
    work.map()
    work.prepare()
    work.on[0].switch("destination")
    disk = "/dev/" + first.host.disks_of(first.wwids()[0])[0]
    first.run(["blockdev", "--setrw", disk])
    first.run(["dd", "if=/dev/zero", "of=" + disk, "bs=4096", "count=1", "seek=21504", "oflag=direct"])
    work.cancel()
    work.delete()
    strays = [host.kept["stray_writes"] for host in cluster.hosts]
    cluster.expect(strays == [1, 0], "stray writes of the hosts: %s" % strays)


# The held switch

def hold_all(work, side, leases):
    """As an orchestrator does it: host by host, and each confirms."""
    for part, lease_ms in zip(work.on, leases):
        part.api.hold(side, lease_ms)
    return [part.api.show()["state"] for part in work.on]


def release_all(work, side, is_new):
    """`is_new`: not the side that the hosts were on before the hold."""
    for part in work.on:
        if is_new and side == "source":
            part.lab.leaving_destination()
        part.api.release(side)
        if is_new:
            part.lab.moved(side, part.indexes)
        part.check_sides()


@scenario("cluster-hold", cluster=2, transport="iscsi", timeout=1800, max_io_ms=LEASE_MS + 10000)
def cluster_hold(cluster):
    """Both hosts hold, confirm, and are released to the destination. On the way back the lease of one ends before the other
    has confirmed: that is released to where it was too. Reservations stay with who has them all along."""
    was = guard_cluster(cluster)
    cluster.everywhere(lambda node: node.fio(**BUSY))
    work = cluster.create_import()
    work.map()
    work.prepare()
    cluster.expect(hold_all(work, "destination", (LEASE_MS, LEASE_MS)) == ["held", "held"], "not all hosts hold")
    release_all(work, "destination", True)
    expect_cluster(cluster, work, was, "released to the destination")
    hold_all(work, "source", (2000, LEASE_MS))
    codes, _ = answer(lambda: work.on[0].api.release("source"))
    cluster.expect(codes == ["lease_expired"], "a release behind the lease's end gives %s" % codes)
    release_all(work, "destination", False)
    expect_cluster(cluster, work, was, "released to where they were")
    cluster.expect(hold_all(work, "source", (LEASE_MS, LEASE_MS)) == ["held", "held"], "not all hosts hold")
    release_all(work, "source", True)
    expect_cluster(cluster, work, was, "released to the source")
    work.cancel()
    work.delete()

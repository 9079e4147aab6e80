"""What takes longer with two hosts, or is in the other scenarios too: `make check-cluster` runs it."""
from scenario import scenario


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

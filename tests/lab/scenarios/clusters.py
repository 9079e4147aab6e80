"""Two hosts that share a LUN, each with load on its own area of it, and one import that both take part in."""
from scenario import scenario


@scenario("cluster-import-cutover", cluster=2, transport="iscsi", timeout=900, max_io_ms=8000)
def cluster_import_cutover(cluster):
    """All prepared, then switched one after the other: between the two, one writes to either side of the pair."""
    cluster.fio()
    work = cluster.create_import()
    work.to_destination()
    work.copy()
    work.commit()


@scenario("cluster-import-cancel", cluster=2, transport="iscsi", timeout=900, max_io_ms=8000)
def cluster_import_cancel(cluster):
    """Cancel after the array has begun to copy, one host after the other."""
    cluster.fio()
    work = cluster.create_import()
    work.to_destination()
    work.copy()
    work.cancel()
    work.delete()


@scenario("control-cluster-stray-write", cluster=2, transport="iscsi", timeout=900, max_io_ms=8000, expect="stray-write")
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

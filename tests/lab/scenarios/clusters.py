"""Two hosts that share a LUN, each with load on its own area of it, and one import that both take part in."""
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

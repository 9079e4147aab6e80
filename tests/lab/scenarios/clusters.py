"""Two hosts that share a LUN, each with load on its own area of it, and one import that both take part in."""
from scenario import scenario


@scenario("cluster-import-cutover", cluster=2, transport="iscsi", timeout=2700, max_io_ms=8000)
def cluster_import_cutover(cluster):
    """All prepared, then switched one after the other: between the two, one writes to either side of the pair."""
    cluster.fio()
    work = cluster.create_import()
    work.to_destination()
    work.copy()
    work.commit()


@scenario("cluster-import-cancel", cluster=2, transport="iscsi", timeout=2700, max_io_ms=8000)
def cluster_import_cancel(cluster):
    """Cancel after the array has begun to copy, one host after the other."""
    cluster.fio()
    work = cluster.create_import()
    work.to_destination()
    work.copy()
    work.cancel()
    work.delete()

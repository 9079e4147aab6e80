"""The cells of the fault matrix that the command tests/lab/fault-matrix has put into this VM."""
from fault_play import FaultMatrix
from scenario import scenario

# Maps queue for as long as it takes: a host whose volume may lose all paths for a while is configured so.
@scenario("fault-matrix", crash=1, size_mib=64, max_io_ms=120000, timeout=3600, conf="overrides {\n\tno_path_retry queue\n}\n")
def fault_matrix(lab):
    FaultMatrix.of_command(lab).run()

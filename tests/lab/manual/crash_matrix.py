"""The cells of the crash matrix that the command tests/lab/crash-matrix has put into this VM."""
from crash_play import CrashMatrix
from scenario import scenario


@scenario("crash-matrix", crash=1, size_mib=64, max_io_ms=120000, timeout=3600)
def crash_matrix(lab):
    CrashMatrix.of_command(lab).run()

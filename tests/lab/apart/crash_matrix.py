"""The cells of the crash matrix that the command tests/lab/crash-matrix has put into this VM."""
import json

import crash_cells as cells
from crash_play import CrashMatrix
from scenario import scenario


@scenario("crash-matrix", crash=1, size_mib=64, max_io_ms=120000, timeout=3600)
def crash_matrix(lab):
    with open("/lab/add/cells.json") as file:
        todo = json.load(file)
    matrix = CrashMatrix(lab, [cells.by_name(name) for name in todo["cells"]])
    matrix.sabotaged = todo["sabotaged"]
    matrix.run()

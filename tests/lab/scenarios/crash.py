"""A part of the crash matrix, and the control that shows that the matrix sees a host that was not put right."""
import crash_cells as cells
import ledger
from crash_play import CrashMatrix
from matrix_checks import must_fail
from matrix_play import forbid_restart
from scenario import scenario
from util import read, sh, wait_for, write

SAMPLE = 6
JOURNAL = "/var/lib/dm-import/journal"
IDENTITIES = ["/etc/dm-import/identity"] + [
    "/etc/udev/rules.d/%s-dm-import.rules" % place for place in ("11", "55-z", "61", "99-zz")]


@scenario("crash-sample", core=True, crash=1, size_mib=64, max_io_ms=20000, timeout=1200)
def crash_sample(lab):
    """Evenly spread over the whole, which `make check-faults` runs."""
    CrashMatrix(lab, cells.sample([cell for cell in cells.all_cells() if not cells.why_not(cell)], SAMPLE)).run()


def without_intent(journal):
    """The journal as if the verb that crashed had never begun: the next agent has nothing to recover."""
    lines = journal.splitlines(keepends=True)
    return "".join(lines[:-1])


def texts_of(paths):
    return {path: read(path) + "\n" for path in paths}


def put(texts):
    for path, text in texts.items():
        write(path, text)


@scenario("control-crash", crash=1, size_mib=64, max_io_ms=120000)
def control_crash(lab):
    """Nobody starts the agent again; then one that knows of nothing to recover; then an acknowledged write is gone."""
    matrix, cell = CrashMatrix(lab, []), cells.Cell("to-destination", "exchange", "dm.suspend#2", "both")
    matrix.start_load()
    matrix.lead_to("prepared")
    prepared = texts_of(IDENTITIES)
    matrix.back_s = matrix.settles_s = 10
    forbid_restart(True)
    must_fail(lab, "an agent that is not started again", "the agent is back", lambda: matrix.strike(cell))
    lab.expect(lab.host.maps()[lab.map_name()]["suspended"], "the map is not held without agent and guardian", "control")

    true = texts_of([JOURNAL] + IDENTITIES)     # all of it has to fit, or the agent does not even start
    put({**prepared, JOURNAL: without_intent(true[JOURNAL])})
    start_agent(matrix)
    must_fail(lab, "a recovery that did not happen", "is suspended", lambda: matrix.must_agree("prepared", "afterwards"))

    sh("systemctl stop import-agent")
    put(true)
    start_agent(matrix)
    matrix.settles_s = 60
    matrix.must_agree(matrix.state_after(cells.VERBS[cell.verb]), "recovered")

    lose_a_write(lab, matrix)
    matrix.kept["state"] = matrix.work().api.show()["state"]
    matrix.lead_to("none")


def start_agent(matrix):
    forbid_restart(False)
    sh("systemctl reset-failed import-agent", check=False)
    sh("systemctl start import-agent")
    matrix.back_s = 90
    matrix.wait_agent()


def lose_a_write(lab, matrix):
    wait_for("acknowledged writes", lambda: ledger.audit(lab.device())[0] > 20)
    matrix.stop_load()
    acknowledged, found, _ = ledger.audit(lab.device())
    lab.expect(acknowledged == found, "%d of %d acknowledged writes were found" % (found, acknowledged), "control")
    there = ledger.Direct(lab.device(), ledger.BLOCK)
    there.write(bytes(ledger.BLOCK), ledger.OFFSET + 7 * ledger.BLOCK)
    there.close()
    _, found, complaints = ledger.audit(lab.device())
    lab.expect(found == acknowledged - 1 and complaints, "an acknowledged write that is gone was not missed", "control")

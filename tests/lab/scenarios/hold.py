"""The held switch: hold, release to either side, and everything that ends a hold without one. The pause may be as long as
the lease, and no longer; fio sees no error."""
import time

import pairing
from driver import LabImport
from orchestrator import JobFailed, Problem
from scenario import scenario
from util import sh, wait_for

LEASE_MS = 20000  # for the scenarios that end the hold before it ends: emulated, a request may take seconds
SHORT_MS = 5000   # for those in which it ends
LEEWAY_MS = 4000  # emulated: what the release itself takes


def held(lab, lease_ms=LEASE_MS):
    """Load, an import that is prepared, then held towards the destination."""
    lab.fio()
    work = lab.create_import()
    work.map()
    work.prepare()
    hold(lab, work, lease_ms)
    return work


def hold(lab, work, lease_ms):
    lab.hold_begins = time.monotonic()
    with lab.step("hold"):
        work.api.hold("destination", lease_ms)
    if lease_ms > SHORT_MS:     # a short one may have ended by now; then last_hold shows it
        lab.expect(work.api.show()["state"] == "held", "the import is not held")


def release(lab, work, side):
    with lab.step("release to " + side):
        work.api.release(side)


def ended(lab):
    """The hold has just been ended: no I/O may have waited for longer than since it began, however long its lease is."""
    lab.options["max_io_ms"] = (time.monotonic() - lab.hold_begins) * 1000 + LEEWAY_MS


def expect_back(lab, work, outcome):
    """The import is as before the hold, all paths are the source's, and the note says how that came."""
    wait_for("the import is prepared again", lambda: work.api.show()["state"] == "prepared", 180, 0.2)
    work.expect_state("prepared", "Source")
    failed = [line for line in lab.host.kernel_log().splitlines() if "Failing path" in line]
    lab.expect(not failed, "paths of the live map were failed: %s" % failed)
    last = work.api.show()["last_hold"]
    lab.expect(last["outcome"] == outcome, "last_hold says %s, not %s" % (last, outcome))
    work.check_sides()


def leave(work):
    """The host as it was before the import."""
    work.cancel()
    work.delete()


def expect_too_late(lab, work):
    try:
        release(lab, work, "destination")
    except (Problem, JobFailed) as refused:
        lab.expect(refused.code == "lease_expired", "a late release gives %s" % refused.code)
    else:
        lab.fail("expectation", "a late release was accepted")


@scenario("hold-release", core=True, max_io_ms=LEASE_MS + LEEWAY_MS)
def hold_release(lab):
    work = held(lab)
    release(lab, work, "destination")
    ended(lab)
    lab.moved("destination", work.indexes)
    work.expect_state("on_destination", "Destination")
    lab.expect(work.api.show()["last_hold"]["outcome"] == "released", "last_hold does not say released")
    work.check_sides()
    work.copy()
    work.commit()


@scenario("hold-back", max_io_ms=LEASE_MS + LEEWAY_MS)
def hold_back(lab):
    work = held(lab)
    release(lab, work, "source")
    ended(lab)
    expect_back(lab, work, "taken_back")
    work.switch("destination")
    leave(work)


@scenario("hold-lease-ends", max_io_ms=SHORT_MS + LEEWAY_MS)
def hold_lease_ends(lab):
    """The agent notices by itself, and a release that comes too late changes nothing."""
    work = held(lab, SHORT_MS)
    expect_back(lab, work, "lease_expired")
    expect_too_late(lab, work)
    expect_back(lab, work, "lease_expired")
    leave(work)


@scenario("hold-agent-killed", core=True, max_io_ms=LEASE_MS + LEEWAY_MS)
def hold_agent_killed(lab):
    """The guardian releases at once, long before the lease ends; the next agent puts the rest back."""
    work = held(lab, 30000)
    with lab.step("kill"):
        sh("systemctl kill --kill-whom=main -s SIGKILL import-agent")
    name = lab.map_name()
    wait_for("the map is released", lambda: "ACTIVE" in sh("dmsetup info " + name), 15, 0.1)
    ended(lab)
    lab.agent.close()
    wait_for("the agent is back", lambda: pairing.answers(lab.agent), 180, 0.5)
    expect_back(lab, work, "interrupted")
    expect_too_late(lab, work)
    leave(work)


@scenario("hold-orchestrator-gone", max_io_ms=SHORT_MS + LEEWAY_MS)
def hold_orchestrator_gone(lab):
    """It holds, and is never heard of again: the lease ends, with nobody asking the agent for anything."""
    work = held(lab, SHORT_MS)
    lab.agent.close()
    name = lab.map_name()
    wait_for("the map is released", lambda: "ACTIVE" in sh("dmsetup info " + name), 60, 0.1)
    wait_for("multipathd runs again", lambda: sh("systemctl is-active multipathd", check=False).strip() == "active", 180, 0.2)
    expect_back(lab, work, "lease_expired")
    leave(work)


@scenario("hold-power-cut", timeout=600)
def hold_power_cut(lab):
    """Nobody has said that the destination has all the data: the host comes up on the source, by rules alone."""
    if lab.boot == 0:
        fio = lab.fio()
        work = lab.create_import()
        work.map()
        work.prepare()
        fio.stop()      # it could not end while its map is held
        lab.fios.remove(fio)
        with open(lab.device(), "rb", buffering=0):
            hold(lab, work, 30000)
            lab.reboot(power_cut=True)
    work = LabImport.resume(lab)
    work.expect_state("prepared", "Source")
    lab.expect(work.api.show()["last_hold"]["outcome"] == "interrupted", "last_hold does not say interrupted")
    failed = [line for line in sh("journalctl -b -o cat -u import-agent").splitlines() if "switch" in line]
    lab.expect(not failed, "the agent had something to switch after the power cut: %s" % failed)
    work.check_sides()
    lab.fio()
    work.switch("destination")
    leave(work)

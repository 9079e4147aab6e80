"""A host with the build of an older commit (LAB_RELEASED) and imports in every state is upgraded to this tree's build, and reboots.
`make check-upgrade` runs these.

The rule of the product: installer and packages refuse while an import is in progress. Whoever gets past it (`rpm --nopre`,
`make install`) upgrades in the middle of imports all the same, and that must work."""
import contextlib
import json
import os
import signal
import threading

import host
import pairing
from driver import LabImport
from install import WHOLE, call, install, installed, minstall, package_of, refused, refused_during_import
from ledger import BLOCK, Direct, Ledger, audit, packed, unpacked
from matrix_play import alone, forbid_restart
from orchestrator import LOST, Problem
from reboots import both_streams
from scenario import scenario
from stray import SwitchWatch
from util import log, read, sh, wait_for

JOURNAL = "/var/lib/dm-import/journal"
IMPORTS = ("finished", "forgotten", "cancelled", "away", "ready", "coming")     # LUN 0, 1, …
FINISHED, AWAY, READY = (IMPORTS.index(name) for name in ("finished", "away", "ready"))
STATES = {"finished": ("committed", "Destination"), "cancelled": ("cancelled", "Source"), "away": ("on_destination", "Destination"),
          "ready": ("prepared", "Source"), "coming": ("new", "Source")}        # nobody knows of the forgotten one
MARKS_AT = 60 << 20     # behind what fio and the ledger write


# The imports

def create(lab, name):
    return lab.create_import(name, [IMPORTS.index(name)])


def work_of(lab, name):
    return LabImport.resume(lab, name, [IMPORTS.index(name)])


def begin(lab):
    """A clean system, the older build, its first data."""
    lab.kept["names"] = [lab.map_name(lun.index) for lun in lab.source.luns]
    install(lab, "released")
    mark(lab, 0)


def make_finished(lab):
    for name in ("finished", "forgotten"):
        work = create(lab, name)
        work.to_destination()
        work.copy()
        work.commit()
    work.delete()
    cancelled = create(lab, "cancelled")
    cancelled.to_destination()
    cancelled.cancel()


def make_unfinished(lab):
    create(lab, "away").to_destination()
    ready = create(lab, "ready")
    ready.map()
    ready.prepare()
    create(lab, "coming")


# The data

def mark(lab, number):
    """A block on each volume, written when `number` others have been."""
    for lun in lab.source.luns:
        there = Direct(lab.device(lun.index), BLOCK)
        there.write(packed(lun.index, number, BLOCK), MARKS_AT + number * BLOCK)
        there.close()


def marks_missing(lab, count):
    missing = []
    for lun in lab.source.luns:
        there = Direct(lab.device(lun.index), BLOCK)
        missing += ["mark %d of LUN %d" % (number, lun.index) for number in range(count)
                    if unpacked(there.read(MARKS_AT + number * BLOCK)) != (lun.index, number)]
        there.close()
    return missing


def check_marks(lab, count):
    missing = marks_missing(lab, count)
    lab.expect(not missing, "not there: " + ", ".join(missing), "data")
    lab.expect(len(marks_missing(lab, count + 1)) == len(lab.source.luns) + len(missing), "a mark that nobody wrote is not missed", "control")


def check_ledger(lab):
    acknowledged, found, complaints = audit(lab.device(READY))
    lab.expect(acknowledged > 20 and not complaints, "%d of %d acknowledged writes are there: %s" % (
        found, acknowledged, "; ".join(complaints)), "data")


# What an agent says

def newest_records():
    """Of each import, what the journal has of it."""
    entries = [json.loads(line.split(" ", 3)[3]) for line in read(JOURNAL).splitlines()[1:]]
    newest = {entry["import"]: entry for entry in entries}
    return {name: entry["record"] for name, entry in newest.items() if entry["event"] != "forgotten"}


def findings(lab, index):
    said = both_streams("importcli recover_device %s --dry-run --output json" % lab.wwids(index)[0])
    try:
        result = json.loads(said)
    except ValueError:
        return {"state": None, "findings": [said]}
    return {"state": result["state"], "findings": [finding["code"] for finding in result["findings"]]}


def wait_agent(lab):
    lab.agent.close()
    wait_for("the agent answers the orchestrator", lambda: pairing.answers(lab.agent), 120, 0.5)


def reports(lab):
    """All that must be the same whichever build says it."""
    found = {"import " + work["id"]: lab.agent.call("GET", "/imports/" + work["id"]) for work in lab.agent.imports()}
    found.update({"volume " + volume["wwid"]: volume for volume in lab.agent.volumes()})
    found.update({"record " + name: record for name, record in newest_records().items()})
    found.update({"recover_device of LUN %d" % lun.index: findings(lab, lun.index) for lun in lab.source.luns})
    found.update(host.settled_snapshot())
    return found


def reports_of_a_start(lab):
    """Jobs are forgotten when an agent ends: of two builds each is asked when it has just started."""
    sh("systemctl restart import-agent")
    wait_agent(lab)
    return reports(lab)


def differences(before, after):
    return {what: "was %s, is %s" % (before.get(what), after.get(what)) for what in {*before, *after}
            if before.get(what) != after.get(what)}


def must_say_the_same(lab, before):
    wait_agent(lab)
    after = reports(lab)
    for what, how in differences(before, after).items():
        lab.fail("reports", "%s: %s" % (what, how))
    for lun in lab.source.luns:
        said = after["recover_device of LUN %d" % lun.index]
        lab.expect(not said["findings"], "recover_device of LUN %d finds %s" % (lun.index, said["findings"]), "reports")


def wait_idle_maps(lab, names):
    """After a reboot over iSCSI a side that is not the live one may come last."""
    for name in names:
        lun = lab.destination.luns[IMPORTS.index(name)]
        host.wait_map(lun.wwid, len(lun.mapped))


def check_imports(lab):
    """Names, states, sides, as they were made."""
    names = [lab.map_name(lun.index) for lun in lab.source.luns]
    lab.expect(names == lab.kept["names"], "the maps are %s now, not %s" % (names, lab.kept["names"]))
    for lun, name in zip(lab.source.luns, IMPORTS):
        work = work_of(lab, name)
        if name in STATES:
            work.expect_state(*STATES[name])
        work.check_sides()


def upgrade_unasked(lab):
    """By the package manager, but for the package's own question, as `rpm --nopre` does it."""
    tree, package = "/var/tmp/newer", "/var/tmp/newer.deb"
    sh(["dpkg-deb", "--raw-extract", package_of("newer"), tree])
    os.unlink(tree + "/DEBIAN/preinst")
    sh(["dpkg-deb", "-Znone", "--build", tree, package])
    with lab.step("upgrade, unasked"):
        status, said = call(["dpkg", "--force-confold", "--install", package])
    lab.expect(status == 0, "dpkg ended with %d: %s" % (status, said))


@scenario("upgrade-finished", bare=1, released=1, luns=3, size_mib=64, transport="iscsi", timeout=2400)
def upgrade_finished(lab):
    """No import is in progress: the installer upgrades, under load."""
    if lab.boot == 0:
        begin(lab)
        lab.fio(FINISHED)
        make_finished(lab)
        before = reports_of_a_start(lab)
        minstall(lab, "newer", WHOLE[:2])
        installed(lab, "newer")
        must_say_the_same(lab, before)
        check_imports(lab)
        mark(lab, 1)
        lab.reboot()
    check_imports(lab)
    check_marks(lab, 2)
    lab.fio(FINISHED)
    before = reports(lab)
    for name in ("finished", "cancelled"):
        work_of(lab, name).delete()
    found = differences(before, reports(lab))
    lab.expect({"import finished", "record cancelled"} <= set(found), "imports that are gone are not missed: %s" % found, "control")
    sh("importcli idle")


@scenario("upgrade-from-release", bare=1, released=1, luns=6, size_mib=64, transport="iscsi", timeout=3600, max_io_ms=6000)
def upgrade_from_release(lab):
    """Imports in every state, under load: the upgrade is refused, and works; after a reboot the newer build finishes them."""
    if lab.boot == 0:
        begin(lab)
        make_finished(lab)
        for index in (FINISHED, AWAY):
            lab.fio(index, thinktime_us=4000)
        ledger = Ledger(lab.device(READY))
        make_unfinished(lab)
        mark(lab, 1)
        refused_during_import(lab, ("away", "ready", "coming"))
        before = reports_of_a_start(lab)
        upgrade_unasked(lab)
        installed(lab, "newer")
        must_say_the_same(lab, before)
        check_imports(lab)
        mark(lab, 2)
        lab.expect(ledger.alive(), "a write failed: " + ("" if ledger.alive() else ledger.complaint()), "io-error")
        ledger.stop()
        check_ledger(lab)
        lab.reboot()
    check_imports(lab)
    check_marks(lab, 3)
    check_ledger(lab)
    finish_all(lab)
    check_marks(lab, 3)
    check_ledger(lab)


def finish_all(lab):
    for index in (FINISHED, AWAY):
        lab.fio(index, thinktime_us=4000)
    wait_idle_maps(lab, ("away", "ready"))
    away, ready, coming = (work_of(lab, name) for name in ("away", "ready", "coming"))
    away.switch("source")
    away.cancel()
    ready.switch("destination")
    coming.to_destination()
    for work in (ready, coming):
        work.copy()
        work.commit()
    for name in STATES:
        work_of(lab, name).delete()
    lab.expect(not lab.agent.imports(), "imports are left: %s" % lab.agent.imports())
    sh("importcli idle")


# An upgrade that meets a verb which its agent did not end

def switch_unanswered(work):
    with contextlib.suppress(Problem, *LOST):
        alone(work.lab.agent).run(work.api.path + "/switch", {"to": "destination"})


def kill_after_exchange(lab, work):
    """The application is on the destination, and the agent is killed before it has done the rest. Nobody starts it again."""
    slaves = "/sys/block/%s/slaves" % host.maps()[lab.map_name()]["dm"]
    paths, pid = host.disks_of(lab.wwids()[1]), host.main_pid()
    forbid_restart(True)
    asking = threading.Thread(target=switch_unanswered, args=(work,))
    asking.start()
    wait_for("the live map's paths are exchanged", lambda: host.names_in(slaves) == paths, 120, 0.001)
    os.kill(pid, signal.SIGKILL)
    asking.join()
    wait_for("the agent is down", lambda: sh("systemctl is-active import-agent", check=False).strip() in ("failed", "inactive"), 60)
    forbid_restart(False)
    sh("systemctl reset-failed import-agent", check=False)
    doing = newest_records()["torn"]["doing"]
    lab.expect(doing == "to_destination", "the journal says that it is doing " + doing, "staging")


@scenario("upgrade-torn", bare=1, released=1, size_mib=64, transport="iscsi", timeout=2400, max_io_ms=20000)
def upgrade_torn(lab):
    """The older agent dies in a switch's middle; the newer one ends what that began."""
    if lab.boot == 0:
        begin(lab)
        lab.fio()
        work = lab.create_import("torn")
        work.map()
        work.prepare()
        watch = SwitchWatch(work.pairs())
        try:
            kill_after_exchange(lab, work)
            refused(lab, ["dpkg", "-i", package_of("newer")], ("torn",))
            upgrade_unasked(lab)
            sh("systemctl start import-agent")
            wait_agent(lab)
            shown = work.api.show()
        finally:
            counted = watch.stop()
        log("the newer agent made of it: %s on %s" % (shown["state"], shown["active_path"]))
        lab.moved(shown["active_path"].lower(), counted=counted)
        work.expect_state(*{"Source": ("prepared", "Source")}.get(shown["active_path"], ("on_destination", "Destination")))
        installed(lab, "newer")
        lab.expect(not findings(lab, 0)["findings"], "recover_device finds %s" % findings(lab, 0))
        work.check_sides()
        work.switch("destination", again=True)
        mark(lab, 1)
        lab.reboot()
    work = LabImport.resume(lab, "torn")
    work.expect_state("on_destination", "Destination")
    work.check_sides()
    check_marks(lab, 2)
    lab.fio()
    host.wait_map(lab.wwids()[1], 2)
    work.cancel()
    work.delete()

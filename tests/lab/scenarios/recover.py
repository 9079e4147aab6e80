"""recover_device: somebody does things to a device under load, with the agent and without it."""
import glob
import json
import os

import host
from scenario import scenario
from util import read, settle, sh, wait_for


def suspend(names):
    for name in names:
        sh(["dmsetup", "suspend", "--noflush", "--nolockfs", name])


def suspend_live(lab):
    suspend([lab.map_name()])


def suspend_both(lab):
    suspend([lab.map_name(), host.mpath_of(lab.wwids()[1])])


def load_other_table(lab):
    """Whoever resumes the live map now has the application on the other side."""
    table = sh(["dmsetup", "table", host.mpath_of(lab.wwids()[1])]).strip()
    sh(["dmsetup", "load", lab.map_name(), "--table", table])


def stop_multipathd(lab):
    sh("systemctl stop multipathd.socket multipathd.service")


def remove_rules(lab):
    for path in glob.glob("/etc/udev/rules.d/*dm-import*.rules"):
        os.unlink(path)


def remove_rules_and_trigger(lab):
    """udev forgets who the disks are to be; with multipathd running the application would be on the source now."""
    stop_multipathd(lab)
    remove_rules(lab)
    sh("udevadm control --reload")
    sh("udevadm trigger --action=change --sysname-match=sd*")
    settle()


def remove_store(lab):
    os.unlink("/etc/dm-import/identity")


def rename(lab):
    sh(["dmsetup", "rename", lab.map_name(), "somebody-was-here"])
    settle()


def flush_idle(lab):
    host.flush_map(host.mpath_of(lab.wwids()[1]))


DOINGS = (
    (suspend_live, {"map_suspended"}),
    (suspend_both, {"map_suspended"}),
    (load_other_table, {"table_loaded"}),
    (stop_multipathd, {"multipathd_not_running"}),
    (remove_rules, {"identity_files"}),
    (remove_store, {"identity_files"}),
    (remove_rules_and_trigger, {"identity_wrong", "identity_files", "multipathd_not_running"}),
    (rename, {"map_renamed"}),
    (flush_idle, {"map_incomplete"}),
)


def recover(lab, *options):
    """What was found, as codes."""
    result = json.loads(sh(["importcli", "recover_device", lab.wwids()[0], "--output", "json", *options]))
    lab.expect(result["state"] in ("on_destination", "committed"), "the state is " + result["state"])
    return {finding["code"] for finding in result["findings"]}


def what_is_there():
    """All that a dry run must leave alone; states of paths and I/O counts change by themselves."""
    return host.snapshot(), host.maps(), sorted(glob.glob("/run/dm-import/*")), read("/var/lib/dm-import/journal", "")


def at_rest():
    """multipathd may be at work yet on what somebody did."""
    taken = [None]

    def alike():
        taken.append(what_is_there())
        return taken[-1] == taken[-2]
    wait_for("the host stays as it is", alike, 60, 0.5)
    return taken[-1]


def somebody(lab, work, doing, codes):
    """Does it; a dry run reports it and changes nothing, recovering repairs it, and then there is nothing to report."""
    name = lab.map_name()
    with lab.step(doing.__name__):
        doing(lab)
        before = at_rest()
        found = recover(lab, "--dry-run")
        lab.expect(codes <= found, "a dry run finds %s after %s" % (found, doing.__name__), "recovery")
        lab.expect(what_is_there() == before, "a dry run after %s changed something" % doing.__name__, "recovery")
        said = sh(["importcli", "recover_device", lab.wwids()[1][1:]])
        lab.expect(said == "Recovered device successfully!\n", "it said: " + said, "recovery")
    lab.expect(lab.map_name() == name, "the map's name is %s" % lab.map_name(), "recovery")
    lab.expect(len(host.product_rules()) == 4, "the rules are not back", "recovery")
    lab.expect(sh("systemctl is-active multipathd.service", check=False).strip() == "active", "multipathd is down", "recovery")
    work.check_sides()
    wait_for("the idle map", lambda: host.mpath_of(lab.wwids()[1]), 30)
    found = recover(lab)
    lab.expect(not found, "after %s it still finds %s" % (doing.__name__, found), "recovery")


@scenario("recover-by-hand", timeout=2400, max_io_ms=60000)
def recover_by_hand(lab):
    lab.fio()
    work = lab.create_import()
    work.to_destination()
    for doing, codes in DOINGS:
        somebody(lab, work, doing, codes)
    work.copy()
    work.commit()
    lab.source.luns[0].map()
    host.find_lun(lab.wwids()[0], 2)
    settle()
    lab.expect(recover(lab, "--dry-run") == {"disks_left"}, "the source's disks are not found", "recovery")
    recover(lab)
    lab.expect(not host.disks_of(lab.wwids()[0]), "the source's disks are still there", "recovery")
    lab.source.luns[0].unmap()


@scenario("recover-without-agent", core=True, timeout=2400, max_io_ms=60000)
def recover_without_agent(lab):
    """importcli does it itself, and leaves a host that the agent's start finds well."""
    lab.fio()
    work = lab.create_import()
    work.to_destination()
    sh("systemctl stop import-agent")
    for doing, codes in DOINGS:
        somebody(lab, work, doing, codes)
    sh("systemctl start import-agent")
    lab.expect(not recover(lab), "the agent finds something", "recovery")
    work.expect_state("on_destination", "Destination")
    work.copy()
    work.commit()

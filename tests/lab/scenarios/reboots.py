"""Reboots, and LUNs that come back when they should not."""
import os

import host
from driver import LabImport
from scenario import scenario
from util import read, settle, sh, wait_for, write

STORE = "/etc/dm-import/identity"
RULES = ["/etc/udev/rules.d/%s-dm-import.rules" % place for place in ("11", "55-z", "61", "99-zz")]


def behind_multipathd(lab):
    """The agent's unit is in no order with multipathd's; what both are in order with brings it behind, at boot."""
    multipathd = sh("systemctl show --property=ActiveEnterTimestampMonotonic --value multipathd")
    agent = sh("systemctl show --property=ExecMainStartTimestampMonotonic --value import-agent")
    lab.expect(0 < int(multipathd) <= int(agent), "multipathd was up at %s us, the agent started at %s" % (multipathd, agent))


@scenario("reboot-on-destination", core=True, size_mib=160, timeout=1500)
def reboot_on_destination(lab):
    """Same names, same side, the file system mounted from fstab without nofail; then on to cutover."""
    if lab.boot == 0:
        volume = lab.mounted("ext4")
        lab.kept["name"] = lab.map_name()
        lab.fio(filename=volume.dir + "/file")
        work = lab.create_import()
        work.to_destination()
        lab.reboot()
    behind_multipathd(lab)
    volume = lab.remounted("ext4")
    lab.expect(lab.map_name() == lab.kept["name"], "the map is %s now" % lab.map_name())
    work = LabImport.resume(lab)
    work.expect_state("on_destination", "Destination")
    work.check_sides()
    lab.fio(filename=volume.dir + "/file")
    work.copy()
    work.commit()


@scenario("reboot-power-cut", core=True, timeout=1500)
def reboot_power_cut(lab):
    """Power goes away while the import is on the destination; after it, back to the source by cancel."""
    if lab.boot == 0:
        lab.kept["name"] = lab.map_name()
        lab.fio()
        work = lab.create_import()
        work.to_destination()
        lab.reboot(power_cut=True)
    lab.expect(lab.map_name() == lab.kept["name"], "the map is %s now" % lab.map_name())
    work = LabImport.resume(lab)
    work.expect_state("on_destination", "Destination")
    work.check_sides()
    lab.fio()
    work.cancel()
    work.delete()


def quarantined(lab):
    """The retired source LUN is on the host again: in no live map, with no links of the live map's."""
    source, destination = lab.wwids()
    paths = wait_for("source disks on the host", lambda: len(host.disks_of(source)) == 2 and host.disks_of(source))
    settle()
    host.ask_multipathd("reconfigure")
    host.wait_multipathd()
    settle()
    live = host.maps()[host.mpath_of(source)]
    for path in paths:
        lab.expect(path not in live["slaves"], "%s of the retired source is a path of the live map" % path, "path-identity")
        lab.expect(host.udev_property(path, "ID_SERIAL") != source, "%s presents the live WWID" % path, "quarantine")
        lab.expect(host.udev_property(path, "SYSTEMD_READY") == "0", "%s is ready for systemd" % path, "quarantine")
    lab.expect({host.disks()[path]["wwid"] for path in live["slaves"]} == {destination},
               "the live map is not on the destination alone", "path-identity")


def retire_again(lab):
    """Takes the LUN away as an administrator would, with whatever map was made of it."""
    source = lab.wwids()[0]
    for name, found in host.maps().items():
        if set(found["slaves"]) & set(host.disks_of(source)):
            host.flush_map(name)
    lab.source.luns[0].unmap()
    wait_for("source disks gone", lambda: not host.disks_of(source))


@scenario("source-returns", timeout=1800)
def source_returns(lab):
    """After cutover the source LUN is mapped again by mistake, and stays mapped over a reboot."""
    if lab.boot == 0:
        lab.fio()
        work = lab.create_import()
        work.to_destination()
        work.copy()
        work.commit()
        lab.source.luns[0].map()
        host.rescan()
        quarantined(lab)
        lab.reboot()
    lab.fio()
    quarantined(lab)
    retire_again(lab)


def damage(path):
    """One bit is another, in the middle of the file, and durably so."""
    text = bytearray(read(path).encode())
    text[len(text) // 2] ^= 1
    with open(path, "wb") as file:
        file.write(text)


def on_destination_when_damaged(lab, gone=(), damaged=()):
    """The import is on the destination, its files suffer, and the power goes away."""
    lab.kept["name"] = lab.map_name()
    lab.fio()
    lab.create_import(indexes=[0]).to_destination()
    for path in gone:
        os.unlink(path)
    for path in damaged:
        damage(path)
    os.sync()
    lab.reboot(power_cut=True)


def both_streams(command):
    return sh(["sh", "-c", command + " 2>&1"], check=False)


def told_at_boot(lab, text):
    said = sh("journalctl -b --no-pager -o cat -u dm-import-boot.service", check=False)
    lab.expect(text in said, "the check at boot said: " + said)


def still_on_destination(lab):
    lab.expect(lab.map_name() == lab.kept["name"], "the map is %s now" % lab.map_name())
    work = LabImport.resume(lab, indexes=[0])
    work.expect_state("on_destination", "Destination")
    work.check_sides()
    lab.expect(len(host.product_rules()) == 4 and not host.names_in("/run/udev/rules.d"),
               "rules after the agent's start: %s" % sorted(host.product_rules()))
    return work


@scenario("reboot-rules-lost", timeout=1500)
def reboot_rules_lost(lab):
    """Two rule files are gone and the others damaged: they are made again from the store, before udev starts."""
    if lab.boot == 0:
        on_destination_when_damaged(lab, gone=RULES[:2], damaged=RULES[2:])
    told_at_boot(lab, "written again from the identity store")
    work = still_on_destination(lab)
    lab.fio()
    work.cancel()
    work.delete()


@scenario("reboot-store-damaged", core=True, timeout=1500)
def reboot_store_damaged(lab):
    """The rules are whole and stay in force; the agent refuses to work until recover_device has put the store back."""
    if lab.boot == 0:
        on_destination_when_damaged(lab, damaged=[STORE])
    lab.expect(lab.map_name() == lab.kept["name"], "the map is %s now" % lab.map_name())
    told_at_boot(lab, STORE)
    lab.fio()
    refused = both_streams("importcli status")
    lab.expect(STORE in refused and "rules are intact" in refused, "importcli status said: " + refused)
    recover = "importcli recover_device %s " % lab.wwids(0)[0]
    found = both_streams(recover + "--dry-run")
    lab.expect("identity_files " + STORE in found and "rules are intact" in found, "a dry run found: " + found)
    lab.expect("Recovered device successfully!" in both_streams(recover), "recover_device did not succeed")
    sh("systemctl start import-agent")
    work = still_on_destination(lab)
    work.cancel()
    work.delete()


def stays_down(lab):
    """Neither LUN of pair 0 is in a map or of use to anybody; nothing of the kind happened to LUN 1."""
    settle()
    pair = set(lab.wwids(0))
    found = {name: disk for name, disk in host.disks().items() if disk["wwid"] in pair}
    lab.expect(len(found) == 4, "the pair has the disks %s" % sorted(found))
    for name, disk in found.items():
        lab.expect(not disk["holders"], "%s is held by %s" % (name, disk["holders"]), "stays-down")
        lab.expect(host.udev_property(name, "SYSTEMD_READY") == "0", name + " is ready for systemd", "stays-down")
    for name, found in host.maps().items():
        lab.expect(not any(wwid in found["uuid"] for wwid in pair), "there is map " + name, "stays-down")
    links = [link for link in sh("ls -l /dev/disk/by-id", check=False).splitlines()
             if any(wwid[1:] in link for wwid in pair)]
    lab.expect(not links, "links: %s" % links, "stays-down")
    lab.host.wait_node(lab.host.wait_map(lab.wwids(1)[0], 2))


@scenario("reboot-all-damaged", luns=2, timeout=1800)
def reboot_all_damaged(lab):
    """Nothing is whole: the pair stays down, the other LUN does not. Records written by hand bring it back."""
    if lab.boot == 0:
        lab.kept["down"] = [0]
        on_destination_when_damaged(lab, damaged=[STORE] + RULES)
    if lab.boot == 1:
        stays_down(lab)
        told_at_boot(lab, "stay down")
        said = both_streams("importcli status")
        lab.expect(STORE in said, "this does not name the store: " + said)
        wait_for("the unit's status names the store",       # between two starts it does not
                 lambda: STORE in both_streams("systemctl status --no-pager import-agent"), 60)
        told = both_streams("importcli recover_device " + lab.wwids(0)[0])
        lab.expect("store_damaged " + STORE in told, "recover_device said: " + told)
        stays_down(lab)
        write("/root/records", "pair lab %s %s exchanged 1\n" % lab.wwids(0))
        sh("import-boot restore /root/records")
        lab.kept["down"] = []
        lab.reboot()
    work = still_on_destination(lab)
    lab.fio()
    work.cancel()
    work.delete()


def assemble_without_rules(lab):
    """As an initramfs that knows nothing of the pair: each map of the LUN of its name, by what udev says without us."""
    for unit in "import-agent.service", "multipathd.socket", "multipathd.service":
        sh("systemctl stop " + unit)
    for name, found in host.maps().items():
        if found["mpath"]:
            sh("dmsetup remove --retry " + name)
    texts = {path: read(path) for path in RULES}
    for path in RULES:
        os.unlink(path)
    look_at_disks()
    sh("multipath")
    settle()
    for path, text in texts.items():
        write(path, text)
    sh("udevadm control --reload")
    disks = host.disks()
    for wwid in lab.wwids():
        carried = {disks[path]["wwid"] for path in host.maps()[host.mpath_of(wwid)]["slaves"]}
        lab.expect(carried == {wwid}, "the map of %s has paths of %s" % (wwid, carried), "staging")


def look_at_disks():
    sh("udevadm control --reload")
    sh("udevadm trigger --action=change --subsystem-match=block --sysname-match=sd*")
    settle()


@scenario("initramfs-knows-no-pair")
def initramfs_knows_no_pair(lab):
    """Maps and udev's database are as an old initramfs leaves them; what runs before multipathd puts them right."""
    lab.kept["name"] = lab.map_name()
    lab.fio()
    lab.create_import().to_destination()
    lab.stop_applications()
    assemble_without_rules(lab)
    said = both_streams("import-boot maps")
    lab.expect(said.count("builds it again") == 2, "import-boot said: " + said)
    lab.expect(not [name for name, found in host.maps().items() if found["mpath"]], "maps are left: %s" % host.maps())
    for unit in "multipathd.socket", "multipathd.service", "import-agent.service":
        sh("systemctl start " + unit)
    host.wait_node(host.wait_map(lab.wwids()[0], 2))
    work = still_on_destination(lab)
    lab.fio()
    work.cancel()
    work.delete()

"""The destination shows the source's content from its first scan on, and nobody may ever see it."""
import glob
import os
import re
import subprocess
import threading
import time

import host
from driver import LabImport
from scenario import RESULTS, scenario
from util import read, settle, sh, wait_for


class Watch:
    """Samples all the time what of these disks, and of the map made of them, is visible to others: udev's
    events, links in /dev/disk, mounts, and holders other than their own map."""

    LINKS = ("by-uuid", "by-label", "by-partuuid", "by-partlabel")

    def __init__(self, lab, true_wwid):
        self.lab, self.true_wwid, self.seen, self.samples = lab, true_wwid, set(), 0
        self.devices = set()
        self.log = RESULTS + "/udev-monitor.log"
        self.monitor = subprocess.Popen(["udevadm", "monitor", "--udev", "--property", "--subsystem-match=block"],
                                        stdout=open(self.log, "w"))
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.stopped.wait(0.3):
                self.sample()
        except Exception as error:      # a watch that ended early has not seen everything
            self.seen.add("the watch failed: %r" % error)

    def hidden_devices(self):
        """The destination's disks, and any dm device on them now."""
        disks = {name for name, disk in host.disks().items() if disk["wwid"] == self.true_wwid}
        maps = {found["dm"] for found in host.maps().values() if disks & set(found["slaves"])}
        return disks, maps

    def sample(self):
        disks, maps = self.hidden_devices()
        live = {host.maps()[name]["dm"] for name in [host.mpath_of(self.lab.wwids()[0])] if name}
        self.samples += bool(disks)
        self.devices |= disks
        hidden = disks | (maps - live)
        for link in (path for kind in self.LINKS for path in glob.glob("/dev/disk/%s/*" % kind)):
            target = os.path.basename(os.path.realpath(link))
            if target in hidden or re.sub(r"\d+$", "", target) in disks:
                self.seen.add("link %s leads to %s" % (link, target))
        for device in hidden:
            for holder in glob.glob("/sys/block/%s/holders/*" % device):
                if not held_by_multipath(holder):
                    self.seen.add("%s is held by %s" % (device, os.path.basename(holder)))

    def stop(self):
        """Ends sampling and reports all that was visible."""
        self.stopped.set()
        self.thread.join()
        self.monitor.terminate()
        self.monitor.wait()
        self.from_udev_log()
        self.lab.expect(self.samples > 0, "the destination was never there to be seen")
        for what in sorted(self.seen):
            self.lab.fail("visible", what)

    def from_udev_log(self):
        """No event of a destination disk may have offered a file system or been ready for systemd."""
        for event in read(self.log).split("\n\n"):
            properties = dict(line.split("=", 1) for line in event.splitlines() if "=" in line)
            if os.path.basename(properties.get("DEVNAME", "")) not in self.devices:
                continue
            if properties.get("ACTION") == "remove":
                continue
            for kind in self.LINKS:
                if kind in properties.get("DEVLINKS", ""):
                    self.seen.add("event %s of %s: %s" % (
                        properties["ACTION"], properties["DEVNAME"], properties["DEVLINKS"]))
            if properties.get("SYSTEMD_READY", "1") != "0":
                self.seen.add("event %s of %s: ready for systemd" % (properties["ACTION"], properties["DEVNAME"]))


def held_by_multipath(holder):
    """Whether this link in a disk's holders leads to a multipath map, or to nothing any more. The kernel makes the link
    before it shows the map's UUID, and removes the UUID before the link: so a holder is polled for a while."""
    for _ in range(20):
        uuid = read(holder + "/dm/uuid", "")
        if uuid or not os.path.exists(holder):
            return not uuid or uuid.startswith("mpath-")
        time.sleep(0.1)
    return False


@scenario("hidden-destination", core=True, size_mib=160, timeout=1500)
def hidden_destination(lab):
    volume = lab.mounted("ext4")
    lab.fio(filename=volume.dir + "/file")
    work = lab.create_import()
    watch = Watch(lab, lab.wwids()[1])
    try:
        work.map()
        work.prepare()
        scans(lab, volume)
        work.switch("destination")
        watch.true_wwid = lab.wwids()[0]        # the source is the hidden one from now on
        scans(lab, volume)
        work.copy()
        work.commit()
    finally:
        watch.stop()


@scenario("hidden-lvm-whole-map", size_mib=160, timeout=1500)
def hidden_lvm_whole_map(lab):
    """A physical volume on the map itself: the hidden map shows the same one, and LVM must never find two. LVM
    refuses to change or activate a volume group that it finds twice, so it is asked to, on both sides, over a reboot."""
    if lab.boot == 0:
        volume = lab.mounted("ext4", whole=True)
        lab.fio(filename=volume.dir + "/file")
        work = lab.create_import()
        work.map()
        work.prepare()
        scans(lab, volume)
        change_volume_group()
        work.switch("destination")
        scans(lab, volume)
        change_volume_group()
        lab.reboot()
    volume = lab.remounted("ext4")
    work = LabImport.resume(lab)
    work.check_sides()
    scans(lab, volume)
    change_volume_group()
    lab.fio(filename=volume.dir + "/file")
    work.copy()
    work.commit()


def change_volume_group():
    sh(["lvcreate", "-qq", "-y", "-l", "1", "-n", "more", "labvg"])
    settle()        # devices that udev is processing are in use
    sh(["lvremove", "-qq", "-y", "labvg/more"])


def scans(lab, volume):
    """What administrators and services run at any time must find the live volume only."""
    sh("udevadm trigger --action=change --subsystem-match=block")
    settle()
    pvs = [line.strip() for line in sh(["sh", "-c", "pvs --noheadings -o pv_name 2>&1"]).splitlines() if line.strip()]
    lab.expect(len(pvs) == 1 and lab.map_name() in pvs[0], "LVM sees %s" % pvs, "visible")
    idle = host.maps()[host.mpath_of(lab.wwids()[1])]["dm"]
    lab.expect(not os.path.exists("/dev/" + idle), "the hidden map has a node, /dev/" + idle, "visible")
    said = sh(["blkid", "-U", volume.uuid]).strip()
    lab.expect(os.path.realpath(said) == os.path.realpath(volume.lv), "the UUID leads to " + said, "visible")


def stranger_holds(wwid, watch):
    """A map of somebody else's, without a UUID, on the hidden one: the watch must name it."""
    sh(["dmsetup", "create", "stranger", "--table", "0 8 linear /dev/mapper/%s 0" % host.mpath_of(wwid)])
    wait_for("the watch to see the holder", lambda: any("is held by" in what for what in list(watch.seen)))
    sh(["dmsetup", "remove", "--retry", "stranger"])


@scenario("control-visible", product=False, expect="visible")
def control_visible(lab):
    """Without hiding, the watch must see it: the destination is mapped with nobody caring."""
    volume = lab.mounted("ext4")
    watch = Watch(lab, lab.wwids()[1])
    lab.destination.map()
    host.wait_map(lab.wwids()[1], 2)
    settle()
    wait_for("a sample of the watch", lambda: watch.samples)
    stranger_holds(lab.wwids()[1], watch)
    for name, found in host.maps().items():
        if set(found["slaves"]) & set(host.disks_of(lab.wwids()[1])):
            host.flush_map(name)
    lab.destination.unmap()
    watch.stop()

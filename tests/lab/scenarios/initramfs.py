"""Boots through an initramfs that the host has made itself, with Debian's multipath in it, from LUNs that are there when it runs."""
import os
import shutil
from dataclasses import dataclass

import host
from driver import LabImport
from scenario import scenario
from util import read, sh, wait_for, write

KNOWN = "/var/lib/dm-import/initramfs"      # the pairs that the initramfs knows
SEEN = "/run/initramfs/lab-seen"            # rootfs/etc/initramfs-tools/scripts/local-bottom/lab
OLD = "/root/initramfs-without-pairs"


def initramfs():
    return "/boot/initrd.img-" + os.uname().release


@dataclass
class Maker:
    """What makes an initramfs, as an administrator calls it."""
    packages: str       # in /var/cache/packages
    instead_of: str     # the package that it cannot be installed beside
    make: str
    contents: str


INITRAMFS_TOOLS = Maker("initramfs-tools", "dracut", "update-initramfs -c -k %s", "lsinitramfs %s")
DRACUT = Maker("dracut", "initramfs-tools", "dracut --force --kver %s", "lsinitrd %s")


def install_multipath_in_initramfs(maker):
    """As an administrator: the packages, and the kernel's first initramfs. There is no pair yet."""
    sh("dpkg --purge --force-depends " + maker.instead_of)
    sh(["sh", "-c", "dpkg -i /var/cache/packages/%s/*.deb" % maker.packages], timeout=900)
    write("/boot/vmlinuz-" + os.uname().release, "")    # update-initramfs takes no kernel for installed without it
    sh(maker.make % os.uname().release, timeout=900)
    shutil.copy(initramfs(), OLD)


def wait_initramfs_knows(lab, maker):
    """The initramfs is made anew in the background when a pair has come."""
    source, destination = lab.wwids()
    wait_for("an initramfs that knows the pair", lambda: source in read(KNOWN, "") and destination in read(KNOWN, ""), 900, 1)
    before, now = os.stat(OLD), os.stat(initramfs())
    lab.expect(now.st_mtime > before.st_mtime, "the initramfs is still the one of before")
    lab.expect(not sh(maker.contents % OLD).count("dm-import_boot.rules"), "the first initramfs knows a pair", "staging")
    lab.expect(sh(maker.contents % initramfs()).count("dm-import_boot.rules") == 4, "not all rules are in the initramfs")


def assembled(lab):
    """WWID in the name of each multipath map that this boot's initramfs made -> the LUNs that its paths truly were."""
    words = [line.split() for line in read(SEEN).splitlines()]
    disks = {word[1]: word[2].replace("naa.", "3") for word in words if word[0] == "disk"}
    lab.expect(set(disks.values()) >= {*lab.wwids(0), lab.wwids(1)[0]}, "the initramfs had the disks %s" % disks, "staging")
    return {word[1].partition("mpath-")[2]: {disks[path] for path in word[2:]} for word in words if word[0] == "map"}


def on_destination(lab):
    lab.expect(lab.map_name() == lab.kept["name"], "the map is %s now" % lab.map_name())
    work = LabImport.resume(lab, indexes=[0])
    work.expect_state("on_destination", "Destination")
    work.check_sides()
    return work


def boots(lab, maker):
    """An import's LUNs stay down in an initramfs that knows of it, and the other LUN does not. One that is older than the import
    assembles the source under its own name, with its old content: before multipathd starts, that is put right. It ends in a
    cutover: QEMU's LUNs cannot be unmapped, as the destination must be behind a cancel."""
    source, other = lab.wwids(0)[0], lab.wwids(1)[0]
    if lab.boot == 0:
        lab.kept["name"] = lab.map_name()
        install_multipath_in_initramfs(maker)
        lab.fio()
        work = lab.create_import(indexes=[0])
        work.map()
        work.prepare()
        wait_initramfs_knows(lab, maker)
        work.switch("destination")
        lab.reboot(power_cut=True)
    made = assembled(lab)
    lab.expect(made.get(other) == {other}, "multipath in the initramfs made %s" % made, "staging")
    if lab.boot == 1:
        lab.expect(set(made) == {other}, "the initramfs assembled %s" % made)
        on_destination(lab)
        lab.fio()
        shutil.copy(OLD, initramfs())
        lab.reboot()
    lab.expect(made.get(source) == {source}, "the old initramfs made %s" % made, "staging")
    said = sh("journalctl -b --no-pager -o cat -u dm-import-maps.service")
    lab.expect("builds it again" in said, "the check of maps said: " + said)
    work = on_destination(lab)
    lab.fio()
    work.commit()


@scenario("reboot-initramfs", qemu_luns=1, luns=2, timeout=3600)
def reboot_initramfs(lab):
    boots(lab, INITRAMFS_TOOLS)


@scenario("reboot-initramfs-dracut", qemu_luns=1, luns=2, timeout=3600)
def reboot_initramfs_dracut(lab):
    """As on RHEL and SLES: systemd and multipathd run in the initramfs."""
    boots(lab, DRACUT)

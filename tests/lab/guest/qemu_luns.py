"""LUNs that are there before any of the lab's code runs, in the host's own initramfs too: QEMU's SCSI disks behind two adapters
(lib/qemu_luns.sh). A target number is a LUN of one array; the destination's has the source's medium, as one that forwards.
What an array maps later is not mapped for the host: its disks are deleted before udev looks, and a scan finds them."""
import glob
import os

from util import read, sh, wait_for, write

TARGETS = {"source": 0, "destination": 8}       # as in lib/qemu_luns.sh; and the LUN's index


def naa(side, index):
    return "5000c500%08d" % (TARGETS[side] + index)


def start():
    sh("modprobe virtio_scsi")


def adapter(number):
    """The SCSI host of this path: hosts are numbered in the order of the adapters."""
    hosts = sorted(int(path.split("host")[-1]) for path in glob.glob("/sys/class/scsi_host/host*")
                   if read(path + "/proc_name") == "virtio_scsi")
    return hosts[number]


def address(lun, number):
    return adapter(number), TARGETS[lun.array.side] + lun.index


def device(lun, number):
    return "/sys/bus/scsi/devices/%d:0:%d:0" % address(lun, number)


def find(lun, number):
    host, target = address(lun, number)
    write("/sys/class/scsi_host/host%d/scan" % host, "0 %d 0" % target)
    wait_for("the disk of %s" % lun.wwid, lambda: glob.glob(device(lun, number) + "/block/sd*"))


def forget(lun, number):
    """The scan at the adapter's start is over when the module is loaded."""
    if os.path.exists(device(lun, number)):
        write(device(lun, number) + "/delete", "1")


def write_stat(lun):
    """(requests, sectors) that were written through the LUN's disks as they are now."""
    fields = [read(path).split() for port in lun.array.ports for path in glob.glob(device(lun, port.number) + "/block/sd*/stat")]
    return sum(int(words[4]) for words in fields), sum(int(words[6]) for words in fields)

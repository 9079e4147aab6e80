"""The arrays as one host of a cluster sees them: which LUNs are mapped to it, and what it wrote, by its initiator name.

LIO's own counters are in MiB. So the kernel counts every completed write, by initiator and LUN number, in a histogram
of LIO's trace event; the two arrays' LUN numbers differ, so that it distinguishes their LUNs."""
import os
import re

from util import read, sh, write

TRACING = "/sys/kernel/tracing"
EVENT = TRACING + "/events/target/target_cmd_complete"
WRITES = (0x0a, 0x2a, 0x2e, 0x41, 0x42, 0x89, 0x8a, 0x8e, 0x93, 0xaa)   # WRITE, AND VERIFY, SAME, UNMAP, COMPARE AND
FIRST_LUN = {"source": 0, "destination": 100}


def count_writes():
    """Begins to count, once."""
    if not os.path.exists(EVENT):
        sh("mount -t tracefs tracefs " + TRACING)
    if "initiator" not in read(EVENT + "/hist", ""):
        written = " || ".join("opcode == %d" % code for code in WRITES)
        write(EVENT + "/trigger", "hist:keys=initiator,unpacked_lun:vals=data_length if scsi_status == 0 && (%s)" % written)


def written(initiator, number):
    """(requests, sectors) that this initiator has written to the LUN of this number."""
    for line in read(EVENT + "/hist").splitlines():
        found = re.match(r"{ initiator: (\S+) *, unpacked_lun: *(\d+) } hitcount: *(\d+) +data_length: *(\d+)", line)
        if found and found.group(1) == initiator and int(found.group(2)) == number:
            return int(found.group(3)), int(found.group(4)) // 512
    return 0, 0


class PresentedLun:
    """A LUN as one host sees it; everything else is the LUN's own."""

    def __init__(self, lun, initiator):
        self.lun, self.initiator, self.mapped = lun, initiator, []
        self.number = FIRST_LUN[lun.array.side] + lun.index

    def __getattr__(self, name):
        return getattr(self.lun, name)

    def path(self, port):
        return "%s/acls/%s/lun_%d" % (port.dir, self.initiator, self.number)

    def map(self, ports=None):
        """Maps the LUN to this host, through all ports or those numbered."""
        for number in range(self.array.port_count) if ports is None else ports:
            port = self.array.ports[number]
            port.map(self.lun)
            if number not in self.mapped:
                os.mkdir(self.path(port))
                os.symlink(port.lun_dir(self.lun), self.path(port) + "/lun")
                self.mapped.append(number)

    def unmap(self, ports=None):
        for number in list(self.mapped) if ports is None else ports:
            path = self.path(self.array.ports[number])
            os.unlink(path + "/lun")
            os.rmdir(path)
            self.mapped.remove(number)

    def write_stat(self):
        return written(self.initiator, self.number)


class PresentedArray:
    """An array as one host sees it."""

    def __init__(self, array, initiator):
        self.array, self.initiator = array, initiator
        self.luns = [PresentedLun(lun, initiator) for lun in array.luns]

    def __getattr__(self, name):
        return getattr(self.array, name)

    def map(self):
        for lun in self.luns:
            lun.map()

    def unmap(self):
        for lun in self.luns:
            lun.unmap()


class PresentedArrays:
    def __init__(self, arrays, initiator):
        self.source = PresentedArray(arrays.source, initiator)
        self.destination = PresentedArray(arrays.destination, initiator)
        self.source.map()

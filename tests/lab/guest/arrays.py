"""The two arrays, made of the kernel's LIO target through configfs.

An array has ports (one target, one nexus, one path each; tcm_loop or iSCSI) and LUNs. A LUN is on
a dm device on the array's disk, so that the destination's can really import: pass-through (the source's
disk), copying with forwarding (a mirror of both disks), finished (the new disk). What the arrays are is
kept in a file, and built again from it at every boot, before the host scans."""
import json
import os

import qemu_luns
import tgt
from util import read, sh, wait_for, write, write_durably
from vm import steady

TARGET = "/sys/kernel/config/target"
DISK = "/dev/loop0" if steady() else "/dev/vde"
STATE = "/var/lib/lab/arrays.json"
APTPL = "/var/target/pr"    # without it LIO carries out a PR OUT and then says NOT READY
MIB = 2048      # sectors
FIRST = 16 * MIB
ACTIVE_OPTIMIZED, ACTIVE_NON_OPTIMIZED = 0, 1

PROFILES = {
    "source": {"vendor": "DGC", "product": "VRAID", "digit": "1",
               "naa": "naa.50060160%08d", "iqn": "iqn.1992-04.com.emc:cx.lab"},
    "destination": {"vendor": "DellEMC", "product": "PowerStore", "digit": "2",
                    "naa": "naa.58ccf090%08d", "iqn": "iqn.2015-10.com.dell:dellemc-powerstore-lab"},
}


def make(path):
    os.makedirs(path, exist_ok=True)


class Port:
    """One target port of an array, with its own nexus: one path to every LUN that is mapped through it."""

    def __init__(self, array, number):
        self.array, self.number = array, number
        profile = PROFILES[array.side]
        if array.transport == "iscsi":
            self.address = "%s.%d.%d" % (array.network, 1 if array.side == "source" else 2, number + 1)
            self.portal = self.address + ":3260"
            self.dir = "%s/iscsi/%s/tpgt_%d" % (TARGET, array.iqn, number + 1)
        else:
            self.dir = "%s/loopback/%s/tpgt_1" % (TARGET, profile["naa"] % (number + 1))

    def build(self):
        make(self.dir)
        if self.array.transport == "iscsi":
            for name, value in (("generate_node_acls", int(not self.array.initiators)), ("authentication", 0),
                                ("demo_mode_write_protect", 0), ("cache_dynamic_acls", 1)):
                write("%s/attrib/%s" % (self.dir, name), str(value))
            for initiator in self.array.initiators:
                make("%s/acls/%s" % (self.dir, initiator))
            if self.array.initiators:
                sh("ip address replace %s/32 dev lo" % self.address)
            make("%s/np/%s" % (self.dir, self.portal))
            write(self.dir + "/enable", "1")
        else:
            nexus = "naa.6001405%d%08d" % (self.array.side == "destination", self.number + 1)
            write(self.dir + "/nexus", nexus)

    def lun_dir(self, lun):
        return "%s/lun/lun_%d" % (self.dir, lun.index)

    def map(self, lun):
        if os.path.lexists(self.lun_dir(lun) + "/port"):
            return
        make(self.lun_dir(lun))
        os.symlink(lun.backstore, self.lun_dir(lun) + "/port")
        group = lun.group_of(self.number)
        if group:
            write(self.lun_dir(lun) + "/alua_tg_pt_gp", group)

    def unmap(self, lun):
        if os.path.lexists(self.lun_dir(lun) + "/port"):
            os.unlink(self.lun_dir(lun) + "/port")
            os.rmdir(self.lun_dir(lun))

    def set_online(self, online):
        """Takes the port off the fabric: commands fail as they do when a cable is pulled."""
        write(self.dir + "/transport_status", "online" if online else "offline")


class TgtPort(Port):
    """A portal of tgtd, which has each LUN at all of them: the first speaks for all."""

    def build(self):
        if self.number == 0:
            tgt.start(self.array.iqn, [port.portal for port in self.array.ports])

    def map(self, lun):
        if self.number == 0 and not tgt.has(lun):
            profile = PROFILES[self.array.side]
            tgt.map_lun(lun, "/dev/mapper/" + lun.dm_name, profile["vendor"], profile["product"])

    def unmap(self, lun):
        if self.number == 0 and tgt.has(lun):
            tgt.unmap_lun(lun)


class QemuPort(Port):
    """One of QEMU's adapters, with its LUNs behind it."""

    def build(self):
        qemu_luns.start()

    def map(self, lun):
        qemu_luns.find(lun, self.number)

    def unmap(self, lun):
        qemu_luns.forget(lun, self.number)


class Lun:
    """One LUN: its dm device on the array's disk, its backstore, and the ports it is mapped through."""

    def __init__(self, array, index, table, options):
        self.array, self.index, self.table, self.options = array, index, table, options
        self.mapped = []
        self.dm_name = "arr-%s-%d" % (array.side, index)
        self.kind = "fileio" if options.get("block_size", 512) != 512 else "iblock"
        self.backstore = "%s/core/%s_0/%s" % (TARGET, self.kind, self.dm_name)
        digit = PROFILES[array.side]["digit"]
        self.serial = "%s-%04x-4111-8111-%s" % (digit * 8, index, digit * 12)

    @property
    def naa(self):
        return "6001405" + self.serial.replace("-", "")[:25]

    @property
    def wwid(self):
        return "3" + self.naa

    @property
    def sectors(self):
        return int(self.table.split()[1])

    def group_of(self, port_number):
        """With ALUA the second half of the ports is not optimized."""
        half = self.array.port_count // 2
        return "nonopt" if self.array.alua and port_number >= half else None

    def build(self):
        if not os.path.exists("/dev/mapper/" + self.dm_name):
            sh(["dmsetup", "create", self.dm_name, "--table", self.table])
        if not self.array.tgt:
            self.build_backstore()
        for number in self.mapped:
            self.array.ports[number].map(self)

    def build_backstore(self):
        make(self.backstore)
        device = "/dev/mapper/" + self.dm_name
        if self.kind == "iblock":
            write(self.backstore + "/control", "udev_path=" + device)
        else:
            write(self.backstore + "/control", "fd_dev_name=%s,fd_dev_size=%d" % (device, self.sectors * 512))
        write(self.backstore + "/enable", "1")
        profile = PROFILES[self.array.side]
        write(self.backstore + "/wwn/vendor_id", profile["vendor"])
        write(self.backstore + "/wwn/product_id", profile["product"])
        write(self.backstore + "/wwn/vpd_unit_serial", self.serial)
        for name, value in self.options.items():
            write("%s/attrib/%s" % (self.backstore, name), str(value))
        if self.array.alua:
            group = self.backstore + "/alua/nonopt"
            make(group)
            write(group + "/tg_pt_gp_id", "1")
            write(group + "/alua_access_state", str(ACTIVE_NON_OPTIMIZED))

    def map(self, ports=None):
        """Maps the LUN to the host, through all ports or those numbered."""
        for number in range(self.array.port_count) if ports is None else ports:
            self.array.ports[number].map(self)
            if number not in self.mapped:
                self.mapped.append(number)
        self.array.arrays.save()

    def unmap(self, ports=None):
        for number in list(self.mapped) if ports is None else ports:
            self.array.ports[number].unmap(self)
            if number in self.mapped:
                self.mapped.remove(number)
        self.array.arrays.save()

    def load(self, table):
        """Exchanges the LUN's backing device; the host sees commands that take a little longer."""
        sh(["dmsetup", "load", self.dm_name, "--table", table])
        sh(["dmsetup", "resume", self.dm_name])
        self.table = table
        self.array.arrays.save()

    def write_stat(self):
        """(requests, sectors) that were written through this LUN by the host, never by the copy."""
        node = os.path.basename(os.path.realpath("/dev/mapper/" + self.dm_name))
        fields = [int(word) for word in read("/sys/block/%s/stat" % node).split()]
        return fields[4] + fields[11], fields[6] + fields[13]


class SourceLun(Lun):
    pass


class DestinationLun(Lun):
    """The LUN that imports. The steps are the array's, in the order of an import."""

    @property
    def pair(self):
        return self.array.arrays.source.luns[self.index]

    def pass_through(self):
        self.load(passthrough_table(self.array.arrays, self.index, self.sectors))

    def start_copy(self):
        """Background copy; every write of the host goes to the source's disk and the new one."""
        arrays = self.array.arrays
        self.load("0 %d mirror core 2 1024 sync 2 %s %d %s %d 1 handle_errors" % (
            self.sectors, DISK, arrays.source_start(self.index), DISK, arrays.new_start(self.index)))

    def progress(self):
        """Regions (copied, all) while copying."""
        words = sh(["dmsetup", "status", self.dm_name]).split()
        if words[2] != "mirror":
            return (1, 1)
        done, total = next(word for word in words[4:] if "/" in word).split("/")
        return int(done), int(total)

    def wait_copied(self, timeout_s=600):
        wait_for("copy of LUN %d" % self.index, lambda: self.progress()[0] == self.progress()[1], timeout_s)

    def equals_source(self):
        """Whether both disks have the same content while the array copies: it holds all I/O while it compares."""
        size = self.sectors // MIB
        starts = (self.array.arrays.source_start(self.index), self.array.arrays.new_start(self.index))
        sides = ["<(dd if=%s iflag=direct bs=1M skip=%d count=%d status=none)" % (DISK, start // MIB, size) for start in starts]
        sh(["dmsetup", "suspend", "--nolockfs", self.dm_name])
        try:
            said = sh(["bash", "-c", "cmp %s %s && echo equal" % tuple(sides)], check=False)
        finally:
            sh(["dmsetup", "resume", self.dm_name])
        return said.endswith("equal\n")

    def finish(self):
        """The array stops forwarding: the new disk alone. Only after the copy is complete."""
        self.wait_copied()
        self.detach()

    def detach(self):
        """The new disk alone, whatever is on it: what `finish` ends in, and a fault if done earlier."""
        self.load("0 %d linear %s %d" % (self.sectors, DISK, self.array.arrays.new_start(self.index)))


class OnQemu:
    """A LUN that QEMU has: the pair's two have the same medium."""

    @property
    def naa(self):
        return qemu_luns.naa(self.array.side, self.index)

    def build(self):
        for port in self.array.ports:
            (port.map if port.number in self.mapped else port.unmap)(self)

    def finish(self):
        """There is one medium."""

    def write_stat(self):
        return qemu_luns.write_stat(self)


class QemuSourceLun(OnQemu, SourceLun):
    pass


class QemuDestinationLun(OnQemu, DestinationLun):
    pass


def passthrough_table(arrays, index, sectors):
    return "0 %d linear %s %d" % (sectors, DISK, arrays.source_start(index))


class Array:
    def __init__(self, arrays, side, spec):
        self.arrays, self.side = arrays, side
        self.transport, self.alua, self.initiators = spec["transport"], spec["alua"], spec["initiators"]
        self.network = "10.9" if self.initiators else "127.0"
        self.iqn = PROFILES[side]["iqn"]
        self.tgt = side == "source" and spec["tgt"]
        self.port_count = spec["paths"]
        kind = QemuPort if spec["qemu_luns"] else TgtPort if self.tgt else Port
        self.ports = [kind(self, number) for number in range(self.port_count)]
        self.luns = []

    def add_port(self):
        """A new port that all mapped LUNs are mapped through at once: a path is hot-added."""
        port = Port(self, self.port_count)
        self.port_count += 1
        self.ports.append(port)
        port.build()
        for lun in self.luns:
            if lun.mapped:
                lun.map([port.number])
        return port

    def map(self):
        for lun in self.luns:
            lun.map()

    def unmap(self):
        for lun in self.luns:
            lun.unmap()


class Arrays:
    """Both arrays. `spec` has luns, size_mib, paths, transport, alua, tgt, qemu_luns, initiators: those of a cluster's hosts, each
    with LUNs mapped to it (initiators.py); with none, whatever is mapped is mapped to whoever comes."""

    def __init__(self, spec):
        self.spec = dict(spec)
        self.kinds = (QemuSourceLun, QemuDestinationLun) if spec["qemu_luns"] else (SourceLun, DestinationLun)
        self.slot = (spec["size_mib"] + 32) * MIB
        self.source = Array(self, "source", spec)
        self.destination = Array(self, "destination", spec)

    @classmethod
    def create(cls, spec):
        """New arrays: the source's LUNs are mapped, the destination's are not."""
        make(APTPL)
        arrays = cls(spec)
        for index in range(spec["luns"]):
            arrays.add_lun(index)
        for port in arrays.source.ports + arrays.destination.ports:
            port.build()
        for lun in arrays.source.luns + arrays.destination.luns:
            lun.build()
        if not spec["initiators"]:
            arrays.source.map()
        arrays.save()
        return arrays

    @classmethod
    def load(cls, build):
        """The arrays as they are (build=False), or built again at boot as they were."""
        with open(STATE) as file:
            state = json.load(file)
        arrays = cls(state["spec"])
        for array, kind in zip((arrays.source, arrays.destination), arrays.kinds):
            for saved in state[array.side]["luns"]:
                lun = kind(array, saved["index"], saved["table"], saved["options"])
                lun.mapped = saved["mapped"]
                array.luns.append(lun)
            while array.port_count < state[array.side]["ports"]:
                array.ports.append(Port(array, array.port_count))
                array.port_count += 1
            if build:
                for port in array.ports:
                    port.build()
                for lun in array.luns:
                    lun.build()
        return arrays

    def save(self):
        state = {"spec": self.spec}
        for array in (self.source, self.destination):
            state[array.side] = {"ports": array.port_count, "luns": [
                {"index": lun.index, "table": lun.table, "options": lun.options, "mapped": lun.mapped}
                for lun in array.luns]}
        write_durably(STATE, json.dumps(state))

    def source_start(self, index):
        return FIRST + 2 * index * self.slot

    def new_start(self, index):
        return FIRST + (2 * index + 1) * self.slot

    def add_lun(self, index):
        sectors = self.spec["size_mib"] * MIB
        table = passthrough_table(self, index, sectors)
        for array, kind in zip((self.source, self.destination), self.kinds):
            array.luns.append(kind(array, index, table, {}))

    def reshape_destination(self, index, sectors=None, **options):
        """Makes an unmapped destination LUN of another size or with other backstore attributes."""
        old = self.destination.luns[index]
        assert not old.mapped
        os.rmdir(old.backstore)
        sh(["dmsetup", "remove", "--retry", old.dm_name])
        new = DestinationLun(self.destination, index,
                             passthrough_table(self, index, sectors or old.sectors), options)
        self.destination.luns[index] = new
        new.build()
        self.save()
        return new

"""Reboots, and LUNs that come back when they should not."""
import host
from driver import LabImport
from scenario import scenario
from util import settle, wait_for


@scenario("reboot-on-destination", size_mib=160, timeout=1500)
def reboot_on_destination(lab):
    """Same names, same side, the file system mounted from fstab without nofail; then on to cutover."""
    if lab.boot == 0:
        volume = lab.mounted("ext4")
        lab.kept["name"] = lab.map_name()
        lab.fio(filename=volume.dir + "/file")
        work = lab.create_import()
        work.to_destination()
        lab.reboot()
    volume = lab.remounted("ext4")
    lab.expect(lab.map_name() == lab.kept["name"], "the map is %s now" % lab.map_name())
    work = LabImport.resume(lab)
    work.expect_state("on_destination", "Destination")
    work.check_sides()
    lab.fio(filename=volume.dir + "/file")
    work.copy()
    work.commit()


@scenario("reboot-power-cut", timeout=1500)
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

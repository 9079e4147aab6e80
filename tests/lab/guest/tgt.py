"""An old array served by tgtd, the user-space target: PR IN is READ KEYS, READ RESERVATION and REPORT CAPABILITIES, without
TransportIDs. Registrations are a session's and end up orphaned with it; its VPD page 83h has no relative port.

One target; a LUN is mapped through all portals or none. LUN 0 is its controller's."""
import contextlib
import subprocess

from util import Failure, sh, wait_for
from vm import RESULTS

TID = 1


def adm(operation, mode, *words):
    return sh(["tgtadm", "--lld", "iscsi", "--op", operation, "--mode", mode, *words])


def answers():
    with contextlib.suppress(Failure):
        adm("show", "target")
        return True


def start(iqn, portals):
    """A process of this boot; what it says is in the results."""
    with open(RESULTS + "/tgtd.log", "a") as said:
        subprocess.Popen(["tgtd", "-f", "--iscsi", ",".join("portal=" + portal for portal in portals)],
                         stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
    wait_for("tgtd", answers, 60, 0.2)
    adm("new", "target", "--tid", str(TID), "--targetname", iqn)
    adm("bind", "target", "--tid", str(TID), "--initiator-address", "ALL")


def number(lun):
    return lun.index + 1


def has(lun):
    return "LUN: %d\n" % number(lun) in adm("show", "target")


def map_lun(lun, device, vendor, product):
    """Direct I/O: the destination array reads the same disk past tgtd. The id makes the WWID what LIO's would be."""
    where = ["--tid", str(TID), "--lun", str(number(lun))]
    adm("new", "logicalunit", *where, "--backing-store", device, "--bstype", "rdwr", "--bsoflags", "direct")
    adm("update", "logicalunit", *where, "--params", "vendor_id=%s,product_id=%s,scsi_id=%s,scsi_sn=%s,lbppbe=0" % (
        vendor, product, lun.naa, lun.serial))


def unmap_lun(lun):
    adm("delete", "logicalunit", "--tid", str(TID), "--lun", str(number(lun)))

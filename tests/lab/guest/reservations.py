"""Persistent reservations of a LUN as sg_persist shows them, and what a cluster's own tools do with them: never through
the product. State is what counts for a comparison: who is registered with which key through which port, and who holds."""
import re

import host
from util import Failure, sh

TYPES = {1: "Write Exclusive", 3: "Exclusive Access", 5: "Write Exclusive, registrants only",
         6: "Exclusive Access, registrants only", 7: "Write Exclusive, all registrants",
         8: "Exclusive Access, all registrants"}


def persist(disk, *words):
    """sg_persist on one path, sent again when a unit attention came in its way."""
    for again in (True, True, True, False):
        try:
            return sh(["sg_persist", "--no-inquiry", *words, "/dev/" + disk])
        except Failure as failure:
            if not again or ("nit attention" not in failure.text and "not ready" not in failure.text):
                raise
    return ""


def read_disk(disk):
    """{generation, registrations: [{key, initiator, port, holder, type}]} of READ FULL STATUS."""
    text = persist(disk, "--in", "--read-full-status")
    found = []
    for part in re.split(r"\n\s+Key=", text)[1:]:
        initiator = re.search(r"iqn\.\S+|naa\.\S+|0x[0-9a-f]{16}", part)
        held = re.search(r"scope: LU_SCOPE,\s+type: ([^\n]+)", part)
        found.append({"key": part.split()[0], "initiator": initiator.group() if initiator else "",
                      "port": int(re.search(r"Relative port address: 0x([0-9a-f]+)", part).group(1), 16),
                      "holder": "<< Reservation holder >>" in part, "type": held.group(1).strip() if held else None})
    generation = re.search(r"PR generation=0x([0-9a-f]+)", text)
    return {"generation": int(generation.group(1), 16) if generation else 0,
            "registrations": sorted(found, key=lambda entry: (entry["initiator"], entry["port"], entry["key"]))}


def read_lun(wwid):
    disks = host.disks_of(wwid)
    if not disks:
        raise Failure("reservation", "no path to " + wwid)
    return read_disk(disks[0])


def register(wwid, key, paths=None):
    """As a cluster's software does it: the key, on every path of the LUN; or, a fault, on only so many of them."""
    for disk in host.disks_of(wwid)[:paths]:
        persist(disk, "--out", "--register-ignore", "--param-sark=" + key)


def reserve(wwid, key, type_):
    persist(host.disks_of(wwid)[0], "--out", "--reserve", "--param-rk=" + key, "--prout-type=%d" % type_)


def clear(wwid, key):
    persist(host.disks_of(wwid)[0], "--out", "--clear", "--param-rk=" + key)

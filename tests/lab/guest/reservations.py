"""Persistent reservations of a LUN as sg_persist shows them, and what a cluster's own tools do with them: never through
the product. State is what counts for a comparison: who is registered with which key through which port, and who holds."""
import os
import re

import host
from util import Failure, read, sh

TYPES = {1: "Write Exclusive", 3: "Exclusive Access", 5: "Write Exclusive, registrants only",
         6: "Exclusive Access, registrants only", 7: "Write Exclusive, all registrants",
         8: "Exclusive Access, all registrants"}
ALL_REGISTRANTS = (TYPES[7], TYPES[8])
TRIES = 5
WRITE_AT = 84 << 11     # in sectors: after what the fio of any host writes


def persist(disk, *words):
    """sg_persist on one path, sent again when a unit attention came in its way."""
    for left in reversed(range(TRIES)):
        try:
            return sh(["sg_persist", "--no-inquiry", *words, "/dev/" + disk])
        except Failure as failure:
            if not left or ("unit attention" not in failure.text.lower() and "not ready" not in failure.text):
                raise
    return ""


def read_disk(disk):
    """{generation, registrations: [{key, initiator, port, all_target_ports, holder, type}]} of READ FULL STATUS."""
    text = persist(disk, "--in", "--read-full-status")
    found = []
    for part in re.split(r"\n\s+Key=", text)[1:]:
        initiator = re.search(r"iqn\.\S+|naa\.\S+|0x[0-9a-f]{16}", part)
        held = re.search(r"scope: LU_SCOPE,\s+type: ([^\n]+)", part)
        port = re.search(r"Relative port address: 0x([0-9a-f]+)", part)
        found.append({"key": part.split()[0], "initiator": initiator.group() if initiator else "",
                      "port": int(port.group(1), 16) if port else 0, "all_target_ports": not port,
                      "holder": "<< Reservation holder >>" in part, "type": held.group(1).strip() if held else None})
    generation = re.search(r"PR generation=0x([0-9a-f]+)", text)
    return {"generation": int(generation.group(1), 16) if generation else 0,
            "registrations": sorted(found, key=lambda entry: (entry["initiator"], entry["port"], entry["key"]))}


def read_lun(wwid):
    disks = host.disks_of(wwid)
    if not disks:
        raise Failure("reservation", "no path to " + wwid)
    return read_disk(disks[0])


def standing(state):
    """What the two LUNs of a pair must have alike, of what read_lun gave: keys by initiator in the order of its ports,
    type, holder. The sessions are others on each side, and so are the numbers of the ports."""
    entries = sorted((entry["initiator"].split(",")[0], entry["port"], entry["key"], entry["all_target_ports"],
                      entry["holder"], entry["type"]) for entry in state["registrations"])
    holders = [entry for entry in entries if entry[4]]
    type_ = holders[0][5] if holders else None
    return {"keys": [[name, key, all_ports] for name, _, key, all_ports, _, _ in entries], "type": type_,
            "holder": [holders[0][0], holders[0][2]] if holders and type_ not in ALL_REGISTRANTS else None}


def without_full_status(wwid):
    """{generation, keys, holder, type} by READ KEYS and READ RESERVATION, which every LUN with reservations has."""
    disk = host.disks_of(wwid)[0]
    keys, held = (persist(disk, "--in", word) for word in ("--read-keys", "--read-reservation"))
    type_ = re.search(r"type: ([^\n]+)", held)
    return {"generation": int(re.search(r"PR generation=0x([0-9a-f]+)", keys).group(1), 16),
            "keys": re.findall(r"^\s+(0x[0-9a-f]+)$", keys, re.MULTILINE),
            "holder": re.search(r"Key=(0x[0-9a-f]+)", held).group(1) if type_ else None,
            "type": type_.group(1).strip() if type_ else None}


def of_array(lun):
    """What the array itself has, for a LUN that no host may be left to ask of: {keys: [[initiator, key]], type, aptpl}."""
    def shown(name):
        return read("%s/pr/%s" % (lun.backstore, name))
    found = re.findall(r"Node: ([^\s,]+)\S* Key: 0x([0-9a-f]+)", shown("res_pr_registered_i_pts"))
    type_ = shown("res_pr_type").partition("Type: ")[2].replace("Write Exclusive Access", "Write Exclusive").lower()
    return {"keys": sorted([name, "%#x" % int(key, 16)] for name, key in found),
            "type": next((name for name in TYPES.values() if name.lower() == type_), type_ or None),
            "aptpl": "Activated" in shown("res_aptpl_active")}


def register_disk(disk, key, aptpl=False, all_target_ports=False):
    persist(disk, "--out", "--register-ignore", "--param-sark=" + key, *["--param-aptpl"] * aptpl,
            *["--param-alltgpt"] * all_target_ports)


def register(wwid, key, paths=None, **options):
    """As a cluster's software does it: the key, on every path of the LUN; or, a fault, on only so many of them."""
    for disk in host.disks_of(wwid)[:paths]:
        register_disk(disk, key, **options)


def reserve_disk(disk, key, type_):
    persist(disk, "--out", "--reserve", "--param-rk=" + key, "--prout-type=%d" % type_)


def reserve(wwid, key, type_):
    reserve_disk(host.disks_of(wwid)[0], key, type_)


def preempt(wwid, key, victim, type_):
    """PREEMPT AND ABORT, as fence agents do it."""
    persist(host.disks_of(wwid)[0], "--out", "--preempt-abort", "--param-rk=" + key, "--param-sark=" + victim,
            "--prout-type=%d" % type_)


def clear(wwid, key):
    persist(host.disks_of(wwid)[0], "--out", "--clear", "--param-rk=" + key)


def write_raw(disk):
    """One WRITE(10) of zeros past the block layer, where no fio writes: what the LUN said to it."""
    generic = os.listdir("/sys/block/%s/device/scsi_generic" % disk)[0]
    lba = ["%02x" % byte for byte in WRITE_AT.to_bytes(4, "big")]
    command = "sg_raw -s 4096 -i /dev/zero /dev/%s 2a 00 %s 00 00 08 00 2>&1; echo status $?" % (generic, " ".join(lba))
    for _ in range(TRIES):
        said = sh(["sh", "-c", command])
        if "unit attention" not in said.lower():
            break
    return said

"""What the other maps of a host cost a switch: switches of one import without any, then beside 64 maps of two paths each, then
without any again, so that what changes with time alone shows. Leaves rounds.json with the jobs; tests/bench/evaluate_maps.py
makes the numbers of them."""
import json
import os

import host
from bench import switch
from scenario import RESULTS, scenario
from util import log, settle, sh, wait_for, write

OTHERS, PATHS = 64, 2
SWITCHES = 8        # in each of the three parts, there and back in turn


def others(before):
    """Names of the maps that were not there before, and have all their paths."""
    return [name for name, found in host.maps().items() if name not in before and len(found["slaves"]) == PATHS]


def make_others(lab, before):
    """Disks of the kernel's own, which need no array: adapters with the same LUNs."""
    with lab.step("make %d maps" % OTHERS):
        sh(["modprobe", "scsi_debug", "max_luns=%d" % OTHERS, "add_host=%d" % PATHS, "vpd_use_hostno=0", "dev_size_mb=8", "delay=0"])
        wait_for("%d other maps" % OTHERS, lambda: len(others(before)) == OTHERS, 900, 1)
        calm()


def remove_others(lab, disks, before):
    with lab.step("remove %d maps" % OTHERS):
        for name in sorted(set(host.disks()) - disks):
            host.delete_disk(name)
        wait_for("the other maps to go", lambda: not set(host.maps()) - before, 300, 1)
        wait_for("scsi_debug to go", unloaded, 120, 1)
        calm()


def unloaded():
    sh("modprobe -r scsi_debug", check=False)
    return not os.path.exists("/sys/module/scsi_debug")


def calm():
    settle()
    host.wait_multipathd()


def switches(lab, work, count):
    rows = []
    for number in range(SWITCHES):
        side = ("destination", "source")[number % 2]
        job = switch(lab, work, side)
        rows.append({"others": count, "to": side, "job": job})
        log("beside %d maps, to the %s: %s" % (count, side, {step["name"]: step["duration_us"] // 1000 for step in job["steps"]}))
    return rows


@scenario("bench-maps", luns=1, paths=2, multipath={"polling_interval": 20}, timeout=2400)
def bench_maps(lab):
    work = lab.create_import("bench")
    work.map()
    work.prepare()
    before, disks = set(host.maps()), set(host.disks())
    parts = [switches(lab, work, 0)]
    make_others(lab, before)
    parts.append(switches(lab, work, OTHERS))
    remove_others(lab, disks, before)
    parts.append(switches(lab, work, 0))
    write(RESULTS + "/rounds.json", json.dumps({"others": OTHERS, "paths": PATHS, "parts": parts}))
    work.cancel()
    work.delete()

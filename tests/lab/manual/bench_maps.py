"""What the other maps of a host cost a switch: switches of one import without any, then with 64 maps of two paths each. Leaves
rounds.json with the jobs; tests/bench/evaluate_maps.py makes the numbers of them."""
import json

import host
from bench import switch
from scenario import RESULTS, scenario
from util import log, settle, sh, wait_for, write

OTHERS, PATHS = 64, 2
SWITCHES = 6        # without and with, there and back in turn


def others(before):
    """Names of the maps that were not there before, and have all their paths."""
    return [name for name, found in host.maps().items() if name not in before and len(found["slaves"]) == PATHS]


def make_others(lab):
    """Disks of the kernel's own, which need no array: adapters with the same LUNs."""
    before = set(host.maps())
    with lab.step("make %d maps" % OTHERS):
        sh(["modprobe", "scsi_debug", "max_luns=%d" % OTHERS, "add_host=%d" % PATHS, "vpd_use_hostno=0", "dev_size_mb=8", "delay=0"])
        wait_for("%d other maps" % OTHERS, lambda: len(others(before)) == OTHERS, 900, 5)
        settle()
        host.wait_multipathd()


def switches(lab, work):
    jobs = []
    for number in range(SWITCHES):
        jobs.append(switch(lab, work, ("destination", "source")[number % 2]))
        log("steps in ms: %s" % {step["name"]: step["duration_us"] // 1000 for step in jobs[-1]["steps"]})
    return jobs


@scenario("bench-maps", luns=1, paths=2, steady=1, multipath={"polling_interval": 20}, timeout=3600)
def bench_maps(lab):
    work = lab.create_import("bench")
    work.map()
    work.prepare()
    without = switches(lab, work)
    make_others(lab)
    write(RESULTS + "/rounds.json", json.dumps({"others": OTHERS, "without": without, "with": switches(lab, work)}))
    work.cancel()
    work.delete()

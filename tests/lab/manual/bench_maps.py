"""What the other maps of a host cost a switch: switches of one import without any, then with 64 maps of one path each. Leaves
rounds.json with the jobs; tests/bench/evaluate_maps.py makes the numbers of them. `LAB_CMDLINE=lab.others=8`: fewer maps."""
import json
import os
import time

import host
from bench import switch
from scenario import RESULTS, scenario
from util import log, read, settle, sh, wait_for, write
from vm import command_line

OTHERS = int(command_line("lab.others", 64))
SWITCHES = 4        # without and with, there and back in turn
LOOK_S, IDLE = 2, 0.6


def idle():
    """Whether the processor had little to do for a while: multipathd and udev are busy long after a switch, the more maps there
    are."""
    begin = int(read("/proc/stat").split()[4])
    time.sleep(LOOK_S)
    return int(read("/proc/stat").split()[4]) - begin > IDLE * LOOK_S * os.sysconf("SC_CLK_TCK")


def calm():
    settle()
    host.wait_multipathd()
    wait_for("an idle processor", idle, 300)


def make_others(lab, before):
    """Disks of the kernel's own, which need no array. multipathd comes when all are there: one by one takes much longer."""
    with lab.step("make %d maps" % OTHERS):
        sh("systemctl stop multipathd.socket multipathd")
        sh(["modprobe", "scsi_debug", "max_luns=%d" % OTHERS, "dev_size_mb=8", "delay=0"], timeout=900)
        sh("udevadm settle --timeout=900", timeout=1000)
        sh("systemctl start multipathd.socket multipathd")
        wait_for("%d other maps" % OTHERS, lambda: len(host.maps()) == len(before) + OTHERS, 900, 5)


def unloaded():
    sh("modprobe -r scsi_debug", check=False)
    return not os.path.exists("/sys/module/scsi_debug")


def remove_others(lab, before):
    with lab.step("remove %d maps" % OTHERS):
        sh("systemctl stop multipathd.socket multipathd")
        sh(["dmsetup", "remove", *sorted(set(host.maps()) - set(before))], timeout=900)
        wait_for("scsi_debug to go", unloaded, 300, 2)
        sh("systemctl start multipathd.socket multipathd")


def switches(lab, work):
    jobs = []
    for number in range(SWITCHES):
        calm()
        jobs.append(switch(lab, work, ("destination", "source")[number % 2]))
        log("steps in ms: %s" % {step["name"]: step["duration_us"] // 1000 for step in jobs[-1]["steps"]})
    return jobs


@scenario("bench-maps", luns=1, paths=2, steady=1, multipath={"polling_interval": 20}, timeout=3600)
def bench_maps(lab):
    with open(lab.device(), "rb", buffering=0):     # a map that nobody uses is not switched
        work = lab.create_import("bench")
        work.map()
        work.prepare()
        before = host.maps()
        without = switches(lab, work)
        make_others(lab, before)
        write(RESULTS + "/rounds.json", json.dumps({"others": OTHERS, "without": without, "with": switches(lab, work)}))
        remove_others(lab, before)
        calm()
        work.cancel()
        work.delete()

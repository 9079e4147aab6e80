"""The soak: many switches there and back under verified load, and after each what the agent and the kernel hold. Leaves
soak.json, a sample a switch; tests/soak/evaluate.py judges them. `make soak` runs it."""
import glob
import json
import os
import time

import host
from scenario import RESULTS, scenario
from util import log, read, sh, write
from vm import command_line

ROUNDS = int(command_line("soak", "200"))
REMEMBERED_JOBS = 100       # the agent keeps so many finished jobs: full before the first sample, as it is after a day
SETTLES_S = 10
FOLDERS = {"run_bytes": "/run/dm-import", "state_bytes": "/var/lib/dm-import", "etc_bytes": "/etc/dm-import"}


def numbers_of(path, wanted):
    """The kernel's `name: number` lines."""
    lines = dict(line.split(":", 1) for line in read(path).splitlines() if ":" in line)
    return {key: int(lines[name].split()[0]) for key, name in wanted.items()}


def size_of(folder):
    return sum(os.lstat(path).st_size for path in glob.glob(folder + "/**", recursive=True) if os.path.isfile(path))


def held_by_agent(pid):
    return {"fds": len(os.listdir("/proc/%d/fd" % pid)),
            "children": len(read("/proc/%d/task/%d/children" % (pid, pid), "").split()),
            **numbers_of("/proc/%d/status" % pid, {"rss_kib": "VmRSS", "locked_kib": "VmLck", "threads": "Threads"}),
            **numbers_of("/proc/%d/smaps_rollup" % pid, {"pss_kib": "Pss"})}


def at_rest(lab, pid, before):
    """The agent as it is without clients. A connection's thread may take a moment to end: it is given that moment when
    there is more than in the sample before, and always before the first one."""
    lab.agent.close()
    if not before:
        time.sleep(SETTLES_S)
    end = time.monotonic() + SETTLES_S
    while True:
        held = held_by_agent(pid)
        more = before and any(held[key] > before[key] for key in ("fds", "threads", "children"))
        if not more or time.monotonic() > end:
            return held
        time.sleep(0.2)


def sample(lab, before):
    pid = host.main_pid()
    last = lab.kept["switches"][-1]
    folders = {key: size_of(folder) for key, folder in FOLDERS.items()}
    folders["journal_bytes"] = os.path.getsize("/var/lib/dm-import/journal")
    folders["state_bytes"] -= folders["journal_bytes"]
    return {"pid": pid, "to": last["to"], "pause_us": max(last["pauses_us"].values()), "duration_us": last["duration_us"],
            "unix": round(time.time(), 3), **at_rest(lab, pid, before), **folders,
            "dm_devices": len(lab.host.maps()), "sd_devices": len(lab.host.disks()), "cookies": len(lab.host.cookies()),
            "rule_files": len(lab.host.product_rules()),
            **numbers_of("/proc/meminfo", {"kernel_kib": "SUnreclaim", "available_kib": "MemAvailable"})}


def told(number, found):
    log("soak %d of %d: to %s, pause %.1f ms, switch %.1f s, rss %d KiB, pss %d KiB, %d fds, %d threads, %d dm, journal %d KiB" % (
        number, 2 * ROUNDS, found["to"], found["pause_us"] / 1000, found["duration_us"] / 1e6, found["rss_kib"],
        found["pss_kib"], found["fds"], found["threads"], found["dm_devices"], found["journal_bytes"] // 1024))


@scenario("soak", luns=1, paths=2, timeout=1800)
def soak(lab):
    lab.fio(thinktime_us=4000, runtime_s=48 * 3600)
    work = lab.create_import("soak")
    work.map()
    work.prepare()
    with lab.step("fill the agent's list of jobs"):
        for _ in range(REMEMBERED_JOBS):
            lab.agent.refresh()
    samples = []
    for number in range(2 * ROUNDS):
        work.switch(("destination", "source")[number % 2])
        samples.append(sample(lab, samples[-1] if samples else None))
        told(number + 1, samples[-1])
        write(RESULTS + "/soak.json", json.dumps({"rounds": ROUNDS, "samples": samples}))
    work.cancel()
    work.delete()

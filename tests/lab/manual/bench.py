"""The bench of the pause: in one VM, in turn, the application's longest I/O around a bare suspend-load-resume of two maps, around
our switch of them, around the bare one again, and around `multipath -r`. Leaves rounds.json with the windows and fio's log;
tests/bench/evaluate.py makes the numbers of them. `LAB_CMDLINE=lab.rounds=8`: fewer of them."""
import json
import re
import time

from scenario import RESULTS, scenario
from util import log, read, sh, wait_for, write
from vm import command_line

ROUNDS = 12
QUIET_S = 0.4       # between actions, so that one's after-effects are not counted for the next


def window(action):
    """(unix begin, unix end, what the action gave)"""
    time.sleep(QUIET_S)
    begin = time.time()
    value = action()
    end = time.time()
    return {"begin": begin, "end": end, "value": value}


def switch(lab, work, side):
    if side == "source":
        lab.leaving_destination()
    job = work.api.switch(side)
    lab.moved(side)
    return job


def host_looks():
    """How often each switch looked at the whole host, as the agent logs it at its most verbose level."""
    return re.findall(r"looks at the whole host: (\d+)", read("/var/log/import/agent.log"))


@scenario("bench-pause", luns=1, paths=2, steady=1, timeout=3600, max_io_ms=5000)
def bench_pause(lab):
    live = lab.map_name()
    lab.fio(thinktime_us=4000)
    work = lab.create_import("bench")
    work.map()
    work.prepare()
    idle = lab.destination.luns[0].wwid
    lab.agent.call("PUT", "/agent/log_level", {"level": 3})
    rounds, wanted = [], int(command_line("lab.rounds", ROUNDS))
    for number in range(wanted):
        side = ("destination", "source")[number % 2]
        rounds.append({
            "bare": window(lambda: sh(["/lab/add/bare", live, idle]).split()),
            "ours": window(lambda: switch(lab, work, side)),
            "bare_after": window(lambda: sh(["/lab/add/bare", live, idle]).split()),
            "multipath_r": window(lambda: sh(["multipath", "-r", live])),
            "host_looks": int(wait_for("the looks of switch %d" % (number + 1), lambda: host_looks()[number:])[0]),
        })
        write(RESULTS + "/rounds.json", json.dumps({"live": live, "rounds": rounds}))
        log("round %d of %d: pause %s us" % (number + 1, wanted, rounds[-1]["ours"]["value"]["result"]["pauses_us"]))
    work.cancel()
    work.delete()

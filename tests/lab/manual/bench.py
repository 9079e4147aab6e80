"""The bench: in one VM, in turn, the application's longest I/O around a bare suspend-load-resume of two maps, around our switch of
them, around the bare one again, and around `multipath -r`. Leaves rounds.json with the windows and fio's log;
tests/bench/evaluate.py makes the numbers of them. `LAB_CMDLINE=lab.rounds=8`: fewer of them."""
import json
import time

from scenario import RESULTS, scenario
from util import log, sh, write
from vm import command_line

ROUNDS = 24
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


@scenario("bench-pause", luns=1, paths=2, steady=1, timeout=3600, max_io_ms=5000)
def bench_pause(lab):
    live, idle = lab.map_name(), None
    lab.fio(thinktime_us=0)
    work = lab.create_import("bench")
    work.map()
    work.prepare()
    idle = lab.destination.luns[0].wwid
    rounds = []
    for number in range(int(command_line("lab.rounds", ROUNDS))):
        side = ("destination", "source")[number % 2]
        rounds.append({
            "bare": window(lambda: sh(["/lab/add/bare", live, idle]).split()),
            "ours": window(lambda: switch(lab, work, side)),
            "bare_after": window(lambda: sh(["/lab/add/bare", live, idle]).split()),
            "multipath_r": window(lambda: sh(["multipath", "-r", live])),
        })
        write(RESULTS + "/rounds.json", json.dumps({"live": live, "rounds": rounds}))
        log("round %d of %d: pause %s us" % (number + 1, ROUNDS, rounds[-1]["ours"]["value"]["result"]["pauses_us"]))
    work.cancel()
    work.delete()

"""The bench of the reservations' move. `bench-pr-2`, `bench-pr-8`: which SCSI commands the step "reservations" of a prepare
sends, as the kernel traces them; and how long the agent takes to send them once more, in turn with a bare loop over SG_IO
that sends the same ones (tests/bench/pr_bare.c).
`bench-pr-pause`: the pause of a group with reservations, and of the same group without, in turn. Each leaves rounds.json;
tests/bench/evaluate_pr.py makes the numbers of them."""
import contextlib
import datetime
import json
import os
import re
import time

import host
import reservations
from bench import QUIET_S, switch
from initiators import TRACING
from scenario import RESULTS, scenario
from util import log, read, settle, sh, wait_for, write

KEY, REGISTRANTS_ONLY = "0x1abe0001", 5
SENT, DONE = "scsi_dispatch_cmd_start", "scsi_dispatch_cmd_done"
OPCODES = {"5e": "in", "5f": "out"}
KINDS = {("in", 0): "read_keys", ("in", 1): "read_reservation", ("in", 2): "report_capabilities",
         ("in", 3): "read_full_status", ("out", 1): "reserve", ("out", 6): "register"}
REGISTER_IGNORING, RESERVE = "5f060000000000001800", "5f01%02x00000000001800" % REGISTRANTS_ONLY
ROUNDS, TRIES = 9, 10
MOVE_S = 2          # until the agent has looked, and moved; and 0.4 s more for each member
CYCLES = 3          # of the pause: there and back with, there and back without
CALM_S = 3          # before what is measured
LIST = "/run/bench-pr.list"


# What the kernel sends

def start_tracing():
    """PERSISTENT RESERVE IN and OUT alone, with the agent's clock. It stays on, for the bare loop too."""
    events = TRACING + "/events/scsi/"
    if not os.path.exists(events):
        sh("mount -t tracefs tracefs " + TRACING)
    write(TRACING + "/trace_clock", "mono")
    for event in (SENT, DONE):
        write("%s%s/filter" % (events, event), " || ".join("opcode == %d" % int(code, 16) for code in OPCODES))
        write("%s%s/enable" % (events, event), "1")


def clear_trace():
    write(TRACING + "/trace", "")


def traced():
    """[{at, hctl, cdb, took_us, status}] by time; `at` in seconds of CLOCK_MONOTONIC."""
    entry = re.compile(r" (\d+\.\d+): (%s|%s): host_no=(\d+) channel=(\d+) id=(\d+) lun=(\d+) .*\braw=([0-9a-f ]+?)\)"
                       r"(?:.*status=(\w+))?" % (SENT, DONE))
    found, open_ = [], {}
    for at, event, *hctl, cdb, status in entry.findall(read(TRACING + "/trace")):
        hctl, at = ":".join(hctl), float(at)
        if event == SENT:
            found.append({"at": at, "hctl": hctl, "cdb": cdb.replace(" ", ""), "took_us": None, "status": None})
            open_[hctl] = found[-1]
        elif hctl in open_:
            command = open_.pop(hctl)
            command["took_us"], command["status"] = round((at - command["at"]) * 1e6), status
    return found


def step_window(job, name):
    """(begin, end) in seconds of CLOCK_MONOTONIC. The job's start is told in ms: the begin may be too early by that, and
    the end is made too late by it. Before the first command, and after the last, the step does more than that."""
    started = datetime.datetime.fromisoformat(job["started"].replace("Z", "+00:00")).timestamp()
    started += time.monotonic() - time.time()
    step = next(step for step in job["steps"] if step["name"] == name)
    begin = started + step["start_us"] / 1e6
    return begin, begin + step["duration_us"] / 1e6 + 0.001


def kind_of(cdb):
    way = OPCODES[cdb[:2]]
    return KINDS.get((way, int(cdb[2:4], 16) & 0x1f), way)


def sent_in(work, window):
    """The commands of this import's members within the window, with whose they are."""
    begin, end = window
    disks = {found["hctl"]: (name, found["wwid"]) for name, found in host.disks().items()}
    owners = {}
    for index, (source, destination) in work.pairs().items():
        owners[source.wwid], owners[destination.wwid] = ("source", index), ("destination", index)
    sent = []
    for command in traced():
        disk, wwid = disks.get(command["hctl"], ("", ""))
        if begin <= command["at"] <= end and wwid in owners:
            side, index = owners[wwid]
            sent.append({"disk": disk, "side": side, "member": index, "kind": kind_of(command["cdb"]), "cdb": command["cdb"],
                         "at_us": round((command["at"] - begin) * 1e6), "took_us": command["took_us"],
                         "status": command["status"]})
    return sent


def expect_moved(lab, work, sent, paths):
    """It is the whole move that was measured, and all of it went well the first time."""
    outs = {}
    for command in sent:
        if command["kind"] in ("register", "reserve", "out"):
            key = (command["side"], command["member"], command["kind"])
            outs[key] = outs.get(key, 0) + 1
    wanted = {}
    for index in work.indexes:
        wanted["destination", index, "register"], wanted["destination", index, "reserve"] = paths, 1
    lab.expect(outs == wanted, "the step sent %s, not %s" % (outs, wanted))
    for source, destination in work.pairs().values():
        found = [reservations.standing(reservations.read_lun(lun.wwid)) for lun in (source, destination)]
        lab.expect(found[0] == found[1] and len(found[0]["keys"]) == paths, "after prepare: %s and %s" % tuple(found))


# The same by a bare loop

def parameter_list(kind):
    """SPC-4 6.16.3: the key, the service action's key, and no flags; as the product sends it for what guard() did."""
    key, none = int(KEY, 16).to_bytes(8, "big"), bytes(8)
    return {"register": none + key, "reserve": key + none}[kind].hex() + bytes(8).hex()


def bare(commands):
    """(us, how many were not good) of [(disk, cdb, parameter list or -)]"""
    write(LIST, "".join("%s %s %s\n" % command for command in commands))
    return [int(word) for word in sh(["sh", "-c", "exec /lab/add/pr_bare < " + LIST]).split()]


def bare_lists(sent):
    """(what undoes the move, the move) of the commands of one, for the bare loop. Who releases has nobody to tell: last."""
    again = [(command["disk"], command["cdb"], parameter_list(command["kind"]) if command["cdb"].startswith("5f") else "-")
             for command in sent]
    holders = [command["disk"] for command in sent if command["kind"] == "reserve"]
    registered = {command["disk"] for command in sent if command["kind"] == "register"}
    undo = [(disk, REGISTER_IGNORING, bytes(24).hex())
            for disk in sorted(registered, key=lambda disk: (disk in holders, disk))]
    return undo, again


def undone(lab, undo):
    _, failed = bare(undo)
    lab.expect(not failed, "%d of the destination's paths are still registered" % failed)


def bare_move(lab, undo, again):
    """Microseconds. A time in which a command failed does not count: it may have been quicker."""
    for _ in range(TRIES):
        undone(lab, undo)
        took_us, failed = bare(again)
        if not failed:
            return took_us
    lab.expect(False, "no bare move without a failure in %d" % TRIES)
    return None


# Rounds

def calm():
    """New LUNs and new maps keep udev and multipathd busy for a while: neither side is measured beside that."""
    settle()
    time.sleep(CALM_S)


def guard(lab, count):
    """As a cluster does it: a key on every path, one path reserves. By the bare loop, since there are many."""
    paths, commands = {}, []
    for name, found in sorted(host.disks().items()):
        paths.setdefault(found["wwid"], []).append(name)
    for index in range(count):
        disks = paths[lab.wwids(index)[0]]
        commands += [(disk, REGISTER_IGNORING, parameter_list("register")) for disk in disks]
        commands.append((disks[0], RESERVE, parameter_list("reserve")))
    wait_for("reservations of %d LUNs" % count, lambda: not bare(commands)[1], 30, 0.3)


def by_member(commands):
    """Each member's commands from its first look on: what the agent looks for changes by comes before."""
    found = {}
    for command in commands:
        if command["member"] in found or command["kind"] == "read_full_status":
            found.setdefault(command["member"], []).append(command)
    return found


def move_s(work):
    return MOVE_S + 0.4 * len(work.indexes)


def moved_by_the_agent(lab, work, paths, undo, sent):
    """The destination's registrations are taken off while the agent stands still; it then finds and renews them. Gives the
    commands of that move, each member's in a list."""
    per_member = len(sent) // len(work.indexes)
    time.sleep(move_s(work))    # the agent has seen what the bare loop did
    with host.agent_stands_still():
        undone(lab, undo)
        clear_trace()
        begin = time.monotonic()

    def moved():
        found = by_member(sent_in(work, (begin, time.monotonic())))
        whole = [commands[:per_member] for commands in found.values() if len(commands) >= per_member]
        return whole if len(whole) == len(work.indexes) else None
    time.sleep(move_s(work))    # reading the trace takes its share of the processors
    found = wait_for("the agent's move", moved, 30, 0.5)
    expect_moved(lab, work, sum(found, []), paths)
    kinds = [command["kind"] for command in by_member(sent)[work.indexes[0]]]
    for commands in found:
        lab.expect([command["kind"] for command in commands] == kinds, "%s, and prepare sent %s" % (commands, kinds))
    return found


def span_us(commands):
    """From the first command's start to the last one's end."""
    return commands[-1]["at_us"] + commands[-1]["took_us"] - commands[0]["at_us"]


def one_size(lab, members, paths, rounds):
    work = lab.create_import("bench", indexes=list(range(members)))
    work.map()
    calm()
    clear_trace()
    with lab.step("prepare %d" % members):
        job = work.api.prepare()
    sent = sent_in(work, step_window(job, "reservations"))
    step_us = next(step["duration_us"] for step in job["steps"] if step["name"] == "reservations")
    expect_moved(lab, work, sent, paths)
    undo, again = bare_lists(sent)
    calm()
    row = {"members": members, "step_us": step_us, "sent": sent, "moves": []}
    for _ in range(rounds):
        ours = moved_by_the_agent(lab, work, paths, undo, sent)
        ours_us = sum(span_us(commands) for commands in ours)
        with host.agent_stands_still():     # it would look after what the bare loop does
            bare_us = bare_move(lab, undo, again)
        row["moves"].append({"sent": ours, "ours_us": ours_us, "bare_us": bare_us})
        log("%d members, %d paths: %d commands, ours %d us, bare %d us" % (members, paths, len(sent), ours_us, bare_us))
    work.cancel()
    work.delete()
    return row


def moves(lab, paths, counts):
    """Moves of groups of each size; `counts` is how many rounds of each."""
    start_tracing()
    guard(lab, max(counts))
    rows = []
    with contextlib.ExitStack() as in_use:
        for index in range(max(counts)):
            in_use.enter_context(open(lab.device(index), "rb", buffering=0))
        for members, rounds in counts.items():
            rows.append(one_size(lab, members, paths, rounds))
            write(RESULTS + "/rounds.json", json.dumps({"paths": paths, "sizes": rows}))


@scenario("bench-pr-2", luns=16, size_mib=32, paths=2, transport="iscsi", timeout=1500)
def bench_pr_2(lab):
    moves(lab, 2, {1: ROUNDS, 4: ROUNDS, 16: 5})


@scenario("bench-pr-8", luns=4, size_mib=32, paths=8, transport="iscsi", timeout=1200)
def bench_pr_8(lab):
    moves(lab, 8, {1: ROUNDS, 4: ROUNDS})


# The pause

def unguard(lab, work):
    """All registrations of the source are cleared; the agent then takes those of the destination off."""
    for index in work.indexes:
        reservations.clear(lab.wwids(index)[0], KEY)
    for lun in work.sources + work.destinations:
        wait_for("no key on " + lun.dm_name, lambda: not reservations.of_array(lun)["keys"], 30, 0.3)


def there_and_back(lab, work, guarded):
    rows = []
    for side in ("destination", "source"):
        time.sleep(QUIET_S)
        clear_trace()
        job = switch(lab, work, side)
        sent = sent_in(work, step_window(job, "exchange"))
        keys = [len(reservations.of_array(lun)["keys"]) for lun in work.sources + work.destinations]
        lab.expect(all(keys) if guarded else not any(keys), "%s reservations, and the LUNs have %s keys" % (
            "with" if guarded else "without", keys))
        rows.append({"guarded": guarded, "to": side, "job": job, "sent": sent})
        log("%s reservations, to the %s: %s us" % ("with" if guarded else "without", side, job["result"]["pauses_us"]))
    return rows


@scenario("bench-pr-pause", luns=4, paths=2, transport="iscsi", timeout=1200, max_io_ms=10000)
def bench_pr_pause(lab):
    start_tracing()
    for index in range(4):
        lab.fio(index, thinktime_us=10000)
    work = lab.create_import("bench")
    work.map()
    work.prepare()
    rows = []
    for _ in range(CYCLES):
        guard(lab, 4)
        rows += there_and_back(lab, work, True)
        unguard(lab, work)
        rows += there_and_back(lab, work, False)
    write(RESULTS + "/rounds.json", json.dumps({"rounds": rows}))
    work.cancel()
    work.delete()

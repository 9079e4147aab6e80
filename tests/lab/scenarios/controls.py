"""Negative controls: each commits one fault and passes when the lab's check named in `expect` catches it,
and nothing else does (so the exchange by hand is right but for that fault). They need no product."""
import os
import signal
import time

import exchange
import host
import stalls
from scenario import scenario
from util import sh, wait_for


def to_destination(lab, **how):
    """What the product does in a switch, by hand."""
    source, destination = lab.wwids()
    lab.destination.map()
    host.find_lun(destination, 2)
    host.wait_map(destination, 2)
    fio = lab.fio()
    with lab.step("switch"):
        exchange.exchange(source, destination, 2, **how)
    lab.moved("destination")
    return fio


def leave(lab):
    """Goes back to the source, so that only the fault itself is left for the checks."""
    source, destination = lab.wwids()
    lab.stop_applications()
    lab.leaving_destination()
    live, idle = host.mpath_of(source), host.mpath_of(destination)
    exchange.stop_multipathd((live, idle))
    exchange.undo_rules()
    exchange.present()
    exchange.exchange_tables(live, idle)
    sh(["dmsetup", "remove", "--retry", idle])
    for path in host.disks_of(destination):
        host.delete_disk(path)
    lab.destination.unmap()
    exchange.start_multipathd()
    host.wait_map(source, 2)
    lab.moved("source")


@scenario("control-no-passthrough", core=True, product=False, expect="verify")
def control_no_passthrough(lab):
    lab.destination.luns[0].detach()
    to_destination(lab)
    lab.fios[0].wait_end()
    leave(lab)


@scenario("control-stray-write", core=True, product=False, expect="stray-write")
def control_stray_write(lab):
    to_destination(lab)
    path = host.disks_of(lab.wwids()[0])[0]
    with open("/dev/" + path, "r+b", buffering=0) as disk:
        disk.seek(80 << 20)
        disk.write(bytes(4096))
    sh(["blockdev", "--flushbufs", "/dev/" + path])
    leave(lab)


@scenario("control-wrong-order", product=False, expect="stall")
def control_wrong_order(lab):
    to_destination(lab, identity_first=False)
    leave(lab)


@scenario("control-standstill", product=False)
def control_standstill(lab):
    """Not a fault: an I/O is long, but the tickers tell that the VM stood still meanwhile; here they are stopped by hand.
    That it is a stall while they tick is what control-wrong-order is for."""
    fio, name = lab.fio(), lab.map_name()
    for ticker in stalls.TICKERS:
        wait_for("ticker", lambda: os.sched_getscheduler(ticker.pid) == os.SCHED_FIFO)
        ticker.send_signal(signal.SIGSTOP)
    sh(["dmsetup", "suspend", "--noflush", "--nolockfs", name])
    time.sleep(8)
    sh(["dmsetup", "resume", name])
    for ticker in stalls.TICKERS:
        ticker.send_signal(signal.SIGCONT)
    wait_for("what the tickers noted", stalls.found)
    lab.expect(fio.stop()["longest_us"] > 7000000, "the longest I/O was short: %s" % fio.result)


@scenario("control-leak", product=False, expect="dm-left")
def control_leak(lab):
    sh(["dmsetup", "create", "leaked", "--table", "0 8 linear /dev/vde 0"])

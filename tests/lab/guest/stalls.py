"""When the VM itself stood still: a starved emulator gives a processor no time for seconds, and whatever waits meanwhile waits
for nobody's fault. A ticker on each processor notes that it woke up late. Nothing in the VM keeps it from its processor for
long, since nothing has more priority; and it does no I/O, so that a held map or a lost path is nothing to it."""
import os
import subprocess
import sys
import time

FILE = "/run/lab-stalls"    # lines of begin and end in seconds since 1970, as fio's logs; gone with the boot
EVERY_S, LATE_S = 0.2, 1.0
TICKERS = []


def start():
    """Once in a boot."""
    if not os.path.exists(FILE):
        open(FILE, "w").close()
        TICKERS.extend(subprocess.Popen([sys.executable, "-B", __file__, str(cpu)]) for cpu in os.sched_getaffinity(0))


def tick(cpu):
    os.sched_setaffinity(0, {cpu})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(os.sched_get_priority_max(os.SCHED_FIFO)))
    while True:
        begin = time.monotonic()
        time.sleep(EVERY_S)
        late = time.monotonic() - begin - EVERY_S
        if late > LATE_S:
            with open(FILE, "a") as file:
                file.write("%.3f %.3f\n" % (time.time() - late, time.time()))


def found():
    """[(begin, end)], by time, none overlapping another."""
    merged = []
    with open(FILE) as file:
        for begin, end in sorted(tuple(map(float, line.split())) for line in file):
            if merged and begin <= merged[-1][1]:
                begin, end = merged[-1][0], max(end, merged.pop()[1])
            merged.append((begin, end))
    return merged


def outside(begin, end, stalls):
    """Seconds from begin to end in which the VM did not stand still."""
    return end - begin - sum(max(0, min(end, stop) - max(begin, start)) for start, stop in stalls)


if __name__ == "__main__":
    tick(int(sys.argv[1]))

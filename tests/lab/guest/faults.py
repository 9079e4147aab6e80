"""How the faults of the fault matrix (fault_cells.py) are made and taken away again. Each is a class with `inject` and `clear`; clear
can be called whatever inject came to, and more than once. Nothing here judges: that is for fault_play.py."""
import glob
import os
import signal
import time

import host
from util import log, read, sh, wait_for, write

STATE_DIR, RULES_DIR = "/var/lib/dm-import", "/etc/udev/rules.d"
SLOW_MS = 2000
FILLER = STATE_DIR + "/filler"
UDEV_UNITS = ["systemd-udevd-control.socket", "systemd-udevd-kernel.socket", "systemd-udevd.service"]
AGENT = "/usr/sbin/import-agent"
TWO_HOURS_S = 7200


def drop_in(unit, text):
    """A drop-in of an administrator's that a reboot takes away; with no text, it goes."""
    path = "/run/systemd/system/%s.d/lab.conf" % unit
    if text:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write(path, text)
    elif os.path.exists(path):
        os.unlink(path)
    sh("systemctl daemon-reload")


class Fault:
    lasts_s = 90        # if the verb has not ended by then, the fault goes first
    stays_s = 6         # in a state without a verb
    changes = False     # the host's tables and disks are not the same after it
    alone = False       # it asks for nothing but that the verb is on its way: there is nothing that goes

    def __init__(self, matrix):
        self.matrix, self.lab, self.host = matrix, matrix.lab, matrix.host

    def array(self, side):
        return self.lab.source if side == "source" else self.lab.destination

    def lun(self, side):
        return self.matrix.source() if side == "source" else self.matrix.destination()

    def inject(self):
        raise NotImplementedError

    def clear(self):
        pass


# Paths, arrays, commands

class Paths(Fault):
    lasts_s = 40

    def __init__(self, matrix, side, count):
        super().__init__(matrix)
        self.ports = self.array(side).ports[:count]

    def inject(self):
        for port in self.ports:
            port.set_online(False)

    def clear(self):
        for port in self.ports:
            port.set_online(True)


class ArrayGone(Fault):
    """The transport gives the disks up; they come back under other names."""
    changes = True
    lasts_s = 40

    def __init__(self, matrix, side):
        super().__init__(matrix)
        self.gone, self.count = self.lun(side), len(self.lun(side).mapped)

    def inject(self):
        self.gone.unmap()
        wait_for("the disks are gone", lambda: not self.host.disks_of(self.gone.wwid))

    def clear(self):
        if not self.gone.mapped:
            self.gone.map()
            self.host.find_lun(self.gone.wwid, self.count)


class Slow(Fault):
    stays_s = 12
    lasts_s = 300       # a verb sends dozens of commands

    def __init__(self, matrix, side):
        super().__init__(matrix)
        self.slow, self.table = self.lun(side), self.lun(side).table

    def inject(self):
        begin, sectors, kind, disk, start = self.table.split()
        assert kind == "linear", self.table
        sh("modprobe dm-delay")
        self.slow.load(" ".join((begin, sectors, "delay", disk, start, str(SLOW_MS))))

    def clear(self):
        if self.slow.table != self.table:
            self.slow.load(self.table)


class Hangs(Fault):
    """Bounded, or nothing could be looked at: a command that was sent returns when the fault goes."""
    lasts_s = 40

    def __init__(self, matrix, side):
        super().__init__(matrix)
        self.device = self.lun(side).dm_name

    def inject(self):
        sh(["dmsetup", "suspend", "--noflush", "--nolockfs", self.device])

    def clear(self):
        sh(["dmsetup", "resume", self.device])


class Resized(Fault):
    """The array makes the LUN larger and the host rescans it, or smaller and the host does not."""
    changes = True

    def __init__(self, matrix, more_sectors, seen):
        super().__init__(matrix)
        self.resized, self.table, self.seen = self.lun("destination"), self.lun("destination").table, seen
        self.more = more_sectors

    def resize(self, table):
        self.resized.load(table)
        if self.seen:
            for disk in self.host.disks_of(self.resized.wwid):
                write("/sys/block/%s/device/rescan" % disk, "1")

    def inject(self):
        words = self.table.split()
        self.resize(" ".join([words[0], str(int(words[1]) + self.more), *words[2:]]))

    def clear(self):
        if self.resized.table != self.table:
            self.resize(self.table)


# What the agent keeps its state in, and lives on

class StateFull(Fault):
    def inject(self):
        with open(FILLER, "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError as full:
                log("full: %s" % full)

    def clear(self):
        if os.path.exists(FILLER):
            os.unlink(FILLER)


class ReadOnly(Fault):
    """A mount of the directory onto itself, read-only."""

    def __init__(self, matrix, directory):
        super().__init__(matrix)
        self.directory, self.mounted = directory, False

    def inject(self):
        sh(["mount", "--bind", self.directory, self.directory])
        self.mounted = True
        sh(["mount", "-o", "remount,bind,ro", self.directory])

    def clear(self):
        if self.mounted:        # below it may be a mount that is not ours
            sh(["umount", self.directory])
        self.mounted = False


class StateMissing(Fault):
    EMPTY = "/run/lab-empty"

    def __init__(self, matrix):
        super().__init__(matrix)
        self.mounted = False

    def inject(self):
        os.makedirs(self.EMPTY, exist_ok=True)
        sh(["mount", "--bind", self.EMPTY, STATE_DIR])
        self.mounted = True

    def clear(self):
        if self.mounted:
            log("made in the empty directory: %s" % os.listdir(STATE_DIR))
            sh(["umount", STATE_DIR])
            sh(["rm", "-r", self.EMPTY])
        self.mounted = False


class Limited(Fault):
    """prlimit on the running agent; with room for nothing more than it has now."""

    def __init__(self, matrix, resource):
        super().__init__(matrix)
        self.resource, self.pid = resource, host.main_pid()

    def now(self):
        if self.resource == "nofile":
            return 1 + max(int(fd) for fd in os.listdir("/proc/%d/fd" % self.pid))
        return 4096 * int(read("/proc/%d/statm" % self.pid).split()[0])

    def inject(self):
        sh(["prlimit", "--pid", str(self.pid), "--%s=%d:" % (self.resource, self.now())])

    def clear(self):
        if os.path.exists("/proc/%d" % self.pid):
            sh(["prlimit", "--pid", str(self.pid), "--%s=%s:" % (self.resource, {"nofile": "1024", "as": "unlimited"}[self.resource])])


class KilledForMemory(Fault):
    lasts_s = 15

    def inject(self):
        sh("systemctl set-property --runtime import-agent.service MemoryMax=1M")

    def clear(self):
        sh("systemctl set-property --runtime import-agent.service MemoryMax=infinity")


# udevd and multipathd

class UdevdStopped(Fault):
    def inject(self):
        sh(["systemctl", "stop", *UDEV_UNITS])

    def clear(self):
        sh(["systemctl", "start", *UDEV_UNITS])


class Standstill(Fault):
    """The process is there and does nothing."""
    lasts_s = 200

    def __init__(self, matrix, unit):
        super().__init__(matrix)
        self.unit, self.pid = unit, 0

    def inject(self):
        self.pid = host.main_pid(self.unit)
        os.kill(self.pid, signal.SIGSTOP)

    def clear(self):
        if self.pid and os.path.exists("/proc/%d" % self.pid):
            os.kill(self.pid, signal.SIGCONT)
        self.pid = 0


class UdevdSlow(Fault):
    RULE = "/run/udev/rules.d/01-lab-slow.rules"
    lasts_s = 300

    def inject(self):
        os.makedirs(os.path.dirname(self.RULE), exist_ok=True)
        write(self.RULE, 'SUBSYSTEM=="block", KERNEL=="sd*", ACTION!="remove", PROGRAM="/bin/sleep %d"\n' % (SLOW_MS // 1000))
        sh("udevadm control --reload")

    def clear(self):
        if os.path.exists(self.RULE):
            os.unlink(self.RULE)
        sh("udevadm control --reload")


class MultipathdDropIn(Fault):
    def __init__(self, matrix, text):
        super().__init__(matrix)
        self.text = text

    def inject(self):
        drop_in("multipathd.service", self.text)

    def clear(self):
        drop_in("multipathd.service", None)
        sh("systemctl reset-failed multipathd.service multipathd.socket", check=False)


class MultipathdStopped(Fault):
    def inject(self):
        sh("systemctl stop multipathd.socket multipathd.service")

    def clear(self):
        """As its person would, when the host complains."""
        sh("systemctl start multipathd.socket", check=False)
        sh("systemctl start multipathd.service", check=False)


# A person in the middle

class Person(Fault):
    alone = True

    def __init__(self, matrix, *commands):
        super().__init__(matrix)
        self.commands = commands

    def inject(self):
        for command in self.commands:
            command = command.replace("LIVE", self.matrix.name() or "gone")
            log("a person: " + command)
            log(sh(command, check=False, timeout=60).strip()[:200])


class Flushed(Person):
    """The person notices the mistake, and has multipathd check again."""

    def clear(self):
        self.host.ask_multipathd("reconfigure")
        self.host.wait_multipathd()


class Rescan(Fault):
    alone = True

    def inject(self):
        host.rescan()
        for path in glob.glob("/sys/block/sd*/device/rescan"):
            write(path, "1")


class Clock(Fault):
    alone = True

    def __init__(self, matrix, seconds):
        super().__init__(matrix)
        self.seconds, self.ahead = seconds, None

    def inject(self):
        self.ahead = time.time() - time.monotonic()
        time.clock_settime(time.CLOCK_REALTIME, time.time() + self.seconds)

    def clear(self):
        if self.ahead is not None:
            time.clock_settime(time.CLOCK_REALTIME, self.ahead + time.monotonic())
        self.ahead = None


class NoFault(Fault):
    """What an orchestrator does is done by fault_play.py, which is one; and a cell that is sabotaged has no fault."""
    alone = True

    def inject(self):
        pass


# The agent

class AgentStopped(Fault):
    alone = True

    def inject(self):
        sh("systemctl --no-block restart import-agent")


class AgentUpgraded(Fault):
    """As a package does: the new file in the old one's place, then a restart."""
    alone = True

    def inject(self):
        sh(["cp", "--preserve", AGENT, AGENT + ".new"])
        os.rename(AGENT + ".new", AGENT)
        sh("systemctl daemon-reload")
        sh("systemctl --no-block restart import-agent")


MAKERS = {
    "source-path": lambda m: Paths(m, "source", 1),
    "source-paths": lambda m: Paths(m, "source", None),
    "source-array": lambda m: ArrayGone(m, "source"),
    "destination-path": lambda m: Paths(m, "destination", 1),
    "destination-paths": lambda m: Paths(m, "destination", None),
    "destination-array": lambda m: ArrayGone(m, "destination"),
    "destination-slow": lambda m: Slow(m, "destination"),
    "source-slow": lambda m: Slow(m, "source"),
    "destination-hangs": lambda m: Hangs(m, "destination"),
    "source-hangs": lambda m: Hangs(m, "source"),
    "destination-grows": lambda m: Resized(m, 16384, seen=True),
    "destination-shrinks": lambda m: Resized(m, -16384, seen=False),
    "state-full": StateFull,
    "state-read-only": lambda m: ReadOnly(m, STATE_DIR),
    "state-missing": StateMissing,
    "rules-read-only": lambda m: ReadOnly(m, RULES_DIR),
    "memory-short": lambda m: Limited(m, "as"),
    "memory-killed": KilledForMemory,
    "descriptors-short": lambda m: Limited(m, "nofile"),
    "udevd-stopped": UdevdStopped,
    "udevd-hangs": lambda m: Standstill(m, "systemd-udevd"),
    "udevd-slow": UdevdSlow,
    "multipathd-stays": lambda m: MultipathdDropIn(m, "[Unit]\nRefuseManualStop=yes\n"),
    "multipathd-cannot-start": lambda m: MultipathdDropIn(m, "[Service]\nExecStartPre=/bin/false\n"),
    "multipathd-hangs": lambda m: Standstill(m, "multipathd"),
    "multipathd-stopped": MultipathdStopped,
    "multipathd-started": lambda m: Person(m, "systemctl start multipathd.socket", "systemctl start multipathd.service",
                                           "multipathd show daemon"),
    "multipathd-reconfigured": lambda m: Person(m, "multipathd reconfigure"),
    "maps-flushed": lambda m: Flushed(m, "multipath -F"),
    "map-resumed": lambda m: Person(m, "dmsetup resume LIVE"),
    "events-triggered": lambda m: Person(m, "udevadm trigger", "udevadm settle --timeout=30"),
    "hosts-rescanned": Rescan,
    "clock-forward": lambda m: Clock(m, TWO_HOURS_S),
    "clock-back": lambda m: Clock(m, -TWO_HOURS_S),
    "orchestrator-gone": NoFault,
    "orchestrator-repeats": NoFault,
    "orchestrator-reorders": NoFault,
    "orchestrator-twice": NoFault,
    "agent-stopped": AgentStopped,
    "agent-upgraded": AgentUpgraded,
}

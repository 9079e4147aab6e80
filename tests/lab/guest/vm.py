"""The VM itself: its kernel's parameters, what it leaves for the build machine, how it ends."""
import contextlib
import os
import sys
import termios
import time

import stalls
from util import Failure, read, sh, write

RESULTS = "/var/lib/lab/results"
RESULT_DISK = "/dev/vdd"


def command_line(key, default=None):
    for word in read("/proc/cmdline").split():
        if word.startswith(key + "="):
            return word.split("=", 1)[1]
    return default


def steady():
    """Whether the VM's clock counts instructions. Then no disk of the build machine's may be in the way of what is timed."""
    return "lab.steady" in read("/proc/cmdline").split()


def collect():
    """Logs that somebody wants to read when a scenario failed, then everything to the results disk."""
    logs = {"journal.log": "journalctl -b --no-pager -o short-monotonic", "dmesg.log": "dmesg",
            "multipath.log": "multipath -ll", "dm.log": "dmsetup table"}
    for name, command in logs.items():
        with contextlib.suppress(Failure):      # it hangs, or the machine is too slow for it: the rest is worth having
            write("%s/%s" % (RESULTS, name), sh(command, check=False))
    sh("cp -a /var/log/import /etc/dm-import /var/lib/dm-import %s %s/" % (stalls.FILE, RESULTS), check=False)
    sh(["sh", "-c", "cp /etc/udev/rules.d/*dm-import* %s/" % RESULTS], check=False)
    sh(["tar", "-C", RESULTS, "-cf", RESULT_DISK, "."], check=False)
    sh(["blockdev", "--flushbufs", RESULT_DISK], check=False)


def announce_reboot():
    """The build machine boots the VM again when it has read this line."""
    print("lab: reboot", flush=True)
    if sys.stdout.isatty():     # a line that is still in the port's buffer is lost with the power
        termios.tcdrain(sys.stdout.fileno())


def power_off(reboot=None):
    """Goes off, or down for another boot: `reboot` is "clean" or "cut"."""
    if reboot:
        announce_reboot()
    if reboot == "clean":
        sh("systemctl --no-block reboot")
        time.sleep(600)
    if reboot != "cut":
        os.sync()
    write("/proc/sysrq-trigger", "b" if reboot else "o")
    time.sleep(60)

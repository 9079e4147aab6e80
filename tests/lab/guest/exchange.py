"""The exchange of identities done by hand, for the negative controls: it lets them commit the faults that
the product must never commit. No journal, no checks, no undo; nothing else may use it."""
import glob
import os
import time

import host
from util import sh, settle, wait_for, write

RULES = ("/run/udev/rules.d/55-z-lab-exchange.rules", "/run/udev/rules.d/61-lab-exchange.rules")


def write_rules(source, destination):
    lines = ""
    for true, shown in ((source, destination), (destination, source)):
        lines += ('SUBSYSTEM=="block", KERNEL=="sd*", ENV{ID_SERIAL}=="%s", ENV{LAB_TRUE_SERIAL}!="?*", '
                  'ENV{LAB_TRUE_SERIAL}="$env{ID_SERIAL}", ENV{ID_SERIAL}="%s", GOTO="lab_exchange_end"\n'
                  % (true, shown))
    os.makedirs("/run/udev/rules.d", exist_ok=True)
    for path in RULES:
        write(path, lines + 'LABEL="lab_exchange_end"\n')


def present():
    """The rules come into force: the paths say who they are now."""
    sh("udevadm control --reload")
    sh("udevadm trigger --action=change --sysname-match=sd*")
    settle()


def exchange_tables(live, idle):
    tables = [sh(["dmsetup", "table", name]).strip() for name in (live, idle)]
    for name, table in zip((live, idle), reversed(tables)):
        sh(["dmsetup", "load", name, "--table", table])
    for name in (idle, live):
        sh(["dmsetup", "suspend", "--noflush", "--nolockfs", name])
    for name in (live, idle):
        sh(["dmsetup", "resume", name])
    settle()


def stop_multipathd(names):
    sh("multipathd forcequeueing daemon", check=False)
    sh("systemctl stop multipathd.socket multipathd.service")
    for name in names:
        sh(["dmsetup", "message", name, "0", "queue_if_no_path"])


def start_multipathd():
    sh("systemctl start multipathd.socket multipathd.service")


def exchange(source, destination, paths, identity_first=True):
    """Exchanges the sides of one pair of maps, in the right order or in the wrong one."""
    live, idle = host.mpath_of(source), host.mpath_of(destination)
    stop_multipathd((live, idle))
    write_rules(source, destination)
    if identity_first:
        present()
    exchange_tables(live, idle)
    if not identity_first:
        time.sleep(8)       # the live map has no path until multipathd is back: longer than a slow machine's noise
        present()
    start_multipathd()
    wait_for("paths of " + live, lambda: host.active_paths(live) >= paths, 120, 0.3)


def undo_rules():
    for path in glob.glob("/run/udev/rules.d/*lab-exchange.rules"):
        os.unlink(path)
    sh("udevadm control --reload")

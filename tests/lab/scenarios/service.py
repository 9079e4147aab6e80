"""The agent as a service of systemd: what it may do, who may read its files, and what becomes of it when it hangs."""
import os
import re
import signal
import stat

import host
from scenario import scenario
from util import sh, wait_for, write

UNIT = "import-agent.service"
EXPOSURE_MAX = 5.1      # docs/SECURITY.md
MODES = {"/etc/dm-import/agent.conf": 0o600, "/etc/dm-import/tls": 0o700, "/etc/dm-import/tls/agent.key": 0o600,
         "/etc/dm-import/trusted.d": 0o700, "/etc/dm-import/identity": 0o600, "/var/lib/dm-import": 0o700,
         "/var/lib/dm-import/journal": 0o600, "/var/log/import": 0o700, "/var/log/import/agent.log": 0o600,
         "/run/dm-import/agent.sock": 0o600}


def check_exposure(lab):
    said = sh("systemd-analyze security --no-pager " + UNIT)
    exposure = float(re.search(r"exposure level for %s: ([0-9.]+)" % re.escape(UNIT), said)[1])
    lab.expect(exposure <= EXPOSURE_MAX, "exposure %.1f" % exposure)


def check_modes(lab):
    for path, mode in MODES.items():
        found = stat.S_IMODE(os.stat(path).st_mode)
        lab.expect(found == mode, "%s has mode %o" % (path, found))


def check_hang(lab, work):
    """A watchdog of five seconds in the place of two minutes."""
    os.makedirs("/run/systemd/system/%s.d" % UNIT, exist_ok=True)
    write("/run/systemd/system/%s.d/lab.conf" % UNIT, "[Service]\nWatchdogSec=5s\n")
    sh("systemctl daemon-reload")
    sh("systemctl restart " + UNIT)
    hung = host.main_pid()
    os.kill(hung, signal.SIGSTOP)
    wait_for("another agent in the place of one that hangs", lambda: host.main_pid() not in (0, hung), 120)
    wait_for("its web server", lambda: "ACTIVE" in sh("importcli mhd_status"), 120)
    said = sh("journalctl -b --no-pager -o cat -u " + UNIT)
    lab.expect("Watchdog timeout" in said, "it was not the watchdog")
    work.expect_state("on_destination", "Destination")


@scenario("install-service", core=True)
def install_service(lab):
    """Under load, on the way to the destination and back."""
    check_exposure(lab)
    lab.fio()
    work = lab.create_import()
    check_modes(lab)
    work.map()
    work.prepare()
    work.switch("destination")
    check_hang(lab, work)
    work.cancel()
    work.delete()

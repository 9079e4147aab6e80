"""The host as the lab sees it: directly from sysfs, never through the product."""
import contextlib
import glob
import os
import signal

from util import Failure, read, settle, sh, wait_for     # settle: for those who have this module from afar


def names_in(path):
    """Sorted names in a folder of sysfs; none when the device has just gone."""
    try:
        return sorted(os.listdir(path))
    except FileNotFoundError:
        return []


def maps():
    """All dm maps: name -> {uuid, dm, suspended, slaves, mpath}."""
    found = {}
    for path in glob.glob("/sys/block/dm-*"):
        uuid = read(path + "/dm/uuid", "")
        found[read(path + "/dm/name", "?")] = {
            "uuid": uuid, "dm": os.path.basename(path),
            "suspended": read(path + "/dm/suspended", "0") == "1",
            "slaves": names_in(path + "/slaves"),
            "mpath": uuid.startswith("mpath-")}
    return found


def mpath_of(wwid):
    """Name of the multipath map with this WWID, or None."""
    for name, found in maps().items():
        if found["uuid"] == "mpath-" + wwid:
            return name
    return None


def disks():
    """All SCSI disks: sdX -> {wwid, hctl, holders}; wwid is the true one, asked from the LUN by the kernel."""
    found = {}
    for path in glob.glob("/sys/block/sd*"):
        wwid = read(path + "/device/wwid", "").replace("naa.", "3")
        found[os.path.basename(path)] = {
            "wwid": wwid, "hctl": os.path.basename(os.path.realpath(path + "/device")),
            "holders": names_in(path + "/holders")}
    return found


def disks_of(wwid):
    return sorted(name for name, disk in disks().items() if disk["wwid"] == wwid)


# LIO is no CLARiiON: it lacks the vendor page that multipath's checker for DGC asks for.
DEVICES = """devices {
	device {
		vendor "DGC"
		product "VRAID"
		path_checker tur
		detect_checker yes
	}
}
"""


def write_multipath_conf(defaults, more=""):
    """An administrator's /etc/multipath.conf."""
    lines = "".join("\t%s %s\n" % item for item in defaults.items())
    with open("/etc/multipath.conf", "w") as file:
        file.write("defaults {\n%s}\n%s%s" % (lines, DEVICES, more))


def wait_map(wwid, paths, timeout_s=180):
    """Waits until multipath has the map with so many active paths; gives its name."""
    def ready():
        name = mpath_of(wwid)
        return name if name and active_paths(name) == paths else None
    return wait_for("map of %s with %d active paths" % (wwid, paths), ready, timeout_s, 0.3)


def wait_node(name):
    """Waits for /dev/mapper's entry, which udev makes when the map is there already. (A program that writes may make a
    file in its place.)"""
    wait_for("/dev/mapper/" + name, lambda: os.path.exists("/dev/mapper/" + name), 120)
    settle()


def flush_map(name):
    """Removes a map that nobody uses, as an administrator would; udev may still have it open."""
    def gone():
        if name in maps():
            sh(["multipath", "-f", name], check=False)
        return name not in maps()
    wait_for("map %s to go" % name, gone, 120, 0.5)


def ask_multipathd(command):
    """Asks again while multipathd is too busy to answer within the seconds that its client waits."""
    def done():
        with contextlib.suppress(Failure):
            sh("multipathd " + command)
            return True
    wait_for("multipathd to " + command, done, 120, 1)


def wait_multipathd():
    """Until it is idle, which it is not from the command to reconfigure on."""
    wait_for("multipathd is idle", lambda: "idle" in sh("multipathd show daemon", check=False), 120, 0.3)


def active_paths(name):
    """How many paths the kernel's multipath target holds for usable."""
    words = sh(["dmsetup", "status", name], check=False).split()
    return sum(1 for word, nr in zip(words, words[1:]) if ":" in word and nr == "A")


def path_groups(name):
    """How many path groups the map has: the third of the counted words in its table."""
    words = sh(["dmsetup", "table", name]).split()[3:]
    features = int(words[0])
    handler = int(words[features + 1])
    return int(words[features + handler + 2])


def find_lun(wwid, paths):
    """Scans until the LUN has its disks here: a scan may meet a unit attention, and miss it."""
    def found():
        if len(disks_of(wwid)) != paths:
            rescan()
        return len(disks_of(wwid)) == paths
    wait_for("%d disks of %s" % (paths, wwid), found, 120, 2)


def rescan():
    for path in glob.glob("/sys/class/scsi_host/host*/scan"):
        with open(path, "w") as file:
            file.write("- - -")


def delete_disk(name):
    with open("/sys/block/%s/device/delete" % name, "w") as file:
        file.write("1")


def processes():
    """Command names of all user processes with how many there are."""
    count = {}
    for path in glob.glob("/proc/[0-9]*"):
        if read(path + "/cmdline", ""):
            name = read(path + "/comm", "")
            count[name] = count.get(name, 0) + 1
    return count


def product_rules():
    """Generated rule files: path -> text."""
    return {path: read(path) for where in ("/etc", "/run")
            for path in sorted(glob.glob(where + "/udev/rules.d/*dm-import*.rules"))}


def cookies():
    """udev cookies that somebody waits for."""
    return sh("dmsetup udevcookies").splitlines()[1:]


def kernel_log():
    return sh("dmesg --notime")


def snapshot():
    """What must not change by a refused request: tables, rules, identities, disks."""
    tables = sorted(sh("dmsetup table").splitlines())
    identity = [line for line in read("/etc/dm-import/identity", "").splitlines()
                if line and not line.startswith(("#", "end "))]
    return {"tables": tables, "rules": product_rules(), "identity": identity,
            "disks": {name: disk["wwid"] for name, disk in disks().items()},
            "serials": {name: udev_property(name, "ID_SERIAL") for name in disks()}}


def settled_snapshot():
    """A snapshot that has stopped changing: udev and multipathd may be at work yet on what was done last."""
    settle()
    taken = [None]

    def alike():
        taken.append(snapshot())
        return taken[-1] == taken[-2]
    wait_for("the host stays as it is", alike, 120, 1)
    return taken[-1]


def udev_property(name, key):
    """From udev's database as it lies on disk."""
    for line in read("/run/udev/data/b" + read("/sys/block/%s/dev" % name, ""), "").splitlines():
        if line.startswith("E:%s=" % key):
            return line.split("=", 1)[1]
    return ""


def iscsi_discover(portals, target):
    """Linux' target reports all its portals, tgtd only the one that is asked."""
    def ask(portal):
        said = sh(["iscsiadm", "-m", "discovery", "-t", "sendtargets", "-p", portal], check=False)
        return said if target in said else None
    told = ""
    for portal in portals:
        if portal + "," not in told:
            told += wait_for("discovery of %s at %s" % (target, portal), lambda: ask(portal), 120, 1)


def iscsi_login(portals, target, sessions):
    """Discovers the target at the portals and logs in to all of them: one session, one path each. The
    sessions show whether it worked: iscsiadm sends twice, and then complains, while iscsid is starting. What is there
    already is not made again, so the command may be."""
    def there():
        return sessions == sum(read(path + "/targetname", "") == target
                               for path in glob.glob("/sys/class/iscsi_session/session*"))

    def logged_in():
        if not there():
            sh(["iscsiadm", "-m", "node", "-T", target, "--login"], check=False)
        return there()
    iscsi_discover(portals, target)
    wait_for("%d sessions with %s" % (sessions, target), logged_in, 180, 5)


def main_pid(unit="import-agent.service"):
    """Of a service's process; 0: it does not run."""
    return int(sh("systemctl show --property=MainPID --value " + unit))


@contextlib.contextmanager
def agent_stands_still():
    pid = main_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)

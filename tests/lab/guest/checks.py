"""What every scenario is checked for at its end, in one place. Each check calls fail(check, text) for
what it finds; `check` is the name that a negative control asks for."""
import re
import time

KERNEL_FAULT = re.compile(r"WARNING:|BUG:|Oops|general protection|hung_task|blocked for more than|"
                          r"refcount_t|list_(add|del) corruption|possible deadlock")
IGNORED_KERNEL = re.compile(r"soft lockup|workqueue lockup")    # the build machine was busy: QEMU did not get its CPU
COMES_AND_GOES = {"(udev-worker)", "systemd-udevd", "dmeventd", "systemd-journal", "python3", "systemctl",
                  "(sd-pam)", "agetty", "systemd-timedat", "systemd-tmpfile", "(systemd)"}
SETTLES_S = 45


def baseline(host):
    """The host's state before the scenario does anything; kept over reboots."""
    return {"maps": {name: found["uuid"] for name, found in host.maps().items()}, "processes": host.processes()}


def check_all(lab, fail):
    """What udev and multipathd still do may take a moment to end: wrong is what stays so."""
    lab.host.settle()
    end = time.monotonic() + SETTLES_S
    while True:
        late = time.monotonic() > end
        found = []
        look(lab, lambda check, text: found.append((check, text)))
        if not found or late:
            break
        time.sleep(1)
    for check, text in found:
        fail(check, text)


def look(lab, fail):
    check_maps(lab, fail)
    check_disks(lab, fail)
    check_rules(lab, fail)
    check_cookies(lab, fail)
    check_processes(lab, fail)
    check_kernel_log(lab, fail)


def check_maps(lab, fail):
    """No map more or less than before, none suspended, paths of a live map all of the right LUN."""
    now = lab.host.maps()
    before = lab.kept["baseline"]["maps"]
    for name in sorted(set(now) - set(before)):
        fail("dm-left", "dm device %s (%s) was left behind" % (name, now[name]["uuid"]))
    for name in sorted(set(before) - set(now)):
        fail("dm-lost", "dm device %s is gone" % name)
    for name in set(now) & set(before):
        if now[name]["uuid"] != before[name]:
            fail("dm-lost", "dm device %s has uuid %s, had %s" % (name, now[name]["uuid"], before[name]))
    for name, found in now.items():
        if found["suspended"]:
            fail("suspended", "dm device %s is suspended" % name)
    disks = lab.host.disks()
    for source in lab.source.luns:
        name = next((name for name, found in now.items() if found["uuid"] == "mpath-" + source.wwid), None)
        true = {disks[path]["wwid"] for path in now[name]["slaves"] if path in disks} if name else set()
        expected = lab.true_wwid(source.index)
        if name and true != {expected}:
            fail("path-identity", "map %s has paths of %s, not of %s alone" % (
                name, ", ".join(sorted(true)) or "no LUN", expected))


def check_disks(lab, fail):
    """No sd device in two maps; the sd devices are the paths of the live maps and nothing else."""
    expected = {lab.true_wwid(lun.index) for lun in lab.source.luns}
    count = {}
    multipaths = {found["dm"] for found in lab.host.maps().values() if found["mpath"]}
    for name, disk in lab.host.disks().items():
        in_maps = [holder for holder in disk["holders"] if holder in multipaths]
        if len(in_maps) > 1:
            fail("sd-in-two-maps", "%s is in %s" % (name, " and ".join(in_maps)))
        if disk["wwid"] not in expected:
            fail("sd-left", "%s of %s was left behind" % (name, disk["wwid"]))
        count[disk["wwid"]] = count.get(disk["wwid"], 0) + 1
    for index in range(len(lab.source.luns)):
        wanted = lab.expected_paths(index)
        found = count.get(lab.true_wwid(index), 0)
        if found != wanted:
            fail("sd-lost", "LUN %d has %d paths, not %d" % (index, found, wanted))


def check_rules(lab, fail):
    """Rules of the product name the committed pairs and no others; none of anybody else's are in /run."""
    text = "\n".join(lab.host.product_rules().values())
    for source, destination in zip(lab.source.luns, lab.destination.luns):
        committed = lab.on_destination(source.index)
        for wwid in (source.wwid, destination.wwid):
            if committed and wwid not in text and wwid[1:] not in text:
                fail("rules-lost", "no rule names %s though its import was committed" % wwid)
            if not committed and (wwid in text or wwid[1:] in text):
                fail("rules-left", "a rule still names %s" % wwid)
    for name in lab.host.names_in("/run/udev/rules.d"):
        fail("rules-left", "/run/udev/rules.d/%s was left behind" % name)


def check_cookies(lab, fail):
    for line in lab.host.cookies():
        fail("cookies", "udev cookie left behind: " + " ".join(line.split()))


def check_processes(lab, fail):
    """No process more than before."""
    before = lab.kept["baseline"]["processes"]
    for name, count in lab.host.processes().items():
        if count > before.get(name, 0) and name not in COMES_AND_GOES:
            fail("processes", "%d processes %s, there were %d" % (count, name, before.get(name, 0)))


def check_kernel_log(lab, fail):
    """No warning, and no I/O error on any dm device of the host."""
    lines = lab.earlier_kernel_log + lab.host.kernel_log().splitlines()
    for line in lines:
        if KERNEL_FAULT.search(line) and not IGNORED_KERNEL.search(line):
            fail("kernel-log", line)
        elif re.search(r"I/O error.*dev dm-\d", line):
            fail("kernel-io-error", line)

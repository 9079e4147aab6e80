"""The demo: one import as an administrator sees it, told in lines that begin with "| " (and "|~ " for a line that the
next one replaces); tests/demo/run shows them and draws the picture."""
import time

from scenario import scenario
from util import sh

SIZE_MIB = 320


def say(text=""):
    for line in text.splitlines() or [""]:
        print("| " + line, flush=True)


def heading(number, text):
    say()
    say("== %d. %s ==" % (number, text))


def show(command):
    """What a person would type, and what the host answers."""
    say("$ " + command)
    say(sh(["sh", "-c", command + " 2>&1"], check=False).rstrip())


def bar(what, done, total):
    width = 40
    filled = width * done // max(total, 1)
    print("|~ %s [%s%s] %3d %%" % (what, "#" * filled, "." * (width - filled), 100 * done // max(total, 1)), flush=True)


def volume(lab):
    show("findmnt -no SOURCE,FSTYPE,TARGET " + lab.volumes[0].dir)
    show("df -h --output=source,size,used,target " + lab.volumes[0].dir)
    show("importcli status -v")


def switch(lab, work, side):
    work.switch(side)
    last = lab.kept["switches"][-1]
    slowest = max(last["pauses_us"].values())
    steps = ", ".join("%s %d" % (step["name"], step["duration_us"] // 1000) for step in last["steps"])
    say("on the %s after %.1f s (%s ms);" % (side, last["duration_us"] / 1e6, steps))
    say("the application's map was held for %.1f ms" % (slowest / 1000))


def copy(lab, work, percent):
    """The array copies and forwards; the orchestrator tells the host how far it is."""
    lun = work.destinations[0]
    lun.start_copy()
    while True:
        done, total = lun.progress()
        work.api.session("copy_in_progress", 100 * done // total)
        bar("copy", done, total)
        if 100 * done >= percent * total:
            break
        time.sleep(0.2)
    say("copied %d %%" % (100 * done // total))


def begin(lab):
    lab.mounted("ext4")
    lab.fio(filename=lab.volumes[0].dir + "/database", size_mib=64)
    heading(1, "The volume before: a file system in use, its LUN on the old array")
    volume(lab)
    heading(2, "The orchestrator announces the import over HTTPS; from now on the new LUN is hidden wherever it appears")
    work = lab.create_import("demo")
    show("importcli import precheck demo")
    heading(3, "The new array maps its LUN in pass-through; prepare finds it and has multipathd build its map")
    work.map()
    with lab.step("prepare"):
        work.api.prepare()
    show("multipath -ll")
    heading(4, "Switch under load")
    switch(lab, work, "destination")
    return work


@scenario("demo-import", size_mib=SIZE_MIB, timeout=600)
def demo_import(lab):
    work = begin(lab)
    heading(5, "The new array copies in the background; writes still go to both")
    with lab.step("copy"):
        copy(lab, work, 100)
    show("importcli import show demo")
    heading(6, "Cutover: the array stops forwarding, the host removes the old side")
    work.commit()
    heading(7, "The volume after: same name, same mount, never unmounted; its LUN on the new array")
    volume(lab)


@scenario("demo-cancel", size_mib=SIZE_MIB, timeout=600)
def demo_cancel(lab):
    work = begin(lab)
    heading(5, "The new array copies in the background; half-way the administrator has second thoughts")
    with lab.step("copy"):
        copy(lab, work, 50)
    heading(6, "Cancel: back to the old array, which has every write; the new side leaves the host")
    work.cancel()
    work.delete()
    heading(7, "The volume after: as it was")
    volume(lab)

"""Entry points in the VM: `arrays` (early at every boot), `run` (the scenario or script), and `lab WORD` for
those who work in the VM by hand."""
import glob
import importlib
import json
import os
import subprocess
import sys
import traceback

import cluster
import host
import node
import pairing
import scenario
from arrays import DISK, STATE, Arrays
from util import Failure, log, read, sh, write, write_durably
from vm import collect, command_line, power_off, steady

sys.path[:0] = ["/lab/scenarios", "/lab/manual"]
MULTIPATH = {"user_friendly_names": "no", "find_multipaths": "no", "polling_interval": 2}


def load(name):
    """Gives (function, options) of a scenario; a script is a scenario without checks."""
    if name == "script":
        spec = dict(scenario.DEFAULTS, product=False, luns=int(command_line("luns", "2")),
                    paths=int(command_line("paths", "2")))
        return None, spec
    for path in sorted(glob.glob("/lab/scenarios/*.py") + glob.glob("/lab/manual/*.py")):
        if '@scenario("%s"' % name in read(path):
            importlib.import_module(os.path.basename(path)[:-3])
            return scenario.SCENARIOS[name]
    raise SystemExit("no scenario " + name)


def set_up():
    """What must exist before udev processes the devices of this boot."""
    _, options = load(command_line("lab.scenario"))
    if command_line("lab.node"):
        node.prepare(int(command_line("lab.node")), {**MULTIPATH, **options["multipath"]}, options["conf"])
    else:
        build_arrays(options)


def build_arrays(options):
    os.makedirs(scenario.RESULTS, exist_ok=True)
    modules = "tcm_loop target_core_iblock target_core_file dm-multipath dm-mirror scsi_dh_alua sd_mod sg dm-service-time"
    sh("modprobe -a " + modules)
    if options["transport"] == "iscsi":
        sh("modprobe -a iscsi_target_mod iscsi_tcp")
    sh("ip link set lo up")
    initiators = cluster.connect(options["cluster"])
    if steady():
        sh("modprobe loop")
        sh("truncate -s 2G /dev/shm/array")
        sh("losetup %s /dev/shm/array" % DISK)
    if not os.path.ismount("/sys/kernel/config"):
        sh("mount -t configfs configfs /sys/kernel/config")
    if os.path.exists(STATE):
        Arrays.load(build=True)
        return
    pairing.prepare(trusted=not options["bare"])
    host.write_multipath_conf({**MULTIPATH, **options["multipath"]}, options["conf"])
    arrays = Arrays.create({"initiators": initiators, **{
        key: options[key] for key in ("luns", "size_mib", "paths", "transport", "alua", "tgt", "qemu_luns")}})
    if options["known"]:
        os.makedirs("/etc/multipath", mode=0o700, exist_ok=True)
        write("/etc/multipath/wwids", "".join("/%s/\n" % lun.wwid for lun in arrays.source.luns))


def count_boot():
    boot = int(read(scenario.STATE_DIR + "/boot", "-1")) + 1
    write_durably(scenario.STATE_DIR + "/boot", str(boot))
    return boot


def run_scenario(lab, function):
    """Gives the result, or None when the scenario wants another boot."""
    try:
        if lab.options["product"] and not lab.options["bare"] and not os.path.exists("/usr/sbin/import-agent"):
            raise scenario.Skip("the product is not installed: 'make install' gave no import-agent")
        lab.start()
        if lab.boot:
            lab.after_reboot()
        log("scenario %s, boot %d" % (lab.name, lab.boot))
        function(lab)
    except scenario.Reboot as reboot:
        lab.save()
        power_off(reboot="cut" if reboot.power_cut else "clean")
        return None
    except scenario.Skip as skip:
        return {"scenario": lab.name, "passed": False, "skipped": True, "failures": [
            {"check": "skipped", "text": str(skip)}]}
    except Failure as failure:
        lab.fail(failure.check, failure.text)
    except Exception as error:
        traceback.print_exc(file=sys.stdout)
        lab.fail("scenario", "%s: %s" % (type(error).__name__, error))
    return lab.finish()


def run_script():
    sources, destinations = [], []
    arrays = Arrays.load(build=False)
    environment = dict(os.environ, PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME="/root")
    for index, (source, destination) in enumerate(zip(arrays.source.luns, arrays.destination.luns)):
        environment["S%d" % index], environment["D%d" % index] = source.wwid, destination.wwid
        host.wait_map(source.wwid, len(source.mapped))
    done = subprocess.run(["/bin/bash", "/lab/script"], env=environment, cwd="/root", stdin=subprocess.DEVNULL)
    write(scenario.RESULTS + "/status", str(done.returncode & 255))


def run():
    name = command_line("lab.scenario")
    function, options = load(name)
    boot = count_boot()
    if command_line("lab.node"):
        node.serve(int(command_line("lab.node")))
    elif name == "script":
        try:
            run_script()
        except Failure as failure:
            log("FAILURE " + failure.text)
    else:
        lab = cluster.Cluster(name, options) if options["cluster"] else scenario.Lab(name, options, boot)
        result = run_scenario(lab, function)
        write(scenario.RESULTS + "/result.json", json.dumps(result, indent=1) + "\n")


def by_hand(words):
    """lab map|unmap|pass-through|copy|wait|finish|progress [LUN...]: what the destination array does."""
    arrays = Arrays.load(build=False)
    verbs = {"map": "map", "unmap": "unmap", "pass-through": "pass_through", "copy": "start_copy",
             "wait": "wait_copied", "finish": "finish", "progress": "progress"}
    if not words or words[0] not in verbs:
        raise SystemExit(by_hand.__doc__)
    indexes = [int(word) for word in words[1:]] or range(len(arrays.destination.luns))
    for index in indexes:
        got = getattr(arrays.destination.luns[index], verbs[words[0]])()
        if got:
            print("%d of %d" % got)


if __name__ == "__main__":
    if sys.argv[1:] == ["arrays"]:
        set_up()
    elif sys.argv[1:] == ["run"]:
        try:
            run()
        finally:
            try:
                collect()
            finally:
                power_off()
    else:
        by_hand(sys.argv[1:])

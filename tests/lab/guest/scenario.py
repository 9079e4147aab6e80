"""How a scenario is declared and what it works with.

	@scenario("import-cutover", luns=1, paths=2)
	def import_cutover(lab):
		...

The line must stand alone, beginning with @scenario("name": the build machine lists scenarios by it. `lab` is
the Lab below: arrays, host, applications, the orchestrator, and what is recorded for result.json."""
import contextlib
import json
import time

import apps
import checks
import host
from arrays import Arrays
from util import Failure, log, read, write_durably
from vm import RESULTS

SCENARIOS = {}
STATE_DIR = "/var/lib/lab"
DEFAULTS = {"luns": 1, "size_mib": 96, "paths": 2, "transport": "loop", "alua": False, "tgt": False,
            "multipath": {}, "conf": "", "product": True, "expect": None, "known": False,
            "max_io_ms": 4000, "timeout": 900, "memory": 1536, "cluster": 0, "crash": 0, "qemu_luns": 0, "bare": 0, "released": 0, "steady": 0,
            "core": False}


class Skip(Exception):
    """The scenario cannot run here; says why."""


def scenario(name, **options):
    """Declares a scenario. `expect` names the check that must fail: a negative control. `product=False`
    needs no product. `cluster` is a number of hosts; the function then gets a Cluster (cluster.py). `multipath` are defaults of multipath.conf, `conf` further sections of it; `known`: multipath knows the source's WWIDs from before (its wwids file);
    `tgt`: the source array is tgtd, over iSCSI (tgt.py); `qemu_luns=1`: the LUNs are QEMU's and the host boots its own initramfs
    (qemu_luns.py); `crash=1`: with the agent that has crash points; `bare=1`: the product is not installed, its kits are in /lab/kits, with `released=1` also that of an older commit;
    `steady=1`: the VM's clock counts instructions, and the arrays' disk is memory, so that times do not depend on the build machine. `core`: it runs in
    `make check`, one of each kind; all of them in `make check-lab`."""
    unknown = set(options) - set(DEFAULTS)
    assert not unknown, unknown

    def declare(function):
        SCENARIOS[name] = (function, {**DEFAULTS, **options})
        return function
    return declare


class Lab:
    """One running scenario, over all its boots; what must outlive a reboot is in `kept`. `host` is the module of that
    name, or its replacement if the host is another VM."""

    where = ""      # for the log, where there are several hosts

    def __init__(self, name, options, boot):
        self.set_up(name, options, boot, Arrays.load(build=False), host, json.loads(read(STATE_DIR + "/kept.json", "null")))

    def set_up(self, name, options, boot, arrays, on_host, kept):
        self.name, self.options, self.boot, self.host = name, options, boot, on_host
        self.arrays, self.source, self.destination = arrays, arrays.source, arrays.destination
        self.fios, self.volumes, self._agent = [], [], None
        self.kept = kept or {
            "steps": [], "failures": [], "pauses_us": {}, "switches": [], "side": {}, "paths": {},
            "io_errors": 0, "verify_errors": 0, "longest_io_us": 0, "longest_pause_us": 0, "stray": {}, "stray_writes": 0,
            "checks": {}, "started": time.time(), "baseline": None, "kernel_log": []}
        self.earlier_kernel_log = self.kept["kernel_log"]

    # What happened

    @contextlib.contextmanager
    def step(self, name):
        log("step: %s%s" % (name, self.where))
        begin = time.time()
        try:
            yield
        finally:
            self.kept["steps"].append({"name": name, "start": round(begin - self.kept["started"], 3),
                                       "duration": round(time.time() - begin, 3), "unix": round(begin, 3)})

    def fail(self, check, text):
        log("FAILURE %s: %s%s" % (check, text, self.where))
        self.kept["failures"].append({"check": check, "text": text})

    def expect(self, condition, text, check="expectation"):
        if not condition:
            self.fail(check, text)
        return condition

    def passed_check(self, name, problem=None):
        """A named sub-check of a scenario that has many."""
        self.kept["checks"][name] = problem or "passed"
        if problem:
            self.fail(name, problem)

    # The pairs

    def wwids(self, index=0):
        return self.source.luns[index].wwid, self.destination.luns[index].wwid

    def members(self):
        return [{"source_wwid": s.wwid, "destination_wwid": d.wwid}
                for s, d in zip(self.source.luns, self.destination.luns)]

    def map_name(self, index=0):
        return self.host.mpath_of(self.source.luns[index].wwid)

    def device(self, index=0):
        return "/dev/mapper/" + self.map_name(index)

    def on_destination(self, index):
        return self.kept["side"].get(str(index)) == "destination"

    def true_wwid(self, index):
        """Of which LUN the live map's paths must truly be now."""
        return self.wwids(index)[self.on_destination(index)]

    def expected_paths(self, index):
        side = self.destination if self.on_destination(index) else self.source
        return len(side.luns[index].mapped)

    def moved(self, side, indexes=None, counted=None):
        """Notes that LUNs are on this side now; on the destination, direct writes to the source are stray,
        from `counted` on, if given for a LUN, else from now on."""
        self.count_stray()
        for index in range(len(self.source.luns)) if indexes is None else indexes:
            self.kept["side"][str(index)] = side
            if side == "destination":
                self.kept["stray"][str(index)] = (counted or {}).get(index) or self.source.luns[index].write_stat()
            else:
                self.kept["stray"].pop(str(index), None)
        self.count_stray()

    def count_stray(self):
        """Adds up the host's writes that reached a source LUN while its import was on the destination."""
        for index, (requests, sectors) in self.kept["stray"].items():
            now = self.source.luns[int(index)].write_stat()
            if now[1] != sectors:
                self.kept["stray_writes"] += now[0] - requests
                self.fail("stray-write", "%d writes (%d sectors) reached source LUN %s directly" % (
                    now[0] - requests, now[1] - sectors, index))
            self.kept["stray"][index] = now

    def leaving_destination(self):
        """To be called before a switch back: from here on writes to the source are right."""
        self.count_stray()
        self.kept["stray"] = {}

    # Applications

    def fio(self, index=0, filename=None, name=None, **options):
        fio = apps.Fio(name or "lun%d" % index, filename or self.device(index), RESULTS, **options)
        self.fios.append(fio)
        return fio

    def mounted(self, fstype, index=0, whole=False):
        volume = apps.MountedVolume.make(self.device(index), fstype, whole)
        self.volumes.append(volume)
        return volume

    def remounted(self, fstype, index=0):
        """The volume of the boot before, which fstab must have mounted."""
        volume = apps.MountedVolume(self.device(index), fstype)
        self.expect(volume.mounted, volume.dir + " was not mounted at boot")
        self.volumes.append(volume)
        return volume

    def stop_applications(self):
        for fio in self.fios:
            result = fio.stop()
            self.kept["io_errors"] += result["io_errors"]
            self.kept["verify_errors"] += result["verify_errors"]
            self.kept["longest_io_us"] = max(self.kept["longest_io_us"], result["longest_us"])
            self.kept["longest_pause_us"] = max(self.kept["longest_pause_us"], result["paused_us"])
            if result["io_errors"]:
                self.fail("io-error", "fio %s: %s" % (fio.name, result["detail"]))
            if result["verify_errors"]:
                self.fail("verify", "fio %s read something else than it wrote: %s" % (fio.name, result["detail"]))
        self.fios = []

    # The orchestrator

    @property
    def agent(self):
        """Client of the agent, with the trusted certificate; made when first used."""
        if not self._agent:
            import pairing
            self._agent = pairing.connect()
        return self._agent

    def create_import(self, name="lab", indexes=None, **options):
        """Creates the import of all pairs (or those numbered). The destination is not mapped yet."""
        import driver
        return driver.LabImport(self, name, indexes, options)

    # The course of a scenario

    def start(self):
        """The host is up: wait for its maps, and note what is there before anything is done."""
        if self.options["transport"] == "iscsi":
            for array in (self.source, self.destination):
                self.host.iscsi_login([port.portal for port in array.ports], array.iqn, array.port_count)
        for lun in self.source.luns:
            # none: it has been taken away, or the scenario expects that it stays down
            if self.expected_paths(lun.index) and lun.index not in self.kept.get("down", []):
                self.host.wait_node(self.host.wait_map(lun.wwid, self.expected_paths(lun.index)))
        self.kept["baseline"] = self.kept["baseline"] or checks.baseline(self.host)

    def reboot(self, power_cut=False):
        """Ends this boot; the scenario's function is called again with lab.boot one higher."""
        self.stop_applications()
        self.kept["kernel_log"] = self.earlier_kernel_log + self.host.kernel_log().splitlines()
        self.count_stray()
        self.kept["stray"] = {}
        raise Reboot(power_cut)

    def after_reboot(self):
        """Counting of stray writes goes on; the counters begin at 0 again with the boot."""
        for index, side in self.kept["side"].items():
            if side == "destination":
                self.kept["stray"][index] = self.source.luns[int(index)].write_stat()

    def save(self):
        write_durably(STATE_DIR + "/kept.json", json.dumps(self.kept))

    def finish(self):
        """The end: applications, counters, the common checks. Gives the result."""
        self.attempt(self.stop_applications)
        for volume in self.volumes:
            self.attempt(volume.close)
        self.attempt(self.count_stray)
        if self.kept["baseline"]:
            self.attempt(lambda: checks.check_all(self, self.fail))
        longest = self.kept["longest_pause_us"]     # the VM's own stalls (stalls.py) are nobody's fault
        if longest > self.options["max_io_ms"] * 1000:
            self.fail("stall", "the longest I/O took %d us, more than %d ms" % (longest, self.options["max_io_ms"]))
        return self.result()

    def attempt(self, action):
        try:
            action()
        except Failure as failure:
            self.fail(failure.check, failure.text)

    def result(self):
        kept = self.kept
        passed, failures = judge(kept["failures"], self.options["expect"])
        return {"scenario": self.name, "passed": passed, "skipped": False, "failures": failures,
                "expected_failure": self.options["expect"], "io_errors": kept["io_errors"],
                "verify_errors": kept["verify_errors"], "stray_source_writes": kept["stray_writes"],
                "longest_io_us": kept["longest_io_us"], "longest_pause_us": kept["longest_pause_us"], "pauses_us": kept["pauses_us"],
                "switches": kept["switches"], "steps": kept["steps"], "checks": kept["checks"],
                "boots": self.boot + 1}


def judge(failures, expected):
    """(passed, failures): without failures, or with the one kind that a negative control expects."""
    found = {failure["check"] for failure in failures}
    if expected and expected not in found:
        failures = failures + [{"check": "control", "text": "the check did not catch the fault: " + expected}]
    return found == ({expected} if expected else set()), failures


class Reboot(Exception):
    def __init__(self, power_cut):
        super().__init__()
        self.power_cut = power_cut

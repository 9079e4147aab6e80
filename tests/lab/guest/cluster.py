"""A cluster in a scenario: hosts that are VMs of their own, which share the LUNs of the two arrays in this VM.

	@scenario("cluster-import-cutover", cluster=2)
	def cluster_import_cutover(cluster):
		...

Each host is a Node: a Lab whose host is elsewhere, so that what a scenario does with its only host, and what it is
checked for, is the same for each. The arrays never go down; a node may, in the middle of the scenario's function."""
import contextlib
from concurrent.futures import ThreadPoolExecutor

import driver
import initiators
import node
import pairing
from arrays import Arrays
from orchestrator import Agent
from remote import Remote, Unreachable
from scenario import Lab, judge
from util import Failure, log, read, sh, wait_for, write

AREA_MIB = 40       # what the fio of one host writes and reads of a LUN; the next one's begins after it
BOOT_S = 900


def connect(count):
    """The arrays' ends of the links; gives the initiator names of the hosts."""
    if count:
        sh("modprobe -a virtio_net")
    for number in range(1, count + 1):
        sh("ip address add %s/24 dev eth%d" % (node.ARRAYS % number, number - 1))
        sh("ip link set eth%d up" % (number - 1))
    return [node.INITIATOR % number for number in range(1, count + 1)]


class RemoteFio:
    """fio on a host, with the face of apps.Fio."""

    def __init__(self, remote, name, filename, options):
        self.remote, self.name = remote, name
        remote.node.start_fio(name, filename, options)

    def ended(self):
        return self.remote.node.fio_ended(self.name)

    def stop(self):
        return self.remote.node.stop_fio(self.name)


class Node(Lab):
    """One host of the cluster."""

    def __init__(self, cluster, number):
        self.cluster, self.number, self.where = cluster, number, " (node%d)" % number
        self.remote = Remote("node%d" % number, node.HERE % number)
        arrays = initiators.PresentedArrays(cluster.arrays, node.INITIATOR % number)
        self.set_up("node%d" % number, cluster.options, 0, arrays, self.remote.host, None)
        self.boot_id = None

    def run(self, command, **options):
        """Runs a command line on the host."""
        return self.remote.util.sh(command, **options)

    def start(self):
        wait_for("boot of " + self.name, self.new_boot, BOOT_S, 1)
        log("%s is up" % self.name)
        if not self._agent:
            self.pair()
        super().start()

    def new_boot(self):
        """The host answers, and not from the boot before."""
        with contextlib.suppress(Unreachable):
            found = self.remote.node.boot_id()
            if found != self.boot_id:
                self.boot_id = found
                return True
        return False

    def pair(self):
        """The host trusts the orchestrator's certificate, the orchestrator the agent's."""
        self.remote.pairing.trust(read(pairing.OURS + ".crt"))
        pinned = "/root/agent-%d.crt" % self.number
        write(pinned, wait_for("certificate of the agent", lambda: self.remote.pairing.agent_certificate(), 300, 0.5) + "\n")
        self._agent = Agent(node.HERE % self.number, 8443, pairing.OURS + ".crt", pairing.OURS + ".key", pinned)
        wait_for("answer of the agent on " + self.name, lambda: pairing.answers(self._agent), 300, 0.5)

    def fio(self, index=0, filename=None, name=None, **options):
        """Verified load on this host's own area of a LUN."""
        options = {"size_mib": AREA_MIB, "offset_mib": AREA_MIB * (self.number - 1), **options}
        fio = RemoteFio(self.remote, name or "lun%d" % index, filename or self.device(index), options)
        self.fios.append(fio)
        return fio

    def pr(self, side="source", index=0):
        """The LUN's reservation state, as this host reads it."""
        lun = (self.source if side == "source" else self.destination).luns[index]
        return self.remote.reservations.read_lun(lun.wwid)

    def down(self, how):
        self.stop_applications()
        self.kept["kernel_log"] = self.earlier_kernel_log = (
            self.earlier_kernel_log + self.host.kernel_log().splitlines())
        self._agent.close()
        self.boot += 1
        self.remote.node.restart(how)

    def reboot(self, power_cut=False):
        """The host goes down, and is back with its live maps when this returns. Its load has ended before."""
        with self.step("reboot"):
            self.down("cut" if power_cut else "clean")
            self.start()
            wait_for("answer of the agent on " + self.name, lambda: pairing.answers(self._agent), 300, 0.5)

    def power_cut(self):
        self.reboot(power_cut=True)


class ClusterImport:
    """The same import on all hosts; `on[i]` is host i's part of it, with all its verbs."""

    def __init__(self, cluster, name, indexes, options):
        self.cluster = cluster
        self.on = [driver.LabImport(host, name, indexes, options) for host in cluster.hosts]

    def all(self, verb, *arguments):
        for part in self.on:
            getattr(part, verb)(*arguments)

    def map(self):
        self.all("map")

    def prepare(self):
        self.all("prepare")

    def switch(self, side):
        self.all("switch", side)

    def copy(self):
        """The array copies once; every host's orchestrator session shows it."""
        self.on[0].copy()
        for part in self.on[1:]:
            part.api.session("ready_for_cutover", 100)

    def commit(self):
        self.all("commit")

    def cancel(self):
        self.all("cancel")

    def delete(self):
        self.all("delete")

    def to_destination(self):
        """Every host is prepared before any is switched."""
        self.map()
        self.prepare()
        self.switch("destination")


class Cluster:
    """What a scenario of a cluster works with, in the place of a Lab: hosts[0], hosts[1], arrays."""

    boot = 0

    def __init__(self, name, options):
        self.name, self.options, self.failures = name, options, []
        self.arrays = Arrays.load(build=False)
        initiators.count_writes()
        self.hosts = [Node(self, number) for number in range(1, options["cluster"] + 1)]

    def everywhere(self, action):
        """Does it on all hosts at the same time; the first failure counts."""
        with ThreadPoolExecutor(len(self.hosts)) as pool:
            return list(pool.map(action, self.hosts))

    def start(self):
        self.everywhere(lambda host: host.start())

    def fio(self, index=0):
        """Load on all hosts, each on its own area."""
        self.everywhere(lambda host: host.fio(index))

    def create_import(self, name="lab", indexes=None, **options):
        return ClusterImport(self, name, indexes, options)

    def expect(self, condition, text, check="expectation"):
        if not condition:
            self.fail(check, text)
        return condition

    def fail(self, check, text):
        log("FAILURE %s: %s" % (check, text))
        self.failures.append({"check": check, "text": text})

    def finish(self):
        """Ends the load on all hosts, then each host's checks; the result has each host's own in `hosts`."""
        for host in self.hosts:
            host.attempt(host.stop_applications)
        parts = {}
        for host in self.hosts:
            try:
                parts[host.name] = host.finish()
            except Failure as failure:
                host.fail(failure.check, failure.text)
                parts[host.name] = host.result()
        self.end()
        return self.result(parts)

    def end(self):
        """The hosts leave their logs and power off."""
        for host in self.hosts:
            with contextlib.suppress(Failure):
                host.remote.node.end()

    def result(self, parts):
        found = self.failures + [dict(failure, text="%s: %s" % (name, failure["text"]))
                                 for name, part in parts.items()
                                 for failure in part["failures"] if failure["check"] != "control"]
        passed, failures = judge(found, self.options["expect"])
        steps = [dict(step, host=name) for name, part in parts.items() for step in part["steps"]]
        result = {"scenario": self.name, "passed": passed, "skipped": False, "failures": failures,
                  "expected_failure": self.options["expect"]}
        for key in ("io_errors", "verify_errors", "stray_source_writes"):
            result[key] = sum(part[key] for part in parts.values())
        result["longest_io_us"] = max(part["longest_io_us"] for part in parts.values())
        result["pauses_us"] = {"%s/%s" % (name, key): pause
                               for name, part in parts.items() for key, pause in part["pauses_us"].items()}
        result["switches"] = [dict(switch, host=name) for name, part in parts.items() for switch in part["switches"]]
        result["steps"] = sorted(steps, key=lambda step: step["unix"])
        result["checks"] = {}
        result["boots"] = max(part["boots"] for part in parts.values())
        result["hosts"] = parts
        return result

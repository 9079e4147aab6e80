"""Fencing as Debian ships it: fence_scsi, run as a cluster's fencer runs it. Host 2 is fenced before, between and after
the switches of the two hosts: from then on no write of it reaches either LUN, and the import does not revive it. Unfenced,
it goes on. `make check-cluster` runs them; the package's script is in the VM, its dependencies on clouds are not."""
import time

from bad_input import answer
from reservations_move import BUSY, commit, expect_cluster, expect_nothing, expect_standing, follows, report, standing
from scenario import scenario
from util import wait_for

FIRST, SECOND = "abe10001", "abe10002"      # fence_scsi's keys go without 0x
WINDOW_S = 10                               # emulated: the peers' agents look once a second
HOLDER = "lab-open"


def fence_scsi(node, action, key):
    return node.run(["fence_scsi", "--action=" + action, "--key=" + key, "--devices=" + node.device()], timeout=240)


class Fencing:
    """Two hosts in a cluster that fences by fence_scsi, and an import of their LUN."""

    def __init__(self, cluster):
        self.cluster, (self.first, self.second) = cluster, cluster.hosts
        for node, key in zip(cluster.hosts, (FIRST, SECOND)):
            said = fence_scsi(node, "on", key)
            cluster.expect("Success" in said, "fence_scsi on %s: %s" % (node.name, said))
        self.was = standing(self.first, "source")
        cluster.expect(len(self.was["keys"]) == 4 and self.was["holder"][1] == "0x" + FIRST, "unfenced: %s" % self.was)
        # the map stays in use while the host's load is dead: an import is of volumes in use
        self.second.run(["systemd-run", "--quiet", "--unit=" + HOLDER, "sh", "-c",
                         "exec sleep infinity < " + self.second.device()])
        self.first.fio(**BUSY)
        self.doomed = self.load_that_dies()
        self.work = cluster.create_import()
        self.work.map()
        self.work.prepare()
        expect_cluster(cluster, self.work, [self.was], "prepared")

    def load_that_dies(self):
        """fio that the lab does not look after: fencing is to end it."""
        fio = self.second.fio(name="doomed", **BUSY)
        self.second.fios.remove(fio)
        return fio

    def written(self):
        """What host 2 has written to either LUN, by the arrays' own count."""
        return [array.luns[0].write_stat() for array in (self.second.source, self.second.destination)]

    def keys_of_second(self):
        return [side for side in ("source", "destination")
                if "0x" + SECOND in {key for _, key, _ in standing(self.first, side)["keys"]}]

    def fence(self):
        """By the script on host 1; a moment later no LUN has a key of host 2, and its load is dead."""
        with self.cluster.hosts[0].step("fence"):
            said = fence_scsi(self.first, "off", SECOND)
        begin = time.monotonic()
        self.cluster.expect("Success" in said, "fence_scsi off: %s" % said)
        wait_for("host 2 is off both LUNs", lambda: not self.keys_of_second(), WINDOW_S, 0.1)
        print("fenced: host 2 was off both LUNs %.1f s after fence_scsi had ended" % (time.monotonic() - begin))
        wait_for("end of host 2's load", self.doomed.ended, 60, 0.3)
        result = self.doomed.stop()
        self.cluster.expect(result["io_errors"] == 1 and not result["verify_errors"],
                            "host 2's load ended with %s" % result)
        self.is_locked_out("fenced")

    def is_locked_out(self, phase):
        """Through its map and past it, on every path of either LUN: conflicts, and nothing arrives."""
        second, before = self.second, self.written()
        said = second.run(["sh", "-c", "dd if=/dev/zero of=%s bs=4096 count=1 seek=21504 oflag=direct 2>&1; echo status $?"
                           % second.device()])
        self.cluster.expect("status 1" in said, "%s: a write through the map: %s" % (phase, said))
        disks = [disk for wwid in second.wwids() for disk in second.host.disks_of(wwid)]
        self.cluster.expect(len(disks) == 4, "%s: host 2 has the paths %s" % (phase, disks))
        for disk in disks:
            said = second.remote.reservations.write_raw(disk)
            self.cluster.expect("eservation" in said and "status 0" not in said, "%s: a write to %s: %s" % (phase, disk, said))
        self.cluster.expect(self.written() == before, "%s: host 2 has written %s, before %s" % (
            phase, self.written(), before), "fenced-write")
        self.cluster.expect(not self.keys_of_second(), "%s: revived on the %s" % (phase, self.keys_of_second()))

    def is_refused(self):
        """The import does not help it back."""
        follows("the report says fenced", lambda: report(self.work.on[1])["fenced"])
        codes, without_remedy = answer(lambda: self.work.on[1].api.switch("destination"))
        self.cluster.expect(codes == ["pr_fenced"] and not without_remedy, "a fenced host's switch gives %s" % codes)
        self.work.on[1].api.prepare()   # it is prepared, so this does nothing; least of all register
        self.is_locked_out("refused")

    def unfence(self):
        """On the LUN that host 2's map is on; the other one follows."""
        with self.second.step("unfence"):
            said = fence_scsi(self.second, "on", SECOND)
        self.cluster.expect("Success" in said, "fence_scsi on: %s" % said)
        expect_cluster(self.cluster, self.work, [self.was], "unfenced")
        expect_standing(self.first, self.was, "unfenced")
        self.second.fio(name="unfenced", **BUSY)

    def to_the_end(self):
        self.work.copy()
        self.second.run("systemctl stop " + HOLDER)
        commit(self.work.on, lambda: expect_nothing(self.cluster, self.cluster.arrays.source.luns[0], "committed"))
        expect_standing(self.first, self.was, "committed", ("destination",))


@scenario("cluster-fence-before", cluster=2, transport="iscsi", timeout=1800, max_io_ms=10000)
def cluster_fence_before(cluster):
    """Both prepared, neither switched: host 2 is fenced on the source. Host 1 goes on alone; host 2 follows unfenced."""
    it = Fencing(cluster)
    it.fence()
    it.is_refused()
    it.work.on[0].switch("destination")
    it.is_locked_out("host 1 switched")
    it.is_refused()
    it.unfence()
    it.work.on[1].switch("destination")
    expect_cluster(cluster, it.work, [it.was], "switched")
    it.to_the_end()


@scenario("cluster-fence-between", cluster=2, transport="iscsi", timeout=1800, max_io_ms=10000)
def cluster_fence_between(cluster):
    """Host 1 is on the destination and fences there; host 2 still writes to the source, and must not for long."""
    it = Fencing(cluster)
    it.work.on[0].switch("destination")
    it.fence()
    it.is_refused()
    it.unfence()
    it.work.on[1].switch("destination")
    expect_cluster(cluster, it.work, [it.was], "switched")
    it.to_the_end()


@scenario("cluster-fence-after", cluster=2, transport="iscsi", timeout=1800, max_io_ms=10000)
def cluster_fence_after(cluster):
    """Both are on the destination; fenced there, host 2 may not write to the source either, nor after going back to it."""
    it = Fencing(cluster)
    it.work.switch("destination")
    it.fence()
    follows("the report says fenced", lambda: report(it.work.on[1])["fenced"])
    it.work.on[1].switch("source")
    it.is_refused()
    it.unfence()
    it.work.on[1].switch("destination")
    expect_cluster(cluster, it.work, [it.was], "switched again")
    it.to_the_end()

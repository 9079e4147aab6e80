"""Applications: fio that verifies what it wrote and logs every latency; file systems on LVM on a partition."""
import glob
import json
import os
import signal
import subprocess

import stalls
from util import Failure, log, read, settle, sh, wait_for

EILSEQ = 84     # fio's error when a block is not what it wrote


class Fio:
    """Writes and reads back random blocks of a device or file until stopped. Directly, one at a time, so
    that every pause of the device is one long I/O; a little thinking in between leaves the CPU to others."""

    def __init__(self, name, filename, directory, size_mib=48, offset_mib=0, runtime_s=7200, thinktime_us=1000):
        self.name, self.base = name, "%s/fio-%s" % (directory, name)
        stalls.start()
        self.process = subprocess.Popen([
            "fio", "--name=" + name, "--filename=" + filename, "--size=%dm" % size_mib,
            "--offset=%dm" % offset_mib, "--ioengine=psync", "--direct=1", "--rw=randrw", "--bs=4k",
            "--time_based", "--runtime=%d" % runtime_s, "--thinktime=%d" % thinktime_us, "--thinktime_blocks=4",
            "--randrepeat=0", "--norandommap", "--verify_state_save=0", "--verify=crc32c", "--verify_backlog=64", "--verify_fatal=1",
            "--write_lat_log=" + self.base, "--log_unix_epoch=1", "--log_offset=0", "--log_entries=262144",
            "--disable_slat=1", "--thread", "--output-format=json", "--output=" + self.base + ".json"],
            stdout=subprocess.DEVNULL, stderr=open(self.base + ".err", "w"), cwd=directory)
        wait_for("first I/O of fio " + name, self.alive_and_writing, 120)
        self.result = None

    def alive_and_writing(self):
        if self.process.poll() is not None:
            raise Failure("fio", "fio %s ended at once: %s" % (self.name, read(self.base + ".err", "")))
        io = dict(line.split(": ") for line in read("/proc/%d/io" % self.process.pid).splitlines())
        return int(io["write_bytes"]) > 1 << 20

    def wait_end(self):
        """Waits until fio has ended by itself, as it does at its first error."""
        wait_for("end of fio " + self.name, lambda: self.process.poll() is not None, 180)

    def stop(self):
        """Ends fio, waits for its last verification, gives {io_errors, verify_errors, longest_us, paused_us, ios}."""
        if self.result:
            return self.result
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(180)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure("fio", "fio %s does not end: its I/O hangs" % self.name)
        text = read(self.base + ".json", "")
        start = text.find("{")
        job = json.loads(text[start:])["jobs"][0] if start >= 0 else {"error": 5}
        error = job["error"]
        said = read(self.base + ".err", "")
        verify = 1 if error == EILSEQ or "verify:" in said else 0
        self.result = {"io_errors": 1 if error and not verify else 0, "verify_errors": verify,
                       **self.latencies(),
                       "detail": "error %d %s" % (error, said[:300]) if error else ""}
        log("fio %s: %s" % (self.name, self.result))
        return self.result

    def latencies(self):
        """The longest I/O as it was, and the longest without the time in which the VM itself stood still."""
        longest, paused, ios, stood = 0, 0, 0, stalls.found()
        for path in glob.glob(self.base + "_clat.*.log"):
            with open(path) as file:
                for line in file:
                    end_ms, took_ns = map(int, line.split(",")[:2])
                    ios += 1
                    longest = max(longest, took_ns)
                    if took_ns > paused * 1e9:
                        paused = max(paused, stalls.outside(end_ms / 1e3 - took_ns / 1e9, end_ms / 1e3, stood))
        return {"longest_us": longest // 1000, "paused_us": int(paused * 1e6), "ios": ios}


class MountedVolume:
    """A file system on LVM on a partition of the map, or directly on the map, mounted from fstab without nofail;
    `dir` is where."""

    VG, DIR, FSTAB = "labvg", "/mnt/volume", "/etc/fstab"

    def __init__(self, device, fstype):
        self.device, self.fstype, self.dir, self.lv = device, fstype, self.DIR, "/dev/%s/data" % self.VG
        self.mounted = os.path.ismount(self.dir)

    @classmethod
    def make(cls, device, fstype, whole=False):
        self = cls(device, fstype)
        place = device if whole else self.partition()
        sh(["pvcreate", "-qq", "-y", place])
        sh(["vgcreate", "-qq", self.VG, place])
        sh(["lvcreate", "-qq", "-y", "-Wn", "-l", "90%FREE", "-n", "data", self.VG])
        sh(["mkfs." + fstype, "-q", self.lv])
        os.makedirs(self.dir, exist_ok=True)
        with open(self.FSTAB, "a") as file:
            file.write("UUID=%s %s %s defaults,x-systemd.device-timeout=300 0 0\n" % (self.uuid, self.dir, fstype))
        sh("systemctl daemon-reload")
        settle()        # systemd knows the device before it is mounted
        self.mount()
        return self

    def partition(self):
        sh(["sh", "-c", "echo 2048, | sfdisk --no-reread --no-tell-kernel -q " + self.device])
        settle()        # udev processes what was written to, and may run kpartx too
        sh(["kpartx", "-a", "-p", "-part", self.device])
        part = wait_for("partition of " + self.device, lambda: next(iter(glob.glob(self.device + "-part1")), None))
        settle()
        return part

    @property
    def uuid(self):
        return sh(["blkid", "-o", "value", "-s", "UUID", self.lv]).strip()

    def mount(self):
        sh(["mount", self.dir])
        self.mounted = True

    def described(self):
        """What an administrator sees of it: it must be the same before and after an import."""
        settle()
        line = next((line for line in read("/proc/mounts").splitlines() if " %s " % self.dir in line), "")
        return line, sh(["pvs", "--noheadings", "-o", "pv_name,vg_name"]).split()

    def unmount(self):
        """Unmounts and checks the file system offline."""
        if self.mounted:
            sh(["umount", self.dir])
            self.mounted = False
            sh(["e2fsck", "-fn", self.lv] if self.fstype == "ext4" else ["xfs_repair", "-n", self.lv])

    def close(self):
        """Takes it all down, so that the map is as it was before."""
        self.unmount()
        open(self.FSTAB, "w").close()
        settle()        # devices that udev is still processing are in use
        sh(["vgchange", "-qq", "-an", self.VG])
        settle()
        sh(["kpartx", "-d", "-p", "-part", self.device])
        settle()

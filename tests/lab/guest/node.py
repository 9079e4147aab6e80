"""What runs on a host of a cluster: its setting up at each boot, and what the driver calls besides the lab's modules.
Host n reaches the arrays by a link of its own; the arrays' portals have the same addresses for all hosts."""
import os
import threading

import apps
import host
import remote
import vm
from util import read, sh, write

INITIATOR = "iqn.2004-10.com.example:node%d"
HERE, ARRAYS = "10.1.%d.2", "10.1.%d.1"     # the two ends of the link of host n
PORTALS = "10.9.0.0/16"
FIRST_BOOT = "/var/lib/lab/set-up"
FIOS = {}


def prepare(number, multipath, conf):
    """Before udev processes the devices. What is written here is what an administrator configures once."""
    os.makedirs(vm.RESULTS, exist_ok=True)
    sh("modprobe -a virtio_net dm-multipath iscsi_tcp scsi_dh_alua sd_mod sg dm-service-time")
    sh("ip link set lo up")
    sh("ip address add %s/24 dev eth0" % (HERE % number))
    sh("ip link set eth0 up")
    sh("ip route add %s via %s" % (PORTALS, ARRAYS % number))
    if os.path.exists(FIRST_BOOT):
        return
    write("/etc/iscsi/initiatorname.iscsi", "InitiatorName=%s\n" % (INITIATOR % number))
    settings = read("/etc/iscsi/iscsid.conf").replace("node.startup = manual", "node.startup = automatic")
    write("/etc/iscsi/iscsid.conf", settings + "\n")
    write("/etc/hosts", "127.0.0.1 localhost node%d\n" % number)
    host.write_multipath_conf(multipath, conf)
    write(FIRST_BOOT, "")


def serve(number):
    remote.serve(HERE % number)


def boot_id():
    return read("/proc/sys/kernel/random/boot_id")


def start_fio(name, filename, options):
    FIOS[name] = apps.Fio(name, filename, vm.RESULTS, **options)


def fio_ended(name):
    return FIOS[name].process.poll() is not None


def stop_fio(name):
    return FIOS.pop(name).stop()


def restart(how):
    """Goes down a moment later, when the answer is sent: "clean" by systemd, "cut" as if the power had failed."""
    threading.Timer(0.2, vm.power_off, [how]).start()


def end():
    """The scenario is over: leaves its logs and goes."""
    def last():
        try:
            vm.collect()
        finally:
            vm.power_off()
    threading.Timer(0.2, last).start()

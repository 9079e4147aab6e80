"""Wrong usage, and each check of minstall one by one: a host that lacks one thing is refused for that thing, and not changed."""
import functools
import glob
import os
import socket
import subprocess

from hostlib import ADAPTER, case_table, unchanged

CASES, case = case_table()
WHOLE = ["--noninteractive", "--accepted-EULA", "--iscsiprotocol", "--adapter=" + ADAPTER]


def wrong_usage(name, words, sentence):
    def run(host):
        with unchanged(host):
            status, output, error = host.minstall(*words)
        assert status == 2, (status, output, error)
        assert error.startswith("minstall: " + sentence) and len(error.splitlines()) == 1, error
        assert not output and not host.exists("/var/log/import-install.log"), output
    CASES["usage-" + name] = run
    run.system = "debian"


for _name, _words, _sentence in (
        ("nothing", [], "There is no terminal for questions"),
        ("option", ["--fast"], "There is no option '--fast'."),
        ("word", ["install"], "There is no option 'install'."),
        ("eula-missing", [*WHOLE[:1], *WHOLE[2:]], "--noninteractive needs --accepted-EULA"),
        ("protocol-missing", [*WHOLE[:2], *WHOLE[3:]], "--noninteractive needs --fcprotocol or --iscsiprotocol."),
        ("two-protocols", [*WHOLE, "--fcprotocol"], "Give either --fcprotocol or --iscsiprotocol, once."),
        ("adapter-missing", WHOLE[:3], "--noninteractive needs --adapter=ADDRESS."),
        ("adapter-word", [*WHOLE[:3], "--adapter"], "--adapter needs a value"),
        ("adapter-empty", [*WHOLE[:3], "--adapter="], "'' is not an IPv4 or IPv6 address."),
        ("adapter-name", [*WHOLE[:3], "--adapter=host.example"], "'host.example' is not an IPv4 or IPv6 address."),
        ("adapter-short", [*WHOLE[:3], "--adapter=192.0.2"], "'192.0.2' is not an IPv4"),
        ("adapter-256", [*WHOLE[:3], "--adapter=192.0.2.256"], "'192.0.2.256' is not an IPv4"),
        ("adapter-octal", [*WHOLE[:3], "--adapter=192.0.2.010"], "'192.0.2.010' is not an IPv4"),
        ("adapter-shell", [*WHOLE[:3], "--adapter=1.1.1.1;reboot"], "'1.1.1.1;reboot' is not an IPv4"),
        ("port", [*WHOLE, "--port=8080"], "The port must be 8443, 50443, 55443 or 60443, not '8080'."),
        ("port-empty", [*WHOLE, "--port="], "The port must be"),
        ("port-two", [*WHOLE, "--port=8443 50443"], "The port must be"),
        ("removal", ["--noninteractive", "--uninstall"], "--noninteractive --uninstall needs --accepted-removal.")):
    wrong_usage(_name, _words, _sentence)


def refused(name, sentence, system="debian", words=()):
    """The function breaks one thing; then the host is refused for exactly that."""
    def add(function):
        @functools.wraps(function)
        def run(host):
            more = function(host) or []
            with unchanged(host):
                status, output, error = host.minstall(*(more or words or WHOLE))
            assert status == 3, (status, output, error)
            findings = [line for line in error.splitlines() if line.startswith("Not ready: ")]
            assert len(findings) == 1 and sentence in findings[0], error
            assert error.count("  What to do: ") == 1 and "nothing was changed; 1 of the checks failed" in error, error
            assert host.read("/var/log/import-install.log").count(findings[0]) == 1
        run.system = system
        CASES["check-" + name] = run
        return run
    return add


@case("check-passes")
def ready(host):
    """The host as it is before one thing is broken; with --dry-run nothing is written at all."""
    with unchanged(host):
        status, output, error = host.minstall("--dry-run", *WHOLE[2:])
    assert status == 0 and "ready for dm-import 1.0-" in output and not error, (status, output, error)
    assert not host.exists("/var/log/import-install.log")


@case("check-names-all")
def all_at_once(host):
    host.remove("/stub/active/multipathd.service")
    host.remove("/usr/bin/sg_persist")
    os.makedirs(host.path("/sys/module/emcp"))
    with unchanged(host):
        status, _, error = host.install()
    assert status == 3 and error.count("Not ready: ") == 3 and "3 of the checks failed" in error, error


@case("unchanged-notices")
def notices(host):
    for change in (lambda: host.write("/etc/new"), lambda: host.remove("/etc/os-release"), lambda: host.write("/run/new")):
        try:
            with unchanged(host):
                change()
        except AssertionError:
            continue
        raise AssertionError("a change was not noticed")


@case("check-root")
def not_root(host):
    with unchanged(host):
        status, _, error = host.run("setpriv", "--reuid=65534", "--clear-groups", "/kit/minstall", *WHOLE)
    assert status == 3 and "only root can do this" in error, error


@refused("platform", "this kit has no package for fedora-40, only for: debian-12 rhel-9 sles-15")
def other_platform(host):
    host.write("/etc/os-release", "ID=fedora\nVERSION_ID=40\n")


@refused("version", "this kit has no package for debian-11")
def old_platform(host):
    host.write("/etc/os-release", "ID=debian\nVERSION_ID=\"11\"\n")


@refused("manager", "there is no dnf, yum, zypper or apt-get")
def no_manager(host):
    host.remove("/usr/bin/apt-get")


@refused("architecture", "this kit has no package for s390x", system="rhel")
def other_architecture(host):
    host.write("/usr/bin/uname", "#!/bin/sh\n[ \"$1\" = -m ] && echo s390x || echo 5.14.0\n")
    os.chmod(host.path("/usr/bin/uname"), 0o755)


@refused("kernel", "the kernel is 4.12.14; 4.18 or later is needed")
def old_kernel(host):
    host.write("/usr/bin/uname", "#!/bin/sh\n[ \"$1\" = -m ] && echo x86_64 || echo 4.12.14\n")
    os.chmod(host.path("/usr/bin/uname"), 0o755)


@refused("systemd", "this host does not run systemd")
def no_systemd(host):
    host.remove("/run/systemd/system")


@refused("udev", "udev does not run")
def no_udev(host):
    host.remove("/stub/active/systemd-udevd.service")


@refused("multipathd", "multipathd does not run")
def no_multipathd(host):
    host.remove("/stub/active/multipathd.service")


@refused("sg3_utils", "sg3_utils is missing")
def no_sg3_utils(host):
    host.remove("/usr/bin/sg_persist")


@refused("iscsid", "iscsid does not run")
def no_iscsid(host):
    host.remove("/stub/active/iscsid.socket")


@refused("fc", "there is no Fibre Channel port", words=[*WHOLE[:2], "--fcprotocol", WHOLE[3]])
def no_fc(host):
    assert not os.listdir(host.path("/sys/class/fc_host"))


@case("check-fc-passes")
def fc(host):
    os.makedirs(host.path("/sys/class/fc_host/host3"))
    host.remove("/stub/active/iscsid.socket")
    status, _, error = host.minstall("--dry-run", "--fcprotocol", "--adapter=" + ADAPTER)
    assert status == 0, error


@refused("powerpath", "another multipath product is active: PowerPath")
def powerpath(host):
    os.makedirs(host.path("/sys/module/emcp"))


@refused("dmp", "another multipath product is active: Veritas DMP")
def dmp(host):
    os.makedirs(host.path("/sys/module/vxdmp"))


@refused("equallogic", "another multipath product is active: the EqualLogic Host Integration Tools")
def equallogic(host):
    os.makedirs(host.path("/sys/module/dm_switch"))


@refused("adapter", "192.0.2.11 is not an address of this host", words=[*WHOLE[:3], "--adapter=192.0.2.11"])
def other_adapter(_):
    pass


@refused("adapter-v6", "2001:db8::11 is not an address of this host", words=[*WHOLE[:3], "--adapter=2001:db8::11"])
def other_adapter_v6(_):
    pass


@refused("adapter-link-local", "fe80::1 is a link-local address", words=[*WHOLE[:3], "--adapter=fe80::1"])
def link_local(_):
    pass


@case("check-port")
def port_taken(host):
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::")):
        with socket.socket(family) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind((address, 55443))
            other.listen()
            with unchanged(host):
                status, _, error = host.install("--port=55443")
            assert status == 3 and "Not ready: port 55443 is in use by another program" in error, error
            status, _, error = host.minstall("--dry-run", "--port=50443", *WHOLE[2:])
            assert status == 0, error


@refused("space", "/var has 8 MiB free; 64 are needed")
def no_space(host):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", host.path("/var")], check=True)
    os.makedirs(host.path("/var/log"))


@refused("gpgv", "gpgv is missing")
def no_gpgv(host):
    host.remove("/usr/bin/gpgv")


def package_of(host, suffix):
    return glob.glob(host.path("/kit/packages/*/*." + suffix))[0]


def tamper(path):
    """One bit, in the middle."""
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


@case("check-tampered-package")
def tampered_package(host):
    tamper(package_of(host, "deb"))
    status, _, error = host.install()
    assert status == 3 and "files of the kit are missing or have changed since it was signed: packages/debian-12/dm-import_" in error, error


@refused("tampered-installer", "files of the kit are missing or have changed since it was signed: EULA")
def tampered_text(host):
    tamper(host.path("/kit/EULA"))


@refused("file-missing", "files of the kit are missing or have changed since it was signed: LICENSES")
def missing_text(host):
    host.remove("/kit/LICENSES")


def sum_again(host):
    host.shell("cd /kit && find . -type f ! -path './packages/SHA256SUMS*' -printf '%P\\n' | sort | xargs sha256sum > packages/SHA256SUMS")


@refused("tampered-sums", "the signature of packages/SHA256SUMS is not valid")
def tampered_sums(host):
    tamper(package_of(host, "deb"))
    sum_again(host)


@refused("key-missing", "the signature of packages/SHA256SUMS is not valid")
def no_key(host):
    host.remove("/kit/packages/dm-import.asc")
    host.write("/kit/packages/dm-import.asc")


@case("check-package-of-another-kit")
def package_of_another_kit(host):
    """A whole, signed package that this kit's list does not know."""
    host.bring("old", "/other")
    host.remove(package_of(host, "deb")[len(host.root):])
    subprocess.run(["cp", *glob.glob(host.path("/other/packages/debian-12/*.deb")), host.path("/kit/packages/debian-12/")], check=True)
    status, _, error = host.install()
    assert status == 3 and "is not in the signed list of files" in error, error


@case("check-rpm-signature", system="rhel")
def rpm_signature(host):
    """The list's signature alone does not do: the sums are right, and the package is not signed."""
    assert host.minstall("--dry-run", *WHOLE[2:])[0] == 0
    for path in glob.glob(host.path("/kit/packages/rhel-9/*.rpm")):
        subprocess.run(["rpmsign", "--delsign", path], check=True, capture_output=True)
    host.write("/usr/bin/gpgv", "#!/bin/sh\necho '[GNUPG:] VALIDSIG X X'\n")    # whoever can make it say so
    os.chmod(host.path("/usr/bin/gpgv"), 0o755)
    sum_again(host)
    status, _, error = host.install()
    assert status == 3 and error.count("Not ready") == 1 and "the signature of packages/rhel-9/" in error, error

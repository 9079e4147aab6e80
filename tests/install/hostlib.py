"""A made-up host: this machine's root as an overlay, in which what is written stays apart, with stand-ins for the commands
that would act on a real one (stubs/). minstall and the packages' scripts are the real ones, and run in there as root; the
agent is the real one on the fake engine. Everything lives in namespaces that end with the tests."""
import contextlib
import hashlib
import os
import shutil
import stat
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ADAPTER = "192.0.2.10"
SYSTEMS = {
    "debian": ("ID=debian\nVERSION_ID=\"12\"\n", "apt-get"),
    "rhel": ("ID=\"rhel\"\nVERSION_ID=\"9.4\"\n", "dnf"),
    "sles": ("ID=\"sles\"\nVERSION_ID=\"15.5\"\n", "zypper"),
}
RUNNING = ("systemd-udevd.service", "multipathd.service", "iscsid.socket")
# what the package managers and the tests' own stand-ins write
ELSEWHERE = ("stub", "var/lib/dpkg", "var/lib/rpm", "var/cache/apt", "var/cache/debconf", "var/cache/ldconfig", "var/cache/man", "var/log", "tmp", "usr/lib/sysimage", "root/.rpmdb", "kit", "old", "other", "etc/ld.so.cache",
             "var/lib/systemd", "run/lock")


def case_table():
    """A table of cases, and the decorator that puts a function of a host into it, by its name."""
    table = {}

    def case(name, system="debian"):
        def add(function):
            function.system = system
            table[name] = function
            return function
        return add
    return table, case


class Host:
    def __init__(self, scratch, out, kits, system="debian"):
        self.base, self.out, self.kits = scratch, out, kits
        self.root = os.path.join(scratch, "root")
        self.upper = os.path.join(scratch, "upper")
        self.system = system

    def __enter__(self):
        for name in ("root", "upper", "work"):
            os.makedirs(os.path.join(self.base, name))
        mount("overlay", "-o", f"lowerdir=/,upperdir={self.upper},workdir={self.base}/work", "overlay", self.root)
        for kind in ("run", "sys", "tmp", "boot"):
            mount("tmpfs", "tmpfs", f"{self.root}/{kind}")
        for name in ("proc", "dev"):
            subprocess.run(["mount", "--rbind", "/" + name, f"{self.root}/{name}"], check=True)
        self.lay()
        return self

    def __exit__(self, *_):
        if self.exists("/stub/agent.pid"):
            self.shell("systemctl stop import-agent.service")
        subprocess.run(["umount", "-l", self.root], check=True)
        shutil.rmtree(self.base)

    def lay(self):
        os_release, manager = SYSTEMS[self.system]
        os.unlink(self.path("/etc/os-release"))
        self.write("/etc/os-release", os_release)
        shutil.copytree(self.kits["new"], self.path("/kit"))
        for folder in ("/run/systemd/system", "/sys/class/fc_host", "/sys/module", "/stub/active", "/stub/broken", "/stub/engine",
                       "/etc/initramfs-tools/hooks", "/etc/udev/rules.d", "/run/udev/rules.d"):
            os.makedirs(self.path(folder), exist_ok=True)
        shutil.copy("/bin/sleep", self.path("/stub/sleep"))
        for folder in ("/usr/lib/dracut/modules.d", "/usr/share/licenses") if manager != "apt-get" else ():
            os.makedirs(self.path(folder), exist_ok=True)
        for name in ("apt-get", "dnf", "yum", "zypper"):
            if os.path.exists(self.path("/usr/bin/" + name)):
                os.unlink(self.path("/usr/bin/" + name))
        for name in ("systemctl", "sg_persist", "sleep", "firewall-cmd", manager):
            where = self.path("/usr/bin/" + name)
            if os.path.lexists(where):
                os.unlink(where)
            shutil.copy(os.path.join(HERE, "stubs", "manager" if name == manager else name), where)
        for unit in RUNNING:
            self.write("/stub/active/" + unit)
        shutil.copy(os.path.join(self.out, "import-agent-fake"), self.path("/stub/import-agent"))

    # Its files

    def path(self, path):
        return self.root + path

    def write(self, path, text=""):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, path):
        with open(self.path(path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def exists(self, path):
        return os.path.lexists(self.path(path))

    def remove(self, path):
        if os.path.isdir(self.path(path)):
            shutil.rmtree(self.path(path))
        else:
            os.unlink(self.path(path))

    def snapshot(self):
        """All that was ever written here, but by the stand-ins and the package managers' own bookkeeping."""
        found = {}
        for base in (self.upper, self.path("/run"), self.path("/boot")):
            for folder, folders, files in os.walk(base):
                for name in folders + files:
                    path = os.path.join(folder, name)
                    short = os.path.relpath(path, self.upper if base == self.upper else self.root)
                    if not same_folder(path, "/" + short) and not any(short == other or short.startswith(other + "/") for other in ELSEWHERE):
                        found[short] = digest(path)
        return found

    def traces(self):
        """What is there that is ours."""
        return sorted(path for path in self.snapshot() if "import" in path and self.exists("/" + path))

    # What runs in it

    def run(self, *words, stdin=subprocess.DEVNULL):
        """(exit status, standard output, standard error)"""
        done = subprocess.run(["chroot", self.root, *words], stdin=stdin, capture_output=True, text=True, timeout=60,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": "dumb"}, cwd="/", check=False)
        return done.returncode, done.stdout, done.stderr

    def shell(self, script):
        return self.run("sh", "-c", script)

    def minstall(self, *words, kit="/kit"):
        return self.run(kit + "/minstall", *words)

    def install(self, *more, kit="/kit"):
        return self.minstall("--noninteractive", "--accepted-EULA", "--iscsiprotocol", "--adapter=" + ADAPTER, *more, kit=kit)

    def bring(self, kit, where):
        """Another kit, as if it were put into the drive."""
        shutil.copytree(self.kits[kit], self.path(where))

    def calls(self):
        return self.read("/stub/calls") if self.exists("/stub/calls") else ""


def same_folder(path, lower):
    """A folder that is in the overlay only because something in it is."""
    return os.path.isdir(path) and os.path.isdir(lower) and os.lstat(path).st_mode == os.lstat(lower).st_mode


def digest(path):
    what = os.lstat(path)
    content = ""
    if stat.S_ISREG(what.st_mode):
        with open(path, "rb") as file:
            content = hashlib.md5(file.read()).hexdigest()
    return stat.filemode(what.st_mode), content


def mount(kind, *words):
    subprocess.run(["mount", "-t", kind, *words], check=True)


def network():
    """Loopback with the address that the orchestrator would connect to."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in (ADAPTER + "/32", "2001:db8::10/128"):
        subprocess.run(["ip", "addr", "add", address, "dev", "lo"], check=True)


@contextlib.contextmanager
def unchanged(host):
    before = host.snapshot()
    yield
    after = host.snapshot()
    changed = {path for path in set(before) | set(after) if before.get(path) != after.get(path)}
    assert not changed, f"this was changed: {sorted(changed)}"

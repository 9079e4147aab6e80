"""The packages by themselves, with the real dpkg and rpm, and the kit: what is in them, how they sort, what their scripts do."""
import glob
import os
import re
import subprocess
import sys

import course
import kits
from course import done
from hostlib import HERE, ROOT, case_table, unchanged

sys.path.insert(0, os.path.join(ROOT, "tests/cli"))
import journal_cases  # noqa: E402  # writes journals

CASES, case = case_table()
UPDATE = False
NEEDED = ("etc/dm-import", "etc/dm-import/identity", "etc/dm-import/initramfs", "var/lib/dm-import", "var/lib/dm-import/journal")


def package(suffix, folder=None):
    found = glob.glob(f"{folder or kits.PACKAGES}/*/*.{suffix}")
    assert len(found) == 1, found
    return found[0]


# --- what is in them ---

def listed_rpm():
    text = kits.call("rpm", "-qp", "--qf", "[%{FILEMODES:perms} %{FILEFLAGS:fflags}: %{FILENAMES}\n]", package("rpm"))
    for line in text.splitlines():
        mode, flags, path = re.fullmatch(r"(\S+) (\w*): (\S+)", line).groups()
        if "/.build-id" not in path:
            yield mode, "configuration" if "c" in flags else "", path


def listed_deb():
    conffiles = kits.call("dpkg-deb", "-I", package("deb"), "conffiles").split()
    for line in kits.call("dpkg-deb", "-c", package("deb")).splitlines():
        mode, _, _, _, _, path = line.split(None, 5)
        path = path[1:].rstrip("/")
        if path:
            yield mode, "configuration" if path in conffiles else "", path


def compare(name, text):
    path = os.path.join(HERE, "golden", name)
    if UPDATE:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    with open(path, encoding="ascii") as file:
        expected = file.read()
    lines = [f"- {line}" for line in sorted(set(expected.splitlines()) - set(text.splitlines()))]
    lines += [f"+ {line}" for line in sorted(set(text.splitlines()) - set(expected.splitlines()))]
    assert text == expected, "\n" + "\n".join(lines) + "\nIf that is wanted: tests/install/run --update files"


@case("files")
def files(_):
    """Golden: mode, path, and which package has it. Directories of the distribution's own do not count."""
    found = {}
    for which, rows in (("deb", listed_deb()), ("rpm", listed_rpm())):
        for mode, kind, path in rows:
            path = re.sub(r"(/man\d/[^/]*\.\d)\.gz$", r"\1", path)
            if not mode.startswith("d") or "import" in path:
                found.setdefault((path, mode, kind), []).append(which)
    assert found, "the packages are empty"
    compare("files.txt", "".join(f"{mode} {path}{' (configuration)' if kind else ''}{'' if len(which) == 2 else ' (' + which[0] + ' only)'}\n"
                                 for (path, mode, kind), which in sorted(found.items())))


@case("files-notices")
def files_notices(_):
    """The comparison itself."""
    global UPDATE
    before, UPDATE = UPDATE, False
    with open(os.path.join(HERE, "golden", "files.txt"), encoding="ascii") as file:
        text = file.read()
    try:
        compare("files.txt", text.replace("drwx------", "drwxr-xr-x", 1))
    except AssertionError:
        return
    finally:
        UPDATE = before
    raise AssertionError("another mode was not noticed")


@case("files-are-all-installed-ones")
def all_files(_):
    """What `make install` installs is in the packages; but for what is the other distributions'."""
    staged = {path[len(kits.STAGED):] for path in glob.glob(kits.STAGED + "/**", recursive=True) if os.path.isfile(path)}
    for rows, without in ((listed_deb(), ()), (listed_rpm(), ("/usr/share/initramfs-tools/hooks/dm-import",))):
        packed = {re.sub(r"(/man\d/[^/]*\.\d)\.gz$", r"\1", path) for _, _, path in rows}
        assert staged - packed == set(without), sorted(staged ^ packed)


@case("what-it-needs")
def needs(_):
    depends = kits.call("dpkg-deb", "-f", package("deb"), "Depends")
    requires = kits.call("rpm", "-qp", "--requires", package("rpm"))
    for name in ("libdevmapper", "libmicrohttpd", "libcurl", "libjson-c", "libsgutils2", "multipath"):
        assert name in depends and name in requires, name


@case("versions-sort")
def versions(_):
    """The number of commits counts, whatever the commit is called; all three who compare see it alike."""
    ordered = [kits.release(build) for build in ("ffffffff_9", "0a1b2c3d_10", "fedcba98_99", "00000000_100", "deadbeef_1000")]
    for older, newer in zip(ordered, ordered[1:]):
        assert subprocess.run(["dpkg", "--compare-versions", "1.0-" + older, "lt", "1.0-" + newer], check=False).returncode == 0
        assert kits.call("rpm", "--eval", f'%{{lua:print(rpm.vercmp("{older}", "{newer}"))}}').strip() == "-1"
        assert kits.call("sort", "-V", input=f"1.0-{newer}\n1.0-{older}\n").split() == ["1.0-" + older, "1.0-" + newer]


# --- the kit ---

@case("kit")
def kit_contents(host):
    kit = host.kits["new"]
    assert sorted(os.listdir(kit)) == ["EULA", "LICENSES", "README", "minstall", "packages", "support"]
    on_iso = kits.call("xorriso", "-indev", kit + ".iso", "-find", "/", "-type", "f")
    on_iso = {line.strip("'")[1:] for line in on_iso.splitlines() if line.startswith("'/")}
    on_disk = {os.path.relpath(os.path.join(folder, name), kit) for folder, _, names in os.walk(kit) for name in names}
    assert on_iso == on_disk and len(on_disk) > 8, on_iso ^ on_disk
    sums = {line.split(None, 1)[1] for line in host.read("/kit/packages/SHA256SUMS").splitlines()}
    assert sums == on_disk - {"packages/SHA256SUMS", "packages/SHA256SUMS.asc"}, sums ^ on_disk
    for platform, suffix in (("debian-12", "deb"), ("rhel-9", "rpm"), ("sles-15", "rpm")):
        assert len(glob.glob(f"{kit}/packages/{platform}/dm-import*.{suffix}")) == 1, platform
    for name in ("Apache License", "LGPL-2.1", "libmicrohttpd", "json-c", "inih", "BSD-2-Clause"):
        assert name in host.read("/kit/LICENSES"), name
    assert os.stat(kit + "/minstall").st_mode & 0o111 == 0o111
    fingerprint = re.search(r"Fingerprint of the key: (\w{40})", host.read("/kit/README")).group(1)
    assert fingerprint in done(host.minstall("--dry-run")), "the README names another key"


@case("kit-of-a-throw-away-key")
def throw_away(host):
    def says_so(kit):
        with open(host.kits[kit] + "/README", encoding="utf-8") as file:
            return "FOR TESTS ONLY" in file.read()
    assert says_so("other-key") and not says_so("new")


@case("kit-without-packages")
def empty_kit(host):
    os.mkdir(host.base + "/none")
    failed = subprocess.run([kits.MINSTALL + "/make-kit", kits.OUT + "/minstall/minstall", host.base + "/kit", "1.0", "abc_1", host.base + "/none"], capture_output=True,
                            text=True, check=False)
    assert failed.returncode == 1 and "there is no package in" in failed.stderr, failed.stderr


@case("shellcheck")
def shellcheck(host):
    """The installer and the packages' scripts as they are shipped; in the source tree they are parts."""
    kits.call("dpkg-deb", "-e", package("deb"), host.base + "/scripts")
    scripts = [f"{host.base}/scripts/{name}" for name in ("preinst", "postinst", "prerm", "postrm")]
    kits.call("shellcheck", "-S", "warning", host.kits["new"] + "/minstall", *scripts)


# --- the packages' scripts, run by dpkg and rpm themselves ---

class Rpm:
    system, suffix = "rhel", "rpm"

    def __init__(self, host):
        self.host = host

    def install(self, path):
        return self.host.run("rpm", "-U", "--nodeps", path)

    def remove(self):
        return self.host.run("rpm", "-e", "dm-import")

    def build(self):
        return self.host.run("rpm", "-q", "--qf", "%{RELEASE}", "dm-import")[1]


class Deb:
    system, suffix = "debian", "deb"

    def __init__(self, host):
        self.host = host

    def install(self, path):
        return self.host.run("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "-i", path)

    def remove(self):
        return self.host.run("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "--purge", "dm-import")

    def build(self):
        return self.host.run("dpkg-query", "-W", "-f", "${Version}", "dm-import")[1].rpartition("-")[2]


def for_both(name):
    def add(function):
        for tool in (Rpm, Deb):
            def run(host, tool=tool):
                host.bring("old", "/old")
                new, old = (glob.glob(host.path(f"{kit}/packages/*/*.{tool.suffix}"))[0][len(host.root):] for kit in ("/kit", "/old"))
                function(host, tool(host), old, new)
            run.system = tool.system
            CASES[f"{tool.suffix}-{name}"] = run
        return function
    return add


def write_journal(host, *records):
    os.makedirs(host.path("/var/lib/dm-import"), mode=0o700, exist_ok=True)
    with open(host.path("/var/lib/dm-import/journal"), "wb") as file:
        file.write(journal_cases.HEADER + b"".join(records))


# what journal_cases writes of
SOURCE, DESTINATION = (f"3600140500000000000000000000000{side}0" for side in "ab")
RECORDS = f"pair db1 {SOURCE} {DESTINATION} retired 3\n"
# what the fake engine knows
FAKE_PAIR = course.SOURCE, course.DESTINATION
BUSY = journal_cases.line(1, "db1", "created", "new")
OVER = journal_cases.line(2, "db1", "done", "committed", exchanged=(1,))


@for_both("first")
def first(host, tool, old, _):
    """The package alone starts nothing, and leaves what to enable to the distribution's policy."""
    done(tool.install(old))
    calls = host.calls().splitlines()
    assert "systemctl daemon-reload" in calls and "systemctl --no-reload preset import-agent.service" in calls, calls
    assert not any(re.search(r"\b(start|enable|restart)\b", call) for call in calls), calls


@for_both("upgrade")
def upgrade(host, tool, old, new):
    done(tool.install(old))
    before = tool.build()
    done(tool.install(new))
    assert tool.build() != before and not host.exists("/stub/agent.pid"), "an agent that did not run was started"
    assert "systemctl --no-reload disable import-agent.service" not in host.calls(), "the old package's script took it for a removal"


@for_both("upgrade-restarts")
def upgrade_restarts(host, tool, old, new):
    done(tool.install(old))
    done(host.run("import-cert", "create", "--directory", "/etc/dm-import/tls"))
    done(host.run("systemctl", "start", "import-agent.service"))
    begun = host.read("/stub/agent.pid")
    done(tool.install(new))
    assert host.read("/stub/agent.pid") != begun
    assert "ACTIVE" in done(host.run("importcli", "mhd_status"))


@for_both("upgrade-refused")
def upgrade_refused(host, tool, old, new):
    """Before any file changes; by the journal, since no agent runs. Then one whose agent runs."""
    done(tool.install(old))
    write_journal(host, BUSY)
    before = tool.build()
    with unchanged(host):
        status, _, error = tool.install(new)
    assert status and "An import is in progress: db1 (new)" in error and "not upgraded, and nothing was changed" in error, error
    assert tool.build() == before
    write_journal(host, BUSY, OVER)
    done(tool.install(new))
    assert tool.build() != before


@for_both("removal-refused")
def removal_refused(host, tool, old, _):
    done(tool.install(old))
    write_journal(host, BUSY)
    with unchanged(host):
        status, _, error = tool.remove()
    assert status and "An import is in progress: db1 (new)" in error and "not removed, and nothing was changed" in error, error
    host.remove("/var/lib/dm-import/journal")
    done(host.run("import-cert", "create", "--directory", "/etc/dm-import/tls"))
    done(host.run("systemctl", "start", "import-agent.service"))
    done(host.run("importcli", "import", "create", "--id", "db2", *FAKE_PAIR))
    begun = host.read("/stub/agent.pid")
    status, _, error = tool.remove()
    assert status and "db2 (new)" in error, error
    assert host.read("/stub/agent.pid") == begun and host.exists("/usr/sbin/importcli"), "the agent was touched"


@for_both("removal-refused-when-damaged")
def removal_damaged(host, tool, old, _):
    done(tool.install(old))
    host.write("/run/udev/rules.d/61-dm-import_boot.rules", "# made at boot\n")
    with unchanged(host):
        status, _, error = tool.remove()
    assert status and "dm-import-identity(5)" in error, error


@for_both("removal-refused-when-records-disagree")
def removal_contradicted(host, tool, old, _):
    """The journal says committed, the store does not: the rules that would stay may be the wrong ones."""
    done(tool.install(old))
    write_journal(host, BUSY, OVER)
    host.write("/tmp/records", RECORDS.replace("retired", "hidden"))
    done(host.run("import-boot", "restore", "/tmp/records"))
    with unchanged(host):
        status, _, error = tool.remove()
    assert status and "the identity store or its rules are damaged" in error, error


@for_both("removal-leaves-nothing")
def leaves_nothing(host, tool, old, _):
    done(tool.install(old))
    done(host.run("import-cert", "create", "--directory", "/etc/dm-import/tls"))
    done(host.run("systemctl", "start", "import-agent.service"))
    host.write("/etc/dm-import/trusted.d/orchestrator.pem")
    write_journal(host, BUSY, OVER)
    done(tool.remove())
    assert not host.traces(), host.traces()
    assert "systemctl --no-reload disable import-agent.service" in host.calls() and not host.exists("/stub/agent.pid")


@for_both("removal-keeps-identities")
def keeps_identities(host, tool, old, new):
    """Rules, records and journal stay, and an initramfs that is made later still keeps the LUNs down; a new installation takes over."""
    done(tool.install(old))
    write_journal(host, BUSY, OVER)
    host.write("/tmp/records", RECORDS)
    done(host.run("import-boot", "restore", "/tmp/records"))
    kept = {path: host.read(path) for path in ("/etc/dm-import/identity", "/var/lib/dm-import/journal", *(
        f"/etc/udev/rules.d/{place}-dm-import.rules" for place in ("11", "55-z", "61", "99-zz")))}
    status, output, error = tool.remove()
    assert status == 0 and "these stay" in output + error, output + error
    assert all(host.read(path) == text for path, text in kept.items())
    hook = "/etc/initramfs-tools/hooks/dm-import" if tool.suffix == "deb" else "/usr/lib/dracut/modules.d/95dm-import/module-setup.sh"
    left = [path for path in host.traces() if path not in NEEDED and "/" + path not in kept and "initramfs/" not in path
            and not path.startswith("usr/lib/dracut") and "/" + path != hook]
    assert not left, f"this was left: {left}"
    expect_kept_down(host, hook)
    done(tool.install(new))
    assert not host.exists("/etc/dm-import/initramfs") and not host.exists("/etc/initramfs-tools/hooks/dm-import")
    assert all(host.read(path) == text for path, text in kept.items())


DRACUT = """dracut_module_included() { [ "$1" = multipath ]; }; dwarn() { echo "$*"; }; require_binaries() { command -v "$1"; }
initdir=$DESTDIR; . "$HOOK"; check && install"""


def expect_kept_down(host, hook):
    """The hook that was left, run as initramfs-tools and dracut run it."""
    host.write("/tmp/tree/sbin/multipath")
    os.chmod(host.path("/tmp/tree/sbin/multipath"), 0o755)
    how = f"bash -c '{DRACUT}'" if "dracut" in hook else "sh $HOOK"
    done(host.shell(f"export DESTDIR=/tmp/tree HOOK={hook}; {how}"))
    rules = glob.glob(host.path("/tmp/tree/etc/udev/rules.d/*-dm-import_boot.rules"))
    assert len(rules) == 4, rules
    for wwid in (SOURCE, DESTINATION):
        with open(rules[0], encoding="ascii") as file:
            assert f"down-{wwid}" in file.read()


@case("deb-remove-then-purge")
def remove_then_purge(host):
    """What was configured stays until it is purged, as everywhere on Debian."""
    tool = Deb(host)
    done(tool.install(glob.glob(host.path("/kit/packages/debian-12/*.deb"))[0][len(host.root):]))
    done(host.run("import-cert", "create", "--directory", "/etc/dm-import/tls"))
    done(host.run("dpkg", "--force-depends", "--force-unsafe-io", "--no-triggers", "--remove", "dm-import"))
    assert host.exists("/etc/dm-import/tls/agent.key") and host.exists("/etc/dm-import/agent.conf") and not host.exists("/usr/sbin/importcli")
    done(tool.remove())
    assert not host.traces(), host.traces()

"""The product on a host, from the kit: installed on a clean system, used, upgraded, removed, installed again."""
import os
import re
import subprocess

import checks
import host
import pairing
from driver import LabImport
from scenario import scenario
from util import log, read, sh, wait_for, write

WHOLE = ["--noninteractive", "--accepted-EULA", "--iscsiprotocol", "--adapter=127.0.0.1"]
REMOVAL = ["--uninstall", "--noninteractive", "--accepted-removal"]
RULES = ["/etc/udev/rules.d/%s-dm-import.rules" % place for place in ("11", "55-z", "61", "99-zz")]
# what others write while a system runs
OTHERS = ("/lab", "/root", "/tmp", "/var/log", "/var/cache", "/var/lib/dpkg", "/var/lib/apt", "/var/lib/lab", "/var/lib/systemd", "/var/lib/iscsi",
          "/etc/iscsi", "/etc/multipath", "/etc/lvm", "/etc/mtab", "/etc/machine-id", "/var/tmp", "/etc/target", "/boot")


def call(words):
    """(exit status, both outputs)"""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=600,
                          env=dict(os.environ, PATH="/usr/sbin:/usr/bin:/sbin:/bin", HOME="/root"), check=False)
    log("%s: %d\n%s" % (" ".join(words), done.returncode, done.stdout))
    return done.returncode, done.stdout


def minstall(lab, kit, words, status=0):
    with lab.step("minstall of the %s kit: %s" % (kit, words[0])):
        found, said = call(["/lab/kits/%s/minstall" % kit, *words])
    lab.expect(found == status, "minstall ended with %d, not %d: %s" % (found, status, said))
    return said


def build_of(kit):
    return read("/lab/kits/%s/README" % kit).splitlines()[0].split()[-1]


def all_files():
    """Of the root file system, but for what others write."""
    found = set()
    for folder, folders, files in os.walk("/"):
        if folder == "/":
            folders[:] = [name for name in folders if name not in ("proc", "sys", "dev", "run")]
        folders[:] = [name for name in folders if os.path.join(folder, name) not in OTHERS]
        found.update(os.path.join(folder, name) for name in files + folders)
    return {path for path in found if "/__pycache__" not in path and path not in OTHERS}


def installed(lab, kit):
    """The agent of that kit runs, will do so at each boot, and lets the orchestrator in."""
    version = sh("importcli ha_version")
    lab.expect(version.endswith("Build version: %s\n" % build_of(kit)), "installed is " + version)
    for unit in ("import-agent", "dm-import-boot", "dm-import-maps"):
        lab.expect(sh("systemctl is-enabled " + unit, check=False).strip() == "enabled", unit + " is not enabled")
    lab.expect("ACTIVE" in sh("importcli mhd_status"), "the web server does not serve")


def install(lab, kit):
    minstall(lab, kit, WHOLE)
    installed(lab, kit)
    pairing.trust(read(pairing.OURS + ".crt"))
    lab.kept["baseline"]["processes"] = checks.baseline(host)["processes"]


def kept_files():
    paths = ["/etc/dm-import/agent.conf", "/etc/dm-import/kit-key"]
    for folder in ("tls", "trusted.d"):
        paths += [os.path.join("/etc/dm-import", folder, name) for name in sorted(os.listdir("/etc/dm-import/" + folder))]
    return {path: read(path) for path in paths}


def package_of(kit):
    return sh(["sh", "-c", "echo /lab/kits/%s/packages/*/*.deb" % kit]).strip()


def must_name(lab, who, said, imports):
    for name in imports:
        lab.expect(re.search(r"An import is in progress: .*\b%s \(" % name, said), "%s: %s" % (who, said))


def refused(lab, words, imports):
    """By the package manager, because of these imports."""
    status, said = call(words)
    lab.expect(status != 0, "%s: %s" % (words[0], said))
    must_name(lab, words[0], said, imports)


def refused_during_import(lab, imports):
    """By the installer, and by the package whoever asks for it; before anything changes."""
    before, version = host.settled_snapshot(), sh("importcli ha_version")
    for words in (WHOLE, REMOVAL):
        must_name(lab, "minstall", minstall(lab, "newer", words, status=3), imports)
    for words in (["dpkg", "-i", package_of("newer")], ["apt-get", "-y", "remove", "dm-import"]):
        refused(lab, words, imports)
    lab.expect(sh("importcli ha_version") == version, "the agent is another one")
    lab.expect(host.settled_snapshot() == before, "the host has changed", "changed")
    lab.expect(sh("systemctl is-active import-agent").strip() == "active", "the agent does not run")


def upgrade_that_fails(lab):
    """The newer agent does not start: the older one is there again, and runs."""
    drop_in = "/etc/systemd/system/import-agent.service.d/lab.conf"
    os.makedirs(os.path.dirname(drop_in))
    write(drop_in, "[Service]\nExecStartPre=/bin/sh -c '! importcli ha_version | grep -qF %s'\n" % build_of("newer"))
    sh("systemctl daemon-reload")
    said = minstall(lab, "newer", WHOLE[:2], status=1)
    lab.expect("the agent does not start" in said and "the upgrade failed; dm-import " in said, "minstall said: " + said)
    installed(lab, "older")
    os.unlink(drop_in)
    os.rmdir(os.path.dirname(drop_in))
    sh("systemctl daemon-reload")


@scenario("install-upgrade", bare=1, transport="iscsi", timeout=1500)
def install_upgrade(lab):
    """A clean system, an import, an upgrade in its middle that is refused, behind it one that fails and one that does not, all under load."""
    lab.expect(not os.path.exists("/usr/sbin/importcli") and not os.path.exists("/etc/dm-import"), "the product is there", "staging")
    before = all_files()
    said = minstall(lab, "older", ["--dry-run", *WHOLE[2:]])
    lab.expect("Would install" in said and all_files() == before, "a dry run left %s" % sorted(all_files() - before))
    install(lab, "older")
    lab.fio()
    work = lab.create_import()
    work.to_destination()
    refused_during_import(lab, ("lab",))
    work.copy()
    work.commit()
    kept = kept_files()
    upgrade_that_fails(lab)
    lab.expect(kept_files() == kept, "configuration, certificate or trust has changed", "kept")
    minstall(lab, "newer", WHOLE[:2])
    installed(lab, "newer")
    lab.expect(kept_files() == kept, "configuration, certificate or trust has changed", "kept")
    lab.agent.close()
    wait_for("the orchestrator, with the certificates of before", lambda: pairing.answers(lab.agent), 120, 0.5)
    work.expect_state("committed", "Destination")
    work.check_sides()
    minstall(lab, "older", WHOLE, status=3)     # that would be a step back


def removed(lab, clean):
    """Nothing is left but what was told: what keeps the imported LUN under its name, and the installer's log."""
    agreed = {*RULES, "/etc/initramfs-tools/hooks/dm-import", "/etc/dm-import", "/etc/dm-import/identity", "/var/lib/dm-import", "/var/lib/dm-import/journal"}
    if os.path.isdir("/usr/lib/dracut/modules.d"):
        agreed |= {"/usr/lib/dracut/modules.d/95dm-import", "/usr/lib/dracut/modules.d/95dm-import/module-setup.sh"}
    left = {path for path in all_files() - clean if not path.startswith("/etc/dm-import/initramfs")}
    lab.expect(left == agreed, "left: %s; missing: %s" % (sorted(left - agreed), sorted(agreed - left)), "left")
    for path in ("/run/dm-import", "/run/dm-import.lock", "/var/cache/dm-import"):
        lab.expect(not os.path.exists(path), path + " was left", "left")
    lab.expect(sh("systemctl list-unit-files --no-legend import-agent.service dm-import-*", check=False).strip() == "", "units are left", "left")


@scenario("install-remove", bare=1, transport="iscsi", timeout=1800)
def install_remove(lab):
    """After a cutover the product is removed under load; the host stays up, and boots, under the same names. Then it is installed again."""
    if lab.boot == 0:
        clean = all_files()
        lab.kept["name"] = lab.map_name()
        install(lab, "newer")
        lab.fio()
        work = lab.create_import()
        work.to_destination()
        work.copy()
        work.commit()
        identity = read("/etc/dm-import/identity")
        said = minstall(lab, "newer", ["--uninstall", "--dry-run"])
        lab.expect(all(wwid in said for wwid in lab.wwids()), "it did not tell what stays: " + said)
        said = minstall(lab, "newer", REMOVAL)
        lab.expect("These stay" in said, "it did not tell what stays: " + said)
        removed(lab, clean)
        lab.expect(read("/etc/dm-import/identity") == identity, "the store has changed")
        work.check_sides()
        lab.reboot()
    lab.expect(lab.map_name() == lab.kept["name"], "the map is %s now" % lab.map_name())
    lab.fio()
    rules = [read(path) for path in RULES]
    install(lab, "newer")
    lab.expect([read(path) for path in RULES] == rules, "the rules have changed")
    work = LabImport.resume(lab)
    work.expect_state("committed", "Destination")
    work.check_sides()

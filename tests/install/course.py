"""minstall from its beginning to its end: installs, upgrades, undoes, asks, removes."""
import functools
import os
import pty
import re
import select
import stat
import subprocess
import time

from checks import WHOLE
from hostlib import ADAPTER, case_table, unchanged

CASES, case = case_table()
SOURCE, DESTINATION = "36001405aaaaaaaaaaaaaaaaaaaaaaa01", "36001405bbbbbbbbbbbbbbbbbbbbbbb01"
RECORDS = f"pair db1 {SOURCE} {DESTINATION} retired 3\n"


def case_on(name, *systems):
    """The same on each of them."""
    def add(function):
        for system in systems:
            case(f"{name}-{system}", system)(functools.partial(function))
        return function
    return add


def done(result):
    status, output, error = result
    assert status == 0, f"exit status {status}\n{output}{error}"
    return output


def agent_says(host, words):
    return done(host.run("importcli", *words.split()))


def build_of(host, kit="/kit"):
    return re.search(r"build (\S+)", host.read(kit + "/README")).group(1)


def expect_installed(host, port=8443):
    assert "Microhttpd Status: ACTIVE" in agent_says(host, "mhd_status")
    assert agent_says(host, "server_port") == f"Server port : {port}\n"
    assert "systemctl enable import-agent.service" in host.calls()
    names = done(host.run("import-cert", "show", "/etc/dm-import/tls/agent.crt"))
    assert ADAPTER in names, names
    assert stat.S_IMODE(os.stat(host.path("/etc/dm-import/tls/agent.key")).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(host.path("/etc/dm-import/agent.conf")).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(host.path("/var/log/import-install.log")).st_mode) == 0o600
    listening = done(host.shell("ss -Hltn"))
    assert re.search(rf"{re.escape(ADAPTER)}:{port}\s", listening), listening


@case_on("install", "debian", "rhel", "sles")
def whole(host):
    output = done(host.install("--port=50443"))
    assert "Done: dm-import 1.0-" in output and "50443" in output, output
    expect_installed(host, 50443)
    assert "port = 50443" in host.read("/etc/dm-import/agent.conf").splitlines()
    assert f"address = {ADAPTER}" in host.read("/etc/dm-import/agent.conf").splitlines()
    done(host.install())                                # again: nothing to do, and nothing lost
    expect_installed(host, 50443)
    done(host.minstall("--uninstall", "--noninteractive", "--accepted-removal"))
    expect_gone(host)


def expect_gone(host, but=()):
    left = [path for path in host.traces() if path not in but]
    assert not left, f"this was left: {left}"
    assert not host.exists("/stub/active/import-agent.service")
    keys = host.run("rpm", "-q", "gpg-pubkey")[1]
    assert "gpg-pubkey-" not in keys, keys


@case("install-v6")
def address_v6(host):
    done(host.minstall(*WHOLE[:3], "--adapter=2001:db8::10"))
    listening = done(host.shell("ss -Hltn"))
    assert "[2001:db8::10]:8443" in listening, listening + host.read("/etc/dm-import/agent.conf")
    assert "2001:db8::10" in done(host.run("import-cert", "show", "/etc/dm-import/tls/agent.crt"))


@case("install-keeps-a-file-of-the-administrator's")
def keeps_lines(host):
    """Only lines that have another value are touched, and only in [server]."""
    mine = "# mine\n[log]\nlevel = 3\n[server] \nport: 60443 ; as agreed\n#address = 1.2.3.4\nrequest_timeout = 9\n"
    host.write("/etc/dm-import/agent.conf", mine)
    os.chmod(host.path("/etc/dm-import/agent.conf"), 0o600)
    done(host.install())
    wanted = mine + f"address = {ADAPTER}\n"
    assert host.read("/etc/dm-import/agent.conf") == wanted, host.read("/etc/dm-import/agent.conf")
    done(host.install("--port=8443"))
    wanted = wanted.replace("port: 60443 ; as agreed\n", "port = 8443\n")
    assert host.read("/etc/dm-import/agent.conf") == wanted, host.read("/etc/dm-import/agent.conf")
    expect_installed(host, 8443)


@case_on("upgrade", "debian", "rhel", "sles")
def upgrade(host):
    host.bring("old", "/old")
    done(host.install("--port=55443", kit="/old"))
    assert agent_says(host, "ha_version").endswith(build_of(host, "/old") + "\n")
    kept = {}
    host.write("/etc/dm-import/trusted.d/orchestrator.pem", "not looked at here\n")
    for path in ("agent.conf", "tls/agent.crt", "tls/agent.key", "trusted.d/orchestrator.pem", "kit-key"):
        kept[path] = host.read("/etc/dm-import/" + path)
    begun = host.read("/stub/agent.pid")
    done(host.minstall("--noninteractive", "--accepted-EULA"))
    assert agent_says(host, "ha_version").endswith(build_of(host) + "\n")
    assert host.read("/stub/agent.pid") != begun, "the agent was not started anew"
    expect_installed(host, 55443)
    for path, text in kept.items():
        assert host.read("/etc/dm-import/" + path) == text, path
    with unchanged(host):
        status, _, error = host.install(kit="/old")
    assert status == 3 and "is newer than the kit's" in error, error


@case("upgrade-refused-during-an-import")
def upgrade_refused(host):
    host.bring("old", "/old")
    done(host.install(kit="/old"))
    agent_says(host, f"import prepare --id db1 {SOURCE} {DESTINATION}")
    with unchanged(host):
        for words in (WHOLE, ["--uninstall", "--noninteractive", "--accepted-removal"]):
            status, _, error = host.minstall(*words)
            assert status == 3 and "Not ready: An import is in progress: db1 (prepared)" in error, error
    agent_says(host, "import cancel db1")
    done(host.install())


@case("upgrade-by-another-key")
def other_key(host):
    host.bring("other-key", "/other")
    done(host.install())
    with unchanged(host):
        status, _, error = host.install(kit="/other")
    assert status == 3 and "Not ready: this kit is signed with the key " in error, error
    other = re.search(r"signed with the key (\w+), the installed", error).group(1)
    done(host.install("--accepted-key=" + other, kit="/other"))
    assert host.read("/etc/dm-import/kit-key") == other + "\n"


def undone(name, fault, sentence, system="debian"):
    def run(host):
        fault(host)
        status, _, error = host.install()
        assert status == 1 and "minstall: " + sentence in error and "the host is as it was before" in error, (status, error)
        assert sentence in host.read("/var/log/import-install.log")
        expect_gone(host)
    run.system = system
    CASES["undo-" + name] = run


undone("package", lambda host: host.write("/stub/broken/manager"), "the package could not be installed")
undone("package-rpm", lambda host: host.write("/stub/broken/manager"), "the package could not be installed", "rhel")
undone("start", lambda host: host.write("/stub/broken/import-agent.service"), "the agent does not start")
undone("start-rpm", lambda host: host.write("/stub/broken/import-agent.service"), "the agent does not start", "sles")
undone("silence", lambda host: host.write("/stub/mute"), "the agent's web server does not answer")


@case_on("undo-keeps-what-was-there", "debian", "rhel")
def prepared_before(host):
    """A certificate of an orchestrator that somebody put there, and a journal that an earlier installation left."""
    host.write("/etc/dm-import/trusted.d/orchestrator.pem", "mine\n")
    host.write("/etc/dm-import/agent.conf", "[log]\nlevel = 1\n")
    host.write("/var/lib/dm-import/journal", "dm-import-journal 1\n")
    host.write("/stub/broken/import-agent.service")
    with unchanged(host):
        status, _, error = host.install()
    assert status == 1, error


@case_on("undo-upgrade", "debian", "rhel", "sles")
def upgrade_undone(host):
    """The older build again, with its configuration, and its agent runs."""
    host.bring("old", "/old")
    done(host.install(kit="/old"))
    conf, key = host.read("/etc/dm-import/agent.conf"), host.read("/etc/dm-import/tls/agent.key")
    host.write("/stub/broken-build", build_of(host))
    status, _, error = host.install("--port=60443")
    assert status == 1 and "the agent does not start" in error and "undoing: upgrade" in error, error
    assert "the upgrade failed; dm-import 1.0-" in error and "could not be undone" not in error, error
    assert agent_says(host, "ha_version").endswith(build_of(host, "/old") + "\n")
    assert host.read("/etc/dm-import/agent.conf") == conf and host.read("/etc/dm-import/tls/agent.key") == key
    expect_installed(host)
    os.unlink(host.path("/stub/broken-build"))
    done(host.install())                                # with that mended
    assert agent_says(host, "ha_version").endswith(build_of(host) + "\n")
    done(host.minstall("--uninstall", "--noninteractive", "--accepted-removal"))
    expect_gone(host)


@case("undo-upgrade-without-the-older-package")
def upgrade_stays(host):
    """Nobody kept it: what is there then is told."""
    host.bring("old", "/old")
    done(host.install(kit="/old"))
    conf, key = host.read("/etc/dm-import/agent.conf"), host.read("/etc/dm-import/tls/agent.key")
    host.remove("/var/cache/dm-import")
    host.write("/stub/broken-build", build_of(host))
    status, _, error = host.install("--port=60443")
    assert status == 1 and "the upgrade failed. Now installed: " in error and "Configuration and certificate are unchanged" in error, error
    assert host.read("/etc/dm-import/agent.conf") == conf and host.read("/etc/dm-import/tls/agent.key") == key


@case("firewall")
def firewall(host):
    host.write("/stub/active/firewalld")
    done(host.install("--port=50443"))
    assert "--add-service" not in host.calls(), "the firewall was opened unasked"
    done(host.install("--port=50443", "--open-firewall"))
    for call in ("firewall-cmd --permanent --service=dm-import --add-port=50443/tcp", "--permanent --service=dm-import --remove-port=8443/tcp",
                 "firewall-cmd --permanent --zone=public --add-service=dm-import", "firewall-cmd --zone=public --add-service=dm-import"):
        assert call in host.calls(), call
    done(host.minstall("--uninstall", "--noninteractive", "--accepted-removal"))
    assert host.read("/stub/zone") == "", "the firewall's zone still names the service"


@case("uninstall-nothing")
def nothing_there(host):
    with unchanged(host):
        status, _, error = host.minstall("--uninstall", "--noninteractive", "--accepted-removal")
    assert status == 3 and "dm-import is not installed" in error, error


@case("uninstall-with-identities")
def identities(host):
    """What a pair needs stays, and is told before anything is done."""
    done(host.install())
    host.write("/tmp/records", RECORDS)
    done(host.run("import-boot", "restore", "/tmp/records"))
    with unchanged(host):
        output = done(host.minstall("--uninstall", "--dry-run"))
    assert "These stay: /etc/udev/rules.d/" in output and f"db1: source {SOURCE}, destination {DESTINATION} (retired)" in output, output
    rules = host.read("/etc/udev/rules.d/61-dm-import.rules")
    done(host.minstall("--uninstall", "--noninteractive", "--accepted-removal"))
    assert host.read("/etc/udev/rules.d/61-dm-import.rules") == rules and RECORDS in host.read("/etc/dm-import/identity")
    done(host.install())                                    # again
    assert host.read("/etc/udev/rules.d/61-dm-import.rules") == rules
    expect_installed(host)


# --- with somebody who answers ---

def talk(host, words, answers):
    """minstall in a terminal: at each question, which must hold the expected words, the answer. (status, all that was shown)"""
    master, slave = pty.openpty()
    process = subprocess.Popen(["chroot", host.root, "/kit/minstall", *words], stdin=slave, stdout=slave, stderr=slave, cwd="/",
                               env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": "dumb"})
    os.close(slave)
    shown, place, end = "", 0, time.monotonic() + 60
    answers = list(answers)
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.2)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            shown += os.read(master, 65536).decode()
        except OSError:
            break
        if answers and re.search(answers[0][0] + r"[^\n]*\[\w[^\n]*\] $", shown[place:]):
            place = len(shown)
            os.write(master, (answers.pop(0)[1] + "\n").encode())
    status = process.wait(30)
    os.close(master)
    assert not answers, f"was never asked: {answers}\n{shown}"
    return status, shown


@case("talk-declined")
def declined(host):
    with unchanged(host):
        status, shown = talk(host, [], [("Do you agree", "no")])
    assert status == 4 and "Apache License" in shown and "Nothing was changed" in shown, shown


@case("talk-end-of-input")
def hung_up(host):
    with unchanged(host):
        status, shown = talk(host, [], [("Do you agree", "\x04")])
    assert status == 4, shown


@case("talk-through")
def talked_through(host):
    """Answers that make no sense are asked for again; empty ones stand for what is shown."""
    host.write("/stub/active/firewalld")
    status, shown = talk(host, [], [
        ("Do you agree", "perhaps"), ("Do you agree", "yes"), ("Fibre Channel or by iSCSI", "usb"), ("Fibre Channel or by iSCSI", ""),
        ("orchestrator connect to", "here"), ("orchestrator connect to", ADAPTER), ("Which port", "22"), ("Which port", "60443"),
        ("Open the port", "y")])
    assert status == 0, shown
    expect_installed(host, 60443)
    assert "--add-service=dm-import" in host.calls()
    with unchanged(host):
        status, shown = talk(host, ["--uninstall"], [("Remove dm-import", "no")])
    assert status == 4, shown
    status, shown = talk(host, ["--uninstall"], [("Remove dm-import", "yes")])
    assert status == 0, shown
    expect_gone(host)

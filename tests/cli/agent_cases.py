"""importcli with the real agent on a fake engine (tests/daemon/fake_engine.c), and without any agent.

name -> function(tools, directory, environment) that gives its part of the transcript.
"""
import contextlib
import os
import re
import shutil
import subprocess
import sys
import time

from fixtures import LIMIT_S

SOURCE, DESTINATION = "36001405aaaaaaaaaaaaaaaaaaaaaaa01", "36001405bbbbbbbbbbbbbbbbbbbbbbb01"
# the host in memory of tests/daemon/world_ports.c
WORLD_SOURCES = [f"36006016000000000{i + 1:016x}" for i in range(2)]
WORLD_DESTINATIONS = [f"368ccf09800000000{i + 1:016x}" for i in range(2)]
WORLD_PAIRS = " ".join(f"{source} {destination}" for source, destination in zip(WORLD_SOURCES, WORLD_DESTINATIONS))

NOBODY = 65534

# SIOCSIFFLAGS, IFF_UP; then the program
LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 1))
os.execv(sys.argv[1], sys.argv[1:])
"""

CONFIGURATION = """[server]
port = 60443
certificate = {0}/agent.crt
key = {0}/agent.key
trusted = {0}
socket = {0}/agent.sock
[log]
location = {0}
"""


def configure_agent(tools, directory):
    """agent.conf, and the certificate that it names, with which all is well."""
    with open(os.path.join(directory, "agent.conf"), "w", encoding="ascii") as file:
        file.write(CONFIGURATION.format(directory))
    subprocess.run([tools["import-cert"], "create", "--directory", directory], check=True, capture_output=True)


@contextlib.contextmanager
def agent(tools, directory, environment, program="import-agent-fake", configure=True):
    """A running agent, with a network and a /run of its own: the four ports and the engine's lock may be taken here."""
    if configure:
        configure_agent(tools, directory)
    apart = ["unshare", "-n", "-m", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "sh",
             sys.executable, "-c", LOOPBACK_UP]
    process = subprocess.Popen(apart + [tools[program], "--config", directory + "/agent.conf"],
                               env={**environment, "FAKE_ENGINE": directory}, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if "ready" in line:
                break
        yield process
    finally:
        process.terminate()
        process.stderr.read()
        process.wait(LIMIT_S)


def run(program, directory, environment, words, user=None):
    how = {}
    if user:  # who may not be allowed to go where the program is
        program = shutil.copy(program, directory)
        os.chmod(directory, 0o755)
        how = {"user": user, "group": user}
    done = subprocess.run([program, "--socket", directory + "/agent.sock", "--config", directory + "/agent.conf"] + words.split(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S,
                          env={**environment, "FAKE_ENGINE": directory}, **how)
    text = f"$ importcli {words}\n{done.stdout}exit status {done.returncode}\n"
    return text.replace(directory, "<directory>")


def transcript(*commands, program="import-agent-fake"):
    """Commands one after the other, {} in them is the directory; a function among them is called with it. <job> in a command
    is the number of the last job that --no-wait printed."""
    def case(tools, directory, environment):
        text = ""
        with agent(tools, directory, environment, program):
            for words in commands:
                if callable(words):
                    text += words(directory) or ""
                    continue
                for job in re.findall(r"^Job: (\d+)$", text, re.M)[-1:]:
                    words = words.replace("<job>", job)
                text += run(tools["importcli"], directory, environment, words.replace("{}", directory))
        return text
    return case


def without_agent(*commands, user=None):
    def case(tools, directory, environment):
        configure_agent(tools, directory)
        return "".join(run(tools["importcli-fake"], directory, environment, words, user) for words in commands)
    return case


def fault(function, error):
    """The engine's `function` fails from now on; without an error: no longer."""
    def act(directory):
        path = f"{directory}/{function}.fail"
        if not error:
            os.unlink(path)
            return
        with open(path, "w", encoding="ascii") as file:
            file.write(error)
    return act


def person(what):
    """Somebody does something to the host of the real engine, as world_ports.c tells it."""
    def act(directory):
        with open(directory + "/world.person", "w", encoding="ascii") as file:
            file.write(what)
    return act


def every_source_reserved(directory):
    """From now on, as fake_engine.c tells it of prepared imports."""
    with open(directory + "/reservations.source", "w", encoding="ascii") as file:
        file.write("write_exclusive_registrants_only")


def dead_and_back(tools, directory, environment):
    """mhd_status tells the truth after the agent was killed with its socket left behind."""
    program = tools["importcli"]
    with agent(tools, directory, environment) as process:
        text = run(program, directory, environment, "mhd_status")
        process.kill()
        process.wait(LIMIT_S)
        assert os.path.exists(directory + "/agent.sock"), "the socket is to be stale here"
        text += run(program, directory, environment, "mhd_status")
        text += run(program, directory, environment, "import list")
    return text


def stopped_agent(tools, directory, environment):
    """A client that is asked to wait for a job sees the agent stop."""
    with agent(tools, directory, environment) as process:
        text = run(tools["importcli"], directory, environment, f"import prepare --id db1 {SOURCE} {DESTINATION}")
        with open(directory + "/switch.waits", "w", encoding="ascii"):
            pass
        waiting = subprocess.Popen([tools["importcli"], "--socket", directory + "/agent.sock", "import", "switch", "db1",
                                    "--to", "destination"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env=environment)
        while not os.path.exists(directory + "/switch.waiting") and waiting.poll() is None:
            time.sleep(0.02)
        process.kill()
        text += waiting.communicate(timeout=LIMIT_S)[0] + f"exit status {waiting.returncode}\n"
    assert waiting.returncode == 1
    return re.sub(r": [^\n]* on " + re.escape(directory), ": <how> on <directory>", text)


def not_root(tools, directory, environment):
    """The agent runs, and its socket is root's."""
    with agent(tools, directory, environment):
        return "".join(run(tools["importcli"], directory, environment, words, NOBODY)
                       for words in ("mhd_status", "status", "ha_version"))


def full_disk(tools, directory, environment):
    """What could not be written is not called done."""
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([tools["importcli"], "help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=LIMIT_S,
                              env=environment)
    return f"$ importcli help > /dev/full\n{done.stderr}exit status {done.returncode}\n"


CERTIFICATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "certs")


def files(*names):
    """Copies of tests/fixtures/certs in the directory of the case."""
    def copy(directory):
        for name in names:
            shutil.copy(os.path.join(CERTIFICATES, name), directory + "/" + name.replace(".pem", ".crt"))
    return copy


CASES = {
    "agent-trust": transcript(
        files("trusted.pem", "expired.pem", "stranger.key"), "trust", "trust new-code", "trust list --output json",
        "trust add {}/trusted.crt", "trust add {}/trusted.crt", "trust list", "trust add {}/expired.crt",
        "trust add {}/stranger.key", "trust add {}/none.crt", "trust add {}/agent.conf", "trust remove 0000",
        "trust remove 00000000", "trust remove xyz", "trust remove 7F:1E:3E:9F:6C:3B:2B:AE", "trust"),
    "agent-trust-json": transcript(
        files("trusted.pem"), "trust new-code --output json", "trust add {}/trusted.crt --output json",
        "trust list --output json", "trust remove 7f1e3e9f --output json", "trust list --output json"),
    "agent-vendor-commands": transcript(
        "status --importable", "list_supported_arrays", "server_port", "log_show", "log_level set 1", "log_level",
        "mhd_status", "restart_webServer", "mhd_status", "server_port change 55443", "server_port"),
    "agent-import-cutover": transcript(
        f"import precheck {SOURCE} {DESTINATION}", f"import create --id db1 {SOURCE} {DESTINATION}", "import precheck db1",
        "import prepare db1", "import switch db1 --to destination", "import switch db1 --to source",
        "import switch db1 --to destination", "import switch db1 --to destination", "import list", "import cutover db1",
        "import watch db1", "import delete db1", "import list"),
    "agent-import-cancel": transcript(
        f"import prepare --id db1 {SOURCE[1:]} {DESTINATION}", "import cancel db1", "import cancel db1",
        "import cancel db1 --force", "import delete db1", "import delete db1"),
    "agent-import-reservation": transcript(
        every_source_reserved, f"import create --id db1 {SOURCE} {DESTINATION}", "import reservation db1 lifted",
        "import prepare db1", "import show db1", "import reservation db1 lifted", "import show db1",
        "import reservation db1 restored", "import show db1", fault("reservation", "pr_not_holder"),
        "import reservation db1 lifted"),
    "agent-recover": transcript(
        f"import prepare --id db1 {SOURCE} {DESTINATION}", f"recover_device --dry-run {SOURCE}",
        f"recover_device {SOURCE[1:]}", f"recover_device {DESTINATION}", fault("recover", "side_contradicted"),
        f"recover_device --dry-run {SOURCE}", f"recover_device {SOURCE}", f"recover_device {SOURCE} --output json"),
    "agent-import-json": transcript(
        f"import prepare --id db1 {SOURCE} {DESTINATION} --output json", "import switch db1 --to destination --output json",
        "import list --output json", "import watch nope --output json"),
    "agent-refuses": transcript(
        f"import prepare --id db1 {SOURCE} {DESTINATION}", "server_port change 8443", "restart_webServer",
        "restart_webServer --force", "import cutover db1", "import delete db1", f"import create --id db1 {SOURCE} {SOURCE}",
        f"import create {SOURCE} {DESTINATION}", "import show nope", "import prepare nope"),
    "agent-switch-fails": transcript(
        f"import prepare --id db1 {SOURCE} {DESTINATION}", fault("switch", "hold_timeout"),
        "import switch db1 --to destination", "import switch db1 --to destination --output json", fault("switch", None),
        "import switch db1 --to destination"),
    "engine-import": transcript(
        "status -v", f"import prepare --id two {WORLD_PAIRS}", "import switch two --to destination", "import show two",
        "status", "import cutover two", "import list", "status --importable", program="import-agent-world"),
    "agent-host-and-jobs": transcript(
        "job list", "host", "host refresh --no-wait", "job show --wait <job>", "job show <job>", "job list", "job show 99",
        f"import create --id db1 {SOURCE} {DESTINATION}", "import session db1 copy_in_progress --percent 42",
        "import session db1 asleep", "import list", f"status {SOURCE}", f"status {DESTINATION}", "check"),
    "agent-check-fails": transcript(
        fault("volumes", "dm_failed"), "host refresh", "check", f"import create --id db1 {SOURCE} {DESTINATION}", "check"),
    "engine-check": transcript(
        "check", f"import prepare --id two {WORLD_PAIRS}", "check", person("suspend"), "host refresh --no-wait", "job show --wait <job>",
        "check", f"recover_device {WORLD_SOURCES[0]}", "check", person("multipathd"), "host refresh", "check --output json",
        program="import-agent-world"),
    "engine-recovers": transcript(
        f"import prepare --id two {WORLD_PAIRS}", "import switch two --to destination",
        person("suspend"), f"recover_device --dry-run {WORLD_SOURCES[1]}", f"recover_device {WORLD_SOURCES[0]}",
        f"recover_device {WORLD_DESTINATIONS[1]}", person("rules"), f"recover_device {WORLD_SOURCES[0]} --output json",
        person("multipathd"), f"recover_device {WORLD_SOURCES[0]}", f"recover_device --dry-run {WORLD_SOURCES[0]}",
        f"recover_device {SOURCE}", "import switch two --to source", program="import-agent-world"),
    "engine-refuses": transcript(
        f"import precheck {WORLD_PAIRS}", f"import precheck {WORLD_SOURCES[0]} {WORLD_SOURCES[0]}",
        f"import precheck {WORLD_SOURCES[0]} {SOURCE}", f"import precheck --min-paths 3 {WORLD_PAIRS}",
        f"import create --id two {WORLD_PAIRS}", f"import create --id other {WORLD_PAIRS}",
        "import switch two --to destination", "import prepare two", "import delete two", "import cancel two",
        program="import-agent-world"),
    "agent-not-root": not_root,
    "output-full": full_disk,
    "agent-killed": dead_and_back,
    "agent-stops-meanwhile": stopped_agent,
    "no-agent": without_agent("status", "status --output json", "list_supported_arrays", "mhd_status", "server_port", "import list"),
    "no-agent-recover": without_agent(f"recover_device {SOURCE}", f"recover_device --dry-run {SOURCE}", f"recover_device {SOURCE[:-1]}"),
    "no-agent-engine-fails": lambda tools, directory, environment: (
        fault("open", "agent_running")(directory), without_agent("status", "status --output json")(tools, directory, environment))[1],
    "no-agent-not-root": without_agent("status", "mhd_status", user=NOBODY),
}

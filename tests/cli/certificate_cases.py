"""importcli certificate, and the warning of `status`: without an agent, and with the real one on a fake engine.

importcli and import-cert see a host that is called db1.example and has no address, whatever the machine is called.
name -> function(tools, directory, environment) that gives its part of the transcript.
"""
import os
import re
import shutil
import subprocess
import sys

from agent_cases import CONFIGURATION, DESTINATION, SOURCE, agent
from fixtures import LIMIT_S

NOBODY = 65534
FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "certs")
HOST = ["unshare", "-n", "-u", sys.executable, "-c",
        "import os, socket, sys; socket.sethostname('db1.example'); os.execv(sys.argv[1], sys.argv[1:])"]
VARYING = [(re.compile(pattern), replacement) for pattern, replacement in (
    (r"\b[0-9a-f]{64}\b", "<fingerprint>"), (r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", "<FINGERPRINT>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC", "<moment> UTC"), (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", "<moment>"),
    (r"Pause: \d+\.\d ms", "Pause: <pause>"), (r"days_left\": 7(29|30)\b", "days_left\": 730"), (r"\((729|730) days left\)", "(<730> days left)"))]


class Host:
    """Where commands run, and what they said. The pair that agent.conf names is in `directory`/tls."""

    def __init__(self, tools, directory, environment):
        self.tools, self.directory, self.environment, self.text = tools, directory, environment, ""
        self.tls = os.path.join(directory, "tls")
        os.mkdir(self.tls, mode=0o700)
        with open(os.path.join(directory, "agent.conf"), "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(directory).replace(f"{directory}/agent.crt", f"{self.tls}/agent.crt").replace(
                f"{directory}/agent.key", f"{self.tls}/agent.key"))

    def execute(self, program, *words, user=None):
        how = {"user": user, "group": user} if user else {}
        done = subprocess.run((HOST if not user else []) + [program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S, check=False,
                              env={**self.environment, "FAKE_ENGINE": self.directory}, **how)
        text = done.stdout.replace(self.directory, "<directory>").replace(FIXTURES, "<fixtures>")
        for pattern, replacement in VARYING:
            text = pattern.sub(replacement, text)
        return f"{text}exit status {done.returncode}\n"

    def importcli(self, words, program="importcli", user=None):
        common = ["--socket", self.directory + "/agent.sock", "--config", self.directory + "/agent.conf"]
        path = self.tools[program]
        if user:  # who may not be allowed to go where the program is
            path = shutil.copy(path, self.directory)
            os.chmod(self.directory, 0o755)
        real = words.replace("@fixtures", FIXTURES).replace("@", self.directory)
        self.text += f"$ importcli {words}\n" + self.execute(path, *common, *real.split(), user=user)

    def import_cert(self, *words):
        said = self.execute(self.tools["import-cert"], *words)
        assert said == "exit status 0\n", said

    def create(self, *options):
        self.import_cert("create", "--directory", self.tls, "--force", *options)

    def put(self, name):
        """A pair of tests/fixtures, by hand."""
        for suffix, to in ((".pem", "agent.crt"), (".key", "agent.key")):
            shutil.copy(os.path.join(FIXTURES, name + suffix), os.path.join(self.tls, to))
        os.chmod(os.path.join(self.tls, "agent.key"), 0o600)


def case(*steps, program="importcli"):
    """Words for importcli, or functions of the host."""
    def run(tools, directory, environment):
        host = Host(tools, directory, environment)
        for step in steps:
            step(host) if callable(step) else host.importcli(step, program)
        return host.text
    return run


def with_agent(*steps):
    """The same while an agent runs, which was started with a pair."""
    def run(tools, directory, environment):
        host = Host(tools, directory, environment)
        host.create()
        with agent(tools, directory, environment, configure=False):
            for step in steps:
                step(host) if callable(step) else host.importcli(step)
        return host.text
    return run


def create(*options):
    return lambda host: host.create(*options)


def put(name):
    return lambda host: host.put(name)


def key_mode(mode):
    return lambda host: os.chmod(host.tls + "/agent.key", mode)


def no_key(host):
    os.unlink(host.tls + "/agent.key")


def own_pair(host):
    """An administrator's pair for this host, and one for another."""
    for name, options in (("own", []), ("other", ["--name", "x.example"])):
        host.import_cert("create", "--directory", f"{host.directory}/{name}", *options)
    # the other one is the same program's, on a host of another name
    subprocess.run(HOST[:-1] + [HOST[-1].replace("db1", "db2"), host.tools["import-cert"], "create", "--force", "--directory",
                                host.directory + "/other"], check=True)


def config(text):
    def write(host):
        with open(host.directory + "/agent.conf", "w", encoding="utf-8") as file:
            file.write(text.replace("@", host.directory))
    return write


def not_root(host):
    host.create()
    for words in ("certificate show", "certificate check", "certificate regenerate"):
        host.importcli(words, user=NOBODY)


IMPORT = f"import prepare --id db1 {SOURCE} {DESTINATION}"
CASES = {
    "certificate": case(
        "certificate show", "certificate check", "certificate regenerate --dry-run", "certificate regenerate",
        "certificate show", "certificate check"),
    "certificate-json": case(
        "certificate show --output json", "certificate check --output json", "certificate regenerate --dry-run --output json",
        "certificate regenerate --output json", "certificate show --output json", "certificate check --output json"),
    "certificate-names-are-kept": case(
        create("--name", "array.example", "--name", "192.0.2.7"), "certificate regenerate --dry-run",
        "certificate regenerate --drop-names --dry-run", "certificate regenerate", "certificate regenerate --drop-names"),
    "certificate-check-finds": case(
        create("--days", "20"), "certificate check --days 10", "certificate check", "certificate check --output json",
        key_mode(0o644), "certificate check", put("expired"), "certificate check", put("future"), "certificate check", no_key,
        "certificate check"),
    "certificate-install": case(
        own_pair, "certificate install @/own/agent.crt @/own/agent.key", "certificate check",
        "certificate install @/other/agent.crt @/other/agent.key", "certificate install -f @/other/agent.crt @/other/agent.key",
        "certificate check"),
    "certificate-install-refused": case(
        own_pair, create(), "certificate install @/own/agent.crt @/other/agent.key",
        "certificate install @/own/agent.key @/own/agent.crt", "certificate install @/own/agent.crt @/nowhere",
        "certificate install @/own @/own", "certificate install @fixtures/expired.pem @fixtures/expired.key --force",
        "certificate install @/own/agent.crt @/other/agent.key --output json", "certificate check"),
    "certificate-config": case(
        config("[server]\ncertificate = @/elsewhere/a.crt\nkey = @/apart/a.key\n"), "certificate regenerate", "certificate check",
        config("[server]\nno setting\n"), "certificate show", "certificate regenerate",
        config("[server]\ncertificate = " + "x" * 5000), "certificate show"),
    "certificate-not-root": case(not_root),
    "certificate-agent": with_agent(
        IMPORT, "certificate check", "certificate regenerate", "certificate check", "import list", own_pair,
        "certificate install @/own/agent.crt @/own/agent.key --output json", "certificate check",
        create(), "certificate check", "import switch db1 --to destination", "certificate regenerate", "certificate check"),
    "certificate-agent-with-other-files": with_agent(
        config("[server]\ncertificate = @/elsewhere/a.crt\nkey = @/elsewhere/a.key\n"), "certificate regenerate",
        "certificate check"),
    "status-warns": case(
        create("--days", "20"), "status", "status --output json", create(), "status", no_key, "status", "certificate regenerate",
        "status", program="importcli-fake"),
}

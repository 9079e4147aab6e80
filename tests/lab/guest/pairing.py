"""Makes the orchestrator's certificate and puts it among those that the agent trusts, as an administrator would."""
import os
import time

from orchestrator import LOST, Agent
from util import read, sh, wait_for, write

OURS = "/root/orchestrator"
AGENT_CERTIFICATE = "/etc/dm-import/tls/agent.crt"
TRUSTED = "/etc/dm-import/trusted.d"


AUTHORITY = """[ca]
default_ca = self
[self]
database = {base}.index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = names
x509_extensions = extensions
[extensions]
subjectKeyIdentifier = hash
basicConstraints = critical,CA:TRUE
[names]
commonName = supplied
"""


def make_certificate(base, name, days=30):
    """Self-signed, and a day old already: a host's clock may be behind."""
    ca = {"base": base, "folder": os.path.dirname(base)}
    write(base + ".cnf", AUTHORITY.format(**ca))
    write(base + ".index", "")
    sh(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", "/CN=" + name, "-keyout", base + ".key", "-out", base + ".csr"])
    begin, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 86400 * day)) for day in (-1, days))
    sh(["openssl", "ca", "-batch", "-selfsign", "-notext", "-config", base + ".cnf", "-keyfile", base + ".key",
        "-in", base + ".csr", "-out", base + ".crt", "-startdate", begin, "-enddate", end])


def prepare(trusted=True):
    """At the first boot, before the agent starts; or, if there is no agent yet, only the certificate."""
    make_certificate(OURS, "lab-orchestrator")
    if trusted:
        trust(read(OURS + ".crt"))


def trust(certificate):
    """On this host the orchestrator is trusted; on a host of a cluster it lives elsewhere."""
    os.makedirs(TRUSTED, mode=0o700, exist_ok=True)
    write(TRUSTED + "/lab-orchestrator.pem", certificate + "\n")


def agent_certificate():
    return read(AGENT_CERTIFICATE, "")


def answers(agent):
    try:
        return agent.exchange("GET", "", None, 0)
    except (OSError, *LOST):
        agent.close()
        return None


def connect(port=None, wait_s=180):
    """A client of the agent on this host, as soon as the agent answers."""
    wait_for("agent's certificate", lambda: os.path.exists(AGENT_CERTIFICATE), wait_s)
    agent = Agent("127.0.0.1", port or configured_port(), OURS + ".crt", OURS + ".key", AGENT_CERTIFICATE)
    wait_for("answer of the agent", lambda: answers(agent), wait_s, 0.3)
    return agent


def configured_port():
    for line in read("/etc/dm-import/agent.conf", "").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "port":
            return int(value)
    return 8443

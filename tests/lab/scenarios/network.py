"""The agent's port in the middle of an import: who gets in, and what a hostile network can do to it."""
import os
import re
import socket
import ssl
import subprocess

import host
import pairing
from orchestrator import LOST, Agent, Problem
from scenario import scenario
from strangers import Strangers
from util import log, read, sh, wait_for, write

ORCHESTRATOR = os.path.join(os.path.dirname(pairing.__file__), "orchestrator.py")
STRANGER = "/root/stranger"
SILENT = 1000           # more than the agent lets in by far
DESCRIPTORS_MAX = 320   # 192 places, the Unix socket's, and its own
LOG = "/var/log/import/agent.log"


# --- who gets in ---

def client(name):
    """Of that certificate, or without one; it asks once."""
    base = "/root/" + name if name else ""
    return Agent("127.0.0.1", pairing.configured_port(), name and base + ".crt", name and base + ".key", pairing.AGENT_CERTIFICATE, tries=1)


def code_of(agent):
    """With what it is refused, by a call that would do something."""
    try:
        agent.call("POST", "/imports/lab/cancel", {})
    except Problem as problem:
        return problem.code
    finally:
        agent.close()
    return "let in"


def tls(**settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def connects(context):
    try:
        with context.wrap_socket(socket.create_connection(("127.0.0.1", pairing.configured_port()), timeout=30)) as connection:
            return connection.version()
    except OSError:
        return None


def plain_answer():
    with socket.create_connection(("127.0.0.1", pairing.configured_port()), timeout=30) as connection:
        connection.sendall(b"GET /api/v1 HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            return connection.recv(4096)
        except ConnectionError:
            return b""


def check_strangers(lab):
    pairing.make_certificate(STRANGER, "lab-orchestrator")      # called like ours
    pairing.make_certificate("/root/expired", "expired", days=-0.5)
    write(pairing.TRUSTED + "/expired.pem", read("/root/expired.crt") + "\n")
    for name, wanted in ((None, "client_certificate_missing"), ("stranger", "client_not_trusted"), ("expired", "client_not_trusted")):
        found = code_of(client(name))
        lab.expect(found == wanted, "%s: %s, not %s" % (name or "no certificate", found, wanted), "stranger")
    os.unlink(pairing.TRUSTED + "/expired.pem")
    old = tls(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
    old.set_ciphers("ALL:@SECLEVEL=0")
    lab.expect(connects(old) is None, "TLS 1.1 is spoken", "stranger")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        lab.expect(connects(tls(minimum_version=version, maximum_version=version)), "%s is not spoken" % version.name, "stranger")
    lab.expect(b"HTTP/" not in plain_answer(), "plain HTTP is answered", "stranger")


def new_code():
    return re.search(r"\b[A-Z0-9]{4}(-[A-Z0-9]{4})+\b", sh("importcli trust new-code"))[0]


def pair(name, code):
    """As an administrator of an array would; its exit status."""
    done = subprocess.run(["python3", ORCHESTRATOR, "--port", str(pairing.configured_port()), "--certificate", "/root/%s.crt" % name, "--key", "/root/%s.key" % name,
                           "--agent-certificate", "/root/%s.pinned" % name, "pair", code], capture_output=True, text=True, timeout=120, check=False)
    log("pair %s: %d %s" % (name, done.returncode, done.stderr.strip()))
    return done.returncode


def check_pairing(lab):
    """Another orchestrator; then it is another one's turn, with the code that was used, and a wrong one."""
    for name in ("second", "third"):
        pairing.make_certificate("/root/" + name, name)
    code = new_code()
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    for name, word, status in (("second", wrong, 1), ("second", code, 0), ("third", code, 1)):
        lab.expect(pair(name, word) == status, "%s with %s" % (name, "the code" if word == code else "a wrong code"), "pairing")
    lab.expect(read("/root/second.pinned") == pairing.agent_certificate(), "it pinned another certificate", "pairing")
    lab.expect(code_of(client("third")) == "client_not_trusted", "the third one is let in", "pairing")


def check_revocation(lab):
    """The second orchestrator's, on a connection that is open."""
    second = client("second")
    second.who()
    fingerprint = sh(["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", "/root/second.crt"]).strip().split("=")[1].replace(":", "")
    sh(["importcli", "trust", "remove", fingerprint[:16]])
    lab.expect(code_of(second) == "client_not_trusted", "it is still let in", "revocation")


def replace_certificate(lab):
    """Ours does not fit any more for who has pinned the old one, until he pins the new one."""
    before = host.main_pid()
    sh("importcli certificate regenerate")
    lab.agent.close()
    lab.agent.tries = 1
    try:
        lab.agent.who()
        lab.fail("certificate", "the old certificate is still served")
    except LOST + (ssl.SSLError,) as error:
        log("with the old pin: %s" % error)
    lab.expect(host.main_pid() == before, "it is another process", "certificate")
    lab.agent.tls.load_verify_locations(pairing.AGENT_CERTIFICATE)
    lab.agent.tries = 6
    lab.agent.who()


def certificate_findings():
    done = subprocess.run(["importcli", "certificate", "check"], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def check_addresses(lab):
    """A new bridge for containers is no reason for another certificate, a new network card is."""
    for name, kind, address in (("inner0", "bridge", "192.0.2.1"), ("card0", "dummy", "192.0.2.2")):
        lab.expect(address not in certificate_findings(), address + " is told before it is there", "certificate")
        sh(["ip", "link", "add", name, "type", kind])
        sh(["ip", "address", "add", address + "/24", "dev", name])
        sh(["ip", "link", "set", name, "up"])
        told = address in certificate_findings()
        lab.expect(told == (kind == "dummy"), "%s of a %s is %stold" % (address, kind, "" if told else "not "), "certificate")
        sh(["ip", "link", "delete", name])


@scenario("tls-clients", core=True)
def tls_clients(lab):
    """While an import is on the destination and the application writes: strangers, pairing, revocation, another certificate."""
    lab.fio()
    work = lab.create_import()
    work.to_destination()
    before = host.settled_snapshot()
    check_strangers(lab)
    check_pairing(lab)
    check_revocation(lab)
    replace_certificate(lab)
    check_addresses(lab)
    lab.expect(host.settled_snapshot() == before, "the host has changed", "changed")
    work.expect_state("on_destination", "Destination")
    work.cancel()
    work.delete()


# --- a crowd ---

def descriptors():
    return len(os.listdir("/proc/%d/fd" % host.main_pid()))


def log_lines():
    return len(read(LOG).splitlines())


@scenario("hostile-crowd", core=True, max_io_ms=30000, timeout=2400)
def hostile_crowd(lab):
    """A complete import there and back, under load, amid strangers: no call of the orchestrator is lost, and none is repeated.
    It keeps its connection while the crowd gathers, and uses it."""
    lab.fio()
    lab.agent.tries = 1
    lab.agent.who()
    before = host.main_pid()
    pairing.make_certificate(STRANGER, "stranger")
    with Strangers(pairing.configured_port(), SILENT, STRANGER) as crowd:
        wait_for("the crowd", lambda: lab.agent.who() and crowd.count("silent closed") > 200 and crowd.count("asks 401") and crowd.count("guesses 403"),
                 600, 1)
        begin, lines = float(read("/proc/uptime").split()[0]), log_lines()
        work = lab.create_import()
        work.to_destination()
        found = descriptors()
        lab.expect(found <= DESCRIPTORS_MAX, "%d descriptors" % found, "resources")
        lab.agent.close()           # and on a connection that is opened anew
        work.cancel()
        work.delete()
        seconds = float(read("/proc/uptime").split()[0]) - begin
        log("the crowd: %s" % crowd.numbers)
    lab.expect(host.main_pid() == before, "it is another process", "resources")
    lab.expect(log_lines() - lines < 500 + 4 * seconds, "%d lines of log in %d s" % (log_lines() - lines, seconds), "resources")
    wait_for("an end of the strangers' descriptors", lambda: descriptors() < 64, 600)

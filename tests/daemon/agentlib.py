"""
Starts the real agent on the fake engine in a directory of its own, and talks to it over TLS and the Unix socket. Every
answer goes through the OpenAPI check.
"""
import contextlib
import ctypes
import http.client
import json
import os
import shlex
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time

from openapi import api

HERE = os.path.dirname(os.path.abspath(__file__))
CERTS = os.path.join(HERE, "..", "fixtures", "certs")
OUT = os.environ["OUT"]
PORTS = (8443, 50443, 55443, 60443)
BASE = "/api/v1"
UNDER = shlex.split(os.environ.get("UNDER", ""))  # the words that an agent is started with: valgrind
LIMIT_S = 200  # of a wait for what has to come: much more than a loaded machine needs, so that it is never about speed
WAIT_S = 60    # the most that the agent lets a client wait for a job (Prefer: wait)
SANITIZER = next((mode for mode in ("asan", "tsan") if mode in os.path.basename(OUT)), None)  # MODE-CC, as the Makefile names it
WWIDS = [f"36001405aaaaaaaaaaaaaaaaaaaaaaa0{i}" for i in range(1, 5)]
DESTINATIONS = [f"36001405bbbbbbbbbbbbbbbbbbbbbbb0{i}" for i in range(1, 5)]


LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """In the child: no agent outlives the tests, however they end."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def cert(name):
    return os.path.join(CERTS, name + ".pem")


def is_free(port):
    with socket.socket(socket.AF_INET6) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("::", port))
            probe.listen()
        except OSError:
            return False
    return True


def free_ports(count):
    ports = [port for port in PORTS if is_free(port)]
    assert len(ports) >= count, f"{count} of {PORTS} must be free for this test, but only {ports} are"
    return ports[:count]


def member(i=0):
    return {"source_wwid": WWIDS[i], "destination_wwid": DESTINATIONS[i]}


class Answer:
    def __init__(self, response, data):
        self.status = response.status
        self.headers = response.headers
        self.type = response.headers.get("Content-Type", "")
        text = data.decode()
        self.body = json.loads(text) if text and "json" in self.type else text

    @property
    def code(self):
        return self.body.get("code") if isinstance(self.body, dict) else None


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def tls_context(client="trusted", **settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cert("server"))  # pinned, as an orchestrator does
    context.verify_flags |= 0x80000  # X509_V_FLAG_PARTIAL_CHAIN
    if client:
        context.load_cert_chain(cert(client), os.path.join(CERTS, client + ".key"))
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def exchange(connection, method, path, body=None, headers=None, check=True):
    with contextlib.closing(connection):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        connection.request(method, BASE + path, body=body, headers=headers or {})
        response = connection.getresponse()
        answer = Answer(response, response.read())
    if check:
        api.check(method, path, answer.status, answer.type, answer.body)
    return answer


class Clock:
    """The agent's monotonic clock (own_clock.c): the machine's, until it is stopped; then it goes on as the test says."""

    def __init__(self, path):
        self.path, self.at_us = path, 0
        self.store()

    def store(self):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb", buffering=0) as file:
            file.write(struct.pack("=Q", self.at_us))

    def stop(self):
        self.at_us = time.monotonic_ns() // 1000
        self.store()

    def advance(self, seconds):
        assert self.at_us, "the clock goes by itself"
        self.at_us += round(seconds * 1_000_000)
        self.store()


class Agent:
    """
    `settings`: lines for [server]; `raw`: the complete configuration instead; `program`: import-agent-fake (fake engine) or
    import-agent-world (the real engine on a fake host).
    """

    last = None  # the one that was made last, for messages

    def __init__(self, port=None, settings="", log_level=3, raw=None, start=True, program="import-agent-fake"):
        Agent.last = self
        self.program = program
        self.directory = tempfile.mkdtemp(prefix="agent-test-")
        self.fake = os.path.join(self.directory, "fake")
        self.trusted = os.path.join(self.directory, "trusted.d")
        self.socket = os.path.join(self.directory, "run", "agent.sock")
        self.config = os.path.join(self.directory, "agent.conf")
        self.log = os.path.join(self.directory, "log", "agent.log")
        self.notices = os.path.join(self.directory, "notices")
        os.mkdir(self.fake)
        os.mkdir(self.trusted)
        self.clock = Clock(os.path.join(self.directory, "clock"))
        self.trust("trusted")
        self.port = port or free_ports(1)[0]
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(raw or f"""# the administrator's comment
[server]
# port = 1
port = {self.port}   ; the port
certificate = {cert("server")}
key = {CERTS}/server.key
trusted = {self.trusted}
socket = {self.socket}
{settings}
[log]
level = {log_level}
location = {self.directory}/log
""")
        self.process = None
        if start:
            self.start()

    def spawn(self):
        environment = dict(os.environ, FAKE_ENGINE=self.fake, FAKE_CLOCK=self.clock.path, NOTIFY_SOCKET=self.notices)
        self.errors = open(os.path.join(self.directory, "stderr"), "ab")
        self.process = subprocess.Popen(UNDER + [os.path.join(OUT, self.program), "--config", self.config],
                                        env=environment, stderr=self.errors, stdout=self.errors,
                                        preexec_fn=die_with_parent)

    def start(self):
        known = self.output().count(">ready")
        self.spawn()
        wait_until(lambda: self.process.poll() is not None or self.output().count(">ready") > known)
        assert self.process.poll() is None, self.output()

    def local_ok(self):
        try:
            return self.local("GET", "/").status == 200
        except OSError:
            return False

    def output(self):
        path = os.path.join(self.directory, "stderr")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(LIMIT_S) if self.process else None
        self.process = None
        self.errors.close()
        return status

    def close(self):
        """Stops the agent; a sanitizer's report or a crash is the test's failure."""
        status = self.stop() if self.process else 0
        output = self.output()
        shutil.rmtree(self.directory)
        for word in ("Sanitizer", "runtime error", "invariants were violated"):
            assert word not in output, output
        assert status in (0, 1), f"exit status {status}\n{output}"

    def trust(self, name):
        shutil.copy(cert(name), os.path.join(self.trusted, name + ".pem"))

    def distrust(self, name):
        os.unlink(os.path.join(self.trusted, name + ".pem"))

    def command(self, function, what, value):
        with open(os.path.join(self.fake, f"{function}.{what}"), "w", encoding="utf-8") as file:
            file.write(f"{value}\n")

    def hold_up(self, function):
        """From now on the fake engine waits in this function, at each of its steps, until it is let go."""
        self.command(function, "waits", "")

    def is_held_up(self, function):
        return os.path.exists(os.path.join(self.fake, function + ".waiting"))

    def next_step(self, function):
        wait_until(lambda: self.is_held_up(function))
        os.unlink(os.path.join(self.fake, function + ".waiting"))

    def let_go(self, function):
        os.unlink(os.path.join(self.fake, function + ".waits"))

    def wait_a_turn(self):
        """Waits until the control thread has been through its loop once more, so that earlier requests are done. It reports at the
        beginning of each turn, as to systemd's watchdog."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            notices.settimeout(LIMIT_S)
            notices.bind(self.notices)
            for _ in range(2):
                notices.recv(100)
        os.unlink(self.notices)

    def no_commands(self):
        for name in os.listdir(self.fake):
            os.unlink(os.path.join(self.fake, name))

    def tls(self, method, path, body=None, headers=None, client="trusted", port=None, **more):
        connection = http.client.HTTPSConnection("127.0.0.1", port or self.port, context=tls_context(client), timeout=LIMIT_S)
        return exchange(connection, method, path, body, headers, **more)

    def local(self, method, path, body=None, headers=None, **more):
        return exchange(UnixConnection(self.socket, LIMIT_S), method, path, body, headers, **more)

    def new_import(self, name, i=0):
        answer = self.tls("POST", "/imports", {"id": name, "members": [member(i)]})
        assert answer.status in (200, 201), answer.body
        return answer.body

    def verb(self, name, verb, body=None, wait=WAIT_S, **more):
        return self.tls("POST", f"/imports/{name}/{verb}", body, {"Prefer": f"wait={wait}"}, **more)

    def log_text(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def full_log(self):
        """With all that was logged until now: lines are written in the background, in their order."""
        self.mark = getattr(self, "mark", 0) + 1
        self.local("POST", f"/imports/mark-{self.mark}/prepare")
        wait_until(lambda: f"/mark-{self.mark}/" in self.log_text())
        return self.log_text()


def is_closed(connection):
    """By the agent. What it has sent before is not looked at."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


def expect_timeout(agent, connection, seconds, drip=b""):
    """The agent, whose clock is stopped, keeps the connection this long, whatever the client drips meanwhile, and no longer."""
    assert agent.tls("GET", "/agent").status == 200     # who came later is served: so it is served, too
    for _ in range(4):
        connection.sendall(drip)
        agent.clock.advance(seconds / 4)
    agent.wait_a_turn()
    assert not is_closed(connection), f"closed within {seconds} s"
    agent.clock.advance(0.001)
    wait_until(lambda: is_closed(connection))


def wait_until(condition):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time\n" + (Agent.last.output() if Agent.last else "")
        time.sleep(0.02)

"""
What somebody sends who means harm, and what he gets to know. Slow clients are in test_tls.py, crowds in test_crowd.py, bodies in
test_bad_input.py, guesses of codes in test_pairing.py.
"""
import os
import re
import socket
import ssl
import subprocess
import unittest
import urllib.parse

from agentlib import BASE, CERTS, DESTINATIONS, LIMIT_S, WWIDS, Agent, cert, die_with_parent, expect_timeout, tls_context, wait_until
from openapi import api
from test_pairing import proof

HOME = "127.0.0.1"
LINE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error  |info   |verbose) [ -~]+"
REQUEST = f"GET {BASE} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
STRANGERS = (None, "stranger", "expired")


class Tls:
    """A TLS connection with two ends, which ssl.SSLSocket has not: ours can be closed, and the other one still be read."""

    def __init__(self, plain, context):
        self.plain, self.come, self.go = plain, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self.come, self.go)
        self.until_done(self.session.do_handshake)
        self.flush()

    def until_done(self, step, *arguments):
        while True:
            try:
                return step(*arguments)
            except ssl.SSLWantReadError:
                self.flush()
                data = self.plain.recv(65536)
                self.come.write(data) if data else self.come.write_eof()

    def flush(self):
        self.plain.sendall(self.go.read())

    def sendall(self, data):
        self.session.write(data)
        self.flush()

    def shutdown(self, _):
        try:
            self.session.unwrap()
        except ssl.SSLWantReadError:
            self.flush()

    def recv(self, size):
        try:
            return self.until_done(self.session.read, size)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""


class Hostile(unittest.TestCase):
    settings = ""

    @classmethod
    def setUpClass(cls):
        cls.agent = Agent(settings=cls.settings)
        cls.addresses = iter(f"127.9.{i // 250}.{i % 250 + 1}" for i in range(10000))

    @classmethod
    def tearDownClass(cls):
        cls.agent.close()

    def plain(self):
        """A connection from an address that nobody came from before, so that no limit of one counts."""
        connection = socket.create_connection((HOME, self.agent.port), timeout=LIMIT_S, source_address=(next(self.addresses), 0))
        self.addCleanup(connection.close)
        return connection

    def tls(self, client="stranger"):
        return Tls(self.plain(), tls_context(client))

    @staticmethod
    def answer(connection, data=b""):
        """All that is received if the client ends the connection after the data: the agent closes it, too, as soon as it is done."""
        got = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                got += part
        except OSError:
            pass
        return got

    def still_answers(self):
        self.assertEqual(self.agent.tls("GET", "/agent").status, 200)


class Http(Hostile):
    def test_huge_header(self):
        for name in ("X-Long", "Host", "User-Agent", "Prefer", "Content-Length", "Transfer-Encoding", "Cookie"):
            with self.subTest(name=name):
                head = f"GET {BASE}/agent HTTP/1.1\r\nHost: x\r\n{name}: {'a' * 300000}\r\n\r\n".encode()
                self.assertRegex(self.answer(self.tls("trusted"), head), rb"^(HTTP/1\.1 4\d\d |$)")
        self.still_answers()

    def test_many_headers(self):
        for count, good in ((50, True), (20000, False)):
            head = f"GET {BASE}/agent HTTP/1.1\r\nHost: x\r\n".encode() + b"X-A: b\r\n" * count + b"\r\n"
            self.assertRegex(self.answer(self.tls("trusted"), head), rb"^HTTP/1\.1 200 " if good else rb"^(HTTP/1\.1 4\d\d |$)")
        self.still_answers()

    def test_long_path(self):
        for length in (1000, 10000, 300000):
            self.assertRegex(self.answer(self.tls("trusted"), b"GET /" + b"a" * length + b" HTTP/1.1\r\nHost: x\r\n\r\n"), rb"^(HTTP/1\.1 4\d\d |$)")
        self.still_answers()

    def test_garbage_after_a_request(self):
        """Pipelined: complete requests are answered, incomplete ones are refused, and nothing else happens."""
        for garbage in (b"\0\xff" * 1000, b"GARBAGE\r\n\r\n", b"\r\n\r\n\r\n", b"GET\r\n\r\n", os.urandom(5000)):
            got = self.answer(self.tls("trusted"), REQUEST + garbage)
            self.assertRegex(got, rb"^HTTP/1\.1 200 ")
            self.assertEqual(len(re.findall(rb"HTTP/1\.1 2\d\d ", got)), 1, got)
        self.still_answers()

    def test_many_requests_at_once(self):
        got = self.answer(self.tls("trusted"), REQUEST * 50)
        self.assertEqual(got.count(b"HTTP/1.1 200 "), 50)

    def test_request_in_a_body(self):
        """A body is as long as it says: what is in it is no request of its own (smuggling)."""
        inner = f"POST {BASE}/host/refresh HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
        for head in (f"Content-Length: {len(inner)}", f"Content-Length: {len(inner)}\r\nContent-Length: {len(inner)}"):
            got = self.answer(self.tls("trusted"), f"POST {BASE}/imports HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode() + inner)
            self.assertRegex(got, rb"^HTTP/1\.1 400 ")
            self.assertNotIn(b"HTTP/1.1 2", got)
        both = f"POST {BASE}/imports HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        self.assertNotIn(b"HTTP/1.1 2", self.answer(self.tls("trusted"), both + b"0\r\n\r\n"))
        self.assertEqual(self.agent.local("GET", "/jobs").body["jobs"], [])

    def test_broken_chunks(self):
        head = f"POST {BASE}/imports HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        for body in (b"ffffffffffffffffffff\r\n", b"-1\r\n", b"zz\r\n", b"2\r\n{}X\r\n0\r\n\r\n", b"7fffffffffffffff\r\n{}"):
            self.assertNotIn(b"HTTP/1.1 2", self.answer(self.tls("trusted"), head + body))
        self.still_answers()


class TlsLayer(Hostile):
    settings = "request_timeout = 2"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent.clock.stop()

    def test_handshake_that_stalls(self):
        with self.plain() as connection:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")    # the head of a ClientHello of 508 bytes
            expect_timeout(self.agent, connection, 2)

    def test_handshake_that_drips(self):
        with self.plain() as connection:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
            expect_timeout(self.agent, connection, 2, b"\x03")

    @staticmethod
    def handshakes(port):
        """How many a client of TLS 1.2 gets on one connection, when it asks for a second one."""
        command = ["openssl", "s_client", "-connect", f"{HOME}:{port}", "-tls1_2", "-cert", cert("trusted"), "-key",
                   os.path.join(CERTS, "trusted.key"), "-state"]
        done = b"SSL_connect:SSLv3/TLS read finished"
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
            os.set_blocking(client.stdout.fileno(), False)
            said = b""

            def has(condition):
                nonlocal said
                said += client.stdout.read() or b""
                return condition()

            wait_until(lambda: has(lambda: b"Verify return code" in said))
            client.stdin.write(b"R\n")
            client.stdin.flush()
            wait_until(lambda: has(lambda: b"RENEGOTIATING" in said and (client.poll() is not None or said.count(done) > 1)))
            client.kill()
        return said.count(done)

    def test_renegotiation_is_refused(self):
        """A client may ask for it, and it costs the server much more than him."""
        self.assertEqual(self.handshakes(self.agent.port), 1)
        self.still_answers()

    def test_renegotiation_is_noticed(self):
        """The control: a server that allows it."""
        with socket.socket() as probe:
            probe.bind((HOME, 0))
            port = probe.getsockname()[1]
        command = ["openssl", "s_server", "-accept", str(port), "-cert", cert("server"), "-key", os.path.join(CERTS, "server.key"), "-tls1_2",
                   "-client_renegotiation", "-quiet"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              preexec_fn=die_with_parent) as server:
            wait_until(lambda: not is_refused(port))
            self.assertEqual(self.handshakes(port), 2)
            server.kill()

    def test_suites(self):
        """Of all suites that OpenSSL has, those and no others (the fixture's key is ECDSA)."""
        listed = subprocess.run(["openssl", "ciphers", "-s", "-tls1_2", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], capture_output=True, text=True, check=True)
        names = listed.stdout.strip().split(":")
        self.assertGreater(len(names), 50)
        accepted = {name for name in names if self.connects(name)}
        self.assertEqual(accepted, {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256"})

    def connects(self, suite):
        context = tls_context(None, minimum_version=ssl.TLSVersion.TLSv1_2, maximum_version=ssl.TLSVersion.TLSv1_2)
        try:
            context.set_ciphers(suite + ":@SECLEVEL=0")
        except ssl.SSLError:    # one that OpenSSL lists and has not (PSK, SRP)
            return False
        self.agent.clock.advance(0.02)      # strangers are let in 100 times a second
        try:
            with context.wrap_socket(self.plain()) as connection:
                return connection.cipher()[0] == suite
        except (ssl.SSLError, ConnectionError):
            return False


class Log(Hostile):
    FORGED = "2001-01-01T00:00:00.000Z error   forged"

    def test_every_line_stays_one(self):
        """By whatever a request has, and whatever a certificate says."""
        end = "\r\nHost: x\r\nConnection: close"
        for text in ("\n" + self.FORGED, "\r" + self.FORGED, "\x1b[2J\x1b[31m", "%n%s%x", "\xff\xfe", "\\x0a", "\x0b\x0c\x00", "\u2028"):
            escaped = urllib.parse.quote(text)
            for line in (f"G{text}T {BASE} HTTP/1.1{end}", f"GET {BASE}/{text} HTTP/1.1{end}", f"POST {BASE}/imports/{escaped}/prepare HTTP/1.1{end}",
                         f"GET {BASE}/volumes?importable={escaped} HTTP/1.1{end}", f"GET {BASE}?{text}={text} HTTP/1.1{end}",
                         f"GET {BASE} HTTP/1.1{end}\r\nUser-Agent: {text}\r\nPrefer: wait={text}\r\nX-Forwarded-For: {text}",
                         f"POST {BASE}/pair HTTP/1.1{end}\r\nContent-Length: {text}"):
                self.answer(self.trusted(), line.encode("utf-8", "replace") + b"\r\n\r\n")
        code = self.agent.local("POST", "/agent/pairing_code", {}).body["code"]
        answer = self.agent.tls("POST", "/pair", {"proof": proof(code, "hostile-name")}, client="hostile-name")
        self.assertEqual(answer.status, 201)
        self.agent.tls("POST", "/imports/end-of-the-test/prepare")
        wait_until(lambda: "end-of-the-test" in self.agent.log_text())
        text = self.agent.log_text()
        self.assertIn("paired: ", text)
        self.assertIn("forged", text)   # it did come to the log
        for line in text.splitlines():
            self.assertRegex(line, f"^{LINE}$")
            self.assertFalse(line.startswith(self.FORGED[:20]), line)
        for line in self.agent.output().splitlines():
            self.assertRegex(line, r"^(<[367]>[ -~]+)?$")

    def trusted(self):
        connection = socket.create_connection((HOME, self.agent.port), timeout=LIMIT_S)
        self.addCleanup(connection.close)
        return Tls(connection, tls_context("trusted"))


class Knowledge(Hostile):
    """Whoever is not paired gets to know the product's name and version, and nothing of the host."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent.new_import("secret-import")
        cls.agent.verb("secret-import", "prepare")
        build = cls.agent.local("GET", "/agent").body["agent_build"]
        host = cls.agent.local("GET", "/host").body
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        words = [os.uname().nodename, os.uname().release, boot, "secret-import", "mpatha", "mpath", "sda", "dm-0", build, host["kernel"],
                 host["initiators"][0]["iqn_or_wwn"], "microhttpd", "MHD", "GnuTLS", "json-c", "root", "trusted.pem", "agent.conf"]
        words += WWIDS + DESTINATIONS + [wwid[1:] for wwid in WWIDS]
        # a literal word; and any absolute path
        cls.facts = [re.compile(rb"(?<![A-Za-z0-9])" + re.escape(word.encode()) + rb"(?![A-Za-z0-9])", re.I) for word in words if len(word) > 2]
        cls.facts.append(re.compile(rb"/(etc|var|run|tmp|usr|home|root|dev|proc)\b"))
        cls.facts.append(re.compile(re.escape(cls.agent.directory.encode())))

    def found_in(self, data):
        return [fact.pattern for fact in self.facts if fact.search(data)]

    @staticmethod
    def requests():
        for method, path, _ in api.operations():
            path = BASE + re.sub(r"\{\w+\}", "secret-import", path)
            yield f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
        for method in ("OPTIONS", "TRACE", "HEAD", "PATCH", "CONNECT", "X" * 100):
            yield f"{method} {BASE}/imports HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for path in ("/", "/etc/passwd", BASE + "/../../etc/passwd", BASE + "/agent?x=%00", "*", BASE + "/%2e%2e", BASE + "/metrics/"):
            yield f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for body in ("{", "[]", "{}", '{"proof":7}', '{"proof":"00"}', '{"proof":"' + "0" * 64 + '"}', '{"certificate":"x"}'):
            yield f"POST {BASE}/pair HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    BROKEN = (b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost\r\n\r\n", b"\0" * 100 + b"\r\n\r\n",
              b"POST /api/v1/pair HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"POST /api/v1/pair HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
              b"POST /api/v1/pair HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")

    def everything(self, client):
        """All bytes that this client can get: of each path and method, of what is no request, in TLS and out of it."""
        got = b""
        connection = self.tls(client)
        for request in self.requests():
            part = self.one(connection, request)
            if not part:
                connection = self.tls(client)   # it had closed after the last one
                part = self.one(connection, request)
            got += part
        for broken in self.BROKEN:
            got += self.answer(self.tls(client), broken)
        for raw in (REQUEST, b"\0" * 100, os.urandom(200), b"\x16\x03\x01\x00\x05hello"):
            got += self.answer(self.plain(), raw)
        return got

    @staticmethod
    def one(connection, request):
        """One answer on a connection that may stay open."""
        got = b""
        try:
            connection.sendall(request)
            while b"\r\n\r\n" not in got or len(got) < len(got.partition(b"\r\n\r\n")[0]) + 4 + length_of(got, request):
                part = connection.recv(65536)
                if not part:
                    break
                got += part
        except OSError:
            pass
        return got

    def test_stranger_learns_nothing_of_the_host(self):
        for client in STRANGERS:
            got = self.everything(client)
            self.assertGreater(got.count(b"HTTP/1.1 401 "), 30)
            self.assertIn(b'"agent_version":"1.0"', got)
            self.assertEqual(self.found_in(got), [], client)

    def test_search_finds_what_the_trusted_get(self):
        """The control: the same search, of what somebody who is paired gets."""
        got = b"".join(self.one(self.tls("trusted"), f"GET {BASE}{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                       for path in ("/agent", "/volumes", "/imports", "/host"))
        found = b" ".join(self.found_in(got))
        for word in (b"secret", b"mpatha", b"sda", WWIDS[0].encode(), b"iqn", b"etc|var", os.path.basename(self.agent.directory).encode()):
            self.assertIn(re.escape(word) if b"|" not in word else word, found)

    def test_all_paths_look_alike(self):
        """An answer does not show whether such a path, import or volume exists."""
        connection = self.tls("stranger")
        answers = set()
        for path in ("/agent", "/nothing", "/imports/secret-import", "/imports/none", f"/volumes/{WWIDS[0]}", "/agent/trusted", "/metrics"):
            got = self.one(connection, f"GET {BASE}{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answers.add(re.sub(rb"\r\nDate: [^\r]*", b"", got))
        self.assertEqual(len(answers), 1, answers)


def is_refused(port):
    with socket.socket() as probe:
        return probe.connect_ex((HOME, port)) != 0


def length_of(answer, request):
    """Of the body that follows the head."""
    if request.startswith(b"HEAD"):
        return 0
    found = re.search(rb"\r\nContent-Length: (\d+)", answer)
    return int(found[1]) if found else 0

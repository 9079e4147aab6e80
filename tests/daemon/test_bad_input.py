"""Bad requests: each gets its own code and remedy, and nothing changes."""
import json
import os
import socket
import subprocess
import sys
import unittest

from agentlib import BASE, LIMIT_S, WWIDS, Agent, member
from openapi import api

# body, expected code: of POST /imports
IMPORT_BODIES = [
    ("", "json_missing_field"),
    ("{", "json_broken"),
    ("{}x", "json_broken"),
    ("{'members':[]}", "json_broken"),
    ('{"members":[],}', "json_broken"),
    ('{"id":"\xff"}'.encode("latin-1"), "json_broken"),
    (b'{"id":"a\0b"}', "json_broken"),
    ("[]", "json_wrong_type"),
    ("null", "json_wrong_type"),
    ("7", "json_wrong_type"),
    ('"text"', "json_wrong_type"),
    ({}, "json_missing_field"),
    ({"members": {}}, "json_wrong_type"),
    ({"members": None}, "json_wrong_type"),
    ({"members": []}, "value_invalid"),
    ({"members": [member()] * 17}, "value_invalid"),
    ({"members": [7]}, "json_wrong_type"),
    ({"members": [{}]}, "json_missing_field"),
    ({"members": [{"source_wwid": WWIDS[0]}]}, "json_missing_field"),
    ({"members": [dict(member(), more=1)]}, "json_unknown_field"),
    ({"members": [dict(member(), source_wwid=7)]}, "json_wrong_type"),
    ({"members": [dict(member(), source_wwid="3" * 64)]}, "wwid_form"),
    ({"members": [dict(member(), source_wwid="")]}, "wwid_form"),
    ({"members": [dict(member(), source_wwid="36001405\u0000")]}, "value_invalid"),
    ({"members": [dict(member(), source_wwid="36001405" + "f" * 25)]}, "volume_unknown"),
    ({"members": [dict(member(), destination_wwid=WWIDS[0])]}, "same_lun"),
    ({"members": [member(), member()]}, "member_twice"),
    ({"members": [member()], "id": ""}, "value_invalid"),
    ({"members": [member()], "id": "a/b"}, "value_invalid"),
    ({"members": [member()], "id": "a b"}, "value_invalid"),
    ({"members": [member()], "id": "x" * 65}, "value_invalid"),
    ({"members": [member()], "id": None}, "json_wrong_type"),
    ({"members": [member()], "min_paths": 0}, "value_invalid"),
    ({"members": [member()], "min_paths": 65}, "value_invalid"),
    ({"members": [member()], "min_paths": -1}, "value_invalid"),
    ({"members": [member()], "min_paths": 2.0}, "json_wrong_type"),
    ({"members": [member()], "min_paths": "2"}, "json_wrong_type"),
    ({"members": [member()], "min_paths": 10 ** 30}, "value_invalid"),
    ({"members": [member()], "Members": []}, "json_unknown_field"),
]

# method, path, body, code; "a" is an import in state new
OTHERS = [
    ("POST", "/precheck", {"members": [member()], "id": "x"}, "json_unknown_field"),
    ("POST", "/precheck", {"members": [dict(member(), source_wwid=7)]}, "json_wrong_type"),
    ("POST", "/imports/a/switch", {}, "json_missing_field"),
    ("POST", "/imports/a/switch", {"to": "there"}, "value_invalid"),
    ("POST", "/imports/a/switch", {"to": True}, "json_wrong_type"),
    ("POST", "/imports/a/switch", {"to": "destination"}, "state_wrong"),
    ("POST", "/imports/a/commit", {}, "state_wrong"),
    ("POST", "/imports/a/commit", {"force": True}, "json_unknown_field"),
    ("POST", "/imports/a/cutover", {}, "state_wrong"),
    ("POST", "/imports/a/cutover", {"force": True}, "json_unknown_field"),
    ("POST", "/imports/a/prepare", {"x": 1}, "json_unknown_field"),
    ("POST", "/imports/a/precheck", {"x": 1}, "json_unknown_field"),
    ("POST", "/imports/a/reservation", None, "json_missing_field"),
    ("POST", "/imports/a/reservation", {}, "json_missing_field"),
    ("POST", "/imports/a/reservation", {"source": "gone"}, "value_invalid"),
    ("POST", "/imports/a/reservation", {"source": ""}, "value_invalid"),
    ("POST", "/imports/a/reservation", {"source": "lifted\u0000"}, "value_invalid"),
    ("POST", "/imports/a/reservation", {"source": None}, "json_wrong_type"),
    ("POST", "/imports/a/reservation", {"source": True}, "json_wrong_type"),
    ("POST", "/imports/a/reservation", {"source": ["lifted"]}, "json_wrong_type"),
    ("POST", "/imports/a/reservation", {"destination": "lifted"}, "json_unknown_field"),
    ("POST", "/imports/a/reservation", {"source": "lifted", "to": "source"}, "json_unknown_field"),
    ("POST", "/imports/a/reservation", {"source": "lifted"}, "state_wrong"),
    ("POST", "/imports/a/reservation", {"source": "restored"}, "state_wrong"),
    ("POST", "/imports/a/cancel", {"force": 1}, "json_wrong_type"),
    ("POST", "/imports/a/cancel", {"farce": True}, "json_unknown_field"),
    ("POST", "/imports/nobody/precheck", None, "import_unknown"),
    ("POST", "/imports/nobody/prepare", None, "import_unknown"),
    ("POST", "/imports/nobody/switch", {"to": "source"}, "import_unknown"),
    ("POST", "/imports/nobody/commit", None, "import_unknown"),
    ("POST", "/imports/nobody/cutover", None, "import_unknown"),
    ("POST", "/imports/nobody/cancel", None, "import_unknown"),
    ("POST", "/imports/nobody/reservation", {"source": "lifted"}, "import_unknown"),
    ("POST", "/imports/" + "n" * 100 + "/cancel", None, "import_unknown"),
    ("PUT", "/imports/nobody/session", {"state": "paused", "percent": 1}, "import_unknown"),
    ("PUT", "/imports/a/session", {"state": "sleeping", "percent": 1}, "value_invalid"),
    ("PUT", "/imports/a/session", {"state": "paused", "percent": 101}, "value_invalid"),
    ("PUT", "/imports/a/session", {"state": "paused"}, "json_missing_field"),
    ("GET", "/imports/nobody", None, "import_unknown"),
    ("DELETE", "/imports/a", None, "state_wrong"),
    ("POST", "/imports", {"id": "a", "members": [member(1)]}, "import_exists"),
    ("POST", "/imports", {"id": "b", "members": [member(0)]}, "member_in_import"),
    ("GET", "/volumes/36001405", None, "volume_unknown"),
    ("GET", "/volumes?importable=yes", None, "value_invalid"),
    ("GET", "/jobs/1", None, "job_unknown"),
    ("GET", "/jobs/-1", None, "job_unknown"),
    ("GET", "/jobs/99999999999999999999999", None, "job_unknown"),
    ("POST", "/host/refresh", {"hard": True}, "json_unknown_field"),
    ("PUT", "/agent/log_level", {"level": 4}, "value_invalid"),
    ("PUT", "/agent/log_level", {"level": "3"}, "json_wrong_type"),
    ("PUT", "/agent/log_level", {}, "json_missing_field"),
    ("PUT", "/agent/server_port", {"port": 443}, "port_not_allowed"),
    ("PUT", "/agent/server_port", {"port": 0}, "port_not_allowed"),
    ("PUT", "/agent/server_port", {"port": 70000}, "port_not_allowed"),
    ("PUT", "/agent/server_port", {"port": "8443"}, "json_wrong_type"),
    ("PUT", "/agent/server_port", {"port": 8443, "now": True}, "json_unknown_field"),
    ("POST", "/agent/restart_web_server", {"force": "yes"}, "json_wrong_type"),
    ("GET", "/nothing", None, "path_unknown"),
    ("GET", "/imports/", None, "path_unknown"),
    ("GET", "/imports/a/prepare/now", None, "path_unknown"),
    ("GET", "/imports/a/../a", None, "path_unknown"),
    ("GET", "/imports/%2e%2e%2fa", None, "path_unknown"),
    ("GET", "/volumes/" + "3" * 200, None, "path_unknown"),
    ("GET", "x", None, "path_unknown"),
]

METHODS = [
    ("DELETE", "/", "GET"), ("HEAD", "/host", None), ("POST", "/volumes", "GET"), ("PUT", "/imports", "GET, POST"),
    ("PATCH", "/imports/a", "GET, DELETE"), ("GET", "/imports/a/switch", "POST"), ("TRACE", "/agent", "GET"),
    ("VERYLONGMETHODNAMEWITHOUTMEANING", "/agent", "GET"),
]

STATUS_OF = {"json_broken": 400, "json_too_deep": 400, "json_wrong_type": 400, "json_unknown_field": 400,
             "json_missing_field": 400, "value_invalid": 400, "wwid_form": 400, "port_not_allowed": 400,
             "import_unknown": 404, "volume_unknown": 404, "job_unknown": 404, "path_unknown": 404,
             "state_wrong": 409, "import_exists": 409, "member_in_import": 409, "same_lun": 409, "member_twice": 409}


def nested(depth):
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.agent = Agent()
        cls.agent.new_import("a", 0)
        cls.before = cls.state()

    @classmethod
    def tearDownClass(cls):
        cls.agent.close()

    @classmethod
    def state(cls):
        settings = {k: v for k, v in cls.agent.local("GET", "/agent").body.items()}
        return cls.agent.local("GET", "/imports").body, settings

    def tearDown(self):
        self.assertEqual(self.state(), self.before, "something changed")

    def refused(self, answer, code):
        self.assertEqual(answer.code, code, answer.body)
        self.assertEqual(answer.status, STATUS_OF[code])
        self.assertTrue(answer.body["remedy"])

    def test_import_bodies(self):
        for body, code in IMPORT_BODIES:
            with self.subTest(body=body):
                if code in ("same_lun", "member_twice") or "volume" in code:
                    body = json.loads(json.dumps(body).replace(WWIDS[0], WWIDS[1]))
                self.refused(self.agent.tls("POST", "/imports", body), code)

    def test_other_requests(self):
        for method, path, body, code in OTHERS:
            with self.subTest(method=method, path=path, body=body):
                self.refused(self.agent.tls(method, path, body), code)

    def test_methods(self):
        for method, path, allow in METHODS:
            with self.subTest(method=method, path=path):
                answer = self.agent.tls(method, path, check=method != "HEAD")
                self.assertEqual(answer.status, 405)
                if allow:
                    self.assertEqual((answer.code, answer.headers["Allow"]), ("method_not_allowed", allow))

    def test_depth(self):
        self.refused(self.agent.tls("POST", "/imports", nested(8)), "json_unknown_field")
        self.refused(self.agent.tls("POST", "/imports", nested(9)), "json_too_deep")
        self.refused(self.agent.tls("POST", "/imports", nested(10000)), "json_too_deep")

    def test_body_size(self):
        full = '{"a":"' + "x" * (65536 - 8) + '"}'
        self.assertEqual(len(full), 65536)
        for path in ("/imports", "/precheck"):
            self.refused(self.agent.tls("POST", path, full), "json_unknown_field")
            for size in (65537, 200000, 1048576, 5000000):
                answer = self.agent.tls("POST", path, full + " " * (size - len(full)))
                self.assertEqual((answer.status, answer.code), (413, "body_too_large"), size)

    def test_body_size_chunked(self):
        for chunks, status in ((4, 400), (20, 413)):
            answer = self.agent.tls("POST", "/imports", (b"x" * 8192 for _ in range(chunks)))
            self.assertEqual(answer.status, status)

    def test_lying_content_length(self):
        for length in ("-1", "1e3", "99999999999999999999999999", "7, 8"):
            with self.subTest(length=length):
                reply = self.raw(f"POST {BASE}/imports HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")
                self.assertRegex(reply, rb"^HTTP/1.1 4\d\d|^$")

    def test_garbage_instead_of_http(self):
        for text in ("\r\n\r\n\r\n", "GET\r\n\r\n", "A" * 100000, "GET / HTTP/9.9\r\n\r\n", "\0" * 64 + "\r\n\r\n"):
            reply = self.raw(text)
            self.assertRegex(reply, rb"^HTTP/1.1 [45]\d\d|^$")

    def raw(self, text):
        """Whatever the Unix socket's server says to these bytes."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LIMIT_S)
            connection.connect(self.agent.socket)
            try:
                connection.sendall(text.encode())
                connection.shutdown(socket.SHUT_WR)
                return connection.recv(4096)
            except OSError:
                return b""

    def test_wrong_preferences_are_none(self):
        for prefer in ("wait=", "wait=-1", "wait=x", "wait=1.5", "return=minimal", "x" * 1000):
            answer = self.agent.tls("POST", "/host/refresh", headers={"Prefer": prefer})
            self.assertEqual(answer.status, 202, prefer)


class NotRoot(unittest.TestCase):
    """The socket's mode keeps others out; should it be wrong, the kernel's word on the peer still does."""

    PROGRAM = """
import http.client, os, socket, sys
os.setgid(65534); os.setuid(65534)
connection = socket.socket(socket.AF_UNIX)
try:
    connection.connect(sys.argv[1])
except PermissionError:
    print("no connection"); sys.exit()
connection.sendall(b"GET /api/v1" + sys.argv[2].encode() + b" HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
print(connection.makefile("rb").read().decode())
"""

    def setUp(self):
        self.agent = Agent()
        os.chmod(self.agent.directory, 0o755)

    def tearDown(self):
        self.agent.close()

    def ask(self, path):
        return subprocess.run([sys.executable, "-c", self.PROGRAM, self.agent.socket, path], capture_output=True,
                              text=True, timeout=LIMIT_S, check=True).stdout

    @unittest.skipUnless(os.getuid() == 0 and os.access(sys.executable, os.X_OK), "needs root")
    def test_not_root(self):
        self.assertEqual(os.stat(self.agent.socket).st_mode & 0o777, 0o600)
        self.assertIn("no connection", self.ask("/agent"))
        os.chmod(self.agent.socket, 0o666)
        answer = self.ask("/agent")
        self.assertIn("HTTP/1.1 403", answer)
        body = json.loads(answer.partition("{")[1] + answer.partition("{")[2])
        api.check("GET", "/agent", 403, "application/problem+json", body)
        self.assertEqual(body["code"], "not_root")
        self.assertIn("HTTP/1.1 200", self.ask("/"))

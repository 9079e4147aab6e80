"""The agent's own certificate while it runs: reported, reloaded without disturbing clients, refused if bad, warned about."""
import os
import shutil
import signal
import socket
import ssl
import unittest
from concurrent.futures import ThreadPoolExecutor

from agentlib import CERTS, LIMIT_S, WAIT_S, Agent, cert, member, wait_until
from certlib import content, fingerprint, import_cert, served

DAY_S = 86400


class Certificate(unittest.TestCase):
    def setUp(self):
        self.agent = Agent(start=False)
        self.crt, self.key = (os.path.join(self.agent.directory, "tls", f"agent.{suffix}") for suffix in ("crt", "key"))
        text = content(self.agent.config).decode()
        with open(self.agent.config, "w", encoding="utf-8") as file:
            file.write(text.replace(cert("server"), self.crt).replace(f"{CERTS}/server.key", self.key))
        self.create()

    def tearDown(self):
        self.agent.close()

    def create(self, *arguments):
        result = import_cert("create", "--directory", os.path.dirname(self.crt), "--force", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return fingerprint(self.crt)

    def put(self, name):
        shutil.copy(cert(name), self.crt)
        shutil.copy(cert(name)[:-4] + ".key", self.key)

    def reported(self):
        return self.agent.local("GET", "/agent").body["certificate"]

    def reload(self, body=None):
        return self.agent.local("POST", "/agent/certificate/reload", body)

    def test_the_agent_reports_it(self):
        self.agent.start()
        reported = self.reported()
        self.assertEqual(reported["fingerprint_sha256"], fingerprint(self.crt))
        self.assertEqual(reported["fingerprint_sha256"], served(self.agent.port))
        self.assertIn(reported["days_left"], (729, 730))
        self.assertRegex(reported["not_after"], r"\.000Z$")

    def test_none_before_https_came_up(self):
        os.unlink(self.crt)
        self.agent.start()
        self.assertIsNone(self.reported())
        new = self.create()
        answer = self.reload()
        self.assertEqual((answer.status, answer.body["certificate"]["fingerprint_sha256"]), (200, new))
        self.assertEqual(served(self.agent.port), new)

    def test_every_connection_after_the_answer_sees_the_new_one(self):
        self.agent.start()
        for _ in range(5):
            new = self.create()
            answer = self.reload()
            self.assertEqual((answer.status, answer.body["certificate"]["fingerprint_sha256"]), (200, new))
            for _ in range(5):
                self.assertEqual(served(self.agent.port), new)

    def test_over_https_too(self):
        self.put("server")
        self.agent.start()
        self.assertEqual(self.agent.tls("POST", "/agent/certificate/reload").status, 200)
        self.assertEqual(self.agent.tls("POST", "/agent/certificate/reload", {"x": 1}).code, "json_unknown_field")
        self.assertEqual(self.agent.tls("GET", "/agent").status, 200)

    def test_jobs_and_imports_go_on(self):
        self.agent.start()
        old = self.reported()["fingerprint_sha256"]
        self.agent.local("POST", "/imports", {"id": "a", "members": [member()]})
        self.agent.local("POST", "/imports/a/prepare", headers={"Prefer": f"wait={WAIT_S}"})
        self.agent.hold_up("switch")
        job = self.agent.local("POST", "/imports/a/switch", {"to": "destination"}).body["id"]
        new = self.create()
        self.assertEqual(self.reload().status, 200)
        self.assertNotEqual(old, new)
        self.assertEqual(served(self.agent.port), new)
        self.assertIn(self.agent.local("GET", f"/jobs/{job}").body["state"], ("queued", "running"))
        self.agent.let_go("switch")
        ended = self.agent.local("GET", f"/jobs/{job}", headers={"Prefer": f"wait={WAIT_S}"}).body
        self.assertEqual(ended["state"], "done")
        self.assertEqual(self.agent.local("GET", "/imports/a").body["state"], "on_destination")
        self.assertEqual(self.agent.local("POST", "/agent/restart_web_server").code, "import_in_progress")

    def test_a_held_import_is_released_as_before(self):
        self.agent.start()
        self.agent.clock.stop()     # and with it the lease
        self.agent.local("POST", "/imports", {"id": "a", "members": [member()]})
        for verb, body in (("prepare", None), ("hold", {"to": "destination", "lease_ms": 20000})):
            self.agent.local("POST", f"/imports/a/{verb}", body, {"Prefer": f"wait={WAIT_S}"})
        self.assertEqual(self.agent.local("GET", "/imports/a").body["state"], "held")
        new = self.create()
        self.assertEqual(self.reload().status, 200)
        self.assertEqual(served(self.agent.port), new)
        released = self.agent.local("POST", "/imports/a/release", {"to": "destination"}, {"Prefer": f"wait={WAIT_S}"})
        self.assertEqual(released.body["state"], "done", released.body)
        self.assertEqual(self.agent.local("GET", "/imports/a").body["state"], "on_destination")

    def test_a_request_under_way_ends_on_its_old_connection(self):
        self.put("server")
        self.agent.start()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(cert("trusted"), cert("trusted")[:-4] + ".key")
        with socket.create_connection(("127.0.0.1", self.agent.port), timeout=LIMIT_S) as plain, context.wrap_socket(plain) as old:
            old.sendall(b"PUT /api/v1/agent/log_level HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n")
            self.assertIn(b" 100 ", old.recv(4096))     # the agent has seen that a request has begun
            old.sendall(b"{\"lev")
            new = self.create()
            self.assertEqual(self.reload().status, 200)
            self.assertEqual(served(self.agent.port), new)
            old.sendall(b"el\":1}")
            self.assertIn(b" 200 OK", old.recv(4096))

    def test_many_reloads_at_once(self):
        self.agent.start()
        new = self.create()
        with ThreadPoolExecutor(8) as pool:
            for answer in pool.map(lambda _: self.reload(), range(8)):
                self.assertEqual((answer.status, answer.body["certificate"]["fingerprint_sha256"]), (200, new))
        self.assertEqual(served(self.agent.port), new)

    def bad(self):
        """Files that cannot be used, one after the other, and what the agent says."""
        with open(self.crt, "w", encoding="ascii") as file:
            file.write("no certificate\n")
        yield "certificate_invalid"
        shutil.copy(cert("stranger"), self.crt)
        yield "certificate_invalid"
        os.unlink(self.key)
        yield "io"
        os.unlink(self.crt)
        yield "io"

    def test_bad_files_are_refused_and_the_old_one_stays(self):
        self.agent.start()
        old = served(self.agent.port)
        for code in self.bad():
            answer = self.reload()
            self.assertEqual((answer.status, answer.code), (500, code))
            self.assertEqual(served(self.agent.port), old)
            self.assertEqual(self.reported()["fingerprint_sha256"], old)

    def test_a_restart_with_bad_files_keeps_the_old_one(self):
        self.agent.start()
        old = served(self.agent.port)
        for code in self.bad():
            del code
            lines = self.agent.log_text().count("HTTPS: ")
            self.agent.process.send_signal(signal.SIGHUP)
            wait_until(lambda: self.agent.log_text().count("HTTPS: ") > lines)
            self.assertEqual(served(self.agent.port), old)
            self.assertEqual(self.agent.local("GET", "/agent").body["web_server"], "ACTIVE")

    def test_half_replaced(self):
        """The new key is in place, its certificate still waits beside the old one."""
        self.agent.start()
        old = content(self.crt)
        new = self.create()
        os.rename(self.crt, self.crt + ".new")
        with open(self.crt, "wb") as file:
            file.write(old)
        self.assertEqual(self.reload().status, 200)
        self.assertEqual(served(self.agent.port), new)
        os.unlink(self.crt + ".new")
        self.assertEqual(self.reload().code, "certificate_invalid")

    def warnings(self):
        return [line for line in self.agent.full_log().splitlines() if "certificate: " in line]

    def test_the_log_warns_once_a_day(self):
        self.create("--days", "29")
        self.agent.clock.stop()
        self.agent.start()
        for passed_s, warnings in ((0, 1), (DAY_S - 1, 1), (1, 2)):
            self.agent.clock.advance(passed_s)
            self.agent.wait_a_turn()
            self.assertEqual(len(self.warnings()), warnings, self.warnings())
        self.assertIn("expires soon", self.warnings()[0])
        self.create()
        self.assertEqual(self.reload().status, 200)
        self.put("expired")
        self.assertEqual(self.reload().status, 200)
        wait_until(lambda: len(self.warnings()) > 2)
        self.assertIn("has expired", self.warnings()[2])
        self.assertLess(self.reported()["days_left"], 0)

    def test_the_log_does_not_warn_before(self):
        self.create("--days", "31")
        self.agent.start()
        self.agent.wait_a_turn()
        self.assertEqual(self.warnings(), [])

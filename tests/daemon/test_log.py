"""The log and the configuration file."""
import os
import signal
import subprocess
import unittest

from agentlib import LIMIT_S, OUT, Agent, UnixConnection, cert, die_with_parent, exchange, wait_until


class Log(unittest.TestCase):
    def setUp(self):
        self.agent = Agent()

    def tearDown(self):
        self.agent.close()

    def wait_for(self, text):
        wait_until(lambda: text in self.agent.log_text())

    def test_lines(self):
        self.agent.tls("POST", "/host/refresh")
        self.wait_for("POST /api/v1/host/refresh by certificate ")
        for line in self.agent.log_text().splitlines():
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error  |info   |verbose) \S")
        self.assertRegex(self.agent.output(), r"(?m)^<6>ready")

    def test_no_injection(self):
        path = "/imports/x%0A2026-01-01T00:00:00.000Z%20error%20%20%20forged%1b%5b31m%c3%a9"
        self.agent.tls("POST", path + "/prepare")
        self.wait_for("forged")
        text = self.agent.log_text()
        self.assertFalse([line for line in text.splitlines() if line.startswith("2026-01-01T00:00:00.000Z")])
        self.assertIn("x\\x0a2026", text)
        self.assertIn("\\x1b[31m\\xc3\\xa9", text)
        self.assertTrue(text.isascii())

    def test_levels(self):
        self.agent.tls("POST", "/imports/before/prepare")
        self.wait_for("imports/before/prepare")     # lines are written in the background, in their order: so are those of the start
        for level, seen in ((1, []), (2, ["info"]), (3, ["info", "verbose"])):
            self.agent.tls("PUT", "/agent/log_level", {"level": level})
            self.wait_for(f"log level {level}") if level > 1 else None
            size = len(self.agent.log_text())
            self.agent.tls("GET", f"/jobs/{level}")
            self.agent.tls("POST", f"/imports/at-level-{level}/prepare")
            self.agent.tls("PUT", "/agent/log_level", {"level": 3})
            wait_until(lambda: "log level 3" in self.agent.log_text()[size:])
            lines = self.agent.log_text()[size:].splitlines()
            text = lines[:next(number for number, line in enumerate(lines) if "log level 3" in line)]
            self.assertEqual(sorted({line.split()[1] for line in text}), seen, text)

    def test_strangers_cannot_fill_the_log(self):
        self.agent.local("PUT", "/agent/log_level", {"level": 2})
        self.agent.clock.stop()
        for _ in range(30):
            self.agent.tls("POST", "/imports", client="stranger")
        self.assertEqual(self.agent.whole_log().count("client_not_trusted"), 1)
        self.agent.clock.advance(1)
        self.agent.tls("POST", "/imports", client="stranger")
        self.assertEqual(self.agent.whole_log().count("client_not_trusted"), 2)

    def test_failed_job_is_logged_once_as_error(self):
        self.agent.new_import("a")
        self.agent.command("prepare", "fail", "dm_failed")
        self.agent.verb("a", "prepare")
        self.wait_for("prepare a: Device-mapper refused")
        self.assertEqual(self.agent.log_text().count("Device-mapper refused"), 1)

    def test_rotation(self):
        self.agent.tls("POST", "/host/refresh")
        os.rename(self.agent.log, self.agent.log + ".1")
        self.agent.tls("POST", "/host/refresh")
        wait_until(lambda: os.path.exists(self.agent.log) and "refresh" in self.agent.log_text())
        self.assertEqual(os.stat(self.agent.log).st_mode & 0o777, 0o640)

    def test_log_that_cannot_be_written_stops_nobody(self):
        self.agent.close()
        self.agent = Agent(start=False)
        with open(os.path.join(self.agent.directory, "log"), "w", encoding="utf-8"):
            pass
        self.agent.start()
        self.assertIn("<3>log:", self.agent.output())

    def test_journal_that_does_not_read_stops_nobody(self):
        self.agent.close()
        self.agent = Agent(start=False)
        reader, writer = os.pipe()
        self.agent.errors = open(os.path.join(self.agent.directory, "stderr"), "ab")
        self.agent.process = subprocess.Popen([os.path.join(OUT, "import-agent-fake"), "--config", self.agent.config],
                                              env=dict(os.environ, FAKE_ENGINE=self.agent.fake), stderr=writer,
                                              preexec_fn=die_with_parent)
        os.close(writer)
        wait_until(self.agent.local_ok)
        long_path = "/imports/" + "y" * 100
        for _ in range(700):  # far more than the pipe and the log's ring hold
            exchange(UnixConnection(self.agent.socket, LIMIT_S), "GET", long_path)
        self.assertEqual(self.agent.local("GET", "/agent").status, 200)
        os.close(reader)
        self.agent.stop(signal.SIGTERM)


class Configuration(unittest.TestCase):
    BAD = [
        ("[server]\nport = 443\n", "line 2: [server] port is not one of"),
        ("[server]\nport = x\n", "line 2: [server] port is not a number"),
        ("[server]\nport = 8443x\n", "line 2: [server] port is not a number"),
        ("[server]\n\nprot = 8443\n", "line 3: [server] prot is no setting"),
        ("[sever]\nport = 8443\n", "line 2: [sever] port is no setting"),
        ("[log]\nlevel = 4\n", "line 2: [log] level is not a number in its range"),
        ("[policy]\nmin_paths = 0\n", "line 2: [policy] min_paths is not a number in its range"),
        ("[server]\ncertificate = " + "/" * 180 + "x" * 100 + "\n", ""),
        ("[server]\njust text\n", "line 2"),
        ("[server\nport = 8443\n", "line 1"),
        ("port = 8443\n", "line 1: [] port is no setting"),
    ]

    def run_agent(self, *arguments):
        return subprocess.run([os.path.join(OUT, "import-agent-fake"), *arguments], capture_output=True, text=True,
                              timeout=LIMIT_S, check=False)

    def test_bad_lines(self):
        for text, message in self.BAD:
            agent = Agent(raw=text, start=False)
            with self.subTest(text=text):
                result = self.run_agent("--config", agent.config)
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertIn("configuration file is not valid", result.stderr)
                self.assertIn(message, result.stderr)
            agent.close()

    def test_arguments(self):
        self.assertEqual(self.run_agent("--nonsense").returncode, 2)
        self.assertEqual(self.run_agent("more").returncode, 2)
        self.assertEqual(self.run_agent("--help").returncode, 0)
        self.assertRegex(self.run_agent("--version").stdout, r"^import-agent 1\.0, build \S+_\d+, API 1\.0$")

    def test_engine_that_cannot_be_opened(self):
        agent = Agent(start=False)
        agent.command("open", "fail", "store_damaged")
        agent.spawn()
        self.assertEqual(agent.process.wait(LIMIT_S), 1)
        self.assertIn("A file with records of dm-import is damaged.", agent.output())
        agent.close()

    def test_numeric_address(self):
        agent = Agent(settings="address = 127.0.0.1")
        self.assertEqual(agent.tls("GET", "/agent").body["web_server"], "ACTIVE")
        agent.close()

    def test_address_that_is_none(self):
        agent = Agent(settings="address = localhost")
        self.assertEqual(agent.local("GET", "/agent").body["web_server"], "INACTIVE")
        agent.close()

    def test_fixture_is_there(self):
        self.assertTrue(os.path.exists(cert("trusted")))

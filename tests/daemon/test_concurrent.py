"""
Many clients at once, all of whose requests are answered while imports are driven, the log level changes and the web server
is restarted. With MODE=tsan this is what shows a race between the agent's threads.
"""
import http.client
import os
import signal
import threading
import time
import unittest

from agentlib import DESTINATIONS, LIMIT_S, WAIT_S, WWIDS, Agent, UnixConnection, exchange, tls_context

PATHS = ("/", "/host", "/volumes", "/volumes?importable=true", f"/volumes/{WWIDS[0]}", "/imports", "/imports/a", "/imports/b",
         "/jobs", "/agent", "/agent/arrays", "/metrics")
READERS = 4  # on each way in; 16 connections are what one address may have
ROUNDS = int(os.environ.get("CONCURRENT_ROUNDS", "5"))
LOST = (ConnectionError, TimeoutError, http.client.HTTPException, OSError)


class Reader(threading.Thread):
    """Requests every path in turn until it is stopped; records each answer that the path may not have."""

    def __init__(self, test, connect, may_be_lost, first):
        super().__init__(daemon=True)
        self.test, self.connect, self.may_be_lost, self.number = test, connect, may_be_lost, first
        self.answers, self.complaints = 0, []

    def ask(self, path):
        try:
            answer = exchange(self.connect(), "GET", path)
        except AssertionError as error:
            self.complaints.append(f"{path}: {error}")
        except LOST as error:
            if not self.may_be_lost:
                self.complaints.append(f"{path}: {error!r}")
        else:
            self.answers += 1
            if answer.status not in ((200, 404) if path.count("/") == 2 else (200,)):
                self.complaints.append(f"{path}: {answer.status} {answer.body}")

    def run(self):
        while not self.test.ended.is_set():
            self.ask(PATHS[self.number % len(PATHS)])
            self.number += 1
            time.sleep(0.01)


class Driver(threading.Thread):
    """An orchestrator with one import: there and back many times, there, cancelled."""

    def __init__(self, test, name, member):
        super().__init__(daemon=True)
        self.agent, self.path, self.member, self.complaints = test.agent, f"/imports/{name}", member, []

    def call(self, method, path, body=None):
        answer = self.agent.local(method, path, body, {"Prefer": f"wait={WAIT_S}"})
        while answer.status < 300 and "state" in answer.body and answer.body["state"] in ("queued", "running"):
            answer = self.agent.local("GET", f"/jobs/{answer.body['id']}", headers={"Prefer": f"wait={WAIT_S}"})
        if answer.status >= 400 or (answer.status == 200 and answer.body.get("state") == "failed"):
            self.complaints.append(f"{method} {path}: {answer.status} {answer.body}")

    def drive(self):
        self.call("POST", "/imports", {"id": self.path.rsplit("/", 1)[1], "members": [self.member]})
        self.call("POST", self.path + "/prepare")
        for side in ("destination", "source") * ROUNDS + ("destination",):
            self.call("POST", self.path + "/switch", {"to": side})
            self.call("PUT", self.path + "/session", {"state": "copy_in_progress", "percent": 50})
        self.call("POST", self.path + "/cancel")

    def run(self):
        try:
            self.drive()
        except LOST as error:
            self.complaints.append(f"{self.path}: {error!r}")


class Concurrent(unittest.TestCase):
    def setUp(self):
        self.ended = threading.Event()

    def tearDown(self):
        self.agent.close()

    def readers(self):
        def tls():
            return http.client.HTTPSConnection("127.0.0.1", self.agent.port, context=tls_context(),
                                               timeout=LIMIT_S)

        def local():
            return UnixConnection(self.agent.socket, LIMIT_S)
        return [Reader(self, connect, connect is tls, first) for connect in (tls, local) for first in range(READERS)]

    def disturb(self, level):
        """What the control thread does, in the middle of everything."""
        self.assertEqual(self.agent.local("PUT", "/agent/log_level", {"level": level}).status, 200)
        self.agent.process.send_signal(signal.SIGHUP)
        self.agent.local("POST", "/agent/restart_web_server", {"force": True})
        self.agent.local("POST", "/host/refresh")

    def storm(self, program, destinations):
        self.agent = Agent(program=program)
        sources = [volume["wwid"] for volume in self.agent.local("GET", "/volumes").body["volumes"]]
        drivers = [Driver(self, name, {"source_wwid": source, "destination_wwid": destination})
                   for name, source, destination in zip("ab", sources, destinations)]
        readers = self.readers()
        for thread in readers + drivers:
            thread.start()
        level = 0
        while any(driver.is_alive() for driver in drivers):
            self.disturb(level % 4)
            level += 1
            time.sleep(0.2)
        self.ended.set()
        for thread in readers + drivers:
            thread.join(LIMIT_S)
            self.assertFalse(thread.is_alive())
        self.assertEqual([text for thread in readers + drivers for text in thread.complaints], [])
        self.assertEqual([reader for reader in readers if not reader.answers], [])
        states = [import_["state"] for import_ in self.agent.local("GET", "/imports").body["imports"]]
        self.assertEqual(states, ["cancelled"] * 2)

    def test_on_the_fake_engine(self):
        self.storm("import-agent-fake", DESTINATIONS)

    def test_on_the_real_engine(self):
        self.storm("import-agent-world", [f"368ccf09800000000{i + 1:016x}" for i in range(2)])

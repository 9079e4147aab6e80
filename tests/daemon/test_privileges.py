"""What the threads on the network may do: nothing that needs more than root's user id (agent/privileges.h)."""
import contextlib
import glob
import http.client
import os
import re
import unittest

from agentlib import BASE, LIMIT_S, SANITIZER, Agent, tls_context

PRIVILEGED = 3 if SANITIZER == "tsan" else 2    # worker and log; TSan has a thread of its own


def capabilities(pid):
    """Of each thread: the permitted and effective ones, as a number."""
    found = {}
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        try:
            with open(path, encoding="ascii") as file:
                text = file.read()
        except (FileNotFoundError, ProcessLookupError):  # it has ended since
            continue
        found[int(path.split("/")[4])] = int(re.search(r"CapPrm:\s*(\w+)", text)[1], 16) | int(
            re.search(r"CapEff:\s*(\w+)", text)[1], 16)
    return found


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Privileges(unittest.TestCase):
    def setUp(self):
        self.agent = Agent()
        self.addCleanup(self.agent.close)

    def test_only_worker_and_log_keep_capabilities(self):
        before = capabilities(self.agent.process.pid)
        self.assertEqual(before[self.agent.process.pid], 0)
        self.assertEqual(sum(map(bool, before.values())), PRIVILEGED, before)
        connection = http.client.HTTPSConnection("127.0.0.1", self.agent.port, context=tls_context(), timeout=LIMIT_S)
        with contextlib.closing(connection):
            connection.request("GET", BASE + "/agent")
            self.assertEqual(connection.getresponse().status, 200)
            serving = capabilities(self.agent.process.pid)
        new = set(serving) - set(before)
        self.assertTrue(new, "no thread serves the connection")
        self.assertEqual({serving[thread] for thread in new}, {0})

    def test_a_restarted_web_server_has_none_either(self):
        self.assertEqual(self.agent.local("POST", "/agent/restart_web_server", {}).status, 200)
        self.assertEqual(self.agent.tls("GET", "/agent").status, 200)
        self.assertEqual(sum(map(bool, capabilities(self.agent.process.pid).values())), PRIVILEGED)

    def test_port_and_trust_can_be_changed_all_the_same(self):
        """Both are files of root's."""
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "certs", "stranger.pem"),
                  encoding="ascii") as file:
            self.assertEqual(self.agent.local("POST", "/agent/trusted", {"certificate": file.read()}).status, 201)
        self.assertEqual(self.agent.local("PUT", "/agent/log_level", {"level": 1}).status, 200)

"""
Many connections: strangers share few places, and whoever is trusted gets in all the same (agent/net/gate.h). The agent's clock
stands, so that nobody's limit is renewed and nobody is idle for too long, however slow the machine is.
"""
import contextlib
import http.client
import json
import socket
import unittest

from agentlib import BASE, LIMIT_S, SANITIZER, UNDER, Agent, is_closed, tls_context, wait_until

PLACES, PLACES_PER_ADDRESS = 32, 16  # as in agent/net/gate.h
HOME = "127.0.0.1"
STRANGER_KIB_MAX = 4096 if SANITIZER or UNDER else 512  # those have memory of their own for each thread


class Crowd(unittest.TestCase):
    def setUp(self):
        self.agent = Agent()
        self.addCleanup(self.agent.close)
        self.agent.clock.stop()
        self.open = contextlib.ExitStack()
        self.addCleanup(self.open.close)

    def connect(self, address=HOME):
        """A connection that says nothing; every address of 127/8 is this host's."""
        connection = socket.create_connection((HOME, self.agent.port), timeout=LIMIT_S, source_address=(address, 0))
        self.open.enter_context(connection)
        return connection

    def crowd(self, addresses, each):
        return [self.connect(address) for _ in range(each) for address in addresses]

    def get(self, path="/agent", address=HOME, client="trusted"):
        """One request on a connection of its own; the status, or None when the agent closed it."""
        connection = http.client.HTTPSConnection(HOME, self.agent.port, context=tls_context(client), timeout=LIMIT_S,
                                                 source_address=(address, 0))
        with contextlib.closing(connection):
            try:
                connection.request("GET", BASE + path)
                return connection.getresponse().status
            except OSError:
                return None

    def all_are_accepted(self):
        """Or not: the gate has decided on all that have connected before, for it takes them one after the other. From an address
        that is known, so it costs no stranger his place."""
        self.assertEqual(self.get(), 200)

    def test_one_address_takes_its_own_places(self):
        self.all_are_accepted()
        others = self.crowd(["127.0.3.1"], 5)
        first = self.crowd(["127.0.2.1"], PLACES_PER_ADDRESS)
        self.connect("127.0.2.1")
        self.all_are_accepted()
        self.assertTrue(is_closed(first[0]))
        self.assertFalse(any(is_closed(one) for one in first[1:] + others))

    def test_many_addresses_take_the_places_of_the_oldest(self):
        self.all_are_accepted()
        crowd = self.crowd([f"127.0.2.{i}" for i in range(PLACES)], 1)
        self.all_are_accepted()
        self.assertFalse(any(is_closed(one) for one in crowd))
        self.connect("127.0.3.1")
        self.all_are_accepted()
        self.assertTrue(is_closed(crowd[0]))
        self.assertFalse(any(is_closed(one) for one in crowd[1:]))
        self.assertEqual(self.agent.local("GET", "/").status, 200)

    def test_strangers_cost_little_memory(self):
        """Of writable memory, of which the guardian of a hold locks all: 8 MiB of stack each would be a gigabyte for a crowd."""
        before = self.writable_kib()
        self.crowd([f"127.0.2.{i}" for i in range(PLACES)], 1)
        wait_until(lambda: self.threads() >= PLACES)
        self.assertGreater(self.writable_kib(), before)
        self.assertLess(self.writable_kib() - before, PLACES * STRANGER_KIB_MAX)

    def status(self, field):
        with open(f"/proc/{self.agent.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(field + ":"))

    def writable_kib(self):
        return self.status("VmData")

    def threads(self):
        return self.status("Threads")

    def test_trusted_client_gets_in_through_the_crowd(self):
        """From an address that nobody knows yet: as a stranger, until it has shown its certificate."""
        self.crowd([f"127.0.2.{i}" for i in range(PLACES)], 2)
        self.assertEqual(self.get(), 200)

    def test_trusted_connection_is_never_put_out(self):
        connection = http.client.HTTPSConnection(HOME, self.agent.port, context=tls_context(), timeout=LIMIT_S)
        with contextlib.closing(connection):
            for i in range(6):
                connection.request("GET", BASE + "/agent")
                self.assertEqual(json.loads(connection.getresponse().read())["server_port"], self.agent.port)
                self.crowd([HOME] + [f"127.0.{2 + i}.{j}" for j in range(1, PLACES)], 1)

    def rush(self, addresses, count):
        """Connections at once, without waiting for any to be accepted; the caller closes them."""
        rush = []
        for i in range(count):
            connection = socket.socket()
            connection.setblocking(False)
            connection.bind((addresses[i % len(addresses)], 0))
            connection.connect_ex((HOME, self.agent.port))
            rush.append(connection)
        return rush

    def test_known_address_is_not_held_up_by_a_flood(self):
        """From 50 addresses, far more often than strangers may. Another stranger is shut out meanwhile; who was there is not."""
        self.assertEqual(self.get(), 200)
        shut_out = 0
        for _ in range(10):
            rush = self.rush([f"127.0.4.{i}" for i in range(50)], 300)
            shut_out += self.get(address="127.0.5.1") is None
            self.assertEqual(self.get(), 200)
            for connection in rush:
                connection.close()
        self.assertGreater(shut_out, 0)

    def test_known_address_is_known_after_a_restart(self):
        self.assertEqual(self.get(), 200)
        self.agent.local("POST", "/agent/restart_web_server", {})
        self.agent.wait_a_turn()            # until then the old server, which knows it anyhow, accepts too
        self.assertEqual(self.agent.whole_log().count("HTTPS on port"), 2)
        rush = self.rush([HOME], 120)       # a stranger may 60 times; not more than the gate has descriptors for
        self.get()                          # the rush has been accepted then, or not
        self.assertFalse(is_closed(rush[-1]))
        for connection in rush:
            connection.close()

    def test_stranger_that_connects_too_often(self):
        """The last ones are closed, so it is not for want of a place: then it would be the oldest."""
        self.all_are_accepted()
        rush = self.rush(["127.0.6.1"], 120)
        self.all_are_accepted()
        states = [is_closed(connection) for connection in rush]
        for connection in rush:
            connection.close()
        self.assertTrue(all(states[-PLACES_PER_ADDRESS:]))
        self.assertFalse(all(states))
        self.assertEqual(self.get(address="127.0.6.2"), 200)

    def test_who_is_turned_away_leaves_nothing_behind(self):
        """With a reset: else the kernel keeps each of them for a minute, and has places for so many only."""
        self.all_are_accepted()
        before = self.left_behind("0107007F")
        rush = self.rush(["127.0.7.1"], 120)
        self.all_are_accepted()
        self.assertTrue(all(is_closed(connection) for connection in rush[-40:]))
        for connection in rush:
            connection.close()
        self.assertLess(self.left_behind("0107007F") - before, 70)

    @staticmethod
    def left_behind(address):
        """Connections of this host's listeners with that address that are in TIME_WAIT."""
        with open("/proc/net/tcp6", encoding="ascii") as file:
            return sum(line.split()[3] == "06" and address + ":" in line.split()[2] for line in file)

    def test_trusted_client_that_asks_too_often(self):
        connection = http.client.HTTPSConnection(HOME, self.agent.port, context=tls_context(), timeout=LIMIT_S)
        with contextlib.closing(connection):
            for _ in range(1000):
                connection.request("GET", BASE + "/jobs")
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    break
            self.assertEqual((answer.status, answer.headers["Retry-After"]), (429, "1"))
            self.assertEqual(json.loads(body)["code"], "too_many_requests")
        self.assertEqual(self.agent.local("GET", "/jobs").status, 200)
        self.agent.clock.advance(1)
        self.assertEqual(self.get(), 200)

    def test_crowd_of_strangers_does_not_fill_the_log(self):
        connection = http.client.HTTPSConnection(HOME, self.agent.port, context=tls_context("stranger"), timeout=LIMIT_S)
        with contextlib.closing(connection):
            for _ in range(100):
                connection.request("GET", BASE + "/agent")
                self.assertEqual(connection.getresponse().read()[:1], b"{")
        self.agent.local("PUT", "/agent/log_level", {"level": 2})
        before = self.agent.whole_log().count(" by certificate")
        with contextlib.closing(connection):
            for _ in range(100):
                connection.request("GET", BASE + "/agent")
                connection.getresponse().read()
        self.assertLess(self.agent.whole_log().count(" by certificate") - before, 10)

"""Who may come in: client certificates, TLS versions, and what is no TLS."""
import os
import re
import socket
import ssl
import unittest
from concurrent.futures import ThreadPoolExecutor

from agentlib import LIMIT_S, WAIT_S, Agent, cert, expect_timeout, is_closed, tls_context, wait_until
from openapi import api


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.agent = Agent()

    @classmethod
    def tearDownClass(cls):
        cls.agent.close()

    def refused(self, client, code, word=""):
        answer = self.agent.tls("GET", "/agent", client=client)
        self.assertEqual((answer.status, answer.code), (401, code))
        self.assertIn(word, answer.body["detail"])

    def test_no_certificate(self):
        self.refused(None, "client_certificate_missing")

    def test_certificate_of_a_stranger(self):
        self.refused("stranger", "client_not_trusted", "not among")

    def test_expired_certificate(self):
        self.agent.trust("expired")
        self.refused("expired", "client_not_trusted", "expired")

    def test_certificate_of_the_future(self):
        self.agent.trust("future")
        self.refused("future", "client_not_trusted", "not valid yet")

    def test_server_certificate_is_no_client(self):
        self.refused("server", "client_not_trusted")

    def test_trust_changes_at_once(self):
        self.refused("trusted-rsa", "client_not_trusted")
        self.agent.trust("trusted-rsa")
        self.assertEqual(self.agent.tls("GET", "/agent", client="trusted-rsa").status, 200)
        self.agent.distrust("trusted-rsa")
        self.refused("trusted-rsa", "client_not_trusted")

    def test_trust_ends_on_an_open_connection(self):
        self.agent.trust("trusted-rsa")
        with self.connect(tls_context("trusted-rsa")) as connection:
            self.assertIn(b" 200 ", self.get(connection, "/api/v1/agent"))
            self.agent.distrust("trusted-rsa")
            self.assertIn(b" 401 ", self.get(connection, "/api/v1/agent"))

    def test_broken_and_several_in_one_file(self):
        with open(os.path.join(self.agent.trusted, "broken.pem"), "w", encoding="utf-8") as file:
            file.write("-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n")
        with open(os.path.join(self.agent.trusted, "two.pem"), "w", encoding="utf-8") as out:
            for name in ("stranger", "trusted-rsa"):
                with open(cert(name), encoding="utf-8") as file:
                    out.write(file.read())
        try:
            self.assertEqual(self.agent.tls("GET", "/agent", client="trusted-rsa").status, 200)
            self.assertEqual(self.agent.tls("GET", "/agent").status, 200)
        finally:
            os.unlink(os.path.join(self.agent.trusted, "broken.pem"))
            os.unlink(os.path.join(self.agent.trusted, "two.pem"))

    def test_every_call_needs_a_trusted_certificate(self):
        for method, path, statuses in api.operations():
            if path in ("/", "/pair"):  # for strangers; test_pairing.py
                continue
            path = re.sub(r"\{\w+\}", "1", path)
            for client, code in ((None, "client_certificate_missing"), ("stranger", "client_not_trusted")):
                answer = self.agent.tls(method, path, client=client)
                self.assertEqual((answer.status, answer.code), (401, code), f"{method} {path}")
            self.assertIn("401", statuses)

    def test_stranger_learns_no_paths(self):
        for method, path in (("GET", "/nothing"), ("PATCH", "/imports"), ("DELETE", "/")):
            self.assertEqual(self.agent.tls(method, path, client="stranger").status, 401)

    def test_body_of_a_stranger_is_not_taken(self):
        for size in (10, 100000, 3000000):
            answer = self.agent.tls("POST", "/imports", "x" * size, client="stranger")
            self.assertEqual(answer.status, 401)

    def connect(self, context):
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.agent.port), timeout=LIMIT_S))

    @staticmethod
    def get(connection, path):
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        reply = b""
        while b"}" not in reply:
            data = connection.recv(4096)
            if not data:
                break
            reply += data
        return reply

    def test_versions(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.connect(tls_context(minimum_version=version, maximum_version=version)) as connection:
                self.assertEqual(connection.version().replace(".", "_"), version.name)
                self.assertIn(b" 200 ", self.get(connection, "/api/v1/agent"))

    def test_old_versions_and_weak_ciphers_are_refused(self):
        old = tls_context(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        weak = tls_context(maximum_version=ssl.TLSVersion.TLSv1_2)
        weak.set_ciphers("ECDHE-ECDSA-AES128-SHA:AES128-SHA:@SECLEVEL=0")
        for context in (old, weak):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                self.connect(context).close()

    def test_plain_http(self):
        with socket.create_connection(("127.0.0.1", self.agent.port), timeout=LIMIT_S) as connection:
            connection.sendall(b"GET /api/v1 HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                reply = connection.recv(4096)
            except ConnectionError:
                reply = b""
        self.assertNotIn(b"HTTP/", reply)
        self.assertNotIn(b"dm-import", reply)

    def test_certificate_without_its_key(self):
        context = tls_context(None)
        with self.assertRaises(ssl.SSLError):
            context.load_cert_chain(cert("trusted"), cert("stranger").replace(".pem", ".key"))
        self.assertEqual(self.agent.tls("GET", "/agent").status, 200)

    def test_ipv6(self):
        with socket.create_connection(("::1", self.agent.port), timeout=LIMIT_S) as plain:
            with tls_context().wrap_socket(plain) as connection:
                self.assertIn(b" 200 ", self.get(connection, "/api/v1/agent"))


class Limits(unittest.TestCase):
    def setUp(self):
        self.agent = Agent(settings="request_timeout = 2")
        self.agent.clock.stop()

    def tearDown(self):
        self.agent.close()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.agent.port), timeout=LIMIT_S)

    def test_client_that_says_nothing(self):
        with self.connect() as connection:
            expect_timeout(self.agent, connection, 2)

    def test_client_that_sends_headers_slowly(self):
        with tls_context().wrap_socket(self.connect()) as connection:
            connection.sendall(b"GET /api/v1 HTTP/1.1\r\n")
            expect_timeout(self.agent, connection, 2, b"X-A: b\r\n")

    def test_client_that_sends_its_body_slowly(self):
        with tls_context().wrap_socket(self.connect()) as connection:
            connection.sendall(b"POST /api/v1/imports HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\nExpect: 100-continue\r\n\r\n")
            self.assertIn(b" 100 ", connection.recv(4096))      # the headers have been read: from here on it is the body
            expect_timeout(self.agent, connection, 2, b" ")

    def test_slow_clients_do_not_hinder_others_and_a_wait_is_not_slow(self):
        slow = [self.connect() for _ in range(10)]
        self.agent.hold_up("refresh")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.agent.tls, "POST", "/host/refresh", headers={"Prefer": f"wait={WAIT_S}"})
            wait_until(lambda: self.agent.is_held_up("refresh"))
            self.agent.clock.advance(2.6)
            self.agent.wait_a_turn()
            self.agent.let_go("refresh")
            answer = waiting.result()
        self.assertEqual((answer.status, answer.body["state"]), (200, "done"))
        for connection in slow:
            self.assertTrue(is_closed(connection))
            connection.close()

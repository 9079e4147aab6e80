"""import-cert, and that the agent and a client can use what it makes."""
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest

from agentlib import CERTS, OUT, Agent, cert


def import_cert(*arguments):
    return subprocess.run([os.path.join(OUT, "import-cert"), *arguments], capture_output=True, text=True, timeout=20,
                          check=False)


class ImportCert(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cert-test-")
        self.tls = os.path.join(self.directory, "a", "tls")
        self.crt, self.key = (os.path.join(self.tls, f"agent.{suffix}") for suffix in ("crt", "key"))

    def tearDown(self):
        shutil.rmtree(self.directory)

    def create(self, *arguments, status=0):
        result = import_cert("create", "--directory", self.tls, *arguments)
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def read(self):
        with open(self.crt, "rb") as file:
            return file.read()

    def test_create_and_show(self):
        self.create("--name", "array.example", "--name", "192.0.2.7", "--name", "2001:db8::7")
        self.assertEqual(os.stat(self.key).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(self.tls).st_mode & 0o777, 0o700)
        shown = import_cert("show", self.crt)
        self.assertEqual(shown.returncode, 0)
        for name in (socket.gethostname(), "127.0.0.1", "array.example", "192.0.2.7", "2001:db8::7"):
            self.assertIn(name, shown.stdout)
        text = subprocess.run(["openssl", "x509", "-in", self.crt, "-noout", "-text"], capture_output=True, text=True,
                              check=True).stdout
        for part in ("prime256v1", "CA:FALSE", "Digital Signature", "TLS Web Server Authentication", "Version: 3"):
            self.assertIn(part, text)
        subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", self.crt, self.crt], capture_output=True, check=True)

    def test_does_not_replace_unasked(self):
        self.create()
        first = self.read()
        self.assertIn("--force", self.create(status=1).stderr)
        self.create("--if-missing")
        self.assertEqual(self.read(), first)
        self.create("--force", "--days", "5")
        self.assertNotEqual(self.read(), first)

    def test_each_is_unlike_the_others(self):
        serials = set()
        for _ in range(3):
            self.create("--force")
            serials.add(subprocess.run(["openssl", "x509", "-in", self.crt, "-noout", "-serial"], capture_output=True,
                                       check=True).stdout)
        self.assertEqual(len(serials), 3)

    def test_wrong_usage(self):
        for arguments in ([], ["make"], ["create"], ["create", "--directory"], ["create", "--directory", "d", "more"],
                          ["create", "--directory", "d", "--days", "0"], ["create", "--directory", "d", "--days", "-1"],
                          ["create", "--directory", "d", "--days", "99999999999"],
                          ["create", "--directory", "d", "--name", "a b"], ["create", "--directory", "d", "--name", ""],
                          ["create", "--directory", "d", "--name", "x,IP:1.2.3.4"],
                          ["create", "--directory", "d", "--name", "-x"], ["create", "--directory", "d", "--name", "a" * 64],
                          ["create", "--directory", "d", "--name", "1.2.3.4/8"], ["create", "--nonsense"],
                          ["create", "--directory", "d", "--force", "--if-missing"], ["show"], ["show", "a", "b"]):
            with self.subTest(arguments=arguments):
                result = import_cert(*arguments)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertTrue(result.stderr)
        self.assertEqual(import_cert("--help").returncode, 0)
        self.assertRegex(import_cert("--version").stdout, "^import-cert 1.0, build ")

    def test_failures(self):
        self.assertEqual(import_cert("show", "/nonexistent").returncode, 1)
        self.assertEqual(import_cert("show", __file__).returncode, 1)
        blocked = os.path.join(self.directory, "file")
        with open(blocked, "w", encoding="utf-8"):
            pass
        self.assertEqual(import_cert("create", "--directory", os.path.join(blocked, "x")).returncode, 1)

    def test_expired_is_said(self):
        self.assertIn("(expired)", import_cert("show", cert("expired")).stdout)
        self.assertNotIn("(expired)", import_cert("show", cert("trusted")).stdout)

    def test_the_agent_serves_it_and_a_client_can_pin_it(self):
        self.create("--name", "pinned.example")
        agent = Agent(start=False)
        with open(agent.config, encoding="utf-8") as file:
            text = file.read()
        with open(agent.config, "w", encoding="utf-8") as file:
            file.write(text.replace(cert("server"), self.crt).replace(f"{CERTS}/server.key", self.key))
        agent.start()
        context = ssl.create_default_context(cafile=self.crt)
        for name in ("pinned.example", "localhost", "127.0.0.1"):
            with socket.create_connection(("127.0.0.1", agent.port)) as plain:
                with context.wrap_socket(plain, server_hostname=name) as connection:
                    self.assertTrue(connection.getpeercert())
        with socket.create_connection(("127.0.0.1", agent.port)) as plain:
            with self.assertRaises(ssl.SSLCertVerificationError):
                context.wrap_socket(plain, server_hostname="other.example")
        agent.close()

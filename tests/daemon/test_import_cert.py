"""import-cert, and that the agent and a client can use what it makes."""
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from agentlib import CERTS, LIMIT_S, OUT, Agent, cert
from certlib import EC, IMPORT_CERT, content, fingerprint, import_cert, issue, make, openssl, served

KILLER = os.path.join(OUT, "kill_at.so")
CALLS_MAX = 60  # that change files, in one run


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
        return content(self.crt)

    def put(self, name, key=None):
        """A pair of tests/fixtures in place, by hand."""
        os.makedirs(self.tls, mode=0o700, exist_ok=True)
        shutil.copy(cert(name), self.crt)
        shutil.copy(cert(key or name)[:-4] + ".key", self.key)
        os.chmod(self.key, 0o600)

    def check(self, *codes, options=(), host=None):
        """The check finds just these, one line each with its remedy."""
        result = import_cert("check", "--directory", self.tls, *options, host=host)
        found = [line.split(":")[0] for line in result.stdout.splitlines() if line.startswith("certificate_")]
        self.assertEqual((found, result.returncode), (list(codes), 1 if codes else 0), result.stdout + result.stderr)
        self.assertEqual(len(result.stdout.splitlines()), len(codes) or 1, result.stdout)
        return result.stdout

    def files(self):
        return {name: content(os.path.join(self.tls, name)) for name in sorted(os.listdir(self.tls))}

    def agent(self, **more):
        """An agent that is configured for the pair."""
        agent = Agent(start=False, **more)
        text = content(agent.config).decode()
        with open(agent.config, "w", encoding="utf-8") as file:
            file.write(text.replace(cert("server"), self.crt).replace(f"{CERTS}/server.key", self.key))
        return agent

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
                          ["create", "--directory", "d", "--force", "--if-missing"], ["show"], ["show", "a", "b"], ["check"],
                          ["check", "--directory", "d", "more"], ["check", "--directory", "d", "--days", "0"],
                          ["check", "--directory", "d", "--days", "x"], ["check", "--directory", "d", "--force"],
                          ["check", "--directory", "d" * 5000], ["install", "a", "b"], ["install", "--directory", "d", "a"],
                          ["install", "--directory", "d", "a", "b", "c"]):
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
        agent = self.agent()
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

    def test_two_years_from_yesterday(self):
        before = int(time.time())
        self.create()
        after = time.time()
        start, end = (ssl.cert_time_to_seconds(line.split("=")[1]) for line in openssl(
            "x509", "-in", self.crt, "-noout", "-startdate", "-enddate").splitlines())
        self.assertEqual(round((end - start) / 86400), 731)
        self.assertTrue(before <= start + 86400 <= after, (before, start, after))

    def test_check_finds_nothing(self):
        self.create()
        self.assertIn("Nothing is wrong", self.check())

    def test_check_finds_each(self):
        self.check("certificate_missing")
        self.create()
        os.chmod(self.key, 0o640)
        self.assertIn("0640", self.check("certificate_key_open"))
        os.chmod(self.key, 0o600)
        os.chown(self.key, 12345, 0)
        self.check("certificate_key_open")
        os.unlink(self.key)
        self.check("certificate_missing")
        self.put("server", "stranger")
        self.check("certificate_key_differs", "certificate_names_missing")
        for bad in (b"", b"no PEM\n", b"-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n", b"\0" * 100,
                    b"x" * 100000):
            with open(self.crt, "wb") as file:
                file.write(bad)
            self.check("certificate_unreadable")
        os.unlink(self.crt)
        os.mkdir(self.crt)
        self.check("certificate_unreadable")

    def test_check_of_the_validity(self):
        self.create("--days", "29")
        self.check("certificate_expires_soon")
        self.check(options=("--days", "10"))
        self.create("--force", "--days", "32")
        self.check()
        self.check("certificate_expires_soon", options=("--days", "40"))
        self.put("expired")
        self.check("certificate_expired", "certificate_names_missing")
        self.put("future")
        self.check("certificate_not_valid_yet", "certificate_names_missing")

    def test_check_of_name_and_address(self):
        host = ("192.0.2.7", "db1")
        os.makedirs(self.tls)
        result = import_cert("create", "--directory", self.tls, host=host)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.check(host=host)
        self.assertIn("not for 192.0.2.8.", self.check("certificate_names_missing", host=("192.0.2.8", "db1")))
        self.assertIn("not for db2.", self.check("certificate_names_missing", host=("192.0.2.7", "db2")))
        self.assertIn("not for db2, 192.0.2.8.", self.check("certificate_names_missing", host=("192.0.2.8", "db2")))

    def test_an_authority_may_issue_for_names_alone(self):
        make(os.path.join(self.directory, "x"), "ec", *EC, names="DNS:db1.example,DNS:*.cluster.example")
        os.makedirs(self.tls)
        for suffix in ("crt", "key"):
            shutil.copy(os.path.join(self.directory, "x." + suffix), os.path.join(self.tls, "agent." + suffix))
        self.check(host=("192.0.2.7", "db1.example"))
        self.check(host=("192.0.2.7", "db1"))
        self.check(host=("192.0.2.7", "n3.cluster.example"))
        for name in ("db2.example", "cluster.example", "a.b.cluster.example", "db1.example.org"):
            self.check("certificate_names_missing", host=("192.0.2.7", name))

    def install(self, certificate, key, *options, status=0):
        result = import_cert("install", "--directory", self.tls, *options, certificate, key)
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stderr

    def test_install_what_the_agent_can_serve(self):
        self.create()
        agent = self.agent()
        agent.start()
        base = os.path.join(self.directory, "own")
        kinds = (("rsa:2048",), ("ec", *EC), ("ec", "-pkeyopt", "ec_paramgen_curve:P-384"),
                 ("ec", "-pkeyopt", "ec_paramgen_curve:P-521"), ("ed25519",))
        for kind in kinds:
            with self.subTest(kind=kind):
                certificate, key = make(base, *kind)
                self.install(certificate, key)
                self.assertEqual(os.stat(self.key).st_mode & 0o777, 0o600)
                self.assertEqual(sorted(os.listdir(self.tls)), ["agent.crt", "agent.key"])
                self.assertEqual(agent.local("POST", "/agent/certificate/reload").status, 200)
                for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                    self.assertEqual(served(agent.port, minimum_version=version, maximum_version=version),
                                     fingerprint(certificate))
        agent.close()

    def test_install_a_chain_and_nothing_else(self):
        self.create()
        certificate, key = issue(os.path.join(self.directory, "own"), os.path.join(self.directory, "authority"))
        with open(certificate, "ab") as file:
            file.write(content(key))
        self.install(certificate, key)
        self.assertEqual(self.read().count(b"BEGIN CERTIFICATE"), 2)
        self.assertNotIn(b"PRIVATE", self.read())
        self.check()
        agent = self.agent()
        agent.start()
        context = ssl.create_default_context(cafile=os.path.join(self.directory, "authority.crt"))
        with socket.create_connection(("127.0.0.1", agent.port)) as plain:
            with context.wrap_socket(plain, server_hostname=socket.gethostname()) as connection:
                self.assertTrue(connection.getpeercert())
        agent.close()

    def bad_pairs(self):
        """(what is wrong, certificate, key)"""
        def base(name):
            return os.path.join(self.directory, name)

        good = make(base("good"), "ec", *EC)
        chain = issue(base("issued"), base("authority"))
        broken = base("broken.pem")
        with open(broken, "wb") as file:
            file.write(content(good[0])[:200])
        swapped = base("swapped.crt")
        with open(swapped, "wb") as file:
            file.write(content(base("authority.crt")) + content(good[0]))
        openssl("pkey", "-in", good[1], "-aes128", "-passout", "pass:x", "-out", base("locked.key"))
        yield "cannot be read", broken, good[1]
        yield "cannot be read", good[1], good[0]
        yield "cannot be read", good[0], good[0]
        yield "cannot be read", "/dev/null", good[1]
        yield "cannot be read", self.directory, good[1]
        yield "is missing", base("nowhere"), good[1]
        yield "is missing", good[0], base("nowhere")
        yield "passphrase", good[0], base("locked.key")
        yield "does not belong to the certificate", good[0], chain[1]
        yield "does not belong to the certificate", swapped, good[1]
        yield "did not issue", swapped, base("authority.key")
        yield "only 1024 bits", *make(base("short"), "rsa:1024")
        yield "secp256k1", *make(base("other"), "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1")
        yield "ED448", *make(base("ed448"), "ed448")
        yield "not for a TLS server", *make(base("client"), "ec", *EC, "-addext", "extendedKeyUsage=clientAuth")
        yield "has expired", cert("expired"), cert("expired")[:-4] + ".key"
        yield "not valid yet", cert("future"), cert("future")[:-4] + ".key"
        yield "lacks a name", *make(base("elsewhere"), "ec", *EC, names="DNS:other.example")

    def test_install_refuses_and_changes_nothing(self):
        self.create()
        before = self.files()
        for what, certificate, key in self.bad_pairs():
            with self.subTest(what=what):
                message = self.install(certificate, key, status=1)
                self.assertIn(what, message)
                self.assertEqual(message.count("\n"), 1, message)
                self.assertEqual(self.files(), before)
        good = make(os.path.join(self.directory, "good"), "ec", *EC)
        nowhere = import_cert("install", "--directory", os.path.join(self.directory, "nowhere"), *good)
        self.assertEqual(nowhere.returncode, 1)
        self.assertIn("No such file", nowhere.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.directory, "nowhere")))

    def test_force_is_for_the_names_alone(self):
        self.create()
        other = make(os.path.join(self.directory, "other"), "ec", *EC, names="DNS:other.example")
        self.assertIn("--force", self.install(*other, status=1))
        self.install(*other, "--force")
        self.assertEqual(self.read(), content(other[0]))
        self.install(cert("expired"), cert("expired")[:-4] + ".key", "--force", status=1)
        self.assertEqual(self.read(), content(other[0]))

    def sweep(self, *arguments):
        """Kill it at each of its calls; afterwards there is the old pair or the new one, for the agent and for import-cert."""
        seen = set()
        agent = self.agent()
        for call in range(1, CALLS_MAX):
            shutil.rmtree(self.tls)
            self.create()
            old = fingerprint(self.crt)
            result = import_cert(*arguments, LD_PRELOAD=KILLER, KILL_AT=str(call), ASAN_OPTIONS="verify_asan_link_order=0")
            if result.returncode == 0:
                break
            self.assertEqual(result.returncode, -signal.SIGKILL, result.stderr)
            agent.start()
            self.assertEqual(agent.local("GET", "/agent").body["web_server"], "ACTIVE", f"killed at call {call}")
            shown = served(agent.port)
            agent.stop()
            self.check()
            self.create("--if-missing")
            self.assertEqual(sorted(os.listdir(self.tls)), ["agent.crt", "agent.key"], f"killed at call {call}")
            self.assertEqual(fingerprint(self.crt), shown, f"killed at call {call}")
            self.assertEqual(os.stat(self.key).st_mode & 0o777, 0o600)
            self.check()
            seen.add(shown == old)
        agent.close()
        self.assertEqual(seen, {True, False})
        self.assertGreater(call, 8)

    def test_killed_in_an_install(self):
        own = make(os.path.join(self.directory, "own"), "ec", *EC)
        self.create()
        self.sweep("install", "--directory", self.tls, *own)

    def test_killed_in_a_create(self):
        self.create()
        self.sweep("create", "--directory", self.tls, "--force")

    def test_killed_in_the_first_create(self):
        for call in range(1, CALLS_MAX):
            shutil.rmtree(os.path.dirname(self.tls), ignore_errors=True)
            result = import_cert("create", "--directory", self.tls, LD_PRELOAD=KILLER, KILL_AT=str(call),
                                 ASAN_OPTIONS="verify_asan_link_order=0")
            if result.returncode == 0:
                break
            self.create("--if-missing")
            self.assertEqual(sorted(os.listdir(self.tls)), ["agent.crt", "agent.key"])
            self.check()
        self.assertGreater(call, 8)

    def test_what_is_there_is_enough_when_nothing_can_be_written(self):
        self.create()
        script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", self.tls, IMPORT_CERT, "create", "--if-missing",
                               "--directory", self.tls], capture_output=True, text=True, timeout=LIMIT_S, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", self.tls, IMPORT_CERT, "create", "--force",
                               "--directory", self.tls], capture_output=True, text=True, timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Read-only", done.stderr)
        self.check()

    def test_a_stale_half_of_a_key_lends_no_mode(self):
        self.create()
        with open(self.key + ".new", "wb") as file:
            file.write(b"half")
        os.chmod(self.key + ".new", 0o644)
        self.create("--force")
        self.assertEqual(os.stat(self.key).st_mode & 0o777, 0o600)

    def test_two_at_once(self):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: self.create("--if-missing"), range(8)))
            self.check()
            first = self.read()
            list(pool.map(lambda _: self.create("--if-missing"), range(8)))
            self.assertEqual(self.read(), first)
            list(pool.map(lambda _: self.create("--force"), range(8)))
        self.assertEqual(sorted(os.listdir(self.tls)), ["agent.crt", "agent.key"])
        self.check()

"""The HTTPS server's life apart from the agent's: port changes, restarts, failures. The Unix socket always answers."""
import os
import socket
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from agentlib import PORTS, WAIT_S, Agent, cert, free_ports, wait_until

RESTARTS = 25


def occupy(port):
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", port))
    listener.listen()
    return listener


class WebServer(unittest.TestCase):
    def setUp(self):
        self.agent = None

    def tearDown(self):
        if self.agent:
            self.agent.close()

    def web_server(self):
        return self.agent.local("GET", "/agent").body["web_server"]

    def answers_on(self, port):
        try:
            return self.agent.tls("GET", "/", port=port).status == 200
        except OSError:
            return False

    def config_text(self):
        with open(self.agent.config, encoding="utf-8") as file:
            return file.read()

    def test_port_change(self):
        old, new = free_ports(2)
        self.agent = Agent(port=old)
        before = self.config_text()
        os.chmod(self.agent.config, 0o640)
        answer = self.agent.tls("PUT", "/agent/server_port", {"port": new})
        self.assertEqual((answer.status, answer.body["server_port"]), (200, new))
        wait_until(lambda: self.answers_on(new))
        wait_until(lambda: not self.answers_on(old))
        self.assertEqual(self.config_text(), before.replace(f"port = {old}   ; the port", f"port = {new}"))
        self.assertEqual(os.stat(self.agent.config).st_mode & 0o777, 0o640)
        self.agent.stop()
        self.agent.start()
        self.assertTrue(self.answers_on(new))

    def test_port_change_to_the_same(self):
        self.agent = Agent()
        before = self.config_text()
        self.assertEqual(self.agent.tls("PUT", "/agent/server_port", {"port": self.agent.port}).status, 200)
        self.assertTrue(self.answers_on(self.agent.port))
        self.assertEqual(self.config_text(), before)

    def test_port_taken(self):
        port, taken = free_ports(2)
        with occupy(taken):
            self.agent = Agent(port=port)
            before = self.config_text()
            answer = self.agent.tls("PUT", "/agent/server_port", {"port": taken})
            self.assertEqual((answer.status, answer.code), (409, "port_in_use"))
            self.assertEqual(self.config_text(), before)
            self.assertTrue(self.answers_on(port))
            self.assertEqual(self.agent.local("GET", "/agent").body["server_port"], port)

    def test_port_change_that_cannot_be_stored(self):
        port, new = free_ports(2)
        self.agent = Agent(port=port)
        os.mkdir(self.agent.config + ".new")
        answer = self.agent.tls("PUT", "/agent/server_port", {"port": new})
        self.assertEqual((answer.status, answer.code), (500, "io"))
        self.assertTrue(self.answers_on(port))
        self.assertFalse(self.answers_on(new))

    def test_port_change_in_a_file_that_somebody_spoiled(self):
        port, new = free_ports(2)
        self.agent = Agent(port=port)
        with open(self.agent.config, "a", encoding="utf-8") as file:
            file.write("levle = 1\n")
        before = self.config_text()
        answer = self.agent.tls("PUT", "/agent/server_port", {"port": new})
        self.assertEqual((answer.status, answer.code), (500, "config_invalid"))
        self.assertIn("levle", answer.body["detail"])
        self.assertEqual(self.config_text(), before)
        self.assertTrue(self.answers_on(port))

    def test_port_line_is_added_where_there_is_none(self):
        for text, wanted in (("", "[server]\nport = {}\n"), ("[log]\nlevel = 1", "[log]\nlevel = 1\n[server]\nport = {}\n"),
                             ("# a\n[server]\n#port = 1\n[log]\n", "# a\n[server]\nport = {}\n#port = 1\n[log]\n")):
            self.agent = Agent()
            with open(self.agent.config, "w", encoding="utf-8") as file:
                file.write(text)
            new = free_ports(1)[0]
            self.assertEqual(self.agent.local("PUT", "/agent/server_port", {"port": new}).status, 200)
            self.assertEqual(self.config_text(), wanted.format(new))
            self.agent.close()
        self.agent = None

    def test_refused_while_an_import_is_in_progress(self):
        port, new = free_ports(2)
        self.agent = Agent(port=port)
        self.agent.new_import("a")
        self.agent.verb("a", "prepare")
        for method, path, body in (("PUT", "/agent/server_port", {"port": new}),
                                   ("POST", "/agent/restart_web_server", {"force": False}),
                                   ("POST", "/agent/restart_web_server", None)):
            answer = self.agent.tls(method, path, body)
            self.assertEqual((answer.status, answer.code), (409, "import_in_progress"))
        self.assertEqual(self.agent.tls("POST", "/agent/restart_web_server", {"force": True}).status, 200)
        wait_until(lambda: "HTTPS is restarted" in self.agent.log_text() and self.answers_on(port))
        self.agent.verb("a", "cancel")
        self.assertEqual(self.agent.tls("PUT", "/agent/server_port", {"port": new}).status, 200)
        wait_until(lambda: self.answers_on(new))

    def test_restart_does_not_disturb_a_running_job(self):
        self.agent = Agent()
        self.agent.new_import("a")
        self.agent.hold_up("prepare")
        number = self.agent.tls("POST", "/imports/a/prepare").body["id"]
        self.agent.tls("POST", "/agent/restart_web_server", {"force": True})
        wait_until(lambda: "HTTPS is restarted" in self.agent.log_text())
        wait_until(lambda: self.answers_on(self.agent.port))
        self.agent.let_go("prepare")
        job = self.agent.tls("GET", f"/jobs/{number}", headers={"Prefer": f"wait={WAIT_S}"}).body
        self.assertEqual(job["state"], "done")

    def test_restart_lets_a_waiting_client_have_its_answer(self):
        self.agent = Agent()
        self.agent.hold_up("refresh")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.agent.tls, "POST", "/host/refresh", headers={"Prefer": f"wait={WAIT_S}"})
            wait_until(lambda: self.agent.is_held_up("refresh"))    # the client has come
            self.agent.local("POST", "/agent/restart_web_server", {"force": True})
            self.assertEqual(waiting.result().body["state"], "running")
        self.agent.let_go("refresh")
        wait_until(lambda: self.answers_on(self.agent.port))

    def restart(self):
        """Until there is a new server; the old one may still have clients."""
        before = self.agent.whole_log().count("HTTPS on port")
        self.agent.local("POST", "/agent/restart_web_server", {})
        wait_until(lambda: self.agent.log_text().count("HTTPS on port") > before)

    def test_restart_cuts_nobody_off(self):
        """Who has just connected has his answer, too, from the old server or the new one. The agent's clock stands, and with it
        the second for which the old one waits for those who have not asked yet."""
        self.agent = Agent()
        self.agent.clock.stop()
        self.assertEqual(self.agent.tls("GET", "/agent").status, 200)    # an address that is known has no limit on how often it connects
        restarted = threading.Event()
        answers = []

        def ask():
            while not restarted.is_set():
                answers.append(self.agent.tls("GET", "/agent").status)

        with ThreadPoolExecutor(3) as pool:
            asking = [pool.submit(ask) for _ in range(3)]
            try:
                for _ in range(RESTARTS):
                    self.restart()
            finally:
                restarted.set()
            for one in asking:
                one.result()
        self.assertEqual(set(answers), {200})

    def test_port_taken_at_start(self):
        port = free_ports(1)[0]
        with occupy(port):
            self.agent = Agent(port=port)
            self.assertEqual(self.web_server(), "INACTIVE")
            self.assertIn("Another program uses the port", self.agent.log_text())
            job = self.agent.local("POST", "/host/refresh", headers={"Prefer": f"wait={WAIT_S}"})
            self.assertEqual(job.body["state"], "done")
        self.assertEqual(self.agent.local("POST", "/agent/restart_web_server").status, 200)
        wait_until(lambda: self.answers_on(port))
        self.assertEqual(self.web_server(), "ACTIVE")

    def test_new_certificate_after_restart(self):
        self.agent = Agent(start=False)
        with open(self.agent.config, encoding="utf-8") as file:
            text = file.read()
        own = os.path.join(self.agent.directory, "own")
        with open(self.agent.config, "w", encoding="utf-8") as file:
            file.write(text.replace(cert("server"), own + ".crt").replace(cert("server")[:-4] + ".key", own + ".key"))
        self.agent.start()
        self.assertEqual(self.web_server(), "INACTIVE")
        for suffix, source in ((".crt", cert("server")), (".key", cert("stranger")[:-4] + ".key")):
            with open(source, encoding="utf-8") as file, open(own + suffix, "w", encoding="utf-8") as out:
                out.write(file.read())
        self.agent.local("POST", "/agent/restart_web_server")
        wait_until(lambda: "certificate or key cannot be used" in self.agent.log_text())
        with open(cert("server")[:-4] + ".key", encoding="utf-8") as file, open(own + ".key", "w", encoding="utf-8") as out:
            out.write(file.read())
        self.agent.local("POST", "/agent/restart_web_server")
        wait_until(lambda: self.answers_on(self.agent.port))

    def test_ports_are_the_four(self):
        self.assertEqual(PORTS, (8443, 50443, 55443, 60443))

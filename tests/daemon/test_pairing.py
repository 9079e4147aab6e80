"""How an orchestrator becomes trusted, and how that ends."""
import hashlib
import hmac
import os
import re
import ssl
import subprocess
import sys
import threading
import unittest

from agentlib import CERTS, HERE, LIMIT_S, WAIT_S, Agent, cert, wait_until

EXAMPLE = os.path.join(HERE, "..", "lab", "guest", "orchestrator.py")


def fingerprint(name):
    with open(cert(name), encoding="ascii") as file:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).digest()


def proof(code, client, host="server", who="client"):
    """As docs/openapi.yaml describes it."""
    text = b"dm-import pairing 1 " + who.encode() + fingerprint(host) + fingerprint(client)
    return hmac.new(code.replace("-", "").encode(), text, hashlib.sha256).hexdigest()


class Pairing(unittest.TestCase):
    """The agent's clock is stopped, so a test that guesses too often has to advance it."""

    def setUp(self):
        self.agent = Agent()
        self.addCleanup(self.agent.close)
        self.agent.clock.stop()

    def code(self):
        answer = self.agent.local("POST", "/agent/pairing_code", {})
        self.assertEqual(answer.status, 201)
        self.assertEqual(answer.body["fingerprint_sha256"], fingerprint("server").hex())
        return answer.body["code"]

    def post(self, body, client="stranger", **more):
        """Waits when the agent asks for it, as a client has to."""
        for _ in range(20):
            answer = self.agent.tls("POST", "/pair", body, client=client, **more)
            if answer.status != 429:
                return answer
            self.assertEqual(answer.headers["Retry-After"], "1")
            self.agent.clock.advance(1)
        self.fail("too many requests for ever")

    def pair(self, value, client="stranger", **more):
        return self.post({"proof": value}, client, **more)

    def refused(self, value, client="stranger"):
        answer = self.pair(value, client)
        self.assertEqual((answer.status, answer.code), (403, "pairing_refused"))
        return answer.body

    def test_pairs_and_may_be_said_again(self):
        code = self.code()
        self.assertEqual(self.agent.tls("GET", "/agent", client="stranger").status, 401)
        answer = self.pair(proof(code, "stranger"))
        self.assertEqual(answer.status, 201)
        self.assertEqual(answer.body["fingerprint_sha256"], fingerprint("stranger").hex())
        self.assertEqual(answer.body["proof"], proof(code, "stranger", who="host"))
        self.assertEqual(self.agent.tls("GET", "/agent", client="stranger").status, 200)
        self.assertEqual(self.pair(proof(code, "stranger")).status, 200)

    def example(self, *words):
        command = [sys.executable, EXAMPLE, "--port", str(self.agent.port), "--certificate", cert("stranger"), "--key",
                   os.path.join(CERTS, "stranger.key"), "--agent-certificate", os.path.join(self.agent.directory, "pinned")]
        return subprocess.run(command + list(words), capture_output=True, text=True, timeout=LIMIT_S, check=False)

    def test_the_example_pairs(self):
        refused = self.example("pair", "0000-0000-0000-0000")
        self.assertEqual((refused.returncode, "pairing_refused" in refused.stderr), (1, True), refused.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.agent.directory, "pinned")))
        paired = self.example("pair", self.code().lower())
        self.assertEqual(paired.returncode, 0, paired.stderr)
        self.assertEqual(self.example("host").returncode, 0)

    def test_trust_outlives_the_agent(self):
        self.pair(proof(self.code(), "stranger"))
        self.agent.stop()
        self.agent.start()
        self.assertEqual(self.agent.tls("GET", "/agent", client="stranger").status, 200)

    def test_several_orchestrators(self):
        for name in ("stranger", "trusted-rsa"):
            self.assertEqual(self.pair(proof(self.code(), name), name).status, 201)
        for name in ("stranger", "trusted-rsa", "trusted"):
            self.assertEqual(self.agent.tls("GET", "/agent", client=name).status, 200)

    def test_code_is_one_clients(self):
        code = self.code()
        self.assertEqual(self.pair(proof(code, "stranger")).status, 201)
        self.refused(proof(code, "trusted-rsa"), "trusted-rsa")
        self.assertEqual(self.agent.tls("GET", "/agent", client="trusted-rsa").status, 401)

    def test_what_is_wrong_is_not_shown(self):
        without_code = self.refused("0" * 64)
        wrong = self.refused(proof(self.code()[::-1], "stranger"))
        self.assertEqual(without_code, wrong)
        self.assertNotIn(os.uname().nodename, str(wrong))

    def test_proof_of_somebody_between_is_worth_nothing(self):
        """He showed the client another certificate than the host's; or he shows the host another than the client's."""
        code = self.code()
        self.refused(proof(code, "stranger", host="trusted-rsa"))
        self.refused(proof(code, "stranger"), "trusted-rsa")
        self.assertEqual(self.pair(proof(code, "stranger")).status, 201)

    def test_hosts_proof_is_not_the_clients(self):
        code = self.code()
        self.refused(proof(code, "stranger", who="host"))

    def test_five_wrong_ones_end_the_code(self):
        code = self.code()
        for _ in range(5):
            self.refused("f" * 64)
        self.refused(proof(code, "stranger"))

    def test_four_do_not(self):
        code = self.code()
        for _ in range(4):
            self.refused("f" * 64)
        self.assertEqual(self.pair(proof(code, "stranger")).status, 201)

    def test_new_code_ends_the_old(self):
        old, new = self.code(), self.code()
        self.refused(proof(old, "stranger"))
        self.assertEqual(self.pair(proof(new, "stranger")).status, 201)

    def test_restart_ends_the_code(self):
        code = self.code()
        self.agent.stop()
        self.agent.start()
        self.refused(proof(code, "stranger"))

    def test_guessing_is_slowed_down(self):
        statuses = [self.agent.tls("POST", "/pair", {"proof": "0" * 64}, client="stranger").status for _ in range(12)]
        self.assertEqual(statuses, [403] * 5 + [429] * 7)

    def test_needs_a_certificate(self):
        self.code()
        answer = self.agent.tls("POST", "/pair", {"proof": "0" * 64}, client=None)
        self.assertEqual((answer.status, answer.code), (401, "client_certificate_missing"))
        self.assertEqual(self.agent.local("POST", "/pair", {"proof": "0" * 64}).status, 401)

    def test_certificate_that_has_expired_is_not_paired(self):
        answer = self.pair(proof(self.code(), "expired"), "expired")
        self.assertEqual((answer.status, answer.code), (400, "certificate_unusable"))

    def test_bad_bodies(self):
        for body, code in (({}, "json_missing_field"), ({"proof": 7}, "json_wrong_type"), ({"proof": "xyz"}, "value_invalid"),
                           ({"proof": "0" * 63 + "g"}, "value_invalid"), ("{", "json_broken")):
            answer = self.post(body)
            self.assertEqual((answer.status, answer.code), (400, code))

    def test_code_takes_no_wishes(self):
        answer = self.agent.local("POST", "/agent/pairing_code", {"code": "AAAA-AAAA-AAAA-AAAA"})
        self.assertEqual((answer.status, answer.code), (400, "json_unknown_field"))

    def test_code_is_not_in_the_log(self):
        code = self.code()
        self.pair(proof(code, "stranger"))
        wait_until(lambda: "paired:" in self.agent.log_text())
        self.assertNotIn(code, self.agent.log_text() + self.agent.output())
        self.assertNotIn(code.replace("-", ""), self.agent.log_text() + self.agent.output())


class Trust(unittest.TestCase):
    def setUp(self):
        self.agent = Agent()
        self.addCleanup(self.agent.close)

    def pem(self, name):
        with open(cert(name), encoding="ascii") as file:
            return file.read()

    def add(self, text):
        return self.agent.local("POST", "/agent/trusted", {"certificate": text})

    def test_list_add_remove(self):
        answer = self.add(self.pem("stranger"))
        self.assertEqual((answer.status, answer.body["status"]), (201, "trusted"))
        self.assertEqual(self.add(self.pem("stranger")).status, 200)
        listed = self.agent.local("GET", "/agent/trusted").body["trusted"]
        self.assertEqual({one["fingerprint_sha256"] for one in listed},
                         {fingerprint("stranger").hex(), fingerprint("trusted").hex()})
        mode = os.stat(os.path.join(self.agent.trusted, answer.body["file"])).st_mode & 0o777
        self.assertEqual(mode, 0o600)
        self.assertEqual(self.agent.tls("GET", "/agent", client="stranger").status, 200)
        gone = self.agent.local("DELETE", "/agent/trusted/" + fingerprint("stranger").hex()[:8].upper())
        self.assertEqual((gone.status, gone.body["subject"]), (200, answer.body["subject"]))
        self.assertEqual(self.agent.tls("GET", "/agent", client="stranger").status, 401)
        self.assertEqual(os.listdir(self.agent.trusted), ["trusted.pem"])

    def test_remove_leaves_others_in_the_same_file(self):
        with open(os.path.join(self.agent.trusted, "two.pem"), "w", encoding="ascii") as file:
            file.write(self.pem("stranger") + self.pem("trusted-rsa"))
        self.assertEqual(self.agent.tls("GET", "/agent", client="stranger").status, 200)
        self.agent.local("DELETE", "/agent/trusted/" + fingerprint("stranger").hex())
        self.assertEqual(self.agent.tls("GET", "/agent", client="stranger").status, 401)
        self.assertEqual(self.agent.tls("GET", "/agent", client="trusted-rsa").status, 200)

    def test_remove_refuses_what_it_does_not_know(self):
        for digits, status, code in (("00000000", 404, "trust_unknown"), ("1234567", 400, "value_invalid"),
                                     ("..%2f..%2fpasswd", 404, "path_unknown"), ("zzzzzzzz", 400, "value_invalid"), ("0" * 65, 400, "value_invalid")):
            answer = self.agent.local("DELETE", "/agent/trusted/" + digits)
            self.assertEqual((answer.status, answer.code), (status, code), digits)

    def test_add_refuses_what_cannot_be_trusted(self):
        for text in ("", "nothing", self.pem("expired"), self.pem("future"), self.pem("stranger") + self.pem("trusted-rsa"),
                     self.pem("stranger").replace("MII", "MIX")):
            answer = self.add(text)
            self.assertEqual((answer.status, answer.code), (400, "certificate_unusable"), text[:40])
        self.assertEqual(os.listdir(self.agent.trusted), ["trusted.pem"])

    def test_two_that_begin_alike(self):
        first, second = fingerprint("alike-1").hex(), fingerprint("alike-2").hex()
        self.assertEqual(first[:8], second[:8])
        self.add(self.pem("alike-1"))
        self.add(self.pem("alike-2"))
        answer = self.agent.local("DELETE", "/agent/trusted/" + first[:8])
        self.assertEqual((answer.status, answer.code), (409, "trust_ambiguous"))
        self.assertEqual(self.agent.local("DELETE", "/agent/trusted/" + first).status, 200)
        left = [one["fingerprint_sha256"] for one in self.agent.local("GET", "/agent/trusted").body["trusted"]]
        self.assertEqual(sorted(left), sorted([second, fingerprint("trusted").hex()]))

    def test_as_many_as_it_keeps(self):
        one = self.pem("trusted")
        for i in range(256):
            with open(os.path.join(self.agent.trusted, f"{i:03}.pem"), "w", encoding="ascii") as file:
                file.write(one)
        answer = self.add(self.pem("stranger"))
        self.assertEqual((answer.status, answer.code), (409, "trust_limit"))

    def test_not_over_the_network(self):
        for method, path in (("GET", "/agent/trusted"), ("POST", "/agent/trusted"), ("POST", "/agent/pairing_code"),
                             ("DELETE", "/agent/trusted/" + fingerprint("trusted").hex())):
            answer = self.agent.tls(method, path, {} if method == "POST" else None)
            self.assertEqual((answer.status, answer.code), (403, "local_only"), path)
        self.assertEqual(self.agent.tls("GET", "/agent").status, 200)

    def test_trust_ends_while_a_request_waits(self):
        self.agent.trust("trusted-rsa")
        self.agent.hold_up("refresh")
        answers = []
        waiter = threading.Thread(target=lambda: answers.append(
            self.agent.tls("POST", "/host/refresh", headers={"Prefer": f"wait={WAIT_S}"}, client="trusted-rsa")))
        waiter.start()
        wait_until(lambda: self.agent.is_held_up("refresh"))
        self.agent.local("DELETE", "/agent/trusted/" + fingerprint("trusted-rsa").hex())
        self.agent.let_go("refresh")
        waiter.join()
        self.assertEqual(answers[0].status, 401)
        self.assertNotIn("state", answers[0].body)

    def test_subject_of_a_stranger_does_no_harm(self):
        answer = self.add(self.pem("hostile-name"))
        self.assertEqual(answer.status, 201)
        self.assertTrue(re.fullmatch(r"[ -~]+", answer.body["subject"]), answer.body["subject"])
        wait_until(lambda: "POST /api/v1/agent/trusted" in self.agent.log_text())
        self.assertTrue(all(re.match(r"\d{4}-", line) for line in self.agent.log_text().splitlines()))

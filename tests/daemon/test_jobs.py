"""Jobs: queueing, waiting, failing; what is served while one runs; how the agent stops."""
import signal
import time
import unittest

from agentlib import DESTINATIONS, WWIDS, Agent, member, wait_until


class Jobs(unittest.TestCase):
    def setUp(self):
        self.agent = Agent()
        self.agent.new_import("a")

    def tearDown(self):
        self.agent.close()

    def start(self, verb="prepare", delay_ms=600, body=None):
        self.agent.command(verb, "delay_ms", delay_ms)
        answer = self.agent.tls("POST", f"/imports/a/{verb}", body)
        self.assertEqual(answer.status, 202)
        return answer.body["id"]

    def job(self, number, wait=0):
        headers = {"Prefer": f"wait={wait}"} if wait else {}
        return self.agent.tls("GET", f"/jobs/{number}", headers=headers).body

    def test_progress_is_seen_while_it_runs(self):
        number = self.start(delay_ms=1200)
        seen = []
        while True:
            job = self.job(number)
            if job["state"] not in ("queued", "running"):
                break
            if job["step"] and job["step"] not in seen:
                seen.append(job["step"])
            self.assertEqual(self.agent.tls("GET", "/imports/a").body["job"], number)
            time.sleep(0.02)
        self.assertEqual((job["state"], job["percent"]), ("done", 100))
        self.assertGreaterEqual(len(seen), 2, seen)
        self.assertGreaterEqual(job["duration_us"], 1_100_000)
        for step, after in zip(job["steps"], job["steps"][1:]):
            self.assertAlmostEqual(step["start_us"] + step["duration_us"], after["start_us"], delta=1)

    def test_reading_does_not_wait_for_a_running_verb(self):
        self.agent.tls("GET", "/volumes")
        number = self.start(delay_ms=20000)
        begin = time.monotonic()
        for path in ("/host", "/volumes", f"/volumes/{WWIDS[0]}", "/imports", "/imports/a", "/jobs", "/agent", "/agent/arrays",
                     "/metrics"):
            self.assertEqual(self.agent.tls("GET", path).status, 200)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(self.job(number)["state"], "running")
        self.agent.stop(signal.SIGKILL)  # SIGTERM would wait for the job

    def test_wait_that_is_too_short(self):
        self.agent.command("prepare", "delay_ms", 1500)
        begin = time.monotonic()
        answer = self.agent.verb("a", "prepare", wait=1)
        self.assertEqual((answer.status, answer.headers["Preference-Applied"]), (202, None))
        self.assertGreater(time.monotonic() - begin, 0.9)
        self.assertEqual(self.job(answer.body["id"], 10)["state"], "done")

    def test_wait_ends_with_the_job(self):
        number = self.start(delay_ms=600)
        begin = time.monotonic()
        self.assertEqual(self.job(number, 30)["state"], "done")
        self.assertLess(time.monotonic() - begin, 3)

    def test_the_same_verb_again_is_the_same_job(self):
        number = self.start()
        self.assertEqual(self.agent.tls("POST", "/imports/a/prepare").body["id"], number)
        self.assertEqual(self.job(number, 10)["state"], "done")
        again = self.agent.verb("a", "prepare")
        self.assertNotEqual(again.body["id"], number)
        self.assertEqual(again.body["result"], {"unchanged": True})

    def test_verbs_after_the_end(self):
        self.agent.verb("a", "prepare")
        self.agent.verb("a", "switch", {"to": "destination"})
        self.agent.verb("a", "commit")
        for verb, body in (("prepare", None), ("switch", {"to": "source"}), ("cancel", {"force": True})):
            answer = self.agent.tls("POST", f"/imports/a/{verb}", body)
            self.assertEqual((answer.status, answer.code), (409, "state_wrong"), verb)

    def test_lifted_and_restored_are_two_jobs(self):
        self.agent.verb("a", "prepare")
        number = self.start("reservation", 800, {"source": "lifted"})
        self.assertEqual(self.agent.tls("POST", "/imports/a/reservation", {"source": "lifted"}).body["id"], number)
        other = self.agent.tls("POST", "/imports/a/reservation", {"source": "restored"}).body["id"]
        self.assertNotEqual(other, number)
        self.assertEqual([self.job(n, 10)["state"] for n in (number, other)], ["done", "done"])

    def test_wrong_state_is_said_at_once_while_a_verb_runs(self):
        number = self.start(delay_ms=20000)
        answer = self.agent.tls("POST", "/imports/a/commit")
        self.assertEqual((answer.status, answer.code), (409, "state_wrong"))
        self.assertEqual(self.job(number)["state"], "running")
        self.agent.stop(signal.SIGKILL)

    def test_verbs_run_one_after_the_other(self):
        self.agent.new_import("b", 1)
        first = self.start(delay_ms=600)
        second = self.agent.tls("POST", "/imports/b/prepare").body
        self.assertEqual(self.job(second["id"])["state"], "queued")
        second = self.job(second["id"], 10)
        self.assertGreaterEqual(second["started"], self.job(first)["finished"])

    def test_failure(self):
        self.agent.command("prepare", "fail", "hold_timeout")
        job = self.agent.verb("a", "prepare").body
        self.assertEqual((job["state"], job["error"]["code"], job["error"]["status"]), ("failed", "hold_timeout", 500))
        self.assertEqual((job["error"]["device"], job["error"]["step"], job["error"]["raw"]), ("mpatha", "fake", "EIO"))
        self.assertNotIn("\n", job["error"]["detail"])
        self.agent.no_commands()
        self.assertEqual(self.agent.verb("a", "prepare").body["state"], "done")

    def test_findings_of_a_failed_precheck(self):
        self.agent.command("prepare", "fail", "precheck_failed")
        job = self.agent.verb("a", "prepare").body
        self.assertEqual((job["state"], job["result"]["passed"]), ("failed", False))
        self.assertEqual(job["result"]["findings"][0]["severity"], "error")

    def test_failures_of_short_calls(self):
        self.agent.command("create", "fail", "no_space")
        answer = self.agent.tls("POST", "/imports", {"id": "c", "members": [member(1)]})
        self.assertEqual((answer.status, answer.code), (507, "no_space"))
        self.agent.command("session", "fail", "io")
        answer = self.agent.tls("PUT", "/imports/a/session", {"state": "paused", "percent": 0})
        self.assertEqual((answer.status, answer.code), (500, "io"))

    def test_volumes_that_cannot_be_read(self):
        self.agent.command("volumes", "fail", "multipathd_failed")
        self.agent.local("POST", "/host/refresh", headers={"Prefer": "wait=5"})  # what is known is old then
        answer = self.agent.tls("GET", "/volumes")
        self.assertEqual((answer.status, answer.code), (500, "multipathd_failed"))
        self.assertEqual(self.agent.tls("GET", f"/volumes/{WWIDS[0]}").code, "multipathd_failed")
        self.agent.no_commands()
        self.assertEqual(self.agent.tls("GET", "/volumes").status, 200)  # at once: what failed is not kept

    def test_queue_is_bounded(self):
        self.agent.command("precheck", "delay_ms", 20000)
        body = {"members": [{"source_wwid": WWIDS[1], "destination_wwid": DESTINATIONS[1]}]}
        answers = [self.agent.tls("POST", "/precheck", body) for _ in range(33)]
        self.assertEqual([answer.status for answer in answers], [202] * 32 + [503])
        self.assertEqual((answers[-1].code, answers[-1].headers["Retry-After"]), ("busy", "5"))
        self.agent.stop(signal.SIGKILL)  # it would bring the long job to its end

    def test_finished_jobs_are_forgotten(self):
        first = self.agent.local("POST", "/host/refresh", headers={"Prefer": "wait=5"}).body["id"]
        for _ in range(105):
            self.agent.local("POST", "/host/refresh", headers={"Prefer": "wait=5"})
        self.assertEqual(self.agent.local("GET", f"/jobs/{first}").code, "job_unknown")
        self.assertEqual(len(self.agent.local("GET", "/jobs").body["jobs"]), 100)

    def test_stop_brings_the_running_job_to_its_end(self):
        self.agent.verb("a", "prepare")
        self.start("switch", 600, {"to": "destination"})
        queued = self.agent.tls("POST", "/imports/a/switch", {"to": "source"})
        self.assertEqual(queued.status, 202)
        wait_until(lambda: "switch a: begins" in self.agent.log_text())
        self.assertEqual(self.agent.stop(), 0)
        log = self.agent.log_text()
        self.assertIn("switch a: done", log)
        self.assertEqual(log.count("switch a: begins"), 1)
        self.assertIn("stopped", log)

    def test_stop_answers_who_waits(self):
        number = self.start(delay_ms=800)
        self.agent.process.send_signal(signal.SIGTERM)
        try:
            self.assertIn(self.job(number, 30)["state"], ("running", "done"))
        except OSError:
            pass  # the socket was closed before we came, or under the TLS handshake
        self.assertEqual(self.agent.stop(), 0)

    def test_killed_agent_can_be_started_again(self):
        number = self.agent.verb("a", "prepare").body["id"]
        self.agent.stop(signal.SIGKILL)
        time.sleep(0.1)
        self.agent.start()
        self.assertEqual(self.agent.tls("GET", f"/jobs/{number}").code, "job_unknown")
        self.assertEqual(self.agent.tls("GET", "/imports").body, {"imports": []})

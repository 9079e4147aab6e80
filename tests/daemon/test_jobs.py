"""Jobs: queueing, waiting, failing; what is served while one runs; how the agent stops."""
import signal
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from agentlib import DESTINATIONS, WAIT_S, WWIDS, Agent, member, wait_until

STEPS = 6       # of a verb of the fake engine
FRESHEN_S = 5   # for so long a read would wait for a fresh report (agent/worker.c)


class Jobs(unittest.TestCase):
    def setUp(self):
        self.agent = Agent()
        self.agent.new_import("a")

    def tearDown(self):
        self.agent.close()

    def start(self, verb="prepare", body=None):
        """A job that lasts until its function is let go."""
        self.agent.hold_up(verb)
        answer = self.agent.tls("POST", f"/imports/a/{verb}", body)
        self.assertEqual(answer.status, 202)
        return answer.body["id"]

    def job(self, number, wait=0):
        headers = {"Prefer": f"wait={wait}"} if wait else {}
        return self.agent.tls("GET", f"/jobs/{number}", headers=headers).body

    def test_progress_is_seen_while_it_runs(self):
        self.agent.clock.stop()
        number = self.start()
        seen = []
        for _ in range(STEPS):
            wait_until(lambda: self.agent.is_held_up("prepare"))
            job = self.job(number)
            self.assertEqual(job["state"], "running")
            seen.append(job["step"])
            self.assertEqual(self.agent.tls("GET", "/imports/a").body["job"], number)
            self.agent.clock.advance(0.2)
            self.agent.next_step("prepare")
        job = self.job(number, WAIT_S)
        self.assertEqual((job["state"], job["percent"]), ("done", 100))
        self.assertEqual(seen, [step["name"] for step in job["steps"]])
        self.assertEqual(job["duration_us"], STEPS * 200_000)
        for step, after in zip(job["steps"], job["steps"][1:]):
            self.assertAlmostEqual(step["start_us"] + step["duration_us"], after["start_us"], delta=1)

    def test_reading_does_not_wait_for_a_running_verb(self):
        self.agent.tls("GET", "/volumes")
        self.agent.clock.stop()
        number = self.start()
        self.agent.clock.advance(3600)      # all reports are old: they would be made anew, were there no job
        for path in ("/host", "/volumes", f"/volumes/{WWIDS[0]}", "/imports", "/imports/a", "/jobs", "/agent", "/agent/arrays",
                     "/metrics"):
            took_s = [self.seconds_to_read(path) for _ in range(3)]
            self.assertLess(min(took_s), FRESHEN_S, path)   # a read that waits for the job takes this long each time
        self.assertEqual(self.job(number)["state"], "running")
        self.agent.stop(signal.SIGKILL)  # SIGTERM would wait for the job

    def seconds_to_read(self, path):
        begin = time.monotonic()
        self.assertEqual(self.agent.tls("GET", path).status, 200)
        return time.monotonic() - begin

    def test_wait_that_is_too_short(self):
        self.agent.hold_up("prepare")
        begin = time.monotonic()
        answer = self.agent.verb("a", "prepare", wait=1)
        self.assertEqual((answer.status, answer.headers["Preference-Applied"]), (202, None))
        self.assertGreater(time.monotonic() - begin, 0.9)
        self.agent.let_go("prepare")
        self.assertEqual(self.job(answer.body["id"], WAIT_S)["state"], "done")

    def test_wait_ends_with_the_job(self):
        number = self.start()
        begin = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.job, number, WAIT_S)
            wait_until(lambda: self.agent.is_held_up("prepare"))
            self.agent.let_go("prepare")
            self.assertEqual(waiting.result()["state"], "done")
        self.assertLess(time.monotonic() - begin, WAIT_S)   # else it was the wait that ended

    def test_the_same_verb_again_is_the_same_job(self):
        number = self.start()
        self.assertEqual(self.agent.tls("POST", "/imports/a/prepare").body["id"], number)
        self.agent.let_go("prepare")
        self.assertEqual(self.job(number, WAIT_S)["state"], "done")
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
        number = self.start("reservation", {"source": "lifted"})
        self.assertEqual(self.agent.tls("POST", "/imports/a/reservation", {"source": "lifted"}).body["id"], number)
        other = self.agent.tls("POST", "/imports/a/reservation", {"source": "restored"}).body["id"]
        self.assertNotEqual(other, number)
        self.agent.let_go("reservation")
        self.assertEqual([self.job(n, WAIT_S)["state"] for n in (number, other)], ["done", "done"])

    def test_wrong_state_is_said_at_once_while_a_verb_runs(self):
        number = self.start()
        answer = self.agent.tls("POST", "/imports/a/commit")
        self.assertEqual((answer.status, answer.code), (409, "state_wrong"))
        self.assertEqual(self.job(number)["state"], "running")
        self.agent.stop(signal.SIGKILL)

    def test_verbs_run_one_after_the_other(self):
        self.agent.new_import("b", 1)
        first = self.start()
        second = self.agent.tls("POST", "/imports/b/prepare").body
        self.assertEqual(self.job(second["id"])["state"], "queued")
        self.agent.let_go("prepare")
        second = self.job(second["id"], WAIT_S)
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
        self.agent.local("POST", "/host/refresh", headers={"Prefer": f"wait={WAIT_S}"})  # what is known is old then
        answer = self.agent.tls("GET", "/volumes")
        self.assertEqual((answer.status, answer.code), (500, "multipathd_failed"))
        self.assertEqual(self.agent.tls("GET", f"/volumes/{WWIDS[0]}").code, "multipathd_failed")
        self.agent.no_commands()
        self.assertEqual(self.agent.tls("GET", "/volumes").status, 200)  # at once: what failed is not kept

    def test_queue_is_bounded(self):
        self.agent.hold_up("precheck")
        body = {"members": [{"source_wwid": WWIDS[1], "destination_wwid": DESTINATIONS[1]}]}
        answers = [self.agent.tls("POST", "/precheck", body) for _ in range(33)]
        self.assertEqual([answer.status for answer in answers], [202] * 32 + [503])
        self.assertEqual((answers[-1].code, answers[-1].headers["Retry-After"]), ("busy", "5"))
        self.agent.stop(signal.SIGKILL)  # it would bring the job to its end

    def test_finished_jobs_are_forgotten(self):
        first = self.agent.local("POST", "/host/refresh", headers={"Prefer": f"wait={WAIT_S}"}).body["id"]
        for _ in range(105):
            self.agent.local("POST", "/host/refresh", headers={"Prefer": f"wait={WAIT_S}"})
        self.assertEqual(self.agent.local("GET", f"/jobs/{first}").code, "job_unknown")
        self.assertEqual(len(self.agent.local("GET", "/jobs").body["jobs"]), 100)

    def test_stop_brings_the_running_job_to_its_end(self):
        self.agent.verb("a", "prepare")
        self.start("switch", {"to": "destination"})
        queued = self.agent.tls("POST", "/imports/a/switch", {"to": "source"})
        self.assertEqual(queued.status, 202)
        wait_until(lambda: self.agent.is_held_up("switch"))
        self.agent.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "stops; a running job" in self.agent.log_text())
        self.agent.let_go("switch")
        self.assertEqual(self.agent.stop(), 0)
        log = self.agent.log_text()
        self.assertIn("switch a: done", log)
        self.assertEqual(log.count("switch a: begins"), 1)
        self.assertIn("switch a: was queued and is dropped", log)
        self.assertIn("stopped", log)

    def test_stop_answers_who_waits(self):
        self.agent.hold_up("prepare")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.agent.verb, "a", "prepare")
            wait_until(lambda: self.agent.is_held_up("prepare"))    # the client has come, and its job runs
            self.agent.process.send_signal(signal.SIGTERM)
            self.assertEqual(waiting.result().body["state"], "running")
        self.agent.let_go("prepare")
        self.assertEqual(self.agent.stop(), 0)

    def test_killed_agent_can_be_started_again(self):
        number = self.agent.verb("a", "prepare").body["id"]
        self.agent.stop(signal.SIGKILL)
        self.agent.start()
        self.assertEqual(self.agent.tls("GET", f"/jobs/{number}").code, "job_unknown")
        self.assertEqual(self.agent.tls("GET", "/imports").body, {"imports": []})

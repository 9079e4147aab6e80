"""
POST /recover: a device named by its WWID, with and without an import; what it finds and does. On the fake engine, and with
the real engine on a host in memory, to which somebody does things.
"""
import unittest

from agentlib import DESTINATIONS, WAIT_S, WWIDS, Agent, wait_until

PERSON = "side_contradicted"


class Recover(unittest.TestCase):
    def setUp(self):
        self.agent = Agent()
        self.agent.new_import("a")

    def tearDown(self):
        self.agent.close()

    def send(self, wwid=WWIDS[0], wait=WAIT_S, **more):
        return self.agent.tls("POST", "/recover", {"wwid": wwid, **more}, headers={"Prefer": f"wait={wait}"} if wait else {})

    def test_finds_and_repairs(self):
        for dry_run, more in ((True, {"dry_run": True}), (False, {"dry_run": False}), (False, {})):
            job = self.send(**more).body
            self.assertEqual((job["kind"], job["state"], job["import_id"]), ("recover", "done", None), job)
            self.assertEqual([finding["code"] for finding in job["result"]["findings"]], ["map_suspended"])
            self.assertEqual([action["done"] for action in job["result"]["actions"]], [not dry_run])
        self.assertIn('dm_import_jobs_total{kind="recover",state="done"} 3', self.agent.tls("GET", "/metrics").body)
        wait_until(lambda: f"recover {WWIDS[0]}: begins" in self.agent.log_text())

    def test_accepted_without_waiting_and_sent_again(self):
        self.agent.hold_up("recover")
        first = self.send(wait=0)
        self.assertEqual((first.status, first.headers["Location"]), (202, f"/api/v1/jobs/{first.body['id']}"))
        self.assertEqual(self.send(wait=0).body["id"], first.body["id"])
        self.assertNotEqual(self.send(wait=0, dry_run=True).body["id"], first.body["id"])
        self.assertNotEqual(self.send(DESTINATIONS[0], wait=0).body["id"], first.body["id"])
        self.agent.let_go("recover")
        wait_until(lambda: all(job["state"] in ("done", "failed") for job in self.agent.tls("GET", "/jobs").body["jobs"]))

    def test_left_to_a_person(self):
        self.agent.command("recover", "fail", PERSON)
        job = self.send(dry_run=True).body
        self.assertEqual(job["state"], "done")
        self.assertTrue(job["result"]["findings"][0]["remedy"])
        job = self.send().body
        self.assertEqual((job["state"], job["error"]["code"]), ("failed", PERSON))
        self.assertEqual(job["result"]["findings"][0]["code"], PERSON)

    def test_strangers(self):
        for wwid, code in ((WWIDS[1], "not_imported"), ("36001", "wwid_form"), ("", "wwid_form")):
            job = self.send(wwid).body
            self.assertEqual((job["state"], job["error"]["code"], job["result"]), ("failed", code, None))

    def test_refused_while_held(self):
        self.agent.clock.stop()     # and with it the lease
        self.agent.verb("a", "prepare")
        self.agent.verb("a", "hold", {"to": "destination"})
        self.assertEqual(self.send().body["error"]["code"], "import_held")
        self.agent.verb("a", "release", {"to": "source"})

    def test_bad_bodies(self):
        for body, code in (({}, "json_missing_field"), ({"wwid": 7}, "json_wrong_type"), ({"wwid": "3" * 64}, "wwid_form"),
                           ({"wwid": WWIDS[0], "dry_run": "yes"}, "json_wrong_type"),
                           ({"wwid": WWIDS[0], "force": True}, "json_unknown_field"), ("{", "json_broken")):
            answer = self.agent.tls("POST", "/recover", body)
            self.assertEqual((answer.status, answer.code), (400, code), body)
        self.assertEqual(self.agent.tls("POST", "/recover", {"wwid": WWIDS[0]}, client=None).status, 401)


class RealEngine(unittest.TestCase):
    def setUp(self):
        self.agent = Agent(program="import-agent-world")
        self.pair = (self.agent.tls("GET", "/volumes").body["volumes"][0]["wwid"], f"368ccf09800000000{1:016x}")
        self.agent.tls("POST", "/imports",
                       {"id": "a", "members": [{"source_wwid": self.pair[0], "destination_wwid": self.pair[1]}]})
        for verb, body in (("prepare", None), ("switch", {"to": "destination"})):
            self.assertEqual(self.agent.verb("a", verb, body).body["state"], "done")

    def tearDown(self):
        self.agent.close()

    def recover(self, wwid, dry_run=False):
        job = self.agent.tls("POST", "/recover", {"wwid": wwid, "dry_run": dry_run}, headers={"Prefer": f"wait={WAIT_S}"}).body
        self.assertEqual((job["state"], job["error"]), ("done", None))
        return ([finding["code"] for finding in job["result"]["findings"]],
                [action["action"] for action in job["result"]["actions"]], job["result"]["state"])

    def test_what_somebody_did(self):
        for doing, findings, actions in (("suspend", {"map_suspended"}, ["release"]),
                                         ("rules", {"identity_files"}, ["present"]),
                                         ("multipathd", {"multipathd_not_running"}, ["start_multipathd"])):
            self.agent.command("world", "person", doing)
            for dry_run in (True, False):
                found, does, state = self.recover(self.pair[0], dry_run)
                self.assertEqual((set(found), does, state), (findings, actions, "on_destination"))
            self.assertEqual(self.recover(self.pair[1]), ([], [], "on_destination"))
        self.assertEqual(self.agent.verb("a", "cancel").body["state"], "done")
        self.assertEqual(self.recover(self.pair[0]), ([], [], "cancelled"))


if __name__ == "__main__":
    unittest.main()

"""
The real agent with the real engine on a host in memory (world_ports.c): what the engine reports is what openapi.yaml
says, and an import driven over HTTPS goes all its ways.
"""
import unittest

from agentlib import WAIT_S, Agent


class RealEngine(unittest.TestCase):
    def setUp(self):
        self.agent = Agent(program="import-agent-world")
        self.volumes = self.get("/volumes")["volumes"]
        self.sources = [volume["wwid"] for volume in self.volumes]
        self.destinations = [f"368ccf09800000000{i + 1:016x}" for i in range(3)]  # world_destination_wwid()

    def tearDown(self):
        self.agent.close()

    def get(self, path):
        answer = self.agent.tls("GET", path)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.body

    def member(self, i):
        return {"source_wwid": self.sources[i], "destination_wwid": self.destinations[i]}

    def create(self, name, *pairs):
        answer = self.agent.tls("POST", "/imports", {"id": name, "members": [self.member(i) for i in pairs]})
        self.assertEqual(answer.status, 201, answer.body)
        return answer.body

    def must(self, name, verb, body=None):
        answer = self.agent.verb(name, verb, body)
        self.assertEqual((answer.status, answer.body["state"]), (200, "done"), answer.body)
        return answer.body

    def test_reports(self):
        self.assertEqual(len(self.volumes), 3)
        self.assertTrue(all(len(volume["paths"]) == 2 for volume in self.volumes))
        self.assertEqual([v["importable"] for v in self.volumes], [True] * 3, self.volumes)
        self.get("/host")
        self.get("/agent/arrays")
        self.get("/imports")

    def test_import_of_two_and_cutover(self):
        self.create("two", 0, 1)
        self.must("two", "prepare")
        self.assertTrue(self.must("two", "precheck")["result"]["passed"])
        job = self.must("two", "switch", {"to": "destination"})
        self.assertEqual(len(job["result"]["pauses_us"]), 2)
        self.assertIn("exchange", [step["name"] for step in job["steps"]])
        self.assertEqual(self.must("two", "switch", {"to": "destination"})["result"], {"unchanged": True})
        members = self.get("/imports/two")["members"]
        self.assertEqual([m["active_path"] for m in members], ["Destination"] * 2)
        volume = self.get(f"/volumes/{self.sources[0]}")
        self.assertEqual((volume["active_path"], volume["name"]), ("Destination", self.volumes[0]["name"]))
        self.assertEqual({p["true_wwid"] for p in volume["paths"]}, {self.destinations[0]})
        self.assertEqual([p["true_wwid"] for p in volume["other_side_paths"]], [self.sources[0]] * 2)
        self.assertEqual([v["wwid"] for v in self.get("/volumes")["volumes"]], self.sources)
        self.must("two", "commit")
        self.assertEqual(self.get("/imports/two")["state"], "committed")
        self.assertEqual(self.must("two", "cutover")["result"], {"unchanged": True})
        self.get("/volumes")
        self.assertEqual(self.agent.tls("DELETE", "/imports/two").status, 204)

    def test_there_and_back_and_cancel(self):
        self.create("back", 2)
        self.must("back", "prepare")
        self.must("back", "switch", {"to": "destination"})
        self.must("back", "switch", {"to": "source"})
        self.must("back", "switch", {"to": "destination"})
        self.must("back", "cancel")
        import_ = self.get("/imports/back")
        self.assertEqual((import_["state"], import_["active_path"]), ("cancelled", "Source"))
        volume = self.get(f"/volumes/{self.sources[2]}")
        self.assertEqual({p["true_wwid"] for p in volume["paths"]}, {self.sources[2]})
        self.assertEqual(volume["other_side_paths"], [])

    def test_verbs_in_wrong_states(self):
        self.create("wrong", 0)
        for verb, body in (("switch", {"to": "destination"}), ("commit", None)):
            answer = self.agent.tls("POST", f"/imports/wrong/{verb}", body)
            self.assertEqual((answer.status, answer.code), (409, "state_wrong"), verb)
        self.assertEqual(self.agent.tls("DELETE", "/imports/wrong").code, "state_wrong")

    def test_precheck_before_the_destination_is_there(self):
        job = self.agent.tls("POST", "/precheck", {"members": [self.member(0)]}, {"Prefer": f"wait={WAIT_S}"}).body
        self.assertTrue(job["result"]["passed"], job)
        self.assertIn(("destination_absent", "info"),
                      [(finding["code"], finding["severity"]) for finding in job["result"]["findings"]])

    def test_precheck_that_fails(self):
        body = {"members": [self.member(0)], "min_paths": 3}
        answer = self.agent.tls("POST", "/imports", dict(body, id="three"))
        self.assertEqual(answer.status, 201)
        job = self.agent.verb("three", "prepare").body
        self.assertEqual((job["state"], job["error"]["code"]), ("failed", "paths_too_few"), job)

    def test_bad_members(self):
        unknown = "3600601600000000000000000000000ff"
        for members, code in (([dict(self.member(0), source_wwid=unknown)], "volume_unknown"),
                              ([dict(self.member(0), destination_wwid=self.sources[0])], "same_lun"),
                              ([dict(self.member(0), destination_wwid=self.sources[1])], "destination_in_use"),
                              ([self.member(0), self.member(0)], "member_twice"),
                              ([dict(self.member(0), source_wwid="3600x")], "wwid_form")):
            with self.subTest(code=code):
                answer = self.agent.tls("POST", "/imports", {"members": members})
                self.assertEqual(answer.code, code, answer.body)
        self.assertEqual(self.get("/imports"), {"imports": []})

    def test_refresh(self):
        self.assertEqual(self.agent.tls("POST", "/host/refresh", None, {"Prefer": f"wait={WAIT_S}"}).body["state"], "done")

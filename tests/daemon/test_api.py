"""What every call answers when all is well, over TLS and over the Unix socket."""
import unittest

from agentlib import DESTINATIONS, WAIT_S, WWIDS, Agent, member


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.agent = Agent()

    @classmethod
    def tearDownClass(cls):
        cls.agent.close()

    def get(self, path):
        answer = self.agent.tls("GET", path)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.body

    def test_who_are_you(self):
        self.assertEqual(self.get("/")["product"], "dm-import")
        self.assertEqual(self.agent.tls("GET", "").body, self.get("/"))

    def test_who_are_you_without_certificate(self):
        answer = self.agent.tls("GET", "/", client=None)
        self.assertEqual(answer.status, 200)
        self.assertEqual(sorted(answer.body), ["agent_api_version", "agent_version", "product"])

    def test_host(self):
        host = self.get("/host")
        self.assertEqual((host["agent_type"], host["agent_status"]), ("Native_MPIO", "Running"))
        self.assertEqual(host["findings"], [])
        self.agent.command("host", "findings", "initramfs_old")
        self.agent.tls("POST", "/host/refresh", headers={"Prefer": f"wait={WAIT_S}"})
        self.assertEqual([finding["code"] for finding in self.get("/host")["findings"]], ["initramfs_old"])
        self.agent.no_commands()

    def test_refresh(self):
        answer = self.agent.tls("POST", "/host/refresh")
        self.assertEqual((answer.status, answer.body["kind"]), (202, "refresh"))
        self.assertEqual(answer.headers["Location"], f"/api/v1/jobs/{answer.body['id']}")
        answer = self.agent.tls("POST", "/host/refresh", "{}", {"Prefer": f"wait={WAIT_S}"})
        self.assertEqual((answer.status, answer.body["state"]), (200, "done"))
        self.assertEqual(answer.headers["Preference-Applied"], f"wait={WAIT_S}")

    def test_volumes(self):
        volumes = self.get("/volumes")["volumes"]
        self.assertEqual([v["wwid"] for v in volumes], WWIDS)
        self.assertEqual(self.get("/volumes?importable=false")["volumes"], volumes)
        importable = self.get("/volumes?importable=true")["volumes"]
        self.assertTrue(all(v["importable"] for v in importable))
        self.assertNotIn(WWIDS[3], [v["wwid"] for v in importable])
        self.assertEqual(self.get(f"/volumes/{WWIDS[1]}")["name"], "mpathb")

    def test_names_that_are_no_utf8(self):
        good = "/\u00e9\u20ac\U0001d11e".encode()
        bad = b"|\xff|\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x82"
        with open(f"{self.agent.fake}/volumes.mount", "wb") as file:
            file.write(good + bad)
        self.agent.tls("POST", "/host/refresh", headers={"Prefer": f"wait={WAIT_S}"})
        mount = self.get(f"/volumes/{WWIDS[0]}")["mount_paths"][-1]
        self.agent.no_commands()
        self.assertEqual(mount, good.decode() + "|?|??|???|????|??")

    def test_precheck_without_import(self):
        body = {"members": [{"source_wwid": WWIDS[2], "destination_wwid": DESTINATIONS[0]}], "min_paths": 4}
        before = self.get("/imports")
        answer = self.agent.tls("POST", "/precheck", body, {"Prefer": f"respond-async, wait={WAIT_S}"})
        self.assertEqual((answer.status, answer.body["state"]), (200, "done"))
        self.assertTrue(answer.body["result"]["passed"])
        self.assertEqual(self.agent.tls("POST", "/precheck", body).status, 202)
        self.assertEqual(self.get("/imports"), before)

    def test_whole_import(self):
        created = self.agent.tls("POST", "/imports", {"id": "whole", "members": [member(0)], "min_paths": 3})
        self.assertEqual((created.status, created.headers["Location"]), (201, "/api/v1/imports/whole"))
        self.assertEqual((created.body["state"], created.body["min_paths"]), ("new", 3))
        again = self.agent.tls("POST", "/imports", {"id": "whole", "members": [member(0)]})
        self.assertEqual(again.status, 200)

        self.assertEqual(self.agent.verb("whole", "precheck").body["result"]["passed"], True)
        self.assertEqual(self.agent.tls("POST", "/imports/whole/precheck").status, 202)
        job = self.agent.verb("whole", "prepare").body
        self.assertEqual((job["state"], job["percent"]), ("done", 100))
        self.assertEqual([s["name"] for s in job["steps"]], ["check", "journal", "present", "load", "hold", "verify"])
        self.assertEqual(self.get("/imports/whole")["job"], job["id"])
        self.assertEqual(self.get("/agent")["imports_in_progress"], 1)

        job = self.agent.verb("whole", "switch", {"to": "destination"}).body
        self.assertEqual(job["result"], {"to": "destination", "pauses_us": {"mpatha": 12345}, "held_at_ms": {"mpatha": 1769854272123}})
        self.assertEqual(self.get(f"/volumes/{WWIDS[0]}")["active_path"], "Destination")
        self.assertEqual(self.get("/imports/whole")["members"][0]["pause_us"], 12345)

        session = self.agent.tls("PUT", "/imports/whole/session", {"state": "copy_in_progress", "percent": 42})
        self.assertEqual(session.body["session"], {"state": "copy_in_progress", "percent": 42})
        self.assertEqual(self.agent.verb("whole", "commit").body["result"], {"state": "committed"})
        self.assertEqual(self.get("/imports/whole")["state"], "committed")
        self.assertEqual(self.agent.verb("whole", "commit").body["result"], {"unchanged": True})

        self.assertIn("whole", str(self.get("/imports")))
        self.assertEqual(self.agent.tls("DELETE", "/imports/whole").status, 204)
        self.assertEqual(self.agent.tls("DELETE", "/imports/whole").status, 204)
        self.assertNotIn("whole", str(self.get("/imports")))

    def test_cancel_and_switch_back(self):
        self.agent.new_import("back", 1)
        for verb, body in (("prepare", {}), ("switch", {"to": "destination"}), ("switch", {"to": "source"}),
                           ("cancel", {"force": False})):
            answer = self.agent.tls("POST", f"/imports/back/{verb}", body)
            self.assertEqual(answer.status, 202)
            job = self.agent.tls("GET", f"/jobs/{answer.body['id']}", headers={"Prefer": f"wait={WAIT_S}"}).body
            self.assertEqual((job["state"], job["kind"]), ("done", verb))
        self.assertEqual(self.get("/imports/back")["state"], "cancelled")
        self.assertEqual(self.agent.verb("back", "cancel", {"force": True}).status, 200)

    def test_commit_accepted(self):
        self.agent.new_import("accepted", 2)
        self.agent.verb("accepted", "prepare")
        self.agent.verb("accepted", "switch", {"to": "destination"})
        for word in ("cutover", "commit"):
            answer = self.agent.tls("POST", f"/imports/accepted/{word}")
            self.assertEqual((answer.status, answer.body["kind"]), (202, "commit"))
        self.assertEqual(self.agent.verb("accepted", "cutover").body["result"], {"unchanged": True})

    def test_import_without_id_gets_one(self):
        answer = self.agent.tls("POST", "/imports", {"members": [{"source_wwid": WWIDS[3],
                                                                  "destination_wwid": DESTINATIONS[3]}]})
        self.assertEqual(answer.status, 201)
        self.assertEqual(self.get(f"/imports/{answer.body['id']}")["min_paths"], 2)

    def test_jobs(self):
        number = self.agent.tls("POST", "/host/refresh", None, {"Prefer": f"wait={WAIT_S}"}).body["id"]
        self.assertIn(number, [job["id"] for job in self.get("/jobs")["jobs"]])
        self.assertEqual(self.get(f"/jobs/{number}")["kind"], "refresh")

    def test_agent(self):
        agent = self.get("/agent")
        self.assertEqual((agent["server_port"], agent["web_server"]), (self.agent.port, "ACTIVE"))
        answer = self.agent.tls("PUT", "/agent/log_level", {"level": 2})
        self.assertEqual((answer.status, answer.body["log_level"]), (200, 2))
        self.agent.tls("PUT", "/agent/log_level", {"level": 3})

    def test_arrays(self):
        self.assertIn({"name": "PowerStore", "vendor": "DellEMC", "product": "PowerStore"}, self.get("/agent/arrays")["arrays"])

    def test_metrics(self):
        text = self.get("/metrics")
        for line in text.splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) dm_import_\w+ .+|dm_import_\w+(\{.*\})? -?[0-9.]+)$")
        self.assertIn('dm_import_jobs_total{kind="switch",state="done"}', text)
        self.assertRegex(text, r"dm_import_certificate_expiry_time_seconds 4\d{9}")

    def test_unix_socket_has_the_same_api(self):
        for path in ("/", "/host", "/volumes", "/imports", "/jobs", "/agent", "/agent/arrays", "/metrics"):
            self.assertEqual(self.agent.local("GET", path).status, 200, path)
        answer = self.agent.local("POST", "/host/refresh", headers={"Prefer": f"wait={WAIT_S}"})
        self.assertEqual(answer.body["state"], "done")

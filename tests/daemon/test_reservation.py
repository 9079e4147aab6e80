"""
Reservations over the API: the verb that lifts the source's and puts it back, and the reservations in the report of an import's members.
On the fake engine, and with the real engine on a fake host.
"""
import unittest

from agentlib import WAIT_S, Agent, wait_until

TYPE = "write_exclusive_registrants_only"


class Reservation(unittest.TestCase):
    def setUp(self):
        self.agent = Agent()
        self.agent.new_import("a")

    def tearDown(self):
        self.agent.close()

    def send(self, source, wait=WAIT_S):
        return self.agent.verb("a", "reservation", {"source": source}, wait)

    def reservations(self):
        self.agent.local("POST", "/host/refresh", headers={"Prefer": f"wait={WAIT_S}"})  # reports are made anew
        return self.agent.tls("GET", "/imports/a").body["members"][0]["reservations"]

    def test_lift_and_restore(self):
        self.agent.verb("a", "prepare")
        self.agent.command("reservations", "source", TYPE)
        self.assertEqual(self.reservations()["source"]["type"], TYPE)
        done, again = {"state": "prepared"}, {"unchanged": True}
        for source, lifted, result in (("lifted", True, done), ("lifted", True, again), ("restored", False, done),
                                       ("restored", False, again)):
            answer = self.send(source)
            self.assertEqual((answer.status, answer.body["kind"], answer.body["state"], answer.body["result"]),
                             (200, "reservation", "done", result), answer.body)
            self.assertEqual(self.agent.tls("GET", "/imports/a").body["job"], answer.body["id"])
            shown = self.reservations()
            self.assertEqual(shown["source_reservation_lifted"], lifted)
            self.assertEqual(shown["source"]["type"], None if lifted else TYPE)
            self.assertEqual(shown["destination"]["type"], TYPE)
        metrics = self.agent.tls("GET", "/metrics").body
        self.assertIn('dm_import_jobs_total{kind="reservation",state="done"} 4', metrics)

    def test_accepted_without_waiting(self):
        self.agent.verb("a", "prepare")
        answer = self.agent.tls("POST", "/imports/a/reservation", {"source": "lifted"})
        self.assertEqual((answer.status, answer.body["kind"]), (202, "reservation"))
        self.assertEqual(answer.headers["Location"], f"/api/v1/jobs/{answer.body['id']}")
        wait_until(lambda: self.agent.tls("GET", f"/jobs/{answer.body['id']}").body["state"] == "done")

    def test_states(self):
        for verb, body, status in ((None, None, 409), ("prepare", None, 200), ("switch", {"to": "destination"}, 200),
                                   ("commit", None, 409)):
            if verb:
                self.assertEqual(self.agent.verb("a", verb, body).body["state"], "done")
            for source in ("lifted", "restored"):
                answer = self.send(source)
                self.assertEqual((answer.status, answer.code), (status, "state_wrong" if status == 409 else None), verb)

    def test_refused_while_held(self):
        self.agent.verb("a", "prepare")
        self.agent.new_import("b", 1)
        self.agent.verb("b", "prepare")
        self.agent.verb("b", "hold", {"to": "destination"})
        answer = self.send("lifted")
        self.assertEqual((answer.status, answer.code), (409, "import_held"))
        answer = self.agent.verb("b", "reservation", {"source": "lifted"})
        self.assertEqual((answer.status, answer.code), (409, "state_wrong"))

    def test_failure(self):
        self.agent.verb("a", "prepare")
        for code in ("pr_not_holder", "pr_failed", "pr_conflict"):
            self.agent.command("reservation", "fail", code)
            job = self.send("lifted").body
            self.assertEqual((job["state"], job["error"]["code"]), ("failed", code))
            self.assertTrue(job["error"]["remedy"])
        self.agent.no_commands()
        self.assertEqual(self.send("lifted").body["state"], "done")

    def test_needs_a_certificate(self):
        answer = self.agent.tls("POST", "/imports/a/reservation", {"source": "lifted"}, client=None)
        self.assertEqual(answer.status, 401)

    def test_members_without(self):
        self.agent.verb("a", "prepare")
        self.assertIsNone(self.reservations())


class RealReservation(unittest.TestCase):
    """The report is the real engine's, so openapi.yaml is checked against it."""

    def setUp(self):
        self.agent = Agent(program="import-agent-world", start=False)
        self.agent.command("world", "reserved", "1")
        self.agent.start()
        volumes = self.agent.tls("GET", "/volumes").body["volumes"]
        self.assertEqual(volumes[0]["persistent_reservations"]["type"], TYPE)
        body = {"id": "a", "members": [{"source_wwid": volume["wwid"], "destination_wwid": f"368ccf09800000000{i + 1:016x}"}
                                       for i, volume in enumerate(volumes[:2])]}
        self.assertEqual(self.agent.tls("POST", "/imports", body).status, 201)

    def tearDown(self):
        self.agent.close()

    def done(self, verb, **body):
        answer = self.agent.verb("a", verb, body or None)
        self.assertEqual((answer.status, answer.body["state"]), (200, "done"), answer.body)
        return answer.body["result"]

    def shown(self):
        first, second = self.agent.tls("GET", "/imports/a").body["members"]
        self.assertIsNone(second["reservations"])
        return first["reservations"]

    def types(self):
        shown = self.shown()
        return [shown[side] and shown[side]["type"] for side in ("source", "destination")]

    def test_complete_import(self):
        self.done("prepare")
        shown = self.shown()
        self.assertEqual((shown["registered"], shown["fenced"], shown["source_reservation_lifted"]), (True, False, False))
        for side in ("source", "destination"):
            view = {key: value for key, value in shown[side].items() if key != "generation"}
            self.assertEqual(view, {"keys": ["0xabc"], "type": TYPE, "holder_key": "0xabc", "held_by_this_host": True,
                                    "registered_paths": 2, "paths": 2}, side)
        self.assertEqual(self.done("reservation", source="lifted"), {"state": "prepared"})
        self.assertEqual(self.done("reservation", source="lifted"), {"unchanged": True})
        wait_until(lambda: self.types() == [None, TYPE])
        self.assertTrue(self.shown()["source_reservation_lifted"])
        self.done("switch", to="destination")
        self.done("reservation", source="restored")
        wait_until(lambda: self.types() == [TYPE, TYPE])
        self.assertFalse(self.shown()["source_reservation_lifted"])
        self.done("commit")
        self.agent.tls("GET", "/imports/a")

    def test_a_switch_back_restores(self):
        self.done("prepare")
        self.done("switch", to="destination")
        self.done("reservation", source="lifted")
        self.done("switch", to="source")
        self.assertFalse(self.shown()["source_reservation_lifted"])
        wait_until(lambda: self.types() == [TYPE, TYPE])
        self.assertEqual(self.agent.tls("GET", "/imports/a").body["state"], "prepared")


if __name__ == "__main__":
    unittest.main()

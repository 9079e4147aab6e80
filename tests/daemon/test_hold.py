"""
The held switch over the API: hold, release, the lease that ends without any request, what is refused meanwhile. On the fake
engine, and with the real engine on a fake host. A lease goes by the agent's clock, which is stopped.
"""
import unittest

from agentlib import Agent, wait_until


class Hold(unittest.TestCase):
    def setUp(self):
        self.agent = Agent()
        self.agent.clock.stop()
        self.agent.new_import("a")
        self.agent.new_import("b", 1)
        self.assertEqual(self.verb("prepare").status, 200)

    def tearDown(self):
        self.agent.close()

    def verb(self, verb, name="a", **body):
        return self.agent.verb(name, verb, body or None)

    def show(self, name="a"):
        return self.agent.tls("GET", f"/imports/{name}").body

    def must_hold(self, **more):
        answer = self.verb("hold", to="destination", **more)
        self.assertEqual((answer.status, answer.body["state"]), (200, "done"), answer.body)
        return answer.body["result"]

    def test_hold_and_release(self):
        self.assertEqual(self.must_hold(), {"to": "destination", "lease_ms": 5000})
        shown = self.show()
        self.assertEqual((shown["state"], shown["hold"]["lease_ms"]), ("held", 5000))
        self.assertEqual(self.must_hold(), {"unchanged": True})
        self.assertEqual(self.must_hold(lease_ms=30000), {"to": "destination", "lease_ms": 30000, "renewed": True})
        self.assertEqual(self.verb("release", to="destination").body["state"], "done")
        self.assertEqual(self.show()["state"], "on_destination")
        self.assertEqual(self.verb("release", to="destination").body["result"], {"unchanged": True})

    def test_release_to_the_old_side(self):
        self.must_hold()
        self.assertEqual(self.verb("release", to="source").body["result"]["to"], "source")
        self.assertEqual(self.show()["state"], "prepared")

    def test_lease_ends_by_itself(self):
        self.must_hold(lease_ms=200)
        self.agent.hold_up("expire")
        self.agent.clock.advance(0.199)
        self.assertEqual(self.show()["state"], "held")
        self.agent.clock.advance(0.001)
        wait_until(lambda: self.agent.is_held_up("expire"))     # no request has helped it
        self.agent.let_go("expire")
        wait_until(lambda: self.show()["state"] != "held")
        shown = self.show()
        self.assertEqual((shown["state"], shown["last_hold"]["outcome"]), ("prepared", "lease_expired"))
        answer = self.verb("release", to="destination")
        self.assertEqual((answer.status, answer.code), (409, "lease_expired"))
        self.assertEqual(self.verb("release", to="source").body["result"], {"unchanged": True})

    def test_bad_leases_and_states(self):
        for lease in (0, 99, 30001, -1, 2**40):
            answer = self.verb("hold", to="destination", lease_ms=lease)
            self.assertEqual((answer.status, answer.code), (400, "value_invalid"), lease)
        for body, code in (({"to": "there"}, "value_invalid"), ({"lease_ms": 500}, "json_missing_field"),
                           ({"to": "destination", "lease_ms": "500"}, "json_wrong_type"),
                           ({"to": "destination", "lease": 500}, "json_unknown_field")):
            self.assertEqual(self.verb("hold", **body).code, code)
        self.assertEqual(self.verb("release", to="destination").code, "state_wrong")
        self.assertEqual(self.verb("hold", "b", to="destination").code, "state_wrong")
        self.assertEqual(self.verb("hold", "nobody", to="destination").code, "import_unknown")
        self.assertEqual(self.verb("release", "nobody", to="destination").code, "import_unknown")
        self.assertEqual(self.show()["state"], "prepared")

    def test_others_are_refused_and_reads_go_on(self):
        self.must_hold()
        answer = self.verb("prepare", "b")
        self.assertEqual((answer.status, answer.code), (409, "import_held"))
        self.agent.hold_up("volumes")  # no answer, if a report were made now
        for path in ("/volumes", "/host", "/imports", "/agent", "/jobs", "/metrics"):
            self.assertEqual(self.agent.tls("GET", path).status, 200)
        self.assertFalse(self.agent.is_held_up("volumes"))
        self.agent.let_go("volumes")
        self.verb("release", to="source")

    def test_answers_without_waiting(self):
        self.assertEqual(self.agent.tls("POST", "/imports/a/hold", {"to": "destination"}).status, 202)
        wait_until(lambda: self.show()["state"] == "held")
        self.assertEqual(self.agent.tls("POST", "/imports/a/release", {"to": "there"}).code, "value_invalid")
        self.assertEqual(self.agent.tls("POST", "/imports/a/release", {"to": "source"}).status, 202)
        wait_until(lambda: self.show()["state"] == "prepared")

    def test_both_need_a_certificate(self):
        for verb in ("hold", "release"):
            self.assertEqual(self.agent.tls("POST", f"/imports/a/{verb}", {"to": "source"}, client=None).status, 401)


class RealHold(unittest.TestCase):
    """The fake host complains when anything but the hold's own calls is made while a map is held."""

    def setUp(self):
        self.agent = Agent(program="import-agent-world")
        self.agent.clock.stop()
        source = self.agent.tls("GET", "/volumes").body["volumes"][0]["wwid"]
        body = {"id": "a", "members": [{"source_wwid": source, "destination_wwid": "368ccf098000000000000000000000001"}]}
        self.assertEqual(self.agent.tls("POST", "/imports", body).status, 201)
        self.done("prepare")

    def tearDown(self):
        self.agent.close()

    def done(self, verb, **body):
        answer = self.agent.verb("a", verb, body or None)
        self.assertEqual((answer.status, answer.body["state"]), (200, "done"), answer.body)
        return answer.body["result"]

    def show(self):
        return self.agent.tls("GET", "/imports/a").body

    def test_there_and_back(self):
        self.done("hold", to="destination")
        for path in ("/imports", "/imports/a", "/volumes", "/host"):
            self.agent.tls("GET", path)
        self.assertEqual((self.show()["state"], self.show()["active_path"]), ("held", "Source"))
        self.assertEqual(len(self.done("release", to="destination")["pauses_us"]), 1)
        self.assertEqual((self.show()["state"], self.show()["last_hold"]["outcome"]), ("on_destination", "released"))
        self.done("hold", to="source")
        self.done("release", to="destination")
        self.assertEqual((self.show()["state"], self.show()["last_hold"]["outcome"]), ("on_destination", "taken_back"))

    def test_agent_stops_while_held(self):
        self.done("hold", to="destination", lease_ms=30000)
        self.assertEqual(self.agent.stop(), 0)
        self.agent.start()  # a new host; but the old one ended without a complaint (close)
        wait_until(self.agent.local_ok)


if __name__ == "__main__":
    unittest.main()

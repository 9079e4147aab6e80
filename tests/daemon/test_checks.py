"""Negative controls: each checker of this folder catches what it is for."""
import copy
import os
import re
import runpy
import subprocess
import unittest

from agentlib import HERE, Agent
from openapi import Mismatch, OpenApi, api


def routes_of(text):
    return {(m, re.sub(r"\{[^}]*\}", "{}", p)) for m, p in re.findall(r'^\t\{ "([A-Z]+)", "([^"]+)",', text, re.M)}


def described_routes(openapi):
    return {(m, re.sub(r"\{[^}]*\}", "{}", t)) for m, t, _ in openapi.operations()}


def router_text():
    with open(os.path.join(HERE, "..", "..", "agent", "routes", "router.c"), encoding="utf-8") as file:
        return file.read()


class Routes(unittest.TestCase):
    def test_router_has_what_openapi_has(self):
        self.assertEqual(routes_of(router_text()), described_routes(api))

    def test_a_route_that_is_not_described_is_caught(self):
        text = router_text().replace('\t{ "GET", "/metrics"', '\t{ "GET", "/secret", x, PUBLIC },\n\t{ "GET", "/metrics"')
        self.assertEqual(routes_of(text) - described_routes(api), {("GET", "/secret")})

    def test_a_described_path_that_is_missing_is_caught(self):
        text = router_text().replace('{ "GET", "/metrics"', '{ "GET", "/metricz"')
        self.assertIn(("GET", "/metrics"), described_routes(api) - routes_of(text))

    def test_only_who_are_you_and_pairing_are_public(self):
        self.assertEqual(re.findall(r'"([^"]+)", \w+, PUBLIC', router_text()), ["/", "/pair"])

    def test_what_is_roots_alone_is_described_so(self):
        described = {path for path, item in api.document["paths"].items()
                     if any(operation.get("x-access") == "local" for operation in item.values() if isinstance(operation, dict))}
        routes = re.findall(r'"([^"]+)", \w+, LOCAL', router_text())
        self.assertEqual({re.sub(r"\{\w+\}", "{}", path) for path in described}, set(routes))
        self.assertIn("/agent/pairing_code", routes)

    def test_the_page_for_people_is_current(self):
        program = os.path.join(HERE, "..", "..", "docs", "make-api")
        done = subprocess.run([program, "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_page_for_people_says_what_the_file_says(self):
        module = runpy.run_path(os.path.join(HERE, "..", "..", "docs", "make-api"), run_name="module")
        document = module["load"]()
        text = module["render"](document)
        document["paths"]["/host"]["get"]["summary"] = "Something else"
        self.assertNotEqual(module["render"](document), text)
        self.assertIn("### GET /host", text)

    def test_error_codes_of_the_table_are_documented_with_their_status(self):
        with open(os.path.join(HERE, "..", "..", "base", "error_codes.def"), encoding="utf-8") as file:
            statuses = {int(s) for s in re.findall(r'^ERROR_CODE\(\w+, "\w+", (\d+)', file.read(), re.M)}
        self.assertTrue(statuses <= {400, 401, 403, 404, 405, 409, 413, 429, 500, 503, 507}, statuses)


class Validator(unittest.TestCase):
    """Takes good answers, spoils them in one place, and wants a complaint."""

    GOOD = {"agent_version": "1.0", "agent_build": "x_1", "server_port": 8443, "web_server": "ACTIVE", "certificate": None,
            "log_level": 2, "log_location": "/var/log/import", "imports_in_progress": 0}
    PROBLEM = {"type": "urn:dm-import:error:usage", "title": "t", "status": 400, "code": "usage", "detail": "", "remedy": "r"}

    def check(self, body, method="GET", path="/agent", status=200, media="application/json"):
        OpenApi().check(method, path, status, media, body)

    def test_good(self):
        self.check(self.GOOD)
        self.check(self.PROBLEM, "PUT", "/agent/log_level", 400, "application/problem+json")

    def test_spoiled_bodies(self):
        for change in ({"server_port": "8443"}, {"server_port": 443}, {"web_server": "active"}, {"log_level": 4},
                       {"log_level": -1}, {"imports_in_progress": True}, {"agent_version": None}, {"more": 1}):
            with self.subTest(change=change), self.assertRaises(Mismatch):
                self.check(dict(self.GOOD, **change))
        for name in self.GOOD:
            with self.subTest(missing=name), self.assertRaises(Mismatch):
                self.check({k: v for k, v in self.GOOD.items() if k != name})

    def test_wrong_answers(self):
        for arguments in (dict(status=201), dict(path="/agents"), dict(method="PATCH"), dict(media="text/html"),
                          dict(status=500)):
            with self.subTest(arguments=arguments), self.assertRaises(Mismatch):
                self.check(self.GOOD, **arguments)
        with self.assertRaises(Mismatch):
            self.check("text", "DELETE", "/imports/a", 204)
        with self.assertRaises(Mismatch):
            self.check(dict(self.PROBLEM, status=404), "GET", "/agent", 400, "application/problem+json")

    def test_nested(self):
        agent = Agent()
        volumes = agent.tls("GET", "/volumes").body
        agent.close()
        for spoil in (lambda v: v["paths"][0].pop("hctl"), lambda v: v.update(status="up"),
                      lambda v: v["users"][0].update(kind="cat"), lambda v: v.update(reason={"code": "x"}),
                      lambda v: v["paths"].append(7), lambda v: v.update(size_bytes=-1)):
            spoiled = copy.deepcopy(volumes)
            spoil(spoiled["volumes"][1])
            with self.assertRaises(Mismatch):
                self.check(spoiled, path="/volumes")

    def test_unknown_keyword(self):
        with self.assertRaises(Mismatch):
            OpenApi().validate({"type": "string", "format": "uri"}, "x")

    def test_coverage_misses_what_was_not_seen(self):
        fresh = OpenApi()
        total = len(fresh.unseen())
        fresh.check("GET", "/agent", 200, "application/json", self.GOOD)
        self.assertEqual(len(fresh.unseen()), total - 1)
        self.assertIn(("DELETE", "/imports/{id}", "204"), fresh.unseen())


class Harness(unittest.TestCase):
    def test_dead_agent_is_noticed(self):
        agent = Agent()
        agent.process.kill()
        with self.assertRaises(AssertionError):
            agent.process.wait(5)
            agent.close()

    def test_sanitizer_report_is_noticed(self):
        agent = Agent()
        with open(os.path.join(agent.directory, "stderr"), "a", encoding="utf-8") as file:
            file.write("SUMMARY: AddressSanitizer: heap-use-after-free\n")
        with self.assertRaises(AssertionError):
            agent.close()
